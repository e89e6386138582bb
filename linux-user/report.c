/*
 * What is said at the end: statistics and profile, if asked for; when a guest dies of a fault, one line with place,
 * bytes and disassembly, and the callers by the chain of frame pointers.
 *
 * An undefined instruction is always reported, since a missing instruction of myna's looks the
 * same; other faults only with -d int or -backtrace, because a native program dies silently too.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include "user.h"

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

    if (!p->backtrace && (code <= 0 || !(signo == SIGILL || (log_mask & LOG_INT))))
        return;
    fprintf(f, "myna: %s at %#llx", signo == SIGILL && code > 0 ? "undefined instruction" : signal_name(signo),
            (unsigned long long)pc);
    symbol_print(p, f, pc);
    if (signo != SIGILL && code > 0)
        fprintf(f, ", address %#llx", (unsigned long long)addr);
    if (code > 0 && user_read(p, insn, pc, sizeof(insn)) == 0) {
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
    backtrace_print(t, f, false);
    fflush(f);
}

static void print_symbol(void *p, FILE *f, uint64_t pc) { symbol_print(p, f, pc); }

void report_end(struct process *p)
{
    FILE *f = log_file ? log_file : stderr;

    engine_save(p->engine);
    if (log_mask & LOG_STATS)
        engine_stats(p->engine, f);
    engine_profile(p->engine, f, print_symbol, p);
    fflush(f);
}
