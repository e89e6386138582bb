/*
 * Holds the aarch64 decoder against three independent lists of the instruction set:
 *
 *   a64-encodings.tsv  all encodings with mask, value, constraints and feature (see its head)
 *   capstone           mnemonics of random words of every row
 *   objdump            the same, and which words are not allocated (GNU binutils for aarch64)
 *
 * Both ways. Of every encoding of the classes general and system, random words must decode to a row
 * of that mnemonic, or the encoding stands in unimplemented.tsv with a feature that is not
 * advertised, and then its words are undefined. Random words of every row must belong to an encoding
 * of the table, whatever its class. Random words of the whole space decode only if the table has
 * them, and run only if objdump knows them.
 *
 * Mnemonics are compared through aliases.tsv: the first word of a line is the mnemonic of a row, the
 * others are patterns of names that the row stands for too.
 *
 *     decode_test [DIRECTORY of the tables [SEED]]
 */
#include <capstone/capstone.h>
#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "aarch64.h"
#include "aarch64_decode.h"

enum { PER_ENCODING = 200, PER_ROW = 400, ANYWHERE = 3000000, MAXENC = 5000, MAXALIAS = 512,
       OBJDUMP_WORDS = 40000, SHOWN = 5 };

struct encoding {
    char class[16], name[64], feature[48], mnemonic[32];
    struct decode_cube is, except[4];
    unsigned nexcept, shown;
    bool missing; /* in unimplemented.tsv */
};

static struct encoding enc[MAXENC];
static unsigned nenc;
static char *alias[MAXALIAS];
static unsigned naliases;
static unsigned long passed, failed;
static uint64_t rng = 1;
static struct cpu_model model;
static struct ir_region region;

static uint32_t word_random(void)
{
    return (uint32_t)decode_rand(&rng);
}

/* ------------------------------------------------------------------- tables */

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

static void read_aliases(const char *dir)
{
    char line[1024];
    FILE *f = table_open(dir, "aliases.tsv");
    while (fgets(line, sizeof line, f) && naliases < MAXALIAS) {
        line[strcspn(line, "\n")] = 0;
        if (*line && *line != '#')
            alias[naliases++] = strdup(line);
    }
    fclose(f);
}

