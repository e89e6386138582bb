/*
 * Semihosting: calls by HLT #0xf000 for the console, files, time and the end of the machine (Arm, "Semihosting for AArch32
 * and AArch64", 2.0: the operations' numbers, their parameter blocks and results).
 *
 * The operation is in w0, the address of its parameter block (fields of 8 bytes) in x1, the result goes to x0. A
 * guest that may do this has the rights of the user who runs myna, over files by their names, so it has to be asked for:
 * -semihosting. Handles are numbers of a table of the machine's. SYS_SYSTEM and SYS_TMPNAM are refused.
 *
 * A call is done by the vCPU's thread outside guest code, and without the machine's lock: it may block.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"
#include "sys.h"

enum { HANDLES = 64, PATH_BYTES = 4096, CHUNK = 4096 };

/* The machine's: shared by all processors. */
struct semihosting {
    pthread_mutex_t lock;
    int fd[HANDLES]; /* -1: free */
    int error;
};

/* A call in progress. */
struct request {
    struct vcpu *v;
    struct semihosting *h;
    gva_t block;
    uint64_t p[4];
};

/* n bytes at va in the view of the current level. False: not all are mapped. */
static bool copy(struct vcpu *v, gva_t va, void *data, uint64_t n, bool write)
{
    struct a64_sys *s = v->state;
    uint8_t *at = data;
    unsigned el = a64_el(v->cpu);
    while (n) {
        uint64_t k = PAGE_BYTES - (va & (PAGE_BYTES - 1));
        struct a64_walk w;
        k = k < n ? k : n;
        a64_translate(s, a64_regime_of(s, el), va, (struct a64_access){ .what = write ? A64_WRITE : A64_READ, .unprivileged = el == 0 }, &w);
        if (!w.ok || (write ? physmem_write(vcpu_physmem(v), &v->reader, w.pa, at, k, MEM_CPU)
                            : physmem_read(vcpu_physmem(v), &v->reader, w.pa, at, k, MEM_CPU)) != MEM_OK)
            return false;
        va += k;
        at += k;
        n -= k;
    }
    return true;
}

static uint64_t failed(struct request *r, int error)
{
    r->h->error = error;
    return ~0ull;
}
static uint64_t outcome(struct request *r, int64_t rc) { return rc < 0 ? failed(r, errno) : (uint64_t)rc; }

/* A name of n bytes at va, into to. */
static bool name_at(struct request *r, gva_t va, uint64_t n, char to[PATH_BYTES])
{
    if (n >= PATH_BYTES || !copy(r->v, va, to, n, false))
        return false;
    to[n] = 0;
    return true;
}

static int fd_of(const struct request *r) { return r->p[0] - 1 < HANDLES ? r->h->fd[r->p[0] - 1] : -1; }

/* ------------------------------------------------------------------ operations */

static uint64_t do_open(struct request *r)
{
    static const int modes[12] = { [0] = O_RDONLY, [2] = O_RDWR, [4] = O_WRONLY | O_CREAT | O_TRUNC, [6] = O_RDWR | O_CREAT | O_TRUNC,
                                   [8] = O_WRONLY | O_CREAT | O_APPEND, [10] = O_RDWR | O_CREAT | O_APPEND };
    char name[PATH_BYTES];
    unsigned k = 0;
    if (r->p[1] > 11 || !name_at(r, r->p[0], r->p[2], name))
        return failed(r, EINVAL);
    while (k < HANDLES && r->h->fd[k] >= 0)
        k++;
    if (k == HANDLES)
        return failed(r, EMFILE);
    if (!strcmp(name, ":tt")) /* the console: reading, writing, errors */
        r->h->fd[k] = fcntl(r->p[1] < 4 ? 0 : r->p[1] < 8 ? 1 : 2, F_DUPFD_CLOEXEC, 3);
    else
        r->h->fd[k] = open(name, modes[r->p[1] & ~1ull] | O_CLOEXEC | O_NOCTTY, 0666);
    return r->h->fd[k] < 0 ? failed(r, errno) : k + 1;
}

static uint64_t do_close(struct request *r)
{
    int fd = fd_of(r);
    if (fd < 0)
        return failed(r, EBADF);
    r->h->fd[r->p[0] - 1] = -1;
    return outcome(r, close(fd));
}

static uint64_t do_writec(struct request *r)
{
    char c;
    if (copy(r->v, r->block, &c, 1, false) && write(2, &c, 1) < 0)
        r->h->error = errno;
    return 0;
}

static uint64_t do_write0(struct request *r)
{
    char c;
    for (gva_t at = r->block; copy(r->v, at, &c, 1, false) && c; at++)
        if (write(2, &c, 1) < 0)
            return failed(r, errno);
    return 0;
}

/* Both give the number of bytes that were not done. */
static uint64_t transfer(struct request *r, bool to_guest)
{
    char buffer[CHUNK];
    int fd = fd_of(r);
    uint64_t at = r->p[1], left = r->p[2];
    if (fd < 0)
        r->h->error = EBADF;
    while (fd >= 0 && left) {
        uint64_t n = left < CHUNK ? left : CHUNK;
        if (!to_guest && !copy(r->v, at, buffer, n, false))
            break;
        ssize_t k = to_guest ? read(fd, buffer, n) : write(fd, buffer, n);
        if (k < 0)
            r->h->error = errno;
        if (k <= 0 || (to_guest && !copy(r->v, at, buffer, (uint64_t)k, true)))
            break;
        at += (uint64_t)k;
        left -= (uint64_t)k;
        if ((uint64_t)k < n)
            break;
    }
    return left;
}
static uint64_t do_write(struct request *r) { return transfer(r, false); }
static uint64_t do_read(struct request *r) { return transfer(r, true); }

