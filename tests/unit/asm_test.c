/*
 * The encoder (asm.h): forms of instructions over all registers and memory operands, disassembled by
 * capstone and compared with text that is made from the operands here. Lengths must agree too.
 * Of EVEX what capstone 4 knows; vec_test runs the others.
 */
#include <stdio.h>
#include <string.h>
#include <capstone/capstone.h>
#include "asm.h"

static const char *const r64[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                     "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };
static const char *const r32[16] = { "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d",
                                     "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d" };
static const char *const r8[16] = { "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b",
                                    "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b" };
static const char *const alu_name[8] = { "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp" };

static unsigned passed, failed;
static csh handle;
static uint8_t buf[64];
static struct codebuf cb;

static struct codebuf *start(void)
{
    memset(buf, 0x90, sizeof buf);
    cb = (struct codebuf){ .p = buf, .start = buf, .end = buf + sizeof buf };
    return &cb;
}

static void expect(const char *want)
{
    char got[256] = "undecodable";
    cs_insn *insn;
    size_t len = 0;
    if (cs_disasm(handle, buf, sizeof buf, 0, 1, &insn)) {
        snprintf(got, sizeof got, "%s %s", insn->mnemonic, insn->op_str);
        len = insn->size;
        for (char *p = got; (p = strstr(p, " ,")); ) /* capstone 4, EVEX */
            memmove(p, p + 1, strlen(p));
        cs_free(insn, 1);
    }
    if (!strcmp(got, want) && len == (size_t)(cb.p - buf)) {
        passed++;
        return;
    }
    if (failed++ < 20)
        printf("FAIL encoded %s, should be %s (%zu bytes, decoded %zu)\n", got, want,
               (size_t)(cb.p - buf), len);
}

static const char *reg(bool w, int k) { return w ? r64[k] : r32[k]; }

/* A number as capstone writes it: below 10 decimal. */
static void number(char *out, size_t n, uint64_t v)
{
    snprintf(out, n, v < 10 ? "%llu" : "0x%llx", (unsigned long long)v);
}

static const char *operand(const char *size, struct mem m)
{
    static char text[128];
    char disp[32] = "";
    const char *sign = "";
    bool any = m.base >= 0 || m.index >= 0;
    if (m.disp || !any) {
        uint32_t v = m.disp < 0 && any ? 0 - (uint32_t)m.disp : (uint32_t)m.disp;
        number(disp, sizeof disp, any || m.disp >= 0 ? v : (uint64_t)(int64_t)m.disp);
        sign = !any ? "" : m.disp < 0 ? " - " : " + ";
    }
    char index[24] = "";
    if (m.index >= 0 && m.scale)
        snprintf(index, sizeof index, "%s*%d", r64[m.index], 1 << m.scale);
    else if (m.index >= 0)
        snprintf(index, sizeof index, "%s", r64[m.index]);
    snprintf(text, sizeof text, "%s%s[%s%s%s%s%s]", size, m.gs ? "gs:" : "",
             m.base >= 0 ? r64[m.base] : "", m.base >= 0 && m.index >= 0 ? " + " : "", index, sign, disp);
    return text;
}

static const int32_t disps[] = { 0, 1, -1, 127, 128, -128, -129, 16, 8, -508, 1016, 2032, 2048, -2048,
                                 -2056, 0x12345, -0x12345, 0x7fffffff };
enum { NDISPS = sizeof disps / sizeof *disps };

static void each_memory(void (*fn)(struct mem m))
{
    for (int base = 0; base < 16; base++)
        for (int index = -1; index < 16; index++)
            for (unsigned d = 0; d < NDISPS && index != RSP; d++)
                for (unsigned s = 0; s < (index < 0 ? 1 : 4); s++)
                    fn((struct mem){ .base = (int8_t)base, .index = (int8_t)index, .scale = (uint8_t)s,
                                     .gs = (d ^ s) & 1, .disp = disps[d] });
    for (int index = 0; index < 16; index++) /* no base: a scale is written as such */
        for (unsigned d = 1; d < NDISPS && index != RSP; d++)
            fn((struct mem){ .base = -1, .index = (int8_t)index, .scale = 3, .disp = disps[d] });
    fn((struct mem){ .base = -1, .index = -1, .disp = 0x1000, .gs = true });
}

/* One-byte displacements count 16, 8, 4 bytes. Without gs, and not with two registers from r8 on: capstone 4 cannot
 * read those. */
static void evex_memory_forms(struct mem m, int r)
{
    char want[200];
    v_rrm(start(), 0xfe | M0F | P66, false, 16 + r, r, m);
    snprintf(want, sizeof want, "vpaddd xmm%d, xmm%d, %s", 16 + r, r, operand("xmmword ptr ", m));
    expect(want);
    v_rrm(start(), OP_MOVUPS_S, false, 31 - r, 0, m);
    snprintf(want, sizeof want, "vmovups %s, xmm%d", operand("xmmword ptr ", m), 31 - r);
    expect(want);
    v_rrm(start(), OP_MOVSD_L, false, 31 - r, 0, m);
    snprintf(want, sizeof want, "vmovsd xmm%d, %s", 31 - r, operand("qword ptr ", m));
    expect(want);
    v_rrm(start(), OP_MOVSS_S, false, 31 - r, 0, m);
    snprintf(want, sizeof want, "vmovss %s, xmm%d", operand("dword ptr ", m), 31 - r);
    expect(want);
}

static void memory_forms(struct mem m)
{
    char want[200];
    static unsigned turn;
    int r = (int)(turn++ & 15);
    bool w = turn & 1;
    struct mem plain = m;
    plain.gs = false;
    x_rm(start(), OP_MOV_R_RM, w, r, m);
    snprintf(want, sizeof want, "mov %s, %s", reg(w, r), operand(w ? "qword ptr " : "dword ptr ", m));
    expect(want);
    x_rm(start(), OP_MOV_RM_R8, false, r, m);
    snprintf(want, sizeof want, "mov %s, %s", operand("byte ptr ", m), r8[r]);
    expect(want);
    x_rm(start(), OP_LEA, true, r, plain);
    snprintf(want, sizeof want, "lea %s, %s", r64[r], operand("", plain));
    expect(want);
    alu_mr(start(), (enum alu)(turn & 7), w, m, r);
    snprintf(want, sizeof want, "%s %s, %s", alu_name[turn & 7],
             operand(w ? "qword ptr " : "dword ptr ", m), reg(w, r));
    expect(want);
    v_rrm(start(), 0xfe | M0F | P66, false, r, 15 - r, m); /* vpaddd */
    snprintf(want, sizeof want, "vpaddd xmm%d, xmm%d, %s", r, 15 - r, operand("xmmword ptr ", m));
    expect(want);
    if (m.base < 8 || m.index < 8)
        evex_memory_forms(plain, r);
    x_rm(start(), OP_MOVUPS_L, false, r, m);
    snprintf(want, sizeof want, "movups xmm%d, %s", r, operand("xmmword ptr ", m));
    expect(want);
    start();
    cb8(&cb, 0xf0);
    x_rm(&cb, OP_CMPXCHG, w, r, m);
    snprintf(want, sizeof want, "lock cmpxchg %s, %s", operand(w ? "qword ptr " : "dword ptr ", m),
             reg(w, r));
    expect(want);
}

static void register_forms(int a, int b)
{
    char want[200], imm[32];
    for (unsigned w = 0; w < 2; w++) {
        for (unsigned k = 0; k < 8; k++) {
            alu_rr(start(), (enum alu)k, w, a, b);
            snprintf(want, sizeof want, "%s %s, %s", alu_name[k], reg(w, a), reg(w, b));
            expect(want);
        }
        mov_rr(start(), w, a, b);
        snprintf(want, sizeof want, "mov %s, %s", reg(w, a), reg(w, b));
        expect(want);
        x_rr(start(), OP_IMUL, w, a, b);
        snprintf(want, sizeof want, "imul %s, %s", reg(w, a), reg(w, b));
        expect(want);
        x_rr(start(), OP_MOVZX8, w, a, b);
        snprintf(want, sizeof want, "movzx %s, %s", reg(w, a), r8[b]);
        expect(want);
        v_rrr(start(), OP_ANDN, w, a, b, 15 - a);
        snprintf(want, sizeof want, "andn %s, %s, %s", reg(w, a), reg(w, b), reg(w, 15 - a));
        expect(want);
        v_rrr(start(), OP_SHRX, w, a, b, 15 - a); /* the count is in v */
        snprintf(want, sizeof want, "shrx %s, %s, %s", reg(w, a), reg(w, 15 - a), reg(w, b));
        expect(want);
        shift_ri(start(), SH_SAR, w, a, 2 + (unsigned)b);
        number(imm, sizeof imm, 2 + (unsigned)b);
        snprintf(want, sizeof want, "sar %s, %s", reg(w, a), imm);
        expect(want);
        shift_rcl(start(), SH_SHL, w, a);
        snprintf(want, sizeof want, "shl %s, cl", reg(w, a));
        expect(want);
    }
    x_rr(start(), OP_MOV_RM_R8, false, a, b);
    snprintf(want, sizeof want, "mov %s, %s", r8[b], r8[a]);
    expect(want);
    x_rr(start(), OP_SETCC | CC_E, false, 0, b);
    snprintf(want, sizeof want, "sete %s", r8[b]);
    expect(want);
    x_rr(start(), OP_MOVAPS, false, a, b);
    snprintf(want, sizeof want, "movaps xmm%d, xmm%d", a, b);
    expect(want);
    v_rrr(start(), 0xfe | M0F | P66, false, a, b, 15 - b);
    snprintf(want, sizeof want, "vpaddd xmm%d, xmm%d, xmm%d", a, b, 15 - b);
    expect(want);
    int c = 31 - b, d = 16 + a;
    v_rrr(start(), 0xfe | M0F | P66, false, a, d, c);
    snprintf(want, sizeof want, "vpaddd xmm%d, xmm%d, xmm%d", a, d, c);
    expect(want);
    v_rrr(start(), 0xfb | M0F | P66, false, d, b, 15 - b);
    snprintf(want, sizeof want, "vpsubq xmm%d, xmm%d, xmm%d", d, b, 15 - b);
    expect(want);
    v_rrr(start(), 0x59 | M0F | PF2, false, d, c, b);
    snprintf(want, sizeof want, "vmulsd xmm%d, xmm%d, xmm%d", d, c, b);
    expect(want);
    v_rrr(start(), 0x6e | M0F | P66, true, d, 0, b);
    snprintf(want, sizeof want, "vmovq xmm%d, %s", d, r64[b]);
    expect(want);
}

static void constants(int r)
{
    static const uint64_t values[] = { 0, 1, 9, 10, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
                                       0x123456789abcdef0, ~0ull, 0xffffffff80000000,
                                       0xffffffff7fffffff };
    char want[100], imm[32];
    for (unsigned k = 0; k < sizeof values / 8; k++) {
        uint64_t v = values[k];
        bool half = v == (uint32_t)v, sign = (int64_t)v == (int32_t)v;
        mov_ri(start(), r, v);
        number(imm, sizeof imm, sign && !half ? 0 - v : v);
        snprintf(want, sizeof want, "%s %s, %s%s", half || sign ? "mov" : "movabs",
                 half ? r32[r] : r64[r], sign && !half ? "-" : "", imm);
        expect(want);
    }
    static const int32_t small[] = { 1, 127, 128, 0x12345678 };
    for (unsigned k = 0; k < 4; k++) {
        alu_ri(start(), ALU_SUB, true, r, small[k]);
        number(imm, sizeof imm, (uint64_t)small[k]);
        snprintf(want, sizeof want, "sub %s, %s", r64[r], imm);
        expect(want);
    }
}

int main(void)
{
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) {
        puts("FAIL capstone does not start\n0 passed, 1 failed");
        return 1;
    }
    for (int a = 0; a < 16; a++) {
        for (int b = 0; b < 16; b++)
            register_forms(a, b);
        constants(a);
    }
    each_memory(memory_forms);
    cs_close(&handle);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
