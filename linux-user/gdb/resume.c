/*
 * Letting threads go: vCont with an action for each, and the older c, s, C, S.
 *
 * An action counts for the first threads it matches that none before it did; a thread without one stays
 * stopped. Threads made later run. Breakpoints and watched memory are what they are now.
 */
#include "gdb/stub.h"

enum { MOST_ACTIONS = 64 };

struct resume {
    struct { pid_t tid; struct gdb_thread what; } act[MOST_ACTIONS];
    unsigned n;
};

/* One of ";s:p1.2", ";C0b", ";r4000,4010:1". */
static bool parse_action(struct gdb *g, struct resume *r, const char **s)
{
    struct gdb_thread what = {.action = GDB_CONT};
    char letter = *(*s)++;
    pid_t tid = -1;

    if (letter == 0 || strchr("cCsSr", letter) == NULL)
        return false;
    if (letter == 'C' || letter == 'S')
        what.signo = gdb_signal_host((int)gdb_parse_hex(s));
    if (letter == 's' || letter == 'S')
        what.action = GDB_STEP;
    if (letter == 'r') {
        what.action = GDB_RANGE;
        what.low = gdb_parse_hex(s);
        if (*(*s)++ != ',')
            return false;
        what.high = gdb_parse_hex(s);
    }
    if (**s == ':') {
        ++*s;
        tid = gdb_parse_thread(g, s);
    }
    if (tid == -2 || r->n == MOST_ACTIONS || (**s && **s != ';'))
        return false;
    r->act[r->n].tid = tid;
    r->act[r->n++].what = what;
    return true;
}

/* Gives each thread its action. False: no thread has one. */
static bool assign(struct gdb *g, const struct resume *r, bool *only_steps)
{
    bool any = false;

    *only_steps = true;
    for (struct thread *t = g->p->threads; t != NULL; t = t->next) {
        struct gdb_thread *d = gdb_of(t);
        unsigned k = 0;

        while (k < r->n && r->act[k].tid > 0 && r->act[k].tid != t->tid)
            k++;
        if (d == NULL)
            continue;
        d->held = k == r->n;
        if (d->held)
            continue;
        any = true;
        d->action = r->act[k].what.action;
        d->signo = r->act[k].what.signo;
        d->low = r->act[k].what.low;
        d->high = r->act[k].what.high;
        /* a step of a thread inside a system call ends with the call */
        d->stepped = d->action != GDB_CONT && d->where == GDB_OUT;
        *only_steps &= d->action != GDB_CONT;
    }
    return any;
}

static bool go(struct gdb *g, const struct resume *r)
{
    bool only_steps;

    if (!g->stopped || g->ended || !assign(g, r, &only_steps)) {
        gdb_put(g, "E01");
        return true;
    }
    gdb_sync(g, only_steps);
    gdb_open_gate(g);
    return false;
}

bool gdb_resume(struct gdb *g, const char *s)
{
    struct resume r = {.n = 0};

    while (*s == ';') {
        s++;
        if (!parse_action(g, &r, &s)) {
            gdb_put(g, "E01");
            return true;
        }
    }
    return go(g, &r);
}

/* "c [addr]", "C sig[;addr]": the signal and the step are for the thread of Hc. */
bool gdb_resume_old(struct gdb *g, const char *s)
{
    struct resume r = {.n = 2, .act[1].tid = -1};
    struct thread *t = gdb_find(g, g->cont > 0 ? g->cont : g->current);
    bool with_signal = *s == 'C' || *s == 'S';

    if (t == NULL) {
        gdb_put(g, "E03");
        return true;
    }
    r.act[0].tid = t->tid;
    r.act[0].what.action = (*s | 32) == 's' ? GDB_STEP : GDB_CONT;
    s++;
    if (with_signal)
        r.act[0].what.signo = gdb_signal_host((int)gdb_parse_hex(&s));
    if (*s == ';')
        s++;
    if (*s)
        t->cpu->pc = gdb_parse_hex(&s);
    return go(g, &r);
}
