/*
 * The table of all A64 encodings (a64-encodings.tsv) as C sees it: which encoding a word belongs to, and
 * whether myna runs it. For decode_test and insn_table, each of which is one file: all is static.
 */
#ifndef MYNA_TESTS_ENCODINGS_H
#define MYNA_TESTS_ENCODINGS_H

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "aarch64.h"
#include "aarch64_decode.h"

enum { MAXENC = 5000 };

struct encoding {
    char class[16], name[64], feature[48], mnemonic[32];
    struct decode_cube is, except[4];
    unsigned nexcept, shown;
    bool missing; /* in unimplemented.tsv */
};

static struct encoding enc[MAXENC];
static unsigned nenc;
static struct cpu_model model; /* everything that is implemented */
static struct ir_region region;

static FILE *table_open(const char *dir, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(2);
    }
    return f;
}

static void field_place(const char *fields, const char *name, unsigned *lsb, unsigned *width)
{
    size_t n = strlen(name);
    for (const char *p = fields; p; p = strchr(p, ' ') ? strchr(p, ' ') + 1 : NULL)
        if (!strncmp(p, name, n) && p[n] == ':' && sscanf(p + n, ":%u:%u", lsb, width) == 2)
            return;
    fprintf(stderr, "no field %s in %s\n", name, fields);
    exit(2);
}

/* "field!=bits", bits of 0 1 x. */
static void read_constraint(struct encoding *e, char *text, const char *fields)
{
    char *bits = strstr(text, "!=");
    unsigned lsb, width;
    if (!bits || e->nexcept == 4)
        exit(2);
    *bits = 0;
    field_place(fields, text, &lsb, &width);
    struct decode_cube *c = &e->except[e->nexcept++];
    for (bits += 2; width && *bits; bits++) {
        width--;
        c->mask |= (uint32_t)(*bits != 'x') << (lsb + width);
        c->value |= (uint32_t)(*bits == '1') << (lsb + width);
    }
}

static void read_encodings(const char *dir)
{
    char line[1024];
    FILE *f = table_open(dir, "a64-encodings.tsv");
    while (fgets(line, sizeof line, f)) {
        char *column[8] = { 0 }, *p = line;
        line[strcspn(line, "\n")] = 0;
        for (int i = 0; i < 8 && p; i++)
            column[i] = strsep(&p, "\t");
        if (*line == '#' || !column[7])
            continue;
        struct encoding *e = &enc[nenc++];
        snprintf(e->class, sizeof e->class, "%s", column[0]);
        snprintf(e->name, sizeof e->name, "%s", column[1]);
        snprintf(e->feature, sizeof e->feature, "%s", column[2]);
        snprintf(e->mnemonic, sizeof e->mnemonic, "%s", column[7]);
        e->is.mask = (uint32_t)strtoul(column[3], NULL, 16);
        e->is.value = (uint32_t)strtoul(column[4], NULL, 16);
        if (strcmp(column[5], "-"))
            for (char *c; (c = strsep(&column[5], " "));)
                read_constraint(e, c, column[6]);
    }
    fclose(f);
}

static bool encoding_has(const struct encoding *e, uint32_t word)
{
    if ((word & e->is.mask) != e->is.value)
        return false;
    for (unsigned i = 0; i < e->nexcept; i++)
        if ((word & e->except[i].mask) == e->except[i].value)
            return false;
    return true;
}

/* The encoding of a word: of several the one with most fixed bits. NULL: not allocated. Encodings
 * are found by their top byte. */
static struct encoding *encoding_of(uint32_t word)
{
    static uint16_t *index[256];
    unsigned top = word >> 24;
    struct encoding *best = NULL;
    if (!index[top]) {
        unsigned n = 0;
        index[top] = malloc((nenc + 1) * sizeof *index[top]);
        for (unsigned i = 0; i < nenc; i++)
            if (!((enc[i].is.value ^ top << 24) & enc[i].is.mask & 0xff000000))
                index[top][n++] = (uint16_t)i;
        index[top][n] = 0xffff;
    }
    for (const uint16_t *p = index[top]; *p != 0xffff; p++)
        if (encoding_has(&enc[*p], word) &&
            (!best || __builtin_popcount(enc[*p].is.mask) > __builtin_popcount(best->is.mask)))
            best = &enc[*p];
    return best;
}

/* Is the word refused: no row, or a lowering that says so? */
static bool is_undefined(uint32_t word)
{
    struct code_window code = { (const uint8_t *)&word, 0x10000, 4 };
    ir_region_reset(&region, guest_aarch64.ir);
    guest_translate(&region, &guest_aarch64, &model, code, 1, false);
    const struct ir_inst *last = &region.insts[region.blocks[0].end - 1];
    return last->op == IR_leave && last->aux == IR_LEAVE_UNDEF;
}

/* Prepares the model and the region, reads the table. Exits if something is missing. */
static void encodings_init(const char *dir)
{
    char err[256];
    if (guest_aarch64.parse_cpu("max,lse2=on", &model, err, sizeof err)) {
        fprintf(stderr, "%s\n", err);
        exit(2);
    }
    ir_region_init(&region, guest_aarch64.ir);
    read_encodings(dir);
}

#endif
