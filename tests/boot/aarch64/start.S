/*
 * Entry, vectors and changes of exception level of bare-metal guests (lib.h).
 *
 * An Image header comes first, so that a boot loader of Linux takes the program; as an ELF file it starts at the highest
 * level. The vectors of all levels are alike: registers into a struct trap on the level's own stack, trap_taken(), back.
 */
    .section .text.head, "ax"
    .globl _start, enter_cpu
_start:
    b 1f
    .long 0
    .quad 0x80000               /* text_offset */
    .quad _size                  /* image_size */
    .quad 0xa                   /* flags: little endian, 4K */
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0
1:  mov x21, x0
    adrp x1, _bss
    add x1, x1, :lo12:_bss
    ldr x2, =_end
2:  stp xzr, xzr, [x1], #16
    cmp x1, x2
    b.lo 2b
    mov x20, #0
    ldr x22, =guest_main
    b 3f
/* Another CPU begins: x0 has its number. */
enter_cpu:
    mov x20, x0
    ldr x22, =cpu_main
3:  msr spsel, #1
    ldr x1, =stacks
    add x2, x20, #1
    add x1, x1, x2, lsl #15     /* 32 KiB a CPU: 8 KiB for each level, the current one's on top */
    mov sp, x1
    mrs x0, currentel
    ldr x1, =vectors
    cmp x0, #8
    b.lo 6f
    b.eq 5f
    ldr x2, =vectors3
    msr vbar_el3, x2
    msr cptr_el3, xzr
    mov x2, #0x501              /* NS, HCE, RW: EL2 and EL1 are AArch64 and not secure */
    orr x2, x2, #0x30
    movk x2, #3, lsl #16        /* APK, API */
    msr scr_el3, x2
    ldr x2, =0x30c50830
    msr sctlr_el3, x2
    mrs x2, id_aa64pfr0_el1
    tst x2, #0xf00
    b.eq 6f
5:  ldr x2, =vectors2
    msr vbar_el2, x2
    mov x2, #0x33ff
    msr cptr_el2, x2
    mov x2, #1
    lsl x2, x2, #31             /* RW */
    orr x2, x2, #3 << 40        /* API, APK */
    msr hcr_el2, x2
    ldr x2, =0x30c50830
    msr sctlr_el2, x2
    mov x2, #3
    msr cnthctl_el2, x2
    msr cntvoff_el2, xzr
    msr mdcr_el2, xzr
    mrs x2, midr_el1
    msr vpidr_el2, x2
    mrs x2, mpidr_el1
    msr vmpidr_el2, x2
6:  msr vbar_el1, x1
    mov x2, #3 << 20
    msr cpacr_el1, x2
    ldr x2, =0x30d00800         /* MMU off, RES1 bits, no alignment checks, SPAN */
    msr sctlr_el1, x2
    isb
    mov x0, x20
    blr x22
    b .

/* ------------------------------------------------------------------ vectors */

    .macro entry level, n
    .balign 128
    sub sp, sp, #320
    stp x0, x1, [sp]
    mov x0, #(\n)
    b taken\level
    .endm
    .macro table level, label
    .balign 2048
    .globl \label
\label:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    entry \level, \n
    .endr
taken\level:
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x19, [sp, #144]
    stp x20, x21, [sp, #160]
    stp x22, x23, [sp, #176]
    stp x24, x25, [sp, #192]
    stp x26, x27, [sp, #208]
    stp x28, x29, [sp, #224]
    mrs x1, elr_el\level
    stp x30, x1, [sp, #240]
    mrs x1, spsr_el\level
    mrs x2, esr_el\level
    stp x1, x2, [sp, #256]
    mrs x1, far_el\level
    mov x2, #\level
    stp x1, x2, [sp, #272]
    str x0, [sp, #288]
    mov x0, sp
    bl trap_taken
    ldp x0, x1, [sp, #248]
    msr elr_el\level, x0
    msr spsr_el\level, x1
    ldp x0, x1, [sp]
    ldp x2, x3, [sp, #16]
    ldp x4, x5, [sp, #32]
    ldp x6, x7, [sp, #48]
    ldp x8, x9, [sp, #64]
    ldp x10, x11, [sp, #80]
    ldp x12, x13, [sp, #96]
    ldp x14, x15, [sp, #112]
    ldp x16, x17, [sp, #128]
    ldp x18, x19, [sp, #144]
    ldp x20, x21, [sp, #160]
    ldp x22, x23, [sp, #176]
    ldp x24, x25, [sp, #192]
    ldp x26, x27, [sp, #208]
    ldp x28, x29, [sp, #224]
    ldr x30, [sp, #240]
    add sp, sp, #320
    eret
    .endm

    .section .text.vectors, "ax"
    table 1, vectors
    table 2, vectors2
    table 3, vectors3

/* ------------------------------------------------------------------- levels */

    .text
    .globl at_level, at_level_landing
/* uint64_t at_level(spsr, fn, arg, stack): fn(arg) in the state of spsr; back by leave_level. */
at_level:
    stp x29, x30, [sp, #-96]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    mrs x4, currentel
    mrs x5, daif
    ubfx x6, x0, #2, #2
    ldr x30, =leave_level
    cmp x4, #8
    b.eq 2f
    b.hi 3f
    msr elr_el1, x1
    msr spsr_el1, x0
    msr sp_el0, x3
    b 4f
2:  msr elr_el2, x1
    msr spsr_el2, x0
    cbnz x6, 1f
    msr sp_el0, x3
    b 4f
1:  msr sp_el1, x3
    b 4f
3:  msr elr_el3, x1
    msr spsr_el3, x0
    cbz x6, 5f
    cmp x6, #1
    b.eq 1b
    msr sp_el2, x3
    b 4f
5:  msr sp_el0, x3
4:  mov x0, x2
    eret
at_level_landing:
    ldp x27, x28, [sp, #80]
    ldp x25, x26, [sp, #64]
    ldp x23, x24, [sp, #48]
    ldp x21, x22, [sp, #32]
    ldp x19, x20, [sp, #16]
    ldp x29, x30, [sp], #96
    ret
/* What at_level's functions return to: x0 is kept, the trap handler goes to at_level_landing. The three immediates
 * tell the handler; which of them arrives is the level's choice (leave_how). */
leave_level:
    ldr x1, =leave_how
    ldr x1, [x1]
    cbz x1, 1f
    cmp x1, #1
    b.eq 2f
    smc #0xfff0
1:  svc #0xfff0
2:  hvc #0xfff0
