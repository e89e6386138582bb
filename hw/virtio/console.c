/*
 * virtio-serial (virtio-v1.2 §5.3, "console device"): a bus of ports; a port is a console (virtconsole, hvc0 of Linux)
 * or a stream of bytes with a name (virtserialport, /dev/virtio-ports/NAME), each with a character backend.
 *
 * Bytes from the host are taken only as the guest has buffers for them and its end is open; bytes of the guest wait in
 * their descriptors while the host takes no more. Control messages wait for buffers too, up to a limit that no sane
 * driver reaches.
 */
#include <stdlib.h>
#include <string.h>

#include "char/chardev.h"
#include "pci/virtio_pci.h"

enum { F_SIZE = 0, F_MULTIPORT = 1, F_EMERG_WRITE = 2 };
enum { /* control messages */
    DEVICE_READY, PORT_ADD, PORT_REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME
};
enum { MAX_PORTS = VIRTIO_QUEUES / 2 - 1, RX_CONTROL = 2, TX_CONTROL = 3, MAX_WAITING = 256, EMERG_WR = 8, CONFIG_BYTES = 12 };

struct control { uint32_t id; uint16_t event, value; };

struct message {
    struct message *next;
    struct control c;
    size_t n; /* bytes of text behind it */
    char text[];
};

struct port {
    struct device d;
    struct chardev *backend;
    char *name;
    uint32_t nr; /* ~0: the next free one */
    bool guest_open;
    struct virtio_chain *rx, *tx; /* taken off their queues, and being filled or emptied */
    uint32_t sent;                /* bytes of tx that are through */
};

struct virtio_serial {
    struct virtio v;
    struct bus bus;
    uint32_t max_ports;
    bool emergency_write;
    struct port *ports[MAX_PORTS];
    struct message *waiting, **last;
    unsigned nwaiting;
};

static struct virtio_serial *serial_of(const struct port *p) { return (struct virtio_serial *)p->d.bus->owner; }
static unsigned rx_queue(unsigned nr) { return nr ? 2 * nr + 2 : 0; }
static bool is_console(const struct port *p);

/* --------------------------------------------------------------------------- control */

/* What waits goes out as far as there are buffers. */
static void send_control(struct virtio_serial *s)
{
    struct message *m;
    struct virtio_chain *c;
    while ((m = s->waiting) && (c = virtio_pop(&s->v, RX_CONTROL, sizeof *c))) {
        size_t n = virtio_put(c, &m->c, sizeof m->c);
        n += virtio_put(c, m->text, m->n);
        virtio_push(&s->v, c, (uint32_t)n);
        if (!(s->waiting = m->next))
            s->last = &s->waiting;
        s->nwaiting--;
        free(m);
    }
    virtio_signal(&s->v, RX_CONTROL);
}

static void tell(struct virtio_serial *s, uint32_t id, unsigned event, unsigned value, const char *text)
{
    size_t n = text ? strlen(text) : 0;
    struct message *m = virtio_has(&s->v, F_MULTIPORT) && s->nwaiting < MAX_WAITING ? malloc(sizeof *m + n) : NULL;
    if (!m)
        return;
    *m = (struct message){ .c = { id, (uint16_t)event, (uint16_t)value }, .n = n };
    memcpy(m->text, text ? text : "", n);
    *s->last = m;
    s->last = &m->next;
    s->nwaiting++;
    send_control(s);
}

static void drop_messages(struct virtio_serial *s)
{
    while (s->waiting) {
        struct message *m = s->waiting;
        s->waiting = m->next;
        free(m);
    }
    s->last = &s->waiting;
    s->nwaiting = 0;
}

static void port_ready(struct virtio_serial *s, struct port *p)
{
    if (is_console(p))
        tell(s, p->nr, CONSOLE_PORT, 1, NULL);
    if (p->name)
        tell(s, p->nr, PORT_NAME, 1, p->name);
    if (!p->backend || chardev_is_open(p->backend))
        tell(s, p->nr, PORT_OPEN, 1, NULL);
}

