# Add, subtract, carry, flag manipulation
#
# Words by the GNU assembler, values by qemu-aarch64 7.2 -cpu max (tests/insn/gen/fill.py), except
# between `by hand` marks. Format: tests/insn/README.md.

# add: shifted register
add x0, x1, x2 | 8b020020 | x1=0 x2=0 => x0=0
add x0, x1, x2 | 8b020020 | x1=1 x2=-1 => x0=0
add x0, x1, x2 | 8b020020 | x1=0x8000000000000000 x2=1 => x0=0x8000000000000001
add w0, w1, w2 | 0b020020 | x1=0 x2=0 => x0=0
add w0, w1, w2 | 0b020020 | x1=0xffffffff00000001 x2=0xffffffff => x0=0
add w0, w1, w2 | 0b020020 | x1=0xdead000080000000 x2=0xffffffff00000001 => x0=0x80000001
add x3, x4, x5, lsl #1 | 8b050483 | x4=0x1234 x5=0xfedcba9876543210 => x3=0xfdb97530eca87654
add x3, x4, x5, lsl #63 | 8b05fc83 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x1234
add x3, x4, x5, lsr #4 | 8b451083 | x4=0x1234 x5=0xfedcba9876543210 => x3=0xfedcba987655555
add x3, x4, x5, lsr #63 | 8b45fc83 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x1235
add x3, x4, x5, asr #8 | 8b852083 | x4=0x1234 x5=0xfedcba9876543210 => x3=0xfffedcba98766666
add x3, x4, x5, asr #63 | 8b85fc83 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x1233
add w3, w4, w5, lsl #31 | 0b057c83 | x4=0x1234 x5=0xfedcba9896543210 => x3=0x1234
add w3, w4, w5, lsr #7 | 0b451c83 | x4=0x1234 x5=0xfedcba9896543210 => x3=0x12cba98
add w3, w4, w5, asr #31 | 0b857c83 | x4=0x1234 x5=0xfedcba9896543210 => x3=0x1233
add x0, xzr, x1 | 8b0103e0 | x1=5 => x0=5
add x0, x1, xzr | 8b1f0020 | x1=-5 => x0=0xfffffffffffffffb
add x30, x30, x30 | 8b1e03de | => x30=0x81bc003d0000003c

# add: immediate
add x0, x1, #0 | 91000020 | x1=0xfffffffffffff001 => x0=0xfffffffffffff001
add w0, w1, #0 | 11000020 | x1=0x80000000 => x0=0x80000000
add x0, x1, #1 | 91000420 | x1=0xfffffffffffff001 => x0=0xfffffffffffff002
add w0, w1, #1 | 11000420 | x1=0x80000000 => x0=0x80000001
add x0, x1, #0xfff | 913ffc20 | x1=0xfffffffffffff001 => x0=0
add w0, w1, #0xfff | 113ffc20 | x1=0x80000000 => x0=0x80000fff
add x0, x1, #1, lsl #12 | 91400420 | x1=0xfffffffffffff001 => x0=1
add w0, w1, #1, lsl #12 | 11400420 | x1=0x80000000 => x0=0x80001000
add x0, x1, #0xfff, lsl #12 | 917ffc20 | x1=0xfffffffffffff001 => x0=0xffe001
add w0, w1, #0xfff, lsl #12 | 117ffc20 | x1=0x80000000 => x0=0x80fff000
add x0, sp, #16 | 910043e0 | => x0=M+0x810
add sp, sp, #32 | 910083ff | => sp=M+0x820
add sp, x1, #0 | 9100003f | x1=M+0x120 => sp=M+0x120
add wsp, w1, #4 | 1100103f | x1=0xffffffff00000100 => sp=0x104

# add: extended register
add x0, x1, w2, uxtb | 8b220020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x1000000f3
add w0, w1, w2, uxtb #4 | 0b221020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xf37
add x0, x1, w2, uxth | 8b222020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x10000f2f3
add w0, w1, w2, uxth #4 | 0b223020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xf2f37
add x0, x1, w2, uxtw | 8b224020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x18081f2f3
add w0, w1, w2, uxtw #4 | 0b225020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0x81f2f37
add x0, x1, w2, sxtb | 8b228020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0xfffffff3
add w0, w1, w2, sxtb #4 | 0b229020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xffffff37
add x0, x1, w2, sxth | 8b22a020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0xfffff2f3
add w0, w1, w2, sxth #4 | 0b22b020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xffff2f37
add x0, x1, w2, sxtw | 8b22c020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x8081f2f3
add w0, w1, w2, sxtw #4 | 0b22d020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0x81f2f37
add x0, x1, x2, uxtx #0 | 8b226020 | x1=7 x2=0xf000000000000001 => x0=0xf000000000000008
add x0, x1, x2, uxtx #2 | 8b226820 | x1=7 x2=0xf000000000000001 => x0=0xc00000000000000b
add x0, x1, x2, sxtx | 8b22e020 | x1=7 x2=0xf000000000000001 => x0=0xf000000000000008
add x0, x1, x2, sxtx #4 | 8b22f020 | x1=7 x2=0xf000000000000001 => x0=0x17
add x0, sp, w2, uxtw #3 | 8b224fe0 | x2=0xffffffff00000002 => x0=M+0x810
add x0, sp, xzr, uxtx | 8b3f63e0 | => x0=M+0x800
add sp, sp, x2 | 8b2263ff | x2=0x40 => sp=M+0x840

