/*
 * Names for guest addresses, and stacks of guest threads with them.
 *
 * The file behind an address comes from the host's maps; its functions from .symtab, or .dynsym where that
 * was stripped. Frames are found by the chain of frame pointers, after the link register: code
 * without frame pointers leaves gaps, which is why each line says no more than "was on the way here".
 *
 * This runs where a program dies or hangs, so every number in a file is held against its size. Files are read
 * anew each time: nothing is kept.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user.h"

enum { MAX_FRAMES = 64 };

/* ------------------------------------------------------------------ files */

struct image_file {
    char path[PATH_MAX];
    uint64_t start;     /* guest address where this range of it is mapped */
    uint64_t offset;    /* in the file */
    const uint8_t *data;
    size_t size;
};

/* What is mapped at addr, by the host's maps. */
static bool file_at(struct process *p, uint64_t addr, struct image_file *f)
{
    unsigned long long s, e, off;
    char line[PATH_MAX + 128];
    FILE *maps = fopen("/proc/self/maps", "re");
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

static void file_done(struct image_file *f)
{
    if (f->data != NULL)
        munmap((void *)f->data, f->size);
}

/* n entries of `size` bytes at offset, or NULL if they aren't all in the file. */
static const void *part(const struct image_file *f, uint64_t offset, uint64_t n, uint64_t size)
{
    if (offset > f->size || (n != 0 && size > (f->size - offset) / n))
        return NULL;
    return f->data + offset;
}

/* The file's own address of a byte of it: by the segments. */
static bool file_address(const struct image_file *f, const Elf64_Ehdr *h, uint64_t offset, uint64_t *addr)
{
    const Elf64_Phdr *ph = part(f, h->e_phoff, h->e_phnum, sizeof *ph);

    for (unsigned k = 0; ph != NULL && k < h->e_phnum; k++)
        if (ph[k].p_type == PT_LOAD && offset >= (ph[k].p_offset & ~(uint64_t)GUEST_PAGE_MASK) &&
            offset < ph[k].p_offset + ph[k].p_filesz) {
            *addr = ph[k].p_vaddr + (offset - ph[k].p_offset);
            return true;
        }
    return false;
}

/* The last function of the section's symbols that begins at or before addr. */
static const char *search(const struct image_file *f, const Elf64_Shdr *all, unsigned nsections,
                          const Elf64_Shdr *s, uint64_t addr, uint64_t *at)
{
    uint64_t n = s->sh_size / sizeof(Elf64_Sym);
    const Elf64_Sym *sym = part(f, s->sh_offset, n, sizeof *sym);
    const Elf64_Shdr *names = s->sh_link < nsections ? &all[s->sh_link] : NULL;
    const char *text = names ? part(f, names->sh_offset, names->sh_size, 1) : NULL, *best = NULL;

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

/* " function+0xoffset" if the file tells. */
static bool print_function(const struct image_file *f, FILE *out, uint64_t offset)
{
    const Elf64_Ehdr *h = part(f, 0, 1, sizeof *h);
    uint64_t addr, at = 0;
    const char *name = NULL;

    if (f->data == NULL || h == NULL || memcmp(h->e_ident, ELFMAG, SELFMAG) ||
        h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_phentsize != sizeof(Elf64_Phdr) ||
        !file_address(f, h, offset, &addr))
        return false;
    const Elf64_Shdr *sh = h->e_shentsize == sizeof *sh ? part(f, h->e_shoff, h->e_shnum, sizeof *sh) : NULL;
    for (int pass = 0; pass < 2 && name == NULL; pass++)
        for (unsigned k = 0; sh != NULL && k < h->e_shnum && name == NULL; k++)
            if (sh[k].sh_type == (pass == 0 ? SHT_SYMTAB : SHT_DYNSYM))
                name = search(f, sh, h->e_shnum, &sh[k], addr, &at);
    if (name != NULL)
        fprintf(out, " %s+%#llx", name, (unsigned long long)(addr - at));
    return name != NULL;
}

void symbol_print(struct process *p, FILE *out, uint64_t pc)
{
    struct image_file *f = malloc(sizeof *f);

    if (f != NULL && file_at(p, pc, f)) {
        const char *name = strrchr(f->path, '/') + 1;
        uint64_t offset = pc - f->start + f->offset;

        print_function(f, out, offset);
        fprintf(out, " (%s+%#llx)", name, (unsigned long long)offset);
        file_done(f);
    }
    free(f);
}

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
    symbol_print(p, out, pc);
    fputc('\n', out);
}

void backtrace_print(struct thread *t, FILE *out, bool own_pc)
{
    const struct abi *abi = t->p->abi;
    uint64_t fp = abi->get_fp(t->cpu), pc = abi->get_lr(t->cpu), last = 0;
    unsigned n = 0;

    if (own_pc)
        print_frame(t->p, out, 0, t->cpu->pc);
    do {
        if (n == 1 && pc == last) /* the link register is in the first record too */
            continue;
        if (!is_code(t->p, pc))
            break;
        print_frame(t->p, out, ++n, pc);
        last = pc;
    } while (n < MAX_FRAMES && abi->frame_next(t->p, &fp, &pc));
}
