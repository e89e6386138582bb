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

# products, carries, shifted operands and lanes that one host instruction makes together
adds x0, x1, x2; adcs x3, x4, x5; adcs x6, x7, x8; adc x9, x10, x11 | ab020020 ba050083 ba0800e6 9a0b0149 | x1=-1 x2=1 x4=-1 x5=0 x7=-1 x8=0 x10=5 x11=0xffffffffffffffff => x0=0 x3=0 x6=0 x9=5 nzcv=6
adds x0, x1, x2; adcs x3, x4, x5; adcs x6, x7, x8; adc x9, x10, x11 | ab020020 ba050083 ba0800e6 9a0b0149 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 x4=0xf0f0f0f012345678 x5=0xffffffff00000000 => x0=0x1111111111111100 x3=0xf0f0f0ef12345679 x6=0x81bc001000000010 x9=0x81bc001600000016 nzcv=10
subs x0, x1, x2; sbcs x3, x4, x5; sbcs x6, x7, x8; sbc x9, x10, x11 | eb020020 fa050083 fa0800e6 da0b0149 | x1=-1 x2=1 x4=-1 x5=0 x7=-1 x8=0 x10=5 x11=0xffffffffffffffff => x0=0xfffffffffffffffe x3=0xffffffffffffffff x6=0xffffffffffffffff x9=6 nzcv=10
subs x0, x1, x2; sbcs x3, x4, x5; sbcs x6, x7, x8; sbc x9, x10, x11 | eb020020 fa050083 fa0800e6 da0b0149 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 x4=0xf0f0f0f012345678 x5=0xffffffff00000000 => x0=0x13579be02468ace0 x3=0xf0f0f0f112345677 x6=0xfffffffefffffffe x9=0xfffffffefffffffe nzcv=8
adds x13, x13, x14; adcs x15, x15, x16; ldr x17, [x20], #8; adcs x17, x17, x18; adcs x19, x19, xzr; cset x0, cs | ab0e01ad ba1001ef f8408691 ba120231 ba1f0273 9a9f37e0 | x13=0x8000000000000000 x14=0x8000000000000001 x15=0x7fffffffffffffff x16=-1 x17=-1 x18=0 x19=-1 x20=M => x0=0 x13=1 x17=0x8786858483828181 x20=M+0x8 nzcv=8
adds x13, x13, x14; adcs x15, x15, x16; ldr x17, [x20], #8; adcs x17, x17, x18; adcs x19, x19, xzr; cset x0, cs | ab0e01ad ba1001ef f8408691 ba120231 ba1f0273 9a9f37e0 | x13=0xffffffff x14=0xdeadbeefcafebabe x15=0x8000000000000001 x16=-2 x18=-3 x20=M => x0=0 x13=0xdeadbef0cafebabd x15=0x7fffffffffffffff x17=0x878685848382817e x19=0xc0de001380000014 x20=M+0x8 nzcv=8
adds w13, w13, w14; adcs w15, w15, w16; adcs w17, w17, w18; cset x0, vs; cset x1, mi | 2b0e01ad 3a1001ef 3a120231 9a9f77e0 9a9f57e1 | x1=-1 x13=0x8000000000000000 x14=0x8000000000000001 x15=0x7fffffffffffffff x16=-1 x17=-1 x18=0 => x0=0 x1=0 x13=1 x15=0xfffffffe x17=0 nzcv=6
adds w13, w13, w14; adcs w15, w15, w16; adcs w17, w17, w18; cset x0, vs; cset x1, mi | 2b0e01ad 3a1001ef 3a120231 9a9f77e0 9a9f57e1 | x1=0x123456789abcdef0 x13=0xffffffff x14=0xdeadbeefcafebabe x15=0x8000000000000001 x16=-2 x18=-3 => x0=0 x1=1 x13=0xcafebabd x15=0 x17=0x8000000f nzcv=10
subs x13, x13, x14; sbcs x13, x13, x14; sbcs x13, x13, x14; b.lo .+8; mov x0, #1 | eb0e01ad fa0e01ad fa0e01ad 54000043 d2800020 | x13=0x8000000000000000 x14=0x8000000000000001 => x13=0xfffffffffffffffc nzcv=9
subs x13, x13, x14; sbcs x13, x13, x14; sbcs x13, x13, x14; b.lo .+8; mov x0, #1 | eb0e01ad fa0e01ad fa0e01ad 54000043 d2800020 | x13=0xffffffff x14=0xdeadbeefcafebabe => x13=0x63f6c3319f03cfc3 nzcv=0
adds x13, x13, x14; adcs xzr, x15, x16; adcs x17, x17, x18; cset x0, hi | ab0e01ad ba1001ff ba120231 9a9f97e0 | x13=0x8000000000000000 x14=0x8000000000000001 x15=0x7fffffffffffffff x16=-1 x17=-1 x18=0 => x0=0 x13=1 x17=0 nzcv=6
adds x13, x13, x14; adcs xzr, x15, x16; adcs x17, x17, x18; cset x0, hi | ab0e01ad ba1001ff ba120231 9a9f97e0 | x13=0xffffffff x14=0xdeadbeefcafebabe x15=0x8000000000000001 x16=-2 x18=-3 => x0=1 x13=0xdeadbef0cafebabd x17=0xc0de00118000000f nzcv=10
cmp x1, x2; adcs x3, x4, x5; cset x0, eq; adcs x6, x6, x6; cset x7, cs | eb02003f ba050083 9a9f17e0 ba0600c6 9a9f37e7 | x1=-1 x2=1 x4=-1 x5=0 x7=-1 => x0=1 x3=0 x6=0x81bc000d0000000d x7=1 nzcv=10
cmp x1, x2; adcs x3, x4, x5; cset x0, eq; adcs x6, x6, x6; cset x7, cs | eb02003f ba050083 9a9f17e0 ba0600c6 9a9f37e7 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 x4=0xf0f0f0f012345678 x5=0xffffffff00000000 => x0=0 x3=0xf0f0f0ef12345678 x6=0x81bc000d0000000d x7=1 nzcv=10
adds x0, x1, x2; cset x9, cs; adcs x3, x4, x5; adc x6, x7, x9 | ab020020 9a9f37e9 ba050083 9a0900e6 | x1=-1 x2=1 x4=-1 x5=0 x7=-1 => x0=0 x3=0 x6=1 x9=1 nzcv=6
adds x0, x1, x2; cset x9, cs; adcs x3, x4, x5; adc x6, x7, x9 | ab020020 9a9f37e9 ba050083 9a0900e6 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 x4=0xf0f0f0f012345678 x5=0xffffffff00000000 => x0=0x1111111111111100 x3=0xf0f0f0ef12345679 x6=0xc0de000780000009 x9=1 nzcv=10
adds x0, x0, x0; ldr x2, [x20, #0x100]; adcs x3, x3, x2; ldr x2, [x21]; adcs x4, x4, x2 | ab000000 f9408282 ba020063 f94002a2 ba020084 | x2=1 x4=-1 x20=M x21=M+0x1000 => fault=M+0x1000 x0=0x81bc000100000000 x2=0x8786858483828180 x3=0x4864858803828184 pc=P+12 nzcv=3
adds x0, x0, x0; ldr x2, [x20, #0x100]; adcs x3, x3, x2; ldr x2, [x21]; adcs x4, x4, x2 | ab000000 f9408282 ba020063 f94002a2 ba020084 | x2=0xfedcba9876543210 x3=3 x4=0xf0f0f0f012345678 x20=M x21=M+0x1000 => fault=M+0x1000 x0=0x81bc000100000000 x2=0x8786858483828180 x3=0x8786858483828184 pc=P+12 nzcv=8
ngcs x0, x1; ngcs x2, x3; ngc x4, x5 | fa0103e0 fa0303e2 da0503e4 | x1=-1 x2=1 x4=-1 x5=0 => x0=0 x2=0x3f21fffc7ffffffc nzcv=0
ngcs x0, x1; ngcs x2, x3; ngc x4, x5 | fa0103e0 fa0303e2 da0503e4 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 x4=0xf0f0f0f012345678 x5=0xffffffff00000000 => x0=0xedcba9876543210f x2=0xfffffffffffffffc x4=0xffffffff nzcv=8
mul x0, x1, x2; umulh x3, x1, x2 | 9b027c20 9bc27c23 | x1=-1 x2=1 => x0=0xffffffffffffffff x3=0
mul x0, x1, x2; umulh x3, x1, x2 | 9b027c20 9bc27c23 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 => x0=0x236d88fe5618cf00 x3=0x121fa00ad77d7422
umulh x3, x1, x2; mul x0, x1, x2 | 9bc27c23 9b027c20 | x1=-1 x2=1 => x0=0xffffffffffffffff x3=0
umulh x3, x1, x2; mul x0, x1, x2 | 9bc27c23 9b027c20 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 => x0=0x236d88fe5618cf00 x3=0x121fa00ad77d7422
umulh x1, x1, x2; mul x0, x3, x2 | 9bc27c21 9b027c60 | x1=-1 x2=1 => x0=0xc0de000380000003 x1=0
umulh x1, x1, x2; mul x0, x3, x2 | 9bc27c21 9b027c60 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 => x0=0xfc962fc962fc9630 x1=0x121fa00ad77d7422
mul x13, x14, x15; umulh x14, x14, x15 | 9b0f7dcd 9bcf7dce | x13=0x8000000000000000 x14=0x8000000000000001 x15=0x7fffffffffffffff => x13=0xffffffffffffffff x14=0x3fffffffffffffff
mul x13, x14, x15; umulh x14, x14, x15 | 9b0f7dcd 9bcf7dce | x13=0xffffffff x14=0xdeadbeefcafebabe x15=0x8000000000000001 => x13=0xdeadbeefcafebabe x14=0x6f56df77e57f5d5f
umulh x13, x14, x15; mul x15, x14, x15 | 9bcf7dcd 9b0f7dcf | x13=0x8000000000000000 x14=0x8000000000000001 x15=0x7fffffffffffffff => x13=0x3fffffffffffffff x15=0xffffffffffffffff
umulh x13, x14, x15; mul x15, x14, x15 | 9bcf7dcd 9b0f7dcf | x13=0xffffffff x14=0xdeadbeefcafebabe x15=0x8000000000000001 => x13=0x6f56df77e57f5d5f x15=0xdeadbeefcafebabe
smulh x13, x14, x15; mul x15, x14, x15 | 9b4f7dcd 9b0f7dcf | x13=0x8000000000000000 x14=0x8000000000000001 x15=0x7fffffffffffffff => x13=0xc000000000000000 x15=0xffffffffffffffff
smulh x13, x14, x15; mul x15, x14, x15 | 9b4f7dcd 9b0f7dcf | x13=0xffffffff x14=0xdeadbeefcafebabe x15=0x8000000000000001 => x13=0x10a920881a80a2a0 x15=0xdeadbeefcafebabe
mul x15, x14, x14; umulh x14, x14, x14 | 9b0e7dcf 9bce7dce | x14=0x8000000000000001 x15=0x7fffffffffffffff => x14=0x4000000000000001 x15=1
mul x15, x14, x14; umulh x14, x14, x14 | 9b0e7dcf 9bce7dce | x14=0xdeadbeefcafebabe x15=0x8000000000000001 => x14=0xc1b1cd138292fa18 x15=0xb295b2eef140a504
umulh x1, x2, x1; mul x2, x2, x1 | 9bc17c41 9b017c42 | x1=-1 x2=1 => x1=0 x2=0
umulh x1, x2, x1; mul x2, x2, x1 | 9bc17c41 9b017c42 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 => x1=0x121fa00ad77d7422 x2=0x74344fa5bfade620
mul x9, x1, x1; smulh x1, x1, x1 | 9b017c29 9b417c21 | x1=-1 => x1=0 x9=1
mul x9, x1, x1; smulh x1, x1, x1 | 9b017c29 9b417c21 | x1=0x123456789abcdef0 => x1=0x14b66dc33f6acdc x9=0xa5e20890f2a52100
adds x0, x1, x2; mul x3, x4, x5; umulh x6, x4, x5; adcs x3, x3, x6; adc x7, x8, xzr | ab020020 9b057c83 9bc57c86 ba060063 9a1f0107 | x1=-1 x2=1 x4=-1 x5=0 x7=-1 x8=0 => x0=0 x3=1 x6=0 x7=0 nzcv=0
adds x0, x1, x2; mul x3, x4, x5; umulh x6, x4, x5; adcs x3, x3, x6; adc x7, x8, xzr | ab020020 9b057c83 9bc57c86 ba060063 9a1f0107 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 x4=0xf0f0f0f012345678 x5=0xffffffff00000000 => x0=0x1111111111111100 x3=0xdebc9a7721436588 x6=0xf0f0f0ef21436587 x7=0xc0de000880000009 nzcv=10
adds x0, x1, x2; mul x3, x4, x5; adcs x3, x3, x6; umulh x13, x4, x14; adcs x7, x8, x13; cset x9, cs | ab020020 9b057c83 ba060063 9bce7c8d ba0d0107 9a9f37e9 | x1=-1 x2=1 x4=-1 x5=0 x7=-1 x8=0 x13=0x8000000000000000 x14=0x8000000000000001 => x0=0 x3=0xc0de000680000007 x7=0x8000000000000000 x9=0 nzcv=8
adds x0, x1, x2; mul x3, x4, x5; adcs x3, x3, x6; umulh x13, x4, x14; adcs x7, x8, x13; cset x9, cs | ab020020 9b057c83 ba060063 9bce7c8d ba0d0107 9a9f37e9 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 x4=0xf0f0f0f012345678 x5=0xffffffff00000000 x13=0xffffffff x14=0xdeadbeefcafebabe => x0=0x1111111111111100 x3=0xaea9a98e80000007 x7=0x9272778004d6aaf5 x9=1 x13=0xd194777784d6aaec nzcv=10
adds x0, x1, x2; mov x8, #10; mul x3, x4, x8; adcs x3, x3, x6 | ab020020 d2800148 9b087c83 ba060063 | x1=-1 x2=1 x4=-1 x8=0 => x0=0 x3=0xc0de00067ffffffd x8=10 nzcv=10
adds x0, x1, x2; mov x8, #10; mul x3, x4, x8; adcs x3, x3, x6 | ab020020 d2800148 9b087c83 ba060063 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 x4=0xf0f0f0f012345678 => x0=0x1111111111111100 x3=0x2a476967360b60b7 x8=10 nzcv=2
mul x0, x1, x2; umulh x3, x1, x2; ldr x5, [x21] | 9b027c20 9bc27c23 f94002a5 | x1=-1 x2=1 x5=0 x21=M+0x1000 => fault=M+0x1000 x0=0xffffffffffffffff x3=0 pc=P+8
mul x0, x1, x2; umulh x3, x1, x2; ldr x5, [x21] | 9b027c20 9bc27c23 f94002a5 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 x5=0xffffffff00000000 x21=M+0x1000 => fault=M+0x1000 x0=0x236d88fe5618cf00 x3=0x121fa00ad77d7422 pc=P+8
ins v16.d[0], x4; cnt v16.8b, v16.8b; addv b16, v16.8b; mov x10, v16.d[0] | 4e081c90 0e205a10 0e31ba10 4e083e0a | x4=-1 x10=5 => x10=0x40 v16=0x00000000000000000000000000000040
ins v16.d[0], x4; cnt v16.8b, v16.8b; addv b16, v16.8b; mov x10, v16.d[0] | 4e081c90 0e205a10 0e31ba10 4e083e0a | x4=0xf0f0f0f012345678 => x10=0x1d v16=0x0000000000000000000000000000001d
ins v16.d[1], x4; mov x10, v16.d[1]; mov x11, v16.d[0]; ins v17.s[2], w5; mov w6, v17.s[2]; smov x7, v17.s[2]; mov w8, v17.s[1] | 4e181c90 4e183e0a 4e083e0b 4e141cb1 0e143e26 4e142e27 0e0c3e28 | x4=-1 x5=0 x7=-1 x8=0 x10=5 x11=0xffffffffffffffff => x6=0 x7=0 x8=0xa0a1a2a3 x10=0xffffffffffffffff x11=0xa0a1a2a3a4a5a610 v16=0xffffffffffffffffa0a1a2a3a4a5a610 v17=0xb0b1b2b300000000a0a1a2a3a4a5a611
ins v16.d[1], x4; mov x10, v16.d[1]; mov x11, v16.d[0]; ins v17.s[2], w5; mov w6, v17.s[2]; smov x7, v17.s[2]; mov w8, v17.s[1] | 4e181c90 4e183e0a 4e083e0b 4e141cb1 0e143e26 4e142e27 0e0c3e28 | x4=0xf0f0f0f012345678 x5=0xffffffff00000000 => x6=0 x7=0 x8=0xa0a1a2a3 x10=0xf0f0f0f012345678 x11=0xa0a1a2a3a4a5a610 v16=0xf0f0f0f012345678a0a1a2a3a4a5a610 v17=0xb0b1b2b300000000a0a1a2a3a4a5a611
fmov s0, w1; fmov x2, d0; fmov d3, x4; fmov w5, s3 | 1e270020 9e660002 9e670083 1e260065 | x1=-1 x2=1 x4=-1 x5=0 => x2=0xffffffff x5=0xffffffff v0=0x000000000000000000000000ffffffff v3=0x0000000000000000ffffffffffffffff
fmov s0, w1; fmov x2, d0; fmov d3, x4; fmov w5, s3 | 1e270020 9e660002 9e670083 1e260065 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x4=0xf0f0f0f012345678 x5=0xffffffff00000000 => x2=0x9abcdef0 x5=0x12345678 v0=0x0000000000000000000000009abcdef0 v3=0x0000000000000000f0f0f0f012345678
add x0, x1, x2, lsl #3; add w3, w4, w5, lsl #2; add x6, x6, x7, lsl #1; add x8, x9, w10, uxtw #3; add x11, x12, w13, sxtw #2 | 8b020c20 0b050883 8b0704c6 8b2a4d28 8b2dc98b | x1=-1 x2=1 x4=-1 x5=0 x7=-1 x8=0 x10=5 x11=0xffffffffffffffff x13=0x8000000000000000 => x0=7 x3=0xffffffff x6=0xc0de000680000004 x8=0xc0de000980000031 x11=0xc0de000c8000000c
add x0, x1, x2, lsl #3; add w3, w4, w5, lsl #2; add x6, x6, x7, lsl #1; add x8, x9, w10, uxtw #3; add x11, x12, w13, sxtw #2 | 8b020c20 0b050883 8b0704c6 8b2a4d28 8b2dc98b | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 x4=0xf0f0f0f012345678 x5=0xffffffff00000000 x13=0xffffffff => x0=0x91a2b3c4d5e6f70 x3=0x12345678 x6=0x429a001580000014 x8=0xc0de000d80000059 x11=0xc0de000c80000008
add x13, x13, x14, lsl #3; add x0, x14, x14, lsl #2; adds x1, x2, x3, lsl #3; add x4, x4, x4, lsl #1; lsl x5, x6, #3; lsl w7, w7, #2; lsl w8, w14, #1 | 8b0e0dad 8b0e09c0 ab030c41 8b040484 d37df0c5 531e74e7 531f79c8 | x1=-1 x2=1 x4=-1 x5=0 x7=-1 x8=0 x13=0x8000000000000000 x14=0x8000000000000001 => x0=0x8000000000000005 x1=0x6f0001c00000019 x4=0xfffffffffffffffd x5=0x6f0003400000030 x7=0xfffffffc x8=2 x13=0x8000000000000008 nzcv=0
add x13, x13, x14, lsl #3; add x0, x14, x14, lsl #2; adds x1, x2, x3, lsl #3; add x4, x4, x4, lsl #1; lsl x5, x6, #3; lsl w7, w7, #2; lsl w8, w14, #1 | 8b0e0dad 8b0e09c0 ab030c41 8b040484 d37df0c5 531e74e7 531f79c8 | x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 x4=0xf0f0f0f012345678 x5=0xffffffff00000000 x13=0xffffffff x14=0xdeadbeefcafebabe => x0=0x5964baaef6f9a5b6 x1=0xfedcba9876543228 x4=0xd2d2d2d0369d0368 x5=0x6f0003400000030 x7=0x1c x8=0x95fd757c x13=0xf56df77f57f5d5ef nzcv=8
