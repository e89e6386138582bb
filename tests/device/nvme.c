/*
 * NVM Express as a driver sees it: registers, queues, data by PRPs and SGLs, admin and I/O commands with their statuses, events,
 * shadow doorbells, interrupts. Values are of the NVM Express Base Specification 1.4.
 */
#include "nvme/nvme.h"
#include "pci_bench.h"

enum { SLOT = 1, BAR = WINDOW_AT, TABLE = WINDOW_AT + 0x100000, DISK = 4 << 20, ENTRIES = 16 };
enum { CC = 0x14, CSTS = 0x1c, BELLS = 0x1000, EN = 1, CC_ON = EN | 6 << 16 | 4 << 20 };
enum { ASQ_AT = RAM_AT + 0x10000, ACQ_AT = RAM_AT + 0x20000, QUEUES_AT = RAM_AT + 0x100000, DATA = RAM_AT + 0x400000, LISTS = RAM_AT + 0x800000, SHADOW = RAM_AT + 0xf00000 };
#define DNR(s) ((s) | NVME_DNR)

static struct bench *b;
static struct queue { gpa_t sq, cq; unsigned sq_size, cq_size, tail, head, phase; bool silent; } q[4];
static uint32_t result;
static uint8_t disk[DISK];
static uint16_t next_cid = 1;

static uint32_t reg(unsigned r) { return (uint32_t)bench_read(b, BAR + r, 4); }
static void set_reg(unsigned r, uint32_t v) { bench_write(b, BAR + r, 4, v); }

static void put(unsigned id, const struct nvme_command *c)
{
    memcpy(ram(b, q[id].sq + 64 * q[id].tail), c, sizeof *c);
    q[id].tail = (q[id].tail + 1) % q[id].sq_size;
}
static void ring(unsigned id) { set_reg(BELLS + 8 * id, q[id].tail); }

static bool has_entry(unsigned id)
{
    const uint8_t *e = ram(b, q[id].cq + 16 * q[id].head);
    return (__atomic_load_n((const uint32_t *)(const void *)(e + 12), __ATOMIC_ACQUIRE) >> 16 & 1) == q[id].phase;
}

/* The next completion: its status, its command's number in *cid; ~0: none in two seconds. */
static unsigned take(unsigned id, unsigned *cid)
{
    for (unsigned t = 0; t < 2000 && !has_entry(id); t++)
        pause_ms(1);
    if (!has_entry(id))
        return ~0u;
    uint32_t e[4];
    memcpy(e, ram(b, q[id].cq + 16 * q[id].head), 16);
    CHECK((e[2] >> 16) == id && e[1] == 0);
    result = e[0];
    *cid = e[3] & 0xffff;
    if (++q[id].head == q[id].cq_size) {
        q[id].head = 0;
        q[id].phase ^= 1;
    }
    if (!q[id].silent)
        set_reg(BELLS + 8 * id + 4, q[id].head);
    return e[3] >> 17;
}

static unsigned run(unsigned id, struct nvme_command c)
{
    unsigned cid, status;
    c.cid = next_cid++;
    put(id, &c);
    ring(id);
    status = take(id, &cid);
    CHECK(cid == c.cid);
    return status;
}
#define ADMIN(...) run(0, (struct nvme_command){ __VA_ARGS__ })
#define IO(...) run(1, (struct nvme_command){ __VA_ARGS__ })

static bool start(void)
{
    q[0] = (struct queue){ ASQ_AT, ACQ_AT, ENTRIES, ENTRIES, 0, 0, 1, false };
    memset(ram(b, ACQ_AT), 0, 0x1000);
    set_reg(CC, 0);
    set_reg(0x24, (ENTRIES - 1) | (ENTRIES - 1) << 16);
    bench_write(b, BAR + 0x28, 8, ASQ_AT);
    set_reg(0x30, ACQ_AT);
    set_reg(0x34, 0);
    set_reg(CC, CC_ON);
    return reg(CSTS) == 1;
}

static unsigned create(unsigned id, unsigned size, unsigned vector)
{
    q[id] = (struct queue){ QUEUES_AT + 0x20000 * id, QUEUES_AT + 0x20000 * id + 0x10000, size, size, 0, 0, 1, false };
    memset(ram(b, q[id].cq), 0, 0x10000);
    unsigned status = ADMIN(.opcode = ADMIN_CREATE_CQ, .prp1 = q[id].cq, .cdw10 = id | (size - 1) << 16, .cdw11 = 3 | vector << 16);
    return status ? status : ADMIN(.opcode = ADMIN_CREATE_SQ, .prp1 = q[id].sq, .cdw10 = id | (size - 1) << 16, .cdw11 = 1 | id << 16);
}

/* --------------------------------------------------------------------------- registers */

static void registers(void)
{
    CHECK(get_config(b, SLOT, PCI_CLASS, 3) == 0x010802);
    uint64_t cap = bench_read(b, BAR, 8);
    CHECK((cap & 0xffff) == 2047 && (cap >> 16 & 1) == 1 && (cap >> 32 & 15) == 0 && !(cap >> 36 & 1) && (cap >> 37 & 1) && (cap >> 48 & 15) == 0 && (cap >> 52 & 15) == 4);
    CHECK(reg(0) == (uint32_t)cap && reg(4) == cap >> 32 && reg(8) == 0x00010400 && reg(CSTS) == 0 && reg(0x20) == 0);
    set_reg(0, 0);
    set_reg(CSTS, 3);
    CHECK(reg(0) == (uint32_t)cap && reg(CSTS) == 0);
    /* No queues, a page that is too large, another command set: fatal, until it is switched off. */
    static const uint32_t bad[] = { CC_ON | 5 << 7, CC_ON | 6 << 4, CC_ON | 1 << 11 };
    for (unsigned k = 0; k < 4; k++) {
        start();
        set_reg(CC, 0);
        CHECK(reg(CSTS) == 0);
        if (k == 3)
            set_reg(0x24, 0);
        set_reg(CC, k < 3 ? bad[k] : CC_ON);
        CHECK(reg(CSTS) == 2);
        set_reg(CC, 0);
        CHECK(reg(CSTS) == 0);
    }
    set_reg(0x34, 0x7f);
    set_reg(0x24, 0x30003);
    set_reg(CC, CC_ON);
    CHECK(reg(CSTS) == 2); /* a queue that is not in memory */
    CHECK(start());
}

