/* The `virt` board of aarch64: see virt.c. */
#ifndef MYNA_VIRT_H
#define MYNA_VIRT_H

#include "boards.h"

extern const struct device_type virt_type;
bool virt_complete(struct device *board, char *err, size_t errlen);

#endif
