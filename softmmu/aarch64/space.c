/*
 * Which data TLB and which code tables are in force: one set for each view that the processor can have of memory.
 *
 * EL0's views are kept in a pool by address space (translation table, ASID and VMID), so that a switch of process
 * changes pointers and flushes nothing. EL1's view is the same for all processes but for pages that are not global,
 * which go at a switch. PSTATE.PAN decides between two tables. TLB maintenance finds all tables an entry could be in;
 * more may go than asked, never less (Arm ARM D8.13).
 */
#include <stdlib.h>
#include "machine.h"
#include "space.h"

static struct a64_spaces *spaces(struct a64_sys *s) { return s->spaces; }

/* ------------------------------------------------------------------------- spaces */

static bool space_init(struct a64_space *p, struct cpu *cpu)
{
    return tlb_init(&p->tlb[0]) && tlb_init(&p->tlb[1]) && (p->jumps = engine_jumps_new(cpu));
}

static void space_free(struct a64_space *p)
{
    tlb_free(&p->tlb[0]);
    tlb_free(&p->tlb[1]);
}

static void forget_returns(struct a64_sys *s)
{
    engine_reset_returns(vcpu_cpu(s->vcpu));
    s->changed = true; /* so the instruction leaves translated code */
}

static void forget_code(struct a64_space *p)
{
    if (!p->has_code)
        return;
    for (unsigned k = 0; k < CODE_SLOTS; k++)
        p->code[k].valid = false;
    memset(p->pages, 0, sizeof p->pages);
    engine_jumps_clear(p->jumps);
    p->has_code = p->some_global = p->some_nonglobal = false;
    p->large_code = 0;
}

static unsigned page_bit(gva_t va) { return (unsigned)(va >> PAGE_BITS ^ va >> (PAGE_BITS + 15)) & (CODE_PAGES - 1); }
static bool may_have_code(const struct a64_space *p, gva_t va) { return p->pages[page_bit(va) / 64] >> (page_bit(va) % 64) & 1; }

static void space_flush(struct a64_space *p)
{
    tlb_flush(&p->tlb[0]);
    tlb_flush(&p->tlb[1]);
    forget_code(p);
}

bool a64_spaces_init(struct a64_sys *s)
{
    struct a64_spaces *a = calloc(1, sizeof *a);
    s->spaces = a;
    bool ok = a != NULL;
    for (unsigned k = 0; ok && k < NSPACES; k++)
        ok = space_init(&a->at[k], vcpu_cpu(s->vcpu));
    if (ok)
        a->user = &a->at[SPACE_USER];
    return ok;
}

void a64_spaces_free(struct a64_sys *s)
{
    struct a64_spaces *a = spaces(s);
    for (unsigned k = 0; a && k < NSPACES; k++)
        space_free(&a->at[k]);
    free(a);
}

/* What tells EL0's address spaces apart. The registers' other bits (CnP) don't count. */
static struct a64_space_key key_now(const struct a64_sys *s)
{
    bool host = a64_regime_of(s, 0) == REGIME_E20;
    uint64_t tcr = s->v[host ? A64_SYS_TCR_EL2 : A64_SYS_TCR_EL1], t0 = s->v[host ? A64_SYS_TTBR0_EL2 : A64_SYS_TTBR0_EL1];
    uint64_t t1 = s->v[host ? A64_SYS_TTBR1_EL2 : A64_SYS_TTBR1_EL1];
    unsigned asid = (tcr >> 22 & 1 ? t1 : t0) >> 48;
    if (!(tcr >> 36 & 1))
        asid &= 0xff;
    bool nested = !host && (a64_hcr(s) & HCR_VM);
    return (struct a64_space_key){ .table = (t0 & 0xfffffffffffe) | host, .stage2 = nested ? s->v[A64_SYS_VTTBR_EL2] : 0, .asid = (uint16_t)asid };
}

static bool same(const struct a64_space_key *a, const struct a64_space_key *b)
{
    return a->table == b->table && a->stage2 == b->stage2 && a->asid == b->asid;
}

static struct a64_space *user_space(struct a64_sys *s)
{
    struct a64_spaces *a = spaces(s);
    struct a64_space_key k = key_now(s);
    if (same(&a->user->key, &k))
        return a->user;
    struct a64_space *oldest = &a->at[SPACE_USER], *found = NULL;
    for (unsigned i = SPACE_USER; i < NSPACES && !found; i++) {
        if (same(&a->at[i].key, &k))
            found = &a->at[i];
        else if (a->at[i].used < oldest->used)
            oldest = &a->at[i];
    }
    if (!found) {
        found = oldest;
        space_flush(found);
        found->key = k;
    }
    found->used = ++a->clock;
    return found;
}

