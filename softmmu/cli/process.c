/*
 * -daemonize, -pidfile, -chroot, -runas, -sandbox.
 *
 * A daemon's parent waits on a pipe: what goes wrong until the machine is ready is said on the caller's standard error, and
 * its status is 1. The file of -pidfile stays open and locked (fcntl) for as long as we live, so that a second machine is
 * refused, and goes with us.
 *
 * -sandbox denies groups of system calls by a filter (seccomp(2), libseccomp); what the translator needs (memory that is written in one
 * view and executed in another, threads, signals) is in none of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef MYNA_SECCOMP
#include <seccomp.h>
#endif

#include "options.h"

/* ------------------------------------------------------------------------ pidfile */

static char *pid_path;
static dev_t pid_dev;
static ino_t pid_ino;
static pid_t pid_of;

static void remove_pidfile(void)
{
    struct stat st;
    if (getpid() == pid_of && stat(pid_path, &st) == 0 && st.st_dev == pid_dev && st.st_ino == pid_ino)
        unlink(pid_path);
}

static void make_pidfile(const char *path)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    struct stat st, now;
    char text[24];
    for (;;) {
        int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
        if (fd < 0 || fstat(fd, &st) < 0)
            die("-pidfile %s: %s", path, strerror(errno));
        if (fcntl(fd, F_SETLK, &lock) < 0)
            die(errno == EAGAIN || errno == EACCES ? "-pidfile %s: another process has it (%s)" : "-pidfile %s: %s", path, strerror(errno));
        if (stat(path, &now) < 0 || now.st_ino != st.st_ino || now.st_dev != st.st_dev) {
            close(fd); /* its owner has just removed it */
            continue;
        }
        int n = snprintf(text, sizeof text, "%d\n", (int)getpid());
        if (ftruncate(fd, 0) < 0 || write(fd, text, (size_t)n) != n)
            die("-pidfile %s: %s", path, strerror(errno));
        break; /* it stays open: the lock */
    }
    pid_path = realpath(path, NULL);
    pid_dev = st.st_dev;
    pid_ino = st.st_ino;
    pid_of = getpid();
    if (pid_path)
        atexit(remove_pidfile);
}

/* ------------------------------------------------------------------------- daemon */

static int ready_fd = -1;

static void daemonize(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        die("-daemonize: %s", strerror(errno));
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        die("-daemonize: %s", strerror(errno));
    if (child) {
        char byte;
        ssize_t n;
        close(ends[1]);
        while ((n = read(ends[0], &byte, 1)) < 0 && errno == EINTR)
            ;
        waitpid(child, NULL, 0);
        _exit(n == 1 ? 0 : 1);
    }
    close(ends[0]);
    ready_fd = ends[1];
    setsid();
    child = fork(); /* no session leader: it never gets a terminal */
    if (child)
        _exit(child < 0);
    umask(027);
}

void process_begin(const struct process_options *o)
{
    if (o->daemonize)
        daemonize();
    if (o->pidfile)
        make_pidfile(o->pidfile);
}

struct user { const char *text; char *name; uid_t uid; gid_t gid; };

/* While the host's list of users is there. */
static struct user find_user(const char *text)
{
    char *end;
    struct user u = { .text = text };
    u.uid = (uid_t)strtoul(text, &end, 10);
    if (end != text && *end == ':' && end[1]) {
        u.gid = (gid_t)strtoul(end + 1, &end, 10);
        if (!*end)
            return u;
    }
    const struct passwd *p = getpwnam(text);
    if (!p)
        die("-runas %s: there is no such user (a name, or UID:GID)", text);
    u.name = strdup(p->pw_name);
    u.uid = p->pw_uid;
    u.gid = p->pw_gid;
    return u;
}

static void become(const struct user *u)
{
    if ((u->name ? initgroups(u->name, u->gid) : setgroups(1, &u->gid)) < 0 || setgid(u->gid) < 0 || setuid(u->uid) < 0)
        die("-runas %s: %s", u->text, strerror(errno));
    if (u->uid && setuid(0) == 0)
        die("-runas %s: the privileges are still there", u->text);
}

/* ------------------------------------------------------------------------ sandbox */

static bool allow_or_deny(const char *text, bool *deny)
{
    *deny = !strcmp(text, "deny");
    return *deny || !strcmp(text, "allow");
}

bool sandbox_parse(struct sandbox *s, const char *text)
{
    struct word w;
    bool deny;
    *s = (struct sandbox){ .on = true };
    for (bool first = true; next_word(&text, &w); first = false) {
        if ((first && !w.value) || !strcmp(w.name, "enable")) {
            if (!parse_bool(w.value ? w.value : w.name, &s->on))
                return false;
        } else if (!w.value) {
            return false;
        } else if (!strcmp(w.name, "obsolete")) {
            if (!allow_or_deny(w.value, &deny))
                return false;
            s->obsolete = !deny;
        } else if (!strcmp(w.name, "elevateprivileges")) {
            if (strcmp(w.value, "children") && !allow_or_deny(w.value, &s->no_elevation))
                return false; /* children: a filter gives them none in any case */
        } else if (!strcmp(w.name, "spawn")) {
            if (!allow_or_deny(w.value, &s->no_spawn))
                return false;
        } else if (!strcmp(w.name, "resourcecontrol")) {
            if (!allow_or_deny(w.value, &s->no_resources))
                return false;
        } else {
            return false;
        }
    }
    return true;
}

#ifdef MYNA_SECCOMP
enum denied_by { ALWAYS, OBSOLETE, PRIVILEGES, SPAWN, RESOURCES };

/* System calls by the group that denies them. RESOURCES fail with EPERM, since libraries ask for them and can do without; the others
 * end the process. */
