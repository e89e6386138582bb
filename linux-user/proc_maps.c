/*
 * proc_maps.c: maps, smaps, smaps_rollup and numa_maps of this process, as the guest's kernel would
 * show them.
 *
 * The host's file is read and what isn't the guest's left out. The rest gets the guest's addresses,
 * protections and names. Where the host joins what are two mappings for the guest (code is data to
 * the host) the numbers of smaps are shared out by the pages that are present in each.
 *
 * Of another guest process only maps is made: without what lies where myna puts its own memory, and
 * with the protection of the code that the program starts in. What else is executable there is not known.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "mem.h"
#include "procfs.h"

/* A line of maps. Addresses are the guest's. */
struct vma {
    uint64_t start, end, offset;
    unsigned long long ino;
    char dev[16];
    const char *name;
};

static bool parse_vma(const struct process *p, char *line, struct vma *v)
{
    unsigned long long s, e, off;
    char perm[5];
    int at = 0;

    if (sscanf(line, "%llx-%llx %4s %llx %15s %llu%n", &s, &e, perm, &off, v->dev, &v->ino,
               &at) < 6)
        return false;
    v->start = s - p->guest_base;
    v->end = e - p->guest_base;
    v->offset = off;
    v->name = line + at + strspn(line + at, " ");
    line[at + (int)strcspn(line + at, "\n")] = 0;
    return true;
}

/* The first part of [*at, v->end) that is one mapping of the guest's; moves *at behind it. NULL:
 * nothing is left. */
static const struct mapping *next_piece(const struct mm *mm, const struct vma *v, uint64_t *at,
                                        struct vma *piece)
{
    uint64_t heap_end = PAGE_UP(mm->brk);

    while (*at < v->end) {
        const struct mapping *m = mm_find(mm, *at);
        if (!m) {
            uint64_t next = mm_next(mm, *at);
            *at = next < v->end ? next : v->end;
            continue;
        }
        *piece = *v;
        piece->start = *at;
        piece->end = m->end < v->end ? m->end : v->end;
        if (*at < mm->brk_start && piece->end > mm->brk_start)
            piece->end = mm->brk_start; /* the heap is a line of its own */
        else if (*at < heap_end && piece->end > heap_end)
            piece->end = heap_end;
        if (v->ino)
            piece->offset += *at - v->start;
        if (*at >= mm->stack_low && *at < mm->stack_high)
            piece->name = "[stack]";
        else if (*at >= mm->brk_start && *at < heap_end)
            piece->name = "[heap]";
        else if (mm->sigpage && *at == mm->sigpage)
            piece->name = "[vdso]";
        *at = piece->end;
        return m;
    }
    return NULL;
}

static void print_vma(FILE *out, const struct vma *v, const struct mapping *m)
{
    int n = fprintf(out, "%08llx-%08llx %c%c%c%c %08llx %s %llu ", (unsigned long long)v->start,
                    (unsigned long long)v->end, m->prot & PROT_READ ? 'r' : '-',
                    m->prot & PROT_WRITE ? 'w' : '-', m->prot & PROT_EXEC ? 'x' : '-',
                    m->shared ? 's' : 'p', (unsigned long long)v->offset, v->dev, v->ino);

    if (*v->name)
        fprintf(out, "%*s%s", n < 73 ? 73 - n : 0, "", v->name);
    fputc('\n', out);
}

/* Reads the host's file line by line with the map locked. */
static int each_line(struct thread *t, const char *name,
                     void (*line)(struct thread *, char *, void *), void *arg)
{
    const struct proc_ref ref = { .name = name };
    char *text = NULL;
    size_t cap = 0;

    mm_lock(t);
    mm_sync(t->p, 0, t->p->mm->limit);
    FILE *f = proc_open_host(&ref);
    int r = f ? 0 : -errno;
    while (f && getline(&text, &cap, f) > 0)
        line(t, text, arg);
    if (f)
        fclose(f);
    mm_unlock(t);
    free(text);
    return r;
}

/* --- maps, numa_maps ------------------------------------------------------------------------- */

