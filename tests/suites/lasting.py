"""Guests that run for long (check-long): node with code that is made and dropped all the time does not grow without
bound. LASTING_MINUTES (30) is how long; tests/guest/fetch.sh BUILD/guests runtimes fetches node.

The proportional set size without what comes from files, and that of the code arena, are written to
BUILD/check/lasting-node.tsv. The arena is filled up to its size and emptied, its tables with it (64 MiB, which half an hour of this
program on a busy machine does not fill: LASTING_ARENA, 16M here, so that it happens several times). What counts is the
most of the last third: a quarter more than the most of the second third, and it grows."""
import os
import re
import shutil
import subprocess
import time

from .base import ENVIRONMENT, Case, Fail
from .runtimes import root


def sample(pid):
    """(KiB of private and anonymous memory by share, KiB resident of the code arena) of a process."""
    pss = arena = 0
    name = ""
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as f:
        for line in f:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                name = line.split(None, 5)[5].strip() if len(line.split(None, 5)) > 5 else ""
            elif line.startswith("Pss:") and (not name.startswith("/") or "memfd" in name):
                pss += int(line.split()[1])
                if "memfd" in name:
                    arena += int(line.split()[1])
    return pss, arena


def churn(context):
    base = root(context)
    seconds = int(float(os.environ.get("LASTING_MINUTES", "30")) * 60)
    with context.temp() as d:
        shutil.copy(context.path("tests/programs/runtimes/churn.js"), d)
        log = os.path.join(d, "log")
        with open(os.path.join(d, "out"), "wb") as out:
            p = subprocess.Popen([context.myna, "-tb-size", os.environ.get("LASTING_ARENA", "16M"), "-d", "stats", "-D", log, "-L", base, os.path.join(base, "usr/bin/node"),
                                  "churn.js", str(seconds)], cwd=d, env=dict(ENVIRONMENT, HOME=d), stdout=out,
                                 stderr=subprocess.STDOUT, start_new_session=True)
            rows, begun = [], time.monotonic()
            try:
                while p.poll() is None:
                    time.sleep(min(5, seconds / 60))
                    try:
                        rows.append((time.monotonic() - begun, *sample(p.pid)))
                    except (FileNotFoundError, ProcessLookupError):
                        break
                    if time.monotonic() - begun > 2 * seconds + 120:
                        raise Fail("no end")
            finally:
                if p.poll() is None:
                    p.kill()
                p.wait()
        with open(os.path.join(d, "out"), encoding="utf-8", errors="replace") as f:
            text = f.read()
        stats = open(log, encoding="utf-8").read() if os.path.exists(log) else ""
    with open(os.path.join(context.out, "lasting-node.tsv"), "w", encoding="utf-8") as f:
        f.write("second\tKiB\tarena KiB\n")
        f.writelines(f"{t:.0f}\t{a}\t{b}\n" for t, a, b in rows)
        f.write("# " + text.replace("\n", "\n# ") + "\n# " + stats.replace("\n", "\n# ") + "\n")
    if p.returncode or not text.endswith("end 0\n"):
        raise Fail(f"status {p.returncode}: {text[-500:]}")
    n = len(rows) // 3
    early, late = max(r[1] for r in rows[n:2 * n]), max(r[1] for r in rows[2 * n:])
    flushes = max([int(x) for x in re.findall(r"flushes (\d+)", stats)] or [0])
    print(f"lasting/node-churn: {seconds} s, at most {early / 1024:.0f} MiB in the second third, {late / 1024:.0f} in the last; "
          f"arena at most {max(r[2] for r in rows) / 1024:.0f} MiB, emptied {flushes} times", flush=True)
    if late > early * 1.25 + 4096:
        raise Fail(f"at most {early} KiB in the second third, {late} KiB in the last")
    if flushes < 2:
        raise Fail(f"the arena was emptied {flushes} times: too short to say anything")


def cases(context):
    return [Case("lasting/node-churn", churn, 2)]
