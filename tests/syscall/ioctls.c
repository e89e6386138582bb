/* ioctl: terminals, pipes, files, file systems, loop and random devices, network interfaces, namespaces. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/random.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <termios.h>
#include "check.h"

static void terminals(void)
{
    int m = open("/dev/ptmx", O_RDWR | O_NOCTTY), s, n, zero = 0;
    struct winsize ws = {24, 80, 1, 2}, got;
    struct termios t;
    char buf[16];

    if (m < 0)
        return;
    CHECK_EQ(ioctl(m, TIOCGPTN, &n), 0);
    CHECK_EQ(ioctl(m, TIOCSPTLCK, &zero), 0);
    s = ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(s >= 0);
    CHECK_EQ(fcntl(s, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(ioctl(m, TIOCSWINSZ, &ws), 0);
    CHECK_EQ(ioctl(s, TIOCGWINSZ, &got), 0);
    CHECK(memcmp(&ws, &got, sizeof ws) == 0);
    CHECK_EQ(tcgetattr(s, &t), 0);
    CHECK(t.c_lflag & ICANON);
    CHECK_EQ(t.c_cc[VINTR], 3);
    CHECK_EQ(cfgetospeed(&t), B38400);
    cfmakeraw(&t);
    t.c_cc[VMIN] = 2;
    cfsetspeed(&t, B115200);
    CHECK_EQ(tcsetattr(s, TCSANOW, &t), 0);
    memset(&t, 0, sizeof t);
    CHECK_EQ(tcgetattr(m, &t), 0);
    CHECK_EQ(t.c_lflag & ICANON, 0);
    CHECK_EQ(t.c_cc[VMIN], 2);
    CHECK_EQ(cfgetospeed(&t), B115200);
    CHECK_EQ(write(m, "ab\3", 3), 3);
    for (n = 0; n < 3; usleep(1000)) /* the kernel carries them over in its own time */
        if (ioctl(s, FIONREAD, &n) != 0)
            break;
    CHECK_EQ(ioctl(s, FIONREAD, &n), 0);
    CHECK_EQ(n, 3);
    CHECK_EQ(read(s, buf, sizeof buf), 3);
    CHECK_EQ(tcflush(s, TCIOFLUSH), 0);
    CHECK_EQ(ioctl(s, TIOCGPGRP, &n), -1); /* not its controlling terminal */
    CHECK_EQ(errno, ENOTTY);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        if (ioctl(s, TIOCSCTTY, 0) != 0 || tcgetpgrp(s) != getpid() || tcgetsid(s) != getpid())
            _exit(1);
        int d = open("/dev/tty", O_RDWR);
        _exit(d >= 0 && isatty(d) ? 0 : 2);
    }
    int status;
    waitpid(pid, &status, 0);
    CHECK_EQ(status, 0);
    n = 1;
    CHECK_EQ(ioctl(m, TIOCPKT, &n), 0);
    CHECK_EQ(isatty(m), 1);
    close(s);
    close(m);
}

