/*
 * PL061 GPIO (Arm DDI 0190): eight lines with interrupts by edge or level. Line 3 is the board's power key.
 */
#include "pl061.h"
#include "tree.h"

enum { DIR = 0x400, IS = 0x404, IBE = 0x408, IEV = 0x40c, IE = 0x410, RIS = 0x414, MIS = 0x418, IC = 0x41c, AFSEL = 0x420, ID = 0xfe0 };
enum { POWER_KEY = 3, KEY_POWER = 116, PRESSED_MS = 100 };

struct pl061 {
    struct device d;
    struct alarm *release;
    uint8_t out, in, dir, is, ibe, iev, ie, edges, afsel;
};

static uint8_t level(const struct pl061 *p) { return (p->out & p->dir) | (p->in & ~p->dir); }

static uint8_t raw(const struct pl061 *p)
{
    uint8_t l = level(p);
    return (p->edges & ~p->is) | (p->is & (uint8_t)~(l ^ p->iev));
}

static void update(struct pl061 *p) { device_line(&p->d, 0, raw(p) & p->ie); }

static void changed(struct pl061 *p, uint8_t was)
{
    uint8_t l = level(p), differ = l ^ was;
    p->edges |= differ & ~p->is & (p->ibe | (uint8_t)~(l ^ p->iev));
    update(p);
}

static uint64_t pl061_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    static const uint8_t id[8] = { 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
    struct pl061 *p = device;
    if (offset < DIR)
        return level(p) & (offset >> 2); /* bits 9:2 of the address are a mask */
    if (offset >= ID)
        return id[(offset - ID) / 4 & 7];
    switch (offset) {
    case DIR:
        return p->dir;
    case IS:
        return p->is;
    case IBE:
        return p->ibe;
    case IEV:
        return p->iev;
    case IE:
        return p->ie;
    case RIS:
        return raw(p);
    case MIS:
        return raw(p) & p->ie;
    case AFSEL:
        return p->afsel;
    default:
        return 0;
    }
}

static void pl061_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    struct pl061 *p = device;
    uint8_t was = level(p), v = (uint8_t)value, mask = (uint8_t)(offset >> 2);
    if (offset < DIR) {
        mask &= p->dir;
        p->out = (p->out & ~mask) | (v & mask);
        changed(p, was);
        return;
    }
    switch (offset) {
    case DIR:
        p->dir = v;
        changed(p, was);
        return;
    case IS:
        p->is = v;
        break;
    case IBE:
        p->ibe = v;
        break;
    case IEV:
        p->iev = v;
        break;
    case IE:
        p->ie = v;
        break;
    case IC:
        p->edges &= ~v;
        break;
    case AFSEL:
        p->afsel = v;
        break;
    }
    update(p);
}

static const struct mmio_ops ops = { pl061_read, pl061_write, 4, 4, false };

static void set_input(struct pl061 *p, unsigned line, bool up)
{
    uint8_t was = level(p);
    p->in = (uint8_t)((p->in & ~(1u << line)) | (unsigned)up << line);
    changed(p, was);
}

static void release(void *arg) { set_input(arg, POWER_KEY, false); }

void pl061_press_power(struct device *d)
{
    struct pl061 *p = (struct pl061 *)d;
    set_input(p, POWER_KEY, true);
    alarm_at(p->release, clock_now(d->machine->loop) + PRESSED_MS * 1000000ull);
}

static bool realize(struct device *d, char *err, size_t errlen)
{
    struct pl061 *p = (struct pl061 *)d;
    p->release = alarm_new(d->machine->loop, release, p);
    if (p->release && device_region(d, 0, mem_new_mmio("pl061", 0x1000, &ops, p)))
        return true;
    snprintf(err, errlen, "pl061: no memory");
    return false;
}

static void unrealize(struct device *d) { alarm_free(((struct pl061 *)d)->release); }

static void reset(struct device *d)
{
    struct pl061 *p = (struct pl061 *)d;
    alarm_off(p->release);
    p->out = p->in = p->dir = p->is = p->ibe = p->iev = p->ie = p->edges = p->afsel = 0;
    update(p);
}

static void loaded(struct device *d)
{
    struct pl061 *p = (struct pl061 *)d;
    update(p);
    if (p->in & 1 << POWER_KEY)
        alarm_at(p->release, clock_now(d->machine->loop) + PRESSED_MS * 1000000ull);
}

static void node(struct device *d, struct tree *t)
{
    tree_begin(t, "pl061@%llx", d->at[0]);
    tree_texts(t, "compatible", "arm,pl061\0arm,primecell");
    tree_reg(t, d->at[0], 0x1000);
    tree_cells(t, "interrupts", 0, d->spi[0], 4);
    tree_cells(t, "#gpio-cells", 2);
    tree_flag(t, "gpio-controller");
    tree_cells(t, "#interrupt-cells", 2);
    tree_flag(t, "interrupt-controller");
    tree_cells(t, "clocks", PHANDLE_CLOCK);
    tree_text(t, "clock-names", "apb_pclk");
    tree_cells(t, "phandle", PHANDLE_GPIO);
    tree_end(t);
    tree_begin(t, "gpio-keys", 0);
    tree_text(t, "compatible", "gpio-keys");
    tree_begin(t, "poweroff", 0);
    tree_text(t, "label", "GPIO Key Poweroff");
    tree_cells(t, "linux,code", KEY_POWER);
    tree_cells(t, "gpios", PHANDLE_GPIO, POWER_KEY, 0);
    tree_end(t);
    tree_end(t);
}

static const struct field fields[] = {
    FIELD(struct pl061, out), FIELD(struct pl061, in), FIELD(struct pl061, dir), FIELD(struct pl061, is), FIELD(struct pl061, ibe),
    FIELD(struct pl061, iev), FIELD(struct pl061, ie), FIELD(struct pl061, edges), FIELD(struct pl061, afsel), { NULL }
};

const struct device_type pl061_type = {
    .name = "pl061", .category = "Misc", .help = "general purpose lines, with the power key", .size = sizeof(struct pl061), .fields = fields,
    .realize = realize, .unrealize = unrealize, .reset = reset, .loaded = loaded, .node = node,
};
