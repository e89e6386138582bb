"""Threads and signals, many times: a short program with four threads, thousands of runs; litmus tests,
10^8 iterations in all. Counts by the environment: TORTURE_RUNS (10000), LITMUS_ROUNDS (each test's)."""
import concurrent.futures
import os
import subprocess

from .base import Case, Fail, build, run

FLAGS = ["-std=gnu11", "-O2", "-static", "-D_GNU_SOURCE", "-w"]


def program(context, stem):
    source = context.path(f"tests/guest/{stem}.c")
    target = os.path.join(context.out, "guest", stem + "-many")
    return build(context, target, [source], ["aarch64-linux-gnu-gcc", *FLAGS, "-o", target, source])


def many(kind, runs, options=()):
    def test(context):
        context.need_myna()
        command = [context.myna, *options, program(context, "brief"), kind]

        def once(_):
            try:
                done = subprocess.run(command, capture_output=True, timeout=60, check=False)
            except subprocess.TimeoutExpired:
                return "no end in 60 s"
            return "" if done.returncode == 0 and done.stdout == b"ok\n" else \
                f"status {done.returncode} " + (done.stdout + done.stderr)[-500:].decode(errors="replace")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            bad = [x for x in pool.map(once, range(runs)) if x]
        if bad:
            raise Fail(f"{len(bad)} of {runs} runs fail; first: {bad[0]}\ncommand: " + " ".join(command))
    return test


def litmus(rounds):
    def test(context):
        context.need_myna()
        got = run([context.myna, program(context, "litmus"), str(rounds)], timeout=7200)
        want = open(context.path("tests/guest/litmus.expect"), "rb").read()
        if got.status or got.out != want:
            raise Fail((got.out + got.err)[-2000:].decode(errors="replace") + "\ncommand: " + got.shell())
    return test


def again(stem, times):
    def test(context):
        context.need_myna()
        got = run([context.myna, program(context, stem), str(times)], timeout=3600)
        if got.status or any(b"wrong" in line and not line.rstrip().endswith(b"wrong 0") for line in got.out.splitlines()):
            raise Fail((got.out + got.err)[-2000:].decode(errors="replace") + "\ncommand: " + got.shell())
    return test


def cases(context):
    runs = int(os.environ.get("TORTURE_RUNS", "10000"))
    found = []
    for kind in ("locks", "storm"):
        found += [Case(f"threads/{kind}", many(kind, 40), 0),
                  Case(f"threads/{kind}-small-cache", many(kind, 40, ["-tb-size", "262144"]), 1),
                  Case(f"threads/{kind}-many", many(kind, runs), 2)]
    found.append(Case("threads/litmus-many", litmus(int(os.environ.get("LITMUS_ROUNDS", "10000000"))), 2))
    found += [Case(f"threads/{stem}-many", again(stem, times), 2)
              for stem, times in (("threadsig", 100), ("threadcode", 5000), ("sigedit", 30), ("jit", 20000))]
    return found
