/*
 * Names for guest addresses, and stacks of guest threads with them.
 *
 * The file behind an address comes from the host's maps; its functions from .symtab, or .dynsym where that
 * was stripped. Frames are found by the tables for exceptions (unwind.c); where there is none, by the chain of frame
 * pointers, after the link register: code without both leaves gaps, which is why each line says no more than "was on
 * the way here".
 *
 * This runs where a program dies or hangs, so every number in a file is held against its size. Files are read
 * anew each time: nothing is kept.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols.h"

enum { MAX_FRAMES = 64 };

/* ------------------------------------------------------------------ files */

bool image_at(struct process *p, uint64_t addr, struct image_file *f)
{
    unsigned long long s, e, off;
    char line[PATH_MAX + 128];
    FILE *maps = fopen("/proc/thread-self/maps", "re");
    bool found = false;

    while (maps != NULL && !found && fgets(line, sizeof line, maps) != NULL)
        found = sscanf(line, "%llx-%llx %*s %llx %*s %*s %4095s", &s, &e, &off, f->path) == 4 &&
                addr + p->guest_base >= s && addr + p->guest_base < e && f->path[0] == '/';
    if (maps != NULL)
        fclose(maps);
    if (!found)
        return false;
    f->start = s - p->guest_base;
    f->offset = off;
    f->data = NULL;
    f->size = 0;
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (at != MAP_FAILED) {
            f->data = at;
            f->size = (size_t)st.st_size;
        }
    }
    if (fd >= 0)
        close(fd);
    return true;
}

void image_done(struct image_file *f)
{
    if (f->data != NULL)
        munmap((void *)f->data, f->size);
}

const void *image_part(const struct image_file *f, uint64_t offset, uint64_t n, uint64_t size)
{
    if (offset > f->size || (n != 0 && size > (f->size - offset) / n))
        return NULL;
    return f->data + offset;
}

const Elf64_Ehdr *image_header(const struct image_file *f)
{
    const Elf64_Ehdr *h = image_part(f, 0, 1, sizeof *h);

    return f->data == NULL || h == NULL || memcmp(h->e_ident, ELFMAG, SELFMAG) ||
           h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_phentsize != sizeof(Elf64_Phdr) ? NULL : h;
}

bool image_address(const struct image_file *f, uint64_t offset, uint64_t *addr)
{
    const Elf64_Ehdr *h = image_header(f);
    const Elf64_Phdr *ph = h ? image_part(f, h->e_phoff, h->e_phnum, sizeof *ph) : NULL;

    for (unsigned k = 0; ph != NULL && k < h->e_phnum; k++)
        if (ph[k].p_type == PT_LOAD && offset >= (ph[k].p_offset & ~(uint64_t)GUEST_PAGE_MASK) &&
            offset < ph[k].p_offset + ph[k].p_filesz) {
            *addr = ph[k].p_vaddr + (offset - ph[k].p_offset);
            return true;
        }
    return false;
}

bool image_offset(const struct image_file *f, uint64_t addr, uint64_t *offset)
{
    const Elf64_Ehdr *h = image_header(f);
    const Elf64_Phdr *ph = h ? image_part(f, h->e_phoff, h->e_phnum, sizeof *ph) : NULL;

    for (unsigned k = 0; ph != NULL && k < h->e_phnum; k++)
        if (ph[k].p_type == PT_LOAD && addr >= ph[k].p_vaddr && addr - ph[k].p_vaddr < ph[k].p_filesz) {
            *offset = ph[k].p_offset + (addr - ph[k].p_vaddr);
            return true;
        }
    return false;
}

/* The last function of the section's symbols that begins at or before addr. */
static const char *search(const struct image_file *f, const Elf64_Shdr *all, unsigned nsections,
                          const Elf64_Shdr *s, uint64_t addr, uint64_t *at)
{
    uint64_t n = s->sh_size / sizeof(Elf64_Sym);
    const Elf64_Sym *sym = image_part(f, s->sh_offset, n, sizeof *sym);
    const Elf64_Shdr *names = s->sh_link < nsections ? &all[s->sh_link] : NULL;
    const char *text = names ? image_part(f, names->sh_offset, names->sh_size, 1) : NULL, *best = NULL;

    for (uint64_t k = 0; sym != NULL && text != NULL && k < n; k++) {
        unsigned type = ELF64_ST_TYPE(sym[k].st_info);

        if ((type != STT_FUNC && type != STT_GNU_IFUNC) || sym[k].st_shndx == SHN_UNDEF ||
            sym[k].st_value > addr || sym[k].st_name >= names->sh_size ||
            (sym[k].st_size != 0 && addr - sym[k].st_value >= sym[k].st_size))
            continue;
        if (memchr(text + sym[k].st_name, 0, names->sh_size - sym[k].st_name) == NULL)
            continue;
        if (best == NULL || sym[k].st_value > *at) {
            best = text + sym[k].st_name;
            *at = sym[k].st_value;
        }
    }
    return best;
}

