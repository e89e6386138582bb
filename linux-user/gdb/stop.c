/*
 * The guest threads' side of the stub: the gate, reports, and what other files call.
 *
 * The gate is closed while gdb looks at the guest. A report is made only through an open gate, so the
 * first of several threads wins; the others find out again what they have to say once they go on (a
 * breakpoint is still there, a signal still to be delivered, a step of theirs forgotten).
 */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gdb/stub.h"
#include "guest_process.h"
#include "guest_signal.h"

struct gdb_thread *gdb_of(struct thread *t)
{
    if (t->gdb == NULL)
        t->gdb = calloc(1, sizeof *t->gdb);
    return t->gdb;
}

/* --------------------------------------------------------------- the gate */

void gdb_close_gate(struct gdb *g)
{
    g->stopped = true;
    g->told = false;
    pthread_mutex_lock(&g->p->threads_lock);
    for (struct thread *t = g->p->threads; t != NULL; t = t->next)
        if (t->gdb != NULL && t->gdb->where == GDB_RUNNING)
            engine_kick(t->cpu);
    pthread_mutex_unlock(&g->p->threads_lock);
    eventfd_write(g->event, 1);
}

void gdb_open_gate(struct gdb *g)
{
    g->stopped = false;
    pthread_cond_broadcast(&g->go);
}

void gdb_wait_quiet(struct gdb *g)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec++;
    while (g->running != 0 && pthread_cond_timedwait(&g->quiet, &g->lock, &end) == 0)
        ;
}

static void wait_at_gate(struct gdb *g, struct gdb_thread *d)
{
    d->where = GDB_AT_GATE;
    while (g->stopped || (g->attached && d->held))
        pthread_cond_wait(&g->go, &g->lock);
    d->where = GDB_OUT;
}

/* Shows gdb why t stops; comes back when t goes on. False: the gate was closed, nothing was shown. */
static bool report(struct gdb *g, struct thread *t, const struct gdb_stop *s, const siginfo_t *info)
{
    struct gdb_thread *d = t->gdb;
    bool closed = g->stopped || d->held;

    if (!closed) {
        g->stop = *s;
        g->stop.tid = t->tid;
        d->info = *info;
        gdb_close_gate(g);
    }
    wait_at_gate(g, d);
    return !closed;
}

/* ------------------------------------------------------------------ running */

/* A signal that gdb sends the thread, other than in answer to one it was shown. */
static void send_signal(struct gdb *g, struct thread *t)
{
    t->gdb->shown = t->gdb->signo;
    t->gdb->signo = 0;
    syscall(SYS_tgkill, getpid(), t->tid, t->gdb->shown);
}

static void report_debug(struct gdb *g, struct thread *t, uint64_t imm, uint64_t addr)
{
    siginfo_t info = {.si_signo = SIGTRAP, .si_code = TRAP_HWBKPT};
    struct gdb_stop s = {.kind = GDB_STOP_BREAK, .signo = SIGTRAP};

    if (imm == 0) {
        if (!gdb_has_break(g, t->cpu->pc, &s.type))
            return;
        info.si_code = TRAP_BRKPT;
    } else {
        if (imm > g->nwatches)
            return;
        s.kind = GDB_STOP_WATCH;
        s.type = g->watches[imm - 1].type;
        s.addr = addr;
    }
    info.si_addr = (void *)(uintptr_t)(imm == 0 ? t->cpu->pc : addr);
    report(g, t, &s, &info);
}

static void report_step(struct gdb *g, struct thread *t)
{
    const siginfo_t info = {.si_signo = SIGTRAP, .si_code = TRAP_TRACE,
                            .si_addr = (void *)(uintptr_t)t->cpu->pc};
    struct gdb_stop s = {.kind = GDB_STOP_SIGNAL, .signo = SIGTRAP};
    struct gdb_thread *d = t->gdb;

    d->stepped = false;
    if (d->action == GDB_RANGE && t->cpu->pc >= d->low && t->cpu->pc < d->high) {
        if (!gdb_has_break(g, t->cpu->pc, &s.type))
            return;
        s.kind = GDB_STOP_BREAK;
    }
    if (d->action != GDB_CONT && g->attached)
        report(g, t, &s, &info);
}

enum ir_leave gdb_run(struct thread *t)
{
    struct gdb *g = t->p->gdb;
    struct gdb_thread *d = gdb_of(t);
    struct engine *e = t->p->engine;
    enum ir_leave why;
    bool step;

    if (d == NULL)
        return engine_run(e, t->cpu);
    pthread_mutex_lock(&g->lock);
    if (d->stepped)
        report_step(g, t);
    wait_at_gate(g, d);
    if (d->signo != 0)
        send_signal(g, t);
    step = g->attached && d->action != GDB_CONT;
    d->where = GDB_RUNNING;
    g->running++;
    engine_debug(t->cpu, g->attached);
    pthread_mutex_unlock(&g->lock);

