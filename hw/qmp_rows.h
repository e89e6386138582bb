/* The tables of QMP that stand in hw/; each adds its own (qmp_add). */
#ifndef MYNA_HW_QMP_ROWS_H
#define MYNA_HW_QMP_ROWS_H

#include <jansson.h>
#include "device.h"

void qmp_add_hw(void); /* all of them, once */
void qmp_add_chardevs(void);
void qmp_add_devices(void);
void qmp_add_pci(void);
void qmp_add_blocks(void);
void qmp_add_nets(void);
void qmp_add_snapshots(void);
void qmp_add_objects(void);
void qmp_add_balloon(void);

/* Properties that are read, and perhaps set, while the device is there (qom-get, qom-set), besides those of its type's table. */
struct qom_row {
    const char *device;  /* how its type's name begins */
    const char *name, *type;
    json_t *(*get)(struct device *d);
    bool (*set)(struct device *d, json_t *value, char *err, size_t errlen); /* NULL: it can't be; false: the reason in err */
};
/* One table, which ends with a NULL name. */
void qom_add(const struct qom_row *rows);

#endif