/* " function+0xoffset" if the file tells. back: 1 for a return address, which may be behind its function's end. */
static bool print_function(const struct image_file *f, FILE *out, uint64_t offset, unsigned back)
{
    const Elf64_Ehdr *h = image_header(f);
    uint64_t addr, at = 0;
    const char *name = NULL;

    if (h == NULL || !image_address(f, offset - back, &addr))
        return false;
    const Elf64_Shdr *sh = h->e_shentsize == sizeof *sh ? image_part(f, h->e_shoff, h->e_shnum, sizeof *sh) : NULL;
    for (int pass = 0; pass < 2 && name == NULL; pass++)
        for (unsigned k = 0; sh != NULL && k < h->e_shnum && name == NULL; k++)
            if (sh[k].sh_type == (pass == 0 ? SHT_SYMTAB : SHT_DYNSYM))
                name = search(f, sh, h->e_shnum, &sh[k], addr, &at);
    if (name != NULL)
        fprintf(out, " %s+%#llx", name, (unsigned long long)(addr + back - at));
    return name != NULL;
}

static void print_symbol(struct process *p, FILE *out, uint64_t pc, unsigned back)
{
    struct image_file *f = malloc(sizeof *f);

    if (f != NULL && image_at(p, pc - back, f)) {
        const char *name = strrchr(f->path, '/') + 1;
        uint64_t offset = pc - f->start + f->offset;

        print_function(f, out, offset, back);
        fprintf(out, " (%s+%#llx)", name, (unsigned long long)offset);
        image_done(f);
    }
    free(f);
}

void symbol_print(struct process *p, FILE *out, uint64_t pc) { print_symbol(p, out, pc, 0); }

/* ------------------------------------------------------------------ stacks */

static bool is_code(struct process *p, uint64_t pc)
{
    if (pthread_mutex_trylock(&p->mm->lock) != 0) /* whoever has it may be what hangs */
        return true;
    const struct mapping *m = mm_find(p->mm, pc);
    bool code = m != NULL && m->prot & PROT_EXEC;
    pthread_mutex_unlock(&p->mm->lock);
    return code;
}

static void print_frame(struct process *p, FILE *out, unsigned n, uint64_t pc)
{
    fprintf(out, "myna:   #%u %#llx", n, (unsigned long long)pc);
    print_symbol(p, out, pc, n > 0);
    fputc('\n', out);
}

/* The caller of pc by frame pointers: the record that the frame register points at. *first: there is none yet for a
 * leaf, whose return address may still be in the link register, which the first record shows again then. */
static bool step_by_frame(struct thread *t, uint64_t regs[UNWIND_REGS], uint64_t *known, uint64_t *pc, bool first)
{
    const struct abi *abi = t->p->abi;
    uint64_t fp = regs[abi->unwind_fp], next;

    if (first) {
        *pc = abi->return_address(abi->get_lr(t->cpu));
        *known = 1ull << abi->unwind_fp;
        return true;
    }
    if (!(*known >> abi->unwind_fp & 1) || !abi->frame_next(t->p, &fp, &next))
        return false;
    regs[abi->unwind_fp] = fp;
    *known = 1ull << abi->unwind_fp; /* what else it saved nobody knows */
    *pc = abi->return_address(next);
    return true;
}

void backtrace_print(struct thread *t, FILE *out, bool own_pc)
{
    uint64_t regs[UNWIND_REGS], known, pc = t->cpu->pc, last = 0;
    bool end = false, by_link = false;
    unsigned n = 0;

    known = t->p->abi->unwind_start(t->cpu, regs);
    if (own_pc)
        print_frame(t->p, out, 0, pc);
    for (unsigned k = 0; n < MAX_FRAMES; k++) {
        if (!unwind_step(t->p, regs, &known, &pc, k > 0, &end)) {
            by_link = k == 0;
            if (!step_by_frame(t, regs, &known, &pc, k == 0))
                break;
            if (k == 1 && by_link && pc == last) /* the link register is in the first record too */
                continue;
        }
        if (end || !is_code(t->p, pc))
            break;
        print_frame(t->p, out, ++n, pc);
        last = pc;
    }
}
