/*
 * unwind.c: one step up a guest's stack by .eh_frame: callers of code without frame pointers.
 *
 * The table is found in the file that is mapped at pc: PT_GNU_EH_FRAME, its sorted table (else the section), the entry (FDE) of the function
 * with its common part (CIE), whose instructions say where the caller's registers are at pc. Everything is read from the
 * file, whose every number is held against its size; the stack is read by user_read. Rules by expressions (signal
 * trampolines, PLTs of other processors) aren't known: whoever asks goes on by frame pointers then.
 *
 * Sources: DWARF 5, section 6.4; Linux Standard Base, "Exception Frames"; DWARF for the Arm 64-bit Architecture (signed
 * return addresses).
 */
#include <stdlib.h>
#include "symbols.h"

enum { STATES = 8, MOST = 10000 /* instructions of an entry */ };

/* Bytes of the file in order. bad: there was an end too soon. */
struct reader {
    const struct image_file *f;
    uint64_t at, end;    /* offsets in the file */
    bool bad;
};

static uint64_t take(struct reader *r, unsigned n)
{
    const uint8_t *b = r->end - r->at >= n && r->at <= r->end ? image_part(r->f, r->at, n, 1) : NULL;
    uint64_t v = 0;

    if (!b) {
        r->bad = true;
        return 0;
    }
    memcpy(&v, b, n);
    r->at += n;
    return v;
}

static uint64_t take_uleb(struct reader *r)
{
    uint64_t v = 0, b = 0x80;

    for (unsigned shift = 0; b & 0x80 && !r->bad; shift += 7) {
        b = take(r, 1);
        if (shift < 64)
            v |= (b & 0x7f) << shift;
    }
    return v;
}

static int64_t take_sleb(struct reader *r)
{
    uint64_t v = 0, b = 0x80;
    unsigned shift = 0;

    while (b & 0x80 && !r->bad) {
        b = take(r, 1);
        if (shift < 64)
            v |= (b & 0x7f) << shift;
        shift += 7;
    }
    return (int64_t)(shift < 64 && b & 0x40 ? v | ~0ull << shift : v);
}

/* A pointer by its encoding: the file's own address. data: what DW_EH_PE_datarel is relative to. */
static uint64_t take_pointer(struct reader *r, uint8_t how, uint64_t data)
{
    uint64_t here = 0, v;

    if (how == 0xff)
        return 0;
    if (!image_address(r->f, r->at, &here))
        r->bad = true;
    switch (how & 15) {
    case 0: case 4: case 12: v = take(r, 8); break;
    case 1: v = take_uleb(r); break;
    case 2: v = take(r, 2); break;
    case 3: v = take(r, 4); break;
    case 9: v = (uint64_t)take_sleb(r); break;
    case 10: v = (uint64_t)(int16_t)take(r, 2); break;
    case 11: v = (uint64_t)(int32_t)take(r, 4); break;
    default: r->bad = true; return 0;
    }
    switch (how & 0x70) {
    case 0: return v;
    case 0x10: return v + here;
    case 0x30: return v + data;
    }
    r->bad = true;
    return 0;
}

/* --- the tables ------------------------------------------------------------------------------- */

struct rule { enum { SAME, UNDEFINED, AT_CFA, CFA_PLUS, IN_REGISTER, UNKNOWN } how; int64_t value; };
struct state {
    struct rule reg[UNWIND_REGS];
    uint64_t cfa_reg;
    int64_t cfa_offset;
    bool cfa_unknown;
};
struct frame {
    uint64_t pc, low;             /* the file's addresses: where we are, where the function begins */
    uint64_t code_align, ra;
    int64_t data_align;
    uint8_t encoding;
    struct state now, first, saved[STATES];
    unsigned nsaved;
};

