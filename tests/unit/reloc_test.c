/*
 * Relocation: a translation is compiled at one address, copied to another, the first place is made
 * unreadable, and the copy must do what the IR interpreter does. A copy that is not relocated must fail
 * the comparison of its bytes, so that the test shows relocations were needed.
 *
 * The samples together have every kind of relocation: common stubs (leave, link, lookup, poll, return
 * miss), helper addresses, engine functions called from cold code, constants beside the code, links.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "aarch64.h"
#include "exec.h"
#include "target.h"

enum { SIZE = 1 << 20, CODE = 0x10000, PC = 0x40000000 };

static const struct sample {
    const char *name;
    uint32_t words[12];
    unsigned n;
} samples[] = {
    { "loop", { 0xd2800000, 0x8b010000, 0xf1000421, 0x54ffffc1, 0xd4200000 }, 5 },
    { "constant of a vector", { 0x9ac14c00, 0xd4200000 }, 2 }, /* crc32x w0, w0, x1 */
    { "helper", { 0xd53b4420, 0xd4200000 }, 2 },          /* mrs x0, fpsr */
    { "exact fp", { 0x1e622820, 0x1e604021, 0xd4200000 }, 3 }, /* fadd d0, d1, d2; fmov d1, d1 */
    { "constant", { 0x1e614021, 0x4ea1b821, 0x0e205821, 0xd4200000 }, 4 }, /* fneg, abs v, cnt v */
    { "call", { 0x97fffff0, 0xd503201f }, 2 },
    { "indirect call", { 0xd63f0040 }, 1 },               /* blr x2 */
    { "indirect", { 0xd61f0040 }, 1 },                    /* br x2 */
    { "return", { 0xd65f03c0 }, 1 },
    { "branch", { 0xeb01001f, 0x54000060, 0x91000400, 0xd4200000 }, 4 },
    { "syscall", { 0xd4000001 }, 1 },
};

static struct code_window nothing(void *owner, uint64_t pc)
{
    (void)owner;
    return (struct code_window){ .pc = pc };
}

static void set_state(struct cpu *cpu)
{
    for (unsigned k = 0; k < A64_NREGS; k++)
        memset((char *)cpu + a64_regs[k].offset, 0, a64_regs[k].type == IR_V128 ? 16 : 8);
    for (unsigned k = 0; k < 31; k++)
        *a64_reg(cpu, A64_X(k)) = 0x0101010101010101ull * k;
    *a64_reg(cpu, A64_x1) = 5;
    *a64_reg(cpu, A64_x2) = PC + 0x100;
    *a64_reg(cpu, A64_x30) = PC + 0x200;
    for (unsigned k = 0; k < 32; k++)
        memset(a64_vreg(cpu, k), (int)(k * 7 + 1), 16);
    uint64_t snan = 0x7ff0000000000123;
    memcpy(a64_vreg(cpu, 1), &snan, 8); /* takes the cold path */
    a64_set_nzcv(cpu, 0);
    cpu->pc = PC;
}

/* Registers that differ; prints the first. */
static int compare(const char *what, struct cpu *a, struct cpu *b)
{
    int bad = 0;
    for (unsigned k = 0; k < A64_NREGS; k++) {
        size_t n = a64_regs[k].type == IR_V128 ? 16 : a64_regs[k].type == IR_FLG ? 2 : 8;
        char *x = (char *)a + a64_regs[k].offset, *y = (char *)b + a64_regs[k].offset;
        bool same = a64_regs[k].type == IR_FLG ? a64_get_nzcv(a) == a64_get_nzcv(b) : !memcmp(x, y, n);
        if (!same && !bad++)
            printf("FAIL %s: %s is %#llx, should be %#llx\n", what, a64_regs[k].name,
                   *(unsigned long long *)x, *(unsigned long long *)y);
    }
    return bad;
}

int main(void)
{
    unsigned passed = 0, failed = 0, kinds = 0;
    char err[128];
    struct engine_config cfg = { .guest = &guest_aarch64, .model = guest_aarch64.models, .fetch = nothing };
    struct engine *e = engine_new(&cfg, err, sizeof err);
    struct cpu *cpu = e ? engine_cpu_new(e, 0) : NULL, *ref = e ? engine_cpu_new(e, 0) : NULL;
    const struct host_features *hf = host_features_get(NULL, err, sizeof err);
    uint8_t *first = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *second = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!cpu || !ref || !hf || first == MAP_FAILED || second == MAP_FAILED) {
        printf("cannot set up: %s\n0 passed, 1 failed\n", err);
        return 1;
    }
    struct stubs s1, s2;
    const struct ir_target *t = host_fit_pins(guest_aarch64.ir, host_npins(hf, false), host_npins(hf, true));
    struct xlate_out out = { .cap_relocs = 512, .cap_links = 512, .cap_faults = 512 };
    out.relocs = calloc(512, sizeof *out.relocs);
    out.links = calloc(512, sizeof *out.links);
    out.faults = calloc(512, sizeof *out.faults);
    static struct ir_region r;
    ir_region_init(&r, t);
    for (size_t k = 0; k < sizeof samples / sizeof *samples; k++) {
        const struct sample *s = &samples[k];
        mprotect(first, SIZE, PROT_READ | PROT_WRITE);
        mprotect(second, SIZE, PROT_READ | PROT_WRITE);
        host_emit_stubs(&s1, t, 2, 0, false, first, CODE, 0);
        host_emit_stubs(&s2, t, 2, 0, false, second, CODE, 0);
        ir_region_reset(&r, t);
        struct code_window w = { (const uint8_t *)s->words, PC, s->n * 4 };
        guest_translate(&r, &guest_aarch64, guest_aarch64.models, w, 0, true);
        ir_optimise(&r);
        struct host_xlate_opts o = { .hf = hf, .stubs = &s1, .insn_shift = 2 };
        size_t len = host_xlate(&r, &o, first + CODE, SIZE - CODE, 0, &out);
        uint8_t *at = second + 3 * CODE + 4096; /* 16-byte alignment is kept: constants need it */
        memcpy(at, first + CODE, len);
        host_relocate(&out, t, &s2, at, 0);
        bool changed = memcmp(at, first + CODE, len) != 0;
        for (uint32_t j = 0; j < out.nrelocs; j++)
            kinds |= 1u << out.relocs[j].kind;
        mprotect(first, SIZE, PROT_NONE);
        mprotect(second, SIZE, PROT_READ | PROT_EXEC);
        set_state(cpu);
        set_state(ref);
        cpu->ret_sp = cpu->ret_base;
        enum ir_leave want = ir_interp(ref, &r), got = (enum ir_leave)host_enter(cpu, &s2, at);
        if (got == IR_LEAVE_LINK)
            got = IR_LEAVE_LOOKUP;
        bool ok = len && changed && got == want && !compare(s->name, cpu, ref);
        if (!ok)
            printf("FAIL %s: length %zu, %s, leaves with %d, should %d\n", s->name, len,
                   changed ? "relocated" : "not relocated", got, want);
        ok ? passed++ : failed++;
    }
    if (kinds != (1u << RELOC_STUB | 1u << RELOC_HELPER | 1u << RELOC_FN)) {
        printf("FAIL the samples have kinds %#x only\n", kinds);
        failed++;
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