/* ---------------------------------------------------------------------------- identify */

static uint64_t field(gpa_t at, unsigned n) { uint64_t v = 0; memcpy(&v, ram(b, at), n); return v; }

static void identify(void)
{
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .cdw10 = 1) == 0);
    CHECK(field(DATA, 2) == 0x1b36 && !memcmp(ram(b, DATA + 4), "serial 7            ", 20) && field(DATA + 77, 1) == 5 && field(DATA + 80, 4) == 0x10400);
    CHECK(field(DATA + 512, 2) == 0x4466 && field(DATA + 516, 4) == 256 && field(DATA + 256, 2) == 0x102 && field(DATA + 520, 2) == 0xdd);
    CHECK(field(DATA + 524, 1) == 0 && field(DATA + 525, 1) == 7 && (field(DATA + 536, 4) & 3) == 1 && field(DATA + 111, 1) == 1);
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .nsid = 1) == 0);
    CHECK(field(DATA, 8) == DISK / 512 && field(DATA + 8, 8) == DISK / 512 && field(DATA + 26, 1) == 0 && field(DATA + 128, 4) == 9 << 16 && field(DATA + 132, 4) == 12 << 16);
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .nsid = 3) == 0 && field(DATA, 8) == DISK / 4096 && field(DATA + 26, 1) == 1 && field(DATA + 99, 1) == 1);
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .nsid = 2) == 0 && field(DATA, 8) == 0); /* not active: zeroes */
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .nsid = 0) == DNR(NVME_INVALID_NAMESPACE));
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .nsid = 257) == DNR(NVME_INVALID_NAMESPACE));
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .cdw10 = 2) == 0 && field(DATA, 8) == (1 | 3ull << 32) && field(DATA + 8, 4) == 0);
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .cdw10 = 2, .nsid = 1) == 0 && field(DATA, 8) == 3);
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .cdw10 = 2, .nsid = 0xfffffffe) == DNR(NVME_INVALID_NAMESPACE));
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .cdw10 = 3, .nsid = 3) == 0);
    CHECK(field(DATA, 4) == 0x1003 && field(DATA + 4, 4) == 0x78563412 && field(DATA + 20, 4) == 0x0801 && field(DATA + 24, 4) == 0x00005452 && field(DATA + 28, 4) == 0x77000000 && field(DATA + 32, 4) == 0x0104);
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .cdw10 = 3, .nsid = 2) == DNR(NVME_INVALID_FIELD));
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .cdw10 = 0x77) == DNR(NVME_INVALID_FIELD));
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA + 2, .cdw10 = 1) == DNR(NVME_PRP_OFFSET));
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA + 0x800, .prp2 = DATA + 0x3000, .cdw10 = 1) == 0 && field(DATA + 0x800, 2) == 0x1b36 && field(DATA + 0x3000, 2) == 0x9c4);
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA + 0x800, .prp2 = DATA + 0x3008, .cdw10 = 1) == DNR(NVME_PRP_OFFSET));
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = 0x1000, .cdw10 = 1) == DNR(NVME_DATA_TRANSFER));
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .cdw10 = 1, .flags = 0x40) == DNR(NVME_INVALID_FIELD)); /* SGLs are not for these */
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .cdw10 = 1, .flags = 1) == DNR(NVME_INVALID_FIELD));    /* fused */
    CHECK(ADMIN(.opcode = 0x55) == DNR(NVME_INVALID_OPCODE));
}

/* ------------------------------------------------------------------------------ queues */

static void queues(void)
{
    gpa_t at = QUEUES_AT + 0x20000;
    CHECK(ADMIN(.opcode = ADMIN_SET_FEATURES, .cdw10 = 7, .cdw11 = 0x30003) == 0 && result == 0x30003);
    CHECK(ADMIN(.opcode = ADMIN_SET_FEATURES, .cdw10 = 7, .cdw11 = 0xffff0000) == DNR(NVME_INVALID_FIELD));
    CHECK(ADMIN(.opcode = ADMIN_CREATE_SQ, .prp1 = at, .cdw10 = 1 | 15 << 16, .cdw11 = 1 | 1 << 16) == DNR(NVME_CQ_INVALID));
    CHECK(ADMIN(.opcode = ADMIN_CREATE_SQ, .prp1 = at, .cdw10 = 1 | 15 << 16, .cdw11 = 1 | 9 << 16) == DNR(NVME_QUEUE_ID));
    CHECK(ADMIN(.opcode = ADMIN_CREATE_CQ, .prp1 = at, .cdw10 = 0 | 15 << 16, .cdw11 = 1) == DNR(NVME_QUEUE_ID));
    CHECK(ADMIN(.opcode = ADMIN_CREATE_CQ, .prp1 = at, .cdw10 = 5 | 15 << 16, .cdw11 = 1) == DNR(NVME_QUEUE_ID));
    CHECK(ADMIN(.opcode = ADMIN_CREATE_CQ, .prp1 = at, .cdw10 = 1, .cdw11 = 1) == DNR(NVME_QUEUE_SIZE));
    CHECK(ADMIN(.opcode = ADMIN_CREATE_CQ, .prp1 = at, .cdw10 = 1 | 2048 << 16, .cdw11 = 1) == DNR(NVME_QUEUE_SIZE));
    CHECK(ADMIN(.opcode = ADMIN_CREATE_CQ, .prp1 = at + 8, .cdw10 = 1 | 15 << 16, .cdw11 = 1) == DNR(NVME_PRP_OFFSET));
    CHECK(ADMIN(.opcode = ADMIN_CREATE_CQ, .prp1 = at, .cdw10 = 1 | 15 << 16, .cdw11 = 0) == DNR(NVME_INVALID_FIELD));
    CHECK(ADMIN(.opcode = ADMIN_CREATE_CQ, .prp1 = at, .cdw10 = 1 | 15 << 16, .cdw11 = 3 | 8 << 16) == DNR(NVME_VECTOR));
    CHECK(ADMIN(.opcode = ADMIN_CREATE_CQ, .prp1 = 0x1000, .cdw10 = 1 | 15 << 16, .cdw11 = 1) == DNR(NVME_DATA_TRANSFER));
    CHECK(create(1, ENTRIES, 1) == 0);
    CHECK(create(1, ENTRIES, 1) == DNR(NVME_QUEUE_ID));
    CHECK(ADMIN(.opcode = ADMIN_SET_FEATURES, .cdw10 = 7, .cdw11 = 0) == DNR(NVME_SEQUENCE));
    CHECK(ADMIN(.opcode = ADMIN_DELETE_CQ, .cdw10 = 1) == DNR(NVME_QUEUE_DELETION));
    CHECK(ADMIN(.opcode = ADMIN_DELETE_SQ, .cdw10 = 0) == DNR(NVME_QUEUE_ID) && ADMIN(.opcode = ADMIN_DELETE_SQ, .cdw10 = 2) == DNR(NVME_QUEUE_ID));
    CHECK(ADMIN(.opcode = ADMIN_DELETE_SQ, .cdw10 = 1) == 0 && ADMIN(.opcode = ADMIN_DELETE_SQ, .cdw10 = 1) == DNR(NVME_QUEUE_ID));
    CHECK(ADMIN(.opcode = ADMIN_DELETE_CQ, .cdw10 = 1) == 0 && ADMIN(.opcode = ADMIN_DELETE_CQ, .cdw10 = 1) == DNR(NVME_QUEUE_ID));
    CHECK(create(1, ENTRIES, 1) == 0);
}

