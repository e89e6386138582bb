/*
 * Types of QMP: arguments held against them, and query-qmp-schema (QEMU's documentation of SchemaInfo), both from the words
 * of the tables.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "qmp.h"

/* Integers have a range: bits, with a sign or without. */
static const struct builtin { const char *name, *shown, *json, *said; int bits; } builtins[] = {
    { "str", "str", "string", "a string", 0 }, { "int", "int", "int", "an integer", -64 }, { "number", "number", "number", "a number", 0 },
    { "bool", "bool", "boolean", "true or false", 0 }, { "null", "null", "null", "null", 0 }, { "any", "any", "value", "a value", 0 },
    { "size", "int", "int", "a size", 64 }, { "uint64", "int", "int", "an integer", 64 }, { "uint32", "int", "int", "an integer of 32 bits", 32 },
    { "uint16", "int", "int", "an integer of 16 bits", 16 }, { "uint8", "int", "int", "an integer of 8 bits", 8 },
    { "int32", "int", "int", "an integer of 32 bits with a sign", -32 }, { NULL }
};

static const struct builtin *builtin(const char *name)
{
    for (const struct builtin *b = builtins; b->name; b++)
        if (!strcmp(b->name, name))
            return b;
    return NULL;
}

static const struct qmp_type *type_find(const char *name)
{
    const struct qmp_type *t;
    for (unsigned k = 0; (t = qmp_type_at(k)); k++)
        if (!strcmp(t->name, name))
            return t;
    return NULL;
}

/* ------------------------------------------------------------------------- words */

static void skip(const char **at, const char *what) { *at += strspn(*at, what); }

static void word(const char **at, char to[64])
{
    size_t n = strcspn(*at, " ,:=|]");
    snprintf(to, 64, "%.*s", (int)n, *at);
    *at += n;
}

bool qmp_next_member(const char **at, struct qmp_member *m)
{
    skip(at, " ,");
    if (!**at || **at == '|')
        return false;
    m->optional = **at == '*';
    *at += m->optional;
    word(at, m->name);
    skip(at, " :");
    m->list = **at == '[';
    *at += m->list;
    word(at, m->type);
    skip(at, " ]");
    return true;
}

/* The next value of an enum. */
static bool next_value(const char **at, char value[64])
{
    skip(at, " ,");
    if (!**at)
        return false;
    word(at, value);
    return true;
}

/* The tag's member of a union's words, and where its branches begin. */
static const char *branches(const struct qmp_type *t, char tag[64])
{
    const char *at = t->text + strcspn(t->text, "|");
    skip(&at, "| ");
    word(&at, tag);
    skip(&at, "| ");
    return at;
}
static bool next_branch(const char **at, char value[64], char type[64])
{
    skip(at, " ,");
    if (!**at)
        return false;
    word(at, value);
    skip(at, " =");
    word(at, type);
    return true;
}

/* ------------------------------------------------------------------------ checking */

struct path { const struct path *up; const char *name; size_t index; };

static void print_path(const struct path *p, char *text, size_t n)
{
    size_t at = 0;
    if (p->up && (p->up->up || p->up->name)) {
        print_path(p->up, text, n);
        at = strlen(text);
    }
    if (p->name)
        snprintf(text + at, n - at, "%s%s", at ? "." : "", p->name);
    else
        snprintf(text + at, n - at, "[%zu]", p->index);
}

static bool complain(struct qmp_call *c, const struct path *p, const char *should)
{
    char text[256] = "";
    print_path(p, text, sizeof text);
    qmp_fail(c, QMP_GENERIC, "the argument '%s' should be %s", text, should);
    return false;
}

static bool check_type(struct qmp_call *c, const char *type, bool list, json_t *v, const struct path *p);

static bool in_range(const struct builtin *b, json_int_t v)
{
    if (b->bits == 64 || b->bits == -64)
        return true; /* unsigned ones come as the same 64 bits */
    return b->bits > 0 ? v >= 0 && v >> b->bits == 0 : v >= INT32_MIN && v <= INT32_MAX;
}

