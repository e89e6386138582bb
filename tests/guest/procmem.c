/* /proc/self/mem and /proc/self/pagemap: reads and writes by guest addresses, of pages without the right, of nothing;
 * code that is written that way; process_vm_writev to oneself; a child that holds its parent's. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __aarch64__
static const uint32_t one[] = { 0x52800020, 0xd65f03c0 }, two[] = { 0x52800040, 0xd65f03c0 },
                      three[] = { 0x52800060, 0xd65f03c0 };
#else
static const uint8_t one[8] = { 0xb8, 1, 0, 0, 0, 0xc3 }, two[8] = { 0xb8, 2, 0, 0, 0, 0xc3 },
                     three[8] = { 0xb8, 3, 0, 0, 0, 0xc3 };
#endif

static void result(const char *what, long r)
{
    printf("%s: %ld%s%s\n", what, r, r < 0 ? " " : "", r < 0 ? strerror(errno) : "");
}

int main(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char *m = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), buf[64];
    int fd = open("/proc/self/mem", O_RDWR), ro = open("/proc/self/mem", O_RDONLY);
    uint64_t entry[3];

    strcpy(m, "first");
    result("read", pread(fd, buf, 6, (off_t)(uintptr_t)m));
    puts(buf);
    result("write", pwrite(fd, "second", 7, (off_t)(uintptr_t)m));
    puts(m);
    result("write, open for reading", pwrite(ro, "third", 6, (off_t)(uintptr_t)m));
    result("seek", lseek(fd, (off_t)(uintptr_t)m + 1, SEEK_SET) == (off_t)(uintptr_t)m + 1);
    struct iovec v[2] = { { buf, 3 }, { buf + 10, 3 } };
    result("readv", readv(fd, v, 2));
    printf("%.3s %.3s\n", buf, buf + 10);
    result("write at the offset", write(fd, "!", 1));
    puts(m);
    mprotect(m, page, PROT_NONE);
    result("no access, read", pread(fd, buf, 6, (off_t)(uintptr_t)m));
    puts(buf);
    result("no access, write", pwrite(fd, "locked", 7, (off_t)(uintptr_t)m));
    mprotect(m, page, PROT_READ);
    puts(m);
    munmap(m + 2 * page, page);
    result("over the end of a mapping", pread(fd, buf, 64, (off_t)(uintptr_t)m + 2 * page - 10));
    result("unmapped", pread(fd, buf, 64, (off_t)(uintptr_t)m + 2 * page));
    result("unmapped, write", pwrite(fd, buf, 64, (off_t)(uintptr_t)m + 2 * page));
    result("bad buffer", pread(fd, (void *)16, 8, (off_t)(uintptr_t)m));
    result("nothing", pread(fd, buf, 0, 0));

    /* code */
    char *code = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(code, one, 8);
    __builtin___clear_cache(code, code + 8);
    mprotect(code, page, PROT_READ | PROT_EXEC);
    int (*volatile call)(void) = (int (*)(void))code;
    int sum = 0;
    for (int i = 0; i < 1000; i++)
        sum += call();
    result("code", sum);
    pwrite(fd, two, 8, (off_t)(uintptr_t)code);
    for (int i = 0; i < 1000; i++)
        sum += call();
    result("written", sum);
    mprotect(code, page, PROT_READ | PROT_WRITE | PROT_EXEC);
    struct iovec from = { (void *)three, 8 }, to = { code, 8 };
    result("process_vm_writev", process_vm_writev(getpid(), &from, 1, &to, 1, 0));
    __builtin___clear_cache(code, code + 8);
    result("called", call());

    /* a child's writes are its parent's memory */
    m = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(m, "parent's");
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        strcpy(m, "child's");
        pread(fd, buf, 9, (off_t)(uintptr_t)m);
        puts(buf);
        int own = open("/proc/self/mem", O_RDWR);
        pread(own, buf, 9, (off_t)(uintptr_t)m);
        puts(buf);
        pwrite(fd, "by child", 9, (off_t)(uintptr_t)m);
        fflush(stdout);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    puts(m);

    /* pagemap: present pages, none, unmapped ones */
    int map = open("/proc/self/pagemap", O_RDONLY);
    m = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    m[0] = 1;
    munmap(m + 2 * page, 2 * page);
    result("pagemap", pread(map, entry, 24, (off_t)((uintptr_t)m / page * 8)));
    printf("%d %d %d\n", (int)(entry[0] >> 63), (int)(entry[1] >> 63), (int)(entry[2] >> 63));
    result("seek", lseek(map, (off_t)((uintptr_t)m / page * 8), SEEK_SET) > 0);
    result("entry", read(map, entry, 8));
    result("next", read(map, entry + 1, 8));
    printf("%d %d\n", (int)(entry[0] >> 63), (int)(entry[1] >> 63));
    result("half an entry", pread(map, entry, 4, 0));
    result("beyond", pread(map, entry, 8, (off_t)1 << 60));
    result("write", write(map, entry, 8));
    return 0;
}
