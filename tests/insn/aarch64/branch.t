# Branches, calls and returns
#
# Words by the GNU assembler, values by qemu-aarch64 7.2 -cpu max (tests/insn/gen/fill.py), except
# between `by hand` marks. Format: tests/insn/README.md.

# direct
b .+8 | 14000002 | => pc=P+8
b .-8 | 17fffffe | => pc=P-8
b .+0x400 | 14000100 | => pc=P+1024
bl .+8 | 94000002 | => x30=P+4 pc=P+8
bl .-0x100 | 97ffffc0 | => x30=P+4 pc=P-256
cbz x1, .+8 | b4000041 | x1=0 => pc=P+8
cbz x1, .+8 | b4000041 | x1=0x100000000 =>
cbz w1, .+8 | 34000041 | x1=0x100000000 => pc=P+8
cbz w1, .+8 | 34000041 | x1=1 =>
cbz xzr, .-16 | b4ffff9f | => pc=P-16
cbnz x1, .+8 | b5000041 | x1=0 =>
cbnz x1, .+8 | b5000041 | x1=0x100000000 => pc=P+8
cbnz w1, .+8 | 35000041 | x1=0x100000000 =>
cbnz w1, .+8 | 35000041 | x1=1 => pc=P+8
cbnz xzr, .-16 | b5ffff9f | =>
tbz x1, #0, .+12 | 36000061 | x1=1 =>
tbz x1, #0, .+12 | 36000061 | x1=0xfffffffffffffffe => pc=P+12
tbz x1, #31, .+12 | 36f80061 | x1=0x80000000 =>
tbz x1, #32, .+12 | b6000061 | x1=0x80000000 => pc=P+12
tbz x1, #63, .+12 | b6f80061 | x1=0x8000000000000000 =>
tbz x1, #63, .+12 | b6f80061 | x1=0x7fffffffffffffff => pc=P+12
tbz x1, #40, .+12 | b6400061 | x1=0x10000000000 =>
tbz wzr, #3, .-4 | 361fffff | => pc=P-4
tbnz x1, #0, .+12 | 37000061 | x1=1 => pc=P+12
tbnz x1, #0, .+12 | 37000061 | x1=0xfffffffffffffffe =>
tbnz x1, #31, .+12 | 37f80061 | x1=0x80000000 => pc=P+12
tbnz x1, #32, .+12 | b7000061 | x1=0x80000000 =>
tbnz x1, #63, .+12 | b7f80061 | x1=0x8000000000000000 => pc=P+12
tbnz x1, #63, .+12 | b7f80061 | x1=0x7fffffffffffffff =>
tbnz x1, #40, .+12 | b7400061 | x1=0x10000000000 => pc=P+12
tbnz wzr, #3, .-4 | 371fffff | =>
b.eq .+16 | 54000080 | nzcv=0 =>
b.eq .+16 | 54000080 | nzcv=15 => pc=P+16
b.eq .+16 | 54000080 | nzcv=3 =>
b.eq .+16 | 54000080 | nzcv=8 =>
b.ne .+16 | 54000081 | nzcv=1 => pc=P+16
b.ne .+16 | 54000081 | nzcv=14 =>
b.ne .+16 | 54000081 | nzcv=10 => pc=P+16
b.ne .+16 | 54000081 | nzcv=11 => pc=P+16
b.cs .+16 | 54000082 | nzcv=2 => pc=P+16
b.cs .+16 | 54000082 | nzcv=13 =>
b.cs .+16 | 54000082 | nzcv=1 =>
b.cs .+16 | 54000082 | nzcv=14 => pc=P+16
b.cc .+16 | 54000083 | nzcv=3 =>
b.cc .+16 | 54000083 | nzcv=12 => pc=P+16
b.cc .+16 | 54000083 | nzcv=8 => pc=P+16
b.cc .+16 | 54000083 | nzcv=1 => pc=P+16
b.mi .+16 | 54000084 | nzcv=4 =>
b.mi .+16 | 54000084 | nzcv=11 => pc=P+16
b.mi .+16 | 54000084 | nzcv=15 => pc=P+16
b.mi .+16 | 54000084 | nzcv=4 =>
b.pl .+16 | 54000085 | nzcv=5 => pc=P+16
b.pl .+16 | 54000085 | nzcv=10 =>
b.pl .+16 | 54000085 | nzcv=6 => pc=P+16
b.pl .+16 | 54000085 | nzcv=7 => pc=P+16
b.vs .+16 | 54000086 | nzcv=6 =>
b.vs .+16 | 54000086 | nzcv=9 => pc=P+16
b.vs .+16 | 54000086 | nzcv=13 => pc=P+16
b.vs .+16 | 54000086 | nzcv=10 =>
b.vc .+16 | 54000087 | nzcv=7 =>
b.vc .+16 | 54000087 | nzcv=8 => pc=P+16
b.vc .+16 | 54000087 | nzcv=4 => pc=P+16
b.vc .+16 | 54000087 | nzcv=13 =>
b.hi .+16 | 54000088 | nzcv=8 =>
b.hi .+16 | 54000088 | nzcv=7 =>
b.hi .+16 | 54000088 | nzcv=11 => pc=P+16
b.hi .+16 | 54000088 | nzcv=0 =>
b.ls .+16 | 54000089 | nzcv=9 => pc=P+16
b.ls .+16 | 54000089 | nzcv=6 => pc=P+16
b.ls .+16 | 54000089 | nzcv=2 =>
b.ls .+16 | 54000089 | nzcv=3 =>
b.ge .+16 | 5400008a | nzcv=10 =>
b.ge .+16 | 5400008a | nzcv=5 =>
b.ge .+16 | 5400008a | nzcv=9 => pc=P+16
b.ge .+16 | 5400008a | nzcv=6 => pc=P+16
b.lt .+16 | 5400008b | nzcv=11 =>
b.lt .+16 | 5400008b | nzcv=4 =>
b.lt .+16 | 5400008b | nzcv=0 =>
b.lt .+16 | 5400008b | nzcv=9 =>
b.gt .+16 | 5400008c | nzcv=12 =>
b.gt .+16 | 5400008c | nzcv=3 =>
b.gt .+16 | 5400008c | nzcv=7 =>
b.gt .+16 | 5400008c | nzcv=12 =>
b.le .+16 | 5400008d | nzcv=13 => pc=P+16
b.le .+16 | 5400008d | nzcv=2 =>
b.le .+16 | 5400008d | nzcv=14 => pc=P+16
b.le .+16 | 5400008d | nzcv=15 => pc=P+16
b.al .+16 | 5400008e | nzcv=14 => pc=P+16
b.al .+16 | 5400008e | nzcv=1 => pc=P+16
b.al .+16 | 5400008e | nzcv=5 => pc=P+16
b.al .+16 | 5400008e | nzcv=2 => pc=P+16
b.nv .+16 | 5400008f | nzcv=15 => pc=P+16
b.nv .+16 | 5400008f | nzcv=0 => pc=P+16
b.nv .+16 | 5400008f | nzcv=12 => pc=P+16
b.nv .+16 | 5400008f | nzcv=5 => pc=P+16