static bool check_builtin(struct qmp_call *c, const struct builtin *b, json_t *v, const struct path *p)
{
    bool ok = false;
    switch (*b->json) {
    case 's':
        ok = json_is_string(v);
        break;
    case 'i':
        ok = json_is_integer(v) && in_range(b, json_integer_value(v));
        break;
    case 'b':
        ok = json_is_boolean(v);
        break;
    case 'v':
        ok = true;
        break;
    case 'n':
        ok = b->json[2] == 'l' ? json_is_null(v) : json_is_number(v);
        break;
    }
    return ok || complain(c, p, b->said);
}

/* The members of up to two lists of words (a union's own and its branch's). */
static bool check_members(struct qmp_call *c, const char *words[2], json_t *v, const struct path *p, bool open)
{
    struct qmp_member m;
    json_t *member;
    const char *key;
    char text[256] = "";
    if (!json_is_object(v))
        return complain(c, p, "an object");
    for (unsigned k = 0; k < 2; k++)
        for (const char *at = words[k]; at && qmp_next_member(&at, &m);) {
            struct path here = { p, m.name, 0 };
            if ((member = json_object_get(v, m.name))) {
                if (!check_type(c, m.type, m.list, member, &here))
                    return false;
            } else if (!m.optional) {
                print_path(&here, text, sizeof text);
                qmp_fail(c, QMP_GENERIC, "the argument '%s' is missing", text);
                return false;
            }
        }
    json_object_foreach(v, key, member) {
        bool known = open;
        for (unsigned k = 0; k < 2 && !known; k++)
            for (const char *at = words[k]; at && !known && qmp_next_member(&at, &m);)
                known = !strcmp(m.name, key);
        if (!known) {
            struct path here = { p, key, 0 };
            print_path(&here, text, sizeof text);
            qmp_fail(c, QMP_GENERIC, "there is no argument '%s'", text);
            return false;
        }
    }
    return true;
}

static bool check_enum(struct qmp_call *c, const struct qmp_type *t, json_t *v, const struct path *p)
{
    char value[64], text[160] = "";
    if (!json_is_string(v))
        return complain(c, p, "a string");
    for (const char *at = t->text; next_value(&at, value);)
        if (!strcmp(value, json_string_value(v)))
            return true;
    print_path(p, text, sizeof text);
    qmp_fail(c, QMP_GENERIC, "the argument '%s' can't be '%.100s': it may be %.150s", text, json_string_value(v), t->text);
    return false;
}

static bool check_union(struct qmp_call *c, const struct qmp_type *t, json_t *v, const struct path *p, bool open)
{
    char tag[64], value[64], type[64];
    const char *words[2] = { t->text, NULL }, *at = branches(t, tag), *chosen = json_string_value(json_object_get(v, tag));
    while (chosen && !words[1] && next_branch(&at, value, type))
        if (!strcmp(value, chosen)) {
            const struct qmp_type *b = type_find(type);
            words[1] = b ? b->text : NULL;
            if (b && b->kind == QMP_UNION)
                return check_union(c, b, v, p, true);
        }
    return check_members(c, words, v, p, open);
}

/* What an alternate of that type would be in JSON: 's'tring, 'o'bject, 'n'umber, 'b'oolean, 'a'rray, '0' null. */
static char json_kind(const char *type, bool list)
{
    const struct builtin *b = builtin(type);
    const struct qmp_type *t = b ? NULL : type_find(type);
    if (list)
        return 'a';
    if (b)
        return *b->json == 'i' ? 'n' : !strcmp(b->json, "null") ? '0' : *b->json;
    return t && t->kind == QMP_ENUM ? 's' : 'o';
}

static bool check_alternate(struct qmp_call *c, const struct qmp_type *t, json_t *v, const struct path *p)
{
    char kind = json_is_string(v) ? 's' : json_is_object(v) ? 'o' : json_is_number(v) ? 'n' : json_is_boolean(v) ? 'b' : json_is_array(v) ? 'a' : '0';
    struct qmp_member m;
    for (const char *at = t->text; qmp_next_member(&at, &m);)
        if (json_kind(m.type, m.list) == kind)
            return check_type(c, m.type, m.list, v, p);
    return complain(c, p, t->name);
}

