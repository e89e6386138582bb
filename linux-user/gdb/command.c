/*
 * Packets by their first letter: registers, memory, breakpoints, threads. Source: the gdb manual,
 * "Packets". A packet that isn't known gets an empty answer, which tells gdb so.
 */
#include <stdlib.h>
#include <unistd.h>

#include "gdb/stub.h"
#include "guest_process.h"

/* ------------------------------------------------------------------ parsers */

static pid_t parse_id(const char **s)
{
    if (!strncmp(*s, "-1", 2)) {
        *s += 2;
        return -1;
    }
    return strchr("0123456789abcdefABCDEF", **s) == NULL || !**s ? -2 : (pid_t)gdb_parse_hex(s);
}

pid_t gdb_parse_thread(struct gdb *g, const char **s)
{
    pid_t pid, tid = -1;

    if (**s != 'p')
        return parse_id(s);
    ++*s;
    pid = parse_id(s);
    if (**s == '.') {
        ++*s;
        tid = parse_id(s);
    }
    return pid == getpid() || pid == 0 || pid == -1 ? tid : -2;
}

struct thread *gdb_find(struct gdb *g, pid_t tid)
{
    struct thread *found = NULL;

    for (struct thread *t = g->p->threads; t != NULL; t = t->next)
        if (t->tid != 0 && gdb_of(t) != NULL && (tid == t->tid || tid <= 0))
            found = t; /* new ones are put in front: the last is the first */
    return found;
}

/* ---------------------------------------------------------------- registers */

static void error(struct gdb *g, int e) { gdb_putf(g, "E%02x", (unsigned)e & 255); }

static void ok_or(struct gdb *g, bool ok, int e)
{
    if (ok)
        gdb_put(g, "OK");
    else
        error(g, e);
}

static void read_all(struct gdb *g, struct thread *t)
{
    for (unsigned k = 0; k < g->p->abi->gdb->nregs; k++) {
        uint8_t value[64];
        size_t n = gdb_read_register(t, k, value);

        gdb_put_hex(g, value, n);
    }
}

static bool write_one(struct gdb *g, struct thread *t, unsigned number, const char **hex)
{
    uint8_t value[64];
    const struct gdb_target *target = g->p->abi->gdb;

    if (number >= target->nregs || !gdb_parse_bytes(*hex, value, target->regs[number].size))
        return false;
    *hex += 2 * target->regs[number].size;
    return gdb_write_register(t, number, value);
}

static void registers(struct gdb *g, char letter, const char *s)
{
    struct thread *t = gdb_find(g, g->current);
    unsigned number;
    uint8_t value[64];
    bool ok = true;

    if (t == NULL) {
        error(g, ESRCH);
        return;
    }
    switch (letter) {
    case 'g':
        read_all(g, t);
        return;
    case 'G':
        for (number = 0; ok && *s && number < g->p->abi->gdb->nregs; number++)
            ok = write_one(g, t, number, &s);
        break;
    case 'p':
        number = (unsigned)gdb_parse_hex(&s);
        size_t n = gdb_read_register(t, number, value);
        gdb_put_hex(g, value, n);
        if (n == 0)
            error(g, EINVAL);
        return;
    default: /* P number=value */
        number = (unsigned)gdb_parse_hex(&s);
        ok = *s++ == '=' && write_one(g, t, number, &s);
    }
    ok_or(g, ok, EINVAL);
}

/* ------------------------------------------------------------------- memory */

static void memory(struct gdb *g, char letter, const char *s, const char *end)
{
    uint64_t addr = gdb_parse_hex(&s), len;
    size_t n;

    if (*s++ != ',') {
        error(g, EINVAL);
        return;
    }
    len = gdb_parse_hex(&s);
    if (letter == 'm') {
        len = len < GDB_PACKET / 2 ? len : GDB_PACKET / 2;
        n = gdb_read_memory(g, addr, g->memory, len);
        gdb_put_hex(g, g->memory, n);
        if (n == 0 && len != 0)
            error(g, EFAULT);
        return;
    }
    if (*s++ != ':' || len > GDB_PACKET || (letter == 'X' && (size_t)(end - s) != len) ||
        (letter == 'M' && !gdb_parse_bytes(s, g->memory, len)))
        error(g, EINVAL);
    else
        ok_or(g, gdb_write_memory(g, addr, letter == 'X' ? (const void *)s : g->memory, len) == len, EFAULT);
}

/* Z type,addr,kind: kind is the length of what is watched. */
static void breakpoint(struct gdb *g, bool set, const char *s)
{
    char type = *s++;
    uint64_t addr;
    int r;

    if (type < '0' || type > '4')
        return;
    if (*s++ != ',') {
        error(g, EINVAL);
        return;
    }
    addr = gdb_parse_hex(&s);
    uint64_t len = *s == ',' ? (s++, gdb_parse_hex(&s)) : 0;
    r = (set ? gdb_insert : gdb_remove)(g, type, addr, len);
    ok_or(g, r == 0, -r);
}

/* ------------------------------------------------------------------ threads */

static void choose_thread(struct gdb *g, const char *s)
{
    char what = *s++;
    pid_t tid = gdb_parse_thread(g, &s);
    struct thread *t = tid == -2 ? NULL : gdb_find(g, tid);

    if (t != NULL && what == 'g')
        g->current = t->tid;
    else if (t != NULL && what == 'c')
        g->cont = tid > 0 ? tid : 0;
    ok_or(g, t != NULL, ESRCH);
}

static void kill_guest(void)
{
    for (;;)
        kill(getpid(), SIGKILL);
}

/* --------------------------------------------------------------- the letter */

bool gdb_command(struct gdb *g, char *s, size_t n)
{
    const char *arg = s + 1;
    pid_t tid;

    if (!g->stopped && *s != 'v' && *s != 'q' && *s != 'Q')
        return false; /* the guest runs: gdb has nothing to say */
    switch (*s) {
    case '?':
        gdb_put_stop(g);
        break;
    case 'g': case 'G': case 'p': case 'P':
        registers(g, *s, arg);
        break;
    case 'm': case 'M': case 'X':
        memory(g, *s, arg, s + n);
        break;
    case 'z': case 'Z':
        breakpoint(g, *s == 'Z', arg);
        break;
    case 'H':
        choose_thread(g, arg);
        break;
    case 'T':
        tid = gdb_parse_thread(g, &arg);
        ok_or(g, tid > 0 && gdb_find(g, tid) != NULL, ESRCH);
        break;
    case 'c': case 's': case 'C': case 'S':
        return gdb_resume_old(g, s);
    case 'k':
        kill_guest();
        break;
    case 'D':
        gdb_put(g, "OK");
        gdb_detach(g);
        break;
    case 'q': case 'Q':
        gdb_query(g, s);
        break;
    case 'v':
        if (!strcmp(s, "vCont?"))
            gdb_put(g, "vCont;c;C;s;S;r");
        else if (!strncmp(s, "vCont;", 6))
            return gdb_resume(g, s + 5);
        else if (!strncmp(s, "vKill", 5))
            kill_guest();
        break;
    }
    return true;
}
