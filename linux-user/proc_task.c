/*
 * proc_task.c: stat, statm and status of this process and its threads.
 *
 * The host's file with the fields replaced that would show myna: sizes of memory are those of the
 * guest's map, signal masks and dispositions the guest's, addresses the guest's. Resident pages are
 * the host's (the translations included) but never more than the size. Field numbers are proc(5)'s.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "guest_signal.h"
#include "mem.h"
#include "procfs.h"

/* Sizes in bytes. */
struct sizes { uint64_t total, data, stack, exec, text; };

static struct sizes map_sizes(struct thread *t)
{
    const struct mm *mm = t->p->mm;
    struct sizes z = { 0 };

    mm_lock(t);
    mm_sync(t->p, 0, mm->limit);
    for (const struct mapping *m = maptree_first(mm, 0); m; m = maptree_first(mm, m->end)) {
        uint64_t n = m->end - m->start;
        z.total += n;
        if (m->start >= mm->stack_low && m->start < mm->stack_high)
            z.stack += n;
        else if (m->prot & PROT_WRITE && !m->shared)
            z.data += n;
        else if (m->prot & PROT_EXEC)
            z.exec += n;
    }
    mm_unlock(t);
    z.text = PAGE_UP(mm->code_end) - PAGE_DOWN(mm->code_start);
    return z;
}

/* --- signals --------------------------------------------------------------------------------- */

struct signals { uint64_t held, blocked, ignored, caught; };

static struct signals signals_now(struct thread *t, pid_t tid)
{
    struct process *p = t->p;
    struct signals s = { 0 };

    pthread_mutex_lock(&p->threads_lock);
    for (const struct thread *o = p->threads; o; o = o->next)
        if (o->tid == tid) {
            s.blocked = o->sig_has_temp ? o->sig_temp_mask : o->sig_mask;
            s.held = signals_of(o) ? signals_of(o)->held : 0;
        }
    pthread_mutex_unlock(&p->threads_lock);
    pthread_mutex_lock(&p->sig->lock);
    for (int i = 1; i <= SIGNAL_COUNT; i++) {
        if (p->sig->action[i].handler == 1)
            s.ignored |= signal_bit(i);
        else if (p->sig->action[i].handler > 1)
            s.caught |= signal_bit(i);
    }
    pthread_mutex_unlock(&p->sig->lock);
    return s;
}

static pid_t task_of(const struct proc_ref *ref)
{
    return ref->tid ? ref->tid : ref->pid;
}

/* --- stat, statm ----------------------------------------------------------------------------- */

int proc_make_stat(struct thread *t, const struct proc_ref *ref, FILE *out)
{
    FILE *f = proc_open_host(ref);
    const struct mm *mm = t->p->mm;
    struct sizes z = map_sizes(t);
    struct signals s = signals_now(t, task_of(ref));
    char line[2048], *at;

    if (!f)
        return -errno;
    at = fgets(line, sizeof(line), f);
    fclose(f);
    if (!at || !(at = strrchr(line, ')')))
        return -EIO;
    fprintf(out, "%.*s", (int)(at + 1 - line), line);
    unsigned field = 3;
    for (char *save, *w = strtok_r(at + 1, " \n", &save); w; w = strtok_r(NULL, " \n", &save)) {
        uint64_t v = strtoull(w, NULL, 10);
        switch (field++) {
        case 20: v = t->p->nthreads; break;
        case 23: v = z.total; break;
        case 24: v = v * GUEST_PAGE < z.total ? v : z.total / GUEST_PAGE; break;
        case 26: v = mm->code_start; break;
        case 27: v = mm->code_end; break;
        case 28: v = mm->stack_start; break;
        case 31: v |= s.held & 0x7fffffff; break;
        case 32: v = s.blocked & 0x7fffffff; break;
        case 33: v = s.ignored & 0x7fffffff; break;
        case 34: v = s.caught & 0x7fffffff; break;
        case 45: v = mm->data_start; break;
        case 46: v = mm->data_end; break;
        case 47: v = mm->brk_start; break;
        case 48: v = mm->arg_start; break;
        case 49: v = mm->arg_end; break;
        case 50: v = mm->env_start; break;
        case 51: v = mm->env_end; break;
        default: fprintf(out, " %s", w); continue;
        }
        fprintf(out, " %llu", (unsigned long long)v);
    }
    fputc('\n', out);
    return 0;
}

