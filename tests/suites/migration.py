"""A machine's state: migration over every kind of channel, snapshots, refusals.

The guest is Debian's kernel with a shell that chains checksums: each line's sum is of the sum before, so the host can compute every line
that has to come, and one that is lost, repeated or wrong is seen. Another process of the guest fills and checks memory."""
import hashlib
import os
import re
import shutil
import subprocess
import time

from boot.image import call, check, ext4, tool
from . import qmp, system
from .base import Case, Fail, Skip, run
from .disk import MODULES, NVME, busybox, with_depends
from .system_ui import Machine as Process, guest

LIMIT = system.LIMIT
# The chain: SUM n md5(previous sum). And memory that is written all the time, and compared.
SCRIPT = """
sum=start
n=0
%s
while :; do
    sum=$(echo $sum | md5sum | cut -d' ' -f1)
    n=$((n + 1))
    echo SUM $n $sum
done
"""
LOAD = """
mkdir -p /m; mount -t tmpfs tmpfs /m
( k=0; while :; do
    dd if=/dev/urandom of=/m/a bs=64k count=%d 2>/dev/null
    cp /m/a /m/b
    cmp /m/a /m/b || echo WRONG MEMORY
    k=$((k + 1)); echo LOAD $k
done ) &
"""


def chain(n):
    s = "start"
    for _ in range(n):
        s = hashlib.md5((s + "\n").encode()).hexdigest()
    return s


class Machine(Process):
    """With a monitor on a socket, and what its guest has said so far."""

    def __init__(self, context, script, *options, cpus=1, gic=3, memory="256", board="", which="kernel", modules=()):
        self.temp2 = context.temp()
        self.home = self.temp2.name
        path = os.path.join(self.home, "initrd")
        with open(path, "wb") as f:
            f.write(system.initrd(context, script, which=which, modules=modules))
        super().__init__(context, "-M", f"gic-version={gic}{board}", "-smp", str(cpus), "-m", memory, "-kernel", system.kernel(context, which)[0], "-initrd", path,
                         "-append", "console=ttyAMA0 panic=-1 quiet", "-nographic", "-serial", "stdio", "-monitor", "unix:DIR/mon,server=on,wait=off",
                         "-nic", "none", *options, kernel=False)
        self.text = b""
        self.monitor = None

    def __exit__(self, *why):
        super().__exit__(*why)
        self.temp2.cleanup()

    def command(self, text, seconds=LIMIT):
        if not self.monitor:
            self.monitor = self.connect("mon")
            self.monitor.expect(rb"\(qemu\) |\(myna\) ", seconds)
        self.monitor.send(text + "\n")
        got = self.monitor.expect(rb"\n(?:.*\n)?(?:\(qemu\)|\(myna\)) ", seconds)
        return re.sub(rb"\x1b\[[0-9;]*[A-Za-z]", b"", got).decode(errors="replace").replace("\r", "")

    def sums(self, more, seconds=LIMIT):
        """Waits for that many lines of the chain; the number of the last one. Each must be what it has to be."""
        for _ in range(more):
            self.text = self.stdio.expect(rb"SUM \d+ [0-9a-f]{32}\r?\n|Kernel panic.*?\n", seconds)
            if b"WRONG" in self.text or b"Kernel panic" in self.text or b"Oops" in self.text or b"Call trace" in self.text:
                raise Fail(self.text[-2000:].decode(errors="replace"))
        number, got = re.findall(rb"SUM (\d+) ([0-9a-f]{32})", self.text)[-1]
        if chain(int(number)) != got.decode():
            raise Fail(f"line {number.decode()} has the sum {got.decode()}, not {chain(int(number))}")
        return int(number)

    def drain(self):
        """What it has said already; the number of its last whole line, or None."""
        text = self.stdio.until_end(0.3)
        found = re.findall(rb"SUM (\d+) ([0-9a-f]{32})\r?\n", text)
        for number, got in found:
            if chain(int(number)) != got.decode():
                raise Fail(f"line {number.decode()} has the sum {got.decode()}")
        return int(found[-1][0]) if found else None

    def status(self):
        return self.command("info migrate")

    def completed(self, seconds=LIMIT):
        """Waits until the migration has ended well; its downtime in ms."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.status()
            if "Migration status: completed" in text:
                return int(re.search(r"downtime: (\d+) ms", text)[1])
            if "failed" in text or "cancelled" in text:
                raise Fail(text)
            time.sleep(0.1)
        raise Fail(f"it does not end: {text}")


def live(uri, incoming, load=64, settings=(), **how):
    """From one process to another while both write memory. uri and incoming may have DIR, the source's folder."""
    def test(context):
        options = how.pop("options", [])
        script = SCRIPT % (LOAD % load if load else "")
        with Machine(context, script, *options, **how) as a:
            a.sums(20)
            for s in settings:
                a.command(s)
            place = incoming.replace("DIR", a.home)
            if not place.startswith("exec") and not place.startswith("file"):
                with Machine(context, script, "-incoming", place, *options, **how) as b:
                    check_live(context, a, b, uri)
            else:
                a.command(f'migrate "{uri.replace("DIR", a.home)}"')
                down = a.completed()
                last = a.drain()
                with Machine(context, script, "-incoming", place, *options, **how) as b:
                    follow(a, b, last)
                    print("     migration " + f"{uri.split(':')[0]}: downtime {down} ms", flush=True)
    return test


