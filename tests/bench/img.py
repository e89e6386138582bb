#!/usr/bin/env python3
"""Speed of myna-img convert against qemu-img's: raw to qcow2 and back, full and sparse images, compression.

Sources are in the page cache; the programs take turns on a target that is new each time. The table has medians of --runs: wall
time, CPU time of the program with its threads, and qemu-img's over ours. The images' sizes and contents are fixed here.

    python3 tests/bench/img.py -B build [--runs 3] [--megabytes 4096] [--only 'raw*'] [--folder DIR]
"""
import argparse
import fnmatch
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20


def make_full(path, megabytes):
    """Bytes without zeros; each MiB is another rotation of one block, so nothing repeats side by side."""
    block = random.Random(1).randbytes(MIB)
    with open(path, "wb") as f:
        for k in range(megabytes):
            at = k * 4099 % MIB
            f.write(block[at:] + block[:at])


def make_sparse(path, megabytes):
    """Data in one MiB of four, half of it zeros that are written, holes elsewhere."""
    block = random.Random(2).randbytes(MIB // 2) + bytes(MIB // 2)
    with open(path, "wb") as f:
        f.truncate(megabytes * MIB)
        for k in range(0, megabytes, 4):
            f.seek(k * MIB)
            f.write(block)


def make_text(path, megabytes):
    """What compresses to a third or so."""
    r = random.Random(3)
    words = [bytes(r.choices(b"abcdefghijklmnopqrstuvwxyz", k=r.randrange(2, 9))) for _ in range(4000)]
    with open(path, "wb") as f:
        for _ in range(megabytes // 16):
            f.write(b" ".join(r.choices(words, k=4 * MIB))[:16 * MIB])


# name, source, formats from and to, options, part of --megabytes
ITEMS = [
    ("raw to qcow2, full",      "full.raw",     "raw",   "qcow2", [], 1),
    ("qcow2 to raw, full",      "full.qcow2",   "qcow2", "raw",   [], 1),
    ("raw to qcow2, sparse",    "sparse.raw",   "raw",   "qcow2", [], 1),
    ("qcow2 to raw, sparse",    "sparse.qcow2", "qcow2", "raw",   [], 1),
    ("raw to raw, full",        "full.raw",     "raw",   "raw",   [], 1),
    ("qcow2 to qcow2, full",    "full.qcow2",   "qcow2", "qcow2", [], 1),
    ("raw to qcow2 -c",         "text.raw",     "raw",   "qcow2", ["-c"], 16),
    ("compressed to raw",       "text.qcow2",   "qcow2", "raw",   [], 16),
]


def source(folder, name, megabytes, maker):
    path = os.path.join(folder, name)
    if os.path.exists(path):
        return path
    base = os.path.splitext(path)[0]
    if name.endswith(".raw"):
        {"full": make_full, "sparse": make_sparse, "text": make_text}[os.path.basename(base)](path, megabytes)
    else:
        raw = source(folder, os.path.basename(base) + ".raw", megabytes, maker)
        subprocess.run([maker, "convert", "-f", "raw", "-O", "qcow2", *(["-c"] if "text" in name else []), raw, path], check=True)
    return path


def measure(command):
    before, begun = os.times(), time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=900)
    wall, after = time.monotonic() - begun, os.times()
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.decode()}")
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-B", default="build")
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--megabytes", type=int, default=4096)
    p.add_argument("--only", default="*")
    p.add_argument("--folder", help="where the images go (a temporary folder)")
    args = p.parse_args()
    qemu = shutil.which("qemu-img") or sys.exit("no qemu-img: scripts/setup.sh check")
    programs = {"myna": os.path.join(os.path.abspath(args.B), "myna-img"), "qemu": qemu}
    print("| convert | MiB | qemu wall s | myna wall s | ratio | qemu CPU s | myna CPU s | ratio |\n|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        for name, file, f, to, options, part in ITEMS:
            if not fnmatch.fnmatch(name, args.only):
                continue
            path = source(folder, file, args.megabytes // part, qemu)
            with open(path, "rb") as g:  # it is in the page cache
                while g.read(16 * MIB):
                    pass
            times = {n: [] for n in programs}
            for _ in range(args.runs):
                for n, program in programs.items():
                    target = os.path.join(folder, "target")
                    times[n].append(measure([program, "convert", "-f", f, "-O", to, *options, path, target]))
                    os.unlink(target)
            wall, cpu = ({n: statistics.median(t[k] for t in times[n]) for n in programs} for k in (0, 1))
            print(f"| {name} | {args.megabytes // part} | {wall['qemu']:.2f} | {wall['myna']:.2f} | {wall['qemu'] / wall['myna']:.2f} | "
                  f"{cpu['qemu']:.2f} | {cpu['myna']:.2f} | {cpu['qemu'] / cpu['myna']:.2f} |", flush=True)


if __name__ == "__main__":
    main()
