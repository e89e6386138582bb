/*
 * The guest's memory and processors as an ELF core (System V ABI, "Object Files"; the notes are those of Linux's core dumps), as
 * dump-guest-memory writes it: gdb and crash read it. Pages of zeroes are holes of the file.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor.h"

enum { RANGES = 64, NOTE = 512, PIECE = 1 << 20 };

struct dump {
    struct machine *m;
    struct mem_range at[RANGES];
    unsigned n;
    uint64_t bytes;
    int fd;
};

/* RAM in [begin, begin + length). */
static bool find_ranges(struct dump *d, gpa_t begin, uint64_t length)
{
    gpa_t end = length - 1 > ~begin ? ~0ull : begin + (length - 1), at = begin;
    for (;;) {
        struct mem_range g;
        bool there = physmem_find(d->m->memory, &d->m->reader, at, &g);
        if (there && g.r->kind == MEM_RAM) {
            if (d->n == RANGES)
                return false;
            if (g.base < at) {
                g.offset += at - g.base;
                g.base = at;
            }
            g.last = g.last < end ? g.last : end;
            d->bytes += g.last - g.base + 1;
            d->at[d->n++] = g;
        }
        if (g.last >= end)
            return true;
        at = g.last + 1;
    }
}

static int put(struct dump *d, const void *bytes, size_t n, uint64_t at)
{
    const char *p = bytes;
    while (n) {
        ssize_t k = pwrite(d->fd, p, n, (off_t)at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return k ? -errno : -EIO;
        p += k;
        at += (uint64_t)k;
        n -= (size_t)k;
    }
    return 0;
}

static bool is_zero(const uint8_t *p, size_t n) { return !*p && !memcmp(p, p + 1, n - 1); }

static int put_memory(struct dump *d, uint64_t at)
{
    for (unsigned k = 0; k < d->n; k++) {
        const struct mem_range *g = &d->at[k];
        uint64_t size = g->last - g->base + 1;
        for (uint64_t done = 0, n; done < size; done += n, at += n) {
            const uint8_t *from = g->r->host + g->offset + done;
            n = size - done < PIECE ? size - done : PIECE;
            int rc = is_zero(from, n) ? 0 : put(d, from, n, at);
            if (rc)
                return rc;
        }
    }
    return ftruncate(d->fd, (off_t)at) < 0 ? -errno : 0;
}

struct note { uint8_t bytes[NOTE]; size_t n; };

static void core_note(struct vcpu *v, void *arg)
{
    struct note *n = arg;
    n->n = v->machine->isa->core_registers(v, n->bytes);
}

/* A note of each processor: its registers as struct elf_prstatus. The size of all. */
static size_t make_notes(struct dump *d, uint8_t *to)
{
    size_t n = 0;
    for (unsigned k = 0; k < d->m->nvcpus; k++) {
        struct note note = { .n = 0 };
        monitor_on_vcpu(d->m->vcpus[k], core_note, &note);
        Elf64_Nhdr h = { 5, (Elf64_Word)note.n, NT_PRSTATUS };
        memcpy(to + n, &h, sizeof h);
        memcpy(to + n + sizeof h, "CORE\0\0\0", 8);
        memcpy(to + n + sizeof h + 8, note.bytes, note.n);
        n += sizeof h + 8 + ((note.n + 3) & ~(size_t)3);
    }
    return n;
}

static int put_all(struct dump *d)
{
    uint8_t *notes = calloc(d->m->nvcpus + 1, sizeof(Elf64_Nhdr) + 8 + NOTE);
    Elf64_Phdr *p = calloc(d->n + 1, sizeof *p);
    int rc = -ENOMEM;
    if (notes && p) {
        size_t nnotes = make_notes(d, notes), heads = sizeof(Elf64_Ehdr) + (d->n + 1) * sizeof *p;
        uint64_t first = (heads + nnotes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1), at = first;
        Elf64_Ehdr e = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_CORE,
                         .e_machine = (Elf64_Half)d->m->isa->elf_machine, .e_version = EV_CURRENT, .e_phoff = sizeof e, .e_ehsize = sizeof e,
                         .e_phentsize = sizeof *p, .e_phnum = (Elf64_Half)(d->n + 1) };
        p[0] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = heads, .p_filesz = nnotes, .p_memsz = nnotes };
        for (unsigned k = 0; k < d->n; k++) {
            uint64_t size = d->at[k].last - d->at[k].base + 1;
            p[k + 1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = at, .p_vaddr = d->at[k].base, .p_paddr = d->at[k].base, .p_filesz = size,
                                     .p_memsz = size };
            at += size;
        }
        rc = put(d, &e, sizeof e, 0);
        rc = rc ? rc : put(d, p, (d->n + 1) * sizeof *p, sizeof e);
        rc = rc ? rc : put(d, notes, nnotes, heads);
        rc = rc ? rc : put_memory(d, first);
    }
    free(notes);
    free(p);
    return rc;
}

bool monitor_dump(struct machine *m, int fd, uint64_t begin, uint64_t length, uint64_t *total, char *err, size_t errlen)
{
    struct dump d = { .m = m, .fd = fd };
    bool runs = m->state == MACHINE_RUNNING;
    int rc;
    machine_pause(m);
    machine_wait_stopped(m);
    if (!find_ranges(&d, begin, length)) {
        snprintf(err, errlen, "there are more than %d pieces of memory", RANGES);
        rc = -1;
    } else if (!d.n) {
        snprintf(err, errlen, "there is no memory in that range");
        rc = -1;
    } else if ((rc = put_all(&d))) {
        snprintf(err, errlen, "the dump can't be written: %s", strerror(-rc));
    }
    *total = d.bytes;
    if (runs)
        machine_continue(m);
    return !rc;
}
