"""myna-img: each command against an installed qemu-img, and against what its documentation says.

A case makes its images from fixed bytes in a folder of its own. Where qemu-img is there, the same words go to both programs and
status, human text and JSON are compared (`both`), and each reads what the other wrote; where it is not, the expectations
written in the case stand alone."""
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time

from .base import ENVIRONMENT, Case, Fail, Skip, run

QEMU = shutil.which("qemu-img")


def program(context):
    path = os.path.join(os.path.dirname(context.myna), "myna-img")
    if not os.access(path, os.X_OK):
        raise Skip("no myna-img: ./configure says why system mode is not built")
    return path


class Bench:
    """A folder of images and the two programs."""

    def __init__(self, context, folder):
        self.myna, self.folder = program(context), folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def img(self, *words, status=0, timeout=60, program=None):
        done = run([program or self.myna, *words], cwd=self.folder, timeout=timeout)
        if done.status != status:
            raise Fail(f"{done.shell()}: status {done.status}, not {status}\n" + (done.out + done.err).decode(errors="replace")[-800:])
        return done

    def refused(self, *words, names, status=1):
        """One clear line on standard error that names what is meant."""
        done = self.img(*words, status=status)
        lines = done.err.decode().splitlines()
        if len(lines) != 1 or names not in lines[0]:
            raise Fail(f"{done.shell()}: not one line that names {names}: {lines}")

    def qemu(self, *words, status=0):
        return self.img(*words, status=status, program=QEMU) if QEMU else None

    def both(self, *words, status=0, text=None):
        """The words to both: the same status and standard output, which is returned. text: what it is without qemu-img, too."""
        got = normal(self.img(*words, status=status).out.decode(), words)
        if text is not None and got != text:
            raise Fail(f"myna-img {' '.join(words)}:\n{got}\nis not\n{text}")
        if QEMU:
            wanted = normal(self.qemu(*words, status=status).out.decode(), words)
            if got != wanted:
                raise Fail(f"myna-img {' '.join(words)}:\n{got}\nqemu-img:\n{wanted}")
        return got

    def make(self, name, size, pieces):
        """A sparse file with pieces of (offset, bytes)."""
        with open(self.path(name), "wb") as f:
            f.truncate(size)
            for at, data in pieces:
                f.seek(at)
                f.write(data)
        return name

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def same(self, a, b):
        if self.read(a) != self.read(b):
            raise Fail(f"{a} and {b} differ")


def normal(text, words):
    """Without what differs from version to version or run to run: disk sizes, dates, members that newer ones have."""
    if "--output=json" in words and text.strip():
        def clean(v):
            if isinstance(v, list):
                return [clean(x) for x in v]
            if isinstance(v, dict):
                return {k: clean(x) for k, x in v.items() if k not in ("actual-size", "children", "compressed", "date-sec", "date-nsec")}
            return v
        return json.dumps(clean(json.loads(text)), sort_keys=True, indent=1)
    text = re.sub(r"(?m)^disk size: .*$", "disk size: -", text)
    text = re.sub(r"(?ms)^Child node .*?(?=^\S|\Z)", "", text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "DATE", text)


def random_bytes(n, seed):
    return random.Random(seed).randbytes(n)


