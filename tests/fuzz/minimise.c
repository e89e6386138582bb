/*
 * minimise.c: makes a failing case small by trying, one after another, to replace instructions by NOP
 * and registers by 0 while the two peers still differ in the same way, and prints what is left: the
 * disassembly, the registers that matter, both outcomes.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fuzz.h"

enum { NOP = 0xd503201fu };

unsigned run_one(const struct test *t, struct peer *p)
{
    batch->ncases = 1;
    batch->c[0] = t->c;
    peers_run(p, 2);
    unsigned d = compare(t, &p[0].out->r[0], &p[1].out->r[0]);
    return d && explained(t, d, &p[0].out->r[0], &p[1].out->r[0]) ? 0 : d;
}

void minimise(struct test *t, struct peer *p)
{
    unsigned budget = p[0].crashes + p[1].crashes + p[0].hangs + p[1].hangs + 200;
    unsigned want = run_one(t, p);
    if (!want)
        return;
    if (p[0].out->r[0].signo == SIG_HANG || p[1].out->r[0].signo == SIG_HANG)
        budget -= 180; /* each costs seconds */
#define TRY(change)                                                                                \
    do {                                                                                           \
        struct test try = *t;                                                                      \
        change;                                                                                    \
        if (p[0].crashes + p[1].crashes + p[0].hangs + p[1].hangs > budget)                        \
            return;                                                                                \
        unsigned got = run_one(&try, p);                                                           \
        if (got && !(got & ~want))                                                                 \
            *t = try;                                                                              \
    } while (0)
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < LIT_FIRST; i++) {
            bool test_word = i >= 1 && i <= t->n;
            bool function = i > t->n + 1 && t->c.words[i] >> 21 != 0x6a1;
            if ((test_word || function) && t->c.words[i] != NOP)
                TRY(try.c.words[i] = NOP);
        }
    for (unsigned i = 0; i < 31; i++)
        if (t->c.x[i])
            TRY(try.c.x[i] = 0; if (i == 30) memset(&try.c.words[LIT_X30], 0, 8));
    for (unsigned i = 0; i < 31; i++)
        if (t->c.x[i] > 0xffff)
            TRY(try.c.x[i] &= 0xffffffff; if (i == 30) memset(&try.c.words[LIT_X30 + 1], 0, 4));
    for (unsigned i = 0; opt.fp && i < 32; i++) {
        if (t->c.v[2 * i])
            TRY(try.c.v[2 * i] = 0);
        if (t->c.v[2 * i + 1])
            TRY(try.c.v[2 * i + 1] = 0);
    }
    if (t->c.nzcv)
        TRY(try.c.nzcv = 0);
    if (t->c.fpcr)
        TRY(try.c.fpcr = 0);
    if (t->c.sp != FUZZ_WIN + 0x800)
        TRY(try.c.sp = FUZZ_WIN + 0x800);
    run_one(t, p);
#undef TRY
}

static void disassemble(FILE *f, const struct test *t)
{
    char path[] = "/tmp/fuzz-XXXXXX", cmd[256], line[256];
    int fd = mkstemp(path);
    if (fd < 0)
        return;
    if (write(fd, t->c.words, sizeof t->c.words) != sizeof t->c.words)
        perror(path);
    close(fd);
    snprintf(cmd, sizeof cmd, "aarch64-linux-gnu-objdump -D -b binary -m aarch64 --adjust-vma=%#llx "
             "%s 2>/dev/null", (unsigned long long)t->c.entry, path);
    FILE *p = popen(cmd, "r");
    unsigned shown = 0;
    while (p && fgets(line, sizeof line, p)) {
        unsigned long at;
        char *colon = strchr(line, ':');
        if (!colon || sscanf(line, " %lx:", &at) != 1 || at < t->c.entry)
            continue;
        unsigned i = (unsigned)(at - t->c.entry) / 4;
        bool filler = t->c.words[i] >> 21 == 0x6a1 && (i < 1 || i > t->n);
        if (i >= LIT_FIRST || t->c.words[i] == NOP || filler)
            continue;
        fprintf(f, "    %s", line);
        shown++;
    }
    if (p)
        pclose(p);
    for (unsigned i = 1; !shown && i <= t->n; i++)
        fprintf(f, "    %llx: %08x\n", (unsigned long long)t->c.entry + 4 * i, t->c.words[i]);
    unlink(path);
}

