"""Disk images made on the spot, without root: a GPT with an EFI system partition and an ext4 root, or an ext4 root alone."""
import os
import shutil
import subprocess

from suites.base import Skip

MIB = 1 << 20
INIT = """#!/bin/busybox sh
PATH=/bin
for fs in proc:proc sysfs:sys devtmpfs:dev; do mount -t ${fs%%:*} none /${fs#*:} 2>/dev/null; done
echo "RUN $(cat /count) $(uname -r)"
%s
echo READY
while read -r line; do eval "$line"; done
"""
# What the guest is told to do at its end.
REBOOT, POWEROFF = "sync; mount -o remount,ro /; reboot -f\n", "sync; mount -o remount,ro /; poweroff -f\n"


def tool(name):
    path = shutil.which(name) or shutil.which(name, path="/sbin:/usr/sbin")
    if not path:
        raise Skip(f"no {name}: scripts/setup.sh system")
    return path


def call(*command, stdin=b""):
    subprocess.run(command, input=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)


def ext4(path, busybox, files, size=64 * MIB, script=""):
    """A root with busybox; /sbin/init runs the lines of script, says READY, and runs what the console says. files: (name, bytes)."""
    tree = path + ".tree"
    for name in ("bin", "dev", "proc", "sys", "tmp", "sbin", "mnt", "boot"):
        os.makedirs(os.path.join(tree, name))
    shutil.copy(busybox, os.path.join(tree, "bin/busybox"))
    for name in ("sh", "mount", "umount", "sync", "reboot", "poweroff", "cat", "uname", "ls", "echo", "dmesg", "grep", "sleep", "wc", "sort"):
        os.symlink("busybox", os.path.join(tree, "bin", name))
    for name, data in (("sbin/init", (INIT % script).encode()), ("count", b"0\n"), *files):
        with open(os.path.join(tree, name), "wb") as f:
            f.write(data)
    os.chmod(os.path.join(tree, "sbin/init"), 0o755)
    with open(path, "wb") as f:
        f.truncate(size)
    call(tool("mke2fs"), "-q", "-t", "ext4", "-E", "root_owner=0:0", "-d", tree, path)
    shutil.rmtree(tree)


def efi_disk(path, root, efi_files, efi_size=96 * MIB):
    """A GPT: an EFI system partition with those (name, bytes) files, then the image root."""
    fat = path + ".fat"
    with open(fat, "wb") as f:
        f.truncate(efi_size)
    call(tool("mkfs.vfat"), "-F", "32", fat)
    made = set()
    for name, data in efi_files:
        folder = ""
        for part in name.split("/")[:-1]:
            folder += "/" + part
            if folder not in made:
                call(tool("mmd"), "-i", fat, "::" + folder)
                made.add(folder)
        call(tool("mcopy"), "-i", fat, "-", "::/" + name, stdin=data)
    size = os.path.getsize(root)
    with open(path, "wb") as f:
        f.truncate(MIB + efi_size + size + MIB)
    first = (MIB + efi_size) // 512
    call(tool("sfdisk"), "-q", path, stdin=(
        "label: gpt\n"
        f"start=2048, size={efi_size // 512}, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B\n"
        f"start={first}, size={size // 512}, type=B921B045-1DF0-41C3-AF44-4C6F280D3FAE\n").encode())
    with open(path, "r+b") as out:
        for part, at in ((fat, MIB), (root, MIB + efi_size)):
            with open(part, "rb") as f:
                out.seek(at)
                shutil.copyfileobj(f, out)
    os.unlink(fat)
    return MIB + efi_size


def check(path, offset=0):
    """e2fsck's opinion of the file system there: '' if it is clean."""
    got = subprocess.run([tool("e2fsck"), "-f", "-n", path + (f"?offset={offset}" if offset else "")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return "" if got.returncode == 0 else got.stdout.decode(errors="replace")