def mixed(b, name="mixed.raw", size=8 << 20, seed=1):
    """Data, zeros that are written and holes, none on a cluster's border."""
    r = random.Random(seed)
    pieces = [(r.randrange(size // 4096 - 64) * 4096, r.randbytes(r.randrange(1, 40) * 4096)) for _ in range(12)]
    pieces += [(3 << 20, bytes(300 << 10)), (size - 5000, random_bytes(4000, seed)), (1000, b"head")]
    return b.make(name, size, pieces)


# ----------------------------------------------------------------------------------- raw

def usage(b):
    b.refused("crate", names="the nearest is create")
    b.refused("convert", "--bakcing-file", "x", "a", "b", names="--backing-file")
    b.refused("info", "--output=xml", "a", names="human or json")
    b.refused("create", "--object", "secret,id=s,data=x", "a", "1M", names="--object")
    b.refused("create", "-f", "qcwo2", "a", "1M", names="nearest is qcow2")
    b.refused("info", "nothing.raw", names="nothing.raw")
    b.refused("create", "a", "1X", names="1X")
    b.refused("convert", "a", names="myna-img convert [OPTIONS] FILE... TARGET")
    help_text = b.img("--help").out.decode()
    for command in "amend bench check commit compare convert create dd info map measure rebase resize snapshot".split():
        if f"\n  {command} " not in help_text or b"--help" in b.img(command, "--help").err:
            raise Fail(f"--help does not tell of {command}")


def sizes(b):
    """Suffixes and human sizes, worked out by hand."""
    for text, size, human in (("1000", 1024, "1 KiB"), ("1k", 1024, "1 KiB"), ("1.5M", 3 << 19, "1.5 MiB"), ("1023M", 1023 << 20, "0.999 GiB"),
                              ("0x100000", 1 << 20, "1 MiB"), ("3G", 3 << 30, "3 GiB"), ("2T", 2 << 40, "2 TiB"), ("999k", 999 << 10, "999 KiB"),
                              ("4096b", 4096, "4 KiB")):
        b.img("create", "s.raw", text)
        out = b.img("info", "s.raw").out.decode()
        if f"virtual size: {human} ({size} bytes)" not in out:
            raise Fail(f"a size of {text}: {out}")
        b.both("info", "s.raw")


def raw_info(b):
    b.both("create", "-f", "raw", "a.raw", "1M", text="Formatting 'a.raw', fmt=raw size=1048576\n")
    b.both("create", "-f", "raw", "-o", "preallocation=full", "f.raw", "1M", text="Formatting 'f.raw', fmt=raw size=1048576 preallocation=full\n")
    if os.stat(b.path("f.raw")).st_blocks * 512 < 1 << 20:
        raise Fail("preallocation=full has not allocated")
    b.img("create", "-q", "-o", "preallocation=falloc", "g.raw", "1M")
    if os.stat(b.path("g.raw")).st_blocks * 512 < 1 << 20:
        raise Fail("preallocation=falloc has not allocated")
    b.both("info", "a.raw", text="image: a.raw\nfile format: raw\nvirtual size: 1 MiB (1048576 bytes)\ndisk size: -\n")
    b.both("info", "--output=json", "-f", "raw", "a.raw")
    b.both("check", "-f", "raw", "a.raw", status=63)
    b.both("measure", "a.raw", text="required size: 1048576\nfully allocated size: 1048576\n")
    b.both("measure", "--output=json", "--size", "3G")


def raw_map(b):
    b.make("m.raw", 4 << 20, [(1 << 20, random_bytes(65536, 1)), (3 << 20, random_bytes(4096, 2))])
    b.both("map", "-f", "raw", "m.raw", text="Offset          Length          Mapped to       File\n"
           "0x100000        0x10000         0x100000        m.raw\n0x300000        0x1000          0x300000        m.raw\n")
    b.both("map", "--output=json", "-f", "raw", "m.raw")
    b.both("map", "--output=json", "-s", "512k", "-l", "1M", "-f", "raw", "m.raw")


def raw_resize(b):
    b.make("r.raw", 1 << 20, [(0, b"x" * 4096)])
    b.both("resize", "-f", "raw", "r.raw", "2M", text="Image resized.\n")
    for words, size in ((("+1M",), 3 << 20), (("2M",), 2 << 20), (("+512k",), 5 << 19)):
        b.img("resize", "-f", "raw", "--shrink", "r.raw", *words)
        if os.path.getsize(b.path("r.raw")) != size:
            raise Fail(f"resize {words}: {os.path.getsize(b.path('r.raw'))} bytes")
    b.img("resize", "--shrink", "-f", "raw", "r.raw", "-512k")
    b.refused("resize", "-f", "raw", "r.raw", "1M", names="--shrink")
    b.refused("resize", "-f", "raw", "r.raw", "0", names="r.raw")
    b.refused("resize", "-f", "raw", "--shrink", "r.raw", "-9G", names="r.raw")
    b.img("resize", "-f", "raw", "--preallocation=full", "r.raw", "+1M")
    if os.stat(b.path("r.raw")).st_blocks * 512 < 1 << 20 or b.read("r.raw")[:4096] != b"x" * 4096:
        raise Fail("resize --preallocation=full")


def compared(b):
    b.make("x.raw", 1 << 20, [(70000, b"abc")])
    b.make("y.raw", 1 << 20, [(70000, b"abd")])
    b.make("z.raw", 2 << 20, [(70000, b"abc")])
    b.make("e.raw", 2 << 20, [])
    f = ("-f", "raw", "-F", "raw")
    b.both("compare", *f, "x.raw", "x.raw", text="Images are identical.\n")
    b.both("compare", *f, "x.raw", "y.raw", status=1, text="Content mismatch at offset 69632!\n")
    b.both("compare", *f, "x.raw", "z.raw", text="Warning: Image size mismatch!\nImages are identical.\n")
    b.both("compare", *f, "-s", "z.raw", "x.raw", status=1, text="Strict mode: Image size mismatch!\n")
    b.both("compare", *f, "x.raw", "e.raw", status=1, text="Content mismatch at offset 69632!\n")
    b.both("compare", *f, "-q", "x.raw", "y.raw", status=1, text="")
    b.both("compare", "x.raw", "nothing.raw", status=2)
    with open(b.path("z.raw"), "r+b") as g:
        g.seek((2 << 20) - 1)
        g.write(b"!")
    b.both("compare", *f, "x.raw", "z.raw", status=1, text="Warning: Image size mismatch!\nContent mismatch at offset 2096640!\n")


def raw_convert(b):
    mixed(b)
    for words in ((), ("-S", "64k"), ("-S", "0"), ("-W", "-m", "16"), ("-m", "1"), ("-t", "none", "-T", "none"), ("-C",), ("-t", "writethrough")):
        b.img("convert", "-f", "raw", "-O", "raw", *words, "mixed.raw", "out.raw")
        b.same("mixed.raw", "out.raw")
    holes = os.stat(b.path("out.raw")).st_blocks
    b.img("convert", "-S", "0", "-f", "raw", "mixed.raw", "full.raw")
    if os.stat(b.path("full.raw")).st_blocks * 512 < 8 << 20 or holes * 512 > 5 << 20:
        raise Fail("convert: holes where none should be, or none where some should")
    out = b.img("convert", "-p", "-f", "raw", "mixed.raw", "out.raw").out.decode()
    if "(0.00/100%)\r" not in out or not out.endswith("(100.00/100%)\r\n"):
        raise Fail(f"progress: {out!r}")
    b.make("odd.raw", 1000, [(990, b"the end")])
    b.img("convert", "-f", "raw", "mixed.raw", "odd.raw", "joined.raw")
    if b.read("joined.raw") != b.read("mixed.raw") + b.read("odd.raw") + bytes(24):
        raise Fail("two images joined")
    b.make("target.raw", 9 << 20, [(0, b"\xff" * (9 << 20))])
    b.img("convert", "-n", "-f", "raw", "-O", "raw", "mixed.raw", "target.raw")
    if b.read("target.raw") != b.read("mixed.raw") + b"\xff" * (1 << 20):
        raise Fail("convert -n: what is there must become zeros where the source has them, and stay behind its end")
    if QEMU:
        b.img("compare", "-f", "raw", "-F", "raw", "mixed.raw", "out.raw", program=QEMU)


def convert_refused(b):
    mixed(b)
    before = b.read("mixed.raw")
    b.refused("convert", "-f", "raw", "mixed.raw", "mixed.raw", names="mixed.raw")
    os.link(b.path("mixed.raw"), b.path("link.raw"))
    b.refused("convert", "-f", "raw", "mixed.raw", "link.raw", names="link.raw")
    b.refused("convert", "-c", "-f", "raw", "-O", "raw", "mixed.raw", "o.raw", names="compression")
    b.refused("convert", "-f", "raw", "mixed.raw", "nowhere/o.raw", names="nowhere/o.raw")
    b.refused("convert", "-m", "17", "mixed.raw", "o.raw", names="-m 17")
    b.refused("convert", "-S", "100", "mixed.raw", "o.raw", names="-S 100")
    b.make("small.raw", 1 << 20, [])
    b.refused("convert", "-n", "-f", "raw", "mixed.raw", "small.raw", names="small.raw")
    if b.read("mixed.raw") != before:
        raise Fail("a refused conversion has changed its source")
    if os.getuid():
        os.chmod(b.path("small.raw"), 0)
        b.refused("info", "small.raw", names="small.raw")


def disk_full(b):
    """A file system of 4 MiB: the destination is named, the exit status 1."""
    mixed(b, seed=2)
    script = ("mount -t tmpfs -o size=2m none /mnt && cd " + b.folder + " && exec " + b.myna + " convert -f raw -O raw -S 0 mixed.raw /mnt/out.raw")
    done = run(["unshare", "-rm", "sh", "-c", script], cwd=b.folder)
    if b"unshare" in done.err or b"mount" in done.err:
        raise Skip("no name space for a small file system")
    if done.status != 1 or b"/mnt/out.raw" not in done.err or b"No space left" not in done.err:
        raise Fail(f"a full disk: status {done.status}, {done.err.decode()}")


def locked(b):
    """An image that another process writes to is refused unless -U."""
    b.make("l.raw", 1 << 20, [(0, b"x")])
    import fcntl
    import struct
    with open(b.path("l.raw"), "r+b") as f:
        for at in (100, 101, 201):  # reads, writes, and lets nobody else write
            fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, at, 1, 0))  # F_OFD_SETLK
        b.refused("resize", "-f", "raw", "l.raw", "2M", names="l.raw")
        b.refused("info", "l.raw", names="l.raw")
        b.img("info", "-U", "l.raw")
        if QEMU:
            b.qemu("resize", "-f", "raw", "l.raw", "2M", status=1)


def interrupted(b):
    b.make("big.raw", 64 << 20, [(0, random_bytes(1 << 20, 1) * 64)])
    p = subprocess.Popen([b.myna, "convert", "-f", "raw", "-O", "raw", "-r", "4M", "big.raw", "out.raw"], cwd=b.folder, stderr=subprocess.PIPE,
                         env=ENVIRONMENT)
    time.sleep(0.5)
    p.send_signal(signal.SIGINT)
    try:
        err = p.communicate(timeout=20)[1]
    except subprocess.TimeoutExpired:
        p.kill()
        p.communicate()
        raise Fail("SIGINT does not stop it")
    if p.returncode != -signal.SIGINT or b"out.raw" not in err:
        raise Fail(f"after SIGINT: {p.returncode}, {err}")


def dd(b):
    mixed(b)
    data = b.read("mixed.raw")
    b.img("dd", "-f", "raw", "-O", "raw", "if=mixed.raw", "of=a.raw", "bs=1M", "count=2")
    b.img("dd", "-f", "raw", "-O", "raw", "if=mixed.raw", "of=b.raw", "bs=4k", "skip=3")
    b.img("dd", "-f", "raw", "-O", "raw", "if=mixed.raw", "of=c.raw")
    if b.read("a.raw") != data[:2 << 20] or b.read("b.raw") != data[3 * 4096:] or b.read("c.raw") != data:
        raise Fail("dd")
    b.refused("dd", "if=mixed.raw", "fo=x", names="fo=x")
    b.refused("dd", "if=mixed.raw", names="of=")


def timed(b):
    b.make("t.raw", 1 << 20, [])
    text = re.sub(r"[0-9.]+ seconds", "- seconds", b.img("bench", "-f", "raw", "-c", "200", "t.raw").out.decode())
    if text != ("Sending 200 read requests, 4096 bytes each, 64 in parallel (starting at offset 0, step size 4096)\nRun completed in - seconds.\n"):
        raise Fail(text)
    b.img("bench", "-f", "raw", "-w", "-c", "100", "--flush-interval=10", "--pattern", "7", "-d", "8", "-s", "8k", "t.raw")
    if b.read("t.raw")[:100 * 8192] != b"\7" * (100 * 8192):
        raise Fail("bench -w")


CASES = [(usage, 0), (sizes, 0), (raw_info, 0), (raw_map, 0), (raw_resize, 0), (compared, 0), (raw_convert, 0), (convert_refused, 0),
         (disk_full, 1), (locked, 0), (interrupted, 1), (dd, 0), (timed, 0)]


def cases(context):
    def case(function):
        def in_folder(context):
            with context.temp() as folder:
                function(Bench(context, folder))
        return in_folder
    return [Case("img/" + f.__name__, case(f), level) for f, level in CASES]
