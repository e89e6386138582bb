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
            got = run([context.myna, "-cache", "off", *options, "-d", "stats", "-D", log, guest], timeout=120)
            if got.status or got.out != want:
                raise Fail((got.out + got.err).decode(errors="replace") + "\ncommand: " + got.shell())
            regions = max(int(n) for n in re.findall(r"tier 2 regions (\d+)", open(log, encoding="utf-8").read()))
            if "jit,tier2=always" not in options and (regions == 0) != ("jit,no=tier2" in options):
                raise Fail(f"{regions} regions of tier 2\ncommand: " + got.shell())


def changed(context):
    """Code that changes becomes hot again."""
    context.need_myna()
    source, target = context.path("tests/guest/hotpatch.c"), os.path.join(context.out, "guest", "hotpatch")
    build(context, target, [source], ["aarch64-linux-gnu-gcc", "-std=gnu11", "-O2", "-static", "-D_GNU_SOURCE", "-w", "-o", target, source])
    with context.temp() as d:
        got = run([context.myna, "-cache", "off", "-d", "stats", "-D", d + "/log", target], timeout=120)
        regions = int(re.search(r"tier 2 regions (\d+)", open(d + "/log", encoding="utf-8").read())[1])
    if got.status or got.out != b"wrong 0\n" or regions < 3:
        raise Fail(f"{got.out} {regions} regions of tier 2\ncommand: " + got.shell())


def profile(context):
    """-d prof: samples of threads, and of a program that has a use for the signal itself; a child has a profile of its own."""
    context.need_myna()
    source = context.path("tests/guest/threadproc.c")
    target = os.path.join(context.out, "guest", "profiled")
    build(context, target, [source], ["aarch64-linux-gnu-gcc", "-std=gnu11", "-O1", "-static", "-D_GNU_SOURCE", "-w", "-o", target, source])
    with context.temp() as d:
        want = run([context.myna, target], cwd=d, timeout=120)
        got = run([context.myna, "-d", "prof", "-D", d + "/log", target], cwd=d, timeout=120)
        text = open(d + "/log", encoding="utf-8", errors="replace").read()
    if (got.status, got.out) != (want.status, want.out):
        raise Fail(f"another result: {got.status} {got.out[-300:]} {got.err[-300:]}")
    if not re.search(r"profile: \d+ samples; translated code .*outside", text) or "exits: lookups" not in text:
        raise Fail("no profile: " + text[-500:])
    with context.temp() as d:
        got = run([context.myna, "-d", "prof", "-D", d + "/log", program(context), "3000"], cwd=d, timeout=120)
        text = open(d + "/log", encoding="utf-8", errors="replace").read()
    if got.status or got.out.count(b"wrong 0") != 4 or not re.search(r"profile: [1-9]", text):
        raise Fail(f"{got.status} {got.out[-300:]} {got.err[-300:]} {text[:300]}")


def cases(context):
    return [Case("jit/profile", profile), Case("jit/reuse", reuse, 0), Case("jit/hot", hot, 0), Case("jit/changed", changed, 0), Case("jit/ways", small, 1)]
