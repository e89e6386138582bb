/* Snapshots as they are shown (snapshot.c). */
#ifndef MYNA_IMG_SNAPSHOTS_H
#define MYNA_IMG_SNAPSHOTS_H

#include "image.h"

void snapshots_print(const struct block_snapshot *s, int n);
void snapshot_json(struct json *j, const struct block_snapshot *s);

#endif
