"""Debian arm64 from nothing, without root and without binfmt: debootstrap's second stage, then 40 packages
with their maintainer scripts, by an ordinary user (user.sh) in `myna run --rootfs`; the same
installation by a static qemu-aarch64, whose CPU time is compared. Only in `make check-long`; what is
downloaded first stays as BUILD/guests/debian.tar. The figures go to BUILD/check/distro.txt.

Expected: apt, dpkg and the programs report success, and say what Debian's do on arm64."""
import os
import shutil
import subprocess
import time

from .base import ENVIRONMENT, Case, Fail, Skip, run
from .containers import USER, front, own

PACKAGES = """openssh-server postgresql python3-numpy default-jre-headless nodejs redis-server nginx-light apache2 git
make gcc ruby tcl lua5.4 luajit sqlite3 openssl curl wget vim-tiny rsync cron logrotate dbus man-db ca-certificates
locales sudo procps iproute2 tmux zip unzip jq strace stress-ng gawk bc python3-venv fontconfig""".split()
# Commands inside, and what their output must hold.
AFTERWARDS = (
    ("java -version 2>&1", "openjdk version"), ("node -e 'console.log(process.arch, 6 * 7)'", "arm64 42\n"),
    ("python3 -c 'import numpy as n; a = n.arange(1e4).reshape(100, 100); print(int((a @ a).trace()))'", "49995000\n"),
    ("mkdir -p /run/sshd; /usr/sbin/sshd -t && echo good", "good\n"),
    ("redis-server --port 6399 --save '' --daemonize yes >/dev/null; sleep 3; redis-cli -p 6399 ping", "PONG\n"),
    ("pg_ctlcluster 15 main start; su postgres -c 'psql -Atc \"select 6*7\"'; pg_ctlcluster 15 main stop", "42\n"),
    ("sudo -u www-data id -un", "www-data\n"), ("su www-data -s /bin/sh -c 'id -un'", "www-data\n"),
    ("ruby -e 'puts RUBY_PLATFORM'", "aarch64-linux-gnu\n"), ("luajit -e 'print(6 * 7)'", "42\n"),
    ("cd /tmp && git init -q r && cd r && git -c user.email=a@b -c user.name=a commit -q --allow-empty -m x && git log --format=%s", "x\n"),
    ("printf 'int main(void) { return 7; }' >/tmp/s.c && gcc -O2 -o /tmp/s /tmp/s.c && /tmp/s; echo $?", "7\n"),
    ("echo 'select 6*7;' | sqlite3", "42\n"), ("dpkg --audit; dpkg -l | grep -c '^ii' >/dev/null && echo sound", "sound\n"),
)
QEMU_INIT = """#!/busybox sh
echo -1 >/proc/sys/fs/binfmt_misc/myna-aarch64
echo ':q:M::\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00:\
\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:/qemu:OCF' \
>/proc/sys/fs/binfmt_misc/register
exec "$@"
"""


def timed(command, timeout):
    """Status, output, and CPU seconds of a command and all that it waited for."""
    with open(os.devnull, "rb") as null:
        p = subprocess.Popen(command, stdin=null, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env=ENVIRONMENT, start_new_session=True)
    out, end = b"", time.time() + timeout
    os.set_blocking(p.stdout.fileno(), False)
    while True:
        chunk = p.stdout.read()
        out += chunk or b""
        pid, status, used = os.wait4(p.pid, os.WNOHANG)
        if pid:
            p.returncode = os.waitstatus_to_exitcode(status)
            out += p.stdout.read() or b""
            return p.returncode, out.decode(errors="replace"), used.ru_utime + used.ru_stime
        if time.time() > end:
            os.killpg(p.pid, 15)
            p.wait()
            raise Fail(f"no end after {timeout} s: {' '.join(command)}\n" + out[-1500:].decode(errors="replace"))
        time.sleep(0.1)


