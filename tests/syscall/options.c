/* prctl and personality: what the host's kernel answers, what arm64's would, what is refused. */
#define _GNU_SOURCE
#include <elf.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "check.h"

int main(void)
{
    char name[16] = "";
    unsigned long auxv[128] = {0};
    int value = -1;
    long r;

    CHECK_EQ(prctl(PR_SET_NAME, "a-name-of-more-than-15"), 0);
    CHECK_EQ(prctl(PR_GET_NAME, name), 0);
    CHECK(strcmp(name, "a-name-of-more-") == 0);
    CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0);
    CHECK_EQ(prctl(PR_GET_PDEATHSIG, &value), 0);
    CHECK_EQ(value, SIGUSR1);
    CHECK_EQ(prctl(PR_SET_PDEATHSIG, 65), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(prctl(PR_SET_PDEATHSIG, 0), 0);
    CHECK_EQ(prctl(PR_SET_DUMPABLE, 0), 0);
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
    CHECK_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
    CHECK_EQ(prctl(PR_SET_KEEPCAPS, 1), 0);
    CHECK_EQ(prctl(PR_GET_KEEPCAPS), 1);
    CHECK_EQ(prctl(PR_SET_TIMERSLACK, 12345), 0);
    CHECK_EQ(prctl(PR_GET_TIMERSLACK), 12345);
    CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    CHECK_EQ(prctl(PR_GET_CHILD_SUBREAPER, &value), 0);
    CHECK_EQ(value, 1);
    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
    CHECK_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
    CHECK_EQ(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
    CHECK_EQ(prctl(PR_GET_TIMING), 0);
    CHECK_EQ(prctl(PR_SET_TIMING, 1), -1);
    CHECK_EQ(prctl(PR_CAPBSET_READ, 1000), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(prctl(PR_GET_TID_ADDRESS, &r), 0);
    CHECK_EQ(prctl(PR_GET_UNALIGN, &value), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(prctl(PR_SVE_SET_VL, 16), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(prctl(12345), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(prctl(PR_GET_NAME, 8), -1);
    CHECK_EQ(errno, EFAULT);
    r = prctl(PR_SET_VMA, 0 /* ANON_NAME */, &r, 0, NULL); /* not a whole page */
    CHECK_EQ(r, -1);

    r = prctl(0x41555856 /* PR_GET_AUXV */, auxv, sizeof auxv, 0, 0);
    if (r >= 0 || errno != EINVAL) { /* since Linux 6.4 */
        CHECK(r > 64 && r % 16 == 0);
        int i = 0;
        while (auxv[i] != AT_PHDR && i < 126)
            i += 2;
        CHECK_EQ(auxv[i + 1], getauxval(AT_PHDR));
        CHECK_EQ(prctl(0x41555856, auxv, 16, 1, 0), -1);
        CHECK_EQ(errno, EINVAL);
    }

    CHECK_EQ(prctl(PR_GET_TSC, &value), 0);
    CHECK_EQ(value, PR_TSC_ENABLE);
    CHECK_EQ(prctl(PR_SET_TSC, PR_TSC_ENABLE), 0);
#ifdef __aarch64__
    CHECK_EQ(prctl(PR_SET_SECCOMP, 1), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(SYS_seccomp, 1, 0, NULL), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(SYS_ptrace, 0, 0, 0, 0), -1);
    CHECK_EQ(errno, EPERM);
    CHECK_EQ(syscall(SYS_bpf, 0, &r, 8), -1);
    CHECK_EQ(errno, EPERM);
    CHECK_EQ(syscall(SYS_init_module, &r, 8, ""), -1);
    CHECK_EQ(errno, EPERM);
    CHECK_EQ(syscall(453, 0, 4096, 0), -1); /* map_shadow_stack */
    CHECK_EQ(errno, ENOSYS);
    CHECK_EQ(syscall(42, 0, 0, 0), -1); /* nfsservctl */
    CHECK_EQ(errno, ENOSYS);
    CHECK_EQ(prctl(PR_PAC_GET_ENABLED_KEYS, 0, 0, 0, 0), 15);
    CHECK_EQ(prctl(PR_PAC_SET_ENABLED_KEYS, 15, 15, 0, 0), 0);
    CHECK_EQ(prctl(PR_PAC_SET_ENABLED_KEYS, 16, 0, 0, 0), -1);
    CHECK_EQ(errno, EINVAL);
    unsigned long p = 0x12345678, same = 0, q[8];
    for (int i = 0; i < 8; i++) { /* each time another key for data, the same for instructions */
        unsigned long d = p, in = p;
        CHECK_EQ(prctl(PR_PAC_RESET_KEYS, PR_PAC_APDAKEY, 0, 0, 0), 0);
        asm volatile(".arch armv8.3-a\n pacdza %0" : "+r"(d));
        asm volatile(".arch armv8.3-a\n paciza %0" : "+r"(in));
        CHECK(i == 0 || in == q[0]);
        q[0] = in;
        same += i > 0 && d == q[1];
        q[1] = d;
    }
    CHECK(same < 4);
    CHECK_EQ(prctl(PR_PAC_RESET_KEYS, 32, 0, 0, 0), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(prctl(PR_PAC_RESET_KEYS, 0, 0, 0, 0), 0);
    CHECK_EQ(personality(PER_LINUX32), -1); /* no 32-bit programs */
    CHECK_EQ(errno, EINVAL);
#endif
    r = personality(0xffffffff);
    CHECK(r >= 0);
    CHECK_EQ(personality(r | ADDR_NO_RANDOMIZE), r);
    CHECK_EQ(personality(0xffffffff), r | ADDR_NO_RANDOMIZE);
#ifdef __aarch64__
    /* what is readable may be executed: movz w0, #77; ret */
    static const uint32_t code[] = {0x528009a0, 0xd65f03c0};
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page, code, sizeof code);
    __builtin___clear_cache(page, (char *)page + 8);
    CHECK(personality(r | READ_IMPLIES_EXEC) >= 0);
    CHECK_EQ(personality(0xffffffff) & READ_IMPLIES_EXEC, READ_IMPLIES_EXEC);
    CHECK_EQ(mprotect(page, 4096, PROT_READ), 0);
    CHECK_EQ(((int (*)(void))page)(), 77);
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page, code, sizeof code);
    __builtin___clear_cache(page, (char *)page + 8);
    CHECK_EQ(((int (*)(void))page)(), 77);
    CHECK(personality(r) >= 0);
    CHECK_EQ(personality(0xffffffff) & READ_IMPLIES_EXEC, 0);
#endif
    static char title[] = "a title\0of two";
    if (prctl(PR_SET_MM, PR_SET_MM_ARG_END, title + sizeof title, 0, 0) < 0) {
        CHECK_EQ(errno, EPERM); /* CAP_SYS_RESOURCE is missing */
    } else { /* a title of the program's own: /proc shows the new range */
        char seen[64] = "";
        CHECK_EQ(prctl(PR_SET_MM, PR_SET_MM_ARG_START, title, 0, 0), 0);
        FILE *f = fopen("/proc/self/cmdline", "r");
        CHECK(f != NULL && fread(seen, 1, sizeof seen, f) > 0);
        CHECK(memcmp(seen, title, sizeof title) == 0);
    }
    return check_done();
}
