# Logical operations and moves of immediates
#
# Words by the GNU assembler, values by qemu-aarch64 7.2 -cpu max (tests/insn/gen/fill.py), except
# between `by hand` marks. Format: tests/insn/README.md.

# and
and x0, x1, x2 | 8a020020 | x1=0 x2=0 => x0=0
and x0, x1, x2 | 8a020020 | x1=1 x2=-1 => x0=1
and x0, x1, x2 | 8a020020 | x1=0x8000000000000000 x2=1 => x0=0
and w0, w1, w2 | 0a020020 | x1=0 x2=0 => x0=0
and w0, w1, w2 | 0a020020 | x1=0xffffffff00000001 x2=0xffffffff => x0=1
and w0, w1, w2 | 0a020020 | x1=0xdead000080000000 x2=0xffffffff00000001 => x0=0
and x3, x4, x5, lsl #1 | 8a050483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xfdb90000eca80000
and x3, x4, x5, lsr #63 | 8a45fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0
and x3, x4, x5, asr #63 | 8a85fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff0000ffff0000
and x3, x4, x5, ror #1 | 8ac50483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xff6e00003b2a0000
and x3, x4, x5, ror #63 | 8ac5fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xfdb90000eca80000
and x3, x4, x5, lsl #32 | 8a058083 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x7654000000000000
and w3, w4, w5, lsl #31 | 0a057c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0x80000000
and w3, w4, w5, lsr #1 | 0a450483 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0x4b2a0000
and w3, w4, w5, asr #31 | 0a857c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xffff0000
and w3, w4, w5, ror #7 | 0ac51c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0x232c0000
and x0, xzr, x1 | 8a0103e0 | x1=0x55 => x0=0
and xzr, x1, x2 | 8a02003f | x1=0x55 =>
and x0, x1, #1 | 92400020 | x1=0x8123456789abcdef => x0=1
and x0, x1, #0x8000000000000000 | 92410020 | x1=0x8123456789abcdef => x0=0x8000000000000000
and x0, x1, #0x5555555555555555 | 9200f020 | x1=0x8123456789abcdef => x0=0x101454501014545
and x0, x1, #0xfffffffffffffffe | 927ff820 | x1=0x8123456789abcdef => x0=0x8123456789abcdee
and x0, x1, #0xff00ff00ff00ff00 | 92089c20 | x1=0x8123456789abcdef => x0=0x810045008900cd00
and x0, x1, #0x7ffffffffffffffc | 927ef020 | x1=0x8123456789abcdef => x0=0x123456789abcdec
and x0, x1, #0x0f0f0f0f0f0f0f0f | 9200cc20 | x1=0x8123456789abcdef => x0=0x1030507090b0d0f
and x0, x1, #0xe000000000000007 | 92431420 | x1=0x8123456789abcdef => x0=0x8000000000000007
and w0, w1, #1 | 12000020 | x1=0x8123456789abcdef => x0=1
and w0, w1, #0x80000000 | 12010020 | x1=0x8123456789abcdef => x0=0x80000000
and w0, w1, #0xaaaaaaaa | 1201f020 | x1=0x8123456789abcdef => x0=0x88aa88aa
and w0, w1, #0xff00ff00 | 12089c20 | x1=0x8123456789abcdef => x0=0x8900cd00
and w0, w1, #0x7ffffffe | 121f7420 | x1=0x8123456789abcdef => x0=0x9abcdee
and w0, w1, #0xc0000003 | 12020c20 | x1=0x8123456789abcdef => x0=0x80000003
and sp, x1, #0xfffffffffffffff0 | 927cec3f | x1=0x10010337 => sp=M+0x330

