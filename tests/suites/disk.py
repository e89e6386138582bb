"""A root file system on a disk: Linux finds it, writes to it, starts again from it, and leaves it clean. NVM Express besides:
several namespaces, discards, controllers and namespaces that come and go.

The kernel and an initrd with the modules come by -kernel; firmware.py boots from the disk alone."""
import hashlib
import os
import re
import time

from boot.image import POWEROFF, REBOOT, check, ext4
from . import qmp, system
from .base import Case, Fail, run
from .system_ui import Machine

MODULES = ["virtio_mmio", "virtio_pci", "virtio_blk", "virtio_scsi", "sd_mod", "crc32c_generic", "ext4"]
NVME = ["nvme", "crc32c_generic", "ext4"]


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


def switching_initrd(context, which, root, modules=MODULES):
    return system.initrd(context, f"until mount -o rw {root} /mnt; do sleep 1; done; exec switch_root /mnt /sbin/init", which=which,
                         modules=with_depends(context, which, modules))


def conversation(m, seconds=system.LIMIT):
    """On the root's shell: writes, restarts the machine, finds what was written, switches it off."""
    console = m.stdio
    console.expect(rb"RUN 0 .*?READY", seconds)
    console.send("cat /sbin/init /bin/busybox >/tmp/copy; echo 1 >/count; echo SIZE $(wc -c </tmp/copy); " + REBOOT)
    size = console.expect(rb"SIZE \d+\s", seconds)
    console.expect(rb"RUN 1 .*?READY", seconds)
    console.send("echo AGAIN $(wc -c </tmp/copy); " + POWEROFF)
    if console.expect(rb"AGAIN \d+\s", seconds).split()[-1] != size.split()[-1]:
        raise Fail("the file has another size after the restart")
    m.end(0, seconds)


def root_on_disk(which, devices, root="/dev/vda", modules=MODULES):
    def test(context):
        image = system.kernel(context, which)[0]
        with context.temp() as d:
            disk, initrd = os.path.join(d, "root.img"), os.path.join(d, "initrd")
            ext4(disk, busybox(context), [])
            with open(initrd, "wb") as f:
                f.write(switching_initrd(context, which, root, modules))
            with Machine(context, "-m", "512", "-kernel", image, "-initrd", initrd, "-append", "console=ttyAMA0 panic=-1 quiet", "-nographic",
                         "-monitor", "none", "-serial", "stdio", "-nic", "none", "-drive", f"if=none,id=d,format=raw,file={disk}", *devices, kernel=False) as m:
                conversation(m)
            wrong = check(disk)
            if wrong:
                raise Fail(wrong)
    return test


# --------------------------------------------------------------------- NVM Express

# The first namespace has a file system, the second is written past the cache, the third has blocks of 4 KiB and loses what it had.
NAMESPACES = """until [ -b /dev/nvme0n3 ]; do sleep 0.1; done
cat /sys/class/nvme/nvme0/serial /sys/block/nvme0n[123]/size /sys/block/nvme0n3/queue/logical_block_size | tr -s ' \\n' ' '
echo
dd if=/dev/urandom of=/data bs=1M count=24 2>/dev/null
echo SUM $(sha256sum </data)
dd if=/data of=/dev/nvme0n2 bs=256k oflag=direct 2>/dev/null
dd if=/data of=/dev/nvme0n3 bs=4k oflag=direct 2>/dev/null
mount -t ext4 /dev/nvme0n1 /mnt && cp /data /mnt/copy && cp /bin/busybox /mnt/gone && sync && rm /mnt/gone
echo 3 >/proc/sys/vm/drop_caches
for f in /mnt/copy /dev/nvme0n2 /dev/nvme0n3; do echo READ $(dd if=$f bs=1M count=24 iflag=direct 2>/dev/null | sha256sum); done
fstrim -v /mnt
blkdiscard /dev/nvme0n3
echo ZERO $(dd if=/dev/nvme0n3 bs=1M count=24 iflag=direct 2>/dev/null | tr -d '\\0' | wc -c)
umount /mnt && echo UNMOUNTED
grep -c nvme0q /proc/interrupts"""


def nvme_namespaces(*options, words=""):
    def test(context):
        with context.temp() as d:
            images = [os.path.join(d, f"{k}.img") for k in range(3)]
            ext4(images[0], busybox(context), [])
            for image in images[1:]:
                with open(image, "wb") as f:
                    f.truncate(32 << 20)
            drives = [w for k, image in enumerate(images) for w in ("-drive", f"if=none,id=d{k},format=raw,discard=unmap,file={image}{words}")]
            got = system.boot(context, NAMESPACES, [*drives, "-device", "nvme,id=nv,serial=S-1,drive=d0", "-device", "nvme-ns,bus=nv,drive=d1", "-device",
                                                    "nvme-ns,bus=nv,drive=d2,nsid=3,logical_block_size=4096", *options],
                              modules=with_depends(context, "kernel", NVME))
            system.said(got, "S-1 131072 65536 65536 4096 ?", "/mnt: .* trimmed", "ZERO 0", "UNMOUNTED")
            sum_ = re.search(rb"SUM ([0-9a-f]{64})", got.out)
            if not sum_ or got.out.count(b"READ " + sum_[1]) != 3:
                raise Fail("what was written is not what was read\n" + got.out[-3000:].decode(errors="replace"))
            with open(images[1], "rb") as f:
                if hashlib.sha256(f.read(24 << 20)).hexdigest() != sum_[1].decode():
                    raise Fail("the image has something else")
            if os.stat(images[2]).st_blocks * 512 > 1 << 20:
                raise Fail(f"{os.stat(images[2]).st_blocks} blocks are left of what was discarded")
            wrong = check(images[0])
            if wrong:
                raise Fail(wrong)
    return test


