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
                return {k: clean(x) for k, x in v.items() if k not in ("actual-size", "children", "compressed", "date-sec", "date-nsec", "fragmented-clusters")}
            return v
        return json.dumps(clean(json.loads(text)), sort_keys=True, indent=1)
    text = re.sub(r"(?m)^disk size: .*$", "disk size: -", text)
    text = re.sub(r"(?ms)^Child node .*?(?=^\S|\Z)", "", text)
    text = re.sub(r"[\d.]+% fragmented", "-% fragmented", text)
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


# --------------------------------------------------------------------------------- qcow2

INFO = """image: a.qcow2
file format: qcow2
virtual size: 100 MiB (104857600 bytes)
disk size: -
cluster_size: 65536
Format specific information:
    compat: 1.1
    compression type: zlib
    lazy refcounts: false
    refcount bits: 16
    corrupt: false
    extended l2: false
"""


def qcow2_create(b):
    b.both("create", "-f", "qcow2", "a.qcow2", "100M", text="Formatting 'a.qcow2', fmt=qcow2 cluster_size=65536 extended_l2=off compression_type=zlib "
           "size=104857600 lazy_refcounts=off refcount_bits=16\n")
    b.img("create", "-q", "-f", "qcow2", "a.qcow2", "100M")
    b.both("info", "a.qcow2", text=INFO)
    b.both("info", "--output=json", "a.qcow2")
    b.both("check", "a.qcow2", text="No errors were found on the image.\nImage end offset: 262144\n")
    b.both("check", "--output=json", "a.qcow2")
    b.both("create", "-f", "qcow2", "-b", "a.qcow2", "-F", "qcow2", "o.qcow2")
    b.img("create", "-q", "-f", "qcow2", "-b", "a.qcow2", "-F", "qcow2", "o.qcow2")
    b.both("info", "o.qcow2")
    b.both("info", "--backing-chain", "o.qcow2")
    b.both("info", "--backing-chain", "--output=json", "o.qcow2")
    for options in ("compat=0.10", "cluster_size=4k", "cluster_size=2M", "lazy_refcounts=on", "refcount_bits=1", "refcount_bits=64", "extended_l2=on",
                    "compression_type=zstd", "preallocation=metadata", "preallocation=falloc", "preallocation=full"):
        b.both("create", "-f", "qcow2", "-o", options, "v.qcow2", "20M")
        b.img("create", "-q", "-f", "qcow2", "-o", options, "v.qcow2", "20M")
        b.both("info", "v.qcow2")
        b.both("info", "--output=json", "v.qcow2")
        b.both("check", "v.qcow2")
    b.refused("create", "-f", "qcow2", "-b", "a.qcow2", "x.qcow2", names="-F")
    b.refused("create", "-f", "qcow2", "-b", "missing", "-F", "raw", "x.qcow2", names="missing")
    b.img("create", "-q", "-u", "-f", "qcow2", "-b", "missing", "-F", "raw", "x.qcow2", "1M")
    b.refused("create", "-f", "qcow2", "-o", "cluster_size=100", "x.qcow2", "1M", names="cluster_size")
    b.refused("create", "-f", "qcow2", "-o", "clustr_size=4k", "x.qcow2", "1M", names="clustr_size")


def trip(b, source, *words, options=None):
    """To qcow2 and back; each way, with each program as the one that reads and checks."""
    extra = ["-o", options] if options else []
    b.img("convert", "-f", "raw", "-O", "qcow2", *extra, *words, source, "t.qcow2")
    b.img("check", "-q", "t.qcow2")
    b.img("convert", "-f", "qcow2", "-O", "raw", "t.qcow2", "back.raw")
    b.same(source, "back.raw")
    if QEMU:
        b.qemu("check", "-q", "t.qcow2")
        if b.qemu("compare", "-f", "raw", "-F", "qcow2", source, "t.qcow2").out != b"Images are identical.\n":
            raise Fail("qemu-img sees something else in t.qcow2")
        b.qemu("convert", "-f", "raw", "-O", "qcow2", *extra, *(w for w in words if w == "-c"), source, "u.qcow2")
        b.img("check", "-q", "u.qcow2")
        b.img("convert", "-O", "raw", "u.qcow2", "back.raw")
        b.same(source, "back.raw")
        if "extended_l2" not in (options or ""):  # there it gives pieces without data an offset, too
            b.both("map", "--output=json", "u.qcow2")
        b.both("check", "--output=json", "u.qcow2")


