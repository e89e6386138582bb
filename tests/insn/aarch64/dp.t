# Shifts, divide, multiply, CRC, bit counts, conditional operations, ADR
#
# Words by the GNU assembler, values by qemu-aarch64 7.2 -cpu max (tests/insn/gen/fill.py), except
# between `by hand` marks. Format: tests/insn/README.md.

# two sources
lslv x0, x1, x2 | 9ac22020 | x1=0x8123456789abcdef x2=0 => x0=0x8123456789abcdef
lslv w0, w1, w2 | 1ac22020 | x1=0x8123456789abcdef x2=0 => x0=0x89abcdef
lslv x0, x1, x2 | 9ac22020 | x1=0x8123456789abcdef x2=1 => x0=0x2468acf13579bde
lslv w0, w1, w2 | 1ac22020 | x1=0x8123456789abcdef x2=1 => x0=0x13579bde
lslv x0, x1, x2 | 9ac22020 | x1=0x8123456789abcdef x2=31 => x0=0xc4d5e6f780000000
lslv w0, w1, w2 | 1ac22020 | x1=0x8123456789abcdef x2=31 => x0=0x80000000
lslv x0, x1, x2 | 9ac22020 | x1=0x8123456789abcdef x2=32 => x0=0x89abcdef00000000
lslv w0, w1, w2 | 1ac22020 | x1=0x8123456789abcdef x2=32 => x0=0x89abcdef
lslv x0, x1, x2 | 9ac22020 | x1=0x8123456789abcdef x2=63 => x0=0x8000000000000000
lslv w0, w1, w2 | 1ac22020 | x1=0x8123456789abcdef x2=63 => x0=0x80000000
lslv x0, x1, x2 | 9ac22020 | x1=0x8123456789abcdef x2=64 => x0=0x8123456789abcdef
lslv w0, w1, w2 | 1ac22020 | x1=0x8123456789abcdef x2=64 => x0=0x89abcdef
lslv x0, x1, x2 | 9ac22020 | x1=0x8123456789abcdef x2=0x1234567f => x0=0x8000000000000000
lslv w0, w1, w2 | 1ac22020 | x1=0x8123456789abcdef x2=0x1234567f => x0=0x80000000
lslv x0, x1, xzr | 9adf2020 | x1=-2 => x0=0xfffffffffffffffe
lsrv x0, x1, x2 | 9ac22420 | x1=0x8123456789abcdef x2=0 => x0=0x8123456789abcdef
lsrv w0, w1, w2 | 1ac22420 | x1=0x8123456789abcdef x2=0 => x0=0x89abcdef
lsrv x0, x1, x2 | 9ac22420 | x1=0x8123456789abcdef x2=1 => x0=0x4091a2b3c4d5e6f7
lsrv w0, w1, w2 | 1ac22420 | x1=0x8123456789abcdef x2=1 => x0=0x44d5e6f7
lsrv x0, x1, x2 | 9ac22420 | x1=0x8123456789abcdef x2=31 => x0=0x102468acf
lsrv w0, w1, w2 | 1ac22420 | x1=0x8123456789abcdef x2=31 => x0=1
lsrv x0, x1, x2 | 9ac22420 | x1=0x8123456789abcdef x2=32 => x0=0x81234567
lsrv w0, w1, w2 | 1ac22420 | x1=0x8123456789abcdef x2=32 => x0=0x89abcdef
lsrv x0, x1, x2 | 9ac22420 | x1=0x8123456789abcdef x2=63 => x0=1
lsrv w0, w1, w2 | 1ac22420 | x1=0x8123456789abcdef x2=63 => x0=1
lsrv x0, x1, x2 | 9ac22420 | x1=0x8123456789abcdef x2=64 => x0=0x8123456789abcdef
lsrv w0, w1, w2 | 1ac22420 | x1=0x8123456789abcdef x2=64 => x0=0x89abcdef
lsrv x0, x1, x2 | 9ac22420 | x1=0x8123456789abcdef x2=0x1234567f => x0=1
lsrv w0, w1, w2 | 1ac22420 | x1=0x8123456789abcdef x2=0x1234567f => x0=1
lsrv x0, x1, xzr | 9adf2420 | x1=-2 => x0=0xfffffffffffffffe
asrv x0, x1, x2 | 9ac22820 | x1=0x8123456789abcdef x2=0 => x0=0x8123456789abcdef
asrv w0, w1, w2 | 1ac22820 | x1=0x8123456789abcdef x2=0 => x0=0x89abcdef
asrv x0, x1, x2 | 9ac22820 | x1=0x8123456789abcdef x2=1 => x0=0xc091a2b3c4d5e6f7
asrv w0, w1, w2 | 1ac22820 | x1=0x8123456789abcdef x2=1 => x0=0xc4d5e6f7
asrv x0, x1, x2 | 9ac22820 | x1=0x8123456789abcdef x2=31 => x0=0xffffffff02468acf
asrv w0, w1, w2 | 1ac22820 | x1=0x8123456789abcdef x2=31 => x0=0xffffffff
asrv x0, x1, x2 | 9ac22820 | x1=0x8123456789abcdef x2=32 => x0=0xffffffff81234567
asrv w0, w1, w2 | 1ac22820 | x1=0x8123456789abcdef x2=32 => x0=0x89abcdef
asrv x0, x1, x2 | 9ac22820 | x1=0x8123456789abcdef x2=63 => x0=0xffffffffffffffff
asrv w0, w1, w2 | 1ac22820 | x1=0x8123456789abcdef x2=63 => x0=0xffffffff
asrv x0, x1, x2 | 9ac22820 | x1=0x8123456789abcdef x2=64 => x0=0x8123456789abcdef
asrv w0, w1, w2 | 1ac22820 | x1=0x8123456789abcdef x2=64 => x0=0x89abcdef
asrv x0, x1, x2 | 9ac22820 | x1=0x8123456789abcdef x2=0x1234567f => x0=0xffffffffffffffff
asrv w0, w1, w2 | 1ac22820 | x1=0x8123456789abcdef x2=0x1234567f => x0=0xffffffff
asrv x0, x1, xzr | 9adf2820 | x1=-2 => x0=0xfffffffffffffffe
rorv x0, x1, x2 | 9ac22c20 | x1=0x8123456789abcdef x2=0 => x0=0x8123456789abcdef
rorv w0, w1, w2 | 1ac22c20 | x1=0x8123456789abcdef x2=0 => x0=0x89abcdef
rorv x0, x1, x2 | 9ac22c20 | x1=0x8123456789abcdef x2=1 => x0=0xc091a2b3c4d5e6f7
rorv w0, w1, w2 | 1ac22c20 | x1=0x8123456789abcdef x2=1 => x0=0xc4d5e6f7
rorv x0, x1, x2 | 9ac22c20 | x1=0x8123456789abcdef x2=31 => x0=0x13579bdf02468acf
rorv w0, w1, w2 | 1ac22c20 | x1=0x8123456789abcdef x2=31 => x0=0x13579bdf
rorv x0, x1, x2 | 9ac22c20 | x1=0x8123456789abcdef x2=32 => x0=0x89abcdef81234567
rorv w0, w1, w2 | 1ac22c20 | x1=0x8123456789abcdef x2=32 => x0=0x89abcdef
rorv x0, x1, x2 | 9ac22c20 | x1=0x8123456789abcdef x2=63 => x0=0x2468acf13579bdf
rorv w0, w1, w2 | 1ac22c20 | x1=0x8123456789abcdef x2=63 => x0=0x13579bdf
rorv x0, x1, x2 | 9ac22c20 | x1=0x8123456789abcdef x2=64 => x0=0x8123456789abcdef
rorv w0, w1, w2 | 1ac22c20 | x1=0x8123456789abcdef x2=64 => x0=0x89abcdef
rorv x0, x1, x2 | 9ac22c20 | x1=0x8123456789abcdef x2=0x1234567f => x0=0x2468acf13579bdf
rorv w0, w1, w2 | 1ac22c20 | x1=0x8123456789abcdef x2=0x1234567f => x0=0x13579bdf
rorv x0, x1, xzr | 9adf2c20 | x1=-2 => x0=0xfffffffffffffffe
udiv x0, x1, x2 | 9ac20820 | x1=7 x2=2 => x0=3
udiv x0, x1, x2 | 9ac20820 | x1=-7 x2=2 => x0=0x7ffffffffffffffc
udiv x0, x1, x2 | 9ac20820 | x1=7 x2=-2 => x0=0
udiv x0, x1, x2 | 9ac20820 | x1=5 x2=0 => x0=0
udiv x0, x1, x2 | 9ac20820 | x1=0x8000000000000000 x2=-1 => x0=0
udiv x0, x1, x2 | 9ac20820 | x1=-1 x2=-1 => x0=1
udiv x0, x1, x2 | 9ac20820 | x1=0 x2=5 => x0=0
udiv x0, x1, x2 | 9ac20820 | x1=0xffffffffffffffff x2=10 => x0=0x1999999999999999
udiv w0, w1, w2 | 1ac20820 | x1=7 x2=2 => x0=3
udiv w0, w1, w2 | 1ac20820 | x1=0xfffffff9 x2=2 => x0=0x7ffffffc
udiv w0, w1, w2 | 1ac20820 | x1=7 x2=0xfffffffe => x0=0
udiv w0, w1, w2 | 1ac20820 | x1=5 x2=0xffffffff00000000 => x0=0
udiv w0, w1, w2 | 1ac20820 | x1=0x80000000 x2=0xffffffff => x0=0
udiv w0, w1, w2 | 1ac20820 | x1=0x1234567880000000 x2=3 => x0=0x2aaaaaaa
udiv x0, x1, x0 | 9ac00820 | x0=3 x1=100 => x0=0x21
udiv x2, x2, x1 | 9ac10842 | x1=7 x2=1000 => x2=0x8e
udiv x3, x3, x3 | 9ac30863 | x3=9 => x3=1
sdiv x0, x1, x2 | 9ac20c20 | x1=7 x2=2 => x0=3
sdiv x0, x1, x2 | 9ac20c20 | x1=-7 x2=2 => x0=0xfffffffffffffffd
sdiv x0, x1, x2 | 9ac20c20 | x1=7 x2=-2 => x0=0xfffffffffffffffd
sdiv x0, x1, x2 | 9ac20c20 | x1=5 x2=0 => x0=0
sdiv x0, x1, x2 | 9ac20c20 | x1=0x8000000000000000 x2=-1 => x0=0x8000000000000000
sdiv x0, x1, x2 | 9ac20c20 | x1=-1 x2=-1 => x0=1
sdiv x0, x1, x2 | 9ac20c20 | x1=0 x2=5 => x0=0
sdiv x0, x1, x2 | 9ac20c20 | x1=0xffffffffffffffff x2=10 => x0=0
sdiv w0, w1, w2 | 1ac20c20 | x1=7 x2=2 => x0=3
sdiv w0, w1, w2 | 1ac20c20 | x1=0xfffffff9 x2=2 => x0=0xfffffffd
sdiv w0, w1, w2 | 1ac20c20 | x1=7 x2=0xfffffffe => x0=0xfffffffd
sdiv w0, w1, w2 | 1ac20c20 | x1=5 x2=0xffffffff00000000 => x0=0
sdiv w0, w1, w2 | 1ac20c20 | x1=0x80000000 x2=0xffffffff => x0=0x80000000
sdiv w0, w1, w2 | 1ac20c20 | x1=0x1234567880000000 x2=3 => x0=0xd5555556
sdiv x0, x1, x0 | 9ac00c20 | x0=3 x1=100 => x0=0x21
sdiv x2, x2, x1 | 9ac10c42 | x1=7 x2=1000 => x2=0x8e
sdiv x3, x3, x3 | 9ac30c63 | x3=9 => x3=1
crc32b w0, w1, w2 | 1ac24020 | x1=0 x2=0x123456789abcdef1 => x0=0xcabac28a
crc32b w0, w1, w2 | 1ac24020 | x1=0xfffffffff1234567 x2=0 => x0=0xd327d7be
crc32b w1, w1, w2 | 1ac24021 | x1=0xffffffff x2=-1 => x1=0xffffff
crc32h w0, w1, w2 | 1ac24420 | x1=0 x2=0x123456789abcdef1 => x0=0x6ccc2f2f
crc32h w0, w1, w2 | 1ac24420 | x1=0xfffffffff1234567 x2=0 => x0=0x2c0ab95c
crc32h w1, w1, w2 | 1ac24421 | x1=0xffffffff x2=-1 => x1=0xffff
crc32w w0, w1, w2 | 1ac24820 | x1=0 x2=0x123456789abcdef1 => x0=0xe167f216
crc32w w0, w1, w2 | 1ac24820 | x1=0xfffffffff1234567 x2=0 => x0=0xa4b3357a
crc32w w1, w1, w2 | 1ac24821 | x1=0xffffffff x2=-1 => x1=0
crc32x w0, w1, x2 | 9ac24c20 | x1=0x89abcdef x2=0x123456789abcdef1 => x0=0x88bd22f5
crc32x w0, wzr, x2 | 9ac24fe0 | x2=-1 => x0=0x44660075
crc32x w0, w0, x2; crc32x w0, w0, x3; crc32x w5, w0, x4 | 9ac24c00 9ac34c00 9ac44c05 | x2=0x123456789abcdef1 x3=0xfedcba9876543210 x4=-1 => x0=0xb88aac84 x5=0x8c804624
crc32x w0, w0, x2; ldr x5, [x1]; crc32x w0, w0, x3 | 9ac24c00 f9400025 9ac34c00 | x2=0x123456789abcdef1 x3=0xfedcba9876543210 x4=-1 x1=M+0x1000 => fault=M+0x1000 x0=0x14c682f pc=P+4
crc32x w0, w0, x2; crc32w w0, w0, w3; crc32x w0, w0, x3; crc32b w0, w0, w4; crc32h w0, w0, w2; crc32x w0, w0, x2 | 9ac24c00 1ac34800 9ac34c00 1ac44000 1ac24400 9ac24c00 | x2=0x123456789abcdef1 x3=0xfedcba9876543210 x4=-1 => x0=0x39f4f643
crc32cb w0, w1, w2 | 1ac25020 | x1=0 x2=0x123456789abcdef1 => x0=0x105ec76
crc32cb w0, w1, w2 | 1ac25020 | x1=0xfffffffff1234567 x2=0 => x0=0xb5fdd4cc
crc32cb w1, w1, w2 | 1ac25021 | x1=0xffffffff x2=-1 => x1=0xffffff
crc32ch w0, w1, w2 | 1ac25420 | x1=0 x2=0x123456789abcdef1 => x0=0x2893e885
crc32ch w0, w1, w2 | 1ac25420 | x1=0xfffffffff1234567 x2=0 => x0=0x8e7b14c0
crc32ch w1, w1, w2 | 1ac25421 | x1=0xffffffff x2=-1 => x1=0xffff
crc32cw w0, w1, w2 | 1ac25820 | x1=0 x2=0x123456789abcdef1 => x0=0x5e5b4525
crc32cw w0, w1, w2 | 1ac25820 | x1=0xfffffffff1234567 x2=0 => x0=0xd310e2f6
crc32cw w1, w1, w2 | 1ac25821 | x1=0xffffffff x2=-1 => x1=0
crc32cx w0, w1, x2 | 9ac25c20 | x1=0x89abcdef x2=0x123456789abcdef1 => x0=0x2a56b133
crc32cx w0, wzr, x2 | 9ac25fe0 | x2=-1 => x0=0xc44ff94d
crc32cx w0, w0, x2; crc32cx w0, w0, x3; crc32cx w5, w0, x4 | 9ac25c00 9ac35c00 9ac45c05 | x2=0x123456789abcdef1 x3=0xfedcba9876543210 x4=-1 => x0=0x7a8c431c x5=0x39c8f631
crc32cx w0, w0, x2; ldr x5, [x1]; crc32cx w0, w0, x3 | 9ac25c00 f9400025 9ac35c00 | x2=0x123456789abcdef1 x3=0xfedcba9876543210 x4=-1 x1=M+0x1000 => fault=M+0x1000 x0=0x8d128345 pc=P+4
crc32cx w0, w0, x2; crc32cw w0, w0, w3; crc32cx w0, w0, x3; crc32cb w0, w0, w4; crc32ch w0, w0, w2; crc32cx w0, w0, x2 | 9ac25c00 1ac35800 9ac35c00 1ac45000 1ac25400 9ac25c00 | x2=0x123456789abcdef1 x3=0xfedcba9876543210 x4=-1 => x0=0x10aaebef

