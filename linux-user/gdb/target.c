/*
 * The target as gdb sees it: registers by the guest's table (struct gdb_target), the XML that describes
 * them, numbers of signals. Source: the gdb manual, "Target Descriptions" and "Stop Reply Packets".
 */
#include <stdlib.h>

#include "gdb/stub.h"

/* -------------------------------------------------------------- registers */

static void *slot_of(struct thread *t, const struct gdb_register *r)
{
    if (r->row == GDB_PC)
        return &t->cpu->pc;
    return (char *)t->cpu + t->p->guest->ir->regs[r->row].offset;
}

size_t gdb_read_register(struct thread *t, unsigned number, uint8_t out[64])
{
    const struct gdb_target *g = t->p->abi->gdb;

    if (number >= g->nregs)
        return 0;
    const struct gdb_register *r = &g->regs[number];
    if (r->row == GDB_SPECIAL) {
        uint64_t v = g->read(t->cpu, number);
        memcpy(out, &v, r->size);
    } else {
        memcpy(out, slot_of(t, r), r->size);
    }
    return r->size;
}

bool gdb_write_register(struct thread *t, unsigned number, const uint8_t *bytes)
{
    const struct gdb_target *g = t->p->abi->gdb;

    if (number >= g->nregs)
        return false;
    const struct gdb_register *r = &g->regs[number];
    if (r->row == GDB_SPECIAL) {
        uint64_t v = 0;
        memcpy(&v, bytes, r->size);
        g->write(t->cpu, number, v);
    } else {
        memcpy(slot_of(t, r), bytes, r->size);
    }
    return true;
}

char *gdb_describe(const struct gdb_target *g)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (f == NULL)
        return NULL;
    fprintf(f, "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">"
               "<architecture>%s</architecture><osabi>%s</osabi>", g->architecture, g->osabi);
    for (unsigned k = 0; k < g->nfeatures; k++) {
        unsigned end = k + 1 < g->nfeatures ? g->features[k + 1].first : g->nregs;

        fprintf(f, "<feature name=\"%s\">%s", g->features[k].name, g->features[k].types);
        for (unsigned i = g->features[k].first; i < end; i++) {
            const struct gdb_register *r = &g->regs[i];

            fprintf(f, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"", r->name, r->size * 8u,
                    r->type, i);
            if (r->group != NULL)
                fprintf(f, " group=\"%s\"", r->group);
            fputs("/>", f);
        }
        fputs("</feature>", f);
    }
    fputs("</target>", f);
    return fclose(f) == 0 ? text : NULL;
}

/* ---------------------------------------------------------------- signals */

/* By the host's number; real-time signals follow below. */
static const uint8_t numbers[32] = {
    [SIGHUP] = 1, [SIGINT] = 2, [SIGQUIT] = 3, [SIGILL] = 4, [SIGTRAP] = 5, [SIGABRT] = 6, [SIGFPE] = 8,
    [SIGKILL] = 9, [SIGBUS] = 10, [SIGSEGV] = 11, [SIGSYS] = 12, [SIGPIPE] = 13, [SIGALRM] = 14,
    [SIGTERM] = 15, [SIGURG] = 16, [SIGSTOP] = 17, [SIGTSTP] = 18, [SIGCONT] = 19, [SIGCHLD] = 20,
    [SIGTTIN] = 21, [SIGTTOU] = 22, [SIGIO] = 23, [SIGXCPU] = 24, [SIGXFSZ] = 25, [SIGVTALRM] = 26,
    [SIGPROF] = 27, [SIGWINCH] = 28, [SIGUSR1] = 30, [SIGUSR2] = 31, [SIGPWR] = 32,
};
enum { UNKNOWN = 143, REALTIME_33 = 45, REALTIME_32 = 77, REALTIME_64 = 78 };

int gdb_signal_number(int signo)
{
    if (signo >= 33 && signo <= 63)
        return REALTIME_33 + signo - 33;
    if (signo == 32 || signo == 64)
        return signo == 32 ? REALTIME_32 : REALTIME_64;
    return signo <= 0 ? 0 : signo < 32 && numbers[signo] ? numbers[signo] : UNKNOWN;
}

int gdb_signal_host(int number)
{
    for (int signo = 1; number != UNKNOWN && signo <= 64; signo++)
        if (gdb_signal_number(signo) == number)
            return signo;
    return 0;
}
