#!/usr/bin/env python3
"""Fills in instruction tests from an independent source.

    tests/insn/gen/fill.py FILE.t...        rewrites the files
    tests/insn/gen/fill.py --check FILE.t   says which lines differ, changes nothing

Each line `text | words | before => after` is assembled by the GNU assembler (the words) and run by
qemu-aarch64 (what comes after the arrow). Lines between `# by hand` and `# end by hand` are kept:
there the expected values are worked out from the Arm manual. A line whose words field starts with
`=` keeps these words (encodings that the assembler refuses). The format: tests/insn/README.md.
"""
import os, re, struct, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
QEMU = os.environ.get("QEMU_AARCH64", "qemu-aarch64")
M, P, PAGE, MAXWORDS = 0x10010000, 0x10000800, 0x1000, 31
MASK = (1 << 64) - 1
LAYOUT = "<31Q6Q64Q2QI31I"  # struct state of oracle.c, without mem


def default_state():
    s = {f"x{n}": 0xC0DE000080000000 | n << 32 | n for n in range(31)}
    s.update(sp=M + 0x800, pc=P, nzcv=5, fpcr=0, fpsr=0, tpidr=0x7E1D0)
    for n in range(32):
        s[f"v{n}"] = (0xB0B1B2B3B4B5B600 | n) << 64 | 0xA0A1A2A3A4A5A600 | n
    return s, bytearray(0x80 ^ i & 0xFF for i in range(PAGE))


def number(text):
    m = re.fullmatch(r"([MP])([+-].*)?", text)
    if m:
        return ((M if m[1] == "M" else P) + int(m[2] or "0", 0)) & MASK
    return int(text, 0)


def apply_state(text, state, mem):
    for tok in text.split():
        key, val = tok.split("=", 1)
        if key.startswith("["):
            off, data = int(key[1:-1], 0), bytes.fromhex(val)
            mem[off:off + len(data)] = data
        else:
            if key not in state:
                raise SystemExit(f"no such register: {key}")
            state[key] = number(val) & ((1 << 128) - 1 if key[0] == "v" else MASK)


def show(key, v):
    if key[0] == "v":
        return f"{key}=0x{v:032x}"
    if key == "pc":
        return f"pc=P{v - P:+d}" if v != P else "pc=P"
    if M - 0x1000 <= v < M + 0x4000:
        return f"{key}=M+0x{v - M:x}" if v >= M else f"{key}=M-0x{M - v:x}"
    if P - 0x800 <= v < P + 0x800:
        return f"{key}=P{v - P:+d}"
    return f"{key}={v}" if v < 16 else f"{key}=0x{v:x}"


def assemble(texts, tmp, quiet=False):
    """Words of each text (instructions separated by ';')."""
    src = os.path.join(tmp, "a.s")
    with open(src, "w") as f:
        f.write(".arch armv8.7-a+hbc+cssc+rng+ssbs+sve2+memtag+crypto+sha3+sm4+fp16fml+bf16+i8mm+profile\n")
        for i, t in enumerate(texts):
            f.write(f".balign 128\nt{i}:\n")
            for part in t.split(";"):
                f.write(part + "\n")
            f.write(f"e{i}: .inst 0\n")
        f.write(".balign 128\n.section .len,\"a\"\n")
        for i in range(len(texts)):
            f.write(f".4byte (e{i} - t{i}) / 4\n")
    obj = os.path.join(tmp, "a.o")
    subprocess.run(["aarch64-linux-gnu-as", "-o", obj, src], check=True,
                   stderr=subprocess.DEVNULL if quiet else None)
    out = []
    for sec in (".text", ".len"):
        path = os.path.join(tmp, "bin")
        subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", "-j", sec, obj, path], check=True)
        with open(path, "rb") as f:
            out.append(f.read())
    text, lens = out
    pos, res = 0, []
    for (n,) in struct.iter_unpack("<I", lens):
        res.append(list(struct.unpack_from(f"<{n}I", text, pos)))
        pos += (n * 4 + 4 + 127) // 128 * 128
    return res


