/* Namespaces and mounts, all in namespaces of its own: unshare, setns, mount, the file descriptor calls, pivot_root. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include "check.h"

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int exists(const char *path) { return access(path, F_OK) == 0; }

int main(void)
{
    char dir[] = "mounts-XXXXXX", map[64];
    int uid = getuid(), gid = getgid(), uts, fs, mnt, tree, status;
    struct utsname u;
    struct statfs sf;

    CHECK(mkdtemp(dir) && chdir(dir) == 0);
    uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    CHECK_EQ(unshare(0x80000000), -1);
    CHECK_EQ(errno, EINVAL);
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) != 0) {
        CHECK(errno == EPERM || errno == ENOSPC);
        return check_done();
    }
    put("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %d 1", uid);
    put("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %d 1", gid);
    put("/proc/self/gid_map", map);
    CHECK_EQ(getuid(), 0);
    CHECK_EQ(sethostname("inside", 6), 0);
    CHECK_EQ(uname(&u), 0);
    CHECK(strcmp(u.nodename, "inside") == 0);
#ifdef __aarch64__
    CHECK(strcmp(u.machine, "aarch64") == 0);
#endif
    CHECK_EQ(setns(uts, 0), -1); /* it belongs to another user namespace */
    CHECK_EQ(errno, EPERM);
    CHECK_EQ(setns(0, CLONE_NEWUTS), -1);
    CHECK(errno == EINVAL || errno == EBADF);

    CHECK_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    CHECK_EQ(mkdir("a", 0700), 0);
    CHECK_EQ(mkdir("b", 0700), 0);
    CHECK_EQ(mount("none", "a", "tmpfs", MS_NOSUID, "size=64k,mode=0711"), 0);
    CHECK_EQ(statfs("a", &sf), 0);
    CHECK_EQ(sf.f_type, 0x01021994);
    CHECK_EQ(sf.f_blocks * sf.f_bsize, 65536);
    CHECK_EQ(mkdir("a/x", 0700), 0);
    CHECK_EQ(mount("a", "b", NULL, MS_BIND, NULL), 0);
    CHECK(exists("b/x"));
    CHECK_EQ(mount("none", "b", "no-such-type", 0, NULL), -1);
    CHECK_EQ(errno, ENODEV);
    CHECK_EQ(umount2("b", UMOUNT_NOFOLLOW), 0);
    CHECK(!exists("b/x"));
    CHECK_EQ(umount2("b", 0), -1);
    CHECK_EQ(errno, EINVAL);

    fs = syscall(SYS_fsopen, "tmpfs", 1);
    CHECK(fs >= 0);
    CHECK_EQ(syscall(SYS_fsconfig, fs, 1, "size", "128k", 0), 0);
    CHECK_EQ(syscall(SYS_fsconfig, fs, 1, "no-such-key", "1", 0), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(SYS_fsconfig, fs, 0, "ro", NULL, 0), 0);
    CHECK_EQ(syscall(SYS_fsconfig, fs, 1, 8, "1", 0), -1);
    CHECK_EQ(errno, EFAULT);
    CHECK_EQ(syscall(SYS_fsconfig, fs, 99, NULL, NULL, 0), -1);
    CHECK_EQ(errno, EOPNOTSUPP);
    CHECK_EQ(syscall(SYS_fsconfig, fs, 6, NULL, NULL, 0), 0); /* create */
    mnt = syscall(SYS_fsmount, fs, 1, 0);
    CHECK(mnt >= 0);
    CHECK_EQ(syscall(SYS_move_mount, mnt, "", AT_FDCWD, "b", 4 /* F_EMPTY_PATH */), 0);
    CHECK_EQ(statfs("b", &sf), 0);
    CHECK_EQ(sf.f_blocks * sf.f_bsize, 131072);
    CHECK_EQ(mkdir("b/y", 0700), -1);
    CHECK_EQ(errno, EROFS);
    struct { unsigned long long set, clr, propagation, userns; } attr = {.set = 8 /* NOEXEC */};
    CHECK_EQ(syscall(442, AT_FDCWD, "a", 0, &attr, sizeof attr), 0); /* mount_setattr */
    CHECK_EQ(statfs("a", &sf), 0);
    CHECK(sf.f_flags & 8 /* ST_NOEXEC */);
    tree = syscall(SYS_open_tree, AT_FDCWD, "a", 1 /* CLONE */ | O_CLOEXEC);
    CHECK(tree >= 0);
    CHECK_EQ(fcntl(tree, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(umount2("b", MNT_DETACH), 0);
    CHECK_EQ(syscall(SYS_move_mount, tree, "", AT_FDCWD, "b", 4), 0);
    CHECK(exists("b/x"));
    int pick = syscall(SYS_fspick, AT_FDCWD, "a", 1);
    CHECK(pick >= 0);
    CHECK_EQ(syscall(SYS_fsconfig, pick, 1, "size", "256k", 0), 0);
    CHECK_EQ(syscall(SYS_fsconfig, pick, 7, NULL, NULL, 0), 0); /* reconfigure */
    CHECK_EQ(statfs("a", &sf), 0);
    CHECK_EQ(sf.f_blocks * sf.f_bsize, 262144);

    pid_t pid = fork();
    if (pid == 0) { /* a root of its own */
        int bad = unshare(CLONE_NEWNS) || mkdir("a/old", 0700) || chdir("a") || syscall(SYS_pivot_root, ".", "old") ||
                  chdir("/") || !exists("/x") || exists("/proc/self") || umount2("/old", MNT_DETACH) || chroot("/x");
        _exit(bad);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    int mine = open("/proc/self/ns/uts", O_RDONLY);
    CHECK_EQ(unshare(CLONE_NEWUTS), 0);
    sethostname("other", 5);
    CHECK_EQ(setns(mine, CLONE_NEWUTS), 0);
    uname(&u);
    CHECK(strcmp(u.nodename, "inside") == 0);
    CHECK_EQ(unshare(CLONE_NEWPID), 0);
    pid = fork();
    if (pid == 0)
        _exit(getpid() == 1 ? 0 : 1);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    return check_done();
}
