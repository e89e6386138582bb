"""Devices of system mode by themselves (tests/device/*.c, built by make), and disks under a kernel: virtio-blk as
root, what its image is like afterwards."""
import glob
import hashlib
import os
import re
import socket
import subprocess
import threading
import time

from .base import Case, Fail, Skip, run
from .system import boot, program, said
from .unit import program as test_program


def alone(name):
    inner = test_program(f"device/{name}")

    def test(context):
        program(context)  # or there is no system mode
        inner(context)
    return test


def fuzz(seconds):
    def test(context):
        program(context)
        test_program("device/fuzz", [str(seconds)], timeout=4 * seconds * 20 + 120)(context)
    return test


def fuzz_asan(context):
    """Two minutes a target under AddressSanitizer, in a build of its own."""
    program(context)
    folder = os.path.join(context.build, "asan")
    tests = [os.path.join(folder, "tests/device", n) for n in ("fuzz", "fuzz_bus", "fuzz_pci", "fuzz_qmp", "fuzz_state")]
    for command, limit in ([["./configure", "--enable-asan", f"--build-dir={folder}"], 120],
                           [["make", f"B={folder}", "-j2", *tests], 3600], *[[[t, "120"], 3600 * 2] for t in tests]):
        done = run(command, cwd=context.top, timeout=limit, env={"ASAN_OPTIONS": "detect_leaks=0"}, tail=4000)
        if done.status:
            raise Fail(f"{done.shell()}\n" + (done.out + done.err)[-4000:].decode(errors="replace"))


# -------------------------------------------------------------------------- disks

PCI = ["virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci"]
MODULES = [*PCI, "virtio_mmio", "virtio_blk", "crc16", "mbcache", "jbd2", "crc32c_generic", "ext4"]
# In the disk's own root: files from the host, files written, read again past the cache.
INIT = """#!/bin/sh
mount -t proc proc /proc
md5sum </data/from-host
for i in 1 2 3 4 5 6; do cp /data/from-host /data/copy$i; done
sync
echo 3 >/proc/sys/vm/drop_caches
md5sum </data/copy6
rm /data/copy2
umount /proc
echo INSIDE $(sed -n 's/.* on \\/ type \\(ext4\\).*/\\1/p' /proc/mounts) END
"""
# The modules are in the initrd, the system is on the disk.
SCRIPT = """cat /sys/block/vda/serial /sys/block/vda/queue/write_cache | tr '\\n' ' '
echo
mount -t ext4 /dev/vda /mnt && chroot /mnt /inside
umount /mnt && echo UNMOUNTED"""


def disk(folder, context, megabytes=32):
    """An ext4 image with a root in it, and the sum of its file from-host."""
    tree, image = os.path.join(folder, "tree"), os.path.join(folder, "disk.img")
    for name in ("bin", "proc", "data"):
        os.makedirs(os.path.join(tree, name))
    box = next(p for p in (os.path.join(context.build, "guests/initrd", b, "busybox") for b in ("bin", "usr/bin")) if os.path.exists(p))
    with open(box, "rb") as f, open(os.path.join(tree, "bin/busybox"), "wb") as g:
        g.write(f.read())
    os.chmod(os.path.join(tree, "bin/busybox"), 0o755)
    for name in ("sh", "mount", "umount", "md5sum", "cp", "sync", "rm", "sed"):
        os.symlink("busybox", os.path.join(tree, "bin", name))
    with open(os.path.join(tree, "inside"), "w", encoding="ascii") as f:
        f.write(INIT)
    os.chmod(os.path.join(tree, "inside"), 0o755)
    data = os.urandom(2_000_000)
    with open(os.path.join(tree, "data/from-host"), "wb") as f:
        f.write(data)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, image, f"{megabytes}M"], check=True, stdout=subprocess.DEVNULL,
                   env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"})
    return image


def digest(data):
    return hashlib.md5(data).hexdigest()


