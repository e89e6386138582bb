/*
 * ELF programs into guest memory, by the rules of Linux 6.1 fs/binfmt_elf.c.
 *
 * Every field of the file is hostile until checked: sizes and offsets are compared without
 * overflow, segments must lie inside the file, may not overlap, and together fit the guest's
 * address space. What is refused says why in one sentence.
 *
 * Fixed-address programs that collide with the host move the guest base, before anything is mapped.
 * 64-bit little-endian programs only: other classes come with their guests.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "mem.h"

enum { MAX_PHDRS = 65536 / sizeof(Elf64_Phdr), MAX_LOADS = 1024 };

struct loading {
    struct process *p;
    int fd;
    const char *path;
    uint64_t file_size;
    Elf64_Ehdr eh;
    Elf64_Phdr *ph;      /* eh.e_phnum entries */
    Elf64_Phdr ph_few[16];
    char *err;
    size_t errlen;
};

__attribute__((format(printf, 3, 4)))
static int fail(struct loading *l, int code, const char *fmt, ...)
{
    va_list ap;
    int n = snprintf(l->err, l->errlen, "%s: ", l->path);

    va_start(ap, fmt);
    if (n >= 0 && (size_t)n < l->errlen)
        vsnprintf(l->err + n, l->errlen - (size_t)n, fmt, ap);
    va_end(ap);
    return -code;
}

/* --- headers --------------------------------------------------------------------------------- */

static const struct abi *const abis[] = { &abi_aarch64 };

const struct abi *elf_abi(unsigned i)
{
    return i < sizeof(abis) / sizeof(*abis) ? abis[i] : NULL;
}

static const char *machine_name(unsigned m)
{
    switch (m) {
    case EM_386: return "i386";
    case EM_X86_64: return "x86_64";
    case EM_ARM: return "32-bit arm";
    case EM_AARCH64: return "aarch64";
    case EM_RISCV: return "riscv";
    case EM_PPC: return "powerpc";
    case EM_PPC64: return "powerpc64";
    case EM_MIPS: return "mips";
    case EM_S390: return "s390";
    default: return NULL;
    }
}

static const struct abi *recognise(const Elf64_Ehdr *eh, ssize_t got, char *err, size_t errlen)
{
    if (got < 4 || memcmp(eh->e_ident, ELFMAG, SELFMAG)) {
        snprintf(err, errlen, "%s", got >= 2 && !memcmp(eh->e_ident, "#!", 2)
                 ? "a script; give its interpreter as the program"
                 : got == 0 ? "an empty file" : "not an ELF program");
        return NULL;
    }
    if (got < (ssize_t)sizeof(*eh)) {
        snprintf(err, errlen, "truncated ELF header");
        return NULL;
    }
    if (eh->e_ident[EI_DATA] == ELFDATA2LSB && eh->e_ident[EI_VERSION] == EV_CURRENT)
        for (size_t i = 0; i < sizeof(abis) / sizeof(*abis); i++)
            if (eh->e_machine == abis[i]->guest->elf_machine &&
                eh->e_ident[EI_CLASS] == abis[i]->guest->elf_class)
                return abis[i];
    const char *name = eh->e_ident[EI_DATA] == ELFDATA2LSB ? machine_name(eh->e_machine) : NULL;
    if (name)
        snprintf(err, errlen, "an ELF program for %s%s, which is not supported", name,
                 eh->e_ident[EI_CLASS] == ELFCLASS32 ? " (32 bits)" : "");
    else
        snprintf(err, errlen, "an ELF program for machine %u (class %u, data %u), not supported",
                 eh->e_machine, eh->e_ident[EI_CLASS], eh->e_ident[EI_DATA]);
    return NULL;
}

const struct abi *elf_recognise(int fd, char *err, size_t errlen)
{
    Elf64_Ehdr eh;
    ssize_t got = pread(fd, &eh, sizeof(eh), 0);

    if (got < 0) {
        snprintf(err, errlen, "can't be read: %s", strerror(errno));
        return NULL;
    }
    return recognise(&eh, got, err, errlen);
}

static bool in_file(const struct loading *l, uint64_t offset, uint64_t len)
{
    return offset <= l->file_size && len <= l->file_size - offset;
}

