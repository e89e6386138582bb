/*
 * Options as a flat tree: see opts.h. Lists are short; a linear search is all there is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef MYNA_QMP
#include <jansson.h>
#endif

#include "device.h"
#include "opts.h"

struct opt {
    char *key, *value; /* value NULL: null */
    bool known;
    struct opt *next;
};
struct opts { struct opt *first; };

struct opts *opts_new(void) { return calloc(1, sizeof(struct opts)); }

static void opt_free(struct opt *p)
{
    free(p->key);
    free(p->value);
    free(p);
}

void opts_free(struct opts *o)
{
    while (o && o->first) {
        struct opt *p = o->first;
        o->first = p->next;
        opt_free(p);
    }
    free(o);
}

static struct opt *find(const struct opts *o, const char *key)
{
    struct opt *p = o->first;
    while (p && strcmp(p->key, key))
        p = p->next;
    return p;
}

bool opts_set(struct opts *o, const char *key, const char *value)
{
    struct opt *p = find(o, key), **at = &o->first;
    char *copy = value ? strdup(value) : NULL;
    if (value && !copy)
        return false;
    if (!p) {
        p = calloc(1, sizeof *p);
        if (!p || !(p->key = strdup(key))) {
            free(p);
            free(copy);
            return false;
        }
        while (*at)
            at = &(*at)->next;
        *at = p;
    }
    free(p->value);
    p->value = copy;
    return true;
}

const char *opts_get(struct opts *o, const char *key)
{
    struct opt *p = find(o, key);
    if (!p)
        return NULL;
    p->known = true;
    return p->value;
}

bool opts_has(const struct opts *o, const char *key) { return find(o, key) != NULL; }

void opts_remove(struct opts *o, const char *key)
{
    for (struct opt **at = &o->first; *at; at = &(*at)->next)
        if (!strcmp((*at)->key, key)) {
            struct opt *p = *at;
            *at = p->next;
            opt_free(p);
            return;
        }
}

bool opts_merge(struct opts *o, const char *key, const struct opts *from)
{
    char full[512];
    for (const struct opt *p = from->first; p; p = p->next) {
        int n = snprintf(full, sizeof full, "%s%s%s", key, *key ? "." : "", p->key);
        if (n >= (int)sizeof full || !opts_set(o, full, p->value))
            return false;
    }
    return true;
}

struct opts *opts_copy(const struct opts *o)
{
    struct opts *c = opts_new();
    if (c && o && !opts_merge(c, "", o)) {
        opts_free(c);
        return NULL;
    }
    return c;
}

struct opts *opts_below(struct opts *o, const char *key)
{
    struct opts *below = NULL;
    size_t n = strlen(key);
    for (struct opt *p = o->first; p; p = p->next)
        if (!strncmp(p->key, key, n) && p->key[n] == '.') {
            p->known = true;
            if ((below || (below = opts_new())) && !opts_set(below, p->key + n + 1, p->value))
                return below;
        }
    return below;
}

bool opts_bool(struct opts *o, const char *key, bool *v, char *err, size_t errlen)
{
    const char *text = opts_get(o, key);
    if (!text || parse_bool(text, v))
        return true;
    snprintf(err, errlen, "%s=%s: it should be on or off", key, text);
    return false;
}

bool opts_size(struct opts *o, const char *key, uint64_t *v, char *err, size_t errlen)
{
    const char *text = opts_get(o, key);
    if (!text || parse_number(text, true, INT64_MAX, v))
        return true;
    snprintf(err, errlen, "%s=%s: it should be a number of bytes, with a suffix of k, M, G or T if you like", key, text);
    return false;
}

bool opts_choice(struct opts *o, const char *key, const char *const *names, unsigned *v, char *err, size_t errlen)
{
    const char *text = opts_get(o, key);
    if (!text)
        return true;
    for (unsigned k = 0; names[k]; k++)
        if (!strcmp(text, names[k])) {
            *v = k;
            return true;
        }
    size_t at = (size_t)snprintf(err, errlen, "%s=%s: here it may be", key, text);
    for (unsigned k = 0; names[k] && at < errlen; k++)
        at += (size_t)snprintf(err + at, errlen - at, "%s %s", k ? "," : "", names[k]);
    return false;
}

const char *opts_unknown(const struct opts *o)
{
    for (const struct opt *p = o->first; p; p = p->next)
        if (!p->known)
            return p->key;
    return NULL;
}

const char *opts_key(const struct opts *o, unsigned k, const char **value)
{
    const struct opt *p = o->first;
    for (; p && k; p = p->next)
        k--;
    if (p && value)
        *value = p->value;
    return p ? p->key : NULL;
}

bool opts_parse(struct opts *o, const char *text, char *err, size_t errlen)
{
    struct word w;
    while (next_word(&text, &w))
        if (!opts_set(o, w.name, w.value ? w.value : "on")) {
            snprintf(err, errlen, "no memory");
            return false;
        }
    return true;
}

#ifdef MYNA_QMP
static bool take(struct opts *o, const char *key, json_t *v)
{
    char text[64], full[512];
    const char *name;
    json_t *member;
    size_t k;
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        json_object_foreach(v, name, member) {
            if (snprintf(full, sizeof full, "%s%s%s", key, *key ? "." : "", name) >= (int)sizeof full || !take(o, full, member))
                return false;
        }
        return true;
    case JSON_ARRAY:
        json_array_foreach(v, k, member) {
            if (snprintf(full, sizeof full, "%s.%zu", key, k) >= (int)sizeof full || !take(o, full, member))
                return false;
        }
        return true;
    case JSON_STRING:
        return opts_set(o, key, json_string_value(v));
    case JSON_INTEGER:
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(v));
        return opts_set(o, key, text);
    case JSON_REAL:
        snprintf(text, sizeof text, "%g", json_real_value(v));
        return opts_set(o, key, text);
    case JSON_TRUE:
        return opts_set(o, key, "on");
    case JSON_FALSE:
        return opts_set(o, key, "off");
    case JSON_NULL:
        return opts_set(o, key, NULL);
    }
    return false;
}

bool opts_parse_json(struct opts *o, const char *text, char *err, size_t errlen)
{
    json_error_t why;
    json_t *v = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    bool good = v && json_is_object(v) && take(o, "", v);
    if (!good)
        snprintf(err, errlen, "%s: %s", text, !v ? why.text : json_is_object(v) ? "too deep" : "not a JSON object");
    json_decref(v);
    return good;
}
#else
bool opts_parse_json(struct opts *o, const char *text, char *err, size_t errlen)
{
    snprintf(err, errlen, "%s: this myna was built without JSON (libjansson-dev)", text);
    return false;
}
#endif
