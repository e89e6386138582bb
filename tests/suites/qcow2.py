"""qcow2 images: tests/device/qcow2 as a tool against qemu-img over all options of new images, more rounds of its own tests, mutated
images under AddressSanitizer; kernels with their root on a qcow2 image with two backing images; SIGKILL under load."""
import os
import random
import re
import shutil
import signal
import subprocess
import time

from .base import Case, Fail, Skip, run
from .device import MODULES, check_image, digest, disk, SCRIPT
from .system import boot, program, said

OPTIONS = ["compat=0.10", "compat=1.1", "cluster_size=512", "cluster_size=4k", "cluster_size=2M", "refcount_bits=1", "refcount_bits=2",
           "refcount_bits=64,cluster_size=512", "refcount_bits=8", "refcount_bits=32,cluster_size=1M", "extended_l2=on", "extended_l2=on,cluster_size=16k",
           "lazy_refcounts=on", "compression_type=zstd", "preallocation=metadata", "preallocation=falloc", "preallocation=full"]


def tool(context, *words, good=True, timeout=300):
    path = os.path.join(context.build, "tests/device/qcow2")
    if not os.path.exists(path):
        raise Fail(f"{path} is not built")
    done = run([path, *words], timeout=timeout)
    if good and done.status:
        raise Fail(f"{done.shell()}: status {done.status}\n{(done.out + done.err)[-2000:].decode(errors='replace')}")
    return done


def qemu_img(*words, good=True):
    if not shutil.which("qemu-img"):
        raise Skip("no qemu-img: scripts/setup.sh check")
    done = run(["qemu-img", *words], timeout=300)
    if good and done.status:
        raise Fail(f"{done.shell()}: status {done.status}\n{(done.out + done.err)[-2000:].decode(errors='replace')}")
    return done


def raw(path, size=6 * 2**20 + 512 * 7):
    """Some data, some of it compressible, much nothing."""
    r = random.Random(5)
    data = bytearray(size)
    for _ in range(40):
        at, n = r.randrange(0, size - 70000) & ~511, r.choice([512, 4096, 65536, 70000])
        data[at:at + n] = r.randbytes(n) if r.random() < 0.5 else bytes([r.randrange(1, 255)]) * n
    with open(path, "wb") as f:
        f.write(data)


def same(a, b):
    with open(a, "rb") as f, open(b, "rb") as g:
        if f.read() != g.read():
            raise Fail(f"{a} and {b} differ")


def interop(options, compressed):
    """Theirs is read and changed here, ours is checked there."""
    def test(context):
        program(context)
        with context.temp() as d:
            a, theirs, ours, out, model = (os.path.join(d, n) for n in ("a.raw", "theirs.qcow2", "ours.qcow2", "out.raw", "model.raw"))
            raw(a)
            qemu_img("convert", "-f", "raw", "-O", "qcow2", *(["-c"] if compressed else []), "-o", options, a, theirs)
            tool(context, "dump", theirs, out)
            same(a, out)
            tool(context, "check", theirs)
            tool(context, "create", ours, str(os.path.getsize(a)), options)
            tool(context, "load", ours, a, *(["-c"] if compressed else []))
            qemu_img("check", "-q", ours)
            qemu_img("compare", "-q", "-f", "qcow2", "-F", "raw", ours, a)
            shutil.copy(a, model)
            for image in (theirs, ours):
                shutil.copy(a, model)
                tool(context, "random", image, model, "300", "7")
                qemu_img("check", "-q", image)
                qemu_img("compare", "-q", "-f", "qcow2", "-F", "raw", image, model)
    return test


def snapshots(context):
    """Snapshots of theirs stay what they are while the image is changed here; chains with relative names."""
    program(context)
    with context.temp() as d:
        a, base, top, out, model = (os.path.join(d, n) for n in ("a.raw", "base.qcow2", "top.qcow2", "out.raw", "model.raw"))
        raw(a)
        qemu_img("convert", "-f", "raw", "-O", "qcow2", a, base)
        qemu_img("snapshot", "-c", "one", base)
        shutil.copy(a, model)
        tool(context, "random", base, model, "200", "3")
        qemu_img("check", "-q", base)
        qemu_img("compare", "-q", "-f", "qcow2", "-F", "raw", base, model)
        qemu_img("convert", "-l", "snapshot.name=one", "-O", "raw", base, out)
        same(a, out)
        os.mkdir(os.path.join(d, "sub"))
        top = os.path.join(d, "sub", "top.qcow2")
        tool(context, "create", top, "0x800000", "backing_file=../base.qcow2,backing_fmt=qcow2,cluster_size=4k")
        with open(model, "ab") as f:
            f.truncate(0x800000)
        tool(context, "dump", top, out)
        same(model, out)
        tool(context, "random", top, model, "200", "4")
        qemu_img("check", "-q", top)
        qemu_img("compare", "-q", "-f", "qcow2", "-F", "raw", top, model)


