#!/usr/bin/env python3
"""Prints unfilled instruction tests for every row of a decode file, by chapter of that file.

    gen/sweep.py ../../frontend/aarch64/simd.decode OUTDIR     writes OUTDIR/simd_<n>_<chapter>.t

For each row a few words with random fields are drawn (always the same ones: the seed is the row's
name), objdump gives their text, and the registers that the text names get operands from pools of
edge values: floating-point ones for instructions that begin with F or convert. gen/fill.py then
adds what the oracle makes of them. Words stand after `=`, so the text is only for the reader.
"""
import os, random, re, struct, subprocess, sys, tempfile

PER_ROW, PER_MEMORY_ROW = 6, 4
M_BASE = "M+0x200"

HEAD = """# SIMD&FP: {0}
#
# Words by gen/sweep.py from the rows of simd.decode, text by objdump, values by qemu-aarch64 7.2 -cpu max
# (tests/insn/gen/fill.py). Format: tests/insn/README.md.
"""

F64 = [0x0, 1 << 63, 0x3FF0000000000000, 0xBFF0000000000000, 0x3FF8000000000000, 0x4004000000000000,
       0xC00C000000000000, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0x7FF8000000000123,
       0xFFF8000000000001, 0x7FF0000000000001, 0xFFF7FFFFFFFFFFFF, 0x1, 0x800FFFFFFFFFFFFF,
       0x0010000000000000, 0x7FEFFFFFFFFFFFFF, 0x3FE0000000000000, 0x400921FB54442D18,
       0x41DFFFFFFFC00000, 0x41E0000000000000, 0xC1E0000000000000, 0x41F0000000000000, 0x43E0000000000000,
       0xC3E0000000000000, 0x43F0000000000000, 0x4330000000000001, 0x3CA0000000000000, 0xC05EDD2F1A9FBE77,
       0x36A0000000000000, 0x380FFFFFE0000000, 0x47EFFFFFF0000000, 0x3FB999999999999A]
F32 = [0x0, 0x80000000, 0x3F800000, 0xBF800000, 0x3FC00000, 0x40200000, 0xC0600000, 0x7F800000,
       0xFF800000, 0x7FC00000, 0x7FC00123, 0xFFC00001, 0x7F800001, 0xFFBFFFFF, 0x1, 0x807FFFFF,
       0x00800000, 0x7F7FFFFF, 0x3F000000, 0x40490FDB, 0x4EFFFFFF, 0x4F000000, 0xCF000000, 0x4F800000,
       0x5F000000, 0xDF000000, 0x5F800000, 0x4B000001, 0x33800000, 0xC2F6E979, 0x3DCCCCCD, 0x477FE000,
       0x38800000, 0x33000000]
F16 = [0x0, 0x8000, 0x3C00, 0xBC00, 0x7C00, 0xFC00, 0x7E00, 0x7C01, 0x0001, 0x03FF, 0x0400, 0x7BFF, 0x3555]
INT = {8: [0, 1, 0x7F, 0x80, 0xFF, 0x55, 0xC3, 2, 8, 0xF8],
       16: [0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x1234, 0xFEDC, 0x00FF, 5, 0xFFF1],
       32: [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x12345678, 0xFEDCBA98, 0x0000FFFF, 31, 0xFFFFFFE1],
       64: [0, 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 0x123456789ABCDEF0, 0xFEDCBA9876543210, 0xFFFFFFFF, 63,
            (1 << 64) - 5]}
GPR = INT[64] + INT[32]


def read_rows(path):
    features = os.path.join(os.path.dirname(path), "features.def")
    absent = re.findall(r"^FEAT\((\w+), *\"\w+\", *0", open(features).read(), re.M)
    rows, chapter = [], "rows"
    for line in open(path):
        if line.startswith("# ---"):
            chapter = line.strip("#- \n").split(":")[0].split("(")[0].split(";")[0].strip()
        if not re.match(r"[A-Z]", line):
            continue
        feature = re.search(r"feat=(\w+)", line)
        if feature and feature[1] in absent:
            continue
        body, _, attrs = line.partition("|")
        name, *tokens = body.split()
        pos, mask, value, fields = 32, 0, 0, {}
        for tok in tokens:
            if ":" in tok:
                f, w = tok.split(":")
                w = int(w.lstrip("s"))
                pos -= w
                fields.setdefault(f, []).append((pos, w))
            else:
                for c in tok:
                    pos -= 1
                    if c != "x":
                        mask |= 1 << pos
                        value |= (c == "1") << pos
        limits = [a.split("!=") for a in attrs.split() if "!=" in a]
        rows.append((chapter, name, mask, value, fields, limits))
    return rows


