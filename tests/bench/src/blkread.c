/* blkread DEVICE READS DEPTH: random reads of 4 KiB past the page cache, DEPTH at a time; prints reads a second. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, MOST = 256 };

int main(int argc, char **argv)
{
    static struct iocb request[MOST], *list[MOST];
    static struct io_event event[MOST];
    static int unused[MOST];
    int fd = argc > 3 ? open(argv[1], O_RDONLY | O_DIRECT) : -1, nunused = 0;
    long reads = fd < 0 ? 0 : atol(argv[2]), depth = fd < 0 ? 0 : atol(argv[3]), sent = 0, got = 0;
    unsigned long long size = 0, seed = 88172645463325252ull;
    aio_context_t context = 0;
    char *memory = aligned_alloc(BLOCK, BLOCK * MOST);
    struct timespec begun, ended;
    if (depth < 1 || depth > MOST || !memory || ioctl(fd, BLKGETSIZE64, &size) || syscall(SYS_io_setup, depth, &context)) {
        perror("blkread");
        return 1;
    }
    while (nunused < depth) {
        unused[nunused] = nunused;
        nunused++;
    }
    clock_gettime(CLOCK_MONOTONIC, &begun);
    while (got < reads) {
        long n = 0;
        for (; nunused && sent < reads; sent++) {
            int k = unused[--nunused];
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            request[k] = (struct iocb){ .aio_data = (unsigned)k, .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = (unsigned)fd,
                                        .aio_buf = (unsigned long)(memory + BLOCK * k), .aio_nbytes = BLOCK,
                                        .aio_offset = (long long)(seed % (size / BLOCK)) * BLOCK };
            list[n++] = &request[k];
        }
        if (n && syscall(SYS_io_submit, context, n, list) != n)
            return 2;
        long m = syscall(SYS_io_getevents, context, 1, depth, event, NULL);
        for (long k = 0; k < m; k++) {
            if (event[k].res != BLOCK)
                return 3;
            unused[nunused++] = (int)event[k].data;
        }
        got += m > 0 ? m : 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("%.0f reads a second\n", reads / ((double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9));
    return 0;
}