static struct a64_space *current(struct a64_sys *s, enum a64_regime regime, unsigned el)
{
    struct a64_spaces *a = spaces(s);
    return el == 0 ? a->user : regime == REGIME_EL10 ? &a->at[SPACE_EL1] : regime == REGIME_EL3 ? &a->at[SPACE_EL3] : &a->at[SPACE_EL2];
}

static void install(struct cpu *cpu, unsigned k, struct tlb *t)
{
    cpu->mmu[k] = (struct cpu_mmu){ .base = (uint64_t)(uintptr_t)t->at, .mask = t->mask, .tlb = t };
}

void a64_choose_tlb(struct cpu *cpu, enum a64_regime regime, unsigned el)
{
    struct a64_sys *s = a64_sys(cpu);
    struct a64_space *p = current(s, regime, el), *user = spaces(s)->user;
    uint64_t ps = *a64_reg(cpu, A64_pstate);
    bool pan = el && (ps & PS_PAN) && regime <= REGIME_E20;
    install(cpu, 0, &p->tlb[pan]);
    install(cpu, 1, el == 0 || el == 3 || regime == REGIME_EL2 || (ps & PS_UAO) ? &p->tlb[pan] : &user->tlb[0]);
    s->space = p;
    cpu->jumps = p->jumps;
    engine_level(cpu, el);
}

/* What code at el was translated for has changed. */
void a64_flags_changed(struct a64_sys *s, unsigned el)
{
    struct a64_spaces *a = spaces(s);
    unsigned first = el == 0 ? SPACE_USER : el - 1, last = el == 0 ? NSPACES - 1 : first;
    static_assert(SPACE_EL1 == 0 && SPACE_EL2 == 1 && SPACE_EL3 == 2, "by level");
    for (unsigned k = first; k <= last; k++)
        forget_code(&a->at[k]);
    forget_returns(s);
}

/* A table base or ASID was written. */
void a64_space_changed(struct cpu *cpu)
{
    struct a64_sys *s = a64_sys(cpu);
    struct a64_spaces *a = spaces(s);
    struct a64_space *to = user_space(s);
    uint64_t high = (s->v[A64_SYS_TTBR1_EL1] & 0xfffffffffffe) ^ s->v[A64_SYS_TTBR1_EL2] << 1;
    if (high != a->high) { /* the kernel's own half */
        a->high = high;
        s->due.unchain_all = true;
        space_flush(&a->at[SPACE_EL1]);
        space_flush(&a->at[SPACE_EL2]);
        for (unsigned k = SPACE_USER; k < NSPACES; k++)
            space_flush(&a->at[k]);
    }
    if (s->v[A64_SYS_VTTBR_EL2] != a->vttbr) { /* another guest's EL1; its pages are not global (a64_fetch) */
        a->vttbr = s->v[A64_SYS_VTTBR_EL2];
        space_flush(&a->at[SPACE_EL1]);
        forget_returns(s);
    }
    if (to != a->user) {
        a->user = to;
        for (unsigned k = SPACE_EL1; k <= SPACE_EL2; k++) {
            tlb_drop_nonglobal(&a->at[k].tlb[0]);
            tlb_drop_nonglobal(&a->at[k].tlb[1]);
            if (a->at[k].some_nonglobal)
                forget_code(&a->at[k]);
        }
        forget_returns(s);
    }
    a64_context_changed(cpu);
}

/* ------------------------------------------------------------------- maintenance */

/* What wants the engine's lock waits until guest code is left: a64_settle. */
static void a64_unchain_later(struct a64_sys *s, gva_t page)
{
    if (s->due.npages == DUE_PAGES)
        s->due.unchain_all = true;
    else
        s->due.pages[s->due.npages++] = page;
}

void a64_settle(struct vcpu *v)
{
    struct a64_sys *s = v->state;
    if (s->due.unchain_all)
        machine_unchain_all(v);
    else
        for (unsigned k = 0; k < s->due.npages; k++)
            machine_unchain(v, s->due.pages[k]);
    s->due.unchain_all = false;
    s->due.npages = 0;
    if (s->due.all_code)
        engine_flush(v->machine->engine);
    s->due.all_code = false;
}

bool a64_is_due(const struct a64_sys *s)
{
    return s->due.unchain_all || s->due.npages || s->due.all_code || s->vcpu->nwrote;
}

/* Writes to pages with code are noticed as they are made (TLB_TRACK), so the guest's word says nothing new; but
 * another processor may have found code in a page while this one still wrote to it. */
void a64_code_changed_later(struct a64_sys *s, gpa_t pa)
{
    if (s->vcpu->machine->nvcpus > 1)
        machine_wrote_tracked(s->vcpu, pa, 1);
}
void a64_all_code_changed_later(struct a64_sys *s)
{
    if (s->vcpu->machine->nvcpus > 1)
        s->due.all_code = true;
}