/* Where the FDE for pc begins in the file: by the sorted table of .eh_frame_hdr. */
static bool find_entry(const struct image_file *f, uint64_t pc, uint64_t *entry)
{
    const Elf64_Ehdr *h = image_header(f);
    const Elf64_Phdr *ph = h ? image_part(f, h->e_phoff, h->e_phnum, sizeof *ph) : NULL;
    unsigned k = 0;

    while (ph && k < h->e_phnum && ph[k].p_type != PT_GNU_EH_FRAME)
        k++;
    if (!ph || k == h->e_phnum)
        return false;
    struct reader r = { f, ph[k].p_offset, f->size, false };
    unsigned version = (unsigned)take(&r, 1), frame_how = (unsigned)take(&r, 1), count_how = (unsigned)take(&r, 1),
             table_how = (unsigned)take(&r, 1);
    take_pointer(&r, (uint8_t)frame_how, ph[k].p_vaddr);
    uint64_t n = take_pointer(&r, (uint8_t)count_how, ph[k].p_vaddr);
    if (r.bad || version != 1 || table_how != 0x3b) /* relative to the header, 4 bytes each */
        return false;
    const int32_t *row = image_part(f, r.at, n, 8);
    uint64_t low = 0, high = n;
    int64_t want = (int64_t)(pc - ph[k].p_vaddr);
    if (!row || !n || want < row[0])
        return false;
    while (high - low > 1) {
        uint64_t middle = (low + high) / 2;
        if (row[2 * middle] <= want)
            low = middle;
        else
            high = middle;
    }
    return image_offset(f, ph[k].p_vaddr + (uint64_t)(int64_t)row[2 * low + 1], entry);
}

/* One block of .eh_frame at offset `at`: a reader of what follows its length and identity. */
static struct reader block(const struct image_file *f, uint64_t at, uint64_t *id_at, uint64_t *id)
{
    struct reader r = { f, at, f->size, false };
    uint64_t len = take(&r, 4);

    if (len == 0xffffffff || len > f->size - r.at)
        r.bad = true;
    else
        r.end = r.at + len;
    *id_at = r.at;
    *id = take(&r, 4);
    return r;
}

static void set(struct state *s, uint64_t reg, int how, int64_t value)
{
    if (reg < UNWIND_REGS)
        s->reg[reg] = (struct rule){ how, value };
}

/* Offsets are in units of the CIE's; nonsense wraps. */
static int64_t scaled(uint64_t n, const struct frame *w) { return (int64_t)(n * (uint64_t)w->data_align); }

