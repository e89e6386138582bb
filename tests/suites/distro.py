"""Debian arm64 from nothing, without root and without binfmt, by an ordinary user (user.sh) in
`myna run --rootfs`: debootstrap's second stage, 40 packages with their maintainer scripts, use of what they
installed, and the same installation by a static qemu-aarch64, whose CPU time is compared. Only in
`make check-long`; what is downloaded first stays as BUILD/guests/debian.tar.

Each step starts from an archive that the one before left in BUILD/check/debian, so a run that was stopped
goes on: a step is done once for each build of myna, qemu's once for the same packages. suites/servers.py and
suites/builds.py use root.tar.

CPU time is user and system time of all processes of a run, as wait4() has it: process 1 inside reaps what
its parents leave. myna and qemu start from the same archive, with the same options of `myna run`, myna
without any translation kept from before; that both did the same work is held against dpkg's log.

Expected: apt, dpkg and the programs report success, and say what Debian's do on arm64."""
import contextlib
import hashlib
import os
import shutil
import subprocess
import time

from .base import ENVIRONMENT, Case, Fail, Skip
from .containers import front, own

PACKAGES = """openssh-server postgresql python3-numpy default-jre-headless nodejs redis-server nginx-light apache2 git
make gcc ruby tcl lua5.4 luajit sqlite3 openssl curl wget vim-tiny rsync cron logrotate dbus man-db ca-certificates
locales sudo procps iproute2 tmux zip unzip jq strace stress-ng gawk bc python3-venv fontconfig""".split()
INSTALL = ["/usr/bin/apt-get", "install", "-y", "--no-install-recommends"]
# Commands inside, and what their output must hold.
AFTERWARDS = (
    ("java -version 2>&1", "openjdk version"), ("node -e 'console.log(process.arch, 6 * 7)'", "arm64 42\n"),
    ("python3 -c 'import numpy as n; a = n.arange(1e4).reshape(100, 100); print(int((a @ a).trace()))'", f"{10001 * 4950 ** 2 + 20000 * 328350}\n"),
    ("mkdir -p /run/sshd; /usr/sbin/sshd -t && echo good", "good\n"),
    ("cd /tmp; redis-server --port 0 --unixsocket r --save '' --daemonize yes >/dev/null; sleep 3; redis-cli -s r ping", "PONG\n"),
    ("pg_ctlcluster 15 main start; su postgres -c 'psql -Atc \"select 6*7\"'; pg_ctlcluster 15 main stop", "42\n"),
    # Debian's default site wants port 80, which no ordinary user gets of the host's network.
    ("sed -i 's/80 default/8080 default/' /etc/nginx/sites-enabled/default; nginx -t 2>&1", "test is successful\n"),
    ("sudo -u www-data id -un", "www-data\n"), ("su www-data -s /bin/sh -c 'id -un'", "www-data\n"),
    ("ruby -e 'puts RUBY_PLATFORM'", "aarch64-linux-gnu\n"), ("luajit -e 'print(6 * 7)'", "42\n"),
    ("cd /tmp && git init -q g && cd g && git -c user.email=a@b -c user.name=a commit -q --allow-empty -m x && git log --format=%s", "x\n"),
    # The C library's headers and start files are only recommended by gcc.
    ("""echo 'void _start(void) { register long n asm("x8") = 93, v asm("x0") = 7; asm volatile("svc 0" :: "r"(n), "r"(v)); }' >/tmp/s.c
     gcc -O2 -nostdlib -static -o /tmp/s /tmp/s.c && /tmp/s; echo $?""", "7\n"),
    ("echo 'select 6*7;' | sqlite3", "42\n"), ("dpkg --audit; dpkg -l | grep -c '^ii' >/dev/null && echo sound", "sound\n"),
)
QEMU_INIT = """#!/busybox sh
echo -1 >/proc/sys/fs/binfmt_misc/myna-aarch64
echo ':q:M::\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00:\
\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:/qemu:OCF' \
>/proc/sys/fs/binfmt_misc/register
exec "$@"
"""


def finish(p, timeout, into=None):
    """Waits for a process and all that it waited for: status, output, CPU seconds."""
    out, end = b"", time.time() + timeout
    if p.stdout:
        os.set_blocking(p.stdout.fileno(), False)
    while True:
        out += p.stdout and p.stdout.read() or b""
        pid, status, used = os.wait4(p.pid, os.WNOHANG)
        if pid:
            p.returncode = os.waitstatus_to_exitcode(status)
            out += p.stdout and p.stdout.read() or b""
            return p.returncode, out.decode(errors="replace"), used.ru_utime + used.ru_stime
        if time.time() > end:
            os.killpg(p.pid, 15)
            p.wait()
            raise Fail(f"no end after {timeout} s\n" + out[-6000:].decode(errors="replace"))
        time.sleep(0.1)