# ands
ands x0, x1, x2 | ea020020 | x1=1 x2=0 => x0=0 nzcv=4
ands x0, x1, x2 | ea020020 | x1=0x7fffffffffffffff x2=-1 => x0=0x7fffffffffffffff nzcv=0
ands x0, x1, x2 | ea020020 | x1=-1 x2=1 => x0=1 nzcv=0
ands x0, x1, x2 | ea020020 | x1=0x123456789abcdef0 x2=0x123456789abcdef0 => x0=0x123456789abcdef0 nzcv=0
ands x0, x1, x2 | ea020020 | x1=0 x2=0x7fffffffffffffff => x0=0 nzcv=4
ands x0, x1, x2 | ea020020 | x1=1 x2=0xfedcba9876543210 => x0=0 nzcv=4
ands w0, w1, w2 | 6a020020 | x1=0xffffffff00000001 x2=0 => x0=0 nzcv=4
ands w0, w1, w2 | 6a020020 | x1=0x123456787fffffff x2=0xffffffff => x0=0x7fffffff nzcv=0
ands w0, w1, w2 | 6a020020 | x1=0xffffffff x2=0xffffffff00000001 => x0=1 nzcv=0
ands w0, w1, w2 | 6a020020 | x1=0x123456789abcdef0 x2=0x123456789abcdef0 => x0=0x9abcdef0 nzcv=8
ands w0, w1, w2 | 6a020020 | x1=0 x2=0x123456787fffffff => x0=0 nzcv=4
ands w0, w1, w2 | 6a020020 | x1=0xffffffff00000001 x2=0xfedcba9876543210 => x0=0 nzcv=4
ands x3, x4, x5, lsl #1 | ea050483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xfdb90000eca80000 nzcv=8
ands x3, x4, x5, lsr #63 | ea45fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0 nzcv=4
ands x3, x4, x5, asr #63 | ea85fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff0000ffff0000 nzcv=8
ands x3, x4, x5, ror #1 | eac50483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xff6e00003b2a0000 nzcv=8
ands x3, x4, x5, ror #63 | eac5fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xfdb90000eca80000 nzcv=8
ands x3, x4, x5, lsl #32 | ea058083 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x7654000000000000 nzcv=0
ands w3, w4, w5, lsl #31 | 6a057c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0x80000000 nzcv=8
ands w3, w4, w5, lsr #1 | 6a450483 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0x4b2a0000 nzcv=0
ands w3, w4, w5, asr #31 | 6a857c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xffff0000 nzcv=8
ands w3, w4, w5, ror #7 | 6ac51c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0x232c0000 nzcv=0
ands x0, xzr, x1 | ea0103e0 | x1=0x55 => x0=0 nzcv=4
ands xzr, x1, x2 | ea02003f | x1=0x55 => nzcv=4
ands x0, x1, #1 | f2400020 | x1=0x8123456789abcdef => x0=1 nzcv=0
ands x0, x1, #0x8000000000000000 | f2410020 | x1=0x8123456789abcdef => x0=0x8000000000000000 nzcv=8
ands x0, x1, #0x5555555555555555 | f200f020 | x1=0x8123456789abcdef => x0=0x101454501014545 nzcv=0
ands x0, x1, #0xfffffffffffffffe | f27ff820 | x1=0x8123456789abcdef => x0=0x8123456789abcdee nzcv=8
ands x0, x1, #0xff00ff00ff00ff00 | f2089c20 | x1=0x8123456789abcdef => x0=0x810045008900cd00 nzcv=8
ands x0, x1, #0x7ffffffffffffffc | f27ef020 | x1=0x8123456789abcdef => x0=0x123456789abcdec nzcv=0
ands x0, x1, #0x0f0f0f0f0f0f0f0f | f200cc20 | x1=0x8123456789abcdef => x0=0x1030507090b0d0f nzcv=0
ands x0, x1, #0xe000000000000007 | f2431420 | x1=0x8123456789abcdef => x0=0x8000000000000007 nzcv=8
ands w0, w1, #1 | 72000020 | x1=0x8123456789abcdef => x0=1 nzcv=0
ands w0, w1, #0x80000000 | 72010020 | x1=0x8123456789abcdef => x0=0x80000000 nzcv=8
ands w0, w1, #0xaaaaaaaa | 7201f020 | x1=0x8123456789abcdef => x0=0x88aa88aa nzcv=8
ands w0, w1, #0xff00ff00 | 72089c20 | x1=0x8123456789abcdef => x0=0x8900cd00 nzcv=8
ands w0, w1, #0x7ffffffe | 721f7420 | x1=0x8123456789abcdef => x0=0x9abcdee nzcv=0
ands w0, w1, #0xc0000003 | 72020c20 | x1=0x8123456789abcdef => x0=0x80000003 nzcv=8
ands x0, x1, #0xfffffffffffffff0 | f27cec20 | x1=0x10010337 => x0=M+0x330 nzcv=0