/* A completion queue that is full: what does not fit waits, nothing is lost. */
static void full(void)
{
    unsigned cid, at = caught.n;
    CHECK(create(2, 16, 2) == 0);
    q[2].cq_size = 4;
    CHECK(ADMIN(.opcode = ADMIN_DELETE_SQ, .cdw10 = 2) == 0 && ADMIN(.opcode = ADMIN_DELETE_CQ, .cdw10 = 2) == 0);
    memset(ram(b, q[2].cq), 0, 256);
    CHECK(ADMIN(.opcode = ADMIN_CREATE_CQ, .prp1 = q[2].cq, .cdw10 = 2 | 3 << 16, .cdw11 = 3 | 2 << 16) == 0);
    CHECK(ADMIN(.opcode = ADMIN_CREATE_SQ, .prp1 = q[2].sq, .cdw10 = 2 | 15 << 16, .cdw11 = 1 | 2 << 16) == 0);
    q[2].tail = q[2].head = 0;
    q[2].phase = 1;
    for (unsigned k = 0; k < 12; k++)
        put(2, &(struct nvme_command){ .opcode = IO_READ, .cid = (uint16_t)(100 + k), .nsid = 1, .prp1 = DATA, .cdw10 = k });
    at = caught.n;
    ring(2);
    CHECK(wait_caught(at + 1) > at && caught.at[at % 16] == 8 && caught.value[at % 16] == 2);
    pause_ms(50);
    CHECK(field(q[2].cq + 12, 4) >> 16 == 1 && field(q[2].cq + 28, 4) >> 16 == 1 && field(q[2].cq + 44, 4) >> 16 == 1 && field(q[2].cq + 60, 4) == 0);
    unsigned seen = 0;
    for (unsigned k = 0; k < 12; k++) {
        CHECK(take(2, &cid) == 0 && cid >= 100 && cid < 112);
        seen |= 1u << (cid - 100);
    }
    CHECK(seen == 0xfff && !has_entry(2));
    CHECK(ADMIN(.opcode = ADMIN_DELETE_SQ, .cdw10 = 2) == 0 && ADMIN(.opcode = ADMIN_DELETE_CQ, .cdw10 = 2) == 0);
}

/* -------------------------------------------------------------------------------- data */

static void fill(gpa_t at, unsigned n, unsigned seed)
{
    for (unsigned k = 0; k < n; k++)
        ram(b, at)[k] = (uint8_t)(seed * 17 + k * 3 + (k >> 9));
}

