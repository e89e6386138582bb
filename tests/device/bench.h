/*
 * A bench for devices: a machine without processors, with memory, an event loop in a thread of its own, and whatever
 * devices a test makes. Accesses go the way that a CPU's do (physmem_load, physmem_store).
 */
#ifndef MYNA_TEST_DEVICE_BENCH_H
#define MYNA_TEST_DEVICE_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "block/aio.h"
#include "block/block.h"
#include "device.h"
#include "exec.h"
#include "net/net.h"
#include "virtio/mmio.h"

enum { RAM_AT = 0x40000000, RAM_BYTES = 16 << 20, SLOT_AT = 0x0a000000 };

struct bench {
    struct machine m;
    struct mem_reader cpu; /* of the thread that makes accesses */
    struct mem_region *ram;
    pthread_t thread;
    unsigned nslots;
    bool line[64];         /* outputs of slots */
};

static __attribute__((unused)) unsigned failures;
#define CHECK(what) \
    do { \
        if (!(what)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
            failures++; \
        } \
    } while (0)

static inline void set_line(void *to, unsigned input, bool up) { ((struct bench *)to)->line[input] = up; }

static void *bench_loop(void *b)
{
    loop_run(((struct bench *)b)->m.loop);
    return NULL;
}

static inline void die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static inline struct bench *bench_new(void)
{
    struct bench *b = calloc(1, sizeof *b);
    int rc;
    log_file = stderr;
    b->m.loop = loop_new();
    b->m.memory = physmem_new(NULL, NULL);
    b->ram = mem_new_ram("ram", RAM_BYTES, MEM_RAM, &rc);
    if (!b->m.loop || !b->m.memory || !b->ram || !physmem_map(b->m.memory, b->ram, RAM_AT, 0, RAM_BYTES, 0))
        die("no memory");
    physmem_reader_add(b->m.memory, &b->m.reader);
    physmem_reader_add(b->m.memory, &b->cpu);
    clock_run(b->m.loop, true);
    b->m.state = MACHINE_RUNNING;
    pthread_create(&b->thread, NULL, bench_loop, b);
    return b;
}

static inline void bench_free(struct bench *b)
{
    machine_lock_enter();
    loop_quit(b->m.loop);
    machine_lock_leave();
    pthread_join(b->thread, NULL);
    machine_lock_enter();
    devices_free(&b->m);
    netdevs_close();
    blocks_close();
    aio_attach(NULL); /* the next machine's loop may be at the same place */
    machine_lock_leave();
    physmem_free(b->m.memory);
    mem_free(b->ram);
    loop_free(b->m.loop);
    free(b);
}

static inline uint64_t bench_read(struct bench *b, gpa_t at, unsigned size)
{
    uint64_t v = 0;
    physmem_load(b->m.memory, &b->cpu, at, size, &v, MEM_CPU);
    return v;
}
static inline void bench_write(struct bench *b, gpa_t at, unsigned size, uint64_t v)
{
    physmem_store(b->m.memory, &b->cpu, at, size, v, MEM_CPU);
}
static inline uint8_t *ram(struct bench *b, gpa_t at) { return b->ram->host + (at - RAM_AT); }

/* A virtio device in a slot of its own: text as of -device. Returns the slot's address. */
static inline gpa_t bench_virtio(struct bench *b, const char *text)
{
    char err[256], number[12];
    machine_lock_enter();
    struct device *s = device_new(&b->m, "virtio-mmio", err, sizeof err);
    snprintf(number, sizeof number, "%u", b->nslots);
    gpa_t at = SLOT_AT + VIRTIO_MMIO_SIZE * b->nslots;
    if (!s || !device_set(s, "number", number, err, sizeof err) || !device_realize(s, NULL, err, sizeof err) || !device_map(s, 0, at))
        die(err);
    device_connect(s, 0, (struct irq){ set_line, b, b->nslots++ }, 0);
    if (!device_add(&b->m, text, err, sizeof err))
        die(err);
    devices_reset(&b->m);
    machine_lock_leave();
    return at;
}

/* An image of n bytes, in a file that is gone when the machine is; -drive with these words. */
static inline void bench_drive(const char *file, const char *words, const void *bytes, size_t n)
{
    char text[512], err[256];
    FILE *f = fopen(file, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f))
        die(file);
    snprintf(text, sizeof text, "file=%s,format=raw,if=none%s", file, words);
    machine_lock_enter();
    if (!block_drive_option(text, err, sizeof err))
        die(err);
    machine_lock_leave();
    unlink(file);
}

static inline void pause_ms(unsigned ms) { nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000l }, NULL); }

#endif
