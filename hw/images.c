/*
 * Images: reading, unpacking (zlib), and what is written into memory at each reset. ELF files: elfimage.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#ifdef MYNA_ZLIB
#include <zlib.h>
#endif

#include "images.h"

static uint8_t *unzip(const uint8_t *in, size_t nin, size_t max, size_t *n)
{
#ifdef MYNA_ZLIB
    z_stream z = { .next_in = (uint8_t *)in, .avail_in = (unsigned)nin };
    size_t room = nin * 4 < max ? nin * 4 : max, done = 0;
    uint8_t *out = NULL;
    int rc = inflateInit2(&z, 15 + 16);
    while (rc == Z_OK) {
        uint8_t *more = realloc(out, room);
        if (!more)
            break;
        out = more;
        z.next_out = out + done;
        z.avail_out = (unsigned)(room - done);
        rc = inflate(&z, Z_NO_FLUSH);
        done = room - z.avail_out;
        if (rc == Z_OK && z.avail_out)
            break; /* the input ended early */
        if (rc == Z_OK && room == max)
            break;
        room = room * 2 < max ? room * 2 : max;
    }
    inflateEnd(&z);
    *n = done;
    if (rc == Z_STREAM_END)
        return out;
    free(out);
#endif
    return NULL;
}

uint8_t *image_read_as_is(const char *path, size_t max, size_t *n, char *err, size_t errlen)
{
    FILE *f = fopen(path, "re");
    uint8_t *data = NULL;
    long size = -1;
    if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET)) {
        snprintf(err, errlen, "%s: %s", path, strerror(errno));
    } else if ((size_t)size > max) {
        snprintf(err, errlen, "%s: does not fit into %llu MiB of memory", path, (unsigned long long)(max >> 20));
    } else if (!(data = malloc((size_t)size + 1)) || fread(data, 1, (size_t)size, f) != (size_t)size) {
        snprintf(err, errlen, "%s: can't be read whole", path);
        free(data);
        data = NULL;
    }
    if (f)
        fclose(f);
    *n = (size_t)size;
    return data;
}

uint8_t *image_read(const char *path, size_t max, size_t *n, char *err, size_t errlen)
{
    uint8_t *data = image_read_as_is(path, max, n, err, errlen);
    if (!data || *n < 18 || data[0] != 0x1f || data[1] != 0x8b)
        return data;
    uint8_t *plain = unzip(data, *n, max, n);
    if (!plain)
        snprintf(err, errlen, "%s: gzip'd, and it can't be unpacked", path);
    free(data);
    return plain;
}

bool images_add(struct images *m, uint8_t *data, size_t n, gpa_t at)
{
    if (m->n == MAX_IMAGES)
        return false;
    m->at[m->n++] = (struct image){ data, n, at };
    return true;
}

bool images_write(const struct images *m, struct machine *machine)
{
    for (unsigned k = 0; k < m->n; k++) {
        const struct image *i = &m->at[k];
        for (size_t done = 0; done < i->n;) {
            /* ROM too: a bus write would not change it */
            struct mem_range g;
            if (!physmem_find(machine->memory, &machine->reader, i->at + done, &g) || !g.r->host)
                return false;
            uint64_t left = g.last - (i->at + done) + 1, n = left < i->n - done ? left : i->n - done, offset = g.offset + (i->at + done - g.base);
            memcpy(g.r->host + offset, i->data + done, n);
            physmem_wrote(machine->memory, g.r, offset, n);
            done += n;
        }
    }
    return true;
}
