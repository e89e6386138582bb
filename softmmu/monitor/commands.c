/*
 * The core's commands: processors, memory, the machine's life, logs.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "migrate/migrate.h"
#include "monitor.h"

/* --------------------------------------------------------------- in a vCPU's thread */

struct on_vcpu { void (*fn)(struct vcpu *v, void *arg); void *arg; bool done; pthread_cond_t cond; };

static void in_vcpu(struct vcpu *v, uint64_t a, uint64_t b)
{
    struct on_vcpu *r = (struct on_vcpu *)(uintptr_t)a;
    bool locked = machine_lock_enter();
    r->fn(v, r->arg);
    r->done = true;
    pthread_cond_signal(&r->cond);
    if (locked)
        machine_lock_leave();
}

void monitor_on_vcpu(struct vcpu *v, void (*fn)(struct vcpu *v, void *arg), void *arg)
{
    struct on_vcpu r = { fn, arg, false, PTHREAD_COND_INITIALIZER };
    if (!v)
        return;
    vcpu_do(v, in_vcpu, (uintptr_t)&r, 0);
    while (!r.done && !v->machine->ended)
        pthread_cond_wait(&r.cond, machine_lock_mutex());
}

/* NULL: the machine has no processors. */
static struct vcpu *chosen(struct monitor_call *c) { return *c->cpu < c->machine->nvcpus ? c->machine->vcpus[*c->cpu] : NULL; }

struct value { const char *text; uint64_t v; bool ok; char err[160]; };
static void evaluate(struct vcpu *v, void *arg)
{
    struct value *x = arg;
    x->ok = monitor_value(v, x->text, &x->v, x->err, sizeof x->err);
}

static bool value(struct monitor_call *c, const char *text, uint64_t *v)
{
    struct value x = { .text = text, .err = "there is no processor" };
    monitor_on_vcpu(chosen(c), evaluate, &x);
    if (!x.ok)
        fprintf(c->out, "%s\n", x.err);
    *v = x.v;
    return x.ok;
}

/* -------------------------------------------------------------------------- memory */

struct bytes { uint64_t at; uint8_t *to; size_t n, got; bool physical; };
static void read_bytes(struct vcpu *v, void *arg)
{
    struct bytes *b = arg;
    for (b->got = 0; b->got < b->n;) {
        uint64_t va = b->at + b->got, run = PAGE_BYTES - (va & (PAGE_BYTES - 1));
        gpa_t pa = va;
        run = run < b->n - b->got ? run : b->n - b->got;
        if ((!b->physical && !v->machine->isa->translate(v, va, &pa)) ||
            physmem_read(v->machine->memory, &v->reader, pa, b->to + b->got, run, MEM_CPU) != MEM_OK)
            return;
        b->got += run;
    }
}

static size_t get(struct monitor_call *c, uint64_t at, void *to, size_t n, bool physical)
{
    struct bytes b = { at, to, n, 0, physical };
    monitor_on_vcpu(chosen(c), read_bytes, &b);
    return b.got;
}

static void print_value(FILE *out, char how, unsigned size, uint64_t v)
{
    int64_t s = (int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size);
    switch (how) {
    case 'd':
        fprintf(out, "%*" PRId64, (int)size * 2 + 2, s);
        break;
    case 'u':
        fprintf(out, "%*" PRIu64, (int)size * 2 + 2, v);
        break;
    case 'o':
        fprintf(out, "%#*" PRIo64, (int)size * 2 + 2, v);
        break;
    case 'c':
        fprintf(out, isprint((int)(v & 0xff)) ? "'%c'" : "'\\x%02x'", (int)(v & 0xff));
        break;
    default:
        fprintf(out, "0x%0*" PRIx64, (int)size * 2, v);
    }
}

/* "16xw": count, format, size. */
static bool parse_format(struct monitor_call *c, unsigned *count, char *how, unsigned *size)
{
    const char *p = c->format;
    *count = 1;
    if (isdigit((unsigned char)*p))
        *count = (unsigned)strtoul(p, (char **)&p, 10);
    for (; *p; p++) {
        static const char sizes[] = "bhwg";
        const char *s = strchr(sizes, *p);
        if (s)
            *size = 1u << (s - sizes);
        else if (strchr("xduocsi", *p))
            *how = *p;
        else
            return false;
    }
    return *count >= 1 && *count <= 65536;
}

