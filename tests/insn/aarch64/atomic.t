# Exclusives and atomics
#
# Words by the GNU assembler, values by qemu-aarch64 7.2 -cpu max (tests/insn/gen/fill.py), except
# between `by hand` marks. Format: tests/insn/README.md.

# exclusives: success
ldxr x0, [x1] | c85f7c20 | x1=M+0x80 => x0=0x706050403020100
ldxr x0, [x1]; stxr w2, x3, [x1] | c85f7c20 c8027c23 | x1=M+0x80 => x0=0x706050403020100 x2=0 [0x80]=030000800300dec0
ldxr x0, [sp]; stxr w2, xzr, [sp] | c85f7fe0 c8027fff | => x0=0x8786858483828180 x2=0 [0x800]=0000000000000000
ldxr x0, [x1]; add x0, x0, #1; stxr w2, x0, [x1]; cbnz w2, .-12 | c85f7c20 91000400 c8027c20 35ffffa2 | x1=M+0x80 => x0=0x706050403020101 x2=0 [0x80]=01
ldxr w0, [x1] | 885f7c20 | x1=M+0x80 => x0=0x3020100
ldxr w0, [x1]; stxr w2, w3, [x1] | 885f7c20 88027c23 | x1=M+0x80 => x0=0x3020100 x2=0 [0x80]=03000080
ldxr w0, [sp]; stxr w2, wzr, [sp] | 885f7fe0 88027fff | => x0=0x83828180 x2=0 [0x800]=00000000
ldxr w0, [x1]; add w0, w0, #1; stxr w2, w0, [x1]; cbnz w2, .-12 | 885f7c20 11000400 88027c20 35ffffa2 | x1=M+0x80 => x0=0x3020101 x2=0 [0x80]=01
ldxrb w0, [x1] | 085f7c20 | x1=M+0x80 => x0=0
ldxrb w0, [x1]; stxrb w2, w3, [x1] | 085f7c20 08027c23 | x1=M+0x80 => x0=0 x2=0 [0x80]=03
ldxrb w0, [sp]; stxrb w2, wzr, [sp] | 085f7fe0 08027fff | => x0=0x80 x2=0 [0x800]=00
ldxrb w0, [x1]; add w0, w0, #1; stxrb w2, w0, [x1]; cbnz w2, .-12 | 085f7c20 11000400 08027c20 35ffffa2 | x1=M+0x80 => x0=1 x2=0 [0x80]=01
ldxrh w0, [x1] | 485f7c20 | x1=M+0x80 => x0=0x100
ldxrh w0, [x1]; stxrh w2, w3, [x1] | 485f7c20 48027c23 | x1=M+0x80 => x0=0x100 x2=0 [0x80]=0300
ldxrh w0, [sp]; stxrh w2, wzr, [sp] | 485f7fe0 48027fff | => x0=0x8180 x2=0 [0x800]=0000
ldxrh w0, [x1]; add w0, w0, #1; stxrh w2, w0, [x1]; cbnz w2, .-12 | 485f7c20 11000400 48027c20 35ffffa2 | x1=M+0x80 => x0=0x101 x2=0 [0x80]=01
ldxp x0, x3, [x1] | c87f0c20 | x1=M+0x80 => x0=0x706050403020100 x3=0xf0e0d0c0b0a0908
ldxp x0, x3, [x1]; stxp w2, x4, x5, [x1] | c87f0c20 c8221424 | x1=M+0x80 => x0=0x706050403020100 x2=0 x3=0xf0e0d0c0b0a0908 [0x80]=040000800400dec0050000800500dec0
ldxp x0, x3, [x1]; stxp w2, xzr, x0, [x1] | c87f0c20 c822003f | x1=M+0x80 => x0=0x706050403020100 x2=0 x3=0xf0e0d0c0b0a0908 [0x81]=000000000000000001020304050607
ldxp w0, w3, [x1] | 887f0c20 | x1=M+0x80 => x0=0x3020100 x3=0x7060504
ldxp w0, w3, [x1]; stxp w2, w4, w5, [x1] | 887f0c20 88221424 | x1=M+0x80 => x0=0x3020100 x2=0 x3=0x7060504 [0x80]=0400008005000080
ldxp w0, w3, [x1]; stxp w2, wzr, w0, [x1] | 887f0c20 8822003f | x1=M+0x80 => x0=0x3020100 x2=0 x3=0x7060504 [0x81]=00000000010203
ldaxr x0, [x1] | c85ffc20 | x1=M+0x80 => x0=0x706050403020100
ldaxr x0, [x1]; stlxr w2, x3, [x1] | c85ffc20 c802fc23 | x1=M+0x80 => x0=0x706050403020100 x2=0 [0x80]=030000800300dec0
ldaxr x0, [sp]; stlxr w2, xzr, [sp] | c85fffe0 c802ffff | => x0=0x8786858483828180 x2=0 [0x800]=0000000000000000
ldaxr x0, [x1]; add x0, x0, #1; stlxr w2, x0, [x1]; cbnz w2, .-12 | c85ffc20 91000400 c802fc20 35ffffa2 | x1=M+0x80 => x0=0x706050403020101 x2=0 [0x80]=01
ldaxr w0, [x1] | 885ffc20 | x1=M+0x80 => x0=0x3020100
ldaxr w0, [x1]; stlxr w2, w3, [x1] | 885ffc20 8802fc23 | x1=M+0x80 => x0=0x3020100 x2=0 [0x80]=03000080
ldaxr w0, [sp]; stlxr w2, wzr, [sp] | 885fffe0 8802ffff | => x0=0x83828180 x2=0 [0x800]=00000000
ldaxr w0, [x1]; add w0, w0, #1; stlxr w2, w0, [x1]; cbnz w2, .-12 | 885ffc20 11000400 8802fc20 35ffffa2 | x1=M+0x80 => x0=0x3020101 x2=0 [0x80]=01
ldaxrb w0, [x1] | 085ffc20 | x1=M+0x80 => x0=0
ldaxrb w0, [x1]; stlxrb w2, w3, [x1] | 085ffc20 0802fc23 | x1=M+0x80 => x0=0 x2=0 [0x80]=03
ldaxrb w0, [sp]; stlxrb w2, wzr, [sp] | 085fffe0 0802ffff | => x0=0x80 x2=0 [0x800]=00
ldaxrb w0, [x1]; add w0, w0, #1; stlxrb w2, w0, [x1]; cbnz w2, .-12 | 085ffc20 11000400 0802fc20 35ffffa2 | x1=M+0x80 => x0=1 x2=0 [0x80]=01
ldaxrh w0, [x1] | 485ffc20 | x1=M+0x80 => x0=0x100
ldaxrh w0, [x1]; stlxrh w2, w3, [x1] | 485ffc20 4802fc23 | x1=M+0x80 => x0=0x100 x2=0 [0x80]=0300
ldaxrh w0, [sp]; stlxrh w2, wzr, [sp] | 485fffe0 4802ffff | => x0=0x8180 x2=0 [0x800]=0000
ldaxrh w0, [x1]; add w0, w0, #1; stlxrh w2, w0, [x1]; cbnz w2, .-12 | 485ffc20 11000400 4802fc20 35ffffa2 | x1=M+0x80 => x0=0x101 x2=0 [0x80]=01
ldaxp x0, x3, [x1] | c87f8c20 | x1=M+0x80 => x0=0x706050403020100 x3=0xf0e0d0c0b0a0908
ldaxp x0, x3, [x1]; stlxp w2, x4, x5, [x1] | c87f8c20 c8229424 | x1=M+0x80 => x0=0x706050403020100 x2=0 x3=0xf0e0d0c0b0a0908 [0x80]=040000800400dec0050000800500dec0
ldaxp x0, x3, [x1]; stlxp w2, xzr, x0, [x1] | c87f8c20 c822803f | x1=M+0x80 => x0=0x706050403020100 x2=0 x3=0xf0e0d0c0b0a0908 [0x81]=000000000000000001020304050607
ldaxp w0, w3, [x1] | 887f8c20 | x1=M+0x80 => x0=0x3020100 x3=0x7060504
ldaxp w0, w3, [x1]; stlxp w2, w4, w5, [x1] | 887f8c20 88229424 | x1=M+0x80 => x0=0x3020100 x2=0 x3=0x7060504 [0x80]=0400008005000080
ldaxp w0, w3, [x1]; stlxp w2, wzr, w0, [x1] | 887f8c20 8822803f | x1=M+0x80 => x0=0x3020100 x2=0 x3=0x7060504 [0x81]=00000000010203

