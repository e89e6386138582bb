/*
 * decodegen: makes a guest's decoder of its *.decode files at build time.
 *
 *     decodegen OUT.h FILES...
 *
 * All files are read as one list of rows. A line is empty, a comment (#), a directive or a row:
 *
 *     prefix a64                                   once: what C names begin with
 *     NAME   bits and fields, high to low   | attributes
 *     ADD_imm   sf:1 00 100010 sh:1 imm12:12 rn:5 rd:5
 *
 * Tokens: runs of 0, 1, x (x: ignored); `name:W` an unsigned field of W bits; `name:sW` a signed one.
 * The same name again continues the field below the bits before it (the first part is the highest).
 * The bits of a row add up to 32. NAME up to the first underscore is the manual's mnemonic.
 *
 * Attributes, after `|`:
 *     feat=F           only with feature F (the guest's features.def)
 *     sets             writes all flags and reads none
 *     reads            reads flags, or nobody can say
 *     ends             ends the translated block
 *     field!=value     the row does not have these words: decimal, 0x..., or 0b... with x for any bit
 *
 * Rows must be disjoint: two rows with a common word are an error that names both, and so is a row
 * that no word can reach. There are no priorities; what overlaps is excluded by a constraint.
 *
 * OUT.h declares: struct arg_NAME (rows with the same fields share one), enum of rows, lower_NAME
 * prototypes. With PREFIX_DECODE_IMPLEMENT (upper case) defined it also defines the row table, the
 * matcher and the random-encoding generator; with PREFIX_LOWER_IMPLEMENT the call of lower_NAME.
 *
 * The matcher is a tree of tables: a node looks at a window of adjacent bits that splits its rows
 * best, a leaf lists the few rows that are then compared as a whole.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAXROWS = 4096, MAXFIELDS = 16, MAXEXCEPT = 16, MAXTREE = 1 << 20, MAXLEAF = 1 << 15 };

struct field {
    char name[24];
    unsigned lsb, width;
    bool is_signed;
};

struct cube {
    uint32_t mask, value;
};

struct row {
    char name[48], feature[24];
    const char *file;
    int line;
    struct cube c;
    struct cube except[MAXEXCEPT];
    unsigned nexcept;
    struct field field[MAXFIELDS];
    unsigned nfields;
    bool sets, reads, ends;
    int same_args; /* the first row with the same argument struct, or itself */
};

static struct row row[MAXROWS];
static int nrows;
static int errors;
static char prefix[16], upper[16];

static uint32_t tree[MAXTREE];
static unsigned ntree;
static uint16_t leaf[MAXLEAF];
static unsigned nleaf;

__attribute__((format(printf, 3, 4)))
static void complain(const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    errors++;
}

/* ------------------------------------------------------------------ reading */

static bool is_bits(const char *s)
{
    return *s && strspn(s, "01x") == strlen(s);
}

/* Adds the words with field `name` equal to the pattern to the row's exceptions. */
static void add_except(struct row *r, const char *name, const char *pattern)
{
    uint32_t want = 0, care = 0;
    unsigned width = 0;
    for (unsigned i = 0; i < r->nfields; i++)
        if (!strcmp(r->field[i].name, name))
            width += r->field[i].width;
    if (!width) {
        complain(r->file, r->line, "%s: no field %s", r->name, name);
        return;
    }
    if (!strncmp(pattern, "0b", 2)) {
        if (!is_bits(pattern + 2) || strlen(pattern + 2) != width) {
            complain(r->file, r->line, "%s: %s is not %u bits", r->name, pattern, width);
            return;
        }
        for (const char *p = pattern + 2; *p; p++) {
            want = want << 1 | (*p == '1');
            care = care << 1 | (*p != 'x');
        }
    } else {
        char *end;
        want = (uint32_t)strtoul(pattern, &end, 0);
        care = width == 32 ? ~0u : (1u << width) - 1;
        if (*end || end == pattern || (want & ~care)) {
            complain(r->file, r->line, "%s: bad value %s for %s", r->name, pattern, name);
            return;
        }
    }
    if (r->nexcept == MAXEXCEPT) {
        complain(r->file, r->line, "%s: too many constraints", r->name);
        return;
    }
    struct cube *c = &r->except[r->nexcept++];
    for (unsigned i = 0; i < r->nfields; i++) {
        struct field *f = &r->field[i];
        if (strcmp(f->name, name))
            continue;
        width -= f->width;
        uint32_t m = (f->width == 32 ? ~0u : (1u << f->width) - 1);
        c->mask |= (care >> width & m) << f->lsb;
        c->value |= (want & care) >> width << f->lsb & m << f->lsb;
    }
}

