/*
 * -object iothread and secret. See misc.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "misc.h"

/* --------------------------------------------------------------------------- iothread */

bool iothread_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen)
{
    struct iothread *t = malloc(sizeof *t);
    if (!t)
        return snprintf(err, errlen, "iothread: no memory"), false;
    *t = (struct iothread){ .poll_max_ns = 32768 };
    const struct { const char *name; int64_t *to; } numbers[] = {
        { "poll-max-ns", &t->poll_max_ns }, { "poll-grow", &t->poll_grow }, { "poll-shrink", &t->poll_shrink }, { "aio-max-batch", &t->aio_max_batch },
    };
    for (unsigned k = 0; k < n; k++) {
        uint64_t v;
        if (!strcmp(names[k], "id"))
            continue;
        if (!parse_number(values[k], false, INT64_MAX, &v)) {
            snprintf(err, errlen, "iothread: %s=%s: it should be a number", names[k], values[k]);
            free(t);
            return false;
        }
        for (unsigned j = 0; j < sizeof numbers / sizeof *numbers; j++)
            if (!strcmp(names[k], numbers[j].name))
                *numbers[j].to = (int64_t)v;
    }
    backend_add(PROP_IOTHREAD, object_word(n, names, values, "id"), t);
    return true;
}

bool iothread_del(const char *id, char *err, size_t errlen)
{
    struct iothread *t = backend_by_id(PROP_IOTHREAD, id);
    backend_remove(PROP_IOTHREAD, t); /* devices have nothing of it */
    free(t);
    return true;
}

/* ----------------------------------------------------------------------------- secret */

static struct secret { char *id; uint8_t *bytes; size_t n; struct secret *next; } *secrets;

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* RFC 4648, white space between. In place; false: it is none. */
static bool from_base64(uint8_t *p, size_t *n)
{
    size_t kept = 0;
    unsigned have = 0, pads = 0;
    uint32_t bits = 0;
    for (size_t k = 0; k < *n; k++) {
        char c = (char)p[k];
        if (strchr(" \t\r\n", c) && c)
            continue;
        if (c == '=') {
            pads++;
            continue;
        }
        if (digit(c) < 0 || pads)
            return false;
        bits = bits << 6 | (uint32_t)digit(c);
        if (++have == 4) {
            p[kept++] = (uint8_t)(bits >> 16);
            p[kept++] = (uint8_t)(bits >> 8);
            p[kept++] = (uint8_t)bits;
            have = 0;
        }
    }
    if (have == 1 || pads > 2 || (have ? have + pads != 4 : pads))
        return false;
    if (have >= 2)
        p[kept++] = (uint8_t)(bits >> (have == 2 ? 4 : 10));
    if (have == 3)
        p[kept++] = (uint8_t)(bits >> 2);
    *n = kept;
    return true;
}

static bool read_file(const char *path, uint8_t **bytes, size_t *n)
{
    enum { MOST = 64 << 10 };
    FILE *f = fopen(path, "re");
    *bytes = f ? malloc(MOST + 1) : NULL;
    *n = *bytes ? fread(*bytes, 1, MOST, f) : 0;
    bool ok = *bytes && !ferror(f);
    int why = errno;
    if (f)
        fclose(f);
    errno = why;
    return ok;
}

static void drop(struct secret *s)
{
    if (s->bytes)
        explicit_bzero(s->bytes, s->n);
    free(s->bytes);
    free(s->id);
    free(s);
}

bool secret_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen)
{
    const char *id = object_word(n, names, values, "id"), *data = object_word(n, names, values, "data"), *file = object_word(n, names, values, "file");
    const char *format = object_word(n, names, values, "format");
    bool base64 = format && !strcmp(format, "base64");
    struct secret *s = NULL;
    *err = 0;
    if (object_word(n, names, values, "keyid") || object_word(n, names, values, "iv"))
        snprintf(err, errlen, "secret: encrypted ones (keyid=, iv=) are not here");
    else if (!data == !file)
        snprintf(err, errlen, "secret: one of data= and file= is wanted");
    else if (format && !base64 && strcmp(format, "raw"))
        snprintf(err, errlen, "secret: format=%s: it should be raw or base64", format);
    else if (!(s = calloc(1, sizeof *s)) || !(s->id = strdup(id)))
        snprintf(err, errlen, "secret: no memory");
    else if (file && !read_file(file, &s->bytes, &s->n))
        snprintf(err, errlen, "secret: file=%s: %s", file, strerror(errno));
    else if (data && !(s->bytes = (uint8_t *)strdup(data)))
        snprintf(err, errlen, "secret: no memory");
    if (!*err) {
        s->n = data ? strlen(data) : s->n;
        if (base64 && !from_base64(s->bytes, &s->n))
            snprintf(err, errlen, "secret: it is no base64");
    }
    if (*err) {
        if (s)
            drop(s);
        return false;
    }
    s->bytes[s->n] = 0;
    s->next = secrets;
    secrets = s;
    return true;
}

const uint8_t *secret_bytes(const char *id, size_t *n)
{
    struct secret *s = secrets;
    while (s && strcmp(s->id, id))
        s = s->next;
    *n = s ? s->n : 0;
    return s ? s->bytes : NULL;
}

bool secret_del(const char *id, char *err, size_t errlen)
{
    struct secret **at = &secrets, *s;
    while (strcmp((*at)->id, id))
        at = &(*at)->next;
    s = *at;
    *at = s->next;
    drop(s);
    return true;
}