class Tree:
    """A root in a folder of its own, of the ordinary user; made of an archive that the same user made."""

    def __init__(self, context, d):
        self.context, self.d, self.root = context, d, d + "/tools/trees/debian"
        for name in ("tools/bin", "tools/trees"):
            os.makedirs(os.path.join(d, name))
        shutil.copy(front(context), d + "/myna")
        shutil.copy(shutil.which("busybox"), d + "/tools/bin/busybox")
        own(d)
        os.chmod(d, 0o755)

    def command(self, args, root=None, options=(), qemu=False, env=None):
        """The command that runs args in the root as the ordinary user; by qemu if asked."""
        if qemu:
            args, options = ["/init", *args], (*options, *self.qemu())
        words = [w for k, v in {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", **(env or {})}.items() for w in ("-e", f"{k}={v}")]
        return [self.context.path("tests/user.sh"), self.d + "/myna", "run", "--rootfs", root or self.root,
                *words, *options, *args]

    def qemu(self):
        """Options of `myna run` that put qemu into the namespace's binfmt_misc instead of myna."""
        program = os.path.join(self.context.build, "guests", "qemu10", "usr/bin/qemu-aarch64")
        if not os.path.exists(program):
            raise Skip(f"no static qemu-aarch64: tests/guest/fetch.sh {self.context.build}/guests qemu10")
        if not os.path.exists(self.d + "/init"):
            shutil.copy(program, self.d + "/qemu")
            with open(self.d + "/init", "w", encoding="utf-8") as f:
                f.write(QEMU_INIT)
            os.chmod(self.d + "/init", 0o755)
        return ("--bind", self.d + "/tools/bin/busybox:/busybox", "--bind", self.d + "/qemu:/qemu", "--bind", self.d + "/init:/init")

    def inside(self, args, timeout=300, stdin=None, stdout=subprocess.PIPE, cache=False, **how):
        """Output and CPU seconds of args; past the time limit every process of myna shows its stacks."""
        command = self.command(args, options=("-watchdog", f"{timeout},hard", *how.pop("options", ())), **how)
        environment = {k: v for k, v in ENVIRONMENT.items() if not (cache and k == "MYNA_CACHE")}
        p = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=stdout, env=environment,
                             stderr=subprocess.STDOUT if stdout == subprocess.PIPE else None, start_new_session=True)
        try:
            status, out, used = finish(p, timeout + 10)
        except Fail as e:
            raise Fail(f"{e}\ncommand: {' '.join(command)}") from e
        if status:
            raise Fail(f"status {status}: {' '.join(command)}\n{out[-3000:]}")
        return out, used

    def native(self, script, **how):
        """A shell script by the host's busybox, as the user who owns the tree."""
        return self.inside(["/bin/busybox", "sh", "-c", script], root=self.d + "/tools", timeout=900, **how)

    def unpack(self, archive):
        with open(archive, "rb") as f:
            self.native("mkdir /trees/debian && busybox tar -C /trees/debian --numeric-owner -xpf -", stdin=f)

    def pack(self, archive):
        os.makedirs(os.path.dirname(archive), exist_ok=True)
        with open(archive + ".new", "wb") as f:
            self.native("busybox tar -C /trees/debian --numeric-owner -cf - .", stdout=f)
        os.rename(archive + ".new", archive)


@contextlib.contextmanager
def tree(context, archive):
    """A Tree, removed afterwards."""
    context.need_myna()
    for program, package in (("newuidmap", "uidmap"), ("busybox", "busybox-static")):
        if not shutil.which(program):
            raise Skip(f"no {program} (Debian: {package})")
    with context.temp() as d:
        t = Tree(context, d)
        try:
            t.unpack(archive)
            yield t
        finally:
            t.native("busybox rm -rf /trees/debian")


# --- steps -----------------------------------------------------------------------------------------

def kept(context, name):
    return os.path.join(context.out, "debian", name)


def installed(context):
    """The archive of the root with all packages, made if there is none."""
    path = kept(context, "root.tar")
    with context.once("installed"):
        if not os.path.exists(path):
            packages(context)
    return path


def step(context, name, product, function, by=None):
    """Does a step, unless it was done by this build of myna (or file `by`) and what it makes is there;
    notes its figures."""
    with open(by or context.myna, "rb") as f:
        stamp = hashlib.sha256(f.read()).hexdigest()
    note = kept(context, name + ".txt")
    os.makedirs(os.path.dirname(note), exist_ok=True)
    with context.once("distro " + name):
        if os.path.exists(note) and (product is None or os.path.exists(product)):
            with open(note, encoding="utf-8") as f:
                lines = f.read().splitlines()
            if lines[0] == stamp:
                return lines[1:]
        lines = function()
        with open(note, "w", encoding="utf-8") as f:
            f.write("\n".join([stamp, *lines]) + "\n")
        return lines


def second_stage(context):
    """base.tar: the base system, and the packages downloaded."""
    def work():
        first = os.path.join(context.build, "guests", "debian.tar")
        if not os.path.exists(first):
            raise Skip(f"no first stage: tests/guest/fetch.sh {context.build}/guests debian")
        with tree(context, first) as t:
            t.native("cd /trees/debian && printf '#!/bin/sh\\nexit 101\\n' >usr/sbin/policy-rc.d && busybox chmod 755 usr/sbin/policy-rc.d")
            out, used = t.inside(["/debootstrap/debootstrap", "--second-stage"], 1800, env={"container": "lxc"}, cache=True)
            if "Base system installed successfully" not in out:
                raise Fail(out[-2000:])
            t.inside(["apt-get", "update"])
            t.inside([*INSTALL, "--download-only", *PACKAGES], 900)
            t.inside(["sh", "-c", "rm -rf ~/.cache"])
            t.pack(kept(context, "base.tar"))
        return [f"debootstrap --second-stage: {used:.1f} s of CPU time"]
    return step(context, "second-stage", kept(context, "base.tar"), work)


def work_done(t):
    """What dpkg did, without its times: packages and the order of maintainer scripts' states."""
    out, _ = t.inside(["sh", "-c", "cut -d' ' -f3- /var/log/dpkg.log; dpkg-query -W"])
    return sorted(out.splitlines())


def packages(context, cache=True):
    """The packages by myna, with the translations it keeps by itself from an empty start, or without any."""
    second_stage(context)
    def work():
        with tree(context, kept(context, "base.tar")) as t:
            _, used = t.inside([*INSTALL, *PACKAGES], 2400, cache=cache)
            if cache:
                with open(kept(context, "dpkg.log"), "w", encoding="utf-8") as f:
                    f.write("\n".join(work_done(t)))
                t.inside(["sh", "-c", "apt-get clean; rm -rf ~/.cache"])
                t.pack(kept(context, "root.tar"))
        return [f"{len(PACKAGES)} packages by myna{'' if cache else ' -cache off'}: {used:.1f} s of CPU time"]
    return step(context, "packages" if cache else "packages-uncached", kept(context, "root.tar") if cache else None, work)


def use(context):
    with tree(context, installed(context)) as t:
        wrong = []
        for command, want in AFTERWARDS:
            try:
                out, _ = t.inside(["sh", "-c", command])
            except Fail as e:
                out = str(e)
            if want not in out:
                wrong.append(f"{command}: expected {want!r}\n{out[-1500:]}")
    if wrong:
        raise Fail("\n".join(wrong))


def seconds(lines):
    return float(lines[-1].split(": ")[1].split()[0])


def against_qemu(context):
    """The same packages by qemu in the namespace's binfmt_misc: myna uses at most half its CPU time."""
    first, mine = second_stage(context), packages(context)
    ours = seconds(mine)
    def work():
        with tree(context, kept(context, "base.tar")) as t:
            _, used = t.inside([*INSTALL, *PACKAGES], 6000, qemu=True)
            with open(kept(context, "dpkg.log"), encoding="utf-8") as f:
                done = f.read().split("\n")
            other = work_done(t)
            if done != other:
                raise Fail("dpkg did not do the same: " + " / ".join(sorted(set(done) ^ set(other))[:20]))
        return [f"{len(PACKAGES)} packages by qemu-aarch64: {used:.1f} s of CPU time"]
    other = seconds(step(context, "qemu", None, work, kept(context, "dpkg.log")))
    with open(os.path.join(context.out, "distro.txt"), "w", encoding="utf-8") as f:
        f.write("\n".join([*first, *mine, f"qemu-aarch64: {other:.1f} s",
                           f"myna: {ours / other:.2f} of qemu's"]) + "\n")
    if ours > other / 2:
        raise Fail(f"CPU time: {ours:.1f} s, qemu-aarch64 {other:.1f} s")


def cases(context):
    return [Case("distro/second-stage", second_stage, 2), Case("distro/packages", packages, 2),
            Case("distro/packages-uncached", lambda c: packages(c, False), 2),
            Case("distro/use", use, 2), Case("distro/against-qemu", against_qemu, 2)]
