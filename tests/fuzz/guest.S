/*
 * guest.S: entering and leaving a test case without reserving any guest register.
 *
 * fuzz_run loads the whole state and branches to the case's slot through x30, which the slot's first
 * instruction loads again from a literal. A case ends by branching to the first word of the code
 * area, which branches to fuzz_exit. That one parks x30 in TPIDR_EL0. A signal handler resumes at
 * fuzz_recover with the stack pointer of fuzz_run.
 */
#include "layout.h"

        .bss
        .balign 16
        .global fuzz_ctx
fuzz_ctx:                       // 0: the C code's sp, 8: struct fuzz_result *, 16: use_v
        .skip   32

        .text
        .global _start
_start: mov     x29, xzr
        mov     x0, sp
        bl      fuzz_main
        brk     #1

// long fuzz_syscall(nr, a0 .. a5)
        .global fuzz_syscall
fuzz_syscall:
        mov     x8, x0
        mov     x0, x1
        mov     x1, x2
        mov     x2, x3
        mov     x3, x4
        mov     x4, x5
        mov     x5, x6
        svc     #0
        ret

        .global fuzz_sigreturn
fuzz_sigreturn:
        mov     x8, #139
        svc     #0

// void fuzz_run(struct fuzz_case *, struct fuzz_result *, uint64_t use_v)
        .global fuzz_run
fuzz_run:
        stp     x29, x30, [sp, #-96]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        adrp    x9, fuzz_ctx
        add     x9, x9, #:lo12:fuzz_ctx
        mov     x10, sp
        stp     x10, x1, [x9]
        str     x2, [x9, #16]
        ldr     x10, =FUZZ_TPIDR
        msr     tpidr_el0, x10
        cbz     x2, 1f
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        ldr     q\n, [x0, #CASE_V + 16 * \n]
        .endr
        ldr     x10, [x0, #CASE_FPCR]
        msr     fpcr, x10
        ldr     x10, [x0, #CASE_FPSR]
        msr     fpsr, x10
1:      ldr     x10, [x0, #CASE_NZCV]
        msr     nzcv, x10
        ldr     x10, [x0, #CASE_SP]
        mov     sp, x10
        ldr     x30, [x0, #CASE_ENTRY]
        ldp     x2, x3, [x0, #16]
        ldp     x4, x5, [x0, #32]
        ldp     x6, x7, [x0, #48]
        ldp     x8, x9, [x0, #64]
        ldp     x10, x11, [x0, #80]
        ldp     x12, x13, [x0, #96]
        ldp     x14, x15, [x0, #112]
        ldp     x16, x17, [x0, #128]
        ldp     x18, x19, [x0, #144]
        ldp     x20, x21, [x0, #160]
        ldp     x22, x23, [x0, #176]
        ldp     x24, x25, [x0, #192]
        ldp     x26, x27, [x0, #208]
        ldp     x28, x29, [x0, #224]
        ldp     x0, x1, [x0]
        br      x30

        .global fuzz_exit
fuzz_exit:
        msr     tpidr_el0, x30
        adrp    x30, fuzz_ctx
        ldr     x30, [x30, #:lo12:fuzz_ctx + 8]
        add     x30, x30, #RES_X
        stp     x0, x1, [x30]
        stp     x2, x3, [x30, #16]
        stp     x4, x5, [x30, #32]
        stp     x6, x7, [x30, #48]
        stp     x8, x9, [x30, #64]
        stp     x10, x11, [x30, #80]
        stp     x12, x13, [x30, #96]
        stp     x14, x15, [x30, #112]
        stp     x16, x17, [x30, #128]
        stp     x18, x19, [x30, #144]
        stp     x20, x21, [x30, #160]
        stp     x22, x23, [x30, #176]
        stp     x24, x25, [x30, #192]
        stp     x26, x27, [x30, #208]
        stp     x28, x29, [x30, #224]
        sub     x9, x30, #RES_X
        mrs     x10, tpidr_el0
        mov     x11, sp
        str     x10, [x9, #RES_X + 240]
        str     x11, [x9, #RES_SP]
        mrs     x10, nzcv
        str     x10, [x9, #RES_NZCV]
        adrp    x11, fuzz_ctx
        add     x11, x11, #:lo12:fuzz_ctx
        ldr     x12, [x11, #16]
        cbz     x12, 2f
        mrs     x10, fpcr
        str     x10, [x9, #RES_FPCR]
        mrs     x10, fpsr
        str     x10, [x9, #RES_FPSR]
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        str     q\n, [x9, #RES_V + 16 * \n]
        .endr
        msr     fpcr, xzr
2:      ldr     x10, [x11]
        mov     sp, x10

        .global fuzz_recover
fuzz_recover:
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     x29, x30, [sp], #96
        ret
        .ltorg
        .section .note.GNU-stack, "", %progbits
