/* What firmware tries first: see boot_order.c. */
#ifndef MYNA_BOOT_ORDER_H
#define MYNA_BOOT_ORDER_H

#include "device.h"

/* -boot and bootindex= as fw_cfg has them, once all devices are there. False: the reason in err. */
bool boot_order_offer(struct device *fw_cfg, char *err, size_t errlen);
/* After the first start, for -boot once=. */
void boot_order_again(struct device *fw_cfg);

#endif
