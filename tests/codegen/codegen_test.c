/*
 * What common guest instructions compile to: a row is a guest program and the host mnemonics its code
 * begins with ("a|b": either), so that a change which makes code worse is seen. Choice of registers is
 * free. A loop over guest registers that live in slots must have no access to a 64-bit slot inside but
 * its poll: they get homes for the loop. (Flags are stored there, by 16 bits.)
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <capstone/capstone.h>
#include "aarch64.h"
#include "exec.h"
#include "target.h"

enum { SIZE = 1 << 20, CODE = 0x10000, PC = 0x40000000 };

static const struct row {
    const char *name;
    uint32_t words[8];
    unsigned n;
    const char *begins; /* mnemonics with one space between */
} rows[] = {
    { "add x0, x1, x2", { 0x8b020020, 0xd4200000 }, 2, "lea" },
    { "add x0, x0, #1", { 0x91000400, 0xd4200000 }, 2, "add|inc|lea" },
    { "ldr x0, [x1, #8]", { 0xf9400420, 0xd4200000 }, 2, "mov" },
    { "str x0, [x1, #8]", { 0xf9000420, 0xd4200000 }, 2, "mov" },
    { "mov x0, x1", { 0xaa0103e0, 0xd4200000 }, 2, "mov" },
    { "cmp x0, x1; b.ne; flags set again on both ways",
      { 0xeb01001f, 0x54000061, 0xeb02001f, 0xd65f03c0, 0xeb02001f, 0xd65f03c0 }, 6, "cmp jne" },
    { "bl", { 0x97fffff0, 0xd503201f }, 2, "cmp jb mov push call add jmp" },
    { "ret", { 0xd65f03c0 }, 1, "mov cmp jne ret" },
    { "b", { 0x14000010 }, 1, "jmp" },
};

static struct code_window nothing(void *owner, uint64_t pc)
{
    (void)owner;
    return (struct code_window){ .pc = pc };
}

/* Do the instructions begin as the row says? Writes what they are. */
static bool begins(const char *want, const uint8_t *code, size_t len, char *got, size_t room)
{
    csh h;
    cs_insn *insn;
    bool ok = true;
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &h) != CS_ERR_OK)
        return false;
    size_t n = cs_disasm(h, code, len, (uintptr_t)code, 0, &insn), k = 0;
    got[0] = 0;
    while (*want) {
        size_t w = strcspn(want, " ");
        bool match = false;
        for (const char *p = want; k < n && p < want + w; p += strcspn(p, "| ") + 1) {
            size_t m = strcspn(p, "| ");
            match |= strlen(insn[k].mnemonic) == m && !memcmp(insn[k].mnemonic, p, m);
        }
        ok &= match;
        if (k < n && strlen(got) + 80 < room)
            sprintf(got + strlen(got), "%s%s", k ? " " : "", insn[k].mnemonic);
        k++;
        want += w;
        want += *want == ' ';
    }
    if (n)
        cs_free(insn, n);
    cs_close(&h);
    return ok;
}

/* add x5, x5, x2; subs x7, x7, #1; b.ne to the first; cmp; ret */
static const struct row loop = {
    "loop", { 0x8b0200a5, 0xf10004e7, 0x54ffffc1, 0xeb01001f, 0xd65f03c0 }, 5, ""
};

/* Accesses to the state between the backward branch and its target, without the poll; -1: no loop. */
static int state_accesses(const uint8_t *code, size_t len)
{
    csh h;
    cs_insn *insn;
    int found = -1;
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &h) != CS_ERR_OK)
        return -1;
    size_t n = cs_disasm(h, code, len, (uintptr_t)code, 0, &insn);
    for (size_t k = 0; k < n && found < 0; k++) {
        uint64_t to = insn[k].mnemonic[0] == 'j' ? strtoull(insn[k].op_str, NULL, 0) : 0;
        if (to < (uintptr_t)code || to > insn[k].address)
            continue;
        found = 0;
        for (size_t j = 0; j < k; j++)
            found += insn[j].address >= to && strstr(insn[j].op_str, "qword ptr [rbp") &&
                     strcmp(insn[j].op_str, "rsp, qword ptr [rbp - 0x80]");
    }
    if (n)
        cs_free(insn, n);
    cs_close(&h);
    return found;
}

int main(void)
{
    unsigned passed = 0, failed = 0;
    char err[128] = "", got[1024];
    struct engine_config cfg = { .guest = &guest_aarch64, .model = guest_aarch64.models,
                                 .fetch = nothing };
    struct engine *e = engine_new(&cfg, err, sizeof err);
    const struct host_features *hf = host_features_get(NULL, err, sizeof err);
    uint8_t *code = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!e || !hf || code == MAP_FAILED) {
        printf("FAIL cannot set up: %s\n0 passed, 1 failed\n", err);
        return 1;
    }
    struct stubs stubs;
    struct xlate_out out = { .cap_relocs = 512, .cap_links = 512, .cap_faults = 512 };
    out.relocs = calloc(512, sizeof *out.relocs);
    out.links = calloc(512, sizeof *out.links);
    out.faults = calloc(512, sizeof *out.faults);
    const struct ir_target *target = host_fit_pins(guest_aarch64.ir, host_npins(hf, false), host_npins(hf, true));
    host_emit_stubs(&stubs, target, 2, 0, false, code, CODE, 0);
    static struct ir_region r;
    ir_region_init(&r, target);
    for (size_t k = 0; k <= sizeof rows / sizeof *rows; k++) {
        const struct row *row = k < sizeof rows / sizeof *rows ? &rows[k] : &loop;
        ir_region_reset(&r, target);
        struct code_window w = { (const uint8_t *)row->words, PC, row->n * 4 };
        guest_translate(&r, &guest_aarch64, guest_aarch64.models, w, 0, true);
        ir_optimise(&r);
        struct host_xlate_opts o = { .hf = hf, .stubs = &stubs, .insn_shift = 2 };
        size_t len = host_xlate(&r, &o, code + CODE, SIZE - CODE, 0, &out);
        bool ok = row == &loop ? len && state_accesses(code + CODE, len) == 0
                               : len && begins(row->begins, code + CODE, len, got, sizeof got);
        if (ok) {
            passed++;
            continue;
        }
        failed++;
        if (row == &loop)
            printf("FAIL loop: %d accesses to the state inside\n", state_accesses(code + CODE, len));
        else
            printf("FAIL %s: begins %s, should %s\n", row->name, got, row->begins);
        disas_host(stdout, code + CODE, len, (uintptr_t)code + CODE);
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