static void maps_line(struct thread *t, char *text, void *out)
{
    struct vma v, piece;
    const struct mapping *m;

    if (parse_vma(t->p, text, &v))
        for (uint64_t at = v.start; (m = next_piece(t->p->mm, &v, &at, &piece));)
            print_vma(out, &piece, m);
}

int proc_make_maps(struct thread *t, const struct proc_ref *ref, FILE *out)
{
    return each_line(t, "maps", maps_line, out);
}

int proc_make_maps_of_other(struct thread *t, const struct proc_ref *ref, FILE *out)
{
    char name[32], *line = NULL, *rest;
    size_t cap = 0;

    snprintf(name, sizeof(name), "/proc/%d/maps", ref->pid);
    FILE *f = fopen(name, "re");
    if (!f)
        return -errno;
    while (getline(&line, &cap, f) > 0) {
        uint64_t start = strtoull(line, &rest, 16);
        if (start < MM_ZONE_TOP && *rest == '-' && ref->code >= start &&
            ref->code < strtoull(rest + 1, &rest, 16) && strlen(rest) > 4)
            rest[3] = 'x'; /* " r--p": code is data to the host */
        if (start < MM_ZONE_TOP)
            fputs(line, out);
    }
    free(line);
    fclose(f);
    return 0;
}

static void numa_line(struct thread *t, char *text, void *out)
{
    char *rest;
    uint64_t start = strtoull(text, &rest, 16) - t->p->guest_base;

    if (mm_find(t->p->mm, start))
        fprintf(out, "%llx%s", (unsigned long long)start, rest);
}

int proc_make_numa_maps(struct thread *t, const struct proc_ref *ref, FILE *out)
{
    return each_line(t, "numa_maps", numa_line, out);
}

/* --- smaps ----------------------------------------------------------------------------------- */

enum { MAX_PIECES = 64, MAX_SUMS = 32 };

/* Sums of smaps_rollup, and the mapping whose lines are being read. */
struct smaps {
    FILE *out;          /* NULL: sums only */
    struct vma vma;
    char name[PATH_MAX];
    struct { struct vma v; struct mapping m; uint64_t present; } piece[MAX_PIECES];
    unsigned npieces, nlines;
    uint64_t present;   /* pages of all pieces */
    bool whole;         /* one piece, all of it */
    struct { char label[32]; uint64_t kb; } line[MAX_SUMS], sum[MAX_SUMS];
    char flags[128];    /* of the line VmFlags */
    unsigned nsums;
    uint64_t low, high; /* of all mappings */
};

static uint64_t present_pages(const struct process *p, uint64_t start, uint64_t end)
{
    uint64_t entry[512], n = 0, host = start + p->guest_base;
    int fd = open("/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    for (uint64_t left = (end - start) / GUEST_PAGE; left;) {
        size_t want = left < 512 ? left : 512;
        ssize_t got = pread(fd, entry, want * 8, (off_t)(host / GUEST_PAGE * 8));
        if (got <= 0)
            break;
        for (ssize_t i = 0; i < got / 8; i++)
            n += entry[i] >> 62 != 0;
        host += (uint64_t)got / 8 * GUEST_PAGE;
        left -= (uint64_t)got / 8;
    }
    close(fd);
    return n;
}

static void add_sum(struct smaps *s, const char *label, uint64_t kb)
{
    unsigned i = 0;

    while (i < s->nsums && strcmp(s->sum[i].label, label))
        i++;
    if (i == MAX_SUMS)
        return;
    if (i == s->nsums) {
        snprintf(s->sum[i].label, sizeof(s->sum[i].label), "%s", label);
        s->sum[i].kb = 0;
        s->nsums++;
    }
    s->sum[i].kb += kb;
}

/* Is the number the same for all parts of a mapping? */
static bool is_property(const char *label)
{
    return !strcmp(label, "KernelPageSize:") || !strcmp(label, "MMUPageSize:") ||
           !strcmp(label, "THPeligible:");
}

/* VmFlags as the guest's protection makes them. */
static void print_flags(FILE *out, char *flags, int prot)
{
    char *save, *w = strtok_r(flags, " \n", &save);
    bool ex = !(prot & PROT_EXEC);

    fputs("VmFlags: ", out);
    for (; w; w = strtok_r(NULL, " \n", &save)) {
        if (!ex && strcmp(w, "rd") && strcmp(w, "wr")) {
            fputs("ex ", out);
            ex = true;
        }
        fprintf(out, "%s ", w);
    }
    fputc('\n', out);
}

