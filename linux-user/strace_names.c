/*
 * strace_names.c: names of flags and values for -strace. Each table ends with the name of 0; what is longer or holds
 * other flags stands before its parts. The values are the kernel's of all 64-bit architectures; open flags are
 * converted to the host's first.
 *
 * Source: the kernel's uapi headers.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "strace.h"

#define N(x) {(uint64_t)x, #x}
#define END(text) {0, text}
#define TABLE(kind, ...) const struct name names_##kind[] = { __VA_ARGS__ };

/* --- memory ------------------------------------------------------------------------------------ */
TABLE(prot, N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC), {0x10, "PROT_BTI"}, {0x20, "PROT_MTE"}, N(PROT_GROWSDOWN),
      N(PROT_GROWSUP), END("PROT_NONE"))
TABLE(map, {3, "MAP_SHARED_VALIDATE"}, N(MAP_SHARED), N(MAP_PRIVATE), N(MAP_FIXED), N(MAP_ANONYMOUS),
      N(MAP_GROWSDOWN), N(MAP_DENYWRITE), N(MAP_LOCKED), N(MAP_NORESERVE), N(MAP_POPULATE), N(MAP_NONBLOCK),
      N(MAP_STACK), N(MAP_HUGETLB), N(MAP_SYNC), N(MAP_FIXED_NOREPLACE), END("MAP_FILE"))
TABLE(mremap, N(MREMAP_MAYMOVE), N(MREMAP_FIXED), {4, "MREMAP_DONTUNMAP"}, END("0"))
TABLE(msync, N(MS_ASYNC), N(MS_INVALIDATE), N(MS_SYNC), END("0"))
TABLE(mlockall, N(MCL_CURRENT), N(MCL_FUTURE), N(MCL_ONFAULT), END("0"))
TABLE(advice, N(MADV_RANDOM), N(MADV_SEQUENTIAL), N(MADV_WILLNEED), N(MADV_DONTNEED), N(MADV_FREE), N(MADV_REMOVE),
      N(MADV_DONTFORK), N(MADV_DOFORK), N(MADV_MERGEABLE), N(MADV_UNMERGEABLE), N(MADV_HUGEPAGE),
      N(MADV_NOHUGEPAGE), N(MADV_DONTDUMP), N(MADV_DODUMP), N(MADV_WIPEONFORK), N(MADV_KEEPONFORK), N(MADV_COLD),
      N(MADV_PAGEOUT), {22, "MADV_POPULATE_READ"}, {23, "MADV_POPULATE_WRITE"}, {24, "MADV_DONTNEED_LOCKED"},
      {25, "MADV_COLLAPSE"}, END("MADV_NORMAL"))
TABLE(membarrier, N(MEMBARRIER_CMD_GLOBAL), N(MEMBARRIER_CMD_GLOBAL_EXPEDITED),
      N(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED), N(MEMBARRIER_CMD_PRIVATE_EXPEDITED),
      N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED), N(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE),
      N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE), END("MEMBARRIER_CMD_QUERY"))
TABLE(memfd, N(MFD_CLOEXEC), N(MFD_ALLOW_SEALING), N(MFD_HUGETLB), {8, "MFD_NOEXEC_SEAL"}, {16, "MFD_EXEC"},
      END("0"))

/* --- files --------------------------------------------------------------------------------------- */
TABLE(access, N(R_OK), N(W_OK), N(X_OK), END("F_OK"))
TABLE(at, N(AT_SYMLINK_NOFOLLOW), {0x200, "AT_REMOVEDIR"}, N(AT_SYMLINK_FOLLOW), N(AT_NO_AUTOMOUNT),
      N(AT_EMPTY_PATH), N(AT_STATX_FORCE_SYNC), N(AT_STATX_DONT_SYNC), N(AT_RECURSIVE), END("0"))
TABLE(unlink, N(AT_REMOVEDIR), END("0"))
TABLE(accessat, N(AT_SYMLINK_NOFOLLOW), N(AT_EACCESS), N(AT_EMPTY_PATH), END("0"))
TABLE(statx_mask, N(STATX_ALL), N(STATX_BASIC_STATS), N(STATX_TYPE), N(STATX_MODE), N(STATX_NLINK), N(STATX_UID),
      N(STATX_GID), N(STATX_ATIME), N(STATX_MTIME), N(STATX_CTIME), N(STATX_INO), N(STATX_SIZE), N(STATX_BLOCKS),
      N(STATX_BTIME), {0x1000, "STATX_MNT_ID"}, {0x2000, "STATX_DIOALIGN"}, {0x4000, "STATX_MNT_ID_UNIQUE"},
      {0x8000, "STATX_SUBVOL"}, END("0"))
TABLE(rename, N(RENAME_NOREPLACE), N(RENAME_EXCHANGE), N(RENAME_WHITEOUT), END("0"))
TABLE(flock, {LOCK_EX | LOCK_SH, "LOCK_EX|LOCK_SH"}, N(LOCK_SH), N(LOCK_EX), N(LOCK_UN), N(LOCK_NB), END("0"))
TABLE(fallocate, N(FALLOC_FL_KEEP_SIZE), N(FALLOC_FL_PUNCH_HOLE), N(FALLOC_FL_COLLAPSE_RANGE),
      N(FALLOC_FL_ZERO_RANGE), N(FALLOC_FL_INSERT_RANGE), N(FALLOC_FL_UNSHARE_RANGE), END("0"))