# adds: shifted register
adds x0, x1, x2 | ab020020 | x1=1 x2=0 => x0=1 nzcv=0
adds x0, x1, x2 | ab020020 | x1=0x7fffffffffffffff x2=-1 => x0=0x7ffffffffffffffe nzcv=2
adds x0, x1, x2 | ab020020 | x1=-1 x2=1 => x0=0 nzcv=6
adds x0, x1, x2 | ab020020 | x1=0x123456789abcdef0 x2=0x123456789abcdef0 => x0=0x2468acf13579bde0 nzcv=0
adds x0, x1, x2 | ab020020 | x1=0 x2=0x7fffffffffffffff => x0=0x7fffffffffffffff nzcv=0
adds x0, x1, x2 | ab020020 | x1=1 x2=0xfedcba9876543210 => x0=0xfedcba9876543211 nzcv=8
adds x0, x1, x2 | ab020020 | x1=0x8000000000000000 x2=0x8000000000000000 => x0=0 nzcv=7
adds x0, x1, x2 | ab020020 | x1=0x123456789abcdef0 x2=0 => x0=0x123456789abcdef0 nzcv=0
adds x0, x1, x2 | ab020020 | x1=0xfedcba9876543210 x2=-1 => x0=0xfedcba987654320f nzcv=10
adds w0, w1, w2 | 2b020020 | x1=0xffffffff00000001 x2=0 => x0=1 nzcv=0
adds w0, w1, w2 | 2b020020 | x1=0x123456787fffffff x2=0xffffffff => x0=0x7ffffffe nzcv=2
adds w0, w1, w2 | 2b020020 | x1=0xffffffff x2=0xffffffff00000001 => x0=0 nzcv=6
adds w0, w1, w2 | 2b020020 | x1=0x123456789abcdef0 x2=0x123456789abcdef0 => x0=0x3579bde0 nzcv=3
adds w0, w1, w2 | 2b020020 | x1=0 x2=0x123456787fffffff => x0=0x7fffffff nzcv=0
adds w0, w1, w2 | 2b020020 | x1=0xffffffff00000001 x2=0xfedcba9876543210 => x0=0x76543211 nzcv=0
adds w0, w1, w2 | 2b020020 | x1=0xdead000080000000 x2=0xdead000080000000 => x0=0 nzcv=7
adds w0, w1, w2 | 2b020020 | x1=0x123456789abcdef0 x2=0 => x0=0x9abcdef0 nzcv=8
adds w0, w1, w2 | 2b020020 | x1=0xfedcba9876543210 x2=0xffffffff => x0=0x7654320f nzcv=2
adds x3, x4, x5, lsl #1 | ab050483 | x4=0x1234 x5=0xfedcba9876543210 => x3=0xfdb97530eca87654 nzcv=8
adds x3, x4, x5, lsl #63 | ab05fc83 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x1234 nzcv=0
adds x3, x4, x5, lsr #4 | ab451083 | x4=0x1234 x5=0xfedcba9876543210 => x3=0xfedcba987655555 nzcv=0
adds x3, x4, x5, lsr #63 | ab45fc83 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x1235 nzcv=0
adds x3, x4, x5, asr #8 | ab852083 | x4=0x1234 x5=0xfedcba9876543210 => x3=0xfffedcba98766666 nzcv=8
adds x3, x4, x5, asr #63 | ab85fc83 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x1233 nzcv=2
adds w3, w4, w5, lsl #31 | 2b057c83 | x4=0x1234 x5=0xfedcba9896543210 => x3=0x1234 nzcv=0
adds w3, w4, w5, lsr #7 | 2b451c83 | x4=0x1234 x5=0xfedcba9896543210 => x3=0x12cba98 nzcv=0
adds w3, w4, w5, asr #31 | 2b857c83 | x4=0x1234 x5=0xfedcba9896543210 => x3=0x1233 nzcv=2
adds x0, xzr, x1 | ab0103e0 | x1=5 => x0=5 nzcv=0
adds x0, x1, xzr | ab1f0020 | x1=-5 => x0=0xfffffffffffffffb nzcv=8
adds x30, x30, x30 | ab1e03de | => x30=0x81bc003d0000003c nzcv=10

# adds: immediate
adds x0, x1, #0 | b1000020 | x1=0xfffffffffffff001 => x0=0xfffffffffffff001 nzcv=8
adds w0, w1, #0 | 31000020 | x1=0x80000000 => x0=0x80000000 nzcv=8
adds x0, x1, #1 | b1000420 | x1=0xfffffffffffff001 => x0=0xfffffffffffff002 nzcv=8
adds w0, w1, #1 | 31000420 | x1=0x80000000 => x0=0x80000001 nzcv=8
adds x0, x1, #0xfff | b13ffc20 | x1=0xfffffffffffff001 => x0=0 nzcv=6
adds w0, w1, #0xfff | 313ffc20 | x1=0x80000000 => x0=0x80000fff nzcv=8
adds x0, x1, #1, lsl #12 | b1400420 | x1=0xfffffffffffff001 => x0=1 nzcv=2
adds w0, w1, #1, lsl #12 | 31400420 | x1=0x80000000 => x0=0x80001000 nzcv=8
adds x0, x1, #0xfff, lsl #12 | b17ffc20 | x1=0xfffffffffffff001 => x0=0xffe001 nzcv=2
adds w0, w1, #0xfff, lsl #12 | 317ffc20 | x1=0x80000000 => x0=0x80fff000 nzcv=8
adds x0, sp, #16 | b10043e0 | => x0=M+0x810 nzcv=0
adds xzr, sp, #0x800 | b12003ff | => nzcv=0
adds wzr, w1, #1 | 3100043f | x1=0x80000000 => nzcv=8
adds xzr, x1, x2 | ab02003f | x1=1 x2=2 => nzcv=0

