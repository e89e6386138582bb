#!/usr/bin/env python3
"""Speed of a network inside the guest: TCP from and to the host (src/tcpload.c), by myna-system and by an installed emulator, on
user-mode networking and, as `unshare -rn python3 tests/bench/net.py --tap`, on a tap.

Runners take turns. CPU time is that of all threads of the emulator between two lines of the console; the table has the lowest of
--runs for each direction, and the most megabytes a second. Needs tests/guest/fetch.sh BUILD/guests boot.

    python3 tests/bench/net.py -B build [--runs 3] [--megabytes 200] [--tap]
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
from system import Runner  # noqa: E402
from suites import network, system as guests  # noqa: E402


def measure(command, program, n):
    """CPU seconds and seconds of each direction."""
    servers = [subprocess.Popen([program, way, "0.0.0.0", port, str(n)], stdout=subprocess.DEVNULL)
               for way, port in (("serve-recv", "45672"), ("serve-send", "45673"))]
    r, found = Runner(command), []
    try:
        at = r.until(b"BEGIN", 300)[0]
        for _ in range(2):
            now, _, line = r.until(b"cpu-ms", 300)[:3]
            found.append((now - at, float(re.search(rb"(\d+) ms", line if isinstance(line, bytes) else line.encode())[1]) / 1000))
            at = now
    finally:
        r.close()
        for s in servers:
            s.kill()
            s.wait()
    return found


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-B", default="build")
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--megabytes", type=int, default=200)
    p.add_argument("--tap", action="store_true")
    args = p.parse_args()
    context = types.SimpleNamespace(build=os.path.abspath(args.B), myna=os.path.join(os.path.abspath(args.B), "myna-aarch64"))
    runners = {"myna": [guests.program(context), "-cpu", "max"]}
    qemu = shutil.which("qemu-system-aarch64")
    if qemu:
        version = subprocess.run([qemu, "-version"], stdout=subprocess.PIPE, check=True, text=True).stdout
        runners["qemu " + re.search(r"version (\d+\.\d+)", version)[1]] = [qemu, "-cpu", "max,pauth-impdef=on"]
    n, best = args.megabytes * 1000000, {}
    host, guest = ("10.3.3.1", "10.3.3.2") if args.tap else ("10.0.2.2", "10.0.2.15")
    with tempfile.TemporaryDirectory() as d:
        source, own, other, initrd, up = os.path.join(HERE, "src/tcpload.c"), *(os.path.join(d, x) for x in ("own", "other", "initrd", "up"))
        subprocess.run(["gcc", "-O2", "-o", own, source], check=True)
        subprocess.run(["aarch64-linux-gnu-gcc", "-O2", "-static", "-o", other, source], check=True)
        with open(up, "w", encoding="ascii") as f:
            f.write(f"#!/bin/sh\nip addr add {host}/24 dev $1 && ip link set $1 up\n")
        os.chmod(up, 0o755)
        if args.tap:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        with open(other, "rb") as f, open(initrd, "wb") as g:
            g.write(guests.initrd(context, f"ip link set eth0 up\nip addr add {guest}/24 dev eth0\nping -c 1 {host} >/dev/null\necho BEGIN\n"
                                  f"tcpload send {host} 45672 {n}\ntcpload recv {host} 45673 {n}", [("bin/tcpload", f.read())], network.MODULES))
        backend = f"tap,id=n,script={up},downscript=no" if args.tap else "user,id=n"
        for _ in range(args.runs):
            for name, command in runners.items():
                got = measure([*command, "-M", "virt", "-m", "512", "-kernel", guests.kernel(context)[0], "-initrd", initrd, "-append",
                               "console=ttyAMA0 quiet panic=-1", "-nographic", "-no-reboot", "-netdev", backend, "-device",
                               "virtio-net-pci,netdev=n,romfile="], own, n)
                old = best.get(name, got)
                best[name] = [(min(a[0], b[0]), min(a[1], b[1])) for a, b in zip(old, got)]
    print("| emulator | from the guest: CPU seconds a GB | MB a second | to the guest: CPU seconds a GB | MB a second |\n|---|---|---|---|---|")
    for name, ways in best.items():
        print(f"| {name} | " + " | ".join(f"{cpu / n * 1e9:.1f} | {n / 1e6 / seconds:.0f}" for cpu, seconds in ways) + " |")


if __name__ == "__main__":
    main()
