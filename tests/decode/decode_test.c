/*
 * Holds the aarch64 decoder against three independent lists of the instruction set:
 *
 *   a64-encodings.tsv  all encodings with mask, value, constraints and feature (see its head)
 *   capstone           mnemonics of random words of every row
 *   objdump            the same, and which words are not allocated (GNU binutils for aarch64)
 *
 * Both ways. Of every encoding outside SVE and SME, random words must decode to a row of that
 * mnemonic (in the classes float, advsimd and fpsimd: or be reserved to objdump too), or the encoding
 * stands in unimplemented.tsv with a feature that is not advertised, and then its words are undefined.
 * Random words of every row must belong to an encoding
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
#include <unistd.h>
#include "encodings.h"

enum { PER_ENCODING = 200, PER_ROW = 400, ANYWHERE = 3000000, MAXALIAS = 512,
       OBJDUMP_WORDS = 40000, SHOWN = 5 };

static char *alias[MAXALIAS];
static unsigned naliases;
static unsigned long passed, failed;
static uint64_t rng = 1;

static uint32_t word_random(void)
{
    return (uint32_t)decode_rand(&rng);
}

/* ------------------------------------------------------------------- tables */

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

/* FEAT_X of the table: is X advertised? */
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

/* Unallocated inside an encoding by the manual's pseudocode: register offsets need option<1>. */
static bool is_reserved(const struct encoding *e, uint32_t word)
{
    return strstr(e->name, "_ldst_regoff") && !(word >> 14 & 1);
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

/* Words of vector and floating-point encodings without a row: reserved sizes and shifts by the
 * manual's pseudocode, which objdump must not know either. */
static uint32_t *reserved;
static unsigned nreserved;

/* Encodings -> rows. */
static void test_encodings(void)
{
    char m[48];
    reserved = malloc(nenc * PER_ENCODING * sizeof *reserved);
    for (unsigned i = 0; i < nenc; i++) {
        struct encoding *e = &enc[i];
        if (!strncmp(e->class, "sve", 3) || !strncmp(e->class, "sme", 3))
            continue;
        bool base = !strcmp(e->class, "general") || !strcmp(e->class, "system");
        unsigned with_row = 0;
        for (int k = 0; k < PER_ENCODING; k++) {
            uint32_t word = (word_random() & ~e->is.mask) | e->is.value;
            if (encoding_of(word) != e)
                continue;
            int row = a64_decode(word);
            if (e->missing) {
                if (check(row < 0 || is_undefined(word), &e->shown))
                    printf("%08x: %s is listed as not implemented and decodes to %s\n", word, e->name,
                           a64_rows[row].name);
            } else if (row < 0 && !base) {
                reserved[nreserved++] = word;
            } else if (row < 0) {
                if (check(is_reserved(e, word), &e->shown))
                    printf("%08x: %s (%s) decodes to no row\n", word, e->name, e->feature);
            } else {
                with_row++;
                if (check(name_fits(row_mnemonic(row, m), e->mnemonic), &e->shown))
                    printf("%08x: %s decodes to %s\n", word, e->name, a64_rows[row].name);
            }
        }
        if (!base && !e->missing && check(with_row > 0, &e->shown))
            printf("%s (%s): none of its words has a row\n", e->name, e->feature);
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
    } else if (row >= 0 && e && !e->missing &&
               (!a64_rows[row].feature || cpu_has(&model, a64_rows[row].feature))) {
        /* Refused by the lowering: objdump must not know it either, or it is for higher levels. */
        bool system = !strcmp(e->class, "system") || !strncmp(name, "eret", 4) || !strcmp(name, "drps"); /* not for programs */
        if (check(system || is_unknown(name, rest), shown))
            printf("%08x: row %s refuses '%s %s'\n", word, a64_rows[row].name, name, rest);
    }
}

/* Calls with(word, name, rest of the line) for n words as objdump prints them; returns how many. */
static unsigned objdump_words(const uint32_t *word, unsigned n,
                              void (*with)(uint32_t, const char *, const char *, unsigned *))
{
    char path[] = "/tmp/decode_testXXXXXX", command[256], line[512];
    unsigned shown = 0, seen = 0;
    int fd = mkstemp(path);
    if (fd < 0) {
        perror(path);
        exit(2);
    }
    if (write(fd, word, n * sizeof *word) != (ssize_t)(n * sizeof *word))
        exit(2);
    close(fd);
    snprintf(command, sizeof command,
             "aarch64-linux-gnu-objdump -D -z -b binary -m aarch64 %s 2>/dev/null", path);
    FILE *p = popen(command, "r");
    while (p && fgets(line, sizeof line, p)) {
        unsigned at, w;
        char name[64] = "", rest[256] = "";
        if (sscanf(line, " %x: %x %63s %255[^\n]", &at, &w, name, rest) < 3 ||
            at / 4 >= n || word[at / 4] != w)
            continue;
        seen++;
        with(w, name, rest, &shown);
    }
    if (p)
        pclose(p);
    unlink(path);
    return seen;
}

static void compare_reserved(uint32_t word, const char *name, const char *rest, unsigned *shown)
{
    if (check(is_unknown(name, rest), shown))
        printf("%08x: %s has no row, but is '%s %s' to objdump\n", word, encoding_of(word)->name, name, rest);
}

static void test_objdump(void)
{
    static uint32_t word[OBJDUMP_WORDS];
    for (unsigned i = 0; i < OBJDUMP_WORDS; i++)
        word[i] = i % 4 ? a64_random(i % A64_NROWS, &rng) : word_random();
    unsigned n = objdump_words(word, OBJDUMP_WORDS, compare_objdump);
    printf(n ? "objdump named %u words\n" : "objdump is not there: skipped\n", n);
    n = objdump_words(reserved, nreserved, compare_reserved);
    printf("%u of %u words without a row compared\n", n, nreserved);
}

int main(int argc, char **argv)
{
    const char *dir = argc > 1 ? argv[1] : "tests/decode";
    if (argc > 2)
        rng = strtoull(argv[2], NULL, 0);
    encodings_init(dir);
    read_aliases(dir);
    read_unimplemented(dir);
    test_encodings();
    test_rows();
    test_anywhere();
    test_objdump();
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed != 0;
}
