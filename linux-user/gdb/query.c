/*
 * Packets that begin with q and Q: what the stub can do, lists of threads, and the objects of qXfer
 * (target description, auxiliary vector, program, threads, siginfo). Source: the gdb manual, "General Query
 * Packets".
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "gdb/stub.h"
#include "guest_signal.h"

/* ------------------------------------------------------------------ objects */

struct object {
    char *data;   /* malloc'd or NULL */
    size_t len;
};

static void thread_name(pid_t tid, char *name, size_t size)
{
    char path[64];
    ssize_t n = 0;

    snprintf(path, sizeof path, "/proc/self/task/%d/comm", (int)tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, name, size - 1);
        close(fd);
    }
    name[n > 0 ? n : 0] = 0;
    name[strcspn(name, "\n")] = 0;
}

/* Text of an attribute. */
static void put_attribute(FILE *f, const char *s)
{
    for (; *s; s++)
        if (strchr("&<>\"'", *s) || (unsigned char)*s < ' ' || (unsigned char)*s > '~')
            fprintf(f, "&#%u;", (unsigned char)*s < ' ' ? '?' : (unsigned char)*s);
        else
            fputc(*s, f);
}

static struct object threads_object(struct gdb *g)
{
    struct object o = {NULL, 0};
    FILE *f = open_memstream(&o.data, &o.len);
    char name[64];

    if (f == NULL)
        return o;
    fputs("<?xml version=\"1.0\"?><threads>", f);
    for (struct thread *t = g->p->threads; t != NULL; t = t->next) {
        if (t->tid == 0 || gdb_of(t) == NULL)
            continue;
        thread_name(t->tid, name, sizeof name);
        if (g->multiprocess)
            fprintf(f, "<thread id=\"p%x.%x\" name=\"", (unsigned)getpid(), (unsigned)t->tid);
        else
            fprintf(f, "<thread id=\"%x\" name=\"", (unsigned)t->tid);
        put_attribute(f, name);
        fputs("\"/>", f);
    }
    fputs("</threads>", f);
    fclose(f);
    return o;
}

static struct object copy_of(const void *data, size_t len)
{
    struct object o = {malloc(len + 1), len};

    if (o.data != NULL)
        memcpy(o.data, data, len);
    return o;
}

static struct object make_object(struct gdb *g, const char *kind, const char *annex)
{
    struct object o = {NULL, 0};
    struct thread *t = gdb_find(g, g->current);

    if (!strcmp(kind, "features") && !strcmp(annex, "target.xml")) {
        o.data = target_describe(g->p->abi->gdb);
        o.len = o.data ? strlen(o.data) : 0;
    } else if (!strcmp(kind, "auxv")) {
        o.data = malloc(g->p->mm->auxv_len + 1);
        if (o.data != NULL)
            o.len = gdb_read_memory(g, g->p->mm->auxv, o.data, g->p->mm->auxv_len);
    } else if (!strcmp(kind, "exec-file")) {
        o = copy_of(g->p->exe, strlen(g->p->exe));
    } else if (!strcmp(kind, "threads")) {
        o = threads_object(g);
    } else if (!strcmp(kind, "siginfo") && t != NULL && t->gdb->info.si_signo != 0) {
        o = copy_of(&t->gdb->info, sizeof t->gdb->info);
    }
    return o;
}

/* "features:read:target.xml:0,fff" */
static void transfer(struct gdb *g, char *s)
{
    char *field[4], *save;
    unsigned n = 0;

    for (char *w = s; n < 4 && w != NULL; w = save) {
        save = strchr(w, ':');
        if (save != NULL && n < 3)
            *save++ = 0;
        else
            save = NULL;
        field[n++] = w;
    }
    if (n < 4 || strcmp(field[1], "read"))
        return;
    const char *at = field[3];
    uint64_t offset = gdb_parse_hex(&at), len = *at == ',' ? (at++, gdb_parse_hex(&at)) : 0;
    struct object o = make_object(g, field[0], field[2]);

    if (o.data == NULL) {
        gdb_put(g, "E01");
        return;
    }
    if (offset > o.len)
        offset = o.len;
    if (len > o.len - offset)
        len = o.len - offset;
    if (len > GDB_PACKET / 2 - 16)
        len = GDB_PACKET / 2 - 16;
    gdb_put_byte(g, offset + len < o.len ? 'm' : 'l');
    gdb_put_escaped(g, o.data + offset, len);
    free(o.data);
}

/* ------------------------------------------------------------------ threads */

/* The thread after g->at_thread in the order of creation. */
static void list_threads(struct gdb *g, bool first)
{
    struct thread *last = first ? NULL : gdb_find(g, g->at_thread), *next = NULL;

    for (struct thread *t = g->p->threads; t != NULL && t != last; t = t->next)
        if (t->tid != 0)
            next = t;
    if (next == NULL || (!first && (last == NULL || last->tid != g->at_thread))) {
        gdb_put(g, "l");
        return;
    }
    g->at_thread = next->tid;
    gdb_put(g, "m");
    gdb_put_thread(g, next->tid);
}

static void extra_info(struct gdb *g, const char *s)
{
    pid_t tid = gdb_parse_thread(g, &s);
    char name[64];

    if (tid <= 0 || gdb_find(g, tid) == NULL) {
        gdb_put(g, "E03");
        return;
    }
    thread_name(tid, name, sizeof name);
    gdb_put_hex(g, name, strlen(name));
}

