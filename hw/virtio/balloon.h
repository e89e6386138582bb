/* The balloon, for the monitors. Machine's lock held. */
#ifndef MYNA_BALLOON_H
#define MYNA_BALLOON_H

#include "device.h"

enum { BALLOON_STATS = 10 };

/* The machine's; NULL: it has none. */
struct device *balloon_find(struct machine *m);
/* Asks the guest to keep `bytes` of its memory (all of it, if that is more). */
void balloon_set(struct device *d, uint64_t bytes);
/* What it has now. */
uint64_t balloon_left(const struct device *d);
/* By the tags of virtio-v1.2 5.5.6.5; ~0: not known. *updated: seconds since 1970, 0: never. */
const uint64_t *balloon_stats(const struct device *d, uint64_t *updated);
/* Seconds between statistics; 0: none are asked for. */
uint32_t balloon_interval(const struct device *d);
void balloon_set_interval(struct device *d, uint32_t seconds);

#endif
