/* Clocks, interval and POSIX timers, timerfd, and the vDSO's functions. */
#define _GNU_SOURCE
#include <elf.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include "check.h"

static volatile int n, value, code, overrun;

static void on(int s, siginfo_t *si, void *uc)
{
    n++;
    value = si->si_value.sival_int;
    code = si->si_code;
    overrun = si->si_overrun;
}

/* Address of a symbol of the vDSO with the version given, by its dynamic section alone. */
static void *vdso_symbol(const char *name, const char *version)
{
    const char *base = (void *)getauxval(AT_SYSINFO_EHDR);
    const Elf64_Ehdr *eh = (void *)base;
    const Elf64_Phdr *ph;
    const Elf64_Dyn *d = NULL;
    const Elf64_Sym *sym = NULL;
    const char *str = NULL;
    const uint32_t *hash = NULL;
    const Elf64_Half *versym = NULL;
    const Elf64_Verdef *vd = NULL;
    intptr_t bias = 0;

    if (base == NULL || memcmp(base, ELFMAG, SELFMAG) != 0)
        return NULL;
    ph = (void *)(base + eh->e_phoff);
    for (int i = 0; i < eh->e_phnum; i++) {
        if (ph[i].p_type == PT_LOAD)
            bias = (intptr_t)base + (intptr_t)ph[i].p_offset - (intptr_t)ph[i].p_vaddr;
        if (ph[i].p_type == PT_DYNAMIC)
            d = (void *)(base + ph[i].p_offset);
    }
    for (; d->d_tag != DT_NULL; d++) {
        void *at = (void *)(bias + (intptr_t)d->d_un.d_ptr);
        switch (d->d_tag) {
        case DT_SYMTAB: sym = at; break;
        case DT_STRTAB: str = at; break;
        case DT_HASH: hash = at; break;
        case DT_VERSYM: versym = at; break;
        case DT_VERDEF: vd = at; break;
        }
    }
    for (uint32_t i = 1; i < hash[1]; i++) {
        const Elf64_Verdef *v = vd;
        const Elf64_Verdaux *aux;

        if (strcmp(str + sym[i].st_name, name) != 0)
            continue;
        while (v->vd_ndx != (versym[i] & 0x7fff))
            v = (void *)((char *)v + v->vd_next);
        aux = (void *)((char *)v + v->vd_aux);
        return strcmp(str + aux->vda_name, version) == 0 ? (void *)(bias + (intptr_t)sym[i].st_value)
                                                         : NULL;
    }
    return NULL;
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct itimerspec its = {.it_value.tv_nsec = 10000000, .it_interval.tv_nsec = 5000000}, got;
    struct itimerval it = {.it_value.tv_usec = 10000}, itg;
    struct timespec ts, ts2;
    struct timeval tv;
    struct timex tx = {0};
    timer_t timer;
    uint64_t ticks;
    int fd;
    int (*gettime)(clockid_t, struct timespec *);
    int (*getres)(clockid_t, struct timespec *);
    int (*gettod)(struct timeval *, void *);
    const uint32_t *sigreturn;

    sigaction(SIGRTMIN, &sa, NULL);
    sigaction(SIGALRM, &sa, NULL);
    ev.sigev_value.sival_int = 321;
    CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
    CHECK_EQ(timer_settime(timer, 0, &its, NULL), 0);
    while (n < 3)
        pause();
    CHECK_EQ(value, 321);
    CHECK_EQ(code, SI_TIMER);
    CHECK_EQ(timer_gettime(timer, &got), 0);
    CHECK_EQ(got.it_interval.tv_nsec, 5000000);
    CHECK(timer_getoverrun(timer) >= 0);
    CHECK_EQ(timer_delete(timer), 0);
    CHECK_EQ(timer_gettime(timer, &got), -1);

    ev = (struct sigevent){.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
    ev._sigev_un._tid = (int)syscall(SYS_gettid);
    ev.sigev_value.sival_int = 7;
    n = 0;
    CHECK_EQ(timer_create(CLOCK_REALTIME, &ev, &timer), 0);
    its.it_interval.tv_nsec = 0;
    CHECK_EQ(timer_settime(timer, 0, &its, NULL), 0);
    while (n < 1)
        pause();
    CHECK_EQ(value, 7);
    timer_delete(timer);

    n = 0;
    CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
    getitimer(ITIMER_REAL, &itg);
    CHECK(itg.it_value.tv_usec > 0 && itg.it_value.tv_usec <= 10000);
    while (n < 1)
        pause();
    CHECK_EQ(code, SI_KERNEL);
    n = 0; /* a timer must interrupt pure computing too */
    it.it_value.tv_usec = 5000;
    setitimer(ITIMER_VIRTUAL, &it, NULL);
    sigaction(SIGVTALRM, &sa, NULL);
    while (n < 1)
        ;
    CHECK_EQ(n, 1);

    fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_EQ(read(fd, &ticks, 8), -1);
    CHECK_EQ(errno, EAGAIN);
    its.it_interval.tv_nsec = 1000000;
    CHECK_EQ(timerfd_settime(fd, 0, &its, NULL), 0);
    CHECK_EQ(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1000), 1);
    usleep(5000);
    CHECK_EQ(read(fd, &ticks, 8), 8);
    CHECK(ticks >= 5);
    CHECK_EQ(timerfd_gettime(fd, &got), 0);
    CHECK_EQ(got.it_interval.tv_nsec, 1000000);

    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
    ts2 = (struct timespec){.tv_nsec = 20000000};
    CHECK_EQ(nanosleep(&ts2, NULL), 0);
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &ts2), 0);
    CHECK((ts2.tv_sec - ts.tv_sec) * 1000000000ll + ts2.tv_nsec - ts.tv_nsec >= 20000000);
    CHECK_EQ(clock_gettime(77, &ts), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(SYS_clock_gettime, CLOCK_REALTIME, 8), -1);
    CHECK_EQ(errno, EFAULT);
    CHECK_EQ(clock_getres(CLOCK_MONOTONIC, &ts), 0);
    CHECK_EQ(ts.tv_sec, 0);
    CHECK(ts.tv_nsec >= 1);
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == 0 && ts.tv_nsec > 0);
    CHECK(adjtimex(&tx) >= 0);
    CHECK(tx.tick > 0);

    gettime = vdso_symbol("__kernel_clock_gettime", "LINUX_2.6.39");
    getres = vdso_symbol("__kernel_clock_getres", "LINUX_2.6.39");
    gettod = vdso_symbol("__kernel_gettimeofday", "LINUX_2.6.39");
    sigreturn = vdso_symbol("__kernel_rt_sigreturn", "LINUX_2.6.39");
    CHECK(gettime && getres && gettod && sigreturn);
    CHECK(vdso_symbol("__kernel_rt_sigreturn", "LINUX_2.6") == NULL);
    if (gettime && getres && gettod && sigreturn) {
        CHECK_EQ(gettime(CLOCK_REALTIME, &ts), 0);
        CHECK_EQ(gettod(&tv, NULL), 0);
        CHECK(tv.tv_sec - ts.tv_sec <= 1 && ts.tv_sec == time(NULL));
        CHECK_EQ(getres(CLOCK_REALTIME, &ts), 0);
        CHECK_EQ(gettime(77, &ts), -EINVAL);
        CHECK_EQ(sigreturn[0], 0xd2801168); /* mov x8, #139: unwinders look for it */
        CHECK_EQ(sigreturn[1], 0xd4000001); /* svc #0 */
    }
    return check_done();
}
