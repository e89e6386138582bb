#!/usr/bin/env python3
"""Prints unfilled instruction tests for one chapter: gen/cases.py CHAPTER > FILE.t; gen/fill.py FILE.t

Each chapter is a list of instructions and operand values from a pool of edge values; what comes out
is decided by the oracle (fill.py), not here.
"""
import re
import itertools, sys

HEAD = """# {0}
#
# Words by the GNU assembler, values by qemu-aarch64 7.2 -cpu max (tests/insn/gen/fill.py), except
# between `by hand` marks. Format: tests/insn/README.md.
"""
ZEROS = "00" * 64
X = ["0", "1", "0x7fffffffffffffff", "0x8000000000000000", "-1"]
W = ["0", "0xffffffff00000001", "0x123456787fffffff", "0xdead000080000000", "0xffffffff"]
MIX = ["0x123456789abcdef0", "0xfedcba9876543210"]
out = []


def t(text, before=""):
    out.append(f"{text} | | {before} =>".replace("  ", " "))


def section(name):
    out.append(f"\n# {name}")


def some(values, n, k):
    """n pairs spread over the square of values, another choice for each k."""
    pairs = list(itertools.product(values, values))
    return [pairs[(k * 7 + i * 11) % len(pairs)] for i in range(n)]


def binary(op, n, k, tail=""):
    for a, b in some(X + MIX, n, k):
        t(f"{op} x0, x1, x2{tail}", f"x1={a} x2={b}")
    for a, b in some(W + MIX, n, k):
        t(f"{op} w0, w1, w2{tail}", f"x1={a} x2={b}")


def addsub():
    for k, op in enumerate(("add", "adds", "sub", "subs")):
        section(f"{op}: shifted register")
        binary(op, 9 if op[-1] == "s" else 3, k)
        for sh in ("lsl #1", "lsl #63", "lsr #4", "lsr #63", "asr #8", "asr #63"):
            t(f"{op} x3, x4, x5, {sh}", "x4=0x1234 x5=0xfedcba9876543210")
        for sh in ("lsl #31", "lsr #7", "asr #31"):
            t(f"{op} w3, w4, w5, {sh}", "x4=0x1234 x5=0xfedcba9896543210")
        t(f"{op} x0, xzr, x1", "x1=5")
        t(f"{op} x0, x1, xzr", "x1=-5")
        t(f"{op} x30, x30, x30")
        section(f"{op}: immediate")
        for i in ("#0", "#1", "#0xfff", "#1, lsl #12", "#0xfff, lsl #12"):
            t(f"{op} x0, x1, {i}", "x1=0xfffffffffffff001")
            t(f"{op} w0, w1, {i}", "x1=0x80000000")
        t(f"{op} x0, sp, #16")
        if op[-1] != "s":
            t(f"{op} sp, sp, #32")
            t(f"{op} sp, x1, #0", "x1=M+0x120")
            t(f"{op} wsp, w1, #4", "x1=0xffffffff00000100")
        else:
            t(f"{op} xzr, sp, #0x800")
            t(f"{op} wzr, w1, #1", "x1=0x80000000")
            t(f"{op} xzr, x1, x2", "x1=1 x2=2")
        section(f"{op}: extended register")
        for e in ("uxtb", "uxth", "uxtw", "sxtb", "sxth", "sxtw"):
            t(f"{op} x0, x1, w2, {e}", "x1=0x100000000 x2=0x8f8f8f8f8081f2f3")
            t(f"{op} w0, w1, w2, {e} #4", "x1=7 x2=0x8f8f8f8f8081f2f3")
        for e in ("uxtx #0", "uxtx #2", "sxtx", "sxtx #4"):
            t(f"{op} x0, x1, x2, {e}", "x1=7 x2=0xf000000000000001")
        t(f"{op} x0, sp, w2, uxtw #3", "x2=0xffffffff00000002")
        t(f"{op} x0, sp, xzr, uxtx")
        if op[-1] != "s":
            t(f"{op} sp, sp, x2", "x2=0x40")
    section("carry")
    for k, op in enumerate(("adc", "adcs", "sbc", "sbcs")):
        for c in ("0", "2"):
            for a, b in some(X + MIX, 6, k):
                t(f"{op} x0, x1, x2", f"x1={a} x2={b} nzcv={c}")
            for a, b in some(W, 5, k):
                t(f"{op} w0, w1, w2", f"x1={a} x2={b} nzcv={c}")
        t(f"{op} x0, xzr, xzr", "nzcv=2")
        t(f"{op} x0, x1, x1", "nzcv=13")
    section("128-bit sums: flags carried between instructions")
    t("adds x0, x0, x2; adc x1, x1, x3", "x0=-1 x1=5 x2=1 x3=6")
    t("subs x0, x0, x2; sbcs x1, x1, x3; sbc x4, x5, x6", "x0=0 x1=0 x2=1 x3=0 x5=9 x6=9")
    t("cmp x0, x1; sbcs xzr, x2, x3; cset x4, lt", "x0=1 x1=2 x2=5 x3=5")
    section("flag manipulation")
    for v in ("0x80", "0x7f", "0xff80", "0x8000", "0x1ff", "0xffffff00"):
        t("setf8 w1", f"x1={v}")
        t("setf16 w1", f"x1={v}")
    for n in (0, 5, 10, 15):
        t("cfinv", f"nzcv={n}")
        t("axflag", f"nzcv={n}")
        t("xaflag", f"nzcv={n}")
        t("rmif x1, #60, #15", f"nzcv={n} x1=0x3fffffffffffffff")
    for lsb, mask in ((0, 15), (1, 5), (63, 10), (31, 1), (4, 0)):
        t(f"rmif x1, #{lsb}, #{mask}", "x1=0x8123456789abcdef nzcv=6")
    for n in range(16):
        t("xaflag", f"nzcv={n}")
        t("axflag", f"nzcv={n}")


def logical():
    for k, op in enumerate(("and", "ands", "bic", "bics", "orr", "orn", "eor", "eon")):
        section(op)
        binary(op, 6 if op[-1] == "s" else 3, k)
        for sh in ("lsl #1", "lsr #63", "asr #63", "ror #1", "ror #63", "lsl #32"):
            t(f"{op} x3, x4, x5, {sh}", "x4=0xffff0000ffff0000 x5=0xfedcba9876543211")
        for sh in ("lsl #31", "lsr #1", "asr #31", "ror #7"):
            t(f"{op} w3, w4, w5, {sh}", "x4=0xffff0000ffff0000 x5=0xfedcba9896543211")
        t(f"{op} x0, xzr, x1", "x1=0x55")
        t(f"{op} xzr, x1, x2", "x1=0x55")
        if op in ("and", "ands", "orr", "eor"):
            for i in ("#1", "#0x8000000000000000", "#0x5555555555555555", "#0xfffffffffffffffe",
                      "#0xff00ff00ff00ff00", "#0x7ffffffffffffffc", "#0x0f0f0f0f0f0f0f0f", "#0xe000000000000007"):
                t(f"{op} x0, x1, {i}", "x1=0x8123456789abcdef")
            for i in ("#1", "#0x80000000", "#0xaaaaaaaa", "#0xff00ff00", "#0x7ffffffe", "#0xc0000003"):
                t(f"{op} w0, w1, {i}", "x1=0x8123456789abcdef")
            t(f"{op} {'x0' if op == 'ands' else 'sp'}, x1, #0xfffffffffffffff0", "x1=0x10010337")
    section("moves")
    t("mov x0, x1")
    t("mov w0, w1", "x1=-1")
    t("mvn x0, x1", "x1=0x1234")
    t("tst x1, x2", "x1=1 x2=2")
    for op in ("movz", "movn"):
        for i in ("#0", "#0xffff", "#0x1234, lsl #16", "#0x1234, lsl #32", "#0x8000, lsl #48"):
            t(f"{op} x0, {i}")
        for i in ("#0", "#0xffff", "#0x8000, lsl #16"):
            t(f"{op} w0, {i}")
    for i in ("#0", "#0xffff", "#0x1234, lsl #16", "#0x1234, lsl #32", "#0x8000, lsl #48"):
        t(f"movk x0, {i}")
    for i in ("#0", "#0xffff", "#0x8000, lsl #16"):
        t(f"movk w0, {i}")
    t("movz xzr, #1")
    section("undefined: immediates that the manual leaves unallocated")
    for w in ("9240fc20", "12400020", "1200fc20", "9200f820", "52c00000",
              "72e00000", "12c00000", "0a008000"):
        out.append(f"unallocated | ={w} | =>")


