/*
 * gdb on the whole machine: a host thread that talks gdb's remote protocol (../gdb/wire.h). Processors are threads 1, 2, ...
 * of process 1.
 *
 * While gdb is there the machine is paused or runs as gdb said. A vCPU that meets a breakpoint, watched memory or the
 * end of its step says so, pauses the machine and wakes the server, which tells gdb once all stand still. Breakpoints are
 * the engine's, by virtual address, whatever address space is in force; guest memory is not changed. A processor that steps takes
 * no interrupts. Memory is read by the chosen processor's translation, or by physical address (qemu.PhyMemMode).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gdbstub.h"
#include "monitor/monitor.h"
#include "registers.h"
#include "wire.h"

enum { SIG_INT = 2, SIG_TRAP = 5, BREAKS = 1024, ACTIONS = 64 };

struct gdbstub {
    struct machine *m;
    struct wire wire;
    int listener, event;
    char *unlink_path;
    bool attached, running, due, dirty, physical, multiprocess, swbreak, hwbreak;
    struct { unsigned cpu; int signo; char kind; uint64_t at; } stop; /* kind: of the Z packet that made it stop, or 0 */
    unsigned current, cont, listed; /* processors' indexes */
    struct { uint64_t at; char type; } breaks[BREAKS];
    unsigned nbreaks;
    struct ir_watch_range watch[ENGINE_WATCHES];
    char watch_type[ENGINE_WATCHES];
    unsigned nwatches;
    uint8_t bytes[GDB_PACKET];
};

static struct vcpu *chosen(struct gdbstub *g) { return g->m->vcpus[g->current]; }
static const struct gdb_target *target(struct gdbstub *g) { return g->m->isa->gdb_target(); }

/* ------------------------------------------------------------------ the vCPUs' side */

static void report(struct vcpu *v, int signo, char kind, uint64_t at)
{
    struct gdbstub *g = v->machine->gdb;
    machine_lock_enter();
    if (g->attached && g->running && !g->due && v->machine->state == MACHINE_RUNNING) {
        g->stop.cpu = v->index;
        g->stop.signo = signo;
        g->stop.kind = kind;
        g->stop.at = at;
        g->due = true;
        machine_pause(v->machine);
        eventfd_write(g->event, 1);
    }
    machine_lock_leave();
}

/* engine_run under gdb: m->run. */
static enum ir_leave run(struct vcpu *v)
{
    struct gdbstub *g = v->machine->gdb;
    struct cpu *cpu = v->cpu;
    enum ir_leave why;
    engine_debug(cpu, true);
    if (v->stepped) {
        report(v, SIG_TRAP, 0, 0);
        return IR_LEAVE_POLL;
    }
    if (v->step) {
        why = engine_step(v->machine->engine, cpu);
        v->stepped = why != IR_LEAVE_DEBUG;
        if (why == IR_LEAVE_LOOKUP)
            return IR_LEAVE_POLL;
    } else {
        why = engine_run(v->machine->engine, cpu);
    }
    if (why != IR_LEAVE_DEBUG)
        return why;
    uint64_t n = cpu->leave_imm;
    char kind = '0';
    for (unsigned k = 0; !n && k < g->nbreaks; k++)
        if (g->breaks[k].at == cpu->pc)
            kind = g->breaks[k].type;
    report(v, SIG_TRAP, n ? g->watch_type[n - 1] : kind, cpu->leave_arg);
    return IR_LEAVE_POLL;
}

/* -------------------------------------------------------------------------- answers */

static void put_thread(struct gdbstub *g, unsigned cpu) { wire_putf(&g->wire, g->multiprocess ? "p1.%x" : "%x", cpu + 1); }
static void ok_or(struct gdbstub *g, bool ok) { wire_put(&g->wire, ok ? "OK" : "E01"); }

