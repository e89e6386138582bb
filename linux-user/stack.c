/*
 * The stack of a new process: argument strings, auxiliary vector, pointers, as Linux lays them out
 * (fs/exec.c, create_elf_tables in fs/binfmt_elf.c, arch/arm64/include/asm/elf.h of Linux 6.1).
 *
 * From the top: a null word, the program's file name, the environment, the arguments, platform name
 * and random bytes; then, 16-byte aligned at argc, argc argv envp auxv.
 */
#include <elf.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>
#include "mem.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

/* STACK_FIRST: what a growing stack has at first; STACK_ROOM: how far it may grow at least. */
enum { STACK_GAP = 1 << 20, STACK_LEFT = 128 << 10, STACK_FIRST = 33 * GUEST_PAGE,
       STACK_ROOM = 128 << 20 };

static size_t strings_size(char **v, size_t *count)
{
    size_t bytes = 0;

    for (*count = 0; v[*count]; ++*count)
        bytes += strlen(v[*count]) + 1;
    return bytes;
}

/* Copies strings to guest address at; their addresses go to out, which is ended by 0. */
static uint64_t put_strings(struct process *p, uint64_t at, char **v, uint64_t *out)
{
    for (; *v; v++) {
        size_t n = strlen(*v) + 1;
        user_write(p, at, *v, n);
        *out++ = at;
        at += n;
    }
    *out = 0;
    return at;
}

/* The first stack grows as it is used, by the host's kernel; the rest of the zone keeps clear of where
 * it may grow to. One of a size of its own (-s), a tiny one, and one in a reserved range is mapped as a
 * whole. */
int stack_map(struct process *p)
{
    struct mm *mm = p->mm;
    int prot = PROT_READ | PROT_WRITE | (mm->exec_stack ? PROT_EXEC : 0);
    bool grows = !p->stack_fixed && !mm->reserved;
    uint64_t size = grows ? STACK_FIRST : PAGE_UP(p->stack_size);
    uint64_t gap = p->stack_size > STACK_ROOM ? p->stack_size : STACK_ROOM;
    int64_t r = mm_map(p, 0, size, prot,
                       MAP_PRIVATE | MAP_ANONYMOUS | (grows ? MAP_GROWSDOWN : MAP_NORESERVE), -1, 0);

    if (r < 0)
        return (int)r;
    mm->stack_high = (uint64_t)r + size;
    if (!grows)
        gap = size;
    mm->stack_low = mm->stack_high - gap;
    if (mm->stack_high == mm->high) /* an overflowing stack shall meet nothing */
        mm->high = mm->stack_low - STACK_GAP;
    return 0;
}

/* Tells the host where the guest's arguments, environment and auxiliary vector are, so that ps and
 * others' /proc/PID/cmdline show the guest. Hosts that refuse show myna's. myna's own heap end
 * stays. */
static void tell_host(const struct process *p)
{
    const struct mm *mm = p->mm;
    uint64_t b = p->guest_base, heap = (uintptr_t)sbrk(0);
    struct prctl_mm_map m = {
        .start_code = mm->code_start + b, .end_code = mm->code_end + b,
        .start_data = mm->data_start + b, .end_data = mm->data_end + b,
        .start_brk = heap, .brk = heap, .start_stack = mm->stack_start + b,
        .arg_start = mm->arg_start + b, .arg_end = mm->arg_end + b,
        .env_start = mm->env_start + b, .env_end = mm->env_end + b,
        .auxv = (void *)(uintptr_t)(mm->auxv + b), .auxv_size = (uint32_t)mm->auxv_len,
        .exe_fd = ~0u,
    };

    prctl(PR_SET_MM, PR_SET_MM_MAP, &m, sizeof(m), 0);
}

int64_t stack_build(struct process *p, char **argv, char **envp, const char *execfn)
{
    struct mm *mm = p->mm;
    size_t argc, envc, platform = strlen(p->abi->platform) + 1, fn = strlen(execfn) + 1;
    size_t args = strings_size(argv, &argc), envs = strings_size(envp, &envc);
    uint64_t hwcap[2], vdso, cap_limit = p->stack_size / 4 * 3;
    uint64_t left = p->stack_size / 4 < STACK_LEFT ? p->stack_size / 4 : STACK_LEFT;
    uint8_t random[16];

    if (args + envs + (argc + envc) * 8 + fn + left > cap_limit)
        return -E2BIG;
    if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        memcpy(random, (void *)getauxval(AT_RANDOM), sizeof(random));
    p->abi->hwcap(p->model, hwcap);
    vdso = vdso_map(p);

    uint64_t at_fn = mm->stack_high - 8 - fn, at_env = at_fn - envs, at_arg = at_env - args;
    uint64_t at_platform = (at_arg & ~15ull) - 16 - ((platform + 15) & ~15ull);
    uint64_t at_random = at_platform - 16;
    const uint64_t auxv[][2] = {
        {AT_SYSINFO_EHDR, vdso},
        {AT_MINSIGSTKSZ, p->abi->minsigstksz},
        {AT_HWCAP, hwcap[0]},
        {AT_PAGESZ, GUEST_PAGE},
        {AT_CLKTCK, 100},
        {AT_PHDR, mm->phdr},
        {AT_PHENT, sizeof(Elf64_Phdr)},
        {AT_PHNUM, mm->phnum},
        {AT_BASE, mm->interp_base},
        {AT_FLAGS, 0},
        {AT_ENTRY, mm->exe_entry},
        {AT_UID, owner_auxv(p, AT_UID)},
        {AT_EUID, owner_auxv(p, AT_EUID)},
        {AT_GID, owner_auxv(p, AT_GID)},
        {AT_EGID, owner_auxv(p, AT_EGID)},
        {AT_SECURE, owner_auxv(p, AT_SECURE)},
        {AT_RANDOM, at_random},
        {AT_HWCAP2, hwcap[1]},
        {AT_EXECFN, at_fn},
        {AT_PLATFORM, at_platform},
        {AT_NULL, 0},
    };
    size_t skip = vdso ? 0 : 1; /* without a vDSO the entry is absent */
    size_t auxn = sizeof(auxv) / sizeof(*auxv) - skip;
    size_t words = 1 + argc + 1 + envc + 1 + auxn * 2;
    uint64_t sp = (at_random - words * 8) & ~15ull;
    uint64_t *w = malloc(words * 8);

    if (!w)
        return -ENOMEM;
    w[0] = argc;
    put_strings(p, at_arg, argv, w + 1);
    put_strings(p, at_env, envp, w + 1 + argc + 1);
    memcpy(w + 1 + argc + 1 + envc + 1, auxv + skip, auxn * 16);
    user_write(p, at_fn, execfn, fn);
    user_write(p, at_platform, p->abi->platform, platform);
    user_write(p, at_random, random, sizeof(random));
    int r = user_write(p, sp, w, words * 8);
    free(w);
    mm->arg_start = at_arg;
    mm->arg_end = mm->env_start = at_env;
    mm->env_end = at_fn;
    mm->auxv = sp + (words - auxn * 2) * 8;
    mm->auxv_len = auxn * 16;
    mm->stack_start = sp;
    tell_host(p);
    return r < 0 ? r : (int64_t)sp;
}