def bitfield():
    for op in ("sbfm", "bfm", "ubfm"):
        section(op)
        for r, s in ((0, 0), (0, 63), (0, 7), (0, 15), (0, 31), (8, 15), (63, 63), (63, 62), (60, 3),
                     (32, 31), (1, 0), (4, 63), (33, 5), (5, 33)):
            t(f"{op} x0, x1, #{r}, #{s}", "x0=0x1111222233334444 x1=0xfedcba9876543218")
        for r, s in ((0, 0), (0, 31), (0, 7), (0, 15), (8, 15), (31, 31), (31, 30), (28, 3), (4, 31),
                     (20, 5), (5, 20)):
            t(f"{op} w0, w1, #{r}, #{s}", "x0=0x1111222233334444 x1=0xfedcba98f6543218")
        t(f"{op} x1, x1, #4, #11", "x1=0x8f8f8f8f8f8f8f8f")
        t(f"{op} x0, xzr, #4, #11")
        t(f"{op} xzr, x1, #4, #11")
    section("extr")
    for l in (0, 1, 31, 32, 63):
        t(f"extr x0, x1, x2, #{l}", "x1=0x123456789abcdef0 x2=0xfedcba9876543211")
        t(f"extr x0, x1, x1, #{l}", "x1=0x123456789abcdef1")
    for l in (0, 1, 16, 31):
        t(f"extr w0, w1, w2, #{l}", "x1=0x123456789abcdef0 x2=0xfedcba98f6543211")
        t(f"extr w0, w1, w1, #{l}", "x1=0x123456789abcdef1")
    t("extr x0, xzr, x2, #4", "x2=0xf0")
    t("extr x0, x2, xzr, #4", "x2=0xff")
    section("undefined: N or the immediates do not fit the width")
    for w in ("13400020", "93000020", "53408020", "13008020", "13808020", "13c00020",
              "93800020", "33207c20"):
        out.append(f"unallocated | ={w} | =>")


def dp():
    section("two sources")
    for k, op in enumerate(("lslv", "lsrv", "asrv", "rorv")):
        for n in ("0", "1", "31", "32", "63", "64", "0x1234567f"):
            t(f"{op} x0, x1, x2", f"x1=0x8123456789abcdef x2={n}")
            t(f"{op} w0, w1, w2", f"x1=0x8123456789abcdef x2={n}")
        t(f"{op} x0, x1, xzr", "x1=-2")
    for op in ("udiv", "sdiv"):
        for a, b in (("7", "2"), ("-7", "2"), ("7", "-2"), ("5", "0"), ("0x8000000000000000", "-1"),
                     ("-1", "-1"), ("0", "5"), ("0xffffffffffffffff", "10")):
            t(f"{op} x0, x1, x2", f"x1={a} x2={b}")
        for a, b in (("7", "2"), ("0xfffffff9", "2"), ("7", "0xfffffffe"), ("5", "0xffffffff00000000"),
                     ("0x80000000", "0xffffffff"), ("0x1234567880000000", "3")):
            t(f"{op} w0, w1, w2", f"x1={a} x2={b}")
        t(f"{op} x0, x1, x0", "x0=3 x1=100")
        t(f"{op} x2, x2, x1", "x1=7 x2=1000")
        t(f"{op} x3, x3, x3", "x3=9")
    for op in ("crc32", "crc32c"):
        for s in "bhw":
            t(f"{op}{s} w0, w1, w2", "x1=0 x2=0x123456789abcdef1")
            t(f"{op}{s} w0, w1, w2", "x1=0xfffffffff1234567 x2=0")
            t(f"{op}{s} w1, w1, w2", "x1=0xffffffff x2=-1")
        t(f"{op}x w0, w1, x2", "x1=0x89abcdef x2=0x123456789abcdef1")
        t(f"{op}x w0, wzr, x2", "x2=-1")
        V = "x2=0x123456789abcdef1 x3=0xfedcba9876543210 x4=-1"
        t(f"{op}x w0, w0, x2; {op}x w0, w0, x3; {op}x w5, w0, x4", V)
        t(f"{op}x w0, w0, x2; ldr x5, [x1]; {op}x w0, w0, x3", V + " x1=M+0x1000")
        t(f"{op}x w0, w0, x2; {op}w w0, w0, w3; {op}x w0, w0, x3; {op}b w0, w0, w4; {op}h w0, w0, w2; {op}x w0, w0, x2", V)
    section("multiply")
    V = "x1=0xfedcba9876543210 x2=0x8123456789abcdef x3=0x1111111122222222"
    for op in ("madd", "msub"):
        t(f"{op} x0, x1, x2, x3", V)
        t(f"{op} w0, w1, w2, w3", V)
        t(f"{op} x0, x1, x2, xzr", V)
        t(f"{op} w0, w1, w2, wzr", V)
        t(f"{op} x3, x3, x3, x3", V)
        for wide in (f"s{op}l", f"u{op}l"):
            t(f"{wide} x0, w1, w2, x3", V)
            t(f"{wide} x0, w1, w2, xzr", V)
            t(f"{wide} x0, w1, w1, x1", "x1=0x80000000")
    for op in ("smulh", "umulh"):
        for a, b in some(X + MIX, 8, 3):
            t(f"{op} x0, x1, x2", f"x1={a} x2={b}")
    section("one source")
    for op in ("rbit", "rev16", "clz", "cls"):
        for v in ("0", "1", "-1", "0x8000000000000000", "0x0000123456789abc", "0xffffffff7fffffff",
                  "0xfffffffffffffff0", "0x00000000ffff0000"):
            t(f"{op} x0, x1", f"x1={v}")
            t(f"{op} w0, w1", f"x1={v}")
    t("rev x0, x1", "x1=0x0123456789abcdef")
    t("rev w0, w1", "x1=0x0123456789abcdef")
    t("rev32 x0, x1", "x1=0x0123456789abcdef")
    section("conditional select and compare")
    conds = "eq ne cs cc mi pl vs vc hi ls ge lt gt le al nv".split()
    for op in ("csel", "csinc", "csinv", "csneg"):
        for i, c in enumerate(conds):
            for n in (i, 15 - i, (i * 5 + 6) % 16):
                t(f"{op} x0, x1, x2, {c}", f"nzcv={n} x1=0x1111 x2=0x8000000000000000")
        t(f"{op} w0, w1, w2, ge", "x1=-1 x2=-1 nzcv=8")
        t(f"{op} w0, w1, w2, ge", "x1=-1 x2=-1 nzcv=9")
        t(f"{op} x0, xzr, xzr, eq", "nzcv=0")
        t(f"{op} x0, xzr, xzr, ne", "nzcv=0")
    for op in ("ccmp", "ccmn"):
        for i, c in enumerate(conds[:14]):
            t(f"{op} x1, x2, #{i}, {c}", f"nzcv={i} x1=0x7fffffffffffffff x2=-1")
            t(f"{op} w1, #{i * 2}, #{15 - i}, {c}", f"nzcv={15 - i} x1=0x80000000")
        t(f"{op} w1, w2, #3, al", "x1=-1 x2=1")
        t(f"{op} x1, #31, #3, nv", "x1=31")
        t(f"{op} xzr, xzr, #3, al")
    section("fused sequences: compare, then select or branch")
    for c in conds[:14]:
        t(f"cmp x1, x2; cset x0, {c}", "x1=0x8000000000000000 x2=1")
        t(f"cmp w1, w2; csel w0, w3, w4, {c}", "x1=5 x2=5 x3=1 x4=2")
        t(f"cmn x1, x2; cset x0, {c}", "x1=-1 x2=1")
        t(f"ands x5, x1, x2; cset x0, {c}", "x1=-1 x2=0x8000000000000000")
    t("cmp x1, #5; ccmp x2, #7, #4, ne; cset x0, eq", "x1=4 x2=7")
    t("cmp x1, #5; ccmp x2, #7, #4, ne; cset x0, eq", "x1=5 x2=1")
    t("adds x0, x0, x1; csel x2, x3, x4, vs; cinc x5, x6, cs", "x0=0x7fffffffffffffff x1=1")
    section("addresses")
    for i in (".+4", ".-4", ".", ".+0x7fc"):
        t(f"adr x0, {i}")
    t("adr x30, .+1")
    t("adrp x0, .")
    t("adrp x0, .+0x10000")
    t("adrp x0, .-0x100000")


