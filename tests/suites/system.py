"""System mode: kernels on emulated boards, their console compared.

What other suites stand on is here: an initrd made on the spot, and a machine run to its end. The kernel is Debian's
(tests/guest/fetch.sh BUILD/guests boot); each boot ends by the guest's own power off."""
import lzma
import os
import re
import stat

from boot.archive import first_process, root_of
from .base import Case, Fail, Skip, run

LIMIT = 180  # seconds for a boot on a loaded machine; alone it takes 3


def program(context):
    path = os.path.join(os.path.dirname(context.myna), "myna-system-aarch64")
    if not os.access(path, os.X_OK):
        raise Skip("no myna-system: ./configure says why")
    return path


def kernel(context, name="kernel"):
    """Paths of Debian's arm64 kernel and of its modules; kernel-trixie is Linux 6.12."""
    base = os.path.join(context.build, "guests", name)
    if not os.path.exists(os.path.join(base, ".debs")):
        raise Skip(f"no kernel: tests/guest/fetch.sh {context.build}/guests boot")
    image = sorted(n for n in os.listdir(os.path.join(base, "boot")) if n.startswith("vmlinuz-"))[-1]
    return os.path.join(base, "boot", image), os.path.join(base, "lib/modules", image.removeprefix("vmlinuz-"))


def module_bytes(path):
    with (lzma.open(path) if path.endswith(".xz") else open(path, "rb")) as f:
        return f.read()


def initrd(context, script, files=(), modules=(), which="kernel"):
    """The bytes of an initrd whose /init mounts the usual, loads modules (names, in order, without .ko) and runs
    the lines of script; then it powers off. files: (name, bytes) pairs."""
    box = os.path.join(context.build, "guests", "initrd", "bin", "busybox")
    if not os.path.exists(box):
        box = os.path.join(context.build, "guests", "initrd", "usr", "bin", "busybox")
    with open(box, "rb") as f:
        a = root_of(f.read())
    load = ""
    if modules:
        found = {}
        for folder, _, names in os.walk(kernel(context, which)[1]):
            found.update({n.split(".ko")[0].replace("-", "_"): os.path.join(folder, n) for n in names if ".ko" in n})
        for name in modules:
            a.file(f"lib/{name}.ko", module_bytes(found[name.replace("-", "_")]))
            load += f"insmod /lib/{name}.ko\n"
    for name, data in files:
        a.file(name, data)
    a.file("init", first_process(load + script))
    return a.bytes()


def boot(context, script, options=(), append="", memory="512", accel="tcg", limit=LIMIT, stdin=b"", **how):
    """Boots Debian's kernel with that script as its first process. Returns the outcome; fails unless the guest
    switched itself off with status 0."""
    image = kernel(context, how.get("which", "kernel"))[0]
    with context.temp() as d:
        path = os.path.join(d, "initrd")
        with open(path, "wb") as f:
            f.write(initrd(context, script, **how))
        got = run([program(context), "-M", "virt", "-m", memory, "-kernel", image, "-initrd", path, "-accel", accel,
                   "-append", f"console=ttyAMA0 panic=-1 {append}".strip(), "-nographic", "-no-reboot", *options],
                  timeout=limit, stdin=stdin, tail=3000)
    if got.status or re.search(rb"Kernel panic|WARNING: CPU|Internal error|rcu_.*detected", got.out):
        raise Fail(f"status {got.status}\n" + (got.out + got.err)[-3000:].decode(errors="replace"))
    return got


def said(got, *patterns):
    """Fails unless each pattern is on a line of its own of the console."""
    text = got.out.replace(b"\r", b"")
    for p in patterns:
        if not re.search(rb"(?m)^(\[ *[0-9.]+\] )?(?:" + p.encode() + rb")$", text):
            raise Fail(f"nothing matches {p}\n" + text[-3000:].decode(errors="replace"))


# ------------------------------------------------------------------------- cases

def first_words(accel, options=(), **how):
    def test(context):
        got = boot(context, "echo MARKER $(uname -sm) $(nproc)\nseq 3 | sort -rn | tr '\\n' ' '\necho\necho END", options, accel=accel, **how)
        cpus = options[options.index("-smp") + 1] if "-smp" in options else "1"
        said(got, f"MARKER Linux aarch64 {cpus}", "3 2 1 ", "END")
    return test


def usage(context):
    """What cannot be is one line that names it, with status 1."""
    machine = program(context)
    for options, pattern in (
            (["-M", "virtt"], rb"virt"), (["-M", "virt", "-device", "nothing-such"], rb"nothing-such"),
            (["-M", "virt,virtualisation=on"], rb"virtualisation.*virtualization"), (["-M", "virt,secure=2"], rb"secure=2.*on or off"),
            (["-M", "virt", "-cpu", "z80"], rb"z80"), (["-M", "virt", "-smp", "9999"], rb"smp|processors"),
            (["-M", "virt", "-m", "12x"], rb"12x|-m"), (["-M", "virt", "-kernel", "/nonexistent"], rb"/nonexistent"),
            (["-M", "virt", "-kernel"], rb"-kernel"), ([], rb"virt")):
        got = run([machine, "-nographic", *options], timeout=20)
        lines = [x for x in got.err.splitlines() if b"no -cpu" not in x] # -M virt without one says what it takes
        if got.status != 1 or len(lines) != 1 or not re.search(pattern, lines[0]):
            raise Fail(f"{got.shell()}: status {got.status}, {(got.out + got.err).decode(errors='replace')}")


def cases(context):
    return [
        Case("system/usage", usage, 0),
        Case("system/boot", first_words("tcg"), 1),
        *[Case(f"system/{name}-{cpus}-gic{gic}", first_words("tcg", ["-smp", cpus, "-M", f"virt,gic-version={gic}"], which=which), 2)
          for name, which in (("6.1", "kernel"), ("6.12", "kernel-trixie"), ("6.12-16k", "kernel-16k"))
          for cpus in ("1", "2", "8") for gic in ("2", "3")],
        Case("system/boot-interp", first_words("interp", limit=1200), 2),
    ]
