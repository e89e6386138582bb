/*
 * security.c: keys, Landlock, filters of system calls.
 *
 * Keys are the host's. Landlock's rules are too, and bind myna with its guest: so that the guest may still
 * start programs, a rule that allows running myna itself is added before a ruleset takes effect.
 *
 * Sources: Linux security/keys/keyctl.c, security/landlock/syscalls.c of 6.12.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest_process.h"

/* ----------------------------------------------------------------------- keys */

/* Which of the arguments 1 to 4 are addresses, by command. */
enum { P1 = 2, P2 = 4, P3 = 8, P4 = 16, KNOWN = 1, IOV = 32 };

static const uint8_t key_commands[] = {
    [0] = KNOWN,                /* GET_KEYRING_ID */        [1] = KNOWN | P1,      /* JOIN_SESSION_KEYRING */
    [2] = KNOWN | P2,           /* UPDATE */                [3] = KNOWN,           /* REVOKE */
    [4] = KNOWN,                /* CHOWN */                 [5] = KNOWN,           /* SETPERM */
    [6] = KNOWN | P2,           /* DESCRIBE */              [7] = KNOWN,           /* CLEAR */
    [8] = KNOWN,                /* LINK */                  [9] = KNOWN,           /* UNLINK */
    [10] = KNOWN | P2 | P3,     /* SEARCH */                [11] = KNOWN | P2,     /* READ */
    [12] = KNOWN | P2,          /* INSTANTIATE */           [13] = KNOWN,          /* NEGATE */
    [14] = KNOWN,               /* SET_REQKEY_KEYRING */    [15] = KNOWN,          /* SET_TIMEOUT */
    [16] = KNOWN,               /* ASSUME_AUTHORITY */      [17] = KNOWN | P2,     /* GET_SECURITY */
    [18] = KNOWN,               /* SESSION_TO_PARENT */     [19] = KNOWN,          /* REJECT */
    [20] = KNOWN | IOV,         /* INSTANTIATE_IOV */       [21] = KNOWN,          /* INVALIDATE */
    [22] = KNOWN,               /* GET_PERSISTENT */        [23] = KNOWN | P1 | P2 | P4, /* DH_COMPUTE */
    [24] = KNOWN | P3 | P4,     /* PKEY_QUERY */            [25] = KNOWN | P1 | P2 | P3 | P4, /* PKEY_ENCRYPT */
    [26] = KNOWN | P1 | P2 | P3 | P4, /* PKEY_DECRYPT */    [27] = KNOWN | P1 | P2 | P3 | P4, /* PKEY_SIGN */
    [28] = KNOWN | P1 | P2 | P3 | P4, /* PKEY_VERIFY */     [29] = KNOWN | P2 | P3, /* RESTRICT_KEYRING */
    [30] = KNOWN,               /* MOVE */                  [31] = KNOWN | P1,     /* CAPABILITIES */
    [32] = KNOWN,               /* WATCH_KEY */
};
enum { DH_COMPUTE = 23 };

static long instantiate_iov(struct thread *t, const uint64_t *a)
{
    struct iovec local[USER_FASTIOV], *iov;
    int n = user_iov(t->p, a[2], a[3], local, &iov);
    long r;

    if (n < 0)
        return n;
    r = host_syscall(SYS_keyctl, a[0], a[1], n ? iov : NULL, (long)n, a[4]);
    user_iov_free(local, iov);
    return r;
}

long sys_keyctl(struct thread *t, const uint64_t *a)
{
    unsigned known, command = (unsigned)a[0];
    uint64_t b[5];

    if (command >= sizeof key_commands || !key_commands[command]) {
        log_unimp("keyctl command %u is unknown", command);
        return -EOPNOTSUPP;
    }
    known = key_commands[command];
    if (known & IOV)
        return instantiate_iov(t, a);
    if (command == DH_COMPUTE && a[4] != 0 && t->p->guest_base != 0) {
        log_unimp("keyctl DH_COMPUTE with a derivation is not supported with a guest base");
        return -EOPNOTSUPP;
    }
    for (unsigned i = 0; i < 5; i++)
        b[i] = known & 1u << i && i ? (uintptr_t)arg_ptr(t, a[i]) : a[i];
    return host_syscall_blocking(t, SYS_keyctl, b[0], b[1], b[2], b[3], b[4]);
}

/* ------------------------------------------------------------------- Landlock */

/* struct landlock_path_beneath_attr */
struct path_rule {
    uint64_t access;
    int32_t parent;
} __attribute__((packed));

enum { NR_landlock_add_rule = 445, NR_landlock_restrict_self = 446, RULE_PATH_BENEATH = 1,
       ACCESS_EXECUTE = 1, ACCESS_READ_FILE = 4 };

/* A rule may only name what the ruleset handles: one of the three is accepted, or nothing is needed. */
static void allow_myna(struct thread *t, uint64_t ruleset)
{
    static const uint64_t wanted[] = {ACCESS_EXECUTE | ACCESS_READ_FILE, ACCESS_EXECUTE, ACCESS_READ_FILE};
    int fd = open(t->p->self_path, O_PATH | O_CLOEXEC);
    struct path_rule rule = {.parent = fd >= 0 ? fd : t->p->self_fd};
    long r = -EINVAL;

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted && r == -EINVAL; i++) {
        rule.access = wanted[i];
        r = host_syscall(NR_landlock_add_rule, ruleset, (long)RULE_PATH_BENEATH, &rule, 0l);
    }
    if (fd >= 0)
        close(fd);
}

long sys_landlock_restrict_self(struct thread *t, const uint64_t *a)
{
    allow_myna(t, a[0]);
    return host_syscall(NR_landlock_restrict_self, a[0], a[1]);
}

/* -------------------------------------------------------------------- filters */

/* A filter would see the host's system calls. EINVAL is what a kernel without filters says; programs
 * that can do without (sshd) accept it. */
long sys_seccomp(struct thread *t, const uint64_t *a)
{
    log_unimp("seccomp operation %llu: filters are not supported", (unsigned long long)a[0]);
    return -EINVAL;
}
