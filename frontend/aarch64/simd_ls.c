/*
 * Loads and stores of structures: LD1..LD4 and ST1..ST4 of several registers, of one lane, and
 * LD1R..LD4R (Arm ARM C4.1, "Advanced SIMD load/store multiple structures", "... single
 * structure").
 *
 * All accesses of an instruction come before its first register write. Memory is read and written
 * in whole vectors; interleaving is done on registers, so the bytes are accessed once and in
 * ascending order, but not as single elements.
 */
#include "simd.h"

static ir_ref load(struct tr *t, unsigned rn, int64_t disp, enum ir_type type, unsigned size)
{
    return ir_emit(t->r, IR_load, type, get_xsp(t, rn), 0, 0, 0, IR_MEM(size, 0, 0, 0), disp);
}
static void store(struct tr *t, unsigned rn, int64_t disp, unsigned size, ir_ref v)
{
    ir_emit(t->r, IR_store, IR_VOID, get_xsp(t, rn), 0, v, 0, IR_MEM(size, 0, 0, 0), disp);
}

/* 16 or 8 bytes as a vector. */
static ir_ref load_vector(struct tr *t, unsigned rn, int64_t disp, bool q)
{
    return q ? load(t, rn, disp, IR_V128, 4)
             : ir1(t->r, IR_vzx, IR_V128, load(t, rn, disp, IR_F64, 3));
}
static void store_vector(struct tr *t, unsigned rn, int64_t disp, bool q, ir_ref v)
{
    store(t, rn, disp, q ? 4 : 3, q ? v : ir1(t->r, IR_vlow, IR_F64, v));
}

/* Post-index: rm, where 31 means the bytes accessed; rm 32: no write-back. */
enum { NO_INDEX = 32 };
static bool post(struct tr *t, unsigned rn, unsigned rm, unsigned bytes)
{
    if (rm != NO_INDEX)
        set_xsp(
            t, rn,
            ir2(t->r, IR_add, IR_I64, get_xsp(t, rn), rm == 31 ? imm_x(t, bytes) : get_x(t, rm)));
    return true;
}

/* In system mode, before the first access of `bytes` in elements of 1 << l bytes. */
static void before(struct tr *t, unsigned rn, unsigned rm, unsigned bytes, unsigned l)
{
    check_strict(t, get_xsp(t, rn), 0, 0, 0, l);
    if (rn != 31)
        return;
    check_sp_base(t);
    if (rm == 31)
        check_stepped_sp(t, bytes);
    else if (rm != NO_INDEX)
        check_new_sp(t, ir2(t->r, IR_add, IR_I64, get_xsp(t, rn), get_x(t, rm)));
}

/* ---------------------------------------------------------- several registers */

/* LD1, ST1: n registers one after the other. */
static bool plain(struct tr *t, bool is_load, unsigned n, bool q, unsigned l, unsigned rn, unsigned rt,
                  unsigned rm)
{
    unsigned bytes = q ? 16 : 8;
    ir_ref v[4];
    before(t, rn, rm, n * bytes, l);
    if (is_load) {
        for (unsigned i = 0; i < n; i++)
            v[i] = load_vector(t, rn, i * bytes, q);
        for (unsigned i = 0; i < n; i++)
            ir_set(t->r, A64_V((rt + i) & 31), v[i]);
    } else {
        for (unsigned i = 0; i < n; i++)
            store_vector(t, rn, i * bytes, q, get_v(t, (rt + i) & 31));
    }
    return post(t, rn, rm, n * bytes);
}

/* Byte selection that gathers from three vectors m (48 bytes in memory) the bytes from(k), k =
 * 0..15. */
static ir_ref gather3(struct tr *t, const ir_ref m[3], const uint8_t from[16])
{
    ir_ref x = IR_NONE;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t w[2] = { 0, 0 };
        for (unsigned k = 0; k < 16; k++)
            w[k / 8] |= (uint64_t)(from[k] / 16 == i ? from[k] % 16u : 0x80u) << k % 8 * 8;
        ir_ref part = v2(t, IR_vtbl, 0, m[i], ir_const128(t->r, IR_V128, w[0], w[1]));
        x = i ? v2(t, IR_vor, 0, x, part) : part;
    }
    return x;
}

/* The lanes of structures of n fields in order of the fields: 0 0 .. 1 1 .. */
static ir_ref gather_fields(struct tr *t, unsigned n, unsigned l, ir_ref m)
{
    uint64_t w[2] = { 0, 0 };
    unsigned lane = 1u << l, each = 16 / n; /* bytes of a field */
    for (unsigned k = 0; k < 16; k++)
        w[k / 8] |= (uint64_t)((k % each / lane * n + k / each) * lane + k % lane) << k % 8 * 8;
    return v2(t, IR_vtbl, 0, m, ir_const128(t->r, IR_V128, w[0], w[1]));
}

/* Memory vectors m -> registers v, n of each. q = 0: of 64 bits, m then has only n / 2 vectors (n =
 * 3: two, the second half full), results have arbitrary upper halves. */