static void data(void)
{
    fill(DATA, 8192, 1);
    CHECK(IO(.opcode = IO_WRITE, .nsid = 1, .prp1 = DATA, .prp2 = DATA + 4096, .cdw10 = 100, .cdw12 = 15) == 0);
    memset(ram(b, DATA + 0x10000), 0, 0x10000);
    CHECK(IO(.opcode = IO_READ, .nsid = 1, .prp1 = DATA + 0x10200, .prp2 = DATA + 0x12000, .cdw10 = 100, .cdw12 = 7) == 0);
    CHECK(!memcmp(ram(b, DATA + 0x10200), ram(b, DATA), 0xe00) && !memcmp(ram(b, DATA + 0x12000), ram(b, DATA + 0xe00), 0x200));
    CHECK(memcmp(ram(b, DATA + 0x10000), ram(b, DATA), 16) != 0);
    /* A list, its last entry in a page goes to another: 128 KiB from an offset, the list begins at the end of a page. */
    gpa_t list = LISTS + 0xff0;
    uint64_t entries[2] = { DATA + 0x41000, LISTS + 0x2000 };
    memcpy(ram(b, list), entries, 16);
    for (unsigned k = 0; k < 31; k++)
        memcpy(ram(b, LISTS + 0x2000 + 8 * k), &(uint64_t){ DATA + 0x42000 + 0x1000 * k }, 8);
    fill(DATA + 0x40000, 128 << 10, 5);
    CHECK(IO(.opcode = IO_WRITE, .nsid = 1, .prp1 = DATA + 0x40000, .prp2 = list, .cdw10 = 1000, .cdw12 = 255) == 0);
    memset(ram(b, DATA + 0x80000), 0, 128 << 10);
    struct { uint64_t at; uint32_t n; uint8_t zero[3], type; } sgl[4] = { { DATA + 0x80000, 1, { 0 }, 0 }, { DATA + 0x80001, 65535, { 0 }, 0 },
        { LISTS + 0x5000, 32, { 0 }, 0x30 }, { 0 } }, more[2] = { { 0, 512, { 0 }, 0x10 }, { DATA + 0x90200, 65024, { 0 }, 0 } };
    memcpy(ram(b, LISTS + 0x4000), sgl, 48);
    memcpy(ram(b, LISTS + 0x5000), more, 32);
    #define SGL(at_, n_, type_) .flags = 0x40, .prp1 = (at_), .prp2 = (n_) | (uint64_t)(type_) << 56
    CHECK(IO(.opcode = IO_READ, .nsid = 1, SGL(LISTS + 0x4000, 48, 0x20), .cdw10 = 1000, .cdw12 = 255) == 0);
    CHECK(!memcmp(ram(b, DATA + 0x80000), ram(b, DATA + 0x40000), 65536) && !memcmp(ram(b, DATA + 0x90200), ram(b, DATA + 0x50200), 65024));
    CHECK(field(DATA + 0x90000, 8) == 0); /* the bucket */
    CHECK(IO(.opcode = IO_READ, .nsid = 1, SGL(DATA + 0xa0003, 1024, 0), .cdw10 = 1000) == 0 && !memcmp(ram(b, DATA + 0xa0003), ram(b, DATA + 0x40000), 512));
    /* What is wrong with lists has names. */
    CHECK(IO(.opcode = IO_READ, .nsid = 1, SGL(DATA, 511, 0)) == DNR(NVME_SGL_LENGTH));
    CHECK(IO(.opcode = IO_READ, .nsid = 1, SGL(DATA, 512, 0x40)) == DNR(NVME_SGL_TYPE) && IO(.opcode = IO_READ, .nsid = 1, SGL(DATA, 512, 0x01)) == DNR(NVME_SGL_TYPE));
    CHECK(IO(.opcode = IO_READ, .nsid = 1, SGL(LISTS + 0x4000, 40, 0x20)) == DNR(NVME_SGL_SEGMENT) && IO(.opcode = IO_READ, .nsid = 1, SGL(LISTS, 0, 0x30)) == DNR(NVME_SGL_SEGMENT));
    CHECK(IO(.opcode = IO_READ, .nsid = 1, SGL(LISTS + 0x4000, 48, 0x30), .cdw12 = 255) == DNR(NVME_SGL_SEGMENT)); /* the last one, and it goes on */
    CHECK(IO(.opcode = IO_READ, .nsid = 1, SGL(LISTS + 0x4000, 64, 0x20), .cdw12 = 255) == DNR(NVME_SGL_COUNT)); /* a segment before the end */
    CHECK(IO(.opcode = IO_READ, .nsid = 1, SGL(LISTS + 0x5000, 32, 0x30), .cdw12 = 255) == DNR(NVME_SGL_LENGTH));
    CHECK(IO(.opcode = IO_READ, .nsid = 1, SGL(0x1000, 512, 0)) == DNR(NVME_DATA_TRANSFER) && IO(.opcode = IO_READ, .nsid = 1, SGL(0x1000, 32, 0x20)) == DNR(NVME_DATA_TRANSFER));
    CHECK(IO(.opcode = IO_READ, .nsid = 1, .flags = 0xc0, .prp1 = DATA) == DNR(NVME_INVALID_FIELD));
    struct { uint64_t at; uint32_t n; uint8_t zero[3], type; } round = { LISTS + 0x6000, 16, { 0 }, 0x20 };
    memcpy(ram(b, LISTS + 0x6000), &round, 16); /* a segment that is its own next */
    CHECK(IO(.opcode = IO_READ, .nsid = 1, SGL(LISTS + 0x6000, 16, 0x20)) == DNR(NVME_SGL_COUNT));
    memset(ram(b, LISTS + 0x7000), 0, 4096); /* descriptors of nothing */
    CHECK(IO(.opcode = IO_READ, .nsid = 1, SGL(LISTS + 0x7000, 0xfffffff0, 0x20)) == DNR(NVME_SGL_COUNT));
    for (unsigned k = 0; k < 2048; k++) { /* a byte each: more of them than so few pages are worth */
        round.at = DATA + 2 * k;
        round.n = 1;
        round.type = 0;
        memcpy(ram(b, LISTS + 0x10000 + 16 * k), &round, 16);
    }
    CHECK(IO(.opcode = IO_READ, .nsid = 1, SGL(LISTS + 0x10000, 16 * 512, 0x30)) == 0);
    CHECK(IO(.opcode = IO_READ, .nsid = 1, SGL(LISTS + 0x10000, 16 * 2048, 0x30), .cdw12 = 3) == DNR(NVME_SGL_COUNT));
    CHECK(IO(.opcode = IO_READ, .nsid = 1, .prp1 = DATA, .prp2 = LISTS + 4, .cdw12 = 63) == DNR(NVME_PRP_OFFSET));
    memcpy(ram(b, LISTS + 8), &(uint64_t){ DATA + 8 }, 8);
    memcpy(ram(b, LISTS), &(uint64_t){ DATA + 0x1000 }, 8);
    CHECK(IO(.opcode = IO_READ, .nsid = 1, .prp1 = DATA, .prp2 = LISTS, .cdw12 = 63) == DNR(NVME_PRP_OFFSET));
    CHECK(IO(.opcode = IO_READ, .nsid = 1, .prp1 = DATA, .prp2 = 0x2000, .cdw12 = 63) == DNR(NVME_DATA_TRANSFER));
    CHECK(IO(.opcode = IO_READ, .nsid = 1, .prp1 = DATA, .prp2 = LISTS, .cdw12 = 256) == DNR(NVME_INVALID_FIELD)); /* more than MDTS */
    CHECK(IO(.opcode = IO_READ, .nsid = 1, .prp1 = DATA, .cdw10 = DISK / 512) == DNR(NVME_LBA_RANGE));
    CHECK(IO(.opcode = IO_READ, .nsid = 1, .prp1 = DATA, .cdw10 = DISK / 512 - 1) == 0);
    CHECK(IO(.opcode = IO_READ, .nsid = 1, .prp1 = DATA, .cdw10 = DISK / 512 - 1, .cdw12 = 1) == DNR(NVME_LBA_RANGE));
    CHECK(IO(.opcode = IO_READ, .nsid = 1, .prp1 = DATA, .cdw10 = 0xffffffff, .cdw11 = 0xffffffff, .cdw12 = 1) == DNR(NVME_LBA_RANGE));
    CHECK(IO(.opcode = IO_READ, .nsid = 2, .prp1 = DATA) == DNR(NVME_INVALID_FIELD) && IO(.opcode = IO_READ, .nsid = 0, .prp1 = DATA) == DNR(NVME_INVALID_NAMESPACE));
    CHECK(IO(.opcode = IO_READ, .nsid = NVME_ALL, .prp1 = DATA) == DNR(NVME_INVALID_NAMESPACE) && IO(.opcode = 0x7f, .nsid = 1) == DNR(NVME_INVALID_OPCODE));
    CHECK(IO(.opcode = IO_WRITE, .nsid = 3, .prp1 = DATA) == DNR(NVME_WRITE_PROTECTED) && IO(.opcode = IO_READ, .nsid = 3, .prp1 = DATA) == 0);
}

