/*
 * System registers by row (sysreg.def): for the lowering of MRS and MSR and for system mode, which gives them
 * their behaviour.
 */
#ifndef MYNA_AARCH64_SYSREG_H
#define MYNA_AARCH64_SYSREG_H

#include "aarch64.h"

enum a64_sys_number {
#define SYSREG(name, op0, op1, crn, crm, op2, rights, user, trap, how, arg) A64_SYS_##name,
#include "sysreg.def"
    A64_NSYS
};

enum a64_sys_rights { RO = 1, WO = 2, RW = 3 };
/* Rules for EL0. U_NONE: of rows whose op1 is not 3. */
enum a64_sys_user { U_NONE, U_ALL, U_READ, U_NO, U_CTR, U_DAIF, U_CNTF, U_CNTPCT, U_CNTVCT, U_CNTP, U_CNTV, U_PMU };
enum a64_sys_trap { T_NONE, T_TID1, T_TID2, T_TID3, T_VM, T_ACR, T_CPACR, T_APK, T_CNTPCT, T_CNTVCT, T_CNTP, T_CNTV, T_CPTR3,
                    T_TDA, T_TDRA, T_TDOSA, T_TPM, T_TPMCR, T_LOR, T_ICC, T_ICC0, T_ICC1, T_SGI, A64_NTRAPS };
enum a64_sys_how { VAR, ROW, ID, ZERO, FN, GIC };

struct a64_sysreg {
    const char *name;
    uint16_t code;   /* as in the instruction: A64_SYSCODE */
    uint8_t rights, user, trap, how;
    uint64_t arg;
};
extern const struct a64_sysreg a64_sysregs[A64_NSYS];

/* op0 is 2 or 3. */
#define A64_SYSCODE(op0, op1, crn, crm, op2) (((op0) - 2) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/* Row of the register that an MRS or MSR names, or -1. */
int a64_sysreg_find(unsigned code);

#endif