# bic
bic x0, x1, x2 | 8a220020 | x1=0x7fffffffffffffff x2=0 => x0=0x7fffffffffffffff
bic x0, x1, x2 | 8a220020 | x1=0x8000000000000000 x2=-1 => x0=0
bic x0, x1, x2 | 8a220020 | x1=0x123456789abcdef0 x2=1 => x0=0x123456789abcdef0
bic w0, w1, w2 | 0a220020 | x1=0x123456787fffffff x2=0 => x0=0x7fffffff
bic w0, w1, w2 | 0a220020 | x1=0xdead000080000000 x2=0xffffffff => x0=0
bic w0, w1, w2 | 0a220020 | x1=0x123456789abcdef0 x2=0xffffffff00000001 => x0=0x9abcdef0
bic x3, x4, x5, lsl #1 | 8a250483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x246000013570000
bic x3, x4, x5, lsr #63 | 8a65fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff0000ffff0000
bic x3, x4, x5, asr #63 | 8aa5fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0
bic x3, x4, x5, ror #1 | 8ae50483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x910000c4d50000
bic x3, x4, x5, ror #63 | 8ae5fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x246000013570000
bic x3, x4, x5, lsl #32 | 8a258083 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x89ab0000ffff0000
bic w3, w4, w5, lsl #31 | 0a257c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0x7fff0000
bic w3, w4, w5, lsr #1 | 0a650483 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xb4d50000
bic w3, w4, w5, asr #31 | 0aa57c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0
bic w3, w4, w5, ror #7 | 0ae51c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xdcd30000
bic x0, xzr, x1 | 8a2103e0 | x1=0x55 => x0=0
bic xzr, x1, x2 | 8a22003f | x1=0x55 =>

# bics
bics x0, x1, x2 | ea220020 | x1=0x8000000000000000 x2=0 => x0=0x8000000000000000 nzcv=8
bics x0, x1, x2 | ea220020 | x1=-1 x2=-1 => x0=0 nzcv=4
bics x0, x1, x2 | ea220020 | x1=0xfedcba9876543210 x2=1 => x0=0xfedcba9876543210 nzcv=8
bics x0, x1, x2 | ea220020 | x1=0 x2=0x123456789abcdef0 => x0=0 nzcv=4
bics x0, x1, x2 | ea220020 | x1=0x7fffffffffffffff x2=0x7fffffffffffffff => x0=0 nzcv=4
bics x0, x1, x2 | ea220020 | x1=0x8000000000000000 x2=0xfedcba9876543210 => x0=0 nzcv=4
bics w0, w1, w2 | 6a220020 | x1=0xdead000080000000 x2=0 => x0=0x80000000 nzcv=8
bics w0, w1, w2 | 6a220020 | x1=0xffffffff x2=0xffffffff => x0=0 nzcv=4
bics w0, w1, w2 | 6a220020 | x1=0xfedcba9876543210 x2=0xffffffff00000001 => x0=0x76543210 nzcv=0
bics w0, w1, w2 | 6a220020 | x1=0 x2=0x123456789abcdef0 => x0=0 nzcv=4
bics w0, w1, w2 | 6a220020 | x1=0x123456787fffffff x2=0x123456787fffffff => x0=0 nzcv=4
bics w0, w1, w2 | 6a220020 | x1=0xdead000080000000 x2=0xfedcba9876543210 => x0=0x80000000 nzcv=8
bics x3, x4, x5, lsl #1 | ea250483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x246000013570000 nzcv=0
bics x3, x4, x5, lsr #63 | ea65fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff0000ffff0000 nzcv=8
bics x3, x4, x5, asr #63 | eaa5fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0 nzcv=4
bics x3, x4, x5, ror #1 | eae50483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x910000c4d50000 nzcv=0
bics x3, x4, x5, ror #63 | eae5fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x246000013570000 nzcv=0
bics x3, x4, x5, lsl #32 | ea258083 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x89ab0000ffff0000 nzcv=8
bics w3, w4, w5, lsl #31 | 6a257c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0x7fff0000 nzcv=0
bics w3, w4, w5, lsr #1 | 6a650483 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xb4d50000 nzcv=8
bics w3, w4, w5, asr #31 | 6aa57c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0 nzcv=4
bics w3, w4, w5, ror #7 | 6ae51c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xdcd30000 nzcv=8
bics x0, xzr, x1 | ea2103e0 | x1=0x55 => x0=0 nzcv=4
bics xzr, x1, x2 | ea22003f | x1=0x55 => nzcv=0

