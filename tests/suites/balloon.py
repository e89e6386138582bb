"""virtio-balloon under Linux: memory that the host takes and gives, seen from both sides."""
import hashlib
import os
import re
import time

from .base import Case, Fail
from .disk import with_depends
from .qmp import Client, program
from .system import initrd, kernel
from .system_ui import Machine

MIB = 1 << 20
MODULES = ["virtio_mmio", "virtio_pci", "virtio_balloon"]


def held(m):
    """Bytes of the guest's memory that the host has for it."""
    with open(f"/proc/{m.process.pid}/smaps", encoding="utf-8") as f:
        sizes = re.findall(r"mach-virt\.ram.*?^Rss: *(\d+) kB", f.read(), re.S | re.M)
    return sum(map(int, sizes)) << 10


def until(what, condition, seconds=90):
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise Fail(f"{what}: not in {seconds} s")
        time.sleep(0.1)


def ballooned(device, which="kernel"):
    def test(context):
        program(context)
        with context.temp() as d:
            with open(os.path.join(d, "initrd"), "wb") as f:
                f.write(initrd(context, "echo READY; while read -r line; do eval \"$line\"; done", which=which,
                               modules=with_depends(context, which, MODULES)))
            with Machine(context, "-m", "512", "-kernel", kernel(context, which)[0], "-initrd", os.path.join(d, "initrd"), "-append",
                         "console=ttyAMA0 panic=-1 quiet", "-nographic", "-monitor", "none", "-serial", "stdio", "-nic", "none", "-qmp",
                         "unix:DIR/qmp,server=on,wait=off", "-device", device, kernel=False) as m:
                body(m, Client(m.connect("qmp").socket))
    return test


def body(m, q):
    m.stdio.expect(rb"READY", 180)

    def kib(name):
        m.stdio.send(f"echo V''ALUE $(grep {name} /proc/meminfo) EN''D\n")
        return int(re.search(rb"VALUE \S+ +(\d+) kB", m.stdio.expect(rb"VALUE .*? END", 60))[1])
    total = kib("MemTotal")
    if q.ok("query-balloon") != {"actual": 512 * MIB}:
        raise Fail("it is not empty at first")
    # Memory that was used goes back to the host when the balloon takes it.
    m.stdio.send("dd if=/dev/zero of=/tmp/x bs=1M count=190 2>/dev/null; rm /tmp/x; echo FIL''LED\n")
    m.stdio.expect(rb"FILLED", 60)
    before = held(m)
    q.ok("balloon", value=192 * MIB)
    until("inflating", lambda: q.ok("query-balloon")["actual"] == 192 * MIB)
    q.event("BALLOON_CHANGE", actual=192 * MIB)
    after, inside = held(m), kib("MemTotal")
    if abs(total - inside - 320 * 1024) > 1024:
        raise Fail(f"MemTotal was {total} kB and is {inside}")
    if before - after < 150 * MIB:
        raise Fail(f"the host had {before >> 20} MiB for the guest, and has {after >> 20}")
    q.ok("balloon", value=448 * MIB)
    until("deflating", lambda: q.ok("query-balloon")["actual"] == 448 * MIB)
    if abs(total - kib("MemTotal") - 64 * 1024) > 1024:
        raise Fail(f"MemTotal is {kib('MemTotal')} kB after deflating")
    # Deflated pages are usable again: they hold what is written.
    m.stdio.send("dd if=/dev/zero bs=1M count=200 2>/dev/null | tr '\\0' z >/tmp/x; echo S''UM $(md5sum </tmp/x); rm /tmp/x\n")
    m.stdio.expect(b"SUM " + hashlib.md5(b"z" * (200 * MIB)).hexdigest().encode(), 120)
    if q.ok("human-monitor-command", **{"command-line": "info balloon"}).strip() != "balloon: actual=448":
        raise Fail("info balloon says another size")
    if q.ok("human-monitor-command", **{"command-line": "balloon 512"}):
        raise Fail("the monitor's balloon complains")
    until("emptying", lambda: q.ok("query-balloon")["actual"] == 512 * MIB)
    device = "/machine/peripheral/b"
    if q.ok("qom-get", path=device, property="guest-stats")["last-update"] == 0 or kib("MemTotal") != total:
        raise Fail("no statistics at the start, or not all memory at the end")
    q.ok("qom-set", path=device, property="guest-stats-polling-interval", value=1)
    time.sleep(1.5)
    stats = q.ok("qom-get", path=device, property="guest-stats")["stats"]
    if stats["stat-total-memory"] != total * 1024 or not 0 < stats["stat-free-memory"] < total * 1024:
        raise Fail(f"statistics: {stats}; MemTotal {total} kB")
    m.stdio.send("poweroff -f\n")
    m.end(0, 60)


def reporting(context):
    """Freed memory comes back to the host by itself."""
    program(context)
    with context.temp() as d:
        with open(os.path.join(d, "initrd"), "wb") as f:
            f.write(initrd(context, "echo READY; while read -r line; do eval \"$line\"; done", modules=with_depends(context, "kernel", MODULES)))
        with Machine(context, "-m", "512", "-kernel", kernel(context)[0], "-initrd", os.path.join(d, "initrd"), "-append", "console=ttyAMA0 panic=-1 quiet",
                     "-nographic", "-monitor", "none", "-serial", "stdio", "-nic", "none", "-device",
                     "virtio-balloon-pci,free-page-reporting=on,deflate-on-oom=on", kernel=False) as m:
            m.stdio.expect(rb"READY", 180)
            m.stdio.send("dd if=/dev/zero bs=1M count=190 2>/dev/null | tr '\\0' z >/tmp/x; echo FIL''LED\n")
            m.stdio.expect(rb"FILLED", 60)
            full = held(m)
            m.stdio.send("rm /tmp/x; echo FRE''ED\n")
            m.stdio.expect(rb"FREED", 60)
            until(f"190 MiB of {full >> 20} coming back", lambda: full - held(m) > 120 * MIB)
            m.stdio.send("poweroff -f\n")
            m.end(0, 60)


def cases(context):
    return [
        Case("balloon/pci", ballooned("virtio-balloon-pci,id=b"), 1),
        Case("balloon/mmio-packed-16k", ballooned("virtio-balloon-device,id=b,packed=on", "kernel-16k"), 2),
        Case("balloon/reporting", reporting, 1),
    ]