def excluded(word, fields, limits):
    for f, bad in limits:
        v = width = 0
        for pos, w in fields[f]:
            v = v << w | word >> pos & ((1 << w) - 1)
            width += w
        if bad.startswith("0b"):
            if all(c == "x" or int(c) == v >> i & 1 for i, c in enumerate(reversed(bad[2:]))):
                return True
        elif v == int(bad, 0):
            return True
    return False


def draw(rng, row, k):
    _, _, mask, value, fields, limits = row
    while True:
        word = rng.getrandbits(32) & ~mask & 0xFFFFFFFF | value
        used = set()
        for f in ("rd", "rt", "rn", "rm", "ra", "rt2"):
            for pos, w in fields.get(f, []):
                if w != 5:
                    continue
                if k == 1:
                    n = rng.randrange(32)
                elif k == 2:
                    n = 3
                else:
                    n = rng.choice([r for r in (0, 1, 2, 3, 4, 5, 20, 21, 9, 17) if r not in used])
                used.add(n)
                word = word & ~(31 << pos) | n << pos
        if not excluded(word, fields, limits):
            return word


def vector(rng, size, floating):
    out = b""
    while len(out) < 16:
        kind = rng.random()
        if floating and size in (32, 64):
            v = rng.choice(F32 if size == 32 else F64)
            if kind < 0.15:
                v = rng.getrandbits(size)
        elif floating and size == 16:
            v = rng.choice(F16)
        else:
            v = rng.choice(INT[size]) if kind < 0.6 else rng.getrandbits(size)
        out += v.to_bytes(size // 8, "little")
    return int.from_bytes(out, "little")


def operands(rng, name, text, memory):
    """Values of the registers that the text names."""
    toks, done = [], set()
    floating = name[0] == "F" or "CVTF" in name
    mn = text.split()[0]
    for base in re.findall(r"\[(x\d+|sp)", text):
        toks.append(f"{base}={M_BASE}")
        done.add(base)
    sizes = {"v": 64, "b": 8, "h": 16, "s": 32, "d": 64, "q": 64}
    for m in re.finditer(r"\b([vbhsdq])(\d+)(?:\.\d*([bhsdq]))?", text):
        reg = f"v{m[2]}"
        if reg in done:
            continue
        done.add(reg)
        toks.append(f"{reg}=0x{vector(rng, sizes[m[3] or m[1]], floating):032x}")
    for m in re.finditer(r"\b([wx])(\d+)\b", text):
        reg = f"x{m[2]}"
        if reg not in done:
            done.add(reg)
            toks.append(f"{reg}=0x{16 if memory else rng.choice(GPR):x}")
    if "cond" in text or mn in ("fcsel", "fccmp", "fccmpe"):
        toks.append(f"nzcv={rng.randrange(16)}")
    if floating and rng.random() < 0.3:
        # no FZ: IDC under FZ is a named deviation of compiled code
        toks.append(f"fpcr=0x{rng.choice([0x400000, 0x800000, 0xC00000, 0x2000000, 0x2C00000]):x}")
    return toks


def disassemble(words):
    with tempfile.NamedTemporaryFile() as f:
        f.write(struct.pack(f"<{len(words)}I", *words))
        f.flush()
        res = subprocess.run(["aarch64-linux-gnu-objdump", "-D", "-b", "binary", "-m", "aarch64", f.name],
                             check=True, stdout=subprocess.PIPE, text=True).stdout
    texts = {}
    for m in re.finditer(r"^\s*([0-9a-f]+):\t[0-9a-f]{8} \t(.*)$", res, re.M):
        texts[int(m[1], 16) // 4] = re.sub(r"\s*//.*", "", m[2]).replace("\t", " ").replace("|", "/").strip()
    return [texts[i] for i in range(len(words))]


def main():
    rows = read_rows(sys.argv[1])
    chapters, words, owner = [], [], []
    for row in rows:
        if row[0] not in chapters:
            chapters.append(row[0])
        rng = random.Random(row[1])
        for k in range(PER_MEMORY_ROW if row[1][:2] in ("LD", "ST") else PER_ROW):
            words.append(draw(rng, row, k))
            owner.append(row)
    texts = disassemble(words)
    lines = {c: [] for c in chapters}
    last = None
    for word, row, text in zip(words, owner, texts):
        chapter, name = row[0], row[1]
        rng = random.Random(word)
        memory = name[:2] in ("LD", "ST")
        if name != last:
            lines[chapter].append(f"# {name}")
            last = name
        if text.startswith(".inst"):
            text = "unallocated"
        toks = operands(rng, name, text, memory)
        lines[chapter].append(" ".join(f"{text} | ={word:08x} | {' '.join(toks)} =>".split()))
    for i, c in enumerate(chapters):
        slug = "_".join(re.findall(r"[a-z]+", c.lower())[:3])
        with open(os.path.join(sys.argv[2], f"simd_{i:02}_{slug}.t"), "w") as f:
            f.write(HEAD.format(c) + "\n" + "\n".join(dict.fromkeys(lines[c])) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main()
