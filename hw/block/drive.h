/* Between the files of this folder. */
#ifndef MYNA_DRIVE_H
#define MYNA_DRIVE_H

#include "block.h"

extern const struct block_driver block_raw, block_qcow2, block_file, block_host_device;

/* b is known from now on, and its id too. */
void block_add(struct block *b);
/* Would a file that begins so be taken for a format other than raw? */
bool block_looks_formatted(const uint8_t *head, size_t n);

#endif
