/*
 * virtio-balloon, by a driver of one's own; what is expected is virtio-v1.2 §5.5: the configuration, page numbers of 4 KiB, statistics
 * by tags of 10 bytes, free pages as buffers.
 */
#include "boards/boards.h"
#include "driver.h"
#include "virtio/balloon.h"

enum { NUMBERS_AT = BUFFERS_AT, STATS_AT = BUFFERS_AT + 0x1000, PAGES_AT = BUFFERS_AT + 0x100000, PAGES = 16 };

static bool is_all(struct driver *d, gpa_t at, unsigned n, uint8_t value)
{
    for (unsigned k = 0; k < n; k++)
        if (ram(d->b, at)[k] != value)
            return false;
    return true;
}

static void set_stat(struct driver *d, unsigned k, uint16_t tag, uint64_t value)
{
    memcpy(ram(d->b, STATS_AT + 10 * k), &tag, 2);
    memcpy(ram(d->b, STATS_AT + 10 * k + 2), &value, 8);
}

int main(void)
{
    static const struct board_config config = { .memory = RAM_BYTES };
    struct bench *b = bench_new();
    uint64_t updated;
    uint32_t n;
    b->m.config = &config;
    struct driver d = { .b = b, .at = bench_virtio(b, "virtio-balloon-device,free-page-reporting=on,deflate-on-oom=on") };
    struct device *balloon = balloon_find(&b->m);
    CHECK(balloon && (offered(&d) & 0x3f) == 0x26); /* statistics, deflate on OOM, reporting */
    drive(&d, 0x26, 5, 16);
    /* The host wants 4 MiB. */
    machine_lock_enter();
    CHECK(balloon_left(balloon) == RAM_BYTES);
    balloon_set(balloon, RAM_BYTES - (4 << 20));
    machine_lock_leave();
    CHECK(reg(&d, R_CONFIG) == 1024 && (reg(&d, R_ISR) & 2) && reg(&d, R_GENERATION) == 1);
    /* Pages that follow one another, one apart, one twice, and such as are not there. */
    memset(ram(b, PAGES_AT), 0x55, PAGES << 12);
    uint32_t pages[] = { PAGES_AT >> 12, (PAGES_AT >> 12) + 1, (PAGES_AT >> 12) + 2, (PAGES_AT >> 12) + 5, (PAGES_AT >> 12) + 5, 0, ~0u, (RAM_AT + RAM_BYTES) >> 12 };
    memcpy(ram(b, NUMBERS_AT), pages, sizeof pages);
    b->ram->pages[(PAGES_AT - RAM_AT) >> 12] = 0;
    put_chain(&d, 0, 3, &(struct piece){ NUMBERS_AT, sizeof pages + 3, 0 }, 1, 0); /* and three bytes too many */
    notify(&d, 0);
    CHECK(take_used(&d, 0, &n, 1) == 3 && n == 0);
    CHECK(is_all(&d, PAGES_AT, 3 << 12, 0) && is_all(&d, PAGES_AT + (3 << 12), 2 << 12, 0x55) && is_all(&d, PAGES_AT + (5 << 12), 1 << 12, 0) &&
          is_all(&d, PAGES_AT + (6 << 12), 10 << 12, 0x55));
    CHECK(b->ram->pages[(PAGES_AT - RAM_AT) >> 12] & MEM_DIRTY);
    bench_write(b, d.at + R_CONFIG + 4, 4, 4);
    machine_lock_enter();
    CHECK(balloon_left(balloon) == RAM_BYTES - (4 << 12));
    machine_lock_leave();
    /* Taken back, and used again. */
    put_chain(&d, 1, 0, &(struct piece){ NUMBERS_AT, 16, 0 }, 1, 0);
    notify(&d, 1);
    CHECK(take_used(&d, 1, &n, 1) == 0);
    memset(ram(b, PAGES_AT), 0x66, 4096);
    CHECK(is_all(&d, PAGES_AT, 4096, 0x66));
    /* Statistics: held until new ones are wanted. */
    set_stat(&d, 0, 4, 123456);
    set_stat(&d, 1, 77, 1); /* a tag that nobody knows */
    set_stat(&d, 2, 5, RAM_BYTES);
    put_chain(&d, 2, 0, &(struct piece){ STATS_AT, 30, 0 }, 1, 0);
    notify(&d, 2);
    machine_lock_enter();
    const uint64_t *stat = balloon_stats(balloon, &updated);
    CHECK(stat[4] == 123456 && stat[5] == RAM_BYTES && stat[0] == ~0ull && updated > 1600000000);
    CHECK(peek(&d, d.q[2].device + 2, 2) == 0);
    balloon_set_interval(balloon, 1000);
    machine_lock_leave();
    CHECK(take_used(&d, 2, &n, 1) == 0 && n == 0);
    set_stat(&d, 0, 4, 99);
    put_chain(&d, 2, 0, &(struct piece){ STATS_AT, 10, 0 }, 1, 0);
    notify(&d, 2);
    machine_lock_enter();
    CHECK(stat[4] == 99 && stat[5] == ~0ull);
    machine_lock_leave();
    /* Free pages, as buffers: whole pages of them go. Linux has this queue where the one of hints would be. */
    for (unsigned q = 3; q < 5; q++) {
        memset(ram(b, PAGES_AT), 0x77, PAGES << 12);
        put_chain(&d, q, 0, (struct piece[]){ { PAGES_AT, 2 << 12, D_WRITE }, { PAGES_AT + (4 << 12) + 100, 2 << 12, D_WRITE } }, 2, 0);
        notify(&d, q);
        CHECK(take_used(&d, q, &n, 2) == 0);
        CHECK(is_all(&d, PAGES_AT, 2 << 12, 0) && is_all(&d, PAGES_AT + (2 << 12), 3 << 12, 0x77) && is_all(&d, PAGES_AT + (5 << 12), 1 << 12, 0) &&
              is_all(&d, PAGES_AT + (6 << 12), 10 << 12, 0x77));
    }
    /* A reset gives everything back to the guest. */
    set_reg(&d, R_STATUS, 0);
    machine_lock_enter();
    CHECK(balloon_left(balloon) == RAM_BYTES && balloon_stats(balloon, &updated)[4] == ~0ull && !updated);
    machine_lock_leave();
    CHECK(reg(&d, R_CONFIG) == 1024);
    bench_free(b);
    return failures != 0;
}
