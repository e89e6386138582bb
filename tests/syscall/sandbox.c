/* Landlock and keys. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "check.h"

static void landlock(const char *self)
{
    struct { uint64_t fs; } handled = {0x1fff}; /* the rights of the first version */
    struct { uint64_t access; int fd; } __attribute__((packed)) beneath;
    long version = syscall(444, NULL, 0, 1);
    int set, status;
    pid_t pid;

    if (version < 0) {
        CHECK(errno == ENOSYS || errno == EOPNOTSUPP);
        return;
    }
    CHECK(version >= 1);
    CHECK_EQ(syscall(444, &handled, 4, 0), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(444, NULL, 8, 0), -1);
    CHECK_EQ(errno, EFAULT);
    set = syscall(444, &handled, sizeof handled, 0);
    CHECK(set >= 0);
    CHECK_EQ(mkdir("in", 0700), 0);
    beneath.access = 0xff; /* read, write, execute, remove, make */
    beneath.access = 0x4 | 0x8 | 0x2 | 0x100; /* read files, folders; write; make files */
    beneath.fd = open("in", O_PATH);
    CHECK_EQ(syscall(445, set, 1, &beneath, 0), 0);
    CHECK_EQ(syscall(445, set, 1, &beneath, 1), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(445, set, 99, &beneath, 0), -1);
    CHECK_EQ(errno, EINVAL);
    beneath.access = 0x4 | 0x1; /* the program itself, and what it needs */
    beneath.fd = open(self, O_PATH);
    CHECK_EQ(syscall(445, set, 1, &beneath, 0), 0);
    for (const char *const *p = (const char *const[]){"/lib", "/usr", "/etc/ld.so.cache", NULL}; *p; p++) {
        beneath.access = strcmp(*p, "/etc/ld.so.cache") ? 0xd : 0x4;
        beneath.fd = open(*p, O_PATH);
        if (beneath.fd >= 0)
            CHECK_EQ(syscall(445, set, 1, &beneath, 0), 0);
    }
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (syscall(446, set, 0) != 0)
            _exit(1);
        if (open("outside", O_CREAT | O_WRONLY, 0600) != -1 || errno != EACCES)
            _exit(2);
        if (open("/etc/passwd", O_RDONLY) != -1 || errno != EACCES)
            _exit(3);
        int fd = open("in/f", O_CREAT | O_RDWR, 0600);
        if (fd < 0 || write(fd, "x", 1) != 1)
            _exit(4);
        if (unlink("in/f") != -1 || errno != EACCES)
            _exit(5);
        if (mkdir("in/d", 0700) != -1 || errno != EACCES)
            _exit(6);
        execl(self, self, "run", NULL); /* allowed */
        _exit(7);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 42 << 8);
    CHECK_EQ(syscall(446, 9999, 0), -1);
    CHECK(errno == EBADF || errno == EPERM);
}

static void keys(void)
{
    char text[64] = "";
    long ring = syscall(SYS_keyctl, 1 /* JOIN_SESSION_KEYRING */, NULL), key, found;

    if (ring < 0) {
        CHECK(errno == ENOSYS || errno == EPERM || errno == EDQUOT || errno == EACCES);
        return;
    }
    key = syscall(SYS_add_key, "user", "name", "payload", 7, -3 /* SESSION_KEYRING */);
    CHECK(key > 0);
    CHECK_EQ(syscall(SYS_keyctl, 11 /* READ */, key, text, sizeof text), 7);
    CHECK(memcmp(text, "payload", 7) == 0);
    CHECK_EQ(syscall(SYS_keyctl, 2 /* UPDATE */, key, "other", 5), 0);
    CHECK_EQ(syscall(SYS_keyctl, 11, key, text, sizeof text), 5);
    found = syscall(SYS_keyctl, 10 /* SEARCH */, -3, "user", "name", 0);
    CHECK_EQ(found, key);
    CHECK_EQ(syscall(SYS_request_key, "user", "name", NULL, 0), key);
    CHECK(syscall(SYS_keyctl, 6 /* DESCRIBE */, key, text, sizeof text) > 10);
    CHECK(memcmp(text, "user;", 5) == 0);
    struct { const void *base; size_t len; } iov[2] = {{"ab", 2}, {"cd", 2}};
    CHECK_EQ(syscall(SYS_keyctl, 20 /* INSTANTIATE_IOV */, key, iov, 2, 0), -1);
    CHECK_EQ(errno, EPERM);
    CHECK_EQ(syscall(SYS_keyctl, 15 /* SET_TIMEOUT */, key, 100), 0);
    CHECK_EQ(syscall(SYS_keyctl, 3 /* REVOKE */, key), 0);
    CHECK_EQ(syscall(SYS_keyctl, 11, key, text, sizeof text), -1);
    CHECK_EQ(errno, EKEYREVOKED);
    CHECK_EQ(syscall(SYS_keyctl, 7 /* CLEAR */, -3), 0);
    CHECK_EQ(syscall(SYS_keyctl, 9999), -1);
    CHECK_EQ(errno, EOPNOTSUPP);
    CHECK_EQ(syscall(SYS_add_key, "user", 8, "payload", 7, -3), -1);
    CHECK_EQ(errno, EFAULT);
    if (syscall(SYS_keyctl, 31 /* CAPABILITIES */, text, sizeof text) < 0)
        CHECK_EQ(errno, EOPNOTSUPP);
}

int main(int argc, char **argv)
{
    char dir[] = "sandbox-XXXXXX", self[4096];

    if (argc > 1)
        return 42;
    CHECK(realpath("/proc/self/exe", self) != NULL);
    CHECK(mkdtemp(dir) && chdir(dir) == 0);
    keys();
    landlock(self);
    return check_done();
}
