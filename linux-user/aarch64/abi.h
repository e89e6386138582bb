/*
 * The arm64 Linux ABI where it differs from the host's, as layouts and numbers. Whatever is not
 * here is asm-generic for 64 bits, little endian, and equal to x86_64: statx, statfs, dirent64,
 * iovec, timespec, rusage, sysinfo, termios, flock, msghdr, sigset, itimerspec, shmid64_ds,
 * msqid64_ds, signalfd_siginfo, socket and ioctl numbers.
 *
 * Source: Linux 6.1 include/uapi/asm-generic and arch/arm64/include/uapi/asm.
 */
#ifndef MYNA_AARCH64_ABI_H
#define MYNA_AARCH64_ABI_H

#include <stdint.h>

/* struct stat of asm-generic/stat.h */
struct a64_stat {
    uint64_t st_dev, st_ino;
    uint32_t st_mode, st_nlink, st_uid, st_gid;
    uint64_t st_rdev, pad1;
    int64_t st_size;
    int32_t st_blksize, pad2;
    int64_t st_blocks;
    int64_t st_atime_, st_atime_nsec, st_mtime_, st_mtime_nsec, st_ctime_, st_ctime_nsec;
    uint32_t unused[2];
};
_Static_assert(sizeof(struct a64_stat) == 128, "asm-generic/stat.h");

/* Not packed, unlike the x86_64 one. */
struct a64_epoll_event {
    uint32_t events, pad;
    uint64_t data;
};

/* Open flags: asm/fcntl.h exchanges these four; O_TMPFILE holds O_DIRECTORY. */
enum {
    A64_O_DIRECTORY = 040000, A64_O_NOFOLLOW = 0100000, A64_O_DIRECT = 0200000,
    A64_O_LARGEFILE = 0400000
};

/* ipc64_perm is the host's; the two pads of x86_64's semid64_ds are missing. */
struct a64_semid64_ds {
    uint8_t perm[48];
    int64_t otime, ctime;
    uint64_t nsems, unused[2];
};

enum { A64_MINSIGSTKSZ = 4720 }; /* frame without SVE, rounded up as the kernel does */

#endif
