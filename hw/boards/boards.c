/* The list of boards. One row a board. */
#include "boards.h"
#include "none.h"
#include "virt.h"

const struct board boards[] = {
    { "virt", NULL, "Arm virtual machine: PL011, generic timers, PSCI", &isa_aarch64, &virt_type, 512, "max", 128 << 20, virt_complete },
    { "none", NULL, "no processors, no memory, no devices", &isa_aarch64, &none_type, 1, NULL, 0, NULL },
    { NULL },
};
