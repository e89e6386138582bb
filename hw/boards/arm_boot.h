/*
 * What an Arm board starts with: a Linux kernel by Documentation/arch/arm64/booting.rst, an ELF program, or firmware.
 */
#ifndef MYNA_ARM_BOOT_H
#define MYNA_ARM_BOOT_H

#include "boards.h"
#include "images.h"

struct arm_boot {
    struct images images;   /* written at each reset */
    gpa_t entry, dtb_at;
    bool is_linux;          /* starts below the highest level, with the device tree's address in x0 */
    gpa_t initrd_at;
    size_t initrd_size;     /* 0: none */
    void *dtb;
    size_t dtb_size;
};

/* -kernel and -initrd, for memory at ram. False: the reason in err. */
bool arm_boot_load(struct arm_boot *b, const struct board_config *c, gpa_t ram, char *err, size_t errlen);
/* -dtb, with what the command line adds to it, instead of the board's tree. */
bool arm_boot_dtb(struct arm_boot *b, const struct board_config *c, gpa_t ram, char *err, size_t errlen);

#endif
