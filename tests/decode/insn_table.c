/*
 * Makes docs/aarch64-instructions.md: which A64 instructions run, by class and feature.
 *
 * From the table of all encodings (a64-encodings.tsv), the decode rows with their lowering, and
 * features.def. An encoding runs if some random word of it has a row and is lowered on the model with
 * everything on; decode_test holds the same tables against other disassemblers. Nothing of the page is
 * written by hand.
 *
 *     insn_table            checks that the page is current (exit status 1 if not); a test
 *     insn_table --write    writes it (make docs)
 */
#include "encodings.h"

enum { WORDS = 100, MAXNAMES = 1200 };
#define PAGE "docs/aarch64-instructions.md"

static bool runs[MAXENC];

static const struct property {
    const char *name, *property, *text;
    bool have;
} properties[] = {
#define FEAT(name, prop, have, reg, shift, value, word, bit, text) { #name, prop, text, have },
#include "features.def"
};
enum { NPROPERTIES = sizeof properties / sizeof *properties };

static bool is_vector_ext(const struct encoding *e)
{
    return !strncmp(e->class, "sve", 3) || !strncmp(e->class, "sme", 3);
}

static bool does_run(const struct encoding *e)
{
    uint64_t rng = 1;
    for (int k = 0; k < WORDS; k++) {
        uint32_t word = ((uint32_t)decode_rand(&rng) & ~e->is.mask) | e->is.value;
        if (encoding_of(word) == e && a64_decode(word) >= 0 && !is_undefined(word))
            return true;
    }
    /* System registers and operations: most numbers mean nothing. */
    if (!strcmp(e->class, "system") && (e->is.mask & 0x7ffe0) == 0)
        for (uint32_t number = 0; number < 1 << 15; number++)
            if (!is_undefined(e->is.value | number << 5))
                return true;
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The sorted mnemonics of encodings that are of the class (NULL: any but SVE and SME), have the
 * feature and run or not. Returns how many encodings these are; 0: nothing is printed. */
static unsigned print_names(FILE *f, const char *class, const char *feature, bool run)
{
    static const char *name[MAXENC];
    unsigned n = 0, total = 0;
    for (unsigned i = 0; i < nenc; i++)
        if (!is_vector_ext(&enc[i]) && (!class || !strcmp(enc[i].class, class)) &&
            !strcmp(enc[i].feature, feature) && runs[i] == run) {
            name[n++] = enc[i].mnemonic;
            total++;
        }
    qsort(name, n, sizeof *name, by_text);
    for (unsigned i = 0; i < n; i++)
        if (!i || strcmp(name[i], name[i - 1]))
            fprintf(f, "%s%s", i ? " " : "", name[i]);
    return total;
}

static void count(const char *class, const char *feature, unsigned *all, unsigned *run)
{
    *all = *run = 0;
    for (unsigned i = 0; i < nenc; i++)
        if ((class ? !strcmp(enc[i].class, class) : !is_vector_ext(&enc[i])) &&
            (!feature || !strcmp(enc[i].feature, feature))) {
            ++*all;
            *run += runs[i];
        }
}

static const struct property *property_of(const char *feature)
{
    for (unsigned i = 0; i < NPROPERTIES; i++)
        if (!strcasecmp(feature + strlen("FEAT_"), properties[i].name))
            return &properties[i];
    return NULL;
}

/* The features of the encodings outside SVE and SME, sorted; "-" is none. */
static unsigned features(const char *list[MAXNAMES])
{
    unsigned n = 0;
    for (unsigned i = 0; i < nenc; i++) {
        unsigned k = 0;
        if (is_vector_ext(&enc[i]) || !strcmp(enc[i].feature, "-"))
            continue;
        while (k < n && strcmp(list[k], enc[i].feature))
            k++;
        if (k == n)
            list[n++] = enc[i].feature;
    }
    qsort(list, n, sizeof *list, by_text);
    return n;
}

static void print_page(FILE *f)
{
    static const struct { const char *class, *text; } classes[] = {
        { "general", "general" }, { "system", "system" }, { "float", "scalar floating point" },
        { "advsimd", "Advanced SIMD" }, { "fpsimd", "loads and stores of V registers" },
        { "sve", "SVE" }, { "sve2", "SVE2" }, { "sme", "SME" }, { "sme2", "SME2" } };
    const char *list[MAXNAMES];
    unsigned all, run, n = features(list);

    fprintf(f, "<!-- Made by tests/decode/insn_table (make docs); a test checks that it is current. -->\n"
               "# A64 instructions\n\n"
               "Encodings as the architecture's tables count them (tests/decode/a64-encodings.tsv). One that\n"
               "does not run raises SIGILL, and its feature is neither in AT_HWCAP nor in the identification\n"
               "registers. Those of features without a property are hints,\n"
               "NOPs here. How each was checked: `tests/README.md`.\n\n"
               "| class | encodings | run |\n|---|---|---|\n");
    for (unsigned i = 0; i < sizeof classes / sizeof *classes; i++) {
        count(classes[i].class, NULL, &all, &run);
        fprintf(f, "| %s | %u | %u |\n", classes[i].text, all, run);
    }
    fprintf(f, "\n## In every processor\n\n| class | encodings | run | instructions |\n|---|---|---|---|\n");
    for (unsigned i = 0; i < 5; i++) {
        count(classes[i].class, "-", &all, &run);
        fprintf(f, "| %s | %u | %u | ", classes[i].text, all, run);
        print_names(f, classes[i].class, "-", true);
        fprintf(f, " |\n");
    }
    fprintf(f, "\nNot for programs, or without a use to them, and undefined: ");
    print_names(f, NULL, "-", false);
    fprintf(f, ".\n\n## Features that run\n\n`-cpu MODEL,property=on` and `=off` switch them.\n\n"
               "| feature | property | encodings | run | instructions |\n|---|---|---|---|---|\n");
    for (unsigned i = 0; i < n; i++) {
        const struct property *p = property_of(list[i]);
        count(NULL, list[i], &all, &run);
        if (!run)
            continue;
        fprintf(f, "| %s | %s | %u | %u | ", list[i], p ? p->property : "", all, run);
        print_names(f, NULL, list[i], true);
        if (run < all) {
            fprintf(f, "; undefined: ");
            print_names(f, NULL, list[i], false);
        }
        fprintf(f, " |\n");
    }
    fprintf(f, "\nFeatures without an encoding of their own: ");
    bool first = true;
    for (unsigned i = 0; i < NPROPERTIES; i++) {
        unsigned k = 0;
        while (k < n && property_of(list[k]) != &properties[i])
            k++;
        if (k < n || !properties[i].have)
            continue;
        fprintf(f, "%s%s (%s)", first ? "" : "; ", properties[i].property, properties[i].text);
        first = false;
    }
    fprintf(f, ".\n\n## Features that do not run\n\n| feature | encodings | instructions |\n|---|---|---|\n");
    for (unsigned i = 0; i < n; i++) {
        count(NULL, list[i], &all, &run);
        if (run)
            continue;
        fprintf(f, "| %s | %u | ", list[i], all);
        print_names(f, NULL, list[i], false);
        fprintf(f, " |\n");
    }
    fprintf(f, "\nSVE and SME with their extensions: by count above.\n");
}

static char *file_text(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = NULL;
    size_t n = 0;
    if (!f)
        return NULL;
    if (getdelim(&text, &n, EOF, f) < 0)
        text = NULL;
    fclose(f);
    return text;
}

int main(int argc, char **argv)
{
    char *made;
    size_t n;
    encodings_init("tests/decode");
    for (unsigned i = 0; i < nenc; i++)
        runs[i] = does_run(&enc[i]);
    FILE *f = open_memstream(&made, &n);
    print_page(f);
    fclose(f);
    if (argc > 1 && !strcmp(argv[1], "--write")) {
        f = fopen(PAGE, "w");
        if (!f || fwrite(made, 1, n, f) != n || fclose(f)) {
            perror(PAGE);
            return 2;
        }
        return 0;
    }
    char *have = file_text(PAGE);
    bool same = have && !strcmp(have, made);
    printf(same ? "%s is current\n1 passed, 0 failed\n" : "%s is not current: make docs\n0 passed, 1 failed\n", PAGE);
    return !same;
}
