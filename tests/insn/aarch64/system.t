# System instructions, barriers, hints, pointer authentication
#
# Words by the GNU assembler, values by qemu-aarch64 7.2 -cpu max (tests/insn/gen/fill.py), except
# between `by hand` marks. Format: tests/insn/README.md.

# hints are without effect
nop | d503201f | =>
yield | d503203f | =>
sev | d503209f | =>
sevl | d50320bf | =>
wfe | d503205f | =>
hint #6 | d50320df | =>
dgh | d50320df | =>
esb | d503221f | =>
psb csync | d503223f | =>
tsb csync | d503225f | =>
csdb | d503229f | =>
bti | d503241f | =>
bti c | d503245f | =>
bti j | d503249f | =>
bti jc | d50324df | =>
hint #127 | d5032fff | =>
hint #40 | d503251f | =>
wfi | d503207f | =>

# barriers
dmb ish | d5033bbf | =>
dmb sy | d5033fbf | =>
dmb ishld | d50339bf | =>
dmb ishst | d5033abf | =>
dmb nshld | d50335bf | =>
dmb #0 | d50330bf | =>
dsb ish | d5033b9f | =>
dsb sy | d5033f9f | =>
dsb ishst | d5033a9f | =>
isb | d5033fdf | =>
clrex | d5033f5f | =>
sb | d50330ff | =>
ssbb | d503309f | =>
pssbb | d503349f | =>

# registers
mrs x0, nzcv | d53b4200 | nzcv=0 => x0=0
mrs x0, nzcv | d53b4200 | nzcv=1 => x0=P-2048
mrs x0, nzcv | d53b4200 | nzcv=2 => x0=0x20000000
mrs x0, nzcv | d53b4200 | nzcv=3 => x0=0x30000000
mrs x0, nzcv | d53b4200 | nzcv=4 => x0=0x40000000
mrs x0, nzcv | d53b4200 | nzcv=5 => x0=0x50000000
mrs x0, nzcv | d53b4200 | nzcv=6 => x0=0x60000000
mrs x0, nzcv | d53b4200 | nzcv=7 => x0=0x70000000
mrs x0, nzcv | d53b4200 | nzcv=8 => x0=0x80000000
mrs x0, nzcv | d53b4200 | nzcv=9 => x0=0x90000000
mrs x0, nzcv | d53b4200 | nzcv=10 => x0=0xa0000000
mrs x0, nzcv | d53b4200 | nzcv=11 => x0=0xb0000000
mrs x0, nzcv | d53b4200 | nzcv=12 => x0=0xc0000000
mrs x0, nzcv | d53b4200 | nzcv=13 => x0=0xd0000000
mrs x0, nzcv | d53b4200 | nzcv=14 => x0=0xe0000000
mrs x0, nzcv | d53b4200 | nzcv=15 => x0=0xf0000000
msr nzcv, x1 | d51b4201 | x1=0xf0000000 => nzcv=15
msr nzcv, x1 | d51b4201 | x1=0x0fffffff => nzcv=0
msr nzcv, x1 | d51b4201 | x1=0xa0000000 => nzcv=10
msr nzcv, x1 | d51b4201 | x1=-1 => nzcv=15
msr nzcv, xzr | d51b421f | nzcv=15 => nzcv=0
mrs x0, tpidr_el0 | d53bd040 | => x0=0x7e1d0
msr tpidr_el0, x1; mrs x0, tpidr_el0 | d51bd041 d53bd040 | => x0=0xc0de000180000001 tpidr=0xc0de000180000001
mrs x0, fpcr | d53b4400 | => x0=0
mrs x0, fpsr | d53b4420 | fpsr=0x1f => x0=0x1f
msr fpcr, x1; mrs x0, fpcr | d51b4401 d53b4400 | x1=0x00c00000 => x0=0xc00000 fpcr=0xc00000
msr fpcr, x1; mrs x0, fpcr | d51b4401 d53b4400 | x1=0x03000000 => x0=0x3000000 fpcr=0x3000000
msr fpsr, x1; mrs x0, fpsr | d51b4421 d53b4420 | x1=0x0800009f => x0=0x800009f fpsr=0x800009f
msr fpsr, xzr | d51b443f | fpsr=0x1f => fpsr=0
mrs xzr, tpidr_el0 | d53bd05f | =>
msr dit, #1; mrs x0, dit; msr dit, #0; mrs x1, dit | d503415f d53b42a0 d503405f d53b42a1 | => x0=0x1000000 x1=0
msr dit, x1; mrs x0, dit; msr dit, xzr | d51b42a1 d53b42a0 d51b42bf | x1=-1 => x0=0x1000000
msr ssbs, #1; mrs x0, ssbs; msr ssbs, #0; mrs x1, ssbs | d503413f d53b42c0 d503403f d53b42c1 | => x0=0x1000 x1=0
mrs x0, cntvct_el0; mov x0, #0 | d53be040 d2800000 | => x0=0
mrs x0, rndr; mov x0, #0 | d53b2400 d2800000 | nzcv=15 => x0=0 nzcv=0
mrs x0, rndrrs; mov x0, #0 | d53b2420 d2800000 | nzcv=15 => x0=0 nzcv=0

