/* NOR flash: see pflash.c. */
#ifndef MYNA_PFLASH_H
#define MYNA_PFLASH_H

#include "device.h"

extern const struct device_type pflash_type;
/* Has it no image? */
bool pflash_empty(const struct device *d);

#endif