# adds: extended register
adds x0, x1, w2, uxtb | ab220020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x1000000f3 nzcv=0
adds w0, w1, w2, uxtb #4 | 2b221020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xf37 nzcv=0
adds x0, x1, w2, uxth | ab222020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x10000f2f3 nzcv=0
adds w0, w1, w2, uxth #4 | 2b223020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xf2f37 nzcv=0
adds x0, x1, w2, uxtw | ab224020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x18081f2f3 nzcv=0
adds w0, w1, w2, uxtw #4 | 2b225020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0x81f2f37 nzcv=0
adds x0, x1, w2, sxtb | ab228020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0xfffffff3 nzcv=2
adds w0, w1, w2, sxtb #4 | 2b229020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xffffff37 nzcv=8
adds x0, x1, w2, sxth | ab22a020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0xfffff2f3 nzcv=2
adds w0, w1, w2, sxth #4 | 2b22b020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xffff2f37 nzcv=8
adds x0, x1, w2, sxtw | ab22c020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x8081f2f3 nzcv=2
adds w0, w1, w2, sxtw #4 | 2b22d020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0x81f2f37 nzcv=0
adds x0, x1, x2, uxtx #0 | ab226020 | x1=7 x2=0xf000000000000001 => x0=0xf000000000000008 nzcv=8
adds x0, x1, x2, uxtx #2 | ab226820 | x1=7 x2=0xf000000000000001 => x0=0xc00000000000000b nzcv=8
adds x0, x1, x2, sxtx | ab22e020 | x1=7 x2=0xf000000000000001 => x0=0xf000000000000008 nzcv=8
adds x0, x1, x2, sxtx #4 | ab22f020 | x1=7 x2=0xf000000000000001 => x0=0x17 nzcv=0
adds x0, sp, w2, uxtw #3 | ab224fe0 | x2=0xffffffff00000002 => x0=M+0x810 nzcv=0
adds x0, sp, xzr, uxtx | ab3f63e0 | => x0=M+0x800 nzcv=0

# sub: shifted register
sub x0, x1, x2 | cb020020 | x1=0x7fffffffffffffff x2=0 => x0=0x7fffffffffffffff
sub x0, x1, x2 | cb020020 | x1=0x8000000000000000 x2=-1 => x0=0x8000000000000001
sub x0, x1, x2 | cb020020 | x1=0x123456789abcdef0 x2=1 => x0=0x123456789abcdeef
sub w0, w1, w2 | 4b020020 | x1=0x123456787fffffff x2=0 => x0=0x7fffffff
sub w0, w1, w2 | 4b020020 | x1=0xdead000080000000 x2=0xffffffff => x0=0x80000001
sub w0, w1, w2 | 4b020020 | x1=0x123456789abcdef0 x2=0xffffffff00000001 => x0=0x9abcdeef
sub x3, x4, x5, lsl #1 | cb050483 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x2468acf1357ae14
sub x3, x4, x5, lsl #63 | cb05fc83 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x1234
sub x3, x4, x5, lsr #4 | cb451083 | x4=0x1234 x5=0xfedcba9876543210 => x3=0xf0123456789acf13
sub x3, x4, x5, lsr #63 | cb45fc83 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x1233
sub x3, x4, x5, asr #8 | cb852083 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x123456789be02
sub x3, x4, x5, asr #63 | cb85fc83 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x1235
sub w3, w4, w5, lsl #31 | 4b057c83 | x4=0x1234 x5=0xfedcba9896543210 => x3=0x1234
sub w3, w4, w5, lsr #7 | 4b451c83 | x4=0x1234 x5=0xfedcba9896543210 => x3=0xfed369d0
sub w3, w4, w5, asr #31 | 4b857c83 | x4=0x1234 x5=0xfedcba9896543210 => x3=0x1235
sub x0, xzr, x1 | cb0103e0 | x1=5 => x0=0xfffffffffffffffb
sub x0, x1, xzr | cb1f0020 | x1=-5 => x0=0xfffffffffffffffb
sub x30, x30, x30 | cb1e03de | => x30=0

# sub: immediate
sub x0, x1, #0 | d1000020 | x1=0xfffffffffffff001 => x0=0xfffffffffffff001
sub w0, w1, #0 | 51000020 | x1=0x80000000 => x0=0x80000000
sub x0, x1, #1 | d1000420 | x1=0xfffffffffffff001 => x0=0xfffffffffffff000
sub w0, w1, #1 | 51000420 | x1=0x80000000 => x0=0x7fffffff
sub x0, x1, #0xfff | d13ffc20 | x1=0xfffffffffffff001 => x0=0xffffffffffffe002
sub w0, w1, #0xfff | 513ffc20 | x1=0x80000000 => x0=0x7ffff001
sub x0, x1, #1, lsl #12 | d1400420 | x1=0xfffffffffffff001 => x0=0xffffffffffffe001
sub w0, w1, #1, lsl #12 | 51400420 | x1=0x80000000 => x0=0x7ffff000
sub x0, x1, #0xfff, lsl #12 | d17ffc20 | x1=0xfffffffffffff001 => x0=0xffffffffff000001
sub w0, w1, #0xfff, lsl #12 | 517ffc20 | x1=0x80000000 => x0=0x7f001000
sub x0, sp, #16 | d10043e0 | => x0=M+0x7f0
sub sp, sp, #32 | d10083ff | => sp=M+0x7e0
sub sp, x1, #0 | d100003f | x1=M+0x120 => sp=M+0x120
sub wsp, w1, #4 | 5100103f | x1=0xffffffff00000100 => sp=0xfc

