/*
 * CPU models, their features, and all that follows from them: hardware capabilities, the
 * identification registers as Linux shows them to programs, the state after reset, the counter.
 *
 * A model lists what the processor of that name has by its reference manual; features.def says what
 * is implemented, and only that is ever advertised. Identification registers have the fields that
 * Linux makes visible (Documentation/arch/arm64/cpu-feature-registers.rst); the others read as the
 * kernel's safe values.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include "lower.h"

/* ----------------------------------------------------------------- features */

enum id_reg { ISAR0, ISAR1, ISAR2, PFR0, PFR1, MMFR0, MMFR2, NOID };

static const struct feature {
    const char *property, *text;
    bool have;
} features[A64_NFEATURES] = {
#define FEAT(name, prop, have, reg, shift, value, word, bit, text) \
    [A64_FEAT_##name] = { prop, text, have },
#include "features.def"
};

/* What features do to identification registers and AT_HWCAP. */
static const struct advert {
    uint8_t feature, reg, shift, value, word, bit;
} adverts[] = {
#define FEAT(name, prop, have, reg, shift, value, word, bit, text) \
    { A64_FEAT_##name, reg, shift, value, word, bit },
#define ALSO(name, reg, shift, value, word, bit) { A64_FEAT_##name, reg, shift, value, word, bit },
#include "features.def"
};
enum { NADVERTS = sizeof adverts / sizeof *adverts };

static uint64_t hwcap_word(const struct cpu_model *m, unsigned word)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < NADVERTS; i++)
        if (adverts[i].word == word && cpu_has(m, adverts[i].feature))
            v |= 1ull << adverts[i].bit;
    return v;
}

/* FP, ASIMD and CPUID are always there. */
uint64_t a64_hwcap(const struct cpu_model *m)
{
    return hwcap_word(m, 1) | 1 << 0 | 1 << 1 | 1 << 11;
}

uint64_t a64_hwcap2(const struct cpu_model *m)
{
    return hwcap_word(m, 2);
}

static uint64_t id_value(const struct cpu_model *m, enum id_reg reg)
{
    uint64_t v = reg == PFR0 ? 0x11 : reg == MMFR0 ? 0xff000000 : 0;
    for (unsigned i = 0; i < NADVERTS; i++) {
        const struct advert *a = &adverts[i];
        if (a->reg == reg && cpu_has(m, a->feature) && (v >> a->shift & 15) < a->value)
            v = (v & ~(15ull << a->shift)) | (uint64_t)a->value << a->shift;
    }
    return v;
}

bool a64_id_register(const struct cpu_model *m, unsigned crm, unsigned op2, uint64_t *v)
{
    static const uint8_t reg[8][8] = {
        [4] = { PFR0, PFR1, NOID, NOID, NOID, NOID, NOID, NOID },
        [6] = { ISAR0, ISAR1, ISAR2, NOID, NOID, NOID, NOID, NOID },
        [7] = { MMFR0, NOID, MMFR2, NOID, NOID, NOID, NOID, NOID },
    };
    if (crm == 1 || crm > 7)
        return false;
    if (crm == 0) { /* MIDR_EL1, MPIDR_EL1, REVIDR_EL1 */
        *v = op2 == 0 ? m->options[A64_OPT_MIDR] : op2 == 5 ? 1ull << 31 : 0;
        return op2 == 0 || op2 == 5 || op2 == 6;
    }
    if (crm == 5)
        *v = op2 == 0 ? 6 : 0; /* ID_AA64DFR0_EL1: debug version */
    else
        *v = crm == 4 || crm >= 6 ? id_value(m, (enum id_reg)reg[crm][op2]) : 0;
    return true;
}

/* ------------------------------------------------------------------- models */

#define HAS(name) (1ull << A64_FEAT_##name)
/* Models list only what is implemented. */
enum {
    IMPLEMENTED = 0ull
#define FEAT(name, prop, have, reg, shift, value, word, bit, text) | (uint64_t)(have) << A64_FEAT_##name
#include "features.def"
};
#define V8_0 (HAS(CRC32) | HAS(AES) | HAS(PMULL) | HAS(SHA1) | HAS(SHA256))
#define V8_2 (V8_0 | HAS(LSE) | HAS(RDM) | HAS(FP16) | HAS(DOTPROD) | HAS(LRCPC) | HAS(DPB) | HAS(SSBS1))

/* CTR_EL0: 64-byte lines; VIPT or PIPT instruction cache. IDC: data is clean where instructions are
 * fetched, so that a program may leave out DC CVAU, which is so on any model here. IC IVAU is needed. */
#define CTR_VIPT 0x84448004
#define CTR_PIPT 0x8444c004
#define CTR_IDC  (1u << 28)

const struct cpu_model a64_models[] = {
    { "max", "everything implemented except lse2",
      { IMPLEMENTED & ~HAS(LSE2) }, { 0x000f0510, CTR_PIPT | CTR_IDC } },
    { "cortex-a53", "Armv8.0", { V8_0 & IMPLEMENTED }, { 0x410fd034, CTR_VIPT } },
    { "cortex-a57", "Armv8.0", { V8_0 & IMPLEMENTED }, { 0x411fd070, CTR_PIPT } },
    { "cortex-a72", "Armv8.0", { V8_0 & IMPLEMENTED }, { 0x410fd083, CTR_PIPT } },
    { "cortex-a76", "Armv8.2", { V8_2 & IMPLEMENTED }, { 0x414fd0b1, CTR_PIPT } },
    { "neoverse-n1", "Armv8.2", { (V8_2 | HAS(SSBS)) & IMPLEMENTED }, { 0x414fd0c1, CTR_PIPT } },
    { NULL },
};

