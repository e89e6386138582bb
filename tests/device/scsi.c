/*
 * virtio-scsi and its units, by a driver of one's own. Expected values: virtio-v1.2 §5.6 (headers, responses, events), SPC-4 (INQUIRY,
 * sense data, mode pages, REPORT LUNS), SBC-3 (capacity, UNMAP, WRITE SAME, VERIFY, limits), MMC-6 (TOC, configuration, events), SAM-5
 * (unit attentions).
 */
#include "driver.h"
#include "scsi/scsi.h"

enum { BLOCKS = 4096, HEAD_AT = BUFFERS_AT, ANSWER_AT = BUFFERS_AT + 0x1000, OUT_AT = BUFFERS_AT + 0x10000, IN_AT = BUFFERS_AT + 0x110000, EVENTS_AT = BUFFERS_AT + 0x300000 };
enum { OK = 0, OVERRUN = 1, BAD_TARGET = 3, SUCCEEDED = 10, REJECTED = 11, INCORRECT_LUN = 12, F_HOTPLUG = 1, F_CHANGE = 2 };

static struct driver *d;
static uint8_t answer[108];

static uint8_t *in(void) { return ram(d->b, IN_AT); }
static uint8_t *out(void) { return ram(d->b, OUT_AT); }

/* Response and status as one number, 0 if all is well; ~0: no answer. */
static unsigned command(unsigned target, unsigned lun, const uint8_t *cdb, unsigned ncdb, unsigned nout, unsigned nin)
{
    uint8_t head[51] = { 1, (uint8_t)target, (uint8_t)(lun < 256 ? 0 : 0x40 | lun >> 8), (uint8_t)lun };
    uint32_t n;
    memcpy(head + 19, cdb, ncdb);
    memcpy(ram(d->b, HEAD_AT), head, sizeof head);
    memset(ram(d->b, ANSWER_AT), 0xee, sizeof answer);
    struct piece p[3] = { { HEAD_AT, sizeof head, 0 } };
    unsigned k = 1;
    if (nout)
        p[k++] = (struct piece){ OUT_AT, nout, 0 };
    p[k++] = (struct piece){ ANSWER_AT, sizeof answer, D_WRITE };
    if (nin)
        p[k++] = (struct piece){ IN_AT, nin, D_WRITE };
    put_chain(d, 2, 0, p, k > 3 ? 3 : k, 0);
    notify(d, 2);
    if (take_used(d, 2, &n, 0) < 0)
        return ~0u;
    memcpy(answer, ram(d->b, ANSWER_AT), sizeof answer);
    return answer[11] << 8 | answer[10];
}
#define CDB(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static uint32_t residual(void)
{
    uint32_t v;
    memcpy(&v, answer + 4, 4);
    return v;
}

/* Of a CHECK CONDITION: fixed format, current, 18 bytes (SPC-4 4.5.3). */
static bool sense_is(unsigned key, unsigned asc, unsigned ascq)
{
    const uint8_t *s = answer + 12;
    return answer[11] == OK && answer[10] == 2 && answer[0] == 18 && s[0] == 0x70 && s[2] == key && s[7] == 10 && s[12] == asc && s[13] == ascq;
}
#define FAILS(key, asc, ascq, ...) CHECK(command(__VA_ARGS__) == 2 && sense_is(key, asc, ascq))
#define ATTENTION(asc, ascq, target) FAILS(6, asc, ascq, target, 0, CDB(0), 0, 0)

/* The response of a task management function. */
static unsigned manage(unsigned subtype, unsigned target, unsigned lun)
{
    uint8_t head[24] = { 0, 0, 0, 0, (uint8_t)subtype, 0, 0, 0, 1, (uint8_t)target, (uint8_t)(lun < 256 ? 0 : 0x40 | lun >> 8), (uint8_t)lun };
    uint32_t n;
    memcpy(ram(d->b, HEAD_AT), head, sizeof head);
    struct piece p[2] = { { HEAD_AT, sizeof head, 0 }, { ANSWER_AT, 1, D_WRITE } };
    put_chain(d, 0, 0, p, 2, 0);
    notify(d, 0);
    return take_used(d, 0, &n, 0) < 0 ? ~0u : ram(d->b, ANSWER_AT)[0];
}

