#!/usr/bin/env python3
"""Lines without results for the rows of a decode file of half precision, complex numbers or BFloat16.

    tests/insn/gen/half.py FILE.decode LINES [SEED] > FILE.t      then fill.py FILE.t

Each row gets LINES lines: registers drawn (the destination is sometimes an operand), their lanes
from special values of the format and random ones, FPCR over rounding modes, FZ, FZ16, DN and AHP.
"""
import os, random, re, subprocess, sys, tempfile

HALF = [0, 0x8000, 0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7e00, 0xfe01, 0x7c01, 0xfd00, 1, 0x8003, 0x3ff,
        0x400, 0x8400, 0x401, 0x7bff, 0xfbff, 0x3555, 0x3800, 0xb801, 0x4248, 0x5bff, 0x6400, 0x7800,
        0x1400, 0x0c01]
SINGLE = [0, 1 << 31, 0x3f800000, 0x7f800000, 0xff800000, 0x7fc00001, 0x7f800001, 0xffa00000, 1,
          0x807fffff, 0x00800000, 0x7f7fffff, 0x3f808000, 0x3f818000, 0x477fe000, 0x38800000]
DOUBLE = [0, 1 << 63, 0x3ff0000000000000, 0x7ff0000000000000, 0x7ff8000000000001,
          0x7ff0000000000001, 1, 0x000fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff]
FPCR = [0, 0, 0x400000, 0x800000, 0xc00000, 0x80000, 0x480000, 0x2000000, 0x4000000, 0x1000000,
        0x3080000]


def lanes(rng, kind):
    """128 bits of lanes: h, s, d or b (bfloat16)."""
    bits = {"h": 16, "b": 16, "s": 32, "d": 64}[kind]
    pool = {"h": HALF, "b": [v >> 16 for v in SINGLE], "s": SINGLE, "d": DOUBLE}[kind]
    v = 0
    tame = rng.random() < 0.5
    for _ in range(128 // bits):
        x = rng.choice(pool) if rng.random() < 0.5 and not tame else rng.getrandbits(bits)
        if tame:  # ordinary numbers near 1
            exp = {"h": (10, 5, 15), "b": (7, 8, 127), "s": (23, 8, 127), "d": (52, 11, 1023)}[kind]
            x = x & ~(((1 << exp[1]) - 1) << exp[0]) | (exp[2] - 4 + rng.randrange(9)) << exp[0]
        v = v << bits | x
    return v


def rows(path):
    for line in open(path):
        line = line.split("#")[0].strip()
        if line:
            yield line.split("|")[0].split()


def word(rng, tokens):
    """A word of the row and the registers of its fields."""
    w, fields = 0, {}
    for t in tokens:
        if ":" in t:
            name, width = t.split(":")
            width = int(width)
            value = rng.getrandbits(width)
            if name in ("rn", "rm", "ra", "rd") and width >= 4:
                value = rng.choice([1, 2, 3, 17, 20, 30]) & ((1 << width) - 1)
            if name in ("rn", "rd") and "x" in tokens[0]:
                value &= 15
            w, fields[name] = w << width | value, value
        else:
            w = w << len(t) | int(t.replace("x", "0"), 2)
    return w, fields


def disassemble(words):
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "a.bin")
        with open(path, "wb") as f:
            for w in words:
                f.write(w.to_bytes(4, "little"))
        out = subprocess.run(["aarch64-linux-gnu-objdump", "-D", "-b", "binary", "-m", "aarch64", path],
                             check=True, capture_output=True, text=True).stdout
    return [re.sub(r"\s+", " ", m[1].split("//")[0]).strip()
            for m in re.finditer(r"^\s*[0-9a-f]+:\t[0-9a-f]{8} \t(.*)$", out, re.M)]


def main():
    path, count = sys.argv[1], int(sys.argv[2])
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    cases = []
    for tokens in rows(path):
        done = 0
        while done < count:
            w, fields = word(rng, tokens[1:])
            cases.append((w, fields, tokens[0]))
            done += 1
    for (w, fields, name), text in zip(cases, disassemble([c[0] for c in cases])):
        if "undefined" in text or ".inst" in text:
            continue
        before, seen = [], set()
        to_vector = re.search(r"\b[wx]\d+\b|\b[wx]zr\b", text)
        for f in ("rn", "rm", "ra", "rd"):
            if f not in fields:
                continue
            n = fields[f]
            if to_vector and f == "rn" and re.search(rf", [wx]({n}|zr)\b", text):
                if n < 31:
                    before.append(f"x{n}={rng.choice([0, 1, 65504, 65519, 65520, 2049, 2051, rng.getrandbits(64), (1 << 64) - 2049, rng.getrandbits(20)]):#x}")
                continue
            if to_vector and f == "rd" and re.match(rf"\S+ [wx]", text):
                continue
            kinds = {"h": "h", "s": "s", "d": "d"}
            kind = "h"
            if name.startswith("BF"):
                kind = "s" if f == "rd" or name.startswith("BFCVT") else "b"
            elif re.match(r"FML[AS]L", name):
                kind = "s" if f == "rd" else "h"
            else:
                m = re.search(r"\.\d*([sd])\b", text)
                if m:
                    kind = m[1]
            regs = [n] + ([n + 16] if f == "rm" and "m" in fields and f"v{n + 16}." in text else [])
            for r in regs[-1:]:
                if r not in seen:
                    seen.add(r)
                    before.append(f"v{r}={lanes(rng, kind):#x}")
        if "nzcv" in fields or "cond" in fields:
            before.append(f"nzcv={rng.randrange(16)}")
        fpcr = rng.choice(FPCR)
        if fpcr:
            before.append(f"fpcr={fpcr:#x}")
        print(f"{text} | | {' '.join(before)} =>")


main()
