/*
 * -object: kinds, the words of the command line, the list of all. See object.h.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/memory.h"
#include "backend/misc.h"
#include "backend/rng.h"
#include "device.h"
#include "net/net.h"
#include "object.h"

#define MEMORY_OPTIONS "size share prealloc prealloc-threads merge dump reserve host-nodes policy"
static const struct object_kind kinds[] = {
    { "memory-backend-ram", "memory of the guest", MEMORY_OPTIONS, memory_ram_add, memory_del },
    { "memory-backend-file", "memory of the guest in a file, or in a folder", MEMORY_OPTIONS " mem-path align discard-data readonly pmem", memory_file_add, memory_del },
    { "memory-backend-memfd", "memory of the guest that other processes may have", MEMORY_OPTIONS " hugetlb hugetlbsize seal", memory_memfd_add, memory_del },
    { "rng-builtin", "the host's random bytes", "", rng_builtin_add, rng_del },
    { "rng-random", "random bytes of a file or device", "filename", rng_random_add, rng_del },
    { "iothread", "nothing: disks never wait under a lock", "poll-max-ns poll-grow poll-shrink aio-max-batch thread-pool-min thread-pool-max", iothread_add, iothread_del },
    { "secret", "a password or key", "data file format keyid iv", secret_add, secret_del },
    { "filter-dump", "frames of a network backend go to a file (pcap)", "netdev file maxlen queue status position insert", net_dump_add, net_dump_del },
    { NULL }
};

static struct object { const struct object_kind *kind; char *id; struct object *next; } *all;

static const char *next_kind(void *arg)
{
    const struct object_kind **k = arg;
    return (*k)->name ? (*k)++->name : NULL;
}

struct list { const char *at; char word[64]; };
static const char *next_option(void *arg)
{
    struct list *l = arg;
    size_t n = strcspn(l->at, " ");
    if (!n)
        return NULL;
    snprintf(l->word, sizeof l->word, "%.*s", (int)n, l->at);
    l->at += n + (l->at[n] == ' ');
    return strdup(l->word); /* the process ends with it */
}

static bool has_option(const struct object_kind *k, const char *name)
{
    for (const char *p = k->options; *p; p += strcspn(p, " "), p += *p == ' ')
        if (strcspn(p, " ") == strlen(name) && !strncmp(p, name, strlen(name)))
            return true;
    return false;
}

static struct object **find(const char *id)
{
    struct object **at = &all;
    while (*at && strcmp((*at)->id, id))
        at = &(*at)->next;
    return at;
}

const char *object_word(unsigned n, const char *const *names, const char *const *values, const char *name)
{
    for (unsigned k = 0; k < n; k++)
        if (!strcmp(names[k], name))
            return values[k];
    return NULL;
}

bool object_add_words(struct machine *m, const char *kind, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen)
{
    const struct object_kind *k = kinds;
    const char *id = NULL;
    while (k->name && strcmp(k->name, kind))
        k++;
    if (!k->name) {
        const struct object_kind *at = kinds;
        const char *near = nearest(kind, next_kind, &at);
        snprintf(err, errlen, "there is no object %s%s%s (-object help)", kind, near ? "; the nearest is " : "", near ? near : "");
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        if (!strcmp(names[i], "id")) {
            id = values[i];
        } else if (!has_option(k, names[i])) {
            struct list l = { k->options, "" };
            const char *near = nearest(names[i], next_option, &l);
            snprintf(err, errlen, "%s has no option %s%s%s", kind, names[i], near ? "; the nearest is " : "", near ? near : "");
            return false;
        }
    }
    if (!id || !*id || *find(id)) {
        snprintf(err, errlen, id && *id ? "%s: the id %s is in use" : "%s: id= is missing", kind, id);
        return false;
    }
    struct object *o = calloc(1, sizeof *o);
    if (!o || !(o->id = strdup(id))) {
        snprintf(err, errlen, "%s: no memory", kind);
        free(o);
        return false;
    }
    if (!k->add(m, n, names, values, err, errlen)) {
        free(o->id);
        free(o);
        return false;
    }
    o->kind = k;
    *find(id) = o;
    return true;
}

bool object_add(struct machine *m, const char *text, char *err, size_t errlen)
{
    enum { WORDS = 32 };
    const char *names[WORDS], *values[WORDS];
    char *kind = NULL;
    unsigned n = 0;
    struct word w;
    for (bool first = true; next_word(&text, &w) && n < WORDS; first = false) {
        if ((first && !w.value) || (w.value && !strcmp(w.name, "qom-type"))) {
            kind = strdup(w.value ? w.value : w.name);
        } else {
            names[n] = strdup(w.name);
            values[n++] = strdup(w.value ? w.value : "on");
        }
    }
    bool ok = kind && object_add_words(m, kind, n, names, values, err, errlen);
    if (!kind)
        snprintf(err, errlen, "-object wants a kind first (-object help)");
    while (n--) {
        free((char *)(uintptr_t)names[n]);
        free((char *)(uintptr_t)values[n]);
    }
    free(kind);
    return ok;
}

bool object_del(const char *id, char *err, size_t errlen)
{
    struct object **at = find(id), *o = *at;
    if (!o) {
        snprintf(err, errlen, "there is no object %s", id);
        return false;
    }
    if (!o->kind->del(id, err, errlen))
        return false;
    *at = o->next;
    free(o->id);
    free(o);
    return true;
}

const char *object_next(unsigned k, const char **id)
{
    struct object *o = all;
    while (o && k--)
        o = o->next;
    *id = o ? o->id : NULL;
    return o ? o->kind->name : NULL;
}

void object_help(FILE *f)
{
    fprintf(f, "List of user creatable objects:\n");
    for (const struct object_kind *k = kinds; k->name; k++)
        fprintf(f, "  %-20s %s: id %s\n", k->name, k->help, k->options);
}
