/*
 * The event loop: epoll for descriptors, a heap of alarms, a list of calls put off, an eventfd to wake it.
 *
 * A watched descriptor that is removed while its event is at hand is only marked; its memory goes when the round is
 * over. An alarm that is set to an earlier time than the loop sleeps for wakes it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "machine_lock.h"

enum { EVENTS = 32 };

struct loop_fd {
    int fd;
    bool gone;
    void (*ready)(void *arg, uint32_t events);
    void *arg;
    struct loop_fd *next_gone;
};

struct call {
    void (*fn)(void *arg);
    void *arg;
    struct call *next;
};

struct alarm {
    struct loop *loop;
    uint64_t when;
    unsigned at; /* in the heap + 1; 0: not set */
    void (*ring)(void *arg);
    void *arg;
};

struct loop {
    int epoll, wake;
    bool quit;
    struct loop_fd *gone;
    struct call *calls, **last_call;
    bool (*before_wait)(void *arg);
    void *before_wait_arg;
    struct alarm **heap;
    unsigned nheap, cap;
    uint64_t sleeps_until;  /* virtual; ~0: no end */
    uint64_t stood, offset; /* clock: value while it stands; host time - virtual time while it runs */
    bool running;
};

/* ---------------------------------------------------------------------- clock */

static uint64_t host_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t clock_now(const struct loop *l)
{
    return __atomic_load_n(&l->running, __ATOMIC_ACQUIRE) ? host_ns() - l->offset : l->stood;
}

static void wake(struct loop *l)
{
    uint64_t one = 1;
    if (write(l->wake, &one, sizeof one) < 0)
        return; /* full: it is awake */
}

void clock_run(struct loop *l, bool run)
{
    if (run == l->running)
        return;
    if (run)
        l->offset = host_ns() - l->stood;
    else
        l->stood = host_ns() - l->offset;
    __atomic_store_n(&l->running, run, __ATOMIC_RELEASE);
    wake(l);
}

void clock_set(struct loop *l, uint64_t ns)
{
    if (!l->running)
        l->stood = ns;
}

/* ---------------------------------------------------------------------- alarms */

static void place(struct loop *l, unsigned k, struct alarm *a)
{
    l->heap[k] = a;
    a->at = k + 1;
}

static void sift(struct loop *l, unsigned k)
{
    struct alarm *a = l->heap[k];
    while (k && l->heap[(k - 1) / 2]->when > a->when) {
        place(l, k, l->heap[(k - 1) / 2]);
        k = (k - 1) / 2;
    }
    for (unsigned c; (c = 2 * k + 1) < l->nheap; k = c) {
        if (c + 1 < l->nheap && l->heap[c + 1]->when < l->heap[c]->when)
            c++;
        if (l->heap[c]->when >= a->when)
            break;
        place(l, k, l->heap[c]);
    }
    place(l, k, a);
}

/* Room in the heap is made when an alarm is: setting one can't fail. */
struct alarm *alarm_new(struct loop *l, void (*ring)(void *arg), void *arg)
{
    struct alarm *a = calloc(1, sizeof *a);
    struct alarm **heap = realloc(l->heap, (l->cap + 1) * sizeof *heap);
    if (heap)
        l->heap = heap;
    if (!a || !heap) {
        free(a);
        return NULL;
    }
    l->cap++;
    *a = (struct alarm){ .loop = l, .ring = ring, .arg = arg };
    return a;
}

void alarm_off(struct alarm *a)
{
    struct loop *l = a->loop;
    if (!a->at)
        return;
    unsigned k = a->at - 1;
    a->at = 0;
    l->nheap--;
    if (k < l->nheap) {
        place(l, k, l->heap[l->nheap]);
        sift(l, k);
    }
}

void alarm_free(struct alarm *a)
{
    if (!a)
        return;
    alarm_off(a);
    a->loop->cap--;
    free(a);
}

void alarm_at(struct alarm *a, uint64_t when)
{
    struct loop *l = a->loop;
    a->when = when;
    if (!a->at)
        place(l, l->nheap++, a);
    sift(l, a->at - 1);
    if (when < l->sleeps_until)
        wake(l);
}

uint64_t alarm_when(const struct alarm *a) { return a->at ? a->when : ~0ull; }

/* ----------------------------------------------------------------- descriptors */

