/*
 * -object filter-dump: the frames of a backend in a file, in the form of libpcap (Ethernet, microseconds of the host's
 * clock). Frames are as they go by: large ones with sums to do stand as that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend.h"

enum { ETHERNET = 1 };

struct dump {
    struct net_filter f;
    struct net_port *port; /* NULL: the backend is gone */
    struct dump *next;
    char *id;
    int fd;
    uint32_t maxlen;
    bool out, in;          /* from and to the backend */
};
static struct dump *dumps;

static void see(struct net_filter *f, bool out, const struct net_packet *k)
{
    struct dump *d = (struct dump *)f;
    static uint8_t bytes[16 + NET_MAX];
    struct timespec t;
    if (!(out ? d->out : d->in))
        return;
    clock_gettime(CLOCK_REALTIME, &t);
    size_t n = k->size < d->maxlen ? k->size : d->maxlen;
    uint32_t head[4] = { (uint32_t)t.tv_sec, (uint32_t)(t.tv_nsec / 1000), (uint32_t)n, (uint32_t)k->size };
    memcpy(bytes, head, sizeof head);
    net_copy(k, 0, bytes + sizeof head, n);
    if (write(d->fd, bytes, sizeof head + n) < 0)
        d->out = d->in = false; /* the disk is full: it ends here */
}

static void gone(struct net_filter *f) { ((struct dump *)f)->port = NULL; }

static const char *word(unsigned n, const char *const *names, const char *const *values, const char *name)
{
    for (unsigned k = 0; k < n; k++)
        if (!strcmp(names[k], name))
            return values[k];
    return NULL;
}

static bool start(struct dump *d, const char *file, char *err, size_t errlen)
{
    struct { uint32_t magic; uint16_t major, minor; uint32_t zone, digits, most, link; } head = { 0xa1b2c3d4, 2, 4, 0, 0, d->maxlen, ETHERNET };
    d->fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (d->fd >= 0 && write(d->fd, &head, sizeof head) == sizeof head)
        return true;
    snprintf(err, errlen, "filter-dump: %s: %s", file, strerror(errno));
    if (d->fd >= 0)
        close(d->fd);
    return false;
}

bool net_dump_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen)
{
    const char *id = word(n, names, values, "id"), *netdev = word(n, names, values, "netdev"), *file = word(n, names, values, "file");
    const char *most = word(n, names, values, "maxlen"), *queue = word(n, names, values, "queue"), *status = word(n, names, values, "status");
    struct net_port *p = netdev ? backend_by_id(PROP_NETDEV, netdev) : NULL;
    uint64_t maxlen = 65536;
    bool on = true, all = !queue || !strcmp(queue, "all");
    if (!p)
        snprintf(err, errlen, netdev ? "filter-dump: there is no network backend %s" : "filter-dump: netdev= is missing", netdev);
    else if (most && (!parse_number(most, true, UINT32_MAX, &maxlen) || !maxlen))
        snprintf(err, errlen, "filter-dump: maxlen=%s: it should be a number of bytes", most);
    else if (status && !parse_bool(status, &on))
        snprintf(err, errlen, "filter-dump: status=%s: it should be on or off", status);
    else if (!all && strcmp(queue, "rx") && strcmp(queue, "tx"))
        snprintf(err, errlen, "filter-dump: queue=%s: it should be all, rx or tx", queue);
    else
        goto good;
    return false;
good:;
    struct dump *d = calloc(1, sizeof *d);
    if (!d || !(d->id = strdup(id))) {
        snprintf(err, errlen, "filter-dump: no memory");
        free(d);
        return false;
    }
    d->maxlen = (uint32_t)maxlen;
    d->in = on && (all || !strcmp(queue, "rx"));
    d->out = on && (all || !strcmp(queue, "tx"));
    if (!start(d, file ? file : "qemu-vlan0.pcap", err, errlen)) {
        free(d->id);
        free(d);
        return false;
    }
    d->f.see = see;
    d->f.gone = gone;
    d->port = p;
    struct net_filter **at = &p->filters;
    while (*at)
        at = &(*at)->next;
    *at = &d->f;
    d->next = dumps;
    dumps = d;
    return true;
}

bool net_dump_del(const char *id, char *err, size_t errlen)
{
    struct dump **at = &dumps;
    while (*at && strcmp((*at)->id, id))
        at = &(*at)->next;
    struct dump *d = *at;
    if (!d) {
        snprintf(err, errlen, "there is no filter %s", id);
        return false;
    }
    for (struct net_filter **f = d->port ? &d->port->filters : NULL; f && *f; f = &(*f)->next)
        if (*f == &d->f) {
            *f = d->f.next;
            break;
        }
    *at = d->next;
    close(d->fd);
    free(d->id);
    free(d);
    return true;
}