/* -------------------------------------------------------------- thread-local storage */

/* glibc describes the fields of its structures to debuggers (nptl_db): size in bits, number, offset. */
#define MODID_FIELD "_thread_db_link_map_l_tls_modid"

/* "qSymbol::" is an offer, "qSymbol:VALUE:NAME" an answer. */
static void symbol(struct gdb *g, const char *s)
{
    if (*s != ':' && !g->modid_field)
        g->modid_field = gdb_parse_hex(&s);
    if (*s == ':' && !s[1] && !g->modid_field) {
        gdb_put(g, "qSymbol:");
        gdb_put_hex(g, MODID_FIELD, sizeof MODID_FIELD - 1);
    } else {
        gdb_put(g, "OK");
    }
}

/* "THREAD,OFFSET,MODULE": module is the address of glibc's struct link_map, 0 of a static program. The thread's block
 * of that module is in its vector (dtv), two words a module, if the thread has used it. */
static void tls_address(struct gdb *g, const char *s)
{
    struct thread *t = gdb_find(g, gdb_parse_thread(g, &s));
    uint64_t offset = *s == ',' ? (s++, gdb_parse_hex(&s)) : 0, module = *s == ',' ? (s++, gdb_parse_hex(&s)) : 0;
    uint64_t number = 1, dtv, block = 0;
    uint32_t field[3];

    if (t == NULL || g->p->abi->gdb->dtv == NULL || (module && !g->modid_field)) {
        gdb_put(g, "E01");
        return;
    }
    if (module && (gdb_read_memory(g, g->modid_field, field, sizeof field) != sizeof field ||
                   gdb_read_memory(g, module + field[2], &number, 8) != 8))
        number = 0;
    if (number - 1 < 1 << 20 && gdb_read_memory(g, g->p->abi->gdb->dtv(t->cpu), &dtv, 8) == 8 &&
        gdb_read_memory(g, dtv + number * 16, &block, 8) == 8 && block && ~block)
        gdb_putf(g, "%llx", (unsigned long long)(block + offset));
    else
        gdb_put(g, "E02");
}

/* ------------------------------------------------------------------ features */

static void supported(struct gdb *g, const char *s)
{
    g->multiprocess = strstr(s, "multiprocess+") != NULL;
    g->swbreak = strstr(s, "swbreak+") != NULL;
    g->hwbreak = strstr(s, "hwbreak+") != NULL;
    g->exec_events = strstr(s, "exec-events+") != NULL;
    gdb_putf(g, "PacketSize=%x;exec-events+;multiprocess+;swbreak+;hwbreak+;vContSupported+;QStartNoAckMode+;"
                "QPassSignals+;QCatchSyscalls+;qXfer:features:read+;qXfer:auxv:read+;qXfer:exec-file:read+;"
                "qXfer:threads:read+;qXfer:siginfo:read+", GDB_PACKET - 16);
}

/* "e;10;14;...": signals that gdb neither stops for nor shows. */
static void pass_signals(struct gdb *g, const char *s)
{
    g->pass_signals = 0;
    while (*s) {
        int signo = gdb_signal_host((int)gdb_parse_hex(&s));

        if (signo != 0)
            g->pass_signals |= signal_bit(signo);
        if (*s && *s++ != ';')
            break;
    }
    gdb_put(g, "OK");
}

/* "0", or "1" and the numbers of calls, all without any. */
static void catch_syscalls(struct gdb *g, const char *s)
{
    bool on = *s++ == '1';

    memset(g->catches, on && !*s ? 0xff : 0, sizeof g->catches);
    while (on && *s++ == ';') {
        uint64_t nr = gdb_parse_hex(&s);

        if (nr < GDB_CALLS)
            g->catches[nr / 64] |= 1ull << nr % 64;
    }
    gdb_put(g, "OK");
}

static bool starts(const char *s, const char *with, char **rest)
{
    size_t n = strlen(with);

    *rest = (char *)s + n;
    return !strncmp(s, with, n);
}

void gdb_query(struct gdb *g, char *s)
{
    char *rest;

    if (starts(s, "qSupported", &rest)) {
        supported(g, rest);
    } else if (!strcmp(s, "QStartNoAckMode")) {
        g->wire.no_ack = true;
        gdb_put(g, "OK");
    } else if (starts(s, "QPassSignals:", &rest)) {
        pass_signals(g, rest);
    } else if (starts(s, "QCatchSyscalls:", &rest)) {
        catch_syscalls(g, rest);
    } else if (starts(s, "qXfer:", &rest)) {
        transfer(g, rest);
    } else if (!strcmp(s, "qfThreadInfo") || !strcmp(s, "qsThreadInfo")) {
        list_threads(g, s[1] == 'f');
    } else if (starts(s, "qThreadExtraInfo,", &rest)) {
        extra_info(g, rest);
    } else if (!strcmp(s, "qC")) {
        struct thread *t = gdb_find(g, g->current);

        gdb_put(g, "QC");
        gdb_put_thread(g, t ? t->tid : 0);
    } else if (starts(s, "qAttached", &rest)) {
        gdb_put(g, g->suspend ? "0" : "1");
    } else if (starts(s, "qSymbol:", &rest)) {
        symbol(g, rest);
    } else if (starts(s, "qGetTLSAddr:", &rest)) {
        tls_address(g, rest);
    }
}