static const char *outcome(const struct fuzz_result *r)
{
    static char s[4][96];
    static unsigned k;
    char *o = s[k++ & 3];
    if (r->signo == SIG_CRASH)
        snprintf(o, 96, "the emulator ended (status %d)", (int)r->code);
    else if (r->signo == SIG_HANG)
        snprintf(o, 96, "hang");
    else if (r->signo)
        snprintf(o, 96, "signal %u code %d addr %#llx", r->signo, (int)r->code,
                 (unsigned long long)r->addr);
    else
        snprintf(o, 96, "exit");
    return o;
}

void print_case(FILE *f, const struct test *t, struct peer *p)
{
    const struct fuzz_result *a = &p[0].out->r[0], *b = &p[1].out->r[0];
    unsigned d = compare(t, a, b);
    fprintf(f, "--- %s case %llu: %s%s\n", t->what, (unsigned long long)t->index,
            d ? "differs in " : "agrees", diff_names(d));
    disassemble(f, t);
    fprintf(f, "  before:");
    for (int i = 0; i < 31; i++)
        if (t->c.x[i])
            fprintf(f, " x%d=%#llx", i, (unsigned long long)t->c.x[i]);
    fprintf(f, " sp=%#llx", (unsigned long long)t->c.sp);
    if (t->c.nzcv)
        fprintf(f, " nzcv=%#x", (unsigned)(t->c.nzcv >> 28));
    if (opt.fp) {
        for (int i = 0; i < 32; i++)
            if (t->c.v[2 * i] | t->c.v[2 * i + 1])
                fprintf(f, " v%d=%016llx_%016llx", i, (unsigned long long)t->c.v[2 * i + 1],
                        (unsigned long long)t->c.v[2 * i]);
        if (t->c.fpcr)
            fprintf(f, " fpcr=%#llx", (unsigned long long)t->c.fpcr);
    }
    fprintf(f, "\n");
    for (int k = 0; k < 2; k++) {
        const struct fuzz_result *r = k ? b : a, *o = k ? a : b;
        fprintf(f, "  %-6s: %s", p[k].name, outcome(r));
        if (r->signo >= SIG_CRASH || o->signo >= SIG_CRASH) {
            fprintf(f, "\n");
            continue;
        }
        if (r->signo)
            fprintf(f, " pc=slot+%#llx", (unsigned long long)(r->pc - t->c.entry));
        for (int i = 0; i < 31; i++)
            if (r->x[i] != o->x[i])
                fprintf(f, " x%d=%#llx", i, (unsigned long long)r->x[i]);
        if (r->sp != o->sp)
            fprintf(f, " sp=%#llx", (unsigned long long)r->sp);
        if (r->nzcv != o->nzcv)
            fprintf(f, " nzcv=%#x", (unsigned)(r->nzcv >> 28));
        if (opt.fp) {
            for (int i = 0; i < 32; i++)
                if (r->v[2 * i] != o->v[2 * i] || r->v[2 * i + 1] != o->v[2 * i + 1])
                    fprintf(f, " v%d=%016llx_%016llx", i, (unsigned long long)r->v[2 * i + 1],
                            (unsigned long long)r->v[2 * i]);
            if (r->fpcr != o->fpcr)
                fprintf(f, " fpcr=%#llx", (unsigned long long)r->fpcr);
            if (opt.fpsr && r->fpsr != o->fpsr)
                fprintf(f, " fpsr=%#llx", (unsigned long long)r->fpsr);
        }
        unsigned shown = 0;
        for (unsigned i = 0; i < FUZZ_WIN_SIZE; i += 8)
            if (memcmp(r->win + i, o->win + i, 8) != 0 && shown++ < 4) {
                uint64_t v;
                memcpy(&v, r->win + i, 8);
                fprintf(f, " [win+%#x]=%016llx", i, (unsigned long long)v);
            }
        fprintf(f, "\n");
    }
    fprintf(f, "  again: tests/fuzz/run.sh case %s %llu %llu\n", t->what,
            (unsigned long long)t->index, (unsigned long long)opt.seed);
}
