"""gcc.c-torture/execute (Debian's gcc-12-source), its ieee and builtins too, at -O0 to -O3: every program that passes under
qemu-aarch64 must pass under myna. What fails is written to BUILD/check/torture/LEVEL.failed with the
reason; the case fails if there is any. Only in `make check-long`, which fetches the programs."""
import concurrent.futures
import glob
import json
import os
import re

from .base import Case, Fail, Skip, run

LEVELS = ["O0", "O1", "O2", "O3"]
# What builtins.exp adds: each program there is linked with NAME-lib.c and lib/main.c.
BUILTINS = ["-fno-tree-dse", "-fno-tree-loop-distribute-patterns", "-fno-tracer", "-fno-ipa-ra",
            "-fno-inline-functions"]
OPTION = re.compile(r"\{\s*dg-(?:additional-)?options\s+\"([^\"]*)\"\s*\}")


def one(context, folder, source, level, qemu_known):
    """(name, under qemu, under myna, reason); None where gcc makes no program of it."""
    name = os.path.relpath(source, folder)
    target = os.path.join(context.out, "torture", level, name.replace("/", "-")[:-2])
    if not os.path.exists(target):
        text = open(source, encoding="latin-1").read()
        flags = " ".join(OPTION.findall(text)).split()
        sources = [source]
        if name.startswith("builtins/"):
            flags += BUILTINS
            sources += [source[:-2] + "-lib.c", os.path.join(folder, "builtins", "lib", "main.c")]
        done = run(["aarch64-linux-gnu-gcc", "-w", "-" + level, "-fno-diagnostics-show-caret", *flags,
                    "-o", target, *sources, "-lm"], timeout=120)
        if done.status:
            with open(target + ".none", "w", encoding="utf-8") as f:
                f.write(done.err.decode(errors="replace"))
            return None

    def passes(prefix):
        try:
            done = run([*prefix, "-L", context.sysroot, target], timeout=60)
        except Fail:
            return False, "no end"
        err = done.err.decode(errors="replace").strip().splitlines()
        return done.status == 0, f"status {done.status}" + (": " + err[0][:150] if err else "")

    qemu = qemu_known.get(name)
    if qemu is None:
        qemu = passes([context.qemu])[0]
    if not qemu:
        return name, False, None, ""
    ok, reason = passes([context.myna])
    return name, True, ok, reason


def level_case(level):
    def test(context):
        context.need_myna()
        folder = os.path.join(context.build, "guests", "torture", "execute")
        if not os.path.isdir(folder):
            raise Skip(f"not fetched: tests/guest/fetch.sh {context.build}/guests torture")
        out = os.path.join(context.out, "torture")
        os.makedirs(os.path.join(out, level), exist_ok=True)
        known_path = os.path.join(out, level + ".qemu.json")
        known = json.load(open(known_path, encoding="utf-8")) if os.path.exists(known_path) else {}
        sources = sorted(glob.glob(folder + "/*.c") + glob.glob(folder + "/ieee/*.c")
                         + [s for s in glob.glob(folder + "/builtins/*.c") if not s.endswith("-lib.c")])
        passed, failed = [], []
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for r in pool.map(lambda s: one(context, folder, s, level, known), sources):
                if r is None:
                    continue
                known[r[0]] = r[1]
                if r[1]:
                    (passed if r[2] else failed).append((r[0], r[3]))
        with open(known_path, "w", encoding="utf-8") as f:
            json.dump(known, f)
        with open(os.path.join(out, level + ".failed"), "w", encoding="utf-8") as f:
            f.writelines(f"{n}: {why}\n" for n, why in failed)
        total = len(passed) + len(failed)
        print(f"torture {level}: {len(passed)} of {total} that pass under qemu ({len(sources)} programs)", flush=True)
        if failed:
            raise Fail(f"{len(failed)} of {total} fail; first:\n"
                       + "\n".join(f"{n}: {why}" for n, why in failed[:12]))
    return test


def cases(context):
    return [Case("torture/" + level, level_case(level), 2) for level in LEVELS]