/* Reads and checks the headers; l->ph is l->ph_few or a mapping to free by close_headers. */
static int read_headers(struct loading *l)
{
    struct stat st;
    char why[128];

    if (fstat(l->fd, &st) < 0)
        return fail(l, errno, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fail(l, EACCES, "not a regular file");
    l->file_size = (uint64_t)st.st_size;
    ssize_t got = pread(l->fd, &l->eh, sizeof(l->eh), 0);
    if (got < 0)
        return fail(l, errno, "can't be read: %s", strerror(errno));
    const struct abi *abi = recognise(&l->eh, got, why, sizeof(why));
    if (!abi)
        return fail(l, ENOEXEC, "%s", why);
    if (abi != l->p->abi)
        return fail(l, ENOEXEC, "a program for %s, not %s", abi->guest->name,
                    l->p->abi->guest->name);
    if (l->eh.e_type != ET_EXEC && l->eh.e_type != ET_DYN)
        return fail(l, ENOEXEC, "not an executable (ELF type %u)", l->eh.e_type);
    if (l->eh.e_phentsize != sizeof(Elf64_Phdr) || !l->eh.e_phnum || l->eh.e_phnum > MAX_PHDRS)
        return fail(l, ENOEXEC, "bad ELF program headers (%u of %u bytes)", l->eh.e_phnum,
                    l->eh.e_phentsize);
    size_t bytes = l->eh.e_phnum * sizeof(Elf64_Phdr);
    if (!in_file(l, l->eh.e_phoff, bytes))
        return fail(l, ENOEXEC, "truncated: program headers at %#llx, file has %llu bytes",
                    (unsigned long long)l->eh.e_phoff, (unsigned long long)l->file_size);
    l->ph = l->ph_few;
    if (bytes > sizeof(l->ph_few)) {
        l->ph = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (l->ph == MAP_FAILED) {
            l->ph = l->ph_few;
            return fail(l, ENOMEM, "no memory");
        }
    }
    if (pread(l->fd, l->ph, bytes, (off_t)l->eh.e_phoff) != (ssize_t)bytes)
        return fail(l, EIO, "program headers can't be read");
    return 0;
}

static void close_headers(struct loading *l)
{
    if (l->ph && l->ph != l->ph_few)
        munmap(l->ph, l->eh.e_phnum * sizeof(Elf64_Phdr));
}

/* Checks the PT_LOADs: extent in *low, *high (whole pages), alignment wanted in *align. */
static int check_loads(struct loading *l, uint64_t *low, uint64_t *high, uint64_t *align)
{
    uint64_t limit = l->p->mm->limit;
    const Elf64_Phdr *load[MAX_LOADS];
    unsigned n = 0;

    *low = ~0ull;
    *high = 0;
    *align = GUEST_PAGE;
    for (unsigned i = 0; i < l->eh.e_phnum; i++) {
        const Elf64_Phdr *h = &l->ph[i];
        if (h->p_type != PT_LOAD)
            continue;
        if (h->p_memsz < h->p_filesz)
            return fail(l, ENOEXEC, "segment %u is larger in the file than in memory", i);
        if (!h->p_memsz)
            continue;
        if (n == MAX_LOADS)
            return fail(l, ENOEXEC, "more than %u segments", MAX_LOADS);
        if (h->p_vaddr >= limit || h->p_memsz > limit - h->p_vaddr)
            return fail(l, ENOMEM, "segment %u (%#llx, %#llx bytes) is outside the address space",
                        i, (unsigned long long)h->p_vaddr, (unsigned long long)h->p_memsz);
        if (h->p_filesz && !in_file(l, h->p_offset, h->p_filesz))
            return fail(l, ENOEXEC, "truncated: segment %u ends at %#llx, file has %llu bytes", i,
                        (unsigned long long)(h->p_offset + h->p_filesz),
                        (unsigned long long)l->file_size);
        if (h->p_filesz && ((h->p_offset ^ h->p_vaddr) & GUEST_PAGE_MASK))
            return fail(l, ENOEXEC, "segment %u: offset and address differ within the page", i);
        for (unsigned k = 0; k < n; k++)
            if (h->p_vaddr < load[k]->p_vaddr + load[k]->p_memsz &&
                load[k]->p_vaddr < h->p_vaddr + h->p_memsz)
                return fail(l, ENOEXEC, "segments overlap");
        load[n++] = h;
        if (PAGE_DOWN(h->p_vaddr) < *low)
            *low = PAGE_DOWN(h->p_vaddr);
        if (PAGE_UP(h->p_vaddr + h->p_memsz) > *high)
            *high = PAGE_UP(h->p_vaddr + h->p_memsz);
        if (h->p_align > *align && !(h->p_align & (h->p_align - 1)))
            *align = h->p_align;
    }
    if (!n)
        return fail(l, ENOEXEC, "no segment to load");
    return 0;
}

/* --- mapping --------------------------------------------------------------------------------- */

static int segment_prot(const Elf64_Phdr *h)
{
    return (h->p_flags & PF_R ? PROT_READ : 0) | (h->p_flags & PF_W ? PROT_WRITE : 0) |
           (h->p_flags & PF_X ? PROT_EXEC : 0);
}

static int map_segment(struct loading *l, const Elf64_Phdr *h, uint64_t base)
{
    uint64_t start = base + PAGE_DOWN(h->p_vaddr), in_page = h->p_vaddr & GUEST_PAGE_MASK;
    uint64_t file_end = base + h->p_vaddr + h->p_filesz, mem_end = base + h->p_vaddr + h->p_memsz;
    uint64_t mapped = start;
    int prot = segment_prot(h);
    int64_t r;

    if (h->p_filesz) {
        mapped = PAGE_UP(file_end);
        r = mm_map(l->p, start, mapped - start, prot, MAP_PRIVATE | MAP_FIXED, l->fd,
                   h->p_offset - in_page);
        if (r < 0)
            return (int)r;
        if (h->p_memsz > h->p_filesz && (prot & PROT_WRITE) && file_end < mapped &&
            user_fill(l->p, file_end, 0, mapped - file_end))
            return -EFAULT;
    }
    if (PAGE_UP(mem_end) > mapped) {
        r = mm_map(l->p, mapped, PAGE_UP(mem_end) - mapped, prot,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (r < 0)
            return (int)r;
    }
    return 0;
}

static void unmap_all(struct process *p, uint64_t start, uint64_t end)
{
    if (start < end)
        mm_unmap(p, start, end - start);
}

/* Maps all segments with base added. */
static int map_loads(struct loading *l, uint64_t base, uint64_t low, uint64_t high)
{
    for (unsigned i = 0; i < l->eh.e_phnum; i++) {
        if (l->ph[i].p_type != PT_LOAD || !l->ph[i].p_memsz)
            continue;
        int r = map_segment(l, &l->ph[i], base);
        if (r < 0) {
            unmap_all(l->p, base + low, base + high);
            return r;
        }
    }
    return 0;
}

/* Chooses where a position-independent image goes: guest base to add, or -errno. want: first choice
 * for its lowest address, 0: top of the zone. */
static int64_t choose_base(struct loading *l, uint64_t low, uint64_t high, uint64_t align,
                           uint64_t want)
{
    struct process *p = l->p;
    uint64_t span = high - low;
    int64_t r;

    want = (want + align - 1) & ~(align - 1);
    if (want && want + span > want && want + span <= p->mm->high && mm_is_free(p->mm, want, span))
        return (int64_t)(want - (low & ~(align - 1)));
    r = mm_place(p, span + (low & (align - 1)), align, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (r < 0)
        return r;
    if (!p->mm->reserved) /* one thread: nothing takes it before the segments are mapped */
        munmap(g2h(p, (uint64_t)r), span + (low & (align - 1)));
    return r - (int64_t)(low & ~(align - 1));
}

/* Code and data as the kernel counts them: executable segments; the last segment's start, and the end
 * of what came from the file. */
static void extents(const struct loading *l, struct image *im)
{
    im->code_start = ~0ull;
    im->code_end = im->data_start = im->data_end = 0;
    for (unsigned i = 0; i < l->eh.e_phnum; i++) {
        const Elf64_Phdr *h = &l->ph[i];
        if (h->p_type != PT_LOAD)
            continue;
        uint64_t start = im->base + h->p_vaddr, end = start + h->p_filesz;
        if (h->p_flags & PF_X) {
            im->code_start = start < im->code_start ? start : im->code_start;
            im->code_end = end > im->code_end ? end : im->code_end;
        }
        im->data_start = start > im->data_start ? start : im->data_start;
        im->data_end = end > im->data_end ? end : im->data_end;
    }
    if (im->code_start == ~0ull)
        im->code_start = im->code_end = im->low;
}

/* Loads one image. want: see choose_base. */
static int load_image(struct loading *l, struct image *im, uint64_t want)
{
    uint64_t low, high, align;
    int64_t base = 0;
    int r = check_loads(l, &low, &high, &align);

    if (r < 0)
        return r;
    if (l->eh.e_type == ET_DYN) {
        base = choose_base(l, low, high, align, want);
        if (base < 0)
            return fail(l, ENOMEM, "no room for its %#llx bytes in the guest's address space",
                        (unsigned long long)(high - low));
    }
    r = map_loads(l, (uint64_t)base, low, high);
    if (r == -ENOMEM && l->eh.e_type == ET_DYN && want) /* something of the host is there */
        return load_image(l, im, 0);
    if (r < 0)
        return r;
    im->base = (uint64_t)base;
    im->low = (uint64_t)base + low;
    im->high = (uint64_t)base + high;
    im->entry = (uint64_t)base + l->eh.e_entry;
    im->phnum = l->eh.e_phnum;
    im->phdr = 0;
    extents(l, im);
    for (unsigned i = 0; i < l->eh.e_phnum; i++) {
        const Elf64_Phdr *h = &l->ph[i];
        if (h->p_type == PT_PHDR) {
            im->phdr = (uint64_t)base + h->p_vaddr;
            break;
        }
        if (h->p_type == PT_LOAD && !im->phdr && h->p_offset <= l->eh.e_phoff &&
            l->eh.e_phoff - h->p_offset < h->p_filesz)
            im->phdr = (uint64_t)base + h->p_vaddr + l->eh.e_phoff - h->p_offset;
    }
    return 0;
}

static int read_interp(struct loading *l, char *interp)
{
    interp[0] = 0;
    for (unsigned i = 0; i < l->eh.e_phnum; i++) {
        const Elf64_Phdr *h = &l->ph[i];
        if (h->p_type != PT_INTERP)
            continue;
        if (h->p_filesz < 2 || h->p_filesz > PATH_MAX || !in_file(l, h->p_offset, h->p_filesz))
            return fail(l, ENOEXEC, "bad name of its interpreter (PT_INTERP)");
        if (pread(l->fd, interp, h->p_filesz, (off_t)h->p_offset) != (ssize_t)h->p_filesz)
            return fail(l, EIO, "its interpreter's name can't be read");
        if (interp[h->p_filesz - 1])
            return fail(l, ENOEXEC, "the name of its interpreter (PT_INTERP) doesn't end");
        return 0;
    }
    return 0;
}

/* A fixed-address program: moves the guest base if base 0 is taken or too low for the host. */
static int load_program(struct loading *l, struct image *im)
{
    struct process *p = l->p;
    int r = load_image(l, im, MM_PIE_BASE);

    if (r < 0 && l->eh.e_type == ET_EXEC && !p->guest_base && !p->mm->reserved && !l->err[0]) {
        p->guest_base = MM_OTHER_BASE;
        r = load_image(l, im, MM_PIE_BASE);
    }
    if (r < 0 && !l->err[0])
        return fail(l, -r, "can't be mapped: %s", strerror(-r));
    return r;
}

static int load_interp(struct loading *prog, struct image *im, const char *name)
{
    char buf[PATH_MAX];
    struct process *p = prog->p;
    const char *host = path_host(p, name, buf);
    struct loading l = { .p = p, .path = host, .err = prog->err, .errlen = prog->errlen };

    l.fd = open(host, O_RDONLY | O_CLOEXEC);
    if (l.fd < 0 && errno != ENOENT && errno != ENOTDIR)
        return fail(prog, errno, "interpreter %s: %s", host, strerror(errno));
    if (l.fd < 0)
        return fail(prog, errno, "interpreter %s: %s%s%s; -L DIR names the folder of the foreign "
                    "system (e.g. -L %s)", name, strerror(errno),
                    p->prefix ? ", nor is it in " : "", p->prefix ? p->prefix : "",
                    p->abi->sysroot);
    int r = read_headers(&l);
    if (r == -ENOEXEC && !p->prefix)
        r = fail(prog, ENOEXEC, "interpreter %s is not for %s; -L DIR names the folder of the "
                 "foreign system (e.g. -L %s)", name, p->abi->guest->name, p->abi->sysroot);
    else if (!r)
        r = load_image(&l, im, 0);
    if (r < 0 && !l.err[0])
        r = fail(&l, -r, "can't be mapped: %s", strerror(-r));
    close_headers(&l);
    close(l.fd);
    return r;
}

int elf_load(struct process *p, int fd, const char *path, char *err, size_t errlen)
{
    struct loading l = { .p = p, .fd = fd, .path = path, .err = err, .errlen = errlen };
    struct image prog, ld = { 0 };
    struct mm *mm = p->mm;
    struct statvfs fs;

    err[0] = 0;
    mm->exec_anywhere = fstatvfs(fd, &fs) == 0 && fs.f_flag & ST_NOEXEC;
    int r = read_headers(&l);
    if (!r)
        r = read_interp(&l, prog.interp);
    if (!r)
        r = load_program(&l, &prog);
    for (unsigned i = 0; !r && i < l.eh.e_phnum; i++)
        if (l.ph[i].p_type == PT_GNU_STACK)
            mm->exec_stack = l.ph[i].p_flags & PF_X;
    if (!r && (r = stack_map(p)) < 0) /* before the interpreter: at the top of the zone */
        r = fail(&l, ENOMEM, "no memory for a stack of %llu bytes",
                 (unsigned long long)p->stack_size);
    close_headers(&l);
    if (r < 0)
        return r;
    mm->brk_start = mm->brk = prog.high;
    mm->exe_base = prog.base;
    mm->exe_entry = mm->entry = prog.entry;
    mm->code_start = prog.code_start;
    mm->code_end = prog.code_end;
    mm->data_start = prog.data_start;
    mm->data_end = prog.data_end;
    mm->phdr = prog.phdr;
    mm->phnum = prog.phnum;
    if (prog.interp[0]) {
        r = load_interp(&l, &ld, prog.interp);
        if (r < 0)
            return r;
        mm->interp_base = ld.base;
        mm->entry = ld.entry;
    }
    return 0;
}
