"""Bad input and bad moments: hostile ELF files, missing things, fatal signals, W^X.

myna must end with one clear line and the status a shell user expects: 127 for what is not there, 126
for what is there and can't be run, 1 for wrong usage; never by a crash of its own."""
import os
import random
import select
import signal
import stat
import struct
import subprocess

from .base import ENVIRONMENT, Case, Fail, Skip, confine, run
from .guest import cross

AARCH64, X86_64, ARM, RISCV = 183, 62, 40, 243
NOP_EXIT = bytes.fromhex("a80b8052" "e0008052" "010000d4")  # mov w8, #93; mov w0, #7; svc #0


def elf(code=NOP_EXIT, *, ident=b"\x7fELF\x02\x01\x01", type_=2, machine=AARCH64, entry=None, phoff=64,
        phentsize=56, phnum=None, segments=None, version=1, interp=None):
    """A small static program: header, segments (type, flags, offset, vaddr, filesz, memsz, align), code."""
    base = 0x400000
    offset = 0x1000
    if segments is None:
        segments = [(1, 5, offset, base + offset, len(code), len(code), 0x1000)]
    if interp is not None:
        segments = [(3, 4, 0x800, base + 0x800, len(interp), len(interp), 1)] + segments
    header = ident.ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", type_, machine, version, base + offset if entry is None else entry, phoff, 0, 0,
        64, phentsize, len(segments) if phnum is None else phnum, 0, 0, 0)
    image = bytearray(header)
    for t, flags, off, vaddr, filesz, memsz, align in segments:
        image += struct.pack("<IIQQQQQQ", t, flags, off & (2**64 - 1), vaddr, vaddr, filesz, memsz, align)
    image = image.ljust(0x800, b"\0") + (interp or b"")
    return bytes(image[:offset].ljust(offset, b"\0") + code)


def load(**change):
    s = dict(type=1, flags=5, offset=0x1000, vaddr=0x401000, filesz=len(NOP_EXIT), memsz=len(NOP_EXIT), align=0x1000)
    s.update(change)
    return [tuple(s.values())]


