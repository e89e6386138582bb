/*
 * doctor.c: `myna doctor`: what the host lacks, what that means, and what to do.
 *
 * One check a row of doctor.def. A check tries the thing itself wherever that is harmless (in a child
 * process if it would change this one), and reads settings only to say why it failed. Verdicts: ok;
 * note: something is slower or missing; bad: programs fail. The exit status is 1 if anything is bad.
 *
 * Nothing is changed, and no rights are needed.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "hostcpu.h"
#include "target.h"

enum verdict { OK, NOTE, BAD };

struct finding {
    char text[512];   /* what is the case */
    char advice[512]; /* what to do, or "" */
};

static void __attribute__((format(printf, 2, 3))) say(struct finding *f, const char *fmt, ...)
{
    size_t n = strlen(f->text);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(f->text + n, sizeof(f->text) - n, fmt, ap);
    va_end(ap);
}

static void __attribute__((format(printf, 2, 3))) advise(struct finding *f, const char *fmt, ...)
{
    size_t n = strlen(f->advice);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(f->advice + n, sizeof(f->advice) - n, fmt, ap);
    va_end(ap);
}

/* A number from /proc/sys; fallback if there is no such setting. */
static long setting(const char *name, long fallback)
{
    char path[128], text[32] = "";
    long v = fallback;

    snprintf(path, sizeof(path), "/proc/sys/%s", name);
    FILE *f = fopen(path, "re");
    if (!f)
        return fallback;
    if (fgets(text, sizeof(text), f))
        v = strtol(text, NULL, 10);
    fclose(f);
    return v;
}

/* Runs f in a child process: its result (0 to 125), or -1. */
static int in_child(int (*f)(void))
{
    int status;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0)
        _exit(f());
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

/* --- the processor --------------------------------------------------------------------------- */

static enum verdict check_processor(struct finding *f)
{
    unsigned r[4], needed = bit_SSE4_2 | bit_POPCNT | bit_SSSE3;

    if (!host_cpuid(1, r) || (r[2] & needed) != needed) {
        say(f, "older than x86-64-v2");
        advise(f, "none: SSE4.2 and POPCNT are needed");
        return BAD;
    }
    say(f, "x86-64-v2 or later, %ld processors", sysconf(_SC_NPROCESSORS_ONLN));
    return OK;
}

/* Which of these features the translator may use here. */
static enum verdict features(struct finding *f, const char *const names[], const char *without)
{
    const char *name;
    char lacking[128] = "";
    bool has;

    for (unsigned i = 0; (name = host_feature_name(i, &has)); i++)
        for (const char *const *n = names; *n; n++)
            if (!strcmp(*n, name)) {
                if (has)
                    say(f, "%s%s", *f->text ? " " : "", name);
                else
                    snprintf(lacking + strlen(lacking), sizeof(lacking) - strlen(lacking), " %s", name);
            }
    if (!*lacking)
        return OK;
    say(f, "%swithout%s: %s", *f->text ? "; " : "", lacking, without);
    return NOTE;
}

static enum verdict check_vectors(struct finding *f)
{
    static const char *const names[] = { "avx2", "bmi1", "bmi2", "lzcnt", "fma", "f16c", "avx512vl", "vbmi",
                                         "vnni", NULL };
    return features(f, names, "replaced by longer sequences");
}

static enum verdict check_crypto(struct finding *f)
{
    static const char *const names[] = { "aes", "pclmul", "sha", "gfni", NULL };
    return features(f, names, "replaced by longer sequences (sha: SHA-1 and SHA-256 are slower)");
}

/* --- memory ---------------------------------------------------------------------------------- */

static enum verdict check_code(struct finding *f)
{
    size_t n = 1 << 16;
    uint8_t *rw = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *rx;

    if (rw != MAP_FAILED) {
        rx = mremap(rw, 0, n, MREMAP_MAYMOVE);
        rw[0] = 0xc3; /* ret */
        if (rx != MAP_FAILED && mprotect(rx, n, PROT_READ | PROT_EXEC) == 0) {
            ((void (*)(void))rx)();
            say(f, "can be mapped writable and executable at two addresses");
            return OK;
        }
    }
    say(f, "translated code can't be mapped: %s", strerror(errno));
    advise(f, "allow executable mappings of shared memory (SELinux: execmem); -accel interp does without");
    return BAD;
}

static enum verdict check_memfd(struct finding *f)
{
    long mode = setting("vm/memfd_noexec", 0);
    int fd = memfd_create("myna-doctor", MFD_CLOEXEC);

    if (fd >= 0)
        close(fd);
    if (fd < 0) {
        say(f, "memfd_create fails: %s", strerror(errno));
        advise(f, mode == 2 ? "sysctl vm.memfd_noexec=1: guests that use memfd_create fail otherwise"
                            : "allow memfd_create: guests need it");
        return mode == 2 ? NOTE : BAD;
    }
    say(f, mode ? "vm.memfd_noexec=%ld: guests can't execute one" : "works", mode);
    return mode ? NOTE : OK;
}

