/*
 * -fsdev and -virtfs: folders of the host that devices may export. See p9.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "device.h"
#include "p9.h"



static const char *const models[] = {
    [P9_PASSTHROUGH] = "passthrough", [P9_NONE] = "none", [P9_MAPPED_XATTR] = "mapped-xattr", [P9_MAPPED_FILE] = "mapped-file",
};
static const char *const multidevs[] = { [P9_WARN] = "warn", [P9_REMAP] = "remap", [P9_FORBID] = "forbid" };
static const char *const option_names[] = { "id", "path", "security_model", "readonly", "fmode", "dmode", "multidevs", "writeout", "mount_tag", NULL };

static const char *next_option(void *arg)
{
    const char *const **at = arg;
    return **at ? *(*at)++ : NULL;
}

static int choose(const char *const *names, int n, const char *text)
{
    for (int k = 0; k < n; k++)
        if (!strcmp(names[k], text))
            return k;
    return -1;
}

/* Octal, as chmod has it. */
static bool parse_mode(const char *text, unsigned *v)
{
    char *end;
    *v = (unsigned)strtoul(text, &end, 8);
    return end != text && !*end && *v <= 0777;
}

static bool set(struct p9_export *x, const struct word *w, char *err, size_t errlen)
{
    const char *v = w->value ? w->value : "on", *wanted = NULL;
    int k;
    if (!strcmp(w->name, "security_model")) {
        if ((k = choose(models, 4, strcmp(v, "mapped") ? v : "mapped-xattr")) < 0)
            wanted = "passthrough, mapped-xattr (mapped), mapped-file or none";
        else
            x->model = (enum p9_model)k;
    } else if (!strcmp(w->name, "readonly")) {
        wanted = parse_bool(v, &x->readonly) ? NULL : "on or off";
    } else if (!strcmp(w->name, "fmode") || !strcmp(w->name, "dmode")) {
        wanted = parse_mode(v, *w->name == 'f' ? &x->fmode : &x->dmode) ? NULL : "an octal mode up to 777";
    } else if (!strcmp(w->name, "multidevs")) {
        if ((k = choose(multidevs, 3, v)) < 0)
            wanted = "warn, remap or forbid";
        else
            x->multidevs = (enum p9_multidevs)k;
    } else if (!strcmp(w->name, "writeout")) {
        wanted = (x->writeout = !strcmp(v, "immediate")) ? NULL : "immediate";
    } else if (!strncmp(w->name, "throttling.", 11)) {
        snprintf(err, errlen, "%s: there is no throttling here", w->name);
        return false;
    } else {
        const char *const *at = option_names;
        const char *near = nearest(w->name, next_option, &at);
        snprintf(err, errlen, "there is no option %s%s%s", w->name, near ? "; the nearest is " : "", near ? near : "");
        return false;
    }
    if (wanted)
        snprintf(err, errlen, "%s=%s: it should be %s", w->name, v, wanted);
    return !wanted;
}

/* Each file that the guest holds is a descriptor of ours: as many as we may have, but for some that the rest of the machine may want. */
static int more_descriptors(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) < 0)
        return 512;
    rlim_t had = r.rlim_cur;
    r.rlim_cur = r.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &r) < 0)
        r.rlim_cur = had;
    int most = r.rlim_cur < 1 << 20 ? (int)r.rlim_cur : 1 << 20;
    return most > 1024 ? most - 512 : most / 2;
}

bool p9_fsdev_add(const char *text, char *err, size_t errlen)
{
    struct p9_export *x = calloc(1, sizeof *x);
    char *id = NULL;
    struct word w;
    bool model = false, ok = x != NULL;
    if (!x)
        return snprintf(err, errlen, "no memory"), false;
    *x = (struct p9_export){ .fmode = 0600, .dmode = 0700, .root = -1, .fds = -1 };
    for (bool first = true; ok && next_word(&text, &w); first = false) {
        const char *driver = first && !w.value ? w.name : !strcmp(w.name, "fsdriver") ? w.value : NULL;
        char **copy = !strcmp(w.name, "id") ? &id : !strcmp(w.name, "path") ? &x->path : NULL;
        model |= !strcmp(w.name, "security_model");
        if (driver) {
            ok = !strcmp(driver, "local");
            if (!ok)
                snprintf(err, errlen, !strcmp(driver, "synth") || !strcmp(driver, "proxy") ? "%s: only local is here" : "there is no %s; there is local", driver);
        } else if (copy) {
            free(*copy);
            *copy = strdup(w.value ? w.value : "");
        } else {
            ok = set(x, &w, err, errlen);
        }
    }
    if (ok && (!id || !*id || backend_by_id(PROP_FSDEV, id))) {
        snprintf(err, errlen, id && *id ? "the id %s is in use" : "id= is missing", id);
        ok = false;
    } else if (ok && (!x->path || !model)) {
        snprintf(err, errlen, x->path ? "security_model= is missing: passthrough, mapped-xattr, mapped-file or none" : "path= is missing");
        ok = false;
    } else if (ok && (x->fmode != 0600 || x->dmode != 0700) && x->model != P9_MAPPED_XATTR && x->model != P9_MAPPED_FILE) {
        snprintf(err, errlen, "fmode and dmode are for security_model=mapped-xattr and mapped-file");
        ok = false;
    } else if (ok && (x->root = open(x->path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
        snprintf(err, errlen, "path=%s: %s", x->path, strerror(errno));
        ok = false;
    }
    if (ok) {
        x->fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
        x->limit = more_descriptors();
        backend_add(PROP_FSDEV, id, x);
    } else {
        if (x->root >= 0)
            close(x->root);
        free(x->path);
        free(x);
    }
    free(id);
    return ok;
}

/* A word as it is typed: commas doubled. */
static void add_word(FILE *f, const char *name, const char *value)
{
    fprintf(f, ",%s=", name);
    for (; *value; value++)
        fprintf(f, *value == ',' ? ",," : "%c", *value);
}

bool p9_virtfs(const char *text, char **fsdev, char **device, char *err, size_t errlen)
{
    static unsigned made;
    char id[64], *tag = NULL;
    size_t n;
    struct word w;
    FILE *f = open_memstream(fsdev, &n);
    snprintf(id, sizeof id, "virtfs%u", made++);
    for (bool first = true; f && next_word(&text, &w); first = false) {
        if (first && !w.value)
            fputs(w.name, f);
        else if (!strcmp(w.name, "fsdriver"))
            fputs(w.value ? w.value : "", f);
        else if (!strcmp(w.name, "mount_tag") && !tag)
            tag = strdup(w.value ? w.value : "");
        else if (!strcmp(w.name, "id"))
            snprintf(id, sizeof id, "%s", w.value ? w.value : "");
        else
            add_word(f, w.name, w.value ? w.value : "on");
    }
    if (!f || !tag) {
        snprintf(err, errlen, "mount_tag= is missing");
        return false;
    }
    add_word(f, "id", id);
    fclose(f);
    f = open_memstream(device, &n);
    if (!f)
        return false;
    fputs("virtio-9p-pci", f);
    add_word(f, "fsdev", id);
    add_word(f, "mount_tag", tag);
    fclose(f);
    free(tag);
    return true;
}

void p9_fsdevs_close(void)
{
    struct p9_export *x;
    while ((x = backend_next(PROP_FSDEV, NULL))) {
        backend_remove(PROP_FSDEV, x);
        close(x->root);
        if (x->fds >= 0)
            close(x->fds);
        free(x->path);
        free(x);
    }
}