HUGE = 2**63
# name: file, statuses allowed, words the message must have.
FILES = {
    "good": (elf(), {7}, ()),
    "empty": (b"", {126}, ()),
    "text": (b"hello, this is no program\n" * 10, {126}, ()),
    "header-cut": (elf()[:40], {126}, ()),
    "header-only": (elf()[:64], {126}, ()),
    "phdrs-cut": (elf()[:80], {126}, ()),
    "code-cut": (elf()[:0x1004], {126, -4, -11, 132, 139}, ()),
    "elf32": (elf(ident=b"\x7fELF\x01\x01\x01"), {126}, ()),
    "big-endian": (elf(ident=b"\x7fELF\x02\x02\x01"), {126}, ()),
    "bad-magic": (elf(ident=b"\x7fELG\x02\x01\x01"), {126}, ()),
    "x86": (elf(machine=X86_64), {126}, ("x86",)),
    "arm": (elf(machine=ARM), {126}, ()),
    "riscv": (elf(machine=RISCV), {126}, ()),
    "unknown-machine": (elf(machine=0xffff), {126}, ()),
    "relocatable": (elf(type_=1), {126}, ()),
    "core": (elf(type_=4), {126}, ()),
    "no-segments": (elf(phnum=0), {126}, ()),
    "phnum-huge": (elf(phnum=0xffff), {126}, ()),
    "phoff-huge": (elf(phoff=HUGE), {126}, ()),
    "phoff-wraps": (elf(phoff=2**64 - 8), {126}, ()),
    "phentsize-wrong": (elf(phentsize=3), {126}, ()),
    "offset-huge": (elf(segments=load(offset=HUGE)), {126}, ()),
    "filesz-huge": (elf(segments=load(filesz=HUGE)), {126}, ()),
    "filesz-over-memsz": (elf(segments=load(filesz=12, memsz=4)), {126}, ()),
    "memsz-huge": (elf(segments=load(memsz=HUGE)), {126, 1}, ()),
    "memsz-wraps": (elf(segments=load(memsz=2**64 - 0x1000)), {126, 1}, ()),
    "memsz-all": (elf(segments=load(memsz=2**47)), {126, 1}, ()),
    "vaddr-kernel": (elf(segments=load(vaddr=0xffff000000001000)), {126, 1}, ()),
    "vaddr-top": (elf(segments=load(vaddr=2**64 - 0x1000)), {126, 1}, ()),
    "vaddr-48bits": (elf(segments=load(vaddr=2**48 - 0x1000)), {126, 1}, ()),
    "not-congruent": (elf(segments=load(offset=0xff8, filesz=20, memsz=20)), {126}, ()),
    "align-odd": (elf(segments=load(align=3)), {126, 7}, ()),
    "align-huge": (elf(segments=load(align=HUGE)), {126, 7}, ()),
    "entry-nowhere": (elf(entry=0x12345678000), {-11, 139, 126}, ()),
    "entry-odd": (elf(entry=0x401001), {-7, -11, 135, 139, 126}, ()),
    "not-executable": (elf(segments=load(flags=4)), {-11, 139, 126}, ()),
    "interp-missing": (elf(interp=b"/lib/no-such-loader.so\0"), {127}, ("/lib/no-such-loader.so", "-L")),
    "interp-unended": (elf(interp=b"/lib/loader-without-end"), {126, 127}, ()),
    "interp-empty": (elf(interp=b"\0"), {126, 127}, ()),
    "interp-huge": (elf(segments=[(3, 4, 0x800, 0, 2**40, 2**40, 1)] + load()), {126}, ()),
    "interp-directory": (elf(interp=b"/\0"), {126, 127}, ()),
    "undefined": (elf(code=bytes(4)), {-4, 132}, ("0x401000", "00 00 00 00")),
    "breakpoint": (elf(code=bytes.fromhex("200020d4")), {-5, 133}, ()),
    "runs-off": (elf(code=bytes.fromhex("1f2003d5")), {-11, -4, 139, 132}, ()),
    "null-call": (elf(code=bytes.fromhex("00003fd6" "00000014")), {-11, 139}, ()),
}


def check_end(got, statuses=None, words=()):
    """The rules for every ending: allowed status, at most a few lines, none of them our own crash."""
    err = got.err.decode(errors="replace")
    for sign in ("Sanitizer", "runtime error:", "Assertion", "assert", "internal error", "terminated by", "stack smashing"):
        if sign in err:
            raise Fail(f"myna's own failure: {err[-1500:]}\ncommand: {got.shell()}")
    if statuses is not None and got.status not in statuses:
        raise Fail(f"exit status {got.status}, expected one of {sorted(statuses)}\n{err[-600:]}\ncommand: {got.shell()}")
    if got.status in (-signal.SIGABRT, 134):
        raise Fail(f"aborted\n{err[-600:]}\ncommand: {got.shell()}")
    if got.status in (1, 126, 127) and len(err.splitlines()) != 1:
        raise Fail(f"{len(err.splitlines())} lines of message instead of one:\n{err[:600]}\ncommand: {got.shell()}")
    if got.status in (-signal.SIGILL, 132) and "undefined instruction at 0x" not in err:
        raise Fail(f"SIGILL without a line that says where\n{err[:600]}\ncommand: {got.shell()}")
    for w in words:
        if w not in err:
            raise Fail(f"the message does not name {w!r}:\n{err[:600]}\ncommand: {got.shell()}")


def hostile(name):
    image, statuses, words = FILES[name]

    def test(context):
        context.need_myna()
        folder = os.path.join(context.out, "elf")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, name)
        if not os.path.exists(path) or open(path, "rb").read() != image:
            with open(path, "wb") as f:
                f.write(image)
            os.chmod(path, 0o755)
        check_end(run([context.myna, path], timeout=20), statuses, words)
    return test