def branch():
    section("direct")
    t("b .+8")
    t("b .-8")
    t("b .+0x400")
    t("bl .+8")
    t("bl .-0x100")
    for op in ("cbz", "cbnz"):
        for r, v in (("x", "0"), ("x", "0x100000000"), ("w", "0x100000000"), ("w", "1")):
            t(f"{op} {r}1, .+8", f"x1={v}")
        t(f"{op} xzr, .-16")
    for op in ("tbz", "tbnz"):
        for b, v in ((0, "1"), (0, "0xfffffffffffffffe"), (31, "0x80000000"), (32, "0x80000000"),
                     (63, "0x8000000000000000"), (63, "0x7fffffffffffffff"), (40, "0x10000000000")):
            t(f"{op} x1, #{b}, .+12", f"x1={v}")
        t(f"{op} wzr, #3, .-4")
    conds = "eq ne cs cc mi pl vs vc hi ls ge lt gt le al nv".split()
    for i, c in enumerate(conds):
        for n in (i, 15 - i, (i * 7 + 3) % 16, (i * 3 + 8) % 16):
            t(f"b.{c} .+16", f"nzcv={n}")
    section("indirect")
    for op in ("br", "blr", "ret"):
        t(f"{op} x1", "x1=P+0x20")
        t(f"{op} x30", "x30=P-0x20")
    t("ret", "x30=P+0x40")
    t("blr x30", "x30=P+0x40")
    section("calls, returns and loops")
    t("bl .+12; mov x1, #7; b .+12; mov x2, #9; ret; nop", "")
    t("mov x5, #10; add x0, x0, x5; subs x5, x5, #1; b.ne .-8", "x0=0")
    t("cbz x1, .+16; add x0, x0, #3; sub x1, x1, #1; b .-12", "x0=0 x1=100")
    t("adr x1, .+16; blr x1; add x0, x0, #1; b .+12; add x0, x0, #16; ret", "x0=0")
    t("mov x9, x30; bl .+16; add x0, x0, #1; mov x30, x9; b .+28; mov x10, x30; bl .+12; mov x30, x10; ret; "
      "add x0, x0, #0x100; ret", "x0=0")
    t("adr x1, .+12; br x1; mov x0, #1; mov x2, #2")
    t("cmp x1, x2; b.hs .+8; mov x0, #1; b.ne .+8; mov x0, #2; mov x3, #4", "x1=3 x2=3")
    t("subs w1, w1, #3; b.gt .-4", "x1=10")
    t("sub x1, x1, #1; tbz x1, #63, .-4; mov x0, #1", "x1=50")