static bool check_type(struct qmp_call *c, const char *type, bool list, json_t *v, const struct path *p)
{
    if (list) {
        size_t k;
        json_t *one;
        if (!json_is_array(v))
            return complain(c, p, "an array");
        json_array_foreach(v, k, one) {
            struct path here = { p, NULL, k };
            if (!check_type(c, type, false, one, &here))
                return false;
        }
        return true;
    }
    const struct builtin *b = builtin(type);
    if (b)
        return check_builtin(c, b, v, p);
    const struct qmp_type *t = type_find(type);
    if (!t)
        return true;
    switch (t->kind) {
    case QMP_ENUM:
        return check_enum(c, t, v, p);
    case QMP_UNION:
        return check_union(c, t, v, p, false);
    case QMP_ALTERNATE:
        return check_alternate(c, t, v, p);
    case QMP_STRUCT:
        break;
    }
    return check_members(c, (const char *[2]){ t->text, NULL }, v, p, false);
}

bool qmp_check(struct qmp_call *c)
{
    const char *text = c->command->args;
    const struct path root = { NULL, NULL, 0 };
    if (*text && !strchr(text, ':')) {
        const struct qmp_type *t = type_find(text);
        if (t && t->kind == QMP_UNION)
            return check_union(c, t, c->args, &root, c->command->open);
        text = t ? t->text : "";
    }
    return check_members(c, (const char *[2]){ text, NULL }, c->args, &root, c->command->open);
}

/* ------------------------------------------------------------------- introspection */

struct schema { json_t *all; const char *seen[1024]; unsigned nseen; };

/* True the first time. */
static bool first_time(struct schema *s, const char *name)
{
    for (unsigned k = 0; k < s->nseen; k++)
        if (!strcmp(s->seen[k], name))
            return false;
    if (s->nseen == sizeof s->seen / sizeof *s->seen)
        return false;
    s->seen[s->nseen++] = strdup(name);
    return true;
}

static void add(struct schema *s, json_t *v) { json_array_append_new(s->all, v); }

static json_t *use(struct schema *s, const char *type, bool list);

static json_t *members_of(struct schema *s, const char *text)
{
    json_t *all = json_array();
    struct qmp_member m;
    while (qmp_next_member(&text, &m)) {
        json_t *one = json_pack("{s:s,s:o}", "name", m.name, "type", use(s, m.type, m.list));
        if (m.optional)
            json_object_set_new(one, "default", json_null());
        json_array_append_new(all, one);
    }
    return all;
}

static void add_enum(struct schema *s, const struct qmp_type *t)
{
    json_t *values = json_array(), *members = json_array();
    char value[64];
    for (const char *at = t->text; next_value(&at, value);) {
        json_array_append_new(values, json_string(value));
        json_array_append_new(members, json_pack("{s:s}", "name", value));
    }
    add(s, json_pack("{s:s,s:s,s:o,s:o}", "name", t->name, "meta-type", "enum", "members", members, "values", values));
}

static void add_union(struct schema *s, const struct qmp_type *t)
{
    char tag[64], value[64], type[64], other[64];
    const char *from = branches(t, tag), *values = NULL;
    struct qmp_member m;
    json_t *variants = json_array();
    for (const char *at = t->text; qmp_next_member(&at, &m);)
        if (!strcmp(m.name, tag) && type_find(m.type))
            values = type_find(m.type)->text;
    while (values && next_value(&values, value)) {
        const char *branch = NULL;
        for (const char *at = from; !branch && next_branch(&at, other, type);)
            if (!strcmp(other, value))
                branch = type;
        json_array_append_new(variants, json_pack("{s:s,s:o}", "case", value, "type", use(s, branch ? branch : "q_empty", false)));
    }
    add(s, json_pack("{s:s,s:s,s:o,s:s,s:o}", "name", t->name, "meta-type", "object", "members", members_of(s, t->text), "tag", tag, "variants",
                     variants));
}