# orr
orr x0, x1, x2 | aa020020 | x1=-1 x2=0 => x0=0xffffffffffffffff
orr x0, x1, x2 | aa020020 | x1=0x123456789abcdef0 x2=-1 => x0=0xffffffffffffffff
orr x0, x1, x2 | aa020020 | x1=0 x2=1 => x0=1
orr w0, w1, w2 | 2a020020 | x1=0xffffffff x2=0 => x0=0xffffffff
orr w0, w1, w2 | 2a020020 | x1=0x123456789abcdef0 x2=0xffffffff => x0=0xffffffff
orr w0, w1, w2 | 2a020020 | x1=0 x2=0xffffffff00000001 => x0=1
orr x3, x4, x5, lsl #1 | aa050483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff7530ffff6422
orr x3, x4, x5, lsr #63 | aa45fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff0000ffff0001
orr x3, x4, x5, asr #63 | aa85fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffffffffffffffff
orr x3, x4, x5, ror #1 | aac50483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff5d4cffff1908
orr x3, x4, x5, ror #63 | aac5fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff7530ffff6423
orr x3, x4, x5, lsl #32 | aa058083 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff3211ffff0000
orr w3, w4, w5, lsl #31 | 2a057c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xffff0000
orr w3, w4, w5, lsr #1 | 2a450483 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xffff1908
orr w3, w4, w5, asr #31 | 2a857c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xffffffff
orr w3, w4, w5, ror #7 | 2ac51c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xffffa864
orr x0, xzr, x1 | aa0103e0 | x1=0x55 => x0=0x55
orr xzr, x1, x2 | aa02003f | x1=0x55 =>
orr x0, x1, #1 | b2400020 | x1=0x8123456789abcdef => x0=0x8123456789abcdef
orr x0, x1, #0x8000000000000000 | b2410020 | x1=0x8123456789abcdef => x0=0x8123456789abcdef
orr x0, x1, #0x5555555555555555 | b200f020 | x1=0x8123456789abcdef => x0=0xd5775577ddffddff
orr x0, x1, #0xfffffffffffffffe | b27ff820 | x1=0x8123456789abcdef => x0=0xffffffffffffffff
orr x0, x1, #0xff00ff00ff00ff00 | b2089c20 | x1=0x8123456789abcdef => x0=0xff23ff67ffabffef
orr x0, x1, #0x7ffffffffffffffc | b27ef020 | x1=0x8123456789abcdef => x0=0xffffffffffffffff
orr x0, x1, #0x0f0f0f0f0f0f0f0f | b200cc20 | x1=0x8123456789abcdef => x0=0x8f2f4f6f8fafcfef
orr x0, x1, #0xe000000000000007 | b2431420 | x1=0x8123456789abcdef => x0=0xe123456789abcdef
orr w0, w1, #1 | 32000020 | x1=0x8123456789abcdef => x0=0x89abcdef
orr w0, w1, #0x80000000 | 32010020 | x1=0x8123456789abcdef => x0=0x89abcdef
orr w0, w1, #0xaaaaaaaa | 3201f020 | x1=0x8123456789abcdef => x0=0xababefef
orr w0, w1, #0xff00ff00 | 32089c20 | x1=0x8123456789abcdef => x0=0xffabffef
orr w0, w1, #0x7ffffffe | 321f7420 | x1=0x8123456789abcdef => x0=0xffffffff
orr w0, w1, #0xc0000003 | 32020c20 | x1=0x8123456789abcdef => x0=0xc9abcdef
orr sp, x1, #0xfffffffffffffff0 | b27cec3f | x1=0x10010337 => sp=0xfffffffffffffff7

# orn
orn x0, x1, x2 | aa220020 | x1=0x123456789abcdef0 x2=0 => x0=0xffffffffffffffff
orn x0, x1, x2 | aa220020 | x1=0xfedcba9876543210 x2=-1 => x0=0xfedcba9876543210
orn x0, x1, x2 | aa220020 | x1=1 x2=1 => x0=0xffffffffffffffff
orn w0, w1, w2 | 2a220020 | x1=0x123456789abcdef0 x2=0 => x0=0xffffffff
orn w0, w1, w2 | 2a220020 | x1=0xfedcba9876543210 x2=0xffffffff => x0=0x76543210
orn w0, w1, w2 | 2a220020 | x1=0xffffffff00000001 x2=0xffffffff00000001 => x0=0xffffffff
orn x3, x4, x5, lsl #1 | aa250483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff8acfffff9bdd
orn x3, x4, x5, lsr #63 | aa65fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xfffffffffffffffe
orn x3, x4, x5, asr #63 | aaa5fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff0000ffff0000
orn x3, x4, x5, ror #1 | aae50483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffffa2b3ffffe6f7
orn x3, x4, x5, ror #63 | aae5fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff8acfffff9bdc
orn x3, x4, x5, lsl #32 | aa258083 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffffcdeeffffffff
orn w3, w4, w5, lsl #31 | 2a257c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xffffffff
orn w3, w4, w5, lsr #1 | 2a650483 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xffffe6f7
orn w3, w4, w5, asr #31 | 2aa57c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xffff0000
orn w3, w4, w5, ror #7 | 2ae51c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xffff579b
orn x0, xzr, x1 | aa2103e0 | x1=0x55 => x0=0xffffffffffffffaa
orn xzr, x1, x2 | aa22003f | x1=0x55 =>