def loadstore():
    N = "x1=M+0x80"
    section("immediate, general registers")
    for op in ("ldr x0", "ldr w0", "ldrb w0", "ldrh w0", "ldrsb x0", "ldrsb w0", "ldrsh x0", "ldrsh w0",
               "ldrsw x0", "str x2", "str w2", "strb w2", "strh w2"):
        size = {"b": 1, "h": 2, "w": 4}.get(op.split()[0][-1], 8 if op[-2] == "x" else 4)
        reg = op.split()[1]
        t(f"{op}, [x1]", N)
        t(f"{op}, [x1, #{size * 3}]", N)
        t(f"{op}, [sp, #{size * 200 if size > 1 else 77}]", "sp=M+0x40")
        t(f"{op}, [x1], #-9", "x1=M+0x40")
        t(f"{op}, [x1], #255", "x1=M+0x40")
        t(f"{op}, [sp, #-16]!")
        t(f"{op}, [x1, #7]!", "x1=M+0x40")
        unscaled = op.replace("ldr", "ldur").replace("str", "stur")
        t(f"{unscaled}, [x1, #-3]", "x1=M+0x20")
        t(f"{unscaled}, [sp, #-256]")
        unpriv = op.replace("ldr", "ldtr").replace("str", "sttr")
        t(f"{unpriv}, [x1, #-5]", "x1=M+0x90")
        lit = "#3" if size == 8 else "#2" if size == 4 else "#1" if size == 2 else "#0"
        for e in (f"x3, lsl {lit}", f"x3, sxtx {lit}", f"w3, uxtw {lit}", f"w3, sxtw {lit}", "x3", "w3, uxtw",
                  "w3, sxtw"):
            if lit == "#0" and "lsl" in e:
                t(f"{op}, [x1, {e}]", "x1=M+0x10 x3=0x11")
                continue
            if lit == "#0" and ("#" in e or e == "x3"):
                continue
            t(f"{op}, [x1, {e}]", "x1=M+0x200 x3=0xffffffff00000021" if "uxtw" in e else
              "x1=M+0x100 x3=0x12345678fffffff9" if "sxtw" in e else "x1=M+0x100 x3=-4")
        t(f"{op}, [x1, xzr]", N)
        t(f"{op}, [sp, x3]", "x3=0x31")
        zr = op.replace("x0", "xzr").replace("w0", "wzr").replace("x2", "xzr").replace("w2", "wzr")
        t(f"{zr}, [x1]", N)
        t(f"{op}, [x1]", "x1=M+0x1000")
        t(f"{op}, [x1, #-8]!", "x1=M-0x100")
        t(f"{op}, [x1], #8", "x1=M+0x2000")
        if size > 1:
            t(f"{op}, [x1, #{size}]", f"x1=M+{0x1000 - size - 1}")
    t("ldr x1, [x1]", N)
    t("ldr x1, [x2, x1, lsl #3]", "x1=2 x2=M")
    t("str x1, [x1, #8]", N)
    t("str x1, [x1, #-8]!", N)
    t("str x1, [x1], #8", N)
    section("literal")
    t("ldr x0, .+8")
    t("ldr w0, .+4")
    t("ldr x0, .-12")
    t("ldrsw x0, .+16")
    t("ldrsw x0, .")
    t("ldr x0, .+4; nop")
    section("pairs")
    for op, k in (("ldp x0, x2", 8), ("stp x0, x2", 8), ("ldp w0, w2", 4), ("stp w0, w2", 4), ("ldpsw x0, x2", 4),
                  ("ldnp x0, x2", 8), ("stnp x0, x2", 8), ("ldnp w0, w2", 4), ("stnp w0, w2", 4)):
        t(f"{op}, [x1]", N)
        t(f"{op}, [x1, #{k * 3}]", N)
        t(f"{op}, [sp, #{-64 * k}]")
        t(f"{op}, [x1]", f"x1=M-{k}")
        if "st" in op:
            t(f"{op}, [x1]", f"x1=M+{0x1000 - k}")
        if "np" not in op:
            t(f"{op}, [x1], #{63 * k}", N)
            t(f"{op}, [x1, #{-2 * k}]!", N)
            t(f"{op}, [sp, #{-2 * k}]!")
            t(f"{op}, [sp], #{2 * k}")
            if "st" in op:
                t(f"{op}, [x1, #{k}]!", f"x1=M+{0x1000 - 2 * k}")
                t(f"{op}, [x1], #{k}", f"x1=M+{0x1000 - k}")
    t("ldp x1, x2, [x1]", N)
    t("ldp x2, x1, [x1]", N)
    t("ldp xzr, x1, [x1]", N)
    t("stp xzr, xzr, [x1]", N)
    t("stp x1, x30, [x1, #-16]!", N)
    t("stp x29, x30, [sp, #-32]!; mov x29, sp; ldp x29, x30, [sp], #32")
    section("stored values are seen again")
    t("str x2, [x1]; ldr w0, [x1, #4]", N)
    t("str w2, [x1]; ldr x0, [x1]", N)
    t("strb w2, [x1, #3]; ldr x0, [x1]; strh w0, [x1, #2]; ldrsh x3, [x1, #2]", N)
    t("stp x2, x3, [x1]; ldp x3, x2, [x1]", N)
    section("prefetch")
    for x in ("prfm pldl1keep, [x1]", "prfm pstl3strm, [x1, #8]", "prfm pldl2keep, [x1, x2, lsl #3]",
              "prfm plil1keep, .+16", "prfum pldl1keep, [x1, #-1]", "prfm #0x1f, [x1, w2, sxtw]"):
        t(x, "x1=M+0x5000 x2=-1")
    section("SIMD&FP registers")
    for r, size in (("b", 1), ("h", 2), ("s", 4), ("d", 8), ("q", 16)):
        for op in ("ldr", "str"):
            v = f"{op} {r}{3 if op == 'ldr' else 20}"
            t(f"{v}, [x1]", N)
            t(f"{v}, [x1, #{size * 5}]", N)
            t(f"{v}, [sp, #{size * 33}]", "sp=M+0x40")
            t(f"{v}, [x1], #-9", "x1=M+0x40")
            t(f"{v}, [sp], #16")
            t(f"{v}, [sp, #-16]!")
            t(f"{v}, [x1, #255]!", "x1=M+0x40")
            t(f"{v.replace('ldr', 'ldur').replace('str', 'stur')}, [x1, #-3]", "x1=M+0x20")
            sh = {1: 0, 2: 1, 4: 2, 8: 3, 16: 4}[size]
            t(f"{v}, [x1, x3, lsl #{sh}]" if sh else f"{v}, [x1, x3]", "x1=M+0x20 x3=3")
            t(f"{v}, [x1, w3, sxtw{f' #{sh}' if sh else ''}]", "x1=M+0x200 x3=0xfffffffd")
            t(f"{v}, [x1, w3, uxtw]", "x1=M+0x20 x3=0xffffffff00000007")
            t(f"{v}, [x1, x3, sxtx]", "x1=M+0x20 x3=-5")
            t(f"{v}, [x1], #1", "x1=M+0x1000")
            t(f"{v.replace('3', '31').replace('20', '0')}, [x1]", N)
        if size >= 4:
            t(f"ldr {r}9, .+4")
            for op in ("ldp", "stp", "ldnp", "stnp"):
                v = f"{op} {r}3, {r}21"
                t(f"{v}, [x1]", N)
                t(f"{v}, [x1, #{-4 * size}]", N)
                if op[0] == "s":
                    t(f"{v}, [x1]", f"x1=M+{0x1000 - size}")
                if "np" not in op:
                    t(f"{v}, [x1], #{3 * size}", N)
                    t(f"{v}, [sp, #{-2 * size}]!")
                    t(f"{v}, [sp], #{2 * size}")
                    if op[0] == "s":
                        t(f"{v}, [x1, #{size}]!", f"x1=M+{0x1000 - 2 * size}")
    t("str q0, [x1]; ldr d1, [x1, #4]; ldr s2, [x1, #12]", N)
    section("acquire and release")
    for s, r in (("", "x"), ("", "w"), ("b", "w"), ("h", "w")):
        t(f"ldar{s} {r}0, [x1]", N)
        t(f"ldapr{s} {r}0, [x1]", N)
        t(f"stlr{s} {r}0, [x1]", N)
        t(f"stlr{s} {r}zr, [sp]")
        t(f"ldar{s} {r}0, [x1]", "x1=M+0x1000")
        t(f"stlr{s} {r}0, [x1]", "x1=M+0x1000")
        t(f"ldapur{s} {r}0, [x1, #-8]", N)
        t(f"ldapur{s} {r}0, [x1, #16]", N)
        t(f"stlur{s} {r}0, [x1, #-8]", N)
        t(f"stlur{s} {r}zr, [sp, #16]")
    for x in ("ldapursb w0", "ldapursb x0", "ldapursh w0", "ldapursh x0", "ldapursw x0"):
        t(f"{x}, [x1, #-16]", N)
        t(f"{x}, [x1, #16]", N)
    section("undefined")
    for w in ("b9c00020", "f9c00020", "b8c00420", "f8c00020", "f8c00820", "7d800020", "bdc00020", "b8e06820",
              "dc000020", "e9400020", "ed400020", "68400020", "fc800020", "d9c00020", "99c00020",
              "f83fd020", "19000820"):
        out.append(f"unallocated | ={w} | x1=M+0x80 =>")


def tagged():
    section("the top byte of an address is ignored (Linux: always for EL0 data)")
    T = "x1=0x5a00000010010080"
    for x in ("ldr x0, [x1]", "ldr w0, [x1, #4]", "ldrsb x0, [x1, #-3]", "ldrh w0, [x1], #8", "ldr x0, [x1, #16]!",
              "ldr x0, [x1, x3]", "ldr x0, [x1, w3, uxtw #3]", "str x2, [x1]", "strb w2, [x1, #1]!",
              "str w2, [x1], #-4", "ldp x0, x2, [x1]", "stp x0, x2, [x1, #-16]!", "ldpsw x0, x2, [x1], #8",
              "ldr q0, [x1]", "str q0, [x1, #32]", "ldp q0, q1, [x1]", "stp d0, d1, [x1]", "str b3, [x1, #3]",
              "ldar x0, [x1]", "stlr w0, [x1]", "ldxr x0, [x1]; stxr w2, x3, [x1]",
              "ldaxp x0, x2, [x1]; stlxp w4, x5, x6, [x1]", "stxr w2, x3, [x1]", "ldaddal x0, x2, [x1]", "swpb w0, w2, [x1]",
              "ldsmax w0, w2, [x1]", "stset x0, [x1]", "cas x0, x2, [x1]", "casal w0, w2, [x1]",
              "casp x2, x3, x4, x5, [x1]"):
        t(x, T + (" x3=2" if "3, " not in x.split("[")[0] and "3]" in x or "uxtw" in x else "") +
          (" x0=0x0706050403020100" if x.startswith("cas ") else "") +
          (" x2=0x0706050403020100 x3=0x0f0e0d0c0b0a0908" if x.startswith("casp") else ""))
    t("ldr x0, [sp, #8]", "sp=0xff00000010010800")
    t("ldr x0, [x1]; ldr x2, [x3]; str x4, [x1]", T + " x3=M")
    t("ldr x2, [x3]; ldr x0, [x1]; ldr x4, [x3, #8]", T + " x3=M")
    t("ldr x0, [x1]", "x1=0x5a00000010011000")
    t("str x0, [x1, #-8]!", "x1=0x5a00000000000008")
    t("mov x5, #0; ldrb w0, [x1], #1; add x5, x5, x0; sub x2, x2, #1; cbnz x2, .-12", T + " x2=20")


