/* The tagged address ABI (Documentation/arch/arm64/tagged-address-abi.rst): prctl, then pointers with a tag in system
 * calls. Expected: qemu-aarch64 7.2's output but for three calls. Without the prctl too the kernel drops the tag in
 * munmap and mprotect (untagged_addr in mm/), and nanosleep of a tagged address is EFAULT then. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SET = 55, GET = 56 };
static void result(const char *what, long r)
{
    printf("%s: %ld%s%s\n", what, r, r < 0 ? " " : "", r < 0 ? strerror(errno) : "");
}
#define TAG(p) ((void *)((uintptr_t)(p) | 0x2aull << 56))

static void calls(void)
{
    static char text[] = "text", buf[64];
    int fd[2], s[2];
    struct stat st;
    struct timespec ts = { 0, 1 };

    result("pipe2", syscall(SYS_pipe2, TAG(fd), 0));
    if (pipe(fd))
        return;
    result("write", write(fd[1], TAG(text), 4));
    write(fd[1], "text", 4);
    result("read", read(fd[0], TAG(buf), 4));
    result("stat", syscall(SYS_newfstatat, AT_FDCWD, TAG("/"), &st, 0));
    result("stat, result", syscall(SYS_newfstatat, AT_FDCWD, "/", TAG(&st), 0));
    struct iovec v = { TAG(text), 2 };
    result("writev, inside", writev(fd[1], &v, 1));
    result("writev", writev(fd[1], TAG(&v), 1));
    result("nanosleep", syscall(SYS_nanosleep, TAG(&ts), NULL));
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    struct msghdr h = { .msg_iov = TAG(&v), .msg_iovlen = 1 };
    result("sendmsg", sendmsg(s[0], &h, 0));
    char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    result("madvise", madvise(TAG(m), 4096, MADV_DONTNEED));
    result("mprotect", mprotect(TAG(m), 4096, PROT_READ));
    result("futex", syscall(SYS_futex, TAG(m + 4096), 1, 1, NULL, NULL, 0));
    result("munmap", munmap(TAG(m), 4096));
}

static void *thread(void *arg) { return (void *)(long)prctl(GET, 0, 0, 0, 0); }

int main(void)
{
    pthread_t id;
    void *r;

    setvbuf(stdout, NULL, _IONBF, 0);
    result("get", prctl(GET, 0, 0, 0, 0));
    result("get, wrong", prctl(GET, 1, 0, 0, 0));
    calls();
    result("set", prctl(SET, 1, 0, 0, 0));
    result("set, wrong", prctl(SET, 1, 1, 0, 0));
    result("set, unknown", prctl(SET, 1ul << 40, 0, 0, 0));
    result("get", prctl(GET, 0, 0, 0, 0));
    calls();
    pthread_create(&id, NULL, thread, NULL);
    pthread_join(id, &r);
    result("a thread", (long)r);
    if (!fork()) {
        result("a child", prctl(GET, 0, 0, 0, 0));
        _exit(0);
    }
    wait(NULL);
    result("clear", prctl(SET, 0, 0, 0, 0));
    result("get", prctl(GET, 0, 0, 0, 0));
    calls();
    return 0;
}