static void read_attribute(struct row *r, const char *tok)
{
    const char *ne = strstr(tok, "!=");
    if (!strcmp(tok, "sets"))
        r->sets = true;
    else if (!strcmp(tok, "reads"))
        r->reads = true;
    else if (!strcmp(tok, "ends"))
        r->ends = true;
    else if (!strncmp(tok, "feat=", 5))
        snprintf(r->feature, sizeof r->feature, "%s", tok + 5);
    else if (ne) {
        char name[24];
        snprintf(name, sizeof name, "%.*s", (int)(ne - tok), tok);
        add_except(r, name, ne + 2);
    } else
        complain(r->file, r->line, "%s: unknown attribute %s", r->name, tok);
}

/* One token of the bit pattern; pos is the number of bits still open. Returns the new pos. */
static int read_bits(struct row *r, const char *tok, int pos)
{
    const char *colon = strchr(tok, ':');
    if (!colon) {
        if (!is_bits(tok)) {
            complain(r->file, r->line, "%s: bad token %s", r->name, tok);
            return pos;
        }
        for (; *tok && pos > 0; tok++) {
            pos--;
            if (*tok == 'x')
                continue;
            r->c.mask |= 1u << pos;
            r->c.value |= (uint32_t)(*tok == '1') << pos;
        }
        return *tok ? -1 : pos;
    }
    if (r->nfields == MAXFIELDS) {
        complain(r->file, r->line, "%s: too many fields", r->name);
        return pos;
    }
    struct field *f = &r->field[r->nfields++];
    snprintf(f->name, sizeof f->name, "%.*s", (int)(colon - tok), tok);
    f->is_signed = colon[1] == 's';
    f->width = (unsigned)atoi(colon + 1 + f->is_signed);
    if (!f->width || (int)f->width > pos)
        return -1;
    f->lsb = (unsigned)pos - f->width;
    return (int)f->lsb;
}

static void read_row(struct row *r, char *text)
{
    int pos = 32;
    bool attributes = false;
    char *save;
    char *tok = strtok_r(text, " \t\n", &save);
    snprintf(r->name, sizeof r->name, "%s", tok);
    while ((tok = strtok_r(NULL, " \t\n", &save))) {
        if (*tok == '#')
            break;
        if (!strcmp(tok, "|"))
            attributes = true;
        else if (attributes)
            read_attribute(r, tok);
        else if ((pos = read_bits(r, tok, pos)) < 0)
            break;
    }
    if (pos)
        complain(r->file, r->line, "%s: the bits do not add up to 32", r->name);
    if (r->sets && r->reads)
        complain(r->file, r->line, "%s: sets and reads exclude one another", r->name);
    for (int i = 0; i < (int)(r - row); i++)
        if (!strcmp(row[i].name, r->name))
            complain(r->file, r->line, "%s: second row of that name (first: %s:%d)", r->name,
                     row[i].file, row[i].line);
}

static void read_file(const char *path)
{
    char line[1024];
    int n = 0;
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(1);
    }
    while (fgets(line, sizeof line, f)) {
        n++;
        char *s = line + strspn(line, " \t\n");
        if (!*s || *s == '#')
            continue;
        if (!strncmp(s, "prefix ", 7)) {
            sscanf(s + 7, "%15s", prefix);
            continue;
        }
        if (nrows == MAXROWS) {
            complain(path, n, "too many rows");
            break;
        }
        struct row *r = &row[nrows++];
        r->file = path;
        r->line = n;
        read_row(r, s);
    }
    fclose(f);
}

/* ----------------------------------------------------------------- checking */

static bool cubes_meet(struct cube a, struct cube b)
{
    return !((a.value ^ b.value) & a.mask & b.mask);
}

/* Is there a word in c outside all of ex[0..n)? If so it is *word. */
static bool cube_minus(struct cube c, const struct cube *ex, unsigned n, uint32_t *word)
{
    while (n && !cubes_meet(c, ex[n - 1]))
        n--;
    if (!n) {
        *word = c.value;
        return true;
    }
    uint32_t open = ex[n - 1].mask & ~c.mask;
    if (!open)
        return false;
    uint32_t bit = open & -open;
    struct cube away = { c.mask | bit, c.value | (~ex[n - 1].value & bit) };
    struct cube toward = { c.mask | bit, c.value | (ex[n - 1].value & bit) };
    return cube_minus(away, ex, n - 1, word) || cube_minus(toward, ex, n, word);
}

