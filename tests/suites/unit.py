"""Test programs of myna's own parts (tests/{unit,decode,codegen,ir}/*.c, built by make), one-line
instruction tests and the differential fuzzer."""
import glob
import os

from .base import Case, Fail, run


def program(name, args=(), timeout=300):
    def test(context):
        path = os.path.join(context.build, "tests", name)
        if not os.access(path, os.X_OK):
            raise Fail(f"does not build: make B={context.build} {path}")
        done = run([path, *args], cwd=context.top, timeout=timeout)
        if done.status:
            text = (done.out + done.err).decode(errors="replace").splitlines()
            raise Fail(f"exit status {done.status}\n" + "\n".join(text[-24:]) + "\ncommand: " + done.shell())
    return test


def fuzz(mode, timeout):
    def test(context):
        context.need_myna()
        done = run([context.path("tests/fuzz/run.sh"), mode], cwd=context.top, timeout=timeout,
                   env={"B": context.build, "MYNA": context.myna, "QEMU": context.qemu})
        if done.status:
            text = (done.out + done.err).decode(errors="replace").splitlines()
            raise Fail(f"exit status {done.status}\n" + "\n".join(text[-24:]) + "\ncommand: " + done.shell())
    return test


def cases(context):
    found = []
    for folder in ("unit", "decode", "codegen", "ir"):
        for source in sorted(glob.glob(context.path("tests", folder, "*.c"))):
            stem = os.path.splitext(os.path.basename(source))[0]
            if stem in ("insn_test", "code_test"):  # they want files: below, code.py
                continue
            found.append(Case(f"unit/{stem}", program(f"{folder}/{stem}"), 0))
    for t in sorted(glob.glob(context.path("tests/insn/*/*.t"))):
        name = os.path.relpath(t, context.top)
        stem = os.path.splitext(name[len("tests/insn/"):])[0]
        found.append(Case(f"insn/{stem}", program("unit/insn_test", [name]), 0))
    rows = []
    for d in sorted(glob.glob(context.path("frontend/aarch64/*.decode"))):
        rows += ["--rows", os.path.relpath(d, context.top)]
    all_t = [os.path.relpath(t, context.top) for t in sorted(glob.glob(context.path("tests/insn/aarch64/*.t")))]
    found.append(Case("insn/every-row", program("unit/insn_test", ["--way", "direct", *rows, *all_t]), 0))
    found.append(Case("fuzz/quick", fuzz("quick", 300)))
    found.append(Case("fuzz/long", fuzz("long", 4 * 3600), 2))
    return found
