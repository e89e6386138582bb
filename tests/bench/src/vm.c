/* A byte-code machine with a switch: what interpreters do. Argument: thousands of loop rounds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { PUSH, LOAD, STORE, ADD, SUB, MUL, XOR, SHR, LESS, JZ, JMP, DUP, DROP, CALL, RET, MOD, AND, HALT };
static const int32_t code[] = {
    /* 0 */ PUSH, 0, STORE, 0,                       /* i = 0 */
    /* 4 */ LOAD, 0, LOAD, 9, LESS, JZ, 44,          /* while (i < n) */
    /* 11 */ LOAD, 1, LOAD, 0, CALL, 46, ADD,        /* s = (s + f(i)) */
    /* 18 */ PUSH, 0xffffff, AND, STORE, 1,
    /* 23 */ LOAD, 2, LOAD, 1, XOR, DUP, PUSH, 3, SHR, ADD, STORE, 2,
    /* 35 */ LOAD, 0, PUSH, 1, ADD, STORE, 0, JMP, 4,
    /* 44 */ HALT, HALT,
    /* 46 */ DUP, PUSH, 7, MUL, PUSH, 13, MOD, ADD, RET,
};
static uint64_t count;
static __attribute__((noinline)) int32_t run(int32_t *var)
{
    int32_t stack[64], *sp = stack;
    const int32_t *pc = code, *calls[16], **cp = calls;
    for (;;) {
        count++;
        switch (*pc++) {
        case PUSH: *sp++ = *pc++; break;
        case LOAD: *sp++ = var[*pc++]; break;
        case STORE: var[*pc++] = *--sp; break;
        case ADD: sp--; sp[-1] += sp[0]; break;
        case SUB: sp--; sp[-1] -= sp[0]; break;
        case MUL: sp--; sp[-1] *= sp[0]; break;
        case XOR: sp--; sp[-1] ^= sp[0]; break;
        case SHR: sp--; sp[-1] = (uint32_t)sp[-1] >> sp[0]; break;
        case LESS: sp--; sp[-1] = sp[-1] < sp[0]; break;
        case JZ: sp--; pc = *sp ? pc + 1 : code + *pc; break;
        case JMP: pc = code + *pc; break;
        case DUP: *sp = sp[-1]; sp++; break;
        case DROP: sp--; break;
        case CALL: *cp++ = pc + 1; pc = code + *pc; break;
        case RET: pc = *--cp; break;
        case MOD: sp--; sp[-1] %= sp[0]; break;
        case AND: sp--; sp[-1] &= sp[0]; break;
        case HALT: return var[2];
        }
    }
}
int main(int argc, char **argv)
{
    int32_t var[16] = { 0 };
    var[9] = 1000 * (argc > 1 ? atoi(argv[1]) : 1);
    int32_t r = run(var);
    printf("%08x %lu\n", (unsigned)r, (unsigned long)count);
    return 0;
}
