/*
 * NVM Express namespaces: the controller's own (drive= of nvme), and devices of its bus (nvme-ns), which come and go while the
 * machine runs: the controller tells of it (base 5.2, Namespace Attribute Changed).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "nvme.h"

struct ns_device { struct device d; struct nvme_ns s; };
extern const struct device_type nvme_ns_type;

/* ------------------------------------------------------------------------ properties */

/* 16 bytes from hexadecimal digits, with '-' and ':' between them as one likes. */
static bool take_hex(const char *text, uint8_t *to)
{
    unsigned n = 0;
    memset(to, 0, 16);
    for (; *text; text++) {
        int c = tolower((unsigned char)*text);
        if (c == '-' || c == ':')
            continue;
        if (!isxdigit(c) || n == 32)
            return false;
        to[n / 2] = (uint8_t)(to[n / 2] << 4 | (c <= '9' ? c - '0' : c - 'a' + 10));
        n++;
    }
    return n == 32;
}

static bool is_block_size(uint32_t n) { return n >= 512 && n <= 2 << 20 && !(n & (n - 1)); }

static bool check(struct nvme_ns *s, const char *name, char *err, size_t errlen)
{
    if (!s->physical)
        s->physical = s->logical;
    if (!s->discard_granularity || s->discard_granularity == ~0u)
        s->discard_granularity = s->logical;
    s->has_uuid = s->uuid_text && *s->uuid_text;
    s->has_nguid = s->nguid_text && *s->nguid_text;
    if (!s->drive)
        snprintf(err, errlen, "%s: drive= is missing: the id of a -drive", name);
    else if (!is_block_size(s->logical) || s->logical > 32768 || !is_block_size(s->physical) || s->physical < s->logical)
        snprintf(err, errlen, "%s: block sizes are powers of two from 512 on, the physical not below the logical", name);
    else if (s->min_io % s->logical || s->opt_io % s->logical || s->discard_granularity % s->logical)
        snprintf(err, errlen, "%s: sizes of I/O should be multiples of logical_block_size", name);
    else if (s->has_uuid && !take_hex(s->uuid_text, s->uuid))
        snprintf(err, errlen, "%s: uuid=%s: it should be 32 hexadecimal digits", name, s->uuid_text);
    else if (s->has_nguid && !take_hex(s->nguid_text, s->nguid))
        snprintf(err, errlen, "%s: nguid=%s: it should be 32 hexadecimal digits", name, s->nguid_text);
    else
        return true;
    return false;
}

/* 512, 4096, and what logical_block_size says. */
static void make_formats(struct nvme_ns *s)
{
    uint8_t log2 = (uint8_t)__builtin_ctz(s->logical);
    s->formats[0] = 9;
    s->formats[1] = 12;
    s->nformats = 2;
    if (log2 != 9 && log2 != 12)
        s->formats[s->nformats++] = log2;
    s->format = log2 == 9 ? 0 : log2 == 12 ? 1 : 2;
}

/* ------------------------------------------------------------------------- attaching */

static void batch_done(void *ns) { nvme_signal(((struct nvme_ns *)ns)->n); }

static void resized(void *ns)
{
    struct nvme_ns *s = ns;
    nvme_changed(s->n, s->nsid);
}

bool nvme_ns_attach(struct nvme *n, struct nvme_ns *s, const char *name, char *err, size_t errlen)
{
    struct block_front f = { batch_done, s, resized };
    for (uint32_t k = 1; k <= NVME_NAMESPACES && !s->nsid; k++)
        if (!n->ns[k])
            s->nsid = k;
    if (!s->nsid || s->nsid > NVME_NAMESPACES) {
        snprintf(err, errlen, "%s: nsid=%u: it should be 1 to %d, or 0: the first that is free", name, s->nsid, NVME_NAMESPACES);
        return false;
    }
    if (n->ns[s->nsid]) {
        snprintf(err, errlen, "%s: nsid=%u is another namespace's", name, s->nsid);
        return false;
    }
    if (!check(s, name, err, errlen) || !block_attach(s->drive, n->p.d.machine, &f, err, errlen))
        return false;
    if (s->eui64_default && !s->eui64)
        s->eui64 = 0x5254000000000000 | s->nsid;
    make_formats(s);
    s->n = n;
    n->ns[s->nsid] = s;
    return true;
}

