/*
 * a64.c: the little that must be known of an A64 word so that its case means something: where a load
 * or store goes (Arm ARM C4.1, "Loads and Stores"), what a branch's immediate is, which words are
 * constrained unpredictable, and which are never run. Taken from the manual's encoding tables, not
 * from the decoder under test.
 */
#include "fuzz.h"

static unsigned bits(uint32_t w, int hi, int lo)
{
    return w >> lo & ((2u << (hi - lo)) - 1);
}
static int64_t sbits(uint32_t w, int hi, int lo)
{
    int n = hi - lo + 1;
    return (int64_t)((uint64_t)bits(w, hi, lo) << (64 - n)) >> (64 - n);
}

uint64_t a64_extend(uint64_t v, int option)
{
    switch (option) {
    case 2: return (uint32_t)v;
    case 6: return (uint64_t)(int32_t)v;
    default: return v;
    }
}

static void imm(struct a64_mem *m, uint32_t w, int lo, int width, int scale, bool sign)
{
    m->imm_lo = lo;
    m->imm_width = width;
    m->imm_scale = scale;
    m->offset = (sign ? sbits(w, lo + width - 1, lo) : (int64_t)bits(w, lo + width - 1, lo)) << scale;
}

bool a64_is_mem(uint32_t w, struct a64_mem *m)
{
    *m = (struct a64_mem){ .rn = (int)bits(w, 9, 5), .rm = -1, .size = 16 };
    m->vector = w >> 26 & 1;
    unsigned sz = w >> 30;
    if ((w & 0x0a000000) != 0x08000000) { /* DC, IC by address */
        m->rn = w & 31;
        return (w & 0xfffff000) == 0xd50b7000 && m->rn != 31;
    }
    if ((w & 0x3b000000) == 0x18000000) { /* literal */
        m->rn = -1;
        m->load = true;
        imm(m, w, 5, 19, 2, true);
        return true;
    }
    if ((w & 0x3f000000) == 0x08000000) { /* exclusives, ordered, compare and swap */
        m->load = w >> 22 & 1;
        m->exclusive = !(w >> 23 & 1);
        m->size = 1u << sz;
        if (w >> 21 & 1 && m->exclusive)
            m->size = sz & 1 ? 16 : 8;
        return true;
    }
    if ((w & 0xbf000000) == 0x0c000000 || (w & 0xbf000000) == 0x0d000000) { /* structures */
        m->vector = true;
        m->load = w >> 22 & 1;
        m->writeback = w >> 23 & 1;
        m->size = (w & 0x01000000) ? 32 : 64;
        return true;
    }
    if ((w & 0x3a000000) == 0x28000000) { /* pairs */
        int scale = m->vector ? 2 + (int)sz : sz == 1 && !(w >> 22 & 1) ? 4 : 2 + (int)(sz >> 1);
        imm(m, w, 15, 7, scale, true);
        m->size = 2u << scale;
        m->load = w >> 22 & 1;
        m->writeback = w >> 23 & 1;
        if (bits(w, 24, 23) == 1)
            m->offset = 0;
        return true;
    }
    int scale = m->vector && w >> 23 & 1 ? 4 : (int)sz;
    m->size = 1u << scale;
    m->load = bits(w, 23, 22) != 0 && !(m->vector && !(w >> 22 & 1));
    if ((w & 0x3b000000) == 0x39000000) {
        imm(m, w, 10, 12, scale, false);
        return true;
    }
    if ((w & 0x3b200000) == 0x38000000) {
        imm(m, w, 12, 9, 0, true);
        m->writeback = w >> 10 & 1;
        if (bits(w, 11, 10) == 1)
            m->offset = 0;
        return true;
    }
    if ((w & 0x3b200c00) == 0x38200800) {
        m->rm = (int)bits(w, 20, 16);
        m->ext = (int)bits(w, 15, 13);
        m->shift = w >> 12 & 1 ? scale : 0;
        return true;
    }
    if ((w & 0x3b200c00) == 0x38200000) { /* atomics */
        m->load = true;
        return true;
    }
    if ((w & 0x3f200c00) == 0x19000000) { /* ordered, unscaled */
        imm(m, w, 12, 9, 0, true);
        return true;
    }
    if ((w & 0xff200000) == 0xd9200000) { /* tags */
        imm(m, w, 12, 9, 4, true);
        if (bits(w, 11, 10) == 1)
            m->offset = 0;
        m->writeback = w >> 10 & 1;
        return true;
    }
    return true;
}