static void files(void)
{
    int pipefd[2], n = 1, fd = open("f", O_RDWR | O_CREAT, 0600), tfd, ep;
    struct { struct fiemap f; struct fiemap_extent e[4]; } fm = {.f = {.fm_length = ~0ull, .fm_extent_count = 4}};
    long flags = -1;

    pipe(pipefd);
    CHECK_EQ(ioctl(pipefd[0], FIONBIO, &n), 0);
    CHECK_EQ(read(pipefd[0], &n, 1), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(ioctl(pipefd[0], FIOCLEX), 0);
    CHECK_EQ(fcntl(pipefd[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(ioctl(pipefd[0], FIONCLEX), 0);
    CHECK_EQ(fcntl(pipefd[0], F_GETFD), 0);
    CHECK_EQ(write(pipefd[1], "abc", 3), 3);
    CHECK_EQ(ioctl(pipefd[0], FIONREAD, &n), 0);
    CHECK_EQ(n, 3);
    CHECK_EQ(ioctl(pipefd[0], TCGETS, &n), -1);
    CHECK_EQ(errno, ENOTTY);
    CHECK_EQ(ioctl(9999, FIONREAD, &n), -1);
    CHECK_EQ(errno, EBADF);
    CHECK_EQ(ioctl(pipefd[0], FIONREAD, 8), -1);
    CHECK_EQ(errno, EFAULT);
    CHECK_EQ(ioctl(pipefd[0], 0xc0deabcd, &n), -1);
    CHECK_EQ(errno, ENOTTY);
    CHECK_EQ(write(fd, "data", 4), 4);
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        CHECK((flags & 0xffffffff) != 0xffffffff);
        CHECK_EQ(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
    }
    if (ioctl(fd, FS_IOC_FIEMAP, &fm) == 0)
        CHECK(fm.f.fm_mapped_extents <= 4);
    CHECK_EQ(ioctl(fd, FIGETBSZ, &n), 0);
    CHECK(n >= 512);
    n = ioctl(fd, FICLONE, pipefd[0]);
    CHECK(n == -1 && (errno == EINVAL || errno == EOPNOTSUPP || errno == EXDEV || errno == EPERM));
    tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    unsigned long long ticks = 5, got = 0;
    if (ioctl(tfd, _IOW('T', 0, unsigned long long), &ticks) == 0) { /* TFD_IOC_SET_TICKS */
        CHECK_EQ(read(tfd, &got, 8), 8);
        CHECK_EQ(got, 5);
    } else {
        CHECK_EQ(errno, ENOTTY);
    }
    ep = epoll_create1(0);
    struct { unsigned usecs; unsigned short budget; unsigned char busy, pad; } params = {50, 8, 0, 0}, back;
    if (ioctl(ep, _IOW(0x8a, 1, params), &params) == 0) { /* EPIOCSPARAMS */
        CHECK_EQ(ioctl(ep, _IOR(0x8a, 2, back), &back), 0);
        CHECK_EQ(back.usecs, 50);
    }
    int rnd = open("/dev/urandom", O_RDONLY);
    CHECK_EQ(ioctl(rnd, RNDGETENTCNT, &n), 0);
    CHECK(n >= 0 && n <= 4096);
    CHECK_EQ(ioctl(rnd, BLKGETSIZE64, &ticks), -1);
    CHECK(errno == ENOTTY || errno == EINVAL);
    int ns = open("/proc/self/ns/net", O_RDONLY), parent;
    if (ns >= 0) {
        CHECK_EQ(ioctl(ns, 0xb703 /* NS_GET_NSTYPE */), CLONE_NEWNET);
        parent = ioctl(ns, 0xb701 /* NS_GET_USERNS */);
        CHECK(parent >= 0 || errno == EPERM);
    }
    int kvm = open("/dev/kvm", O_RDWR);
#ifdef __aarch64__
    if (kvm >= 0) {
        CHECK_EQ(ioctl(kvm, 0xae00), -1); /* KVM_GET_API_VERSION */
        CHECK_EQ(errno, ENOTTY);
    }
#endif
    close(kvm);
}

static void interfaces(void)
{
    struct ifreq ifr = {.ifr_name = "lo"}, tun = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int s = socket(AF_INET, SOCK_DGRAM, 0), t;
    struct ethtool_value link = {.cmd = ETHTOOL_GLINK};
    struct ethtool_drvinfo drv = {.cmd = ETHTOOL_GDRVINFO};

    CHECK_EQ(ioctl(s, SIOCGIFMTU, &ifr), 0);
    CHECK_EQ(ifr.ifr_mtu, 65536);
    CHECK_EQ(ioctl(s, SIOCGIFHWADDR, &ifr), 0);
    CHECK_EQ(ifr.ifr_hwaddr.sa_family, 772); /* ARPHRD_LOOPBACK */
    ifr.ifr_data = (void *)&link;
    CHECK_EQ(ioctl(s, SIOCETHTOOL, &ifr), 0);
    CHECK(link.data <= 1);
    CHECK(ifr.ifr_data == (void *)&link);
    ifr.ifr_data = (void *)&drv;
    if (ioctl(s, SIOCETHTOOL, &ifr) < 0)
        CHECK_EQ(errno, EOPNOTSUPP);
    strcpy(ifr.ifr_name, "none-such");
    CHECK_EQ(ioctl(s, SIOCGIFMTU, &ifr), -1);
    CHECK_EQ(errno, ENODEV);
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return;
    t = open("/dev/net/tun", O_RDWR);
    if (t < 0)
        return;
    strcpy(tun.ifr_name, "check%d");
    CHECK_EQ(ioctl(t, TUNSETIFF, &tun), 0);
    CHECK(strcmp(tun.ifr_name, "check0") == 0);
    CHECK_EQ(ioctl(t, TUNGETIFF, &tun), 0);
    CHECK(tun.ifr_flags & IFF_TUN);
    s = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQ(ioctl(s, SIOCGIFFLAGS, &tun), 0);
    tun.ifr_flags |= IFF_UP;
    CHECK_EQ(ioctl(s, SIOCSIFFLAGS, &tun), 0);
    CHECK_EQ(ioctl(s, SIOCGIFFLAGS, &tun), 0);
    CHECK(tun.ifr_flags & IFF_UP);
}

int main(void)
{
    char dir[] = "ioctls-XXXXXX";

    CHECK(mkdtemp(dir) && chdir(dir) == 0);
    terminals();
    files();
    interfaces();
    return check_done();
}
