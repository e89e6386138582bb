"""stress-ng inside a booted guest with two processors: an hour (SYSTEM_STRESS_MINUTES) of its classes' stressors, two at a
time, with what they verify. The guest must come to its end without a hang, without a complaint of its kernel and without a
stressor that says "fail"."""
import os
import re
import shutil
import subprocess

from .base import Case, Fail, Skip
from .device import MODULES, check_image
from .system import boot

CLASSES = ("cpu", "cpu-cache", "memory", "vm", "interrupt", "os", "pipe", "scheduler", "filesystem", "network")
# What ends or stops a machine by its purpose, or fails under a native kernel of this kind for want of a device.
OUT = "reboot,smi,watchdog,bad-ioctl,ramfs,binderfs,swap,quota,rlimit,spawn,oom-pipe,bigheap,brk,stackmmap,resources,sysinval"
SCRIPT = """mount -t ext4 /dev/vda /mnt || exit
mkdir -p /dev/shm; for d in proc sys dev; do mount --bind /$d /mnt/$d; done
mount -t tmpfs tmpfs /mnt/tmp; mkdir -p /mnt/run; mount -t tmpfs tmpfs /mnt/run; mount -t tmpfs tmpfs /mnt/dev/shm
ip link set lo up
end=$(($(date +%s) + SECONDS))
round=0
while [ $(date +%s) -lt $end ]; do
for class in CLASSES; do
[ $(date +%s) -lt $end ] || break
chroot /mnt /usr/bin/stress-ng --class $class --sequential 2 --timeout 4s --verify --oomable --temp-path /tmp -x OUT >/tmp/log 2>&1 </dev/null
echo "CLASS $class status $? $(grep -c 'stress-ng: info' /tmp/log)"
grep -E 'stress-ng: (fail|error)' /tmp/log | head -20
done
round=$((round + 1))
done
echo "ROUNDS $round"
umount -R /mnt; sync
dmesg | grep -E 'WARNING|BUG:|Oops|hung task|stall|Unable to handle' && echo COMPLAINT
echo STRESSED"""


def stress(context):
    root = os.path.join(context.build, "guests", "stress-arm64")
    if not os.path.exists(os.path.join(root, "usr/bin/stress-ng")):
        raise Skip(f"no stress-ng: tests/guest/fetch.sh {context.build}/guests stress")
    if not shutil.which("mke2fs", path="/usr/sbin:/sbin"):
        raise Skip("no mke2fs: scripts/setup.sh check")
    seconds = int(float(os.environ.get("SYSTEM_STRESS_MINUTES", "60")) * 60)
    script = SCRIPT.replace("SECONDS", str(seconds)).replace("CLASSES", " ".join(CLASSES)).replace("OUT", OUT, 1)
    with context.temp() as d:
        tree, image = os.path.join(d, "tree"), os.path.join(d, "disk")
        shutil.copytree(root, tree, symlinks=True)
        for name in ("proc", "sys", "dev", "tmp", "run"):
            os.makedirs(os.path.join(tree, name), exist_ok=True)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, image, "1G"], check=True, stdout=subprocess.DEVNULL,
                       env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"})
        got = boot(context, script, ["-smp", "2", "-drive", f"file={image},format=raw,if=virtio"], memory="2048",
                   limit=2 * seconds + 1200, modules=MODULES)
        check_image(image)
    text = got.out.replace(b"\r", b"").decode(errors="replace")
    with open(os.path.join(context.out, "system-stress.txt"), "w", encoding="utf-8") as f:
        f.write(text)
    bad = re.findall(r"(?m)^.*stress-ng: fail.*$", text)
    if bad or "COMPLAINT" in text or not re.search(r"(?m)^STRESSED$", text):
        raise Fail("\n".join(bad[:20]) + "\n" + text[-2000:])


def cases(context):
    return [Case("system-stress/two", stress, 2)]
