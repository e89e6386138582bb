/* SMBIOS structures for a guest's firmware: see smbios.c. */
#ifndef MYNA_SMBIOS_H
#define MYNA_SMBIOS_H

#include "device.h"

/* Of -smbios: "type=1,manufacturer=...,serial=..."; said once for each option. False: the reason in err. */
bool smbios_option(const char *text, char *err, size_t errlen);
/* The files of fw_cfg, for a machine of that product name with memory at ram. False: no memory, or no room. */
bool smbios_offer(struct device *fw_cfg, const char *product, const char *version, gpa_t ram);

#endif
