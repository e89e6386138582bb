"""System calls and signals (tests/syscall/*.c): guest programs that check themselves against the manuals
of Linux and arm64 and end in a line "ok N". layout.c instead prints structure layouts and numbers: the
guest's, run by myna, must be those of the host's compiler, since linux-user passes them as they are."""
import glob
import os

from .base import Case, Fail, build, compare, confine, run

FLAGS = ["-std=gnu11", "-O1", "-w"]
VARIANTS = {"static": (["-static"], [], 0), "dynamic": ([], [], 1),
            "base": (["-static"], ["-B", "0x200000000000"], 1)}


SLOW = {"abuse", "misfits"}  # ten seconds: not among the quick ones
CONFINED = {"hostile"}  # run where their calls can do no harm
# Those whose facts hold for every processor: the host's own kernel is asked too.
NATIVE = {"aio", "interrupted", "uring", "options", "modern", "sandbox", "ioctls", "messages", "mounts", "uffd",
          "seen", "ranges", "execs", "vdso", "misfits"}


def cross(context, stem, label, flags):
    source = context.path("tests/syscall", stem + ".c")
    target = os.path.join(context.out, "syscall", f"{stem}-{label}")
    return build(context, target, [source, context.path("tests/syscall/check.h")],
                 ["aarch64-linux-gnu-gcc", *FLAGS, *flags, "-o", target, source, "-lrt"])


def program(stem, label, flags, options):
    def test(context):
        path = cross(context, stem, label, flags)
        context.need_myna()
        command = [context.myna, *options, "-L", context.sysroot, path]
        if stem in CONFINED:
            command = confine(context, command)
        with context.temp() as d:
            os.chmod(d, 0o777)
            got = run(command, cwd=d, timeout=120)
        if got.status != 0 or b"\nok " not in b"\n" + got.out:
            raise Fail(f"status {got.status}\n" + (got.out + got.err)[-1500:].decode(errors="replace")
                       + "\ncommand: " + got.shell())
    return test


def native(stem):
    def test(context):
        source = context.path("tests/syscall", stem + ".c")
        target = os.path.join(context.out, "syscall", stem + "-native")
        build(context, target, [source, context.path("tests/syscall/check.h")],
              ["gcc", *FLAGS, "-o", target, source, "-lrt"])
        with context.temp() as d:
            os.chmod(d, 0o777)
            got = run([target], cwd=d, timeout=120)
        if got.status != 0 or b"\nok " not in b"\n" + got.out:
            raise Fail(f"the host's kernel: status {got.status}\n" + (got.out + got.err)[-1500:].decode(errors="replace")
                       + "\ncommand: " + got.shell())
    return test


def layout(context):
    path = cross(context, "layout", "static", ["-static"])
    source = context.path("tests/syscall/layout.c")
    native = build(context, os.path.join(context.out, "syscall", "layout-native"), [source],
                   ["gcc", *FLAGS, "-o", os.path.join(context.out, "syscall", "layout-native"), source])
    context.need_myna()
    compare(run([context.myna, path]), run([native]), "the host's compiler")


def cases(context):
    found = [Case("syscall/layout", layout, 0)]
    for source in sorted(glob.glob(context.path("tests/syscall/*.c"))):
        stem = os.path.splitext(os.path.basename(source))[0]
        if stem == "layout":
            continue
        if stem in NATIVE:
            found.append(Case(f"syscall/{stem}-native", native(stem), 1))
        for label, (flags, options, level) in VARIANTS.items():
            found.append(Case(f"syscall/{stem}-{label}", program(stem, label, flags, options), level + (stem in SLOW)))
    return found
