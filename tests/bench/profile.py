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


def sections(text):
    """address of the hot region -> (guest lines, host lines), in the order of the table."""
    found = []
    for part in text.split("GUEST: ")[1:]:
        head, _, rest = part.partition("\n")
        guest, _, host = rest.partition("HOST: ")
        found.append((head, [x for x in guest.splitlines() if x.strip()],
                      [x for x in host.partition("\n")[2].split("\n\n")[0].splitlines() if x.strip()]))
    return found


def main():
    a = argparse.ArgumentParser(description="profiles of real programs")
    a.add_argument("-B", default="build")
    a.add_argument("--only", default="")
    args = a.parse_args()
    build = os.path.abspath(args.B)
    root, folder, out = build + "/guests/arm64", build + "/bench/input", build + "/bench/profile"
    os.makedirs(out, exist_ok=True)
    inputs(folder)
    for item in ITEMS:
        if item["name"] not in (args.only.split(",") if args.only else NAMES):
            continue
        log = os.path.join(out, item["name"].replace(" ", "") + ".log")
        subprocess.run([build + "/myna-aarch64", "-d", "prof_asm", "-D", log, "-L", root, root + item["program"], *item["args"]],
                       cwd=folder, env=dict(ENVIRONMENT, **item.get("env", {})), stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, check=True)
        with open(log, encoding="utf-8", errors="replace") as f:
            text = f.read()
        text = text[text.rindex("profile: "):]  # of the last process
        table, code = text.partition("GUEST: ")[0], iter(sections(text))
        print(f"### {item['name']}\n\n{table.splitlines()[0]}\n\n| share | where | guest | host | slots |\n|---|---|---|---|---|")
        rows = [x for x in table.splitlines() if re.match(r" *[\d.]+ % ", x)][:10]
        for row in rows:
            share, _, _, _, where = re.match(r" *([\d.]+) % +([\d.]+) % +(\d+) +(\d+)  (.*)", row).groups()
            _, guest, host = next(code, ("", [], []))
            slots = sum("rbp" in x and "[rbp" in x.replace("qword ptr ", "") for x in host)
            print(f"| {share} % | {where} | {len(guest)} | {len(host)} | {slots} |")
        print(flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
