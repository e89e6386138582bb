/*
 * Properties of devices: parsing, printing, defaults, -global, help; host backends by id. See device.h.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "device.h"

/* ------------------------------------------------------------------------ words */

static void take_name(struct word *w, size_t n)
{
    n = n < sizeof w->name ? n : sizeof w->name - 1;
    memcpy(w->name, w->text, n);
    w->name[n] = 0;
}

bool next_word(const char **at, struct word *w)
{
    const char *p = *at;
    size_t n = 0;
    bool in_value = false;
    if (!*p)
        return false;
    w->value = NULL;
    w->name[0] = 0;
    for (; *p; p++) {
        if (*p == ',') {
            if (p[1] != ',')
                break;
            p++;
        } else if (*p == '=' && !in_value) {
            take_name(w, n);
            in_value = true;
            n = 0;
            continue;
        }
        if (n + 1 < sizeof w->text)
            w->text[n++] = *p;
    }
    w->text[n] = 0;
    if (in_value)
        w->value = w->text;
    else
        take_name(w, n);
    *at = *p ? p + 1 : p;
    return true;
}

bool parse_bool(const char *text, bool *v)
{
    static const char *const yes[] = { "on", "yes", "true", "y" }, *const no[] = { "off", "no", "false", "n" };
    for (unsigned k = 0; k < 4; k++)
        if (!strcmp(text, yes[k]) || !strcmp(text, no[k])) {
            *v = !strcmp(text, yes[k]);
            return true;
        }
    return false;
}

bool parse_number(const char *text, bool size, uint64_t max, uint64_t *v)
{
    char *end;
    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    uint64_t n = strtoull(text, &end, 0);
    if (errno)
        return false;
    if (size && *end) {
        static const char suffixes[] = "bkmgtpe";
        const char *s = strchr(suffixes, tolower((unsigned char)*end));
        unsigned shift = s ? 10 * (unsigned)(s - suffixes) : 0;
        if (!s || n > ~0ull >> shift)
            return false;
        n <<= shift;
        end++;
    }
    *v = n;
    return !*end && n <= max;
}

/* Levenshtein's distance, at most 64 characters. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[65], n = (unsigned)strlen(b);
    if (n > 64)
        return 64;
    for (unsigned k = 0; k <= n; k++)
        row[k] = k;
    for (unsigned i = 1; *a; a++, i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned k = 1; k <= n; k++) {
            unsigned above = row[k], best = diagonal + (*a != b[k - 1]);
            best = best < above + 1 ? best : above + 1;
            row[k] = best < row[k - 1] + 1 ? best : row[k - 1] + 1;
            diagonal = above;
        }
    }
    return row[n];
}

const char *nearest(const char *word, const char *(*next)(void *arg), void *arg)
{
    const char *best = NULL, *name;
    size_t n = strlen(word), limit = n / 3 + 1;
    while ((name = next(arg))) {
        size_t d = !strncmp(name, word, n) && n > 2 ? 1 : distance(word, name);
        if (d <= limit) {
            limit = d ? d - 1 : 0;
            best = name;
            if (!d)
                break;
        }
    }
    return best;
}

/* --------------------------------------------------------------------- backends */

static struct backend { enum property_kind kind; char *id; void *backend; struct backend *next; } *backends;

void backend_add(enum property_kind kind, const char *id, void *backend)
{
    struct backend *b = calloc(1, sizeof *b), **at = &backends;
    if (!b || !(b->id = strdup(id))) {
        free(b);
        return;
    }
    b->kind = kind;
    b->backend = backend;
    while (*at)
        at = &(*at)->next;
    *at = b;
}

void *backend_by_id(enum property_kind kind, const char *id)
{
    for (struct backend *b = backends; b; b = b->next)
        if (b->kind == kind && !strcmp(b->id, id))
            return b->backend;
    return NULL;
}

const char *backend_id(enum property_kind kind, const void *backend)
{
    for (struct backend *b = backends; b; b = b->next)
        if (b->kind == kind && b->backend == backend)
            return b->id;
    return "";
}

void backend_remove(enum property_kind kind, const void *backend)
{
    for (struct backend **at = &backends; *at; at = &(*at)->next)
        if ((*at)->kind == kind && (*at)->backend == backend) {
            struct backend *b = *at;
            *at = b->next;
            free(b->id);
            free(b);
            return;
        }
}

void *backend_next(enum property_kind kind, const void *at)
{
    bool found = !at;
    for (struct backend *b = backends; b; b = b->next)
        if (b->kind == kind) {
            if (found)
                return b->backend;
            found = b->backend == at;
        }
    return NULL;
}