/* Carries out instructions until they speak of code behind pc. */
static void run(struct frame *w, struct reader *r)
{
    uint64_t loc = w->low, reg;
    struct state *s = &w->now;

    for (unsigned n = 0; r->at < r->end && !r->bad && n < MOST; n++) {
        unsigned op = (unsigned)take(r, 1), low = op & 63;
        uint64_t step = 0;
        switch (op & 0xc0 ? op & 0xc0 : op) {
        case 0x40: step = low; break;
        case 0x80: set(s, low, AT_CFA, scaled(take_uleb(r), w)); break;
        case 0xc0: s->reg[low % UNWIND_REGS] = w->first.reg[low % UNWIND_REGS]; break;
        case 0x00: break;
        case 0x01: loc = take_pointer(r, w->encoding, 0); break;
        case 0x02: step = take(r, 1); break;
        case 0x03: step = take(r, 2); break;
        case 0x04: step = take(r, 4); break;
        case 0x05: reg = take_uleb(r); set(s, reg, AT_CFA, scaled(take_uleb(r), w)); break;
        case 0x06: reg = take_uleb(r); set(s, reg, reg < UNWIND_REGS ? (int)w->first.reg[reg].how : SAME,
                                           reg < UNWIND_REGS ? w->first.reg[reg].value : 0); break;
        case 0x07: set(s, take_uleb(r), UNDEFINED, 0); break;
        case 0x08: set(s, take_uleb(r), SAME, 0); break;
        case 0x09: reg = take_uleb(r); set(s, reg, IN_REGISTER, (int64_t)take_uleb(r)); break;
        case 0x0a:
            if (w->nsaved == STATES)
                r->bad = true;
            else
                w->saved[w->nsaved++] = *s;
            break;
        case 0x0b:
            if (!w->nsaved)
                r->bad = true;
            else
                *s = w->saved[--w->nsaved];
            break;
        case 0x0c: s->cfa_reg = take_uleb(r); s->cfa_offset = (int64_t)take_uleb(r); s->cfa_unknown = false; break;
        case 0x0d: s->cfa_reg = take_uleb(r); break;
        case 0x0e: s->cfa_offset = (int64_t)take_uleb(r); break;
        case 0x0f: s->cfa_unknown = true; r->at += take_uleb(r); break;
        case 0x10: case 0x16: reg = take_uleb(r); set(s, reg, UNKNOWN, 0); r->at += take_uleb(r); break;
        case 0x11: reg = take_uleb(r); set(s, reg, AT_CFA, scaled((uint64_t)take_sleb(r), w)); break;
        case 0x12: s->cfa_reg = take_uleb(r); s->cfa_offset = scaled((uint64_t)take_sleb(r), w); s->cfa_unknown = false; break;
        case 0x13: s->cfa_offset = scaled((uint64_t)take_sleb(r), w); break;
        case 0x14: reg = take_uleb(r); set(s, reg, CFA_PLUS, scaled(take_uleb(r), w)); break;
        case 0x15: reg = take_uleb(r); set(s, reg, CFA_PLUS, scaled((uint64_t)take_sleb(r), w)); break;
        case 0x2d: break; /* the return address is signed from here on: the code is dropped anyway */
        case 0x2e: take_uleb(r); break;
        default: r->bad = true;
        }
        loc += step * w->code_align;
        if (loc > w->pc)
            return;
    }
}

/* The rules at w->pc if the entry is for it. */
static bool read_entry(struct frame *w, const struct image_file *f, uint64_t entry)
{
    uint64_t id_at, id, cie_id_at, cie_id;

    struct reader fde = block(f, entry, &id_at, &id);
    if (fde.bad || !id || id > id_at)
        return false;
    struct reader cie = block(f, id_at - id, &cie_id_at, &cie_id);
    uint64_t version = take(&cie, 1);
    char letters[8] = "";
    for (unsigned k = 0; k < sizeof(letters) && !cie.bad && (letters[k] = (char)take(&cie, 1)); k++)
        ;
    if (cie.bad || cie_id || (version != 1 && version != 3) || letters[7])
        return false;
    w->code_align = take_uleb(&cie);
    w->data_align = take_sleb(&cie);
    w->ra = version == 1 ? take(&cie, 1) : take_uleb(&cie);
    w->encoding = 0;
    if (letters[0] == 'z') {
        uint64_t n = take_uleb(&cie), end = cie.at + n;
        for (const char *c = letters + 1; *c; c++)
            if (*c == 'R')
                w->encoding = (uint8_t)take(&cie, 1);
            else if (*c == 'P') {
                uint8_t how = (uint8_t)take(&cie, 1);
                take_pointer(&cie, how & 0x7f, 0);
            } else if (*c == 'L')
                take(&cie, 1);
            else if (*c != 'S' && *c != 'B')
                return false;
        if (n > cie.end || end > cie.end)
            return false;
        cie.at = end;
    } else if (letters[0]) {
        return false;
    }
    w->low = take_pointer(&fde, w->encoding, 0);
    uint64_t len = take_pointer(&fde, w->encoding & 15, 0);
    if (fde.bad || cie.bad || w->pc < w->low || w->pc - w->low >= len)
        return false;
    if (letters[0] == 'z')
        fde.at += take_uleb(&fde);
    run(w, &cie);
    w->first = w->now;
    run(w, &fde);
    return !fde.bad && !cie.bad && !w->now.cfa_unknown && w->now.cfa_reg < UNWIND_REGS && w->ra < UNWIND_REGS;
}