def sequence():
    section("registers and flags are precise at a fault inside a block")
    F = "x1=M+0x1000"
    t("add x0, x0, #1; ldr x2, [x1]; add x0, x0, #1", F)
    t("add x0, x0, #1; str x2, [x1]; mov x0, #5; mov x2, #7", F)
    t("mov x0, #1; mov x0, #2; ldr x0, [x1]; mov x0, #3", F)
    t("cmp w0, w3; ldr x2, [x1]; b.eq .+8", F + " x0=3 x3=3")
    t("tst x0, x0; str x2, [x1], #8; b.mi .+8", F + " x0=-1")
    t("ccmp x0, x3, #3, eq; ldrb w5, [x1]; csel x6, x7, x8, vs", F)
    t("mov x5, x1; add x6, x5, #8; sub x7, x6, #4; ldr w8, [x7]; mov x5, #0; mov x6, #0; mov x7, #0", F)
    t("ldr x2, [x3]; ldr x4, [x1]; ldr x5, [x3]", F + " x3=M")
    t("str x2, [x3]; str x2, [x1]; str x4, [x3]", F + " x3=M")
    t("fmov d0, x2; mov v1.d[1], x3; ldr x2, [x1]; fmov d0, x3", F)
    t("ldr q0, [x3]; ldr q1, [x1]; ldr q0, [x1]", F + " x3=M")
    t("mul x0, x2, x3; udiv x4, x0, x3; ldr x0, [x1]; mov x4, #0", F + " x2=7 x3=9")
    t("mov w0, w2; ldr w2, [x1, w3, uxtw]; mov w0, #0", F + " x3=0xffffffff00000000")
    t("ldr x0, [x3], #8; ldr x2, [x3], #8; ldr x4, [x3], #8", "x3=M+0xff0")
    t("stp x0, x2, [x3, #16]!; stp x0, x2, [x3, #16]!; stp x0, x2, [x3, #16]!", "x3=M+0xfd0")
    t("stp x29, x30, [sp, #-16]!; stp x19, x20, [sp, #-16]!; stp x21, x22, [sp, #-16]!", "sp=M+0x20")
    t("bl .+8; nop; str x30, [x1]; nop", F)
    section("loops: a fault in the n-th round")
    t("ldrb w0, [x1], #1; add x5, x5, x0; subs x2, x2, #1; b.ne .-12", "x1=M+0xff0 x2=100 x5=0")
    t("ldrb w0, [x1], #1; add x5, x5, x0; subs x2, x2, #1; b.ne .-12", "x1=M+0xf00 x2=100 x5=0")
    t("ldr x6, [x7], #8; str x6, [x8], #8; add x9, x9, x6; cmp x7, x10; b.lo .-16",
      "x7=M x8=M+0x800 x9=0 x10=M+0x200")
    t("ldr x6, [x7], #8; str x6, [x8], #8; add x9, x9, x6; cmp x7, x10; b.lo .-16",
      "x7=M x8=M+0xf00 x9=0 x10=M+0x800")
    t("ldr x6, [x7, x11, lsl #3]; eor x9, x9, x6; add x11, x11, #1; cmp x11, x12; b.ne .-16",
      "x7=M x9=0 x11=0 x12=512")
    t("ldr x6, [x7, x11, lsl #3]; eor x9, x9, x6; add x11, x11, #1; cmp x11, x12; b.ne .-16",
      "x7=M+0x10 x9=0 x11=0 x12=512")
    t("add x5, x5, x6; add x6, x6, x7; add x7, x7, x8; add x8, x8, x9; add x9, x9, x10; subs x11, x11, #1; "
      "b.ne .-24", "x5=0 x6=1 x7=2 x8=3 x9=4 x10=5 x11=20")
    t("add x5, x5, x6; str x5, [x11, #-8]!; add x6, x6, x7; add x12, x12, x5; b .-16",
      "x5=0 x6=1 x7=2 x11=M+0x40 x12=0")
    t("strb w5, [x6, x5]; add x5, x5, #1; tbz x5, #8, .-8", "x5=0 x6=M+0x100")
    t("strb w5, [x6, x5]; add x5, x5, #1; tbz x5, #8, .-8", "x5=0 x6=M+0xf80")
    t("ldr q0, [x1], #16; str q0, [x2], #16; sub x3, x3, #1; cbnz x3, .-12", "x1=M x2=M+0x400 x3=8")
    t("ldr q0, [x1], #16; str q0, [x2], #16; sub x3, x3, #1; cbnz x3, .-12", "x1=M x2=M+0xfc0 x3=8")
    t("ldr d20, [x1], #8; str d20, [x2], #8; sub x3, x3, #1; cbnz x3, .-12", "x1=M x2=M+0xfc0 x3=20")
    t("ldxr x0, [x1]; add x0, x0, #3; stxr w2, x0, [x1]; cbnz w2, .-12; subs x3, x3, #1; b.ne .-20", "x1=M x3=5")
    t("mov x4, x0; cas x0, x5, [x1]; cmp x0, x4; b.ne .-12", "x1=M x0=0 x5=9")
    t("ldadd x0, x2, [x1]; add x1, x1, #8; b .-8", "x1=M+0xfe0 x0=1")
    section("nested control flow")
    t("mov x0, #0; mov x1, #3; mov x2, #4; add x0, x0, x1; subs x2, x2, #1; b.ne .-8; subs x1, x1, #1; b.ne .-20")
    t("mov x0, #5; mov x9, x30; bl .+12; mov x30, x9; b .+36; str x30, [sp, #-16]!; cbz x0, .+16; sub x0, x0, #1; "
      "bl .-12; add x1, x1, #2; ldr x30, [sp], #16; ret; nop", "x1=0")
    t("adr x3, .+20; mov x4, #6; sub x4, x4, #1; cbz x4, .+16; br x3; add x0, x0, x4; b .-16; nop", "x0=0")
    t("mov x0, #0; cmp x1, #10; b.hi .+16; add x0, x0, x1; add x1, x1, #1; b .-16; nop", "x1=3")
    t("cmp x1, x2; b.eq .+24; b.hi .+12; sub x2, x2, x1; b .-16; sub x1, x1, x2; b .-24; nop; nop",
      "x1=1071 x2=462")
    section("products, carries, shifted operands and lanes that one host instruction makes together")
    V1 = "x1=-1 x2=1 x4=-1 x5=0 x7=-1 x8=0 x10=5 x11=0xffffffffffffffff x13=0x8000000000000000 x14=0x8000000000000001 x15=0x7fffffffffffffff x16=-1 x17=-1 x18=0 x19=-1"
    V2 = "x1=0x123456789abcdef0 x2=0xfedcba9876543210 x3=3 x4=0xf0f0f0f012345678 x5=0xffffffff00000000 x13=0xffffffff x14=0xdeadbeefcafebabe x15=0x8000000000000001 x16=-2 x18=-3"
    for text in (
            "adds x0, x1, x2; adcs x3, x4, x5; adcs x6, x7, x8; adc x9, x10, x11",
            "subs x0, x1, x2; sbcs x3, x4, x5; sbcs x6, x7, x8; sbc x9, x10, x11",
            "adds x13, x13, x14; adcs x15, x15, x16; ldr x17, [x20], #8; adcs x17, x17, x18; adcs x19, x19, xzr; cset x0, cs",
            "adds w13, w13, w14; adcs w15, w15, w16; adcs w17, w17, w18; cset x0, vs; cset x1, mi",
            "subs x13, x13, x14; sbcs x13, x13, x14; sbcs x13, x13, x14; b.lo .+8; mov x0, #1",
            "adds x13, x13, x14; adcs xzr, x15, x16; adcs x17, x17, x18; cset x0, hi",
            "cmp x1, x2; adcs x3, x4, x5; cset x0, eq; adcs x6, x6, x6; cset x7, cs",
            "adds x0, x1, x2; cset x9, cs; adcs x3, x4, x5; adc x6, x7, x9",
            "adds x0, x0, x0; ldr x2, [x20, #0x100]; adcs x3, x3, x2; ldr x2, [x21]; adcs x4, x4, x2",
            "ngcs x0, x1; ngcs x2, x3; ngc x4, x5",
            "mul x0, x1, x2; umulh x3, x1, x2",
            "umulh x3, x1, x2; mul x0, x1, x2",
            "umulh x1, x1, x2; mul x0, x3, x2",
            "mul x13, x14, x15; umulh x14, x14, x15",
            "umulh x13, x14, x15; mul x15, x14, x15",
            "smulh x13, x14, x15; mul x15, x14, x15",
            "mul x15, x14, x14; umulh x14, x14, x14",
            "umulh x1, x2, x1; mul x2, x2, x1",
            "mul x9, x1, x1; smulh x1, x1, x1",
            "adds x0, x1, x2; mul x3, x4, x5; umulh x6, x4, x5; adcs x3, x3, x6; adc x7, x8, xzr",
            "adds x0, x1, x2; mul x3, x4, x5; adcs x3, x3, x6; umulh x13, x4, x14; adcs x7, x8, x13; cset x9, cs",
            "adds x0, x1, x2; mov x8, #10; mul x3, x4, x8; adcs x3, x3, x6",
            "mul x0, x1, x2; umulh x3, x1, x2; ldr x5, [x21]",
            "ins v16.d[0], x4; cnt v16.8b, v16.8b; addv b16, v16.8b; mov x10, v16.d[0]",
            "ins v16.d[1], x4; mov x10, v16.d[1]; mov x11, v16.d[0]; ins v17.s[2], w5; mov w6, v17.s[2]; smov x7, v17.s[2]; mov w8, v17.s[1]",
            "fmov s0, w1; fmov x2, d0; fmov d3, x4; fmov w5, s3",
            "add x0, x1, x2, lsl #3; add w3, w4, w5, lsl #2; add x6, x6, x7, lsl #1; add x8, x9, w10, uxtw #3; add x11, x12, w13, sxtw #2",
            "add x13, x13, x14, lsl #3; add x0, x14, x14, lsl #2; adds x1, x2, x3, lsl #3; add x4, x4, x4, lsl #1; lsl x5, x6, #3; lsl w7, w7, #2; lsl w8, w14, #1",
    ):
        for values in (V1, V2):
            used = set(re.findall(r"\b[xw](\d+)\b", text))
            before = " ".join(v for v in values.split() if v[1:v.index("=")] in used)
            t(text, before + (" x20=M" if "[x20" in text else "") + (" x21=M+0x1000" if "[x21]" in text else ""))


