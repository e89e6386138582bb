/*
 * -object rng-builtin, rng-random: where virtio-rng has its bytes from. Everything with the machine's lock held.
 */
#ifndef MYNA_BACKEND_RNG_H
#define MYNA_BACKEND_RNG_H

#include "object.h"

struct rng_backend;

struct rng_user {
    void (*ready)(void *arg); /* there may be bytes again */
    void *arg;
    struct rng_user *next;
    bool waiting;
};

bool rng_builtin_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen);
bool rng_random_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen);
bool rng_del(const char *id, char *err, size_t errlen);

void rng_attach(struct rng_backend *b, struct rng_user *u);
void rng_detach(struct rng_backend *b, struct rng_user *u);
/* Up to n bytes; 0: there are none now, u->ready will be called. b NULL: the host's (getrandom). */
size_t rng_take(struct rng_backend *b, struct rng_user *u, void *to, size_t n);

#endif
