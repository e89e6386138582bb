/*
 * main.c: modes and report. The reference runs beside the program under test on the same batches; each
 * result is compared, each difference that no exception explains is counted for its row, and the
 * first few are made small and printed.
 *
 *     fuzz [options] rows N SEED       N cases for every row
 *     fuzz [options] seq N SEED        N sequences
 *     fuzz [options] case WHAT INDEX SEED   one case again (WHAT: rows:NAME or seq)
 *     fuzz [options] list              the rows, and why words of them are left out
 *
 * Exit status: 0 no difference, 1 differences, 2 it could not run.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "fuzz.h"

struct options opt = { .seed = 1, .fp = true, .max_shown = 20 };

struct tally {
    uint64_t passed, differ, explained, undef_both, undef_a, undef_b, excluded;
    unsigned diff;
};

static struct peer peer[2];
static struct test *tests;
static struct tally *tally; /* by row; [0] alone in sequences */
static unsigned *row_of;    /* of each case in the batch */
static unsigned shown;
static double budget;       /* seconds, 0: none */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool undefined(const struct fuzz_result *r) { return r->signo == SIG_ILL; }

/* How often each exception was used, for the report. */
static struct { const char *why; uint64_t n; } reasons[64];

static void count_reason(const char *why)
{
    for (unsigned i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (!reasons[i].why || reasons[i].why == why) {
            reasons[i].why = why;
            reasons[i].n++;
            return;
        }
}

static void print_reasons(void)
{
    for (unsigned i = 0; i < sizeof reasons / sizeof *reasons && reasons[i].why; i++)
        printf("explained %8llu: %s\n", (unsigned long long)reasons[i].n, reasons[i].why);
}

/* Prints a failure, made small if it fails alone, too; r: the results in its batch. */
static void show_failure(const struct test *failed, const struct fuzz_result *r)
{
    struct test t = *failed;
    shown++;
    unsigned d = run_one(&t, peer);
    if (!d) {
        printf("--- the next case differs among the other cases of its batch, not alone\n");
        peer[0].out->r[0] = r[0];
        peer[1].out->r[0] = r[1];
    } else if (!opt.no_minimise) {
        minimise(&t, peer);
    }
    print_case(stdout, &t, peer);
    fflush(stdout);
}

static void run_batch(unsigned n)
{
    static struct { struct test t; struct fuzz_result r[2]; } failed[FUZZ_MAX_CASES];
    unsigned nfailed = 0;
    if (!n)
        return;
    batch->ncases = n;
    batch->use_v = opt.fp;
    for (unsigned i = 0; i < n; i++)
        batch->c[i] = tests[i].c;
    peers_run(peer, 2);
    for (unsigned i = 0; i < n; i++) {
        const struct fuzz_result *a = &peer[0].out->r[i], *b = &peer[1].out->r[i];
        struct tally *y = &tally[row_of[i]];
        unsigned d = compare(&tests[i], a, b);
        if (!d) {
            if (undefined(a))
                y->undef_both++;
            else
                y->passed++;
            continue;
        }
        const char *why = explained(&tests[i], d, a, b);
        if (why) {
            count_reason(why);
            if (undefined(a))
                y->undef_both++;
            else
                y->explained++;
            continue;
        }
        if (undefined(a) && !(undefined(b) && b->pc == a->pc))
            y->undef_a++;
        else if (undefined(b) && !undefined(a))
            y->undef_b++;
        y->differ++;
        /* of each row the first of every kind of difference */
        bool seq = !strcmp(tests[i].what, "seq");
        bool fresh = seq || (d & ~y->diff && !(undefined(a) && y->undef_a > 1));
        y->diff |= d;
        if (fresh && shown + nfailed < opt.max_shown)
        {
            failed[nfailed].t = tests[i];
            failed[nfailed].r[0] = *a;
            failed[nfailed++].r[1] = *b;
        }
    }
    for (unsigned i = 0; i < nfailed; i++)
        show_failure(&failed[i].t, failed[i].r);
}

static void flush(unsigned *n)
{
    run_batch(*n);
    *n = 0;
}

/* Two cases of a batch may want the same slot. */
static bool slot_taken(unsigned n, uint64_t entry)
{
    static uint64_t used[FUZZ_MAX_CASES / 64];
    if (!n)
        memset(used, 0, sizeof used);
    unsigned s = (unsigned)((entry - FUZZ_SLOTS) / (FUZZ_SLOT_WORDS * 4));
    if (used[s / 64] >> (s % 64) & 1)
        return true;
    used[s / 64] |= 1ull << (s % 64);
    return false;
}

static void add(unsigned *n, const struct test *t, unsigned row)
{
    if (*n == FUZZ_MAX_CASES || slot_taken(*n, t->c.entry)) {
        flush(n);
        slot_taken(0, t->c.entry);
    }
    tests[*n] = *t;
    row_of[(*n)++] = row;
}

static bool runs(const struct test *t)
{
    for (unsigned k = 1; k <= t->n; k++) {
        uint32_t w = t->c.words[k];
        bool fp = (w & 0x0e000000) == 0x0e000000 || (w & 0x0e000000) == 0x0c000000 ||
                  (w & 0xffdfff00) == 0xd51b4400; /* vectors, FPCR, FPSR */
        if (a64_excluded(w) || (fp && !opt.fp))
            return false;
    }
    return true;
}

static const char *row_verdict(unsigned i)
{
    const struct tally *y = &tally[i];
    uint64_t all = y->passed + y->differ + y->undef_both + y->explained;
    if (!all)
        return "excluded";
    if (y->differ > y->undef_a + y->undef_b)
        return "DIFFERS";
    if (y->undef_b && !y->passed)
        return *rows[i].feature ? "feature is off in the second only" : "undefined in the second only";
    if (y->undef_a && !y->passed)
        return "undefined in the first only";
    if (y->differ)
        return "DIFFERS";
    return y->passed ? "ok" : "undefined in both";
}

static int report_rows(const char *path, double seconds)
{
    unsigned good = 0, bad = 0, only = 0, undef = 0, excl = 0, failed = 0;
    uint64_t cases = 0, differ = 0;
    FILE *f = path ? fopen(path, "w") : NULL;
    for (unsigned i = 0; i < nrows; i++) {
        const struct tally *y = &tally[i];
        const char *v = row_verdict(i);
        cases += y->passed + y->differ + y->undef_both + y->explained;
        differ += y->differ;
        good += !strcmp(v, "ok");
        bad += !strcmp(v, "DIFFERS");
        only += strstr(v, " only") != NULL;
        failed += !strcmp(v, "undefined in the second only") || !strcmp(v, "DIFFERS");
        undef += !strcmp(v, "undefined in both");
        excl += !strcmp(v, "excluded");
        if (f)
            fprintf(f, "%-24s %-10s passed %llu, differs %llu, explained %llu, undefined in both %llu, "
                    "in one %llu+%llu, left out %llu: %s%s%s\n", rows[i].name, rows[i].cls,
                    (unsigned long long)y->passed, (unsigned long long)y->differ,
                    (unsigned long long)y->explained, (unsigned long long)y->undef_both,
                    (unsigned long long)y->undef_a, (unsigned long long)y->undef_b,
                    (unsigned long long)y->excluded, v, y->diff ? " in " : "",
                    y->diff ? diff_names(y->diff) : "");
        if (y->differ && strstr(v, "only") == NULL)
            printf("%-24s %s: %llu of %llu (%s)\n", rows[i].name, v, (unsigned long long)y->differ,
                   (unsigned long long)(y->passed + y->differ), diff_names(y->diff));
    }
    for (unsigned i = 0; i < nrows; i++)
        if (strstr(row_verdict(i), " only"))
            printf("%-24s %s %s\n", rows[i].name, row_verdict(i), rows[i].feature);
    if (f)
        fclose(f);
    print_reasons();
    printf("rows: %u agree, %u differ, %u undefined in one only, %u undefined in both, %u left out; "
           "%llu cases in %.1f s (%.0f a second), %llu differ\n", good, bad, only, undef, excl,
           (unsigned long long)cases, seconds, (double)cases / seconds, (unsigned long long)differ);
    printf("%u passed, %u failed, %u skipped\n", good + undef, failed, nrows - good - undef - failed);
    return failed ? 1 : 0;
}

enum { ROUND = 32 }; /* cases of one row at a time, so that a run cut short has seen every row */

static int mode_rows(unsigned per_row, const char *only, const char *report)
{
    double t0 = now();
    unsigned n = 0;
    static struct test t;
    bool late = false;
    for (uint64_t from = 0; from < per_row && !late; from += ROUND)
        for (unsigned i = 0; i < nrows && !late; i++) {
            if (only && strcmp(rows[i].name, only) != 0)
                continue;
            for (uint64_t k = from; k < from + ROUND && k < per_row; k++) {
                gen_row(&rows[i], k, &t);
                if (runs(&t))
                    add(&n, &t, i);
                else
                    tally[i].excluded++;
            }
            late = budget > 0 && now() - t0 > budget;
        }
    flush(&n);
    return report_rows(report, now() - t0);
}

/* Collects defined words of every row: sequences would end at others. The mode `rows` reports those
 * that only one of the two programs refuses. The same for every seed. */
static void probe_rows(void)
{
    static struct test t;
    for (unsigned i = 0; i < nrows; i++) {
        uint32_t word[ROW_POOL];
        unsigned n = 0;
        for (unsigned k = 0; k < ROW_POOL; k++) {
            gen_row(&rows[i], k, &t);
            if (!runs(&t))
                continue;
            word[n] = t.c.words[t.n];
            batch->c[n++] = t.c;
        }
        batch->ncases = n;
        if (n)
            peers_run(peer, 2);
        bool any[2] = { false, false };
        for (unsigned k = 0; k < n; k++) {
            bool ok[2] = { !undefined(&peer[0].out->r[k]), !undefined(&peer[1].out->r[k]) };
            any[0] |= ok[0];
            any[1] |= ok[1];
            if (ok[0])
                rows[i].pool[rows[i].npool++] = word[k];
        }
        rows[i].unknown = any[0] != any[1];
    }
}

static int mode_seq(uint64_t count)
{
    double t0 = now();
    unsigned n = 0;
    uint64_t made = 0;
    static struct test t;
    for (uint64_t k = 0; k < count; k++) {
        gen_seq(k, &t);
        if (!runs(&t)) {
            tally->excluded++;
            continue;
        }
        add(&n, &t, 0);
        made++;
        if (budget > 0 && n == 1 && now() - t0 > budget)
            break;
    }
    flush(&n);
    double s = now() - t0;
    print_reasons();
    printf("sequences: %llu in %.1f s (%.0f a second), %llu agree, %llu explained, %llu differ (%s)\n",
           (unsigned long long)made, s, (double)made / s,
           (unsigned long long)(tally->passed + tally->undef_both),
           (unsigned long long)tally->explained, (unsigned long long)tally->differ,
           diff_names(tally->diff));
    printf("%llu passed, %llu failed\n",
           (unsigned long long)(tally->passed + tally->undef_both + tally->explained),
           (unsigned long long)tally->differ);
    return tally->differ ? 1 : 0;
}

static int mode_case(const char *what, uint64_t index)
{
    static struct test t;
    if (!strcmp(what, "seq")) {
        gen_seq(index, &t);
    } else {
        const char *name = strchr(what, ':') ? strchr(what, ':') + 1 : what;
        unsigned i = 0;
        while (i < nrows && strcmp(rows[i].name, name) != 0)
            i++;
        if (i == nrows) {
            fprintf(stderr, "fuzz: no row %s\n", name);
            return 2;
        }
        gen_row(&rows[i], index, &t);
    }
    unsigned d = run_one(&t, peer), all = compare(&t, &peer[0].out->r[0], &peer[1].out->r[0]);
    print_case(stdout, &t, peer);
    if (all && !d)
        printf("explained: %s\n", explained(&t, all, &peer[0].out->r[0], &peer[1].out->r[0]));
    if (d && !opt.no_minimise) {
        minimise(&t, peer);
        printf("minimised:\n");
        print_case(stdout, &t, peer);
    }
    return d ? 1 : 0;
}

static void usage(void)
{
    fprintf(stderr,
            "fuzz [options] rows N SEED | seq N SEED | case WHAT INDEX SEED | list\n"
            "  --ref 'CMD'      reference (qemu-aarch64)    --test 'CMD'  under test (build/myna-aarch64)\n"
            "  --guest FILE     executor                    --decode FILE rows (repeat)\n"
            "  --table FILE[:CLASS] rows of a table of encodings (repeat)\n"
            "  --row NAME       only this row               --seconds N   stop after about N seconds\n"
            "  --no-fp          no V registers, FPCR, FPSR  --fpcr        random FPCR\n"
            "  --fpsr           compare FPSR                --fault-flags compare NZCV at faults\n"
            "  --fpsr=exact     without the deviations that -cpu max,fpflags=exact does not have\n"
            "  --report FILE    a line for every row        --show N      differences printed (20)\n"
            "  --raw            do not minimise\n");
    exit(2);
}

int main(int argc, char **argv)
{
    const char *ref = "qemu-aarch64", *test = "build/myna-aarch64", *guest = "build/fuzz/guest";
    const char *only = NULL, *report = NULL;
    static const struct option longs[] = {
        { "ref", 1, 0, 'r' }, { "test", 1, 0, 't' }, { "guest", 1, 0, 'g' }, { "decode", 1, 0, 'd' },
        { "table", 1, 0, 'T' }, { "row", 1, 0, 'w' }, { "seconds", 1, 0, 's' }, { "no-fp", 0, 0, 'n' },
        { "fpcr", 0, 0, 'c' }, { "fpsr", 2, 0, 'p' }, { "fault-flags", 0, 0, 'f' },
        { "report", 1, 0, 'R' }, { "show", 1, 0, 'm' }, { "raw", 0, 0, 'x' }, { 0 },
    };
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;)
        switch (c) {
        case 'r': ref = optarg; break;
        case 't': test = optarg; break;
        case 'g': guest = optarg; break;
        case 'd': rows_read_decode(optarg); break;
        case 'T': {
            char *colon = strchr(optarg, ':');
            if (colon)
                *colon++ = 0;
            rows_read_table(optarg, colon);
            break;
        }
        case 'w': only = optarg; break;
        case 's': budget = atof(optarg); break;
        case 'n': opt.fp = false; break;
        case 'c': opt.fpcr = true; break;
        case 'p':
            if (optarg && strcmp(optarg, "exact") != 0)
                usage();
            opt.fpsr = true;
            opt.exact_fpsr = optarg != NULL;
            break;
        case 'f': opt.fault_flags = true; break;
        case 'R': report = optarg; break;
        case 'm': opt.max_shown = (unsigned)atoi(optarg); break;
        case 'x': opt.no_minimise = true; break;
        default: usage();
        }
    argv += optind;
    argc -= optind;
    if (!nrows) {
        fprintf(stderr, "fuzz: no rows (--decode or --table)\n");
        return 2;
    }
    if (argc == 1 && !strcmp(argv[0], "list")) {
        for (unsigned i = 0; i < nrows; i++) {
            const char *why = a64_excluded(rows[i].value);
            printf("%-24s %-10s %08x %08x%s%s\n", rows[i].name, rows[i].cls, rows[i].mask,
                   rows[i].value, why ? "  " : "", why ? why : "");
        }
        return 0;
    }
    bool one = argc == 4 && !strcmp(argv[0], "case");
    if (!one && argc != 3)
        usage();
    opt.seed = strtoull(argv[argc - 1], NULL, 0);
    tests = calloc(FUZZ_MAX_CASES, sizeof *tests);
    row_of = calloc(FUZZ_MAX_CASES, sizeof *row_of);
    tally = calloc(nrows + 1, sizeof *tally);
    batch_init();
    peer_start(&peer[0], "qemu", ref, guest);
    peer_start(&peer[1], "myna", test, guest);
    int status = 2;
    batch->use_v = opt.fp;
    if (!strcmp(argv[0], "seq") || (one && !strcmp(argv[1], "seq"))) {
        uint64_t seed = opt.seed;
        opt.seed = 0;
        probe_rows();
        opt.seed = seed;
    }
    if (one)
        status = mode_case(argv[1], strtoull(argv[2], NULL, 0));
    else if (!strcmp(argv[0], "rows"))
        status = mode_rows((unsigned)strtoul(argv[1], NULL, 0), only, report);
    else if (!strcmp(argv[0], "seq"))
        status = mode_seq(strtoull(argv[1], NULL, 0));
    else
        usage();
    peer_stop(&peer[0]);
    peer_stop(&peer[1]);
    return status;
}
