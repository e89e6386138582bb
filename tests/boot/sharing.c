/*
 * On a mounted folder (the first argument): what programs do with files, each with a line "ok NAME" or "BAD NAME: what". The second argument:
 * "mmap" if shared mappings may be written; the third: files of a large folder (5000). Expected is what POSIX and Linux' manual pages say.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *chapter;
static int bad, nfiles = 5000;
#define CHECK(what) \
    do { \
        if (!(what)) { \
            printf("BAD %s: line %d: %s (%s)\n", chapter, __LINE__, #what, strerror(errno)); \
            bad++; \
        } \
    } while (0)

static int make(const char *name, const char *text)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    return fd;
}

static int holds(const char *name, const char *text)
{
    char bytes[256];
    int fd = open(name, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    close(fd);
    return n == (ssize_t)strlen(text) && !memcmp(bytes, text, (size_t)n);
}

static void unlinked(void)
{
    char text[16] = "";
    struct stat st;
    int fd = make("gone", "still here"), again = make("gone2", "second");
    CHECK(unlink("gone") == 0 && access("gone", F_OK) < 0 && errno == ENOENT);
    CHECK(pread(fd, text, 10, 0) == 10 && !strcmp(text, "still here"));
    CHECK(pwrite(fd, "was", 3, 0) == 3 && fsync(fd) == 0);
    CHECK(fstat(fd, &st) == 0 && st.st_size == 10);
    CHECK(ftruncate(fd, 3) == 0 && fstat(fd, &st) == 0 && st.st_size == 3);
    CHECK(pread(fd, text, 10, 0) == 3 && !memcmp(text, "was", 3));
    close(make("gone", "another"));
    CHECK(holds("gone", "another") && pread(fd, text, 10, 0) == 3);
    CHECK(rename("gone", "gone2") == 0 && holds("gone2", "another") && pread(again, text, 6, 0) == 6 && !memcmp(text, "second", 6));
    close(fd);
    close(again);
    CHECK(unlink("gone2") == 0);
}

static void renamed(void)
{
    char text[16];
    int fd = make("here", "text"), dir;
    CHECK(rename("here", "there") == 0 && pwrite(fd, "T", 1, 0) == 1 && pread(fd, text, 4, 0) == 4 && !memcmp(text, "Text", 4));
    close(fd);
    CHECK(holds("there", "Text") && access("here", F_OK) < 0);
    CHECK(mkdir("d1", 0755) == 0 && mkdir("d1/sub", 0755) == 0);
    close(make("d1/sub/f", "deep"));
    dir = open("d1/sub", O_RDONLY | O_DIRECTORY);
    CHECK(rename("d1", "d2") == 0 && holds("d2/sub/f", "deep") && access("d1", F_OK) < 0);
    fd = openat(dir, "f", O_RDONLY);
    CHECK(fd >= 0 && read(fd, text, 9) == 4);
    close(fd);
    close(dir);
    CHECK(rename("d2/sub/f", "f") == 0 && rename("f", "there") == 0 && holds("there", "deep"));
    CHECK(rename("d2", "d2/sub/x") < 0 && errno == EINVAL && rmdir("d2") < 0 && errno == ENOTEMPTY);
    CHECK(rmdir("d2/sub") == 0 && rmdir("d2") == 0 && unlink("there") == 0);
}

static void attributes(void)
{
    struct stat st;
    struct timespec t[2] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
    char text[32];
    close(make("a", "x"));
    CHECK(chmod("a", 04751) == 0 && chown("a", 12, 34) == 0 && chmod("a", 0640) == 0 && stat("a", &st) == 0);
    CHECK((st.st_mode & 07777) == 0640 && st.st_uid == 12 && st.st_gid == 34);
    CHECK(utimensat(AT_FDCWD, "a", t, 0) == 0 && stat("a", &st) == 0 && st.st_mtim.tv_sec == 1100000000 && st.st_atim.tv_sec == 1000000000);
    CHECK(link("a", "b") == 0 && stat("b", &st) == 0 && st.st_nlink == 2 && unlink("a") == 0 && stat("b", &st) == 0 && st.st_nlink == 1);
    CHECK(symlink("some where", "s") == 0 && readlink("s", text, 32) == 10 && lstat("s", &st) == 0 && S_ISLNK(st.st_mode) && st.st_size == 10);
    CHECK(mkfifo("p", 0620) == 0 && lstat("p", &st) == 0 && S_ISFIFO(st.st_mode));
    CHECK(mknod("c", S_IFCHR | 0600, makedev(1, 5)) == 0 && lstat("c", &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 5));
    CHECK(truncate("b", 100000) == 0 && stat("b", &st) == 0 && st.st_size == 100000);
    struct statvfs v;
    CHECK(statvfs(".", &v) == 0 && v.f_blocks && v.f_namemax == 255);
    CHECK(unlink("b") == 0 && unlink("s") == 0 && unlink("p") == 0 && unlink("c") == 0);
}

/* The pipe and the device of a guest are the guest's: bytes go through them here. */
static void specials(void)
{
    char text[8];
    CHECK(mkfifo("p", 0600) == 0);
    pid_t child = fork();
    if (!child) {
        int fd = open("p", O_WRONLY);
        _exit(write(fd, "pipe", 4) != 4);
    }
    int fd = open("p", O_RDONLY), status;
    CHECK(read(fd, text, 8) == 4 && !memcmp(text, "pipe", 4));
    close(fd);
    CHECK(waitpid(child, &status, 0) == child && !status && unlink("p") == 0);
    CHECK(mknod("zero", S_IFCHR | 0600, makedev(1, 5)) == 0);
    fd = open("zero", O_RDONLY);
    memset(text, 1, 8);
    CHECK(fd >= 0 && read(fd, text, 8) == 8 && !text[0] && !text[7]);
    close(fd);
    CHECK(unlink("zero") == 0);
}