static void put_stop(struct gdbstub *g)
{
    const struct gdb_target *t = target(g);
    struct cpu *cpu = g->m->vcpus[g->stop.cpu]->cpu;
    g->current = g->cont = g->stop.cpu;
    wire_putf(&g->wire, "T%02xthread:", (unsigned)g->stop.signo);
    put_thread(g, g->stop.cpu);
    wire_put(&g->wire, ";");
    if (g->stop.kind >= '2')
        wire_putf(&g->wire, "%swatch:%llx;", g->stop.kind == '3' ? "r" : g->stop.kind == '4' ? "a" : "", (unsigned long long)g->stop.at);
    else if (g->stop.kind && (g->stop.kind == '1' ? g->hwbreak : g->swbreak))
        wire_put(&g->wire, g->stop.kind == '1' ? "hwbreak:;" : "swbreak:;");
    for (unsigned k = 0; k < t->nexpedited; k++) {
        uint8_t value[64];
        size_t n = target_read(t, g->m->isa->guest->ir, cpu, t->expedited[k], value);
        wire_putf(&g->wire, "%02x:", t->expedited[k]);
        wire_put_hex(&g->wire, value, n);
        wire_put(&g->wire, ";");
    }
}

/* "p1.2", "2", "-1": index of a processor, -1 all, -2 none such. */
static int parse_thread(const char **s)
{
    uint64_t n = 1;
    if (**s == 'p') {
        ++*s;
        n = !strncmp(*s, "-1", 2) ? (*s += 2, 1) : wire_parse_hex(s);
        if (n > 1 || **s != '.')
            return n > 1 ? -2 : -1;
        ++*s;
    }
    if (!strncmp(*s, "-1", 2)) {
        *s += 2;
        return -1;
    }
    n = wire_parse_hex(s);
    return n > 512 ? -2 : (int)n - 1; /* 0: any */
}

static bool is_cpu(const struct gdbstub *g, int n) { return n >= 0 && (unsigned)n < g->m->nvcpus; }

/* ------------------------------------------------------------------ registers, memory */

static void registers(struct gdbstub *g, char letter, const char *s)
{
    const struct gdb_target *t = target(g);
    const struct ir_target *ir = g->m->isa->guest->ir;
    struct cpu *cpu = chosen(g)->cpu;
    uint8_t value[64];
    unsigned number = 0, end = letter == 'g' || letter == 'G' ? t->general : t->nregs;
    if (letter == 'p' || letter == 'P') {
        number = (unsigned)wire_parse_hex(&s);
        end = number < t->nregs ? number + 1 : number;
        if (letter == 'P' && *s++ != '=')
            end = number;
        if (number == end) {
            wire_put(&g->wire, "E01");
            return;
        }
    }
    for (; number < end; number++) {
        size_t n = t->regs[number].size;
        if (letter == 'g' || letter == 'p') {
            wire_put_hex(&g->wire, value, target_read(t, ir, cpu, number, value));
        } else if (!wire_parse_bytes(s, value, n)) {
            break;
        } else {
            target_write(t, ir, cpu, number, value);
            s += 2 * n;
        }
    }
    if (letter == 'G' || letter == 'P')
        ok_or(g, number == end);
}

/* Bytes up to the first that is not mapped. */
static size_t access_memory(struct gdbstub *g, uint64_t at, void *bytes, size_t n, bool write)
{
    struct machine *m = g->m;
    size_t done = 0;
    while (done < n) {
        uint64_t va = at + done, run = PAGE_BYTES - (va & (PAGE_BYTES - 1));
        gpa_t pa = va;
        run = run < n - done ? run : n - done;
        if (!g->physical && !m->isa->translate(chosen(g), va, &pa))
            break;
        if ((write ? physmem_write(m->memory, &m->reader, pa, (char *)bytes + done, run, MEM_CPU)
                   : physmem_read(m->memory, &m->reader, pa, (char *)bytes + done, run, MEM_CPU)) != MEM_OK)
            break;
        done += run;
    }
    return done;
}