def qcow2_convert(b):
    mixed(b)
    trip(b, "mixed.raw")
    trip(b, "mixed.raw", "-c")
    trip(b, "mixed.raw", "-W", "-m", "16", "-S", "0")
    for options in ("cluster_size=512", "compat=0.10", "extended_l2=on", "cluster_size=2M"):
        trip(b, "mixed.raw", options=options)
    trip(b, "mixed.raw", "-c", options="compression_type=zstd,cluster_size=128k")
    mixed(b, "odd.raw", (5 << 20) + 512 * 7, 3)
    trip(b, "odd.raw")
    trip(b, "odd.raw", "-c")


def qcow2_convert_all(b):
    """All cluster sizes, both versions, compressed and not."""
    mixed(b, size=(6 << 20) + 1024, seed=5)
    for bits in range(9, 22):
        for compat in ("0.10", "1.1"):
            for words in ((), ("-c",), ("-S", "0", "-W")):
                trip(b, "mixed.raw", *words, options=f"cluster_size={1 << bits},compat={compat}")
    for bits in (1, 2, 4, 8, 32, 64):
        trip(b, "mixed.raw", options=f"refcount_bits={bits}")


def chain(b):
    """base.raw <- mid.qcow2 <- top.qcow2, with data of each level. Returns what is seen through the top."""
    base = bytearray(random_bytes(1 << 20, 7) + bytes(3 << 20))
    b.make("base.raw", 4 << 20, [(0, bytes(base))])
    b.img("create", "-q", "-f", "qcow2", "-b", "base.raw", "-F", "raw", "mid.qcow2")
    b.img("create", "-q", "-f", "qcow2", "-b", "mid.qcow2", "-F", "qcow2", "top.qcow2", "5M")
    for name, pieces in (("mid.qcow2", ((65536 * 3 + 100, b"M" * 70000), (2 << 20, b"m" * 512))), ("top.qcow2", ((65536 * 4, b"T" * 4096), (4 << 20, b"t" * 5000)))):
        for at, data in pieces:
            if len(base) < at + len(data):
                base += bytes(at + len(data) - len(base))
            base[at:at + len(data)] = data
            write_at(b, name, at, data)
    return bytes(base) + bytes((5 << 20) - len(base))


def write_at(b, name, at, data):
    """Into a qcow2 image: bench writes one byte value, in requests of one size."""
    value = str(data[0])
    size = len(data)
    while size > 512 and len(data) % size:
        size -= 1
    b.img("bench", "-q", "-w", "-c", "1", "-d", "1", "-s", str(size), "-o", str(at), "--pattern", value, "-f", "qcow2", name)


def seen(b, name, wanted):
    b.img("convert", "-O", "raw", name, "seen.raw")
    if b.read("seen.raw") != wanted:
        raise Fail(f"{name} holds something else")
    if QEMU:
        b.qemu("convert", "-O", "raw", name, "seen.raw")
        if b.read("seen.raw") != wanted:
            raise Fail(f"qemu-img sees something else in {name}")


def chains(b):
    wanted = chain(b)
    seen(b, "top.qcow2", wanted)
    b.both("map", "top.qcow2")
    b.both("map", "--output=json", "top.qcow2")
    b.both("info", "--backing-chain", "top.qcow2")
    b.both("measure", "-O", "qcow2", "top.qcow2")
    b.both("measure", "-O", "raw", "top.qcow2")
    b.img("convert", "-O", "qcow2", "-B", "mid.qcow2", "-F", "qcow2", "top.qcow2", "copy.qcow2")
    seen(b, "copy.qcow2", wanted)
    b.img("check", "-q", "copy.qcow2")
    if os.path.getsize(b.path("copy.qcow2")) > 700000:
        raise Fail("convert -B has copied what the backing file has")
    for words in (("-d",), ()):
        b.both("commit", "-f", "qcow2", *words, "copy.qcow2", text="Image committed.\n")
        seen(b, "copy.qcow2", wanted)
        seen(b, "mid.qcow2", wanted)
    if b'"data": true' in b.img("map", "--output=json", "copy.qcow2").out and b'"depth": 0, "present": true' in b.img("map", "--output=json", "copy.qcow2").out:
        raise Fail("commit has not emptied the image")
    for name in ("mid.qcow2", "copy.qcow2", "top.qcow2"):
        b.img("check", "-q", name)