static void xattrs(void)
{
    char value[64], big[3000];
    close(make("x", ""));
    memset(big, 'b', sizeof big);
    CHECK(setxattr("x", "user.one", "first", 5, 0) == 0 && getxattr("x", "user.one", value, 64) == 5 && !memcmp(value, "first", 5));
    CHECK(setxattr("x", "user.one", "1", 1, XATTR_CREATE) < 0 && errno == EEXIST && setxattr("x", "user.two", "2", 1, XATTR_REPLACE) < 0 && errno == ENODATA);
    CHECK(setxattr("x", "user.two", big, sizeof big, 0) == 0 && getxattr("x", "user.two", NULL, 0) == (ssize_t)sizeof big);
    ssize_t n = listxattr("x", value, 64);
    CHECK(n == 18 && memmem(value, 18, "user.one", 9) && memmem(value, 18, "user.two", 9));
    CHECK(removexattr("x", "user.one") == 0 && getxattr("x", "user.one", value, 64) < 0 && errno == ENODATA && removexattr("x", "user.one") < 0);
    CHECK(unlink("x") == 0);
}

static void locks(void)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5 };
    int fd = make("l", "0123456789abcdefghij"), status, back[2];
    char c;
    CHECK(fcntl(fd, F_SETLK, &l) == 0 && pipe(back) == 0);
    pid_t child = fork();
    if (!child) {
        int own = open("l", O_RDWR);
        struct flock t = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 12, .l_len = 1 }, q = t;
        int wrong = fcntl(own, F_SETLK, &t) == 0 || (errno != EAGAIN && errno != EACCES);
        wrong |= (fcntl(own, F_GETLK, &q) < 0 || q.l_type != F_WRLCK || q.l_start != 10 || q.l_len != 5) << 1;
        t.l_start = 15;
        wrong |= (fcntl(own, F_SETLK, &t) < 0) << 2;
        wrong |= (write(back[1], "x", 1) != 1) << 3;
        t.l_start = 10;
        wrong |= (fcntl(own, F_SETLKW, &t) < 0) << 4; /* until it is let go */
        _exit(wrong);
    }
    CHECK(read(back[0], &c, 1) == 1);
    usleep(50000);
    l.l_type = F_UNLCK;
    CHECK(fcntl(fd, F_SETLK, &l) == 0 && waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    close(fd);
    CHECK(unlink("l") == 0);
}

