/*
 * Snapshots of the whole machine inside its qcow2 images: savevm, loadvm, delvm.
 */
#ifndef MYNA_SNAPSHOTS_H
#define MYNA_SNAPSHOTS_H

#include "block/block.h"

/* All with the lock, and wait. vmstate: name of the disk (or node) that the state is in, NULL: the first that can; disks: names
 * of those that take part until NULL, NULL: all that can be written. False: the reason in err. */
/* name NULL: one made of the time. A snapshot of that name is replaced (replace), or refused. */
bool snapshots_save(struct machine *m, const char *name, bool replace, const char *vmstate, const char *const *disks, char *err, size_t errlen);
/* The machine runs afterwards if it did before. On failure it may be left paused, after a reset. */
bool snapshots_load(struct machine *m, const char *name, const char *vmstate, const char *const *disks, char *err, size_t errlen);
bool snapshots_delete(struct machine *m, const char *name, const char *const *disks, char *err, size_t errlen);
/* `info snapshots`. */
void snapshots_show(FILE *out);
/* Rows of the human monitor. */
void snapshots_monitor_add(void);

#endif