static void memory(struct gdbstub *g, char letter, const char *s, const char *end)
{
    uint64_t at = wire_parse_hex(&s), n = *s == ',' ? (s++, wire_parse_hex(&s)) : 0;
    if (letter == 'm') {
        n = n < GDB_PACKET / 2 ? n : GDB_PACKET / 2;
        size_t got = access_memory(g, at, g->bytes, n, false);
        wire_put_hex(&g->wire, g->bytes, got);
        if (!got && n)
            wire_put(&g->wire, "E0e");
        return;
    }
    if (*s++ != ':' || n > GDB_PACKET || (letter == 'X' && (size_t)(end - s) != n) || (letter == 'M' && !wire_parse_bytes(s, g->bytes, n))) {
        wire_put(&g->wire, "E16");
        return;
    }
    if (letter == 'X')
        memcpy(g->bytes, s, n);
    ok_or(g, access_memory(g, at, g->bytes, n, true) == n);
}

/* Z type,addr,kind */
static void breakpoint(struct gdbstub *g, bool set, const char *s)
{
    char type = *s++;
    unsigned k = 0;
    if (type < '0' || type > '4' || *s++ != ',')
        return;
    uint64_t at = wire_parse_hex(&s), n = *s == ',' ? (s++, wire_parse_hex(&s)) : 0;
    bool ok = true;
    if (type <= '1') {
        while (k < g->nbreaks && (g->breaks[k].at != at || g->breaks[k].type != type))
            k++;
        if (set && k == g->nbreaks) {
            ok = g->nbreaks < BREAKS && engine_break(g->m->engine, at, true) == 0;
            if (ok) {
                g->breaks[g->nbreaks].at = at;
                g->breaks[g->nbreaks++].type = type;
            }
        } else if (!set && k < g->nbreaks) {
            g->breaks[k] = g->breaks[--g->nbreaks];
            bool other = false;
            for (k = 0; k < g->nbreaks; k++)
                other |= g->breaks[k].at == at;
            if (!other)
                engine_break(g->m->engine, at, false);
        }
        g->dirty = true;
    } else {
        while (k < g->nwatches && (g->watch[k].start != at || g->watch[k].end != at + n || g->watch_type[k] != type))
            k++;
        if (set && k == g->nwatches) {
            ok = n && g->nwatches < ENGINE_WATCHES;
            if (ok) {
                g->watch[k] = (struct ir_watch_range){ .start = at, .end = at + n, .read = type != '2', .write = type != '3' };
                g->watch_type[g->nwatches++] = type;
            }
        } else if (!set && k < g->nwatches) {
            g->watch[k] = g->watch[--g->nwatches];
            g->watch_type[k] = g->watch_type[g->nwatches];
        }
    }
    ok_or(g, ok);
}

/* -------------------------------------------------------------------------- going on */

struct action { int cpu; bool step; };

static bool go(struct gdbstub *g, const struct action *a, unsigned n)
{
    struct machine *m = g->m;
    bool only_steps = true;
    for (unsigned c = 0; c < m->nvcpus; c++) {
        struct vcpu *v = m->vcpus[c];
        unsigned k = 0;
        while (k < n && a[k].cpu >= 0 && a[k].cpu != (int)c)
            k++;
        v->held = k == n;
        v->step = k < n && a[k].step;
        v->stepped = false;
        only_steps &= v->held || v->step;
    }
    if (g->dirty)
        engine_flush(m->engine);
    g->dirty = false;
    engine_watch(m->engine, g->watch, g->nwatches, only_steps);
    g->running = true;
    machine_continue(m);
    return false;
}

/* ";s:p1.1;c" */
static bool vcont(struct gdbstub *g, const char *s)
{
    struct action a[ACTIONS];
    unsigned n = 0;
    while (*s == ';' && n < ACTIONS) {
        char letter = *++s;
        if (!letter || !strchr("cCsS", letter))
            break;
        s++;
        if (letter == 'C' || letter == 'S')
            wire_parse_hex(&s); /* a machine takes no signals */
        a[n] = (struct action){ -1, letter == 's' || letter == 'S' };
        if (*s == ':') {
            s++;
            a[n].cpu = parse_thread(&s);
        }
        n++;
    }
    if (*s || !n) {
        wire_put(&g->wire, "E01");
        return true;
    }
    return go(g, a, n);
}