TABLE(fadvise, N(POSIX_FADV_RANDOM), N(POSIX_FADV_SEQUENTIAL), N(POSIX_FADV_WILLNEED), N(POSIX_FADV_DONTNEED),
      N(POSIX_FADV_NOREUSE), END("POSIX_FADV_NORMAL"))
TABLE(splice, N(SPLICE_F_MOVE), N(SPLICE_F_NONBLOCK), N(SPLICE_F_MORE), N(SPLICE_F_GIFT), END("0"))
TABLE(rwf, N(RWF_HIPRI), N(RWF_DSYNC), N(RWF_SYNC), N(RWF_NOWAIT), N(RWF_APPEND), END("0"))
TABLE(closerange, {2, "CLOSE_RANGE_UNSHARE"}, {4, "CLOSE_RANGE_CLOEXEC"}, END("0"))
TABLE(whence, N(SEEK_CUR), N(SEEK_END), N(SEEK_DATA), N(SEEK_HOLE), END("SEEK_SET"))
TABLE(fcntl, N(F_GETFD), N(F_SETFD), N(F_GETFL), N(F_SETFL), N(F_GETLK), N(F_SETLK), N(F_SETLKW), N(F_SETOWN),
      N(F_GETOWN), N(F_SETSIG), N(F_GETSIG), N(F_SETOWN_EX), N(F_GETOWN_EX), N(F_OFD_GETLK), N(F_OFD_SETLK),
      N(F_OFD_SETLKW), N(F_SETLEASE), N(F_GETLEASE), N(F_NOTIFY), N(F_DUPFD_CLOEXEC), N(F_SETPIPE_SZ),
      N(F_GETPIPE_SZ), N(F_ADD_SEALS), N(F_GET_SEALS), N(F_GET_RW_HINT), N(F_SET_RW_HINT), END("F_DUPFD"))
TABLE(inotify, N(IN_NONBLOCK), N(IN_CLOEXEC), END("0"))
TABLE(inotify_mask, N(IN_ALL_EVENTS), N(IN_ACCESS), N(IN_MODIFY), N(IN_ATTRIB), N(IN_CLOSE_WRITE),
      N(IN_CLOSE_NOWRITE), N(IN_OPEN), N(IN_MOVED_FROM), N(IN_MOVED_TO), N(IN_CREATE), N(IN_DELETE),
      N(IN_DELETE_SELF), N(IN_MOVE_SELF), N(IN_ONLYDIR), N(IN_DONT_FOLLOW), N(IN_EXCL_UNLINK), N(IN_MASK_CREATE),
      N(IN_MASK_ADD), N(IN_ISDIR), N(IN_ONESHOT), END("0"))
TABLE(mount, N(MS_RDONLY), N(MS_NOSUID), N(MS_NODEV), N(MS_NOEXEC), N(MS_SYNCHRONOUS), N(MS_REMOUNT),
      N(MS_MANDLOCK), N(MS_DIRSYNC), {256, "MS_NOSYMFOLLOW"}, N(MS_NOATIME), N(MS_NODIRATIME), N(MS_BIND),
      N(MS_MOVE), N(MS_REC), N(MS_SILENT), N(MS_POSIXACL), N(MS_UNBINDABLE), N(MS_PRIVATE), N(MS_SLAVE),
      N(MS_SHARED), N(MS_RELATIME), N(MS_STRICTATIME), N(MS_LAZYTIME), END("0"))
TABLE(umount, N(MNT_FORCE), N(MNT_DETACH), N(MNT_EXPIRE), N(UMOUNT_NOFOLLOW), END("0"))
TABLE(eventfd, N(EFD_SEMAPHORE), N(EFD_CLOEXEC), N(EFD_NONBLOCK), END("0"))
TABLE(epoll_create, N(EPOLL_CLOEXEC), END("0"))
TABLE(epoll_op, N(EPOLL_CTL_ADD), N(EPOLL_CTL_DEL), N(EPOLL_CTL_MOD), END(NULL))

/* --- processes, signals, time --------------------------------------------------------------------- */
TABLE(how, N(SIG_UNBLOCK), N(SIG_SETMASK), END("SIG_BLOCK"))
TABLE(wait, N(WNOHANG), N(WSTOPPED), N(WEXITED), N(WCONTINUED), N(WNOWAIT), N(__WNOTHREAD), N(__WALL), N(__WCLONE),
      END("0"))