def committed_to_base(b):
    wanted = chain(b)
    b.img("commit", "-b", "base.raw", "top.qcow2")
    seen(b, "base.raw", wanted)
    seen(b, "top.qcow2", wanted)
    b.refused("commit", "-b", "other.raw", "top.qcow2", names="other.raw")
    b.refused("commit", "-f", "raw", "base.raw", names="base.raw")


def rebased(b):
    wanted = chain(b)
    b.img("rebase", "-b", "base.raw", "-F", "raw", "top.qcow2")
    seen(b, "top.qcow2", wanted)
    if json.loads(b.img("info", "--output=json", "top.qcow2").out)["backing-filename"] != "base.raw":
        raise Fail("rebase has not changed the header")
    b.make("other.raw", 1 << 20, [(0, random_bytes(1 << 20, 9))])
    b.img("rebase", "-p", "-b", "other.raw", "-F", "raw", "top.qcow2")
    seen(b, "top.qcow2", wanted)
    b.img("rebase", "-b", "", "top.qcow2")
    seen(b, "top.qcow2", wanted)
    if "backing-filename" in json.loads(b.img("info", "--output=json", "top.qcow2").out):
        raise Fail("rebase -b '' leaves a backing file")
    b.img("check", "-q", "top.qcow2")
    b.img("rebase", "-u", "-b", "nowhere", "-F", "raw", "top.qcow2")
    b.both("info", "-U", "--output=json", "top.qcow2")
    b.refused("rebase", "-b", "missing.raw", "-F", "raw", "mid.qcow2", names="missing.raw")
    b.refused("rebase", "-b", "mid.qcow2", "-F", "qcow2", "mid.qcow2", names="mid.qcow2")
    b.refused("rebase", "-b", "base.raw", "mid.qcow2", names="-F")


def snapshots(b):
    mixed(b)
    b.img("convert", "-O", "qcow2", "-f", "raw", "mixed.raw", "s.qcow2")
    b.img("snapshot", "-c", "one", "s.qcow2")
    write_at(b, "s.qcow2", 0, b"Z" * 65536)
    b.img("snapshot", "-c", "two", "s.qcow2")
    two = b"Z" * 65536 + b.read("mixed.raw")[65536:]
    seen(b, "s.qcow2", two)
    out = b.both("snapshot", "-l", "s.qcow2")
    if not re.search(r"(?m)^1 +one +0 B +DATE 00:00:00.000 +0$", out) or not re.search(r"(?m)^2 +two ", out):
        raise Fail(out)
    b.both("info", "s.qcow2")
    b.both("info", "--output=json", "s.qcow2")
    for how in ("one", "snapshot.id=1", "snapshot.name=one"):
        b.img("convert", "-l", how, "-O", "raw", "s.qcow2", "one.raw")
        b.same("one.raw", "mixed.raw")
    b.refused("convert", "-l", "three", "s.qcow2", "x.raw", names="three")
    b.img("snapshot", "-a", "one", "s.qcow2")
    seen(b, "s.qcow2", b.read("mixed.raw"))
    b.img("snapshot", "-a", "2", "s.qcow2")
    seen(b, "s.qcow2", two)
    b.img("snapshot", "-d", "one", "s.qcow2")
    b.refused("snapshot", "-d", "one", "s.qcow2", names="one")
    b.refused("snapshot", "-a", "one", "s.qcow2", names="one")
    b.both("check", "s.qcow2")
    b.img("snapshot", "-d", "two", "s.qcow2")
    seen(b, "s.qcow2", two)
    if QEMU:
        b.qemu("check", "s.qcow2")