# multiply
madd x0, x1, x2, x3 | 9b020c20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0x3347e9a10783af12
madd w0, w1, w2, w3 | 1b020c20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0x783af12
madd x0, x1, x2, xzr | 9b027c20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0x2236d88fe5618cf0
madd w0, w1, w2, wzr | 1b027c20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0xe5618cf0
madd x3, x3, x3, x3 | 9b030c63 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x3=0x333333333fb72ea6
smaddl x0, w1, w2, x3 | 9b220c20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0xda5f57390783af12
smaddl x0, w1, w2, xzr | 9b227c20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0xc94e4627e5618cf0
smaddl x0, w1, w1, x1 | 9b210420 | x1=0x80000000 => x0=0x4000000080000000
umaddl x0, w1, w2, x3 | 9ba20c20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0x50b389490783af12
umaddl x0, w1, w2, xzr | 9ba27c20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0x3fa27837e5618cf0
umaddl x0, w1, w1, x1 | 9ba10420 | x1=0x80000000 => x0=0x4000000080000000
msub x0, x1, x2, x3 | 9b028c20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0xeeda38813cc09532
msub w0, w1, w2, w3 | 1b028c20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0x3cc09532
msub x0, x1, x2, xzr | 9b02fc20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0xddc927701a9e7310
msub w0, w1, w2, wzr | 1b02fc20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0x1a9e7310
msub x3, x3, x3, x3 | 9b038c63 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x3=0xeeeeeeef048d159e
smsubl x0, w1, w2, x3 | 9b228c20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0x47c2cae93cc09532
smsubl x0, w1, w2, xzr | 9b22fc20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0x36b1b9d81a9e7310
smsubl x0, w1, w1, x1 | 9b218420 | x1=0x80000000 => x0=0xc000000080000000
umsubl x0, w1, w2, x3 | 9ba28c20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0xd16e98d93cc09532
umsubl x0, w1, w2, xzr | 9ba2fc20 | x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222 => x0=0xc05d87c81a9e7310
umsubl x0, w1, w1, x1 | 9ba18420 | x1=0x80000000 => x0=0xc000000080000000
smulh x0, x1, x2 | 9b427c20 | x1=0x8000000000000000 x2=0 => x0=0
smulh x0, x1, x2 | 9b427c20 | x1=-1 x2=-1 => x0=0
smulh x0, x1, x2 | 9b427c20 | x1=0xfedcba9876543210 x2=1 => x0=0xffffffffffffffff
smulh x0, x1, x2 | 9b427c20 | x1=0 x2=0x123456789abcdef0 => x0=0
smulh x0, x1, x2 | 9b427c20 | x1=0x7fffffffffffffff x2=0x7fffffffffffffff => x0=0x3fffffffffffffff
smulh x0, x1, x2 | 9b427c20 | x1=0x8000000000000000 x2=0xfedcba9876543210 => x0=0x91a2b3c4d5e6f8
smulh x0, x1, x2 | 9b427c20 | x1=0x123456789abcdef0 x2=0x8000000000000000 => x0=0xf6e5d4c3b2a19088
smulh x0, x1, x2 | 9b427c20 | x1=0 x2=0 => x0=0
umulh x0, x1, x2 | 9bc27c20 | x1=0x8000000000000000 x2=0 => x0=0
umulh x0, x1, x2 | 9bc27c20 | x1=-1 x2=-1 => x0=0xfffffffffffffffe
umulh x0, x1, x2 | 9bc27c20 | x1=0xfedcba9876543210 x2=1 => x0=0
umulh x0, x1, x2 | 9bc27c20 | x1=0 x2=0x123456789abcdef0 => x0=0
umulh x0, x1, x2 | 9bc27c20 | x1=0x7fffffffffffffff x2=0x7fffffffffffffff => x0=0x3fffffffffffffff
umulh x0, x1, x2 | 9bc27c20 | x1=0x8000000000000000 x2=0xfedcba9876543210 => x0=0x7f6e5d4c3b2a1908
umulh x0, x1, x2 | 9bc27c20 | x1=0x123456789abcdef0 x2=0x8000000000000000 => x0=0x91a2b3c4d5e6f78
umulh x0, x1, x2 | 9bc27c20 | x1=0 x2=0 => x0=0