# exclusives: failure
stxr w2, x3, [x1] | c8027c23 | x1=M+0x80 => x2=1
clrex; stlxr w2, x3, [x1] | d5033f5f c802fc23 | x1=M+0x80 => x2=1
ldxr x0, [x1]; clrex; stxr w2, x3, [x1] | c85f7c20 d5033f5f c8027c23 | x1=M+0x80 => x0=0x706050403020100 x2=1
ldxr x0, [x1]; stxr w2, x3, [x4] | c85f7c20 c8027c83 | x1=M+0x80 x4=M+0x100 => x0=0x706050403020100 x2=1
ldxr x0, [x1]; str x4, [x1]; stxr w2, x3, [x1] | c85f7c20 f9000024 c8027c23 | x1=M+0x80 => x0=0x706050403020100 x2=1 [0x80]=040000800400dec0
ldxr x0, [x1]; stxr w2, x3, [x1]; stxr w5, x4, [x1] | c85f7c20 c8027c23 c8057c24 | x1=M+0x80 => x0=0x706050403020100 x2=0 x5=1 [0x80]=030000800300dec0
stxr w2, w3, [x1] | 88027c23 | x1=M+0x80 => x2=1
clrex; stlxr w2, w3, [x1] | d5033f5f 8802fc23 | x1=M+0x80 => x2=1
ldxr w0, [x1]; clrex; stxr w2, w3, [x1] | 885f7c20 d5033f5f 88027c23 | x1=M+0x80 => x0=0x3020100 x2=1
ldxr w0, [x1]; stxr w2, w3, [x4] | 885f7c20 88027c83 | x1=M+0x80 x4=M+0x100 => x0=0x3020100 x2=1
ldxr w0, [x1]; str w4, [x1]; stxr w2, w3, [x1] | 885f7c20 b9000024 88027c23 | x1=M+0x80 => x0=0x3020100 x2=1 [0x80]=04000080
ldxr w0, [x1]; stxr w2, w3, [x1]; stxr w5, w4, [x1] | 885f7c20 88027c23 88057c24 | x1=M+0x80 => x0=0x3020100 x2=0 x5=1 [0x80]=03000080
stxrb w2, w3, [x1] | 08027c23 | x1=M+0x80 => x2=1
clrex; stlxrb w2, w3, [x1] | d5033f5f 0802fc23 | x1=M+0x80 => x2=1
ldxrb w0, [x1]; clrex; stxrb w2, w3, [x1] | 085f7c20 d5033f5f 08027c23 | x1=M+0x80 => x0=0 x2=1
ldxrb w0, [x1]; stxrb w2, w3, [x4] | 085f7c20 08027c83 | x1=M+0x80 x4=M+0x100 => x0=0 x2=1
ldxrb w0, [x1]; strb w4, [x1]; stxrb w2, w3, [x1] | 085f7c20 39000024 08027c23 | x1=M+0x80 => x0=0 x2=1 [0x80]=04
ldxrb w0, [x1]; stxrb w2, w3, [x1]; stxrb w5, w4, [x1] | 085f7c20 08027c23 08057c24 | x1=M+0x80 => x0=0 x2=0 x5=1 [0x80]=03
stxrh w2, w3, [x1] | 48027c23 | x1=M+0x80 => x2=1
clrex; stlxrh w2, w3, [x1] | d5033f5f 4802fc23 | x1=M+0x80 => x2=1
ldxrh w0, [x1]; clrex; stxrh w2, w3, [x1] | 485f7c20 d5033f5f 48027c23 | x1=M+0x80 => x0=0x100 x2=1
ldxrh w0, [x1]; stxrh w2, w3, [x4] | 485f7c20 48027c83 | x1=M+0x80 x4=M+0x100 => x0=0x100 x2=1
ldxrh w0, [x1]; strh w4, [x1]; stxrh w2, w3, [x1] | 485f7c20 79000024 48027c23 | x1=M+0x80 => x0=0x100 x2=1 [0x80]=0400
ldxrh w0, [x1]; stxrh w2, w3, [x1]; stxrh w5, w4, [x1] | 485f7c20 48027c23 48057c24 | x1=M+0x80 => x0=0x100 x2=0 x5=1 [0x80]=0300
stxp w2, x3, x4, [x1] | c8221023 | x1=M+0x80 => x2=1
ldxp x0, x3, [x1]; clrex; stxp w2, x4, x5, [x1] | c87f0c20 d5033f5f c8221424 | x1=M+0x80 => x0=0x706050403020100 x2=1 x3=0xf0e0d0c0b0a0908
ldxp x0, x3, [x1]; str x4, [x1]; stxp w2, x4, x5, [x1] | c87f0c20 f9000024 c8221424 | x1=M+0x80 => x0=0x706050403020100 x2=1 x3=0xf0e0d0c0b0a0908 [0x80]=040000800400dec0
ldxp x0, x3, [x1]; str x4, [x1, #8]; stxp w2, x4, x5, [x1] | c87f0c20 f9000424 c8221424 | x1=M+0x80 => x0=0x706050403020100 x2=1 x3=0xf0e0d0c0b0a0908 [0x88]=040000800400dec0
stxp w2, w3, w4, [x1] | 88221023 | x1=M+0x80 => x2=1
ldxp w0, w3, [x1]; clrex; stxp w2, w4, w5, [x1] | 887f0c20 d5033f5f 88221424 | x1=M+0x80 => x0=0x3020100 x2=1 x3=0x7060504
ldxp w0, w3, [x1]; str w4, [x1]; stxp w2, w4, w5, [x1] | 887f0c20 b9000024 88221424 | x1=M+0x80 => x0=0x3020100 x2=1 x3=0x7060504 [0x80]=04000080
ldxp w0, w3, [x1]; str w4, [x1, #4]; stxp w2, w4, w5, [x1] | 887f0c20 b9000424 88221424 | x1=M+0x80 => x0=0x3020100 x2=1 x3=0x7060504 [0x85]=000080

# exclusives: faults
ldxr x0, [x1] | c85f7c20 | x1=M+0x1000 => fault=M+0x1000
ldxp x0, x2, [x1] | c87f0820 | x1=M+0x1000 => fault=M+0x1000
ldaxrb w0, [x1] | 085ffc20 | x1=M-1 => fault=M-0x1

# compare and swap
cas x0, x2, [x1] | c8a07c22 | x1=M+0x80 x0=0x0706050403020100 => [0x80]=020000800200dec0
cas x0, x2, [x1] | c8a07c22 | x1=M+0x80 x0=0x55 => x0=0x706050403020100
cas w0, w2, [x1] | 88a07c22 | x1=M+0x80 x0=0xdead000003020100 => x0=0x3020100 [0x80]=02000080
cas w0, w2, [x1] | 88a07c22 | x1=M+0x80 x0=0x55 => x0=0x3020100
casb w0, w2, [x1] | 08a07c22 | x1=M+0x80 x0=0x1234567800 => x0=0 [0x80]=02
casb w0, w2, [x1] | 08a07c22 | x1=M+0x80 x0=0x55 => x0=0
cash w0, w2, [x1] | 48a07c22 | x1=M+0x80 x0=0x1234560100 => x0=0x100 [0x80]=0200
cash w0, w2, [x1] | 48a07c22 | x1=M+0x80 x0=0x55 => x0=0x100
casp x2, x3, x4, x5, [x1] | 48227c24 | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c0b0a0908 => [0x80]=040000800400dec0050000800500dec0
casp x2, x3, x4, x5, [x1] | 48227c24 | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c0b0a0909 => x3=0xf0e0d0c0b0a0908
casp w2, w3, w4, w5, [x1] | 08227c24 | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c07060504 => x2=0x3020100 x3=0x7060504 [0x80]=0400008005000080
casp w2, w3, w4, w5, [x1] | 08227c24 | x1=M+0x80 x2=0x0706050413020100 x3=0x0f0e0d0c07060504 => x2=0x3020100 x3=0x7060504
casa x0, x2, [x1] | c8e07c22 | x1=M+0x80 x0=0x0706050403020100 => [0x80]=020000800200dec0
casa x0, x2, [x1] | c8e07c22 | x1=M+0x80 x0=0x55 => x0=0x706050403020100
casa w0, w2, [x1] | 88e07c22 | x1=M+0x80 x0=0xdead000003020100 => x0=0x3020100 [0x80]=02000080
casa w0, w2, [x1] | 88e07c22 | x1=M+0x80 x0=0x55 => x0=0x3020100
casab w0, w2, [x1] | 08e07c22 | x1=M+0x80 x0=0x1234567800 => x0=0 [0x80]=02
casab w0, w2, [x1] | 08e07c22 | x1=M+0x80 x0=0x55 => x0=0
casah w0, w2, [x1] | 48e07c22 | x1=M+0x80 x0=0x1234560100 => x0=0x100 [0x80]=0200
casah w0, w2, [x1] | 48e07c22 | x1=M+0x80 x0=0x55 => x0=0x100
caspa x2, x3, x4, x5, [x1] | 48627c24 | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c0b0a0908 => [0x80]=040000800400dec0050000800500dec0
caspa x2, x3, x4, x5, [x1] | 48627c24 | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c0b0a0909 => x3=0xf0e0d0c0b0a0908
caspa w2, w3, w4, w5, [x1] | 08627c24 | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c07060504 => x2=0x3020100 x3=0x7060504 [0x80]=0400008005000080
caspa w2, w3, w4, w5, [x1] | 08627c24 | x1=M+0x80 x2=0x0706050413020100 x3=0x0f0e0d0c07060504 => x2=0x3020100 x3=0x7060504
casl x0, x2, [x1] | c8a0fc22 | x1=M+0x80 x0=0x0706050403020100 => [0x80]=020000800200dec0
casl x0, x2, [x1] | c8a0fc22 | x1=M+0x80 x0=0x55 => x0=0x706050403020100
casl w0, w2, [x1] | 88a0fc22 | x1=M+0x80 x0=0xdead000003020100 => x0=0x3020100 [0x80]=02000080
casl w0, w2, [x1] | 88a0fc22 | x1=M+0x80 x0=0x55 => x0=0x3020100
caslb w0, w2, [x1] | 08a0fc22 | x1=M+0x80 x0=0x1234567800 => x0=0 [0x80]=02
caslb w0, w2, [x1] | 08a0fc22 | x1=M+0x80 x0=0x55 => x0=0
caslh w0, w2, [x1] | 48a0fc22 | x1=M+0x80 x0=0x1234560100 => x0=0x100 [0x80]=0200
caslh w0, w2, [x1] | 48a0fc22 | x1=M+0x80 x0=0x55 => x0=0x100
caspl x2, x3, x4, x5, [x1] | 4822fc24 | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c0b0a0908 => [0x80]=040000800400dec0050000800500dec0
caspl x2, x3, x4, x5, [x1] | 4822fc24 | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c0b0a0909 => x3=0xf0e0d0c0b0a0908
caspl w2, w3, w4, w5, [x1] | 0822fc24 | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c07060504 => x2=0x3020100 x3=0x7060504 [0x80]=0400008005000080
caspl w2, w3, w4, w5, [x1] | 0822fc24 | x1=M+0x80 x2=0x0706050413020100 x3=0x0f0e0d0c07060504 => x2=0x3020100 x3=0x7060504
casal x0, x2, [x1] | c8e0fc22 | x1=M+0x80 x0=0x0706050403020100 => [0x80]=020000800200dec0
casal x0, x2, [x1] | c8e0fc22 | x1=M+0x80 x0=0x55 => x0=0x706050403020100
casal w0, w2, [x1] | 88e0fc22 | x1=M+0x80 x0=0xdead000003020100 => x0=0x3020100 [0x80]=02000080
casal w0, w2, [x1] | 88e0fc22 | x1=M+0x80 x0=0x55 => x0=0x3020100
casalb w0, w2, [x1] | 08e0fc22 | x1=M+0x80 x0=0x1234567800 => x0=0 [0x80]=02
casalb w0, w2, [x1] | 08e0fc22 | x1=M+0x80 x0=0x55 => x0=0
casalh w0, w2, [x1] | 48e0fc22 | x1=M+0x80 x0=0x1234560100 => x0=0x100 [0x80]=0200
casalh w0, w2, [x1] | 48e0fc22 | x1=M+0x80 x0=0x55 => x0=0x100
caspal x2, x3, x4, x5, [x1] | 4862fc24 | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c0b0a0908 => [0x80]=040000800400dec0050000800500dec0
caspal x2, x3, x4, x5, [x1] | 4862fc24 | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c0b0a0909 => x3=0xf0e0d0c0b0a0908
caspal w2, w3, w4, w5, [x1] | 0862fc24 | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c07060504 => x2=0x3020100 x3=0x7060504 [0x80]=0400008005000080
caspal w2, w3, w4, w5, [x1] | 0862fc24 | x1=M+0x80 x2=0x0706050413020100 x3=0x0f0e0d0c07060504 => x2=0x3020100 x3=0x7060504
cas x0, x2, [sp] | c8a07fe2 | x0=0x8786858483828180 => [0x800]=020000800200dec0
cas xzr, x2, [x1] | c8bf7c22 | x1=M+0x80 =>
cas x0, xzr, [x1] | c8a07c3f | x1=M+0x80 x0=0x0706050403020100 => [0x81]=00000000000000
cas x0, x2, [x1] | c8a07c22 | x1=M+0x1000 => fault=M+0x1000
casp x2, x3, x4, x5, [x1] | 48227c24 | x1=M+0x1000 => fault=M+0x1000
casp x30, xzr, x2, x3, [x1] | 483e7c22 | x1=M+0x80 x30=0x0706050403020100 =>
casp x2, x3, x30, xzr, [x1] | =48227c3e | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c0b0a0908 => [0x80]=1e0000801e00dec00000000000000000

# read-modify-write
ldadd x0, x2, [x1] | f8200022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=01 [0x87]=87
ldadd w0, w2, [x1] | b8200022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01010283
ldadda x0, x2, [x1] | f8a00022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=01 [0x87]=87
ldadda w0, w2, [x1] | b8a00022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01010283
ldaddl x0, x2, [x1] | f8600022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=01 [0x87]=87
ldaddl w0, w2, [x1] | b8600022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01010283
ldaddal x0, x2, [x1] | f8e00022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=01 [0x87]=87
ldaddal w0, w2, [x1] | b8e00022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01010283
ldaddb w0, w2, [x1] | 38200022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldaddab w0, w2, [x1] | 38a00022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldaddlb w0, w2, [x1] | 38600022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldaddalb w0, w2, [x1] | 38e00022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldaddb w0, w2, [x1] | 38200022 | x1=M x0=0x7f7f7f7f => x2=0x80 [0x0]=ff
ldaddh w0, w2, [x1] | 78200022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8282
ldaddah w0, w2, [x1] | 78a00022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8282
ldaddlh w0, w2, [x1] | 78600022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8282
ldaddalh w0, w2, [x1] | 78e00022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8282
ldaddh w0, w2, [x1] | 78200022 | x1=M x0=0x7f7f7f7f => x2=0x8180 [0x0]=ff00
ldadd x0, x2, [x1] | f8200022 | x1=M x0=0x1122334455667788 => x2=0x8786858483828180 [0x0]=08f9e8d8c8b8a898
ldadd w0, w2, [x1] | b8200022 | x1=M x0=0x1122334455667788 => x2=0x83828180 [0x0]=08f9e8d8
stadd x0, [x1] | f820003f | x1=M+0x10 x0=7 => [0x10]=97
staddl w0, [sp] | b86003ff | x0=0xfffffff0 => [0x800]=70
staddb w0, [x1] | 3820003f | x1=M+0x10 x0=0x7f => [0x10]=0f
staddlh w0, [x1] | 7860003f | x1=M+0x10 x0=0x8000 => [0x11]=11
ldadd xzr, x2, [x1] | f83f0022 | x1=M+0x80 => x2=0x706050403020100
ldadd x0, x0, [x1] | f8200020 | x1=M+0x80 x0=3 => x0=0x706050403020100 [0x80]=03
ldaddal x1, x1, [x1] | f8e10021 | x1=M+0x80 => x1=0x706050403020100 [0x80]=80010313
ldadd x0, x2, [x1] | f8200022 | x1=M+0x1000 => fault=M+0x1000
ldclr x0, x2, [x1] | f8201022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100
ldclr w0, w2, [x1] | b8201022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100
ldclra x0, x2, [x1] | f8a01022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100
ldclra w0, w2, [x1] | b8a01022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100
ldclrl x0, x2, [x1] | f8601022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100
ldclrl w0, w2, [x1] | b8601022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100
ldclral x0, x2, [x1] | f8e01022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100
ldclral w0, w2, [x1] | b8e01022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100
ldclrb w0, w2, [x1] | 38201022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0
ldclrab w0, w2, [x1] | 38a01022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0
ldclrlb w0, w2, [x1] | 38601022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0
ldclralb w0, w2, [x1] | 38e01022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0
ldclrb w0, w2, [x1] | 38201022 | x1=M x0=0x7f7f7f7f => x2=0x80
ldclrh w0, w2, [x1] | 78201022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x81]=00
ldclrah w0, w2, [x1] | 78a01022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x81]=00
ldclrlh w0, w2, [x1] | 78601022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x81]=00
ldclralh w0, w2, [x1] | 78e01022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x81]=00
ldclrh w0, w2, [x1] | 78201022 | x1=M x0=0x7f7f7f7f => x2=0x8180 [0x1]=80
ldclr x0, x2, [x1] | f8201022 | x1=M x0=0x1122334455667788 => x2=0x8786858483828180 [0x0]=0080808280848486
ldclr w0, w2, [x1] | b8201022 | x1=M x0=0x1122334455667788 => x2=0x83828180 [0x0]=00808082
stclr x0, [x1] | f820103f | x1=M+0x10 x0=7 =>
stclrl w0, [sp] | b86013ff | x0=0xfffffff0 => [0x800]=00000000
stclrb w0, [x1] | 3820103f | x1=M+0x10 x0=0x7f => [0x10]=80
stclrlh w0, [x1] | 7860103f | x1=M+0x10 x0=0x8000 => [0x11]=11
ldclr xzr, x2, [x1] | f83f1022 | x1=M+0x80 => x2=0x706050403020100
ldclr x0, x0, [x1] | f8201020 | x1=M+0x80 x0=3 => x0=0x706050403020100
ldclral x1, x1, [x1] | f8e11021 | x1=M+0x80 => x1=0x706050403020100
ldclr x0, x2, [x1] | f8201022 | x1=M+0x1000 => fault=M+0x1000
ldeor x0, x2, [x1] | f8202022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=01 [0x87]=87
ldeor w0, w2, [x1] | b8202022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01010283
ldeora x0, x2, [x1] | f8a02022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=01 [0x87]=87
ldeora w0, w2, [x1] | b8a02022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01010283
ldeorl x0, x2, [x1] | f8602022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=01 [0x87]=87
ldeorl w0, w2, [x1] | b8602022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01010283
ldeoral x0, x2, [x1] | f8e02022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=01 [0x87]=87
ldeoral w0, w2, [x1] | b8e02022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01010283
ldeorb w0, w2, [x1] | 38202022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldeorab w0, w2, [x1] | 38a02022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldeorlb w0, w2, [x1] | 38602022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldeoralb w0, w2, [x1] | 38e02022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldeorb w0, w2, [x1] | 38202022 | x1=M x0=0x7f7f7f7f => x2=0x80 [0x0]=ff
ldeorh w0, w2, [x1] | 78202022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8280
ldeorah w0, w2, [x1] | 78a02022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8280
ldeorlh w0, w2, [x1] | 78602022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8280
ldeoralh w0, w2, [x1] | 78e02022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8280
ldeorh w0, w2, [x1] | 78202022 | x1=M x0=0x7f7f7f7f => x2=0x8180 [0x0]=fffe
ldeor x0, x2, [x1] | f8202022 | x1=M x0=0x1122334455667788 => x2=0x8786858483828180 [0x0]=08f6e4d6c0b6a496
ldeor w0, w2, [x1] | b8202022 | x1=M x0=0x1122334455667788 => x2=0x83828180 [0x0]=08f6e4d6
steor x0, [x1] | f820203f | x1=M+0x10 x0=7 => [0x10]=97
steorl w0, [sp] | b86023ff | x0=0xfffffff0 => [0x800]=707e7d7c
steorb w0, [x1] | 3820203f | x1=M+0x10 x0=0x7f => [0x10]=ef
steorlh w0, [x1] | 7860203f | x1=M+0x10 x0=0x8000 => [0x11]=11
ldeor xzr, x2, [x1] | f83f2022 | x1=M+0x80 => x2=0x706050403020100
ldeor x0, x0, [x1] | f8202020 | x1=M+0x80 x0=3 => x0=0x706050403020100 [0x80]=03
ldeoral x1, x1, [x1] | f8e12021 | x1=M+0x80 => x1=0x706050403020100 [0x80]=80010313
ldeor x0, x2, [x1] | f8202022 | x1=M+0x1000 => fault=M+0x1000
ldset x0, x2, [x1] | f8203022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=01 [0x87]=87
ldset w0, w2, [x1] | b8203022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01010283
ldseta x0, x2, [x1] | f8a03022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=01 [0x87]=87
ldseta w0, w2, [x1] | b8a03022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01010283
ldsetl x0, x2, [x1] | f8603022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=01 [0x87]=87
ldsetl w0, w2, [x1] | b8603022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01010283
ldsetal x0, x2, [x1] | f8e03022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=01 [0x87]=87
ldsetal w0, w2, [x1] | b8e03022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01010283
ldsetb w0, w2, [x1] | 38203022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldsetab w0, w2, [x1] | 38a03022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldsetlb w0, w2, [x1] | 38603022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldsetalb w0, w2, [x1] | 38e03022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldsetb w0, w2, [x1] | 38203022 | x1=M x0=0x7f7f7f7f => x2=0x80 [0x0]=ff
ldseth w0, w2, [x1] | 78203022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8281
ldsetah w0, w2, [x1] | 78a03022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8281
ldsetlh w0, w2, [x1] | 78603022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8281
ldsetalh w0, w2, [x1] | 78e03022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8281
ldseth w0, w2, [x1] | 78203022 | x1=M x0=0x7f7f7f7f => x2=0x8180 [0x0]=ffff
ldset x0, x2, [x1] | f8203022 | x1=M x0=0x1122334455667788 => x2=0x8786858483828180 [0x0]=88f7e6d7c4b7a697
ldset w0, w2, [x1] | b8203022 | x1=M x0=0x1122334455667788 => x2=0x83828180 [0x0]=88f7e6d7
stset x0, [x1] | f820303f | x1=M+0x10 x0=7 => [0x10]=97
stsetl w0, [sp] | b86033ff | x0=0xfffffff0 => [0x800]=f0ffffff
stsetb w0, [x1] | 3820303f | x1=M+0x10 x0=0x7f => [0x10]=ff
stsetlh w0, [x1] | 7860303f | x1=M+0x10 x0=0x8000 =>
ldset xzr, x2, [x1] | f83f3022 | x1=M+0x80 => x2=0x706050403020100
ldset x0, x0, [x1] | f8203020 | x1=M+0x80 x0=3 => x0=0x706050403020100 [0x80]=03
ldsetal x1, x1, [x1] | f8e13021 | x1=M+0x80 => x1=0x706050403020100 [0x80]=80010313
ldset x0, x2, [x1] | f8203022 | x1=M+0x1000 => fault=M+0x1000
ldsmax x0, x2, [x1] | f8204022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100
ldsmax w0, w2, [x1] | b8204022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100
ldsmaxa x0, x2, [x1] | f8a04022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100
ldsmaxa w0, w2, [x1] | b8a04022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100
ldsmaxl x0, x2, [x1] | f8604022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100
ldsmaxl w0, w2, [x1] | b8604022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100
ldsmaxal x0, x2, [x1] | f8e04022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100
ldsmaxal w0, w2, [x1] | b8e04022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100
ldsmaxb w0, w2, [x1] | 38204022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0
ldsmaxab w0, w2, [x1] | 38a04022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0
ldsmaxlb w0, w2, [x1] | 38604022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0
ldsmaxalb w0, w2, [x1] | 38e04022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0
ldsmaxb w0, w2, [x1] | 38204022 | x1=M x0=0x7f7f7f7f => x2=0x80 [0x0]=7f
ldsmaxh w0, w2, [x1] | 78204022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100
ldsmaxah w0, w2, [x1] | 78a04022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100
ldsmaxlh w0, w2, [x1] | 78604022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100
ldsmaxalh w0, w2, [x1] | 78e04022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100
ldsmaxh w0, w2, [x1] | 78204022 | x1=M x0=0x7f7f7f7f => x2=0x8180 [0x0]=7f7f
ldsmax x0, x2, [x1] | f8204022 | x1=M x0=0x1122334455667788 => x2=0x8786858483828180 [0x0]=8877665544332211
ldsmax w0, w2, [x1] | b8204022 | x1=M x0=0x1122334455667788 => x2=0x83828180 [0x0]=88776655
stsmax x0, [x1] | f820403f | x1=M+0x10 x0=7 => [0x10]=0700000000000000
stsmaxl w0, [sp] | b86043ff | x0=0xfffffff0 => [0x800]=f0ffffff
stsmaxb w0, [x1] | 3820403f | x1=M+0x10 x0=0x7f => [0x10]=7f
stsmaxlh w0, [x1] | 7860403f | x1=M+0x10 x0=0x8000 =>
ldsmax xzr, x2, [x1] | f83f4022 | x1=M+0x80 => x2=0x706050403020100
ldsmax x0, x0, [x1] | f8204020 | x1=M+0x80 x0=3 => x0=0x706050403020100
ldsmaxal x1, x1, [x1] | f8e14021 | x1=M+0x80 => x1=0x706050403020100
ldsmax x0, x2, [x1] | f8204022 | x1=M+0x1000 => fault=M+0x1000
ldsmin x0, x2, [x1] | f8205022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=0100000000000080
ldsmin w0, w2, [x1] | b8205022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01000080
ldsmina x0, x2, [x1] | f8a05022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=0100000000000080
ldsmina w0, w2, [x1] | b8a05022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01000080
ldsminl x0, x2, [x1] | f8605022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=0100000000000080
ldsminl w0, w2, [x1] | b8605022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01000080
ldsminal x0, x2, [x1] | f8e05022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=0100000000000080
ldsminal w0, w2, [x1] | b8e05022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01000080
ldsminb w0, w2, [x1] | 38205022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldsminab w0, w2, [x1] | 38a05022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldsminlb w0, w2, [x1] | 38605022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldsminalb w0, w2, [x1] | 38e05022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldsminb w0, w2, [x1] | 38205022 | x1=M x0=0x7f7f7f7f => x2=0x80
ldsminh w0, w2, [x1] | 78205022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8281
ldsminah w0, w2, [x1] | 78a05022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8281
ldsminlh w0, w2, [x1] | 78605022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8281
ldsminalh w0, w2, [x1] | 78e05022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8281
ldsminh w0, w2, [x1] | 78205022 | x1=M x0=0x7f7f7f7f => x2=0x8180
ldsmin x0, x2, [x1] | f8205022 | x1=M x0=0x1122334455667788 => x2=0x8786858483828180
ldsmin w0, w2, [x1] | b8205022 | x1=M x0=0x1122334455667788 => x2=0x83828180
stsmin x0, [x1] | f820503f | x1=M+0x10 x0=7 =>
stsminl w0, [sp] | b86053ff | x0=0xfffffff0 =>
stsminb w0, [x1] | 3820503f | x1=M+0x10 x0=0x7f =>
stsminlh w0, [x1] | 7860503f | x1=M+0x10 x0=0x8000 => [0x10]=0080
ldsmin xzr, x2, [x1] | f83f5022 | x1=M+0x80 => x2=0x706050403020100 [0x81]=00000000000000
ldsmin x0, x0, [x1] | f8205020 | x1=M+0x80 x0=3 => x0=0x706050403020100 [0x80]=0300000000000000
ldsminal x1, x1, [x1] | f8e15021 | x1=M+0x80 => x1=0x706050403020100 [0x80]=8000011000000000
ldsmin x0, x2, [x1] | f8205022 | x1=M+0x1000 => fault=M+0x1000
ldumax x0, x2, [x1] | f8206022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=0100000000000080
ldumax w0, w2, [x1] | b8206022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01000080
ldumaxa x0, x2, [x1] | f8a06022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=0100000000000080
ldumaxa w0, w2, [x1] | b8a06022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01000080
ldumaxl x0, x2, [x1] | f8606022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=0100000000000080
ldumaxl w0, w2, [x1] | b8606022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01000080
ldumaxal x0, x2, [x1] | f8e06022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100 [0x80]=0100000000000080
ldumaxal w0, w2, [x1] | b8e06022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100 [0x80]=01000080
ldumaxb w0, w2, [x1] | 38206022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldumaxab w0, w2, [x1] | 38a06022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldumaxlb w0, w2, [x1] | 38606022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldumaxalb w0, w2, [x1] | 38e06022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0 [0x80]=82
ldumaxb w0, w2, [x1] | 38206022 | x1=M x0=0x7f7f7f7f => x2=0x80
ldumaxh w0, w2, [x1] | 78206022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8281
ldumaxah w0, w2, [x1] | 78a06022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8281
ldumaxlh w0, w2, [x1] | 78606022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8281
ldumaxalh w0, w2, [x1] | 78e06022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100 [0x80]=8281
ldumaxh w0, w2, [x1] | 78206022 | x1=M x0=0x7f7f7f7f => x2=0x8180
ldumax x0, x2, [x1] | f8206022 | x1=M x0=0x1122334455667788 => x2=0x8786858483828180
ldumax w0, w2, [x1] | b8206022 | x1=M x0=0x1122334455667788 => x2=0x83828180
stumax x0, [x1] | f820603f | x1=M+0x10 x0=7 =>
stumaxl w0, [sp] | b86063ff | x0=0xfffffff0 => [0x800]=f0ffffff
stumaxb w0, [x1] | 3820603f | x1=M+0x10 x0=0x7f =>
stumaxlh w0, [x1] | 7860603f | x1=M+0x10 x0=0x8000 =>
ldumax xzr, x2, [x1] | f83f6022 | x1=M+0x80 => x2=0x706050403020100
ldumax x0, x0, [x1] | f8206020 | x1=M+0x80 x0=3 => x0=0x706050403020100
ldumaxal x1, x1, [x1] | f8e16021 | x1=M+0x80 => x1=0x706050403020100
ldumax x0, x2, [x1] | f8206022 | x1=M+0x1000 => fault=M+0x1000
ldumin x0, x2, [x1] | f8207022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100
ldumin w0, w2, [x1] | b8207022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100
ldumina x0, x2, [x1] | f8a07022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100
ldumina w0, w2, [x1] | b8a07022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100
lduminl x0, x2, [x1] | f8607022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100
lduminl w0, w2, [x1] | b8607022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100
lduminal x0, x2, [x1] | f8e07022 | x1=M+0x80 x0=0x8000000000000001 => x2=0x706050403020100
lduminal w0, w2, [x1] | b8e07022 | x1=M+0x80 x0=0xffffffff80000001 => x2=0x3020100
lduminb w0, w2, [x1] | 38207022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0
lduminab w0, w2, [x1] | 38a07022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0
lduminlb w0, w2, [x1] | 38607022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0
lduminalb w0, w2, [x1] | 38e07022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0
lduminb w0, w2, [x1] | 38207022 | x1=M x0=0x7f7f7f7f => x2=0x80 [0x0]=7f
lduminh w0, w2, [x1] | 78207022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100
lduminah w0, w2, [x1] | 78a07022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100
lduminlh w0, w2, [x1] | 78607022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100
lduminalh w0, w2, [x1] | 78e07022 | x1=M+0x80 x0=0x12345678ffff8182 => x2=0x100
lduminh w0, w2, [x1] | 78207022 | x1=M x0=0x7f7f7f7f => x2=0x8180 [0x0]=7f7f
ldumin x0, x2, [x1] | f8207022 | x1=M x0=0x1122334455667788 => x2=0x8786858483828180 [0x0]=8877665544332211
ldumin w0, w2, [x1] | b8207022 | x1=M x0=0x1122334455667788 => x2=0x83828180 [0x0]=88776655
stumin x0, [x1] | f820703f | x1=M+0x10 x0=7 => [0x10]=0700000000000000
stuminl w0, [sp] | b86073ff | x0=0xfffffff0 =>
stuminb w0, [x1] | 3820703f | x1=M+0x10 x0=0x7f => [0x10]=7f
stuminlh w0, [x1] | 7860703f | x1=M+0x10 x0=0x8000 => [0x10]=0080
ldumin xzr, x2, [x1] | f83f7022 | x1=M+0x80 => x2=0x706050403020100 [0x81]=00000000000000
ldumin x0, x0, [x1] | f8207020 | x1=M+0x80 x0=3 => x0=0x706050403020100 [0x80]=0300000000000000
lduminal x1, x1, [x1] | f8e17021 | x1=M+0x80 => x1=0x706050403020100 [0x80]=8000011000000000
ldumin x0, x2, [x1] | f8207022 | x1=M+0x1000 => fault=M+0x1000
swp x0, x2, [x1] | f8208022 | x1=M+0x80 => x2=0x706050403020100 [0x81]=0000800000dec0
swp w0, w2, [x1] | b8208022 | x1=M+0x80 => x2=0x3020100 [0x81]=000080
swpb w0, w2, [x1] | 38208022 | x1=M+0x80 => x2=0
swph w0, w2, [x1] | 78208022 | x1=M+0x80 => x2=0x100 [0x81]=00
swpa x0, x2, [x1] | f8a08022 | x1=M+0x80 => x2=0x706050403020100 [0x81]=0000800000dec0
swpa w0, w2, [x1] | b8a08022 | x1=M+0x80 => x2=0x3020100 [0x81]=000080
swpab w0, w2, [x1] | 38a08022 | x1=M+0x80 => x2=0
swpah w0, w2, [x1] | 78a08022 | x1=M+0x80 => x2=0x100 [0x81]=00
swpl x0, x2, [x1] | f8608022 | x1=M+0x80 => x2=0x706050403020100 [0x81]=0000800000dec0
swpl w0, w2, [x1] | b8608022 | x1=M+0x80 => x2=0x3020100 [0x81]=000080
swplb w0, w2, [x1] | 38608022 | x1=M+0x80 => x2=0
swplh w0, w2, [x1] | 78608022 | x1=M+0x80 => x2=0x100 [0x81]=00
swpal x0, x2, [x1] | f8e08022 | x1=M+0x80 => x2=0x706050403020100 [0x81]=0000800000dec0
swpal w0, w2, [x1] | b8e08022 | x1=M+0x80 => x2=0x3020100 [0x81]=000080
swpalb w0, w2, [x1] | 38e08022 | x1=M+0x80 => x2=0
swpalh w0, w2, [x1] | 78e08022 | x1=M+0x80 => x2=0x100 [0x81]=00
swp x0, x0, [x1] | f8208020 | x1=M+0x80 => x0=0x706050403020100 [0x81]=0000800000dec0
swp x0, xzr, [x1] | f820803f | x1=M+0x80 => [0x81]=0000800000dec0
swp xzr, x2, [sp] | f83f83e2 | => x2=0x8786858483828180 [0x800]=0000000000000000
swp w0, w2, [x1] | b8208022 | x1=M-4 => fault=M-0x4

