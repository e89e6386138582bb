/* Calls by entries of a linkage table, which a translator may make part of the code that calls them: where such a call goes, what it leaves in
 * x16 and x17, a fault in it, an entry that changes, under a thread that calls it too. linkage.expect: what the architecture
 * promises. With an argument: one call, its result the status (tests/suites/pcache.py edits the entry in the file).
 * TEST: native=no */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

struct result { uint64_t x0, x16, x17, x30; };
extern uint32_t entry_a[4], entry_b[4];
extern void *slot_a, *slot_b;
int64_t call(struct result *r);
void f(void), g(void), behind(void);

asm(".pushsection .data\n .balign 65536\n .globl slot_a, slot_b\n"
    "slot_a: .xword f\n slot_b: .xword g\n .balign 65536\n .popsection\n"
    ".text\n .balign 65536\n .ascii \"LINKLINKLINKLINK\"\n .globl entry_a, entry_b, call, f, g, behind\n"
    "entry_a: adrp x16, slot_a\n ldr x17, [x16, #:lo12:slot_a]\n add x16, x16, #:lo12:slot_a\n br x17\n"
    "entry_b: adrp x16, slot_b\n ldr x17, [x16, #:lo12:slot_b]\n add x16, x16, #:lo12:slot_b\n br x17\n"
    ".balign 65536\n"
    "call: stp x29, x30, [sp, #-32]!\n str x0, [sp, #16]\n mov x16, #0\n mov x17, #0\n"
    "bl entry_a\n"
    "behind: ldr x1, [sp, #16]\n stp x0, x16, [x1]\n stp x17, x2, [x1, #16]\n ldp x29, x30, [sp], #32\n ret\n"
    "f: mov x0, #1\n mov x2, x30\n ret\n"
    "g: mov x0, #2\n mov x2, x30\n ret\n");

static uint64_t fault_pc, fault_x16, fault_x30;
static void on_fault(int signo, siginfo_t *si, void *context)
{
    ucontext_t *uc = context;
    fault_pc = uc->uc_mcontext.pc;
    fault_x16 = uc->uc_mcontext.regs[16];
    fault_x30 = uc->uc_mcontext.regs[30];
    mprotect((void *)((uintptr_t)&slot_a & ~65535ul), 65536, PROT_READ | PROT_WRITE);
}

static int64_t many(const char *what)
{
    struct result r = { 0 };
    int64_t sum = 0;
    for (int i = 0; i < 300; i++) {
        call(&r);
        sum += r.x0;
    }
    printf("%s: %ld, x16 %s, x17 %s, x30 %s\n", what, (long)sum,
           r.x16 == (uintptr_t)&slot_a ? "slot a" : r.x16 == (uintptr_t)&slot_b ? "slot b" : "wrong",
           r.x17 == (uintptr_t)f ? "f" : r.x17 == (uintptr_t)g ? "g" : "wrong", r.x30 == (uintptr_t)behind ? "right" : "wrong");
    return sum;
}

static void patch(const uint32_t *words)
{
    void *page = (void *)((uintptr_t)entry_a & ~65535ul);
    mprotect(page, 65536, PROT_READ | PROT_WRITE | PROT_EXEC);
    memcpy(entry_a, words, 16);
    __builtin___clear_cache((char *)entry_a, (char *)(entry_a + 4));
    mprotect(page, 65536, PROT_READ | PROT_EXEC);
}

static volatile int ready;
static void *until_2(void *arg)
{
    struct result r;
    do {
        call(&r);
        ready = 1;
    } while (r.x0 != 2);
    return NULL;
}

int main(int argc, char **argv)
{
    struct result r;
    uint32_t was[4];
    if (argc > 1) {
        call(&r);
        return (int)r.x0;
    }
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &sa, NULL);
    memcpy(was, entry_a, 16);
    many("as made");
    slot_a = g;
    many("another slot");
    slot_a = f;
    mprotect((void *)((uintptr_t)&slot_a & ~65535ul), 65536, PROT_NONE);
    many("fault");
    printf("at %ld, x16 %s, x30 %s\n", (long)(fault_pc - (uintptr_t)entry_a),
           fault_x16 == ((uintptr_t)&slot_a & ~4095ul) ? "right" : "wrong", fault_x30 == (uintptr_t)behind ? "right" : "wrong");
    for (int i = 0; i < 3; i++) {
        patch(entry_b);
        many("patched");
        patch(was);
        many("back");
    }
    pthread_t t;
    pthread_create(&t, NULL, until_2, NULL);
    while (!ready)
        sched_yield();
    patch(entry_b);
    pthread_join(t, NULL);
    printf("seen\n");
    return 0;
}