# one source
rbit x0, x1 | dac00020 | x1=0 => x0=0
rbit w0, w1 | 5ac00020 | x1=0 => x0=0
rbit x0, x1 | dac00020 | x1=1 => x0=0x8000000000000000
rbit w0, w1 | 5ac00020 | x1=1 => x0=0x80000000
rbit x0, x1 | dac00020 | x1=-1 => x0=0xffffffffffffffff
rbit w0, w1 | 5ac00020 | x1=-1 => x0=0xffffffff
rbit x0, x1 | dac00020 | x1=0x8000000000000000 => x0=1
rbit w0, w1 | 5ac00020 | x1=0x8000000000000000 => x0=0
rbit x0, x1 | dac00020 | x1=0x0000123456789abc => x0=0x3d591e6a2c480000
rbit w0, w1 | 5ac00020 | x1=0x0000123456789abc => x0=0x3d591e6a
rbit x0, x1 | dac00020 | x1=0xffffffff7fffffff => x0=0xfffffffeffffffff
rbit w0, w1 | 5ac00020 | x1=0xffffffff7fffffff => x0=0xfffffffe
rbit x0, x1 | dac00020 | x1=0xfffffffffffffff0 => x0=0xfffffffffffffff
rbit w0, w1 | 5ac00020 | x1=0xfffffffffffffff0 => x0=0xfffffff
rbit x0, x1 | dac00020 | x1=0x00000000ffff0000 => x0=0xffff00000000
rbit w0, w1 | 5ac00020 | x1=0x00000000ffff0000 => x0=0xffff
rev16 x0, x1 | dac00420 | x1=0 => x0=0
rev16 w0, w1 | 5ac00420 | x1=0 => x0=0
rev16 x0, x1 | dac00420 | x1=1 => x0=0x100
rev16 w0, w1 | 5ac00420 | x1=1 => x0=0x100
rev16 x0, x1 | dac00420 | x1=-1 => x0=0xffffffffffffffff
rev16 w0, w1 | 5ac00420 | x1=-1 => x0=0xffffffff
rev16 x0, x1 | dac00420 | x1=0x8000000000000000 => x0=0x80000000000000
rev16 w0, w1 | 5ac00420 | x1=0x8000000000000000 => x0=0
rev16 x0, x1 | dac00420 | x1=0x0000123456789abc => x0=0x34127856bc9a
rev16 w0, w1 | 5ac00420 | x1=0x0000123456789abc => x0=0x7856bc9a
rev16 x0, x1 | dac00420 | x1=0xffffffff7fffffff => x0=0xffffffffff7fffff
rev16 w0, w1 | 5ac00420 | x1=0xffffffff7fffffff => x0=0xff7fffff
rev16 x0, x1 | dac00420 | x1=0xfffffffffffffff0 => x0=0xfffffffffffff0ff
rev16 w0, w1 | 5ac00420 | x1=0xfffffffffffffff0 => x0=0xfffff0ff
rev16 x0, x1 | dac00420 | x1=0x00000000ffff0000 => x0=0xffff0000
rev16 w0, w1 | 5ac00420 | x1=0x00000000ffff0000 => x0=0xffff0000
clz x0, x1 | dac01020 | x1=0 => x0=0x40
clz w0, w1 | 5ac01020 | x1=0 => x0=0x20
clz x0, x1 | dac01020 | x1=1 => x0=0x3f
clz w0, w1 | 5ac01020 | x1=1 => x0=0x1f
clz x0, x1 | dac01020 | x1=-1 => x0=0
clz w0, w1 | 5ac01020 | x1=-1 => x0=0
clz x0, x1 | dac01020 | x1=0x8000000000000000 => x0=0
clz w0, w1 | 5ac01020 | x1=0x8000000000000000 => x0=0x20
clz x0, x1 | dac01020 | x1=0x0000123456789abc => x0=0x13
clz w0, w1 | 5ac01020 | x1=0x0000123456789abc => x0=1
clz x0, x1 | dac01020 | x1=0xffffffff7fffffff => x0=0
clz w0, w1 | 5ac01020 | x1=0xffffffff7fffffff => x0=1
clz x0, x1 | dac01020 | x1=0xfffffffffffffff0 => x0=0
clz w0, w1 | 5ac01020 | x1=0xfffffffffffffff0 => x0=0
clz x0, x1 | dac01020 | x1=0x00000000ffff0000 => x0=0x20
clz w0, w1 | 5ac01020 | x1=0x00000000ffff0000 => x0=0
cls x0, x1 | dac01420 | x1=0 => x0=0x3f
cls w0, w1 | 5ac01420 | x1=0 => x0=0x1f
cls x0, x1 | dac01420 | x1=1 => x0=0x3e
cls w0, w1 | 5ac01420 | x1=1 => x0=0x1e
cls x0, x1 | dac01420 | x1=-1 => x0=0x3f
cls w0, w1 | 5ac01420 | x1=-1 => x0=0x1f
cls x0, x1 | dac01420 | x1=0x8000000000000000 => x0=0
cls w0, w1 | 5ac01420 | x1=0x8000000000000000 => x0=0x1f
cls x0, x1 | dac01420 | x1=0x0000123456789abc => x0=0x12
cls w0, w1 | 5ac01420 | x1=0x0000123456789abc => x0=0
cls x0, x1 | dac01420 | x1=0xffffffff7fffffff => x0=0x1f
cls w0, w1 | 5ac01420 | x1=0xffffffff7fffffff => x0=0
cls x0, x1 | dac01420 | x1=0xfffffffffffffff0 => x0=0x3b
cls w0, w1 | 5ac01420 | x1=0xfffffffffffffff0 => x0=0x1b
cls x0, x1 | dac01420 | x1=0x00000000ffff0000 => x0=0x1f
cls w0, w1 | 5ac01420 | x1=0x00000000ffff0000 => x0=15
rev x0, x1 | dac00c20 | x1=0x0123456789abcdef => x0=0xefcdab8967452301
rev w0, w1 | 5ac00820 | x1=0x0123456789abcdef => x0=0xefcdab89
rev32 x0, x1 | dac00820 | x1=0x0123456789abcdef => x0=0x67452301efcdab89