static enum verdict check_low_memory(struct finding *f)
{
    long min = setting("vm/mmap_min_addr", 65536);

    say(f, "vm.mmap_min_addr=%ld", min);
    if (min <= 65536)
        return OK;
    say(f, ": programs that are linked below fail, or run with -B");
    advise(f, "sysctl vm.mmap_min_addr=65536");
    return NOTE;
}

static enum verdict check_overcommit(struct finding *f)
{
    long mode = setting("vm/overcommit_memory", 0);

    say(f, "vm.overcommit_memory=%ld", mode);
    if (mode != 2)
        return OK;
    say(f, ": what guests and the translator reserve counts as used");
    advise(f, "sysctl vm.overcommit_memory=0, or a higher vm.overcommit_ratio: runtimes that reserve much "
              "(Java, Go, node) fail otherwise");
    return NOTE;
}

static enum verdict check_map_count(struct finding *f)
{
    long n = setting("vm/max_map_count", 65530);

    say(f, "vm.max_map_count=%ld", n);
    if (n >= 65530)
        return OK;
    advise(f, "sysctl vm.max_map_count=65530");
    return NOTE;
}

static enum verdict check_limits(struct finding *f)
{
    static const struct { int what; rlim_t least; const char *name, *option; } rows[] = {
        {RLIMIT_AS, 8ull << 30, "address space", "-v"}, {RLIMIT_DATA, 1ull << 30, "data", "-d"},
        {RLIMIT_STACK, 1 << 20, "stack", "-s"}, {RLIMIT_FSIZE, 1 << 30, "file size", "-f"},
        {RLIMIT_NOFILE, 256, "open files", "-n"}, {RLIMIT_NPROC, 256, "processes", "-u"},
    };
    struct rlimit lim;
    enum verdict v = OK;

    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (getrlimit((enum __rlimit_resource)rows[i].what, &lim) || lim.rlim_cur == RLIM_INFINITY ||
            lim.rlim_cur >= rows[i].least)
            continue;
        say(f, "%s%s: %llu", v ? ", " : "", rows[i].name, (unsigned long long)lim.rlim_cur);
        advise(f, "%sulimit %s higher", v ? "; " : "", rows[i].option);
        v = NOTE;
    }
    if (!v)
        say(f, "none that is too low");
    return v;
}

/* --- system calls ---------------------------------------------------------------------------- */

static int try_personality(void)
{
    int now = personality(0xffffffff);

    return now < 0 || personality((unsigned long)now | ADDR_NO_RANDOMIZE) < 0;
}

static enum verdict check_personality(struct finding *f)
{
    if (in_child(try_personality) == 0) {
        say(f, "can be set");
        return OK;
    }
    say(f, "can't be set");
    advise(f, "allow personality(2) in the container's seccomp profile: setarch and gdb in the guest need it");
    return NOTE;
}

/* Calls with arguments that an allowed call refuses by another error. */
static enum verdict check_seccomp(struct finding *f)
{
    static const struct { long nr; const char *name; bool needed; } rows[] = {
        {SYS_openat2, "openat2", true}, {SYS_clone3, "clone3", false}, {SYS_statx, "statx", true},
        {SYS_membarrier, "membarrier", false}, {SYS_close_range, "close_range", false},
        {SYS_faccessat2, "faccessat2", false}, {SYS_userfaultfd, "userfaultfd", false},
        {SYS_io_uring_setup, "io_uring_setup", false}, {SYS_pidfd_open, "pidfd_open", false},
        {449 /* futex_waitv */, "futex_waitv", false},
    };
    char line[128], absent[256] = "";
    int mode = 0;
    bool bad = false;
    FILE *s = fopen("/proc/self/status", "re");

    while (s && fgets(line, sizeof(line), s))
        sscanf(line, "Seccomp: %d", &mode);
    if (s)
        fclose(s);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        long r = syscall(rows[i].nr, -1l, -1l, -1l, -1l, -1l, -1l);
        bool there = r >= 0 || (errno != ENOSYS && errno != EPERM);
        if (r >= 0 && (rows[i].nr == SYS_userfaultfd || rows[i].nr == SYS_pidfd_open))
            close((int)r);
        if (there || (rows[i].nr == SYS_userfaultfd && !setting("vm/unprivileged_userfaultfd", 0)))
            continue;
        snprintf(absent + strlen(absent), sizeof(absent) - strlen(absent), " %s", rows[i].name);
        bad |= rows[i].needed;
    }
    say(f, mode ? "a filter is in force" : "no filter");
    if (!*absent)
        return OK;
    say(f, "; refused:%s", absent);
    advise(f, "%s", mode ? "a container profile that knows these calls (docker run --security-opt "
                           "seccomp=unconfined)" : "a newer kernel");
    return bad ? BAD : NOTE;
}

