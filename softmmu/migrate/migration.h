/* Inside migrate/: what is known of a machine's moving. */
#ifndef MYNA_MIGRATION_H
#define MYNA_MIGRATION_H

#include "channel.h"
#include "migrate.h"
#include "ram.h"

enum { MIGRATE_CAPABILITIES = 22 };

struct migration {
    struct machine *machine;
    struct migrate_parameters parameters;
    struct migrate_capability capabilities[MIGRATE_CAPABILITIES];
    enum migrate_status status;
    bool incoming;           /* status is of the receiving side */
    char error[320];
    pthread_cond_t over;
    /* the thread: one at a time */
    pthread_t thread;
    bool thread_made, thread_ends; /* it has still to be joined; it has left its last words */
    char *uri;
    int fd;
    bool stop;               /* cancelled: read without the lock */
    bool running;            /* the machine ran when it was sent */
    uint64_t limit;          /* bytes a second in force; 0: none */
    /* figures; ms by the monotonic clock */
    uint64_t began, ended, paused, setup, downtime, rounds, rate, pages_rate, transferred, precopy, left, total, zero, normal;
    /* receiving */
    bool expected, deferred, start; /* -incoming; "defer", and migrate-incoming has not come; the machine runs when its state is there */
    struct channel *channel;
};

struct migration *migration_of(struct machine *m); /* made when it is first asked for; ends the process if there is no memory */
void migrate_parameters_init(struct migration *g);
/* A new state, and its event. */
void migration_status(struct migration *g, enum migrate_status s);
uint64_t migration_ms(void);
/* A thread that was ended before is joined, and a new one made. False: the reason in err. */
bool migration_thread(struct migration *g, void *(*fn)(void *), char *err, size_t errlen);
/* The thread's last words, with the lock. */
void migration_thread_ends(struct migration *g);

#endif
