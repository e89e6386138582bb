/*
 * Tasks: see task.h. A stack is 64 KiB with a page below it that can not be touched; some are kept for the next task.
 *
 * Whoever is outside of all tasks and starts or wakes one is the scheduler until all have waited or ended: there is
 * never a task inside a task.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "aio.h"
#include "task.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
enum { STACK = 512 << 10 };
#else
enum { STACK = 64 << 10 };
#endif
enum { GUARD = 4096, KEEP = 64 };

struct task {
    void *sp;
    uint8_t *stack;
    void (*fn)(void *arg);
    void *arg;
    bool over;
    struct task *next;
#if defined(__SANITIZE_ADDRESS__)
    void *fake;
#endif
};

static struct task *current, *ready, *kept;
static unsigned nkept;
static bool scheduling;
static void *scheduler_sp;
#if defined(__SANITIZE_ADDRESS__)
static const void *scheduler_stack;
static size_t scheduler_size;
#endif

/* Saves what a function must keep (System V ABI) and this stack in *from, goes on with the other. */
__attribute__((naked, noinline)) static void change_stack(void **from, void *to)
{
    __asm__("push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n\t"
            "mov %rsp, (%rdi); mov %rsi, %rsp\n\t"
            "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp; ret");
}

static void to_scheduler(struct task *t)
{
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(t->over ? NULL : &t->fake, scheduler_stack, scheduler_size);
#endif
    change_stack(&t->sp, scheduler_sp);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(t->fake, &scheduler_stack, &scheduler_size);
#endif
}

static void body(void)
{
    struct task *t = current;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(NULL, &scheduler_stack, &scheduler_size);
#endif
    t->fn(t->arg);
    t->over = true;
    to_scheduler(t);
    abort();
}

static struct task *new_task(void)
{
    struct task *t = kept;
    if (t) {
        kept = t->next;
        nkept--;
        return t;
    }
    t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->stack = mmap(NULL, GUARD + STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (t->stack == MAP_FAILED || mprotect(t->stack, GUARD, PROT_NONE) < 0) {
        free(t);
        return NULL;
    }
    return t;
}

static void end_task(struct task *t)
{
    if (nkept < KEEP) {
        t->next = kept;
        kept = t;
        nkept++;
    } else {
        munmap(t->stack, GUARD + STACK);
        free(t);
    }
}

static void append(struct task *t)
{
    struct task **at = &ready;
    while (*at)
        at = &(*at)->next;
    t->next = NULL;
    *at = t;
}

static void run_ready(void)
{
    if (scheduling)
        return;
    scheduling = true;
    while (ready) {
        struct task *t = current = ready;
        ready = t->next;
#if defined(__SANITIZE_ADDRESS__)
        void *fake;
        __sanitizer_start_switch_fiber(&fake, t->stack + GUARD, STACK);
#endif
        change_stack(&scheduler_sp, t->sp);
#if defined(__SANITIZE_ADDRESS__)
        __sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
        current = NULL;
        if (t->over)
            end_task(t);
    }
    scheduling = false;
}

bool task_start(void (*fn)(void *arg), void *arg)
{
    struct task *t = new_task();
    if (!t)
        return false;
    /* As change_stack leaves it: six registers, then where to go; there the stack is as after a call. */
    uintptr_t *sp = (uintptr_t *)(t->stack + GUARD + STACK) - 2;
    *sp = (uintptr_t)body;
    sp[1] = 0;
    for (unsigned k = 0; k < 6; k++)
        *--sp = 0;
    t->sp = sp;
    t->fn = fn;
    t->arg = arg;
    t->over = false;
    append(t);
    run_ready();
    return true;
}

bool task_here(void) { return current != NULL; }

void task_wait(struct task_queue *q)
{
    struct task *t = current;
    if (!t) {
        bool under_way = aio_wait();
        assert(under_way);
        (void)under_way;
        return;
    }
    struct task **at = &q->first;
    while (*at)
        at = &(*at)->next;
    t->next = NULL;
    *at = t;
    to_scheduler(t);
}

void task_wake(struct task_queue *q)
{
    struct task *t = q->first;
    q->first = NULL;
    while (t) {
        struct task *next = t->next;
        append(t);
        t = next;
    }
    if (ready)
        run_ready();
}

void task_lock(struct task_mutex *m)
{
    while (m->taken)
        task_wait(&m->waiting);
    m->taken = true;
}

void task_unlock(struct task_mutex *m)
{
    m->taken = false;
    task_wake(&m->waiting);
}
