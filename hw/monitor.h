/* The monitor's rows that see devices, and sessions on character devices. */
#ifndef MYNA_HW_MONITOR_H
#define MYNA_HW_MONITOR_H

#include "char/chardev.h"
#include "device.h"

/* A session on c. False: the reason in err. */
bool monitor_attach(struct machine *m, struct chardev *c, char *err, size_t errlen);

/* The rows of hw/, once. */
void monitor_add_hw(void);
/* monitor_plug.c: its rows. */
void monitor_add_plug(void);
/* QMP on c (hw/qmp.c). False: the reason in err. */
bool qmp_attach(struct machine *m, struct chardev *c, bool pretty, char *err, size_t errlen);

#endif