static void commands(void)
{
    fill(DATA, 4096, 9);
    CHECK(IO(.opcode = IO_WRITE, .nsid = 1, .prp1 = DATA, .cdw10 = 64, .cdw12 = 7 | 1 << 30) == 0 && IO(.opcode = IO_FLUSH, .nsid = 1) == 0);
    CHECK(IO(.opcode = IO_FLUSH, .nsid = NVME_ALL) == 0 && IO(.opcode = IO_FLUSH, .nsid = 2) == DNR(NVME_INVALID_FIELD));
    CHECK(IO(.opcode = IO_COMPARE, .nsid = 1, .prp1 = DATA, .cdw10 = 64, .cdw12 = 7) == 0);
    ram(b, DATA)[4095] ^= 1;
    CHECK(IO(.opcode = IO_COMPARE, .nsid = 1, .prp1 = DATA, .cdw10 = 64, .cdw12 = 7) == DNR(NVME_COMPARE_FAILURE));
    CHECK(IO(.opcode = IO_VERIFY, .nsid = 1, .cdw10 = 0, .cdw12 = 8191) == 0 && IO(.opcode = IO_VERIFY, .nsid = 1, .cdw10 = 1, .cdw12 = 8191) == DNR(NVME_LBA_RANGE));
    CHECK(IO(.opcode = IO_WRITE_ZEROES, .nsid = 1, .cdw10 = 65, .cdw12 = 1) == 0 && IO(.opcode = IO_READ, .nsid = 1, .prp1 = DATA + 4096, .cdw10 = 64, .cdw12 = 7) == 0);
    CHECK(!memcmp(ram(b, DATA), ram(b, DATA + 4096), 512) && block_is_zero(ram(b, DATA + 4096 + 512), 1024) && field(DATA + 4096 + 1536, 8) == field(DATA + 1536, 8));
    CHECK(IO(.opcode = IO_WRITE_ZEROES, .nsid = 1, .cdw10 = 0, .cdw12 = 65535 | 1 << 25) == DNR(NVME_LBA_RANGE));
    struct { uint32_t attributes, n; uint64_t first; } r[3] = { { 0, 8, 64 }, { 0, 0, 0 }, { 0, 8, 128 } };
    memcpy(ram(b, DATA + 0x2000), r, sizeof r);
    CHECK(IO(.opcode = IO_DATASET, .nsid = 1, .prp1 = DATA + 0x2000, .cdw10 = 2, .cdw11 = 4) == 0);
    CHECK(IO(.opcode = IO_READ, .nsid = 1, .prp1 = DATA + 4096, .cdw10 = 64, .cdw12 = 7) == 0 && block_is_zero(ram(b, DATA + 4096), 4096));
    r[2].first = DISK / 512 - 7;
    memcpy(ram(b, DATA + 0x2000), r, sizeof r);
    CHECK(IO(.opcode = IO_DATASET, .nsid = 1, .prp1 = DATA + 0x2000, .cdw10 = 2, .cdw11 = 4) == DNR(NVME_LBA_RANGE));
    CHECK(IO(.opcode = IO_DATASET, .nsid = 1, .prp1 = DATA + 0x2000, .cdw10 = 2, .cdw11 = 3) == 0); /* hints */
    CHECK(IO(.opcode = IO_DATASET, .nsid = 3, .prp1 = DATA + 0x2000, .cdw10 = 1, .cdw11 = 4) == DNR(NVME_WRITE_PROTECTED));
    CHECK(ADMIN(.opcode = ADMIN_FORMAT, .nsid = 1, .cdw10 = 5) == DNR(NVME_FORMAT) && ADMIN(.opcode = ADMIN_FORMAT, .nsid = 1, .cdw10 = 1 << 5) == DNR(NVME_FORMAT));
    CHECK(ADMIN(.opcode = ADMIN_FORMAT, .nsid = 1, .cdw10 = 2 << 9) == DNR(NVME_INVALID_FIELD) && ADMIN(.opcode = ADMIN_FORMAT, .nsid = 2) == DNR(NVME_INVALID_FIELD));
    CHECK(ADMIN(.opcode = ADMIN_FORMAT, .nsid = NVME_ALL, .cdw10 = 1) == DNR(NVME_WRITE_PROTECTED));
    CHECK(ADMIN(.opcode = ADMIN_FORMAT, .nsid = 1, .cdw10 = 1) == 0);
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .nsid = 1) == 0 && field(DATA, 8) == DISK / 4096 && field(DATA + 26, 1) == 1);
    CHECK(IO(.opcode = IO_READ, .nsid = 1, .prp1 = DATA + 4096, .cdw10 = 125) == 0 && block_is_zero(ram(b, DATA + 4096), 4096));
    CHECK(ADMIN(.opcode = ADMIN_FORMAT, .nsid = 1, .cdw10 = 0) == 0);
}