def check_live(context, a, b, uri):
    time.sleep(0.3)
    a.command(f"migrate -d {uri.replace('DIR', a.home)}")
    down = a.completed()
    follow(a, b, a.drain())
    text = a.status()
    if "postmigrate" not in a.command("info status"):
        raise Fail("the source is not in state postmigrate")
    rounds = re.search(r"dirty sync count: (\d+)", text)[1]
    sent = re.search(r"transferred ram: (\d+)", text)[1]
    print("     migration " + f"{uri.split(':')[0]}: downtime {down} ms, {rounds} rounds, {sent} kbytes", flush=True)


def follow(a, b, last):
    """b goes on where a has stopped: no line is lost, none comes twice (but the one that was half said)."""
    b.text = b.stdio.expect(rb"SUM \d+ [0-9a-f]{32}\r?\n", LIMIT) if last is None else b""
    n = b.sums(1) if last is not None else None
    if last is not None and not last < n <= last + 2:
        raise Fail(f"the source's last line was {last}, the target's first is {n}")
    b.sums(30)


# The same with a file system on a disk, which has to agree with memory.
DISK = """
mkdir -p /d; mount -t ext4 /dev/vda /d
sum=start
n=0
rm -f /d/log
while :; do
    sum=$(echo $sum | md5sum | cut -d' ' -f1)
    n=$((n + 1))
    echo $sum >>/d/log
    [ $((n % 16)) = 0 ] && { sync; echo 3 >/proc/sys/vm/drop_caches; }
    [ $(wc -l </d/log) = $n ] && [ $(tail -n 1 /d/log) = $sum ] || echo WRONG DISK
    echo SUM $n $sum
done
"""


def disk_image(context, folder, name="disk.qcow2"):
    raw, image = os.path.join(folder, "raw.img"), os.path.join(folder, name)
    ext4(raw, busybox(context), [])
    got = run([os.path.join(os.path.dirname(context.myna), "myna-img"), "convert", "-f", "raw", "-O", "qcow2", raw, image], timeout=60)
    if got.status:
        raise Fail(got.err.decode())
    os.unlink(raw)
    return image


def on_disk(image, device="virtio-blk-pci"):
    return ["-drive", f"if=none,id=d,format=qcow2,file={image}", "-device", f"{device},drive=d"]


def clean(context, image, folder, only_check=False):
    """The image is consistent, and so is the file system in it."""
    for tool in (os.path.join(os.path.dirname(context.myna), "myna-img"), shutil.which("qemu-img")):
        got = run([tool, "check", image], timeout=60) if tool else None
        if got and got.status:
            raise Fail(f"{tool} check: {got.status} {got.out.decode()} {got.err.decode()}")
    raw = os.path.join(folder, "check.img")
    run([os.path.join(os.path.dirname(context.myna), "myna-img"), "convert", "-O", "raw", image, raw], timeout=60)
    subprocess.run(["e2fsck", "-fy", raw], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)  # its journal is replayed
    wrong = check(raw)
    if wrong:
        raise Fail(wrong)


