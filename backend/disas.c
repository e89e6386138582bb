/*
 * Disassembly for the log, by capstone. Without it (configure --disable-capstone) the bytes in hex.
 */
#include "exec.h"
#ifndef MYNA_NO_CAPSTONE
#include <capstone/capstone.h>

/* Capstone's static library holds the tables of a dozen architectures, with 80,000 relocations that
 * every start of a static-pie program would process. These definitions of their entry points, which
 * the linker meets before the library, leave out those that are neither guest nor host. */
#define NO_ARCH(name) \
    cs_err name##_global_init(void); \
    cs_err name##_global_init(void) { return CS_ERR_ARCH; } \
    cs_err name##_option(void); \
    cs_err name##_option(void) { return CS_ERR_ARCH; }
NO_ARCH(ARM)
NO_ARCH(EVM)
NO_ARCH(M680X)
NO_ARCH(M68K)
NO_ARCH(Mips)
NO_ARCH(PPC)
NO_ARCH(Sparc)
NO_ARCH(SystemZ)
NO_ARCH(TMS320C64x)
NO_ARCH(XCore)

/* Length of an instruction that capstone 4 does not know: of EVEX ones by their form (map 3A, shifts by an immediate,
 * shuffles and comparisons have one byte more), else one byte. */
static size_t unknown_length(const uint8_t *code, size_t size, size_t at, void *unused)
{
    (void)unused;
    const uint8_t *p = code + at;
    size_t left = size - at;
    if (left < 6 || p[0] != 0x62)
        return 1;
    unsigned map = p[1] & 3, op = p[4], mod = p[5] >> 6, rm = p[5] & 7;
    size_t n = 6 + (mod != 3 && rm == 4) + (mod == 1 ? 1 : mod == 2 || (mod == 0 && rm == 5) ? 4 : 0);
    if (map == 3 || (map == 1 && ((op >= 0x70 && op <= 0x73) || op == 0xc2 || (op >= 0xc4 && op <= 0xc6))))
        n++;
    return n <= left ? n : 1;
}

static void disas(FILE *f, cs_arch arch, cs_mode mode, const uint8_t *code, size_t len, uint64_t pc)
{
    csh h;
    cs_insn *insn;
    if (cs_open(arch, mode, &h) != CS_ERR_OK) {
        fprintf(f, "  (no disassembler for this architecture)\n");
        return;
    }
    cs_opt_skipdata unknown = { .mnemonic = ".byte", .callback = arch == CS_ARCH_X86 ? unknown_length : NULL };
    cs_option(h, CS_OPT_SKIPDATA, CS_OPT_ON);
    cs_option(h, CS_OPT_SKIPDATA_SETUP, (size_t)&unknown);
    size_t n = cs_disasm(h, code, len, pc, 0, &insn);
    for (size_t k = 0; k < n; k++)
        fprintf(f, "  0x%llx:  %s %s\n", (unsigned long long)insn[k].address, insn[k].mnemonic,
                insn[k].op_str);
    if (n)
        cs_free(insn, n);
    cs_close(&h);
}

void disas_guest(FILE *f, const struct guest *g, const uint8_t *code, size_t len, uint64_t pc)
{
    disas(f, (cs_arch)g->capstone_arch, (cs_mode)g->capstone_mode, code, len, pc);
}
void disas_host(FILE *f, const uint8_t *code, size_t len, uint64_t pc)
{
    disas(f, CS_ARCH_X86, CS_MODE_64, code, len, pc);
}
#else
static void hex(FILE *f, const uint8_t *code, size_t len, uint64_t pc)
{
    for (size_t k = 0; k < len; k++) {
        if (k % 16 == 0)
            fprintf(f, "%s  0x%llx: ", k ? "\n" : "", (unsigned long long)(pc + k));
        fprintf(f, " %02x", code[k]);
    }
    fputc('\n', f);
}
void disas_guest(FILE *f, const struct guest *g, const uint8_t *code, size_t len, uint64_t pc)
{
    (void)g;
    hex(f, code, len, pc);
}
void disas_host(FILE *f, const uint8_t *code, size_t len, uint64_t pc) { hex(f, code, len, pc); }
#endif
