/*
 * Moving a running machine: the sending side, the receiving side, and what can be set about them. The names of parameters, capabilities,
 * states and figures are those of QEMU's reference of QMP. All with the machine's lock.
 */
#ifndef MYNA_MIGRATE_H
#define MYNA_MIGRATE_H

#include "machine.h"
#include "stream.h"

enum migrate_status { MIGRATE_NONE, MIGRATE_SETUP, MIGRATE_ACTIVE, MIGRATE_DEVICE, MIGRATE_CANCELLING, MIGRATE_CANCELLED, MIGRATE_COMPLETED, MIGRATE_FAILED };
const char *migrate_status_name(enum migrate_status s);

/* A parameter: a row. */
enum migrate_kind { MIGRATE_NUMBER, MIGRATE_TRUTH, MIGRATE_CHOICE, MIGRATE_TEXT };
struct migrate_parameter {
    const char *name;
    enum migrate_kind kind;
    uint32_t offset;       /* in struct migrate_parameters */
    uint64_t least, most, value /* at first */;
    const char *choices;   /* apart by '|'; what begins with '-' there is refused by name */
    bool used;             /* else it is kept, and of no effect */
    bool set_only;         /* query-migrate-parameters does not have it */
};
struct migrate_parameters {
    uint64_t announce_initial, announce_max, announce_rounds, announce_step, compress_level, compress_threads, compress_wait, decompress_threads;
    uint64_t throttle_trigger, throttle_initial, throttle_increment, throttle_tailslow, max_bandwidth, downtime_limit, checkpoint_delay, block_incremental;
    uint64_t channels, cache_size, postcopy_bandwidth, max_throttle, compression, zlib_level, zstd_level;
    uint64_t empty; /* texts that nobody can set: "" */
};
extern const struct migrate_parameter migrate_parameter_rows[]; /* until name is NULL */
uint64_t *migrate_parameter_value(struct machine *m, const struct migrate_parameter *p);
/* NULL: none of that name. */
const struct migrate_parameter *migrate_parameter_find(const char *name);
/* False: the reason in err. */
bool migrate_set_number(struct machine *m, const struct migrate_parameter *p, uint64_t v, char *err, size_t errlen);
bool migrate_set_choice(struct machine *m, const struct migrate_parameter *p, const char *v, char *err, size_t errlen);
/* The choice that is in force, as text. */
void migrate_choice_text(const struct migrate_parameter *p, uint64_t v, char *text, size_t n);

struct migrate_capability { const char *name; bool can; bool value; const char *why; };
/* The table, with its values; until name is NULL. */
struct migrate_capability *migrate_capabilities(struct machine *m);
bool migrate_set_capability(struct machine *m, const char *name, bool on, char *err, size_t errlen);

/* Figures of the last migration. */
struct migrate_figures {
    enum migrate_status status;
    bool incoming;             /* they are of the receiving side */
    const char *error;         /* "" if there was none */
    uint64_t total_ms, downtime_ms, setup_ms, expected_ms;
    uint64_t transferred, remaining, total, zero, normal, rounds, rate /* bytes a second */, pages_per_second, precopy, downtime_bytes;
};
void migrate_figures(struct machine *m, struct migrate_figures *f);

/* Begins; the rest happens in a thread of its own. False: the reason in err. */
bool migrate_start(struct machine *m, const char *uri, char *err, size_t errlen);
/* Until it has ended. The lock is given up meanwhile. Not in the loop's thread. */
void migrate_wait(struct machine *m);
void migrate_cancel(struct machine *m);
/* Is its state on its way to another process? Lock held. */
bool migrate_sends(const struct machine *m);

/* -incoming: uri NULL: "defer". start: it runs when it is there, if it ran where it comes from. Before the machine runs. */
bool migrate_incoming_option(struct machine *m, const char *uri, bool start, char *err, size_t errlen);
/* migrate-incoming. */
bool migrate_incoming(struct machine *m, const char *uri, char *err, size_t errlen);
/* Of cont: false: it can't be, the reason in err. *later: it waits for its state, and runs when that has come. */
bool migrate_may_run(struct machine *m, bool *later, char *err, size_t errlen);

/* Rows of the human monitor. */
void migrate_monitor_add(void);
/* Before the machine is freed: the thread ends. */
void migrate_finish(struct machine *m);

#endif