# cache maintenance
dc cvac, x1 | d50b7a21 | x1=M+0x80 =>
dc cvau, x1 | d50b7b21 | x1=M+0x80 =>
dc civac, x1 | d50b7e21 | x1=M+0x80 =>
ic ivau, x1 | d50b7521 | x1=M+0x80 =>

# not at EL0
mrs x0, sctlr_el1 | d5381000 | => undef
msr vbar_el1, x0 | d518c000 | => undef
mrs x0, elr_el1 | d5384020 | => undef
eret | d69f03e0 | => undef
msr daifset, #2 | d50342df | => undef
mrs x0, daif | d53b4220 | => undef
hvc #0 | d4000002 | => undef
smc #0 | d4000003 | => undef
ic iallu | d508751f | => undef
dc isw, x0 | d5087640 | => undef
tlbi vmalle1 | d508871f | => undef
at s1e1r, x0 | d5087800 | => undef
msr spsel, #1 | d50041bf | => undef
hlt #1 | d4400020 | => undef
dcps1 | d4a00001 | => undef
mrs x0, spsr_el1 | d5384000 | => undef

# pointer authentication: taking the code off, hints
xpaci x1 | dac143e1 | x1=0x007f123456789abc => x1=0x123456789abc
xpacd x1 | dac147e1 | x1=0x007f123456789abc => x1=0x123456789abc
xpaclri | d50320ff | x30=0x007f123456789abc => x30=0x123456789abc
xpaci x1 | dac143e1 | x1=0xff80123456789abc => x1=0xffff123456789abc
xpacd x1 | dac147e1 | x1=0xff80123456789abc => x1=0xffff123456789abc
xpaclri | d50320ff | x30=0xff80123456789abc => x30=0xffff123456789abc
xpaci x1 | dac143e1 | x1=0x0000ffff12345678 =>
xpacd x1 | dac147e1 | x1=0x0000ffff12345678 =>
xpaclri | d50320ff | x30=0x0000ffff12345678 =>
xpaci x1 | dac143e1 | x1=0xffff000012345678 =>
xpacd x1 | dac147e1 | x1=0xffff000012345678 =>
xpaclri | d50320ff | x30=0xffff000012345678 =>
xpaci x1 | dac143e1 | x1=0x5a7f123456789abc => x1=0x5a00123456789abc
xpacd xzr | dac147ff | =>
pacga x0, x1, x2; pacga x3, x1, x2; sub x0, x0, x3; mov w3, w3 | 9ac23020 9ac23023 cb030000 2a0303e3 | => x0=0 x3=0
pacga x0, x1, sp; mov w0, w0 | 9adf3020 2a0003e0 | => x0=0