static void add_type(struct schema *s, const struct qmp_type *t)
{
    json_t *all;
    struct qmp_member m;
    switch (t->kind) {
    case QMP_ENUM:
        add_enum(s, t);
        return;
    case QMP_UNION:
        add_union(s, t);
        return;
    case QMP_STRUCT:
        add(s, json_pack("{s:s,s:s,s:o}", "name", t->name, "meta-type", "object", "members", members_of(s, t->text)));
        return;
    case QMP_ALTERNATE:
        all = json_array();
        for (const char *at = t->text; qmp_next_member(&at, &m);)
            json_array_append_new(all, json_pack("{s:o}", "type", use(s, m.type, m.list)));
        add(s, json_pack("{s:s,s:s,s:o}", "name", t->name, "meta-type", "alternate", "members", all));
        return;
    }
}

/* The type's name, which is described too. */
static json_t *use(struct schema *s, const char *type, bool list)
{
    char name[72];
    const struct builtin *b = builtin(type);
    const struct qmp_type *t = b ? NULL : type_find(type);
    snprintf(name, sizeof name, list ? "[%s]" : "%s", b ? b->shown : type);
    if (!first_time(s, name))
        return json_string(name);
    if (list)
        add(s, json_pack("{s:s,s:s,s:o}", "name", name, "meta-type", "array", "element-type", use(s, type, false)));
    else if (b)
        add(s, json_pack("{s:s,s:s,s:s}", "name", name, "meta-type", "builtin", "json-type", b->json));
    else if (t)
        add_type(s, t);
    else
        add(s, json_pack("{s:s,s:s,s:[]}", "name", name, "meta-type", "object", "members"));
    return json_string(name);
}

/* An argument's or event's members as a type of its own. */
static json_t *use_words(struct schema *s, const char *text, const char *of)
{
    char name[96];
    if (!*text)
        return use(s, "q_empty", false);
    if (!strchr(text, ':'))
        return use(s, text, false);
    snprintf(name, sizeof name, "q_obj_%s-arg", of);
    add(s, json_pack("{s:s,s:s,s:o}", "name", name, "meta-type", "object", "members", members_of(s, text)));
    return json_string(name);
}

json_t *qmp_schema(void)
{
    struct schema s = { json_array() };
    const struct qmp_command *c;
    const struct qmp_event *e;
    for (unsigned k = 0; (c = qmp_command_at(k)); k++) {
        bool list = *c->returns == '[';
        char returns[64];
        snprintf(returns, sizeof returns, "%s", c->returns + list);
        returns[strcspn(returns, "]")] = 0;
        add(&s, json_pack("{s:s,s:s,s:o,s:o}", "name", c->name, "meta-type", "command", "arg-type", use_words(&s, c->args, c->name), "ret-type",
                          use(&s, *returns ? returns : "q_empty", list)));
    }
    for (unsigned k = 0; (e = qmp_event_at(k)); k++)
        add(&s, json_pack("{s:s,s:s,s:o}", "name", e->name, "meta-type", "event", "arg-type", use_words(&s, e->data, e->name)));
    for (unsigned k = 0; k < s.nseen; k++)
        free((char *)s.seen[k]);
    return s.all;
}

/* ------------------------------------------------------------------------ flat text */

static void flatten(json_t *v, const char *name, FILE *f, bool *first)
{
    const char *key;
    json_t *one;
    size_t k;
    char path[256];
    if (json_is_object(v)) {
        json_object_foreach(v, key, one) {
            snprintf(path, sizeof path, "%s%s%s", name, *name ? "." : "", key);
            flatten(one, path, f, first);
        }
        return;
    }
    if (json_is_array(v)) {
        json_array_foreach(v, k, one) {
            snprintf(path, sizeof path, "%s.%zu", name, k);
            flatten(one, path, f, first);
        }
        return;
    }
    fprintf(f, "%s%s=", *first ? "" : ",", name);
    *first = false;
    if (json_is_string(v))
        for (const char *p = json_string_value(v); *p; p++)
            fprintf(f, *p == ',' ? ",," : "%c", *p);
    else if (json_is_boolean(v))
        fputs(json_is_true(v) ? "on" : "off", f);
    else if (json_is_integer(v))
        fprintf(f, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        fprintf(f, "%.17g", json_real_value(v));
}

char *qmp_flatten(json_t *object, const char *skip)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    const char *key;
    json_t *v;
    bool first = true;
    if (!f)
        return NULL;
    json_object_foreach(object, key, v)
        if (!skip || strcmp(key, skip))
            flatten(v, key, f, &first);
    fclose(f);
    return text;
}
