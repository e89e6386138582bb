/*
 * The guest's threads' registers for gdb (../../gdb/registers.c), numbers of signals. Source: the gdb manual, "Stop Reply Packets".
 */
#include <stdlib.h>

#include "gdb/stub.h"

size_t gdb_read_register(struct thread *t, unsigned number, uint8_t out[64])
{
    return target_read(t->p->abi->gdb, t->p->guest->ir, t->cpu, number, out);
}

bool gdb_write_register(struct thread *t, unsigned number, const uint8_t *bytes)
{
    return target_write(t->p->abi->gdb, t->p->guest->ir, t->cpu, number, bytes);
}

/* ---------------------------------------------------------------- signals */

/* By the host's number; real-time signals follow below. */
static const uint8_t numbers[32] = {
    [SIGHUP] = 1, [SIGINT] = 2, [SIGQUIT] = 3, [SIGILL] = 4, [SIGTRAP] = 5, [SIGABRT] = 6, [SIGFPE] = 8,
    [SIGKILL] = 9, [SIGBUS] = 10, [SIGSEGV] = 11, [SIGSYS] = 12, [SIGPIPE] = 13, [SIGALRM] = 14,
    [SIGTERM] = 15, [SIGURG] = 16, [SIGSTOP] = 17, [SIGTSTP] = 18, [SIGCONT] = 19, [SIGCHLD] = 20,
    [SIGTTIN] = 21, [SIGTTOU] = 22, [SIGIO] = 23, [SIGXCPU] = 24, [SIGXFSZ] = 25, [SIGVTALRM] = 26,
    [SIGPROF] = 27, [SIGWINCH] = 28, [SIGUSR1] = 30, [SIGUSR2] = 31, [SIGPWR] = 32,
};
enum { UNKNOWN = 143, REALTIME_33 = 45, REALTIME_32 = 77, REALTIME_64 = 78 };

int gdb_signal_number(int signo)
{
    if (signo >= 33 && signo <= 63)
        return REALTIME_33 + signo - 33;
    if (signo == 32 || signo == 64)
        return signo == 32 ? REALTIME_32 : REALTIME_64;
    return signo <= 0 ? 0 : signo < 32 && numbers[signo] ? numbers[signo] : UNKNOWN;
}

int gdb_signal_host(int number)
{
    for (int signo = 1; number != UNKNOWN && signo <= 64; signo++)
        if (gdb_signal_number(signo) == number)
            return signo;
    return 0;
}
