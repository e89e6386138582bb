"""Guest C programs (tests/guest/*.c) by the cross compiler at every level, static and dynamic.

What is expected: NAME.expect where there is one; the output of the native build (-fsigned-char, no
contraction, so that nothing depends on the target); that of qemu-aarch64 where a program is marked
`TEST: native=no`. A mark `flags=A, B` builds the program once more with each set of flags."""
import glob
import os
import re

from .base import Case, Fail, Outcome, build, compare, run

COMMON = ["-std=gnu11", "-D_GNU_SOURCE", "-fsigned-char", "-ffp-contract=off", "-frounding-math", "-w"]
# name: flags, level. Dynamic programs run with -L on the cross compiler's C library.
VARIANTS = {
    "O0-static": (["-O0", "-static"], 1), "O1-static": (["-O1", "-static"], 1),
    "O2-static": (["-O2", "-static"], 0), "O3-static": (["-O3", "-static"], 1),
    "O2-dynamic": (["-O2"], 0), "O2-static-pie": (["-O2", "-static-pie"], 1),
    "O0-dynamic": (["-O0"], 2), "O1-dynamic": (["-O1"], 2), "O3-dynamic": (["-O3"], 2),
    "Os-static": (["-Os", "-static"], 2),
}
# Programs that also run by the IR interpreter.
INTERP = ["hello", "arith", "strings", "recursion", "formats", "jumps"]


def mark(source, key):
    m = re.search(r"TEST:[^\n]*?\b" + key + r"=(.*?)(?= \w+=|\n| \*/)", open(source, encoding="utf-8").read())
    return m[1].strip() if m else None


def cross(context, source, label, flags):
    stem = os.path.splitext(os.path.basename(source))[0]
    target = os.path.join(context.out, "guest", f"{stem}-{label}")
    return build(context, target, [source],
                 ["aarch64-linux-gnu-gcc", *COMMON, *flags, "-o", target, source, "-lm"])


def expected(context, source, program):
    stem = os.path.splitext(os.path.basename(source))[0]
    fixed = os.path.splitext(source)[0] + ".expect"
    if os.path.exists(fixed):
        return Outcome([], 0, open(fixed, "rb").read(), b""), fixed
    if mark(source, "native") == "no":
        with context.temp() as d:
            return run([context.qemu, "-L", context.sysroot, program], cwd=d, timeout=120), "qemu-aarch64"
    target = os.path.join(context.out, "guest", stem + "-native")
    build(context, target, [source], ["gcc", *COMMON, "-O1", "-o", target, source, "-lm"])
    with context.temp() as d:
        return run([target], cwd=d), "native"


def program(source, label, flags, options=()):
    def test(context):
        path = cross(context, source, label, flags)
        context.need_myna()
        want, what = expected(context, source, path)
        with context.temp() as d:
            got = run([context.myna, *options, "-L", context.sysroot, path], cwd=d, timeout=120)
        compare(got, want, what)
    return test


def fpexact(options, *args):
    """fpexact.c checks itself: by exact arithmetic (fpexact.h)."""
    def test(context):
        source = context.path("tests/guest/fpexact.c")
        flags = ["-O2", "-static", "-march=armv8.2-a+fp16"]
        target = os.path.join(context.out, "guest", "fpexact")
        build(context, target, [source, context.path("tests/guest/fpexact.h")],
              ["aarch64-linux-gnu-gcc", *COMMON, *flags, "-o", target, source])
        context.need_myna()
        done = run([context.myna, *options, target, *args], timeout=1800)
        if done.status:
            raise Fail(done.out.decode(errors="replace")[-3000:] + done.err.decode(errors="replace")[-500:]
                       + "command: " + done.shell())
    return test


EXACT = ["-cpu", "max,fpflags=exact"]


def cases(context):
    found = [Case("guest/fpexact-fast", fpexact([], "64", "fast"), 0),
             Case("guest/fpexact-exact", fpexact(EXACT, "64", "exact", "2"), 0),
             Case("guest/fpexact-interp", fpexact(["-accel", "interp"], "8", "exact", "3")),
             Case("guest/fpexact-fast-long", fpexact([], "20000", "fast", "4"), 2),
             Case("guest/fpexact-exact-long", fpexact(EXACT, "20000", "exact", "5"), 2)]
    for source in sorted(glob.glob(context.path("tests/guest/*.c"))):
        stem = os.path.splitext(os.path.basename(source))[0]
        if mark(source, "run") == "no":
            continue
        for label, (flags, level) in VARIANTS.items():
            found.append(Case(f"guest/{stem}-{label}", program(source, label, flags), level))
        for n, extra in enumerate((mark(source, "flags") or "").split(",")):
            if extra.strip():
                flags = ["-O2", "-static", *extra.split()]
                found.append(Case(f"guest/{stem}-flags{n}", program(source, f"flags{n}", flags)))
        if stem in INTERP:
            found.append(Case(f"guest/{stem}-interp",
                              program(source, "O2-static", ["-O2", "-static"], ["-accel", "interp"])))
        if stem in ("hello", "strings", "signals", "mappings", "processes", "tagged", "faults", "procmem",
                    "taggedabi"):
            found.append(Case(f"guest/{stem}-base",
                              program(source, "O2-static", ["-O2", "-static"], ["-B", "0x200000000000"])))
    return found
