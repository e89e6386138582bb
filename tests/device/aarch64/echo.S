/* A bare-metal guest: prints "ready", then echoes its UART. q powers off, r resets, B sends 1 MiB of 'x' and "done",
   s stays in a loop without reading. The transmit FIFO's full flag is heeded. An Image by its head. */
    .globl _start
_start:
    b   1f
    .long 0
    .quad 0, 0, 0, 0, 0, 0
    .ascii "ARM\x64"
    .long 0
1:  ldr x1, =0x09000000
    adr x2, hello
    bl  text
loop:
    ldr w3, [x1, #0x18]
    tbnz w3, #4, loop
    ldr w3, [x1]
    and w3, w3, #0xff
    cmp w3, #'q'
    b.eq off
    cmp w3, #'r'
    b.eq reset
    cmp w3, #'s'
    b.eq .
    cmp w3, #'B'
    b.eq many
    bl  put
    b   loop
many:
    mov x4, #0x100000
    mov w3, #'x'
2:  bl  put
    subs x4, x4, #1
    b.ne 2b
    adr x2, done
    bl  text
    b   loop
put:
    ldr w5, [x1, #0x18]
    tbnz w5, #5, put
    str w3, [x1]
    ret
text:
    mov x6, x30
3:  ldrb w3, [x2], #1
    cbz w3, 4f
    bl  put
    b   3b
4:  ret x6
off:
    ldr x0, =0x84000008
    hvc #0
reset:
    ldr x0, =0x84000009
    hvc #0
hello: .asciz "ready\r\n"
done: .asciz "done\r\n"