# conditional select and compare
csel x0, x1, x2, eq | 9a820020 | nzcv=0 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, eq | 9a820020 | nzcv=15 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, eq | 9a820020 | nzcv=6 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, ne | 9a821020 | nzcv=1 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, ne | 9a821020 | nzcv=14 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, ne | 9a821020 | nzcv=11 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, cs | 9a822020 | nzcv=2 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, cs | 9a822020 | nzcv=13 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, cs | 9a822020 | nzcv=0 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, cc | 9a823020 | nzcv=3 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, cc | 9a823020 | nzcv=12 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, cc | 9a823020 | nzcv=5 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, mi | 9a824020 | nzcv=4 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, mi | 9a824020 | nzcv=11 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, mi | 9a824020 | nzcv=10 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, pl | 9a825020 | nzcv=5 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, pl | 9a825020 | nzcv=10 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, pl | 9a825020 | nzcv=15 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, vs | 9a826020 | nzcv=6 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, vs | 9a826020 | nzcv=9 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, vs | 9a826020 | nzcv=4 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, vc | 9a827020 | nzcv=7 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, vc | 9a827020 | nzcv=8 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, vc | 9a827020 | nzcv=9 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, hi | 9a828020 | nzcv=8 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, hi | 9a828020 | nzcv=7 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, hi | 9a828020 | nzcv=14 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, ls | 9a829020 | nzcv=9 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, ls | 9a829020 | nzcv=6 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, ls | 9a829020 | nzcv=3 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, ge | 9a82a020 | nzcv=10 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, ge | 9a82a020 | nzcv=5 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, ge | 9a82a020 | nzcv=8 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, lt | 9a82b020 | nzcv=11 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, lt | 9a82b020 | nzcv=4 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, lt | 9a82b020 | nzcv=13 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, gt | 9a82c020 | nzcv=12 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, gt | 9a82c020 | nzcv=3 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, gt | 9a82c020 | nzcv=2 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, le | 9a82d020 | nzcv=13 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, le | 9a82d020 | nzcv=2 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csel x0, x1, x2, le | 9a82d020 | nzcv=7 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, al | 9a82e020 | nzcv=14 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, al | 9a82e020 | nzcv=1 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, al | 9a82e020 | nzcv=12 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, nv | 9a82f020 | nzcv=15 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, nv | 9a82f020 | nzcv=0 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel x0, x1, x2, nv | 9a82f020 | nzcv=1 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csel w0, w1, w2, ge | 1a82a020 | x1=-1 x2=-1 nzcv=8 => x0=0xffffffff
csel w0, w1, w2, ge | 1a82a020 | x1=-1 x2=-1 nzcv=9 => x0=0xffffffff
csel x0, xzr, xzr, eq | 9a9f03e0 | nzcv=0 => x0=0
csel x0, xzr, xzr, ne | 9a9f13e0 | nzcv=0 => x0=0
csinc x0, x1, x2, eq | 9a820420 | nzcv=0 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, eq | 9a820420 | nzcv=15 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, eq | 9a820420 | nzcv=6 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, ne | 9a821420 | nzcv=1 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, ne | 9a821420 | nzcv=14 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, ne | 9a821420 | nzcv=11 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, cs | 9a822420 | nzcv=2 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, cs | 9a822420 | nzcv=13 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, cs | 9a822420 | nzcv=0 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, cc | 9a823420 | nzcv=3 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, cc | 9a823420 | nzcv=12 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, cc | 9a823420 | nzcv=5 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, mi | 9a824420 | nzcv=4 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, mi | 9a824420 | nzcv=11 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, mi | 9a824420 | nzcv=10 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, pl | 9a825420 | nzcv=5 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, pl | 9a825420 | nzcv=10 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, pl | 9a825420 | nzcv=15 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, vs | 9a826420 | nzcv=6 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, vs | 9a826420 | nzcv=9 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, vs | 9a826420 | nzcv=4 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, vc | 9a827420 | nzcv=7 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, vc | 9a827420 | nzcv=8 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, vc | 9a827420 | nzcv=9 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, hi | 9a828420 | nzcv=8 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, hi | 9a828420 | nzcv=7 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, hi | 9a828420 | nzcv=14 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, ls | 9a829420 | nzcv=9 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, ls | 9a829420 | nzcv=6 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, ls | 9a829420 | nzcv=3 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, ge | 9a82a420 | nzcv=10 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, ge | 9a82a420 | nzcv=5 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, ge | 9a82a420 | nzcv=8 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, lt | 9a82b420 | nzcv=11 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, lt | 9a82b420 | nzcv=4 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, lt | 9a82b420 | nzcv=13 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, gt | 9a82c420 | nzcv=12 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, gt | 9a82c420 | nzcv=3 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, gt | 9a82c420 | nzcv=2 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, le | 9a82d420 | nzcv=13 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, le | 9a82d420 | nzcv=2 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000001
csinc x0, x1, x2, le | 9a82d420 | nzcv=7 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, al | 9a82e420 | nzcv=14 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, al | 9a82e420 | nzcv=1 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, al | 9a82e420 | nzcv=12 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, nv | 9a82f420 | nzcv=15 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, nv | 9a82f420 | nzcv=0 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc x0, x1, x2, nv | 9a82f420 | nzcv=1 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinc w0, w1, w2, ge | 1a82a420 | x1=-1 x2=-1 nzcv=8 => x0=0
csinc w0, w1, w2, ge | 1a82a420 | x1=-1 x2=-1 nzcv=9 => x0=0xffffffff
csinc x0, xzr, xzr, eq | 9a9f07e0 | nzcv=0 => x0=1
csinc x0, xzr, xzr, ne | 9a9f17e0 | nzcv=0 => x0=0
csinv x0, x1, x2, eq | da820020 | nzcv=0 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, eq | da820020 | nzcv=15 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, eq | da820020 | nzcv=6 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, ne | da821020 | nzcv=1 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, ne | da821020 | nzcv=14 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, ne | da821020 | nzcv=11 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, cs | da822020 | nzcv=2 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, cs | da822020 | nzcv=13 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, cs | da822020 | nzcv=0 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, cc | da823020 | nzcv=3 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, cc | da823020 | nzcv=12 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, cc | da823020 | nzcv=5 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, mi | da824020 | nzcv=4 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, mi | da824020 | nzcv=11 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, mi | da824020 | nzcv=10 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, pl | da825020 | nzcv=5 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, pl | da825020 | nzcv=10 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, pl | da825020 | nzcv=15 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, vs | da826020 | nzcv=6 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, vs | da826020 | nzcv=9 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, vs | da826020 | nzcv=4 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, vc | da827020 | nzcv=7 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, vc | da827020 | nzcv=8 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, vc | da827020 | nzcv=9 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, hi | da828020 | nzcv=8 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, hi | da828020 | nzcv=7 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, hi | da828020 | nzcv=14 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, ls | da829020 | nzcv=9 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, ls | da829020 | nzcv=6 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, ls | da829020 | nzcv=3 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, ge | da82a020 | nzcv=10 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, ge | da82a020 | nzcv=5 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, ge | da82a020 | nzcv=8 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, lt | da82b020 | nzcv=11 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, lt | da82b020 | nzcv=4 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, lt | da82b020 | nzcv=13 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, gt | da82c020 | nzcv=12 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, gt | da82c020 | nzcv=3 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, gt | da82c020 | nzcv=2 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, le | da82d020 | nzcv=13 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, le | da82d020 | nzcv=2 x1=0x1111 x2=0x8000000000000000 => x0=0x7fffffffffffffff
csinv x0, x1, x2, le | da82d020 | nzcv=7 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, al | da82e020 | nzcv=14 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, al | da82e020 | nzcv=1 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, al | da82e020 | nzcv=12 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, nv | da82f020 | nzcv=15 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, nv | da82f020 | nzcv=0 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv x0, x1, x2, nv | da82f020 | nzcv=1 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csinv w0, w1, w2, ge | 5a82a020 | x1=-1 x2=-1 nzcv=8 => x0=0
csinv w0, w1, w2, ge | 5a82a020 | x1=-1 x2=-1 nzcv=9 => x0=0xffffffff
csinv x0, xzr, xzr, eq | da9f03e0 | nzcv=0 => x0=0xffffffffffffffff
csinv x0, xzr, xzr, ne | da9f13e0 | nzcv=0 => x0=0
csneg x0, x1, x2, eq | da820420 | nzcv=0 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, eq | da820420 | nzcv=15 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, eq | da820420 | nzcv=6 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, ne | da821420 | nzcv=1 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, ne | da821420 | nzcv=14 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, ne | da821420 | nzcv=11 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, cs | da822420 | nzcv=2 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, cs | da822420 | nzcv=13 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, cs | da822420 | nzcv=0 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, cc | da823420 | nzcv=3 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, cc | da823420 | nzcv=12 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, cc | da823420 | nzcv=5 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, mi | da824420 | nzcv=4 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, mi | da824420 | nzcv=11 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, mi | da824420 | nzcv=10 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, pl | da825420 | nzcv=5 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, pl | da825420 | nzcv=10 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, pl | da825420 | nzcv=15 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, vs | da826420 | nzcv=6 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, vs | da826420 | nzcv=9 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, vs | da826420 | nzcv=4 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, vc | da827420 | nzcv=7 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, vc | da827420 | nzcv=8 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, vc | da827420 | nzcv=9 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, hi | da828420 | nzcv=8 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, hi | da828420 | nzcv=7 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, hi | da828420 | nzcv=14 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, ls | da829420 | nzcv=9 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, ls | da829420 | nzcv=6 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, ls | da829420 | nzcv=3 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, ge | da82a420 | nzcv=10 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, ge | da82a420 | nzcv=5 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, ge | da82a420 | nzcv=8 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, lt | da82b420 | nzcv=11 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, lt | da82b420 | nzcv=4 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, lt | da82b420 | nzcv=13 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, gt | da82c420 | nzcv=12 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, gt | da82c420 | nzcv=3 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, gt | da82c420 | nzcv=2 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, le | da82d420 | nzcv=13 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, le | da82d420 | nzcv=2 x1=0x1111 x2=0x8000000000000000 => x0=0x8000000000000000
csneg x0, x1, x2, le | da82d420 | nzcv=7 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, al | da82e420 | nzcv=14 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, al | da82e420 | nzcv=1 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, al | da82e420 | nzcv=12 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, nv | da82f420 | nzcv=15 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, nv | da82f420 | nzcv=0 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg x0, x1, x2, nv | da82f420 | nzcv=1 x1=0x1111 x2=0x8000000000000000 => x0=0x1111
csneg w0, w1, w2, ge | 5a82a420 | x1=-1 x2=-1 nzcv=8 => x0=1
csneg w0, w1, w2, ge | 5a82a420 | x1=-1 x2=-1 nzcv=9 => x0=0xffffffff
csneg x0, xzr, xzr, eq | da9f07e0 | nzcv=0 => x0=0
csneg x0, xzr, xzr, ne | da9f17e0 | nzcv=0 => x0=0
ccmp x1, x2, #0, eq | fa420020 | nzcv=0 x1=0x7fffffffffffffff x2=-1 =>
ccmp w1, #0, #15, eq | 7a40082f | nzcv=15 x1=0x80000000 => nzcv=10
ccmp x1, x2, #1, ne | fa421021 | nzcv=1 x1=0x7fffffffffffffff x2=-1 => nzcv=9
ccmp w1, #2, #14, ne | 7a42182e | nzcv=14 x1=0x80000000 =>
ccmp x1, x2, #2, cs | fa422022 | nzcv=2 x1=0x7fffffffffffffff x2=-1 => nzcv=9
ccmp w1, #4, #13, cs | 7a44282d | nzcv=13 x1=0x80000000 =>
ccmp x1, x2, #3, cc | fa423023 | nzcv=3 x1=0x7fffffffffffffff x2=-1 =>
ccmp w1, #6, #12, cc | 7a46382c | nzcv=12 x1=0x80000000 => nzcv=3
ccmp x1, x2, #4, mi | fa424024 | nzcv=4 x1=0x7fffffffffffffff x2=-1 =>
ccmp w1, #8, #11, mi | 7a48482b | nzcv=11 x1=0x80000000 => nzcv=3
ccmp x1, x2, #5, pl | fa425025 | nzcv=5 x1=0x7fffffffffffffff x2=-1 => nzcv=9
ccmp w1, #10, #10, pl | 7a4a582a | nzcv=10 x1=0x80000000 =>
ccmp x1, x2, #6, vs | fa426026 | nzcv=6 x1=0x7fffffffffffffff x2=-1 =>
ccmp w1, #12, #9, vs | 7a4c6829 | nzcv=9 x1=0x80000000 => nzcv=3
ccmp x1, x2, #7, vc | fa427027 | nzcv=7 x1=0x7fffffffffffffff x2=-1 =>
ccmp w1, #14, #8, vc | 7a4e7828 | nzcv=8 x1=0x80000000 => nzcv=3
ccmp x1, x2, #8, hi | fa428028 | nzcv=8 x1=0x7fffffffffffffff x2=-1 =>
ccmp w1, #16, #7, hi | 7a508827 | nzcv=7 x1=0x80000000 =>
ccmp x1, x2, #9, ls | fa429029 | nzcv=9 x1=0x7fffffffffffffff x2=-1 =>
ccmp w1, #18, #6, ls | 7a529826 | nzcv=6 x1=0x80000000 => nzcv=3
ccmp x1, x2, #10, ge | fa42a02a | nzcv=10 x1=0x7fffffffffffffff x2=-1 =>
ccmp w1, #20, #5, ge | 7a54a825 | nzcv=5 x1=0x80000000 =>
ccmp x1, x2, #11, lt | fa42b02b | nzcv=11 x1=0x7fffffffffffffff x2=-1 =>
ccmp w1, #22, #4, lt | 7a56b824 | nzcv=4 x1=0x80000000 =>
ccmp x1, x2, #12, gt | fa42c02c | nzcv=12 x1=0x7fffffffffffffff x2=-1 =>
ccmp w1, #24, #3, gt | 7a58c823 | nzcv=3 x1=0x80000000 =>
ccmp x1, x2, #13, le | fa42d02d | nzcv=13 x1=0x7fffffffffffffff x2=-1 => nzcv=9
ccmp w1, #26, #2, le | 7a5ad822 | nzcv=2 x1=0x80000000 =>
ccmp w1, w2, #3, al | 7a42e023 | x1=-1 x2=1 => nzcv=10
ccmp x1, #31, #3, nv | fa5ff823 | x1=31 => nzcv=6
ccmp xzr, xzr, #3, al | fa5fe3e3 | => nzcv=6
ccmn x1, x2, #0, eq | ba420020 | nzcv=0 x1=0x7fffffffffffffff x2=-1 =>
ccmn w1, #0, #15, eq | 3a40082f | nzcv=15 x1=0x80000000 => nzcv=8
ccmn x1, x2, #1, ne | ba421021 | nzcv=1 x1=0x7fffffffffffffff x2=-1 => nzcv=2
ccmn w1, #2, #14, ne | 3a42182e | nzcv=14 x1=0x80000000 =>
ccmn x1, x2, #2, cs | ba422022 | nzcv=2 x1=0x7fffffffffffffff x2=-1 =>
ccmn w1, #4, #13, cs | 3a44282d | nzcv=13 x1=0x80000000 =>
ccmn x1, x2, #3, cc | ba423023 | nzcv=3 x1=0x7fffffffffffffff x2=-1 =>
ccmn w1, #6, #12, cc | 3a46382c | nzcv=12 x1=0x80000000 => nzcv=8
ccmn x1, x2, #4, mi | ba424024 | nzcv=4 x1=0x7fffffffffffffff x2=-1 =>
ccmn w1, #8, #11, mi | 3a48482b | nzcv=11 x1=0x80000000 => nzcv=8
ccmn x1, x2, #5, pl | ba425025 | nzcv=5 x1=0x7fffffffffffffff x2=-1 => nzcv=2
ccmn w1, #10, #10, pl | 3a4a582a | nzcv=10 x1=0x80000000 =>
ccmn x1, x2, #6, vs | ba426026 | nzcv=6 x1=0x7fffffffffffffff x2=-1 =>
ccmn w1, #12, #9, vs | 3a4c6829 | nzcv=9 x1=0x80000000 => nzcv=8
ccmn x1, x2, #7, vc | ba427027 | nzcv=7 x1=0x7fffffffffffffff x2=-1 =>
ccmn w1, #14, #8, vc | 3a4e7828 | nzcv=8 x1=0x80000000 =>
ccmn x1, x2, #8, hi | ba428028 | nzcv=8 x1=0x7fffffffffffffff x2=-1 =>
ccmn w1, #16, #7, hi | 3a508827 | nzcv=7 x1=0x80000000 =>
ccmn x1, x2, #9, ls | ba429029 | nzcv=9 x1=0x7fffffffffffffff x2=-1 => nzcv=2
ccmn w1, #18, #6, ls | 3a529826 | nzcv=6 x1=0x80000000 => nzcv=8
ccmn x1, x2, #10, ge | ba42a02a | nzcv=10 x1=0x7fffffffffffffff x2=-1 =>
ccmn w1, #20, #5, ge | 3a54a825 | nzcv=5 x1=0x80000000 =>
ccmn x1, x2, #11, lt | ba42b02b | nzcv=11 x1=0x7fffffffffffffff x2=-1 =>
ccmn w1, #22, #4, lt | 3a56b824 | nzcv=4 x1=0x80000000 =>
ccmn x1, x2, #12, gt | ba42c02c | nzcv=12 x1=0x7fffffffffffffff x2=-1 =>
ccmn w1, #24, #3, gt | 3a58c823 | nzcv=3 x1=0x80000000 =>
ccmn x1, x2, #13, le | ba42d02d | nzcv=13 x1=0x7fffffffffffffff x2=-1 => nzcv=2
ccmn w1, #26, #2, le | 3a5ad822 | nzcv=2 x1=0x80000000 =>
ccmn w1, w2, #3, al | 3a42e023 | x1=-1 x2=1 => nzcv=6
ccmn x1, #31, #3, nv | ba5ff823 | x1=31 => nzcv=0
ccmn xzr, xzr, #3, al | ba5fe3e3 | => nzcv=4