/* "c [addr]", "s [addr]", "C sig[;addr]" */
static bool resume_old(struct gdbstub *g, const char *s)
{
    bool step = *s == 's' || *s == 'S';
    struct action a[2] = { { (int)g->cont, step }, { -1, false } };
    if (*s == 'C' || *s == 'S') {
        s++;
        wire_parse_hex(&s);
        s += *s == ';';
    } else {
        s++;
    }
    if (*s)
        g->m->vcpus[g->cont]->cpu->pc = wire_parse_hex(&s);
    return go(g, a, 2);
}

static void detach(struct gdbstub *g)
{
    struct machine *m = g->m;
    if (!g->attached)
        return;
    for (unsigned k = 0; k < g->nbreaks; k++)
        engine_break(m->engine, g->breaks[k].at, false);
    g->nbreaks = g->nwatches = 0;
    g->dirty = true;
    machine_pause(m);
    machine_wait_stopped(m);
    for (unsigned c = 0; c < m->nvcpus; c++)
        engine_debug(m->vcpus[c]->cpu, false);
    go(g, &(struct action){ -1, false }, 1);
    g->attached = g->running = g->due = false;
    m->run = NULL;
}

/* --------------------------------------------------------------------------- queries */

static void transfer(struct gdbstub *g, const char *s)
{
    char *text = NULL;
    const char *at = strrchr(s, ':');
    if (!strncmp(s, "features:read:target.xml:", 25)) {
        text = target_describe(target(g));
    } else if (!strncmp(s, "threads:read:", 13)) {
        size_t n;
        FILE *f = open_memstream(&text, &n);
        if (f) {
            fprintf(f, "<?xml version=\"1.0\"?><threads>");
            for (unsigned c = 0; c < g->m->nvcpus; c++)
                fprintf(f, g->multiprocess ? "<thread id=\"p1.%x\" name=\"CPU#%u\">%s</thread>" : "<thread id=\"%x\" name=\"CPU#%u\">%s</thread>", c + 1, c,
                        g->m->vcpus[c]->off ? "off" : "on");
            fprintf(f, "</threads>");
            fclose(f);
        }
    } else {
        return;
    }
    if (!text || !at) {
        wire_put(&g->wire, "E01");
        free(text);
        return;
    }
    at++;
    uint64_t offset = wire_parse_hex(&at), len = *at == ',' ? (at++, wire_parse_hex(&at)) : 0, all = strlen(text);
    offset = offset < all ? offset : all;
    len = len < all - offset ? len : all - offset;
    len = len < GDB_PACKET / 2 - 16 ? len : GDB_PACKET / 2 - 16;
    wire_put_byte(&g->wire, offset + len < all ? 'm' : 'l');
    wire_put_escaped(&g->wire, text + offset, len);
    free(text);
}

/* qRcmd,HEX: a line for the monitor. */
static void monitor_line(struct gdbstub *g, const char *hex)
{
    char line[1024] = "", *text = NULL;
    size_t n = strlen(hex) / 2, len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f || n >= sizeof line || !wire_parse_bytes(hex, line, n)) {
        wire_put(&g->wire, "E01");
    } else {
        monitor_run(g->m, line, &g->current, f);
        fflush(f);
        if (len)
            wire_put_hex(&g->wire, text, len < GDB_PACKET / 2 - 16 ? len : GDB_PACKET / 2 - 16);
        else
            wire_put(&g->wire, "OK");
    }
    if (f)
        fclose(f);
    free(text);
}

static bool starts(const char *s, const char *with, const char **rest)
{
    *rest = s + strlen(with);
    return !strncmp(s, with, strlen(with));
}

