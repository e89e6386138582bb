/* PL061: see pl061.c. */
#ifndef MYNA_PL061_H
#define MYNA_PL061_H

#include "device.h"

extern const struct device_type pl061_type;
/* The power key, for a tenth of a second. */
void pl061_press_power(struct device *pl061);

#endif