/* ------------------------------------------------------------------- features, logs, events */

static void features(void)
{
    CHECK(ADMIN(.opcode = ADMIN_GET_FEATURES, .cdw10 = 6) == 0 && result == 1);
    CHECK(ADMIN(.opcode = ADMIN_SET_FEATURES, .cdw10 = 6, .cdw11 = 0) == 0 && ADMIN(.opcode = ADMIN_GET_FEATURES, .cdw10 = 6) == 0 && result == 0);
    CHECK(ADMIN(.opcode = ADMIN_GET_FEATURES, .cdw10 = 6 | 1 << 8) == 0 && result == 1 && ADMIN(.opcode = ADMIN_GET_FEATURES, .cdw10 = 6 | 3 << 8) == 0 && result == 4);
    CHECK(ADMIN(.opcode = ADMIN_SET_FEATURES, .cdw10 = 6 | 1u << 31, .cdw11 = 1) == DNR(NVME_NOT_SAVEABLE) && ADMIN(.opcode = ADMIN_SET_FEATURES, .cdw10 = 6, .cdw11 = 1) == 0);
    CHECK(ADMIN(.opcode = ADMIN_SET_FEATURES, .cdw10 = 6, .nsid = 1, .cdw11 = 1) == DNR(NVME_NOT_OF_NAMESPACES));
    CHECK(ADMIN(.opcode = ADMIN_GET_FEATURES, .cdw10 = 0x33) == DNR(NVME_INVALID_FIELD) && ADMIN(.opcode = ADMIN_SET_FEATURES, .cdw10 = 0) == DNR(NVME_INVALID_FIELD));
    CHECK(ADMIN(.opcode = ADMIN_GET_FEATURES, .cdw10 = 5) == DNR(NVME_INVALID_NAMESPACE) && ADMIN(.opcode = ADMIN_GET_FEATURES, .cdw10 = 5, .nsid = 1) == 0);
    CHECK(ADMIN(.opcode = ADMIN_SET_FEATURES, .cdw10 = 9, .cdw11 = 2 | 1 << 16) == 0 && ADMIN(.opcode = ADMIN_GET_FEATURES, .cdw10 = 9, .cdw11 = 2) == 0 && result == (2 | 1 << 16));
    CHECK(ADMIN(.opcode = ADMIN_GET_FEATURES, .cdw10 = 9, .cdw11 = 8) == DNR(NVME_INVALID_FIELD));
    memcpy(ram(b, DATA), &(uint64_t){ 1700000000000 }, 8);
    CHECK(ADMIN(.opcode = ADMIN_SET_FEATURES, .cdw10 = 0x0e, .prp1 = DATA) == 0 && ADMIN(.opcode = ADMIN_GET_FEATURES, .cdw10 = 0x0e, .prp1 = DATA + 64) == 0);
    CHECK((field(DATA + 64, 8) & 0xffffffffffff) - 1700000000000 < 10000 && field(DATA + 70, 1) == 2);
}

static unsigned get_log(unsigned log, uint32_t nsid, unsigned bytes, uint64_t offset, bool keep)
{
    return ADMIN(.opcode = ADMIN_GET_LOG, .nsid = nsid, .prp1 = DATA, .prp2 = DATA + 4096, .cdw10 = log | keep << 15 | (bytes / 4 - 1) << 16, .cdw12 = (uint32_t)offset,
                 .cdw13 = offset >> 32);
}

static void event_request(uint16_t cid)
{
    put(0, &(struct nvme_command){ .opcode = ADMIN_EVENT_REQUEST, .cid = cid });
    ring(0);
}

