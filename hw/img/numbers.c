/*
 * Sizes and other values of options as they are typed and as they are shown.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "img.h"

static const char units[] = "kmgtpe";

/* b: 1, k: 1024 ...; 0: no suffix of ours. */
static uint64_t unit(const char *s)
{
    if (!*s || (!strcasecmp(s, "b")))
        return 1;
    const char *u = strchr(units, tolower((unsigned char)*s));
    return u && !s[1] ? 1ull << 10 * (u - units + 1) : 0;
}

bool size_parse(const char *text, uint64_t *v)
{
    char *end;
    errno = 0;
    if (!isdigit((unsigned char)*text))
        return false;
    if (text[0] == '0' && (text[1] | 0x20) == 'x') {
        *v = strtoull(text, &end, 16);
        return !errno && end > text + 2 && !*end && *v <= INT64_MAX;
    }
    uint64_t whole = strtoull(text, &end, 10), u;
    if (*end != '.') {
        u = unit(end);
        *v = whole * u;
        return !errno && u && whole <= INT64_MAX / u;
    }
    double value = strtod(text, &end);
    u = unit(end);
    if (errno || u < 2 || !isfinite(value) || value * (double)u >= 9.2233720368547758e18)
        return false;
    *v = (uint64_t)(value * (double)u);
    return true;
}

struct size_text size_human(uint64_t v)
{
    struct size_text t;
    double value = (double)v;
    unsigned k = 0;
    for (; value >= 1000 && k < sizeof units - 1; k++)
        value /= 1024;
    snprintf(t.s, sizeof t.s, "%.3g %s%sB", value, k ? (char[]){ (char)toupper(units[k - 1]), 0 } : "", k ? "i" : "");
    return t;
}

bool number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *v)
{
    char *end;
    errno = 0;
    if (!isdigit((unsigned char)*text))
        return false;
    *v = strtoull(text, &end, 0);
    return !errno && !*end && *v >= min && *v <= max;
}

bool cache_parse(const char *text, unsigned *flags)
{
    static const struct { const char *name; unsigned flags; } modes[] = {
        { "writeback", 0 }, { "none", CACHE_TEXT_DIRECT }, { "off", CACHE_TEXT_DIRECT }, { "unsafe", CACHE_TEXT_UNSAFE },
        { "writethrough", CACHE_TEXT_SYNC }, { "directsync", CACHE_TEXT_DIRECT | CACHE_TEXT_SYNC },
    };
    for (unsigned k = 0; k < sizeof modes / sizeof *modes; k++)
        if (!strcmp(modes[k].name, text)) {
            *flags = modes[k].flags;
            return true;
        }
    complain("there is no cache mode %s (none, writeback, unsafe, directsync, writethrough)", text);
    return false;
}

bool output_is_json(const struct args *a, bool *json)
{
    const char *o = a->value[OPT_output];
    *json = o && !strcmp(o, "json");
    if (!o || *json || !strcmp(o, "human"))
        return true;
    complain("%s: --output may be human or json", a->command->name);
    return false;
}
