/*
 * Sections of a stream: the fields of one device, of one processor (state.h).
 *
 * A section is read as a whole before anything of it is believed; its fields are then held against the rows. A row whose
 * field is not there, a field that no row has, another size: each is refused by its name.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"
#include "stream.h"

enum { MAX_FIELDS = 4096, MAX_BYTES = 64 << 20, NAME = 128 };

struct value { char name[NAME]; uint32_t size, at; };
struct section {
    char name[256];
    uint32_t version, n;
    struct value *values;
    uint8_t *bytes;
    size_t nbytes;
};

const char *section_name(const struct section *s) { return s->name; }

/* -------------------------------------------------------------------------- writing */

static bool is_zero(const uint8_t *at, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (at[k])
            return false;
    return true;
}

static bool is_written(const struct field *f, const void *base)
{
    return f->kind != FIELD_SPARSE || !is_zero((const uint8_t *)base + f->offset, f->size);
}

void state_save(struct stream *s, const char *name, uint32_t version, const struct state_part *parts, unsigned n)
{
    uint32_t count = 0;
    for (unsigned k = 0; k < n; k++)
        for (const struct field *f = parts[k].fields; f && f->name; f++)
            count += is_written(f, parts[k].base);
    stream_put_number(s, 'S', 1);
    stream_put_text(s, name);
    stream_put_number(s, version, 4);
    stream_put_number(s, count, 4);
    for (unsigned k = 0; k < n; k++)
        for (const struct field *f = parts[k].fields; f && f->name; f++)
            if (is_written(f, parts[k].base)) {
                stream_put_text(s, f->name);
                stream_put_number(s, f->size, 4);
                stream_put(s, (const uint8_t *)parts[k].base + f->offset, f->size);
            }
}

/* -------------------------------------------------------------------------- reading */

void section_free(struct section *s)
{
    if (!s)
        return;
    free(s->values);
    free(s->bytes);
    free(s);
}

static bool add_value(struct stream *in, struct section *s, struct value *v)
{
    stream_get_text(in, v->name, sizeof v->name);
    v->size = (uint32_t)stream_get_number(in, 4);
    if (stream_failed(in))
        return false;
    if (v->size > MAX_BYTES - s->nbytes) {
        stream_fail(in, "the stream is damaged: '%s' has a field '%s' of %u bytes", s->name, v->name, v->size);
        return false;
    }
    /* No more memory than has come: a size may be a lie. */
    v->at = (uint32_t)s->nbytes;
    for (uint32_t left = v->size; left;) {
        uint32_t k = left < 64 << 10 ? left : 64 << 10;
        uint8_t *more = realloc(s->bytes, s->nbytes + k);
        if (!more) {
            stream_fail(in, "no memory");
            return false;
        }
        s->bytes = more;
        if (!stream_get(in, s->bytes + s->nbytes, k))
            return false;
        s->nbytes += k;
        left -= k;
    }
    return true;
}

struct section *section_read(struct stream *in)
{
    struct section *s = calloc(1, sizeof *s);
    if (!s) {
        stream_fail(in, "no memory");
        return NULL;
    }
    stream_get_text(in, s->name, sizeof s->name);
    s->version = (uint32_t)stream_get_number(in, 4);
    uint32_t n = (uint32_t)stream_get_number(in, 4);
    if (!stream_failed(in) && n > MAX_FIELDS)
        stream_fail(in, "the stream is damaged: '%s' has %u fields", s->name, n);
    if (!stream_failed(in) && !(s->values = calloc(n + 1, sizeof *s->values)))
        stream_fail(in, "no memory");
    while (!stream_failed(in) && s->n < n && add_value(in, s, &s->values[s->n]))
        s->n++;
    if (!stream_failed(in))
        return s;
    section_free(s);
    return NULL;
}

static const struct value *find(const struct section *s, const char *name, unsigned *count)
{
    const struct value *found = NULL;
    *count = 0;
    for (unsigned k = 0; k < s->n; k++)
        if (!strcmp(s->values[k].name, name)) {
            found = &s->values[k];
            ++*count;
        }
    return found;
}

static bool is_row(const struct state_part *parts, unsigned n, const char *name)
{
    for (unsigned k = 0; k < n; k++)
        for (const struct field *f = parts[k].fields; f && f->name; f++)
            if (!strcmp(f->name, name))
                return true;
    return false;
}

/* The reason why the value can't be the field's; false: it can. */
static bool refused(const struct field *f, const struct value *v, const uint8_t *bytes, char *err, size_t errlen)
{
    uint64_t number = 0;
    if (v->size != f->size) {
        snprintf(err, errlen, "field '%s' has %u bytes in the stream, and %u here", f->name, v->size, f->size);
        return true;
    }
    if (f->kind == FIELD_TRUTH)
        for (uint32_t k = 0; k < v->size; k++)
            if (bytes[k] > 1) {
                snprintf(err, errlen, "field '%s' should be true or false, and is %u", f->name, bytes[k]);
                return true;
            }
    if (f->kind == FIELD_LIMIT) {
        memcpy(&number, bytes, f->size < 8 ? f->size : 8);
        if (number > f->most) {
            snprintf(err, errlen, "field '%s' should be at most %" PRIu64 ", and is %" PRIu64, f->name, f->most, number);
            return true;
        }
    }
    return false;
}

bool state_load(const struct section *s, uint32_t version, const struct state_part *parts, unsigned n, char *err, size_t errlen)
{
    unsigned count;
    if (s->version > version) {
        snprintf(err, errlen, "it is of version %u in the stream, and this myna knows it up to version %u", s->version, version);
        return false;
    }
    for (unsigned k = 0; k < s->n; k++)
        if (!is_row(parts, n, s->values[k].name)) {
            snprintf(err, errlen, "the stream has a field '%s', which is not known here", s->values[k].name);
            return false;
        }
    for (unsigned k = 0; k < n; k++)
        for (const struct field *f = parts[k].fields; f && f->name; f++) {
            const struct value *v = find(s, f->name, &count);
            uint8_t *to = (uint8_t *)parts[k].base + f->offset;
            if (!v && f->kind == FIELD_SPARSE) {
                memset(to, 0, f->size);
            } else if (!v && f->since > s->version) {
                continue; /* as after a reset */
            } else if (!v || count > 1) {
                snprintf(err, errlen, v ? "the stream has field '%s' twice" : "the stream has no field '%s'", f->name);
                return false;
            } else if (refused(f, v, s->bytes + v->at, err, errlen)) {
                return false;
            } else {
                memcpy(to, s->bytes + v->at, f->size);
            }
        }
    return true;
}