def signed(v, bits):
    return v - (1 << bits) if v >> (bits - 1) & 1 else v


def cssc():
    """CSSC by the manual's definitions: neither the assembler here nor qemu 7.2 has it."""
    lines = ["", "# by hand: FEAT_CSSC, worked out from the manual's definitions by gen/cases.py"]
    vals = [0, 1, 5, -5, 127, -128, 1 << 31, (1 << 31) - 1, 1 << 63, (1 << 63) - 1, -1,
            0x123456780F0F0F00]

    def line(text, word, before, result):
        keep = result == default(0)
        lines.append(f"{text} | {word:08x} | {before} => " + ("" if keep else f"x0=0x{result:x}"))

    def default(n):
        return 0xC0DE000080000000 | n << 32 | n

    ops = (("smax", max, True), ("umax", max, False), ("smin", min, True), ("umin", min, False))
    for sf, r, bits in ((1, "x", 64), (0, "w", 32)):
        mask = (1 << bits) - 1
        for k, (name, fn, is_signed) in enumerate(ops):
            view = (lambda v: signed(v & mask, bits)) if is_signed else (lambda v: v & mask)
            for i, imm in enumerate((0, 5, 127, -128, -5) if is_signed else (0, 5, 127, 255)):
                for v in (vals[(i * 5 + k) % 12], vals[(i * 7 + k + 3) % 12]):
                    word = sf << 31 | 0x11C00000 | k << 18 | (imm & 255) << 10 | 1 << 5
                    line(f"{name} {r}0, {r}1, #{imm}", word, f"x1={v}",
                         fn(view(v), view(imm) if is_signed else imm) & mask)
            for i in range(5):
                a, b = vals[(i * 5 + k) % 12], vals[(i * 7 + k * 2 + 3) % 12]
                word = sf << 31 | 0x1AC06000 | k << 10 | 2 << 16 | 1 << 5
                line(f"{name} {r}0, {r}1, {r}2", word, f"x1={a} x2={b}", fn(view(a), view(b)) & mask)
        for v in vals:
            u = v & mask
            base = sf << 31 | 0x5AC00020
            ctz = bits if u == 0 else (u & -u).bit_length() - 1
            line(f"ctz {r}0, {r}1", base | 6 << 10, f"x1={v}", ctz)
            line(f"cnt {r}0, {r}1", base | 7 << 10, f"x1={v}", bin(u).count("1"))
            line(f"abs {r}0, {r}1", base | 8 << 10, f"x1={v}", abs(signed(u, bits)) & mask)
    return "\n".join(lines) + "\n# end by hand"


HAND = {"sequence": """
# by hand: flags that the guest sets before it reads them may be stale at a fault (ir/pass_dead.c)
# unless they are kept precise
adds x0, x0, x3; ldr x2, [x1]; subs x0, x0, #1 | ab030000 f9400022 f1000400 | x1=M+0x1000 x0=0x7fffffffffffffff x3=1 => fault=M+0x1000 x0=0x8000000000000000 pc=P+4 nzcv~=9
cmp x0, x3; ldr x2, [x1]; cmp x3, x0; b.eq .+8 | eb03001f f9400022 eb00007f 54000040 | x1=M+0x1000 x0=1 x3=2 => fault=M+0x1000 pc=P+4 nzcv~=8
# end by hand""", "tagged": """
# by hand: blocks of 64 bytes; a pair that faults changes no register
dc zva, x1; ldr x0, [x1] | d50b7421 f9400020 | x1=0x5a00000010010080 => x0=0 [0x80]=""" + ZEROS + """
ldp q0, q1, [x1] | ad400420 | x1=0x5a00000010010ff0 => fault=M+0x1000
# end by hand""", "dp": cssc(), "branch": """
# by hand: FEAT_HBC, which qemu 7.2 lacks: BC.cond branches as B.cond does
bc.eq .+8 | 54000050 | nzcv=4 => pc=P+8
bc.eq .+8 | 54000050 | nzcv=0 =>
bc.lt .-16 | 54ffff9b | nzcv=8 => pc=P-16
bc.al .+12 | 5400007e | nzcv=0 => pc=P+12
# end by hand""", "loadstore": """
# by hand: the manual leaves the destinations open when the second access faults; here no register
# changes before all accesses are done.
ldp x0, x2, [x1] | a9400820 | x1=M+4088 => fault=M+0x1000
ldp x0, x1, [x1] | a9400420 | x1=M+4088 => fault=M+0x1000
ldp x0, x2, [x1], #16 | a8c10820 | x1=M+4088 => fault=M+0x1000
ldp x0, x2, [x1, #16]! | a9c10820 | x1=M+4072 => fault=M+0x1000
ldp w0, w2, [x1] | 29400820 | x1=M+4092 => fault=M+0x1000
ldpsw x0, x2, [x1], #8 | 68c10820 | x1=M+4092 => fault=M+0x1000
ldnp x0, x2, [x1] | a8400820 | x1=M+4088 => fault=M+0x1000
ldp q3, q21, [x1], #32 | acc15423 | x1=M+4080 => fault=M+0x1000
ldp d3, d21, [x1] | 6d405423 | x1=M+4088 => fault=M+0x1000
ldp s3, s21, [x1] | 2d405423 | x1=M+4092 => fault=M+0x1000
# Undefined because the feature is not advertised: MTE, LOR.
stgp x0, x0, [x1] | 69000020 | x1=M+0x80 => undef
stgp x0, x1, [x5], #0 | 688004a0 | x1=M+0x80 => undef
stg x0, [x1] | d9200820 | x1=M+0x80 => undef
ldg x0, [x1] | d9600020 | x1=M+0x80 => undef
ldlarb w0, [x1] | 08df7c20 | x1=M+0x80 => undef
stllrb w0, [x1] | 089f7c20 | x1=M+0x80 => undef
# end by hand""", "system": """
# by hand: FEAT_WFxT, which qemu 7.2 lacks: the time may be over at once
wfet x0 | d5031000 | x0=0 =>
wfit x1 | d5031021 | x1=0 =>
# by hand: the top byte is ignored in both halves of the address space (qemu: only in the lower one)
xpacd x1 | dac147e1 | x1=0xa5a5123456789abc => x1=0xa5ff123456789abc
# by hand: the timer's frequency is not 0; blocks of DC ZVA have 64 bytes (DCZID_EL0 is 4)
mrs x0, cntfrq_el0; cmp x0, #0; cset x0, ne | d53be000 f100001f 9a9f07e0 | => x0=1 nzcv=2
mrs x0, dczid_el0 | d53b00e0 | => x0=4
dc zva, x1 | d50b7421 | x1=M+0x123 => [0x100]=""" + ZEROS + """
dc zva, x1 | d50b7421 | x1=M+0x7ff => [0x7c0]=""" + ZEROS + """
dc zva, x1 | d50b7421 | x1=M+0x1000 => fault=M+0x1000
# by hand: what leaves to the operating system
svc #0 | d4000001 | => svc=0 pc=P+4
svc #0xffff | d41fffe1 | x8=93 => svc=0xffff pc=P+4
brk #1 | d4200020 | => break=1
brk #0xffff | d43fffe0 | => break=0xffff
nop; svc #7; nop | d503201f d40000e1 d503201f | => svc=7 pc=P+8
add x0, x0, #1; brk #5 | 91000400 d42000a0 | x0=1 => break=5 pc=P+4 x0=2
add x0, x0, #1; udf #0 | 91000400 00000000 | x0=1 => undef pc=P+4 x0=2
# end by hand"""}


