/* Code written at run time: new code, code changed in place after it ran, W^X and dual mappings,
 * unmapped and reused addresses. Instructions are made here by the A64 encodings.
 * selfmod.expect is worked out by hand, because qemu 7.2 misses changes through a second view; "chain"
 * is qemu's. TEST: native=no */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOV_W0 = 0x52800000, RET = 0xd65f03c0, ADD_W0_W0 = 0x11000000 };
typedef int (*fn)(int);

static sigjmp_buf fault;

static void not_executable(int signo)
{
    siglongjmp(fault, signo);
}

static void emit(uint32_t *w, uint32_t *x, const uint32_t *code, int n)
{
    memcpy(w, code, n * 4);
    __builtin___clear_cache((char *)x, (char *)(x + n));
}
int main(void)
{
    long page = sysconf(_SC_PAGESIZE);
    uint32_t *p = mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long sum = 0;
    for (int i = 0; i < 3000; i++) {
        emit(p, p, (uint32_t[]){ MOV_W0 | (i & 0xffff) << 5, RET }, 2);
        sum += ((fn)p)(0);
    }
    printf("rewritten %ld\n", sum);
    /* A chain of blocks; one in the middle changes. */
    uint32_t code[66];
    for (int i = 0; i < 32; i++) {
        code[2 * i] = ADD_W0_W0 | 1 << 10;
        code[2 * i + 1] = 0x14000001; /* b .+4 */
    }
    code[64] = RET;
    emit(p, p, code, 65);
    sum = 0;
    for (int i = 0; i < 100; i++) {
        sum = sum * 3 + ((fn)p)(i);
        emit(p + 2 * (i % 32), p + 2 * (i % 32), (uint32_t[]){ ADD_W0_W0 | (i + 2) << 10 }, 1);
    }
    printf("chain %ld\n", sum);
    /* W^X by mprotect. */
    uint32_t *q = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sum = 0;
    for (int i = 0; i < 50; i++) {
        mprotect(q, page, PROT_READ | PROT_WRITE);
        emit(q, q, (uint32_t[]){ ADD_W0_W0 | i << 10, RET }, 2);
        mprotect(q, page, PROT_READ | PROT_EXEC);
        sum += ((fn)q)(1000);
    }
    printf("protected %ld\n", sum);
    /* Two views of one memory file. */
    int fd = memfd_create("jit", 0);
    if (ftruncate(fd, page))
        return 1;
    uint32_t *w = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint32_t *x = mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    sum = 0;
    for (int i = 0; i < 50; i++) {
        emit(w, x, (uint32_t[]){ MOV_W0 | (i * 7) << 5, RET }, 2);
        sum += ((fn)x)(0);
    }
    printf("dual %ld\n", sum);
    sum = 0; /* flushed by its writable name: the instruction cache is physically tagged */
    for (int i = 0; i < 50; i++) {
        emit(w, w, (uint32_t[]){ MOV_W0 | (i * 7) << 5, RET }, 2);
        sum += ((fn)x)(0);
    }
    printf("alias %ld\n", sum);
    /* The same address with other contents after munmap. */
    sum = 0;
    for (int i = 0; i < 50; i++) {
        uint32_t *a = mmap(q, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        a[0] = MOV_W0 | (i + 5) << 5;
        a[1] = RET;
        mprotect(a, page, PROT_READ | PROT_EXEC);
        __builtin___clear_cache((char *)a, (char *)(a + 2));
        sum += ((fn)a)(0);
        munmap(a, page);
    }
    printf("remapped %ld\n", sum);
    /* A page that could not be fetched from becomes executable without a flush. */
    q = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    emit(q, q, (uint32_t[]){ MOV_W0 | 77 << 5, RET }, 2);
    struct sigaction act = { .sa_handler = not_executable, .sa_flags = SA_NODEFER };
    sigaction(SIGSEGV, &act, NULL);
    if (!sigsetjmp(fault, 1))
        ((fn)q)(0);
    mprotect(q, page, PROT_READ | PROT_EXEC);
    printf("became executable %d\n", ((fn)q)(0));
    /* Code that patches the instruction after its own barrier. */
    emit(p, p, (uint32_t[]){
        0x52800540,                          /* mov w0, #42 */
        RET }, 2);
    printf("before %d", ((fn)p)(0));
    p[0] = 0x52800c60;                       /* mov w0, #99 */
    __builtin___clear_cache((char *)p, (char *)(p + 1));
    printf(" after %d\n", ((fn)p)(0));
    return 0;
}