static void heard(struct virtio_serial *s, const struct control *c)
{
    if (c->event == DEVICE_READY && c->value)
        for (unsigned k = 0; k < s->max_ports; k++)
            if (s->ports[k])
                tell(s, k, PORT_ADD, 1, NULL);
    struct port *p = c->id < s->max_ports ? s->ports[c->id] : NULL;
    if (!p)
        return;
    if (c->event == PORT_READY && c->value) {
        port_ready(s, p);
    } else if (c->event == PORT_OPEN) {
        if (p->guest_open != !!c->value && p->d.id)
            machine_event(p->d.machine, "VSERPORT_CHANGE", "{s:s,s:b}", "id", p->d.id, "open", c->value != 0);
        p->guest_open = c->value;
        if (p->guest_open && p->backend)
            chardev_accept(p->backend);
    }
}

static void take_control(struct virtio_serial *s)
{
    struct virtio_chain *c;
    struct control m;
    while ((c = virtio_pop(&s->v, TX_CONTROL, sizeof *c))) {
        bool whole = virtio_take(c, &m, sizeof m);
        virtio_push(&s->v, c, 0);
        if (whole)
            heard(s, &m);
    }
    virtio_signal(&s->v, TX_CONTROL);
}

/* ------------------------------------------------------------------------------ bytes */

static void skip(struct virtio_chain *c, uint32_t n)
{
    uint8_t byte;
    while (n-- && virtio_take(c, &byte, 1))
        ;
}

/* From the guest: until its queue is empty or the host takes no more. */
static void pump_out(struct port *p)
{
    struct virtio_serial *s = serial_of(p);
    unsigned q = rx_queue(p->nr) + 1;
    struct virtio_chain *c;
    while ((c = p->tx ? p->tx : virtio_pop(&s->v, q, sizeof *c))) {
        if (!p->tx && p->sent) /* it was put back when the machine was saved */
            skip(c, p->sent);
        p->tx = NULL;
        while (c->nout && p->backend) {
            size_t n = chardev_write(p->backend, c->out->iov_base, c->out->iov_len);
            bool all = n == c->out->iov_len;
            c->out->iov_base = (uint8_t *)c->out->iov_base + n;
            c->out->iov_len -= n;
            p->sent += (uint32_t)n;
            if (!all) {
                p->tx = c; /* out_drained goes on */
                virtio_signal(&s->v, q);
                return;
            }
            c->out++;
            c->nout--;
        }
        p->sent = 0;
        virtio_push(&s->v, c, 0);
    }
    virtio_signal(&s->v, q);
}

static size_t room(void *device)
{
    struct port *p = device;
    struct virtio_serial *s = serial_of(p);
    if (virtio_has(&s->v, F_MULTIPORT) && !p->guest_open)
        return 0;
    while (!p->rx || !p->rx->in_size) {
        if (p->rx)
            virtio_push(&s->v, p->rx, 0); /* a buffer without room */
        p->rx = virtio_pop(&s->v, rx_queue(p->nr), sizeof *p->rx);
        if (!p->rx)
            return 0;
    }
    return p->rx->in_size;
}

static void take(void *device, const uint8_t *bytes, size_t n)
{
    struct port *p = device;
    struct virtio_serial *s = serial_of(p);
    while (n && room(p)) {
        size_t k = virtio_put(p->rx, bytes, n);
        virtio_push(&s->v, p->rx, (uint32_t)k);
        p->rx = NULL;
        bytes += k;
        n -= k;
    }
    virtio_signal(&s->v, rx_queue(p->nr));
}

static void out_drained(void *device)
{
    struct port *p = device;
    if (virtio_running(&serial_of(p)->v))
        pump_out(p);
}

static void host_event(void *device, enum chardev_event e)
{
    struct port *p = device;
    if (e == CHARDEV_OPENED || e == CHARDEV_CLOSED)
        tell(serial_of(p), p->nr, PORT_OPEN, e == CHARDEV_OPENED, NULL);
}

static void notify(struct virtio *v, unsigned q)
{
    struct virtio_serial *s = (struct virtio_serial *)v;
    if (q == RX_CONTROL) {
        send_control(s);
    } else if (q == TX_CONTROL) {
        take_control(s);
    } else {
        struct port *p = s->ports[q < RX_CONTROL ? 0 : q / 2 - 1];
        struct virtio_chain *c;
        if (p && (q & 1))
            pump_out(p);
        else if (p && p->backend)
            chardev_accept(p->backend);
        else if (!p && (q & 1)) /* to nobody */
            while ((c = virtio_pop(v, q, sizeof *c)))
                virtio_push(v, c, 0);
    }
}

