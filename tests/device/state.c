/*
 * State that is saved: every device type says what its state is; streams and sections, right, wrong and damaged.
 *
 * The format is that of docs/migration.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "migrate/stream.h"

static unsigned failures;
#define CHECK(what) \
    do { \
        if (!(what)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
            failures++; \
        } \
    } while (0)

/* ------------------------------------------------------------------------------- types */

static void check_rows(const struct device_type *t, const struct field *rows)
{
    for (const struct field *f = rows; f && f->name; f++) {
        bool good = f->size && f->offset >= sizeof(struct device) && f->size <= t->size - f->offset && f->since <= t->version && (f->kind != FIELD_LIMIT || f->size <= 8);
        for (const struct field *o = rows; o != f; o++)
            good = good && strcmp(o->name, f->name) != 0;
        for (const struct field *o = rows == t->base_fields ? NULL : t->base_fields; o && o->name; o++)
            good = good && strcmp(o->name, f->name) != 0;
        if (!good) {
            fprintf(stderr, "%s: field %s makes no sense, or is there twice\n", t->name, f->name);
            failures++;
        }
    }
}

/* A device has fields, or says why it has none. */
static void every_type(void)
{
    for (const struct device_type *const *t = device_types(); *t; t++) {
        bool has = ((*t)->fields && (*t)->fields->name) || ((*t)->base_fields && (*t)->base_fields->name);
        if (has == ((*t)->no_fields != NULL)) {
            fprintf(stderr, "%s: %s\n", (*t)->name, has ? "it has fields, and says why it has none" : "it has no fields, and does not say why");
            failures++;
        }
        check_rows(*t, (*t)->base_fields);
        check_rows(*t, (*t)->fields);
    }
}

/* ----------------------------------------------------------------------------- streams */

struct memory { struct channel c; uint8_t *at; size_t n, room, read; };

static bool memory_write(struct channel *c, const void *from, size_t n, char *err, size_t errlen)
{
    struct memory *m = (struct memory *)c;
    if (m->n + n > m->room)
        m->at = realloc(m->at, m->room = 2 * (m->n + n));
    memcpy(m->at + m->n, from, n);
    m->n += n;
    return true;
}

static bool memory_read(struct channel *c, void *to, size_t n, char *err, size_t errlen)
{
    struct memory *m = (struct memory *)c;
    if (n > m->n - m->read) {
        snprintf(err, errlen, "the stream ends too early");
        return false;
    }
    memcpy(to, m->at + m->read, n);
    m->read += n;
    return true;
}

struct thing { uint32_t a; bool b; uint8_t c, table[40000]; uint64_t rare; uint16_t late; };
static const struct field thing_fields[] = {
    FIELD(struct thing, a), FIELD(struct thing, b), FIELD_UP_TO(struct thing, c, 7), FIELD(struct thing, table),
    { "rare", offsetof(struct thing, rare), 8, FIELD_SPARSE, 0, 0 }, FIELD_SINCE(struct thing, late, 2), { NULL }
};

static void write_thing(struct memory *m, enum stream_compression how, struct thing *t, const struct field *fields, uint32_t version)
{
    char err[256];
    struct state_part part = { fields, t };
    *m = (struct memory){ .c = { memory_write, memory_read, NULL } };
    struct stream *s = stream_new_writer(&m->c, how, 0, 0, err, sizeof err);
    state_save(s, "thing", version, &part, 1);
    stream_put_number(s, 'E', 1);
    stream_finish(s);
    CHECK(!stream_failed(s));
    stream_free(s);
}

/* What is wrong; "": nothing. */
static const char *read_thing(struct memory *m, struct thing *t, uint32_t version)
{
    static char err[256];
    struct state_part part = { thing_fields, t };
    m->read = 0;
    *err = 0;
    struct stream *s = stream_new_reader(&m->c, err, sizeof err);
    if (!s)
        return err;
    uint8_t kind = (uint8_t)stream_get_number(s, 1), more;
    struct section *c = kind == 'S' ? section_read(s) : NULL;
    if (c) {
        bool good = state_load(c, version, &part, 1, err, sizeof err);
        CHECK(good == !*err);
        section_free(c);
        if (!*err && (stream_get_number(s, 1) != 'E' || stream_peek(s, &more) || !stream_ended(s)))
            snprintf(err, sizeof err, "the end is wrong: %s", stream_error(s));
    } else {
        snprintf(err, sizeof err, "%s", stream_failed(s) ? stream_error(s) : "no section");
    }
    stream_free(s);
    return err;
}

