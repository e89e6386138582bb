/*
 * vdso.c: the vDSO of arm64 guests: one page, an ELF image put together here.
 *
 * It has what arm64 Linux gives since 2.6.39, under that symbol version: __kernel_rt_sigreturn,
 * __kernel_gettimeofday, __kernel_clock_gettime, __kernel_clock_getres. The clock functions enter
 * myna by `svc`, which is no system call of the host: the handlers ask the host's own vDSO.
 * __kernel_rt_sigreturn is the exact instruction pair by which unwinders know a signal frame; like
 * the kernel's (since 5.8) it carries no unwind table, which would take precedence. The clock functions
 * have one: a signal may find the program in them, and its handler wants a backtrace.
 *
 * Only what a dynamic linker, unwinders and the parsers of Go and gdb look at is there: program headers,
 * SONAME, DT_HASH, symbols with versions, .eh_frame with its table. No section headers. Source: vdso(7),
 * ELF gABI, LSB core (exception frames), DWARF for AArch64, arm64 kernel/vdso/.
 */
#include <elf.h>
#include <sys/mman.h>

#include "guest_process.h"

enum { NFUNCS = 4, NSYMS = NFUNCS + 1, VERSION_INDEX = 2 };

static const struct { const char *name; uint8_t nr; } funcs[NFUNCS] = {
    {"__kernel_rt_sigreturn", 139},
    {"__kernel_gettimeofday", 169},
    {"__kernel_clock_gettime", 113},
    {"__kernel_clock_getres", 114},
};

/* Unwind rules of the clock functions, leaves without a frame: the return address is in x30, the caller's sp
 * is sp. Encodings: 0x1b pc-relative, 0x3b relative to the table, both signed of four bytes, 0x03 unsigned. */
struct unwind {
    struct {
        uint8_t version, frame_enc, count_enc, table_enc;
        int32_t frame;
        uint32_t count;
        int32_t start, fde;
    } table;
    struct {
        uint32_t length, id;
        uint8_t version;
        char augmentation[3];
        uint8_t code_align, data_align, return_reg, augmentation_len, fde_enc;
        uint8_t def_cfa, cfa_reg, cfa_offset; /* DW_CFA_def_cfa sp, 0 */
        uint8_t nop[4];
    } cie;
    struct {
        uint32_t length, cie;
        int32_t start;
        uint32_t size;
        uint8_t augmentation_len, nop[3];
    } fde;
    uint32_t end;
};
static_assert(sizeof(struct unwind) == 20 + 24 + 20 + 4, "no padding");

/* The page. Every member is where the dynamic section says; addresses are offsets in it. */
struct vdso_image {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[3];
    Elf64_Dyn dyn[10];
    Elf64_Sym sym[NSYMS];
    uint32_t hash[2 + 1 + NSYMS];
    Elf64_Half versym[NSYMS + 1];
    Elf64_Verdef verdef[2] __attribute__((aligned(8)));
    Elf64_Verdaux verdaux[2];
    char str[192];
    struct unwind unwind __attribute__((aligned(8)));
    uint32_t text[NFUNCS][4] __attribute__((aligned(16)));
};
static_assert(sizeof(struct vdso_image) <= GUEST_PAGE, "the vDSO is one page");

#define AT(member) offsetof(struct vdso_image, member)

static unsigned add_string(struct vdso_image *im, unsigned *used, const char *s)
{
    unsigned at = *used;
    size_t n = strlen(s) + 1;

    assert(at + n <= sizeof im->str);
    memcpy(im->str + at, s, n);
    *used += (unsigned)n;
    return at;
}

static uint32_t sysv_hash(const char *s)
{
    uint32_t h = 0;

    for (; *s; s++) {
        h = (h << 4) + (unsigned char)*s;
        h ^= h >> 24 & 0xf0;
        h &= 0x0fffffff;
    }
    return h;
}

/* bti c (or nop); movz x8, #nr; svc #0; ret */
static void add_text(struct vdso_image *im, unsigned i)
{
    bool sigreturn = i == 0;

    im->text[i][0] = sigreturn ? 0xd503201f : 0xd503245f;
    im->text[i][1] = 0xd2800008 | (uint32_t)funcs[i].nr << 5;
    im->text[i][2] = 0xd4000001;
    im->text[i][3] = sigreturn ? 0xd503201f : 0xd65f03c0;
}

static void add_symbols(struct vdso_image *im, unsigned *strings)
{
    for (unsigned i = 0; i < NFUNCS; i++) {
        add_text(im, i);
        im->sym[i + 1] = (Elf64_Sym){
            .st_name = add_string(im, strings, funcs[i].name),
            .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
            .st_shndx = 1, /* any defined one */
            .st_value = AT(text) + i * sizeof im->text[0] + (i == 0 ? 4 : 0),
            .st_size = i == 0 ? 8 : sizeof im->text[0],
        };
        im->versym[i + 1] = VERSION_INDEX;
    }
    im->hash[0] = 1; /* one bucket: a chain of all */
    im->hash[1] = NSYMS;
    im->hash[2] = 1;
    for (unsigned i = 1; i < NSYMS; i++)
        im->hash[3 + i] = i + 1 < NSYMS ? i + 1 : 0;
}

