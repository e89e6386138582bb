/*
 * struct abi of arm64: registers of system calls, process start, flags, /proc/cpuinfo.
 *
 * Registers by the procedure call standard of system calls: number in x8, arguments in x0-x5,
 * result in x0. A restart goes back by one instruction with the old x0.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>
#include "aarch64.h"
#include "gdb/gdb.h"
#include "user.h"
#include "aarch64/abi.h"

static uint64_t syscall_get(struct cpu *cpu, uint64_t args[6])
{
    for (unsigned i = 0; i < 6; i++)
        args[i] = *a64_reg(cpu, A64_X(i));
    return *a64_reg(cpu, A64_x8) & 0xffffffff;
}

static void syscall_result(struct cpu *cpu, uint64_t value)
{
    *a64_reg(cpu, A64_x0) = value;
}

static void syscall_rewind(struct cpu *cpu, uint64_t nr, uint64_t arg0)
{
    *a64_reg(cpu, A64_x8) = nr;
    *a64_reg(cpu, A64_x0) = arg0;
    cpu->pc -= 4;
}

static uint64_t get_sp(struct cpu *cpu) { return *a64_reg(cpu, A64_sp); }
static uint64_t get_fp(struct cpu *cpu) { return *a64_reg(cpu, A64_x29); }
static uint64_t get_lr(struct cpu *cpu) { return *a64_reg(cpu, A64_x30); }

static void start(struct cpu *cpu, uint64_t entry, uint64_t sp)
{
    *a64_reg(cpu, A64_sp) = sp;
    cpu->pc = entry;
}

static void clone_child(struct cpu *cpu, uint64_t sp, const uint64_t *tls)
{
    *a64_reg(cpu, A64_x0) = 0;
    if (sp)
        *a64_reg(cpu, A64_sp) = sp;
    if (tls)
        *a64_reg(cpu, A64_tpidr) = *tls;
    *a64_reg(cpu, A64_exaddr) = A64_EXCLUSIVE_NONE;
}

static bool frame_next(struct process *p, uint64_t *fp, uint64_t *pc)
{
    uint64_t record[2];

    if (!*fp || (*fp & 7) || user_read(p, record, *fp, sizeof(record)) || !record[1])
        return false;
    if (record[0] && record[0] <= *fp)
        return false; /* frames go up the stack */
    *fp = record[0];
    *pc = record[1];
    return true;
}

/* DWARF for the Arm 64-bit Architecture: 0 to 30 are x0 to x30, 31 is sp. */
static uint64_t unwind_start(struct cpu *cpu, uint64_t regs[UNWIND_REGS])
{
    memset(regs, 0, UNWIND_REGS * sizeof(*regs));
    for (unsigned i = 0; i < 31; i++)
        regs[i] = *a64_reg(cpu, A64_X(i));
    regs[31] = get_sp(cpu);
    return 0xffffffff;
}

/* Without the authentication code, of user addresses of 48 bits. */
static uint64_t return_address(uint64_t a) { return a & ~0ull >> 16; }

/* The kernel's untagged_addr: user addresses lose their top byte, others stay what no user address is. */
static uint64_t untag(uint64_t addr)
{
    return addr & 1ull << 55 ? addr : addr & ~0ull >> 8;
}

static void hwcap(const struct cpu_model *m, uint64_t cap[2])
{
    cap[0] = a64_hwcap(m);
    cap[1] = a64_hwcap2(m);
}

static int reset_keys(struct cpu *cpu, uint64_t which)
{
    const uint64_t all = 31; /* PR_PAC_APIAKEY, APIBKEY, APDAKEY, APDBKEY, APGAKEY */
    const unsigned paca = 30; /* of HWCAP */
    uint64_t key[2], cap[2];

    hwcap(thread_of(cpu)->p->model, cap);
    if (!(cap[0] >> paca & 1) || (which & ~all && which != ~0ull))
        return -EINVAL;
    for (unsigned i = 0; i < 5 && which != ~0ull; i++) {
        if (which != 0 && !(which >> i & 1))
            continue;
        if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
            return -EINVAL;
        *a64_reg(cpu, A64_keyia_lo + 2 * i) = key[0];
        *a64_reg(cpu, A64_keyia_lo + 2 * i + 1) = key[1];
    }
    return 0;
}

/* The same four bits, exchanged one by one. */
static const struct { int guest, host; } open_bits[] = {
    {A64_O_DIRECTORY, O_DIRECTORY}, {A64_O_NOFOLLOW, O_NOFOLLOW}, {A64_O_DIRECT, O_DIRECT},
    {A64_O_LARGEFILE, 0100000},
};
enum { OPEN_BITS_GUEST = A64_O_DIRECTORY | A64_O_NOFOLLOW | A64_O_DIRECT | A64_O_LARGEFILE,
       OPEN_BITS_HOST = O_DIRECTORY | O_NOFOLLOW | O_DIRECT | 0100000 };

static int open_flags_to_host(int guest)
{
    int host = guest & ~OPEN_BITS_GUEST;

    for (size_t i = 0; i < sizeof(open_bits) / sizeof(*open_bits); i++)
        if (guest & open_bits[i].guest)
            host |= open_bits[i].host;
    return host;
}