/* --- namespaces ------------------------------------------------------------------------------ */

enum { NS_OK, NS_EPERM, NS_ENOSPC, NS_EINVAL, NS_OTHER, NS_MOUNT };

static int try_namespaces(void)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return errno == EPERM ? NS_EPERM : errno == ENOSPC || errno == EUSERS ? NS_ENOSPC
               : errno == EINVAL ? NS_EINVAL : NS_OTHER;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? NS_MOUNT : NS_OK;
}

static enum verdict check_namespaces(struct finding *f)
{
    int r = in_child(try_namespaces);

    if (r == NS_OK) {
        say(f, "work: `myna run --rootfs` needs no root");
        return OK;
    }
    say(f, r == NS_MOUNT ? "can be made, but allow no mounts" : "refused");
    say(f, ": `myna run --rootfs` translates names instead, which is less");
    if (setting("kernel/unprivileged_userns_clone", 1) == 0)
        advise(f, "sysctl kernel.unprivileged_userns_clone=1");
    else if (setting("kernel/apparmor_restrict_unprivileged_userns", 0))
        advise(f, "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for myna "
                  "with 'userns,'");
    else if (r == NS_ENOSPC || setting("user/max_user_namespaces", 1) == 0)
        advise(f, "sysctl user.max_user_namespaces=15000");
    else if (r == NS_EINVAL)
        advise(f, "a kernel with CONFIG_USER_NS");
    else
        advise(f, "in a container: a seccomp profile that allows unshare and mount");
    return NOTE;
}

static int try_proc(void)
{
    pid_t pid;
    int status;

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) < 0)
        return 1;
    pid = fork();
    if (pid == 0)
        _exit(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
              mount("proc", "/proc", "proc", 0, NULL) < 0);
    return pid < 0 || waitpid(pid, &status, 0) != pid || status;
}

static enum verdict check_own_proc(struct finding *f)
{
    if (in_child(try_proc) == 0) {
        say(f, "can be mounted");
        return OK;
    }
    say(f, "refused: programs in `myna run` see the host's");
    advise(f, "in a container: one whose /proc has no masked paths");
    return NOTE;
}

static enum verdict check_ids(struct finding *f)
{
    unsigned long uids = subordinate_ids("/etc/subuid"), gids = subordinate_ids("/etc/subgid");

    if (geteuid() == 0) {
        say(f, "not needed by root");
        return OK;
    }
    if (uids && gids && idmap_helpers()) {
        say(f, "%lu user and %lu group ids: chown works in `myna run`", uids, gids);
        return OK;
    }
    say(f, "%s: in `myna run` there is id 0 alone", uids && gids ? "no newuidmap" : "none");
    if (!idmap_helpers())
        advise(f, "install the package uidmap; ");
    if (!uids || !gids)
        advise(f, "as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER");
    return NOTE;
}

static enum verdict check_binfmt(struct finding *f)
{
    const struct abi *abi;

    for (unsigned i = 0; (abi = elf_abi(i)); i++)
        if (binfmt_registered(abi->guest->name))
            say(f, "%s is registered ", abi->guest->name);
    if (*f->text)
        return OK;
    say(f, "myna is not registered: programs of the host can't start foreign ones");
    advise(f, "as root: myna binfmt --install (not needed for programs started by myna)");
    return NOTE;
}

static enum verdict check_kvm(struct finding *f)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (fd >= 0) {
        close(fd);
        say(f, "usable (for system mode; user mode does without)");
        return OK;
    }
    say(f, "%s (for system mode; user mode does without)", strerror(errno));
    if (errno == EACCES)
        advise(f, "add yourself to the group kvm");
    return NOTE;
}

/* --- all ------------------------------------------------------------------------------------- */

static const struct { enum verdict (*check)(struct finding *); const char *name; } checks[] = {
#define CHECK(f, n) { check_##f, n },
#include "doctor.def"
};

int command_doctor(struct options *o, int argc, char **argv, char **envp)
{
    static const char *const words[] = { "ok", "note", "bad" };
    enum verdict worst = OK;

    if (argc > 1)
        user_die(1, "doctor takes no arguments");
    for (unsigned i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
        struct finding f = { .text = "" };
        enum verdict v = checks[i].check(&f);
        printf("%-5s %-27s %s\n", words[v], checks[i].name, f.text);
        if (v && *f.advice)
            printf("      %-27s -> %s\n", "", f.advice);
        if (v > worst)
            worst = v;
    }
    puts(worst == BAD ? "Programs will fail here." : worst ? "Programs run here; see the notes."
                                                           : "Nothing is lacking.");
    return worst == BAD;
}