static void add_versions(struct vdso_image *im, unsigned soname, unsigned version)
{
    const char *name[2] = {im->str + soname, im->str + version};

    for (unsigned i = 0; i < 2; i++) {
        im->verdef[i] = (Elf64_Verdef){
            .vd_version = VER_DEF_CURRENT,
            .vd_flags = i == 0 ? VER_FLG_BASE : 0,
            .vd_ndx = (Elf64_Half)(i + 1),
            .vd_cnt = 1,
            .vd_hash = sysv_hash(name[i]),
            .vd_aux = (Elf64_Word)(AT(verdaux[i]) - AT(verdef[i])),
            .vd_next = i == 0 ? sizeof(Elf64_Verdef) : 0,
        };
        im->verdaux[i].vda_name = i == 0 ? soname : version;
    }
}

/* Distance from one member of the page to another. */
#define FROM_TO(a, b) ((int32_t)AT(b) - (int32_t)AT(a))

static void add_unwind(struct vdso_image *im)
{
    struct unwind *u = &im->unwind;

    u->table.version = 1;
    u->table.frame_enc = 0x1b;
    u->table.count_enc = 0x03;
    u->table.table_enc = 0x3b;
    u->table.frame = FROM_TO(unwind.table.frame, unwind.cie);
    u->table.count = 1;
    u->table.start = FROM_TO(unwind, text[1]);
    u->table.fde = FROM_TO(unwind, unwind.fde);
    u->cie.length = sizeof u->cie - 4;
    u->cie.version = 1;
    memcpy(u->cie.augmentation, "zR", 3);
    u->cie.code_align = 4;
    u->cie.data_align = 0x78; /* -8 as a signed LEB128 */
    u->cie.return_reg = 30;
    u->cie.augmentation_len = 1;
    u->cie.fde_enc = 0x1b;
    u->cie.def_cfa = 0x0c;
    u->cie.cfa_reg = 31;
    u->fde.length = sizeof u->fde - 4;
    u->fde.cie = (uint32_t)FROM_TO(unwind.cie, unwind.fde.cie);
    u->fde.start = FROM_TO(unwind.fde.start, text[1]);
    u->fde.size = (NFUNCS - 1) * sizeof im->text[0];
}

static void build(struct vdso_image *im)
{
    unsigned strings = 1, soname, version;

    memcpy(im->eh.e_ident, ELFMAG, SELFMAG);
    im->eh.e_ident[EI_CLASS] = ELFCLASS64;
    im->eh.e_ident[EI_DATA] = ELFDATA2LSB;
    im->eh.e_ident[EI_VERSION] = EV_CURRENT;
    im->eh.e_type = ET_DYN;
    im->eh.e_machine = EM_AARCH64;
    im->eh.e_version = EV_CURRENT;
    im->eh.e_phoff = AT(ph);
    im->eh.e_ehsize = sizeof im->eh;
    im->eh.e_phentsize = sizeof im->ph[0];
    im->eh.e_phnum = 3;
    im->eh.e_shentsize = sizeof(Elf64_Shdr);
    im->ph[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = sizeof *im,
                             .p_memsz = sizeof *im, .p_align = GUEST_PAGE};
    im->ph[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC, .p_flags = PF_R, .p_offset = AT(dyn),
                             .p_vaddr = AT(dyn), .p_paddr = AT(dyn), .p_filesz = sizeof im->dyn,
                             .p_memsz = sizeof im->dyn, .p_align = 8};
    im->ph[2] = (Elf64_Phdr){.p_type = PT_GNU_EH_FRAME, .p_flags = PF_R, .p_offset = AT(unwind),
                             .p_vaddr = AT(unwind), .p_paddr = AT(unwind),
                             .p_filesz = sizeof im->unwind.table, .p_memsz = sizeof im->unwind.table,
                             .p_align = 4};
    add_unwind(im);
    soname = add_string(im, &strings, "linux-vdso.so.1");
    version = add_string(im, &strings, "LINUX_2.6.39");
    add_symbols(im, &strings);
    add_versions(im, soname, version);

    const Elf64_Dyn dyn[] = {
        {DT_SONAME, {soname}},       {DT_HASH, {AT(hash)}},     {DT_STRTAB, {AT(str)}},
        {DT_SYMTAB, {AT(sym)}},      {DT_STRSZ, {strings}},     {DT_SYMENT, {sizeof(Elf64_Sym)}},
        {DT_VERSYM, {AT(versym)}},   {DT_VERDEF, {AT(verdef)}}, {DT_VERDEFNUM, {2}},
        {DT_NULL, {0}},
    };
    static_assert(sizeof dyn == sizeof im->dyn, "all entries");
    memcpy(im->dyn, dyn, sizeof dyn);
}

uint64_t vdso_map(struct process *p)
{
    struct vdso_image im = {0};
    int64_t at = mm_map(p, 0, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                        0);

    if (at < 0)
        return 0;
    build(&im);
    if (user_write(p, (uint64_t)at, &im, sizeof im) != 0 ||
        mm_protect(p, (uint64_t)at, GUEST_PAGE, PROT_READ | PROT_EXEC) != 0) {
        mm_unmap(p, (uint64_t)at, GUEST_PAGE);
        return 0;
    }
    p->mm->sigpage = (uint64_t)at;
    return (uint64_t)at;
}

uint64_t vdso_sigreturn(const struct process *p)
{
    return p->mm->sigpage ? p->mm->sigpage + AT(text) + 4 : 0;
}