def saved(device="virtio-blk-pci", before=(), modules=(), disk="/dev/vda", **how):
    """savevm, quit; -loadvm goes on; loadvm while it runs goes back; delvm. before: options of what the disk's device is on."""
    def test(context):
        script = f"while [ ! -b {disk} ]; do sleep 0.1; done\n" + DISK.replace("/dev/vda", disk)
        with context.temp() as folder:
            image = disk_image(context, folder)
            how_to = dict(how, modules=with_depends(context, "kernel", MODULES + list(modules)))
            with Machine(context, script, *before, *on_disk(image, device), **how_to) as a:
                a.sums(50)
                a.command("savevm one")
                a.sums(20)
                text = a.command("savevm two")
                if "Error" in text:
                    raise Fail(text)
                last = a.sums(10)
                text = a.command("loadvm one")
                a.stdio.until_end(0.2)
                a.stdio.seen = b""
                back = a.sums(3)
                if "Error" in text or not 50 <= back < last - 5:
                    raise Fail(f"after loadvm its line is {back}, before it was {last}: {text}")
                text = a.command("info snapshots")
                if not re.search(r"--\s+one\s.*--\s+two\s", text, re.S):
                    raise Fail(text)
                a.command("savevm three")
                after = a.sums(5)
                a.command("stop")
                after = a.drain() or after # what was read so far may have been said before savevm
                a.monitor.send("quit\n")
                a.end(0)
            for tool in (os.path.join(os.path.dirname(context.myna), "myna-img"), shutil.which("qemu-img")):
                got = run([tool, "snapshot", "-l", image], timeout=20) if tool else None
                if got and (got.status or not re.search(rb"\n1\s+one .*MiB.*\n2\s+two .*MiB.*\n3\s+three .*MiB", got.out)):
                    raise Fail(f"{tool}: {got.out.decode()}{got.err.decode()}")
            clean(context, image, folder)
            with Machine(context, script, *before, *on_disk(image, device), "-loadvm", "three", **how_to) as b:
                n = b.sums(1)
                if not back < n <= after + 1:
                    raise Fail(f"-loadvm three goes on with line {n}; the last one before it was {after}")
                b.sums(50)
                for name in ("two", "three"):
                    text = b.command(f"delvm {name}")
                    if "Error" in text:
                        raise Fail(text)
                for command, wanted in (("loadvm two", "no snapshot 'two'"), ("delvm two", "no disk has a snapshot")):
                    text = b.command(command)
                    if wanted not in text:
                        raise Fail(f"{command}: {text}")
                b.sums(5)
                b.command("stop")
                b.command("loadvm one")
                if "paused" not in b.command("info status"):
                    raise Fail("a machine that stood runs after loadvm")
                b.stdio.until_end(0.2)
                b.stdio.seen = b""
                b.command("cont")
                if not 50 <= b.sums(20) < 95:
                    raise Fail("loadvm one has not gone back")
                b.monitor.send("quit\n")
                b.end(0)
            clean(context, image, folder)
    return test


def not_saved(context):
    """What can't be saved says why."""
    with context.temp() as folder:
        image, raw = disk_image(context, folder), os.path.join(folder, "raw")
        with open(raw, "wb") as f:
            f.truncate(1 << 20)
        for options, wanted in (([], "wants a qcow2 image"), (["-drive", f"if=none,id=r,format=raw,file={raw}", "-device", "virtio-blk-pci,drive=r"], "disk 'r' can be written"),
                                ([*on_disk(image), "-drive", f"if=none,id=r,format=raw,file={raw}", "-device", "virtio-blk-pci,drive=r"], "disk 'r' can be written"),
                                ([*on_disk(image), "-drive", f"if=none,id=r,format=raw,readonly=on,file={raw}", "-device", "virtio-blk-pci,drive=r"], None)):
            with Machine(context, SCRIPT % "", *options) as a:
                a.sums(2)
                text = a.command("savevm x")
                if (wanted or "") not in text or bool(wanted) != ("Error" in text):
                    raise Fail(f"{options}: {text}")
                a.sums(2)
        for options, wanted in ((["-loadvm", "nothing", *on_disk(image)], rb"no snapshot 'nothing'"), (["-loadvm", "x"], rb"wants a qcow2 image"),
                                (["-loadvm", "x", "-m", "64", *on_disk(image)], rb"memory 'mach-virt.ram' has 256 MiB in the stream, and 64 MiB here")):
            got = run([system.program(context), "-M", "virt,gic-version=3", "-cpu", "max", "-m", "256", "-nodefaults", "-nographic", "-kernel", system.kernel(context)[0], *options],
                      timeout=60)
            if got.status != 1 or not re.search(wanted, got.err):
                raise Fail(f"{got.shell()}: {got.status} {got.err.decode()}")


