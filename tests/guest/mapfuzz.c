/* Random memory calls inside one arena: results, the map as /proc/self/maps shows it, and what every page holds
 * or raises must be those of the native kernel. One line per seed; with a seed as argument every step.
 * TEST: */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
enum { P = 4096, PAGES = 96, FILE_PAGES = 48, STEPS = 160, SEEDS = 100 };
#define ARENA ((char *)0x2000000000)

static int verbose;
static uint64_t hash, seed;

static void note(const char *fmt, ...)
{
    char line[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    for (const char *s = line; *s; s++)
        hash = (hash ^ (unsigned char)*s) * 0x100000001b3;
    if (verbose)
        fputs(line, stdout);
}

static unsigned rnd(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 20) % n;
}

static sigjmp_buf env;
static volatile int code;
static char *volatile where;
static void on_fault(int s, siginfo_t *si, void *uc)
{
    code = s << 4 | si->si_code;
    where = si->si_addr;
    siglongjmp(env, 1);
}

static int touch(volatile char *p, int write)
{
    code = 0;
    if (!sigsetjmp(env, 1)) {
        char c = *p;
        if (write)
            *p = c;
        return c & 0xff;
    }
    return 1000 + code + (where != p) * 100000;
}

/* The arena's mappings, neighbours alike taken as one. */
static void show_map(void)
{
    static char text[64 << 10];
    int fd = open("/proc/self/maps", O_RDONLY);
    long n = 0, r;
    unsigned long from = 0, to = 0;
    char was[8] = "";
    int was_anon = 0;
    unsigned long next = 0;

    while ((r = read(fd, text + n, sizeof text - 1 - n)) > 0)
        n += r;
    text[n] = 0;
    close(fd);
    for (char *s = text; s && *s; s = strchr(s, '\n'), s = s ? s + 1 : s) {
        unsigned long a, b, off, ino;
        char p[8];
        if (sscanf(s, "%lx-%lx %7s %lx %*s %lu", &a, &b, p, &off, &ino) != 5 ||
            b <= (unsigned long)ARENA || a >= (unsigned long)ARENA + PAGES * P)
            continue;
        if (a == to && !strcmp(p, was) && was_anon == !ino && (!ino || off == next)) {
            to = b;
        } else {
            if (from)
                note(" %lu-%lu%s%s", (from - (unsigned long)ARENA) / P, (to - (unsigned long)ARENA) / P, was,
                     was_anon ? "" : "f");
            from = a;
            to = b;
            strcpy(was, p);
            was_anon = !ino;
            if (ino)
                note("@%lu", off / P);
        }
        next = off + (b - a);
    }
    if (from)
        note(" %lu-%lu%s%s", (from - (unsigned long)ARENA) / P, (to - (unsigned long)ARENA) / P, was, was_anon ? "" : "f");
    note("\n");
}

static void show_pages(void)
{
    for (int i = 0; i < PAGES; i++) {
        int r = touch(ARENA + i * P + 5, 0);
        note(" %d/%d", r, r == 1000 + (SIGSEGV << 4 | 1) ? 0 : touch(ARENA + i * P + 5, 1) == r);
    }
    note("\n");
}

static int files[3]; /* writable, the same for reading, a second one */

static void fill(int fd)
{
    char page[P];

    ftruncate(fd, FILE_PAGES * P);
    for (int i = 0; i < FILE_PAGES; i++) {
        memset(page, i + 1, P);
        pwrite(fd, page, P, (off_t)i * P);
    }
}

static int some_prot(void)
{
    static const int prot[] = { PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE,
                                PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC };
    return prot[rnd(6)];
}

static void result(const char *what, char *r)
{
    if (r == MAP_FAILED)
        note("%s: errno %d\n", what, errno);
    else if (r >= ARENA && r < ARENA + PAGES * P)
        note("%s: page %ld\n", what, (r - ARENA) / P);
    else
        note("%s: elsewhere\n", what);
}

static void status(const char *what, int r) { note("%s: %d\n", what, r ? errno : 0); }