def mutations(seed, count):
    """Valid programs with random damage in headers: any outcome but a crash of myna. Confined: such a
    program may run anything as code."""
    def test(context):
        context.need_myna()
        rng = random.Random(seed)
        folder = os.path.join(context.out, "elf")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"mutated-{seed}")
        values = [0, 1, 7, 8, 0xff, 0xfff, 0x1000, 0x7fffffff, 0x80000000, 0xffffffff, 2**47, 2**63, 2**64 - 1]
        for n in range(count):
            image = bytearray(elf(interp=rng.choice([None, None, b"/lib/ld.so\0"])))
            for _ in range(rng.randint(1, 4)):
                at = rng.randrange(4, 64 + 112)
                if rng.random() < 0.5:
                    size = rng.choice([1, 2, 4, 8])
                    image[at:at + size] = (rng.choice(values) & (256**size - 1)).to_bytes(size, "little")
                else:
                    image[at] ^= 1 << rng.randrange(8)
            if rng.random() < 0.2:
                del image[rng.randrange(len(image)):]
            with open(path, "wb") as f:
                f.write(image)
            os.chmod(path, 0o755)
            try:
                check_end(run(confine(context, [context.myna, path]), timeout=20))
            except Fail as e:
                kept = f"{path}-{n}"
                os.rename(path, kept)
                raise Fail(f"{e}\nthe file is kept as {kept}") from None
    return test


def usage(context):
    context.need_myna()
    with context.temp() as d:
        plain = os.path.join(d, "plain")
        with open(plain, "wb") as f:
            f.write(elf())
        os.chmod(plain, 0o644)
        script = os.path.join(d, "script")
        with open(script, "w", encoding="utf-8") as f:
            f.write("#!/no/such/interpreter\n")
        os.chmod(script, 0o755)
        for args, statuses, words in (
                ([], {1}, ()), (["-no-such-option", plain], {1}, ("-no-such-option",)),
                (["-cpu", "no-such-cpu", plain], {1}, ("no-such-cpu",)), (["-L"], {1}, ("-L",)),
                (["/no/such/program"], {127}, ("/no/such/program",)), ([d], {126}, (d,)),
                (["-B", "nonsense", plain], {1}, ("nonsense",)), (["-d", "nonsense", plain], {1}, ("nonsense",)),
                (["-D", "/no/such/folder/log", "-d", "cpu", plain], {1}, ("/no/such/folder/log",)),
                ([script], {126, 127}, ())):
            got = run([context.myna, *args], timeout=20)
            if not args and got.status == 1:
                continue  # the usage text may be long
            check_end(got, statuses, words)
        if os.getuid() != 0:
            os.chmod(plain, 0)
            check_end(run([context.myna, plain]), {126}, (plain,))
    for option in ("-help", "-version"):
        got = run([context.myna, option])
        if got.status or not got.out:
            raise Fail(f"{option}: status {got.status}")
    got = run([context.myna, "-cpu", "help"])
    if got.status or b"max" not in got.out:
        raise Fail(f"-cpu help: status {got.status}\n{got.out.decode()}{got.err.decode()}")


def missing_library(context):
    """The guest's loader names what is missing; the status is its own (127)."""
    context.need_root()
    context.need_myna()
    source = context.path("tests/guest/hello.c")
    path = cross(context, source, "needs-lib", ["-O1", "-L" + context.out, "-Wl,--no-as-needed"])
    with context.temp() as d:
        so = os.path.join(d, "libabsent.so")
        done = run(["aarch64-linux-gnu-gcc", "-shared", "-o", so, "-x", "c", "/dev/null"])
        program = os.path.join(d, "needs")
        done = run(["aarch64-linux-gnu-gcc", "-o", program, source, "-Wl,--no-as-needed", so])
        if done.status:
            raise Fail(done.err.decode())
        os.unlink(so)
        got = run([context.myna, "-L", context.sysroot, program])
    if got.status != 127 or b"libabsent.so" not in got.err:
        raise Fail(f"status {got.status}: {got.err.decode()}")
    got = run([context.myna, path])  # no -L: the loader of another architecture, or none, is at hand
    if got.status not in (126, 127) or b"-L" not in got.err:
        raise Fail(f"without -L: status {got.status}: {got.err.decode()}")