int proc_make_statm(struct thread *t, const struct proc_ref *ref, FILE *out)
{
    FILE *f = proc_open_host(ref);
    struct sizes z = map_sizes(t);
    unsigned long long resident = 0, shared = 0, total = z.total / GUEST_PAGE;

    if (!f)
        return -errno;
    if (fscanf(f, "%*u %llu %llu", &resident, &shared) != 2)
        resident = shared = 0;
    fclose(f);
    fprintf(out, "%llu %llu %llu %llu 0 %llu 0\n", total, resident < total ? resident : total,
            shared < total ? shared : total, (unsigned long long)(z.text / GUEST_PAGE),
            (unsigned long long)((z.data + z.stack) / GUEST_PAGE));
    return 0;
}

/* --- status ---------------------------------------------------------------------------------- */

int proc_make_status(struct thread *t, const struct proc_ref *ref, FILE *out)
{
    FILE *f = proc_open_host(ref);
    struct sizes z = map_sizes(t);
    struct signals s = signals_now(t, task_of(ref));
    const struct { const char *label; uint64_t bytes; } size[] = {
        {"VmPeak:", z.total}, {"VmSize:", z.total}, {"VmData:", z.data}, {"VmStk:", z.stack},
        {"VmExe:", z.text}, {"VmLib:", z.exec > z.text ? z.exec - z.text : 0},
    };
    const struct { const char *label; uint64_t set; } mask[] = {
        {"SigBlk:", s.blocked}, {"SigIgn:", s.ignored}, {"SigCgt:", s.caught},
    };
    char *line = NULL;
    size_t cap = 0;

    if (!f)
        return -errno;
    while (getline(&line, &cap, f) > 0) {
        char *value = strchr(line, ':');
        size_t n = value ? (size_t)(value + 1 - line) : 0;
        bool done = !strncmp(line, "x86_", 4) || /* lines of the host's architecture */
                    !strncmp(line, "untag_mask:", 11);

        for (unsigned i = 0; i < sizeof(size) / sizeof(*size) && !done; i++)
            if (n && !strncmp(line, size[i].label, n)) {
                fprintf(out, "%s\t%8llu kB\n", size[i].label,
                        (unsigned long long)(size[i].bytes / 1024));
                done = true;
            }
        for (unsigned i = 0; i < sizeof(mask) / sizeof(*mask) && !done; i++)
            if (n && !strncmp(line, mask[i].label, n)) {
                fprintf(out, "%s\t%016llx\n", mask[i].label, (unsigned long long)mask[i].set);
                done = true;
            }
        if (n && !strncmp(line, "Threads:", n)) {
            fprintf(out, "Threads:\t%u\n", t->p->nthreads);
            done = true;
        }
        if (n && !strncmp(line, "SigPnd:", n)) {
            fprintf(out, "SigPnd:\t%016llx\n",
                    (unsigned long long)(strtoull(line + n, NULL, 16) | s.held));
            done = true;
        }
        if (n && !done && (!strncmp(line, "VmRSS:", n) || !strncmp(line, "VmHWM:", n))) {
            uint64_t kb = strtoull(line + n, NULL, 10);
            fprintf(out, "%.*s\t%8llu kB\n", (int)n, line,
                    (unsigned long long)(kb < z.total / 1024 ? kb : z.total / 1024));
            done = true;
        }
        if (!done)
            fputs(line, out);
    }
    free(line);
    fclose(f);
    return 0;
}
