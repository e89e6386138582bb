/*
 * The event loop of a machine: file descriptors, alarms of the virtual clock, calls put off.
 *
 * It runs in one thread, with the machine's lock held while it calls anybody. All functions but loop_run want the
 * lock; alarms may be set from any thread that has it.
 *
 * The virtual clock counts nanoseconds from the machine's start while the machine runs; it stands while it is
 * stopped. Whoever wants another source of time (icount) replaces clock_now.
 */
#ifndef MYNA_LOOP_H
#define MYNA_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_fd;
struct alarm;

struct loop *loop_new(void); /* NULL: errno tells */
void loop_free(struct loop *l);
/* Until loop_quit. */
void loop_run(struct loop *l);
void loop_quit(struct loop *l);

/* Calls ready(arg, events) when fd is ready; events: EPOLLIN, EPOLLOUT ... NULL: errno tells (EPERM: a plain file,
 * which is always ready). */
struct loop_fd *loop_watch(struct loop *l, int fd, uint32_t events, void (*ready)(void *arg, uint32_t events), void *arg);
void loop_change(struct loop *l, struct loop_fd *f, uint32_t events);
void loop_unwatch(struct loop *l, struct loop_fd *f);

/* Calls fn(arg) soon, in the loop. False: no memory. */
bool loop_defer(struct loop *l, void (*fn)(void *arg), void *arg);

/* Calls fn(arg) each time before the loop sleeps; true: it should not sleep but go on. One of them (the network's);
 * NULL: none. loop_wake: the loop wakes up if it sleeps, and so fn is called soon. */
void loop_before_wait(struct loop *l, bool (*fn)(void *arg), void *arg);
void loop_wake(struct loop *l);

/* --- the virtual clock; no lock needed for clock_now --- */

uint64_t clock_now(const struct loop *l); /* ns */
void clock_run(struct loop *l, bool run);
/* It has another value; only while it stands. Alarms ring at their times of it. */
void clock_set(struct loop *l, uint64_t ns);

/* An alarm calls ring(arg) once at or after its time. NULL: no memory. */
struct alarm *alarm_new(struct loop *l, void (*ring)(void *arg), void *arg);
void alarm_free(struct alarm *a);
/* when: virtual ns; replaces the time set before. alarm_off: none. */
void alarm_at(struct alarm *a, uint64_t when);
void alarm_off(struct alarm *a);
/* ~0: not set. */
uint64_t alarm_when(const struct alarm *a);

#endif