# pointer authentication: round trips
pacia x0, x1; autia x0, x1 | dac10020 dac11020 | x0=0x0000123456789abc x1=77 =>
pacia x0, sp; autia x0, sp | dac103e0 dac113e0 | x0=0x0000123456789abc =>
paciza x0; autiza x0 | dac123e0 dac133e0 | x0=0x00007fffffffffff =>
pacib x0, x1; autib x0, x1 | dac10420 dac11420 | x0=0x0000123456789abc x1=77 =>
pacib x0, sp; autib x0, sp | dac107e0 dac117e0 | x0=0x0000123456789abc =>
pacizb x0; autizb x0 | dac127e0 dac137e0 | x0=0x00007fffffffffff =>
pacda x0, x1; autda x0, x1 | dac10820 dac11820 | x0=0x0000123456789abc x1=77 =>
pacda x0, sp; autda x0, sp | dac10be0 dac11be0 | x0=0x0000123456789abc =>
pacdza x0; autdza x0 | dac12be0 dac13be0 | x0=0x00007fffffffffff =>
pacdb x0, x1; autdb x0, x1 | dac10c20 dac11c20 | x0=0x0000123456789abc x1=77 =>
pacdb x0, sp; autdb x0, sp | dac10fe0 dac11fe0 | x0=0x0000123456789abc =>
pacdzb x0; autdzb x0 | dac12fe0 dac13fe0 | x0=0x00007fffffffffff =>
paciasp; autiasp | d503233f d50323bf | x30=0x123456789a =>
pacibsp; autibsp | d503237f d50323ff | x30=0x123456789a =>
paciaz; autiaz | d503231f d503239f | x30=0x123456789a =>
pacibz; autibz | d503235f d50323df | x30=0x123456789a =>
pacia1716; autia1716 | d503211f d503219f | x16=5 x17=0x123456 =>
pacib1716; autib1716 | d503215f d50321df | x16=5 x17=0x123456 =>
adr x30, .+16; paciasp; retaa; mov x0, #1; xpaclri | 1000009e d503233f d65f0bff d2800020 d50320ff | => x30=P+16
adr x1, .+16; pacia x1, x2; braa x1, x2; mov x0, #1; xpaci x1 | 10000081 dac10041 d71f0822 d2800020 dac143e1 | x2=9 => x1=P+16
adr x1, .+16; pacia x1, sp; braa x1, sp; mov x0, #1; xpaci x1 | 10000081 dac103e1 d71f083f d2800020 dac143e1 | => x1=P+16
adr x1, .+16; paciza x1; braaz x1; mov x0, #1; xpaci x1 | 10000081 dac123e1 d61f083f d2800020 dac143e1 | => x1=P+16
adr x1, .+16; pacia x1, x2; blraa x1, x2; mov x0, #1; xpaci x1 | 10000081 dac10041 d73f0822 d2800020 dac143e1 | x2=9 => x1=P+16 x30=P+12
adr x1, .+16; pacia x1, sp; blraa x1, sp; mov x0, #1; xpaci x1 | 10000081 dac103e1 d73f083f d2800020 dac143e1 | => x1=P+16 x30=P+12
adr x1, .+16; paciza x1; blraaz x1; mov x0, #1; xpaci x1 | 10000081 dac123e1 d63f083f d2800020 dac143e1 | => x1=P+16 x30=P+12
adr x30, .+16; pacibsp; retab; mov x0, #1; xpaclri | 1000009e d503237f d65f0fff d2800020 d50320ff | => x30=P+16
adr x1, .+16; pacib x1, x2; brab x1, x2; mov x0, #1; xpaci x1 | 10000081 dac10441 d71f0c22 d2800020 dac143e1 | x2=9 => x1=P+16
adr x1, .+16; pacib x1, sp; brab x1, sp; mov x0, #1; xpaci x1 | 10000081 dac107e1 d71f0c3f d2800020 dac143e1 | => x1=P+16
adr x1, .+16; pacizb x1; brabz x1; mov x0, #1; xpaci x1 | 10000081 dac127e1 d61f0c3f d2800020 dac143e1 | => x1=P+16
adr x1, .+16; pacib x1, x2; blrab x1, x2; mov x0, #1; xpaci x1 | 10000081 dac10441 d73f0c22 d2800020 dac143e1 | x2=9 => x1=P+16 x30=P+12
adr x1, .+16; pacib x1, sp; blrab x1, sp; mov x0, #1; xpaci x1 | 10000081 dac107e1 d73f0c3f d2800020 dac143e1 | => x1=P+16 x30=P+12
adr x1, .+16; pacizb x1; blrabz x1; mov x0, #1; xpaci x1 | 10000081 dac127e1 d63f0c3f d2800020 dac143e1 | => x1=P+16 x30=P+12
pacdza x1; ldraa x0, [x1, #16]; xpacd x1 | dac12be1 f8202420 dac147e1 | x1=M+0x80 => x0=0x1716151413121110
pacdzb x1; ldrab x0, [x1, #-8]; xpacd x1 | dac12fe1 f8fff420 dac147e1 | x1=M+0x80 => x0=0xfffefdfcfbfaf9f8
pacdza x1; ldraa x0, [x1, #16]! | dac12be1 f8202c20 | x1=M+0x80 => x0=0x1716151413121110 x1=M+0x90
pacdzb x1; ldrab x0, [x1, #-4096]! | dac12fe1 f8e00c20 | x1=M+0x1000 => x0=0x8786858483828180 x1=M+0x0
pacdza x1; ldraa x0, [x1, #4088]; xpacd x1 | dac12be1 f83ff420 dac147e1 | x1=M => x0=0x7f7e7d7c7b7a7978

# undefined
unallocated | =00000000 | => undef
unallocated | =00000001 | => undef
unallocated | =ffffffff | => undef
unallocated | =0000ffff | => undef
unallocated | =d4000000 | => undef
unallocated | =d4200001 | => undef
unallocated | =d4400001 | => undef
unallocated | =00010000 | => undef
unallocated | =04000001 | => undef
unallocated | =d53bd0a0 | => undef
unallocated | =d51bd060 | => undef

# by hand: FEAT_WFxT, which qemu 7.2 lacks: the time may be over at once
wfet x0 | d5031000 | x0=0 =>
wfit x1 | d5031021 | x1=0 =>
# by hand: the top byte is ignored in both halves of the address space (qemu: only in the lower one)
xpacd x1 | dac147e1 | x1=0xa5a5123456789abc => x1=0xa5ff123456789abc
# by hand: the timer's frequency is not 0; blocks of DC ZVA have 64 bytes (DCZID_EL0 is 4)
mrs x0, cntfrq_el0; cmp x0, #0; cset x0, ne | d53be000 f100001f 9a9f07e0 | => x0=1 nzcv=2
mrs x0, dczid_el0 | d53b00e0 | => x0=4
dc zva, x1 | d50b7421 | x1=M+0x123 => [0x100]=00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
dc zva, x1 | d50b7421 | x1=M+0x7ff => [0x7c0]=00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
dc zva, x1 | d50b7421 | x1=M+0x1000 => fault=M+0x1000
# by hand: what leaves to the operating system
svc #0 | d4000001 | => svc=0 pc=P+4
svc #0xffff | d41fffe1 | x8=93 => svc=0xffff pc=P+4
brk #1 | d4200020 | => break=1
brk #0xffff | d43fffe0 | => break=0xffff
nop; svc #7; nop | d503201f d40000e1 d503201f | => svc=7 pc=P+8
add x0, x0, #1; brk #5 | 91000400 d42000a0 | x0=1 => break=5 pc=P+4 x0=2
add x0, x0, #1; udf #0 | 91000400 00000000 | x0=1 => undef pc=P+4 x0=2
# end by hand

# of higher exception levels: undefined in a program
eret | d69f03e0 | => undef
eretaa | d69f0bff | => undef
eretab | d69f0fff | => undef
drps | d6bf03e0 | => undef
sysl x0, #0, c7, c1, #0 | d5287100 | => undef
