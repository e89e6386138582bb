/*
 * myna-img: images of disks made, shown, converted, compared and repaired, with qemu-img's options.
 *
 * A command is one row of commands.def and one function in a file of its own; its options are rows of options.def. Below stands
 * image.h (an open image). A command gives the exit status; what goes wrong is said by complain(), one line, which
 * names the file.
 */
#ifndef MYNA_IMG_H
#define MYNA_IMG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ------------------------------------------------------------------------- commands */

#define COMMAND(name, ...) COMMAND_##name,
enum command_id {
#include "commands.def"
    COMMANDS
};
#undef COMMAND

#define OPTION(id, ...) OPT_##id,
enum option_id {
#include "options.def"
    OPTIONS
};
#undef OPTION

/* What stands on the command line, after the command's name. */
struct args {
    const struct command *command;
    const char *value[OPTIONS]; /* NULL: not given; "" for an option without an argument. OPT_o: all of them, with commas */
    const char **files;
    unsigned nfiles;
};

struct command {
    const char *name, *files; /* what follows the options, for the help */
    unsigned min, max;        /* how many files */
    int (*run)(const struct args *a);
    const char *help;
};
extern const struct command commands[COMMANDS];

static inline bool has(const struct args *a, enum option_id id) { return a->value[id] != NULL; }

/* Reads argv (without program and command). False: it was said what is wrong. */
bool args_parse(struct args *a, const struct command *c, int argc, char **argv);
void args_free(struct args *a);
/* One line an option of c (NULL: of all) on f. */
void args_help(const struct command *c, FILE *f);

/* ---------------------------------------------------------------- messages, progress */

/* One line on standard error, after the program's name; always 1. */
int complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A line for people on standard output, unless -q. */
void say(const struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* -p: the part that is done, in steps that are seen, and on SIGUSR1 without -p. */
void progress_begin(const struct args *a);
void progress_show(uint64_t done, uint64_t total);
void progress_end(void);

/* SIGINT, SIGTERM and SIGHUP from now on only set a flag. */
void signals_catch(void);
bool signals_came(void);
/* Ends the program by the signal that came. */
void signals_raise(void);

/* --------------------------------------------------------------------------- numbers */

/* Bytes: decimal, hexadecimal or a decimal fraction, with a suffix b, k, M, G, T, P or E. False: none, or above INT64_MAX. */
bool size_parse(const char *text, uint64_t *v);
/* "1.5 GiB": three digits, the next unit from 1000 on. */
struct size_text { char s[32]; };
struct size_text size_human(uint64_t v);
/* A plain number between min and max. */
bool number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *v);
/* The value of a CACHE option. False: none of the cache modes, which is said. */
enum { CACHE_TEXT_DIRECT = 1, CACHE_TEXT_SYNC = 2, CACHE_TEXT_UNSAFE = 4 };
bool cache_parse(const char *text, unsigned *flags);
/* --output. */
bool output_is_json(const struct args *a, bool *json);

/* -o: NAME=VALUE, with commas; NULL: not among them. A copy, the caller's. */
char *suboption(const char *list, const char *name);

/* ------------------------------------------------------------------------------ JSON */

/* Writes one value with 4 spaces a level. Names are NULL inside an array and for the outermost value. */
struct json { FILE *f; unsigned depth; bool more; };
void json_object(struct json *j, const char *name);
void json_array(struct json *j, const char *name);
void json_end(struct json *j, char bracket);
void json_string(struct json *j, const char *name, const char *value);
void json_number(struct json *j, const char *name, int64_t value);
void json_bool(struct json *j, const char *name, bool value);
/* A quoted string alone. */
void json_quote(FILE *f, const char *text);

#endif