def inside(context, d, root, args, timeout=300, options=()):
    command = [context.path("tests/user.sh"), d + "/myna", "run", "--rootfs", f"{d}/{root}", "-e",
               "DEBIAN_FRONTEND=noninteractive", "-e", "LC_ALL=C", *options, *args]
    status, out, used = timed(command, timeout)
    if status:
        raise Fail(f"status {status}: {' '.join(command)}\n{out[-3000:]}")
    return out, used


def debian(context):
    context.need_myna()
    context.need_root()
    first = os.path.join(context.build, "guests", "debian.tar")
    if not os.path.exists(first):
        raise Skip(f"no first stage: tests/guest/fetch.sh {context.build}/guests debian")
    if not shutil.which("newuidmap"):
        raise Skip("no newuidmap (Debian: uidmap)")
    figures = open(os.path.join(context.out, "distro.txt"), "w", encoding="utf-8")
    note = lambda text: (figures.write(text + "\n"), figures.flush())
    with context.temp() as d:
        for name in ("tools/bin", "tools/trees", "cache"):
            os.makedirs(os.path.join(d, name))
        shutil.copy(front(context), d + "/myna")
        shutil.copy(os.path.join(context.root, "usr/bin/busybox"), d + "/tools/bin/busybox")
        own(d)
        os.chmod(d, 0o755)
        unpack = ("mkdir /trees/m && cd /trees/m && tar -xpf /first.tar && "
                  "printf '#!/bin/sh\\nexit 101\\n' >usr/sbin/policy-rc.d && chmod 755 usr/sbin/policy-rc.d")
        tools = ("--bind", first + ":/first.tar")
        inside(context, d, "tools", ["/bin/busybox", "sh", "-c", unpack], options=tools)
        out, used = inside(context, d, "tools/trees/m", ["/debootstrap/debootstrap", "--second-stage"], 1800,
                           ("-e", "container=lxc"))
        if "Base system installed successfully" not in out:
            raise Fail(out[-2000:])
        note(f"debootstrap --second-stage: {used:.1f} s of CPU time")
        inside(context, d, "tools/trees/m", ["apt-get", "update"])
        install = ["apt-get", "install", "-y", "--no-install-recommends"]
        inside(context, d, "tools/trees/m", [*install, "--download-only", *PACKAGES], 900)
        inside(context, d, "tools", ["/bin/busybox", "cp", "-a", "/trees/m", "/trees/q"])
        _, used = inside(context, d, "tools/trees/m", [*install, *PACKAGES], 2400)
        note(f"{len(PACKAGES)} packages by myna: {used:.1f} s of CPU time")
        for command, want in AFTERWARDS:
            out, _ = inside(context, d, "tools/trees/m", ["sh", "-c", command])
            if want not in out:
                raise Fail(f"{command}: expected {want!r}\n{out[-1500:]}")
        compare(context, d, install, used, note)
        inside(context, d, "tools", ["/bin/busybox", "rm", "-rf", "/trees/m", "/trees/q"])


def compare(context, d, install, used, note):
    """The same packages by qemu in the namespace's binfmt_misc: at most half its CPU time is used."""
    qemu = os.path.join(context.build, "guests", "qemu10", "usr/bin/qemu-aarch64")
    if not os.path.exists(qemu):
        note("no static qemu-aarch64 to compare with")
        return
    shutil.copy(qemu, d + "/qemu")
    with open(d + "/init", "w", encoding="utf-8") as f:
        f.write(QEMU_INIT)
    os.chmod(d + "/init", 0o755)
    options = ("--bind", shutil.which("busybox") + ":/busybox", "--bind", d + "/qemu:/qemu", "--bind", d + "/init:/init")
    _, other = inside(context, d, "tools/trees/q", ["/init", "/usr/bin/" + install[0], *install[1:], *PACKAGES], 6000, options)
    note(f"{len(PACKAGES)} packages by qemu-aarch64: {other:.1f} s of CPU time, myna {used / other:.2f} of it")
    if used > other / 2:
        raise Fail(f"CPU time: {used:.1f} s, qemu-aarch64 {other:.1f} s")


def cases(context):
    return [Case("distro/debian", debian, 2)]