    why = step ? engine_step(e, t->cpu) : engine_run(e, t->cpu);

    pthread_mutex_lock(&g->lock);
    d->where = GDB_OUT;
    if (--g->running == 0)
        pthread_cond_broadcast(&g->quiet);
    if (why == IR_LEAVE_DEBUG && g->attached)
        report_debug(g, t, t->cpu->leave_imm, t->cpu->leave_arg);
    else
        d->stepped = step && (why == IR_LEAVE_LOOKUP || why == IR_LEAVE_SYSCALL);
    pthread_mutex_unlock(&g->lock);
    return why;
}

/* ------------------------------------------------------------------ signals */

bool gdb_wants(const struct process *p, int signo)
{
    return p->gdb != NULL && p->gdb->attached && signo != SIGCHLD && signo != SIGURG && signo != SIGWINCH && signo != SIGCONT;
}

bool gdb_signal(struct thread *t, siginfo_t *info)
{
    struct gdb *g = t->p->gdb;
    struct gdb_thread *d = g == NULL ? NULL : gdb_of(t);
    int signo = info->si_signo;

    if (d == NULL)
        return true;
    pthread_mutex_lock(&g->lock);
    if (d->shown == signo) {
        d->shown = 0;
    } else {
        const struct gdb_stop s = {.kind = GDB_STOP_SIGNAL, .signo = signo};
        bool told = false;

        while (g->attached && !told && !(g->pass_signals & signal_bit(signo)))
            told = report(g, t, &s, info);
        if (told) {
            signo = d->signo;
            d->signo = 0;
        }
    }
    if (signo != 0 && signo != info->si_signo)
        *info = (siginfo_t){.si_signo = signo, .si_code = SI_USER};
    if (signo != 0 && d->action != GDB_CONT && signal_action_of(t->p, signo).handler > 1)
        d->stepped = true; /* the step ends at the handler's first instruction */
    pthread_mutex_unlock(&g->lock);
    return signo != 0;
}

/* -------------------------------------------------------------- system calls */

void gdb_syscall(struct thread *t, uint64_t nr, bool entry)
{
    struct gdb *g = t->p->gdb;
    const siginfo_t info = {.si_signo = SIGTRAP, .si_code = SIGTRAP};
    const struct gdb_stop s = {.kind = entry ? GDB_STOP_ENTRY : GDB_STOP_RETURN, .signo = SIGTRAP, .addr = nr};
    bool told = false;

    if (nr >= GDB_CALLS || gdb_of(t) == NULL)
        return;
    pthread_mutex_lock(&g->lock);
    while (g->attached && !told && g->catches[nr / 64] >> nr % 64 & 1)
        told = report(g, t, &s, &info);
    pthread_mutex_unlock(&g->lock);
}

/* --------------------------------------------------------------------- ends */

void gdb_thread_exit(struct thread *t)
{
    struct gdb *g = t->p->gdb;

    if (g == NULL || t->gdb == NULL)
        return;
    pthread_mutex_lock(&g->lock);
    wait_at_gate(g, t->gdb);
    t->gdb->where = GDB_OUT;
    pthread_mutex_unlock(&g->lock);
}

static void tell_end(struct thread *t, enum gdb_kind kind, int value)
{
    struct gdb *g = t->p->gdb;

    if (g == NULL || gdb_of(t) == NULL)
        return;
    pthread_mutex_lock(&g->lock);
    while (g->stopped || t->gdb->held)
        wait_at_gate(g, t->gdb);
    if (g->attached) {
        struct timespec end;

        g->stop = (struct gdb_stop){.kind = kind, .tid = t->tid, .signo = value};
        gdb_close_gate(g);
        clock_gettime(CLOCK_REALTIME, &end);
        end.tv_sec += 2;
        while (!g->ended && pthread_cond_timedwait(&g->quiet, &g->lock, &end) == 0)
            ;
    }
    if (g->unlink_path != NULL)
        unlink(g->unlink_path);
    pthread_mutex_unlock(&g->lock);
}

void gdb_exit(struct thread *t, int status) { tell_end(t, GDB_STOP_EXIT, status & 255); }

void gdb_killed(struct thread *t, int signo) { tell_end(t, GDB_STOP_KILLED, signo); }

void gdb_fork_child(struct thread *t, bool files_shared)
{
    struct gdb *g = t->p->gdb;

    if (g == NULL)
        return;
    t->p->gdb = NULL;
    t->gdb = NULL;
    engine_debug(t->cpu, false);
    for (unsigned k = 0; k < g->nset; k++)
        engine_break(t->p->engine, g->set[k], false);
    engine_watch(t->p->engine, NULL, 0, false);
    if (files_shared)
        return;
    if (g->wire.conn >= 0)
        close(g->wire.conn);
    if (g->listener >= 0)
        close(g->listener);
}
