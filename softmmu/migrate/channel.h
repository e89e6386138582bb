/*
 * Where a machine's state goes to and comes from, by URI: exec:COMMAND, tcp:HOST:PORT, unix:PATH, file:PATH[,offset=N], fd:NAME.
 */
#ifndef MYNA_CHANNEL_H
#define MYNA_CHANNEL_H

#include "machine.h"
#include "stream.h"

/* A channel over descriptors that are its own from now on; out and in may be the same. limit: bytes a second that are written, *limit 0: no
 * limit; stop: writing and reading fail when *stop is set (both may change; NULL: none). child: a process that is waited for at
 * closing; 0: none. NULL: no memory (they are closed). */
struct channel *channel_new(int in, int out, int child, const uint64_t *limit, const bool *stop);
/* All that comes and goes from now on may take so long together, in ms; without it there is no limit. */
void channel_deadline(struct channel *c, unsigned ms);
/* Does what is read there come from the same end that is written to? */
bool channel_both_ways(const struct channel *c);
/* Nothing more is written; of a command: it has ended well. False: the reason in err. Waits. */
bool channel_end(struct channel *c, char *err, size_t errlen);

/* Looks whether the URI is one, and begins: what has to be done at once, with the lock. -1, or a descriptor for fd:. False: the reason
 * in err. */
bool channel_check(const char *uri, int *fd, char *err, size_t errlen);
/* Opens it for writing; fd: of channel_check. Waits. NULL: the reason in err. */
struct channel *channel_open(const char *uri, int fd, const uint64_t *limit, const bool *stop, char *err, size_t errlen);

/* For reading: calls come(arg, channel) in the loop when somebody is there. False: the reason in err. With the lock. */
struct channel_listener;
struct channel_listener *channel_listen(struct machine *m, const char *uri, void (*come)(void *arg, struct channel *c), void *arg, char *err, size_t errlen);

#endif
