/*
 * What the fuzzers of devices share: random numbers by a seed, rounds for a time, and a crash or a hang that says which
 * target's round of which seed it was.
 */
#ifndef MYNA_TEST_DEVICE_FUZZ_H
#define MYNA_TEST_DEVICE_FUZZ_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static uint64_t state;
static inline uint64_t rnd(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}
static inline unsigned below(unsigned n) { return (unsigned)(rnd() >> 11) % n; }
static inline bool one_in(unsigned n) { return !below(n); }

static const char *now_name;
static uint64_t now_seed;

static void crashed(int sig)
{
    char text[256];
    int n = snprintf(text, sizeof text, "\n%s: %s in the round of seed %llu\n", now_name, sig == SIGALRM ? "hangs" : "crashes",
                     (unsigned long long)now_seed);
    if (write(2, text, (size_t)n) < 0 || sig == SIGALRM)
        _exit(1);
    signal(sig, SIG_DFL);
    raise(sig);
}

static inline double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Rounds of a target for `limit` seconds, at least one, from that seed; each has `most` seconds before it hangs. */
static inline void fuzz_rounds(const char *name, int width, double limit, uint64_t seed, unsigned most,
                               void (*round)(const void *target), const void *target)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM };
    for (unsigned k = 0; k < sizeof signals / sizeof *signals; k++)
        signal(signals[k], crashed);
    double end = seconds() + limit;
    unsigned n = 0;
    now_name = name;
    for (now_seed = seed; !n || seconds() < end; now_seed++, n++) {
        state = now_seed * 0x9e3779b97f4a7c15ull | 1;
        alarm(most);
        round(target);
    }
    printf("%-*s %u rounds\n", width, name, n);
    fflush(stdout);
}

#endif
