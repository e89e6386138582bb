/*
 * procmem.c: /proc/self/mem and /proc/self/pagemap through system calls that read and write.
 *
 * The descriptors are the host's: offset, dup, fork are the kernel's doing. An access goes to the host page by page
 * through the guest's map: offsets are guest addresses, what isn't the guest's is unmapped (EIO, or entries of 0), and
 * code that was written is translated again, as arm64 kernels flush the instruction cache then.
 *
 * Such files are known by device and inode, noted when they are opened; as long as none has been, nobody looks. In the
 * child of a fork they are the parent's memory. That, and another process's, goes straight to the host: its map isn't
 * known here and its translations can't be retired from here. io_uring and aio don't come by.
 *
 * Sources: proc(5), Documentation/admin-guide/mm/pagemap.rst, Linux mm/memory.c (__access_remote_vm).
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "mem.h"
#include "procfs.h"

enum { NOTES = 32, ENTRY = 8 };

struct procmem {
    pid_t by;        /* who made the notes: a vfork's child makes notes of its own */
    unsigned n;      /* noted so far: the last NOTES are known */
    struct note { uint64_t dev, ino; pid_t of; bool pagemap; } note[NOTES];
};

/* With the map's lock. */
static void note(struct process *p, const struct stat *st, bool pagemap)
{
    struct procmem *k = p->procmem;

    if (!k || k->by != getpid()) {
        struct procmem *old = k;
        k = calloc(1, sizeof(*k));
        if (!k)
            return;
        if (old)
            *k = *old;
        k->by = getpid();
    }
    k->note[k->n++ % NOTES] = (struct note){ st->st_dev, st->st_ino, getpid(), pagemap };
    __atomic_store_n(&p->procmem, k, __ATOMIC_RELEASE);
}

void procmem_opened(struct thread *t, int fd, bool pagemap)
{
    struct stat st;

    if (fstat(fd, &st))
        return;
    mm_lock(t);
    note(t->p, &st, pagemap);
    mm_unlock(t);
}

/* 0: an ordinary file; 'm', 'p'; 'f': memory of the process that forked this one, at the same guest base. */
static char kind_of(const struct procmem *k, int fd)
{
    struct stat st;

    if (fstat(fd, &st))
        return 0;
    for (unsigned i = 0; i < NOTES; i++)
        if (k->note[i].ino == st.st_ino && k->note[i].dev == st.st_dev)
            return k->note[i].of != getpid() ? (k->note[i].pagemap ? 0 : 'f') : k->note[i].pagemap ? 'p' : 'm';
    return 0;
}

/* The part of [addr, addr + len) that begins at addr and is either all the guest's (true) or all not; *n: its length. */
static bool guests(struct thread *t, uint64_t addr, uint64_t len, uint64_t *n)
{
    const struct mm *mm = t->p->mm;
    const struct mapping *m;
    uint64_t next;

    mm_sync(t->p, addr, addr + len);
    m = mm_find(mm, addr);
    next = m ? m->end : mm_next(mm, addr);
    *n = next - addr < len ? next - addr : len;
    return m != NULL;
}

/* Bytes of the guest's memory at *addr, from or to a buffer of the guest's; as far as it goes, or -EIO. */
static int64_t memory(struct thread *t, int fd, void *buf, uint64_t len, uint64_t addr, bool write, bool own)
{
    uint64_t done = 0, n = len;
    long r = -EIO;

    while (done < len) {
        bool there = addr + done < t->p->mm->limit;
        if (own) {
            mm_lock(t);
            there = there && guests(t, addr + done, len - done, &n);
            mm_unlock(t);
        }
        r = !there ? -EIO : host_syscall(write ? SYS_pwrite64 : SYS_pread64, fd, (char *)buf + done, n,
                                         addr + done + t->p->guest_base);
        if (r > 0 && write && own)
            engine_invalidate(t->p->engine, addr + done, (uint64_t)r);
        if (r <= 0)
            break;
        done += (uint64_t)r;
        if (!own)
            break;
    }
    return done || !len ? (int64_t)done : r;
}

/* Entries of pages; those that aren't the guest's are 0. */
static int64_t pagemap(struct thread *t, int fd, void *buf, uint64_t len, uint64_t pos)
{
    uint64_t end = t->p->mm->limit / GUEST_PAGE * ENTRY, done = 0, n;

    if (pos % ENTRY || len % ENTRY)
        return -EINVAL;
    if (pos >= end)
        return 0;
    if (len > end - pos)
        len = end - pos;
    while (done < len) {
        uint64_t page = (pos + done) / ENTRY * GUEST_PAGE;
        mm_lock(t);
        bool there = guests(t, page, (len - done) / ENTRY * GUEST_PAGE, &n);
        mm_unlock(t);
        n = n / GUEST_PAGE * ENTRY;
        long r = there ? host_syscall(SYS_pread64, fd, (char *)buf + done, n,
                                      pos + done + t->p->guest_base / GUEST_PAGE * ENTRY)
                       : user_fill(t->p, (uintptr_t)buf + done - t->p->guest_base, 0, n) ?: (long)n;
        if (r <= 0)
            return done ? (int64_t)done : r;
        done += (uint64_t)r;
    }
    return (int64_t)done;
}

bool procmem_access(struct thread *t, int fd, const struct iovec *v, unsigned n, const uint64_t *at, bool write,
                    int64_t *result)
{
    char kind;
    int64_t sum = 0, r = 0, pos;

    if (!t->p->procmem || !(kind = kind_of(t->p->procmem, fd)))
        return false;
    *result = 0;
    pos = at ? (int64_t)*at : host_syscall(SYS_lseek, fd, 0, SEEK_CUR);
    if (n && host_syscall(write ? SYS_write : SYS_read, fd, NULL, 0) < 0) { /* open the other way */
        *result = -EBADF;
        return true;
    }
    for (unsigned i = 0; i < n; i++) {
        if (kind == 'p' && write)
            r = -EINVAL;
        else if (kind == 'p')
            r = pagemap(t, fd, v[i].iov_base, v[i].iov_len, (uint64_t)(pos + sum));
        else
            r = memory(t, fd, v[i].iov_base, v[i].iov_len, (uint64_t)(pos + sum), write, kind == 'm');
        if (r < 0)
            break;
        sum += r;
        if ((uint64_t)r < v[i].iov_len)
            break;
    }
    if (sum && !at)
        host_syscall(SYS_lseek, fd, pos + sum, SEEK_SET);
    *result = sum ? sum : r;
    return true;
}
