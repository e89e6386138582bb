/*
 * aarch64 registers as gdb knows them: numbers, features and types by the manual's appendix "AArch64
 * Features" of target descriptions.
 *
 * Linux in user space has pointer authentication in bits 54:48 (pauth.c), for code and data alike.
 */
#include "aarch64.h"
#include "registers.h"

enum { REG_PSTATE = 33, REG_FPSR = 66, REG_FPCR, REG_TLS, REG_DMASK, REG_CMASK };
#define PAC_MASK 0x007f000000000000ull
#define PSTATE_KEPT (1u << 24 | 1u << 12) /* DIT, SSBS */

static uint64_t read_special(struct cpu *cpu, unsigned number)
{
    switch (number) {
    case REG_PSTATE:
        return a64_get_nzcv(cpu) | *a64_reg(cpu, A64_btype) << 10 | *a64_reg(cpu, A64_pstate);
    case REG_FPSR:
        return a64_get_fpsr(cpu);
    case REG_FPCR:
        return a64_get_fpcr(cpu);
    default:
        return PAC_MASK;
    }
}

static void write_special(struct cpu *cpu, unsigned number, uint64_t v)
{
    switch (number) {
    case REG_PSTATE:
        a64_set_nzcv(cpu, (uint32_t)v & 0xf0000000u);
        *a64_reg(cpu, A64_btype) = v >> 10 & 3;
        *a64_reg(cpu, A64_pstate) = v & PSTATE_KEPT;
        break;
    case REG_FPSR:
        a64_set_fpsr(cpu, (uint32_t)v);
        break;
    case REG_FPCR:
        a64_set_fpcr(cpu, (uint32_t)v);
        break;
    }
}

#define X(n) {"x" #n, "int", NULL, 8, A64_X(n)}
#define V(n) {"v" #n, "aarch64v", NULL, 16, A64_V(n)}
static const struct gdb_register regs[] = {
    X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8), X(9), X(10), X(11), X(12), X(13), X(14), X(15),
    X(16), X(17), X(18), X(19), X(20), X(21), X(22), X(23), X(24), X(25), X(26), X(27), X(28), X(29), X(30),
    {"sp", "data_ptr", NULL, 8, A64_sp},
    {"pc", "code_ptr", NULL, 8, GDB_PC},
    {"cpsr", "cpsr_flags", NULL, 4, GDB_SPECIAL},
    V(0), V(1), V(2), V(3), V(4), V(5), V(6), V(7), V(8), V(9), V(10), V(11), V(12), V(13), V(14), V(15),
    V(16), V(17), V(18), V(19), V(20), V(21), V(22), V(23), V(24), V(25), V(26), V(27), V(28), V(29), V(30),
    V(31),
    {"fpsr", "int", "float", 4, GDB_SPECIAL},
    {"fpcr", "int", "float", 4, GDB_SPECIAL},
    {"tpidr", "data_ptr", NULL, 8, A64_tpidr},
    {"pauth_dmask", "int", NULL, 8, GDB_SPECIAL},
    {"pauth_cmask", "int", NULL, 8, GDB_SPECIAL},
};

static const char core_types[] =
    "<flags id=\"cpsr_flags\" size=\"4\">"
    "<field name=\"BTYPE\" start=\"10\" end=\"11\"/><field name=\"SSBS\" start=\"12\" end=\"12\"/>"
    "<field name=\"SS\" start=\"21\" end=\"21\"/><field name=\"DIT\" start=\"24\" end=\"24\"/>"
    "<field name=\"V\" start=\"28\" end=\"28\"/><field name=\"C\" start=\"29\" end=\"29\"/>"
    "<field name=\"Z\" start=\"30\" end=\"30\"/><field name=\"N\" start=\"31\" end=\"31\"/>"
    "</flags>";

/* A V register seen as lanes of each kind: d s h b q, as gdb's own description names them. */
#define LANES(id, type, n) "<vector id=\"" id "\" type=\"" type "\" count=\"" n "\"/>"
#define FIELD(name, type) "<field name=\"" name "\" type=\"" type "\"/>"
static const char fpu_types[] =
    LANES("v2d", "ieee_double", "2") LANES("v2u", "uint64", "2") LANES("v2i", "int64", "2")
    LANES("v4f", "ieee_single", "4") LANES("v4u", "uint32", "4") LANES("v4i", "int32", "4")
    LANES("v8f", "ieee_half", "8") LANES("v8u", "uint16", "8") LANES("v8i", "int16", "8")
    LANES("v8bf16", "bfloat16", "8")
    LANES("v16u", "uint8", "16") LANES("v16i", "int8", "16")
    LANES("v1u", "uint128", "1") LANES("v1i", "int128", "1")
    "<union id=\"vnd\">" FIELD("f", "v2d") FIELD("u", "v2u") FIELD("s", "v2i") "</union>"
    "<union id=\"vns\">" FIELD("f", "v4f") FIELD("u", "v4u") FIELD("s", "v4i") "</union>"
    "<union id=\"vnh\">" FIELD("bf", "v8bf16") FIELD("f", "v8f") FIELD("u", "v8u") FIELD("s", "v8i")
    "</union>"
    "<union id=\"vnb\">" FIELD("u", "v16u") FIELD("s", "v16i") "</union>"
    "<union id=\"vnq\">" FIELD("u", "v1u") FIELD("s", "v1i") "</union>"
    "<union id=\"aarch64v\">" FIELD("d", "vnd") FIELD("s", "vns") FIELD("h", "vnh") FIELD("b", "vnb")
    FIELD("q", "vnq") "</union>";

static const struct gdb_feature features[] = {
    {"org.gnu.gdb.aarch64.core", core_types, 0},
    {"org.gnu.gdb.aarch64.fpu", fpu_types, REG_PSTATE + 1},
    {"org.gnu.gdb.aarch64.tls", "", REG_TLS},
    {"org.gnu.gdb.aarch64.pauth", "", REG_DMASK},
};

/* "ELF for the Arm 64-bit Architecture", TLS variant 1: the thread pointer points at it. */
static uint64_t dtv(struct cpu *cpu) { return *a64_reg(cpu, A64_tpidr); }

const struct gdb_target gdb_target_aarch64 = {
    .architecture = "aarch64",
    .osabi = "GNU/Linux",
    .features = features,
    .nfeatures = sizeof features / sizeof *features,
    .regs = regs,
    .nregs = sizeof regs / sizeof *regs,
    .general = sizeof regs / sizeof *regs,
    .expedited = {29, 31, 32},
    .nexpedited = 3,
    .pc = 32,
    .read = read_special,
    .write = write_special,
    .dtv = dtv,
};
static_assert(sizeof regs / sizeof *regs == REG_CMASK + 1, "gdb's numbers");