static void give_event_buffer(unsigned k)
{
    memset(ram(d->b, EVENTS_AT), 0, 16);
    put_chain(d, 1, k, &(struct piece){ EVENTS_AT, 16, D_WRITE }, 1, 0);
    notify(d, 1);
}

/* The event that comes next. */
static bool event_is(uint32_t event, unsigned target, unsigned lun, uint32_t reason)
{
    uint32_t n, got, why;
    const uint8_t *p = ram(d->b, EVENTS_AT);
    if (take_used(d, 1, &n, 0) < 0 || n != 16)
        return false;
    memcpy(&got, p, 4);
    memcpy(&why, p + 12, 4);
    return got == event && why == reason && (!(event & 0x7fffffff) || (p[4] == 1 && p[5] == target && p[7] == (uint8_t)lun));
}

/* --------------------------------------------------------------------------- identity */

static void identity(void)
{
    CHECK(command(9, 0, CDB(0), 0, 0) == BAD_TARGET << 8);
    /* A unit that is not there, of a target that is. */
    CHECK(command(0, 7, CDB(0x12, 0, 0, 0, 36), 0, 36) == 0 && in()[0] == 0x7f);
    FAILS(5, 0x25, 0, 0, 7, CDB(0), 0, 0);
    /* Commands that no unit attention holds up, and then it is told once (SAM-5 5.14). */
    CHECK(command(0, 0, CDB(0x12, 0, 0, 0, 36), 0, 36) == 0 && residual() == 0);
    static const uint8_t standard[8] = { 0, 0, 6, 0x12, 31, 0, 0, 2 };
    CHECK(!memcmp(in(), standard, 8) && !memcmp(in() + 8, "QEMU    disk of tests   2.5+", 28));
    CHECK(command(0, 0, CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64), 0, 64) == 0);
    static const uint8_t luns[24] = { 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x41, 0x2c };
    CHECK(!memcmp(in(), luns, sizeof luns) && residual() == 64 - 24);
    ATTENTION(0x29, 0, 0);
    CHECK(command(0, 0, CDB(0), 0, 0) == 0);
    CHECK(command(0, 300, CDB(3, 0, 0, 0, 18), 0, 18) == 0 && in()[2] == 6 && in()[12] == 0x29); /* REQUEST SENSE takes it, too */
    CHECK(command(0, 300, CDB(3, 1, 0, 0, 18), 0, 18) == 0 && in()[0] == 0x72 && in()[1] == 0 && residual() == 10);
    FAILS(5, 0x20, 0, 0, 0, CDB(0xff), 0, 0);
    FAILS(5, 0x24, 0, 0, 0, CDB(0, 0, 0, 0, 0, 4), 0, 0);        /* NACA */
    FAILS(5, 0x24, 0, 0, 0, CDB(0x12, 0, 0x80, 0, 36), 0, 36);   /* a page code without EVPD */
    FAILS(5, 0x24, 0, 0, 0, CDB(0x12, 1, 0xc7, 0, 36), 0, 36);
    CHECK(command(0, 0, CDB(0x12, 0, 0, 0, 37), 0, 36) == OVERRUN << 8);

    static const uint8_t pages[] = { 0, 0, 0, 6, 0, 0x80, 0x83, 0xb0, 0xb1, 0xb2 };
    CHECK(command(0, 0, CDB(0x12, 1, 0, 0, 64), 0, 64) == 0 && !memcmp(in(), pages, sizeof pages));
    CHECK(command(0, 0, CDB(0x12, 1, 0x80, 0, 64), 0, 64) == 0 && !memcmp(in(), "\0\x80\0\4S123", 8));
    static const uint8_t names[] = { 0, 0x83, 0, 20, 2, 0, 0, 4, 'S', '1', '2', '3', 1, 3, 0, 8, 0x50, 0, 0, 0, 0, 0, 0, 0x12 };
    CHECK(command(0, 0, CDB(0x12, 1, 0x83, 0, 64), 0, 64) == 0 && !memcmp(in(), names, sizeof names));
    CHECK(command(0, 0, CDB(0x12, 1, 0xb0, 0, 64), 0, 64) == 0 && get16(in() + 2) == 60 && in()[4] == 1 && get32(in() + 20) == 1u << 21 &&
          get32(in() + 24) == 255 && get32(in() + 28) == 8 && get64(in() + 36) == 1u << 21);
    CHECK(command(0, 0, CDB(0x12, 1, 0xb1, 0, 64), 0, 64) == 0 && get16(in() + 4) == 7200);
    CHECK(command(0, 0, CDB(0x12, 1, 0xb2, 0, 64), 0, 64) == 0 && get16(in() + 2) == 4 && in()[5] == 0xe0 && in()[6] == 2);
}