void a64_tlb_flush_all(struct a64_sys *s)
{
    s->due.unchain_all = true;
    for (unsigned k = 0; k < NSPACES; k++)
        space_flush(&spaces(s)->at[k]);
    forget_returns(s);
    a64_context_changed(vcpu_cpu(s->vcpu)); /* tables may have moved */
}

/* Code at va is looked up again. What links to it from other pages is machine_unchain's. */
static void drop_code(struct a64_sys *s, struct a64_space *p, gva_t va)
{
    struct a64_code *c = &p->code[va >> PAGE_BITS & (CODE_SLOTS - 1)];
    if (c->valid && c->vpage == (va & ~(uint64_t)(PAGE_BYTES - 1)))
        c->valid = false;
    engine_jumps_clear_page(s->vcpu->machine->engine, p->jumps, va);
    if (p->some_global)
        a64_unchain_later(s, va & ~(uint64_t)(PAGE_BYTES - 1));
    forget_returns(s);
}

static void space_flush_va(struct a64_sys *s, struct a64_space *p, gva_t va)
{
    tlb_flush_page(&p->tlb[0], va);
    tlb_flush_page(&p->tlb[1], va);
    if (!p->has_code)
        return;
    if (p->large_code & 1ull << ((va >> 21) & 63)) { /* of a block: any of its pages may be meant */
        if (p->some_global)
            s->due.unchain_all = true;
        forget_code(p);
        forget_returns(s);
        return;
    }
    for (unsigned j = 0; j < 16; j++) { /* a page of 4 KiB, or up to sixteen of one mapping */
        gva_t at = (va & ~0xffffull) + (gva_t)j * PAGE_BYTES;
        if (may_have_code(p, at))
            drop_code(s, p, at);
    }
}

void a64_tlb_flush_va(struct a64_sys *s, gva_t va, unsigned asid)
{
    va = (gva_t)((int64_t)(va << 8) >> 8);
    for (unsigned k = 0; k < NSPACES; k++) {
        struct a64_space *p = &spaces(s)->at[k];
        bool other = k >= SPACE_USER && asid != ANY_ASID && p->key.asid != asid && p->key.asid != (asid & 0xff);
        if (!other || p->some_global || p->tlb[0].global || p->tlb[1].global)
            space_flush_va(s, p, va);
    }
}

void a64_tlb_flush_asid(struct a64_sys *s, unsigned asid)
{
    struct a64_spaces *a = spaces(s);
    for (unsigned k = SPACE_USER; k < NSPACES; k++)
        if (a->at[k].key.asid == asid || a->at[k].key.asid == (asid & 0xff))
            space_flush(&a->at[k]);
    for (unsigned k = SPACE_EL1; k <= SPACE_EL2; k++) {
        tlb_drop_nonglobal(&a->at[k].tlb[0]);
        tlb_drop_nonglobal(&a->at[k].tlb[1]);
        if (a->at[k].some_nonglobal)
            forget_code(&a->at[k]);
    }
    forget_returns(s);
    a64_context_changed(vcpu_cpu(s->vcpu)); /* tables may have moved */
}

void a64_flush_physical(struct vcpu *v, gpa_t first, gpa_t last)
{
    struct a64_sys *s = v->state;
    for (unsigned k = 0; k < NSPACES; k++) {
        tlb_flush_physical(&spaces(s)->at[k].tlb[0], first, last);
        tlb_flush_physical(&spaces(s)->at[k].tlb[1], first, last);
        forget_code(&spaces(s)->at[k]);
    }
}

void a64_track_page(struct vcpu *v, gpa_t page)
{
    struct a64_sys *s = v->state;
    for (unsigned k = 0; k < NSPACES; k++) {
        tlb_track_page(&spaces(s)->at[k].tlb[0], page);
        tlb_track_page(&spaces(s)->at[k].tlb[1], page);
    }
}

/* ---------------------------------------------------------------------- filling */

void a64_note(struct a64_sys *s, gva_t va, const struct a64_walk *w, struct a64_access a)
{
    s->note.va = va;
    s->note.walk = *w;
    s->note.access = a;
    s->note.valid = true;
}