def names(context):
    """What can not be opened says why, in one line."""
    machine = program(context)
    with context.temp() as d:
        def image(name, at, data):
            path = os.path.join(d, name)
            tool(context, "create", path, "1048576", "")
            with open(path, "r+b") as f:
                f.seek(at)
                f.write(data)
            return path
        loop = os.path.join(d, "loop.qcow2")
        tool(context, "create", loop, "1048576", "")
        qemu_img("rebase", "-u", "-b", "loop.qcow2", "-F", "qcow2", loop)
        far = os.path.join(d, "far.qcow2")
        tool(context, "create", far, "1048576", "")
        qemu_img("rebase", "-u", "-b", "nowhere.raw", "-F", "raw", far)
        for path, pattern in ((image("unknown", 72, bytes([0, 0, 0, 0, 0, 0, 1, 0])), rb"incompatible feature 8"),
                              (image("data", 72, bytes([0, 0, 0, 0, 0, 0, 0, 4])), rb"external data file"),
                              (image("corrupt", 72, bytes([0, 0, 0, 0, 0, 0, 0, 2])), rb"corrupt"),
                              (image("luks", 32, bytes([0, 0, 0, 2])), rb"LUKS"),
                              (image("version", 4, bytes([0, 0, 0, 9])), rb"version"),
                              (image("l1", 36, bytes([0x7f, 0xff, 0xff, 0xff])), rb"L1 table"),
                              (loop, rb"its own backing file"), (far, rb"nowhere.raw")):
            done = run([machine, "-M", "virt", "-cpu", "max", "-nographic", "-drive", f"file={path},format=qcow2"], timeout=20)
            if done.status != 1 or len(done.err.splitlines()) != 1 or not re.search(pattern, done.err):
                raise Fail(f"{done.shell()}: status {done.status}, {(done.out + done.err).decode(errors='replace')}")
        node = f"driver=qcow2,node-name=d,file.driver=file,file.filename={image('good', 0, b'')}"
        for words, pattern in ((["-blockdev", "driver=qcow3,node-name=x"], rb"qcow3.*qcow2"), (["-blockdev", "driver=qcow2,file.filename=x"], rb"node-name"),
                               (["-blockdev", node, "-blockdev", node], rb"there is one already"), (["-blockdev", node + ",fiel=1"], rb"fiel"),
                               (["-blockdev", node, "-device", "virtio-blk-device,drive=e"], rb"drive"),
                               (["-blockdev", node + ",cache.direct=maybe"], rb"cache.direct=maybe")):
            done = run([machine, "-M", "virt", "-cpu", "max", "-nographic", *words], timeout=20)
            if done.status != 1 or len(done.err.splitlines()) != 1 or not re.search(pattern, done.err):
                raise Fail(f"{done.shell()}: status {done.status}, {(done.out + done.err).decode(errors='replace')}")


def rounds(name, n, seed):
    return lambda context: (program(context), tool(context, name, str(n), str(seed), timeout=3000))


def asan(context):
    """10,000 mutated images, and some of all else, in a build of its own."""
    program(context)
    folder = os.path.join(context.build, "asan")
    test = os.path.join(folder, "tests/device/qcow2")
    for command, limit in ([["./configure", "--enable-asan", f"--build-dir={folder}"], 120], [["make", f"B={folder}", "-j2", test], 3600],
                           [[test, "mutate", "10000", "1"], 3600], [[test, "model", "100", "1"], 3600], [[test, "crash", "50", "1"], 3600],
                           [[test, "errors", "50", "1"], 3600]):
        done = run(command, cwd=context.top, timeout=limit, tail=4000)
        if done.status:
            raise Fail(f"{done.shell()}\n" + (done.out + done.err)[-4000:].decode(errors="replace"))