static void check_rows(void)
{
    uint32_t word;
    for (int i = 0; i < nrows; i++) {
        struct row *a = &row[i];
        if (!cube_minus(a->c, a->except, a->nexcept, &word))
            complain(a->file, a->line, "%s: no word can reach this row", a->name);
        for (int j = 0; j < i; j++) {
            struct row *b = &row[j];
            if (!cubes_meet(a->c, b->c))
                continue;
            struct cube both = { a->c.mask | b->c.mask, a->c.value | b->c.value };
            struct cube ex[2 * MAXEXCEPT];
            memcpy(ex, a->except, a->nexcept * sizeof *ex);
            memcpy(ex + a->nexcept, b->except, b->nexcept * sizeof *ex);
            if (cube_minus(both, ex, a->nexcept + b->nexcept, &word))
                complain(a->file, a->line, "%s overlaps %s (%s:%d), for example in %08x", a->name,
                         b->name, b->file, b->line, word);
        }
    }
}

/* --------------------------------------------------------------------- tree */

/* Mean number of rows left after looking at window [shift, shift + width). */
static double window_cost(const uint16_t *list, unsigned n, unsigned shift, unsigned width)
{
    double sum = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned fixed = (unsigned)__builtin_popcount(row[list[i]].c.mask >> shift &
                                                      ((1u << width) - 1));
        double p = 1;
        while (fixed--)
            p /= 2;
        sum += p;
    }
    return sum;
}

static uint32_t make_leaf(const uint16_t *list, unsigned n)
{
    unsigned at = nleaf;
    if (nleaf + n + 1 > 0xffff || nleaf + n + 1 > MAXLEAF) {
        fprintf(stderr, "decodegen: too many leaves\n");
        exit(1);
    }
    memcpy(leaf + nleaf, list, n * sizeof *list);
    nleaf += n;
    leaf[nleaf++] = 0xffff;
    return 0x80000000 | at;
}

/* Tree word of the rows in list that agree with the bits seen so far. */
static uint32_t make_node(const uint16_t *list, unsigned n, unsigned maxwidth)
{
    if (n <= 1)
        return n ? make_leaf(list, n) : 0x80000000;
    unsigned shift = 0, width = 0;
    double best = n * 0.999;
    for (unsigned w = 1; w <= maxwidth; w++)
        for (unsigned s = 0; s + w <= 32; s++) {
            double c = window_cost(list, n, s, w) + 0.002 * (double)(1u << w);
            if (c < best)
                best = c, shift = s, width = w;
        }
    if (!width)
        return make_leaf(list, n);
    unsigned base = ntree;
    ntree += 1u << width;
    if (ntree > MAXTREE) {
        fprintf(stderr, "decodegen: tree too large\n");
        exit(1);
    }
    uint16_t *sub = malloc(n * sizeof *sub);
    for (uint32_t v = 0; v < 1u << width; v++) {
        unsigned m = 0;
        struct cube c = { ((1u << width) - 1) << shift, v << shift };
        for (unsigned i = 0; i < n; i++)
            if (cubes_meet(row[list[i]].c, c))
                sub[m++] = list[i];
        /* The same rows as in the entry before share its subtree. */
        tree[base + v] = m == n ? make_leaf(sub, m) : make_node(sub, m, 8);
    }
    free(sub);
    return width << 25 | shift << 20 | base;
}

/* ------------------------------------------------------------------ writing */

static bool first_of_name(const struct row *r, unsigned i)
{
    for (unsigned j = 0; j < i; j++)
        if (!strcmp(r->field[j].name, r->field[i].name))
            return false;
    return true;
}

static bool same_args(const struct row *a, const struct row *b)
{
    unsigned i = 0, j = 0;
    for (;; i++, j++) {
        while (i < a->nfields && !first_of_name(a, i))
            i++;
        while (j < b->nfields && !first_of_name(b, j))
            j++;
        if (i == a->nfields || j == b->nfields)
            return i == a->nfields && j == b->nfields;
        if (strcmp(a->field[i].name, b->field[j].name) ||
            a->field[i].is_signed != b->field[j].is_signed)
            return false;
    }
}