def run_oracle(cases, tmp):
    exe = os.path.join(tmp, "oracle")
    subprocess.run(["aarch64-linux-gnu-gcc", "-O1", "-static", "-fno-stack-protector", "-o", exe,
                    os.path.join(HERE, "oracle.c")], check=True)
    data = b""
    for words, state, mem in cases:
        fields = [state[f"x{n}"] for n in range(31)]
        fields += [state[k] for k in ("sp", "pc", "nzcv", "fpcr", "fpsr", "tpidr")]
        for n in range(32):
            fields += [state[f"v{n}"] & MASK, state[f"v{n}"] >> 64]
        fields += [0, 0, len(words)] + words + [0] * (MAXWORDS - len(words))
        data += struct.pack(LAYOUT, *fields) + bytes(mem)
    res = subprocess.run([QEMU, "-cpu", "max,sve=off,sme=off", exe], input=data, stdout=subprocess.PIPE, timeout=300)
    if res.returncode:
        raise SystemExit(f"oracle: exit {res.returncode}")
    size, out = struct.calcsize(LAYOUT), []
    for pos in range(0, len(res.stdout), size + PAGE):
        f = struct.unpack_from(LAYOUT, res.stdout, pos)
        s = {f"x{n}": f[n] for n in range(31)}
        s.update(zip(("sp", "pc", "nzcv", "fpcr", "fpsr", "tpidr"), f[31:37]))
        for n in range(32):
            s[f"v{n}"] = f[37 + 2 * n] | f[38 + 2 * n] << 64
        out.append((s, f[101], f[102], res.stdout[pos + size:pos + size + PAGE]))
    return out


def describe(words, before, mem0, result):
    after, signo, fault, mem = result
    toks = []
    end = P + 4 * len(words)
    if signo == 4:
        toks.append("undef")
        end = P
    elif signo in (7, 11):
        toks.append(show("fault" if signo == 11 else "bus", fault))
        end = P
    elif signo != 5:
        raise SystemExit(f"signal {signo}")
    for k in before:
        if k == "pc":
            if after[k] != end:
                toks.append(show(k, after[k]))
        elif after[k] != before[k]:
            toks.append(show(k, after[k]))
    i = 0
    while i < PAGE:
        if mem[i] == mem0[i]:
            i += 1
            continue
        j = i
        while j < PAGE and any(mem[k] != mem0[k] for k in range(j, min(j + 4, PAGE))):
            j += 1
        toks.append(f"[0x{i:x}]={mem[i:j].hex()}")
        i = j
    return " ".join(toks)


def check_words(path, lines, tmp):
    """Are the words of lines by hand what the assembler makes? Texts it refuses are left out."""
    bad = 0
    for i, text, words in lines:
        if words.startswith("="):
            continue
        try:
            have = " ".join(f"{w:08x}" for w in assemble([text], tmp, quiet=True)[0])
        except subprocess.CalledProcessError:
            continue
        if have != words:
            print(f"{path}:{i + 1}: words are {words}, the assembler makes {have}")
            bad += 1
    return bad


def fill(path, check):
    with open(path) as f:
        lines = f.read().split("\n")
    todo, byhand, hand = [], [], False
    for i, line in enumerate(lines):
        if line.startswith("# by hand"):
            hand = True
        elif line.startswith("# end by hand"):
            hand = False
        if not line.strip() or line.startswith("#"):
            continue
        parts = [p.strip() for p in line.split("|")]
        if hand:
            byhand.append((i, parts[0], parts[1]))
            continue
        while len(parts) < 3:
            parts.append("")
        todo.append((i, parts[0], parts[1], parts[2].split("=>")[0].strip()))
    with tempfile.TemporaryDirectory() as tmp:
        words = assemble([t if not w.startswith("=") else "nop" for _, t, w, _ in todo], tmp)
        cases = []
        for k, (_, text, w, before) in enumerate(todo):
            if w.startswith("="):
                words[k] = [int(h, 16) for h in w[1:].split()]
            state, mem = default_state()
            apply_state(before, state, mem)
            cases.append((words[k], state, mem))
        results = run_oracle(cases, tmp)
        bad = check_words(path, byhand, tmp)
    for (i, text, w, before), (ws, state, mem), res in zip(todo, cases, results):
        after = describe(ws, state, mem, res)
        hexes = ("=" if w.startswith("=") else "") + " ".join(f"{v:08x}" for v in ws)
        new = " ".join(f"{text} | {hexes} | {before} => {after}".split())
        if new != lines[i]:
            bad += 1
            if check:
                print(f"{path}:{i + 1}: have {lines[i]}\n  want {new}")
        lines[i] = new
    if not check:
        with open(path, "w") as f:
            f.write("\n".join(lines))
    print(f"{path}: {len(todo)} lines, {bad} {'differ' if check else 'changed'}")
    return bad if check else 0


if __name__ == "__main__":
    args = sys.argv[1:]
    check = "--check" in args
    sys.exit(1 if sum(fill(a, check) for a in args if a != "--check") else 0)
