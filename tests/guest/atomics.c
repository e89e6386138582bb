/* Atomic operations of 1, 2, 4 and 8 bytes, every order; compare-exchange that fails and succeeds.
 * TEST: flags=-march=armv8-a+lse, -march=armv8-a -mno-outline-atomics, -march=armv8.3-a native=no */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#define OPS(T, name)                                                                              \
    static __attribute__((noinline)) uint64_t name(_Atomic T *p, T v, T w)                        \
    {                                                                                             \
        uint64_t h = 0;                                                                           \
        h = h * 31 + atomic_load_explicit(p, memory_order_acquire);                               \
        h = h * 31 + atomic_fetch_add(p, v);                                                      \
        h = h * 31 + atomic_fetch_sub_explicit(p, w, memory_order_relaxed);                       \
        h = h * 31 + atomic_fetch_or_explicit(p, v, memory_order_release);                        \
        h = h * 31 + atomic_fetch_and_explicit(p, (T)~w, memory_order_acq_rel);                   \
        h = h * 31 + atomic_fetch_xor_explicit(p, v, memory_order_consume);                       \
        h = h * 31 + atomic_exchange(p, (T)(v * 3));                                              \
        T expect = v;                                                                             \
        h = h * 31 + atomic_compare_exchange_strong(p, &expect, w) + expect;                      \
        h = h * 31 + atomic_compare_exchange_strong(p, &expect, w) + expect;                      \
        do                                                                                        \
            expect = atomic_load(p);                                                              \
        while (!atomic_compare_exchange_weak_explicit(p, &expect, (T)(expect + 5),                \
                                                      memory_order_acq_rel, memory_order_relaxed)); \
        atomic_fetch_add(p, 1);                                                                   \
        atomic_thread_fence(memory_order_seq_cst);                                                \
        atomic_store_explicit(p, (T)(*p + 1), memory_order_release);                              \
        return h * 31 + *p;                                                                       \
    }
OPS(uint8_t, a8)
OPS(uint16_t, a16)
OPS(uint32_t, a32)
OPS(uint64_t, a64)
OPS(int8_t, s8)
OPS(int32_t, s32)

int main(void)
{
    static struct { char pad; _Atomic uint8_t b; _Atomic uint16_t h; _Atomic uint32_t w;
                    _Atomic uint64_t d; _Atomic int8_t sb; _Atomic int32_t sw; } m;
    uint64_t h = 0, seed = 3;
    for (int i = 0; i < 5000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t v = seed >> (i & 31), w = seed >> 17;
        h = h * 37 + a8(&m.b, v, w) + a16(&m.h, v, w) + a32(&m.w, v, w) + a64(&m.d, v, w);
        h = h * 37 + s8(&m.sb, v, w) + s32(&m.sw, v, w);
    }
    atomic_flag flag = ATOMIC_FLAG_INIT;
    int first = atomic_flag_test_and_set(&flag), second = atomic_flag_test_and_set(&flag);
    printf("%016llx %d %d\n", (unsigned long long)h, first, second);
    printf("%u %u %u %llu\n", m.b, m.h, m.w, (unsigned long long)m.d);
    return 0;
}