static void write_args(FILE *f)
{
    for (int i = 0; i < nrows; i++) {
        struct row *r = &row[i];
        for (r->same_args = 0; !same_args(&row[r->same_args], r);)
            r->same_args++;
        if (r->same_args != i) {
            fprintf(f, "#define arg_%s arg_%s\n", r->name, row[r->same_args].name);
            continue;
        }
        fprintf(f, "struct arg_%s {", r->name);
        for (unsigned k = 0; k < r->nfields; k++)
            if (first_of_name(r, k))
                fprintf(f, " %s %s;", r->field[k].is_signed ? "int" : "unsigned", r->field[k].name);
        fprintf(f, " };\n");
    }
}

static void write_tables(FILE *f)
{
    for (int i = 0; i < nrows; i++) {
        struct row *r = &row[i];
        if (r->nfields) {
            fprintf(f, "static const struct decode_field %s_fields_%d[] = {", prefix, i);
            for (unsigned k = 0; k < r->nfields; k++)
                fprintf(f, " { \"%s\", %u, %u, %d },", r->field[k].name, r->field[k].lsb,
                        r->field[k].width, r->field[k].is_signed);
            fprintf(f, " };\n");
        }
        if (r->nexcept) {
            fprintf(f, "static const struct decode_cube %s_except_%d[] = {", prefix, i);
            for (unsigned k = 0; k < r->nexcept; k++)
                fprintf(f, " { 0x%08x, 0x%08x },", r->except[k].mask, r->except[k].value);
            fprintf(f, " };\n");
        }
    }
    fprintf(f, "const struct decode_row %s_rows[%s_NROWS] = {\n", prefix, upper);
    for (int i = 0; i < nrows; i++) {
        struct row *r = &row[i];
        char fields[64] = "NULL", except[64] = "NULL";
        if (r->nfields)
            snprintf(fields, sizeof fields, "%s_fields_%d", prefix, i);
        if (r->nexcept)
            snprintf(except, sizeof except, "%s_except_%d", prefix, i);
        fprintf(f, "    { \"%s\", 0x%08x, 0x%08x, %s, %s, %u, %u, %s_FEAT_%s, %s, %d },\n", r->name,
                r->c.mask, r->c.value, except, fields, r->nexcept, r->nfields, upper,
                *r->feature ? r->feature : "BASE",
                r->sets ? "FLAGS_SET" : r->reads ? "FLAGS_READ" : "FLAGS_NONE", r->ends);
    }
    fprintf(f, "};\n\nstatic const struct decode_key %s_keys[] = {\n", prefix);
    for (int i = 0; i < nrows; i++) {
        struct row *r = &row[i];
        fprintf(f, "    { 0x%08x, 0x%08x, %s_FEAT_%s, %s, %d, %d },\n", r->c.mask, r->c.value, upper,
                *r->feature ? r->feature : "BASE",
                r->sets ? "FLAGS_SET" : r->reads ? "FLAGS_READ" : "FLAGS_NONE", r->ends, r->nexcept > 0);
    }
    fprintf(f, "};\n\n");
    fprintf(f, "static const uint32_t %s_tree[%u] = {", prefix, ntree ? ntree : 1);
    for (unsigned i = 0; i < ntree; i++)
        fprintf(f, "%s0x%x,", i % 10 ? " " : "\n    ", tree[i]);
    fprintf(f, "\n};\nstatic const uint16_t %s_leaf[%u] = {", prefix, nleaf);
    for (unsigned i = 0; i < nleaf; i++)
        fprintf(f, "%s%u,", i % 16 ? " " : "\n    ", leaf[i]);
    fprintf(f, "\n};\n\n");
}

static void write_matcher(FILE *f, uint32_t root)
{
    fprintf(f,
        "int %1$s_decode(uint32_t word)\n{\n"
        "    uint32_t n = 0x%2$x;\n"
        "    while (!(n >> 31))\n"
        "        n = %1$s_tree[(n & 0xfffff) + (word >> (n >> 20 & 31) & ((1u << (n >> 25)) - 1))];\n"
        "    for (const uint16_t *p = %1$s_leaf + (n & 0xffff); *p != 0xffff; p++)\n"
        "        if ((word & %1$s_keys[*p].mask) == %1$s_keys[*p].value &&\n"
        "            (!%1$s_keys[*p].except || decode_row_match(&%1$s_rows[*p], word)))\n"
        "            return *p;\n"
        "    return -1;\n}\n\n"
        "uint32_t %1$s_random(unsigned row, uint64_t *rng)\n{\n"
        "    const struct decode_row *r = &%1$s_rows[row];\n"
        "    uint32_t word;\n"
        "    do\n"
        "        word = ((uint32_t)decode_rand(rng) & ~r->mask) | r->value;\n"
        "    while (!decode_row_match(r, word));\n"
        "    return word;\n}\n", prefix, root);
}

