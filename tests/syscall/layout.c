/* Layouts that linux-user passes to the host as they are: the same lines must come from the compiler
 * of the guest and of the host. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <utime.h>
#include <linux/stat.h>

#define S(t) printf(#t " size %zu align %zu\n", sizeof(t), _Alignof(t))
#define F(t, f) printf(#t "." #f " %zu %zu\n", offsetof(t, f), sizeof(((t *)0)->f))
#define N(n) printf(#n " %lld\n", (long long)(n))

int main(void)
{
    S(siginfo_t); F(siginfo_t, si_signo); F(siginfo_t, si_errno); F(siginfo_t, si_code);
    F(siginfo_t, si_pid); F(siginfo_t, si_uid); F(siginfo_t, si_value); F(siginfo_t, si_addr);
    F(siginfo_t, si_status); F(siginfo_t, si_utime); F(siginfo_t, si_stime); F(siginfo_t, si_band);
    F(siginfo_t, si_fd); F(siginfo_t, si_timerid); F(siginfo_t, si_overrun);
    F(siginfo_t, si_call_addr); F(siginfo_t, si_syscall);
    S(stack_t); F(stack_t, ss_sp); F(stack_t, ss_flags); F(stack_t, ss_size);
    S(struct sigevent); F(struct sigevent, sigev_value); F(struct sigevent, sigev_signo);
    F(struct sigevent, sigev_notify); F(struct sigevent, sigev_notify_function);
    S(struct signalfd_siginfo); S(struct timespec); S(struct timeval); S(struct itimerspec);
    S(struct itimerval); S(struct timex); F(struct timex, freq); F(struct timex, tai);
    S(struct tms); S(struct rusage); F(struct rusage, ru_nivcsw); S(struct rlimit);
    S(struct sysinfo); F(struct sysinfo, mem_unit); F(struct sysinfo, procs); S(struct utsname);
    S(struct pollfd); S(fd_set); S(struct iovec); S(struct msghdr); F(struct msghdr, msg_iov);
    F(struct msghdr, msg_control); F(struct msghdr, msg_flags); S(struct mmsghdr);
    F(struct mmsghdr, msg_len); S(struct cmsghdr); S(struct sockaddr_un); S(struct ucred);
    S(struct linger); S(struct flock); F(struct flock, l_start); F(struct flock, l_pid);
    S(struct f_owner_ex); S(struct winsize); S(struct statfs); F(struct statfs, f_flags);
    S(struct msqid_ds); F(struct msqid_ds, msg_stime); F(struct msqid_ds, msg_lrpid);
    S(struct shmid_ds); F(struct shmid_ds, shm_atime); F(struct shmid_ds, shm_nattch);
    S(struct ipc_perm); F(struct ipc_perm, mode); F(struct ipc_perm, __seq);
    S(struct sembuf); S(struct seminfo); S(struct msginfo); S(struct shminfo); S(struct shm_info);
    S(struct mq_attr); S(struct sched_param); S(struct statx); F(struct statx, stx_dev_major);
    S(struct __user_cap_data_struct); S(struct robust_list_head); S(struct termios);
    F(struct termios, c_cc);
    N(SIGBUS); N(SIGCHLD); N(SIGSTOP); N(SIGSYS); N(SIGPWR); N(SIGRTMAX); N(SA_RESTART);
    N(SA_NOCLDWAIT); N(SA_RESETHAND); N(SIG_BLOCK); N(SIG_SETMASK); N(EDEADLK); N(ENAMETOOLONG);
    N(ELOOP); N(EHWPOISON); N(F_SETLK); N(F_GETLK); N(F_SETOWN_EX); N(F_OFD_SETLK); N(F_SETPIPE_SZ);
    N(SOL_SOCKET); N(SO_REUSEPORT); N(SO_PEERCRED); N(SO_RCVTIMEO); N(SOCK_STREAM); N(SOCK_NONBLOCK);
    N(SOCK_CLOEXEC); N(TIOCGWINSZ); N(TCGETS); N(TCSETSF); N(FIONREAD); N(TIOCSPGRP); N(RLIMIT_AS);
    N(RLIMIT_NOFILE); N(RLIMIT_NPROC); N(RLIMIT_RTTIME); N(WNOHANG); N(WCONTINUED); N(IPC_STAT);
    N(SETALL); N(SHM_RND); N(MSG_NOERROR); N(CLONE_VFORK); N(CLONE_SETTLS); N(ECHO); N(ICANON);
    N(B115200); N(VMIN); N(O_NONBLOCK); N(O_CLOEXEC); N(O_APPEND); N(O_SYNC); N(O_PATH);
    N(POLLRDHUP); N(EPOLLET); N(TIMER_ABSTIME); N(MSG_DONTWAIT); N(AT_EMPTY_PATH);
    return 0;
}
