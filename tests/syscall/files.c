/* Files: open flags (whose numbers differ on the host), attributes, names, pipes, fcntl, vectors, and
 * the files of /proc that show the process itself. */
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "check.h"

/* The kernel's numbers on arm64 (arch/arm64/include/uapi/asm/fcntl.h), not the headers'. */
enum { K_DIRECTORY = 040000, K_NOFOLLOW = 0100000, K_DIRECT = 0200000, K_LARGEFILE = 0400000 };

static void flags(void)
{
    int fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0640), p[2];
    struct stat st;

    CHECK(fd >= 0);
    CHECK(open("a", O_RDWR | O_CREAT | O_EXCL, 0640) == -1 && errno == EEXIST);
    CHECK(open("a", O_RDONLY | K_DIRECTORY) == -1 && errno == ENOTDIR);
    CHECK(open(".", O_RDONLY | K_DIRECTORY) >= 0);
    CHECK(open(".", O_WRONLY) == -1 && errno == EISDIR);
    CHECK(open("/lib", O_WRONLY | 4 | 16) == -1 && errno == EISDIR); /* unknown flags don't count, */
    CHECK(open("/lib", O_PATH | O_RDWR | K_DIRECTORY) >= 0);         /* nor all but a few with O_PATH */
    CHECK_EQ(symlink("a", "l"), 0);
    CHECK(open("l", O_RDONLY | K_NOFOLLOW) == -1 && errno == ELOOP);
    CHECK(open("l", O_RDONLY) >= 0);
    CHECK(open(".", 020000000 | K_DIRECTORY | O_RDWR, 0600) >= 0); /* O_TMPFILE */
    CHECK_EQ(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK), 0);
    CHECK_EQ(fcntl(fd, F_GETFL) & ~K_LARGEFILE, O_RDWR | O_APPEND | O_NONBLOCK);
    CHECK_EQ(syscall(SYS_pipe2, p, K_DIRECT | O_CLOEXEC), 0);
    CHECK_EQ(fcntl(p[1], F_GETFL) & ~K_LARGEFILE, O_WRONLY | K_DIRECT);
    CHECK_EQ(fcntl(p[1], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK_EQ(st.st_mode, S_IFREG | 0640);
    CHECK_EQ(st.st_nlink, 1);
    close(fd);
}

static void data(void)
{
    int fd = open("a", O_RDWR), p[2], n;
    char b[32] = "", c[32] = "";
    struct iovec v[2] = { { b, 3 }, { c, 4 } };

    CHECK_EQ(write(fd, "hello world", 11), 11);
    CHECK_EQ(preadv(fd, v, 2, 4), 7);
    CHECK(!strcmp(b, "o w") && !strcmp(c, "orld"));
    CHECK_EQ(pwritev(fd, v, 2, 20), 7);
    CHECK_EQ(lseek(fd, 0, SEEK_END), 27);
    CHECK_EQ(lseek(fd, -100, SEEK_CUR), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK(syscall(SYS_writev, fd, v, 1 << 20) == -1 && errno == EINVAL);
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(write(p[1], "xyz", 3), 3);
    CHECK(!ioctl(p[0], FIONREAD, &n) && n == 3);
    CHECK(ioctl(fd, 0x12345678, 0) == -1 && errno == ENOTTY);
    CHECK_EQ(dup2(p[0], 40), 40);
    CHECK(dup3(40, 40, 0) == -1 && errno == EINVAL);
    CHECK_EQ(close(40), 0);
    CHECK(close(40) == -1 && errno == EBADF);
    CHECK_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
    struct flock fl = { F_WRLCK, SEEK_SET, 0, 10 };
    CHECK_EQ(fcntl(fd, F_SETLK, &fl), 0);
    CHECK_EQ(fcntl(fd, F_OFD_GETLK, &fl) == 0 && fl.l_type == F_WRLCK, 1);
    close(fd);
}

static void names(void)
{
    struct timespec ts[2] = { { 1, 2 }, { 3, 4 } };
    struct stat st;
    struct statx sx;
    struct statfs sf;
    char b[64];
    DIR *d;
    int n = 0;

    CHECK_EQ(utimensat(AT_FDCWD, "a", ts, 0), 0);
    CHECK(!stat("a", &st) && st.st_mtim.tv_sec == 3 && st.st_mtim.tv_nsec == 4 &&
          st.st_atim.tv_nsec == 2);
    CHECK(!lstat("l", &st) && S_ISLNK(st.st_mode) && st.st_size == 1);
    CHECK(!statx(AT_FDCWD, "l", 0, STATX_ALL, &sx) && S_ISREG(sx.stx_mode) && sx.stx_size == 27);
    CHECK(!statfs(".", &sf) && sf.f_bsize > 0 && sf.f_namelen >= 143);
    CHECK_EQ(readlink("l", b, sizeof b), 1);
    CHECK_EQ(link("a", "n"), 0);
    CHECK(!stat("n", &st) && st.st_nlink == 2);
    CHECK_EQ(rename("n", "m"), 0);
    CHECK(access("n", F_OK) == -1 && errno == ENOENT);
    CHECK_EQ(mkdir("d", 0755), 0);
    CHECK(unlink("d") == -1 && (errno == EISDIR || errno == EPERM));
    d = opendir(".");
    while (readdir(d))
        n++;
    closedir(d);
    CHECK_EQ(n, 6); /* . .. a l m d */
    CHECK_EQ(rmdir("d"), 0);
    CHECK_EQ(chmod("m", 0600), 0);
    CHECK_EQ(truncate("m", 5), 0);
    CHECK(!stat("a", &st) && st.st_size == 5 && (st.st_mode & 0777) == 0600);
    CHECK(open("/nonexistent/x", O_RDONLY) == -1 && errno == ENOENT);
    CHECK(open("a/x", O_RDONLY) == -1 && errno == ENOTDIR);
}

static long slurp(const char *name, char *b, long size)
{
    int fd = open(name, O_RDONLY);
    long n = 0, r;

    while (fd >= 0 && n < size - 1 && (r = read(fd, b + n, size - 1 - n)) > 0)
        n += r;
    b[n] = 0;
    close(fd);
    return fd < 0 ? -1 : n;
}

static void proc(const char *argv0)
{
    static char b[1 << 16];
    struct stat a, c;
    ElfW(auxv_t) *av = (void *)b;
    char *line;
    int stack = 0, heap = 0, text = 0;
    long n;

    n = readlink("/proc/self/exe", b, sizeof b - 1);
    CHECK(n > 0 && b[0] == '/');
    b[n > 0 ? n : 0] = 0;
    CHECK(strstr(b, strrchr(argv0, '/') + 1) != NULL);
    CHECK(!stat(b, &a) && !stat("/proc/self/exe", &c) && a.st_ino == c.st_ino);
    CHECK_EQ(slurp("/proc/self/cmdline", b, sizeof b), (long)strlen(argv0) + 1);
    CHECK(!strcmp(b, argv0));
    n = slurp("/proc/self/auxv", b, sizeof b);
    CHECK(n >= 16 * 16 && n % 16 == 0);
    CHECK_EQ(av[n / 16 - 1].a_type, AT_NULL);
    for (long i = 0; i < n / 16; i++)
        if (av[i].a_type == AT_ENTRY)
            CHECK_EQ(av[i].a_un.a_val, getauxval(AT_ENTRY));
    CHECK(slurp("/proc/self/maps", b, sizeof b) > 0);
    for (line = strtok(b, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned long s, e;
        char prot[5];
        CHECK_EQ(sscanf(line, "%lx-%lx %4s", &s, &e, prot), 3);
        stack += strstr(line, "[stack]") && s < (unsigned long)&a && (unsigned long)&a < e;
        heap += strstr(line, "[heap]") && (unsigned long)sbrk(0) <= e;
        text += (unsigned long)proc >= s && (unsigned long)proc < e && !strcmp(prot, "r-xp");
    }
    CHECK(stack == 1 && heap == 1 && text == 1);
    CHECK(slurp("/proc/cpuinfo", b, sizeof b) > 0);
    CHECK(strstr(b, "CPU implementer") && strstr(b, "asimd"));
    CHECK(slurp("/proc/self/stat", b, sizeof b) > 0);
    CHECK_EQ(atoi(b), getpid());
    CHECK_EQ(getauxval(AT_PAGESZ), 4096);
    CHECK(!strcmp((char *)getauxval(AT_PLATFORM), "aarch64"));
    CHECK(getauxval(AT_SYSINFO_EHDR) != 0);
    CHECK_EQ(getauxval(AT_MINSIGSTKSZ), 4720);
    CHECK(!strcmp((char *)getauxval(AT_EXECFN), argv0));
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/filesXXXXXX", argv0[4096];

    snprintf(argv0, sizeof argv0, "%s", argv[0]);
    void *volatile heap = malloc(1000); /* one to show */
    free(heap);
    proc(argv0);
    CHECK(mkdtemp(dir) && !chdir(dir));
    flags();
    data();
    names();
    CHECK(!unlink("a") && !unlink("l") && !unlink("m"));
    CHECK(!chdir("/") && !rmdir(dir));
    CHECK_EQ(syscall(SYS_close_range, 3, ~0u, 0), 0);
    CHECK_EQ(open("/dev/null", O_RDONLY), 3);
    CHECK(syscall(999) == -1 && errno == ENOSYS);
    return check_done();
}