# eor
eor x0, x1, x2 | ca020020 | x1=0xfedcba9876543210 x2=0 => x0=0xfedcba9876543210
eor x0, x1, x2 | ca020020 | x1=0 x2=-1 => x0=0xffffffffffffffff
eor x0, x1, x2 | ca020020 | x1=0x7fffffffffffffff x2=1 => x0=0x7ffffffffffffffe
eor w0, w1, w2 | 4a020020 | x1=0xfedcba9876543210 x2=0 => x0=0x76543210
eor w0, w1, w2 | 4a020020 | x1=0 x2=0xffffffff => x0=0xffffffff
eor w0, w1, w2 | 4a020020 | x1=0x123456787fffffff x2=0xffffffff00000001 => x0=0x7ffffffe
eor x3, x4, x5, lsl #1 | ca050483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x246753013576422
eor x3, x4, x5, lsr #63 | ca45fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff0000ffff0001
eor x3, x4, x5, asr #63 | ca85fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff0000ffff
eor x3, x4, x5, ror #1 | cac50483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x915d4cc4d51908
eor x3, x4, x5, ror #63 | cac5fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x246753013576423
eor x3, x4, x5, lsl #32 | ca058083 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x89ab3211ffff0000
eor w3, w4, w5, lsl #31 | 4a057c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0x7fff0000
eor w3, w4, w5, lsr #1 | 4a450483 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xb4d51908
eor w3, w4, w5, asr #31 | 4a857c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xffff
eor w3, w4, w5, ror #7 | 4ac51c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xdcd3a864
eor x0, xzr, x1 | ca0103e0 | x1=0x55 => x0=0x55
eor xzr, x1, x2 | ca02003f | x1=0x55 =>
eor x0, x1, #1 | d2400020 | x1=0x8123456789abcdef => x0=0x8123456789abcdee
eor x0, x1, #0x8000000000000000 | d2410020 | x1=0x8123456789abcdef => x0=0x123456789abcdef
eor x0, x1, #0x5555555555555555 | d200f020 | x1=0x8123456789abcdef => x0=0xd4761032dcfe98ba
eor x0, x1, #0xfffffffffffffffe | d27ff820 | x1=0x8123456789abcdef => x0=0x7edcba9876543211
eor x0, x1, #0xff00ff00ff00ff00 | d2089c20 | x1=0x8123456789abcdef => x0=0x7e23ba6776ab32ef
eor x0, x1, #0x7ffffffffffffffc | d27ef020 | x1=0x8123456789abcdef => x0=0xfedcba9876543213
eor x0, x1, #0x0f0f0f0f0f0f0f0f | d200cc20 | x1=0x8123456789abcdef => x0=0x8e2c4a6886a4c2e0
eor x0, x1, #0xe000000000000007 | d2431420 | x1=0x8123456789abcdef => x0=0x6123456789abcde8
eor w0, w1, #1 | 52000020 | x1=0x8123456789abcdef => x0=0x89abcdee
eor w0, w1, #0x80000000 | 52010020 | x1=0x8123456789abcdef => x0=0x9abcdef
eor w0, w1, #0xaaaaaaaa | 5201f020 | x1=0x8123456789abcdef => x0=0x23016745
eor w0, w1, #0xff00ff00 | 52089c20 | x1=0x8123456789abcdef => x0=0x76ab32ef
eor w0, w1, #0x7ffffffe | 521f7420 | x1=0x8123456789abcdef => x0=0xf6543211
eor w0, w1, #0xc0000003 | 52020c20 | x1=0x8123456789abcdef => x0=0x49abcdec
eor sp, x1, #0xfffffffffffffff0 | d27cec3f | x1=0x10010337 => sp=0xffffffffeffefcc7