static void query(struct gdbstub *g, const char *s)
{
    const char *rest;
    if (starts(s, "qSupported", &rest)) {
        g->multiprocess = strstr(rest, "multiprocess+") != NULL;
        g->swbreak = strstr(rest, "swbreak+") != NULL;
        g->hwbreak = strstr(rest, "hwbreak+") != NULL;
        wire_putf(&g->wire, "PacketSize=%x;multiprocess+;swbreak+;hwbreak+;vContSupported+;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+",
                  GDB_PACKET - 16);
    } else if (!strcmp(s, "QStartNoAckMode")) {
        g->wire.no_ack = true;
        wire_put(&g->wire, "OK");
    } else if (starts(s, "qXfer:", &rest)) {
        transfer(g, rest);
    } else if (!strcmp(s, "qfThreadInfo") || !strcmp(s, "qsThreadInfo")) {
        g->listed = s[1] == 'f' ? 0 : g->listed + 1;
        if (g->listed < g->m->nvcpus) {
            wire_put(&g->wire, "m");
            put_thread(g, g->listed);
        } else {
            wire_put(&g->wire, "l");
        }
    } else if (starts(s, "qThreadExtraInfo,", &rest)) {
        int c = parse_thread(&rest);
        char text[32];
        snprintf(text, sizeof text, "CPU#%d [%s]", c, is_cpu(g, c) && g->m->vcpus[c]->off ? "off" : "on");
        wire_put_hex(&g->wire, text, strlen(text));
    } else if (!strcmp(s, "qC")) {
        wire_put(&g->wire, "QC");
        put_thread(g, g->current);
    } else if (starts(s, "qAttached", &rest)) {
        wire_put(&g->wire, "1");
    } else if (starts(s, "qRcmd,", &rest)) {
        monitor_line(g, rest);
    } else if (!strcmp(s, "qqemu.PhyMemMode")) {
        wire_put(&g->wire, g->physical ? "1" : "0");
    } else if (starts(s, "Qqemu.PhyMemMode:", &rest)) {
        g->physical = *rest == '1';
        wire_put(&g->wire, "OK");
    }
}

/* False: there is no answer (yet). */
static bool command(struct gdbstub *g, char *s, size_t n)
{
    const char *arg = s + 1;
    int c;
    if (g->running && *s != 'q' && *s != 'Q' && *s != 'v')
        return false;
    switch (*s) {
    case '?':
        put_stop(g);
        break;
    case 'g': case 'G': case 'p': case 'P':
        registers(g, *s, arg);
        break;
    case 'm': case 'M': case 'X':
        memory(g, *s, arg, s + n);
        break;
    case 'z': case 'Z':
        breakpoint(g, *s == 'Z', arg);
        break;
    case 'H':
        arg++;
        c = parse_thread(&arg);
        if (is_cpu(g, c) && s[1] == 'g')
            g->current = (unsigned)c;
        else if (is_cpu(g, c))
            g->cont = (unsigned)c;
        ok_or(g, c == -1 || is_cpu(g, c));
        break;
    case 'T':
        ok_or(g, is_cpu(g, parse_thread(&arg)));
        break;
    case 'c': case 's': case 'C': case 'S':
        return resume_old(g, s);
    case 'k':
        machine_quit(g->m, 0, CAUSE_QUIT);
        return false;
    case 'D':
        wire_put(&g->wire, "OK");
        detach(g);
        break;
    case 'q': case 'Q':
        query(g, s);
        break;
    case 'v':
        if (!strcmp(s, "vCont?")) {
            wire_put(&g->wire, "vCont;c;C;s;S");
        } else if (!strncmp(s, "vCont;", 6) && !g->running) {
            return vcont(g, s + 5);
        } else if (!strncmp(s, "vKill", 5)) {
            wire_put(&g->wire, "OK");
            machine_quit(g->m, 0, CAUSE_QUIT);
        }
        break;
    }
    return true;
}

/* ------------------------------------------------------------------------ the server */

static void packet(void *arg, char *s, size_t n)
{
    struct gdbstub *g = arg;
    machine_lock_enter();
    bool answer = command(g, s, n);
    machine_lock_leave();
    if (answer)
        wire_send(&g->wire);
}