def check_image(image):
    done = run(["/sbin/fsck.ext4", "-fn", image], timeout=60)
    if done.status:
        raise Fail(f"fsck: {(done.out + done.err).decode(errors='replace')}")


def on_disk(drive, device=None, options=(), modules=(), readonly=False):
    """drive: the words of -drive behind the file; device: of -device, NULL if the drive makes one."""
    def test(context):
        if not os.path.exists("/sbin/mke2fs") and not os.path.exists("/usr/sbin/mke2fs"):
            raise Skip("no mke2fs: scripts/setup.sh check")
        with context.temp() as d:
            image = disk(d, context)
            with open(image, "rb") as f:
                before = f.read()
            with open(os.path.join(d, "tree/data/from-host"), "rb") as f:
                sum_ = digest(f.read())
            got = boot(context, SCRIPT, ["-drive", f"file={image},format=raw,{drive}", *(["-device", device] if device else []), *options],
                       modules=[*modules, *MODULES])
            said(got, f"{sum_}  -", "UNMOUNTED")
            if len(re.findall(sum_.encode(), got.out)) != 2:
                raise Fail(f"what was copied is not what was read\n{got.out[-2000:].decode(errors='replace')}")
            check_image(image)
            with open(image, "rb") as f:
                same = f.read() == before
            if same != readonly:
                raise Fail("the image is the same as before" if same else "the image has changed")
    return test


# A console, a port that is only written to, a port both ways: hello, a line and 100,000 bytes back.
PORTS = """until [ -c /dev/hvc0 ] && [ $(cat /sys/class/virtio-ports/*/name 2>/dev/null | wc -l) = 2 ]; do sleep 0.1; done
echo to-the-console >/dev/hvc0
for f in /sys/class/virtio-ports/*; do
case $(cat $f/name 2>/dev/null) in org.test.out) A=/dev/${f##*/} ;; org.test.both) B=/dev/${f##*/} ;; esac; done
dd if=/dev/zero bs=64k count=16 2>/dev/null | tr '\\0' z >$A
exec 3<>$B
echo hello >&3
dd bs=1000 count=100 iflag=fullblock <&3 2>/dev/null | md5sum
echo done >&3"""


def serial_ports(device):
    def test(context):
        data = os.urandom(100000)
        with context.temp() as d:
            path = os.path.join(d, "sock")
            heard = []
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(path)
                server.listen(1)

                def peer():
                    c = server.accept()[0]
                    lines = c.makefile("rb")
                    heard.append(lines.readline())
                    c.sendall(data)
                    heard.append(lines.readline())
                thread = threading.Thread(target=peer, daemon=True)
                thread.start()
                got = boot(context, PORTS, ["-chardev", f"file,id=h,path={d}/h", "-chardev", f"file,id=a,path={d}/a", "-chardev",
                                            f"socket,id=b,path={path}", "-device", device, "-device", "virtconsole,chardev=h",
                                            "-device", "virtserialport,chardev=a,name=org.test.out",
                                            "-device", "virtserialport,chardev=b,name=org.test.both"],
                           modules=[*PCI, "virtio_mmio", "virtio_console"])
                thread.join(10)
            said(got, f"{digest(data)}  -")
            if heard != [b"hello\n", b"done\n"]:
                raise Fail(f"the socket heard {heard}")
            with open(f"{d}/h", "rb") as f, open(f"{d}/a", "rb") as g:
                console, port = f.read(), g.read()
            if b"to-the-console" not in console or port != b"z" * (1 << 20):
                raise Fail(f"console: {console[:100]}; port: {len(port)} bytes")
    return test