/* ----------------------------------------------------------------------------- blocks */

static void fill(uint8_t *p, unsigned n, unsigned seed)
{
    for (unsigned k = 0; k < n; k++)
        p[k] = (uint8_t)(k * 7 + k / 251 + seed);
}

static void blocks(void)
{
    CHECK(command(0, 0, CDB(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0, 8) == 0 && get32(in()) == BLOCKS - 1 && get32(in() + 4) == 512);
    CHECK(command(0, 0, CDB(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32), 0, 32) == 0 && get64(in()) == BLOCKS - 1 && get32(in() + 8) == 512 &&
          in()[12] == 0 && in()[13] == 3 && in()[14] == 0x80);
    fill(out(), 8192, 1);
    CHECK(command(0, 0, CDB(0x2a, 0, 0, 0, 0, 5, 0, 0, 16, 0), 8192, 0) == 0 && residual() == 0);
    CHECK(command(0, 0, CDB(0x28, 0, 0, 0, 0, 5, 0, 0, 16, 0), 0, 8192) == 0 && !memcmp(in(), out(), 8192));
    CHECK(command(0, 0, CDB(0x08, 0, 0, 6, 2, 0), 0, 1024) == 0 && !memcmp(in(), out() + 512, 1024));
    CHECK(command(0, 0, CDB(0xa8, 0, 0, 0, 0, 6, 0, 0, 0, 2, 0, 0), 0, 1024) == 0 && !memcmp(in(), out() + 512, 1024));
    CHECK(command(0, 0, CDB(0x88, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 2, 0, 0), 0, 2048) == 0 && !memcmp(in(), out() + 512, 1024) && residual() == 1024);
    fill(out(), 1024, 9);
    CHECK(command(0, 0, CDB(0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 2, 0, 0), 1024, 0) == 0);
    CHECK(command(0, 0, CDB(0x0a, 0, 0, 20, 1, 0), 512, 0) == 0);
    CHECK(command(0, 0, CDB(0x08, 0, 0, 8, 2, 0), 0, 1024) == 0 && !memcmp(in(), out(), 1024));
    /* Around the end, protection, buffers that are too short, nothing at all. */
    CHECK(command(0, 0, CDB(0x28, 0, 0, 0, 0xf, 0xff, 0, 0, 1, 0), 0, 512) == 0);
    FAILS(5, 0x21, 0, 0, 0, CDB(0x28, 0, 0, 0, 0xf, 0xff, 0, 0, 2, 0), 0, 1024);
    FAILS(5, 0x21, 0, 0, 0, CDB(0x88, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0), 0, 512);
    FAILS(5, 0x24, 0, 0, 0, CDB(0x28, 0x20, 0, 0, 0, 0, 0, 0, 1, 0), 0, 512);
    CHECK(command(0, 0, CDB(0x28, 0, 0, 0, 0, 0, 0, 0, 2, 0), 0, 1023) == OVERRUN << 8);
    CHECK(command(0, 0, CDB(0x2a, 0, 0, 0, 0, 0, 0, 0, 2, 0), 512, 0) == OVERRUN << 8);
    CHECK(command(0, 0, CDB(0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0, 0) == 0);
    CHECK(command(0, 0, CDB(0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0, 0) == 0 && command(0, 0, CDB(0x91), 0, 0) == 0);
    /* VERIFY: of a range, and of data. */
    CHECK(command(0, 0, CDB(0x2f, 0, 0, 0, 0, 0, 0, 0x10, 0, 0), 0, 0) == 0);
    FAILS(5, 0x21, 0, 0, 0, CDB(0x2f, 0, 0, 0, 0, 1, 0, 0x10, 0, 0), 0, 0);
    CHECK(command(0, 0, CDB(0x2f, 2, 0, 0, 0, 8, 0, 0, 2, 0), 1024, 0) == 0);
    out()[700] ^= 1;
    FAILS(14, 0x1d, 0, 0, 0, CDB(0x2f, 2, 0, 0, 0, 8, 0, 0, 2, 0), 1024, 0);
    FAILS(5, 0x24, 0, 0, 0, CDB(0x2f, 4, 0, 0, 0, 8, 0, 0, 2, 0), 1024, 0);
}

static bool holds(unsigned lba, unsigned n, const uint8_t *block)
{
    bool same = command(0, 0, CDB(0x28, 0, 0, 0, (uint8_t)(lba >> 8), (uint8_t)lba, 0, (uint8_t)(n >> 8), (uint8_t)n, 0), 0, 512 * n) == 0;
    for (unsigned k = 0; k < n; k++)
        same &= !memcmp(in() + 512 * k, block, 512);
    return same;
}

static void many_blocks(void)
{
    static uint8_t pattern[512], zero[512];
    fill(pattern, 512, 77);
    memcpy(out(), pattern, 512);
    CHECK(command(0, 0, CDB(0x41, 0, 0, 0, 0, 100, 0, 8, 1, 0), 512, 0) == 0 && residual() == 0); /* 2049 blocks: more than one piece */
    CHECK(holds(100, 2040, pattern) && holds(2148, 1, pattern) && !holds(2149, 1, pattern) && !holds(99, 1, pattern));
    memset(out(), 0, 512);
    CHECK(command(0, 0, CDB(0x93, 8, 0, 0, 0, 0, 0, 0, 0, 110, 0, 0, 0, 10, 0, 0), 512, 0) == 0 && holds(110, 10, zero) && holds(109, 1, pattern) &&
          holds(120, 1, pattern));
    CHECK(command(0, 0, CDB(0x93, 9, 0, 0, 0, 0, 0, 0, 0, 130, 0, 0, 0, 3, 0, 0), 0, 0) == 0 && holds(130, 3, zero)); /* NDOB */
    FAILS(5, 0x24, 0, 0, 0, CDB(0x41, 0, 0, 0, 0, 1, 0, 0, 0, 0), 512, 0);    /* no blocks: WSNZ */
    FAILS(5, 0x24, 0, 0, 0, CDB(0x41, 0x10, 0, 0, 0, 1, 0, 0, 1, 0), 512, 0); /* ANCHOR */
    FAILS(5, 0x21, 0, 0, 0, CDB(0x41, 0, 0, 0, 0xf, 0xff, 0, 0, 2, 0), 512, 0);
    CHECK(command(0, 0, CDB(0x41, 0, 0, 0, 0, 1, 0, 0, 1, 0), 511, 0) == OVERRUN << 8);
    /* UNMAP of two ranges. */
    uint8_t list[40] = { 0, 38, 0, 32 };
    put64(list + 8, 200), put32(list + 16, 8);
    put64(list + 24, 400), put32(list + 32, 16);
    memcpy(out(), list, sizeof list);
    CHECK(command(0, 0, CDB(0x42, 0, 0, 0, 0, 0, 0, 0, 40, 0), 40, 0) == 0 && residual() == 0 && holds(200, 8, zero) && holds(400, 16, zero) &&
          holds(208, 1, pattern) && holds(399, 1, pattern));
    put64(out() + 24, BLOCKS - 1);
    FAILS(5, 0x21, 0, 0, 0, CDB(0x42, 0, 0, 0, 0, 0, 0, 0, 40, 0), 40, 0);
    FAILS(5, 0x1a, 0, 0, 0, CDB(0x42, 0, 0, 0, 0, 0, 0, 0, 39, 0), 39, 0);
    FAILS(5, 0x1a, 0, 0, 0, CDB(0x42, 0, 0, 0, 0, 0, 0, 0, 7, 0), 7, 0);
    FAILS(5, 0x24, 0, 0, 0, CDB(0x42, 1, 0, 0, 0, 0, 0, 0, 40, 0), 40, 0);
    CHECK(command(0, 0, CDB(0x42), 0, 0) == 0);
}

static void modes(void)
{
    static const uint8_t head6[] = { 31, 0, 0, 8, 0, 0, 0x10, 0, 0, 0, 2, 0, 8, 18, 4 };
    static const uint8_t head10[] = { 0, 26, 0, 0, 0, 0, 0, 0, 8, 18, 4 };
    CHECK(command(0, 0, CDB(0x1a, 0, 8, 0, 64), 0, 64) == 0 && !memcmp(in(), head6, sizeof head6) && residual() == 32);
    CHECK(command(0, 0, CDB(0x5a, 8, 8, 0, 0, 0, 0, 0, 64), 0, 64) == 0 && !memcmp(in(), head10, sizeof head10));
    CHECK(command(0, 0, CDB(0x1a, 8, 0x48, 0, 64), 0, 64) == 0 && in()[6] == 4 && in()[7] == 0); /* changeable */
    CHECK(command(0, 0, CDB(0x1a, 8, 0x3f, 0, 255), 0, 255) == 0 && in()[0] == 3 + 12 + 20 + 12 + 12 && in()[4] == 1 && in()[16] == 8 && in()[36] == 10);
    FAILS(5, 0x39, 0, 0, 0, CDB(0x1a, 8, 0xc8, 0, 64), 0, 64);
    FAILS(5, 0x24, 0, 0, 0, CDB(0x1a, 8, 0x2a, 0, 64), 0, 64);
    uint8_t list[24] = { 0, 0, 0, 0, 8, 18 }; /* without WCE */
    memcpy(out(), list, sizeof list);
    CHECK(command(0, 0, CDB(0x15, 0x10, 0, 0, 24), 24, 0) == 0 && residual() == 0);
    CHECK(command(0, 0, CDB(0x1a, 8, 8, 0, 64), 0, 64) == 0 && in()[6] == 0);
    CHECK(command(0, 0, CDB(0x2a, 0, 0, 0, 0, 5, 0, 0, 1, 0), 512, 0) == 0); /* through the cache */
    out()[6] = 4;
    CHECK(command(0, 0, CDB(0x15, 0x10, 0, 0, 24), 24, 0) == 0);
    CHECK(command(0, 0, CDB(0x1a, 8, 0x08, 0, 64), 0, 64) == 0 && in()[6] == 4);
    out()[6] = 5; /* RCD can't be */
    FAILS(5, 0x26, 0, 0, 0, CDB(0x15, 0x10, 0, 0, 24), 24, 0);
    FAILS(5, 0x24, 0, 0, 0, CDB(0x15, 0x11, 0, 0, 24), 24, 0); /* saved */
    FAILS(5, 0x1a, 0, 0, 0, CDB(0x15, 0x10, 0, 0, 23), 23, 0);
    FAILS(5, 0x1a, 0, 0, 0, CDB(0x15, 0x10, 0, 0, 3), 3, 0);
}

/* ------------------------------------------------------------------------ management */

static void management(void)
{
    CHECK(manage(0, 0, 0) == OK);            /* ABORT TASK of one that is over */
    /* A command under way is given up twice: both wait for its end. */
    uint8_t head[51] = { 1 }, function[24] = { 0, 0, 0, 0, 1, 0, 0, 0, 1 };
    uint32_t n;
    head[19] = 0x28, head[27] = 1;
    memcpy(ram(d->b, HEAD_AT), head, sizeof head);
    memcpy(ram(d->b, HEAD_AT + 64), function, sizeof function);
    memset(ram(d->b, HEAD_AT + 128), 0xee, 2);
    struct piece read[3] = { { HEAD_AT, sizeof head, 0 }, { ANSWER_AT, sizeof answer, D_WRITE }, { IN_AT, 512, D_WRITE } };
    machine_lock_enter();
    aio_plug(); /* nothing gets to the host */
    put_chain(d, 2, 0, read, 3, 0);
    notify(d, 2);
    for (unsigned k = 0; k < 2; k++)
        put_chain(d, 0, 2 * k, (struct piece[]){ { HEAD_AT + 64, sizeof function, 0 }, { HEAD_AT + 128 + k, 1, D_WRITE } }, 2, 0);
    notify(d, 0);
    CHECK((uint16_t)peek(d, d->q[0].device + 2, 2) == d->q[0].used && ram(d->b, HEAD_AT + 128)[0] == 0xee && ram(d->b, HEAD_AT + 128)[1] == 0xee);
    aio_unplug();
    machine_lock_leave();
    CHECK(take_used(d, 2, &n, 0) >= 0 && ram(d->b, ANSWER_AT)[11] == 2); /* ABORTED */
    CHECK(take_used(d, 0, &n, 0) >= 0 && take_used(d, 0, &n, 0) >= 0 && !ram(d->b, HEAD_AT + 128)[0] && !ram(d->b, HEAD_AT + 128)[1]);
    CHECK(manage(6, 0, 0) == OK && manage(7, 0, 0) == OK);
    CHECK(manage(2, 0, 0) == REJECTED);      /* CLEAR ACA */
    CHECK(manage(5, 0, 9) == INCORRECT_LUN && manage(5, 200, 0) == BAD_TARGET);
    CHECK(manage(5, 0, 0) == OK);
    ATTENTION(0x29, 3, 0);
    CHECK(manage(4, 0, 0) == OK);
    ATTENTION(0x29, 7, 0);
    CHECK(command(0, 0, CDB(0), 0, 0) == 0);
    FAILS(6, 0x29, 7, 0, 300, CDB(0), 0, 0);
}

static struct device *plug(const char *text)
{
    char err[256];
    machine_lock_enter();
    struct device *u = device_add(&d->b->m, text, err, sizeof err);
    if (!u)
        die(err);
    machine_lock_leave();
    return u;
}

static void events(void)
{
    char err[256];
    bool none;
    give_event_buffer(0);
    d->b->m.complete = true;
    plug("scsi-cd,id=hot,scsi-id=7,lun=5");
    CHECK(event_is(1, 7, 5, 1)); /* TRANSPORT RESET, RESCAN */
    give_event_buffer(1);
    machine_lock_enter();
    CHECK(device_del(&d->b->m, "hot", &none, err, sizeof err));
    CHECK(block_change_size(((struct block *)backend_by_id(PROP_DRIVE, "disk"))->node, 512 * (BLOCKS + 8), err, sizeof err));
    machine_lock_leave();
    CHECK(event_is(1, 7, 5, 2)); /* REMOVED; and there was no buffer for the other */
    give_event_buffer(0);
    CHECK(event_is(0x80000000, 0, 0, 0));
    ATTENTION(0x2a, 9, 0);
    CHECK(command(0, 0, CDB(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0, 8) == 0 && get32(in()) == BLOCKS + 7);
    give_event_buffer(1);
    machine_lock_enter();
    CHECK(block_change_size(((struct block *)backend_by_id(PROP_DRIVE, "disk"))->node, 512 * BLOCKS, err, sizeof err));
    machine_lock_leave();
    CHECK(event_is(3, 0, 0, 0x092a));
    ATTENTION(0x2a, 9, 0);
}

/* ---------------------------------------------------------------------------- CD-ROM */

static struct block *cd(void) { return backend_by_id(PROP_DRIVE, "cd"); }

static bool locked_call(bool (*call)(struct block *b, char *err, size_t errlen))
{
    char err[256] = "";
    machine_lock_enter();
    bool done = call(cd(), err, sizeof err);
    machine_lock_leave();
    return done;
}
static bool open_tray(struct block *b, char *err, size_t n) { return block_open_tray(b, false, err, n); }
static bool force_tray(struct block *b, char *err, size_t n) { return block_open_tray(b, true, err, n); }
static bool insert(struct block *b, char *err, size_t n)
{
    return block_insert_medium(b, ((struct block *)backend_by_id(PROP_DRIVE, "disc"))->node, err, n);
}
static unsigned media_event(void)
{
    return command(1, 0, CDB(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0), 0, 8) ? ~0u : (unsigned)in()[4] << 8 | in()[5];
}

static void subscribe(void)
{
    uint8_t head[16] = { 2, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0x7e };
    uint32_t n;
    memcpy(ram(d->b, HEAD_AT), head, sizeof head);
    put_chain(d, 0, 0, (struct piece[]){ { HEAD_AT, 16, 0 }, { ANSWER_AT, 5, D_WRITE } }, 2, 0);
    notify(d, 0);
    CHECK(take_used(d, 0, &n, 0) >= 0 && n == 5 && !memcmp(ram(d->b, ANSWER_AT), "\x10\0\0\0\0", 5)); /* media changes, of what was asked for */
}

static void cdrom(void)
{
    static const uint8_t gesn[] = { 0, 6, 4, 0x10, 0, 0, 0, 0 };
    ATTENTION(0x29, 0, 1);
    FAILS(2, 0x3a, 1, 1, 0, CDB(0), 0, 0);
    FAILS(2, 0x3a, 1, 1, 0, CDB(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0, 8);
    CHECK(command(1, 0, CDB(3, 0, 0, 0, 18), 0, 18) == 0 && in()[2] == 2 && in()[12] == 0x3a && in()[13] == 1);
    CHECK(command(1, 0, CDB(0x12, 0, 0, 0, 36), 0, 36) == 0 && in()[0] == 5 && in()[1] == 0x80 && !memcmp(in() + 16, "QEMU CD-ROM", 11));
    CHECK(command(1, 0, CDB(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0), 0, 8) == 0 && !memcmp(in(), gesn, 8));
    CHECK(command(1, 0, CDB(0x4a, 1, 0, 0, 2, 0, 0, 0, 8, 0), 0, 8) == 0 && !memcmp(in(), "\0\2\x80\x10", 4) && residual() == 4);
    FAILS(5, 0x24, 0, 1, 0, CDB(0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8, 0), 0, 8);
    CHECK(command(1, 0, CDB(0x46, 0, 0, 0, 0, 0, 0, 0, 200, 0), 0, 200) == 0 && get16(in() + 6) == 0);
    subscribe();
    give_event_buffer(2);
    CHECK(!locked_call(insert)); /* the tray is closed */
    CHECK(locked_call(open_tray));
    CHECK(event_is(2, 1, 0, 16));
    FAILS(2, 0x3a, 2, 1, 0, CDB(0), 0, 0);
    give_event_buffer(3);
    CHECK(locked_call(insert) && locked_call(block_close_tray));
    CHECK(event_is(2, 1, 0, 16));
    CHECK(media_event() == 0x0202 && media_event() == 0x0002); /* new medium, told once; present */
    ATTENTION(0x28, 0, 1);
    CHECK(command(1, 0, CDB(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0, 8) == 0 && get32(in()) == BLOCKS / 4 - 1 && get32(in() + 4) == 2048);
    CHECK(command(1, 0, CDB(0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0), 0, 4096) == 0 && in()[0] == 12 && in()[2048] == 16);
    FAILS(5, 0x20, 0, 1, 0, CDB(0x2a, 0, 0, 0, 0, 3, 0, 0, 1, 0), 2048, 0);
    /* 1024 blocks: 0 minutes, 13 seconds, 49 frames, and 2 seconds of lead-in. */
    static const uint8_t toc[] = { 0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, 0, 0, 4, 0 };
    static const uint8_t msf[] = { 0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 2, 0, 0, 0x14, 0xaa, 0, 0, 0, 15, 49 };
    static const uint8_t session[] = { 0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0 };
    CHECK(command(1, 0, CDB(0x43, 0, 0, 0, 0, 0, 0, 0, 64, 0), 0, 64) == 0 && !memcmp(in(), toc, sizeof toc) && residual() == 44);
    CHECK(command(1, 0, CDB(0x43, 2, 0, 0, 0, 0, 1, 0, 64, 0), 0, 64) == 0 && !memcmp(in(), msf, sizeof msf));
    CHECK(command(1, 0, CDB(0x43, 0, 1, 0, 0, 0, 0, 0, 64, 0), 0, 64) == 0 && !memcmp(in(), session, sizeof session));
    FAILS(5, 0x24, 0, 1, 0, CDB(0x43, 0, 0, 0, 0, 0, 2, 0, 64, 0), 0, 64);
    CHECK(command(1, 0, CDB(0x46, 2, 0, 0x10, 0, 0, 0, 0, 64, 0), 0, 64) == 0 && get32(in()) == 16 && get16(in() + 6) == 8 && get16(in() + 8) == 0x10 &&
          in()[10] == 1 && get32(in() + 12) == 2048);
    CHECK(command(1, 0, CDB(0x51, 0, 0, 0, 0, 0, 0, 0, 34, 0), 0, 34) == 0 && get16(in()) == 32 && in()[2] == 0x0e && in()[4] == 1);
    CHECK(command(1, 0, CDB(0x1a, 0, 0x2a, 0, 64), 0, 64) == 0 && in()[0] == 25 && in()[3] == 0 && in()[4] == 0x2a && in()[5] == 20 && in()[10] == 0x29);
    /* Locked: the initiator's own eject is refused, the host's asks. */
    CHECK(command(1, 0, CDB(0x1e, 0, 0, 0, 1, 0), 0, 0) == 0);
    CHECK(command(1, 0, CDB(0x1a, 0, 0x2a, 0, 64), 0, 64) == 0 && in()[10] == 0x2b);
    FAILS(5, 0x53, 2, 1, 0, CDB(0x1b, 0, 0, 0, 2, 0), 0, 0);
    CHECK(!locked_call(open_tray) && media_event() == 0x0102); /* eject request */
    CHECK(locked_call(force_tray) && media_event() == 0x0301); /* removed; open */
    CHECK(command(1, 0, CDB(0x1e, 0, 0, 0, 0, 0), 0, 0) == 0);
    CHECK(command(1, 0, CDB(0x1b, 0, 0, 0, 3, 0), 0, 0) == 0 && command(1, 0, CDB(0), 0, 0) == 0); /* loads the same: nothing to be told */
    CHECK(command(1, 0, CDB(0x1b, 0, 0, 0, 2, 0), 0, 0) == 0 && locked_call(block_remove_medium) && command(1, 0, CDB(0x1b, 0, 0, 0, 3, 0), 0, 0) == 0);
    FAILS(2, 0x3a, 1, 1, 0, CDB(0), 0, 0);
    FAILS(5, 0x24, 0, 0, 0, CDB(0x1b, 0, 0, 0, 2, 0), 0, 0); /* a disk has no tray */
}

int main(void)
{
    static uint8_t image[512 * BLOCKS];
    struct bench *b = bench_new();
    char file[64];
    for (unsigned k = 0; k < BLOCKS; k++)
        memset(image + 512 * k, (int)(k & 255), 512);
    snprintf(file, sizeof file, "%s/myna-scsi-%d", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (int)getpid());
    bench_drive(file, ",id=disk,discard=unmap", image, sizeof image);
    bench_drive(file, ",id=other", image, sizeof image);
    bench_drive(file, ",id=disc,readonly=on", image, sizeof image);
    machine_lock_enter();
    char err[256];
    if (!block_drive_option("if=none,id=cd,media=cdrom", err, sizeof err))
        die(err);
    machine_lock_leave();
    struct driver driver = { .b = b, .at = bench_virtio(b, "virtio-scsi-device") };
    d = &driver;
    plug("scsi-hd,drive=disk,scsi-id=0,lun=0,serial=S123,product=disk of tests,wwn=0x5000000000000012,physical_block_size=4096,rotation_rate=7200");
    plug("scsi-hd,drive=other,scsi-id=0,lun=300");
    plug("scsi-cd,drive=cd,scsi-id=1");
    static const uint32_t config[] = { 1, 254, 65535, 128, 16, 96, 32, 255 << 16, 16383 };
    for (unsigned k = 0; k < sizeof config / sizeof *config; k++)
        CHECK(bench_read(b, d->at + R_CONFIG + 4 * k, 4) == config[k]);
    drive(d, VIRTIO_BIT(F_HOTPLUG) | VIRTIO_BIT(F_CHANGE), 3, 16);
    CHECK((d->features & 7) == 6 && !(offered(d) & 1)); /* hotplug, parameter changes; not both directions at once */
    identity();
    blocks();
    many_blocks();
    modes();
    management();
    events();
    cdrom();
    /* A reset of the device is one of its units. */
    set_reg(d, R_STATUS, 0);
    drive(d, 0, 3, 16);
    ATTENTION(0x29, 0, 0);
    /* A chain of more than 4 GiB (2.7.5.2) is none. */
    enum { TOO_MANY = (int)((4ull << 30) / RAM_BYTES) + 2 };
    static struct piece most[TOO_MANY] = { { HEAD_AT, 51, 0 }, { ANSWER_AT, sizeof answer, D_WRITE } };
    for (unsigned k = 2; k < TOO_MANY; k++)
        most[k] = (struct piece){ RAM_AT, RAM_BYTES, D_WRITE };
    drive(d, VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC), 3, 16);
    put_chain(d, 2, 0, most, TOO_MANY, BUFFERS_AT + 0x200000);
    notify(d, 2);
    CHECK(reg(d, R_STATUS) & 64);
    bench_free(b);
    return failures != 0;
}
