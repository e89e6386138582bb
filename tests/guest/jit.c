/* What JITs do with their code: pages that are writable or executable by turns (W^X), memory mapped twice
 * (a memfd, written through one view and executed in the other), bytes rewritten, put back, or left as
 * they were, code that moves to other pages, loops and calls between pieces, remapped pages with the
 * same or other bytes. Each call must see the code of the last flush. Argument: rounds.
 * jit.expect: worked out from the program: what is written is what is called. TEST: native=no */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECES = 64, PIECE = 256, SIZE = PIECES * PIECE, RET = 0xd65f03c0, MOV_W0 = 0x52800000 };
typedef long (*fn)(long);
static int rounds = 400, wrong;
static uint8_t *w, *x; /* the same memory: where it is written, where it is executed */
static int value[PIECES], kind[PIECES];

/* Piece k gives its value for 0: at once; by a loop that adds 1; or by a call of the piece before. */
static void put(int k, int v, int how)
{
    uint32_t *p = (uint32_t *)(w + k * PIECE);
    int n = 0;
    if (how == 1) {
        p[n++] = 0x52800001 | (uint32_t)v << 5;   /* mov w1, #v */
        p[n++] = 0x91000400;                      /* add x0, x0, #1 */
        p[n++] = 0x71000421;                      /* subs w1, w1, #1 */
        p[n++] = 0x54ffffc1;                      /* b.ne -8 */
    } else if (how == 2) {
        p[n++] = 0xa9bf7bfd;                      /* stp x29, x30, [sp, #-16]! */
        p[n++] = 0x94000000 | ((-PIECE / 4 - 1) & 0x3ffffff); /* bl the piece before */
        p[n++] = 0x91000000 | (uint32_t)v << 10;  /* add x0, x0, #v */
        p[n++] = 0xa8c17bfd;                      /* ldp x29, x30, [sp], #16 */
    } else {
        p[n++] = MOV_W0 | (uint32_t)v << 5;
    }
    p[n++] = RET;
    value[k] = v;
    kind[k] = how;
    __builtin___clear_cache((char *)x + k * PIECE, (char *)x + k * PIECE + n * 4);
}

static long should(int k) { return kind[k] == 2 ? value[k] + should(k - 1) : value[k]; }

static void call_all(const char *what)
{
    for (int k = 0; k < PIECES; k++) {
        long got = ((fn)(x + k * PIECE))(0);
        if (got != should(k)) {
            if (!wrong)
                printf("%s: piece %d gives %ld, not %ld\n", what, k, got, should(k));
            wrong++;
        }
    }
}

static unsigned seed = 1;
static unsigned pick(unsigned n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}
static void some_changes(int r)
{
    for (unsigned n = pick(3); n; n--) { /* some rounds change nothing */
        int k = (int)pick(PIECES);
        put(k, (int)(1 + pick(r % 3 ? 3 : 200)), k ? (int)pick(3) : (int)pick(2)); /* often what was there before */
    }
}

static void toggled(void)
{
    w = x = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int k = 0; k < PIECES; k++)
        put(k, k + 1, k % 3);
    for (int r = 0; r < rounds; r++) {
        mprotect(x, SIZE, PROT_READ | PROT_EXEC);
        call_all("toggled");
        mprotect(x, SIZE, PROT_READ | PROT_WRITE);
        some_changes(r);
    }
    printf("toggled: wrong %d\n", wrong);
    munmap(x, SIZE);
}

static void twice(void)
{
    int fd = memfd_create("jit", 0);
    ftruncate(fd, SIZE);
    w = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    x = mmap(NULL, SIZE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    wrong = 0;
    for (int k = 0; k < PIECES; k++)
        put(k, k + 1, k % 3);
    for (int r = 0; r < rounds; r++) {
        call_all("twice");
        some_changes(r);
        if (r % 7 == 0) { /* flushed by the name that is written through */
            int k = (int)pick(PIECES);
            uint32_t *p = (uint32_t *)(w + k * PIECE);
            p[0] = MOV_W0 | 77 << 5;
            p[1] = RET;
            value[k] = 77;
            kind[k] = 0;
            __builtin___clear_cache((char *)p, (char *)(p + 2));
        }
        if (r % 50 == 49) { /* the executable view elsewhere, and another one in its place */
            uint8_t *y = mmap(NULL, SIZE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0), *was = x;
            x = y;
            call_all("twice, elsewhere");
            x = mremap(y, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, was);
        }
    }
    printf("twice: wrong %d\n", wrong);
    munmap(w, SIZE);
    munmap(x, SIZE);
    close(fd);
}

/* Pages replaced by others: with other bytes, with the same, without any for a while. */
static void replaced(void)
{
    uint8_t *place = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    wrong = 0;
    for (int k = 0; k < PIECES; k++)
        value[k] = 1 + k, kind[k] = k % 3;
    for (int r = 0; r < rounds / 4; r++) {
        w = x = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (int k = 0; k < PIECES; k++)
            put(k, value[k], kind[k]);
        if (r & 1)
            some_changes(r);
        mprotect(x, SIZE, PROT_READ | PROT_EXEC);
        if (r % 4 == 3)
            munmap(place, SIZE);
        x = mremap(x, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, place);
        call_all("replaced");
    }
    printf("replaced: wrong %d\n", wrong);
    munmap(place, SIZE);
}

/* One word of a page that stays writable and executable is patched: a branch that is a nop by turns. */
static void patched(void)
{
    w = x = mmap(NULL, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t *p = (uint32_t *)w;
    uint32_t code[] = { 0xd503201f, MOV_W0 | 5 << 5, RET, MOV_W0 | 9 << 5, RET };
    memcpy(p, code, sizeof code);
    __builtin___clear_cache((char *)p, (char *)(p + 5));
    wrong = 0;
    for (int r = 0; r < rounds * 10; r++) {
        int jump = pick(2);
        p[0] = jump ? 0x14000003 /* b +12 */ : 0xd503201f;
        __builtin___clear_cache((char *)p, (char *)(p + 1));
        for (int i = 0; i < 3; i++)
            wrong += ((fn)x)(0) != (jump ? 9 : 5);
    }
    printf("patched: wrong %d\n", wrong);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        rounds = atoi(argv[1]);
    toggled();
    twice();
    replaced();
    patched();
    return 0;
}