static void deinterleave(struct tr *t, unsigned n, unsigned l, bool q, const ir_ref m[4],
                         ir_ref v[4])
{
    unsigned bytes = q ? 16 : 8, lane = 1u << l;
    if (n == 2 && l < 2) {
        ir_ref x = gather_fields(t, 2, l, m[0]), y = q ? gather_fields(t, 2, l, m[1]) : x;
        v[0] = q ? v2(t, IR_vzip1, 3, x, y) : x;
        v[1] = v2(t, IR_vzip2, 3, x, y);
    } else if (n == 2) {
        v[0] = v2(t, IR_vuzp1, l, m[0], q ? m[1] : m[0]);
        v[1] = v2(t, IR_vuzp2, l, m[0], q ? m[1] : m[0]);
    } else if (n == 4 && l == 3) {
        for (unsigned i = 0; i < 4; i++)
            v[i] = v2(t, i & 1 ? IR_vzip2 : IR_vzip1, 3, m[i / 2], m[i / 2 + 2]);
    } else if (n == 4) {
        /* Each vector's four fields to its four words; then the words are transposed. */
        ir_ref x[4];
        for (unsigned i = 0; i < (q ? 4u : 2u); i++)
            x[i] = l < 2 ? gather_fields(t, 4, l, m[i]) : m[i];
        ir_ref a = v2(t, IR_vzip1, 2, x[0], x[1]), c = v2(t, IR_vzip2, 2, x[0], x[1]);
        if (q) {
            ir_ref b = v2(t, IR_vzip1, 2, x[2], x[3]), d = v2(t, IR_vzip2, 2, x[2], x[3]);
            v[0] = v2(t, IR_vzip1, 3, a, b);
            v[1] = v2(t, IR_vzip2, 3, a, b);
            v[2] = v2(t, IR_vzip1, 3, c, d);
            v[3] = v2(t, IR_vzip2, 3, c, d);
        } else {
            v[0] = a;
            v[1] = ir1(t->r, IR_vhigh64, IR_V128, a);
            v[2] = c;
            v[3] = ir1(t->r, IR_vhigh64, IR_V128, c);
        }
    } else {
        ir_ref mm[3] = { m[0], m[1], q ? m[2] : vzero(t) };
        for (unsigned r = 0; r < 3; r++) {
            uint8_t from[16] = { 0 };
            for (unsigned k = 0; k < bytes; k++)
                from[k] = (uint8_t)((k / lane * 3 + r) * lane + k % lane);
            v[r] = gather3(t, mm, from);
        }
    }
}

/* Registers v -> memory vectors m, the inverse. */
static void interleave(struct tr *t, unsigned n, unsigned l, bool q, const ir_ref v[4], ir_ref m[4])
{
    unsigned bytes = q ? 16 : 8, lane = 1u << l;
    if (n == 2) {
        m[0] = v2(t, IR_vzip1, l, v[0], v[1]);
        m[1] = q ? v2(t, IR_vzip2, l, v[0], v[1]) : IR_NONE;
    } else if (n == 4) {
        ir_ref e0 = v2(t, IR_vzip1, l, v[0], v[2]), o0 = v2(t, IR_vzip1, l, v[1], v[3]);
        m[0] = v2(t, IR_vzip1, l, e0, o0);
        m[1] = v2(t, IR_vzip2, l, e0, o0);
        if (q) {
            ir_ref e1 = v2(t, IR_vzip2, l, v[0], v[2]), o1 = v2(t, IR_vzip2, l, v[1], v[3]);
            m[2] = v2(t, IR_vzip1, l, e1, o1);
            m[3] = v2(t, IR_vzip2, l, e1, o1);
        }
    } else {
        for (unsigned i = 0; i < (q ? 3u : 2u); i++) {
            uint8_t from[16] = { 0 };
            for (unsigned k = 0; k < 16 && i * 16 + k < 3 * bytes; k++) {
                unsigned e = (i * 16 + k) / lane; /* element number in memory */
                from[k] = (uint8_t)(e % 3 * 16 + e / 3 * lane + k % lane);
            }
            m[i] = gather3(t, v, from);
        }
    }
}

static bool structures(struct tr *t, bool is_load, unsigned n, bool q, unsigned l, unsigned rn,
                       unsigned rt, unsigned rm)
{
    if (l == 3 && !q)
        return false;
    unsigned total = n * (q ? 16 : 8);
    ir_ref v[4], m[4];
    before(t, rn, rm, total, l);
    if (is_load) {
        for (unsigned i = 0; 16 * i < total; i++)
            m[i] = load_vector(t, rn, 16 * i, total - 16 * i >= 16);
        deinterleave(t, n, l, q, m, v);
        for (unsigned i = 0; i < n; i++)
            set_v(t, (rt + i) & 31, q, v[i]);
    } else {
        for (unsigned i = 0; i < n; i++)
            v[i] = get_v(t, (rt + i) & 31);
        interleave(t, n, l, q, v, m);
        for (unsigned i = 0; 16 * i < total; i++)
            store_vector(t, rn, 16 * i, total - 16 * i >= 16, m[i]);
    }
    return post(t, rn, rm, total);
}