/* ------------------------------------------------------------------- properties */

static const struct property *find(const struct device_type *t, const char *name)
{
    const struct property *lists[2] = { t->properties, t->base_properties };
    for (unsigned k = 0; k < 2; k++)
        for (const struct property *p = lists[k]; p && p->name; p++)
            if (!strcmp(p->name, name))
                return p;
    return NULL;
}

struct all_properties { const struct property *list[2]; unsigned at; };

static const struct property *next_property(struct all_properties *a)
{
    for (; a->at < 2; a->at++)
        if (a->list[a->at] && a->list[a->at]->name)
            return a->list[a->at]++;
    return NULL;
}
static struct all_properties properties_of(const struct device_type *t)
{
    return (struct all_properties){ { t->properties, t->base_properties }, 0 };
}
static const char *next_property_name(void *arg)
{
    const struct property *p = next_property(arg);
    return p ? p->name : NULL;
}

static void *value_of(const struct device *d, const struct property *p) { return (char *)d + p->offset; }

static int choice(const char *choices, const char *text)
{
    size_t n = strlen(text);
    for (int k = 0;; k++) {
        size_t len = strcspn(choices, "|");
        if (len == n && !memcmp(choices, text, n))
            return k;
        if (!choices[len])
            return -1;
        choices += len + 1;
    }
}

static bool parse_pci_address(const char *text, int32_t *v)
{
    char *end;
    unsigned long slot = strtoul(text, &end, 16), function = 0;
    if (end == text)
        return false;
    if (*end == '.')
        function = strtoul(end + 1, &end, 16);
    *v = (int32_t)(slot << 3 | function);
    return !*end && slot < 32 && function < 8;
}

static bool parse_mac(const char *text, uint8_t *v)
{
    unsigned b[6];
    int n = 0;
    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", b, b + 1, b + 2, b + 3, b + 4, b + 5, &n) != 6 || text[n])
        return false;
    for (unsigned k = 0; k < 6; k++)
        v[k] = (uint8_t)b[k];
    return true;
}

/* What the value should have been, or NULL if it was set. */
static const char *set(struct device *d, const struct property *p, const char *text)
{
    void *at = value_of(d, p);
    uint64_t v;
    bool flag;
    switch (p->kind) {
    case PROP_BOOL:
        if (!parse_bool(text, &flag))
            return "on or off";
        *(bool *)at = flag;
        return NULL;
    case PROP_U8:
        return parse_number(text, false, UINT8_MAX, &v) ? *(uint8_t *)at = (uint8_t)v, NULL : "a number of 8 bits";
    case PROP_U16:
        return parse_number(text, false, UINT16_MAX, &v) ? *(uint16_t *)at = (uint16_t)v, NULL : "a number of 16 bits";
    case PROP_U32:
        return parse_number(text, false, UINT32_MAX, &v) ? *(uint32_t *)at = (uint32_t)v, NULL : "a number of 32 bits";
    case PROP_U64:
        return parse_number(text, false, UINT64_MAX, &v) ? *(uint64_t *)at = v, NULL : "a number of 64 bits";
    case PROP_S32:
        if (!parse_number(text + (*text == '-'), false, INT32_MAX, &v))
            return "a number of 32 bits with a sign";
        *(int32_t *)at = *text == '-' ? -(int32_t)v : (int32_t)v;
        return NULL;
    case PROP_SIZE:
        return parse_number(text, true, UINT64_MAX, &v) ? *(uint64_t *)at = v, NULL : "a size";
    case PROP_STRING:
        free(*(char **)at);
        *(char **)at = strdup(text);
        return NULL;
    case PROP_ENUM: {
        int k = choice(p->choices, text);
        if (k < 0)
            return p->choices;
        *(uint32_t *)at = (uint32_t)k;
        return NULL;
    }
    case PROP_MAC:
        return parse_mac(text, at) ? NULL : "an address like 52:54:00:12:34:56";
    case PROP_PCI_ADDR:
        return parse_pci_address(text, at) ? NULL : "a slot and function like 06.0";
    case PROP_CHARDEV:
        return (*(void **)at = backend_by_id(PROP_CHARDEV, text)) ? NULL : "the id of a -chardev";
    case PROP_DRIVE:
        return (*(void **)at = block_find(text)) ? NULL : "the id of a -drive or the name of a node that nobody writes to";
    case PROP_NETDEV:
        return (*(void **)at = backend_by_id(PROP_NETDEV, text)) ? NULL : "the id of a -netdev";
    case PROP_FSDEV:
        return (*(void **)at = backend_by_id(PROP_FSDEV, text)) ? NULL : "the id of a -fsdev";
    case PROP_RNG:
        return (*(void **)at = backend_by_id(PROP_RNG, text)) ? NULL : "the id of a -object rng-builtin or rng-random";
    case PROP_MEMORY:
        return (*(void **)at = backend_by_id(PROP_MEMORY, text)) ? NULL : "the id of a -object memory-backend-...";
    case PROP_IOTHREAD:
        return (*(void **)at = backend_by_id(PROP_IOTHREAD, text)) ? NULL : "the id of a -object iothread";
    }
    return "?";
}

