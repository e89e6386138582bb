#!/usr/bin/env python3
"""make bench-profile: the ten hottest regions of six real programs, by -d prof_asm, as tables for docs/profiles.md.

Columns: share of the samples of CPU time; where; guest instructions of the translation (with what its look-ahead read); host
instructions of the translation, cold code included; how many of those load or store a guest register's slot (rbp - x), which
a register of the host's would save. The logs with the code stay in BUILD/bench/profile."""
import argparse
import os
import re
import subprocess
import sys

TOP = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(TOP, "tests", "bench"))
from items import ITEMS, inputs  # noqa: E402

NAMES = ["lua5.4", "python3", "cc1 -O1", "sqlite3", "gzip", "dav1d"]
ENVIRONMENT = {"MYNA_CACHE": "off", "PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/nonexistent",
               "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


ROW = re.compile(r" *([\d.]+) % +([\d.]+) % +(\d+) +(\d+)  (0x[0-9a-f]+)(.*)")
SLOT = re.compile(r"\[rbp [-+]")


def code(text):
    """address -> (guest lines, host lines) of the regions whose code is in the log."""
    found = {}
    for part in text.split("GUEST: ")[1:]:
        head, _, rest = part.partition("\n")
        guest, _, host = rest.partition("HOST: ")
        found[head.split()[0]] = ([x for x in guest.splitlines() if x.strip()],
                                  [x for x in host.partition("\n")[2].split("\n\n")[0].splitlines() if x.strip()])
    return found


def main():
    a = argparse.ArgumentParser(description="profiles of real programs")
    a.add_argument("-B", default="build")
    a.add_argument("--only", default="")
    a.add_argument("--runs", type=int, default=15, help="the samples of so many are added up")
    args = a.parse_args()
    build = os.path.abspath(args.B)
    root, folder, out = build + "/guests/arm64", build + "/bench/input", build + "/bench/profile"
    os.makedirs(out, exist_ok=True)
    inputs(folder)
    for item in ITEMS:
        if item["name"] not in (args.only.split(",") if args.only else NAMES):
            continue
        log, samples, where, regions = os.path.join(out, item["name"].replace(" ", "") + ".log"), 0, {}, {}
        for _ in range(args.runs):
            subprocess.run([build + "/myna-aarch64", "-d", "prof_asm", "-D", log, "-L", root, root + item["program"], *item["args"]],
                           cwd=folder, env=dict(ENVIRONMENT, **item.get("env", {})), stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, check=True)
            with open(log, encoding="utf-8", errors="replace") as f:
                text = f.read()
            text = text[text.rindex("profile: "):]  # of the last process
            n = int(text.split()[1])
            samples += n
            for name, share in re.findall(r"([a-z][a-z ]+?) ([\d.]+) %", text.splitlines()[0].partition(";")[2]):
                where[name] = where.get(name, 0) + float(share) * n / 100
            for m in filter(None, map(ROW.match, text.splitlines())):
                r = regions.setdefault(m[5], [0, "", None])
                r[0] += float(m[1]) * n / 100
                r[1] = m[6].strip()
            for pc, c in code(text).items(): # by where it begins, which is before the head where a loop is entered in its middle
                regions.setdefault(pc, [0, "", None])[2] = c
        print(f"### {item['name']}\n\n{samples} samples: " + ", ".join(f"{k} {100 * v / samples:.1f} %" for k, v in where.items())
              + "\n\n| share | where | guest | host | slots |\n|---|---|---|---|---|")
        for pc, (count, name, c) in sorted(regions.items(), key=lambda r: -r[1][0])[:10]:
            guest, host = c or ([], [])
            print(f"| {100 * count / samples:.1f} % | {name or pc} | " + (f"{len(guest)} | {len(host)} | "
                  f"{sum(bool(SLOT.search(x)) for x in host)} |" if c else "| | |"))
        print(flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
