/* A hot loop whose code is written anew four times, each other: each has to become hot again and be right
 * (the suite counts the regions of tier 2). Prints wrong results, or "wrong 0". */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

enum { ROUNDS = 30000000 };

static uint64_t expected(uint64_t step)
{
    uint64_t a = 0, b = 0, c = 0;
    for (int k = 0; k < ROUNDS; k++) {
        a += step;
        b += a;
        c ^= b;
        b += c;
    }
    return c;
}

int main(void)
{
    unsigned wrong = 0;
    uint32_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED)
        return 1;
    for (uint32_t v = 1; v <= 4; v++) {
        uint32_t text[] = {
            0xaa1f03ed, 0xaa1f03ee, 0xaa1f03ef,          /* mov x13, xzr; mov x14, xzr; mov x15, xzr */
            0x910001ad | v << 10,                        /* add x13, x13, #v */
            0x8b0d01ce, 0xca0e01ef, 0x8b0f01ce,          /* add x14, x14, x13; eor x15, x15, x14; add x14, x14, x15 */
            0xf1000400, 0x54ffff61,                      /* subs x0, x0, #1; b.ne to the add of v */
            0xaa0f03e0, 0xd65f03c0,                      /* mov x0, x15; ret */
        };
        for (unsigned k = 0; k < sizeof text / sizeof *text; k++)
            code[k] = text[k];
        __builtin___clear_cache((char *)code, (char *)code + sizeof text);
        wrong += ((uint64_t(*)(uint64_t))(uintptr_t)code)(ROUNDS) != expected(v);
    }
    printf("wrong %u\n", wrong);
    return wrong != 0;
}
