/*
 * PL011 UART (Arm DDI 0183): FIFOs of 16, interrupts, no modem lines, no DMA; baud rates are taken and ignored.
 *
 * Transmission is at once: bytes wait in the transmit FIFO only while the backend takes none. The receive interrupt comes
 * at the trigger level, the time-out interrupt as soon as there is anything below it.
 */
#include <string.h>

#include "chardev.h"
#include "device.h"
#include "tree.h"

enum { DR = 0x00, RSR = 0x04, FR = 0x18, ILPR = 0x20, IBRD = 0x24, FBRD = 0x28, LCRH = 0x2c, CR = 0x30, IFLS = 0x34, IMSC = 0x38,
       RIS = 0x3c, MIS = 0x40, ICR = 0x44, DMACR = 0x48, ID = 0xfe0 };
enum { FR_RXFE = 1 << 4, FR_RXFF = 1 << 6, FR_TXFF = 1 << 5, FR_TXFE = 1 << 7, FR_BUSY = 1 << 3, LCRH_FEN = 1 << 4, INT_RX = 1 << 4, INT_TX = 1 << 5, INT_RT = 1 << 6,
       INT_BE = 1 << 9, DR_BE = 1 << 10, RSR_BE = 1 << 2,
       CR_LBE = 1 << 7, FIFO = 16 };

struct pl011 {
    struct device d;
    struct chardev *backend;
    uint16_t fifo[FIFO]; /* bits 11:8: errors */
    uint8_t out[FIFO];
    unsigned first, n, nout;
    uint32_t ris, imsc, lcrh, cr, ifls, ibrd, fbrd, ilpr, dmacr, rsr;
};

static unsigned depth(const struct pl011 *p) { return p->lcrh & LCRH_FEN ? FIFO : 1; }

static unsigned trigger(const struct pl011 *p)
{
    static const uint8_t level[8] = { 2, 4, 8, 12, 14, 14, 14, 14 };
    return p->lcrh & LCRH_FEN ? level[p->ifls >> 3 & 7] : 1;
}

static void update(struct pl011 *p)
{
    p->ris &= ~(uint32_t)(INT_RX | INT_RT);
    if (p->n >= trigger(p))
        p->ris |= INT_RX;
    else if (p->n)
        p->ris |= INT_RT;
    device_line(&p->d, 0, p->ris & p->imsc);
}

static size_t room(void *device)
{
    struct pl011 *p = device;
    return depth(p) - (p->n < depth(p) ? p->n : depth(p));
}

static void take(void *device, const uint8_t *bytes, size_t n)
{
    struct pl011 *p = device;
    while (n-- && p->n < FIFO)
        p->fifo[(p->first + p->n++) % FIFO] = *bytes++;
    update(p);
}

static void event(void *device, enum chardev_event e)
{
    struct pl011 *p = device;
    if (e != CHARDEV_BREAK || p->n == FIFO)
        return;
    p->fifo[(p->first + p->n++) % FIFO] = DR_BE;
    p->ris |= INT_BE;
    update(p);
}

/* What waits in the transmit FIFO, as far as the backend takes it. */
static void drain(void *device)
{
    struct pl011 *p = device;
    if (!p->nout)
        return;
    size_t done = chardev_write(p->backend, p->out, p->nout);
    memmove(p->out, p->out + done, p->nout - done);
    p->nout -= (unsigned)done;
    if (done)
        p->ris |= INT_TX;
    update(p);
}

static void send(struct pl011 *p, uint8_t byte)
{
    if (p->backend && (p->nout || chardev_write(p->backend, &byte, 1) == 0)) {
        if (p->nout < depth(p))
            p->out[p->nout++] = byte;
        return; /* more is lost, as the manual has it */
    }
    p->ris |= INT_TX;
}

static uint64_t read_data(struct pl011 *p)
{
    if (!p->n)
        return 0;
    uint16_t byte = p->fifo[p->first];
    p->rsr = byte & DR_BE ? RSR_BE : 0;
    p->first = (p->first + 1) % FIFO;
    p->n--;
    update(p);
    if (p->backend)
        chardev_accept(p->backend);
    return byte;
}

