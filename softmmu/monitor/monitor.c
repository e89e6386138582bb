/*
 * Lines of the monitor: the tables of commands, words of a line, help, completion.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "monitor.h"

enum { TABLES = 24 };
static const struct monitor_command *tables[2][TABLES]; /* commands, info */

void monitor_add(const struct monitor_command *commands, const struct monitor_command *info)
{
    const struct monitor_command *add[2] = { commands, info };
    for (unsigned t = 0; t < 2; t++)
        for (unsigned k = 0; add[t] && k < TABLES; k++)
            if (!tables[t][k]) {
                tables[t][k] = add[t];
                break;
            }
}

/* Row number k of all tables of a kind; NULL: no more. */
static const struct monitor_command *row(unsigned kind, unsigned k)
{
    for (unsigned t = 0; t < TABLES && tables[kind][t]; t++)
        for (const struct monitor_command *c = tables[kind][t]; c->name; c++)
            if (!k--)
                return c;
    return NULL;
}

/* The k'th of the names of a row, copied; false: no more. */
static bool name_of(const struct monitor_command *c, unsigned k, char name[64])
{
    const char *p = c->name;
    for (; k && *p; k--)
        p += strcspn(p, "|"), p += *p == '|';
    snprintf(name, 64, "%.*s", (int)strcspn(p, "|"), p);
    return *p;
}

static const struct monitor_command *find(unsigned kind, const char *word, size_t n)
{
    const struct monitor_command *c;
    char name[64];
    for (unsigned k = 0; (c = row(kind, k)); k++)
        for (unsigned i = 0; name_of(c, i, name); i++)
            if (strlen(name) == n && !memcmp(name, word, n))
                return c;
    return NULL;
}

static void usage(const struct monitor_command *c, const char *before, FILE *out)
{
    fprintf(out, "%s%s", before, c->name);
    fprintf(out, *c->args ? " %s -- %s\n" : "%s -- %s\n", c->args, c->help);
}

static void print_help(struct monitor_call *call)
{
    const struct monitor_command *c;
    bool all = !call->argc, info = call->argc && !strcmp(call->argv[0], "info");
    for (unsigned k = 0; (c = row(0, k)); k++)
        if (all || c == find(0, call->argv[0], strlen(call->argv[0])))
            usage(c, "", call->out);
    for (unsigned k = 0; info && (c = row(1, k)); k++)
        usage(c, "info ", call->out);
    if (!all && !find(0, call->argv[0], strlen(call->argv[0])))
        fprintf(call->out, "unknown command: '%s'\n", call->argv[0]);
}

/* Splits the line into words; "..." may hold spaces. */
static int split(char *line, char **argv)
{
    int n = 0;
    for (char *p = line; n < MONITOR_ARGS;) {
        while (isspace((unsigned char)*p))
            p++;
        if (!*p)
            break;
        if (*p == '"') {
            argv[n++] = ++p;
            p += strcspn(p, "\"");
        } else {
            argv[n++] = p;
            while (*p && !isspace((unsigned char)*p))
                p++;
        }
        if (*p)
            *p++ = 0;
    }
    argv[n] = NULL;
    return n;
}

static void run_info(struct monitor_call *c)
{
    const struct monitor_command *i = c->argc ? find(1, c->argv[0], strlen(c->argv[0])) : NULL;
    if (!c->argc) {
        print_help(&(struct monitor_call){ .out = c->out, .argc = 1, .argv = (char *[]){ "info", NULL } });
    } else if (!i) {
        fprintf(c->out, "unknown command: 'info %s'\n", c->argv[0]);
    } else {
        c->argc--;
        c->argv++;
        i->run(c);
    }
}

static const char *next_info(struct machine *m, unsigned k)
{
    const struct monitor_command *c = row(1, k);
    return c ? c->name : NULL;
}

static const char *next_command(struct machine *m, unsigned k)
{
    static char name[64]; /* under the machine's lock */
    const struct monitor_command *c;
    for (unsigned r = 0; (c = row(0, r)); r++)
        for (unsigned i = 0; name_of(c, i, name); i++)
            if (!k--)
                return name;
    return NULL;
}

static const struct monitor_command own[] = {
    { "help|?", "[COMMAND]", "shows what commands there are", 0, 1, print_help, next_command },
    { "info", "[SUBJECT]", "shows the machine's state; help info lists the subjects", 0, 2, run_info, next_info },
    { NULL },
};

static void add_own(void)
{
    static bool added;
    if (added)
        return;
    added = true;
    monitor_add(own, NULL);
    monitor_add_core();
}

void monitor_run(struct machine *m, const char *line, unsigned *cpu, FILE *out)
{
    char text[1024], *argv[MONITOR_ARGS + 1], format[32] = "";
    add_own();
    while (isspace((unsigned char)*line))
        line++;
    size_t n = strcspn(line, " \t/");
    if (!*line || *line == '#')
        return;
    const struct monitor_command *c = find(0, line, n);
    if (!c) {
        fprintf(out, "unknown command: '%.*s'\n", (int)strcspn(line, " \t"), line);
        return;
    }
    const char *rest = line + n;
    if (c->args[0] == '/' && rest[strspn(rest, " \t")] == '/')
        rest += strspn(rest, " \t");
    if (*rest == '/') {
        size_t f = strcspn(rest, " \t");
        snprintf(format, sizeof format, "%.*s", (int)f - 1, rest + 1);
        rest += f;
    }
    while (isspace((unsigned char)*rest))
        rest++;
    snprintf(text, sizeof text, "%s", rest);
    struct monitor_call call = { m, out, cpu, format, rest, split(text, argv), argv };
    if (call.argc < c->least || call.argc > c->most) {
        fprintf(out, "%s: the arguments are: %s\n", c->name, *c->args ? c->args : "none");
        return;
    }
    if (*cpu >= m->nvcpus)
        *cpu = 0;
    c->run(&call);
}

const char *monitor_complete(struct machine *m, const char *before, size_t n, unsigned k)
{
    size_t word = n, space = 0;
    add_own();
    while (word && before[word - 1] != ' ')
        word--;
    while (space < n && before[space] != ' ')
        space++;
    const char *(*next)(struct machine *m, unsigned k) = next_command;
    if (word) {
        const struct monitor_command *c = find(0, before, space);
        next = c ? c->next : NULL;
    }
    const char *candidate;
    for (unsigned i = 0; next && (candidate = next(m, i)); i++)
        if (!strncmp(candidate, before + word, n - word) && !k--)
            return candidate;
    return NULL;
}