/* Writes the mapping collected last. */
static void flush_smaps(struct smaps *s)
{
    for (unsigned i = 0; i < s->npieces; i++) {
        const struct vma *v = &s->piece[i].v;
        char flags[sizeof(s->flags)];

        if (s->out)
            print_vma(s->out, v, &s->piece[i].m);
        for (unsigned k = 0; k < s->nlines; k++) {
            uint64_t kb = s->line[k].kb;
            const char *label = s->line[k].label;
            if (!strcmp(label, "Size:"))
                kb = (v->end - v->start) / 1024;
            else if (!is_property(label) && !s->whole)
                kb = s->present ? kb * s->piece[i].present / s->present : 0;
            if (s->out)
                fprintf(s->out, strcmp(label, "THPeligible:") ? "%-16s%8llu kB\n" : "%-16s%8llu\n",
                        label, (unsigned long long)kb);
            else if (!is_property(label) && strcmp(label, "Size:"))
                add_sum(s, label, kb);
        }
        snprintf(flags, sizeof(flags), "%s", s->flags);
        if (s->out && flags[0])
            print_flags(s->out, flags, s->piece[i].m.prot);
    }
    s->npieces = s->nlines = 0;
    s->flags[0] = 0;
}

static void begin_mapping(struct thread *t, struct smaps *s)
{
    const struct mapping *m;
    struct vma piece;

    snprintf(s->name, sizeof(s->name), "%s", s->vma.name);
    s->vma.name = s->name;
    for (uint64_t at = s->vma.start; s->npieces < MAX_PIECES &&
         (m = next_piece(t->p->mm, &s->vma, &at, &piece));) {
        s->piece[s->npieces].v = piece;
        s->piece[s->npieces++].m = *m;
        if (!s->high)
            s->low = piece.start;
        s->high = piece.end;
    }
    s->whole = s->npieces == 1 && s->piece[0].v.end - s->piece[0].v.start ==
                                      s->vma.end - s->vma.start;
    s->present = 0;
    if (s->npieces && !s->whole)
        s->present = present_pages(t->p, s->vma.start, s->vma.end);
    for (unsigned i = 0; i < s->npieces && !s->whole; i++)
        s->piece[i].present = present_pages(t->p, s->piece[i].v.start, s->piece[i].v.end);
}

static void smaps_line(struct thread *t, char *text, void *arg)
{
    struct smaps *s = arg;
    unsigned long long kb;
    struct vma v;

    if (parse_vma(t->p, text, &v)) {
        flush_smaps(s);
        s->vma = v;
        begin_mapping(t, s);
    } else if (!s->npieces) {
        return;
    } else if (!strncmp(text, "VmFlags:", 8)) {
        snprintf(s->flags, sizeof(s->flags), "%s", text + 8);
    } else if (s->nlines < MAX_SUMS && strncmp(text, "ProtectionKey", 13) &&
               sscanf(text, "%31s %llu", s->line[s->nlines].label, &kb) == 2) {
        s->line[s->nlines++].kb = kb;
    }
}

static int make_smaps(struct thread *t, struct smaps *s)
{
    int r = each_line(t, "smaps", smaps_line, s);

    flush_smaps(s);
    return r;
}

int proc_make_smaps(struct thread *t, const struct proc_ref *ref, FILE *out)
{
    struct smaps *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->out = out;
    int r = make_smaps(t, s);
    free(s);
    return r;
}

int proc_make_smaps_rollup(struct thread *t, const struct proc_ref *ref, FILE *out)
{
    struct smaps *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    int r = make_smaps(t, s);
    int n = fprintf(out, "%08llx-%08llx ---p 00000000 00:00 0 ", (unsigned long long)s->low,
                    (unsigned long long)s->high);
    fprintf(out, "%*s[rollup]\n", n < 73 ? 73 - n : 0, "");
    for (unsigned i = 0; i < s->nsums; i++)
        fprintf(out, "%-16s%8llu kB\n", s->sum[i].label, (unsigned long long)s->sum[i].kb);
    free(s);
    return r;
}