def atomic():
    N = "x1=M+0x80"
    section("exclusives: success")
    for o in ("", "a"):
        for s, r in (("", "x"), ("", "w"), ("b", "w"), ("h", "w")):
            ld, st = f"ld{o}xr{s}", f"st{'l' if o else ''}xr{s}"
            t(f"{ld} {r}0, [x1]", N)
            t(f"{ld} {r}0, [x1]; {st} w2, {r}3, [x1]", N)
            t(f"{ld} {r}0, [sp]; {st} w2, {r}zr, [sp]")
            t(f"{ld} {r}0, [x1]; add {r}0, {r}0, #1; {st} w2, {r}0, [x1]; cbnz w2, .-12", N)
        for r, k in (("x", 8), ("w", 4)):
            ld, st = f"ld{o}xp", f"st{'l' if o else ''}xp"
            t(f"{ld} {r}0, {r}3, [x1]", N)
            t(f"{ld} {r}0, {r}3, [x1]; {st} w2, {r}4, {r}5, [x1]", N)
            t(f"{ld} {r}0, {r}3, [x1]; {st} w2, {r}zr, {r}0, [x1]", N)
    section("exclusives: failure")
    for s, r in (("", "x"), ("", "w"), ("b", "w"), ("h", "w")):
        t(f"stxr{s} w2, {r}3, [x1]", N)
        t(f"clrex; stlxr{s} w2, {r}3, [x1]", N)
        t(f"ldxr{s} {r}0, [x1]; clrex; stxr{s} w2, {r}3, [x1]", N)
        t(f"ldxr{s} {r}0, [x1]; stxr{s} w2, {r}3, [x4]", N + " x4=M+0x100")
        t(f"ldxr{s} {r}0, [x1]; str{s} {r}4, [x1]; stxr{s} w2, {r}3, [x1]", N)
        t(f"ldxr{s} {r}0, [x1]; stxr{s} w2, {r}3, [x1]; stxr{s} w5, {r}4, [x1]", N)
    for r in "xw":
        t(f"stxp w2, {r}3, {r}4, [x1]", N)
        t(f"ldxp {r}0, {r}3, [x1]; clrex; stxp w2, {r}4, {r}5, [x1]", N)
        t(f"ldxp {r}0, {r}3, [x1]; str {r}4, [x1]; stxp w2, {r}4, {r}5, [x1]", N)
        k = 8 if r == "x" else 4
        t(f"ldxp {r}0, {r}3, [x1]; str {r}4, [x1, #{k}]; stxp w2, {r}4, {r}5, [x1]", N)
    section("exclusives: faults")
    t("ldxr x0, [x1]", "x1=M+0x1000")
    t("ldxp x0, x2, [x1]", "x1=M+0x1000")
    t("ldaxrb w0, [x1]", "x1=M-1")
    section("compare and swap")
    for o in ("", "a", "l", "al"):
        for s, r, v in (("", "x", "0x0706050403020100"), ("", "w", "0xdead000003020100"),
                        ("b", "w", "0x1234567800"), ("h", "w", "0x1234560100")):
            t(f"cas{o}{s} {r}0, {r}2, [x1]", f"{N} x0={v}")
            t(f"cas{o}{s} {r}0, {r}2, [x1]", f"{N} x0=0x55")
        t(f"casp{o} x2, x3, x4, x5, [x1]", N + " x2=0x0706050403020100 x3=0x0f0e0d0c0b0a0908")
        t(f"casp{o} x2, x3, x4, x5, [x1]", N + " x2=0x0706050403020100 x3=0x0f0e0d0c0b0a0909")
        t(f"casp{o} w2, w3, w4, w5, [x1]", N + " x2=0x0706050403020100 x3=0x0f0e0d0c07060504")
        t(f"casp{o} w2, w3, w4, w5, [x1]", N + " x2=0x0706050413020100 x3=0x0f0e0d0c07060504")
    t("cas x0, x2, [sp]", "x0=0x8786858483828180")
    t("cas xzr, x2, [x1]", N)
    t("cas x0, xzr, [x1]", N + " x0=0x0706050403020100")
    t("cas x0, x2, [x1]", "x1=M+0x1000")
    t("casp x2, x3, x4, x5, [x1]", "x1=M+0x1000")
    t("casp x30, xzr, x2, x3, [x1]", N + " x30=0x0706050403020100")
    out.append("casp x2, x3, x30, xzr, [x1] | =48227c3e | x1=M+0x80 x2=0x0706050403020100 x3=0x0f0e0d0c0b0a0908 =>")
    section("read-modify-write")
    for op in "add clr eor set smax smin umax umin".split():
        for o in ("", "a", "l", "al"):
            t(f"ld{op}{o} x0, x2, [x1]", N + " x0=0x8000000000000001")
            t(f"ld{op}{o} w0, w2, [x1]", N + " x0=0xffffffff80000001")
        for s in "bh":
            for o in ("", "a", "l", "al"):
                t(f"ld{op}{o}{s} w0, w2, [x1]", N + " x0=0x12345678ffff8182")
            t(f"ld{op}{s} w0, w2, [x1]", "x1=M x0=0x7f7f7f7f")
        t(f"ld{op} x0, x2, [x1]", "x1=M x0=0x1122334455667788")
        t(f"ld{op} w0, w2, [x1]", "x1=M x0=0x1122334455667788")
        t(f"st{op} x0, [x1]", "x1=M+0x10 x0=7")
        t(f"st{op}l w0, [sp]", "x0=0xfffffff0")
        t(f"st{op}b w0, [x1]", "x1=M+0x10 x0=0x7f")
        t(f"st{op}lh w0, [x1]", "x1=M+0x10 x0=0x8000")
        t(f"ld{op} xzr, x2, [x1]", N)
        t(f"ld{op} x0, x0, [x1]", N + " x0=3")
        t(f"ld{op}al x1, x1, [x1]", N)
        t(f"ld{op} x0, x2, [x1]", "x1=M+0x1000")
    for o in ("", "a", "l", "al"):
        t(f"swp{o} x0, x2, [x1]", N)
        t(f"swp{o} w0, w2, [x1]", N)
        t(f"swp{o}b w0, w2, [x1]", N)
        t(f"swp{o}h w0, w2, [x1]", N)
    t("swp x0, x0, [x1]", N)
    t("swp x0, xzr, [x1]", N)
    t("swp xzr, x2, [sp]")
    t("swp w0, w2, [x1]", "x1=M-4")
    section("undefined: odd registers of pairs, unallocated operations")
    for w in ("48217c42", "48227c43", "08207c43", "b8209020", "f820a020", "f820b020", "f820e020"):
        out.append(f"unallocated | ={w} | x1=M+0x80 =>")


