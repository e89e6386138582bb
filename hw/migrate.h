/*
 * The devices' part in a machine's saved state.
 */
#ifndef MYNA_HW_MIGRATE_H
#define MYNA_HW_MIGRATE_H

#include "device.h"

struct machine_parts;
extern const struct machine_parts device_parts;

/* The name of the device's section in a stream. */
void device_state_path(const struct device *d, char *text, size_t n);

#endif
