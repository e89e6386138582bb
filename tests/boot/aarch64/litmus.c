/*
 * Memory order between processors: outcomes that the architecture forbids (Arm ARM B2.3) must not be seen. Message
 * passing (STLR/LDAR, DMB, DMB ISHST/ISHLD, address dependency), store buffering (DMB; STLR then LDAR; SWPAL), load buffering,
 * IRIW with LDAR, coherence, a lock by Dekker's algorithm with DMB. The same shapes as tests/guest/litmus.c, of threads.
 * TEST: args=-smp 4
 */
#include "lib.h"

enum { SLOTS = 256, ROUNDS = 60 };
static struct slot { volatile u64 x; char a[56]; volatile u64 y; char b[56]; } mem[SLOTS] __attribute__((aligned(64)));
static u64 r[4][SLOTS];
static u64 *root;

#define STR(p, v) asm volatile("str %1, %0" : "=m"(*(p)) : "r"((u64)(v)))
#define STLR(p, v) asm volatile("stlr %1, %0" : "=Q"(*(p)) : "r"((u64)(v)))
#define LDR(p) ({ u64 v_; asm volatile("ldr %0, %1" : "=r"(v_) : "m"(*(p))); v_; })
#define LDAR(p) ({ u64 v_; asm volatile("ldar %0, %1" : "=r"(v_) : "Q"(*(p))); v_; })
#define SWPAL(p, v) ({ u64 v_; asm volatile("swpal %1, %0, %2" : "=r"(v_) : "r"((u64)(v)), "Q"(*(p)) : "memory"); v_; })
#define DMB(kind) asm volatile("dmb " #kind ::: "memory")
/* the same address, but dependent on the value */
#define AFTER(p, v) ({ u64 d_; asm volatile("eor %0, %1, %1" : "=r"(d_) : "r"(v)); (volatile u64 *)((char *)(p) + d_); })

static void mp_stlr_0(int i) { STR(&mem[i].x, 1); STLR(&mem[i].y, 1); }
static void mp_ldar_1(int i) { r[0][i] = LDAR(&mem[i].y); r[1][i] = LDR(&mem[i].x); }
static void mp_dmb_0(int i) { STR(&mem[i].x, 1); DMB(ish); STR(&mem[i].y, 1); }
static void mp_dmb_1(int i) { r[0][i] = LDR(&mem[i].y); DMB(ish); r[1][i] = LDR(&mem[i].x); }
static void mp_st_0(int i) { STR(&mem[i].x, 1); DMB(ishst); STR(&mem[i].y, 1); }
static void mp_ld_1(int i) { r[0][i] = LDR(&mem[i].y); DMB(ishld); r[1][i] = LDR(&mem[i].x); }
static void mp_addr_1(int i) { u64 v = LDR(&mem[i].y); r[0][i] = v; r[1][i] = LDR(AFTER(&mem[i].x, v)); }
static int mp_bad(int i) { return r[0][i] == 1 && r[1][i] == 0; }
static void sb_dmb_0(int i) { STR(&mem[i].x, 1); DMB(ish); r[0][i] = LDR(&mem[i].y); }
static void sb_dmb_1(int i) { STR(&mem[i].y, 1); DMB(sy); r[1][i] = LDR(&mem[i].x); }
static void sb_stlr_0(int i) { STLR(&mem[i].x, 1); r[0][i] = LDAR(&mem[i].y); }
static void sb_stlr_1(int i) { STLR(&mem[i].y, 1); r[1][i] = LDAR(&mem[i].x); }
static void sb_swp_0(int i) { (void)SWPAL(&mem[i].x, 1); r[0][i] = LDAR(&mem[i].y); }
static void sb_swp_1(int i) { (void)SWPAL(&mem[i].y, 1); r[1][i] = LDAR(&mem[i].x); }
static int sb_bad(int i) { return r[0][i] == 0 && r[1][i] == 0; }
static void lb_0(int i) { r[0][i] = LDR(&mem[i].x); DMB(ish); STR(&mem[i].y, 1); }
static void lb_1(int i) { r[1][i] = LDR(&mem[i].y); DMB(ish); STR(&mem[i].x, 1); }
static int lb_bad(int i) { return r[0][i] == 1 && r[1][i] == 1; }
static void co_0(int i) { STR(&mem[i].x, 1); STR(&mem[i].x, 2); }
static void co_1(int i) { r[0][i] = LDR(&mem[i].x); r[1][i] = LDR(&mem[i].x); }
static int co_bad(int i) { return r[0][i] > r[1][i]; }
static void iriw_0(int i) { STLR(&mem[i].x, 1); }
static void iriw_1(int i) { STLR(&mem[i].y, 1); }
static void iriw_2(int i) { r[0][i] = LDAR(&mem[i].x); r[1][i] = LDAR(&mem[i].y); }
static void iriw_3(int i) { r[2][i] = LDAR(&mem[i].y); r[3][i] = LDAR(&mem[i].x); }
static int iriw_bad(int i) { return r[0][i] == 1 && r[1][i] == 0 && r[2][i] == 1 && r[3][i] == 0; }

