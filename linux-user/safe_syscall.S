/*
 * safe_syscall.S: host system calls on which signals act exactly as on the guest's.
 *
 * A signal that was captured before the `syscall` instruction must be seen by the guest before the
 * call; one that comes later must interrupt it. Both hold because the host PC tells which: if the
 * signal handler finds it in [signal_stub_start, signal_stub_insn], the call has not happened, or
 * the kernel has rewound to it, which it does exactly when the handler's SA_RESTART and the call's
 * own rule ask for a restart. The handler then moves the PC to signal_stub_restart. There is no
 * window between the test of the flag and the instruction.
 */
        .text

/* long signal_stub_syscall(const uint32_t *captured, long nr, long a, b, c, d, e, f)
 * The kernel's value (-errno on error) or -SYS_RESTARTNOINTR (513). */
        .globl  signal_stub_syscall, signal_stub_start, signal_stub_insn, signal_stub_restart
        .hidden signal_stub_syscall, signal_stub_start, signal_stub_insn, signal_stub_restart
        .type   signal_stub_syscall, @function
        .p2align 4
signal_stub_syscall:
        .cfi_startproc
        movq    %rdi, %r11              /* the flag; dead once the kernel is entered */
        movq    %rsi, %rax
        movq    %rdx, %rdi
        movq    %rcx, %rsi
        movq    %r8, %rdx
        movq    %r9, %r10
        movq    8(%rsp), %r8
        movq    16(%rsp), %r9
signal_stub_start:
        cmpl    $0, (%r11)
        jne     signal_stub_restart
signal_stub_insn:
        syscall
        ret
signal_stub_restart:
        movq    $-513, %rax
        ret
        .cfi_endproc
        .size   signal_stub_syscall, . - signal_stub_syscall

        .globl  signal_restorer         /* SA_RESTORER of the host handlers */
        .hidden signal_restorer
        .type   signal_restorer, @function
        .p2align 4
signal_restorer:
        movl    $15, %eax               /* rt_sigreturn */
        syscall
        .size   signal_restorer, . - signal_restorer

        .section .note.GNU-stack, "", @progbits
