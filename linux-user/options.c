/*
 * Options: options.def against argv and the environment.
 *
 * The environment counts less than the command line and isn't read in a set-id process. A wrong
 * option ends the process with one line and status 1, as qemu-user's users know it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>
#include "command.h"
#include "options.h"
#include "target.h"

extern char **environ;

enum kind { STR, ON, SIZE, CALL };

static void options_help(struct options *o, const char *arg);

static void repeat(struct options *o, const char *s)
{
    if (o->nrepeat % 16 == 0) {
        o->repeat = realloc(o->repeat, (o->nrepeat + 17) * sizeof(*o->repeat));
        if (!o->repeat)
            user_die(1, "no memory");
    }
    o->repeat[o->nrepeat++] = (char *)s;
    o->repeat[o->nrepeat] = NULL;
}

/* --- options with functions ------------------------------------------------------------------ */

static size_t env_find(struct options *o, const char *name, size_t n)
{
    for (size_t i = 0; i < o->nenv; i++)
        if (!strncmp(o->env[i], name, n) && o->env[i][n] == '=')
            return i;
    return o->nenv;
}

bool options_put_env(struct options *o, char *s)
{
    char *eq = strchr(s, '=');

    if (!eq)
        return false;
    size_t i = env_find(o, s, (size_t)(eq - s));
    if (i == o->nenv) {
        o->env = realloc(o->env, (o->nenv + 2) * sizeof(*o->env));
        if (!o->env)
            user_die(1, "no memory");
        o->env[++o->nenv] = NULL;
    }
    o->env[i] = s;
    return true;
}

static void options_set_env(struct options *o, const char *arg)
{
    char *list = strdup(arg);

    if (!list)
        user_die(1, "no memory");
    for (char *save, *s = strtok_r(list, ",", &save); s; s = strtok_r(NULL, ",", &save))
        if (!options_put_env(o, s))
            user_die(1, "option -E: '%s' is not VAR=VALUE", s);
}

static void options_unset_env(struct options *o, const char *arg)
{
    while (*arg) {
        size_t n = strcspn(arg, ","), i = env_find(o, arg, n);
        if (memchr(arg, '=', n))
            user_die(1, "option -U: '%s' is not a variable's name", arg);
        if (i < o->nenv)
            memmove(&o->env[i], &o->env[i + 1], (o->nenv-- - i) * sizeof(*o->env));
        arg += n + (arg[n] == ',');
    }
}

static void options_page_size(struct options *o, const char *arg)
{
    if (strtoull(arg, NULL, 0) != GUEST_PAGE)
        user_die(1, "page size %s is not supported: only %d", arg, GUEST_PAGE);
}

static void options_log(struct options *o, const char *arg)
{
    if (!log_parse(arg))
        user_die(1, "option -d: unknown item in '%s'; '-d help' lists them", arg);
    if (log_mask & LOG_STRACE)
        o->strace = true;
}

/* Alone it shows all calls. The variable's value is a list only if its first word is a name: QEMU_STRACE=1 is qemu's
 * way to turn it on. */
static void options_strace(struct options *o, const char *arg)
{
    uint64_t hidden[8] = { 0 };
    char *again;

    o->strace = true;
    if (*arg && !strace_select(hidden, elf_abi(0), arg)) {
        if (!o->in_environment || isalpha((unsigned char)arg[strspn(arg, "!")]))
            user_die(1, "option -strace: a name in '%s' is no system call", arg);
        arg = "";
    }
    memcpy(o->strace_hidden, hidden, sizeof(hidden));
    if (asprintf(&again, *arg ? "-strace=%s" : "-strace", arg) < 0)
        user_die(1, "no memory");
    repeat(o, again);
}

static void accel_help(void)
{
    static const char *const rows[][2] = {
#define ABLATION(name, option, text) { option, text },
#include "ablations.def"
    };

    puts("tier2=always      loops are made regions at their first execution (else: where they are hot, in the background)\n"
         "stress=SEED       random invalidation and region shapes, by the seed\n"
         "no=NAME           leaves out a technique of translation, or a feature of the host (no=avx2):");
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        printf("  no=%-14s %s\n", rows[i][0], rows[i][1]);
    exit(0);
}

