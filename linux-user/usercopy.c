/*
 * Access to guest memory from system call handlers.
 *
 * The copy runs in one assembly routine with a known PC range: a fault inside it (unmapped page,
 * file truncated under a mapping, an address that is no address) is sent by user_fault_fixup to its
 * end, where the bytes left over are the result. No table is consulted, so a copy costs little more
 * than memcpy, and memory that another thread unmaps meanwhile is no danger.
 *
 * Nothing here knows of the guest's PROT_EXEC or of mappings; a write to a read-only page is
 * -EFAULT.
 */
#include <stdlib.h>
#include "user.h"

/* Returns the number of bytes not done. */
size_t usercopy_move(void *to, const void *from, size_t n);
size_t usercopy_set(void *to, int byte, size_t n);
extern const char usercopy_begin[], usercopy_fail[], usercopy_end[];

asm(".pushsection .text\n"
    ".globl usercopy_move, usercopy_set\n"
    ".hidden usercopy_move, usercopy_set\n"
    ".p2align 4\n"
    "usercopy_begin:\n"
    "usercopy_move:\n"
    "    mov %rdx, %rcx\n"
    "    cmp $256, %rcx\n"
    "    jae 4f\n"
    "    jmp 2f\n"
    "1:  mov (%rsi), %rax\n"
    "    mov %rax, (%rdi)\n"
    "    add $8, %rsi\n"
    "    add $8, %rdi\n"
    "    sub $8, %rcx\n"
    "2:  cmp $8, %rcx\n"
    "    jae 1b\n"
    "    test %rcx, %rcx\n"
    "    jz 5f\n"
    "3:  mov (%rsi), %al\n"
    "    mov %al, (%rdi)\n"
    "    inc %rsi\n"
    "    inc %rdi\n"
    "    dec %rcx\n"
    "    jnz 3b\n"
    "5:  xor %eax, %eax\n"
    "    ret\n"
    "4:  rep movsb\n"
    "    mov %rcx, %rax\n"
    "    ret\n"
    "usercopy_set:\n"
    "    mov %esi, %eax\n"
    "    mov %rdx, %rcx\n"
    "    rep stosb\n"
    "usercopy_fail:\n"
    "    mov %rcx, %rax\n"
    "    ret\n"
    "usercopy_end:\n"
    ".popsection\n");

bool user_fault_fixup(ucontext_t *uc)
{
    greg_t *pc = &uc->uc_mcontext.gregs[REG_RIP];

    if ((uintptr_t)*pc < (uintptr_t)usercopy_begin || (uintptr_t)*pc >= (uintptr_t)usercopy_end)
        return false;
    *pc = (greg_t)(uintptr_t)usercopy_fail;
    return true;
}

int user_read(const struct process *p, void *to, uint64_t from, size_t n)
{
    return usercopy_move(to, g2h(p, from), n) ? -EFAULT : 0;
}

int user_write(const struct process *p, uint64_t to, const void *from, size_t n)
{
    return usercopy_move(g2h(p, to), from, n) ? -EFAULT : 0;
}

int user_fill(const struct process *p, uint64_t to, uint8_t byte, size_t n)
{
    return usercopy_set(g2h(p, to), byte, n) ? -EFAULT : 0;
}

long user_string(const struct process *p, uint64_t from, char *buf, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t n = GUEST_PAGE - ((from + done) & GUEST_PAGE_MASK);
        if (n > size - done)
            n = size - done;
        if (n > 128)
            n = 128;
        if (user_read(p, buf + done, from + done, n))
            return -EFAULT;
        char *nul = memchr(buf + done, 0, n);
        if (nul)
            return nul - buf;
        done += n;
    }
    return -ENAMETOOLONG;
}

int user_iov(const struct process *p, uint64_t addr, uint64_t count, struct iovec *local,
             struct iovec **out)
{
    *out = local;
    if (count > IOV_MAX)
        return -EINVAL;
    if (count > USER_FASTIOV) {
        *out = malloc(count * sizeof(**out));
        if (!*out) {
            *out = local;
            return -ENOMEM;
        }
    }
    if (user_read(p, *out, addr, count * sizeof(**out))) {
        user_iov_free(local, *out);
        *out = local;
        return -EFAULT;
    }
    if (user_converts(p))
        for (uint64_t i = 0; i < count; i++)
            (*out)[i].iov_base = g2h(p, (uintptr_t)(*out)[i].iov_base);
    return (int)count;
}

void user_iov_free(struct iovec *local, struct iovec *iov)
{
    if (iov != local)
        free(iov);
}