static const struct shape {
    const char *name;
    void (*run[4])(int);
    int (*bad)(int);
} shapes[] = {
    { "MP stlr/ldar", { mp_stlr_0, mp_ldar_1 }, mp_bad }, { "MP dmb/dmb", { mp_dmb_0, mp_dmb_1 }, mp_bad },
    { "MP dmb ishst/ishld", { mp_st_0, mp_ld_1 }, mp_bad }, { "MP stlr/address", { mp_stlr_0, mp_addr_1 }, mp_bad },
    { "SB dmb", { sb_dmb_0, sb_dmb_1 }, sb_bad }, { "SB stlr/ldar", { sb_stlr_0, sb_stlr_1 }, sb_bad },
    { "SB swpal/ldar", { sb_swp_0, sb_swp_1 }, sb_bad }, { "LB dmb", { lb_0, lb_1 }, lb_bad }, { "CoRR", { co_0, co_1 }, co_bad },
    { "IRIW stlr/ldar", { iriw_0, iriw_1, iriw_2, iriw_3 }, iriw_bad },
};
enum { NSHAPES = sizeof shapes / sizeof *shapes };

/* All four CPUs: waits as Linux does, since the host may have fewer. */
static void meet(void)
{
    static volatile u64 count, round;
    u64 mine = LDAR(&round), now;
    if (__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) == 4) {
        count = 0;
        STLR(&round, mine + 1);
        return;
    }
    for (;;) {
        asm volatile("ldaxr %0, [%1]" : "=r"(now) : "r"(&round) : "memory");
        if (now != mine)
            break;
        asm volatile("wfe" ::: "memory");
    }
    asm volatile("clrex" ::: "memory");
}

static volatile u64 want[2], in_section, entered[2];
static void dekker(u64 me)
{
    u64 n = 0;
    for (int i = 0; i < 20000; i++) {
        STR(&want[me], 1);
        DMB(ish);
        if (LDR(&want[!me]) == 0) {
            in_section = in_section + 1;
            n++;
        }
        STLR(&want[me], 0);
    }
    entered[me] = n;
}

static unsigned bad[NSHAPES];
static void all(u64 me)
{
    mmu_on(root, root);
    for (unsigned k = 0; k < NSHAPES; k++)
        for (unsigned round = 0; round < ROUNDS; round++) {
            if (me == 0)
                for (int i = 0; i < SLOTS; i++)
                    mem[i].x = mem[i].y = 0;
            meet();
            if (shapes[k].run[me])
                for (int i = 0; i < SLOTS; i++)
                    shapes[k].run[me](i);
            meet();
            if (me == 0)
                for (int i = 0; i < SLOTS; i++)
                    bad[k] += (unsigned)shapes[k].bad(i);
        }
    meet();
    if (me < 2)
        dekker(me);
    meet();
}

void program(void)
{
    root = identity_tables();
    for (unsigned k = 1; k < 4; k++)
        check("CPU_ON", (u64)cpu_start(k, all, k), 0);
    all(0);
    for (unsigned k = 0; k < NSHAPES; k++)
        check(shapes[k].name, bad[k], 0);
    check("Dekker's lock", in_section, entered[0] + entered[1]);
}
