/* The tables of QMP that stand in hw/; each adds its own (qmp_add). */
#ifndef MYNA_HW_QMP_ROWS_H
#define MYNA_HW_QMP_ROWS_H

void qmp_add_hw(void); /* all of them, once */
void qmp_add_chardevs(void);
void qmp_add_devices(void);
void qmp_add_pci(void);
void qmp_add_blocks(void);
void qmp_add_nets(void);
void qmp_add_objects(void);

#endif
