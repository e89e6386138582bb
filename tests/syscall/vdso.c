/* The vDSO: its symbols by the names of vdso(7), clocks that agree with the system calls, and a
 * backtrace out of it from a signal handler. Holds natively too. */
#define _GNU_SOURCE
#include <elf.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unwind.h>
#include "check.h"

#ifdef __aarch64__
#define PREFIX "__kernel_"
#define VERSION "LINUX_2.6.39"
#else
#define PREFIX "__vdso_"
#define VERSION "LINUX_2.6"
#endif

static const char *base;

/* Address of a symbol of the vDSO, by its dynamic section, as Go's runtime looks for it. */
static void *find(const char *name)
{
    const Elf64_Ehdr *eh = (const void *)base;
    const Elf64_Phdr *ph = (const void *)(base + eh->e_phoff);
    const Elf64_Dyn *dyn = NULL;
    const Elf64_Sym *sym = NULL;
    const Elf64_Versym *versym = NULL;
    const Elf64_Verdef *def = NULL;
    const char *str = NULL;
    const uint32_t *hash = NULL, *gnu = NULL;
    unsigned long n = 0;

    for (int i = 0; i < eh->e_phnum; i++)
        if (ph[i].p_type == PT_DYNAMIC)
            dyn = (const void *)(base + ph[i].p_offset);
    for (; dyn && dyn->d_tag; dyn++)
        switch (dyn->d_tag) {
        case DT_STRTAB: str = base + dyn->d_un.d_ptr; break;
        case DT_SYMTAB: sym = (const void *)(base + dyn->d_un.d_ptr); break;
        case DT_HASH: hash = (const void *)(base + dyn->d_un.d_ptr); break;
        case DT_VERSYM: versym = (const void *)(base + dyn->d_un.d_ptr); break;
        case DT_VERDEF: def = (const void *)(base + dyn->d_un.d_ptr); break;
        }
    CHECK(str && sym && versym && def);
    n = hash ? hash[1] : 30;
    for (unsigned long i = 1; i < n; i++) {
        if (strcmp(str + sym[i].st_name, name))
            continue;
        const Elf64_Verdef *d = def;
        while ((d->vd_ndx & 0x7fff) != (versym[i] & 0x7fff) && d->vd_next)
            d = (const void *)((const char *)d + d->vd_next);
        const Elf64_Verdaux *aux = (const void *)((const char *)d + d->vd_aux);
        CHECK(!strcmp(str + aux->vda_name, VERSION));
        return (void *)(base + sym[i].st_value);
    }
    return NULL;
}

static volatile int inside, reached;
static int main_frame(void);

static _Unwind_Reason_Code frame(struct _Unwind_Context *c, void *count)
{
    _Unwind_Ptr start = _Unwind_GetRegionStart(c);

    if (start == (_Unwind_Ptr)main_frame)
        reached = 1;
    return ++*(int *)count > 50 ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static void on_time(int s, siginfo_t *si, void *uc)
{
    ucontext_t *u = uc;
    int count = 0;
#ifdef __aarch64__
    const char *pc = (const char *)u->uc_mcontext.pc;
#else
    const char *pc = (const char *)u->uc_mcontext.gregs[REG_RIP];
#endif
    if (inside || pc < base || pc >= base + 0x4000)
        return;
    inside = 1;
    _Unwind_Backtrace(frame, &count);
}

static double seconds(const struct timespec *t) { return (double)t->tv_sec + (double)t->tv_nsec / 1e9; }

__attribute__((noinline)) static int main_frame(void)
{
    int (*gettime)(clockid_t, struct timespec *) = find(PREFIX "clock_gettime");
    int (*getres)(clockid_t, struct timespec *) = find(PREFIX "clock_getres");
    int (*gettimeofday_)(struct timeval *, void *) = find(PREFIX "gettimeofday");
    struct timespec a, b, end;
    struct timeval tv;

    CHECK(gettime && getres && gettimeofday_);
    const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE,
                                 CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW, CLOCK_PROCESS_CPUTIME_ID, CLOCK_TAI };
    for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        CHECK_EQ(gettime(clocks[i], &a), 0);
        CHECK_EQ(syscall(SYS_clock_gettime, clocks[i], &b), 0);
        CHECK(seconds(&b) >= seconds(&a) && seconds(&b) - seconds(&a) < 1);
        CHECK_EQ(getres(clocks[i], &a), 0);
        CHECK_EQ(syscall(SYS_clock_getres, clocks[i], &b), 0);
        CHECK(a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec);
    }
    CHECK_EQ(gettime(12345, &a), -EINVAL);
    CHECK_EQ(gettimeofday_(&tv, NULL), 0);
    clock_gettime(CLOCK_REALTIME, &a);
    CHECK(a.tv_sec - tv.tv_sec <= 1);
    sigaction(SIGALRM, &(struct sigaction){ .sa_sigaction = on_time, .sa_flags = SA_SIGINFO | SA_RESTART }, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 700 }, { 0, 700 } }, NULL);
    gettime(CLOCK_MONOTONIC, &end);
    do
        gettime(CLOCK_MONOTONIC, &a);
    while (!inside && seconds(&a) - seconds(&end) < 20);
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
    CHECK(inside);
    CHECK(reached);
    return 0;
}

int main(void)
{
    base = (const char *)getauxval(AT_SYSINFO_EHDR);
    CHECK(base != NULL);
    main_frame();
    return check_done();
}