/* One item after the kind of -accel, n characters. */
static bool accel_item(struct options *o, const char *item, size_t n)
{
    char *end, *list;
    bool has;

    if (n > 7 && !memcmp(item, "stress=", 7)) {
        o->stress = strtoull(item + 7, &end, 0);
        return end == item + n && o->stress != 0;
    }
    if (n == 12 && !memcmp(item, "tier2=always", 12)) {
        o->tier2_always = true;
        return true;
    }
    if (n <= 3 || memcmp(item, "no=", 3))
        return false;
    unsigned bit = engine_ablation(item + 3, n - 3);
    o->without |= bit;
    for (unsigned i = 0; !bit && host_feature_name(i, &has); i++)
        if (strlen(host_feature_name(i, &has)) == n - 3 && !memcmp(host_feature_name(i, &has), item + 3, n - 3)) {
            if (asprintf(&list, "%s%s-%.*s", o->host_features ? o->host_features : "",
                         o->host_features ? "," : "", (int)n - 3, item + 3) < 0)
                user_die(1, "no memory");
            o->host_features = list;
            return true;
        }
    return bit != 0;
}

static void options_accel(struct options *o, const char *arg)
{
    size_t n = strcspn(arg, ",");

    if (!strcmp(arg, "help"))
        accel_help();
    if ((n != 6 || memcmp(arg, "interp", 6)) && (n != 3 || memcmp(arg, "jit", 3)))
        user_die(1, "option -accel: '%.*s' is neither jit nor interp", (int)n, arg);
    o->interp = arg[0] == 'i';
    o->stress = 0;
    o->tier2_always = false;
    o->without = 0;
    o->host_features = NULL;
    for (arg += n; *arg; arg += n) {
        n = strcspn(++arg, ",");
        if (!accel_item(o, arg, n))
            user_die(1, "option -accel: unknown item '%.*s'; '-accel help' lists them", (int)n, arg);
    }
}

/* The folder of the persistent cache, absolute, since the guest may change its working directory. */
static void options_cache(struct options *o, const char *arg)
{
    char here[PATH_MAX], *dir = NULL;

    o->cache_given = true;
    o->persist_dir = NULL;
    if (strcmp(arg, "off")) {
        if (arg[0] == '/')
            dir = strdup(arg);
        else if (!getcwd(here, sizeof(here)) || asprintf(&dir, "%s/%s", here, arg) < 0)
            dir = NULL;
        o->persist_dir = dir;
    }
    repeat(o, "-cache");
    repeat(o, dir ? dir : "off");
}

const char *options_default_cache(char **envp)
{
    const char *home = NULL, *xdg = NULL;
    char *dir;

    for (char **e = envp; *e; e++) {
        if (!strncmp(*e, "HOME=/", 6))
            home = *e + 5;
        if (!strncmp(*e, "XDG_CACHE_HOME=/", 16))
            xdg = *e + 15;
    }
    if (!xdg && !home)
        return NULL;
    if ((xdg ? asprintf(&dir, "%s/myna", xdg) : asprintf(&dir, "%s/.cache/myna", home)) < 0)
        return NULL;
    return dir;
}

static void options_ignore(struct options *o, const char *arg) {}

static void options_version(struct options *o, const char *arg)
{
    puts("myna version " MYNA_VERSION "\n"
         "runs programs of another processor; options as qemu-user's");
    exit(0);
}

/* --- the table ------------------------------------------------------------------------------- */

static const struct row {
    const char *name, *env, *arg;
    enum kind kind;
    size_t field;
    void (*call)(struct options *, const char *);
    bool repeat;
    const char *help;
} rows[] = {
#define FIELD_STR(f) offsetof(struct options, f), NULL
#define FIELD_ON(f) offsetof(struct options, f), NULL
#define FIELD_SIZE(f) offsetof(struct options, f), NULL
#define FIELD_CALL(f) 0, options_##f
#define OPTION(n, e, a, k, f, r, h) { n, e, a, k, FIELD_##k(f), r, h },
#include "options.def"
};
enum { NROWS = sizeof(rows) / sizeof(*rows) };

static void options_help(struct options *o, const char *arg)
{
    printf("usage: %s [OPTIONS] PROGRAM [ARGUMENTS...]\n"
           "Runs a Linux program built for another processor.\n\n", o->self);
    commands_print();
    for (unsigned i = 0; i < NROWS; i++) {
        char left[64], env[32] = "";
        if (!rows[i].help)
            continue;
        snprintf(left, sizeof(left), *rows[i].arg == '[' ? "-%s%s" : "-%s %s", rows[i].name, rows[i].arg);
        if (*rows[i].env)
            snprintf(env, sizeof(env), "QEMU_%s", rows[i].env);
        printf("%-30s %-19s %s\n", left, env, rows[i].help);
    }
    puts("\nEach variable QEMU_X may also be called MYNA_X.");
    exit(0);
}