static void logs(void)
{
    unsigned cid;
    CHECK(get_log(2, NVME_ALL, 512, 0, false) == 0 && field(DATA, 1) == 0 && field(DATA + 1, 2) == 323 && field(DATA + 3, 1) == 100 && field(DATA + 64, 8) > 10 && field(DATA + 32, 8) >= 1);
    CHECK(get_log(2, 1, 512, 0, false) == 0 && get_log(2, 2, 512, 0, false) == DNR(NVME_INVALID_FIELD) && get_log(2, 300, 512, 0, false) == DNR(NVME_INVALID_NAMESPACE));
    CHECK(get_log(3, 0, 512, 0, false) == 0 && field(DATA, 1) == 1 && get_log(5, 0, 4096, 0, false) == 0 && field(DATA + 4 * ADMIN_IDENTIFY, 4) == 1 && (field(DATA + 1024 + 4, 4) & 3) == 3);
    CHECK(get_log(5, 0, 16, 1024, false) == 0 && (field(DATA + 4, 4) & 3) == 3 && get_log(5, 0, 16, 4096, false) == DNR(NVME_INVALID_FIELD));
    CHECK(get_log(5, 0, 16, 2, false) == DNR(NVME_INVALID_FIELD) && get_log(0x70, 0, 16, 0, false) == DNR(NVME_LOG_PAGE) && get_log(4, 0, 4096, 0, false) == 0);
    CHECK(get_log(1, 0, 64, 0, false) == 0);
    /* Events: four may wait, the fifth request is too many; a type is told once until its log is read. */
    for (uint16_t k = 0; k < 5; k++)
        event_request((uint16_t)(500 + k));
    CHECK(take(0, &cid) == DNR(NVME_EVENT_LIMIT) && cid == 504 && !has_entry(0));
    set_reg(BELLS + 8, 77); /* a tail beyond its queue */
    CHECK(take(0, &cid) == 0 && cid == 500 && result == (1 << 8 | 1 << 16));
    set_reg(BELLS + 8 * 3, 0); /* no such queue */
    pause_ms(20);
    CHECK(!has_entry(0) && get_log(1, 0, 64, 0, true) == 0 && !has_entry(0));
    put(0, &(struct nvme_command){ .opcode = ADMIN_GET_LOG, .cid = 600, .prp1 = DATA, .cdw10 = 1 | 15 << 16 });
    ring(0);
    CHECK(take(0, &cid) == 0 && cid == 501 && result == 1 << 16); /* before the log's own: it had been told by reading */
    CHECK(take(0, &cid) == 0 && cid == 600);
    CHECK(ADMIN(.opcode = ADMIN_SET_FEATURES, .cdw10 = 0x0b, .cdw11 = 0x1ff) == 0);
    put(0, &(struct nvme_command){ .opcode = ADMIN_SET_FEATURES, .cid = 601, .cdw10 = 4, .cdw11 = 300 }); /* too hot */
    ring(0);
    CHECK(take(0, &cid) == 0 && cid == 502 && result == (1 | 1 << 8 | 2 << 16) && take(0, &cid) == 0 && cid == 601);
    CHECK(get_log(2, NVME_ALL, 512, 0, false) == 0 && field(DATA, 1) == 2 && ADMIN(.opcode = ADMIN_SET_FEATURES, .cdw10 = 4, .cdw11 = 343) == 0);
    put(0, &(struct nvme_command){ .opcode = ADMIN_ABORT, .cid = 700, .cdw10 = 503u << 16 });
    ring(0);
    CHECK(take(0, &cid) == NVME_ABORT_REQUESTED && cid == 503 && take(0, &cid) == 0 && cid == 700 && result == 0);
    CHECK(ADMIN(.opcode = ADMIN_ABORT, .cdw10 = 1 | 5 << 16) == 0 && result == 1);
}

/* A namespace that comes and one that changes its size: an event, the list of those. */
static void changes(void)
{
    char err[256];
    unsigned cid;
    event_request(800);
    bench_drive("/tmp/myna-nvme-test", ",id=e,index=9", disk, DISK / 2);
    machine_lock_enter();
    b->m.complete = true;
    CHECK(device_add(&b->m, "nvme-ns,bus=n,drive=e,id=ns,nsid=7", err, sizeof err));
    CHECK(!device_add(&b->m, "nvme-ns,bus=n,drive=e,nsid=8", err, sizeof err));
    CHECK(!device_add(&b->m, "nvme-ns,bus=n,drive=e,nsid=7", err, sizeof err));
    machine_lock_leave();
    CHECK(take(0, &cid) == 0 && cid == 800 && result == (2 | 4 << 16));
    CHECK(get_log(4, 0, 4096, 0, false) == 0 && field(DATA, 8) == 7);
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .nsid = 7) == 0 && field(DATA, 8) == DISK / 1024);
    event_request(801);
    bool none;
    machine_lock_enter();
    CHECK(device_del(&b->m, "ns", &none, err, sizeof err));
    machine_lock_leave();
    CHECK(take(0, &cid) == 0 && cid == 801 && get_log(4, 0, 4096, 0, false) == 0 && field(DATA, 8) == 7);
    CHECK(ADMIN(.opcode = ADMIN_IDENTIFY, .prp1 = DATA, .nsid = 7) == 0 && field(DATA, 8) == 0);
    CHECK(IO(.opcode = IO_READ, .nsid = 7, .prp1 = DATA) == DNR(NVME_INVALID_FIELD));
}

/* --------------------------------------------------------------- shadow doorbells, interrupts */

static void shadow(void)
{
    unsigned cid;
    memset(ram(b, SHADOW), 0, 8192);
    CHECK(ADMIN(.opcode = ADMIN_DOORBELL_BUFFER, .prp1 = SHADOW + 8, .prp2 = SHADOW + 4096) == DNR(NVME_INVALID_FIELD));
    CHECK(ADMIN(.opcode = ADMIN_DOORBELL_BUFFER, .prp1 = 0x1000, .prp2 = SHADOW + 4096) == DNR(NVME_DATA_TRANSFER));
    CHECK(ADMIN(.opcode = ADMIN_DOORBELL_BUFFER, .prp1 = SHADOW, .prp2 = SHADOW + 4096) == 0);
    CHECK(create(2, ENTRIES, 2) == 0);
    q[2].silent = true;
    uint32_t *bells = (uint32_t *)(void *)ram(b, SHADOW), *events = (uint32_t *)(void *)ram(b, SHADOW + 4096);
    for (unsigned k = 0; k < 100; k++) {
        put(2, &(struct nvme_command){ .opcode = IO_READ, .cid = (uint16_t)k, .nsid = 1, .prp1 = DATA });
        bells[4] = q[2].tail;
        CHECK(events[4] == (k % ENTRIES)); /* it has seen all: ring for the next */
        ring(2);
        CHECK(take(2, &cid) == 0 && cid == k);
        bells[5] = q[2].head; /* never rung */
    }
    CHECK(events[5] != q[2].head);
    /* Several of one ring, more than the tail that is rung; a shadow that makes no sense is not looked at. */
    for (unsigned k = 0; k < 3; k++)
        put(2, &(struct nvme_command){ .opcode = IO_READ, .cid = (uint16_t)k, .nsid = 1, .prp1 = DATA });
    bells[4] = q[2].tail;
    set_reg(BELLS + 16, (q[2].tail + ENTRIES - 2) % ENTRIES);
    for (unsigned k = 0; k < 3; k++)
        CHECK(take(2, &cid) == 0);
    bells[4] = 99;
    bells[5] = q[2].head;
    set_reg(BELLS + 16, q[2].tail);
    pause_ms(10);
    CHECK(!has_entry(2) && reg(CSTS) == 1);
    CHECK(ADMIN(.opcode = ADMIN_DELETE_SQ, .cdw10 = 2) == 0 && ADMIN(.opcode = ADMIN_DELETE_CQ, .cdw10 = 2) == 0);
}

