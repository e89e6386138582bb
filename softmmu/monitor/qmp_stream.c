/*
 * JSON texts out of a stream of bytes (QMP specification, 2.5 "Protocol Specification" and "Forcing the JSON parser into
 * known-good state"), however the bytes are cut into pieces.
 *
 * This finds where a text ends and holds it against the limits; the library parses it. What QMP takes beyond JSON is rewritten
 * here: strings in single quotes, \' in strings, integers from 2^63 up (as the negative numbers of the same 64 bits, which
 * is how unsigned arguments read them). A byte that belongs to no JSON (a control character, 0xff, any other mark
 * outside of strings) is an error that ends the text, and what follows up to the next bracket, comma, colon or space is
 * skipped: so a client can always get back to a known state.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qmp_stream.h"

enum { BARE, STRING, ESCAPE, SKIP };
#define NO_WORD (~(size_t)0)

void qmp_stream_reset(struct qmp_stream *s)
{
    s->n = 0;
    s->depth = 0;
    s->state = BARE;
    s->word = NO_WORD;
    if (s->cap > 65536) {
        free(s->text);
        s->text = NULL;
        s->cap = 0;
    }
}

void qmp_stream_free(struct qmp_stream *s)
{
    free(s->text);
    *s = (struct qmp_stream){ 0 };
}

struct feed { struct qmp_stream *s; void (*got)(void *arg, const char *text, size_t n, const char *error); void *arg; };

static void fail(struct feed *f, const char *error, unsigned next_state)
{
    qmp_stream_reset(f->s);
    f->s->state = (uint8_t)next_state;
    f->got(f->arg, NULL, 0, error);
}

/* False: too long, and told. */
static bool put(struct feed *f, uint8_t byte)
{
    struct qmp_stream *s = f->s;
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 256;
        char *text = s->n < QMP_SIZE ? realloc(s->text, cap) : NULL;
        if (!text) {
            fail(f, s->n < QMP_SIZE ? "no memory for the JSON text" : "the JSON text is too long", SKIP);
            return false;
        }
        s->text = text;
        s->cap = cap;
    }
    s->text[s->n++] = (char)byte;
    return true;
}

/* An integer that the library would not take. */
static bool end_word(struct feed *f)
{
    struct qmp_stream *s = f->s;
    size_t from = s->word, n = s->n - from;
    s->word = NO_WORD;
    if (from == NO_WORD || n < 19 || n > 64 || !put(f, 0))
        return from == NO_WORD || n < 19 || n > 64;
    s->n--;
    const char *text = s->text + from;
    bool minus = *text == '-';
    if (strspn(text + minus, "0123456789") + minus != n)
        return true;
    errno = 0;
    unsigned long long v = strtoull(text + minus, NULL, 10);
    if (errno || (minus && v > 1ull << 63))
        return put(f, '.') && put(f, '0');
    if (!minus && v > INT64_MAX) {
        char digits[24];
        int len = snprintf(digits, sizeof digits, "%lld", (long long)v);
        s->n = from;
        for (int k = 0; k < len; k++)
            if (!put(f, (uint8_t)digits[k]))
                return false;
    }
    return true;
}

/* A text is whole. */
static void end_text(struct feed *f)
{
    struct qmp_stream *s = f->s;
    if (s->n) {
        f->got(f->arg, s->text, s->n, NULL);
        qmp_stream_reset(s);
    }
}

static bool is_space(uint8_t b) { return b == ' ' || b == '\t' || b == '\n' || b == '\r'; }
static bool is_mark(uint8_t b) { return b && strchr("{}[],:", b); }

static void in_string(struct feed *f, uint8_t b)
{
    struct qmp_stream *s = f->s;
    if (b < 0x20 || b == 0xc0 || b == 0xc1 || b > 0xf4) {
        fail(f, "a byte that can't stand in a string", is_space(b) ? BARE : SKIP);
    } else if (s->state == ESCAPE) {
        s->state = STRING;
        if (b == '\'')
            put(f, b);
        else if (put(f, '\\'))
            put(f, b);
    } else if (b == '\\') {
        s->state = ESCAPE;
    } else if (b == s->quote) {
        s->state = BARE;
        if (put(f, '"') && !s->depth)
            end_text(f);
    } else if (b != '"' || put(f, '\\')) {
        put(f, b);
    }
}

static void bare(struct feed *f, uint8_t b)
{
    struct qmp_stream *s = f->s;
    if (isalnum(b) || b == '-' || b == '+' || b == '.') {
        if (s->word == NO_WORD)
            s->word = s->n;
        put(f, b);
        return;
    }
    if (!end_word(f))
        return;
    if (!s->depth)
        end_text(f); /* a word of its own */
    if (is_space(b)) {
        if (s->depth)
            put(f, b);
    } else if (b == '"' || b == '\'') {
        if (put(f, '"')) {
            s->state = STRING;
            s->quote = b;
        }
    } else if (b == '{' || b == '[') {
        if (s->depth == QMP_DEPTH)
            fail(f, "JSON that is nested too deeply", SKIP);
        else if (put(f, b))
            s->depth++;
    } else if (!is_mark(b)) {
        fail(f, "a byte that belongs to no JSON", SKIP);
    } else if (!s->depth) {
        fail(f, "JSON does not begin like this", BARE);
    } else if (put(f, b) && (b == '}' || b == ']') && !--s->depth) {
        end_text(f);
    }
}

void qmp_stream_feed(struct qmp_stream *s, const uint8_t *bytes, size_t n, void (*got)(void *arg, const char *text, size_t n, const char *error),
                     void *arg)
{
    struct feed f = { s, got, arg };
    if (!s->cap && !s->n)
        s->word = NO_WORD;
    for (; n; n--, bytes++) {
        if (s->state == SKIP) {
            if (!is_mark(*bytes) && !is_space(*bytes))
                continue;
            s->state = BARE;
        }
        (s->state == BARE ? bare : in_string)(&f, *bytes);
    }
}
