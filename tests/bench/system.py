#!/usr/bin/env python3
"""Speed of system mode: a kernel's boot, and programs inside the guest, by myna-system and by installed emulators.

Each item is a boot of Debian's arm64 kernel with an initrd of its own. Its time is the CPU time of the emulator's
process, all threads, from one line on the console to another; the guest's idle time in between stands beside. Runners
take turns; the table has the medians of --runs. The other emulators get -cpu max,pauth-impdef=on:
theirs without it computes pointer authentication by QARMA and is five times slower at a boot. Needs tests/guest/fetch.sh BUILD/guests boot and arm64.

    tests/guest/fetch.sh build/guests qemu10-system
    python3 tests/bench/system.py -B build [--runs 3] [--only 'gzip,boot'] [--qemu PATH ...]

The table and a plot of ratios to the faster of the others: BUILD/bench-system/table.md, plot.svg.
"""
import argparse
import fnmatch
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import types

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, "..", ".."))
sys.path[:0] = [HERE, os.path.join(TOP, "tests")]
from items import inputs  # noqa: E402
from plot import draw  # noqa: E402
from boot.archive import Archive  # noqa: E402
from suites import system  # noqa: E402

LOOP = "i=0; while [ $i -lt %d ]; do %s; i=$((i+1)); done"
# name, class (what the issue asks of it), command, programs of the Debian root, input files, kernels of src/, other trees
ITEMS = [
    ("boot", "boot", None, (), (), (), ()),
    ("cc1 -O2", "integer", "/usr/lib/gcc/aarch64-linux-gnu/12/cc1 -quiet -fpreprocessed -O2 generated.i -o /dev/null", ("/usr/lib/gcc/aarch64-linux-gnu/12/cc1",), ("generated.i",), (), ()),
    ("python3", "integer", "python3.11 -S script.py", ("/usr/bin/python3.11",), ("script.py",), (), ("/usr/lib/python3.11",)),
    ("gzip -6", "integer", "gzip -6c text", ("/usr/bin/gzip",), ("text",), (), ()),
    ("sqlite3", "integer", "sqlite3 :memory: <script.sql", ("/usr/bin/sqlite3",), ("script.sql",), (), ()),
    ("openssl sha512", "integer", "openssl dgst -sha512 random-24m", ("/usr/bin/openssl",), ("random-24m",), (), ()),
    ("openssl chacha20", "vector", "openssl enc -chacha20 -K 00 -iv 00 -in random-24m", ("/usr/bin/openssl",), ("random-24m",), (), ()),
    ("n-body", "vector", "nbody 4000000", (), (), ("nbody.c",), ()),
    ("vector floats", "vector", "vecfloat 30000", (), (), ("vecfloat.c",), ()),
    ("fork and exec", "kernel", LOOP % (400, "/bin/busybox true"), (), (), (), ()),
    ("pipe ping-pong", "kernel", "pingpong 20000", (), (), ("pingpong.c",), ()),
]
ASKED = {"boot": 2, "integer": 1.4, "vector": 4, "kernel": 1}


def emulators(build, given=None):
    """Command by name: those given, or the installed qemu and the one of tests/guest/fetch.sh."""
    found = {}
    other = os.path.join(build, "guests", "qemu10-system", "qemu-system-aarch64")
    for q in given or [p for p in (shutil.which("qemu-system-aarch64"), other) if p and os.path.exists(p)]:
        text = subprocess.run([q, "-version"], stdout=subprocess.PIPE, check=True, text=True).stdout
        found["qemu " + re.search(r"version (\d+\.\d+)", text)[1]] = [q, "-net", "none", "-cpu", "max,pauth-impdef=on"]
    return found


def needed(root, path):
    """What the program at path of the root stands on: paths inside the root."""
    out = subprocess.run(["readelf", "-ld", root + path], stdout=subprocess.PIPE, check=True, text=True).stdout
    names = re.findall(r"\(NEEDED\).*\[(.*)\]", out)
    found = re.findall(r"interpreter: (\S+)\]", out)
    for name in names:
        for folder in ("/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"):
            if os.path.exists(root + folder + "/" + name):
                found.append(folder + "/" + name)
                break
    return found


