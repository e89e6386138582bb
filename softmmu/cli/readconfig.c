/*
 * -readconfig: a file of groups as options, in the form of an ini file:
 *
 *   [device "net0"]
 *     driver = "virtio-net-pci"
 *
 * is -device virtio-net-pci,id=net0. Lines that begin with '#' are comments. A group's words become the option's, so that
 * there is one place that knows them.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

/* Groups whose option has another name, and the key whose value stands first there without a name. */
static const struct { const char *group, *option, *first; } groups[] = {
    { "machine", "machine", "type" }, { "device", "device", "driver" }, { "chardev", "chardev", "backend" }, { "drive", "drive", NULL },
    { "mon", "mon", NULL }, { "netdev", "netdev", "type" }, { "object", "object", "qom-type" }, { "smp-opts", "smp", NULL },
    { "memory", "m", NULL }, { "rtc", "rtc", NULL }, { "name", "name", NULL }, { "sandbox", "sandbox", NULL }, { "action", "action", NULL },
    { "fw_cfg", "fw_cfg", NULL }, { "semihosting-config", "semihosting-config", NULL }, { "accel", "accel", "accel" }, { "boot-opts", "boot", NULL },
    { "overcommit", "overcommit", NULL }, { "msg", "msg", NULL }, { "add-fd", "add-fd", NULL }, { "global", "global", NULL }, { "fsdev", "fsdev", "fsdriver" },
    { "virtfs", "virtfs", "fsdriver" }, { "smbios", "smbios", NULL },
};

struct group { unsigned row; char id[64]; char first[512]; char *words; size_t n; FILE *f; unsigned line; };

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    char *end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1]))
        *--end = 0;
    return text;
}

static void add_word(struct group *g, const char *name, const char *value)
{
    fprintf(g->f, ",%s=", name);
    for (; *value; value++)
        fprintf(g->f, *value == ',' ? ",," : "%c", *value);
}

/* The group is whole: the option is as if it had been typed. */
static void finish(struct options *o, struct group *g, const char *path)
{
    char *text = NULL;
    if (!g->f)
        return;
    fclose(g->f);
    g->f = NULL;
    const char *rest = g->words + (*g->words == ',' && !*g->first);
    if (asprintf(&text, "%s%s", g->first, rest) < 0)
        die("-readconfig %s: no memory", path);
    free(g->words);
    if (!strcmp(groups[g->row].group, "global")) { /* driver, property, value */
        const char *p = text;
        struct word w;
        char driver[64] = "", property[64] = "", value[512] = "";
        while (next_word(&p, &w))
            if (w.value)
                snprintf(!strcmp(w.name, "driver") ? driver : !strcmp(w.name, "property") ? property : value, !strcmp(w.name, "value") ? 512 : 64, "%s",
                         w.value);
        free(text);
        if (asprintf(&text, "%s.%s=%s", driver, property, value) < 0)
            die("-readconfig %s: no memory", path);
    }
    option_apply(o, groups[g->row].option, text); /* text stays: options point into it */
}

static void begin(struct group *g, char *head, const char *path)
{
    char name[64] = "";
    *g = (struct group){ .line = g->line };
    if (sscanf(head, "[%63[^] \t] \"%63[^\"]\"]", name, g->id) < 1)
        die("-readconfig %s: line %u: [GROUP] or [GROUP \"ID\"] is missing", path, g->line);
    while (g->row < sizeof groups / sizeof *groups && strcmp(groups[g->row].group, name))
        g->row++;
    if (g->row == sizeof groups / sizeof *groups)
        die("-readconfig %s: line %u: there is no group %s", path, g->line, name);
    if (!(g->f = open_memstream(&g->words, &g->n)))
        die("-readconfig %s: no memory", path);
    if (*g->id)
        add_word(g, "id", g->id);
}

void read_config(struct options *o, const char *path)
{
    FILE *f = fopen(path, "re");
    struct group g = { .line = 0 };
    char *line = NULL;
    size_t cap = 0;
    if (!f)
        die("-readconfig %s: %s", path, strerror(errno));
    while (getline(&line, &cap, f) >= 0) {
        char *text = trim(line), *equals;
        g.line++;
        if (!*text || *text == '#')
            continue;
        if (*text == '[') {
            finish(o, &g, path);
            begin(&g, text, path);
            continue;
        }
        equals = strchr(text, '=');
        size_t n = strlen(text);
        if (!g.f || !equals || text[n - 1] != '"')
            die("-readconfig %s: line %u: NAME = \"VALUE\" is missing", path, g.line);
        text[n - 1] = 0;
        *equals = 0;
        char *name = trim(text), *value = trim(equals + 1);
        if (*value++ != '"')
            die("-readconfig %s: line %u: NAME = \"VALUE\" is missing", path, g.line);
        if (groups[g.row].first && !strcmp(groups[g.row].first, name))
            snprintf(g.first, sizeof g.first, "%s", value);
        else
            add_word(&g, name, value);
    }
    finish(o, &g, path);
    free(line);
    fclose(f);
}