static void print_text(struct monitor_call *c, uint64_t at, unsigned count, bool physical)
{
    for (; count; count--) {
        char byte;
        fprintf(c->out, "%016" PRIx64 ": \"", at);
        for (unsigned n = 0; n < 4096 && get(c, at++, &byte, 1, physical) == 1 && byte; n++)
            fprintf(c->out, isprint((unsigned char)byte) ? "%c" : "\\x%02x", (unsigned char)byte);
        fprintf(c->out, "\"\n");
    }
}

static void print_code(struct monitor_call *c, uint64_t at, unsigned count, bool physical)
{
    for (; count; count--, at += 4) {
        uint32_t insn;
        if (get(c, at, &insn, 4, physical) != 4)
            break;
        char *text = NULL;
        size_t n = 0;
        FILE *f = open_memstream(&text, &n);
        if (f) {
            disas_guest(f, c->machine->isa->guest, (const uint8_t *)&insn, 4, at);
            fclose(f);
            fprintf(c->out, "%s", text);
            if (!n || text[n - 1] != '\n')
                fputc('\n', c->out);
            free(text);
        }
    }
}

static void examine(struct monitor_call *c, bool physical)
{
    static char how = 'x';
    static unsigned size = 4;
    unsigned count;
    uint64_t at;
    if (!parse_format(c, &count, &how, &size)) {
        fprintf(c->out, "/%s: a count, x d u o c s i, and b h w g\n", c->format);
        return;
    }
    if (!value(c, c->rest, &at))
        return;
    if (how == 's' || how == 'i') {
        (how == 's' ? print_text : print_code)(c, at, count, physical);
        how = 'x';
        return;
    }
    unsigned n = how == 'c' ? 1 : size, line = how == 'c' ? 8 : 16 / n;
    for (unsigned k = 0; k < count; k++, at += n) {
        uint64_t v = 0;
        if (get(c, at, &v, n, physical) != n) {
            fprintf(c->out, "%sCannot access memory\n", k % line ? "\n" : "");
            return;
        }
        if (k % line == 0)
            fprintf(c->out, "%016" PRIx64 ":", at);
        fputc(' ', c->out);
        print_value(c->out, how, n, v);
        if (k % line == line - 1 || k == count - 1)
            fputc('\n', c->out);
    }
}
static void cmd_x(struct monitor_call *c) { examine(c, false); }
static void cmd_xp(struct monitor_call *c) { examine(c, true); }

static void cmd_print(struct monitor_call *c)
{
    unsigned count, size = 8;
    char how = 'x';
    uint64_t v;
    if (!parse_format(c, &count, &how, &size) || !value(c, c->rest, &v))
        return;
    if (how == 'x')
        fprintf(c->out, "%#" PRIx64, v);
    else if (how == 'd')
        fprintf(c->out, "%" PRId64, (int64_t)v);
    else
        print_value(c->out, how, how == 'c' ? 1 : 8, v);
    fputc('\n', c->out);
}

