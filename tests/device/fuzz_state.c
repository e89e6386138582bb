/*
 * Fuzzer of saved state: a machine's stream with bytes of it changed, put in force, and the devices used afterwards.
 *
 *   fuzz_state [SECONDS] [SEED]    each board for that long (2), from that seed (1)
 *
 * Checksums are right, so what is changed reaches the devices. Nothing is expected but that we live: what could not be is refused, the
 * rest is the guest's own doing. Build it with ./configure --enable-asan.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "boards/boards.h"
#include "device.h"
#include "exec.h"
#include "fuzz.h"
#include "isa.h"
#include "migrate.h"
#include "migrate/vmstate.h"

enum { ACCESSES = 300, MEMORY = 16 << 20 };

static struct machine *m;
static struct mem_reader reader;

static void fatal(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* ---------------------------------------------------------------------------- channels */

struct memory { struct channel c; uint8_t *at; size_t n, room, read; };

static bool memory_write(struct channel *c, const void *from, size_t n, char *err, size_t errlen)
{
    struct memory *k = (struct memory *)c;
    if (k->n + n > k->room)
        k->at = realloc(k->at, k->room = 2 * (k->n + n));
    memcpy(k->at + k->n, from, n);
    k->n += n;
    return true;
}

static bool memory_read(struct channel *c, void *to, size_t n, char *err, size_t errlen)
{
    struct memory *k = (struct memory *)c;
    if (n > k->n - k->read) {
        snprintf(err, errlen, "the stream ends too early");
        return false;
    }
    memcpy(to, k->at + k->read, n);
    k->read += n;
    return true;
}

/* The records of the machine as it is. */
static uint8_t *records(size_t *n)
{
    struct memory k = { .c = { memory_write, memory_read, NULL } };
    struct ram ram;
    char err[256];
    struct stream *s = ram_find(&ram, m, err, sizeof err) ? stream_new_writer(&k.c, STREAM_PLAIN, 0, 0, err, sizeof err) : NULL;
    if (!s || !m->parts->stand_still(m, err, sizeof err))
        fatal(err);
    vmstate_put_head(m, &ram, s);
    vmstate_put_state(m, s, true);
    stream_finish(s);
    stream_free(s);
    ram_free(&ram);
    /* Heads of 32 bytes for the stream, 16 for each block (docs/migration.md). */
    uint8_t *out = malloc(k.n);
    *n = 0;
    for (size_t at = 32; at < k.n;) {
        uint32_t bytes;
        memcpy(&bytes, k.at + at, 4);
        memcpy(out + *n, k.at + at + 16, bytes);
        *n += bytes;
        at += 16 + bytes;
    }
    free(k.at);
    return out;
}

/* ----------------------------------------------------------------------------- machines */

static void plug(const char *text)
{
    char err[256];
    if (!device_add(m, text, err, sizeof err))
        fatal(err);
}

static void *run_loop(void *arg)
{
    loop_run(m->loop);
    return NULL;
}

static void make(const char *gic, const char *el)
{
    static struct board_config c = { .ncpus = 2, .max_cpus = 2, .sockets = 1, .clusters = 1, .cores = 2, .threads = 1, .memory = MEMORY };
    static struct cpu_model model;
    char err[256] = "";
    if (isa_aarch64.guest->parse_cpu("max", &model, err, sizeof err))
        fatal(err);
    struct machine_config mc = { .isa = &isa_aarch64, .model = &model, .cache_size = 8 << 20 };
    machine_lock_enter();
    if (!(m = machine_new(&mc, err, sizeof err)))
        fatal(err);
    m->config = &c;
    m->reset_devices = devices_reset;
    m->parts = &device_parts;
    m->no_shutdown = true;
    physmem_reader_add(m->memory, &reader);
    const struct board *b = boards;
    while (strcmp(b->name, "virt") != 0)
        b++;
    struct device *d = device_new_type(m, b->type, err, sizeof err);
    if (!d || !device_set(d, "gic-version", gic, err, sizeof err) || !device_set(d, "virtualization", el, err, sizeof err) ||
        !device_set(d, "secure", el, err, sizeof err) || !device_realize(d, NULL, err, sizeof err))
        fatal(err);
    plug("virtio-rng-pci");
    plug("virtio-rng-device,packed=on");
    plug("virtio-serial-pci,id=serial");
    plug("virtconsole,bus=serial.0");
    plug("virtio-net-pci,mq=on");
    plug("virtio-net-device");
    plug("virtio-balloon-pci");
    plug("e1000");
    plug("nvme,serial=s");
    plug("virtio-scsi-pci");
    plug("pcie-root-port,id=port");
    plug("virtio-rng-pci,bus=port");
    if (b->complete && !b->complete(d, err, sizeof err))
        fatal(err);
    machine_lock_leave();
}

static void reset(void)
{
    devices_reset(m);
    for (unsigned k = 0; k < m->nvcpus; k++)
        m->isa->reset(m->vcpus[k]);
}

