/*
 * The slots of virtio-mmio: a board makes "virtio-mmio" devices, sets their number, maps block 0, connects line 0.
 */
#ifndef MYNA_VIRTIO_MMIO_H
#define MYNA_VIRTIO_MMIO_H

#include "virtio.h"

enum { VIRTIO_MMIO_SIZE = 0x200 };

struct tree;

/* A slot's node. The board writes them, since guests expect the lowest address first. */
void virtio_mmio_node(struct device *slot, struct tree *t);

#endif