static bool is_implemented(const char *feature)
{
#define FEAT(name, prop, have, reg, shift, value, word, bit, text) \
    if (have && !strcasecmp(feature, "FEAT_" #name))               \
        return true;
#include "features.def"
    return false;
}

static void read_unimplemented(const char *dir)
{
    char line[256], name[64], feature[64];
    FILE *f = table_open(dir, "unimplemented.tsv");
    while (fgets(line, sizeof line, f)) {
        unsigned i = 0;
        if (*line == '#' || sscanf(line, "%63s %63s", name, feature) != 2)
            continue;
        while (i < nenc && strcmp(enc[i].name, name))
            i++;
        if (i == nenc || is_implemented(feature)) {
            printf("unimplemented.tsv: %s: %s\n", name,
                   i == nenc ? "no such encoding" : "its feature is advertised");
            failed++;
            continue;
        }
        enc[i].missing = true;
    }
    fclose(f);
}

/* -------------------------------------------------------------- comparisons */

/* Does a row of mnemonic `row` stand for `name`, in upper case? */
static bool name_is(const char *row, const char *upper)
{
    char list[1024];
    if (!strcmp(row, upper))
        return true;
    for (unsigned i = 0; i < naliases; i++) {
        snprintf(list, sizeof list, "%s", alias[i]);
        char *save, *tok = strtok_r(list, " \t", &save);
        if (strcmp(tok, row))
            continue;
        while ((tok = strtok_r(NULL, " \t", &save)))
            if (!fnmatch(tok, upper, 0))
                return true;
    }
    return false;
}

/* The same in any case; a final 2 (upper half of vectors) may be there. */
static bool name_fits(const char *row, const char *name)
{
    char upper[64];
    unsigned n = 0;
    for (; name[n] && n < sizeof upper - 1; n++)
        upper[n] = (char)toupper((unsigned char)name[n]);
    upper[n] = 0;
    if (name_is(row, upper))
        return true;
    if (n < 3 || upper[n - 1] != '2')
        return false;
    upper[n - 1] = 0;
    return name_is(row, upper);
}

static const char *row_mnemonic(int row, char buffer[48])
{
    snprintf(buffer, 48, "%.*s", (int)strcspn(a64_rows[row].name, "_"), a64_rows[row].name);
    return buffer;
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

/* Unallocated inside an encoding by the manual's pseudocode: register offsets need option<1>. */
static bool is_reserved(const struct encoding *e, uint32_t word)
{
    return strstr(e->name, "_ldst_regoff") && !(word >> 14 & 1);
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

/* Counts one check; a wrong one is printed unless the place has failed often. */
static bool check(bool ok, unsigned *shown)
{
    if (ok) {
        passed++;
        return false;
    }
    failed++;
    return (*shown)++ < SHOWN;
}

/* -------------------------------------------------------------------- tests */

/* Encodings -> rows. */
static void test_encodings(void)
{
    char m[48];
    for (unsigned i = 0; i < nenc; i++) {
        struct encoding *e = &enc[i];
        if (strcmp(e->class, "general") && strcmp(e->class, "system"))
            continue;
        for (int k = 0; k < PER_ENCODING; k++) {
            uint32_t word = (word_random() & ~e->is.mask) | e->is.value;
            if (encoding_of(word) != e)
                continue;
            int row = a64_decode(word);
            if (e->missing) {
                if (check(row < 0 || is_undefined(word), &e->shown))
                    printf("%08x: %s is listed as not implemented and decodes to %s\n", word, e->name,
                           a64_rows[row].name);
            } else if (row < 0) {
                if (check(is_reserved(e, word), &e->shown))
                    printf("%08x: %s (%s) decodes to no row\n", word, e->name, e->feature);
            } else if (check(name_fits(row_mnemonic(row, m), e->mnemonic), &e->shown)) {
                printf("%08x: %s decodes to %s\n", word, e->name, a64_rows[row].name);
            }
        }
    }
}

/* Rows -> encodings; and capstone's name where it has one. */
static void test_rows(void)
{
    char m[48];
    csh cs;
    bool have = cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &cs) == CS_ERR_OK;
    cs_insn *insn = have ? cs_malloc(cs) : NULL;
    unsigned long named = 0;
    for (int row = 0; row < A64_NROWS; row++) {
        unsigned shown = 0;
        row_mnemonic(row, m);
        for (int k = 0; k < PER_ROW; k++) {
            uint32_t word = a64_random((unsigned)row, &rng);
            const struct encoding *e = encoding_of(word);
            bool undefined = is_undefined(word);
            if (check(a64_decode(word) == row, &shown))
                printf("%08x: made for %s, decodes to row %d\n", word, m, a64_decode(word));
            if (check(e ? name_fits(m, e->mnemonic) : undefined, &shown))
                printf("%08x: row %s is encoding %s\n", word, a64_rows[row].name, e ? e->name : "none");
            uint64_t at = 0x10000;
            const uint8_t *code = (const uint8_t *)&word;
            size_t left = 4;
            if (undefined || !have || !cs_disasm_iter(cs, &code, &left, &at, insn))
                continue;
            if (strstr(insn->op_str, "s3_") == insn->op_str) /* too new for it */
                continue;
            named++;
            if (check(name_fits(m, insn->mnemonic), &shown))
                printf("%08x: row %s is '%s %s' to capstone\n", word, a64_rows[row].name,
                       insn->mnemonic, insn->op_str);
        }
    }
    if (have) {
        cs_free(insn, 1);
        cs_close(&cs);
        printf("capstone named %lu words\n", named);
    }
}

/* Words of the whole space. */
static void test_anywhere(void)
{
    unsigned shown = 0, rows = 0;
    for (int k = 0; k < ANYWHERE; k++) {
        uint32_t word = word_random();
        int row = a64_decode(word);
        rows += row >= 0;
        if (row >= 0 && check(encoding_of(word) || is_undefined(word), &shown))
            printf("%08x: %s, but not allocated\n", word, a64_rows[row].name);
    }
    printf("%u of %d random words have a row\n", rows, ANYWHERE);
}

/* Constrained unpredictable: a pair with write-back of a base that is also loaded, or one register
 * loaded twice. objdump prints no name then; here it runs. */
static bool is_unpredictable(const struct encoding *e, uint32_t word)
{
    unsigned rt = word & 31, rn = word >> 5 & 31, rt2 = word >> 10 & 31;
    return strstr(e->name, "pair_") && (rt == rt2 || rt == rn || rt2 == rn);
}

/* A mnemonic that objdump prints for what is not allocated. */
static bool is_unknown(const char *name, const char *rest)
{
    return *name == '.' || !strcmp(name, "udf") || strstr(rest, "undefined") ||
           strstr(rest, "NYI") || strstr(rest, "reserved");
}

static void compare_objdump(uint32_t word, const char *name, const char *rest, unsigned *shown)
{
    char m[48];
    int row = a64_decode(word);
    const struct encoding *e = encoding_of(word);
    bool undefined = is_undefined(word);
    if (!undefined) {
        if (e && is_unpredictable(e, word))
            return;
        if (check(!is_unknown(name, rest) && name_fits(row_mnemonic(row, m), name), shown))
            printf("%08x: row %s is '%s %s' to objdump\n", word, a64_rows[row].name, name, rest);
    } else if (row >= 0 && e && !strcmp(e->feature, "-") &&
               (!a64_rows[row].feature || cpu_has(&model, a64_rows[row].feature))) {
        /* Refused by the lowering: objdump must not know it either, or it is for higher levels. */
        bool system = !strcmp(e->class, "system");
        if (check(system || is_unknown(name, rest), shown))
            printf("%08x: row %s refuses '%s %s'\n", word, a64_rows[row].name, name, rest);
    }
}

static void test_objdump(void)
{
    static uint32_t word[OBJDUMP_WORDS];
    char path[] = "/tmp/decode_testXXXXXX", command[256], line[512];
    unsigned shown = 0, n = 0;
    int fd = mkstemp(path);
    if (fd < 0) {
        perror(path);
        exit(2);
    }
    for (unsigned i = 0; i < OBJDUMP_WORDS; i++)
        word[i] = i % 4 ? a64_random(i % A64_NROWS, &rng) : word_random();
    if (write(fd, word, sizeof word) != sizeof word)
        exit(2);
    close(fd);
    snprintf(command, sizeof command,
             "aarch64-linux-gnu-objdump -D -z -b binary -m aarch64 %s 2>/dev/null", path);
    FILE *p = popen(command, "r");
    while (p && fgets(line, sizeof line, p)) {
        unsigned at, w;
        char name[64] = "", rest[256] = "";
        if (sscanf(line, " %x: %x %63s %255[^\n]", &at, &w, name, rest) < 3 ||
            at / 4 >= OBJDUMP_WORDS || word[at / 4] != w)
            continue;
        n++;
        compare_objdump(w, name, rest, &shown);
    }
    if (p)
        pclose(p);
    unlink(path);
    printf(n ? "objdump named %u words\n" : "objdump is not there: skipped\n", n);
}

int main(int argc, char **argv)
{
    const char *dir = argc > 1 ? argv[1] : "tests/decode";
    char err[256];
    if (argc > 2)
        rng = strtoull(argv[2], NULL, 0);
    if (guest_aarch64.parse_cpu("max,lse2=on", &model, err, sizeof err)) {
        fprintf(stderr, "%s\n", err);
        return 2;
    }
    ir_region_init(&region, guest_aarch64.ir);
    read_encodings(dir);
    read_aliases(dir);
    read_unimplemented(dir);
    test_encodings();
    test_rows();
    test_anywhere();
    test_objdump();
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed != 0;
}