# sub: extended register
sub x0, x1, w2, uxtb | cb220020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0xffffff0d
sub w0, w1, w2, uxtb #4 | 4b221020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xfffff0d7
sub x0, x1, w2, uxth | cb222020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0xffff0d0d
sub w0, w1, w2, uxth #4 | 4b223020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xfff0d0d7
sub x0, x1, w2, uxtw | cb224020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x7f7e0d0d
sub w0, w1, w2, uxtw #4 | 4b225020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xf7e0d0d7
sub x0, x1, w2, sxtb | cb228020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x10000000d
sub w0, w1, w2, sxtb #4 | 4b229020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xd7
sub x0, x1, w2, sxth | cb22a020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x100000d0d
sub w0, w1, w2, sxth #4 | 4b22b020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xd0d7
sub x0, x1, w2, sxtw | cb22c020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x17f7e0d0d
sub w0, w1, w2, sxtw #4 | 4b22d020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xf7e0d0d7
sub x0, x1, x2, uxtx #0 | cb226020 | x1=7 x2=0xf000000000000001 => x0=0x1000000000000006
sub x0, x1, x2, uxtx #2 | cb226820 | x1=7 x2=0xf000000000000001 => x0=0x4000000000000003
sub x0, x1, x2, sxtx | cb22e020 | x1=7 x2=0xf000000000000001 => x0=0x1000000000000006
sub x0, x1, x2, sxtx #4 | cb22f020 | x1=7 x2=0xf000000000000001 => x0=0xfffffffffffffff7
sub x0, sp, w2, uxtw #3 | cb224fe0 | x2=0xffffffff00000002 => x0=M+0x7f0
sub x0, sp, xzr, uxtx | cb3f63e0 | => x0=M+0x800
sub sp, sp, x2 | cb2263ff | x2=0x40 => sp=M+0x7c0

# subs: shifted register
subs x0, x1, x2 | eb020020 | x1=0x8000000000000000 x2=0 => x0=0x8000000000000000 nzcv=10
subs x0, x1, x2 | eb020020 | x1=-1 x2=-1 => x0=0 nzcv=6
subs x0, x1, x2 | eb020020 | x1=0xfedcba9876543210 x2=1 => x0=0xfedcba987654320f nzcv=10
subs x0, x1, x2 | eb020020 | x1=0 x2=0x123456789abcdef0 => x0=0xedcba98765432110 nzcv=8
subs x0, x1, x2 | eb020020 | x1=0x7fffffffffffffff x2=0x7fffffffffffffff => x0=0 nzcv=6
subs x0, x1, x2 | eb020020 | x1=0x8000000000000000 x2=0xfedcba9876543210 => x0=0x8123456789abcdf0 nzcv=8
subs x0, x1, x2 | eb020020 | x1=0x123456789abcdef0 x2=0x8000000000000000 => x0=0x923456789abcdef0 nzcv=9
subs x0, x1, x2 | eb020020 | x1=0 x2=0 => x0=0 nzcv=6
subs x0, x1, x2 | eb020020 | x1=1 x2=-1 => x0=2 nzcv=0
subs w0, w1, w2 | 6b020020 | x1=0xdead000080000000 x2=0 => x0=0x80000000 nzcv=10
subs w0, w1, w2 | 6b020020 | x1=0xffffffff x2=0xffffffff => x0=0 nzcv=6
subs w0, w1, w2 | 6b020020 | x1=0xfedcba9876543210 x2=0xffffffff00000001 => x0=0x7654320f nzcv=2
subs w0, w1, w2 | 6b020020 | x1=0 x2=0x123456789abcdef0 => x0=0x65432110 nzcv=0
subs w0, w1, w2 | 6b020020 | x1=0x123456787fffffff x2=0x123456787fffffff => x0=0 nzcv=6
subs w0, w1, w2 | 6b020020 | x1=0xdead000080000000 x2=0xfedcba9876543210 => x0=0x9abcdf0 nzcv=3
subs w0, w1, w2 | 6b020020 | x1=0x123456789abcdef0 x2=0xdead000080000000 => x0=0x1abcdef0 nzcv=2
subs w0, w1, w2 | 6b020020 | x1=0 x2=0 => x0=0 nzcv=6
subs w0, w1, w2 | 6b020020 | x1=0xffffffff00000001 x2=0xffffffff => x0=2 nzcv=0
subs x3, x4, x5, lsl #1 | eb050483 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x2468acf1357ae14 nzcv=0
subs x3, x4, x5, lsl #63 | eb05fc83 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x1234 nzcv=2
subs x3, x4, x5, lsr #4 | eb451083 | x4=0x1234 x5=0xfedcba9876543210 => x3=0xf0123456789acf13 nzcv=8
subs x3, x4, x5, lsr #63 | eb45fc83 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x1233 nzcv=2
subs x3, x4, x5, asr #8 | eb852083 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x123456789be02 nzcv=0
subs x3, x4, x5, asr #63 | eb85fc83 | x4=0x1234 x5=0xfedcba9876543210 => x3=0x1235 nzcv=0
subs w3, w4, w5, lsl #31 | 6b057c83 | x4=0x1234 x5=0xfedcba9896543210 => x3=0x1234 nzcv=2
subs w3, w4, w5, lsr #7 | 6b451c83 | x4=0x1234 x5=0xfedcba9896543210 => x3=0xfed369d0 nzcv=8
subs w3, w4, w5, asr #31 | 6b857c83 | x4=0x1234 x5=0xfedcba9896543210 => x3=0x1235 nzcv=0
subs x0, xzr, x1 | eb0103e0 | x1=5 => x0=0xfffffffffffffffb nzcv=8
subs x0, x1, xzr | eb1f0020 | x1=-5 => x0=0xfffffffffffffffb nzcv=10
subs x30, x30, x30 | eb1e03de | => x30=0 nzcv=6