def checked(b):
    """Leaks and errors put in by hand (the count of a cluster is at its number in the first block of counts, big endian)."""
    mixed(b)
    b.img("convert", "-f", "raw", "-O", "qcow2", "mixed.raw", "c.qcow2")
    end = json.loads(b.img("check", "--output=json", "c.qcow2").out)["image-end-offset"]
    data = bytearray(b.read("c.qcow2"))
    table = int.from_bytes(data[48:56], "big")
    block = int.from_bytes(data[table:table + 8], "big")
    last = end // 65536 - 1

    def put(cluster, count):
        with open(b.path("c.qcow2"), "r+b") as f:
            f.seek(block + 2 * cluster)
            f.write(count.to_bytes(2, "big"))
            f.truncate(max(end, (cluster + 1) * 65536))
    put(last + 1, 1)
    put(last + 2, 1)
    b.img("check", "c.qcow2", status=3)
    got = json.loads(b.img("check", "--output=json", "c.qcow2", status=3).out)
    if got["leaks"] != 2 or "corruptions" in got:
        raise Fail(f"two leaked clusters: {got}")
    b.both("check", "--output=json", "c.qcow2", status=3)
    out = b.img("check", "-r", "leaks", "c.qcow2").out.decode()
    if "\n    2 leaked clusters\n    0 corruptions\n" not in out:
        raise Fail(out)
    b.img("check", "c.qcow2")
    put(last, 0)
    b.img("check", "c.qcow2", status=2)
    b.both("check", "--output=json", "c.qcow2", status=2)
    b.img("check", "-q", "-r", "all", "c.qcow2")
    b.img("check", "-q", "c.qcow2")
    seen(b, "c.qcow2", b.read("mixed.raw"))
    with open(b.path("c.qcow2"), "r+b") as f:
        f.truncate(100)
    b.refused("info", "-f", "qcow2", "c.qcow2", names="c.qcow2")
    b.refused("check", "-f", "qcow2", "c.qcow2", names="c.qcow2")
    b.refused("convert", "-f", "qcow2", "c.qcow2", "x.raw", names="c.qcow2")


def qcow2_resize(b):
    mixed(b)
    data = b.read("mixed.raw")
    b.img("convert", "-f", "raw", "-O", "qcow2", "mixed.raw", "r.qcow2")
    b.both("resize", "r.qcow2", "20M", text="Image resized.\n")
    seen(b, "r.qcow2", data + bytes((20 << 20) - len(data)))
    b.img("resize", "r.qcow2", "+1G")
    b.img("resize", "--shrink", "r.qcow2", "4M")
    seen(b, "r.qcow2", data[:4 << 20])
    b.img("check", "-q", "r.qcow2")
    b.refused("resize", "r.qcow2", "1M", names="--shrink")


def measured(b):
    mixed(b)
    for words in (("--size", "1G"), ("--size", "3T"), ("--size", "1G", "-o", "cluster_size=4k"), ("--size", "1G", "-o", "refcount_bits=64"),
                  ("--size", "100M", "-o", "preallocation=full"), ("-f", "raw", "mixed.raw"), ("-f", "raw", "-o", "cluster_size=2M", "mixed.raw")):
        b.both("measure", "-O", "qcow2", *words)
        b.both("measure", "-O", "qcow2", "--output=json", *words)


def amended(b):
    b.img("create", "-q", "-f", "qcow2", "a.qcow2", "10M")
    b.img("amend", "-f", "qcow2", "-o", "lazy_refcounts=on", "a.qcow2")
    b.both("info", "a.qcow2")
    b.img("amend", "-f", "qcow2", "-o", "lazy_refcounts=off", "a.qcow2")
    b.both("info", "a.qcow2")
    b.refused("amend", "-f", "qcow2", "-o", "refcount_bits=8", "a.qcow2", names="refcount_bits")
    b.refused("amend", "-f", "raw", "-o", "size=5M", "a.qcow2", names="raw")


def to_existing(b):
    """A target that is there: emptied; with -n its size stays, its zeros are written."""
    mixed(b)
    b.img("create", "-q", "-f", "qcow2", "t.qcow2", "9M")
    write_at(b, "t.qcow2", 0, b"\xff" * (8 << 20))
    b.img("convert", "-n", "-f", "raw", "-O", "qcow2", "mixed.raw", "t.qcow2")
    seen(b, "t.qcow2", b.read("mixed.raw") + bytes(1 << 20))
    b.img("check", "-q", "t.qcow2")
    b.img("convert", "-f", "raw", "-O", "qcow2", "mixed.raw", "t.qcow2")
    seen(b, "t.qcow2", b.read("mixed.raw"))
    b.img("convert", "--image-opts", "-O", "raw", "driver=qcow2,file.filename=t.qcow2", "o.raw")
    b.same("o.raw", "mixed.raw")
    b.img("create", "-q", "-f", "qcow2", "z.qcow2", "8M")
    b.img("convert", "-n", "--target-is-zero", "--target-image-opts", "-f", "raw", "mixed.raw", "driver=qcow2,file.filename=z.qcow2")
    seen(b, "z.qcow2", b.read("mixed.raw"))


