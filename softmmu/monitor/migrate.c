/*
 * The human monitor's commands about migration.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "migrate/migrate.h"
#include "monitor.h"

/* A number with a suffix; without one: of `unit` bytes. */
static bool parse_size(const char *text, uint64_t unit, uint64_t *v)
{
    char *end;
    double n = strtod(text, &end);
    const char *suffixes = "bkmgt", *s = *end ? strchr(suffixes, *end | 32) : NULL;
    if (end == text || n < 0 || (*end && (!s || end[1])))
        return false;
    if (s)
        for (unit = 1; s > suffixes; s--)
            unit <<= 10;
    *v = (uint64_t)(n * (double)unit);
    return true;
}

static void cmd_migrate(struct monitor_call *c)
{
    char err[320] = "";
    bool detached = pthread_equal(pthread_self(), c->machine->loop_thread); /* who waits there waits for himself */
    int k = 0;
    for (; k < c->argc && c->argv[k][0] == '-'; k++) {
        if (strspn(c->argv[k] + 1, "d") != strlen(c->argv[k] + 1)) {
            fprintf(c->out, "Error: migrate %s: only -d is there: disks are not migrated, they are shared\n", c->argv[k]);
            return;
        }
        detached = true;
    }
    if (k != c->argc - 1) {
        fprintf(c->out, "Error: migrate wants one URI\n");
        return;
    }
    if (!migrate_start(c->machine, c->argv[k], err, sizeof err)) {
        fprintf(c->out, "Error: %s\n", err);
        return;
    }
    if (detached)
        return;
    struct migrate_figures f;
    migrate_wait(c->machine);
    migrate_figures(c->machine, &f);
    if (f.status == MIGRATE_FAILED)
        fprintf(c->out, "Error: %s\n", f.error);
}

static void cmd_incoming(struct monitor_call *c)
{
    char err[320] = "";
    if (!migrate_incoming(c->machine, c->argv[0], err, sizeof err))
        fprintf(c->out, "Error: %s\n", err);
}

static void cmd_cancel(struct monitor_call *c) { migrate_cancel(c->machine); }

static void cmd_set_capability(struct monitor_call *c)
{
    char err[256] = "";
    bool on = !strcmp(c->argv[1], "on");
    if (!on && strcmp(c->argv[1], "off") != 0)
        fprintf(c->out, "Error: %s should be on or off\n", c->argv[1]);
    else if (!migrate_set_capability(c->machine, c->argv[0], on, err, sizeof err))
        fprintf(c->out, "Error: %s\n", err);
}

static void cmd_set_parameter(struct monitor_call *c)
{
    char err[256] = "";
    const struct migrate_parameter *p = migrate_parameter_find(c->argv[0]);
    bool mib = p && (!strcmp(p->name, "max-bandwidth") || !strcmp(p->name, "max-postcopy-bandwidth")), ok = true;
    uint64_t v = 0;
    if (!p) {
        fprintf(c->out, "Error: there is no parameter '%s'\n", c->argv[0]);
        return;
    }
    switch (p->kind) {
    case MIGRATE_NUMBER:
        if (!(ok = parse_size(c->argv[1], mib ? 1 << 20 : 1, &v)))
            snprintf(err, sizeof err, "%s is no number", c->argv[1]);
        ok = ok && migrate_set_number(c->machine, p, v, err, sizeof err);
        break;
    case MIGRATE_TRUTH:
        v = !strcmp(c->argv[1], "on");
        if (!(ok = v || !strcmp(c->argv[1], "off")))
            snprintf(err, sizeof err, "%s should be on or off", c->argv[1]);
        ok = ok && migrate_set_number(c->machine, p, v, err, sizeof err);
        break;
    case MIGRATE_CHOICE:
    case MIGRATE_TEXT:
        ok = migrate_set_choice(c->machine, p, c->argv[1], err, sizeof err);
        break;
    }
    if (!ok)
        fprintf(c->out, "Error: %s\n", err);
}

