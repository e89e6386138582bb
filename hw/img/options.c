/*
 * The command line of a command: options.def says what there is. GNU's manners: options anywhere, letters together, values
 * attached or behind, long names shortened as long as they are clear, "--" before files.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "img.h"

#define ALL ((1u << COMMANDS) - 1)
#define C(name) (1u << COMMAND_##name)

struct option {
    char letter;
    const char *name, *arg;
    unsigned commands;
    const char *help;
};

#define OPTION(id, letter, name, arg, commands, help) { letter, name, arg, commands, help },
static const struct option options[OPTIONS] = {
#include "options.def"
};
#undef OPTION

static unsigned bit(const struct command *c) { return 1u << (c - commands); }
static bool belongs(unsigned k, const struct command *c) { return !c || options[k].commands & bit(c); }

void args_help(const struct command *c, FILE *f)
{
    for (unsigned k = 0; k < OPTIONS; k++) {
        const struct option *o = &options[k];
        char text[64];
        if (!belongs(k, c))
            continue;
        snprintf(text, sizeof text, "%s%c%s%s%s%s%s", o->letter ? "-" : "", o->letter ? o->letter : ' ', o->letter && o->name ? ", " : "",
                 o->name ? "--" : "", o->name ? o->name : "", o->arg ? " " : "", o->arg ? o->arg : "");
        fprintf(f, "  %-28s %s\n", text, o->help);
    }
}

struct names { const struct command *c; unsigned k; };

static const char *next_name(void *arg)
{
    struct names *n = arg;
    while (n->k < OPTIONS) {
        unsigned k = n->k++;
        if (belongs(k, n->c) && options[k].name)
            return options[k].name;
    }
    return NULL;
}

static bool unknown(const struct command *c, const char *text)
{
    struct names n = { c, 0 };
    const char *word = text;
    while (*word == '-')
        word++;
    const char *near = strlen(word) > 1 ? nearest(word, next_name, &n) : NULL;
    complain("%s has no option %s%s%s (myna-img %s --help lists them)", c->name, text, near ? "; the nearest is --" : "", near ? near : "", c->name);
    return false;
}

/* The option of that long name, or of which only one begins so. -1: none. */
static int find_long(const struct command *c, const char *name, size_t n)
{
    int found = -1;
    for (unsigned k = 0; k < OPTIONS; k++)
        if (belongs(k, c) && options[k].name && !strncmp(options[k].name, name, n)) {
            if (!options[k].name[n])
                return (int)k;
            found = found == -1 ? (int)k : -2;
        }
    return found < 0 ? -1 : found;
}

static int find_letter(const struct command *c, char letter)
{
    for (unsigned k = 0; k < OPTIONS; k++)
        if (belongs(k, c) && options[k].letter == letter)
            return (int)k;
    return -1;
}

static void set(struct args *a, int k, const char *value)
{
    char *both;
    if (k == OPT_o && a->value[k] && asprintf(&both, "%s,%s", a->value[k], value) >= 0) {
        free((char *)a->value[k]); /* it is set's own */
        a->value[k] = both;
    } else {
        a->value[k] = k == OPT_o ? strdup(value) : value;
    }
}

/* One word that begins with '-'; at: where it stands, moves on over a value. */
static bool parse_word(struct args *a, int argc, char **argv, int *at)
{
    const char *word = argv[*at], *value = NULL;
    const struct command *c = a->command;
    char shown[80];
    int k = -1;
    if (word[1] == '-') {
        const char *equals = strchr(word, '=');
        size_t n = equals ? (size_t)(equals - word) - 2 : strlen(word + 2);
        k = find_long(c, word + 2, n);
        if (k < 0)
            return unknown(c, word);
        value = equals ? equals + 1 : NULL;
        snprintf(shown, sizeof shown, "--%s", options[k].name);
        if (value && !options[k].arg) {
            complain("%s: %s takes no value", c->name, shown);
            return false;
        }
    } else {
        for (word++; *word; word++) {
            char letter[] = { '-', *word, 0 };
            k = find_letter(c, *word);
            if (k < 0)
                return unknown(c, letter);
            if (options[k].arg)
                break;
            set(a, k, "");
        }
        if (!*word)
            return true;
        value = word[1] ? word + 1 : NULL;
        snprintf(shown, sizeof shown, "-%c", *word);
    }
    if (options[k].arg && !value && !(value = argv[*at + 1 < argc ? ++*at : argc])) {
        complain("%s: %s wants a value: %s", c->name, shown, options[k].arg);
        return false;
    }
    set(a, k, options[k].arg ? value : "");
    return true;
}

/* What is there so that it can be named. */
static bool refuse(const struct args *a)
{
    static const struct { enum option_id id; const char *why; } not_here[] = {
        { OPT_object, "--object: secrets, and encrypted images, are not there" },
        { OPT_bitmaps, "--bitmaps: persistent bitmaps are not there" },
        { OPT_broken_bitmaps, "--skip-broken-bitmaps: persistent bitmaps are not there" },
    };
    for (unsigned k = 0; k < sizeof not_here / sizeof *not_here; k++)
        if (has(a, not_here[k].id)) {
            complain("%s: %s", a->command->name, not_here[k].why);
            return true;
        }
    return false;
}

bool args_parse(struct args *a, const struct command *c, int argc, char **argv)
{
    bool only_files = false;
    *a = (struct args){ .command = c, .files = calloc((size_t)argc + 1, sizeof *a->files) };
    if (!a->files)
        return false;
    for (int k = 0; k < argc; k++) {
        if (only_files || argv[k][0] != '-' || !argv[k][1])
            a->files[a->nfiles++] = argv[k];
        else if (!strcmp(argv[k], "--"))
            only_files = true;
        else if (c == &commands[COMMAND_resize] && k == argc - 1 && isdigit((unsigned char)argv[k][1]))
            a->files[a->nfiles++] = argv[k]; /* resize FILE -1G */
        else if (!parse_word(a, argc, argv, &k))
            return false;
    }
    if (refuse(a))
        return false;
    if (a->nfiles < c->min || a->nfiles > c->max) {
        complain("%s: %s; it is: myna-img %s [OPTIONS] %s", c->name, a->nfiles < c->min ? "a file is missing" : "too many files", c->name, c->files);
        return false;
    }
    return true;
}

void args_free(struct args *a)
{
    free((char *)a->value[OPT_o]);
    free(a->files);
}

char *suboption(const char *list, const char *name)
{
    struct word w;
    char *found = NULL;
    while (list && next_word(&list, &w))
        if (!strcmp(w.name, name)) {
            free(found);
            found = strdup(w.value ? w.value : "on");
        }
    return found;
}