def address_space(context):
    """Too little memory for the code cache or the stack: a message, not a crash."""
    context.need_myna()
    config = os.path.join(context.build, "config.mk")
    if os.path.exists(config) and "sanitize=address" in open(config, encoding="utf-8").read():
        raise Skip("AddressSanitizer's shadow needs more address space than that")
    path = cross(context, context.path("tests/guest/hello.c"), "O2-static", ["-O2", "-static"])
    for kilobytes in (8000, 16000, 30000, 60000, 150000):
        got = run(["sh", "-c", f"ulimit -v {kilobytes}; exec \"$0\" \"$@\"", context.myna, path], timeout=30)
        if got.status not in (42, 1, 126, 127) and not (got.status == -11 and not got.err):
            raise Fail(f"under ulimit -v {kilobytes}: status {got.status}\n{got.err.decode()[-500:]}")
        if got.status == -11:
            raise Fail(f"under ulimit -v {kilobytes}: crash")
        if kilobytes >= 60000 and got.status != 42:
            raise Fail(f"ulimit -v {kilobytes} is enough for a small program: {got.err.decode()[-500:]}")


def exhausted(context):
    """A program under ulimit -v that takes all threads and memory there are: refusals, and it goes on."""
    context.need_myna()
    path = cross(context, context.path("tests/guest/aslimit.c"), "O1-static", ["-O1", "-static", "-pthread"])
    got = run(["sh", "-c", "ulimit -v 1000000; exec \"$0\" \"$@\"", context.myna, path], timeout=60)
    want = b"threads: Resource temporarily unavailable\nmemory: Cannot allocate memory\n0 999 7.500\nend\n"
    if got.status != 0 or got.out != want:
        raise Fail(f"status {got.status}\n{(got.out + got.err).decode()[-500:]}")


def descriptors(context):
    """No descriptor left, or standard ones closed."""
    context.need_myna()
    path = cross(context, context.path("tests/guest/hello.c"), "O2-static", ["-O2", "-static"])
    for shell in ("ulimit -n 3; exec \"$0\" \"$@\"", "exec \"$0\" \"$@\" 0<&-", "exec \"$0\" \"$@\" 2>&-"):
        got = run(["sh", "-c", shell, context.myna, path], timeout=30)
        if got.status not in (42, 1, 126, 127):
            raise Fail(f"{shell}: status {got.status}\n{got.err.decode()[-500:]}")


def limits(context):
    """Limits that programs are run under and that concern memory only by way of a memfd; forks too."""
    context.need_myna()
    path = cross(context, context.path("tests/guest/processes.c"), "O2-static", ["-O2", "-static"])
    want = run([context.myna, path], timeout=60)
    for shell in ("ulimit -f 0", "ulimit -f 10", "ulimit -s 64", "ulimit -u 4000"):
        got = run(["bash", "-c", shell + "; exec \"$0\" \"$@\"", context.myna, path], timeout=60)
        if got.status != want.status or (got.out != want.out and "-f" not in shell):
            raise Fail(f"{shell}: status {got.status}, not {want.status}\n{got.err.decode()[-500:]}")


def cache_sizes(context):
    """Far too small and far too large a cache: bounded, and flushes in the midst of things harm nothing."""
    context.need_myna()
    path = cross(context, context.path("tests/guest/processes.c"), "O2-static", ["-O2", "-static"])
    want = run([context.myna, path], timeout=60)
    for size in ("1", "300K", "4G", "100000G"):
        got = run([context.myna, "-tb-size", size, path], timeout=120)
        if (got.status, got.out) != (want.status, want.out):
            raise Fail(f"-tb-size {size}: status {got.status}\n{got.err.decode()[-500:]}\ncommand: {got.shell()}")


