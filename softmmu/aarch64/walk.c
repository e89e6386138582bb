/*
 * Address translation: stage 1 of all regimes, stage 2 of EL1&0 (Arm ARM D8, pseudocode AArch64.FullTranslate,
 * AArch64.S1Translate, AArch64.S2Translate).
 *
 * Granules of 4, 16 and 64 KiB; 48 bits of address, 52 with 64 KiB granules or with TCR.DS (LPA2); hierarchical
 * permissions; hardware management of the access flag and dirty state; PAN, EPAN, WXN, E0PD, top byte ignore. The
 * contiguous bit is a hint that is not taken. Descriptors are read and changed in guest RAM by single atomic accesses,
 * so walks of several processors and the guest's own changes may run side by side.
 *
 * A walk changes nothing but descriptors' AF and dirty state; faults are returned, not taken.
 */
#include "sys.h"
#include "vcpu.h"

/* A regime's control, out of the registers' different layouts. */
struct control {
    uint64_t tcr, ttbr, mair;
    unsigned tsz, granule, stride, ps;
    bool two_ranges, high, epd, tbi, tbid, ha, hd, hpd, e0pd, ds, wxn, epan, big_endian;
};

static unsigned tg(unsigned code, bool high)
{
    static const uint8_t low_bits[4] = { 12, 16, 14, 12 }, high_bits[4] = { 12, 14, 12, 16 };
    return high ? high_bits[code] : low_bits[code];
}

static unsigned ps_bits(const struct a64_sys *s, unsigned code)
{
    static const uint8_t bits[8] = { 32, 36, 40, 42, 44, 48, 52, 52 };
    return bits[code] < s->pamax ? bits[code] : (unsigned)s->pamax;
}

static void read_control(const struct a64_sys *s, enum a64_regime regime, gva_t va, struct control *c)
{
    uint64_t sctlr = 0;
    *c = (struct control){ .two_ranges = regime <= REGIME_E20, .high = regime <= REGIME_E20 && (va >> 55 & 1) };
    switch (regime) {
    case REGIME_EL10:
        sctlr = s->v[A64_SYS_SCTLR_EL1];
        c->tcr = s->v[A64_SYS_TCR_EL1];
        c->mair = s->v[A64_SYS_MAIR_EL1];
        c->ttbr = s->v[c->high ? A64_SYS_TTBR1_EL1 : A64_SYS_TTBR0_EL1];
        break;
    case REGIME_E20:
    case REGIME_EL2:
        sctlr = s->v[A64_SYS_SCTLR_EL2];
        c->tcr = s->v[A64_SYS_TCR_EL2];
        c->mair = s->v[A64_SYS_MAIR_EL2];
        c->ttbr = s->v[c->high ? A64_SYS_TTBR1_EL2 : A64_SYS_TTBR0_EL2];
        break;
    case REGIME_EL3:
        sctlr = s->v[A64_SYS_SCTLR_EL3];
        c->tcr = s->v[A64_SYS_TCR_EL3];
        c->mair = s->v[A64_SYS_MAIR_EL3];
        c->ttbr = s->v[A64_SYS_TTBR0_EL3];
        break;
    }
    c->wxn = sctlr & SCTLR_WXN;
    c->epan = c->two_ranges && (sctlr & SCTLR_EPAN);
    c->big_endian = sctlr & SCTLR_EE;
    uint64_t t = c->tcr;
    if (c->two_ranges) {
        c->tsz = t >> (c->high ? 16 : 0) & 63;
        c->granule = tg(t >> (c->high ? 30 : 14) & 3, c->high);
        c->epd = t >> (c->high ? 23 : 7) & 1;
        c->tbi = t >> (c->high ? 38 : 37) & 1;
        c->tbid = t >> (c->high ? 52 : 51) & 1;
        c->hpd = t >> (c->high ? 42 : 41) & 1;
        c->e0pd = t >> (c->high ? 56 : 55) & 1;
        c->ps = ps_bits(s, t >> 32 & 7);
        c->ha = t >> 39 & 1;
        c->hd = t >> 40 & 1;
        c->ds = t >> 59 & 1;
    } else {
        c->tsz = t & 63;
        c->granule = tg(t >> 14 & 3, false);
        c->tbi = t >> 20 & 1;
        c->tbid = t >> 29 & 1;
        c->hpd = t >> 24 & 1;
        c->ps = ps_bits(s, t >> 16 & 7);
        c->ha = t >> 21 & 1;
        c->hd = t >> 22 & 1;
        c->ds = t >> 32 & 1;
    }
    c->hd = c->hd && c->ha;
    c->ds = c->ds && c->granule != 16;
    c->stride = c->granule - 3;
}

