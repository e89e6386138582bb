#!/usr/bin/env python3
"""Runs the tests: python3 tests/run.py [-B build] [--quick|--long] [NAME-PATTERN...]

A case is one function of a file in tests/suites/ (tests/README.md says how to add one). Cases run two
at a time. Each failure prints what went wrong and the command that repeats it alone; the last line is
"N passed, N failed" with the skipped ones named above it, and the exit status is 1 if any failed.
A case is skipped only where the machine lacks something (and then says what): never because a part of
myna is missing, which is a failure.
"""
import argparse
import concurrent.futures
import fnmatch
import glob
import importlib
import os
import shlex
import signal
import sys
import time

TOP = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from suites import base  # noqa: E402
from suites.base import ENVIRONMENT, Context, Fail, Skip  # noqa: E402


def collect(context):
    cases = []
    for path in sorted(glob.glob(os.path.join(TOP, "tests", "suites", "*.py"))):
        name = os.path.basename(path)[:-3]
        if name not in ("__init__", "base"):
            cases += importlib.import_module("suites." + name).cases(context)
    return cases


def chosen(case, args):
    if case.name in args.pattern:
        return True
    level = 2 if args.long else 0 if args.quick else 1
    return case.level <= level and (not args.pattern or any(
        fnmatch.fnmatch(case.name, p) or case.name.startswith(p.rstrip("/") + "/") for p in args.pattern))


def run_one(context, case):
    start = time.monotonic()
    try:
        case.run(context)
        return case, "ok", "", time.monotonic() - start
    except Fail as e:
        return case, "FAIL", str(e), time.monotonic() - start
    except Skip as e:
        return case, "skip", str(e), time.monotonic() - start
    except Exception as e:  # the test itself is wrong: that is a failure too
        return case, "FAIL", f"{type(e).__name__}: {e}", time.monotonic() - start


def main():
    p = argparse.ArgumentParser(description="myna's tests")
    p.add_argument("-B", default="build", help="build folder (build)")
    p.add_argument("--quick", action="store_true", help="only cases that take seconds")
    p.add_argument("--long", action="store_true", help="all: torture, long fuzzing")
    p.add_argument("--list", action="store_true", help="print the names and stop")
    p.add_argument("--myna", help="the binary under test (BUILD/myna-aarch64)")
    p.add_argument("--cache", metavar="DIR", help="with the persistent cache in DIR (absolute)")
    p.add_argument("--accel", metavar="HOW", help="with -accel HOW for all (jit,stress=SEED)")
    p.add_argument("--times", type=float, default=1, help="time limits are so many times as long")
    p.add_argument("--shard", metavar="I/N", help="every Nth case, from the Ith on (1/N ... N/N)")
    p.add_argument("--but", metavar="PATTERN", action="append", default=[], help="without these cases (may be repeated)")
    p.add_argument("-j", type=int, default=min(os.cpu_count() or 1, 8), help="cases at a time")
    p.add_argument("-v", action="store_true", help="print passed cases too")
    p.add_argument("pattern", nargs="*", help="names, globs or suites")
    args = p.parse_args()
    os.chdir(TOP)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job has them ignored,
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)             # and would its children
    if args.cache:
        ENVIRONMENT["MYNA_CACHE"] = os.path.abspath(args.cache)
    context = Context(TOP, args.B, args.myna, args.long)
    base.TIMES = args.times
    if args.accel:
        ENVIRONMENT["MYNA_ACCEL"] = args.accel
    cases = [c for c in collect(context) if chosen(c, args)
             and not any(fnmatch.fnmatch(c.name, b) for b in args.but)]
    if args.shard:
        i, n = map(int, args.shard.split("/"))
        cases = cases[i - 1::n]
    if args.list:
        print("\n".join(c.name for c in cases))
        return 0
    if not cases:
        print("no case has such a name: --list prints them", file=sys.stderr)
        return 2

    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    repeat = f"python3 tests/run.py -B {shlex.quote(args.B)}"
    repeat += "".join(f" --{o} {shlex.quote(v)}" for o, v in (("accel", args.accel), ("cache", args.cache)) if v)
    if args.myna:
        repeat += f" --myna {shlex.quote(args.myna)}"
    begun = time.monotonic()
    slow = []
    with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
        jobs = [pool.submit(run_one, context, c) for c in cases]
        for job in concurrent.futures.as_completed(jobs):
            case, state, text, seconds = job.result()
            counts[state] += 1
            slow.append((seconds, case.name))
            if state == "FAIL":
                print(f"FAIL {case.name}")
                for line in text.splitlines()[:100]:
                    print("     " + line)
                print(f"     repeat: {repeat} '{case.name}'", flush=True)
            elif state == "skip":
                print(f"skip {case.name}: {text}", flush=True)
            elif args.v:
                print(f"ok   {case.name} ({seconds:.2f} s)", flush=True)
    slow.sort(reverse=True)
    print(f"{time.monotonic() - begun:.0f} s; slowest: "
          + ", ".join(f"{n} {s:.0f} s" for s, n in slow[:3]))
    tail = f", {counts['skip']} skipped" if counts["skip"] else ""
    print(f"{counts['ok']} passed, {counts['FAIL']} failed{tail}")
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