def locks(context):
    """A second machine may not write to an image; two may read it."""
    with context.temp() as d:
        image = os.path.join(d, "i.img")
        with open(image, "wb") as f:
            f.write(bytes(1 << 20))

        def start(words):
            return subprocess.Popen([program(context), "-M", "virt", "-cpu", "max", "-S", "-nographic", "-drive", f"file={image},format=raw{words}"],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        for first, second, refused in (("", "", True), ("", ",readonly=on", True), (",readonly=on", "", True),
                                       (",readonly=on", ",readonly=on", False), ("", ",file.locking=off", False)):
            a = start(first)
            try:
                for _ in range(100):  # until it has its locks
                    time.sleep(0.05)
                    inode = os.stat(image).st_ino
                    with open("/proc/locks", encoding="ascii") as f:
                        if re.search(rf":{inode} (100|201) ", f.read()):
                            break
                b = start(second)
                try:
                    _, err = b.communicate(timeout=2)
                    if not refused or b.returncode != 1 or image.encode() not in err or len(err.splitlines()) != 1:
                        raise Fail(f"{first} then {second}: status {b.returncode}, {err}")
                except subprocess.TimeoutExpired:
                    if refused:
                        raise Fail(f"{first} then {second}: both opened it") from None
                finally:
                    b.kill()
                    b.communicate()
            finally:
                a.kill()
                a.communicate()


def usage(context):
    machine = program(context)
    for words, pattern in (("file=/nonexistent", rb"/nonexistent"), ("file=/tmp", rb"/tmp: Is a directory"), ("if=virtio", rb"file="),
                           ("file=/dev/null", rb"/dev/null"), ("fiel=x", rb"fiel.*file"), ("file=x,cache=wb", rb"cache=wb.*writeback"),
                           ("file=x,if=ide", rb"if=ide"), ("file=x,format=vmdk", rb"format=vmdk.*raw"), ("file=x,aio=fast", rb"aio=fast.*threads")):
        got = run([machine, "-M", "virt", "-cpu", "max", "-nographic", "-drive", words], timeout=20)
        if got.status != 1 or len(got.err.splitlines()) != 1 or not re.search(pattern, got.err):
            raise Fail(f"{got.shell()}: status {got.status}, {(got.out + got.err).decode(errors='replace')}")


def cases(context):
    found = [Case(f"device/{n}", alone(n), 0) for n in
             sorted(os.path.splitext(os.path.basename(p))[0] for p in glob.glob(context.path("tests/device/*.c"))) if n not in ("fuzz", "fuzz_qmp")]
    return found + [
        Case("device/drive-usage", usage, 0),
        Case("device/drive-locks", locks),
        Case("fuzz/devices", fuzz(1)),
        Case("fuzz/devices-asan", fuzz_asan, 2),
        Case("disk/pci", on_disk("if=virtio"), 1),
        Case("disk/pci-its", on_disk("if=none,id=d", "virtio-blk-pci,drive=d,serial=S1,num-queues=2", ["-M", "virt,gic-version=3", "-smp", "2"]), 2),
        Case("disk/mmio", on_disk("if=none,id=d", "virtio-blk-device,drive=d"), 1),
        Case("disk/pci-none-threads", on_disk("if=virtio,cache=none,aio=threads"), 2),
        Case("disk/pci-queues-packed", on_disk("if=none,id=d", "virtio-blk-pci,drive=d,packed=on,num-queues=2", ["-smp", "2"]), 2),
        Case("disk/serial-ports", serial_ports("virtio-serial-device"), 2),
        Case("disk/serial-ports-pci", serial_ports("virtio-serial-pci,packed=on"), 2),
        Case("disk/mmio-packed", on_disk("if=none,id=d,cache=writethrough,discard=unmap",
                                         "virtio-blk-device,drive=d,serial=S1,packed=on,num-queues=2", ["-smp", "2"]), 2),
        Case("disk/mmio-split-plain", on_disk("if=none,id=d,cache=directsync", "virtio-blk-device,drive=d,event_idx=off,indirect_desc=off"), 2),
        Case("disk/pci-snapshot", on_disk("if=virtio,snapshot=on", readonly=True), 2),
    ]
