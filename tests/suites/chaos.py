"""Random invalidation and region shapes (-accel jit,stress=SEED, backend/stress.c): translations retired, links
withheld, jump caches and the whole cache emptied, regions cut at random lengths, whatever the program does. What is
expected is what the same programs are held against elsewhere. The four configurations: tests/configs.sh."""
import glob
import os

from . import guest
from .base import Case, Fail, compare, run

QUICK = ["selfmod", "signals", "threadcode", "recursion", "faults", "jumps", "indirect", "pcached", "returns"]
LASTING = {"estimates", "sigedit", "threadsig"}  # two seeds do
SLOW = {"contention", "litmus", "mapfuzz", "threadproc", "clocks"}  # long or of the host's speed: configs.sh


def program(stem, seeds, options=()):
    def test(context):
        context.need_myna()
        source = context.path(f"tests/guest/{stem}.c")
        path = guest.cross(context, source, "O2-static", ["-O2", "-static"])
        want, what = guest.expected(context, source, path)
        for seed in seeds:
            with context.temp() as d:
                got = run([context.myna, "-accel", f"jit,stress={seed}", *options, path], cwd=d, timeout=180)
            compare(got, want, what)
    return test


def repeats(context):
    """The same seed, the same run: by its counts."""
    context.need_myna()
    path = guest.cross(context, context.path("tests/guest/sorting.c"), "O2-static", ["-O2", "-static"])
    seen = {}
    for seed in (7, 7, 8):
        got = run([context.myna, "-accel", f"jit,stress={seed}", "-d", "stats", path])
        counts = got.err.split(b"lookups")[0] + got.err.split(b"misses")[1].split(b"\n")[0]
        if seen.setdefault(seed, counts) != counts:
            raise Fail(f"seed {seed}: {counts}, before {seen[seed]}")
    if seen[7] == seen[8]:
        raise Fail("two seeds, one run")


def pinned(context):
    """Each technique left out in turn (-accel jit,no=...): the same results."""
    context.need_myna()
    help_ = run([context.myna, "-accel", "help"]).out.decode()
    names = [line.split()[0] for line in help_.splitlines() if line.startswith("  no=")]
    if len(names) < 8:
        raise Fail("too few items: " + help_)
    for stem in ("floats", "sorting", "strings", "signals", "jumps"):
        source = context.path(f"tests/guest/{stem}.c")
        path = guest.cross(context, source, "O2-static", ["-O2", "-static"])
        want, what = guest.expected(context, source, path)
        for n in names:
            with context.temp() as d:
                compare(run([context.myna, "-accel", "jit," + n, path], cwd=d), want, what)


def cases(context):
    stems = sorted(os.path.basename(p)[:-2] for p in glob.glob(context.path("tests/guest/*.c")))
    stems = [s for s in stems if guest.mark(context.path(f"tests/guest/{s}.c"), "run") != "no" and s not in SLOW]
    found = [Case("chaos/" + s, program(s, (1, 2)), 0) for s in QUICK]
    found += [Case(f"chaos/{s}-more", program(s, range(3, 5 if s in LASTING else 9))) for s in stems]
    found += [Case("chaos/small-cache", program("threadcode", (1, 2), ["-tb-size", "262144"])),
              Case("chaos/one-block", program("threadcode", (3, 4), ["-region-blocks", "1"])),
              Case("chaos/repeats", repeats, 0), Case("chaos/without", pinned)]
    return found