static void step(void)
{
    unsigned page = rnd(PAGES - 24), n = 1 + rnd(rnd(3) ? 6 : 24), page2 = rnd(PAGES - 24), n2 = rnd(12);
    char *a = ARENA + page * P, *b = ARENA + page2 * P;
    size_t len = n * P, len2 = n2 * P;
    unsigned odd = rnd(40), which = rnd(3), op = rnd(20);
    int prot = some_prot(), flags;
    static const int advice[] = { MADV_DONTNEED, MADV_DONTNEED, MADV_WILLNEED, MADV_REMOVE, MADV_SEQUENTIAL, MADV_NORMAL,
                                  MADV_DONTFORK, MADV_DOFORK, MADV_NOHUGEPAGE, 77 };
    unsigned adv = rnd(10), off = rnd(FILE_PAGES), extra = rnd(4);
    char *r;

    if (odd == 0)
        a++;
    if (odd == 1)
        len -= 100;
    if (odd == 2)
        len = 0;
    if (odd == 3)
        b++;
    note("%u(%u,%u,%u,%u,%#x): ", op, page, n, page2, n2, prot);
    switch (op) {
    case 0: case 1:
        result("private", mmap(a, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
        break;
    case 2:
        result("shared", mmap(a, len, prot, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
        break;
    case 3: case 4:
        result("file", mmap(a, len, prot, (extra & 1 ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED, files[which], (off_t)off * P + (odd == 4)));
        break;
    case 5:
        result("noreplace", mmap(a, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
        break;
    case 6:
        r = mmap(a, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        result("hint", r);
        if (r != MAP_FAILED && (r < ARENA || r >= ARENA + PAGES * P))
            munmap(r, len);
        break;
    case 7: case 8:
        status("munmap", munmap(a, len));
        break;
    case 9: case 10: case 11:
        status("mprotect", mprotect(a, len, prot));
        break;
    case 12:
        result("resize", mremap(a, len, len2, 0));
        break;
    case 13: case 14:
        result("move", mremap(a, len, extra ? len : len2, MREMAP_MAYMOVE | MREMAP_FIXED, b));
        break;
    case 15:
        if (extra == 0)
            result("duplicate", mremap(a, 0, len, MREMAP_MAYMOVE | MREMAP_FIXED, b));
        else if (extra == 1)
            result("leave", mremap(a, len, len, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, b));
        else
            result("senseless", mremap(a, len, len2, extra == 2 ? MREMAP_FIXED : 64, b));
        break;
    case 16: case 17:
        status("madvise", madvise(a, len, advice[adv]));
        break;
    case 18:
        flags = extra == 0 ? MS_SYNC : extra == 1 ? MS_ASYNC : extra == 2 ? MS_SYNC | MS_ASYNC : MS_INVALIDATE;
        status("msync", msync(a, len, flags));
        status("mlock", extra & 1 ? mlock(a, len) : munlock(a, len));
        break;
    case 19:
        if (extra == 0) {
            ftruncate(files[0], (off_t)off * P);
            note("truncated to %u\n", off);
        } else if (extra == 1) {
            ftruncate(files[0], FILE_PAGES * P);
            note("extended\n");
        } else {
            for (unsigned i = page; i < page + n; i++)
                if (touch(ARENA + i * P + 5, 1) < 1000)
                    ARENA[i * P + 5] = (char)(page + n2);
            note("written\n");
        }
        break;
    }
}

static void one(uint64_t n)
{
    seed = n * 0x9e3779b97f4a7c15 + 12345;
    hash = 0xcbf29ce484222325;
    munmap(ARENA, PAGES * P);
    fill(files[0]);
    fill(files[2]);
    for (int i = 0; i < STEPS; i++) {
        step();
        if (i % 8 == 7) {
            show_map();
            show_pages();
        }
    }
    printf("seed %llu: %016llx\n", (unsigned long long)n, (unsigned long long)hash);
}

int main(int argc, char **argv)
{
    char name[64];
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    files[0] = memfd_create("one", 0);
    snprintf(name, sizeof name, "/proc/self/fd/%d", files[0]);
    files[1] = open(name, O_RDONLY);
    files[2] = memfd_create("two", 0);
    if (argc > 1) {
        verbose = 1;
        one(strtoull(argv[1], NULL, 0));
        return 0;
    }
    for (int i = 1; i <= SEEDS; i++)
        one((uint64_t)i);
    return 0;
}