bool device_set(struct device *d, const char *property, const char *value, char *err, size_t errlen)
{
    const struct device_type *t = d->type;
    const struct property *p = find(t, property);
    if (!p) {
        struct all_properties a = properties_of(t);
        const char *near = nearest(property, next_property_name, &a);
        snprintf(err, errlen, "%s has no property %s%s%s (-device %s,help)", t->name, property, near ? "; the nearest is " : "",
                 near ? near : "", t->name);
        return false;
    }
    const char *wanted = set(d, p, value);
    if (wanted)
        snprintf(err, errlen, "%s: %s=%s: it should be %s", t->name, property, value, wanted);
    return !wanted;
}

void device_set_pointer(struct device *d, const char *property, void *value)
{
    *(void **)value_of(d, find(d->type, property)) = value;
}

void device_get(const struct device *d, const struct property *p, char *text, size_t n)
{
    const void *at = value_of(d, p);
    const uint8_t *mac = at;
    int32_t addr = 0;
    *text = 0;
    switch (p->kind) {
    case PROP_BOOL:
        snprintf(text, n, "%s", *(const bool *)at ? "on" : "off");
        return;
    case PROP_U8:
        snprintf(text, n, "%u", *(const uint8_t *)at);
        return;
    case PROP_U16:
        snprintf(text, n, "%u", *(const uint16_t *)at);
        return;
    case PROP_U32:
        snprintf(text, n, "%u", *(const uint32_t *)at);
        return;
    case PROP_S32:
        snprintf(text, n, "%d", *(const int32_t *)at);
        return;
    case PROP_U64:
    case PROP_SIZE:
        snprintf(text, n, "%llu", *(const unsigned long long *)at);
        return;
    case PROP_STRING:
        snprintf(text, n, "%s", *(char *const *)at ? *(char *const *)at : "");
        return;
    case PROP_ENUM: {
        const char *c = p->choices;
        for (uint32_t k = *(const uint32_t *)at; k; k--)
            c += strcspn(c, "|") + 1;
        snprintf(text, n, "%.*s", (int)strcspn(c, "|"), c);
        return;
    }
    case PROP_MAC:
        snprintf(text, n, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
        return;
    case PROP_PCI_ADDR:
        memcpy(&addr, at, 4);
        if (addr >= 0)
            snprintf(text, n, "%02x.%x", addr >> 3, addr & 7);
        return;
    case PROP_CHARDEV:
    case PROP_DRIVE:
    case PROP_NETDEV:
    case PROP_FSDEV:
    case PROP_RNG:
    case PROP_MEMORY:
    case PROP_IOTHREAD:
        snprintf(text, n, "%s", *(void *const *)at ? backend_id(p->kind, *(void *const *)at) : "");
        return;
    }
}

/* ---------------------------------------------------------------------- -global */

static struct global { const char *text; bool used; struct global *next; } *globals;

bool device_global(const char *text, char *err, size_t errlen)
{
    const char *dot = strchr(text, '.'), *equals = strchr(text, '=');
    struct global *g = dot && equals && dot < equals ? calloc(1, sizeof *g) : NULL;
    if (!g) {
        snprintf(err, errlen, "-global wants DEVICE.PROPERTY=VALUE");
        return false;
    }
    g->text = text;
    struct global **at = &globals;
    while (*at)
        at = &(*at)->next;
    *at = g;
    return true;
}

static bool apply_globals(struct device *d, char *err, size_t errlen)
{
    size_t n = strlen(d->type->name);
    for (struct global *g = globals; g; g = g->next) {
        if (strncmp(g->text, d->type->name, n) || g->text[n] != '.')
            continue;
        char name[64];
        const char *equals = strchr(g->text, '=');
        snprintf(name, sizeof name, "%.*s", (int)(equals - g->text - n - 1), g->text + n + 1);
        g->used = true;
        if (!device_set(d, name, equals + 1, err, errlen))
            return false;
    }
    return true;
}

/* ----------------------------------------------------------------------- making */

static bool set_defaults(struct device *d, char *err, size_t errlen)
{
    struct all_properties a = properties_of(d->type);
    const struct property *p;
    while ((p = next_property(&a))) {
        if (p->kind == PROP_PCI_ADDR)
            memcpy(value_of(d, p), &(int32_t){ -1 }, 4);
        if (p->value && !device_set(d, p->name, p->value, err, errlen))
            return false;
    }
    return apply_globals(d, err, errlen);
}

void device_drop_properties(struct device *d)
{
    struct all_properties a = properties_of(d->type);
    const struct property *p;
    while ((p = next_property(&a)))
        if (p->kind == PROP_STRING)
            free(*(char **)value_of(d, p));
        else if (p->kind == PROP_DRIVE)
            block_forget(*(void **)value_of(d, p));
}

struct device *device_new_type(struct machine *m, const struct device_type *t, char *err, size_t errlen)
{
    struct device *d = calloc(1, t->size);
    if (!d) {
        snprintf(err, errlen, "%s: no memory", t->name);
        return NULL;
    }
    d->type = t;
    d->machine = m;
    struct device **at = &m->devices;
    while (*at)
        at = &(*at)->next;
    *at = d;
    if (set_defaults(d, err, errlen))
        return d;
    device_free(d);
    return NULL;
}

static const char *next_type_name(void *arg)
{
    const struct device_type *const **at = arg;
    while (**at && !(**at)->bus)
        ++*at;
    return **at ? (*(*at)++)->name : NULL;
}

struct device *device_new(struct machine *m, const char *name, char *err, size_t errlen)
{
    const struct device_type *t = device_type_find(name);
    if (t)
        return device_new_type(m, t, err, errlen);
    const struct device_type *const *at = device_types();
    const char *near = nearest(name, next_type_name, &at);
    snprintf(err, errlen, "there is no device %s%s%s (-device help)", name, near ? "; the nearest is " : "", near ? near : "");
    return NULL;
}

/* ------------------------------------------------------------------------- help */

const char *property_kind_name(enum property_kind k)
{
    static const char *const kinds[] = {
        [PROP_BOOL] = "bool", [PROP_U8] = "uint8", [PROP_U16] = "uint16", [PROP_U32] = "uint32", [PROP_U64] = "uint64",
        [PROP_S32] = "int32", [PROP_SIZE] = "size", [PROP_STRING] = "str", [PROP_ENUM] = "enum", [PROP_MAC] = "str",
        [PROP_PCI_ADDR] = "int32", [PROP_CHARDEV] = "str", [PROP_DRIVE] = "str", [PROP_NETDEV] = "str",
        [PROP_FSDEV] = "str", [PROP_RNG] = "str", [PROP_MEMORY] = "str", [PROP_IOTHREAD] = "str",
    };
    return kinds[k];
}

const struct property *device_property(const struct device_type *t, unsigned *at)
{
    struct all_properties a = properties_of(t);
    const struct property *p = next_property(&a);
    for (unsigned k = 0; p && k < *at; k++)
        p = next_property(&a);
    ++*at;
    return p;
}

static void help_one(const struct device_type *t, FILE *f)
{
    struct all_properties a = properties_of(t);
    const struct property *p;
    fprintf(f, "%s options:\n", t->name);
    while ((p = next_property(&a))) {
        int n = fprintf(f, "  %s=<%s>", p->name, property_kind_name(p->kind));
        fprintf(f, "%*s - %s%s%s%s", n < 26 ? 26 - n : 0, "", p->help ? p->help : "", p->choices ? " (" : "",
                p->choices ? p->choices : "", p->choices ? ")" : "");
        fprintf(f, p->value ? " (default: %s)\n" : "\n", p->value);
    }
}

void device_help(const char *name, FILE *f)
{
    if (name) {
        const struct device_type *t = device_type_find(name);
        if (t)
            help_one(t, f);
        return;
    }
    const char *done[32];
    unsigned ndone = 0;
    for (const struct device_type *const *t = device_types(); *t; t++) {
        unsigned k = 0;
        while (k < ndone && strcmp(done[k], (*t)->category))
            k++;
        if (!(*t)->bus || k < ndone || ndone == 32)
            continue;
        done[ndone++] = (*t)->category;
        fprintf(f, "%s%s devices:\n", ndone > 1 ? "\n" : "", (*t)->category);
        for (const struct device_type *const *u = t; *u; u++)
            if ((*u)->bus && !strcmp((*u)->category, (*t)->category)) {
                fprintf(f, "name \"%s\", bus %s", (*u)->name, (*u)->bus);
                fprintf(f, (*u)->alias ? ", alias \"%s\"" : "", (*u)->alias);
                fprintf(f, (*u)->help ? ", desc \"%s\"\n" : "\n", (*u)->help);
            }
    }
}
