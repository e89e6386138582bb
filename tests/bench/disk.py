#!/usr/bin/env python3
"""Speed of a disk inside the guest: random reads of 4 KiB on virtio-blk, or --disk nvme (src/blkread.c), by myna-system and by an
installed emulator (and the one of fetch.sh's qemu10-system).

The image is in the host's page cache; runners take turns. CPU time is that of all threads of the emulator between two lines of the
console; the table has the medians of --runs. Needs tests/guest/fetch.sh BUILD/guests boot.

    python3 tests/bench/disk.py -B build [--runs 3] [--reads 200000] [--depth 32] [--disk nvme]
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
from system import Runner, emulators  # noqa: E402
from suites import system as guests  # noqa: E402
from suites.disk import with_depends  # noqa: E402

# The device, what it is called inside, its modules.
DISKS = {"virtio-blk": ("virtio-blk-device,drive=d", "/dev/vda", ["virtio_mmio", "virtio_blk"]),
         "nvme": ("nvme,serial=s,drive=d", "/dev/nvme0n1", ["nvme"])}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-B", default="build")
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--reads", type=int, default=200000)
    p.add_argument("--depth", type=int, default=32)
    p.add_argument("--megabytes", type=int, default=256)
    p.add_argument("--disk", choices=DISKS, default="virtio-blk")
    args = p.parse_args()
    context = types.SimpleNamespace(build=os.path.abspath(args.B), myna=os.path.join(os.path.abspath(args.B), "myna-aarch64"))
    runners = {"myna": [guests.program(context), "-cpu", "max"]}
    runners.update(emulators(context.build))
    device, path, modules = DISKS[args.disk]
    taken = {}
    with tempfile.TemporaryDirectory() as d:
        program, image, initrd = (os.path.join(d, n) for n in ("blkread", "disk.img", "initrd"))
        subprocess.run(["aarch64-linux-gnu-gcc", "-O2", "-static", "-o", program, os.path.join(HERE, "src/blkread.c")], check=True)
        with open(program, "rb") as f, open(initrd, "wb") as g:
            g.write(guests.initrd(context, f"until [ -b {path} ]; do sleep 0.1; done\necho BEGIN\n/bin/blkread {path} {args.reads} {args.depth}\necho END",
                                  [("bin/blkread", f.read())], with_depends(context, "kernel", modules)))
        for _ in range(args.runs):
            for name, command in runners.items():
                with open(image, "wb") as f:  # and it is in the page cache
                    f.write(os.urandom(args.megabytes << 20))
                r = Runner([*command, "-M", "virt", "-m", "512", "-kernel", guests.kernel(context)[0], "-initrd", initrd, "-append",
                            "console=ttyAMA0 panic=-1", "-nographic", "-no-reboot", "-drive", f"file={image},format=raw,if=none,id=d",
                            "-device", device])
                try:
                    begun = r.until(b"BEGIN", 300)[0]
                    rate = float(r.until(b"reads a second", 300)[2].split()[0])
                    cpu = r.until(b"END", 60)[0] - begun
                finally:
                    r.close()
                taken.setdefault(name, []).append((cpu, rate))
    print("| emulator | CPU, microseconds a read | reads a second |\n|---|---|---|")
    for name, got in taken.items():
        cpu, rate = (statistics.median(v) for v in zip(*got))
        print(f"| {name} | {cpu / args.reads * 1e6:.1f} | {rate:.0f} |")


if __name__ == "__main__":
    main()
