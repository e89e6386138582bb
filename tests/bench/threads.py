#!/usr/bin/env python3
"""make bench-threads: two independent threads against one, natively and under myna.

For each kind of work (src/pair.c), statically and dynamically linked, programs with one and with two threads take
turns, --runs times each. Shown are the wall time of one thread and, of two threads, the wall time as a multiple of it, and the CPU time of the
slower one as a multiple of a single thread's: medians, and from the least of each, which other work on the machine
disturbs less (threads that get in each other's way by shared memory take more CPU time; waiting for locks shows in wall
time alone). Asked
is a wall time within 10 % where the native program keeps to that too.
"""
import argparse
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"integers": 150000, "memory": 150000, "calls": 400000, "allocator": 500000}
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "MYNA_CACHE": "off"}


def build(out, target, compiler, flags):
    path, source = os.path.join(out, target), os.path.join(HERE, "src", "pair.c")
    if not os.path.exists(path) or os.path.getmtime(source) > os.path.getmtime(path):
        subprocess.run([compiler, "-O2", "-fno-optimize-sibling-calls", *flags, "-pthread", "-o", path, source], check=True)
    return path


def measure(command, kind, threads, rounds):
    done = subprocess.run([*command, kind, str(threads), str(rounds)], env=ENVIRONMENT, capture_output=True, timeout=300)
    if done.returncode:
        sys.exit(f"{' '.join(command)} {kind}: status {done.returncode}\n{done.stderr.decode()[-500:]}")
    times, value = done.stdout.split(b"\n")[:2]
    times = [int(t) / 1e9 for t in times.split()]
    return times[0], max(times[1:]), value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-B", default="build")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--scale", type=float, default=1, help="times the work")
    parser.add_argument("--only", default="", help="kinds, with commas")
    args = parser.parse_args()
    out = os.path.join(os.path.abspath(args.B), "bench", "bin")
    os.makedirs(out, exist_ok=True)
    myna = os.path.join(os.path.abspath(args.B), "myna-aarch64")
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, {args.runs} runs: median (least)\n")
    print("| work | program | one thread s | two: wall | two: CPU of the slower | |\n|---|---|---|---|---|---|")
    missed = 0
    for kind, rounds in KINDS.items():
        if args.only and kind not in args.only.split(","):
            continue
        rounds = max(1, int(rounds * args.scale))
        values = set()
        for linked, flags in (("static", ["-static"]), ("dynamic", [])):
            native = build(out, f"pair-native-{linked}", "gcc", flags)
            guest = build(out, f"pair-guest-{linked}", "aarch64-linux-gnu-gcc", flags)
            rows = {f"native, {linked}": [native], f"myna, {linked}": [myna, "-L", "/usr/aarch64-linux-gnu", guest]}
            one, own, wall, cpu = ({name: [] for name in rows} for _ in range(4))
            for _ in range(args.runs):
                for name, command in rows.items():
                    t = measure(command, kind, 1, rounds)
                    one[name].append(t[0])
                    own[name].append(t[1])
                    values.add(t[2])
                    t = measure(command, kind, 2, rounds)
                    wall[name].append(t[0])
                    cpu[name].append(t[1])
                    values.add(t[2])
            ratio = {}
            for name in rows:
                median, least = statistics.median(one[name]), min(one[name])
                ratio[name] = min(wall[name]) / least
                word = ""
                if name.startswith("myna"):
                    ok = ratio[name] <= max(1.1, 1.02 * ratio[f"native, {linked}"])
                    word, missed = ("ok", missed) if ok else ("more than 10 %", missed + 1)
                print(f"| {kind} | {name} | {median:.3f} ({least:.3f}) | {statistics.median(wall[name]) / median:.2f} "
                      f"({ratio[name]:.2f}) | {statistics.median(cpu[name]) / statistics.median(own[name]):.2f} "
                      f"({min(cpu[name]) / min(own[name]):.2f}) | {word} |")
                sys.stdout.flush()
        if len(values) != 1:
            sys.exit(f"{kind}: results differ: {values}")
    print(f"\n{missed} missed")
    return missed > 0


if __name__ == "__main__":
    sys.exit(main())