static const struct { enum denied_by group; int nr; } denied[] = {
    { ALWAYS, SCMP_SYS(reboot) }, { ALWAYS, SCMP_SYS(swapon) }, { ALWAYS, SCMP_SYS(swapoff) }, { ALWAYS, SCMP_SYS(syslog) }, { ALWAYS, SCMP_SYS(mount) },
    { ALWAYS, SCMP_SYS(umount2) }, { ALWAYS, SCMP_SYS(pivot_root) }, { ALWAYS, SCMP_SYS(kexec_load) }, { ALWAYS, SCMP_SYS(kexec_file_load) },
    { ALWAYS, SCMP_SYS(init_module) }, { ALWAYS, SCMP_SYS(finit_module) }, { ALWAYS, SCMP_SYS(delete_module) }, { ALWAYS, SCMP_SYS(acct) },
    { ALWAYS, SCMP_SYS(settimeofday) }, { ALWAYS, SCMP_SYS(clock_settime) }, { ALWAYS, SCMP_SYS(adjtimex) }, { ALWAYS, SCMP_SYS(quotactl) },
    { ALWAYS, SCMP_SYS(iopl) }, { ALWAYS, SCMP_SYS(ioperm) }, { ALWAYS, SCMP_SYS(sethostname) }, { ALWAYS, SCMP_SYS(setdomainname) },
    { ALWAYS, SCMP_SYS(vhangup) }, { ALWAYS, SCMP_SYS(nfsservctl) }, { ALWAYS, SCMP_SYS(lookup_dcookie) }, { ALWAYS, SCMP_SYS(afs_syscall) },
    { ALWAYS, SCMP_SYS(security) }, { ALWAYS, SCMP_SYS(tuxcall) }, { ALWAYS, SCMP_SYS(vserver) }, { ALWAYS, SCMP_SYS(getpmsg) }, { ALWAYS, SCMP_SYS(putpmsg) },
    { OBSOLETE, SCMP_SYS(_sysctl) }, { OBSOLETE, SCMP_SYS(create_module) }, { OBSOLETE, SCMP_SYS(get_kernel_syms) }, { OBSOLETE, SCMP_SYS(query_module) },
    { OBSOLETE, SCMP_SYS(sysfs) }, { OBSOLETE, SCMP_SYS(uselib) }, { OBSOLETE, SCMP_SYS(ustat) },
    { PRIVILEGES, SCMP_SYS(setuid) }, { PRIVILEGES, SCMP_SYS(setgid) }, { PRIVILEGES, SCMP_SYS(setpgid) }, { PRIVILEGES, SCMP_SYS(setsid) },
    { PRIVILEGES, SCMP_SYS(setreuid) }, { PRIVILEGES, SCMP_SYS(setregid) }, { PRIVILEGES, SCMP_SYS(setresuid) }, { PRIVILEGES, SCMP_SYS(setresgid) },
    { PRIVILEGES, SCMP_SYS(setfsuid) }, { PRIVILEGES, SCMP_SYS(setfsgid) }, { PRIVILEGES, SCMP_SYS(setgroups) }, { PRIVILEGES, SCMP_SYS(capset) },
    { SPAWN, SCMP_SYS(fork) }, { SPAWN, SCMP_SYS(vfork) }, { SPAWN, SCMP_SYS(execve) }, { SPAWN, SCMP_SYS(execveat) },
    { RESOURCES, SCMP_SYS(setpriority) }, { RESOURCES, SCMP_SYS(sched_setparam) }, { RESOURCES, SCMP_SYS(sched_setscheduler) },
    { RESOURCES, SCMP_SYS(sched_setattr) }, { RESOURCES, SCMP_SYS(sched_setaffinity) }, { RESOURCES, SCMP_SYS(setrlimit) },
    { RESOURCES, SCMP_SYS(ioprio_set) },
};

static void confine(const struct sandbox *s)
{
    const bool on[] = { true, !s->obsolete, s->no_elevation, s->no_spawn, s->no_resources };
    scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);
    int rc = c ? seccomp_attr_set(c, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM;
    for (unsigned k = 0; !rc && k < sizeof denied / sizeof *denied; k++)
        if (on[denied[k].group] && denied[k].nr >= 0)
            rc = seccomp_rule_add(c, denied[k].group == RESOURCES ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS, denied[k].nr, 0);
    /* A thread is no spawn; clone3's flags can't be seen, and the C library then takes clone. */
    if (!rc && s->no_spawn)
        rc = seccomp_rule_add(c, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    if (!rc && s->no_spawn)
        rc = seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (!rc)
        rc = seccomp_load(c);
    if (rc)
        die("-sandbox: %s", strerror(-rc));
    seccomp_release(c);
}
#else
static void confine(const struct sandbox *s) { die("-sandbox: this myna was built without libseccomp"); }
#endif

/* -------------------------------------------------------------------------- ready */

void process_ready(const struct process_options *o)
{
    struct user user = { NULL };
    if (o->user)
        user = find_user(o->user);
    if (o->root && (chroot(o->root) < 0 || chdir("/") < 0))
        die("-chroot %s: %s", o->root, strerror(errno));
    int null = o->daemonize ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
    if (o->daemonize && null < 0 && !o->root)
        die("-daemonize: /dev/null: %s", strerror(errno));
    if (o->user)
        become(&user);
    if (o->sandbox.on)
        confine(&o->sandbox);
    if (!o->daemonize)
        return;
    if (chdir("/") < 0)
        die("-daemonize: %s", strerror(errno));
    fflush(NULL);
    for (int fd = 0; fd < 3; fd++)
        if (null < 0 || dup2(null, fd) < 0)
            close(fd);
    if (null > 2)
        close(null);
    if (write(ready_fd, "", 1) != 1)
        exit(1); /* the caller went */
    close(ready_fd);
}