#define MULTIPLE(name, is_load, n)                                                                 \
    ROW(name, plain(t, is_load, n, a->q, a->size, a->rn, a->rt, NO_INDEX))                                  \
    ROW(name##p, plain(t, is_load, n, a->q, a->size, a->rn, a->rt, a->rm))
MULTIPLE(LD1_m1, true, 1)
MULTIPLE(LD1_m2, true, 2)
MULTIPLE(LD1_m3, true, 3)
MULTIPLE(LD1_m4, true, 4)
MULTIPLE(ST1_m1, false, 1)
MULTIPLE(ST1_m2, false, 2)
MULTIPLE(ST1_m3, false, 3)
MULTIPLE(ST1_m4, false, 4)

#define STRUCTURES(n)                                                                              \
    ROW(LD##n##_m, structures(t, true, n, a->q, a->size, a->rn, a->rt, NO_INDEX))                  \
    ROW(LD##n##_mp, structures(t, true, n, a->q, a->size, a->rn, a->rt, a->rm))                    \
    ROW(ST##n##_m, structures(t, false, n, a->q, a->size, a->rn, a->rt, NO_INDEX))                 \
    ROW(ST##n##_mp, structures(t, false, n, a->q, a->size, a->rn, a->rt, a->rm))
STRUCTURES(2)
STRUCTURES(3)
STRUCTURES(4)

/* ------------------------------------------------------------------- one lane */

/* Lane `index` of size l of n registers. */
static bool lanes(struct tr *t, bool is_load, unsigned n, unsigned l, unsigned index, unsigned rn,
                  unsigned rt, unsigned rm)
{
    enum ir_type type = l == 3 ? IR_I64 : IR_I32;
    ir_ref x[4];
    before(t, rn, rm, n << l, l);
    for (unsigned i = 0; i < n; i++) {
        if (is_load)
            x[i] = load(t, rn, (int64_t)i << l, type, l);
        else
            store(t, rn, (int64_t)i << l, l,
                  ir_emit(t->r, IR_vget, type, get_v(t, (rt + i) & 31), 0, 0, 0, l, index));
    }
    for (unsigned i = 0; is_load && i < n; i++) {
        unsigned r = (rt + i) & 31;
        set_v(t, r, true, v2i(t, IR_vins, l, get_v(t, r), x[i], index));
    }
    return post(t, rn, rm, n << l);
}
static bool replicate(struct tr *t, unsigned n, unsigned l, bool q, unsigned rn, unsigned rt,
                      unsigned rm)
{
    ir_ref x[4];
    before(t, rn, rm, n << l, l);
    for (unsigned i = 0; i < n; i++)
        x[i] = load(t, rn, (int64_t)i << l, l == 3 ? IR_F64 : l == 2 ? IR_F32 : IR_I32, l);
    for (unsigned i = 0; i < n; i++)
        set_v(t, (rt + i) & 31, q,
              l < 2 ? v1(t, IR_vdup, l, x[i])
                    : v1i(t, IR_vdupl, l, ir1(t->r, IR_vzx, IR_V128, x[i]), 0));
    return post(t, rn, rm, n << l);
}

#define LANES(ld, is_load, n)                                                                      \
    ROW(ld##n##_b,                                                                                 \
        lanes(t, is_load, n, 0, a->q << 3 | a->s << 2 | a->size, a->rn, a->rt, NO_INDEX))          \
    ROW(ld##n##_h,                                                                                 \
        lanes(t, is_load, n, 1, a->q << 2 | a->s << 1 | a->size, a->rn, a->rt, NO_INDEX))          \
    ROW(ld##n##_s, lanes(t, is_load, n, 2, a->q << 1 | a->s, a->rn, a->rt, NO_INDEX))              \
    ROW(ld##n##_d, lanes(t, is_load, n, 3, a->q, a->rn, a->rt, NO_INDEX))                          \
    ROW(ld##n##_bp, lanes(t, is_load, n, 0, a->q << 3 | a->s << 2 | a->size, a->rn, a->rt, a->rm)) \
    ROW(ld##n##_hp, lanes(t, is_load, n, 1, a->q << 2 | a->s << 1 | a->size, a->rn, a->rt, a->rm)) \
    ROW(ld##n##_sp, lanes(t, is_load, n, 2, a->q << 1 | a->s, a->rn, a->rt, a->rm))                \
    ROW(ld##n##_dp, lanes(t, is_load, n, 3, a->q, a->rn, a->rt, a->rm))
#define REPLICATE(n)                                                                               \
    ROW(LD##n##R, replicate(t, n, a->size, a->q, a->rn, a->rt, NO_INDEX))                          \
    ROW(LD##n##R_p, replicate(t, n, a->size, a->q, a->rn, a->rt, a->rm))
LANES(LD, true, 1)
LANES(LD, true, 2)
LANES(LD, true, 3)
LANES(LD, true, 4)
LANES(ST, false, 1)
LANES(ST, false, 2)
LANES(ST, false, 3)
LANES(ST, false, 4)
REPLICATE(1)
REPLICATE(2)
REPLICATE(3)
REPLICATE(4)
