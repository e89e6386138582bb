/*
 * rows.c: the encodings to draw from. They are read at run time from the decoder's own .decode files
 * (their syntax: frontend/decodegen.c) or from a table of encodings (a64-encodings.tsv: class, name,
 * features, mask, value, constraints, fields). The decoder's generated matcher is not used: a row that
 * the matcher gets wrong must not hide itself here.
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"

struct row *rows;
unsigned nrows;

static struct row *row_new(void)
{
    rows = realloc(rows, (nrows + 1) * sizeof *rows);
    memset(&rows[nrows], 0, sizeof *rows);
    return &rows[nrows++];
}

static void put(char *to, size_t n, const char *from)
{
    snprintf(to, n, "%s", from);
}

struct run { char name[24]; unsigned lo, width; }; /* runs of one name are one field, highest first */

/* name!=text: decimal, 0x... or 0b... with x for any bit. */
static bool add_except(struct row *w, const struct run *run, unsigned n, const char *name,
                       const char *text)
{
    uint32_t mask = ~0u, value = 0;
    if (!strncmp(text, "0b", 2)) {
        mask = 0;
        for (const char *p = text + 2; *p; p++) {
            mask = mask << 1 | (*p != 'x');
            value = value << 1 | (*p == '1');
        }
    } else {
        value = (uint32_t)strtoul(text, NULL, 0);
    }
    uint32_t wmask = 0, wvalue = 0;
    for (unsigned i = n; i-- > 0;) { /* lowest run first */
        if (strcmp(run[i].name, name) != 0)
            continue;
        uint32_t m = run[i].width == 32 ? ~0u : (1u << run[i].width) - 1;
        wmask |= (mask & m) << run[i].lo;
        wvalue |= (value & mask & m) << run[i].lo;
        mask = run[i].width == 32 ? 0 : mask >> run[i].width;
        value >>= run[i].width & 31;
    }
    if (!wmask || w->nexcept == ROW_MAXEXCEPT)
        return false;
    w->except[w->nexcept].mask = wmask;
    w->except[w->nexcept++].value = wvalue;
    return true;
}

void rows_read_decode(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(2);
    }
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    char line[1024];
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "#\n")] = 0;
        char *cons = strchr(line, '|');
        if (cons)
            *cons++ = 0;
        char *save, *tok = strtok_r(line, " \t", &save);
        if (!tok)
            continue;
        struct row w = { 0 };
        put(w.name, sizeof w.name, tok);
        put(w.cls, sizeof w.cls, base);
        w.cls[strcspn(w.cls, ".")] = 0;
        struct run run[16];
        unsigned nruns = 0, bits = 32;
        bool ok = true;
        while (ok && (tok = strtok_r(NULL, " \t", &save))) {
            char *colon = strchr(tok, ':');
            if (colon) {
                *colon = 0;
                unsigned width = (unsigned)atoi(colon + 1 + (colon[1] == 's'));
                ok = width && width <= bits && nruns < 16;
                if (ok) {
                    bits -= width;
                    put(run[nruns].name, sizeof run->name, tok);
                    run[nruns].lo = bits;
                    run[nruns++].width = width;
                }
                continue;
            }
            for (; ok && *tok; tok++) {
                ok = bits && strchr("01x", *tok);
                bits--;
                if (*tok != 'x') {
                    w.mask |= 1u << (bits & 31);
                    w.value |= (uint32_t)(*tok - '0') << (bits & 31);
                }
            }
        }
        if (!strcmp(w.name, "prefix"))
            continue;
        for (tok = cons ? strtok_r(cons, " \t,", &save) : NULL; ok && tok;
             tok = strtok_r(NULL, " \t,", &save)) {
            if (!strncmp(tok, "feat=", 5))
                put(w.feature, sizeof w.feature, tok + 5);
            char *ne = strstr(tok, "!=");
            if (ne) {
                *ne = 0;
                ok = add_except(&w, run, nruns, tok, ne + 2);
            }
        }
        if (!ok || bits) {
            fprintf(stderr, "fuzz: %s: row %s not understood, left out\n", path, w.name);
            continue;
        }
        *row_new() = w;
    }
    fclose(f);
}

void rows_read_table(const char *path, const char *cls)
{
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(2);
    }
    char line[1024];
    while (fgets(line, sizeof line, f)) {
        char *col[8] = { 0 };
        unsigned n = 0;
        if (*line == '#')
            continue;
        line[strcspn(line, "\n")] = 0;
        for (char *p = line; p && n < 8; n++) {
            col[n] = p;
            p = strchr(p, '\t');
            if (p)
                *p++ = 0;
        }
        if (n < 7 || (cls ? strcmp(col[0], cls) != 0
                          : !strncmp(col[0], "sve", 3) || !strncmp(col[0], "sme", 3)))
            continue;
        struct row *w = row_new();
        put(w->name, sizeof w->name, col[1]);
        put(w->cls, sizeof w->cls, col[0]);
        w->mask = (uint32_t)strtoul(col[3], NULL, 16);
        w->value = (uint32_t)strtoul(col[4], NULL, 16);
    }
    fclose(f);
}

/* Random system registers and operations are undefined nearly always: take one that is not. Should-be
 * bits that a row leaves open are set. */
static uint32_t sensible(uint32_t x, struct rng *r)
{
#define SYSREG(op0, op1, crn, crm, op2) \
    ((op0) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)
    static const uint32_t regs[] = {
        SYSREG(3, 3, 4, 2, 0), SYSREG(3, 3, 4, 2, 0), SYSREG(3, 3, 4, 4, 0), SYSREG(3, 3, 4, 4, 1),
        SYSREG(3, 3, 13, 0, 2), SYSREG(3, 3, 13, 0, 3), SYSREG(3, 3, 4, 2, 5), SYSREG(3, 3, 4, 2, 6),
        SYSREG(3, 3, 4, 2, 1), SYSREG(3, 0, 4, 2, 2), SYSREG(3, 0, 4, 1, 0),
    };
    static const uint32_t ops[] = { /* DC CVAC CVAU CIVAC CVAP, IC IVAU */
        SYSREG(1, 3, 7, 10, 1), SYSREG(1, 3, 7, 11, 1), SYSREG(1, 3, 7, 14, 1), SYSREG(1, 3, 7, 12, 1),
        SYSREG(1, 3, 7, 5, 1),
    };
    if ((x & 0xff608000) == 0x9b400000) /* SMULH, UMULH: Ra should be ones */
        return x | 31 << 10;
    if ((x & 0xff20fc07) == 0x1e202000 && x >> 3 & 1) /* FCMP with 0: Rm should be zero */
        return x & ~(31u << 16);
    if ((x & 0xffd00000) == 0xd5100000 && pct(r, 70))
        return (x & 0xffe0001f) | (regs[rnd(r, sizeof regs / sizeof *regs)] & 0x1fffe0);
    if ((x & 0xfff80000) == 0xd5080000 && pct(r, 70))
        return (x & 0xfff8001f) | (ops[rnd(r, sizeof ops / sizeof *ops)] & 0x7ffe0);
    return x;
}

uint32_t row_word(const struct row *w, struct rng *r)
{
    uint32_t x = 0;
    for (unsigned tries = 0; tries < 32; tries++) {
        x = sensible(w->value | ((uint32_t)rng64(r) & ~w->mask), r);
        bool ok = !a64_unpredictable(x) && (x & w->mask) == w->value;
        for (unsigned i = 0; i < w->nexcept; i++)
            if ((x & w->except[i].mask) == w->except[i].value)
                ok = false;
        if (ok)
            break;
    }
    return x;
}