static void appends(void)
{
    enum { EACH = 200 };
    struct stat st;
    int status;
    close(make("log", ""));
    pid_t child = fork();
    int fd = open("log", O_WRONLY | O_APPEND);
    for (int k = 0; k < EACH; k++)
        if (write(fd, child ? "parent\n" : "child \n", 7) != 7)
            bad++;
    close(fd);
    if (!child)
        _exit(0);
    CHECK(waitpid(child, &status, 0) == child && !status && stat("log", &st) == 0 && st.st_size == 2 * EACH * 7);
    CHECK(unlink("log") == 0);
}

static void folders(void)
{
    enum { MOST = 100000 };
    static char seen[MOST];
    char name[32];
    int n = 0, k;
    CHECK(mkdir("many", 0755) == 0 && chdir("many") == 0);
    for (k = 0; k < nfiles; k++) {
        snprintf(name, sizeof name, "f%d", k);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
        if (fd < 0 || write(fd, name, 5) != 5)
            bad++;
        close(fd);
    }
    DIR *d = opendir(".");
    long middle = 0;
    struct dirent *e;
    char after[32] = "";
    while ((e = readdir(d))) {
        if (sscanf(e->d_name, "f%d", &k) != 1 || k < 0 || k >= nfiles)
            continue;
        if (middle && !*after)
            strcpy(after, e->d_name);
        CHECK(!seen[k]);
        seen[k] = 1;
        if (++n == nfiles / 2)
            middle = telldir(d);
    }
    CHECK(n == nfiles);
    seekdir(d, middle);
    e = readdir(d);
    CHECK(e && !strcmp(e->d_name, after));
    rewinddir(d);
    for (n = 0; (e = readdir(d));) /* taken away while they are listed */
        if (sscanf(e->d_name, "f%d", &k) == 1 && unlink(e->d_name) == 0)
            n++;
    closedir(d);
    CHECK(n == nfiles);
    CHECK(chdir("..") == 0 && rmdir("many") == 0);
}

static void mapped(int shared)
{
    enum { BYTES = 1 << 20 };
    int fd = make("map", "");
    char c;
    CHECK(ftruncate(fd, BYTES) == 0 && pwrite(fd, "middle", 6, BYTES / 2) == 6);
    char *p = mmap(NULL, BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(p != MAP_FAILED && !memcmp(p + BYTES / 2, "middle", 6) && !p[0]);
    munmap(p, BYTES);
    if (shared) {
        p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        CHECK(p != MAP_FAILED);
        if (p != MAP_FAILED) {
            memset(p, 'm', BYTES);
            CHECK(msync(p, BYTES, MS_SYNC) == 0);
            munmap(p, BYTES);
            int other = open("map", O_RDONLY);
            CHECK(pread(other, &c, 1, BYTES - 1) == 1 && c == 'm');
            close(other);
        }
    }
    close(fd);
    CHECK(unlink("map") == 0);
}

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*fn)(void); } chapters[] = {
        { "unlinked", unlinked }, { "renamed", renamed }, { "attributes", attributes }, { "specials", specials }, { "xattrs", xattrs }, { "locks", locks },
        { "appends", appends }, { "folders", folders },
    };
    int shared = argc > 2 && !strcmp(argv[2], "mmap"), all = 0;
    if (argc > 3)
        nfiles = atoi(argv[3]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    umask(0);
    if (argc < 2 || chdir(argv[1]) < 0)
        return 2;
    for (unsigned k = 0; k <= sizeof chapters / sizeof *chapters; k++) {
        bad = 0;
        chapter = k < sizeof chapters / sizeof *chapters ? chapters[k].name : "mapped";
        if (k < sizeof chapters / sizeof *chapters)
            chapters[k].fn();
        else
            mapped(shared);
        if (!bad)
            printf("ok %s\n", chapter);
        all += bad;
    }
    printf(all ? "SHARING FAILED %d\n" : "SHARING PASSED\n", all);
    return all != 0;
}