# indirect
br x1 | d61f0020 | x1=P+0x20 => pc=P+32
br x30 | d61f03c0 | x30=P-0x20 => pc=P-32
blr x1 | d63f0020 | x1=P+0x20 => x30=P+4 pc=P+32
blr x30 | d63f03c0 | x30=P-0x20 => x30=P+4 pc=P-32
ret x1 | d65f0020 | x1=P+0x20 => pc=P+32
ret x30 | d65f03c0 | x30=P-0x20 => pc=P-32
ret | d65f03c0 | x30=P+0x40 => pc=P+64
blr x30 | d63f03c0 | x30=P+0x40 => x30=P+4 pc=P+64

# calls, returns and loops
bl .+12; mov x1, #7; b .+12; mov x2, #9; ret; nop | 94000003 d28000e1 14000003 d2800122 d65f03c0 d503201f | => x1=7 x2=9 x30=P+4
mov x5, #10; add x0, x0, x5; subs x5, x5, #1; b.ne .-8 | d2800145 8b050000 f10004a5 54ffffc1 | x0=0 => x0=0x37 x5=0 nzcv=6
cbz x1, .+16; add x0, x0, #3; sub x1, x1, #1; b .-12 | b4000081 91000c00 d1000421 17fffffd | x0=0 x1=100 => x0=0x12c x1=0
adr x1, .+16; blr x1; add x0, x0, #1; b .+12; add x0, x0, #16; ret | 10000081 d63f0020 91000400 14000003 91004000 d65f03c0 | x0=0 => x0=0x11 x1=P+16 x30=P+8
mov x9, x30; bl .+16; add x0, x0, #1; mov x30, x9; b .+28; mov x10, x30; bl .+12; mov x30, x10; ret; add x0, x0, #0x100; ret | aa1e03e9 94000004 91000400 aa0903fe 14000007 aa1e03ea 94000003 aa0a03fe d65f03c0 91040000 d65f03c0 | x0=0 => x0=0x101 x9=0xc0de001e8000001e x10=P+8
adr x1, .+12; br x1; mov x0, #1; mov x2, #2 | 10000061 d61f0020 d2800020 d2800042 | => x1=P+12 x2=2
cmp x1, x2; b.hs .+8; mov x0, #1; b.ne .+8; mov x0, #2; mov x3, #4 | eb02003f 54000042 d2800020 54000041 d2800040 d2800083 | x1=3 x2=3 => x0=2 x3=4 nzcv=6
subs w1, w1, #3; b.gt .-4 | 71000c21 54ffffec | x1=10 => x1=0xfffffffe nzcv=8
sub x1, x1, #1; tbz x1, #63, .-4; mov x0, #1 | d1000421 b6ffffe1 d2800020 | x1=50 => x0=1 x1=0xffffffffffffffff

# by hand: FEAT_HBC, which qemu 7.2 lacks: BC.cond branches as B.cond does
bc.eq .+8 | 54000050 | nzcv=4 => pc=P+8
bc.eq .+8 | 54000050 | nzcv=0 =>
bc.lt .-16 | 54ffff9b | nzcv=8 => pc=P-16
bc.al .+12 | 5400007e | nzcv=0 => pc=P+12
# end by hand
