/* gdb on the whole machine: see gdbstub.c. */
#ifndef MYNA_GDBSTUB_H
#define MYNA_GDBSTUB_H

#include "machine.h"

/* Waits for gdb at "tcp:[HOST]:PORT" or "unix:PATH" (words behind a comma, as of -chardev, are read over). Lock held. False: the
 * reason in err. */
bool gdbstub_start(struct machine *m, const char *where, char *err, size_t errlen);

#endif