def killed(times):
    """SIGKILL while it writes and flushes: leaks, nothing else."""
    def test(context):
        program(context)
        path = os.path.join(context.build, "tests/device/qcow2")
        r = random.Random(7)
        with context.temp() as d:
            a, image = os.path.join(d, "a.raw"), os.path.join(d, "i.qcow2")
            raw(a)
            for k in range(times):
                shutil.copy(a, a + ".model")
                qemu_img("convert", "-f", "raw", "-O", "qcow2", "-o", r.choice(["cluster_size=4k", "cluster_size=64k", "extended_l2=on"]), a, image)
                p = subprocess.Popen([path, "random", image, a + ".model", "100000", str(k + 1)], stderr=subprocess.DEVNULL)
                time.sleep(0.02 + r.random() * 0.3)
                p.send_signal(signal.SIGKILL)
                p.wait()
                done = qemu_img("check", "-U", image, good=False)
                if done.status not in (0, 3):  # 3: leaks
                    raise Fail(f"round {k}: {(done.out + done.err)[-2000:].decode(errors='replace')}")
    return test


def chain(device, words, blockdev=False):
    """Root on an overlay of an overlay of a raw image; afterwards the chain is sound, and the two below are as before."""
    def test(context):
        if not os.path.exists("/sbin/mke2fs") and not os.path.exists("/usr/sbin/mke2fs"):
            raise Skip("no mke2fs: scripts/setup.sh check")
        with context.temp() as d:
            image = disk(d, context)
            base, middle, top, out = (os.path.join(d, n) for n in ("base.qcow2", "middle.qcow2", "top.qcow2", "out.raw"))
            tool(context, "create", base, str(os.path.getsize(image)), "compression_type=zlib")
            tool(context, "load", base, image, "-c")
            tool(context, "create", middle, str(os.path.getsize(image)), "backing_file=base.qcow2,backing_fmt=qcow2,cluster_size=4k")
            tool(context, "create", top, str(os.path.getsize(image)), "backing_file=middle.qcow2,backing_fmt=qcow2")
            before = [open(p, "rb").read() for p in (base, middle)]
            with open(os.path.join(d, "tree/data/from-host"), "rb") as f:
                sum_ = digest(f.read())
            drive = (["-blockdev", f"driver=file,node-name=f,filename={top}", "-blockdev", f"driver=qcow2,node-name=d,file=f,{words}"] if blockdev
                     else ["-drive", f"file={top},if=none,id=d,{words}"])
            got = boot(context, SCRIPT, [*drive, "-device", f"{device},drive=d"], modules=MODULES)
            said(got, f"{sum_}  -", "UNMOUNTED")
            if len(re.findall(sum_.encode(), got.out)) != 2:
                raise Fail(f"what was copied is not what was read\n{got.out[-2000:].decode(errors='replace')}")
            if before != [open(p, "rb").read() for p in (base, middle)]:
                raise Fail("a backing image has changed")
            tool(context, "check", top)
            if shutil.which("qemu-img"):
                qemu_img("check", "-q", top)
            tool(context, "dump", top, out)
            check_image(out)
    return test


def cases(context):
    found = [Case(f"qcow2/interop-{o.replace('=', '-').replace(',', '-')}{'-packed' if c else ''}", interop(o, c), 1)
             for o in OPTIONS for c in (False, True) if not (c and o.startswith("prealloc"))]
    return found + [
        Case("qcow2/snapshots", snapshots, 1),
        Case("qcow2/names", names, 1),
        Case("qcow2/model", rounds("model", 300, 1000), 2),
        Case("qcow2/crash", rounds("crash", 170, 1000), 2),  # 24 crashes a round
        Case("qcow2/errors", rounds("errors", 200, 1000), 2),
        Case("qcow2/mutated-asan", asan, 2),
        Case("qcow2/killed", killed(50), 2),
        Case("disk/qcow2-chain", chain("virtio-blk-device", "format=qcow2"), 1),
        Case("disk/qcow2-chain-guessed-none", chain("virtio-blk-pci", "cache=none,discard=unmap,detect-zeroes=unmap"), 2),
        Case("disk/qcow2-chain-directsync", chain("virtio-blk-device", "cache=directsync,aio=threads"), 2),
        Case("disk/qcow2-blockdev", chain("virtio-blk-pci", "discard=unmap,cache.no-flush=on", blockdev=True), 2),
    ]