/* ----------------------------------------------------------------------------- device */

static void drop_chains(struct virtio_serial *s, struct port *p)
{
    if (p->rx)
        virtio_drop(&s->v, p->rx);
    if (p->tx)
        virtio_drop(&s->v, p->tx);
    p->rx = p->tx = NULL;
}

/* What is half done goes back to the queues. */
static const char *serial_settle(struct virtio *v)
{
    struct virtio_serial *s = (struct virtio_serial *)v;
    for (unsigned k = 0; k < s->max_ports; k++) {
        struct port *p = s->ports[k];
        if (p && p->rx)
            virtio_unpop(v, p->rx);
        if (p && p->tx)
            virtio_unpop(v, p->tx);
        if (p)
            p->rx = p->tx = NULL;
    }
    return s->waiting ? "messages wait that the guest has not taken" : NULL;
}

static void serial_loaded(struct virtio *v)
{
    struct virtio_serial *s = (struct virtio_serial *)v;
    for (unsigned k = 0; k < s->max_ports; k++)
        if (s->ports[k] && s->ports[k]->backend)
            chardev_accept(s->ports[k]->backend);
}

static void serial_reset(struct virtio *v)
{
    struct virtio_serial *s = (struct virtio_serial *)v;
    drop_messages(s);
    for (unsigned k = 0; k < s->max_ports; k++)
        if (s->ports[k]) {
            drop_chains(s, s->ports[k]);
            s->ports[k]->guest_open = false;
            s->ports[k]->sent = 0;
        }
}

static void reset_queue(struct virtio *v, unsigned q)
{
    struct virtio_serial *s = (struct virtio_serial *)v;
    struct port *p = q == RX_CONTROL || q == TX_CONTROL ? NULL : s->ports[q < RX_CONTROL ? 0 : q / 2 - 1];
    struct virtio_chain **c = p ? q & 1 ? &p->tx : &p->rx : NULL;
    if (c && *c)
        virtio_drop(v, *c);
    if (c)
        *c = NULL;
    if (p && (q & 1))
        p->sent = 0;
}

static void config(struct virtio *v, uint8_t *space)
{
    memcpy(space + 4, &((struct virtio_serial *)v)->max_ports, 4);
}

static void config_write(struct virtio *v, uint32_t offset, unsigned size, uint32_t value)
{
    struct virtio_serial *s = (struct virtio_serial *)v;
    uint8_t byte = (uint8_t)value;
    if (offset == EMERG_WR && s->emergency_write && s->ports[0] && s->ports[0]->backend)
        chardev_write(s->ports[0]->backend, &byte, 1);
}

/* A port's number: of a console the first that is free, of others from 1 on. */
static bool plug(struct bus *b, struct device *d, char *err, size_t errlen)
{
    struct virtio_serial *s = (struct virtio_serial *)b->owner;
    struct port *p = (struct port *)d;
    if (p->nr == ~0u)
        for (p->nr = is_console(p) ? 0 : 1; p->nr < s->max_ports && s->ports[p->nr];)
            p->nr++;
    if (!p->nr && !is_console(p))
        snprintf(err, errlen, "%s: port 0 is for a virtconsole", d->type->name);
    else if (p->nr >= s->max_ports)
        snprintf(err, errlen, "%s: bus %s has ports 0 to %u only", d->type->name, b->name, s->max_ports - 1);
    else if (s->ports[p->nr])
        snprintf(err, errlen, "%s: port %u of bus %s is taken", d->type->name, p->nr, b->name);
    else
        return true;
    return false;
}

static void unplug(struct bus *b, struct device *d)
{
    struct virtio_serial *s = (struct virtio_serial *)b->owner;
    struct port *p = (struct port *)d;
    if (s->ports[p->nr] != p)
        return;
    drop_chains(s, p);
    s->ports[p->nr] = NULL;
    tell(s, p->nr, PORT_REMOVE, 1, NULL);
}

static void place(const struct bus *b, const struct device *d, char *text, size_t n)
{
    snprintf(text, n, "port %u", ((const struct port *)d)->nr);
}

static const struct bus_type serial_bus = { .name = "virtio-serial-bus", .plug = plug, .unplug = unplug, .place = place };