# fused sequences: compare, then select or branch
cmp x1, x2; cset x0, eq | eb02003f 9a9f17e0 | x1=0x8000000000000000 x2=1 => x0=0 nzcv=3
cmp w1, w2; csel w0, w3, w4, eq | 6b02003f 1a840060 | x1=5 x2=5 x3=1 x4=2 => x0=1 nzcv=6
cmn x1, x2; cset x0, eq | ab02003f 9a9f17e0 | x1=-1 x2=1 => x0=1 nzcv=6
ands x5, x1, x2; cset x0, eq | ea020025 9a9f17e0 | x1=-1 x2=0x8000000000000000 => x0=0 x5=0x8000000000000000 nzcv=8
cmp x1, x2; cset x0, ne | eb02003f 9a9f07e0 | x1=0x8000000000000000 x2=1 => x0=1 nzcv=3
cmp w1, w2; csel w0, w3, w4, ne | 6b02003f 1a841060 | x1=5 x2=5 x3=1 x4=2 => x0=2 nzcv=6
cmn x1, x2; cset x0, ne | ab02003f 9a9f07e0 | x1=-1 x2=1 => x0=0 nzcv=6
ands x5, x1, x2; cset x0, ne | ea020025 9a9f07e0 | x1=-1 x2=0x8000000000000000 => x0=1 x5=0x8000000000000000 nzcv=8
cmp x1, x2; cset x0, cs | eb02003f 9a9f37e0 | x1=0x8000000000000000 x2=1 => x0=1 nzcv=3
cmp w1, w2; csel w0, w3, w4, cs | 6b02003f 1a842060 | x1=5 x2=5 x3=1 x4=2 => x0=1 nzcv=6
cmn x1, x2; cset x0, cs | ab02003f 9a9f37e0 | x1=-1 x2=1 => x0=1 nzcv=6
ands x5, x1, x2; cset x0, cs | ea020025 9a9f37e0 | x1=-1 x2=0x8000000000000000 => x0=0 x5=0x8000000000000000 nzcv=8
cmp x1, x2; cset x0, cc | eb02003f 9a9f27e0 | x1=0x8000000000000000 x2=1 => x0=0 nzcv=3
cmp w1, w2; csel w0, w3, w4, cc | 6b02003f 1a843060 | x1=5 x2=5 x3=1 x4=2 => x0=2 nzcv=6
cmn x1, x2; cset x0, cc | ab02003f 9a9f27e0 | x1=-1 x2=1 => x0=0 nzcv=6
ands x5, x1, x2; cset x0, cc | ea020025 9a9f27e0 | x1=-1 x2=0x8000000000000000 => x0=1 x5=0x8000000000000000 nzcv=8
cmp x1, x2; cset x0, mi | eb02003f 9a9f57e0 | x1=0x8000000000000000 x2=1 => x0=0 nzcv=3
cmp w1, w2; csel w0, w3, w4, mi | 6b02003f 1a844060 | x1=5 x2=5 x3=1 x4=2 => x0=2 nzcv=6
cmn x1, x2; cset x0, mi | ab02003f 9a9f57e0 | x1=-1 x2=1 => x0=0 nzcv=6
ands x5, x1, x2; cset x0, mi | ea020025 9a9f57e0 | x1=-1 x2=0x8000000000000000 => x0=1 x5=0x8000000000000000 nzcv=8
cmp x1, x2; cset x0, pl | eb02003f 9a9f47e0 | x1=0x8000000000000000 x2=1 => x0=1 nzcv=3
cmp w1, w2; csel w0, w3, w4, pl | 6b02003f 1a845060 | x1=5 x2=5 x3=1 x4=2 => x0=1 nzcv=6
cmn x1, x2; cset x0, pl | ab02003f 9a9f47e0 | x1=-1 x2=1 => x0=1 nzcv=6
ands x5, x1, x2; cset x0, pl | ea020025 9a9f47e0 | x1=-1 x2=0x8000000000000000 => x0=0 x5=0x8000000000000000 nzcv=8
cmp x1, x2; cset x0, vs | eb02003f 9a9f77e0 | x1=0x8000000000000000 x2=1 => x0=1 nzcv=3
cmp w1, w2; csel w0, w3, w4, vs | 6b02003f 1a846060 | x1=5 x2=5 x3=1 x4=2 => x0=2 nzcv=6
cmn x1, x2; cset x0, vs | ab02003f 9a9f77e0 | x1=-1 x2=1 => x0=0 nzcv=6
ands x5, x1, x2; cset x0, vs | ea020025 9a9f77e0 | x1=-1 x2=0x8000000000000000 => x0=0 x5=0x8000000000000000 nzcv=8
cmp x1, x2; cset x0, vc | eb02003f 9a9f67e0 | x1=0x8000000000000000 x2=1 => x0=0 nzcv=3
cmp w1, w2; csel w0, w3, w4, vc | 6b02003f 1a847060 | x1=5 x2=5 x3=1 x4=2 => x0=1 nzcv=6
cmn x1, x2; cset x0, vc | ab02003f 9a9f67e0 | x1=-1 x2=1 => x0=1 nzcv=6
ands x5, x1, x2; cset x0, vc | ea020025 9a9f67e0 | x1=-1 x2=0x8000000000000000 => x0=1 x5=0x8000000000000000 nzcv=8
cmp x1, x2; cset x0, hi | eb02003f 9a9f97e0 | x1=0x8000000000000000 x2=1 => x0=1 nzcv=3
cmp w1, w2; csel w0, w3, w4, hi | 6b02003f 1a848060 | x1=5 x2=5 x3=1 x4=2 => x0=2 nzcv=6
cmn x1, x2; cset x0, hi | ab02003f 9a9f97e0 | x1=-1 x2=1 => x0=0 nzcv=6
ands x5, x1, x2; cset x0, hi | ea020025 9a9f97e0 | x1=-1 x2=0x8000000000000000 => x0=0 x5=0x8000000000000000 nzcv=8
cmp x1, x2; cset x0, ls | eb02003f 9a9f87e0 | x1=0x8000000000000000 x2=1 => x0=0 nzcv=3
cmp w1, w2; csel w0, w3, w4, ls | 6b02003f 1a849060 | x1=5 x2=5 x3=1 x4=2 => x0=1 nzcv=6
cmn x1, x2; cset x0, ls | ab02003f 9a9f87e0 | x1=-1 x2=1 => x0=1 nzcv=6
ands x5, x1, x2; cset x0, ls | ea020025 9a9f87e0 | x1=-1 x2=0x8000000000000000 => x0=1 x5=0x8000000000000000 nzcv=8
cmp x1, x2; cset x0, ge | eb02003f 9a9fb7e0 | x1=0x8000000000000000 x2=1 => x0=0 nzcv=3
cmp w1, w2; csel w0, w3, w4, ge | 6b02003f 1a84a060 | x1=5 x2=5 x3=1 x4=2 => x0=1 nzcv=6
cmn x1, x2; cset x0, ge | ab02003f 9a9fb7e0 | x1=-1 x2=1 => x0=1 nzcv=6
ands x5, x1, x2; cset x0, ge | ea020025 9a9fb7e0 | x1=-1 x2=0x8000000000000000 => x0=0 x5=0x8000000000000000 nzcv=8
cmp x1, x2; cset x0, lt | eb02003f 9a9fa7e0 | x1=0x8000000000000000 x2=1 => x0=1 nzcv=3
cmp w1, w2; csel w0, w3, w4, lt | 6b02003f 1a84b060 | x1=5 x2=5 x3=1 x4=2 => x0=2 nzcv=6
cmn x1, x2; cset x0, lt | ab02003f 9a9fa7e0 | x1=-1 x2=1 => x0=0 nzcv=6
ands x5, x1, x2; cset x0, lt | ea020025 9a9fa7e0 | x1=-1 x2=0x8000000000000000 => x0=1 x5=0x8000000000000000 nzcv=8
cmp x1, x2; cset x0, gt | eb02003f 9a9fd7e0 | x1=0x8000000000000000 x2=1 => x0=0 nzcv=3
cmp w1, w2; csel w0, w3, w4, gt | 6b02003f 1a84c060 | x1=5 x2=5 x3=1 x4=2 => x0=2 nzcv=6
cmn x1, x2; cset x0, gt | ab02003f 9a9fd7e0 | x1=-1 x2=1 => x0=0 nzcv=6
ands x5, x1, x2; cset x0, gt | ea020025 9a9fd7e0 | x1=-1 x2=0x8000000000000000 => x0=0 x5=0x8000000000000000 nzcv=8
cmp x1, x2; cset x0, le | eb02003f 9a9fc7e0 | x1=0x8000000000000000 x2=1 => x0=1 nzcv=3
cmp w1, w2; csel w0, w3, w4, le | 6b02003f 1a84d060 | x1=5 x2=5 x3=1 x4=2 => x0=1 nzcv=6
cmn x1, x2; cset x0, le | ab02003f 9a9fc7e0 | x1=-1 x2=1 => x0=1 nzcv=6
ands x5, x1, x2; cset x0, le | ea020025 9a9fc7e0 | x1=-1 x2=0x8000000000000000 => x0=1 x5=0x8000000000000000 nzcv=8
cmp x1, #5; ccmp x2, #7, #4, ne; cset x0, eq | f100143f fa471844 9a9f17e0 | x1=4 x2=7 => x0=1 nzcv=6
cmp x1, #5; ccmp x2, #7, #4, ne; cset x0, eq | f100143f fa471844 9a9f17e0 | x1=5 x2=1 => x0=1 nzcv=4
adds x0, x0, x1; csel x2, x3, x4, vs; cinc x5, x6, cs | ab010000 9a846062 9a8634c5 | x0=0x7fffffffffffffff x1=1 => x0=0x8000000000000000 x2=0xc0de000380000003 x5=0xc0de000680000006 nzcv=9

