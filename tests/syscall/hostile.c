/* System calls with senseless arguments: myna must answer as a kernel would, and never break. Each child
 * makes a batch; what becomes of a child does not matter, as long as it dies of its own doing.
 *
 * Only to be run by tests/confine.sh, as the suite does: as root this could remove, limit or change what
 * is not its own. Calls that name another process name none that exists. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "check.h"

static const short calls[] = {
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigpending, SYS_rt_sigtimedwait, SYS_sigaltstack,
    SYS_rt_sigreturn, SYS_signalfd4, SYS_restart_syscall, SYS_clone3, SYS_execve, SYS_execveat,
    SYS_wait4, SYS_waitid, SYS_set_tid_address, SYS_getpgid, SYS_getrusage, SYS_times, SYS_getrlimit,
    SYS_prlimit64, SYS_prctl, SYS_personality, SYS_rseq, SYS_sched_getaffinity, SYS_sched_getparam,
    SYS_sched_rr_get_interval, SYS_getcpu, SYS_seccomp, SYS_ptrace, SYS_getgroups, SYS_capget,
    SYS_uname, SYS_sysinfo, SYS_getrandom, SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep,
    SYS_nanosleep, SYS_gettimeofday, SYS_getitimer, SYS_timer_create, SYS_timer_gettime,
    SYS_timer_settime, SYS_timer_delete, SYS_timerfd_create, SYS_timerfd_settime, SYS_ppoll,
    SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_socket, SYS_socketpair,
    SYS_bind, SYS_connect, SYS_getsockname, SYS_sendto, SYS_recvfrom, SYS_setsockopt, SYS_getsockopt,
    SYS_sendmsg, SYS_recvmsg, SYS_sendmmsg, SYS_recvmmsg, SYS_msgctl, SYS_msgrcv, SYS_semctl,
    SYS_semop, SYS_shmctl, SYS_shmat, SYS_shmdt, SYS_mq_open, SYS_mq_notify, SYS_mq_getsetattr,
    SYS_futex, SYS_set_robust_list, SYS_membarrier, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect,
    SYS_madvise, SYS_mincore, SYS_msync, SYS_brk, SYS_openat, SYS_readlinkat, SYS_getcwd,
    SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_read, SYS_readv, SYS_pread64, SYS_getdents64,
    SYS_fcntl, SYS_ioctl, SYS_pipe2, SYS_dup3, SYS_eventfd2, SYS_memfd_create, SYS_getxattr,
    SYS_io_setup, SYS_bpf, 1000, 4095, -1,
    SYS_io_destroy, SYS_io_submit, SYS_io_cancel, SYS_io_getevents, SYS_io_uring_setup, SYS_io_uring_enter,
    SYS_io_uring_register, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_move_pages, SYS_remap_file_pages,
    SYS_process_madvise, SYS_userfaultfd, SYS_fanotify_init, SYS_fanotify_mark, SYS_fsopen, SYS_fsconfig,
    SYS_kcmp, SYS_openat2, SYS_quotactl, SYS_name_to_handle_at, SYS_process_vm_readv, SYS_futex_waitv,
    444, 445, 446 /* Landlock */, 447 /* memfd_secret */, 451 /* cachestat */, 454, 456 /* futex_requeue */,
    457, 458 /* listmount */, 459, 460, 461 /* lsm_list_modules */, 462 /* mseal */, 463, 500,
};

enum { NOBODY = 0x7fffffff }; /* above any process id */

static uint64_t seed;
static char *page, *readonly;

static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static uint64_t argument(void)
{
    uint64_t r = next();

    switch (r % 16) {
    case 0: return 0;
    case 1: return (uint64_t)-1;
    case 2: return r >> 60;
    case 3: return (uint64_t)page + (r >> 52);
    case 4: return (uint64_t)page + 4096 - (r >> 58);
    case 5: return (uint64_t)readonly + (r >> 56);
    case 6: return 1ull << (r >> 58);
    case 7: return r;
    case 8: return (uint64_t)page | 0xab00000000000000ull;
    case 9: return 8;
    case 10: return 0x7ffffffff000 - (r >> 60);
    case 11: return 4096;
    case 12: return 0xffffffffull & r;
    default: return (uint64_t)page + (r >> 54 & ~7ull);
    }
}

/* Calls after which a batch seldom goes on, or that end in another process. */
static int ends_early(short nr)
{
    return nr == SYS_rt_sigreturn || nr == SYS_munmap || nr == SYS_mremap || nr == SYS_mprotect ||
           nr == SYS_mmap || nr == SYS_clone3 || nr == SYS_read || nr == SYS_shmat;
}

static void batch(int n)
{
    for (int i = 0; i < n; i++) {
        short nr = calls[next() % (sizeof calls / sizeof *calls)];

        if (ends_early(nr) && next() % 64)
            continue;
        uint64_t *words = (uint64_t *)page;

        for (int k = 0; k < 64; k++)
            words[next() % 512] = argument();
        uint64_t a = argument(), b = argument();

        if (nr == SYS_prlimit64)
            a = a % 4 ? 0 : NOBODY;
        else if (nr == SYS_ptrace)
            b = NOBODY;
        syscall(nr, a, b, argument(), argument(), argument(), argument());
    }
}

int main(int argc, char **argv)
{
    int status, rounds = argc > 1 ? atoi(argv[1]) : 60;

    page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 4096, 4096);
    readonly = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    signal(SIGCHLD, SIG_DFL);
    for (int round = 1; round <= rounds; round++) {
        fflush(stdout);
        pid_t pid = fork();

        if (pid == 0) {
            freopen("/dev/null", "r", stdin);
            freopen("/dev/null", "w", stdout);
            for (int fd = 3; fd < 64; fd++)
                close(fd);
            ualarm(200000, 0);
            seed = 0x9e3779b97f4a7c15ull * (unsigned)round;
            batch(300);
            _exit(0);
        }
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        if (argc > 2)
            printf("%d: %x\n", round, status);
    }
    return check_done();
}
