/* The board `none`: see none.c. */
#ifndef MYNA_NONE_H
#define MYNA_NONE_H

#include "device.h"

extern const struct device_type none_type;

#endif