bool a64_is_branch_imm(uint32_t w, int *lo, int *width)
{
    if ((w & 0x7c000000) == 0x14000000)
        *lo = 0, *width = 26;
    else if ((w & 0xff000000) == 0x54000000 || (w & 0x7e000000) == 0x34000000)
        *lo = 5, *width = 19;
    else if ((w & 0x7e000000) == 0x36000000)
        *lo = 5, *width = 14;
    else
        return false;
    return true;
}

bool a64_is_branch_reg(uint32_t w)
{
    return (w & 0xfe000000) == 0xd6000000;
}

bool a64_unpredictable(uint32_t w)
{
    struct a64_mem m;
    if ((w & 0xff608000) == 0x9b400000 && bits(w, 14, 10) != 31) /* SMULH, UMULH: should be one */
        return true;
    if ((w & 0xff20fc07) == 0x1e202000 && w >> 3 & 1 && bits(w, 20, 16)) /* FCMP with 0: should be zero */
        return true;
    if ((w & 0x0a000000) != 0x08000000 || !a64_is_mem(w, &m))
        return false;
    unsigned rt = bits(w, 4, 0), rn = bits(w, 9, 5), rt2 = bits(w, 14, 10), rs = bits(w, 20, 16);
    bool pair = (w & 0x3a000000) == 0x28000000;
    if (m.writeback && !m.vector && rn != 31 && (rt == rn || (pair && rt2 == rn)))
        return true;
    if (pair && m.load && rt == rt2)
        return true;
    if ((w & 0x3f800000) == 0x08000000) { /* exclusives */
        bool two = w >> 21 & 1 && w >> 31;
        if (w >> 21 & 1 && !(w >> 31))
            return false; /* CASP */
        if (m.load)
            return two && rt == rt2;
        return rs == rt || (rs == rn && rn != 31) || (two && rs == rt2);
    }
    return false;
}

/* Words that are never run, and why. */
static const struct { uint32_t mask, value; const char *why; } never[] = {
    { 0xffe0001f, 0xd4000001, "SVC: a system call" },
    { 0xffff0000, 0xdac10000, "PAC*, AUT*, XPAC*: implementation defined bits" },
    { 0xffe0fc00, 0x9ac03000, "PACGA: implementation defined" },
    { 0xff200400, 0xf8200400, "LDRAA, LDRAB: implementation defined" },
    { 0xfe00f800, 0xd6000800, "BRAA and its kind: implementation defined" },
    { 0xffffffff, 0xd50320ff, "XPACLRI: implementation defined" },
    { 0xffffff3f, 0xd503211f, "PACIA1716 and its kind: implementation defined" },
    { 0xffffff1f, 0xd503231f, "PACIASP and its kind: implementation defined" },
    { 0xffffffdf, 0xd503205f, "WFE, WFI: may wait" },
    { 0xfffff0ff, 0xd503409f, "MSR TCO: the reference has MTE" },
    { 0xfffff0ff, 0xd503407f, "MSR SVCR: the reference has SME" },
    { 0xffdfffe0, 0xd51b42e0, "TCO: the reference has MTE" },
    { 0xfffff0e0, 0xd50b7060, "DC of tags: the reference has MTE" },
    { 0xfffff0e0, 0xd50b70a0, "DC of tags: the reference has MTE" },
    { 0xffdfffe0, 0xd51b4240, "SVCR: the reference has SME" },
    { 0xffffffc0, 0xd5031000, "WFET, WFIT: may wait" },
    { 0xffe0fc00, 0x9ac01000, "IRG: random" },
    { 0xfff8f000, 0xd538e000, "timers: they move" },
    { 0xfffff000, 0xd53be000, "timers: they move" },
    { 0xfffff000, 0xd51be000, "timers: they move" },
    { 0xffffff00, 0xd53b2400, "RNDR: random" },
    { 0xfffff000, 0xd5380000, "ID registers: the model's values" },
    { 0xffffffe0, 0xd53b0020, "CTR_EL0: the model's value" },
    { 0xffffffe0, 0xd53b00e0, "DCZID_EL0: the model's block size" },
    { 0xffffffe0, 0xd50b7420, "DC ZVA: by the model's block size" },
    { 0xffffff00, 0xd50b7400, "DC GVA, GZVA: by the model's block size" },
    { 0xffdfffe0, 0xd51bd0a0, "TPIDR2_EL0: the reference has SME" },
    { 0xfffff000, 0xd51b9000, "performance monitors" },
    { 0xfffff000, 0xd53b9000, "performance monitors" },
};

const char *a64_excluded(uint32_t w)
{
    for (unsigned i = 0; i < sizeof never / sizeof *never; i++)
        if ((w & never[i].mask) == never[i].value)
            return never[i].why;
    return NULL;
}
