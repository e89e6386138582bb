"""Guest JITs: what is asked of the engine beyond right answers (tests/guest/jit.c has those)."""
import os
import re

from .base import Case, Fail, build, run


def program(context):
    source = context.path("tests/guest/jit.c")
    target = os.path.join(context.out, "guest", "jit-suite")
    return build(context, target, [source], ["aarch64-linux-gnu-gcc", "-std=gnu11", "-O2", "-static", "-D_GNU_SOURCE",
                                             "-w", "-o", target, source])


def reuse(context):
    """Code areas that lose and get back the right to execute aren't translated again where nothing changed."""
    context.need_myna()
    with context.temp() as d:
        log = os.path.join(d, "log")
        got = run([context.myna, "-d", "stats", "-D", log, program(context)])
        text = open(log, encoding="utf-8").read()
    count = {name: int(n) for name, n in re.findall(r"(retired|reused|translations) (\d+)", text)}
    if got.status or got.out.count(b"wrong 0") != 4:
        raise Fail((got.out + got.err).decode(errors="replace"))
    if count["reused"] < count["retired"] * 3 // 4 or count["translations"] > count["retired"] // 4:
        raise Fail(f"too little is used again: {text}")


def small(context):
    """The same where the cache is emptied now and then, and by other ways of running."""
    context.need_myna()
    for options in (["-tb-size", "262144"], ["-one-insn-per-tb"], ["-accel", "interp"], ["-B", "0x200000000000"]):
        got = run([context.myna, *options, program(context), "300"], timeout=120)
        if got.status or got.out.count(b"wrong 0") != 4:
            raise Fail((got.out + got.err).decode(errors="replace") + "\ncommand: " + got.shell())


def hot(context):
    """Hot loops are translated again as regions, and nothing else than time shows it; the other two modes too."""
    context.need_myna()
    source = context.path("tests/guest/hotloops.c")
    flags = ["-std=gnu11", "-O2", "-static", "-D_GNU_SOURCE", "-w", "-pthread"]
    guest, native = (build(context, os.path.join(context.out, "guest", "hotloops-" + cc), [source],
                           [cc, *flags, "-o", os.path.join(context.out, "guest", "hotloops-" + cc), source])
                     for cc in ("aarch64-linux-gnu-gcc", "gcc"))
    want = run([native], timeout=120).out
    with context.temp() as d:
        for options in ([], ["-accel", "jit,tier2=always"], ["-accel", "jit,no=tier2"], ["-tb-size", "262144"]):
            log = os.path.join(d, "log")
            got = run([context.myna, *options, "-d", "stats", "-D", log, guest], timeout=120)
            if got.status or got.out != want:
                raise Fail((got.out + got.err).decode(errors="replace") + "\ncommand: " + got.shell())
            regions = max(int(n) for n in re.findall(r"tier 2 regions (\d+)", open(log, encoding="utf-8").read()))
            if (regions == 0) != (options == ["-accel", "jit,no=tier2"]):
                raise Fail(f"{regions} regions of tier 2\ncommand: " + got.shell())


def cases(context):
    return [Case("jit/reuse", reuse, 0), Case("jit/hot", hot, 0), Case("jit/ways", small, 1)]