static bool serial_realize(struct virtio *v, char *err, size_t errlen)
{
    struct virtio_serial *s = (struct virtio_serial *)v;
    char name[32];
    if (!s->max_ports || s->max_ports > MAX_PORTS) {
        snprintf(err, errlen, "virtio-serial: max_ports=%u: it should be 1 to %d", s->max_ports, MAX_PORTS);
        return false;
    }
    s->last = &s->waiting;
    v->offered |= VIRTIO_BIT(F_MULTIPORT) | (s->emergency_write ? VIRTIO_BIT(F_EMERG_WRITE) : 0);
    for (unsigned k = 0; k < 2 * s->max_ports + 2; k++)
        virtio_add_queue(v, k == RX_CONTROL || k == TX_CONTROL ? 32 : 128);
    snprintf(name, sizeof name, "%.29s.0", v->d.id ? v->d.id : "virtio-serial-bus");
    for (unsigned k = 1; !v->d.id && bus_by_name(v->d.machine, name); k++)
        snprintf(name, sizeof name, "virtio-serial-bus.%u", k);
    bus_init(&s->bus, &serial_bus, &v->d, name, 0);
    return true;
}

static const struct virtio_class class = {
    .name = "virtio-serial", .id = 3, .pci_class = 0x0780, .config_size = CONFIG_BYTES, .realize = serial_realize, .reset = serial_reset,
    .reset_queue = reset_queue, .config = config, .config_write = config_write, .notify = notify, .settle = serial_settle, .loaded = serial_loaded,
};
static const struct property properties[] = {
    VIRTIO_PROPERTIES,
    PROPERTY(struct virtio_serial, max_ports, PROP_U32, "max_ports", "31", "ports, at most"),
    PROPERTY(struct virtio_serial, emergency_write, PROP_BOOL, "emergency-write", "on", "a register that writes to port 0"),
    { NULL }
};
static const struct field fields[] = { VIRTIO_FIELDS, { NULL } };

const struct device_type virtio_serial_pci_type =
    VIRTIO_PCI("virtio-serial", struct virtio_serial, "Input", "bus of serial ports", &class, properties, fields);
const struct device_type virtio_serial_device_type =
    VIRTIO_MMIO("virtio-serial", struct virtio_serial, "Input", "bus of serial ports", &class, properties, fields);

/* ------------------------------------------------------------------------------ ports */

static bool port_realize(struct device *d, char *err, size_t errlen)
{
    struct port *p = (struct port *)d;
    struct virtio_serial *s = serial_of(p);
    struct chardev_front f = { .room = room, .take = take, .device = p, .drained = out_drained, .event = host_event };
    s->ports[p->nr] = p;
    if (p->backend && !chardev_attach(p->backend, &f)) {
        snprintf(err, errlen, "%s: its chardev is used by another device", d->type->name);
        s->ports[p->nr] = NULL;
        return false;
    }
    tell(s, p->nr, PORT_ADD, 1, NULL);
    return true;
}

static void port_unrealize(struct device *d)
{
    struct port *p = (struct port *)d;
    if (p->backend)
        chardev_detach(p->backend, p);
}

static const struct property port_properties[] = {
    PROPERTY(struct port, backend, PROP_CHARDEV, "chardev", NULL, "where its bytes go to and come from"),
    PROPERTY(struct port, name, PROP_STRING, "name", NULL, "that the guest finds it by"),
    PROPERTY(struct port, nr, PROP_U32, "nr", "4294967295", "its number (the next free one)"),
    { NULL }
};
static const struct field port_fields[] = { FIELD(struct port, guest_open), FIELD(struct port, sent), { NULL } };

#define PORT_TYPE(name_, help_) { \
    .name = name_, .bus = "virtio-serial-bus", .category = "Input", .help = help_, .size = sizeof(struct port), \
    .properties = port_properties, .fields = port_fields, .realize = port_realize, .unrealize = port_unrealize }

const struct device_type virtconsole_type = PORT_TYPE("virtconsole", "console on virtio-serial");
const struct device_type virtserialport_type = PORT_TYPE("virtserialport", "port of bytes on virtio-serial");

static bool is_console(const struct port *p) { return p->d.type == &virtconsole_type; }