/* Fault status of a kind at a level; level -1 has codes of its own. */
static uint8_t status(unsigned kind, int level)
{
    if (level >= 0)
        return (uint8_t)(kind | (unsigned)level);
    return kind == FAULT_TRANSLATION ? 0x2b : kind == FAULT_ADDRESS_SIZE ? 0x29 : 0x13;
}

static void fail(struct a64_walk *w, unsigned kind, int level)
{
    w->ok = false;
    w->fsc = status(kind, level);
}

/* ------------------------------------------------------------------ descriptors */

/* The descriptor at pa: NULL if there is no memory (then external abort). */
static uint64_t *descriptor(struct a64_sys *s, gpa_t pa, bool write)
{
    uint64_t n = 8;
    uint64_t *at = physmem_host(vcpu_physmem(s->vcpu), vcpu_reader(s->vcpu), pa, &n, write);
    return n == 8 ? at : NULL;
}

static uint64_t read_descriptor(const uint64_t *at, bool big_endian)
{
    uint64_t d = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    return big_endian ? __builtin_bswap64(d) : d;
}

/* Changes old to new; false if somebody was faster: the walk begins again. */
static bool change_descriptor(struct a64_sys *s, gpa_t pa, uint64_t old, uint64_t new, bool big_endian)
{
    uint64_t *at = descriptor(s, pa, true);
    if (big_endian) {
        old = __builtin_bswap64(old);
        new = __builtin_bswap64(new);
    }
    if (!at || !__atomic_compare_exchange_n(at, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return false;
    vcpu_wrote(s->vcpu, pa, 8);
    return true;
}

/* Output address of a table, block or page descriptor: bits from low up. */
static gpa_t output(uint64_t d, unsigned granule, bool ds, unsigned low)
{
    gpa_t a = d & ((1ull << 48) - 1) & ~((1ull << low) - 1);
    if (granule == 16) {
        a &= ~0xffffull;
        a |= (d >> 12 & 15) << 48;
    } else if (ds) {
        a |= d & (3ull << 48);
        a |= (d >> 8 & 3) << 50;
    }
    return a;
}

enum { D_VALID = 1, D_TABLE = 2, D_AF = 1 << 10 };
#define D_DBM (1ull << 51)

static bool is_block_level(unsigned granule, bool ds, bool large, int level)
{
    if (level == 3 || level == 2)
        return true;
    if (level == 1)
        return granule == 12 || (granule == 14 && ds) || (granule == 16 && large);
    return level == 0 && granule == 12 && ds;
}

/* ---------------------------------------------------------------------- stage 2 */

/* ipa -> pa. table: for a walk of stage 1. False: w has the fault. */
static bool stage2(struct a64_sys *s, gpa_t ipa, struct a64_access a, bool table, struct a64_walk *w, struct a64_walk *out)
{
    uint64_t vtcr = s->v[A64_SYS_VTCR_EL2], hcr = a64_hcr(s);
    unsigned granule = tg(vtcr >> 14 & 3, false), stride = granule - 3, tsz = vtcr & 63, sl0 = vtcr >> 6 & 3;
    unsigned ps = ps_bits(s, vtcr >> 16 & 7), in = 64 - tsz;
    bool ds = (vtcr >> 32 & 1) && granule != 16, ha = vtcr >> 21 & 1, hd = ha && (vtcr >> 22 & 1);
    bool big_endian = s->v[A64_SYS_SCTLR_EL2] & SCTLR_EE;
    int level;
    w->stage2 = true;
    w->s1ptw = table;
    w->ipa = ipa;
again:
    if (granule == 12)
        level = ds && (vtcr >> 33 & 1) ? -1 : sl0 == 3 ? 3 : 2 - (int)sl0;
    else
        level = 3 - (int)sl0;
    int lsb = (int)granule + (3 - level) * (int)stride;
    int bits = (int)in - lsb; /* of the index at the first level */
    if (tsz < (granule == 16 || ds ? 12 : 16) || tsz > 48 || bits < 1 || bits > (int)stride + 4 || level < -1) {
        fail(w, FAULT_TRANSLATION, 0);
        return false;
    }
    if (in < 64 && ipa >> in) {
        fail(w, FAULT_TRANSLATION, level < 0 ? 0 : level);
        return false;
    }
    uint64_t vttbr = s->v[A64_SYS_VTTBR_EL2];
    gpa_t base = vttbr & 0xfffffffffffe;
    if (granule == 16 || ds)
        base = (base & ~0x3full) | (vttbr >> 2 & 15) << 48;
    base &= ~((8ull << bits) - 1);
    if (base >> ps) {
        fail(w, FAULT_ADDRESS_SIZE, 0);
        return false;
    }
    uint64_t mask = (1ull << bits) - 1;
    for (;; level++, lsb -= (int)stride, mask = (1ull << stride) - 1) {
        gpa_t at = base + (ipa >> lsb & mask) * 8;
        const uint64_t *p = descriptor(s, at, false);
        if (!p) {
            fail(w, FAULT_EXTERNAL_WALK, level);
            return false;
        }
        uint64_t d = read_descriptor(p, big_endian);
        if (!(d & D_VALID) || (level == 3 && !(d & D_TABLE)) || (!(d & D_TABLE) && !is_block_level(granule, ds, true, level))) {
            fail(w, FAULT_TRANSLATION, level);
            return false;
        }
        bool is_table = level < 3 && (d & D_TABLE);
        gpa_t oa = output(d, granule, ds, is_table ? granule : (unsigned)lsb);
        if (oa >> ps) {
            fail(w, FAULT_ADDRESS_SIZE, level);
            return false;
        }
        if (is_table) {
            base = oa;
            continue;
        }
        if (!(d & D_AF)) {
            if (!ha || a.probe) {
                if (!ha) {
                    fail(w, FAULT_ACCESS_FLAG, level);
                    return false;
                }
            } else if (!change_descriptor(s, at, d, d | D_AF, big_endian)) {
                goto again;
            } else {
                d |= D_AF;
            }
        }
        bool dirty_managed = hd && (d & D_DBM);
        bool r = d >> 6 & 1, wr = (d >> 7 & 1) || dirty_managed;
        unsigned xn = d >> 53 & 3; /* XNX: for EL1 and EL0 apart */
        bool x = r && (a.unprivileged ? xn == 0 || xn == 1 : xn == 0 || xn == 3);
        bool device = !(d >> 4 & 3);
        bool ok = table ? r && !(device && (hcr & HCR_PTW)) : a.what == A64_READ ? r : a.what == A64_WRITE ? wr : x;
        if (!ok) {
            fail(w, FAULT_PERMISSION, level);
            return false;
        }
        bool clean = dirty_managed && !(d >> 7 & 1);
        if (clean && a.what == A64_WRITE && !a.probe && !table) {
            if (!change_descriptor(s, at, d, d | 1ull << 7, big_endian))
                goto again;
            clean = false;
        }
        *out = (struct a64_walk){ .ok = true, .pa = oa | (ipa & ((1ull << lsb) - 1)), .shift = (unsigned)lsb, .read = r, .write = wr,
                                  .exec = x, .clean = clean, .device = device };
        w->stage2 = w->s1ptw = false;
        return true;
    }
}

/* ---------------------------------------------------------------------- stage 1 */

/* Stage 1 is off: addresses are physical (or intermediate). */
static void flat(struct a64_sys *s, enum a64_regime regime, gva_t va, struct a64_access a, struct a64_walk *w)
{
    struct control c;
    read_control(s, regime, va, &c);
    bool tbi = c.tbi && !(a.what == A64_EXEC && c.tbid);
    gva_t top = tbi ? va << 8 >> 8 : va;
    if (top >> s->pamax) {
        fail(w, FAULT_ADDRESS_SIZE, 0);
        return;
    }
    bool cacheable = regime == REGIME_EL10 && (a64_hcr(s) & HCR_DC);
    *w = (struct a64_walk){ .ok = true, .pa = top, .shift = 48, .read = true, .write = true, .exec = true, .global = true,
                            .device = !cacheable && a.what != A64_EXEC, .attr = cacheable ? 0xff : 0, .share = 2,
                            .secure = a64_secure(s, regime == REGIME_EL3 ? 3 : 1) };
}

struct permissions { bool user_r, user_w, user_x, priv_r, priv_w, priv_x; };

static struct permissions permissions(const struct control *c, uint64_t d, unsigned aptable, bool uxn, bool pxn, bool dirty_managed)
{
    bool ro = ((d >> 7 & 1) && !dirty_managed) || (aptable & 2), user = (d >> 6 & 1) && !(aptable & 1);
    struct permissions p = { .priv_r = true, .priv_w = !ro };
    if (!c->two_ranges) { /* one privilege: XN is in UXN's place */
        p.priv_x = !((d >> 54 & 1) || uxn) && !(c->wxn && p.priv_w);
        return p;
    }
    p.user_r = user;
    p.user_w = user && !ro;
    p.user_x = !((d >> 54 & 1) || uxn) && !(c->wxn && p.user_w);
    p.priv_x = !((d >> 53 & 1) || pxn) && !p.user_w && !(c->wxn && p.priv_w);
    return p;
}

static void stage1(struct a64_sys *s, enum a64_regime regime, gva_t va, struct a64_access a, struct a64_walk *w)
{
    struct control c;
    read_control(s, regime, va, &c);
    unsigned in = 64 - c.tsz, min = c.granule == 16 || c.ds ? 12 : 16;
    bool tbi = c.tbi && !(a.what == A64_EXEC && c.tbid);
    unsigned top = tbi ? 55 : 63;
    uint64_t ext = va << (63 - top) >> (63 - top) >> (in < 64 ? in : 63), ones = c.high ? ~0ull << (63 - top) >> (63 - top) >> in : 0;
    bool secure = a64_secure(s, regime == REGIME_EL3 ? 3 : 1), nested = regime == REGIME_EL10 && (a64_hcr(s) & (HCR_VM | HCR_DC));
    if (c.tsz < min || c.tsz > 39 || ext != ones || c.epd || (a.unprivileged && c.e0pd)) {
        fail(w, FAULT_TRANSLATION, 0);
        return;
    }
again:;
    int level = 4 - (int)((in - c.granule + c.stride - 1) / c.stride), lsb = (int)c.granule + (3 - level) * (int)c.stride;
    unsigned bits = in - (unsigned)lsb, ps = c.ps < 52 || c.ds || c.granule == 16 ? c.ps : 48;
    gpa_t base = c.ttbr & 0xfffffffffffe;
    if (c.ds || (c.granule == 16 && ps == 52))
        base = (base & ~0x3full) | (c.ttbr >> 2 & 15) << 48;
    base &= ~((8ull << bits) - 1);
    if (base >> ps) {
        fail(w, FAULT_ADDRESS_SIZE, 0);
        return;
    }
    uint64_t mask = (1ull << bits) - 1;
    unsigned aptable = 0;
    bool uxn = false, pxn = false, ns_table = false;
    for (;; level++, lsb -= (int)c.stride, mask = (1ull << c.stride) - 1) {
        gpa_t at = base + (va >> lsb & mask) * 8;
        if (nested) {
            struct a64_walk t;
            struct a64_access how = { .what = A64_READ, .probe = a.probe };
            if ((a64_hcr(s) & HCR_VM) && !stage2(s, at, how, true, w, &t))
                return;
            if (a64_hcr(s) & HCR_VM)
                at = t.pa;
        }
        const uint64_t *p = descriptor(s, at, false);
        if (!p) {
            fail(w, FAULT_EXTERNAL_WALK, level);
            return;
        }
        uint64_t d = read_descriptor(p, c.big_endian);
        if (!(d & D_VALID) || (level == 3 && !(d & D_TABLE)) ||
            (level < 3 && !(d & D_TABLE) && !is_block_level(c.granule, c.ds, ps == 52, level))) {
            fail(w, FAULT_TRANSLATION, level);
            return;
        }
        bool is_table = level < 3 && (d & D_TABLE);
        gpa_t oa = output(d, c.granule, c.ds, is_table ? c.granule : (unsigned)lsb);
        if (c.granule == 16 && ps < 52)
            oa &= (1ull << 48) - 1;
        if (oa >> ps) {
            fail(w, FAULT_ADDRESS_SIZE, level);
            return;
        }
        if (is_table) {
            if (!c.hpd) {
                aptable |= d >> 61 & 3;
                uxn |= d >> 60 & 1;
                pxn |= d >> 59 & 1;
            }
            ns_table |= d >> 63;
            base = oa;
            continue;
        }
        if (!(d & D_AF)) {
            if (!c.ha) {
                fail(w, FAULT_ACCESS_FLAG, level);
                return;
            }
            if (!a.probe) {
                if (!change_descriptor(s, at, d, d | D_AF, c.big_endian))
                    goto again;
                d |= D_AF;
            }
        }
        bool dirty_managed = c.hd && (d & D_DBM);
        struct permissions m = permissions(&c, d, aptable, uxn, pxn, dirty_managed);
        bool clean = dirty_managed && (d >> 7 & 1);
        bool r = a.unprivileged ? m.user_r : m.priv_r, wr = a.unprivileged ? m.user_w : m.priv_w, x = a.unprivileged ? m.user_x : m.priv_x;
        if (a.pan && !a.unprivileged && a.what != A64_EXEC && (m.user_r || (c.epan && m.user_x)))
            r = wr = false;
        if (a.what == A64_READ ? !r : a.what == A64_WRITE ? !wr : !x) {
            fail(w, FAULT_PERMISSION, level);
            return;
        }
        if (clean && a.what == A64_WRITE && !a.probe) {
            if (!change_descriptor(s, at, d, d & ~(1ull << 7), c.big_endian))
                goto again;
            clean = false;
        }
        uint8_t attr = (uint8_t)(c.mair >> 8 * (d >> 2 & 7));
        *w = (struct a64_walk){ .ok = true, .pa = oa | (va & ((1ull << lsb) - 1)), .shift = (unsigned)lsb, .read = r, .write = wr,
                                .exec = x, .clean = clean, .global = !c.two_ranges || !(d >> 11 & 1), .guarded = d >> 50 & 1,
                                .device = !(attr & 0xf0), .attr = attr, .share = c.ds ? 2 : d >> 8 & 3,
                                .secure = secure && !ns_table && !(d >> 5 & 1) };
        return;
    }
}

void a64_translate(struct a64_sys *s, enum a64_regime regime, gva_t va, struct a64_access a, struct a64_walk *w)
{
    static const uint16_t sctlr[4] = { A64_SYS_SCTLR_EL1, A64_SYS_SCTLR_EL2, A64_SYS_SCTLR_EL2, A64_SYS_SCTLR_EL3 };
    uint64_t hcr = a64_hcr(s);
    memset(w, 0, sizeof *w);
    bool on = s->v[sctlr[regime]] & SCTLR_M;
    if (regime == REGIME_EL10 && (hcr & (HCR_TGE | HCR_DC)))
        on = false;
    if (on)
        stage1(s, regime, va, a, w);
    else
        flat(s, regime, va, a, w);
    if (!w->ok || regime != REGIME_EL10 || !(hcr & HCR_VM))
        return;
    struct a64_walk first = *w, second;
    if (!stage2(s, first.pa, a, false, w, &second)) {
        w->ok = false;
        return;
    }
    *w = first;
    w->pa = second.pa;
    w->shift = first.shift < second.shift ? first.shift : second.shift;
    w->read = first.read && second.read;
    w->write = first.write && second.write;
    w->exec = first.exec && second.exec;
    w->clean = first.clean || second.clean;
    w->device = first.device || second.device;
    w->ipa = first.pa;
}
