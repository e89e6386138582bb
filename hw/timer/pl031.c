/*
 * PL031 real-time clock (Arm DDI 0224): seconds since 1970, an alarm.
 *
 * What it shows is a clock of the host, or the machine's virtual one (-rtc clock=vm), and an offset that the guest changes by
 * LR. It goes on through a reset; the alarm does not.
 */
#include <time.h>

#include "boards/boards.h"
#include "tree.h"

enum { DR = 0x00, MR = 0x04, LR = 0x08, CR = 0x0c, IMSC = 0x10, RIS = 0x14, MIS = 0x18, ICR = 0x1c, ID = 0xfe0 };

struct pl031 {
    struct device d;
    struct alarm *alarm;
    int64_t offset;      /* what it shows - the clock */
    uint32_t mr, lr, imsc, ris;
};

static int64_t clock_of(const struct pl031 *p)
{
    struct timespec t;
    if (p->d.machine->config->rtc_virtual)
        return (int64_t)(clock_now(p->d.machine->loop) / 1000000000);
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec;
}

static uint32_t now(const struct pl031 *p) { return (uint32_t)(clock_of(p) + p->offset); }

static void update(struct pl031 *p) { device_line(&p->d, 0, p->ris & p->imsc); }

static void set_alarm(struct pl031 *p)
{
    uint32_t left = p->mr - now(p);
    if (left)
        alarm_at(p->alarm, clock_now(p->d.machine->loop) + left * 1000000000ull);
    else
        alarm_off(p->alarm);
    p->ris |= !left;
    update(p);
}

static void ring(void *arg)
{
    struct pl031 *p = arg;
    int32_t late = (int32_t)(now(p) - p->mr); /* the host's clock may have been set */
    if (late < 0) {
        set_alarm(p);
        return;
    }
    p->ris = 1;
    update(p);
}

static uint64_t pl031_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    static const uint8_t id[8] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
    struct pl031 *p = device;
    if (offset >= ID)
        return id[(offset - ID) / 4 & 7];
    switch (offset) {
    case DR:
        return now(p);
    case MR:
        return p->mr;
    case LR:
        return p->lr;
    case CR:
        return 1;
    case IMSC:
        return p->imsc;
    case RIS:
        return p->ris;
    case MIS:
        return p->ris & p->imsc;
    default:
        return 0;
    }
}

static void pl031_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    struct pl031 *p = device;
    switch (offset) {
    case MR:
        p->mr = (uint32_t)value;
        set_alarm(p);
        break;
    case LR:
        p->lr = (uint32_t)value;
        p->offset += (int64_t)p->lr - now(p);
        set_alarm(p);
        break;
    case IMSC:
        p->imsc = value & 1;
        update(p);
        break;
    case ICR:
        p->ris &= ~(uint32_t)value;
        update(p);
        break;
    }
}

static const struct mmio_ops ops = { pl031_read, pl031_write, 4, 4, false };

static bool realize(struct device *d, char *err, size_t errlen)
{
    struct pl031 *p = (struct pl031 *)d;
    /* both were taken at the start, in this second or the one before */
    p->offset = d->machine->config->rtc_base - (d->machine->config->rtc_virtual ? 0 : (int64_t)time(NULL));
    if (p->offset == -1)
        p->offset = 0;
    p->alarm = alarm_new(d->machine->loop, ring, p);
    if (p->alarm && device_region(d, 0, mem_new_mmio("pl031", 0x1000, &ops, p)))
        return true;
    snprintf(err, errlen, "pl031: no memory");
    return false;
}

static void unrealize(struct device *d) { alarm_free(((struct pl031 *)d)->alarm); }

static void reset(struct device *d)
{
    struct pl031 *p = (struct pl031 *)d;
    alarm_off(p->alarm);
    p->mr = p->lr = p->imsc = p->ris = 0;
    update(p);
}

static const char *valid(struct device *d)
{
    int64_t offset = ((struct pl031 *)d)->offset;
    return offset > 1ll << 40 || offset < -(1ll << 40) ? "field 'offset' makes no sense" : NULL;
}

static void loaded(struct device *d) { set_alarm((struct pl031 *)d); }

static void node(struct device *d, struct tree *t)
{
    tree_begin(t, "pl031@%llx", d->at[0]);
    tree_texts(t, "compatible", "arm,pl031\0arm,primecell");
    tree_reg(t, d->at[0], 0x1000);
    tree_cells(t, "interrupts", 0, d->spi[0], 4);
    tree_cells(t, "clocks", PHANDLE_CLOCK);
    tree_text(t, "clock-names", "apb_pclk");
    tree_end(t);
}

static const struct field fields[] = {
    FIELD(struct pl031, offset), FIELD(struct pl031, mr), FIELD(struct pl031, lr), FIELD(struct pl031, imsc), FIELD(struct pl031, ris), { NULL }
};

const struct device_type pl031_type = {
    .name = "pl031", .category = "Misc", .help = "real-time clock", .size = sizeof(struct pl031), .fields = fields, .realize = realize,
    .unrealize = unrealize, .reset = reset, .valid = valid, .loaded = loaded, .node = node,
};