static void interrupt(void *arg)
{
    struct gdbstub *g = arg;
    machine_lock_enter();
    if (g->running && !g->due) {
        g->stop.signo = SIG_INT;
        g->stop.kind = 0;
        g->stop.cpu = g->current;
        g->due = true;
        machine_pause(g->m);
        eventfd_write(g->event, 1);
    }
    machine_lock_leave();
}

static void tell(struct gdbstub *g)
{
    machine_lock_enter();
    bool due = g->due && g->attached;
    if (due) {
        machine_wait_stopped(g->m);
        g->due = g->running = false;
        put_stop(g);
    }
    machine_lock_leave();
    if (due)
        wire_send(&g->wire);
}

static void gdb_comes(struct gdbstub *g)
{
    int fd = wire_accept(g->listener);
    if (fd < 0)
        return;
    if (g->wire.conn >= 0) { /* one at a time */
        close(fd);
        return;
    }
    g->wire.conn = fd;
    g->wire.nin = 0;
    g->wire.no_ack = g->multiprocess = g->swbreak = g->hwbreak = g->physical = g->due = false;
    machine_lock_enter();
    g->attached = true;
    g->running = false;
    g->current = g->cont = 0;
    g->stop.cpu = 0;
    g->stop.signo = SIG_TRAP;
    g->stop.kind = 0;
    machine_pause(g->m);
    machine_wait_stopped(g->m);
    g->m->run = run;
    machine_lock_leave();
}

static void hang_up(struct gdbstub *g)
{
    machine_lock_enter();
    detach(g);
    machine_lock_leave();
    close(g->wire.conn);
    g->wire.conn = -1;
}

static void *serve(void *arg)
{
    struct gdbstub *g = arg;
    const struct wire_user user = { packet, interrupt, g };
    for (;;) {
        struct pollfd p[3] = { { g->event, POLLIN, 0 }, { g->listener, POLLIN, 0 }, { g->wire.conn, POLLIN, 0 } };
        eventfd_t n;
        if (poll(p, 3, -1) < 0)
            continue;
        if (p[0].revents && eventfd_read(g->event, &n) == 0)
            tell(g);
        if (p[1].revents)
            gdb_comes(g);
        if (!p[2].revents || g->wire.conn < 0)
            continue;
        ssize_t r = recv(g->wire.conn, g->wire.in + g->wire.nin, sizeof g->wire.in - g->wire.nin, 0);
        if (r > 0) {
            g->wire.nin += (size_t)r;
            wire_take(&g->wire, &user);
        }
        if ((r <= 0 && errno != EINTR) || r == 0 || g->wire.nin == sizeof g->wire.in || !g->attached)
            hang_up(g);
    }
    return NULL;
}

static void remove_path(struct gdbstub *g) { unlink(g->unlink_path); }
static struct gdbstub *the_stub;
static void at_exit(void) { remove_path(the_stub); }

bool gdbstub_start(struct machine *m, const char *where, char *err, size_t errlen)
{
    struct gdbstub *g = calloc(1, sizeof *g);
    char *copy = strdup(where);
    pthread_t id;
    if (m->gdb || !m->isa->gdb_target || !g || !copy || !wire_init(&g->wire)) {
        snprintf(err, errlen, m->gdb ? "there can be one" : "no memory");
        return false;
    }
    copy[strcspn(copy, ",")] = 0;
    g->m = m;
    g->listener = wire_listen(!strncmp(copy, "tcp:", 4) ? copy + 4 : copy, &g->unlink_path, err, errlen);
    free(copy);
    g->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (g->listener < 0 || g->event < 0)
        return false;
    m->gdb = the_stub = g;
    if (g->unlink_path)
        atexit(at_exit);
    int rc = pthread_create(&id, NULL, serve, g);
    if (rc)
        snprintf(err, errlen, "no thread for gdb: %s", strerror(rc));
    return !rc;
}