# What there is, each time it is something else.
COMES_AND_GOES = """echo READY
while :; do
NOW=$(echo $(ls /dev | grep nvme0n) .)
[ "$NOW" = "$WAS" ] || { WAS=$NOW; echo "DISKS $NOW" >/dev/console; }
case $NOW in *n1*n2*) [ -n "$A" ] || { A=1; dd if=/dev/urandom of=/dev/nvme0n1 bs=64k count=64 oflag=direct 2>/dev/null; dd if=/dev/nvme0n1 of=/dev/nvme0n2 bs=64k count=64 oflag=direct 2>/dev/null;
echo COPIED >/dev/console; } ;; esac
[ "$A$NOW" = "1." ] && break
sleep 0.1
done"""


def nvme_hotplug(context):
    """A controller comes, a namespace comes to it and goes, one grows, the controller goes."""
    with context.temp() as d:
        with open(f"{d}/initrd", "wb") as f:
            f.write(system.initrd(context, COMES_AND_GOES, modules=with_depends(context, "kernel", NVME)))
        for name in "ab":
            with open(f"{d}/{name}", "wb") as f:
                f.truncate(8 << 20)
        with qmp.Machine(context, ["-m", "512", "-device", "pcie-root-port,id=p1,slot=1,chassis=1", "-kernel", system.kernel(context)[0], "-initrd", f"{d}/initrd",
                                   "-append", "console=ttyAMA0 panic=-1", "-no-reboot", "-smp", "2", "-chardev", f"file,id=s,path={d}/serial", "-serial",
                                   "chardev:s"]) as m:
            c = m.connect()

            def until(text):
                end, got = time.monotonic() + system.LIMIT, b""
                while not re.search(text.encode(), got, re.S):
                    if time.monotonic() > end or m.process.poll() is not None:
                        raise Fail(f"no {text}\n" + got[-3000:].decode(errors="replace"))
                    time.sleep(0.05)
                    with open(f"{d}/serial", "rb") as f:
                        got = f.read()
            c.ok("cont")
            until("READY")
            for name in "ab":
                c.ok("blockdev-add", **{"driver": "raw", "node-name": name, "file": {"driver": "file", "filename": f"{d}/{name}"}})
            c.ok("device_add", driver="nvme", serial="s", drive="a", id="nv", bus="p1")
            until(r"DISKS nvme0n1 \.")
            c.ok("device_add", driver="nvme-ns", drive="b", id="ns", bus="nv")
            until(r"DISKS nvme0n1 nvme0n2 \.")
            until("COPIED")
            c.ok("device_del", id="ns")
            c.event("DEVICE_DELETED", device="ns", path="/machine/peripheral/ns")
            until(r"COPIED.*DISKS nvme0n1 \.")
            c.ok("device_del", id="nv")
            c.event("DEVICE_DELETED", device="nv", path="/machine/peripheral/nv")
            c.ok("blockdev-del", **{"node-name": "a"})
            c.event("SHUTDOWN", guest=True, reason="guest-shutdown")
            m.process.wait(system.LIMIT)
        with open(f"{d}/a", "rb") as f, open(f"{d}/b", "rb") as g:
            one, other = f.read(4 << 20), g.read(4 << 20)
        if one != other or not any(one):
            raise Fail("the copy is not the original")


def nvme_usage(context):
    machine = system.program(context)
    for words, pattern in (("nvme", rb"serial="), ("nvme,serial=s,max_ioqpairs=999", rb"max_ioqpairs=999.*128"), ("nvme,serial=s,msix_qsize=0", rb"msix_qsize=0"),
                           ("nvme,serial=s,drive=zz", rb"drive=zz"), ("nvme-ns,drive=zz", rb"zz|nvme-bus"), ("nvme,serial=s,cmb_size_mb=1", rb"cmb_size_mb"),
                           ("nvme,serial=s,mtds=3", rb"mtds.*mdts")):
        got = run([machine, "-M", "virt", "-cpu", "max", "-nographic", "-device", words], timeout=20)
        if got.status != 1 or len(got.err.splitlines()) != 1 or not re.search(pattern, got.err):
            raise Fail(f"{got.shell()}: status {got.status}, {(got.out + got.err).decode(errors='replace')}")


def cases(context):
    on_nvme = (["-device", "nvme,serial=s,drive=d"], "/dev/nvme0n1", NVME)
    return [
        Case("disk/nvme-usage", nvme_usage, 0),
        Case("disk/nvme-root", root_on_disk("kernel", *on_nvme), 1),
        Case("disk/nvme-root-6.12-16k", root_on_disk("kernel-16k", *on_nvme), 2),
        Case("disk/nvme-namespaces", nvme_namespaces("-smp", "2"), 1),
        Case("disk/nvme-namespaces-its", nvme_namespaces("-M", "virt,gic-version=3", words=",cache=none"), 2),
        Case("disk/nvme-hotplug", nvme_hotplug, 1),
    ] + [Case(f"disk/{name}-{bus}", root_on_disk(which, ["-device", device]), 2)
            for name, which in (("6.1", "kernel"), ("6.12", "kernel-trixie"), ("6.12-16k", "kernel-16k"))
            for bus, device in (("mmio", "virtio-blk-device,drive=d"), ("pci", "virtio-blk-pci,drive=d"))] + [
        Case(f"disk/{name}-scsi", root_on_disk(which, ["-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=d"], "/dev/sda"), 2)
        for name, which in (("6.1", "kernel"), ("6.12", "kernel-trixie"), ("6.12-16k", "kernel-16k"))]