TABLE(idtype, N(P_PID), N(P_PGID), N(P_PIDFD), END("P_ALL"))
TABLE(pidfd, {O_NONBLOCK, "PIDFD_NONBLOCK"}, {O_EXCL, "PIDFD_THREAD"}, END("0"))
TABLE(resource, N(RLIMIT_FSIZE), N(RLIMIT_DATA), N(RLIMIT_STACK), N(RLIMIT_CORE), N(RLIMIT_RSS), N(RLIMIT_NPROC),
      N(RLIMIT_NOFILE), N(RLIMIT_MEMLOCK), N(RLIMIT_AS), N(RLIMIT_LOCKS), N(RLIMIT_SIGPENDING), N(RLIMIT_MSGQUEUE),
      N(RLIMIT_NICE), N(RLIMIT_RTPRIO), N(RLIMIT_RTTIME), END("RLIMIT_CPU"))
TABLE(rusage_who, {0xffffffff, "RUSAGE_CHILDREN"}, N(RUSAGE_THREAD), END("RUSAGE_SELF"))
TABLE(policy, N(SCHED_FIFO), N(SCHED_RR), N(SCHED_BATCH), N(SCHED_IDLE), {6, "SCHED_DEADLINE"}, END("SCHED_OTHER"))
TABLE(priority, N(PRIO_PGRP), N(PRIO_USER), END("PRIO_PROCESS"))
TABLE(clock, N(CLOCK_MONOTONIC), N(CLOCK_PROCESS_CPUTIME_ID), N(CLOCK_THREAD_CPUTIME_ID), N(CLOCK_MONOTONIC_RAW),
      N(CLOCK_REALTIME_COARSE), N(CLOCK_MONOTONIC_COARSE), N(CLOCK_BOOTTIME), N(CLOCK_REALTIME_ALARM),
      N(CLOCK_BOOTTIME_ALARM), N(CLOCK_TAI), END("CLOCK_REALTIME"))
TABLE(timer, N(TIMER_ABSTIME), END("0"))
TABLE(itimer, N(ITIMER_VIRTUAL), N(ITIMER_PROF), END("ITIMER_REAL"))
TABLE(itimer_flags, N(TFD_TIMER_ABSTIME), N(TFD_TIMER_CANCEL_ON_SET), END("0"))
TABLE(timerfd, N(TFD_CLOEXEC), N(TFD_NONBLOCK), END("0"))
TABLE(random, N(GRND_NONBLOCK), N(GRND_RANDOM), {4, "GRND_INSECURE"}, END("0"))

const struct name names_prctl[] = {
#define HOST(number, name, format)        {number, #name},
#define OWN(number, name)                 {number, #name},
#define NOT(number, name, errno, reason)  {number, #name},
#include "prctl.def"
    END(NULL)
};

unsigned prctl_arguments(uint64_t option)
{
    static const struct { unsigned option, n; } rows[] = {
#define HOST(number, name, format)        {number, sizeof(format) - 1},
#define OWN(number, name)                 {number, 4},
#define NOT(number, name, errno, reason)  {number, 4},
#include "prctl.def"
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].option == option)
            return rows[i].n;
    return 4;
}

/* --- sockets ---------------------------------------------------------------------------------------- */
TABLE(family, N(AF_UNIX), N(AF_INET), N(AF_INET6), N(AF_NETLINK), N(AF_PACKET), N(AF_KEY), N(AF_ALG), N(AF_VSOCK),
      N(AF_BLUETOOTH), N(AF_CAN), N(AF_TIPC), {44, "AF_XDP"}, END("AF_UNSPEC"))
TABLE(shutdown, N(SHUT_WR), N(SHUT_RDWR), END("SHUT_RD"))
TABLE(msg, N(MSG_OOB), N(MSG_PEEK), N(MSG_DONTROUTE), N(MSG_CTRUNC), N(MSG_TRUNC), N(MSG_DONTWAIT), N(MSG_EOR),
      N(MSG_WAITALL), N(MSG_CONFIRM), N(MSG_ERRQUEUE), N(MSG_NOSIGNAL), N(MSG_MORE), N(MSG_WAITFORONE), N(MSG_BATCH),
      N(MSG_ZEROCOPY), N(MSG_FASTOPEN), N(MSG_CMSG_CLOEXEC), END("0"))
TABLE(level, N(SOL_SOCKET), {6, "SOL_TCP"}, {17, "SOL_UDP"}, {41, "SOL_IPV6"}, {58, "SOL_ICMPV6"}, N(SOL_RAW),
      N(SOL_PACKET), N(SOL_NETLINK), {279, "SOL_ALG"}, N(SOL_TLS), END("SOL_IP"))

/* --- showing them ------------------------------------------------------------------------------------ */
void names_put_bits(struct line *l, uint64_t v, const struct name *n)
{
    const char *sep = "";

    for (; n->value; n++)
        if ((v & n->value) == n->value) {
            line_put(l, "%s%s", sep, n->name);
            v &= ~n->value;
            sep = "|";
        }
    if (v)
        line_put(l, "%s%#llx", sep, (unsigned long long)v);
    else if (!*sep)
        line_put(l, "%s", n->name);
}

bool names_put_one(struct line *l, uint64_t v, const struct name *n)
{
    while (n->value && n->value != v)
        n++;
    if (n->value == v && n->name) {
        line_put(l, "%s", n->name);
        return true;
    }
    line_put(l, v >> 32 ? "%#llx" : "%lld", (long long)(v >> 32 ? v : (uint64_t)(int)v));
    return false;
}