/* ------------------------------------------------------------------------------- rounds */

static uint64_t value(void)
{
    static const uint64_t odd[] = { 0, 1, ~0ull, 0x80000000, 0xffff, 0x40000000, 0x40ff0000, 1ull << 63 };
    return one_in(2) ? odd[below(sizeof odd / sizeof *odd)] : one_in(2) ? below(300) : rnd();
}

static void mutate(uint8_t *at, size_t n)
{
    for (unsigned k = 1 + below(one_in(2) ? 3 : 60); k; k--) {
        size_t where = rnd() % n, bytes = 1u << below(4);
        uint64_t v = value();
        if (one_in(3))
            at[where] ^= (uint8_t)(1u << below(8));
        else if (bytes <= n - where)
            memcpy(at + where, &v, bytes);
    }
}

static void use(void)
{
    static const struct { gpa_t at; uint64_t size; } places[] = {
        { 0x08000000, 0x200000 }, { 0x09000000, 0x1000 }, { 0x09010000, 0x1000 }, { 0x09020000, 0x20 }, { 0x09030000, 0x1000 }, { 0x09080000, 0x100 },
        { 0x0a000000, 0x4000 }, { 0x10000000, 0x100000 }, { 0x4010000000, 0x100000 }, { 0x8000000000, 0x100000 }, { 0, 0x8000000 },
    };
    for (unsigned k = 0; k < ACCESSES; k++) {
        unsigned p = below(sizeof places / sizeof *places), size = 1u << below(4);
        gpa_t at = places[p].at + (rnd() % places[p].size & ~(uint64_t)(size - 1));
        uint64_t v = value();
        if (one_in(2))
            physmem_load(m->memory, &reader, at, size, &v, MEM_CPU);
        else
            physmem_store(m->memory, &reader, at, size, v, MEM_CPU);
    }
}

static bool one_round(const uint8_t *good, size_t n)
{
    struct memory k = { .c = { memory_write, memory_read, NULL } };
    char err[256] = "";
    bool running, done = false;
    uint8_t *bad = malloc(n);
    memcpy(bad, good, n);
    mutate(bad, n);
    struct stream *s = stream_new_writer(&k.c, STREAM_PLAIN, 0, 0, err, sizeof err);
    stream_put(s, bad, n - one_in(50) * below((unsigned)n));
    stream_finish(s);
    stream_free(s);
    machine_lock_enter();
    m->state = MACHINE_PAUSED;
    clock_run(m->loop, false);
    reset();
    if ((s = stream_new_reader(&k.c, err, sizeof err))) {
        done = vmstate_get(m, s, true, &running);
        stream_free(s);
    }
    m->state = done ? MACHINE_RUNNING : MACHINE_PAUSED;
    clock_run(m->loop, done);
    machine_lock_leave();
    if (done)
        use();
    free(k.at);
    free(bad);
    return done;
}

static void fuzz(const char *gic, const char *el, double time, uint64_t seed)
{
    pthread_t thread;
    size_t n;
    unsigned rounds = 0, loaded = 0;
    make(gic, el);
    machine_lock_enter();
    reset();
    uint8_t *good = records(&n);
    machine_lock_leave();
    pthread_create(&thread, NULL, run_loop, NULL);
    for (double end = seconds() + time; seconds() < end; rounds++, seed++) {
        now_seed = seed;
        state = seed * 0x9e3779b97f4a7c15ull | 1;
        alarm(60);
        loaded += one_round(good, n);
    }
    alarm(0);
    printf("%s: %u rounds, %u states taken, %zu bytes\n", now_name, rounds, loaded, n);
    free(good);
    if (!loaded)
        fatal("no state was taken at all");
    machine_lock_enter();
    m->state = MACHINE_PAUSED;
    loop_quit(m->loop);
    machine_lock_leave();
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    double time = argc > 1 ? atof(argv[1]) : 2;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    log_file = stderr;
    signal(SIGSEGV, crashed);
    signal(SIGABRT, crashed);
    signal(SIGALRM, crashed);
    /* One machine a process: its lock, and its backends, are there once. */
    static const char *const boards_of[][3] = { { "state of gic-version=3", "3", "on" }, { "state of gic-version=2", "2", "off" } };
    unsigned which = argc > 3 ? (unsigned)atoi(argv[3]) : ~0u;
    int status = 0;
    for (unsigned k = 0; k < 2; k++) {
        if (which != ~0u && which != k)
            continue;
        fflush(stdout);
        pid_t child = fork();
        if (!child) {
            now_name = boards_of[k][0];
            fuzz(boards_of[k][1], boards_of[k][2], time, seed);
            exit(0);
        }
        int s = 1;
        while (waitpid(child, &s, 0) < 0 && errno == EINTR)
            ;
        status |= s;
    }
    return status != 0;
}