/* The section .eh_frame, which a static program may have without a sorted table. */
static const Elf64_Shdr *find_section(const struct image_file *f)
{
    const Elf64_Ehdr *h = image_header(f);
    const Elf64_Shdr *s = h && h->e_shentsize == sizeof *s ? image_part(f, h->e_shoff, h->e_shnum, sizeof *s) : NULL;
    const Elf64_Shdr *names = s && h->e_shstrndx < h->e_shnum ? &s[h->e_shstrndx] : NULL;
    const char *text = names ? image_part(f, names->sh_offset, names->sh_size, 1) : NULL;

    for (unsigned k = 0; text && k < h->e_shnum; k++)
        if (s[k].sh_name < names->sh_size && names->sh_size - s[k].sh_name > 9 &&
            !memcmp(text + s[k].sh_name, ".eh_frame", 10) && image_part(f, s[k].sh_offset, s[k].sh_size, 1))
            return &s[k];
    return NULL;
}

/* The rules at w->pc. */
static bool read_rules(struct frame *w, const struct image_file *f)
{
    const struct frame fresh = *w;
    uint64_t entry, id_at, id;

    if (find_entry(f, w->pc, &entry))
        return read_entry(w, f, entry);
    const Elf64_Shdr *s = find_section(f);
    for (uint64_t at = s ? s->sh_offset : 0; s && at < s->sh_offset + s->sh_size;) {
        struct reader r = block(f, at, &id_at, &id);
        if (r.bad || r.end <= at)
            break;
        *w = fresh;
        if (id && read_entry(w, f, at))
            return true;
        at = r.end;
    }
    return false;
}

/* --- one step --------------------------------------------------------------------------------- */

static bool caller(struct process *p, const struct frame *w, uint64_t regs[UNWIND_REGS], uint64_t *known, uint64_t *pc,
                   bool *end)
{
    uint64_t old[UNWIND_REGS], was = *known, cfa;

    if (!(was >> w->now.cfa_reg & 1))
        return false;
    if (w->now.reg[w->ra].how == UNDEFINED) {
        *end = true;
        return true;
    }
    memcpy(old, regs, sizeof old);
    cfa = old[w->now.cfa_reg] + (uint64_t)w->now.cfa_offset;
    for (unsigned k = 0; k < UNWIND_REGS; k++) {
        const struct rule *rule = &w->now.reg[k];
        bool ok = true;
        switch (rule->how) {
        case SAME: ok = was >> k & 1; break;
        case UNDEFINED: case UNKNOWN: ok = false; break;
        case AT_CFA: ok = !user_read(p, &regs[k], cfa + (uint64_t)rule->value, 8); break;
        case CFA_PLUS: regs[k] = cfa + (uint64_t)rule->value; break;
        case IN_REGISTER:
            ok = (uint64_t)rule->value < UNWIND_REGS && was >> rule->value & 1;
            if (ok)
                regs[k] = old[rule->value];
            break;
        }
        *known = ok ? *known | 1ull << k : *known & ~(1ull << k);
    }
    if (!(*known >> w->ra & 1) || (cfa == old[p->abi->unwind_sp] && regs[w->ra] == *pc)) { /* no step at all */
        memcpy(regs, old, sizeof old);
        *known = was;
        return false;
    }
    *pc = p->abi->return_address(regs[w->ra]);
    regs[p->abi->unwind_sp] = cfa;
    *known |= 1ull << p->abi->unwind_sp;
    return true;
}

bool unwind_step(struct process *p, uint64_t regs[UNWIND_REGS], uint64_t *known, uint64_t *pc, bool call, bool *end)
{
    struct image_file *f = malloc(sizeof *f);
    struct frame *w = calloc(1, sizeof *w);
    bool ok = false;

    *end = false;
    if (f && w && image_at(p, *pc - call, f)) {
        ok = image_header(f) && image_address(f, *pc - call - f->start + f->offset, &w->pc) && read_rules(w, f) &&
             caller(p, w, regs, known, pc, end);
        image_done(f);
    }
    free(w);
    free(f);
    return ok;
}