def killed(b, times=6):
    """commit, rebase and snapshot -a ended by SIGKILL at some moment: what is seen through the image stays, its tables are sound
    (leaks may be), and the same command then ends well."""
    for k in range(times):
        for name in os.listdir(b.folder):
            os.unlink(b.path(name))
        b.make("base.raw", 24 << 20, [(0, random_bytes(24 << 20, k))])
        b.img("create", "-q", "-f", "qcow2", "-b", "base.raw", "-F", "raw", "top.qcow2")
        b.make("new.raw", 24 << 20, [(0, random_bytes(24 << 20, k + 100)), (5 << 20, b.read("base.raw")[5 << 20:9 << 20])])
        write_at(b, "top.qcow2", 65536, b"\x55" * (8 << 20))
        wanted = b.read("base.raw")
        wanted = wanted[:65536] + b"\x55" * (8 << 20) + wanted[65536 + (8 << 20):]
        command = (["commit", "top.qcow2"], ["rebase", "-b", "new.raw", "-F", "raw", "top.qcow2"])[k % 2]
        begun = time.monotonic()
        shutil.copy(b.path("top.qcow2"), b.path("copy.qcow2"))
        shutil.copy(b.path("base.raw"), b.path("base.keep"))
        b.img(*command)
        seconds = time.monotonic() - begun
        for name, kept in (("top.qcow2", "copy.qcow2"), ("base.raw", "base.keep")):
            os.replace(b.path(kept), b.path(name))
        p = subprocess.Popen([b.myna, *command], cwd=b.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        time.sleep(seconds * random.Random(k).random())
        p.kill()
        p.wait()
        for _ in range(50):  # the kernel ends what was under way, and then gives the locks back
            done = run([b.myna, "check", "top.qcow2"], cwd=b.folder)
            if b"another process" not in done.err:
                break
            time.sleep(0.1)
        if done.status not in (0, 3):
            raise Fail(f"{' '.join(command)} killed: check says {done.status}: {(done.out + done.err).decode()[-300:]}")
        seen(b, "top.qcow2", wanted)
        b.img(*command)
        seen(b, "top.qcow2", wanted)


def killed_often(b):
    killed(b, 60)


def mangled(b):
    """Headers and tables with bytes changed: an error or an image, never a signal, and in time."""
    mixed(b, size=2 << 20)
    b.img("convert", "-f", "raw", "-O", "qcow2", "-c", "mixed.raw", "g.qcow2")
    b.img("snapshot", "-c", "s", "g.qcow2")
    whole = b.read("g.qcow2")
    r = random.Random(11)
    for k in range(60):
        data = bytearray(whole)
        for _ in range(r.randrange(1, 4)):
            at = r.choice((r.randrange(0, 112), r.randrange(0, 600), r.randrange(len(data))))
            data[at] = r.choice((0, 1, 0x7f, 0x80, 0xff, r.randrange(256)))
        for command in (["info", "-f", "qcow2", "m.qcow2"], ["check", "-f", "qcow2", "m.qcow2"], ["check", "-r", "all", "-f", "qcow2", "m.qcow2"],
                        ["map", "--output=json", "-f", "qcow2", "m.qcow2"], ["snapshot", "-l", "m.qcow2"]):
            with open(b.path("m.qcow2"), "wb") as f:
                f.write(data)
            done = run([b.myna, *command], cwd=b.folder, timeout=30)
            if done.status < 0 or done.status in (98, 99) or b"runtime error" in done.err:
                shutil.copy(b.path("m.qcow2"), "/tmp/myna-mangled.qcow2")
                raise Fail(f"{done.shell()}: status {done.status} ({k}; kept as /tmp/myna-mangled.qcow2)\n{done.err.decode(errors='replace')[-600:]}")


CASES = [(usage, 0), (sizes, 0), (raw_info, 0), (raw_map, 0), (raw_resize, 0), (compared, 0), (raw_convert, 0), (convert_refused, 0),
         (disk_full, 1), (locked, 0), (interrupted, 1), (dd, 0), (timed, 0),
         (qcow2_create, 0), (qcow2_convert, 0), (qcow2_convert_all, 2), (chains, 0), (committed_to_base, 0), (rebased, 0), (snapshots, 0),
         (checked, 0), (qcow2_resize, 0), (measured, 0), (amended, 0), (to_existing, 0),
         (killed, 1), (killed_often, 2), (mangled, 1)]


def cases(context):
    def case(function):
        def in_folder(context):
            with context.temp() as folder:
                function(Bench(context, folder))
        return in_folder
    return [Case("img/" + f.__name__, case(f), level) for f, level in CASES]