# addresses
adr x0, .+4 | 10000020 | => x0=P+4
adr x0, .-4 | 10ffffe0 | => x0=P-4
adr x0, . | 10000000 | => x0=P+0
adr x0, .+0x7fc | 10003fe0 | => x0=P+2044
adr x30, .+1 | 3000001e | => x30=P+1
adrp x0, . | 90000000 | => x0=P-2048
adrp x0, .+0x10000 | 90000000 | => x0=P-2048
adrp x0, .-0x100000 | 90000000 | => x0=P-2048

# by hand: FEAT_CSSC, worked out from the manual's definitions by gen/cases.py
smax x0, x1, #0 | 91c00020 | x1=0 => x0=0x0
smax x0, x1, #0 | 91c00020 | x1=-5 => x0=0x0
smax x0, x1, #5 | 91c01420 | x1=-128 => x0=0x5
smax x0, x1, #5 | 91c01420 | x1=-1 => x0=0x5
smax x0, x1, #127 | 91c1fc20 | x1=-1 => x0=0x7f
smax x0, x1, #127 | 91c1fc20 | x1=-128 => x0=0x7f
smax x0, x1, #-128 | 91c20020 | x1=-5 => x0=0xfffffffffffffffb
smax x0, x1, #-128 | 91c20020 | x1=0 => x0=0x0
smax x0, x1, #-5 | 91c3ec20 | x1=9223372036854775808 => x0=0xfffffffffffffffb
smax x0, x1, #-5 | 91c3ec20 | x1=2147483647 => x0=0x7fffffff
smax x0, x1, x2 | 9ac26020 | x1=0 x2=-5 => x0=0x0
smax x0, x1, x2 | 9ac26020 | x1=-128 x2=-1 => x0=0xffffffffffffffff
smax x0, x1, x2 | 9ac26020 | x1=-1 x2=-128 => x0=0xffffffffffffffff
smax x0, x1, x2 | 9ac26020 | x1=-5 x2=0 => x0=0x0
smax x0, x1, x2 | 9ac26020 | x1=9223372036854775808 x2=2147483647 => x0=0x7fffffff
umax x0, x1, #0 | 91c40020 | x1=1 => x0=0x1
umax x0, x1, #0 | 91c40020 | x1=127 => x0=0x7f
umax x0, x1, #5 | 91c41420 | x1=2147483648 => x0=0x80000000
umax x0, x1, #5 | 91c41420 | x1=1311768465120366336 => x0=0x123456780f0f0f00
umax x0, x1, #127 | 91c5fc20 | x1=1311768465120366336 => x0=0x123456780f0f0f00
umax x0, x1, #127 | 91c5fc20 | x1=2147483648 => x0=0x80000000
umax x0, x1, #255 | 91c7fc20 | x1=127 => x0=0xff
umax x0, x1, #255 | 91c7fc20 | x1=1 => x0=0xff
umax x0, x1, x2 | 9ac26420 | x1=1 x2=-128 => x0=0xffffffffffffff80
umax x0, x1, x2 | 9ac26420 | x1=2147483648 x2=0 => x0=0x80000000
umax x0, x1, x2 | 9ac26420 | x1=1311768465120366336 x2=2147483647 => x0=0x123456780f0f0f00
umax x0, x1, x2 | 9ac26420 | x1=127 x2=5 => x0=0x7f
umax x0, x1, x2 | 9ac26420 | x1=9223372036854775807 x2=9223372036854775807 => x0=0x7fffffffffffffff
smin x0, x1, #0 | 91c80020 | x1=5 => x0=0x0
smin x0, x1, #0 | 91c80020 | x1=-128 => x0=0xffffffffffffff80
smin x0, x1, #5 | 91c81420 | x1=2147483647 => x0=0x5
smin x0, x1, #5 | 91c81420 | x1=0 => x0=0x0
smin x0, x1, #127 | 91c9fc20 | x1=0 => x0=0x0
smin x0, x1, #127 | 91c9fc20 | x1=2147483647 => x0=0x7f
smin x0, x1, #-128 | 91ca0020 | x1=-128 => x0=0xffffffffffffff80
smin x0, x1, #-128 | 91ca0020 | x1=5 => x0=0xffffffffffffff80
smin x0, x1, #-5 | 91cbec20 | x1=-1 => x0=0xfffffffffffffffb
smin x0, x1, #-5 | 91cbec20 | x1=9223372036854775807 => x0=0xfffffffffffffffb
smin x0, x1, x2 | 9ac26820 | x1=5 x2=2147483647 => x0=0x5
smin x0, x1, x2 | 9ac26820 | x1=2147483647 x2=5 => x0=0x5
smin x0, x1, x2 | 9ac26820 | x1=0 x2=9223372036854775807 => x0=0x0
smin x0, x1, x2 | 9ac26820 | x1=-128 x2=127 => x0=0xffffffffffffff80
smin x0, x1, x2 | 9ac26820 | x1=-1 x2=1311768465120366336 => x0=0xffffffffffffffff
umin x0, x1, #0 | 91cc0020 | x1=-5 => x0=0x0
umin x0, x1, #0 | 91cc0020 | x1=2147483648 => x0=0x0
umin x0, x1, #5 | 91cc1420 | x1=9223372036854775808 => x0=0x5
umin x0, x1, #5 | 91cc1420 | x1=1 => x0=0x1
umin x0, x1, #127 | 91cdfc20 | x1=1 => x0=0x1
umin x0, x1, #127 | 91cdfc20 | x1=9223372036854775808 => x0=0x7f
umin x0, x1, #255 | 91cffc20 | x1=2147483648 => x0=0xff
umin x0, x1, #255 | 91cffc20 | x1=-5 => x0=0xff
umin x0, x1, x2 | 9ac26c20 | x1=-5 x2=9223372036854775807 => x0=0x7fffffffffffffff
umin x0, x1, x2 | 9ac26c20 | x1=9223372036854775808 x2=127 => x0=0x7f
umin x0, x1, x2 | 9ac26c20 | x1=1 x2=1311768465120366336 => x0=0x1
umin x0, x1, x2 | 9ac26c20 | x1=2147483648 x2=2147483648 => x0=0x80000000
umin x0, x1, x2 | 9ac26c20 | x1=1311768465120366336 x2=1 => x0=0x1
ctz x0, x1 | dac01820 | x1=0 => x0=0x40
cnt x0, x1 | dac01c20 | x1=0 => x0=0x0
abs x0, x1 | dac02020 | x1=0 => x0=0x0
ctz x0, x1 | dac01820 | x1=1 => x0=0x0
cnt x0, x1 | dac01c20 | x1=1 => x0=0x1
abs x0, x1 | dac02020 | x1=1 => x0=0x1
ctz x0, x1 | dac01820 | x1=5 => x0=0x0
cnt x0, x1 | dac01c20 | x1=5 => x0=0x2
abs x0, x1 | dac02020 | x1=5 => x0=0x5
ctz x0, x1 | dac01820 | x1=-5 => x0=0x0
cnt x0, x1 | dac01c20 | x1=-5 => x0=0x3f
abs x0, x1 | dac02020 | x1=-5 => x0=0x5
ctz x0, x1 | dac01820 | x1=127 => x0=0x0
cnt x0, x1 | dac01c20 | x1=127 => x0=0x7
abs x0, x1 | dac02020 | x1=127 => x0=0x7f
ctz x0, x1 | dac01820 | x1=-128 => x0=0x7
cnt x0, x1 | dac01c20 | x1=-128 => x0=0x39
abs x0, x1 | dac02020 | x1=-128 => x0=0x80
ctz x0, x1 | dac01820 | x1=2147483648 => x0=0x1f
cnt x0, x1 | dac01c20 | x1=2147483648 => x0=0x1
abs x0, x1 | dac02020 | x1=2147483648 => x0=0x80000000
ctz x0, x1 | dac01820 | x1=2147483647 => x0=0x0
cnt x0, x1 | dac01c20 | x1=2147483647 => x0=0x1f
abs x0, x1 | dac02020 | x1=2147483647 => x0=0x7fffffff
ctz x0, x1 | dac01820 | x1=9223372036854775808 => x0=0x3f
cnt x0, x1 | dac01c20 | x1=9223372036854775808 => x0=0x1
abs x0, x1 | dac02020 | x1=9223372036854775808 => x0=0x8000000000000000
ctz x0, x1 | dac01820 | x1=9223372036854775807 => x0=0x0
cnt x0, x1 | dac01c20 | x1=9223372036854775807 => x0=0x3f
abs x0, x1 | dac02020 | x1=9223372036854775807 => x0=0x7fffffffffffffff
ctz x0, x1 | dac01820 | x1=-1 => x0=0x0
cnt x0, x1 | dac01c20 | x1=-1 => x0=0x40
abs x0, x1 | dac02020 | x1=-1 => x0=0x1
ctz x0, x1 | dac01820 | x1=1311768465120366336 => x0=0x8
cnt x0, x1 | dac01c20 | x1=1311768465120366336 => x0=0x19
abs x0, x1 | dac02020 | x1=1311768465120366336 => x0=0x123456780f0f0f00
smax w0, w1, #0 | 11c00020 | x1=0 => x0=0x0
smax w0, w1, #0 | 11c00020 | x1=-5 => x0=0x0
smax w0, w1, #5 | 11c01420 | x1=-128 => x0=0x5
smax w0, w1, #5 | 11c01420 | x1=-1 => x0=0x5
smax w0, w1, #127 | 11c1fc20 | x1=-1 => x0=0x7f
smax w0, w1, #127 | 11c1fc20 | x1=-128 => x0=0x7f
smax w0, w1, #-128 | 11c20020 | x1=-5 => x0=0xfffffffb
smax w0, w1, #-128 | 11c20020 | x1=0 => x0=0x0
smax w0, w1, #-5 | 11c3ec20 | x1=9223372036854775808 => x0=0x0
smax w0, w1, #-5 | 11c3ec20 | x1=2147483647 => x0=0x7fffffff
smax w0, w1, w2 | 1ac26020 | x1=0 x2=-5 => x0=0x0
smax w0, w1, w2 | 1ac26020 | x1=-128 x2=-1 => x0=0xffffffff
smax w0, w1, w2 | 1ac26020 | x1=-1 x2=-128 => x0=0xffffffff
smax w0, w1, w2 | 1ac26020 | x1=-5 x2=0 => x0=0x0
smax w0, w1, w2 | 1ac26020 | x1=9223372036854775808 x2=2147483647 => x0=0x7fffffff
umax w0, w1, #0 | 11c40020 | x1=1 => x0=0x1
umax w0, w1, #0 | 11c40020 | x1=127 => x0=0x7f
umax w0, w1, #5 | 11c41420 | x1=2147483648 => x0=0x80000000
umax w0, w1, #5 | 11c41420 | x1=1311768465120366336 => x0=0xf0f0f00
umax w0, w1, #127 | 11c5fc20 | x1=1311768465120366336 => x0=0xf0f0f00
umax w0, w1, #127 | 11c5fc20 | x1=2147483648 => x0=0x80000000
umax w0, w1, #255 | 11c7fc20 | x1=127 => x0=0xff
umax w0, w1, #255 | 11c7fc20 | x1=1 => x0=0xff
umax w0, w1, w2 | 1ac26420 | x1=1 x2=-128 => x0=0xffffff80
umax w0, w1, w2 | 1ac26420 | x1=2147483648 x2=0 => x0=0x80000000
umax w0, w1, w2 | 1ac26420 | x1=1311768465120366336 x2=2147483647 => x0=0x7fffffff
umax w0, w1, w2 | 1ac26420 | x1=127 x2=5 => x0=0x7f
umax w0, w1, w2 | 1ac26420 | x1=9223372036854775807 x2=9223372036854775807 => x0=0xffffffff
smin w0, w1, #0 | 11c80020 | x1=5 => x0=0x0
smin w0, w1, #0 | 11c80020 | x1=-128 => x0=0xffffff80
smin w0, w1, #5 | 11c81420 | x1=2147483647 => x0=0x5
smin w0, w1, #5 | 11c81420 | x1=0 => x0=0x0
smin w0, w1, #127 | 11c9fc20 | x1=0 => x0=0x0
smin w0, w1, #127 | 11c9fc20 | x1=2147483647 => x0=0x7f
smin w0, w1, #-128 | 11ca0020 | x1=-128 => x0=0xffffff80
smin w0, w1, #-128 | 11ca0020 | x1=5 => x0=0xffffff80
smin w0, w1, #-5 | 11cbec20 | x1=-1 => x0=0xfffffffb
smin w0, w1, #-5 | 11cbec20 | x1=9223372036854775807 => x0=0xfffffffb
smin w0, w1, w2 | 1ac26820 | x1=5 x2=2147483647 => x0=0x5
smin w0, w1, w2 | 1ac26820 | x1=2147483647 x2=5 => x0=0x5
smin w0, w1, w2 | 1ac26820 | x1=0 x2=9223372036854775807 => x0=0xffffffff
smin w0, w1, w2 | 1ac26820 | x1=-128 x2=127 => x0=0xffffff80
smin w0, w1, w2 | 1ac26820 | x1=-1 x2=1311768465120366336 => x0=0xffffffff
umin w0, w1, #0 | 11cc0020 | x1=-5 => x0=0x0
umin w0, w1, #0 | 11cc0020 | x1=2147483648 => x0=0x0
umin w0, w1, #5 | 11cc1420 | x1=9223372036854775808 => x0=0x0
umin w0, w1, #5 | 11cc1420 | x1=1 => x0=0x1
umin w0, w1, #127 | 11cdfc20 | x1=1 => x0=0x1
umin w0, w1, #127 | 11cdfc20 | x1=9223372036854775808 => x0=0x0
umin w0, w1, #255 | 11cffc20 | x1=2147483648 => x0=0xff
umin w0, w1, #255 | 11cffc20 | x1=-5 => x0=0xff
umin w0, w1, w2 | 1ac26c20 | x1=-5 x2=9223372036854775807 => x0=0xfffffffb
umin w0, w1, w2 | 1ac26c20 | x1=9223372036854775808 x2=127 => x0=0x0
umin w0, w1, w2 | 1ac26c20 | x1=1 x2=1311768465120366336 => x0=0x1
umin w0, w1, w2 | 1ac26c20 | x1=2147483648 x2=2147483648 => x0=0x80000000
umin w0, w1, w2 | 1ac26c20 | x1=1311768465120366336 x2=1 => x0=0x1
ctz w0, w1 | 5ac01820 | x1=0 => x0=0x20
cnt w0, w1 | 5ac01c20 | x1=0 => x0=0x0
abs w0, w1 | 5ac02020 | x1=0 => x0=0x0
ctz w0, w1 | 5ac01820 | x1=1 => x0=0x0
cnt w0, w1 | 5ac01c20 | x1=1 => x0=0x1
abs w0, w1 | 5ac02020 | x1=1 => x0=0x1
ctz w0, w1 | 5ac01820 | x1=5 => x0=0x0
cnt w0, w1 | 5ac01c20 | x1=5 => x0=0x2
abs w0, w1 | 5ac02020 | x1=5 => x0=0x5
ctz w0, w1 | 5ac01820 | x1=-5 => x0=0x0
cnt w0, w1 | 5ac01c20 | x1=-5 => x0=0x1f
abs w0, w1 | 5ac02020 | x1=-5 => x0=0x5
ctz w0, w1 | 5ac01820 | x1=127 => x0=0x0
cnt w0, w1 | 5ac01c20 | x1=127 => x0=0x7
abs w0, w1 | 5ac02020 | x1=127 => x0=0x7f
ctz w0, w1 | 5ac01820 | x1=-128 => x0=0x7
cnt w0, w1 | 5ac01c20 | x1=-128 => x0=0x19
abs w0, w1 | 5ac02020 | x1=-128 => x0=0x80
ctz w0, w1 | 5ac01820 | x1=2147483648 => x0=0x1f
cnt w0, w1 | 5ac01c20 | x1=2147483648 => x0=0x1
abs w0, w1 | 5ac02020 | x1=2147483648 => x0=0x80000000
ctz w0, w1 | 5ac01820 | x1=2147483647 => x0=0x0
cnt w0, w1 | 5ac01c20 | x1=2147483647 => x0=0x1f
abs w0, w1 | 5ac02020 | x1=2147483647 => x0=0x7fffffff
ctz w0, w1 | 5ac01820 | x1=9223372036854775808 => x0=0x20
cnt w0, w1 | 5ac01c20 | x1=9223372036854775808 => x0=0x0
abs w0, w1 | 5ac02020 | x1=9223372036854775808 => x0=0x0
ctz w0, w1 | 5ac01820 | x1=9223372036854775807 => x0=0x0
cnt w0, w1 | 5ac01c20 | x1=9223372036854775807 => x0=0x20
abs w0, w1 | 5ac02020 | x1=9223372036854775807 => x0=0x1
ctz w0, w1 | 5ac01820 | x1=-1 => x0=0x0
cnt w0, w1 | 5ac01c20 | x1=-1 => x0=0x20
abs w0, w1 | 5ac02020 | x1=-1 => x0=0x1
ctz w0, w1 | 5ac01820 | x1=1311768465120366336 => x0=0x8
cnt w0, w1 | 5ac01c20 | x1=1311768465120366336 => x0=0xc
abs w0, w1 | 5ac02020 | x1=1311768465120366336 => x0=0xf0f0f00
# end by hand
