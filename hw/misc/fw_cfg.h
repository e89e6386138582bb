/* The firmware configuration device: see fw_cfg.c. */
#ifndef MYNA_FW_CFG_H
#define MYNA_FW_CFG_H

#include "device.h"

/* Keys of items that are no files. */
enum { FW_SIGNATURE = 0x00, FW_ID = 0x01, FW_UUID = 0x02, FW_RAM_SIZE = 0x03, FW_NOGRAPHIC = 0x04, FW_NCPUS = 0x05, FW_BOOT_MENU = 0x0e, FW_KERNEL_SIZE = 0x08,
       FW_INITRD_SIZE = 0x0b, FW_MAX_CPUS = 0x0f, FW_KERNEL = 0x11, FW_INITRD = 0x12, FW_APPEND_SIZE = 0x14, FW_APPEND = 0x15,
       FW_DIRECTORY = 0x19, FW_FILES = 0x20 };

/* data is copied. False: no memory, or no room. */
bool fw_cfg_add(struct device *d, unsigned key, const void *data, size_t n);
bool fw_cfg_add_int(struct device *d, unsigned key, uint64_t v, unsigned size);
/* One that is there already is replaced. */
bool fw_cfg_add_file(struct device *d, const char *name, const void *data, size_t n);
/* What -fw_cfg says. False: the reason in err. */
bool fw_cfg_add_options(struct device *d, char *err, size_t errlen);

#endif