# eon
eon x0, x1, x2 | ca220020 | x1=0 x2=0 => x0=0xffffffffffffffff
eon x0, x1, x2 | ca220020 | x1=1 x2=-1 => x0=1
eon x0, x1, x2 | ca220020 | x1=0x8000000000000000 x2=1 => x0=0x7ffffffffffffffe
eon w0, w1, w2 | 4a220020 | x1=0 x2=0 => x0=0xffffffff
eon w0, w1, w2 | 4a220020 | x1=0xffffffff00000001 x2=0xffffffff => x0=1
eon w0, w1, w2 | 4a220020 | x1=0xdead000080000000 x2=0xffffffff00000001 => x0=0x7ffffffe
eon x3, x4, x5, lsl #1 | ca250483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xfdb98acfeca89bdd
eon x3, x4, x5, lsr #63 | ca65fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff0000fffe
eon x3, x4, x5, asr #63 | caa5fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xffff0000ffff0000
eon x3, x4, x5, ror #1 | cae50483 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xff6ea2b33b2ae6f7
eon x3, x4, x5, ror #63 | cae5fc83 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0xfdb98acfeca89bdc
eon x3, x4, x5, lsl #32 | ca258083 | x4=0xffff0000ffff0000 x5=0xfedcba9876543211 => x3=0x7654cdee0000ffff
eon w3, w4, w5, lsl #31 | 4a257c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0x8000ffff
eon w3, w4, w5, lsr #1 | 4a650483 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0x4b2ae6f7
eon w3, w4, w5, asr #31 | 4aa57c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0xffff0000
eon w3, w4, w5, ror #7 | 4ae51c83 | x4=0xffff0000ffff0000 x5=0xfedcba9896543211 => x3=0x232c579b
eon x0, xzr, x1 | ca2103e0 | x1=0x55 => x0=0xffffffffffffffaa
eon xzr, x1, x2 | ca22003f | x1=0x55 =>

# moves
mov x0, x1 | aa0103e0 | => x0=0xc0de000180000001
mov w0, w1 | 2a0103e0 | x1=-1 => x0=0xffffffff
mvn x0, x1 | aa2103e0 | x1=0x1234 => x0=0xffffffffffffedcb
tst x1, x2 | ea02003f | x1=1 x2=2 => nzcv=4
movz x0, #0 | d2800000 | => x0=0
movz x0, #0xffff | d29fffe0 | => x0=0xffff
movz x0, #0x1234, lsl #16 | d2a24680 | => x0=0x12340000
movz x0, #0x1234, lsl #32 | d2c24680 | => x0=0x123400000000
movz x0, #0x8000, lsl #48 | d2f00000 | => x0=0x8000000000000000
movz w0, #0 | 52800000 | => x0=0
movz w0, #0xffff | 529fffe0 | => x0=0xffff
movz w0, #0x8000, lsl #16 | 52b00000 | => x0=0x80000000
movn x0, #0 | 92800000 | => x0=0xffffffffffffffff
movn x0, #0xffff | 929fffe0 | => x0=0xffffffffffff0000
movn x0, #0x1234, lsl #16 | 92a24680 | => x0=0xffffffffedcbffff
movn x0, #0x1234, lsl #32 | 92c24680 | => x0=0xffffedcbffffffff
movn x0, #0x8000, lsl #48 | 92f00000 | => x0=0x7fffffffffffffff
movn w0, #0 | 12800000 | => x0=0xffffffff
movn w0, #0xffff | 129fffe0 | => x0=0xffff0000
movn w0, #0x8000, lsl #16 | 12b00000 | => x0=0x7fffffff
movk x0, #0 | f2800000 | =>
movk x0, #0xffff | f29fffe0 | => x0=0xc0de00008000ffff
movk x0, #0x1234, lsl #16 | f2a24680 | => x0=0xc0de000012340000
movk x0, #0x1234, lsl #32 | f2c24680 | => x0=0xc0de123480000000
movk x0, #0x8000, lsl #48 | f2f00000 | => x0=0x8000000080000000
movk w0, #0 | 72800000 | => x0=0x80000000
movk w0, #0xffff | 729fffe0 | => x0=0x8000ffff
movk w0, #0x8000, lsl #16 | 72b00000 | => x0=0x80000000
movz xzr, #1 | d280003f | =>

# undefined: immediates that the manual leaves unallocated
unallocated | =9240fc20 | => undef
unallocated | =12400020 | => undef
unallocated | =1200fc20 | => undef
unallocated | =9200f820 | => undef
unallocated | =52c00000 | => undef
unallocated | =72e00000 | => undef
unallocated | =12c00000 | => undef
unallocated | =0a008000 | => undef