/* The feature itself and those of the same field of an identification register that it needs
 * (needs) or that need it. */
static uint64_t feature_family(unsigned feature, bool needs)
{
    uint64_t set = 1ull << feature;
    for (unsigned i = 0; i < NADVERTS; i++)
        for (unsigned k = 0; k < NADVERTS; k++) {
            const struct advert *a = &adverts[i], *b = &adverts[k];
            if (a->feature == feature && a->reg != NOID && a->reg == b->reg && a->shift == b->shift &&
                (needs ? b->value < a->value : b->value > a->value))
                set |= 1ull << b->feature;
        }
    return set;
}

/* Applies "NAME=on", "NAME=off", "+NAME" or "-NAME" of n characters. */
static int parse_property(struct cpu_model *m, const char *s, size_t n, char *err, size_t errlen)
{
    const char *eq = memchr(s, '=', n);
    size_t len = eq ? (size_t)(eq - s) : n;
    bool on = true;
    if (eq && len == 7 && !memcmp(s, "fpflags", 7)) {
        bool exact = n == 13 && !memcmp(eq, "=exact", 6);
        if (exact || (n == 12 && !memcmp(eq, "=fast", 5))) {
            m->exact_fp = exact;
            return 0;
        }
        snprintf(err, errlen, "'%.*s' is not fpflags=exact or fpflags=fast", (int)n, s);
        return -EINVAL;
    }
    if (eq && (size_t)(s + n - eq) == 3 && !memcmp(eq, "=on", 3))
        on = true;
    else if (eq && (size_t)(s + n - eq) == 4 && !memcmp(eq, "=off", 4))
        on = false;
    else if (!eq && n && (*s == '+' || *s == '-'))
        on = *s++ == '+', len--;
    else {
        snprintf(err, errlen, "'%.*s' is not PROPERTY=on or PROPERTY=off", (int)n, s);
        return -EINVAL;
    }
    for (unsigned i = 1; i < A64_NFEATURES; i++) {
        if (strlen(features[i].property) != len || memcmp(features[i].property, s, len))
            continue;
        if (on && !features[i].have) {
            snprintf(err, errlen, "feature '%s' is not implemented", features[i].property);
            return -EINVAL;
        }
        if (on)
            m->features[0] |= feature_family(i, true);
        else
            m->features[0] &= ~feature_family(i, false);
        return 0;
    }
    snprintf(err, errlen, "no CPU property '%.*s' (see -cpu help)", (int)len, s);
    return -EINVAL;
}

int a64_parse_cpu(const char *spec, struct cpu_model *out, char *err, size_t errlen)
{
    size_t n = spec ? strcspn(spec, ",") : 0;
    const struct cpu_model *m = a64_models;
    if (n)
        while (m->name && (strlen(m->name) != n || memcmp(m->name, spec, n)))
            m++;
    if (!m->name) {
        snprintf(err, errlen, "no CPU model '%.*s' (see -cpu help)", (int)n, spec);
        return -EINVAL;
    }
    *out = *m;
    while (spec && spec[n]) {
        spec += n + 1;
        n = strcspn(spec, ",");
        if (parse_property(out, spec, n, err, errlen))
            return -EINVAL;
    }
    return 0;
}

void a64_print_cpus(FILE *f)
{
    fprintf(f, "CPU models:\n");
    for (const struct cpu_model *m = a64_models; m->name; m++)
        fprintf(f, "  %-14s %s%s\n", m->name, m->description,
                m == a64_models ? " (default)" : "");
    fprintf(f, "Properties (-cpu MODEL,PROPERTY=on,PROPERTY=off):\n");
    for (unsigned i = 1; i < A64_NFEATURES; i++)
        if (features[i].have)
            fprintf(f, "  %-14s %s\n", features[i].property, features[i].text);
    fprintf(f, "Options (-cpu MODEL,NAME=VALUE):\n"
               "  fpflags=exact  cumulative floating-point flags right in every corner, slowly (fast)\n");
}

/* -------------------------------------------------------------------- state */

/* The keys of pointer authentication get fixed values; the owner may draw others. */
void a64_reset(struct cpu *cpu, const struct cpu_model *m)
{
    for (unsigned i = 0; i < A64_NREGS; i++)
        memset((char *)cpu + a64_regs[i].offset, 0, a64_regs[i].type == IR_V128 ? 16 : 8);
    uint64_t seed = m->options[A64_OPT_MIDR];
    for (unsigned i = A64_keyia_lo; i <= A64_keyga_hi; i++)
        *a64_reg(cpu, i) = decode_rand(&seed);
    *a64_reg(cpu, A64_exaddr) = A64_EXCLUSIVE_NONE;
    cpu->guest = &guest_aarch64;
    a64_set_nzcv(cpu, 0);
    a64_set_fpsr(cpu, 0);
    a64_set_fpcr(cpu, 0);
}

uint64_t a64_cntvct(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * A64_CNTFRQ + (uint64_t)ts.tv_nsec / (1000000000 / A64_CNTFRQ);
}
