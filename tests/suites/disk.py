"""A root file system on a disk: Linux finds it, writes to it, starts again from it, and leaves it clean.

The kernel and an initrd with the modules come by -kernel; firmware.py boots from the disk alone."""
import os
import re
import time

from boot.image import POWEROFF, REBOOT, check, ext4
from . import system
from .base import Case, Fail
from .system_ui import Machine

MODULES = ["virtio_mmio", "virtio_pci", "virtio_blk", "crc32c_generic", "ext4"]


def busybox(context):
    base = os.path.join(context.build, "guests", "initrd")
    path = os.path.join(base, "bin", "busybox")
    return path if os.path.exists(path) else os.path.join(base, "usr", "bin", "busybox")


def with_depends(context, which, names):
    """The modules with those that they depend on before them; what is built in is not there."""
    found, order = {}, []
    for folder, _, files in os.walk(system.kernel(context, which)[1]):
        found.update({n.split(".ko")[0].replace("-", "_"): os.path.join(folder, n) for n in files if ".ko" in n})

    def add(name):
        name = name.replace("-", "_")
        if name in found and name not in order:
            text = re.search(rb"\0?depends=([^\0]*)\0", system.module_bytes(found[name]))
            for n in (text[1].decode().split(",") if text and text[1] else []):
                add(n)
            if name not in order:
                order.append(name)
    for n in names:
        add(n)
    return order


def switching_initrd(context, which, root):
    return system.initrd(context, f"mount -o rw {root} /mnt || sleep 1; exec switch_root /mnt /sbin/init", which=which,
                         modules=with_depends(context, which, MODULES))


def say(console, text):
    """Types it, no faster than a person pastes."""
    for k in range(0, len(text), 8):
        console.send(text[k:k + 8])
        time.sleep(0.02)


def conversation(m, seconds=system.LIMIT):
    """On the root's shell: writes, restarts the machine, finds what was written, switches it off."""
    console = m.stdio
    console.expect(rb"RUN 0 .*?READY", seconds)
    say(console, "cat /sbin/init /bin/busybox >/tmp/copy; echo 1 >/count; echo SIZE $(wc -c </tmp/copy); " + REBOOT)
    size = console.expect(rb"SIZE \d+\s", seconds)
    console.expect(rb"RUN 1 .*?READY", seconds)
    say(console, "echo AGAIN $(wc -c </tmp/copy); " + POWEROFF)
    if console.expect(rb"AGAIN \d+\s", seconds).split()[-1] != size.split()[-1]:
        raise Fail("the file has another size after the restart")
    m.end(0, seconds)


def root_on_disk(which, devices, root="/dev/vda"):
    def test(context):
        image = system.kernel(context, which)[0]
        with context.temp() as d:
            disk, initrd = os.path.join(d, "root.img"), os.path.join(d, "initrd")
            ext4(disk, busybox(context), [])
            with open(initrd, "wb") as f:
                f.write(switching_initrd(context, which, root))
            with Machine(context, "-m", "512", "-kernel", image, "-initrd", initrd, "-append", "console=ttyAMA0 panic=-1 quiet", "-nographic",
                         "-monitor", "none", "-serial", "stdio", "-nic", "none", "-drive", f"if=none,id=d,format=raw,file={disk}", *devices, kernel=False) as m:
                conversation(m)
            wrong = check(disk)
            if wrong:
                raise Fail(wrong)
    return test


def cases(context):
    return [Case(f"disk/{name}-{bus}", root_on_disk(which, ["-device", device]), 2)
            for name, which in (("6.1", "kernel"), ("6.12", "kernel-trixie"), ("6.12-16k", "kernel-16k"))
            for bus, device in (("mmio", "virtio-blk-device,drive=d"), ("pci", "virtio-blk-pci,drive=d"))]
