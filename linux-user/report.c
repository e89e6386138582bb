/*
 * What is said when a guest dies of a fault: one line with place, bytes and disassembly, and the
 * callers by the chain of frame pointers.
 *
 * An undefined instruction is always reported, since a missing instruction of myna's looks the
 * same; other faults only with -d int, because a native program dies silently too.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include "user.h"

enum { MAX_FRAMES = 32 };

/* " (name+0xoffset)" of the file mapped at pc, from the host's maps. */
static void print_place(struct process *p, FILE *f, uint64_t pc)
{
    unsigned long long s, e, off;
    char line[PATH_MAX + 128], path[PATH_MAX];
    FILE *maps = fopen("/proc/self/maps", "re");

    if (!maps)
        return;
    while (fgets(line, sizeof(line), maps))
        if (sscanf(line, "%llx-%llx %*s %llx %*s %*s %4095s", &s, &e, &off, path) == 4 &&
            pc + p->guest_base >= s && pc + p->guest_base < e && path[0] == '/') {
            const char *name = strrchr(path, '/') + 1;
            fprintf(f, " (%s+%#llx)", name, (unsigned long long)(pc + p->guest_base - s + off));
            break;
        }
    fclose(maps);
}

static void print_backtrace(struct thread *t, FILE *f)
{
    const struct abi *abi = t->p->abi;
    uint64_t fp = abi->get_fp(t->cpu), pc = abi->get_lr(t->cpu), last = 0;
    unsigned n = 0;

    do {
        struct mapping m;
        if (n == 1 && pc == last) /* the link register is in the first record too */
            continue;
        if (!mm_lookup(t, pc, &m) || !(m.prot & PROT_EXEC))
            break;
        fprintf(f, "myna:   #%u %#llx", ++n, (unsigned long long)pc);
        print_place(t->p, f, pc);
        fputc('\n', f);
        last = pc;
    } while (n < MAX_FRAMES && abi->frame_next(t->p, &fp, &pc));
}

void report_missing_library(const struct process *p)
{
    if (p->mm->interp_base && p->missing_library[0])
        user_error("%s was not found; -L DIR names the folder of the foreign system (%s%s)",
                   p->missing_library, p->prefix ? "now " : "e.g. -L ",
                   p->prefix ? p->prefix : p->abi->sysroot);
}

void report_fatal(struct thread *t, int signo, int code, uint64_t addr)
{
    struct process *p = t->p;
    uint64_t pc = t->cpu->pc;
    uint8_t insn[4];
    char *dis = NULL;
    size_t len = 0;
    FILE *f = log_mask & LOG_INT && log_file ? log_file : stderr;

    if (code <= 0 || !(signo == SIGILL || (log_mask & LOG_INT)))
        return;
    fprintf(f, "myna: %s at %#llx", signo == SIGILL ? "undefined instruction" : signal_name(signo),
            (unsigned long long)pc);
    print_place(p, f, pc);
    if (signo != SIGILL)
        fprintf(f, ", address %#llx", (unsigned long long)addr);
    if (user_read(p, insn, pc, sizeof(insn)) == 0) {
        FILE *m = open_memstream(&dis, &len);
        fprintf(f, ": %02x %02x %02x %02x", insn[0], insn[1], insn[2], insn[3]);
        if (m) {
            disas_guest(m, p->guest, insn, sizeof(insn), pc);
            fclose(m);
            char *text = dis ? strstr(dis, ": ") : NULL; /* after the address */
            if (text) {
                text += 1 + strspn(text + 1, " ");
                text[strcspn(text, "\n")] = 0;
                fprintf(f, "  %s", text);
            }
            free(dis);
        }
    }
    fputc('\n', f);
    print_backtrace(t, f);
    fflush(f);
}
