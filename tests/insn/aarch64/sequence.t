# Sequences: precise faults, loops, control flow
#
# Words by the GNU assembler, values by qemu-aarch64 7.2 -cpu max (tests/insn/gen/fill.py), except
# between `by hand` marks. Format: tests/insn/README.md.

# registers and flags are precise at a fault inside a block
add x0, x0, #1; ldr x2, [x1]; add x0, x0, #1 | 91000400 f9400022 91000400 | x1=M+0x1000 => fault=M+0x1000 x0=0xc0de000080000001 pc=P+4
add x0, x0, #1; str x2, [x1]; mov x0, #5; mov x2, #7 | 91000400 f9000022 d28000a0 d28000e2 | x1=M+0x1000 => fault=M+0x1000 x0=0xc0de000080000001 pc=P+4
mov x0, #1; mov x0, #2; ldr x0, [x1]; mov x0, #3 | d2800020 d2800040 f9400020 d2800060 | x1=M+0x1000 => fault=M+0x1000 x0=2 pc=P+8
cmp w0, w3; ldr x2, [x1]; b.eq .+8 | 6b03001f f9400022 54000040 | x1=M+0x1000 x0=3 x3=3 => fault=M+0x1000 pc=P+4 nzcv=6
tst x0, x0; str x2, [x1], #8; b.mi .+8 | ea00001f f8008422 54000044 | x1=M+0x1000 x0=-1 => fault=M+0x1000 pc=P+4 nzcv=8
ccmp x0, x3, #3, eq; ldrb w5, [x1]; csel x6, x7, x8, vs | fa430003 39400025 9a8860e6 | x1=M+0x1000 => fault=M+0x1000 pc=P+4 nzcv=8
mov x5, x1; add x6, x5, #8; sub x7, x6, #4; ldr w8, [x7]; mov x5, #0; mov x6, #0; mov x7, #0 | aa0103e5 910020a6 d10010c7 b94000e8 d2800005 d2800006 d2800007 | x1=M+0x1000 => fault=M+0x1004 x5=M+0x1000 x6=M+0x1008 x7=M+0x1004 pc=P+12
ldr x2, [x3]; ldr x4, [x1]; ldr x5, [x3] | f9400062 f9400024 f9400065 | x1=M+0x1000 x3=M => fault=M+0x1000 x2=0x8786858483828180 pc=P+4
str x2, [x3]; str x2, [x1]; str x4, [x3] | f9000062 f9000022 f9000064 | x1=M+0x1000 x3=M => fault=M+0x1000 pc=P+4 [0x0]=020000800200dec0
fmov d0, x2; mov v1.d[1], x3; ldr x2, [x1]; fmov d0, x3 | 9e670040 4e181c61 f9400022 9e670060 | x1=M+0x1000 => fault=M+0x1000 pc=P+8 v0=0x0000000000000000c0de000280000002 v1=0xc0de000380000003a0a1a2a3a4a5a601
ldr q0, [x3]; ldr q1, [x1]; ldr q0, [x1] | 3dc00060 3dc00021 3dc00020 | x1=M+0x1000 x3=M => fault=M+0x1000 pc=P+4 v0=0x8f8e8d8c8b8a89888786858483828180
mul x0, x2, x3; udiv x4, x0, x3; ldr x0, [x1]; mov x4, #0 | 9b037c40 9ac30804 f9400020 d2800004 | x1=M+0x1000 x2=7 x3=9 => fault=M+0x1000 x0=0x3f x4=7 pc=P+8
mov w0, w2; ldr w2, [x1, w3, uxtw]; mov w0, #0 | 2a0203e0 b8634822 52800000 | x1=M+0x1000 x3=0xffffffff00000000 => fault=M+0x1000 x0=0x80000002 pc=P+4
ldr x0, [x3], #8; ldr x2, [x3], #8; ldr x4, [x3], #8 | f8408460 f8408462 f8408464 | x3=M+0xff0 => fault=M+0x1000 x0=0x7776757473727170 x2=0x7f7e7d7c7b7a7978 x3=M+0x1000 pc=P+8
stp x0, x2, [x3, #16]!; stp x0, x2, [x3, #16]!; stp x0, x2, [x3, #16]! | a9810860 a9810860 a9810860 | x3=M+0xfd0 => fault=M+0x1000 x3=M+0xff0 pc=P+8 [0xfe0]=000000800000dec0020000800200dec0000000800000dec0020000800200dec0
stp x29, x30, [sp, #-16]!; stp x19, x20, [sp, #-16]!; stp x21, x22, [sp, #-16]! | a9bf7bfd a9bf53f3 a9bf5bf5 | sp=M+0x20 => fault=M-0x10 sp=M+0x0 pc=P+8 [0x0]=130000801300dec0140000801400dec01d0000801d00dec01e0000801e00dec0
bl .+8; nop; str x30, [x1]; nop | 94000002 d503201f f900003e d503201f | x1=M+0x1000 => fault=M+0x1000 x30=P+4 pc=P+8

# loops: a fault in the n-th round
ldrb w0, [x1], #1; add x5, x5, x0; subs x2, x2, #1; b.ne .-12 | 38401420 8b0000a5 f1000442 54ffffa1 | x1=M+0xff0 x2=100 x5=0 => fault=M+0x1000 x0=0x7f x1=M+0x1000 x2=0x54 x5=0x778 nzcv=2
ldrb w0, [x1], #1; add x5, x5, x0; subs x2, x2, #1; b.ne .-12 | 38401420 8b0000a5 f1000442 54ffffa1 | x1=M+0xf00 x2=100 x5=0 => x0=0xe3 x1=M+0xf64 x2=0 x5=0x4556 nzcv=6
ldr x6, [x7], #8; str x6, [x8], #8; add x9, x9, x6; cmp x7, x10; b.lo .-16 | f84084e6 f8008506 8b060129 eb0a00ff 54ffff83 | x7=M x8=M+0x800 x9=0 x10=M+0x200 => x6=0x7f7e7d7c7b7a7978 x7=M+0x200 x8=M+0xa00 x9=0xe0a0601fdf9f5f00 nzcv=6
ldr x6, [x7], #8; str x6, [x8], #8; add x9, x9, x6; cmp x7, x10; b.lo .-16 | f84084e6 f8008506 8b060129 eb0a00ff 54ffff83 | x7=M x8=M+0xf00 x9=0 x10=M+0x800 => fault=M+0x1000 x6=0x8786858483828180 x7=M+0x108 x8=M+0x1000 x9=0x7050300fefcfaf80 pc=P+4 nzcv=8
ldr x6, [x7, x11, lsl #3]; eor x9, x9, x6; add x11, x11, #1; cmp x11, x12; b.ne .-16 | f86b78e6 ca060129 9100056b eb0c017f 54ffff81 | x7=M x9=0 x11=0 x12=512 => x6=0x7f7e7d7c7b7a7978 x11=0x200 nzcv=6
ldr x6, [x7, x11, lsl #3]; eor x9, x9, x6; add x11, x11, #1; cmp x11, x12; b.ne .-16 | f86b78e6 ca060129 9100056b eb0c017f 54ffff81 | x7=M+0x10 x9=0 x11=0 x12=512 => fault=M+0x1000 x6=0x7f7e7d7c7b7a7978 x9=0x808080808080808 x11=0x1fe nzcv=8
add x5, x5, x6; add x6, x6, x7; add x7, x7, x8; add x8, x8, x9; add x9, x9, x10; subs x11, x11, #1; b.ne .-24 | 8b0600a5 8b0700c6 8b0800e7 8b090108 8b0a0129 f100056b 54ffff41 | x5=0 x6=1 x7=2 x8=3 x9=4 x10=5 x11=20 => x5=0x18970 x6=0x72d4 x7=0x197a x8=0x409 x9=0x68 x11=0 nzcv=6
add x5, x5, x6; str x5, [x11, #-8]!; add x6, x6, x7; add x12, x12, x5; b .-16 | 8b0600a5 f81f8d65 8b0700c6 8b05018c 17fffffc | x5=0 x6=1 x7=2 x11=M+0x40 x12=0 => fault=M-0x8 x5=0x51 x6=0x11 x11=M+0x0 x12=0xcc pc=P+4 [0x0]=40000000000000003100000000000000240000000000000019000000000000001000000000000000090000000000000004000000000000000100000000000000
strb w5, [x6, x5]; add x5, x5, #1; tbz x5, #8, .-8 | 382568c5 910004a5 3647ffc5 | x5=0 x6=M+0x100 => x5=0x100 [0x100]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff
strb w5, [x6, x5]; add x5, x5, #1; tbz x5, #8, .-8 | 382568c5 910004a5 3647ffc5 | x5=0 x6=M+0xf80 => fault=M+0x1000 x5=0x80
ldr q0, [x1], #16; str q0, [x2], #16; sub x3, x3, #1; cbnz x3, .-12 | 3cc10420 3c810440 d1000463 b5ffffa3 | x1=M x2=M+0x400 x3=8 => x1=M+0x80 x2=M+0x480 x3=0 v0=0xfffefdfcfbfaf9f8f7f6f5f4f3f2f1f0
ldr q0, [x1], #16; str q0, [x2], #16; sub x3, x3, #1; cbnz x3, .-12 | 3cc10420 3c810440 d1000463 b5ffffa3 | x1=M x2=M+0xfc0 x3=8 => fault=M+0x1000 x1=M+0x50 x2=M+0x1000 x3=4 pc=P+4 v0=0xcfcecdcccbcac9c8c7c6c5c4c3c2c1c0 [0xfc0]=808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf
ldr d20, [x1], #8; str d20, [x2], #8; sub x3, x3, #1; cbnz x3, .-12 | fc408434 fc008454 d1000463 b5ffffa3 | x1=M x2=M+0xfc0 x3=20 => fault=M+0x1000 x1=M+0x48 x2=M+0x1000 x3=12 pc=P+4 v20=0x0000000000000000c7c6c5c4c3c2c1c0 [0xfc0]=808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf
ldxr x0, [x1]; add x0, x0, #3; stxr w2, x0, [x1]; cbnz w2, .-12; subs x3, x3, #1; b.ne .-20 | c85f7c20 91000c00 c8027c20 35ffffa2 f1000463 54ffff61 | x1=M x3=5 => x0=0x878685848382818f x2=0 x3=0 nzcv=6 [0x0]=8f
mov x4, x0; cas x0, x5, [x1]; cmp x0, x4; b.ne .-12 | aa0003e4 c8a07c25 eb04001f 54ffffa1 | x1=M x0=0 x5=9 => x0=0x8786858483828180 x4=0x8786858483828180 nzcv=6 [0x0]=0900000000000000
ldadd x0, x2, [x1]; add x1, x1, #8; b .-8 | f8200022 91002021 17fffffe | x1=M+0xfe0 x0=1 => fault=M+0x1000 x1=M+0x1000 x2=0x7f7e7d7c7b7a7978 [0xfe0]=61 [0xfe8]=69 [0xff0]=71 [0xff8]=79

# nested control flow
mov x0, #0; mov x1, #3; mov x2, #4; add x0, x0, x1; subs x2, x2, #1; b.ne .-8; subs x1, x1, #1; b.ne .-20 | d2800000 d2800061 d2800082 8b010000 f1000442 54ffffc1 f1000421 54ffff61 | => x0=0x18 x1=0 x2=0 nzcv=6
mov x0, #5; mov x9, x30; bl .+12; mov x30, x9; b .+36; str x30, [sp, #-16]!; cbz x0, .+16; sub x0, x0, #1; bl .-12; add x1, x1, #2; ldr x30, [sp], #16; ret; nop | d28000a0 aa1e03e9 94000003 aa0903fe 14000009 f81f0ffe b4000080 d1000400 97fffffd 91000821 f84107fe d65f03c0 d503201f | x1=0 => x0=0 x1=10 x9=0xc0de001e8000001e [0x7a0]=2408001000000000 [0x7b0]=2408001000000000 [0x7c0]=2408001000000000 [0x7d0]=2408001000000000 [0x7e0]=2408001000000000 [0x7f0]=0c08001000000000
adr x3, .+20; mov x4, #6; sub x4, x4, #1; cbz x4, .+16; br x3; add x0, x0, x4; b .-16; nop | 100000a3 d28000c4 d1000484 b4000084 d61f0060 8b040000 17fffffc d503201f | x0=0 => x0=15 x3=P+20 x4=0
mov x0, #0; cmp x1, #10; b.hi .+16; add x0, x0, x1; add x1, x1, #1; b .-16; nop | d2800000 f100283f 54000088 8b010000 91000421 17fffffc d503201f | x1=3 => x0=0x34 x1=11 nzcv=2
cmp x1, x2; b.eq .+24; b.hi .+12; sub x2, x2, x1; b .-16; sub x1, x1, x2; b .-24; nop; nop | eb02003f 540000c0 54000068 cb010042 17fffffc cb020021 17fffffa d503201f d503201f | x1=1071 x2=462 => x1=0x15 x2=0x15 nzcv=6

# by hand: flags that the guest sets before it reads them may be stale at a fault (ir/pass_dead.c)
# unless they are kept precise
adds x0, x0, x3; ldr x2, [x1]; subs x0, x0, #1 | ab030000 f9400022 f1000400 | x1=M+0x1000 x0=0x7fffffffffffffff x3=1 => fault=M+0x1000 x0=0x8000000000000000 pc=P+4 nzcv~=9
cmp x0, x3; ldr x2, [x1]; cmp x3, x0; b.eq .+8 | eb03001f f9400022 eb00007f 54000040 | x1=M+0x1000 x0=1 x3=2 => fault=M+0x1000 pc=P+4 nzcv~=8
# end by hand
