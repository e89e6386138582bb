/*
 * The machine's lock: device state, interrupt lines and the order of events. Held by whoever calls into a device,
 * never while guest code runs. One machine is one process, so there is one.
 */
#ifndef MYNA_MACHINE_LOCK_H
#define MYNA_MACHINE_LOCK_H

#include <pthread.h>
#include <stdbool.h>

/* Takes the lock unless this thread has it; true if it did, then the caller gives it back. */
bool machine_lock_enter(void);
bool machine_lock_try(void); /* the same, but false if another thread has it */
void machine_lock_leave(void);
bool machine_lock_held(void);
/* For waiting on a condition with it held. */
pthread_mutex_t *machine_lock_mutex(void);

#endif
