/* Between drive.c and block.c. */
#ifndef MYNA_DRIVE_H
#define MYNA_DRIVE_H

#include "block.h"

/* b is known from now on, and its id too. */
void block_add(struct block *b);
void block_options_free(struct block_options *o);

#endif