static void pins(void)
{
    unsigned cid;
    set_config(b, SLOT, capability_at(b, SLOT, PCI_CAP_MSIX) + 2, 2, 0);
    CHECK(start() && !b->line[SLOT]);
    put(0, &(struct nvme_command){ .opcode = 0x55, .cid = 1 });
    ring(0);
    CHECK(b->line[SLOT]);
    set_reg(0x0c, 1); /* masked */
    CHECK(!b->line[SLOT] && reg(0x0c) == 1 && reg(0x10) == 1);
    set_reg(0x10, 1);
    CHECK(b->line[SLOT]);
    CHECK(take(0, &cid) == DNR(NVME_INVALID_OPCODE) && !b->line[SLOT]);
    CHECK(create(1, ENTRIES, 1) == DNR(NVME_VECTOR) && create(1, ENTRIES, 0) == 0);
    put(1, &(struct nvme_command){ .opcode = IO_READ, .nsid = 1, .cid = 9, .prp1 = DATA });
    ring(1);
    for (unsigned t = 0; t < 1000 && !b->line[SLOT]; t++)
        pause_ms(1);
    CHECK(b->line[SLOT] && take(1, &cid) == 0 && !b->line[SLOT]);
    set_reg(CC, CC_ON | 1 << 14); /* a normal shutdown */
    for (unsigned t = 0; t < 2000 && reg(CSTS) != 9; t++)
        pause_ms(1);
    CHECK(reg(CSTS) == 9);
    set_reg(CC, 0);
    CHECK(reg(CSTS) == 0);
    unsigned express = capability_at(b, SLOT, PCI_CAP_EXPRESS);
    CHECK(start() && express && (get_config(b, SLOT, express + 4, 4) >> 28 & 1));
    set_config(b, SLOT, express + 8, 2, 1 << 15); /* a reset of the function */
    CHECK(get_config(b, SLOT, PCI_COMMAND, 2) == 0 && get_config(b, SLOT, express + 8, 2) == 0);
    place_bar(b, SLOT, 0, BAR);
    CHECK(reg(CC) == 0 && reg(CSTS) == 0 && reg(0x24) == 0 && start());
    set_reg(CC, CC_ON | 15 << 7 | 1 << 4); /* pages and command set stay as long as it is on */
    CHECK(reg(CC) == CC_ON && (reg(CSTS) & 3) == 1);
    set_config(b, SLOT, PCI_COMMAND, 2, PCI_COMMAND_MEMORY); /* no bus master: nothing is fetched */
    put(0, &(struct nvme_command){ .opcode = ADMIN_IDENTIFY, .cid = 1, .prp1 = DATA, .cdw10 = 1 });
    ring(0);
    CHECK(!has_entry(0) && (reg(CSTS) & 2));
}

static void refusals(void)
{
    static const struct { const char *device, *word; } rows[] = {
        { "nvme", "serial=" }, { "nvme,serial=x,max_ioqpairs=0", "max_ioqpairs=0" }, { "nvme,serial=x,msix_qsize=0", "msix_qsize=0" }, { "nvme-ns", "nvme-bus" },
        { "nvme,serial=x,drive=c,logical_block_size=513", "block sizes" }, { "nvme,serial=x,mdts=99", "mdts=99" },
    };
    char err[256];
    machine_lock_enter();
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
        *err = 0;
        CHECK(!device_add(&b->m, rows[k].device, err, sizeof err) && strstr(err, rows[k].word));
    }
    machine_lock_leave();
}

/* What comes in a stream may be anybody's: an admin queue without its completion queue. */
static void hostile_state(void)
{
    machine_lock_enter();
    struct nvme *n = (struct nvme *)device_by_id(&b->m, "n");
    n->sq[0].cqid = 1;
    n->cq[1] = n->cq[0];
    memset(&n->cq[0], 0, sizeof n->cq[0]);
    n->csts = 1;
    n->p.d.type->loaded(&n->p.d);
    CHECK(n->csts & 2);
    nvme_tell(n, EVENT_ERROR, 0, LOG_ERROR);
    machine_lock_leave();
}

/* A namespace is asked to go, and its controller goes before it has. */
static void both_leave(void)
{
    char err[256];
    machine_lock_enter();
    struct device *n = device_by_id(&b->m, "n");
    CHECK(n->buses->first && n->buses->type->hot_unplug(n->buses, n->buses->first, err, sizeof err));
    device_unplugged(n);
    machine_lock_leave();
    usleep(20000);
    CHECK(!device_by_id(&b->m, "n"));
}

int main(void)
{
    b = bench_new();
    bench_pci(b);
    bench_drive("/tmp/myna-nvme-test", ",id=d,index=1,discard=unmap", disk, DISK);
    bench_drive("/tmp/myna-nvme-test", ",id=c,index=2,readonly=on", disk, DISK);
    refusals();
    bench_add(b, "nvme,id=n,serial=serial 7,drive=d,mdts=5,max_ioqpairs=4,msix_qsize=8");
    bench_add(b, "nvme-ns,drive=c,logical_block_size=4096,nsid=3,uuid=12345678-1234-1234-1234-123456789abc,eui64=0x5254000000000077");
    place_bar(b, SLOT, 0, BAR);
    place_bar(b, SLOT, 4, TABLE);
    use_msix(b, SLOT, TABLE, 8);
    registers();
    identify();
    queues();
    data();
    full();
    commands();
    features();
    logs();
    changes();
    shadow();
    pins();
    hostile_state();
    both_leave();
    bench_pci_free(b);
    printf(failures ? "%u failed\n" : "passed\n", failures);
    return failures != 0;
}
