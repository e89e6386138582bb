"""virtio-scsi under Linux: disks with discard, units that come and go, a CD-ROM drive whose medium and tray are moved from both
sides. Expected events and errors are those of QMP's documentation, sense and sizes those of SPC-4, SBC-3 and MMC-6."""
import hashlib
import os
import re

from . import system
from .balloon import until
from .base import Case, Fail, run
from .device import check_image, digest, disk
from .disk import with_depends
from .qmp import Client, program
from .system import boot, initrd, kernel, said
from .system_ui import Machine

MODULES = ["virtio_mmio", "virtio_pci", "virtio_scsi", "sd_mod", "crc32c_generic", "ext4"]
MIB = 1 << 20

# Identity and limits as Linux read them, then the disk's own root at work, then space given back.
SCRIPT = """until [ -e /sys/block/sda/queue ]; do sleep 0.1; done
cd /sys/block/sda
echo WHO $(cat device/vendor device/model device/rev) $(tail -c +5 device/vpd_pg80) END
echo QUEUE $(cat queue/logical_block_size queue/physical_block_size queue/rotational queue/write_cache queue/discard_max_bytes) END
cd /
sleep 0.2
mount -t ext4 /dev/sda /mnt && chroot /mnt /inside
rm /mnt/data/copy*; sync
fstrim /mnt && echo TRIMMED
umount /mnt && echo UNMOUNTED"""


def on_disk(device, unit, drive="", queue="512 512 1 write back", options=()):
    def test(context):
        with context.temp() as d:
            image = disk(d, context)
            with open(os.path.join(d, "tree/data/from-host"), "rb") as f:
                sum_ = digest(f.read())
            got = boot(context, SCRIPT, ["-drive", f"file={image},format=raw,if=none,id=d,discard=unmap{drive}", *device,
                                         "-device", f"scsi-hd,drive=d,serial=S123{unit}", *options], modules=with_depends(context, "kernel", MODULES))
            said(got, "WHO QEMU QEMU HARDDISK 2.5\\+ S123 END", f"QUEUE {queue} 1073741824 END", f"{sum_}  -", "TRIMMED", "UNMOUNTED")
            check_image(image)
            held = os.stat(image).st_blocks * 512
            if held > 12 * MIB:  # five copies of 2 MB were written and removed
                raise Fail(f"{held} bytes of the image are still there after fstrim")
    return test