def moved_disk(device="virtio-blk-pci", at="/dev/vda", modules=MODULES, more=(), **how):
    """A live migration with a disk that both have: its lock goes from the one to the other; the source can take it back."""
    def test(context):
        with context.temp() as folder:
            image = disk_image(context, folder)
            how_to = dict(how, modules=with_depends(context, "kernel", modules))
            script = f"until [ -b {at} ]; do sleep 0.1; done\n" + DISK.replace("/dev/vda", at)
            with Machine(context, script, *on_disk(image, device), *more, **how_to) as a:
                a.sums(40)
                with Machine(context, script, *on_disk(image, device), *more, "-incoming", f"unix:{folder}/s", **how_to) as b:
                    check_live(context, a, b, f"unix:{folder}/s")
                    if "another process" not in a.command("cont"):
                        raise Fail("the source runs although the target has the disk")
                    b.sums(20)
                    b.monitor = None
                    b.command("stop")
                    b.monitor.send("quit\n")
                    b.end(0)
                clean(context, image, folder)
            with Machine(context, script, *on_disk(image, device), *more, **how_to) as a:
                a.sums(20)
                a.command(f"migrate file:{folder}/state")
                a.completed()
                a.command("cont")
                a.sums(20)
    return test


def cancel(context):
    """A migration that is given up: the source goes on, and can be moved afterwards."""
    script = SCRIPT % (LOAD % 64)
    with Machine(context, script) as a:
        a.sums(10)
        a.command("migrate_set_parameter max-bandwidth 1M")
        a.command("migrate -d exec:cat>/dev/null")
        a.sums(3)
        if "active" not in a.status():
            raise Fail(a.status())
        a.command("migrate_cancel")
        time.sleep(0.5)
        if "cancelled" not in a.status():
            raise Fail(a.status())
        a.sums(20)
        a.command("migrate_set_parameter max-bandwidth 0")
        a.command(f"migrate -d file:{a.home}/state")
        a.completed()
        a.drain()
        a.command("cont")
        a.sums(20)


def failing(context):
    """Channels that break: the source goes on."""
    with Machine(context, SCRIPT % "") as a:
        a.sums(10)
        for uri, text in (("exec:false", "failed|writing|Broken"), ("unix:/nonexistent/x", "No such file"), ("tcp:127.0.0.1:1", "refused"),
                          ("file:/nonexistent/x", "No such file"), ("exec:head -c 100000 >/dev/null", "writing|failed")):
            got = a.command(f'migrate "{uri}"')
            if not re.search(text, got):
                raise Fail(f"{uri}: {got}")
            a.sums(3)
        for uri, text in (("rdma:x:1", "it should be"), ("fd:none", "no descriptor"), ("-b tcp:x:1", "only -d")):
            got = a.command(f"migrate {uri}")
            if not re.search(text, got):
                raise Fail(f"{uri}: {got}")
        a.sums(3)


