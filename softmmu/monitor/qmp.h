/*
 * QMP, the monitor of programs: JSON over a character device, with the wire protocol, the commands and the types that QEMU
 * documents (docs/interop/qmp-spec; the QMP reference manual).
 *
 * Commands, types and events are rows of tables; whoever has some adds them (qmp_add). A row says in words what its
 * arguments are: from these words arguments are checked, and query-qmp-schema and query-commands are made. What a command
 * does is a function that the human monitor's command of that name calls too.
 *
 * Words of types: "name: type, *optional: type, several: [type]". A type is the name of a row of struct qmp_type, or one of
 * str, int, int8 ... uint64, size, number, bool, null, any.
 *
 * Everything is called by the loop with the machine's lock.
 */
#ifndef MYNA_QMP_H
#define MYNA_QMP_H

#include <jansson.h>
#include "monitor.h"

enum qmp_kind {
    QMP_STRUCT,    /* members */
    QMP_ENUM,      /* "value, value" */
    QMP_UNION,     /* "members | tag member | value=type, value=type": a value that is not there adds no members */
    QMP_ALTERNATE, /* "name: type, name: type": any of these types, told apart by the JSON's kind */
};
struct qmp_type { const char *name; enum qmp_kind kind; const char *text; };

enum qmp_class { QMP_GENERIC, QMP_COMMAND_NOT_FOUND, QMP_DEVICE_NOT_ACTIVE, QMP_DEVICE_NOT_FOUND, QMP_KVM_MISSING_CAP };

struct qmp_command;
struct qmp;
/* A command being done. */
struct qmp_call {
    struct machine *machine;
    const struct qmp_command *command;
    struct qmp *session;               /* NULL: none */
    json_t *args;                      /* an object that is as the row says */
    enum qmp_class class;              /* of its failure */
    char error[512];
    void (*after)(struct machine *m);  /* once the answer is out; NULL: nothing */
};

struct qmp_command {
    const char *name;
    const char *args;    /* members; or the name of a struct or union, with no colon in it; "": none */
    const char *returns; /* a type, "[type]", or "": an empty object */
    /* The answer, a new reference (json_object() for none); NULL: qmp_fail has said why. */
    json_t *(*run)(struct qmp_call *c);
    bool open;           /* members beyond args are taken too */
};
/* Events that may come at most once in limit ms for each value of the member `by` (NULL: at all): the last one counts. */
struct qmp_event { const char *name, *data; unsigned limit; const char *by; };
/* What QEMU has and we have not: refused by name. */
struct qmp_missing { const char *name, *why; };

/* Tables end with a NULL name and live as long as the process; NULL: none. */
void qmp_add(const struct qmp_command *commands, const struct qmp_type *types, const struct qmp_event *events, const struct qmp_missing *missing);
void qmp_add_core(void);
void qmp_add_fds(void);
void qmp_add_migrate(void);
/* Of the greeting and query-version. */
json_t *qmp_version(void);

/* NULL, after saying why. */
json_t *qmp_fail(struct qmp_call *c, enum qmp_class class, const char *format, ...) __attribute__((format(printf, 3, 4)));
static inline const char *qmp_text(const struct qmp_call *c, const char *name) { return json_string_value(json_object_get(c->args, name)); }
static inline bool qmp_has(const struct qmp_call *c, const char *name) { return json_object_get(c->args, name) != NULL; }
static inline bool qmp_flag(const struct qmp_call *c, const char *name, bool otherwise)
{
    json_t *v = json_object_get(c->args, name);
    return v ? json_is_true(v) : otherwise;
}
static inline json_int_t qmp_number(const struct qmp_call *c, const char *name, json_int_t otherwise)
{
    json_t *v = json_object_get(c->args, name);
    return v ? json_integer_value(v) : otherwise;
}

/* Does one command, whose arguments are checked here (NULL: none; the reference stays the caller's). The answer; NULL: *class and
 * error say why. For tests and the human monitor. */
json_t *qmp_run(struct machine *m, const char *name, json_t *args, enum qmp_class *class, char *error, size_t errlen);
/* An object as it would be typed: "a=1,b.c=x,d.0=y", commas doubled; strings, numbers and truth values. skip: a member that is
 * left out, or NULL. The caller's, by free; NULL: no memory. */
char *qmp_flatten(json_t *object, const char *skip);

/* Rows by number; NULL: no more. */
const struct qmp_command *qmp_command_at(unsigned k);
const struct qmp_type *qmp_type_at(unsigned k);
const struct qmp_event *qmp_event_at(unsigned k);
const struct qmp_event *qmp_event_find(const char *name);

/* qmp_schema.c: holds args against the row. False: the reason in the call. */
bool qmp_check(struct qmp_call *c);
/* The answer of query-qmp-schema. */
json_t *qmp_schema(void);
/* The next member of a type's words; false: no more, *at is at the end or at '|'. */
struct qmp_member { char name[64], type[64]; bool optional, list; };
bool qmp_next_member(const char **at, struct qmp_member *m);

/* ------------------------------------------------------------------- sessions */

/* A client that may come and go. port.focused is of no interest. NULL: no memory. */
struct qmp *qmp_new(struct machine *m, const struct monitor_port *p, bool pretty);
void qmp_opened(struct qmp *q);
void qmp_closed(struct qmp *q);
size_t qmp_room(struct qmp *q);
void qmp_input(struct qmp *q, const uint8_t *bytes, size_t n);
void qmp_drained(struct qmp *q);
/* A descriptor that came with the session's bytes (SCM_RIGHTS), the oldest first, the caller's; -1: none. */
int qmp_take_fd(struct qmp *q);
const void *qmp_owner(const struct qmp *q); /* of named descriptors */

/* To all clients that are past negotiation; data: a reference that becomes ours, or NULL. */
void qmp_send_event(struct machine *m, const char *name, json_t *data);

#endif
