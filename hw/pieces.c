/* Lists of pieces of memory, the guest's or a buffer's. See pieces.h. */
#include <stdint.h>
#include <string.h>

#include "pieces.h"

size_t pieces_take(struct iovec **io, unsigned *n, size_t *size, void *to, const void *from, size_t want)
{
    size_t done = 0;
    while (done < want && *n) {
        size_t k = (*io)->iov_len < want - done ? (*io)->iov_len : want - done;
        if (to)
            memcpy((uint8_t *)to + done, (*io)->iov_base, k);
        if (from)
            memcpy((*io)->iov_base, (const uint8_t *)from + done, k);
        (*io)->iov_base = (uint8_t *)(*io)->iov_base + k;
        (*io)->iov_len -= k;
        done += k;
        if (!(*io)->iov_len) {
            ++*io;
            --*n;
        }
    }
    *size -= done;
    return done;
}