def conversation(context, body, options, modules):
    """body(folder, qmp, ask): ask(line, answer) types a line and waits for an answer. DIR in options is the folder, with three images."""
    program(context)  # or there is no QMP
    with context.temp() as d:
        with open(os.path.join(d, "initrd"), "wb") as f:
            f.write(initrd(context, "echo READY; while read -r line; do eval \"$line\"; done", modules=with_depends(context, "kernel", modules)))
        for k, name in enumerate("abc"):
            with open(os.path.join(d, name), "wb") as f:
                f.write(hashlib.sha256(name.encode()).digest() * ((k + 2) * MIB // 32))
        with Machine(context, "-m", "512", "-kernel", kernel(context)[0], "-initrd", os.path.join(d, "initrd"), "-append",
                     "console=ttyAMA0 panic=-1 quiet", "-nographic", "-monitor", "none", "-serial", "stdio", "-nic", "none", "-qmp",
                     "unix:DIR/qmp,server=on,wait=off", *[o.replace("DIR", d) for o in options], kernel=False) as m:
            q = Client(m.connect("qmp").socket)
            m.stdio.expect(rb"READY", 180)

            def ask(line, answer, seconds=60):
                m.stdio.send(line + "\n")
                return m.stdio.expect(answer, seconds)
            body(d, q, ask)
            m.stdio.send("poweroff -f\n")
            m.end(0, 60)


def sum_of(d, name):
    with open(os.path.join(d, name), "rb") as f:
        return hashlib.md5(f.read()).hexdigest()


def wait_until(condition):
    return f"until {condition}; do sleep 0.1; done; echo DO''NE"


def hotplug(context):
    """Disks come and go at a target and unit of choice, while others are read."""
    def body(d, q, ask):
        q.ok("blockdev-add", driver="raw", **{"node-name": "n", "file": {"driver": "file", "filename": os.path.join(d, "b")}})
        for unit in ("scsi-id=5,lun=3", "scsi-id=0,lun=300"):
            words = dict(w.split("=") for w in unit.split(","))
            q.ok("device_add", driver="scsi-hd", id="h", bus="s.0", drive="n", **{k: int(v) for k, v in words.items()})
            lun = int(words["lun"])  # Linux keeps the method of addressing in its number
            place = f"/sys/bus/scsi/devices/*:0:{words['scsi-id']}:{lun if lun < 256 else lun | 0x4000}/block"
            ask(wait_until(f"ls {place} >/dev/null 2>&1"), rb"DONE")
            ask(f"md5sum </dev/$(ls {place}); echo SU''M", sum_of(d, "b").encode() + rb"(?s:.*?)SUM")
            q.error("device_del", "DeviceNotFound", {"id": "none"})
            q.ok("device_del", id="h")
            q.event("DEVICE_DELETED", device="h")
            ask(wait_until(f"! ls -d {place} >/dev/null 2>&1"), rb"DONE")
        q.error("device_add", "GenericError", {"driver": "scsi-hd", "bus": "s.0", "drive": "n", "scsi-id": 0, "lun": 0})
        q.ok("block_resize", device="d", size=4 * MIB)
        ask(wait_until("[ $(cat /sys/block/sda/size) = 8192 ]"), rb"DONE")
    conversation(context, body, ["-device", "virtio-scsi-pci,id=s", "-drive", "if=none,id=d,format=raw,file=DIR/a", "-device", "scsi-hd,drive=d,bus=s.0,lun=0,scsi-id=0"],
                 MODULES)


def drive(q, **wanted):
    got = next(x for x in q.ok("query-block") if x.get("qdev") == "cd")
    bad = {k: got.get(k) for k, v in wanted.items() if got.get(k) != v}
    if bad:
        raise Fail(f"query-block: {bad}, not {wanted}")
    return got


def human(q, line):
    said = q.ok("human-monitor-command", **{"command-line": line})
    if said:
        raise Fail(f"{line}: {said}")


def cdrom(context):
    """An empty drive gets media and loses them; the guest locks the tray, opens and closes it."""
    def body(d, q, ask):
        drive(q, removable=True, locked=False, tray_open=False, inserted=None)
        ask("dd if=/dev/sr0 of=/dev/null 2>&1 | grep -o 'No medium'; echo RC", rb"No medium(?s:.*?)RC")
        for name, how in (("a", {"id": "cd"}), ("b", {"id": "cd"}), ("c", {"id": "cd", "read-only-mode": "read-only"})):
            q.ok("blockdev-change-medium", filename=os.path.join(d, name), format="raw", **how)
            for is_open in (True, False):
                q.event("DEVICE_TRAY_MOVED", id="cd", **{"tray-open": is_open})
            if drive(q, tray_open=False)["inserted"]["ro"] is not True:
                raise Fail("the medium is not read-only")
            ask("md5sum </dev/sr0; echo SU''M", sum_of(d, name).encode() + rb"(?s:.*?)SUM")
        # Held open by the guest, the tray is locked.
        ask("exec 4</dev/sr0; echo OP''EN", rb"OPEN")
        drive(q, locked=True, tray_open=False)
        q.error("eject", "GenericError", {"id": "cd"})
        q.ok("blockdev-open-tray", id="cd")
        drive(q, locked=True, tray_open=False)
        q.error("blockdev-remove-medium", "GenericError", {"id": "cd"})
        q.ok("eject", id="cd", force=True)
        q.event("DEVICE_TRAY_MOVED", id="cd", **{"tray-open": True})
        drive(q, tray_open=True, inserted=None)
        ask("exec 4<&-; echo CLO''SED", rb"CLOSED")
        # In steps, with a node.
        q.ok("blockdev-add", driver="raw", **{"node-name": "n", "read-only": True, "file": {"driver": "file", "filename": os.path.join(d, "b")}})
        q.ok("blockdev-insert-medium", id="cd", **{"node-name": "n"})
        q.error("blockdev-insert-medium", "GenericError", {"id": "cd", "node-name": "n"})
        q.error("blockdev-del", "GenericError", {"node-name": "n"})
        q.ok("blockdev-close-tray", id="cd")
        q.event("DEVICE_TRAY_MOVED", id="cd", **{"tray-open": False})
        ask("md5sum </dev/sr0; echo SU''M", sum_of(d, "b").encode() + rb"(?s:.*?)SUM")
        # The guest's own doing: it ejects at the last close, and closes the tray at the next open.
        ask("echo 1 >/proc/sys/dev/cdrom/autoeject; : </dev/sr0; echo 0 >/proc/sys/dev/cdrom/autoeject; echo EJEC''TED", rb"EJECTED")
        q.event("DEVICE_TRAY_MOVED", id="cd", **{"tray-open": True})
        if drive(q, tray_open=True)["inserted"]["node-name"] != "n":
            raise Fail("the guest's eject took the medium out of the drive")
        ask("md5sum </dev/sr0; echo SU''M", sum_of(d, "b").encode() + rb"(?s:.*?)SUM")
        q.event("DEVICE_TRAY_MOVED", id="cd", **{"tray-open": False})
        human(q, "eject " + drive(q)["device"])
        q.ok("blockdev-del", **{"node-name": "n"})
        human(q, f"change {drive(q)['device']} {os.path.join(d, 'a')} raw read-only")
        ask("md5sum </dev/sr0; echo SU''M", sum_of(d, "a").encode() + rb"(?s:.*?)SUM")
        q.error("eject", "GenericError", {"id": "h"})
        q.error("eject", "DeviceNotFound", {"id": "nothing"})
    conversation(context, body, ["-device", "virtio-scsi-device,id=s", "-device", "scsi-cd,id=cd", "-drive", "if=none,id=d,format=raw,file=DIR/c,readonly=on",
                                 "-device", "scsi-hd,drive=d,id=h"], [*MODULES, "sr_mod"])


def moved(context):
    """A guest with a mounted disk, a locked CD-ROM drive and a balloon goes on in another process."""
    program(context)
    with context.temp() as d:
        with open(os.path.join(d, "initrd"), "wb") as f:
            f.write(initrd(context, "echo READY; while read -r line; do eval \"$line\"; done",
                           modules=with_depends(context, "kernel", [*MODULES, "sr_mod", "virtio_balloon"])))
        with open(os.path.join(d, "a"), "wb") as f:
            f.write(os.urandom(2 * MIB))
        options = ["-m", "512", "-kernel", kernel(context)[0], "-initrd", os.path.join(d, "initrd"), "-append", "console=ttyAMA0 panic=-1 quiet",
                   "-nographic", "-monitor", "none", "-serial", "stdio", "-nic", "none", "-qmp", "unix:DIR/qmp,server=on,wait=off",
                   "-drive", f"if=none,id=d,format=raw,file={disk(d, context)}", "-drive", f"if=none,id=c,format=raw,media=cdrom,file={d}/a",
                   "-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=d", "-device", "scsi-cd,id=cd,drive=c", "-device", "virtio-balloon-pci"]
        with Machine(context, *options, kernel=False) as m:
            q = Client(m.connect("qmp").socket)
            m.stdio.expect(rb"READY", 180)
            q.ok("balloon", value=400 * MIB)
            m.stdio.send("mount /dev/sda /mnt; dd if=/dev/urandom of=/mnt/x bs=1M count=4 2>/dev/null; exec 4</dev/sr0; md5sum </mnt/x; echo DO''NE\n")
            sum_ = re.search(rb"([0-9a-f]{32})  -", m.stdio.expect(rb"DONE", 60))[1]
            until("the balloon", lambda: q.ok("query-balloon")["actual"] == 400 * MIB)
            drive(q, locked=True)
            human(q, f"migrate -d file:{d}/state")
            until("the migration", lambda: "completed" in q.ok("human-monitor-command", **{"command-line": "info migrate"}))
            with Machine(context, *options, "-incoming", f"file:{d}/state", kernel=False) as n:
                q = Client(n.connect("qmp").socket)
                until("the machine", lambda: q.ok("query-status")["running"])
                drive(q, locked=True, tray_open=False)
                if q.ok("query-balloon")["actual"] != 400 * MIB:
                    raise Fail("the balloon has another size")
                n.stdio.send("echo 3 >/proc/sys/vm/drop_caches; md5sum </mnt/x; cp /mnt/x /mnt/y; sync; md5sum </mnt/y; md5sum <&4; exec 4<&-; echo DO''NE\n")
                got = n.stdio.expect(rb"DONE", 60)
                if got.count(sum_) != 2 or sum_of(d, "a").encode() not in got:
                    raise Fail(got.decode(errors="replace"))
                q.ok("eject", id="cd")
                q.ok("balloon", value=512 * MIB)
                until("the balloon", lambda: q.ok("query-balloon")["actual"] == 512 * MIB)
                n.stdio.send("umount /mnt; poweroff -f\n")
                n.end(0, 60)
        check_image(os.path.join(d, "disk.img"))


def usage(context):
    """What cannot be is one line that names it."""
    machine, adapter = system.program(context), ["-device", "virtio-scsi-pci"]
    empty = ["-drive", "if=none,id=e"]
    for options, pattern in (
            ([*empty, "-device", "virtio-blk-pci,drive=e"], rb"drive e is empty"), ([*empty, *adapter, "-device", "scsi-hd,drive=e"], rb"drive e is empty"),
            ([*adapter, "-device", "scsi-hd"], rb"scsi-hd.*drive="), (["-device", "scsi-cd"], rb"bus of type SCSI"),
            ([*adapter, "-device", "scsi-block"], rb"scsi-block.*not passed on"), ([*adapter, "-device", "scsi-cd,scsi-id=256"], rb"scsi-id=256.*0 to 255"),
            ([*adapter, "-device", "scsi-cd,lun=16384"], rb"lun=16384.*0 to 16383"), ([*adapter, "-device", "scsi-cd,channel=1"], rb"channel=1"),
            ([*adapter, "-device", "scsi-cd,scsi-id=1", "-device", "scsi-cd,scsi-id=1,lun=0"], rb"scsi-id=1,lun=0.*taken"),
            (["-device", "virtio-scsi-pci,num_queues=63"], rb"num_queues=63.*1 to 62"),
            (["-device", "virtio-balloon-pci", "-device", "virtio-balloon-device"], rb"one already"), (["-drive", "if=virtio"], rb"file=")):
        got = run([machine, "-M", "virt", "-cpu", "max", "-nographic", *options], timeout=20)
        if got.status != 1 or len(got.err.splitlines()) != 1 or not re.search(pattern, got.err):
            raise Fail(f"{got.shell()}: status {got.status}, {(got.out + got.err).decode(errors='replace')}")


def by_drive(context):
    """-drive if=scsi makes units, and their adapter; -cdrom is a disk that is not written to, as on QEMU's board."""
    machine = system.program(context)
    with context.temp() as d:
        for name in "ab":
            with open(os.path.join(d, name), "wb") as f:
                f.truncate(MIB)
        got = run([machine, "-M", "virt", "-cpu", "max", "-S", "-display", "none", "-serial", "none", "-monitor", "stdio", "-drive",
                   f"if=scsi,format=raw,file={d}/a", "-drive", "if=scsi,media=cdrom", "-cdrom", f"{d}/b"], timeout=20,
                  stdin=b"info block\nquit\n")
        text = re.sub(rb"\x1b\[[0-9;]*[A-Za-z]|\r", b"", got.out)
        for pattern in (rb"scsi0: \S*/a \(raw\)\n +Attached to: scsi", rb"scsi1: \[not inserted\]\n +Removable device: not locked, tray closed", rb"virtio2: \S*/b \(raw, read-only\)"):
            if not re.search(pattern, text, re.S):
                raise Fail(f"nothing matches {pattern}\n{text[-3000:].decode(errors='replace')}")


def cases(context):
    pci, mmio = ["-device", "virtio-scsi-pci"], ["-device", "virtio-scsi-device"]
    return [
        Case("scsi/usage", usage, 0),
        Case("scsi/by-drive", by_drive, 0),
        Case("scsi/disk-pci", on_disk(pci, ""), 1),
        Case("scsi/disk-mmio", on_disk(mmio, ",scsi-id=3,lun=2"), 1),
        Case("scsi/disk-packed", on_disk(["-device", "virtio-scsi-pci,packed=on,num_queues=2"], ",rotation_rate=1,physical_block_size=4096", ",aio=threads",
                                         "512 4096 0 write back", ["-smp", "2"]), 2),
        Case("scsi/disk-writethrough", on_disk(mmio, "", ",cache=writethrough", "512 512 1 write through"), 2),
        Case("scsi/hotplug", hotplug, 1),
        Case("scsi/cdrom", cdrom, 1),
        Case("scsi/moved", moved, 2),
    ]