def closure(root, programs):
    todo, files = list(programs), {}
    while todo:
        path = todo.pop()
        if path not in files:
            with open(root + path, "rb") as f:
                files[path] = f.read()
            todo += needed(root, path)
    return files


class Runner:
    """A running emulator: its CPU time when a line of its console comes."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text = b""

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def until(self, word, limit):
        """(CPU seconds, wall clock) when a line with the word has come."""
        end = time.monotonic() + limit
        os.set_blocking(self.process.stdout.fileno(), True)
        while time.monotonic() < end:
            line = self.process.stdout.readline()
            if not line:
                break
            self.text += line
            if word in line:
                return self.cpu(), time.monotonic(), line
        raise RuntimeError(f"no {word}: " + self.text[-400:].decode(errors="replace"))

    def close(self):
        self.process.kill()
        self.process.wait()


class Bench:
    def __init__(self, args):
        self.args, self.build = args, os.path.abspath(args.B)
        self.root = os.path.join(self.build, "guests", "arm64")
        self.out = os.path.join(self.build, "bench-system")
        os.makedirs(self.out, exist_ok=True)
        self.input = os.path.join(self.build, "bench", "input")
        inputs(self.input)
        self.context = types.SimpleNamespace(build=self.build, myna=os.path.join(self.build, "myna-aarch64"))
        self.kernel = args.kernel or system.kernel(self.context)[0]
        self.runners = {"myna": [args.myna or system.program(self.context), "-cpu", "max"]}
        self.runners.update(emulators(self.build, args.qemu))

    def archive(self, item):
        """The initrd's path; its init says READY, BEGIN, END."""
        name, _, command, programs, files, kernels, trees = item
        a = Archive()
        content = closure(self.root, programs)
        for path in files:
            with open(os.path.join(self.input, path), "rb") as f:
                content["/" + path] = f.read()
        for source in kernels:
            to = os.path.join(self.out, source[:-2])
            subprocess.run(["aarch64-linux-gnu-gcc", "-O2", "-static", "-w", "-o", to, os.path.join(HERE, "src", source), "-lm"], check=True)
            with open(to, "rb") as f:
                content["/bin/" + source[:-2]] = f.read()
        for tree in trees:
            for folder, dirs, names in os.walk(self.root + tree):
                dirs[:] = [d for d in dirs if d not in ("test", "__pycache__", "idlelib", "lib2to3", "tkinter")]
                for n in names:
                    if n.endswith((".py", ".so")) and os.path.isfile(os.path.join(folder, n)):
                        with open(os.path.join(folder, n), "rb") as f:
                            content[os.path.join(folder, n).removeprefix(self.root)] = f.read()
        box = self.args.busybox
        if not box:
            base = os.path.join(self.build, "guests", "initrd")
            box = next(p for p in (base + "/bin/busybox", base + "/usr/bin/busybox") if os.path.exists(p))
        with open(box, "rb") as f:
            content["/bin/busybox"] = f.read()
        script = ("#!/bin/busybox sh\n/bin/busybox --install -s /bin\nmount -t proc proc /proc\nmount -t devtmpfs dev /dev\necho READY $(cat /proc/uptime)\n")
        if command:
            script += f"echo BEGIN $(cat /proc/uptime)\n({command}) >/dev/null 2>/tmp/err\necho END $? $(cat /proc/uptime)\ncat /tmp/err\n"
        content["/init"] = (script + "poweroff -f\n").encode()
        for folder in sorted({d for p in content for d in self.parents(p)} | {"/proc", "/dev", "/tmp"}):
            a.folder(folder[1:])
        a.add("dev/console", 0o20600, device=(5, 1))
        for path, data in content.items():
            a.file(path[1:], data)
        path = os.path.join(self.out, re.sub(r"\W", "-", name) + ".cpio.gz")
        with open(path, "wb") as f:
            f.write(a.bytes())
        return path

    @staticmethod
    def parents(path):
        parts = path.split("/")[1:-1]
        return ["/" + "/".join(parts[:k + 1]) for k in range(len(parts))]

    def once(self, runner, item, initrd):
        """(CPU seconds, wall seconds, guest's idle seconds)"""
        r = Runner(self.runners[runner] + ["-M", "virt", "-m", "1024", "-kernel", self.kernel, "-initrd", initrd,
                                           "-append", "console=ttyAMA0 panic=-1 " + self.args.append, "-nographic", "-no-reboot"])
        try:
            begun = time.monotonic()
            if not item[2]:
                cpu, wall, line = r.until(b"READY", self.args.limit)
                return cpu, wall - begun, float(line.split()[2])
            c0, w0, first = r.until(b"BEGIN", self.args.limit)
            c1, w1, last = r.until(b"END", self.args.limit)
            if last.split()[1] != b"0":
                r.until(b"Power down", 20)
                raise RuntimeError("status " + last.split()[1].decode() + ": " + r.text[-300:].decode(errors="replace"))
            return c1 - c0, w1 - w0, float(last.split()[3]) - float(first.split()[2])
        finally:
            r.close()

    def run(self):
        rows, ratios, drawn = [], {}, []
        names = list(self.runners)
        for item in ITEMS:
            if not any(fnmatch.fnmatch(item[0], p) for p in self.args.only.split(",")):
                continue
            initrd, taken, failed = self.archive(item), {}, {}
            for _ in range(self.args.runs):
                for n in names:
                    try:
                        taken.setdefault(n, []).append(self.once(n, item, initrd))
                    except RuntimeError as why:
                        failed[n] = str(why)
            middle = {n: [statistics.median(v) for v in zip(*got)] for n, got in taken.items()}
            cells = [item[0], item[1]]
            for n in names:
                cells += [f"{middle[n][0]:.2f}", f"{middle[n][1]:.2f}", f"{middle[n][2]:.2f}"] if n in middle else [failed[n][-60:], "", ""]
            others = [middle[n][0] for n in names if n != "myna" and n in middle]
            if others and "myna" in middle:
                ratio = min(others) / max(middle["myna"][0], 0.01)
                drawn.append({"name": item[0], "class": item[1], "ratio": {
                    n.split(".")[0].replace(" ", ""): max(middle[n][0], 0.01) / min(others) for n in names if n in middle}})
                ratios.setdefault("all", []).append(ratio)
                ratios.setdefault(item[1], []).append(ratio)
                cells.append(f"{ratio:.2f}")
                cells.append(f">= {ASKED[item[1]]}")
            rows.append("| " + " | ".join(cells) + " |")
            print(rows[-1], flush=True)
        heads = ["item", "class"] + [f"{n}: {k}" for n in names for k in ("CPU s", "wall s", "idle s")] + ["gain", "asked"]
        table = "\n".join(["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)] + rows) + "\n\n"
        for kind, r in ratios.items():
            table += f"geometric mean, {kind}: {math.exp(sum(map(math.log, r)) / len(r)):.2f} of {len(r)}\n"
        print(table.split("\n\n")[1])
        plot = draw(drawn, list(ASKED), "CPU time of system emulators as a ratio to the faster qemu's (lower is better)")
        for name, text in (("table.md", table), ("plot.svg", plot)):
            with open(os.path.join(self.out, name), "w", encoding="utf-8") as f:
                f.write(text)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-B", default="build")
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--only", default="*")
    p.add_argument("--qemu", action="append", help="an emulator to compare with (may be given again); none: the installed one and that of fetch.sh")
    p.add_argument("--myna")
    p.add_argument("--kernel")
    p.add_argument("--busybox", help="a static one for the guest")
    p.add_argument("--append", default="")
    p.add_argument("--limit", type=float, default=300)
    Bench(p.parse_args()).run()


if __name__ == "__main__":
    main()
