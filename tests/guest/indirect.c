/* Function pointers, tables of them, callbacks, switches (dense, sparse, of strings) and computed goto. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint32_t (*fn)(uint32_t);
#define F(n, e) static uint32_t f##n(uint32_t x) { return e; }
F(0, x + 1) F(1, x * 3) F(2, x ^ 0x55) F(3, x >> 1) F(4, x - 7) F(5, ~x) F(6, x << 2) F(7, x | 9)
F(8, x % 1000) F(9, x * x) F(10, x / 3) F(11, x & 0xffff) F(12, x + (x >> 3)) F(13, 31 * x + 7)
F(14, x ^ (x << 5)) F(15, x - (x >> 2))
static const fn table[16] = { f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15 };

struct shape { const struct ops *ops; int a, b; };
struct ops { int (*area)(const struct shape *); const char *(*name)(void); };
static int rect_area(const struct shape *s) { return s->a * s->b; }
static int tri_area(const struct shape *s) { return s->a * s->b / 2; }
static const char *rect_name(void) { return "rect"; }
static const char *tri_name(void) { return "tri"; }
static const struct ops rect = { rect_area, rect_name }, tri = { tri_area, tri_name };

static __attribute__((noinline)) int dense(int x)
{
    switch (x) {
    case 0: return 5;
    case 1: return x * 7;
    case 2: return -1;
    case 3: return x + 100;
    case 4: return 8;
    case 5: return x << 3;
    case 6: return 1000;
    case 7: return x ^ 0xff;
    case 8: return 77;
    case 9: return 78;
    case 10: return x - 3;
    case 11: return 3;
    default: return x < 0 ? -2 : 0;
    }
}
static __attribute__((noinline)) int sparse(long x)
{
    switch (x) {
    case -5000000000: return 1;
    case -1: return 2;
    case 10: return 3;
    case 1000: return 4;
    case 65536: return 5;
    case 1 << 30: return 6;
    case 1L << 40: return 7;
    default: return 0;
    }
}
/* A little machine: 3-byte instructions by computed goto. */
static __attribute__((noinline)) uint32_t machine(const uint8_t *code, uint32_t *reg)
{
    static void *const op[] = { &&add, &&sub, &&mul, &&mov, &&loop, &&halt };
    const uint8_t *pc = code;
    uint32_t steps = 0;
#define NEXT do { steps++; goto *op[pc[0]]; } while (0)
    NEXT;
add: reg[pc[1]] += reg[pc[2]]; pc += 3; NEXT;
sub: reg[pc[1]] -= reg[pc[2]]; pc += 3; NEXT;
mul: reg[pc[1]] *= reg[pc[2]] | 1; pc += 3; NEXT;
mov: reg[pc[1]] = pc[2]; pc += 3; NEXT;
loop:
    if (--reg[pc[1]]) pc = code + pc[2]; else pc += 3;
    NEXT;
halt:
    return steps;
}
static int compare_calls;
static int compare(const void *a, const void *b)
{
    compare_calls++;
    return *(const char *)a - *(const char *)b;
}
int main(void)
{
    uint32_t x = 1;
    for (int i = 0; i < 200000; i++)
        x = table[(x ^ i) & 15](x) + i;
    printf("table %u\n", x);
    struct shape s[100];
    long area = 0;
    for (int i = 0; i < 100; i++) {
        s[i] = (struct shape){ i % 3 ? &rect : &tri, i, i + 3 };
        area += s[i].ops->area(&s[i]) + s[i].ops->name()[0];
    }
    printf("area %ld\n", area);
    long d = 0;
    for (int i = -10; i < 30; i++)
        d = d * 7 + dense(i);
    static const long keys[] = { -5000000000, -1, 0, 10, 1000, 65535, 65536, 1 << 30, 1L << 40, 5 };
    for (int i = 0; i < 10; i++)
        d = d * 11 + sparse(keys[i]);
    printf("switches %ld\n", d);
    static const uint8_t code[] = { 3, 0, 200, 3, 1, 3, 3, 2, 5, 0, 2, 1, 2, 1, 2, 1, 2, 0,
                                    4, 0, 9, 5, 0, 0 };
    uint32_t reg[4] = { 0 }, steps = 0;
    for (int i = 0; i < 50; i++)
        steps += machine(code, reg);
    printf("machine %u %u %u\n", steps, reg[1], reg[2]);
    char text[] = "the quick brown fox jumps over the lazy dog";
    qsort(text, strlen(text), 1, compare);
    printf("%s %d\n", text, compare_calls > 0);
    fn picked = text[0] ? table[strlen(text) & 15] : f0;
    printf("picked %u\n", picked(99));
    return 0;
}
