#!/usr/bin/env python3
"""An initrd made on the spot: archive.py BUSYBOX OUT <SCRIPT. Its /init mounts the usual, runs the lines of the script with
busybox's programs, and powers off."""
import gzip
import io
import os
import stat
import sys


class Archive:
    """A cpio archive in the form that kernels unpack (Documentation/driver-api/early-userspace/buffer-format.rst)."""

    def __init__(self):
        self.out, self.n, self.folders = io.BytesIO(), 0, set()

    def add(self, name, mode, data=b"", device=(0, 0)):
        self.n += 1
        name = name.encode() + b"\0"
        head = "070701" + "".join(f"{v:08x}" for v in (self.n, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0))
        self.out.write(head.encode() + name)
        self.out.write(b"\0" * (-self.out.tell() % 4) + data)
        self.out.write(b"\0" * (-self.out.tell() % 4))

    def folder(self, name):
        self.folders.add(name)
        self.add(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o755):
        """With the folder that it is in."""
        above = os.path.dirname(name)
        if above and above not in self.folders:
            self.folder(above)
        self.add(name, stat.S_IFREG | mode, data)

    def tree(self, top, under=""):
        """A host folder with all below it."""
        for folder, dirs, names in os.walk(top):
            at = os.path.join(under, os.path.relpath(folder, top)).removesuffix("/.")
            if at not in (".", ""):
                self.folder(at)
            for name in sorted(names) + [d for d in dirs if os.path.islink(os.path.join(folder, d))]:
                path = os.path.join(folder, name)
                if os.path.islink(path):
                    self.add(os.path.join(at, name), stat.S_IFLNK | 0o777, os.readlink(path).encode())
                elif os.path.isfile(path):
                    with open(path, "rb") as f:
                        self.file(os.path.join(at, name), f.read(), os.stat(path).st_mode & 0o777)

    def bytes(self):
        self.add("TRAILER!!!", 0)
        return gzip.compress(self.out.getvalue(), 1)


def root_of(busybox):
    """An archive with the usual folders, a console and busybox (its bytes)."""
    a = Archive()
    for name in ("bin", "dev", "proc", "sys", "tmp", "mnt", "lib"):
        a.folder(name)
    a.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    a.file("bin/busybox", busybox)
    return a


def first_process(script):
    """/init with the lines of script."""
    return ("#!/bin/busybox sh\nPATH=/bin\n/bin/busybox --install -s /bin\nmount -t proc proc /proc\n"
            "mount -t sysfs sysfs /sys\nmount -t devtmpfs devtmpfs /dev\n" + script + "\npoweroff -f\n").encode()


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as box:
        made = root_of(box.read())
    made.file("init", first_process(sys.stdin.read()))
    with open(sys.argv[2], "wb") as out:
        out.write(made.bytes())