void nvme_ns_detach(struct nvme_ns *s)
{
    if (!s->n)
        return;
    s->leaving = true;
    block_detach(s->drive); /* what is under way ends here */
    s->leaving = false;
    s->n->ns[s->nsid] = NULL;
    s->n = NULL;
}

/* ----------------------------------------------------------------------------- the bus */

static void place(const struct bus *b, const struct device *d, char *text, size_t n)
{
    snprintf(text, n, "namespace %u", ((const struct ns_device *)d)->s.nsid);
}

static bool hot_plug(struct bus *b, struct device *d, char *err, size_t errlen) { return true; }

static void hot_plugged(struct bus *b, struct device *d) { nvme_changed((struct nvme *)b->owner, ((struct ns_device *)d)->s.nsid); }

/* The guest is not asked: it is told. Those that were on their way to it end before. */
struct leaving { struct machine *m; struct device *d; };

static void leave(void *arg)
{
    struct leaving l = *(struct leaving *)arg;
    struct device *k = NULL;
    free(arg);
    while ((k = device_next(l.m, k)) && k != l.d)
        ;
    if (!k || k->type != &nvme_ns_type || !k->unplugging) /* it went with its controller */
        return;
    struct nvme *n = ((struct ns_device *)k)->s.n;
    uint32_t nsid = ((struct ns_device *)k)->s.nsid;
    device_unplugged(k);
    nvme_changed(n, nsid);
}

static bool hot_unplug(struct bus *b, struct device *d, char *err, size_t errlen)
{
    if (d->unplugging) {
        snprintf(err, errlen, "device '%s' is on its way out", d->id ? d->id : d->type->name);
        return false;
    }
    struct leaving *l = malloc(sizeof *l);
    if (l)
        *l = (struct leaving){ d->machine, d };
    if ((d->unplugging = l && loop_defer(d->machine->loop, leave, l)))
        return true;
    free(l);
    snprintf(err, errlen, "no memory");
    return false;
}

const struct bus_type nvme_bus_type = { "nvme-bus", NULL, NULL, place, hot_plug, hot_plugged, hot_unplug };

/* --------------------------------------------------------------------------- the device */

static bool realize(struct device *d, char *err, size_t errlen)
{
    return nvme_ns_attach((struct nvme *)d->bus->owner, &((struct ns_device *)d)->s, "nvme-ns", err, errlen);
}

static void unrealize(struct device *d) { nvme_ns_detach(&((struct ns_device *)d)->s); }

#define P(member, kind, name, value, help) PROPERTY(struct ns_device, s.member, kind, name, value, help)
static const struct property properties[] = {
    NVME_NS_PROPERTIES(struct ns_device, s),
    P(nsid, PROP_U32, "nsid", "0", "its number; 0: the first that is free"),
    P(uuid_text, PROP_STRING, "uuid", NULL, "names of it that the guest sees"),
    P(nguid_text, PROP_STRING, "nguid", NULL, "likewise"),
    P(eui64, PROP_U64, "eui64", "0", "likewise; 0: none"),
    P(eui64_default, PROP_BOOL, "eui64-default", "off", "one of its number"),
    { NULL }
};
#define F(member) FIELD(struct ns_device, s.member)
static const struct field fields[] = { F(format), F(reads), F(writes), F(read_sectors), F(written_sectors), F(media_errors), { NULL } };

static void loaded(struct device *d)
{
    struct nvme_ns *s = &((struct ns_device *)d)->s;
    if (s->format >= s->nformats)
        s->format = 0;
}

const struct device_type nvme_ns_type = {
    .name = "nvme-ns", .bus = "nvme-bus", .category = "Storage", .help = "namespace of an NVM Express controller", .size = sizeof(struct ns_device),
    .properties = properties, .fields = fields, .realize = realize, .unrealize = unrealize, .loaded = loaded,
};