bool monitor_save(struct vcpu *v, uint64_t at, uint64_t n, bool physical, const char *path, char *err, size_t errlen)
{
    FILE *f = fopen(path, "we");
    bool ok = f != NULL;
    while (ok && n) {
        uint8_t page[PAGE_BYTES];
        struct bytes b = { at, page, n < sizeof page ? n : sizeof page, 0, physical };
        monitor_on_vcpu(v, read_bytes, &b);
        ok = fwrite(page, 1, b.got, f) == b.got;
        if (ok && b.got < b.n) {
            snprintf(err, errlen, "Cannot access memory at %#" PRIx64, at + b.got);
            fclose(f);
            return false;
        }
        at += b.got;
        n -= b.got;
    }
    if ((f && fclose(f)) || !ok) {
        snprintf(err, errlen, "%s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

static void save(struct monitor_call *c, bool physical)
{
    uint64_t at, n;
    char err[256];
    if (value(c, c->argv[0], &at) && value(c, c->argv[1], &n) && !monitor_save(chosen(c), at, n, physical, c->argv[2], err, sizeof err))
        fprintf(c->out, "%s\n", err);
}
static void cmd_memsave(struct monitor_call *c) { save(c, false); }
static void cmd_pmemsave(struct monitor_call *c) { save(c, true); }

static void cmd_dump(struct monitor_call *c)
{
    char err[256];
    uint64_t total;
    int fd = open(c->argv[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        fprintf(c->out, "%s: %s\n", c->argv[0], strerror(errno));
    else if (!monitor_dump(c->machine, fd, 0, ~0ull, &total, err, sizeof err))
        fprintf(c->out, "%s\n", err);
    if (fd >= 0)
        close(fd);
}

static void cmd_gva2gpa(struct monitor_call *c)
{
    uint64_t va;
    gpa_t pa;
    if (!value(c, c->rest, &va))
        return;
    if (c->machine->isa->translate(chosen(c), va, &pa))
        fprintf(c->out, "gpa: %#" PRIx64 "\n", pa);
    else
        fprintf(c->out, "Unmapped\n");
}

/* --------------------------------------------------------------------------- life */

static void cmd_stop(struct monitor_call *c) { machine_pause(c->machine); }
bool monitor_cont(struct machine *m, char *err, size_t errlen)
{
    if (m->state == MACHINE_SHUTDOWN) {
        snprintf(err, errlen, "the guest has switched itself off: system_reset first");
        return false;
    }
    bool later;
    if (!migrate_may_run(m, &later, err, errlen))
        return false;
    if (!later)
        machine_continue(m);
    return true;
}

static void cmd_cont(struct monitor_call *c)
{
    char err[128];
    if (!monitor_cont(c->machine, err, sizeof err))
        fprintf(c->out, "%s\n", err);
}
static void cmd_reset(struct monitor_call *c) { machine_reset(c->machine, CAUSE_HOST_RESET); }
bool monitor_powerdown(struct machine *m)
{
    if (!m->power_button)
        return false;
    machine_event(m, "POWERDOWN", NULL);
    m->power_button(m);
    return true;
}

static void cmd_powerdown(struct monitor_call *c)
{
    if (!monitor_powerdown(c->machine))
        fprintf(c->out, "this board has no power button\n");
}
static void cmd_quit(struct monitor_call *c) { machine_quit(c->machine, 0, CAUSE_QUIT); }

static void cmd_cpu(struct monitor_call *c)
{
    char *end;
    unsigned long n = strtoul(c->argv[0], &end, 10);
    if (*end || n >= c->machine->nvcpus)
        fprintf(c->out, "there are processors 0 to %u\n", c->machine->nvcpus - 1);
    else
        *c->cpu = (unsigned)n;
}

static const struct { const char *name; unsigned bits; } log_items[] = {
    { "in_asm", LOG_IN_ASM }, { "op", LOG_IR }, { "op_opt", LOG_OPT }, { "out_asm", LOG_OUT_ASM }, { "exec", LOG_EXEC }, { "cpu", LOG_CPU },
    { "int", LOG_INT }, { "unimp", LOG_UNIMP }, { "guest_errors", LOG_UNIMP },
};
enum { NLOG = sizeof log_items / sizeof *log_items };

static const char *next_log(struct machine *m, unsigned k) { return k < NLOG ? log_items[k].name : NULL; }

static void cmd_log(struct monitor_call *c)
{
    unsigned mask = 0;
    if (strcmp(c->argv[0], "none"))
        for (char *save = NULL, *w = strtok_r(c->argv[0], ",", &save); w; w = strtok_r(NULL, ",", &save)) {
            unsigned k = 0;
            while (k < NLOG && strcmp(log_items[k].name, w))
                k++;
            if (k == NLOG) {
                fprintf(c->out, "%s: none", w);
                for (k = 0; k < NLOG; k++)
                    fprintf(c->out, " %s", log_items[k].name);
                fputc('\n', c->out);
                return;
            }
            mask |= log_items[k].bits;
        }
    log_mask = mask;
}

static void cmd_logfile(struct monitor_call *c)
{
    FILE *f = fopen(c->argv[0], "we"), *old = log_file;
    if (!f) {
        fprintf(c->out, "%s: %s\n", c->argv[0], strerror(errno));
        return;
    }
    log_file = f;
    fflush(old);
}

/* --------------------------------------------------------------------------- info */

static void dump(struct vcpu *v, void *arg) { v->machine->isa->dump(v, arg); }

static void info_registers(struct monitor_call *c)
{
    bool all = c->argc && !strcmp(c->argv[0], "-a");
    for (unsigned k = 0; k < c->machine->nvcpus; k++)
        if (all || k == *c->cpu) {
            fprintf(c->out, "%sCPU#%u\n", all && k ? "\n" : "", k);
            monitor_on_vcpu(c->machine->vcpus[k], dump, c->out);
        }
}

static void info_cpus(struct monitor_call *c)
{
    for (unsigned k = 0; k < c->machine->nvcpus; k++) {
        struct vcpu *v = c->machine->vcpus[k];
        fprintf(c->out, "%c CPU #%u: pc=0x%016" PRIx64 "%s\n", k == *c->cpu ? '*' : ' ', k, v->cpu->pc, v->off ? " (off)" : "");
    }
}

static void print_line(void *arg, const char *text) { fprintf(arg, "%s\n", text); }
static void info_mtree(struct monitor_call *c) { physmem_print(c->machine->memory, print_line, c->out); }

static void print_tlb(struct vcpu *v, void *arg)
{
    const struct tlb *t = v->cpu->mmu[0].tlb;
    FILE *out = arg;
    for (uint64_t k = 0; t && k <= t->mask / sizeof *t->at; k++) {
        const struct tlb_entry *e = &t->at[k];
        bool read = !(e->read & TLB_NONE), write = !(e->write & TLB_NONE);
        if (read || write)
            fprintf(out, "%016" PRIx64 ": %016" PRIx64 " %c%c%s\n", (read ? e->read : e->write) & ~(uint64_t)(PAGE_BYTES - 1),
                    e->page & ~(uint64_t)(PAGE_BYTES - 1), read ? 'r' : '-', write ? 'w' : '-', e->page & TLB_GLOBAL ? " global" : "");
    }
}

/* What the processor has looked up of data, not all that its tables map. */
static void info_tlb(struct monitor_call *c) { monitor_on_vcpu(chosen(c), print_tlb, c->out); }

const char *monitor_state(const struct machine *m)
{
    if (m->state == MACHINE_PAUSED && m->phase)
        return m->phase;
    if (m->state == MACHINE_PAUSED && !m->started)
        return "prelaunch";
    static const char *const names[] = { [MACHINE_PAUSED] = "paused", [MACHINE_RUNNING] = "running", [MACHINE_SHUTDOWN] = "shutdown" };
    return names[m->state];
}

static void info_status(struct monitor_call *c)
{
    const char *state = monitor_state(c->machine);
    if (c->machine->state == MACHINE_RUNNING)
        fprintf(c->out, "VM status: running\n");
    else
        fprintf(c->out, strcmp(state, "paused") ? "VM status: paused (%s)\n" : "VM status: %s\n", state);
}

static void info_jit(struct monitor_call *c) { engine_stats(c->machine->engine, c->out); }

static const struct monitor_command info[] = {
    { "registers", "[-a]", "registers of the chosen processor, or of all", 0, 1, info_registers },
    { "cpus", "", "the processors", 0, 0, info_cpus },
    { "mtree", "", "what is where in physical memory", 0, 1, info_mtree },
    { "tlb", "", "virtual and physical pages of data that the processor knows now", 0, 0, info_tlb },
    { "status", "", "does the machine run?", 0, 0, info_status },
    { "jit", "", "counts of the translator", 0, 0, info_jit },
    { NULL },
};

static const struct monitor_command commands[] = {
    { "x", "/FORMAT ADDRESS", "memory by virtual address: count, x d u o c s i, b h w g", 1, MONITOR_ARGS, cmd_x },
    { "xp", "/FORMAT ADDRESS", "memory by physical address", 1, MONITOR_ARGS, cmd_xp },
    { "print|p", "/FORMAT EXPRESSION", "the value of an expression, with $registers", 1, MONITOR_ARGS, cmd_print },
    { "memsave", "ADDRESS SIZE FILE", "writes memory to a file, by virtual address", 3, 3, cmd_memsave },
    { "pmemsave", "ADDRESS SIZE FILE", "writes memory to a file, by physical address", 3, 3, cmd_pmemsave },
    { "dump-guest-memory", "FILE", "memory and registers as an ELF core", 1, 1, cmd_dump },
    { "gva2gpa", "ADDRESS", "where a virtual address is", 1, MONITOR_ARGS, cmd_gva2gpa },
    { "stop|s", "", "stops the processors", 0, 0, cmd_stop },
    { "cont|c", "", "lets them run", 0, 0, cmd_cont },
    { "system_reset", "", "resets the machine", 0, 0, cmd_reset },
    { "system_powerdown", "", "presses the power button", 0, 0, cmd_powerdown },
    { "quit|q", "", "ends the machine", 0, 0, cmd_quit },
    { "cpu", "NUMBER", "chooses the processor that commands are about", 1, 1, cmd_cpu },
    { "log", "none|ITEM[,ITEM...]", "what is logged", 1, 1, cmd_log, next_log },
    { "logfile", "FILE", "where the log goes", 1, 1, cmd_logfile },
    { NULL },
};

void monitor_add_core(void)
{
    monitor_add(commands, info);
    migrate_monitor_add();
}