# subs: immediate
subs x0, x1, #0 | f1000020 | x1=0xfffffffffffff001 => x0=0xfffffffffffff001 nzcv=10
subs w0, w1, #0 | 71000020 | x1=0x80000000 => x0=0x80000000 nzcv=10
subs x0, x1, #1 | f1000420 | x1=0xfffffffffffff001 => x0=0xfffffffffffff000 nzcv=10
subs w0, w1, #1 | 71000420 | x1=0x80000000 => x0=0x7fffffff nzcv=3
subs x0, x1, #0xfff | f13ffc20 | x1=0xfffffffffffff001 => x0=0xffffffffffffe002 nzcv=10
subs w0, w1, #0xfff | 713ffc20 | x1=0x80000000 => x0=0x7ffff001 nzcv=3
subs x0, x1, #1, lsl #12 | f1400420 | x1=0xfffffffffffff001 => x0=0xffffffffffffe001 nzcv=10
subs w0, w1, #1, lsl #12 | 71400420 | x1=0x80000000 => x0=0x7ffff000 nzcv=3
subs x0, x1, #0xfff, lsl #12 | f17ffc20 | x1=0xfffffffffffff001 => x0=0xffffffffff000001 nzcv=10
subs w0, w1, #0xfff, lsl #12 | 717ffc20 | x1=0x80000000 => x0=0x7f001000 nzcv=3
subs x0, sp, #16 | f10043e0 | => x0=M+0x7f0 nzcv=2
subs xzr, sp, #0x800 | f12003ff | => nzcv=2
subs wzr, w1, #1 | 7100043f | x1=0x80000000 => nzcv=3
subs xzr, x1, x2 | eb02003f | x1=1 x2=2 => nzcv=8

# subs: extended register
subs x0, x1, w2, uxtb | eb220020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0xffffff0d nzcv=2
subs w0, w1, w2, uxtb #4 | 6b221020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xfffff0d7 nzcv=8
subs x0, x1, w2, uxth | eb222020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0xffff0d0d nzcv=2
subs w0, w1, w2, uxth #4 | 6b223020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xfff0d0d7 nzcv=8
subs x0, x1, w2, uxtw | eb224020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x7f7e0d0d nzcv=2
subs w0, w1, w2, uxtw #4 | 6b225020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xf7e0d0d7 nzcv=8
subs x0, x1, w2, sxtb | eb228020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x10000000d nzcv=0
subs w0, w1, w2, sxtb #4 | 6b229020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xd7 nzcv=0
subs x0, x1, w2, sxth | eb22a020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x100000d0d nzcv=0
subs w0, w1, w2, sxth #4 | 6b22b020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xd0d7 nzcv=0
subs x0, x1, w2, sxtw | eb22c020 | x1=0x100000000 x2=0x8f8f8f8f8081f2f3 => x0=0x17f7e0d0d nzcv=0
subs w0, w1, w2, sxtw #4 | 6b22d020 | x1=7 x2=0x8f8f8f8f8081f2f3 => x0=0xf7e0d0d7 nzcv=8
subs x0, x1, x2, uxtx #0 | eb226020 | x1=7 x2=0xf000000000000001 => x0=0x1000000000000006 nzcv=0
subs x0, x1, x2, uxtx #2 | eb226820 | x1=7 x2=0xf000000000000001 => x0=0x4000000000000003 nzcv=0
subs x0, x1, x2, sxtx | eb22e020 | x1=7 x2=0xf000000000000001 => x0=0x1000000000000006 nzcv=0
subs x0, x1, x2, sxtx #4 | eb22f020 | x1=7 x2=0xf000000000000001 => x0=0xfffffffffffffff7 nzcv=8
subs x0, sp, w2, uxtw #3 | eb224fe0 | x2=0xffffffff00000002 => x0=M+0x7f0 nzcv=2
subs x0, sp, xzr, uxtx | eb3f63e0 | => x0=M+0x800 nzcv=2