struct tlb_entry *a64_fill(struct vcpu *v, gva_t va, bool write, unsigned space)
{
    struct a64_sys *s = v->state;
    struct cpu *cpu = v->cpu;
    unsigned el = a64_el(cpu);
    struct tlb *t = cpu->mmu[space].tlb;
    bool unprivileged = el == 0 || (space == 1 && t != cpu->mmu[0].tlb);
    uint64_t ps = *a64_reg(cpu, A64_pstate);
    struct a64_access a = { .what = write ? A64_WRITE : A64_READ, .unprivileged = unprivileged, .pan = !unprivileged && (ps & PS_PAN) };
    struct a64_walk w;
    a64_translate(s, a64_regime_of(s, el), va, a, &w);
    if (!w.ok) {
        a64_note(s, va, &w, a);
        return NULL;
    }
    gva_t page = va & ~(uint64_t)(PAGE_BYTES - 1);
    gpa_t pa = w.pa & ~(uint64_t)(PAGE_BYTES - 1);
    struct tlb_entry e = { .page = pa | (w.shift < 63 ? w.shift : 63) | (w.global ? TLB_GLOBAL : 0) | (w.clean ? TLB_CLEAN : 0) |
                                     (w.secure ? TLB_SECURE : 0) };
    struct mem_range g;
    bool found = physmem_find(vcpu_physmem(v), &v->reader, pa, &g);
    bool memory = found && g.r->kind != MEM_MMIO && g.last - pa >= PAGE_BYTES - 1;
    uint64_t flags = (w.device ? TLB_ALIGN : 0) | (a64_watches_page(s, page) ? TLB_WATCH : 0), wflags = flags;
    if (!memory) {
        flags |= TLB_IO;
        wflags |= TLB_IO;
    } else {
        uint64_t offset = g.offset + (pa - g.base);
        uint8_t bits = g.r->pages[offset >> PAGE_BITS];
        e.addend = (uint64_t)(uintptr_t)(g.r->host + offset) - page;
        if (g.r->kind != MEM_RAM)
            wflags |= TLB_IO;
        else if (w.clean || (bits & MEM_CODE) || !(bits & MEM_DIRTY))
            wflags |= TLB_TRACK;
    }
    /* A tagged address has its own entry: tags are compared whole. */
    e.read = w.read ? page | flags : page | TLB_NONE;
    e.write = w.write ? page | wflags : page | TLB_NONE;
    struct tlb_entry *at = tlb_fill(t, va, &e);
    for (unsigned k = 0; k < 2; k++) /* it may have grown */
        if (cpu->mmu[k].tlb == t)
            install(cpu, k, t);
    return at;
}

struct code_page *a64_fetch(struct vcpu *v, gva_t pc)
{
    struct a64_sys *s = v->state;
    struct a64_space *p = s->space;
    struct a64_code *c = &p->code[pc >> PAGE_BITS & (CODE_SLOTS - 1)];
    gva_t page = pc & ~(uint64_t)(PAGE_BYTES - 1);
    if (c->valid && c->vpage == page && c->page.flags == s->flags && !(pc & 3))
        return &c->page;
    unsigned el = a64_el(v->cpu);
    struct a64_access a = { .what = A64_EXEC, .unprivileged = el == 0 };
    struct a64_walk w;
    if (pc & 3) {
        w = (struct a64_walk){ .fsc = FAULT_ALIGNMENT };
        a64_note(s, pc, &w, a);
        return NULL;
    }
    a64_translate(s, a64_regime_of(s, el), pc, a, &w);
    struct mem_range g;
    gpa_t pa = w.pa & ~(uint64_t)(PAGE_BYTES - 1);
    if (w.ok && (!physmem_find(vcpu_physmem(v), &v->reader, pa, &g) || g.r->kind == MEM_MMIO || g.last - pa < PAGE_BYTES - 1)) {
        w.ok = false; /* nothing to execute is there: an external abort */
        w.fsc = FAULT_EXTERNAL;
    }
    if (!w.ok) {
        a64_note(s, pc, &w, a);
        return NULL;
    }
    *c = (struct a64_code){ .valid = true, .vpage = page,
                            .page = { .pa = pa, .r = g.r, .offset = g.offset + (pa - g.base), .flags = s->flags, .global = w.global && el && !(el == 1 && (a64_hcr(s) & HCR_VM)) } };
    p->has_code = true;
    p->some_global |= w.global;
    p->some_nonglobal |= !w.global;
    p->pages[page_bit(pc) / 64] |= 1ull << (page_bit(pc) % 64);
    if (w.shift >= 17)
        p->large_code |= 1ull << ((pc >> 21) & 63);
    return &c->page;
}

bool a64_maps(struct vcpu *v, gva_t va, gpa_t pa, uint32_t flags)
{
    struct a64_sys *s = v->state;
    struct a64_walk w;
    unsigned el = flags & A64_FLAG_EL;
    a64_translate(s, a64_regime_of(s, el), va, (struct a64_access){ .what = A64_EXEC, .unprivileged = el == 0, .probe = true }, &w);
    return w.ok && w.global && (w.pa & ~(uint64_t)(PAGE_BYTES - 1)) == pa;
}
