/* Integer work behind function pointers that change from call to call. Argument: thousands of calls. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef uint32_t (*fn)(uint32_t, uint32_t);
#define F(n, e) static __attribute__((noinline)) uint32_t f##n(uint32_t x, uint32_t y) { return e; }
F(0, x + y) F(1, x * 3 + y) F(2, x ^ y) F(3, (x >> 3) + y) F(4, x - y) F(5, ~x + y) F(6, (x << 2) ^ y)
F(7, x | (y & 9)) F(8, x + (y >> 5)) F(9, x * y + 1) F(10, x ^ (x >> 7)) F(11, (x & 0xffff) * y)
F(12, x + (x >> 3) + y) F(13, 31 * x + y) F(14, x ^ (x << 5)) F(15, x - (x >> 2) + y)
static const fn table[16] = { f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15 };
struct object { fn call; uint32_t state; };

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 10;
    static struct object o[64];
    uint32_t x = 1;
    for (int i = 0; i < 64; i++)
        o[i] = (struct object){ table[(i * 5) & 15], i };
    for (int r = 0; r < rounds; r++)
        for (int i = 0; i < 1000; i++) {
            struct object *p = &o[(x >> 7 ^ i) & 63];
            x = table[(x ^ i) & 15](x, p->state);
            p->state = p->call(p->state, x);
        }
    printf("%08x\n", x);
    return 0;
}