def messages(context):
    """One line, whatever the name; sizes beyond sense are refused, small ones serve."""
    context.need_myna()
    path = cross(context, context.path("tests/guest/hello.c"), "O2-static", ["-O2", "-static"])
    check_end(run([context.myna, "/no/such\nprogram\n"]), {127})
    check_end(run([context.myna, "-s", str(2**64 - 1), path]), {1}, ("-s",))
    check_end(run([context.myna, "-s", "64K", path]), {42})


def confined(context):
    """tests/confine.sh, which stands between random system calls and this machine: a root-owned device and
    file stay as they are, other processes can't be reached, files can still be read."""
    if os.getuid() != 0:
        raise Skip("a test for runs as root")
    with context.temp() as d:
        plain, device = os.path.join(d, "plain"), os.path.join(d, "device")
        with open(plain, "w", encoding="utf-8") as f:
            f.write("can be read\n")
        names = [plain]
        try:
            os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
            names.append(device)
        except PermissionError:
            pass  # a container: the plain file has to do
        before = [os.stat(n) for n in names]
        script = ("cat plain; for f in plain device; do chmod 0 $f; chown 1 $f; touch $f; mv $f other; rm -f $f; done; "
                  f"ln plain link; mknod new c 1 3; mkdir new; kill -0 {os.getpid()} && echo reached; "
                  f"prlimit --pid {os.getpid()} --core && echo limits; "
                  "chmod 0 /dev/fd/0 && echo standard input; id -u")
        with open(names[-1], "rb") as standard_input:
            done = subprocess.run(confine(context, ["sh", "-c", script]), cwd=d, env=ENVIRONMENT, stdin=standard_input,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20, check=False)
        lines = done.stdout.decode().split("\n")
        if lines[0] != "can be read" or len(lines) != 3 or int(lines[1]) < 1900000000:
            raise Fail(f"status {done.returncode}, output {done.stdout.decode()!r}")
        after = [os.stat(n) for n in names]
        for n, a, b in zip(names, before, after):
            if (a.st_mode, a.st_uid, a.st_nlink, a.st_mtime_ns) != (b.st_mode, b.st_uid, b.st_nlink, b.st_mtime_ns):
                raise Fail(f"{n} was changed: {a} {b}")
        if len(os.listdir(d)) != len(names):
            raise Fail(f"something was made: {os.listdir(d)}")


def wx(context):
    """No mapping of a running myna is writable and executable, and no memory file is mapped so twice
    at one address range; translated code has run by then."""
    context.need_myna()
    path = cross(context, context.path("tests/guest/sleeper.c"), "O2-static", ["-O2", "-static"])
    proc = subprocess.Popen([context.myna, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=ENVIRONMENT)
    try:
        ready, _, _ = select.select([proc.stdout], [], [], 20)
        line = proc.stdout.readline() if ready else b""
        if not line.startswith(b"ready"):
            raise Fail("the program did not start")
        with open(f"/proc/{proc.pid}/maps", encoding="utf-8") as f:
            maps = f.read().splitlines()
        bad = [m for m in maps if "w" in m.split()[1] and "x" in m.split()[1]]
        if bad:
            raise Fail("writable and executable:\n" + "\n".join(bad))
        if not any("x" in m.split()[1] and "vdso" not in m and "vsyscall" not in m and "myna" not in m
                   for m in maps) and not any("memfd" in m for m in maps):
            raise Skip("no translated code to look at (interpreter only)")
    finally:
        proc.stdin.close()
        proc.wait(20)


def cases(context):
    found = [Case("robust/elf-" + n, hostile(n), 0) for n in FILES]
    found += [Case(f"robust/mutations-{s}", mutations(s, 150)) for s in (1, 2)]
    found += [Case("robust/" + f.__name__.replace("_", "-"), f, 0)
              for f in (usage, missing_library, address_space, exhausted, descriptors, limits, cache_sizes, messages,
                        confined, wx)]
    return found
