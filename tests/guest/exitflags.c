/* Flags that only an exit wants are made again there, from the registers that are left: here from the result and a
 * shifted register, which is used twice then. Prints wrong results, or "wrong 0". TEST: native=no */
#include <stdint.h>
#include <stdio.h>

struct answer { uint64_t result, code; };

/* a - (b << 2); code 2 if it is 0, 1 if it borrows, else 7. No other register has an operand. */
struct answer subtract(uint32_t a, uint32_t b);
asm(".globl subtract\n"
    "subtract: subs w0, w0, w1, lsl #2\n"
    "b.ls 1f\n"
    "adds w4, w1, #1\n"
    "mov w1, #7\n"
    "ret\n"
    "1: cset w1, eq\n"
    "cinc w1, w1, eq\n"
    "cinc w1, w1, lo\n"
    "ret\n");

/* a + (b << 3) of 64 bits; code 1 if it carries, else 7. */
struct answer add(uint64_t a, uint64_t b);
asm(".globl add\n"
    "add: adds x0, x0, x1, lsl #3\n"
    "b.hs 1f\n"
    "adds x4, x1, #1\n"
    "mov x1, #7\n"
    "ret\n"
    "1: cset x1, hs\n"
    "ret\n");

int main(void)
{
    static const uint64_t v[] = { 0, 1, 3, 4, 8, 0x3fffffff, 0x40000000, 0x80000000, 0xfffffffc, 0xffffffff,
                                  0x1fffffffffffffff, 0x2000000000000000, 0xfffffffffffffff8, ~0ull };
    unsigned wrong = 0, n = sizeof v / sizeof *v;
    for (unsigned i = 0; i < n; i++)
        for (unsigned j = 0; j < n; j++) {
            uint32_t a = (uint32_t)v[i], b = (uint32_t)v[j] << 2;
            struct answer g = subtract(a, (uint32_t)v[j]);
            wrong += (uint32_t)g.code != (a == b ? 2 : a < b ? 1 : 7) || (uint32_t)g.result != a - b;
            uint64_t c = v[j] << 3;
            g = add(v[i], v[j]);
            wrong += g.code != (v[i] + c < v[i] ? 1 : 7) || g.result != v[i] + c;
        }
    printf("wrong %u\n", wrong);
    return wrong != 0;
}
