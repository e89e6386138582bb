/* Files and directories: stdio and system calls, links, times, modes, locks, mapped files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
static int visited;
static int visit(const char *p, const struct stat *s, int t, struct FTW *f)
{
    (void)s, (void)t, (void)f;
    visited++;
    return remove(p);
}
int main(void)
{
    char dir[] = "/tmp/myna-files-XXXXXX", buf[4096], *names[20];
    struct stat st;
    if (!mkdtemp(dir) || chdir(dir))
        return 1;
    umask(022);
    FILE *f = fopen("text", "w+");
    for (int i = 0; i < 1000; i++)
        fprintf(f, "line %d of the file\n", i);
    fseek(f, 0, SEEK_SET);
    int lines = 0;
    while (fgets(buf, sizeof(buf), f))
        lines++;
    printf("lines %d at %ld\n", lines, ftell(f));
    fseek(f, -5, SEEK_END);
    printf("end %s", fgets(buf, sizeof(buf), f));
    fclose(f);
    stat("text", &st);
    printf("size %lld mode %o links %d\n", (long long)st.st_size, st.st_mode, (int)st.st_nlink);
    int fd = open("text", O_RDWR | O_APPEND | O_CLOEXEC);
    printf("flags %d %d\n", !!(fcntl(fd, F_GETFL) & O_APPEND), fcntl(fd, F_GETFD));
    struct iovec v[3] = { { "one", 3 }, { "", 0 }, { "three\n", 6 } };
    printf("writev %zd\n", writev(fd, v, 3));
    printf("pread %zd", pread(fd, buf, 10, 100));
    printf(" %.10s\n", buf);
    printf("lseek %lld\n", (long long)lseek(fd, 0, SEEK_END));
    printf("hole %d\n", ftruncate(fd, 1 << 20));
    printf("%lld", (long long)lseek(fd, -100, SEEK_END));
    printf(" %lld\n", (long long)lseek(fd, 3, SEEK_CUR));
    char *map = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    memcpy(map + 200000, "mapped", 6);
    msync(map, 1 << 20, MS_SYNC);
    printf("mapped %zd", pread(fd, buf, 6, 200000));
    printf(" %.6s %.6s\n", buf, map);
    munmap(map, 1 << 20);
    printf("lock %d", flock(fd, LOCK_EX | LOCK_NB));
    struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
    printf(" %d", fcntl(fd, F_SETLK, &fl));
    printf(" %d", fcntl(fd, F_GETLK, &fl));
    printf(" %d\n", fl.l_type == F_UNLCK);
    int copy = open("copy", O_CREAT | O_EXCL | O_WRONLY, 0600);
    off_t off = 10;
    printf("sendfile %zd", sendfile(copy, fd, &off, 500));
    printf(" %lld\n", (long long)off);
    printf("again %d", open("copy", O_CREAT | O_EXCL, 0600));
    printf(" %d\n", errno == EEXIST);
    close(copy);
    int d2 = dup(fd), d3 = fcntl(fd, F_DUPFD, 50);
    printf("dup %d %d\n", d2 > fd, d3 >= 50);
    close(d2);
    close(d3);
    close(fd);
    printf("link %d", link("copy", "hard"));
    printf(" symlink %d", symlink("text", "soft"));
    printf(" rename %d\n", rename("copy", "renamed"));
    printf("readlink %zd", readlink("soft", buf, sizeof(buf)));
    printf(" %.4s\n", buf);
    lstat("soft", &st);
    printf("lstat %d", S_ISLNK(st.st_mode));
    stat("hard", &st);
    printf(" links %d\n", (int)st.st_nlink);
    char *real = realpath("soft", NULL);
    printf("realpath %s\n", real ? real + sizeof(dir) : "-");
    free(real);
    printf("chmod %d access %d %d\n", chmod("hard", 0444), access("hard", R_OK), access("none", F_OK));
    struct timespec ts[2] = { { 1000000000, 5000 }, { 1600000000, 123456000 } };
    utimensat(AT_FDCWD, "text", ts, 0);
    stat("text", &st);
    printf("times %lld.%09ld\n", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    struct statx sx;
    printf("statx %d", statx(AT_FDCWD, "text", 0, STATX_BASIC_STATS, &sx));
    printf(" %llu %o\n", (unsigned long long)sx.stx_size, sx.stx_mode);
    mkdir("sub", 0755);
    mkdir("sub/deeper", 0700);
    int dfd = open("sub", O_DIRECTORY | O_RDONLY);
    close(openat(dfd, "inside", O_CREAT | O_WRONLY, 0644));
    printf("openat %d\n", faccessat(dfd, "inside", R_OK, 0));
    close(dfd);
    DIR *d = opendir(".");
    int n = 0;
    for (struct dirent *e; (e = readdir(d));)
        names[n++] = strdup(e->d_name);
    closedir(d);
    qsort(names, n, sizeof(names[0]), compare);
    for (int i = 0; i < n; i++)
        printf("%s%c", names[i], i + 1 < n ? ' ' : '\n');
    glob_t g;
    printf("glob %d", glob("s*", 0, NULL, &g));
    printf(" %zu\n", g.gl_pathc);
    printf("getcwd %d\n", strcmp(getcwd(buf, sizeof(buf)), dir));
    struct statvfs vfs;
    printf("statvfs %d\n", statvfs(".", &vfs));
    printf("mkfifo %d\n", mkfifo("fifo", 0600));
    printf("unlink %d", unlink("sub"));
    printf(" %d", unlink("none"));
    printf(" rmdir %d", rmdir("sub"));
    printf(" %d\n", errno == ENOTEMPTY);
    f = tmpfile();
    printf("tmpfile %d", fputs("temporary", f) >= 0);
    rewind(f);
    printf(" %zu\n", fread(buf, 1, 100, f));
    fclose(f);
    printf("bad %zd", write(1000, "x", 1));
    printf(" %d", errno == EBADF);
    printf(" %d\n", open("none/none", O_RDONLY));
    if (chdir("/"))
        return 1;
    nftw(dir, visit, 10, FTW_DEPTH | FTW_PHYS);
    printf("removed %d %d\n", visited, access(dir, F_OK));
    return 0;
}