static uint64_t parse_size(const struct row *r, const char *s)
{
    char *end;
    uint64_t v;
    unsigned shift = 0;

    errno = 0;
    v = strtoull(s, &end, 0);
    switch (*end) {
    case 'K': case 'k': shift = 10; end++; break;
    case 'M': case 'm': shift = 20; end++; break;
    case 'G': case 'g': shift = 30; end++; break;
    }
    if (errno || end == s || *end || s[0] == '-' || v > ~0ull >> shift)
        user_die(1, "option -%s: '%s' is not a size", r->name, s);
    return v << shift;
}

static void apply(struct options *o, const struct row *r, const char *arg)
{
    void *field = (char *)o + r->field;
    char *name;

    switch (r->kind) {
    case STR: *(const char **)field = arg; break;
    case ON: *(bool *)field = true; break;
    case SIZE: *(uint64_t *)field = parse_size(r, arg); break;
    case CALL: r->call(o, arg); break;
    }
    if (!r->repeat)
        return;
    if (asprintf(&name, "-%s", r->name) < 0)
        user_die(1, "no memory");
    repeat(o, name);
    if (*r->arg)
        repeat(o, arg);
}

void options_repeat(struct options *o, const char *s) { repeat(o, s); }

void options_repeat_log(struct options *o, const char *name)
{
    repeat(o, "-log-append");
    repeat(o, name);
}

/* One pass over the environment: variables QEMU_X, then MYNA_X, in the order of the table. */
static void read_environment(struct options *o, char **envp)
{
    const char *found[NROWS] = { NULL };

    o->in_environment = true;
    for (char **e = envp; *e; e++) {
        bool own = !strncmp(*e, "MYNA_", 5);
        if (!own && strncmp(*e, "QEMU_", 5))
            continue;
        const char *name = *e + 5, *eq = strchr(name, '=');
        for (unsigned i = 0; eq && i < NROWS; i++)
            if (strlen(rows[i].env) == (size_t)(eq - name) && *rows[i].env &&
                !strncmp(rows[i].env, name, (size_t)(eq - name)) && (own || !found[i]))
                found[i] = eq + 1;
    }
    for (unsigned i = 0; i < NROWS; i++)
        if (found[i] && (*found[i] || !*rows[i].arg || *rows[i].arg == '['))
            apply(o, &rows[i], found[i]);
    o->in_environment = false;
}

void options_start(struct options *o, const char *self, char **vars, char **env)
{
    o->self = self;
    for (o->nenv = 0; env[o->nenv];)
        o->nenv++;
    o->env = malloc((o->nenv + 1) * sizeof(*o->env));
    if (!o->env)
        user_die(1, "no memory");
    memcpy(o->env, env, (o->nenv + 1) * sizeof(*o->env));
    o->persist_size = 1ull << 30;
    if (!o->set_id)
        read_environment(o, vars);
}

int options_take(struct options *o, int argc, char **argv, int at)
{
    const char *name = argv[at] + 1, *value;
    unsigned i;

    if (*name == '-')
        name++;
    value = name + strcspn(name, "=");
    for (i = 0; i < NROWS; i++)
        if (*rows[i].arg == '[' ? strlen(rows[i].name) == (size_t)(value - name) &&
                                  !strncmp(rows[i].name, name, (size_t)(value - name))
                                : !strcmp(rows[i].name, name))
            break;
    if (i == NROWS)
        user_die(1, "unknown option '%s'; -help lists the options", argv[at]);
    if (*rows[i].arg == '[') {
        apply(o, &rows[i], *value ? value + 1 : "");
        return at + 1;
    }
    if (*rows[i].arg && at + 1 == argc)
        user_die(1, "option -%s needs an argument (%s)", rows[i].name, rows[i].arg);
    apply(o, &rows[i], *rows[i].arg ? argv[++at] : "");
    return at + 1;
}

int options_parse(struct options *o, int argc, char **argv, char **envp)
{
    int at = 1;

    options_start(o, argv[0], envp, envp);
    while (at < argc && argv[at][0] == '-' && argv[at][1]) {
        if (!strcmp(argv[at], "--"))
            return at + 1;
        at = options_take(o, argc, argv, at);
    }
    return at;
}