static int open_flags_from_host(int host)
{
    int guest = host & ~OPEN_BITS_HOST;

    for (size_t i = 0; i < sizeof(open_bits) / sizeof(*open_bits); i++)
        if (host & open_bits[i].host)
            guest |= open_bits[i].guest;
    return guest;
}

static void stat_from_host(const struct stat *st, void *out)
{
    *(struct a64_stat *)out = (struct a64_stat){
        .st_dev = st->st_dev, .st_ino = st->st_ino, .st_mode = st->st_mode,
        .st_nlink = (uint32_t)st->st_nlink, .st_uid = st->st_uid, .st_gid = st->st_gid,
        .st_rdev = st->st_rdev, .st_size = st->st_size, .st_blksize = (int32_t)st->st_blksize,
        .st_blocks = st->st_blocks,
        .st_atime_ = st->st_atim.tv_sec, .st_atime_nsec = st->st_atim.tv_nsec,
        .st_mtime_ = st->st_mtim.tv_sec, .st_mtime_nsec = st->st_mtim.tv_nsec,
        .st_ctime_ = st->st_ctim.tv_sec, .st_ctime_nsec = st->st_ctim.tv_nsec,
    };
}

static void stat_to_host(const void *in, struct stat *st)
{
    const struct a64_stat *s = in;

    *st = (struct stat){ .st_mode = s->st_mode, .st_size = s->st_size, .st_rdev = s->st_rdev };
}

/* Names of AT_HWCAP and AT_HWCAP2 bits as /proc/cpuinfo shows them
 * (arch/arm64/kernel/cpuinfo.c). */
static const char *const hwcap_names[2][64] = {
    {"fp", "asimd", "evtstrm", "aes", "pmull", "sha1", "sha2", "crc32", "atomics", "fphp",
     "asimdhp", "cpuid", "asimdrdm", "jscvt", "fcma", "lrcpc", "dcpop", "sha3", "sm3", "sm4",
     "asimddp", "sha512", "sve", "asimdfhm", "dit", "uscat", "ilrcpc", "flagm", "ssbs", "sb",
     "paca", "pacg"},
    {"dcpodp", "sve2", "sveaes", "svepmull", "svebitperm", "svesha3", "svesm4", "flagm2",
     "frint", "svei8mm", "svef32mm", "svef64mm", "svebf16", "i8mm", "bf16", "dgh", "rng", "bti",
     "mte", "ecv", "afp", "rpres", "mte3", "sme", "smei16i64", "smef64f64", "smei8i32",
     "smef16f32", "smeb16f32", "smef32f32", "smefa64", "wfxt", "ebf16", "sveebf16", "cssc",
     "rprfm", "sve2p1", "sme2", "sme2p1", "smei16i32", "smebi32i32", "smeb16b16", "smef16f16",
     "mops", "hbc"},
};

static char *cpuinfo(struct process *p, size_t *len)
{
    char *text = NULL;
    uint64_t cap[2], midr = p->model->options[A64_OPT_MIDR];
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    FILE *f = open_memstream(&text, len);

    if (!f)
        return NULL;
    hwcap(p->model, cap);
    for (long i = 0; i < cpus; i++) {
        fprintf(f, "processor\t: %ld\nBogoMIPS\t: 100.00\nFeatures\t:", i);
        for (unsigned w = 0; w < 2; w++)
            for (unsigned b = 0; b < 64; b++)
                if (cap[w] >> b & 1 && hwcap_names[w][b])
                    fprintf(f, " %s", hwcap_names[w][b]);
        fprintf(f, "\nCPU implementer\t: 0x%02x\nCPU architecture: 8\nCPU variant\t: 0x%x\n"
                "CPU part\t: 0x%03x\nCPU revision\t: %u\n\n",
                (unsigned)(midr >> 24 & 0xff), (unsigned)(midr >> 20 & 15),
                (unsigned)(midr >> 4 & 0xfff), (unsigned)(midr & 15));
    }
    return fclose(f) ? NULL : text;
}

static uint64_t cpu_id(const struct process *p)
{
    return p->model->options[A64_OPT_MIDR];
}

const struct abi abi_aarch64 = {
    .guest = &guest_aarch64,
    .machine = "aarch64",
    .platform = "aarch64",
    .sysroot = "/usr/aarch64-linux-gnu",
    .column = 0,
    .insn_len = 4,
    .minsigstksz = A64_MINSIGSTKSZ,
    .stat_size = sizeof(struct a64_stat),
    .syscall_get = syscall_get,
    .syscall_result = syscall_result,
    .syscall_rewind = syscall_rewind,
    .get_sp = get_sp,
    .get_fp = get_fp,
    .get_lr = get_lr,
    .start = start,
    .clone_child = clone_child,
    .frame_next = frame_next,
    .hwcap = hwcap,
    .open_flags_to_host = open_flags_to_host,
    .open_flags_from_host = open_flags_from_host,
    .unwind_start = unwind_start, .unwind_sp = 31, .unwind_fp = 29, .return_address = return_address,
    .untag = untag,
    .stat_from_host = stat_from_host,
    .stat_to_host = stat_to_host,
    .reset_keys = reset_keys,
    .cpuinfo = cpuinfo,
    .cpu_id = cpu_id,
    .gdb = &gdb_target_aarch64,
};