static uint64_t pl011_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    static const uint8_t id[8] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
    struct pl011 *p = device;
    if (offset >= ID)
        return id[(offset - ID) / 4 & 7];
    switch (offset) {
    case DR:
        return read_data(p);
    case RSR:
        return p->rsr;
    case FR:
        return (p->nout ? FR_BUSY : FR_TXFE) | (p->nout >= depth(p) ? FR_TXFF : 0) | (p->n ? 0 : FR_RXFE) | (p->n >= depth(p) ? FR_RXFF : 0);
    case ILPR:
        return p->ilpr;
    case IBRD:
        return p->ibrd;
    case FBRD:
        return p->fbrd;
    case LCRH:
        return p->lcrh;
    case CR:
        return p->cr;
    case IFLS:
        return p->ifls;
    case IMSC:
        return p->imsc;
    case RIS:
        return p->ris;
    case MIS:
        return p->ris & p->imsc;
    case DMACR:
        return p->dmacr;
    default:
        return 0;
    }
}

static void pl011_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    struct pl011 *p = device;
    uint8_t byte = (uint8_t)value;
    switch (offset) {
    case DR:
        if (p->cr & CR_LBE)
            take(p, &byte, 1);
        else
            send(p, byte);
        break;
    case RSR:
        p->rsr = 0;
        break;
    case ILPR:
        p->ilpr = value & 0xff;
        break;
    case IBRD:
        p->ibrd = value & 0xffff;
        break;
    case FBRD:
        p->fbrd = value & 0x3f;
        break;
    case LCRH:
        if ((p->lcrh ^ value) & LCRH_FEN)
            p->first = p->n = 0;
        p->lcrh = value & 0xff;
        break;
    case CR:
        p->cr = value & 0xff87;
        break;
    case IFLS:
        p->ifls = value & 0x3f;
        break;
    case IMSC:
        p->imsc = value & 0x7ff;
        break;
    case ICR:
        p->ris &= ~(uint32_t)value;
        break;
    case DMACR:
        p->dmacr = value & 7;
        break;
    }
    update(p);
}

static const struct mmio_ops ops = { pl011_read, pl011_write, 4, 4, false };

static void pl011_reset(struct device *d)
{
    struct pl011 *p = (struct pl011 *)d;
    p->first = p->n = p->nout = 0;
    p->ris = p->imsc = p->lcrh = p->ibrd = p->fbrd = p->ilpr = p->dmacr = p->rsr = 0;
    p->cr = 0x300;
    p->ifls = 0x12;
    update(p);
}

static bool pl011_realize(struct device *d, char *err, size_t errlen)
{
    struct pl011 *p = (struct pl011 *)d;
    if (!device_region(d, 0, mem_new_mmio("pl011", 0x1000, &ops, p))) {
        snprintf(err, errlen, "pl011: no memory");
        return false;
    }
    struct chardev_front f = { room, take, p, drain, event };
    if (!p->backend || chardev_attach(p->backend, &f))
        return true;
    snprintf(err, errlen, "pl011: the character device is in use");
    return false;
}

static void pl011_loaded(struct device *d) { update((struct pl011 *)d); }

static void pl011_node(struct device *d, struct tree *t)
{
    tree_begin(t, "pl011@%llx", d->at[0]);
    tree_texts(t, "compatible", "arm,pl011\0arm,primecell");
    tree_reg(t, d->at[0], 0x1000);
    tree_cells(t, "interrupts", 0, d->spi[0], 4);
    tree_cells(t, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
    tree_texts(t, "clock-names", "uartclk\0apb_pclk");
    tree_end(t);
}

static const struct property properties[] = {
    PROPERTY(struct pl011, backend, PROP_CHARDEV, "chardev", NULL, "where its bytes go to and come from"),
    { NULL }
};
static const struct field fields[] = {
    FIELD(struct pl011, fifo), FIELD(struct pl011, out), FIELD_UP_TO(struct pl011, nout, FIFO), FIELD_UP_TO(struct pl011, first, FIFO - 1), FIELD_UP_TO(struct pl011, n, FIFO), FIELD(struct pl011, ris),
    FIELD(struct pl011, imsc), FIELD(struct pl011, lcrh), FIELD(struct pl011, cr), FIELD(struct pl011, ifls),
    FIELD(struct pl011, ibrd), FIELD(struct pl011, fbrd), FIELD(struct pl011, ilpr), FIELD(struct pl011, dmacr),
    FIELD(struct pl011, rsr), { NULL }
};

const struct device_type pl011_type = {
    .name = "pl011", .category = "Input", .size = sizeof(struct pl011), .properties = properties, .fields = fields,
    .realize = pl011_realize, .reset = pl011_reset, .loaded = pl011_loaded, .node = pl011_node,
};
