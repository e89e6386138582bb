/*
 * execstate.c: what an execve must carry over by itself, since the next program is myna again or a
 * program of the host: limits that are kept here, the identity of set-id programs, and room in a full
 * table of descriptors.
 *
 * Set-id: the host's kernel sees myna's file, not the guest's. A process that may take the file's
 * identity takes it before the host's execve, which then makes the process a secure one as it would by
 * itself. One that may not leaves it to binfmt_misc (flag C), if that knows the file, and else runs the
 * program as it is, as a file system without set-id would have it.
 *
 * Sources: execve(2), credentials(7), Linux fs/exec.c (bprm_fill_uid), security/commoncap.c.
 */
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest_process.h"

/* --- limits ---------------------------------------------------------------------------------- */

void exec_limits_give(struct process *p, char *buf, size_t size)
{
    const struct proc_state *ps = proc_of(p);
    size_t n = 0;

    buf[0] = 0;
    for (int i = 0; i < PROCESS_NLIMITS; i++)
        if (ps->limit[i].set)
            n += (size_t)snprintf(buf + n, size - n, "%d:%#llx:%#llx,", i,
                                  (unsigned long long)ps->limit[i].cur,
                                  (unsigned long long)ps->limit[i].max);
}

void exec_limits_take(struct process *p, const char *text)
{
    struct proc_state *ps = proc_of(p);
    unsigned long long cur, max;
    int i, len;

    for (; sscanf(text, "%d:%llx:%llx,%n", &i, &cur, &max, &len) == 3; text += len)
        if (i >= 0 && i < PROCESS_NLIMITS) {
            ps->limit[i].set = true;
            ps->limit[i].cur = cur;
            ps->limit[i].max = max;
        }
    int stack = 0;
    while (kept_limits[stack] != RLIMIT_STACK)
        stack++;
    if (ps->limit[stack].set)
        p->stack_size = ps->limit[stack].cur < p->stack_size ? PAGE_UP(ps->limit[stack].cur)
                                                              : p->stack_size;
}

/* Exchanges the host's limits for those kept; old holds them afterwards. */
void exec_limits_swap(struct process *p, struct rlimit old[PROCESS_NLIMITS])
{
    const struct proc_state *ps = proc_of(p);

    for (int i = 0; i < PROCESS_NLIMITS; i++) {
        struct rlimit want = { ps->limit[i].cur, ps->limit[i].max };
        if (!ps->limit[i].set || getrlimit(kept_limits[i], &old[i]) < 0)
            continue;
        want.rlim_max = old[i].rlim_max; /* lowering it could not be undone */
        setrlimit(kept_limits[i], &want);
    }
}

void exec_limits_restore(struct process *p, const struct rlimit old[PROCESS_NLIMITS])
{
    const struct proc_state *ps = proc_of(p);

    for (int i = 0; i < PROCESS_NLIMITS; i++)
        if (ps->limit[i].set)
            setrlimit(kept_limits[i], &old[i]);
}

/* --- descriptors ----------------------------------------------------------------------------- */

bool exec_more_descriptors(struct rlimit *old)
{
    struct rlimit more;

    if (getrlimit(RLIMIT_NOFILE, old) < 0)
        return false;
    more = *old;
    more.rlim_cur += 16;
    if (more.rlim_max < more.rlim_cur)
        more.rlim_max = more.rlim_cur;
    return setrlimit(RLIMIT_NOFILE, &more) == 0;
}

void exec_less_descriptors(const struct rlimit *old)
{
    setrlimit(RLIMIT_NOFILE, old);
}

/* --- identity -------------------------------------------------------------------------------- */

enum exec_identity exec_identity_take(int fd, struct exec_ids *old)
{
    struct stat st;
    struct statvfs fs;
    uid_t uid;
    gid_t gid;

    if (fstat(fd, &st) < 0 || !(st.st_mode & (S_ISUID | S_ISGID)))
        return IDENTITY_SAME;
    if (fstatvfs(fd, &fs) < 0 || fs.f_flag & ST_NOSUID || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0))
        return IDENTITY_SAME;
    getresuid(&old->ruid, &old->euid, &old->suid);
    getresgid(&old->rgid, &old->egid, &old->sgid);
    uid = st.st_mode & S_ISUID ? st.st_uid : old->euid;
    gid = (st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) ? st.st_gid : old->egid;
    if (uid == old->euid && gid == old->egid)
        return IDENTITY_SAME;
    if (host_syscall(SYS_setresgid, -1, gid, gid) < 0)
        return IDENTITY_REFUSED;
    if (host_syscall(SYS_setresuid, -1, uid, uid) < 0) {
        host_syscall(SYS_setresgid, -1, old->egid, old->sgid);
        return IDENTITY_REFUSED;
    }
    return IDENTITY_TAKEN;
}

void exec_identity_restore(const struct exec_ids *old)
{
    host_syscall(SYS_setresuid, -1, old->euid, old->suid);
    host_syscall(SYS_setresgid, -1, old->egid, old->sgid);
}
