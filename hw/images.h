/* Images that a machine starts with: files, gzip'd or not, ELF programs and Linux kernels among them. */
#ifndef MYNA_IMAGES_H
#define MYNA_IMAGES_H

#include "device.h"

/* A piece of memory as it is after a reset. */
struct image { uint8_t *data; size_t n; gpa_t at; };
enum { MAX_IMAGES = 24 };
struct images { struct image at[MAX_IMAGES]; unsigned n; };

/* The file's bytes, unpacked if it is gzip'd, at most max. The caller's, by free; NULL: the reason in err. */
uint8_t *image_read_as_is(const char *path, size_t max, size_t *n, char *err, size_t errlen); /* not unpacked */
uint8_t *image_read(const char *path, size_t max, size_t *n, char *err, size_t errlen);
/* data becomes the list's. */
bool images_add(struct images *m, uint8_t *data, size_t n, gpa_t at);
/* Writes all into memory, with the lock; false: there is no memory for a part of it. */
bool images_write(const struct images *m, struct machine *machine);

/* Of -device loader: where processor n starts; false: nobody said. */
bool loader_entry(struct machine *m, unsigned cpu, uint64_t *pc);

#endif