static void info_migrate(struct monitor_call *c)
{
    struct migrate_figures f;
    migrate_figures(c->machine, &f);
    if (f.status == MIGRATE_NONE)
        return;
    fprintf(c->out, "Migration status: %s", migrate_status_name(f.status));
    fprintf(c->out, *f.error ? " (%s)\n" : "\n", f.error);
    if (f.incoming)
        return;
    fprintf(c->out, "total time: %" PRIu64 " ms\n", f.total_ms);
    if (f.status == MIGRATE_COMPLETED)
        fprintf(c->out, "downtime: %" PRIu64 " ms\n", f.downtime_ms);
    else
        fprintf(c->out, "expected downtime: %" PRIu64 " ms\n", f.expected_ms);
    fprintf(c->out, "setup: %" PRIu64 " ms\n", f.setup_ms);
    if (f.status == MIGRATE_SETUP)
        return;
    fprintf(c->out, "transferred ram: %" PRIu64 " kbytes\nthroughput: %.2f mbps\nremaining ram: %" PRIu64 " kbytes\ntotal ram: %" PRIu64 " kbytes\n",
            f.transferred >> 10, (double)f.rate * 8 / 1e6, f.remaining >> 10, f.total >> 10);
    fprintf(c->out, "duplicate: %" PRIu64 " pages\nskipped: 0 pages\nnormal: %" PRIu64 " pages\nnormal bytes: %" PRIu64 " kbytes\ndirty sync count: %" PRIu64
                    "\npage size: %d kbytes\nmultifd bytes: 0 kbytes\npages-per-second: %" PRIu64 "\nprecopy ram: %" PRIu64 " kbytes\n",
            f.zero, f.normal, f.normal * PAGE_BYTES >> 10, f.rounds, PAGE_BYTES >> 10, f.pages_per_second, f.precopy >> 10);
    if (f.downtime_bytes)
        fprintf(c->out, "downtime ram: %" PRIu64 " kbytes\n", f.downtime_bytes >> 10);
}

static void info_capabilities(struct monitor_call *c)
{
    for (const struct migrate_capability *k = migrate_capabilities(c->machine); k->name; k++)
        fprintf(c->out, "%s: %s\n", k->name, k->value ? "on" : "off");
}

static void info_parameters(struct monitor_call *c)
{
    char text[64];
    for (const struct migrate_parameter *p = migrate_parameter_rows; p->name; p++) {
        uint64_t v = *migrate_parameter_value(c->machine, p);
        switch (p->kind) {
        case MIGRATE_NUMBER:
            snprintf(text, sizeof text, "%" PRIu64, v);
            break;
        case MIGRATE_TRUTH:
            snprintf(text, sizeof text, "%s", v ? "on" : "off");
            break;
        case MIGRATE_CHOICE:
            migrate_choice_text(p, v, text, sizeof text);
            break;
        case MIGRATE_TEXT:
            snprintf(text, sizeof text, "''");
            break;
        }
        fprintf(c->out, "%s: %s\n", p->name, text);
    }
}

static const char *next_parameter(struct machine *m, unsigned k)
{
    for (const struct migrate_parameter *p = migrate_parameter_rows; p->name; p++)
        if (!k--)
            return p->name;
    return NULL;
}
static const char *next_capability(struct machine *m, unsigned k)
{
    for (const struct migrate_capability *p = migrate_capabilities(m); p->name; p++)
        if (!k--)
            return p->name;
    return NULL;
}

static const struct monitor_command commands[] = {
    { "migrate", "[-d] URI", "moves the machine, or its state, to tcp:HOST:PORT unix:PATH exec:COMMAND file:PATH fd:NAME; -d: in the background", 1, 2, cmd_migrate },
    { "migrate_incoming", "URI", "where the state comes from, after -incoming defer", 1, 1, cmd_incoming },
    { "migrate_cancel", "", "gives the migration up", 0, 0, cmd_cancel },
    { "migrate_set_capability", "NAME on|off", "how migrations are done", 2, 2, cmd_set_capability, next_capability },
    { "migrate_set_parameter", "NAME VALUE", "likewise; sizes may have suffixes", 2, 2, cmd_set_parameter, next_parameter },
    { NULL }
};
static const struct monitor_command info[] = {
    { "migrate", "", "the last migration and its figures", 0, 0, info_migrate },
    { "migrate_capabilities", "", "what migrations can do", 0, 0, info_capabilities },
    { "migrate_parameters", "", "how migrations are done", 0, 0, info_parameters },
    { NULL }
};

void migrate_monitor_add(void) { monitor_add(commands, info); }