static void write_lower(FILE *f)
{
    fprintf(f, "static bool %s_lower_row(struct tr *t, int row, uint32_t w)\n{\n"
               "    switch ((enum %s_row)row) {\n", prefix, prefix);
    for (int i = 0; i < nrows; i++) {
        struct row *r = &row[i];
        fprintf(f, "    case %s_ROW_%s: {\n        struct arg_%s a = {", upper, r->name, r->name);
        for (unsigned k = 0; k < r->nfields; k++) {
            if (!first_of_name(r, k))
                continue;
            unsigned width = 0, parts = 0, total = 0;
            for (unsigned j = k; j < r->nfields; j++)
                if (!strcmp(r->field[j].name, r->field[k].name))
                    total += r->field[j].width;
            fprintf(f, " %s(", r->field[k].is_signed ? "(int)" : "");
            for (unsigned j = k; j < r->nfields; j++) {
                struct field *p = &r->field[j];
                if (strcmp(p->name, r->field[k].name))
                    continue;
                width += p->width;
                /* The top part of a signed field is shifted down from bit 31 as a signed number. */
                if (!parts++ && p->is_signed)
                    fprintf(f, "(uint32_t)((int32_t)(w << %u) >> %u)", 32 - p->lsb - p->width,
                            32 - p->width);
                else
                    fprintf(f, "%s(w >> %u & 0x%x)", parts > 1 ? " | " : "", p->lsb,
                            p->width == 32 ? ~0u : (1u << p->width) - 1);
                if (total > width)
                    fprintf(f, " << %u", total - width);
            }
            fprintf(f, "),");
        }
        fprintf(f, " };\n        return lower_%s(t, &a);\n    }\n", r->name);
    }
    fprintf(f, "    }\n    return false;\n}\n");
}

static void write_header(FILE *f, uint32_t root)
{
    fprintf(f, "/* Made by decodegen. */\n#ifndef MYNA_GEN_%s_DECODE_H\n#define MYNA_GEN_%s_DECODE_H\n\n"
               "#include \"decode.h\"\n\nstruct tr;\n\nenum %s_row {\n", upper, upper, prefix);
    for (int i = 0; i < nrows; i++)
        fprintf(f, "    %s_ROW_%s,\n", upper, row[i].name);
    fprintf(f, "};\nenum { %s_NROWS = %d };\n\n", upper, nrows);
    write_args(f);
    fprintf(f, "\n");
    for (int i = 0; i < nrows; i++)
        fprintf(f, "bool lower_%s(struct tr *t, const struct arg_%s *a);\n", row[i].name, row[i].name);
    fprintf(f, "\nextern const struct decode_row %s_rows[%s_NROWS];\n"
               "/* Row of a word, or -1. */\nint %s_decode(uint32_t word);\n"
               "/* A random word of the row. */\nuint32_t %s_random(unsigned row, uint64_t *rng);\n\n"
               "#ifdef %s_DECODE_IMPLEMENT\n\n", prefix, upper, prefix, prefix, upper);
    write_tables(f);
    write_matcher(f, root);
    fprintf(f, "\n#endif\n\n#ifdef %s_LOWER_IMPLEMENT\n\n", upper);
    write_lower(f);
    fprintf(f, "\n#endif\n\n#endif\n");
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: decodegen OUT.h FILES...\n");
        return 1;
    }
    for (int i = 2; i < argc; i++)
        read_file(argv[i]);
    if (!*prefix)
        complain(argv[2], 1, "no prefix directive in any file");
    for (unsigned i = 0; prefix[i]; i++)
        upper[i] = (char)toupper((unsigned char)prefix[i]);
    check_rows();
    if (errors)
        return 1;
    uint16_t *all = malloc(sizeof *all * MAXROWS);
    for (int i = 0; i < nrows; i++)
        all[i] = (uint16_t)i;
    make_leaf(all, 0); /* leaf 0: nothing */
    uint32_t root = make_node(all, (unsigned)nrows, 11);
    free(all);

    char tmp[4096];
    snprintf(tmp, sizeof tmp, "%s.tmp", argv[1]);
    FILE *f = fopen(tmp, "w");
    if (!f) {
        perror(tmp);
        return 1;
    }
    write_header(f, root);
    if (fclose(f) || rename(tmp, argv[1])) {
        perror(argv[1]);
        return 1;
    }
    return 0;
}
