/*
 * The board `none`: no processors, no memory, no devices. It is for programs that ask over QMP what there is.
 */
#include "none.h"

static bool realize(struct device *d, char *err, size_t errlen)
{
    d->machine->board_state = d;
    return true;
}

const struct device_type none_type = { .name = "none-machine", .category = "Board", .size = sizeof(struct device), .realize = realize,
                                       .no_fields = "it is empty" };