static uint64_t do_readc(struct request *r)
{
    unsigned char c;
    ssize_t k = read(0, &c, 1);
    return k == 1 ? c : outcome(r, k < 0 ? k : -1);
}
static uint64_t do_iserror(struct request *r) { return (int64_t)r->p[0] < 0; }
static uint64_t do_istty(struct request *r) { return fd_of(r) < 0 ? failed(r, EBADF) : (uint64_t)isatty(fd_of(r)); }
static uint64_t do_seek(struct request *r) { return lseek(fd_of(r), (off_t)r->p[1], SEEK_SET) < 0 ? failed(r, errno) : 0; }
static uint64_t do_flen(struct request *r)
{
    struct stat st;
    return fstat(fd_of(r), &st) < 0 ? failed(r, errno) : (uint64_t)st.st_size;
}
static uint64_t do_remove(struct request *r)
{
    char name[PATH_BYTES];
    return name_at(r, r->p[0], r->p[1], name) ? outcome(r, remove(name)) : failed(r, EINVAL);
}
static uint64_t do_rename(struct request *r)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    bool ok = name_at(r, r->p[0], r->p[1], from) && name_at(r, r->p[2], r->p[3], to);
    return ok ? outcome(r, rename(from, to)) : failed(r, EINVAL);
}
static uint64_t do_clock(struct request *r) { return vcpu_now(r->v) / 10000000; }
static uint64_t do_time(struct request *r) { return (uint64_t)time(NULL); }
static uint64_t do_errno(struct request *r) { return (uint64_t)r->h->error; }
static uint64_t refused(struct request *r) { return failed(r, EPERM); }

static uint64_t do_cmdline(struct request *r)
{
    const char *text = r->v->machine->semihosting_text ? r->v->machine->semihosting_text : "";
    uint64_t n = strlen(text);
    if (n + 1 > r->p[1] || !copy(r->v, r->p[0], (void *)text, n + 1, true) || !copy(r->v, r->block + 8, &n, 8, true))
        return failed(r, EINVAL);
    return 0;
}
/* Heap and stack: the caller knows better (zeros). */
static uint64_t do_heapinfo(struct request *r)
{
    uint64_t none[4] = { 0 };
    return copy(r->v, r->p[0], none, sizeof none, true) ? 0 : failed(r, EFAULT);
}

enum { APPLICATION_EXIT = 0x20026 };
static uint64_t do_exit(struct request *r)
{
    struct machine *m = r->v->machine;
    bool locked = machine_lock_enter();
    machine_quit(m, r->p[0] == APPLICATION_EXIT ? (int)(r->p[1] & 0xff) : 1, CAUSE_GUEST_SHUTDOWN);
    if (locked)
        machine_lock_leave();
    return 0;
}

/* Ticks of the counter. */
static uint64_t do_elapsed(struct request *r)
{
    uint64_t now = a64_count(r->v->state);
    return copy(r->v, r->block, &now, 8, true) ? 0 : failed(r, EFAULT);
}
static uint64_t do_tickfreq(struct request *r) { return A64_CNTFRQ; }

/* number, fields of the parameter block that are read, function */
static const struct { uint8_t number, fields; uint64_t (*fn)(struct request *r); } operations[] = {
    { 0x01, 3, do_open }, { 0x02, 1, do_close }, { 0x03, 0, do_writec }, { 0x04, 0, do_write0 }, { 0x05, 3, do_write },
    { 0x06, 3, do_read }, { 0x07, 0, do_readc }, { 0x08, 1, do_iserror }, { 0x09, 1, do_istty }, { 0x0a, 2, do_seek },
    { 0x0c, 1, do_flen }, { 0x0d, 0, refused /* TMPNAM */ }, { 0x0e, 2, do_remove }, { 0x0f, 4, do_rename }, { 0x10, 0, do_clock },
    { 0x11, 0, do_time }, { 0x12, 0, refused /* SYSTEM */ }, { 0x13, 0, do_errno }, { 0x15, 2, do_cmdline }, { 0x16, 1, do_heapinfo },
    { 0x18, 2, do_exit }, { 0x20, 2, do_exit }, { 0x30, 0, do_elapsed }, { 0x31, 0, do_tickfreq },
};

/* ------------------------------------------------------------------------- calls */

static struct semihosting *table_of(struct machine *m)
{
    bool locked = machine_lock_enter();
    struct semihosting *h = m->semihosting_files;
    if (!h && (h = malloc(sizeof *h))) {
        pthread_mutex_init(&h->lock, NULL);
        h->error = 0;
        for (unsigned k = 0; k < HANDLES; k++)
            h->fd[k] = -1;
        m->semihosting_files = h;
    }
    if (locked)
        machine_lock_leave();
    return h;
}

void a64_semihosting(struct vcpu *v)
{
    uint64_t *x0 = a64_reg(v->cpu, A64_x0);
    struct request r = { .v = v, .h = table_of(v->machine), .block = *a64_reg(v->cpu, A64_x1) };
    unsigned k = 0, count = sizeof operations / sizeof *operations;
    while (k < count && operations[k].number != (uint32_t)*x0)
        k++;
    if (!r.h || k == count) {
        *x0 = ~0ull;
        return;
    }
    pthread_mutex_lock(&r.h->lock);
    if (operations[k].fields && !copy(v, r.block, r.p, operations[k].fields * 8, false))
        *x0 = failed(&r, EFAULT);
    else
        *x0 = operations[k].fn(&r);
    pthread_mutex_unlock(&r.h->lock);
}
