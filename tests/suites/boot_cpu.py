"""Bare-metal guests of system mode (tests/boot/aarch64/*.c), by host code and by the interpreter.

Each compares what the processor does with what the Arm manual says, prints every wrong value and ends with one line of
counts (tests/boot/aarch64/lib.h). A mark in its first lines says how it is run: `TEST: machine=virt,virtualization=on
args=-smp 2 image=elf accel=tcg level=2 reboot=yes`; without one it is run by `-M virt`, as a Linux Image."""
import glob
import os
import re

from .base import Case, Fail, build, run
from .system import first_words

FLAGS = ["-O1", "-g", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-ffreestanding", "-nostdlib", "-static",
         "-mgeneral-regs-only", "-mstrict-align", "-fno-pic", "-fno-stack-protector", "-march=armv8.2-a",
         "-fno-tree-loop-distribute-patterns", "-Wl,--build-id=none", "-Wl,--no-warn-rwx-segments"]
COUNTS = re.compile(rb"^(\d+) checks passed, 0 failed\r?$", re.M)


def mark(source, key, otherwise):
    m = re.search(r"TEST:[^\n]*?\b" + key + r"=(.*?)(?= \w+=|\n| \*/)", open(source, encoding="utf-8").read())
    return m[1].strip() if m else otherwise


def image(context, source, kind):
    folder = os.path.dirname(source)
    common = [os.path.join(folder, f) for f in ("start.S", "lib.c")]
    stem = os.path.splitext(os.path.basename(source))[0]
    elf = os.path.join(context.out, "boot", stem + ".elf")
    script = os.path.join(folder, "link.ld")
    build(context, elf, [source, script, os.path.join(folder, "lib.h"), *common],
          ["aarch64-linux-gnu-gcc", *FLAGS, "-T", script, "-o", elf, *common, source])
    if kind == "elf":
        return elf
    return build(context, elf[:-4] + ".img", [elf], ["aarch64-linux-gnu-objcopy", "-O", "binary", elf, elf[:-4] + ".img"])


def case(source, accel):
    def test(context):
        system = os.path.join(context.build, "myna-system-aarch64")
        if not os.access(system, os.X_OK):
            raise Fail(f"{system} is not built: make system")
        kernel = image(context, source, mark(source, "image", "img"))
        command = [system, "-M", mark(source, "machine", "virt"), "-accel", accel, "-kernel", kernel, "-nographic",
                   *([] if mark(source, "reboot", "") else ["-no-reboot"]), *mark(source, "args", "").split()]
        done = run(command, timeout=120)
        if done.status or not COUNTS.search(done.out):
            raise Fail(f"exit status {done.status}\n" + (done.out + done.err)[:3000].decode(errors="replace")
                       + "\ncommand: " + done.shell())
    return test


def cases(context):
    out = []
    for source in sorted(glob.glob(context.path("tests/boot/aarch64/*.c"))):
        stem = os.path.splitext(os.path.basename(source))[0]
        if stem == "lib":
            continue
        for accel in mark(source, "accel", "tcg,interp").split(","):
            out.append(Case(f"boot_cpu/{stem}-{accel}", case(source, accel), int(mark(source, "level", "0"))))
    # Linux with several processors, entered at EL1, at EL2 (VHE) and below an EL3
    for name, options, level in (("smp2", ["-smp", "2"], 1), ("smp8", ["-smp", "8"], 2), ("el2", ["-M", "virt,virtualization=on", "-smp", "2"], 2),
                                 ("el3", ["-M", "virt,virtualization=on,secure=on", "-smp", "2"], 2)):
        out.append(Case(f"boot_cpu/linux-{name}", first_words("tcg", options), level))
    return out
