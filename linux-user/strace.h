/*
 * strace.h: between the parts of -strace: strace.c (lines, filter), strace_show.c (values and structures),
 * strace_names.c (tables of names), by the rows of strace.def.
 */
#ifndef MYNA_STRACE_H
#define MYNA_STRACE_H

#include "syscall.h"

enum { LINE_SIZE = 8192 };

struct line {
    char text[LINE_SIZE];
    size_t n;
};
/* Appends; what doesn't fit is cut. */
void line_put(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One argument to show. */
struct strace_arg {
    struct line *l;
    struct thread *t;
    const uint64_t *a;   /* all six */
    unsigned i;          /* which */
    int64_t result;      /* of the call; < 0 before it has returned too */
};

struct name { uint64_t value; const char *name; };
/* Bits by name, joined by "|"; the table ends with the name of 0. */
void names_put_bits(struct line *l, uint64_t v, const struct name *n);
/* One value by name; the table ends with 0 and its name, NULL: shown as a number. False: it wasn't there, and the
 * number was shown. */
bool names_put_one(struct line *l, uint64_t v, const struct name *n);

/* How many arguments an option of prctl has after itself. */
unsigned prctl_arguments(uint64_t option);

typedef void strace_show(const struct strace_arg *x);
struct strace_kind {
    strace_show *show;
    bool after;          /* known only when the call has returned */
};
/* How argument i of a call is shown, by strace.def, else by its letter in syscalls.def; NULL: not at all (the
 * arguments end before it). */
const struct strace_kind *strace_kind_of(const struct sysent *s, unsigned nr, const uint64_t *a, unsigned i);

/* After the result of ppoll: what is ready. */
void strace_poll_result(const struct strace_arg *x);

#define BITS(kind)
#define ONE(kind)
#define KIND(kind, when) void show_##kind(const struct strace_arg *x);
#define LETTER(letter, kind)
#define CALL(name, ...)
#include "strace.def"
#define BITS(kind) extern const struct name names_##kind[];
#define ONE(kind) extern const struct name names_##kind[];
#define KIND(kind, when)
#define LETTER(letter, kind)
#define CALL(name, ...)
#include "strace.def"

#endif