def system():
    section("hints are without effect")
    for op in ("nop", "yield", "sev", "sevl", "wfe", "hint #6", "dgh", "esb", "psb csync", "tsb csync", "csdb", "bti",
               "bti c", "bti j", "bti jc", "hint #127", "hint #40", "wfi"):
        t(op)
    section("barriers")
    for op in ("dmb ish", "dmb sy", "dmb ishld", "dmb ishst", "dmb nshld", "dmb #0", "dsb ish", "dsb sy", "dsb ishst",
               "isb", "clrex", "sb", "ssbb", "pssbb"):
        t(op)
    section("registers")
    for n in range(16):
        t("mrs x0, nzcv", f"nzcv={n}")
    for v in ("0xf0000000", "0x0fffffff", "0xa0000000", "-1"):
        t("msr nzcv, x1", f"x1={v}")
    t("msr nzcv, xzr", "nzcv=15")
    t("mrs x0, tpidr_el0")
    t("msr tpidr_el0, x1; mrs x0, tpidr_el0")
    t("mrs x0, fpcr")
    t("mrs x0, fpsr", "fpsr=0x1f")
    t("msr fpcr, x1; mrs x0, fpcr", "x1=0x00c00000")
    t("msr fpcr, x1; mrs x0, fpcr", "x1=0x03000000")
    t("msr fpsr, x1; mrs x0, fpsr", "x1=0x0800009f")
    t("msr fpsr, xzr", "fpsr=0x1f")
    t("mrs xzr, tpidr_el0")
    t("msr dit, #1; mrs x0, dit; msr dit, #0; mrs x1, dit")
    t("msr dit, x1; mrs x0, dit; msr dit, xzr", "x1=-1")
    t("msr ssbs, #1; mrs x0, ssbs; msr ssbs, #0; mrs x1, ssbs")
    t("mrs x0, cntvct_el0; mov x0, #0")
    t("mrs x0, rndr; mov x0, #0", "nzcv=15")
    t("mrs x0, rndrrs; mov x0, #0", "nzcv=15")
    section("cache maintenance")
    for op in ("dc cvac", "dc cvau", "dc civac", "ic ivau"):
        t(f"{op}, x1", N_M)
    section("not at EL0")
    for op in ("mrs x0, sctlr_el1", "msr vbar_el1, x0", "mrs x0, elr_el1", "eret", "msr daifset, #2", "mrs x0, daif",
               "hvc #0", "smc #0", "ic iallu", "dc isw, x0", "tlbi vmalle1", "at s1e1r, x0", "msr spsel, #1",
               "hlt #1", "dcps1", "mrs x0, spsr_el1"):
        t(op)
    section("pointer authentication: taking the code off, hints")
    for v in ("0x007f123456789abc", "0xff80123456789abc", "0x0000ffff12345678", "0xffff000012345678"):
        t("xpaci x1", f"x1={v}")
        t("xpacd x1", f"x1={v}")
        t("xpaclri", f"x30={v}")
    t("xpaci x1", "x1=0x5a7f123456789abc")
    t("xpacd xzr")
    t("pacga x0, x1, x2; pacga x3, x1, x2; sub x0, x0, x3; mov w3, w3")
    t("pacga x0, x1, sp; mov w0, w0")
    section("pointer authentication: round trips")
    for k in ("ia", "ib", "da", "db"):
        t(f"pac{k} x0, x1; aut{k} x0, x1", "x0=0x0000123456789abc x1=77")
        t(f"pac{k} x0, sp; aut{k} x0, sp", "x0=0x0000123456789abc")
        t(f"pac{k}za x0; aut{k}za x0".replace("za", "za").replace(f"pac{k}za", f"pac{k[0]}z{k[1]}").replace(
            f"aut{k}za", f"aut{k[0]}z{k[1]}"), "x0=0x00007fffffffffff")
    t("paciasp; autiasp", "x30=0x123456789a")
    t("pacibsp; autibsp", "x30=0x123456789a")
    t("paciaz; autiaz", "x30=0x123456789a")
    t("pacibz; autibz", "x30=0x123456789a")
    t("pacia1716; autia1716", "x16=5 x17=0x123456")
    t("pacib1716; autib1716", "x16=5 x17=0x123456")
    for k in "ab":
        t(f"adr x30, .+16; paci{k}sp; reta{k}; mov x0, #1; xpaclri")
        for op in ("br", "blr"):
            t(f"adr x1, .+16; paci{k} x1, x2; {op}a{k} x1, x2; mov x0, #1; xpaci x1", "x2=9")
            t(f"adr x1, .+16; paci{k} x1, sp; {op}a{k} x1, sp; mov x0, #1; xpaci x1")
            t(f"adr x1, .+16; paciz{k} x1; {op}a{k}z x1; mov x0, #1; xpaci x1")
    t("pacdza x1; ldraa x0, [x1, #16]; xpacd x1", N_M)
    t("pacdzb x1; ldrab x0, [x1, #-8]; xpacd x1", N_M)
    t("pacdza x1; ldraa x0, [x1, #16]!", N_M)
    t("pacdzb x1; ldrab x0, [x1, #-4096]!", "x1=M+0x1000")
    t("pacdza x1; ldraa x0, [x1, #4088]; xpacd x1", "x1=M")
    section("undefined")
    for w in ("00000000", "00000001", "ffffffff", "0000ffff", "d4000000", "d4200001", "d4400001", 
              "00010000", "04000001", "d53bd0a0", "d51bd060"):
        out.append(f"unallocated | ={w} | =>")


N_M = "x1=M+0x80"
CHAPTERS = {
    "addsub": (addsub, "Add, subtract, carry, flag manipulation"),
    "logical": (logical, "Logical operations and moves of immediates"),
    "bitfield": (bitfield, "Bit fields and EXTR"),
    "dp": (dp, "Shifts, divide, multiply, CRC, bit counts, conditional operations, ADR"),
    "branch": (branch, "Branches, calls and returns"),
    "loadstore": (loadstore, "Loads and stores"),
    "sequence": (sequence, "Sequences: precise faults, loops, control flow"),
    "tagged": (tagged, "Addresses with a tag in the top byte"),
    "atomic": (atomic, "Exclusives and atomics"),
    "system": (system, "System instructions, barriers, hints, pointer authentication"),
}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in CHAPTERS:
        raise SystemExit("usage: cases.py " + "|".join(CHAPTERS))
    make, title = CHAPTERS[sys.argv[1]]
    make()
    print(HEAD.format(title), end="")
    print("\n".join(out))
    print(HAND.get(sys.argv[1], ""))
