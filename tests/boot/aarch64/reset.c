/*
 * PSCI SYSTEM_RESET (Arm DEN 0022, 5.11): everything begins anew, other processors are off, the processor is in its state of
 * a reset; memory that the loader does not fill is kept by this board.
 * TEST: args=-smp 2 reboot=yes
 */
#include "lib.h"

enum { MAGIC = 0x72657365 };
#define KEPT ((volatile u64 *)0x47000000)

static volatile u64 up;
static void other(u64 arg)
{
    up = 1;
    for (;;)
        ;
}

void program(void)
{
    u64 boots = KEPT[0] == MAGIC ? KEPT[1] : 0;
    check("CPU 1 is off", smccc(0xc4000004, 1, 0, 0), 1);
    check("MDSCR_EL1", MRS(mdscr_el1), 0);
    check("the OS lock is set", MRS(oslsr_el1), 10);
    check("TPIDR_EL1", MRS(tpidr_el1), 0);
    check("the virtual timer is off", MRS(cntv_ctl_el0) & 1, 0);
    if (boots == 3)
        return; /* that was all: power off */
    KEPT[0] = MAGIC;
    KEPT[1] = boots + 1;
    check("CPU_ON", (u64)cpu_start(1, other, 0), 0);
    while (!up)
        ;
    MSR(oslar_el1, 0);
    MSR(mdscr_el1, 1 << 15);
    MSR(tpidr_el1, 55);
    u64 *root = identity_tables();
    mmu_on(root, root);
    MSR(cntv_ctl_el0, 1);
    smccc(0x84000009, 0, 0, 0);
    expect("SYSTEM_RESET does not return", false);
    report();
}