struct loop_fd *loop_watch(struct loop *l, int fd, uint32_t events, void (*ready)(void *arg, uint32_t events), void *arg)
{
    struct loop_fd *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    *f = (struct loop_fd){ .fd = fd, .ready = ready, .arg = arg };
    struct epoll_event e = { .events = events, .data.ptr = f };
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) < 0) {
        free(f);
        return NULL;
    }
    return f;
}

void loop_change(struct loop *l, struct loop_fd *f, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.ptr = f };
    epoll_ctl(l->epoll, EPOLL_CTL_MOD, f->fd, &e);
}

void loop_unwatch(struct loop *l, struct loop_fd *f)
{
    if (!f || f->gone)
        return;
    epoll_ctl(l->epoll, EPOLL_CTL_DEL, f->fd, NULL);
    f->gone = true;
    f->next_gone = l->gone;
    l->gone = f;
}

bool loop_defer(struct loop *l, void (*fn)(void *arg), void *arg)
{
    struct call *c = malloc(sizeof *c);
    if (!c)
        return false;
    *c = (struct call){ fn, arg, NULL };
    *l->last_call = c;
    l->last_call = &c->next;
    wake(l);
    return true;
}

void loop_before_wait(struct loop *l, bool (*fn)(void *arg), void *arg)
{
    l->before_wait = fn;
    l->before_wait_arg = arg;
}

/* While it is awake it sleeps until 0. */
void loop_wake(struct loop *l)
{
    if (l->sleeps_until)
        wake(l);
}

/* ------------------------------------------------------------------------ running */

struct loop *loop_new(void)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->last_call = &l->calls;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
    if (l->epoll < 0 || l->wake < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->wake, &e) < 0) {
        loop_free(l);
        return NULL;
    }
    return l;
}

static void free_gone(struct loop *l)
{
    while (l->gone) {
        struct loop_fd *next = l->gone->next_gone;
        free(l->gone);
        l->gone = next;
    }
}

void loop_free(struct loop *l)
{
    int saved = errno;
    free_gone(l);
    if (l->epoll >= 0)
        close(l->epoll);
    if (l->wake >= 0)
        close(l->wake);
    free(l->heap);
    free(l);
    errno = saved;
}

void loop_quit(struct loop *l)
{
    l->quit = true;
    wake(l);
}

static void run_calls(struct loop *l)
{
    struct call *all = l->calls;
    l->calls = NULL;
    l->last_call = &l->calls;
    while (all) {
        struct call *next = all->next;
        all->fn(all->arg);
        free(all);
        all = next;
    }
}

static void run_alarms(struct loop *l)
{
    uint64_t now = clock_now(l);
    while (l->running && l->nheap && l->heap[0]->when <= now) {
        struct alarm *a = l->heap[0];
        alarm_off(a);
        a->ring(a->arg);
    }
}

/* Milliseconds are too coarse for timers: epoll_pwait2 takes nanoseconds where the kernel has it. */
static int wait_events(struct loop *l, struct epoll_event *e)
{
    struct timespec t, *timeout = NULL;
    if (l->sleeps_until != ~0ull) {
        uint64_t now = clock_now(l), ns = l->sleeps_until > now ? l->sleeps_until - now : 0;
        t = (struct timespec){ (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
        timeout = &t;
    }
    int n = epoll_pwait2(l->epoll, e, EVENTS, timeout, NULL);
    if (n < 0 && errno == ENOSYS)
        n = epoll_wait(l->epoll, e, EVENTS, timeout ? (int)(t.tv_sec * 1000 + t.tv_nsec / 1000000 + 1) : -1);
    return n;
}

void loop_run(struct loop *l)
{
    struct epoll_event e[EVENTS];
    bool locked = machine_lock_enter();
    while (!l->quit) {
        run_calls(l);
        run_alarms(l);
        bool more = l->before_wait && l->before_wait(l->before_wait_arg);
        free_gone(l);
        l->sleeps_until = more || l->calls ? 0 : l->running && l->nheap ? l->heap[0]->when : ~0ull;
        machine_lock_leave();
        int n = wait_events(l, e);
        machine_lock_enter();
        l->sleeps_until = 0;
        for (int k = 0; k < n; k++) {
            struct loop_fd *f = e[k].data.ptr;
            uint64_t count;
            if (!f) {
                if (read(l->wake, &count, sizeof count) < 0)
                    continue;
            } else if (!f->gone) {
                f->ready(f->arg, e[k].events);
            }
        }
    }
    if (locked)
        machine_lock_leave();
}
