/*
 * The table of system registers and its index by encoding.
 */
#include "sysreg.h"

const struct a64_sysreg a64_sysregs[A64_NSYS] = {
#define SYSREG(name, op0, op1, crn, crm, op2, rights, user, trap, how, arg) \
    [A64_SYS_##name] = { #name, A64_SYSCODE(op0, op1, crn, crm, op2), rights, user ? user : U_NONE, trap, how, arg },
#include "sysreg.def"
};

enum { SLOTS = 1024 };
static_assert(A64_NSYS < SLOTS / 2, "the index stays half empty");

static unsigned slot_of(unsigned code) { return (code * 0x9e3779b1u) >> 22; }

/* Open addressing, filled before main(). */
static int16_t slots[SLOTS];

__attribute__((constructor)) static void fill(void)
{
    for (int i = 0; i < A64_NSYS; i++) {
        unsigned k = slot_of(a64_sysregs[i].code);
        while (slots[k])
            k = (k + 1) % SLOTS;
        slots[k] = (int16_t)(i + 1);
    }
}

int a64_sysreg_find(unsigned code)
{
    for (unsigned k = slot_of(code); slots[k]; k = (k + 1) % SLOTS)
        if (a64_sysregs[slots[k] - 1].code == code)
            return slots[k] - 1;
    return -1;
}