# carry
adc x0, x1, x2 | 9a020020 | x1=0 x2=0 nzcv=0 => x0=0
adc x0, x1, x2 | 9a020020 | x1=1 x2=-1 nzcv=0 => x0=0
adc x0, x1, x2 | 9a020020 | x1=0x8000000000000000 x2=1 nzcv=0 => x0=0x8000000000000001
adc x0, x1, x2 | 9a020020 | x1=-1 x2=0x123456789abcdef0 nzcv=0 => x0=0x123456789abcdeef
adc x0, x1, x2 | 9a020020 | x1=0xfedcba9876543210 x2=0x7fffffffffffffff nzcv=0 => x0=0x7edcba987654320f
adc x0, x1, x2 | 9a020020 | x1=0 x2=0xfedcba9876543210 nzcv=0 => x0=0xfedcba9876543210
adc w0, w1, w2 | 1a020020 | x1=0 x2=0 nzcv=0 => x0=0
adc w0, w1, w2 | 1a020020 | x1=0x123456787fffffff x2=0xffffffff00000001 nzcv=0 => x0=0x80000000
adc w0, w1, w2 | 1a020020 | x1=0xffffffff x2=0x123456787fffffff nzcv=0 => x0=0x7ffffffe
adc w0, w1, w2 | 1a020020 | x1=0xffffffff00000001 x2=0xdead000080000000 nzcv=0 => x0=0x80000001
adc w0, w1, w2 | 1a020020 | x1=0xdead000080000000 x2=0xffffffff nzcv=0 => x0=0x7fffffff
adc x0, x1, x2 | 9a020020 | x1=0 x2=0 nzcv=2 => x0=1
adc x0, x1, x2 | 9a020020 | x1=1 x2=-1 nzcv=2 => x0=1
adc x0, x1, x2 | 9a020020 | x1=0x8000000000000000 x2=1 nzcv=2 => x0=0x8000000000000002
adc x0, x1, x2 | 9a020020 | x1=-1 x2=0x123456789abcdef0 nzcv=2 => x0=0x123456789abcdef0
adc x0, x1, x2 | 9a020020 | x1=0xfedcba9876543210 x2=0x7fffffffffffffff nzcv=2 => x0=0x7edcba9876543210
adc x0, x1, x2 | 9a020020 | x1=0 x2=0xfedcba9876543210 nzcv=2 => x0=0xfedcba9876543211
adc w0, w1, w2 | 1a020020 | x1=0 x2=0 nzcv=2 => x0=1
adc w0, w1, w2 | 1a020020 | x1=0x123456787fffffff x2=0xffffffff00000001 nzcv=2 => x0=0x80000001
adc w0, w1, w2 | 1a020020 | x1=0xffffffff x2=0x123456787fffffff nzcv=2 => x0=0x7fffffff
adc w0, w1, w2 | 1a020020 | x1=0xffffffff00000001 x2=0xdead000080000000 nzcv=2 => x0=0x80000002
adc w0, w1, w2 | 1a020020 | x1=0xdead000080000000 x2=0xffffffff nzcv=2 => x0=0x80000000
adc x0, xzr, xzr | 9a1f03e0 | nzcv=2 => x0=1
adc x0, x1, x1 | 9a010020 | nzcv=13 => x0=0x81bc000300000002
adcs x0, x1, x2 | ba020020 | x1=1 x2=0 nzcv=0 => x0=1
adcs x0, x1, x2 | ba020020 | x1=0x7fffffffffffffff x2=-1 nzcv=0 => x0=0x7ffffffffffffffe nzcv=2
adcs x0, x1, x2 | ba020020 | x1=-1 x2=1 nzcv=0 => x0=0 nzcv=6
adcs x0, x1, x2 | ba020020 | x1=0x123456789abcdef0 x2=0x123456789abcdef0 nzcv=0 => x0=0x2468acf13579bde0
adcs x0, x1, x2 | ba020020 | x1=0 x2=0x7fffffffffffffff nzcv=0 => x0=0x7fffffffffffffff
adcs x0, x1, x2 | ba020020 | x1=1 x2=0xfedcba9876543210 nzcv=0 => x0=0xfedcba9876543211 nzcv=8
adcs w0, w1, w2 | 3a020020 | x1=0xffffffff00000001 x2=0x123456787fffffff nzcv=0 => x0=0x80000000 nzcv=9
adcs w0, w1, w2 | 3a020020 | x1=0xdead000080000000 x2=0xdead000080000000 nzcv=0 => x0=0 nzcv=7
adcs w0, w1, w2 | 3a020020 | x1=0 x2=0xffffffff nzcv=0 => x0=0xffffffff nzcv=8
adcs w0, w1, w2 | 3a020020 | x1=0xdead000080000000 x2=0 nzcv=0 => x0=0x80000000 nzcv=8
adcs w0, w1, w2 | 3a020020 | x1=0 x2=0xffffffff00000001 nzcv=0 => x0=1
adcs x0, x1, x2 | ba020020 | x1=1 x2=0 nzcv=2 => x0=2 nzcv=0
adcs x0, x1, x2 | ba020020 | x1=0x7fffffffffffffff x2=-1 nzcv=2 => x0=0x7fffffffffffffff
adcs x0, x1, x2 | ba020020 | x1=-1 x2=1 nzcv=2 => x0=1
adcs x0, x1, x2 | ba020020 | x1=0x123456789abcdef0 x2=0x123456789abcdef0 nzcv=2 => x0=0x2468acf13579bde1 nzcv=0
adcs x0, x1, x2 | ba020020 | x1=0 x2=0x7fffffffffffffff nzcv=2 => x0=0x8000000000000000 nzcv=9
adcs x0, x1, x2 | ba020020 | x1=1 x2=0xfedcba9876543210 nzcv=2 => x0=0xfedcba9876543212 nzcv=8
adcs w0, w1, w2 | 3a020020 | x1=0xffffffff00000001 x2=0x123456787fffffff nzcv=2 => x0=0x80000001 nzcv=9
adcs w0, w1, w2 | 3a020020 | x1=0xdead000080000000 x2=0xdead000080000000 nzcv=2 => x0=1 nzcv=3
adcs w0, w1, w2 | 3a020020 | x1=0 x2=0xffffffff nzcv=2 => x0=0 nzcv=6
adcs w0, w1, w2 | 3a020020 | x1=0xdead000080000000 x2=0 nzcv=2 => x0=0x80000001 nzcv=8
adcs w0, w1, w2 | 3a020020 | x1=0 x2=0xffffffff00000001 nzcv=2 => x0=2 nzcv=0
adcs x0, xzr, xzr | ba1f03e0 | nzcv=2 => x0=1 nzcv=0
adcs x0, x1, x1 | ba010020 | nzcv=13 => x0=0x81bc000300000002 nzcv=10
sbc x0, x1, x2 | da020020 | x1=0x7fffffffffffffff x2=0 nzcv=0 => x0=0x7ffffffffffffffe
sbc x0, x1, x2 | da020020 | x1=0x8000000000000000 x2=-1 nzcv=0 => x0=0x8000000000000000
sbc x0, x1, x2 | da020020 | x1=0x123456789abcdef0 x2=1 nzcv=0 => x0=0x123456789abcdeee
sbc x0, x1, x2 | da020020 | x1=0xfedcba9876543210 x2=0x123456789abcdef0 nzcv=0 => x0=0xeca8641fdb97531f
sbc x0, x1, x2 | da020020 | x1=1 x2=0x7fffffffffffffff nzcv=0 => x0=0x8000000000000001
sbc x0, x1, x2 | da020020 | x1=0x7fffffffffffffff x2=0xfedcba9876543210 nzcv=0 => x0=0x8123456789abcdee
sbc w0, w1, w2 | 5a020020 | x1=0x123456787fffffff x2=0xffffffff nzcv=0 => x0=0x7fffffff
sbc w0, w1, w2 | 5a020020 | x1=0 x2=0 nzcv=0 => x0=0xffffffff
sbc w0, w1, w2 | 5a020020 | x1=0x123456787fffffff x2=0xffffffff00000001 nzcv=0 => x0=0x7ffffffd
sbc w0, w1, w2 | 5a020020 | x1=0xffffffff x2=0x123456787fffffff nzcv=0 => x0=0x7fffffff
sbc w0, w1, w2 | 5a020020 | x1=0xffffffff00000001 x2=0xdead000080000000 nzcv=0 => x0=0x80000000
sbc x0, x1, x2 | da020020 | x1=0x7fffffffffffffff x2=0 nzcv=2 => x0=0x7fffffffffffffff
sbc x0, x1, x2 | da020020 | x1=0x8000000000000000 x2=-1 nzcv=2 => x0=0x8000000000000001
sbc x0, x1, x2 | da020020 | x1=0x123456789abcdef0 x2=1 nzcv=2 => x0=0x123456789abcdeef
sbc x0, x1, x2 | da020020 | x1=0xfedcba9876543210 x2=0x123456789abcdef0 nzcv=2 => x0=0xeca8641fdb975320
sbc x0, x1, x2 | da020020 | x1=1 x2=0x7fffffffffffffff nzcv=2 => x0=0x8000000000000002
sbc x0, x1, x2 | da020020 | x1=0x7fffffffffffffff x2=0xfedcba9876543210 nzcv=2 => x0=0x8123456789abcdef
sbc w0, w1, w2 | 5a020020 | x1=0x123456787fffffff x2=0xffffffff nzcv=2 => x0=0x80000000
sbc w0, w1, w2 | 5a020020 | x1=0 x2=0 nzcv=2 => x0=0
sbc w0, w1, w2 | 5a020020 | x1=0x123456787fffffff x2=0xffffffff00000001 nzcv=2 => x0=0x7ffffffe
sbc w0, w1, w2 | 5a020020 | x1=0xffffffff x2=0x123456787fffffff nzcv=2 => x0=0x80000000
sbc w0, w1, w2 | 5a020020 | x1=0xffffffff00000001 x2=0xdead000080000000 nzcv=2 => x0=0x80000001
sbc x0, xzr, xzr | da1f03e0 | nzcv=2 => x0=0
sbc x0, x1, x1 | da010020 | nzcv=13 => x0=0xffffffffffffffff
sbcs x0, x1, x2 | fa020020 | x1=0x8000000000000000 x2=0 nzcv=0 => x0=0x7fffffffffffffff nzcv=3
sbcs x0, x1, x2 | fa020020 | x1=-1 x2=-1 nzcv=0 => x0=0xffffffffffffffff nzcv=8
sbcs x0, x1, x2 | fa020020 | x1=0xfedcba9876543210 x2=1 nzcv=0 => x0=0xfedcba987654320e nzcv=10
sbcs x0, x1, x2 | fa020020 | x1=0 x2=0x123456789abcdef0 nzcv=0 => x0=0xedcba9876543210f nzcv=8
sbcs x0, x1, x2 | fa020020 | x1=0x7fffffffffffffff x2=0x7fffffffffffffff nzcv=0 => x0=0xffffffffffffffff nzcv=8
sbcs x0, x1, x2 | fa020020 | x1=0x8000000000000000 x2=0xfedcba9876543210 nzcv=0 => x0=0x8123456789abcdef nzcv=8
sbcs w0, w1, w2 | 7a020020 | x1=0xffffffff x2=0xffffffff00000001 nzcv=0 => x0=0xfffffffd nzcv=10
sbcs w0, w1, w2 | 7a020020 | x1=0xffffffff00000001 x2=0x123456787fffffff nzcv=0 => x0=0x80000001 nzcv=8
sbcs w0, w1, w2 | 7a020020 | x1=0xdead000080000000 x2=0xdead000080000000 nzcv=0 => x0=0xffffffff nzcv=8
sbcs w0, w1, w2 | 7a020020 | x1=0 x2=0xffffffff nzcv=0 => x0=0 nzcv=4
sbcs w0, w1, w2 | 7a020020 | x1=0xdead000080000000 x2=0 nzcv=0 => x0=0x7fffffff nzcv=3
sbcs x0, x1, x2 | fa020020 | x1=0x8000000000000000 x2=0 nzcv=2 => x0=0x8000000000000000 nzcv=10
sbcs x0, x1, x2 | fa020020 | x1=-1 x2=-1 nzcv=2 => x0=0 nzcv=6
sbcs x0, x1, x2 | fa020020 | x1=0xfedcba9876543210 x2=1 nzcv=2 => x0=0xfedcba987654320f nzcv=10
sbcs x0, x1, x2 | fa020020 | x1=0 x2=0x123456789abcdef0 nzcv=2 => x0=0xedcba98765432110 nzcv=8
sbcs x0, x1, x2 | fa020020 | x1=0x7fffffffffffffff x2=0x7fffffffffffffff nzcv=2 => x0=0 nzcv=6
sbcs x0, x1, x2 | fa020020 | x1=0x8000000000000000 x2=0xfedcba9876543210 nzcv=2 => x0=0x8123456789abcdf0 nzcv=8
sbcs w0, w1, w2 | 7a020020 | x1=0xffffffff x2=0xffffffff00000001 nzcv=2 => x0=0xfffffffe nzcv=10
sbcs w0, w1, w2 | 7a020020 | x1=0xffffffff00000001 x2=0x123456787fffffff nzcv=2 => x0=0x80000002 nzcv=8
sbcs w0, w1, w2 | 7a020020 | x1=0xdead000080000000 x2=0xdead000080000000 nzcv=2 => x0=0 nzcv=6
sbcs w0, w1, w2 | 7a020020 | x1=0 x2=0xffffffff nzcv=2 => x0=1 nzcv=0
sbcs w0, w1, w2 | 7a020020 | x1=0xdead000080000000 x2=0 nzcv=2 => x0=0x80000000 nzcv=10
sbcs x0, xzr, xzr | fa1f03e0 | nzcv=2 => x0=0 nzcv=6
sbcs x0, x1, x1 | fa010020 | nzcv=13 => x0=0xffffffffffffffff nzcv=8

