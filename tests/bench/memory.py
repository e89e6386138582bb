#!/usr/bin/env python3
"""make bench-memory: the most memory that programs need under myna and under the qemus, shared file pages apart.

What counts is a process's proportional set size without pages of files: anonymous and shared memory (smaps_rollup's
Pss_Anon and Pss_Shmem; myna's code arena is the latter). It is read every few milliseconds while the program runs, and the
highest value of a run counts; the median of the runs is shown. Programs of one process each, so nothing is added up."""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(TOP, "tests", "bench"))
from items import ITEMS, inputs  # noqa: E402

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/nonexistent", "PYTHONHASHSEED": "0",
               "PYTHONDONTWRITEBYTECODE": "1"}
NODE = ["runtimes", "/usr/bin/node", "-e", "console.log([1, 2, 3].map(x => x * x).join())"]
JAVA = ["runtimes", "/usr/lib/jvm/java-17-openjdk-arm64/bin/java", "-Xshare:auto", "-version"]


def programs():
    """(name, root's name, command) of the six."""
    found = {i["name"]: ["arm64", i["program"], *i["args"]] for i in ITEMS if "program" in i}
    return [(n, c[0], c[1:]) for n, c in (("lua 5.4", found["lua5.4"]), ("python3", found["python3"]), ("cc1 -O1", found["cc1 -O1"]),
                                          ("sqlite3", found["sqlite3"]), ("node start", NODE), ("java start", JAVA))]


def own(pid):
    total = 0
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        for line in f:
            if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                total += int(line.split()[1])
    return total


def peak(command, cwd, env, step):
    """(KiB at most, exit status)"""
    with tempfile.TemporaryFile() as err:
        p = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        most = 0
        while p.poll() is None:
            try:
                most = max(most, own(p.pid))
            except (FileNotFoundError, ProcessLookupError, OSError):
                pass
            time.sleep(step)
        if p.returncode:
            err.seek(0)
            print(f"status {p.returncode}: {' '.join(command)}: {err.read()[-200:].decode(errors='replace')}", file=sys.stderr)
        return most, p.returncode


def main():
    a = argparse.ArgumentParser(description="memory of myna and the qemus")
    a.add_argument("-B", default="build")
    a.add_argument("--runs", type=int, default=3)
    a.add_argument("--only", default="", help="names, comma-separated")
    a.add_argument("--step", type=float, default=0.004, help="seconds between looks")
    args = a.parse_args()
    build = os.path.abspath(args.B)
    guests, folder = os.path.join(build, "guests"), os.path.join(build, "bench", "input")
    inputs(folder)
    cache = tempfile.mkdtemp(prefix="myna-memory-")
    runners = {"qemu 7.2": [shutil.which("qemu-aarch64")], "qemu 10.0": [guests + "/qemu10/usr/bin/qemu-aarch64"],
               "myna": [build + "/myna-aarch64", "-cache", "off"], "myna, cache": [build + "/myna-aarch64", "-cache", cache]}
    print("| MiB at most | " + " | ".join(runners) + " | myna / the smaller qemu |\n|---|" + "---|" * (len(runners) + 1))
    for name, root, command in programs():
        if args.only and name not in args.only.split(","):
            continue
        base, cells = os.path.join(guests, root), {}
        if not os.path.exists(base + command[0]):
            print(f"| {name} | not there: tests/guest/fetch.sh {guests} {root} |")
            continue
        for runner, prefix in runners.items():
            full = [*prefix, "-L", base, base + command[0], *command[1:]]
            if runner == "myna, cache":
                peak(full, folder, ENVIRONMENT, args.step)
            seen = [peak(full, folder, ENVIRONMENT, args.step) for _ in range(args.runs)]
            good = [m for m, status in seen if status == 0]
            cells[runner] = statistics.median(good) / 1024 if good else None
        qemu = min((v for k, v in cells.items() if k.startswith("qemu") and v), default=None)
        print(f"| {name} | " + " | ".join(f"{v:.1f}" if v else "fails" for v in cells.values())
              + (f" | {cells['myna'] / qemu:.2f} |" if qemu and cells["myna"] else " | – |"), flush=True)
    shutil.rmtree(cache, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
