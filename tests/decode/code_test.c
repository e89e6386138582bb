/*
 * Holds the aarch64 decoder against the code of real programs: every instruction outside SVE and SME that
 * objdump finds in the executable sections of the files given must decode and be translated.
 *
 *     code_test FILE...      (ELF files for aarch64; tests/suites/code.py has the list)
 *
 * Read-only data stands between functions in some of them, and stripped files have no mapping symbols ($d)
 * that would tell. So three kinds of words are listed, each with the symbol before it:
 *
 *   unknown   not allocated to objdump: data. myna must not run them either, unless a64-encodings.tsv has
 *             them (an extension newer than this objdump)
 *   island    an instruction to objdump, undefined in myna, of a feature that is not advertised or for higher
 *             exception levels, and an unknown word is at most NEAR words away: data that looks like one
 *   refused   the same with only instructions around it: a program that tests the feature first, listed by
 *             feature. Anything else is a failure.
 *
 * SVE and SME are listed by count: they come later and are not advertised.
 */
#include <stdarg.h>
#include <unistd.h>
#include "encodings.h"

enum { NEAR = 32, SYMBOL = 96, MAXNOTE = 20000, SHOWN = 40 };

/* One line of objdump that is not simply good, until its neighbourhood is known. */
struct line {
    uint32_t word, symbol;
    const struct encoding *is;
    char text[64];
    uint64_t at, index; /* address; number of the word in the file */
};

static struct { char name[SYMBOL]; unsigned words; } note[MAXNOTE];
static unsigned nnotes;

/* Counts one word under a name; names keep the order of their first word. */
static void count(const char *format, ...)
{
    char name[SYMBOL];
    va_list ap;
    va_start(ap, format);
    vsnprintf(name, sizeof name, format, ap);
    va_end(ap);
    for (unsigned i = nnotes; i-- > 0;)
        if (!strcmp(note[i].name, name)) {
            note[i].words++;
            return;
        }
    if (nnotes < MAXNOTE) {
        strcpy(note[nnotes].name, name);
        note[nnotes++].words = 1;
    }
}

/* is_undefined, remembered: a program has the same words again and again. */
static bool undefined(uint32_t word)
{
    enum { SLOTS = 1 << 20 };
    static uint64_t cache[SLOTS]; /* word, 2: defined, 3: undefined */
    uint64_t *slot = &cache[word * 2654435761u >> 12];
    if (*slot >> 2 != word || !(*slot & 2))
        *slot = (uint64_t)word << 2 | 2 | is_undefined(word);
    return *slot & 1;
}

static unsigned long words, sve, unknown, island, refused, failed;

static void judge(const struct line *l, const char *symbol, bool near_unknown)
{
    if (near_unknown) {
        island++;
        count("island   %s", symbol);
    } else if (l->is && (l->is->missing || !strcmp(l->is->class, "system"))) {
        refused++;
        bool extension = strcmp(l->is->feature, "-") != 0;
        count("refused  %s (%s) in %s", l->is->mnemonic, extension ? l->is->feature : "not for EL0", symbol);
    } else if (failed++ < SHOWN) {
        printf("%llx: %08x %s in %s: does not decode\n", (unsigned long long)l->at, l->word, l->text, symbol);
    }
}

static void test_file(const char *path)
{
    static char symbols[65536][SYMBOL];
    static struct line wait[2 * NEAR + 1];
    char command[4096], text[1024];
    unsigned nwait = 0, nsymbols = 1;
    uint64_t index = 0, last_unknown = 0;
    bool any_unknown = false;
    words = sve = unknown = island = refused = nnotes = 0;
    strcpy(symbols[0], "(no symbol)");
    snprintf(command, sizeof command, "aarch64-linux-gnu-objdump -d '%s'", path);
    FILE *p = popen(command, "r");
    while (p && fgets(text, sizeof text, p)) {
        unsigned long long at;
        unsigned w;
        char name[64] = "", rest[256] = "", symbol[SYMBOL];
        if (sscanf(text, "%llx <%95[^>]>:", &at, symbol) == 2) {
            nsymbols = nsymbols % 65535 + 1;
            strcpy(symbols[nsymbols - 1], symbol);
            continue;
        }
        if (sscanf(text, " %llx: %8x %63s %255[^\n]", &at, &w, name, rest) < 3)
            continue;
        index++;
        words++;
        bool no = undefined(w);
        const struct encoding *e = no ? encoding_of(w) : NULL;
        if (*name == '.' || !strcmp(name, "udf")) { /* .inst ; undefined */
            last_unknown = index;
            any_unknown = true;
            unknown++;
            count("unknown  %s", symbols[nsymbols - 1]);
            if (!no && !encoding_of(w) && failed++ < SHOWN)
                printf("%llx: %08x in %s: runs, but is not allocated\n", at, w, symbols[nsymbols - 1]);
        } else if (no && e && (!strncmp(e->class, "sve", 3) || !strncmp(e->class, "sme", 3))) {
            sve++;
        } else if (no && nwait < 2 * NEAR + 1) {
            struct line *l = &wait[nwait++];
            *l = (struct line){ .word = w, .symbol = nsymbols - 1, .is = e, .at = at, .index = index };
            snprintf(l->text, sizeof l->text, "%.20s %.40s", name, rest);
        }
        /* those whose neighbourhood is complete */
        while (nwait && wait[0].index + NEAR <= index) {
            bool near = any_unknown && last_unknown + NEAR >= wait[0].index;
            judge(&wait[0], symbols[wait[0].symbol], near);
            memmove(wait, wait + 1, --nwait * sizeof *wait);
        }
    }
    for (unsigned i = 0; i < nwait; i++)
        judge(&wait[i], symbols[wait[i].symbol], any_unknown && last_unknown + NEAR >= wait[i].index);
    int status = p ? pclose(p) : -1;
    if (status || !words) {
        printf("%s: objdump fails\n", path);
        failed++;
    }
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    printf("%s: %lu words, %lu of SVE and SME, %lu unknown, %lu islands, %lu refused\n", base, words, sve, unknown,
           island, refused);
    for (unsigned i = 0; i < nnotes; i++)
        printf("    %6u %s\n", note[i].words, note[i].name);
}

/* Encodings that are undefined here because their feature is not advertised (decode_test checks the list). */
static void read_unimplemented(void)
{
    char line[256], name[64];
    FILE *f = table_open("tests/decode", "unimplemented.tsv");
    while (fgets(line, sizeof line, f))
        for (unsigned i = 0; *line != '#' && sscanf(line, "%63s", name) == 1 && i < nenc; i++)
            enc[i].missing |= !strcmp(enc[i].name, name);
    fclose(f);
}

int main(int argc, char **argv)
{
    encodings_init("tests/decode");
    read_unimplemented();
    for (int i = 1; i < argc; i++)
        test_file(argv[i]);
    return failed != 0;
}