# undefined: odd registers of pairs, unallocated operations
unallocated | =48217c42 | x1=M+0x80 => undef
unallocated | =48227c43 | x1=M+0x80 => undef
unallocated | =08207c43 | x1=M+0x80 => undef
unallocated | =b8209020 | x1=M+0x80 => undef
unallocated | =f820a020 | x1=M+0x80 => undef
unallocated | =f820b020 | x1=M+0x80 => undef
unallocated | =f820e020 | x1=M+0x80 => undef


# misaligned: an alignment fault without FEAT_LSE2 (tests/guest/aligned.c has both)
ldxr x0, [x1] | c85f7c20 | x1=M+0x87 => bus=M+0x87
ldxr x0, [x1] | c85f7c20 | x1=M+0x89 => bus=M+0x89
ldaxr w0, [x1] | 885ffc20 | x1=M+0x8b => bus=M+0x8b
ldaxr w0, [x1] | 885ffc20 | x1=M+0x8d => bus=M+0x8d
ldxrh w0, [x1] | 485f7c20 | x1=M+0x8d => bus=M+0x8d
ldxrh w0, [x1] | 485f7c20 | x1=M+0x8f => bus=M+0x8f
ldar x0, [x1] | c8dffc20 | x1=M+0x87 => bus=M+0x87
ldar x0, [x1] | c8dffc20 | x1=M+0x89 => bus=M+0x89
ldar w0, [x1] | 88dffc20 | x1=M+0x8b => bus=M+0x8b
ldar w0, [x1] | 88dffc20 | x1=M+0x8d => bus=M+0x8d
ldarh w0, [x1] | 48dffc20 | x1=M+0x8d => bus=M+0x8d
ldarh w0, [x1] | 48dffc20 | x1=M+0x8f => bus=M+0x8f
ldapur x0, [x1, #-1] | d95ff020 | x1=M+0x88 => bus=M+0x87
ldapur x0, [x1, #1] | d9401020 | x1=M+0x88 => bus=M+0x89
ldapursw x0, [x1, #7] | 99807020 | x1=M+0x86 => bus=M+0x8d
ldapursh w0, [x1, #7] | 59c07020 | x1=M+0x88 => bus=M+0x8f
stlur w3, [x1, #5] | 99005023 | x1=M+0x88 => bus=M+0x8d
stlur w3, [x1, #3] | 99003023 | x1=M+0x88 x3=0x11223344 => bus=M+0x8b
stlr x3, [x1] | c89ffc23 | x1=M+0x8c => bus=M+0x8c
stlr x3, [x1] | c89ffc23 | x1=M+0x82 x3=0x1122334455667788 => bus=M+0x82
stlrh w3, [x1] | 489ffc23 | x1=M+0x8f => bus=M+0x8f
ldxr x0, [x1]; stxr w2, x3, [x1] | c85f7c20 c8027c23 | x1=M+0x84 x3=0x1122334455667788 => bus=M+0x84
ldxp x0, x3, [x1] | c87f0c20 | x1=M+0x88 => bus=M+0x88
ldxp w0, w3, [x1] | 887f0c20 | x1=M+0x84 => bus=M+0x84
ldxp w0, w3, [x1] | 887f0c20 | x1=M+0x8c => bus=M+0x8c
cas x0, x3, [x1] | c8a07c23 | x1=M+0x8c => bus=M+0x8c
cas w0, w3, [x1] | 88a07c23 | x1=M+0x8a x0=0 x3=5 => bus=M+0x8a
casalh w0, w3, [x1] | 48e0fc23 | x1=M+0x8f => bus=M+0x8f
casp w0, w1, w2, w3, [x6] | 08207cc2 | x6=M+0x8c => bus=M+0x8c
casp x0, x1, x2, x3, [x6] | 48207cc2 | x6=M+0x88 => bus=M+0x88
ldaddal x0, x3, [x1] | f8e00023 | x1=M+0x8c => bus=M+0x8c
ldadd w0, w3, [x1] | b8200023 | x1=M+0x8e => bus=M+0x8e
ldclral x0, x3, [x1] | f8e01023 | x1=M+0x8c => bus=M+0x8c
ldclr w0, w3, [x1] | b8201023 | x1=M+0x8e => bus=M+0x8e
ldeoral x0, x3, [x1] | f8e02023 | x1=M+0x8c => bus=M+0x8c
ldeor w0, w3, [x1] | b8202023 | x1=M+0x8e => bus=M+0x8e
ldsetal x0, x3, [x1] | f8e03023 | x1=M+0x8c => bus=M+0x8c
ldset w0, w3, [x1] | b8203023 | x1=M+0x8e => bus=M+0x8e
ldsmaxal x0, x3, [x1] | f8e04023 | x1=M+0x8c => bus=M+0x8c
ldsmax w0, w3, [x1] | b8204023 | x1=M+0x8e => bus=M+0x8e
ldsminal x0, x3, [x1] | f8e05023 | x1=M+0x8c => bus=M+0x8c
ldsmin w0, w3, [x1] | b8205023 | x1=M+0x8e => bus=M+0x8e
ldumaxal x0, x3, [x1] | f8e06023 | x1=M+0x8c => bus=M+0x8c
ldumax w0, w3, [x1] | b8206023 | x1=M+0x8e => bus=M+0x8e
lduminal x0, x3, [x1] | f8e07023 | x1=M+0x8c => bus=M+0x8c
ldumin w0, w3, [x1] | b8207023 | x1=M+0x8e => bus=M+0x8e
swpal x0, x3, [x1] | f8e08023 | x1=M+0x8c => bus=M+0x8c
swp w0, w3, [x1] | b8208023 | x1=M+0x8e => bus=M+0x8e
swp w0, w3, [x1] | b8208023 | x1=M+0x89 x0=0x11223344 => bus=M+0x89
ldadd x0, x3, [x1] | f8200023 | x1=M+0x81 x0=0 => bus=M+0x81
stadd w0, [x1] | b820003f | x1=M+0x8d => bus=M+0x8d
ldr x5, [x1, #7]; cmp x5, x5; ldar w0, [x1]; b.eq .+8 | f8407025 eb0500bf 88dffc20 54000040 | x1=M+0x8d => bus=M+0x8d x5=0x1b1a191817161514 pc=P+8 nzcv=6
# by hand: qemu lets LDAPR pass, and fails a store-exclusive without a look at the address
ldapr x0, [x1] | f8bfc020 | x1=M+0x87 => bus=M+0x87
ldapr x0, [x1] | f8bfc020 | x1=M+0x89 => bus=M+0x89
ldaprh w0, [x1] | 78bfc020 | x1=M+0x8d => bus=M+0x8d
ldaprh w0, [x1] | 78bfc020 | x1=M+0x8f => bus=M+0x8f
stxr w2, x3, [x1] | c8027c23 | x1=M+0x8a => bus=M+0x8a
stlxrh w2, w3, [x1] | 4802fc23 | x1=M+0x8f => bus=M+0x8f
stxp w2, w4, w5, [x1] | 88221424 | x1=M+0x8c => bus=M+0x8c
stxp w2, x4, x5, [x1] | c8221424 | x1=M+0x88 => bus=M+0x88
# end by hand
