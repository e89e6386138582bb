/*
 * Tasks: functions on stacks of their own that wait for I/O and for one another without holding up anybody.
 *
 * They run with the machine's lock held, one at a time, in whatever thread starts or wakes them; so between two waits
 * nothing else changes. A task keeps no address of thread-local things (errno) over a wait.
 */
#ifndef MYNA_TASK_H
#define MYNA_TASK_H

#include <stdbool.h>

struct task;
struct task_queue { struct task *first; };

/* Runs fn(arg) until it waits or ends; called inside another task: when that waits. False: no memory. */
bool task_start(void (*fn)(void *arg), void *arg);
/* Is this code running inside a task? */
bool task_here(void);
/* Until somebody wakes the queue; it may be sooner, so ask again for what you wait for. Outside a task it waits for the
 * host's next I/O. */
void task_wait(struct task_queue *q);
void task_wake(struct task_queue *q);

/* One at a time. */
struct task_mutex { bool taken; struct task_queue waiting; };
void task_lock(struct task_mutex *m);
void task_unlock(struct task_mutex *m);

#endif