# 128-bit sums: flags carried between instructions
adds x0, x0, x2; adc x1, x1, x3 | ab020000 9a030021 | x0=-1 x1=5 x2=1 x3=6 => x0=0 x1=12 nzcv=6
subs x0, x0, x2; sbcs x1, x1, x3; sbc x4, x5, x6 | eb020000 fa030021 da0600a4 | x0=0 x1=0 x2=1 x3=0 x5=9 x6=9 => x0=0xffffffffffffffff x1=0xffffffffffffffff x4=0xffffffffffffffff nzcv=8
cmp x0, x1; sbcs xzr, x2, x3; cset x4, lt | eb01001f fa03005f 9a9fa7e4 | x0=1 x1=2 x2=5 x3=5 => x4=1 nzcv=8

# flag manipulation
setf8 w1 | 3a00082d | x1=0x80 => nzcv=9
setf16 w1 | 3a00482d | x1=0x80 => nzcv=0
setf8 w1 | 3a00082d | x1=0x7f => nzcv=0
setf16 w1 | 3a00482d | x1=0x7f => nzcv=0
setf8 w1 | 3a00082d | x1=0xff80 => nzcv=8
setf16 w1 | 3a00482d | x1=0xff80 => nzcv=9
setf8 w1 | 3a00082d | x1=0x8000 => nzcv=4
setf16 w1 | 3a00482d | x1=0x8000 => nzcv=9
setf8 w1 | 3a00082d | x1=0x1ff => nzcv=8
setf16 w1 | 3a00482d | x1=0x1ff => nzcv=0
setf8 w1 | 3a00082d | x1=0xffffff00 =>
setf16 w1 | 3a00482d | x1=0xffffff00 => nzcv=8
cfinv | d500401f | nzcv=0 => nzcv=2
axflag | d500405f | nzcv=0 =>
xaflag | d500403f | nzcv=0 => nzcv=8
rmif x1, #60, #15 | ba1e042f | nzcv=0 x1=0x3fffffffffffffff => nzcv=3
cfinv | d500401f | nzcv=5 => nzcv=7
axflag | d500405f | nzcv=5 => nzcv=4
xaflag | d500403f | nzcv=5 => nzcv=3
rmif x1, #60, #15 | ba1e042f | nzcv=5 x1=0x3fffffffffffffff => nzcv=3
cfinv | d500401f | nzcv=10 => nzcv=8
axflag | d500405f | nzcv=10 => nzcv=2
xaflag | d500403f | nzcv=10 => nzcv=2
rmif x1, #60, #15 | ba1e042f | nzcv=10 x1=0x3fffffffffffffff => nzcv=3
cfinv | d500401f | nzcv=15 => nzcv=13
axflag | d500405f | nzcv=15 => nzcv=4
xaflag | d500403f | nzcv=15 => nzcv=6
rmif x1, #60, #15 | ba1e042f | nzcv=15 x1=0x3fffffffffffffff => nzcv=3
rmif x1, #0, #15 | ba00042f | x1=0x8123456789abcdef nzcv=6 => nzcv=15
rmif x1, #1, #5 | ba008425 | x1=0x8123456789abcdef nzcv=6 => nzcv=7
rmif x1, #63, #10 | ba1f842a | x1=0x8123456789abcdef nzcv=6 => nzcv=14
rmif x1, #31, #1 | ba0f8421 | x1=0x8123456789abcdef nzcv=6 => nzcv=7
rmif x1, #4, #0 | ba020420 | x1=0x8123456789abcdef nzcv=6 =>
xaflag | d500403f | nzcv=0 => nzcv=8
axflag | d500405f | nzcv=0 =>
xaflag | d500403f | nzcv=1 => nzcv=8
axflag | d500405f | nzcv=1 => nzcv=4
xaflag | d500403f | nzcv=2 =>
axflag | d500405f | nzcv=2 =>
xaflag | d500403f | nzcv=3 => nzcv=2
axflag | d500405f | nzcv=3 => nzcv=4
xaflag | d500403f | nzcv=4 => nzcv=3
axflag | d500405f | nzcv=4 =>
xaflag | d500403f | nzcv=5 => nzcv=3
axflag | d500405f | nzcv=5 => nzcv=4
xaflag | d500403f | nzcv=6 =>
axflag | d500405f | nzcv=6 =>
xaflag | d500403f | nzcv=7 => nzcv=6
axflag | d500405f | nzcv=7 => nzcv=4
xaflag | d500403f | nzcv=8 =>
axflag | d500405f | nzcv=8 => nzcv=0
xaflag | d500403f | nzcv=9 => nzcv=8
axflag | d500405f | nzcv=9 => nzcv=4
xaflag | d500403f | nzcv=10 => nzcv=2
axflag | d500405f | nzcv=10 => nzcv=2
xaflag | d500403f | nzcv=11 => nzcv=2
axflag | d500405f | nzcv=11 => nzcv=4
xaflag | d500403f | nzcv=12 => nzcv=3
axflag | d500405f | nzcv=12 => nzcv=4
xaflag | d500403f | nzcv=13 => nzcv=3
axflag | d500405f | nzcv=13 => nzcv=4
xaflag | d500403f | nzcv=14 => nzcv=6
axflag | d500405f | nzcv=14 => nzcv=6
xaflag | d500403f | nzcv=15 => nzcv=6
axflag | d500405f | nzcv=15 => nzcv=4