def refusals(context):
    """Streams that do not fit, and such that are damaged: one line that names what; status 1."""
    script = SCRIPT % ""
    with Machine(context, script, "-device", "virtio-rng-pci,addr=5,id=r", cpus=1) as a:
        a.sums(5)
        state = os.path.join(a.home, "state")
        a.command(f"migrate file:{state}")
        a.completed()
        image = system.kernel(context)[0]
        base = ["-nodefaults", "-nographic", "-kernel", image, "-incoming", f"file:{state}"]
        rng = ["-device", "virtio-rng-pci,addr=5"]
        for options, text in (
                (["-M", "virt,gic-version=3", "-cpu", "max", "-m", "128", *rng], rb"memory 'mach-virt.ram' has 256 MiB in the stream, and 128 MiB here"),
                (["-M", "virt,gic-version=3", "-cpu", "cortex-a57", "-m", "256", *rng], rb"cpu: the stream is of max, and this machine is cortex-a57"),
                (["-M", "virt,gic-version=3", "-cpu", "max,lse=off", "-m", "256", *rng], rb"cpu features"),
                (["-M", "virt,gic-version=3", "-cpu", "max", "-m", "256", "-smp", "2", *rng], rb"processors: the stream is of 1, and this machine is 2"),
                (["-M", "virt,gic-version=2", "-cpu", "max", "-m", "256", *rng], rb"arm-gicv3"),
                (["-M", "virt,gic-version=3,virtualization=on", "-cpu", "max", "-m", "256", *rng], rb"EL2"),
                (["-M", "virt,gic-version=3", "-cpu", "max", "-m", "256"], rb"virtio-rng-pci.*which this machine has not"),
                (["-M", "virt,gic-version=3", "-cpu", "max", "-m", "256", "-device", "virtio-rng-pci,addr=6"], rb"virtio-rng-pci"),
                (["-M", "virt,gic-version=3", "-cpu", "max", "-m", "256", *rng, "-device", "virtio-rng-pci,addr=7"], rb"this machine has a device '.*virtio-rng-pci'"),
                (["-M", "virt,gic-version=3", "-cpu", "max", "-m", "256", "-device", "virtio-rng-pci,addr=5,vectors=0"], rb"PCI")):
            got = run([system.program(context), *options, *base], timeout=60)
            if got.status != 1 or not re.search(text, got.err):
                raise Fail(f"{got.shell()}: status {got.status}, {got.err[-500:].decode(errors='replace')}")
        good = ["-M", "virt,gic-version=3", "-cpu", "max", "-m", "256", *rng]
        with open(state, "rb") as f:
            data = f.read()
        for name, bad, text in (("empty", b"", rb"ends too early"), ("text", b"hello, world. " * 100, rb"MYNAVM"), ("cut", data[:len(data) // 2], rb"ends too early"),
                                ("last", data[:-20], rb"ends too early|damaged"), ("bit", data[:5000] + bytes([data[5000] ^ 4]) + data[5001:], rb"checksum"),
                                ("version", data[:8] + b"\x63" + data[9:], rb"version 99")):
            path = os.path.join(a.home, name)
            with open(path, "wb") as f:
                f.write(bad)
            got = run([system.program(context), *good, *base[:-1], f"file:{path}"], timeout=60)
            if got.status != 1 or not re.search(text, got.err):
                raise Fail(f"{name}: status {got.status}, {got.err[-500:].decode(errors='replace')}")


FILES = 16
BUILD = """
mkdir -p /d; mount -t ext4 -o ro /dev/vda /d; mount -t ext4 /dev/vdb /d/home; mount -t tmpfs tmpfs /d/tmp; mount -t devtmpfs dev /d/dev; mount -t proc proc /d/proc
chroot /d /bin/sh -c "cd /home && make -j%d && ./prog && echo BUILT"
sync
sleep 1000
"""


def project(folder):
    """A program of many files, and what it prints."""
    value = 1
    for k in range(FILES):
        with open(os.path.join(folder, f"f{k}.c"), "w", encoding="utf-8") as f:
            f.write("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <math.h>\n")
            f.write("".join(f"static unsigned g{j}(unsigned x) {{ for (int i = 0; i < {j + 5}; i++) x = x * 1664525u + {k}u; return x; }}\n" for j in range(40)))
            f.write(f"unsigned f{k}(unsigned x) {{ return " + "".join(f"g{j}(" for j in range(40)) + "x" + ")" * 40 + "; }\n")
        for j in reversed(range(40)):
            for _ in range(j + 5):
                value = (value * 1664525 + k) & 0xffffffff
    with open(os.path.join(folder, "main.c"), "w", encoding="utf-8") as f:
        f.write("#include <stdio.h>\n" + "".join(f"unsigned f{k}(unsigned);\n" for k in range(FILES)) + "int main(void)\n{\n    unsigned v = 1;\n" +
                "".join(f"    v = f{k}(v);\n" for k in range(FILES)) + '    printf("VALUE %u\\n", v);\n}\n')
    with open(os.path.join(folder, "Makefile"), "w", encoding="utf-8") as f:
        objects = " ".join(f"f{k}.o" for k in range(FILES)) + " main.o"
        f.write(f"prog: {objects}\n\t@gcc -o $@ $^\n%.o: %.c\n\t@gcc -O2 -c -o $@ $<\n\t@echo DONE $<\n")
    return value


def running_make(context):
    """savevm in the middle of `make`, quit; -loadvm, and it goes on to the end. On two disks, one with a backing file."""
    root, image_tool = os.path.join(context.build, "guests", "arm64"), os.path.join(os.path.dirname(context.myna), "myna-img")
    if not os.path.exists(os.path.join(root, "usr/bin/make")):
        raise Skip(f"no Debian root: tests/guest/fetch.sh {context.build}/guests arm64")
    with context.temp() as folder:
        def path(name):
            return os.path.join(folder, name)
        os.mkdir(path("work"))
        value = project(path("work"))
        for name, tree, size in (("root.raw", root + "/.", 1200 << 20), ("work.raw", path("work"), 64 << 20)):
            with open(path(name), "wb") as f:
                f.truncate(size)
            call(tool("mke2fs"), "-q", "-t", "ext4", "-O", "^has_journal", "-E", "root_owner=0:0", "-d", tree, path(name))
        run([image_tool, "create", "-f", "qcow2", "-b", path("root.raw"), "-F", "raw", path("root.qcow2")], timeout=60)
        run([image_tool, "convert", "-O", "qcow2", path("work.raw"), path("work.qcow2")], timeout=60)
        os.unlink(path("work.raw"))
        disks = [w for n in ("root", "work") for w in ("-drive", f"if=none,id={n},format=qcow2,file={path(n)}.qcow2", "-device", f"virtio-blk-pci,drive={n}")]
        how = {"cpus": 2, "memory": "512", "modules": with_depends(context, "kernel", MODULES)}
        with Machine(context, BUILD % 2, *disks, **how) as a:
            a.stdio.expect(rb"(?:DONE \w+\.c.*?){5}", LIMIT)
            text = a.command("savevm half")
            if "Error" in text:
                raise Fail(text)
            a.stdio.expect(rb"DONE", LIMIT)
            a.monitor.send("quit\n")
            a.end(0)
        with Machine(context, BUILD % 2, *disks, "-loadvm", "half", **how) as b:
            text = b.stdio.expect(rb"BUILT|rror", 2 * LIMIT)
            done = text.count(b"DONE")
            if f"VALUE {value}".encode() not in text or not 5 <= done <= FILES - 3:
                raise Fail(f"{done} files after -loadvm; VALUE should be {value}: {text[-500:]!r}")
            time.sleep(3)
            b.command("stop")
            b.monitor.send("quit\n")
            b.end(0)
        for name in ("root", "work"):
            got = run([image_tool, "check", path(name + ".qcow2")], timeout=60)
            if got.status:
                raise Fail(f"{name}: {got.out.decode()}")


# What qemu-system-aarch64 7.2 answers to query-migrate after a migration, and to query-jobs about a snapshot that failed.
RAM = {"total", "postcopy-requests", "dirty-sync-count", "multifd-bytes", "pages-per-second", "downtime-bytes", "page-size", "remaining", "postcopy-bytes", "mbps",
       "transferred", "dirty-sync-missed-zero-copy", "precopy-bytes", "duplicate", "dirty-pages-rate", "skipped", "normal-bytes", "normal"}
INFO = {"status", "setup-time", "downtime", "total-time", "ram"}
JOB = {"current-progress", "status", "total-progress", "type", "id", "error"}


def by_qmp(context):
    """A migration as programs do it: states, events, figures."""
    options = ["-kernel", guest(context), "-m", "64"]
    with qmp.Machine(context, options) as a, qmp.Machine(context, [*options, "-incoming", "defer"]) as b:
        source, target = a.connect(), b.connect()
        if target.ok("query-status")["status"] != "inmigrate":
            raise Fail("the target is not in state inmigrate")
        target.error("migrate", "GenericError", {"uri": "exec:cat >/dev/null"})
        for c in (source, target):
            c.ok("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
        target.ok("migrate-incoming", uri=f"unix:{b.dir}/s")
        target.error("migrate-incoming", "GenericError", {"uri": f"unix:{b.dir}/s"})
        target.ok("cont")
        source.ok("cont")
        source.error("migrate", "GenericError", {"uri": f"unix:{b.dir}/s", "blk": True})
        source.error("migrate-set-capabilities", "GenericError", {"capabilities": [{"capability": "postcopy-ram", "state": True}]})
        source.ok("migrate", uri=f"unix:{b.dir}/s")
        for status in ("setup", "active", "completed"):
            source.event("MIGRATION", status=status)
        target.event("MIGRATION", status="completed")
        target.event("RESUME")
        info = source.ok("query-migrate")
        if set(info) != INFO or set(info["ram"]) != RAM or info["status"] != "completed":
            raise Fail(f"query-migrate: {info}")
        if source.ok("query-status")["status"] != "postmigrate" or target.ok("query-status")["status"] != "running":
            raise Fail("states after the migration")
        source.error("migrate", "GenericError", {"uri": "exec:cat >/dev/null"})
        source.ok("cont") # there is no disk that only one can have
        source.ok("quit")
        target.ok("quit")


def jobs(context):
    """Snapshots as jobs."""
    with context.temp() as folder:
        image = os.path.join(folder, "d.qcow2")
        run([os.path.join(os.path.dirname(context.myna), "myna-img"), "create", "-f", "qcow2", image, "64M"], timeout=20)
        options = ["-kernel", guest(context), "-m", "64", "-blockdev", f"driver=qcow2,node-name=n0,file.driver=file,file.filename={image}", "-device", "virtio-blk-pci,drive=n0"]
        with qmp.Machine(context, options) as m:
            c = m.connect()
            c.ok("cont")
            where = {"vmstate": "n0", "devices": ["n0"]}

            def job(name, number, error, **arguments):
                c.ok(name, **{"job-id": f"j{number}", "tag": "one"}, **arguments)
                for status in ("created", "running", *([] if error else ["waiting", "pending"]), "concluded"):
                    c.event("JOB_STATUS_CHANGE", id=f"j{number}", status=status)
                c.error(name, "GenericError", {"job-id": f"j{number}", "tag": "one", **arguments})
                got = [j for j in c.ok("query-jobs") if j["id"] == f"j{number}"][0]
                if set(got) != (JOB if error else JOB - {"error"}) or error not in got.get("error", "") or got["type"] != name or got["status"] != "concluded":
                    raise Fail(f"{name}: {got}, not {error!r}")
                c.error("job-cancel", "GenericError", {"id": f"j{number}"})
                c.ok("job-dismiss", id=f"j{number}")
                c.event("JOB_STATUS_CHANGE", id=f"j{number}", status="null")
            job("snapshot-load", 1, "no snapshot 'one'", **where)
            job("snapshot-save", 2, "", **where)
            job("snapshot-save", 3, "already", **where)
            job("snapshot-load", 4, "", **where)
            if c.ok("query-status")["status"] != "running":
                raise Fail("it does not run after snapshot-load")
            job("snapshot-delete", 5, "", devices=["n0"])
            job("snapshot-delete", 6, "no disk has a snapshot", devices=["n0"])
            c.ok("quit")


def cases(context):
    port = 20000 + os.getpid() % 20000
    tcp = f"tcp:127.0.0.1:{port}"
    return [
        Case("migration/unix", live("unix:DIR/s", "unix:DIR/s"), 1),
        Case("migration/tcp-2-gic2", live(tcp, tcp, cpus=2, gic=2), 2),
        Case("migration/unix-2-gic3-zstd", live("unix:DIR/s", "unix:DIR/s", cpus=2, settings=["migrate_set_parameter multifd-compression zstd"]), 2),
        Case("migration/exec-gzip", live("exec:gzip -1 >DIR/state.gz", "exec:gzip -dc DIR/state.gz"), 2),
        Case("migration/file-zlib", live("file:DIR/state", "file:DIR/state", settings=["migrate_set_capability compress on"]), 2),
        Case("migration/savevm", saved(), 1),
        Case("migration/savevm-2-gic2", saved("virtio-blk-device", cpus=2, gic=2), 2),
        Case("migration/savevm-2-gic3", saved(cpus=2), 2),
        Case("migration/savevm-nvme", saved("nvme,serial=x", modules=["nvme"], disk="/dev/nvme0n1"), 2),
        Case("migration/savevm-scsi", saved("scsi-hd", ["-device", "virtio-scsi-pci"], ["virtio_scsi", "sd_mod"], "/dev/sda"), 2),
        Case("migration/savevm-refusals", not_saved, 2),
        Case("migration/disk", moved_disk(), 1),
        Case("migration/disk-2-gic2", moved_disk("virtio-blk-device", cpus=2, gic=2), 2),
        Case("migration/disk-nvme", moved_disk("nvme,serial=s", "/dev/nvme0n1", [*NVME, "e1000"], ["-nic", "user,model=e1000"]), 2),
        Case("migration/cancel", cancel, 2),
        Case("migration/failing", failing, 2),
        Case("migration/refusals", refusals, 2),
        Case("migration/make", running_make, 2),
        Case("migration/qmp", by_qmp, 1),
        Case("migration/jobs", jobs, 1),
    ]