static struct thing a_thing(void)
{
    struct thing t = { .a = 0x12345678, .b = true, .c = 7, .late = 99 };
    for (size_t k = 0; k < sizeof t.table; k++)
        t.table[k] = (uint8_t)(k * k >> 7);
    return t;
}

static void there_and_back(void)
{
    for (unsigned how = 0; how <= STREAM_ZSTD; how++) {
        struct thing t = a_thing(), back = { .rare = 5 };
        struct memory m;
        if (!stream_can((enum stream_compression)how))
            continue;
        t.rare = how == 1 ? 77 : 0;
        write_thing(&m, (enum stream_compression)how, &t, thing_fields, 2);
        CHECK(!strcmp(read_thing(&m, &back, 2), ""));
        CHECK(!memcmp(&back.table, &t.table, sizeof t.table) && back.a == t.a && back.b && back.c == 7 && back.rare == t.rare && back.late == 99);
        /* A bit that is another is found, or means nothing (zstd has such), and so is every end that is too early. */
        for (size_t k = 0; k < m.n; k += k < 200 || k > m.n - 200 ? 1 : 97) {
            m.at[k] ^= 0x10;
            if (k < 28 || k >= 32) /* the head's last word means nothing yet */
                CHECK(*read_thing(&m, &back, 2) || (how == STREAM_ZSTD && !memcmp(&back.table, &t.table, sizeof t.table)));
            m.at[k] ^= 0x10;
            size_t whole = m.n;
            m.n = k;
            CHECK(*read_thing(&m, &back, 2));
            m.n = whole;
        }
        free(m.at);
    }
}

/* Fields that are not as the rows say are named. */
static void refused(const struct field *fields, uint32_t version, struct thing t, const char *wanted)
{
    struct memory m;
    struct thing back = { 0 };
    write_thing(&m, STREAM_PLAIN, &t, fields, version);
    const char *why = read_thing(&m, &back, 2);
    if (*wanted ? !strstr(why, wanted) : *why != 0) {
        fprintf(stderr, "'%s', not '%s'\n", why, wanted);
        failures++;
    }
    free(m.at);
}

static void names(void)
{
    struct thing t = a_thing(), bad = t;
    struct field f[8];
    memcpy(f, thing_fields, sizeof thing_fields);
    refused(f, 2, t, "");
    refused(f, 3, t, "version 3");
    f[5] = (struct field){ NULL };
    refused(f, 1, t, ""); /* `late` came with version 2 */
    refused(f, 2, t, "no field 'late'");
    memcpy(f, thing_fields, sizeof thing_fields);
    f[0].name = "other";
    refused(f, 2, t, "field 'other'");
    memcpy(f, thing_fields, sizeof thing_fields);
    f[0].size = 8;
    refused(f, 2, t, "field 'a' has 8 bytes in the stream, and 4 here");
    memcpy(f, thing_fields, sizeof thing_fields);
    f[1] = f[0];
    refused(f, 2, t, "field 'a' twice");
    bad.c = 8;
    refused(thing_fields, 2, bad, "field 'c' should be at most 7, and is 8");
    bad = t;
    memset(&bad.b, 2, 1);
    refused(thing_fields, 2, bad, "field 'b' should be true or false");
}

/* Sizes that are lies: no memory is taken for what does not come. */
static void lies(void)
{
    static const struct { uint8_t bytes[32]; size_t n; } bad[] = {
        { { 'S', 1, 0, 'x', 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }, 12 },                         /* 2^32 fields */
        { { 'S', 1, 0, 'x', 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 'f', 0xff, 0xff, 0xff, 0xff }, 19 },  /* a field of 4 GiB */
        { { 'S', 1, 0, 'x', 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 'f', 0, 0, 0, 3 }, 19 },              /* of 48 MiB */
        { { 'S', 0xff, 0xff, 'x' }, 4 },                                                        /* a name of 65535 bytes */
        { { 'S', 2, 0, 'x', 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 13 },                                  /* with a zero in it */
    };
    for (unsigned k = 0; k < sizeof bad / sizeof *bad; k++) {
        struct memory m = { .c = { memory_write, memory_read, NULL } };
        struct thing t = { 0 };
        char err[256];
        struct stream *s = stream_new_writer(&m.c, STREAM_PLAIN, 0, 0, err, sizeof err);
        stream_put(s, bad[k].bytes, bad[k].n);
        stream_finish(s);
        stream_free(s);
        CHECK(*read_thing(&m, &t, 2));
        free(m.at);
    }
}

int main(void)
{
    every_type();
    there_and_back();
    names();
    lies();
    return failures != 0;
}
