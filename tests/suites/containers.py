"""`myna run`, `myna binfmt`, `myna doctor`: foreign roots without root (as the ordinary user of user.sh).

The root is a small one: Debian's static busybox for arm64 and programs of tests/guest. What is expected
comes from chroot(1)'s and the shell's conventions and from namespaces(7)."""
import contextlib
import os
import shutil
import signal
import subprocess
import time

from .base import ENVIRONMENT, Case, Fail, Skip, build, run
from .guest import cross

USER = 1900000001  # of tests/user.sh
APPLETS = ("sh cat chown echo env id ls mkdir mount ps pwd rm sleep stat touch uname true umount"
           " wget su setsid kill").split()


def front(context):
    return os.path.join(os.path.dirname(context.myna), "myna")


def own(folder):
    """Everything below folder belongs to the ordinary user, if this runs as root."""
    if os.getuid():
        return
    os.chown(folder, USER, USER)
    for path, folders, names in os.walk(folder):
        for name in folders + names:
            full = os.path.join(path, name)
            mode = os.lstat(full).st_mode
            os.lchown(full, USER, USER)
            if not os.path.islink(full):
                os.chmod(full, mode & 0o7777)  # chown drops set-id bits


def host_program(context):
    """A static program of the host that executes its arguments."""
    source = os.path.join(context.out, "host-exec.c")
    if not os.path.exists(source):
        with open(source, "w", encoding="utf-8") as f:
            f.write("#include <stdio.h>\n#include <unistd.h>\n"
                    'int main(int c, char **v) { if (c > 1) { execv(v[1], v + 1); perror(v[1]); return 1; }\n'
                    'puts("a program of the host"); return 0; }\n')
    target = os.path.join(context.out, "host-exec")
    return build(context, target, [source], ["gcc", "-O1", "-static", "-o", target, source])


@contextlib.contextmanager
def small_root(context):
    """A folder with tree/ in it and myna beside that."""
    context.need_root()
    context.need_myna()
    with context.temp() as d:
        root = os.path.join(d, "tree")
        for name in ("bin", "etc", "tmp", "dev", "proc", "sys", "root", "srv"):
            os.makedirs(os.path.join(root, name))
        shutil.copy(os.path.join(context.root, "usr/bin/busybox"), root + "/bin/busybox")
        for name in APPLETS:
            os.symlink("busybox", f"{root}/bin/{name}")
        shutil.copy(cross(context, context.path("tests/guest/setid.c"), "O1-static", ["-O1", "-static"]),
                    root + "/bin/setid")
        os.chmod(root + "/bin/setid", 0o4755)
        shutil.copy(host_program(context), root + "/bin/host")
        with open(root + "/bin/script", "w", encoding="utf-8") as f:
            f.write("#!/bin/sh -e\necho script $0 $1 $(uname -m)\n")
        os.chmod(root + "/bin/script", 0o755)
        with open(root + "/etc/passwd", "w", encoding="utf-8") as f:
            f.write("root:x:0:0::/root:/bin/sh\nwww:x:33:33::/:/bin/sh\n")
        shutil.copy(front(context), d + "/myna")
        own(d)
        os.chmod(d, 0o755)
        yield d


def need_namespaces(context, d):
    got = run([context.path("tests/user.sh"), "unshare", "-Urm", "true"])
    if got.status:
        raise Skip("this machine refuses user namespaces")


def inside(context, d, args, ids=True, options=(), **more):
    return run([context.path("tests/user.sh"), *([] if ids else ["--no-ids"]), d + "/myna", "run", "--rootfs",
                d + "/tree", *options, *args], cwd=d, timeout=60, **more)


def expect(got, status, out, where=""):
    if got.status != status or (out is not None and got.out != out):
        raise Fail(f"{where}: status {got.status}, expected {status}\n{got.out.decode(errors='replace')[-600:]}"
                   f"{got.err.decode(errors='replace')[-600:]}\ncommand: {got.shell()}")


def enter(context):
    """The root, ids, folders, options, kinds of programs, exit statuses."""
    with small_root(context) as d:
        need_namespaces(context, d)
        os.mkdir(d + "/shared")
        with open(d + "/shared/file", "w", encoding="utf-8") as f:
            f.write("of the host\n")
        own(d + "/shared")
        script = "id -u; pwd; ls /; uname -m; echo $HOME $A $B; cat /proc/self/uid_map | sed 1q | tr -s ' '"
        for options, args, status, out in (
                ((), ["id", "-u"], 0, b"0\n"), ((), ["pwd"], 0, b"/\n"),
                ((), ["ls", "/"], 0, b"bin\ndev\netc\nproc\nroot\nsrv\nsys\ntmp\n"),
                (("-w", "/srv"), ["pwd"], 0, b"/srv\n"),
                (("-e", "A=1", "-e", "B", "-e", "LC_ALL"), ["sh", "-c", "echo $A-$B-$LC_ALL-$HOME-$TZ"], 0,
                 b"1--C-/root-\n"),
                (("--bind", d + "/shared:/srv"), ["cat", "/srv/file"], 0, b"of the host\n"),
                (("--bind", d + "/shared:/srv"), ["sh", "-c", "echo x >/srv/new; ls /srv"], 0, b"file\nnew\n"),
                (("--bind", d + "/shared:/new/deep:ro"), ["sh", "-c", "touch /new/deep/x 2>/dev/null || ls /new/deep"],
                 0, b"file\nnew\n"),
                ((), ["script", "word"], 0, b"script /bin/script word aarch64\n"),
                ((), ["sh", "-c", "script word"], 0, b"script /bin/script word aarch64\n"),
                ((), ["host"], 0, b"a program of the host\n"),
                ((), ["sh", "-c", "host; true"], 0, b"a program of the host\n"),
                ((), ["sh", "-c", "exit 7"], 7, b""), ((), ["sh", "-c", "kill -9 $$"], -9, b""),
                ((), ["sh", "-c", "kill -TERM $$"], -15, b""),
                ((), ["missing"], 127, b""), ((), ["/etc/passwd"], 126, b""), (("-w", "/none"), ["true"], 1, b""),
                ((), ["ls", "/dev"], 0, None), ((), ["sh", "-c", "echo x >/dev/null; cat </dev/null; ls /dev/shm"], 0, b""),
                ((), ["cat", "/proc/1/comm"], 0, b"myna-run\n"),
                (("-strace",), ["true"], 0, b""), (("--one-id",), ["id", "-u"], 0, b"0\n"),
                (("--share-pid",), ["sh", "-c", "test $$ -gt 2 && echo yes"], 0, b"yes\n")):
            expect(inside(context, d, args, options=options), status, out, " ".join(args))
        os.remove(f"{d}/tree/bin/script")
        got = run([context.path("tests/user.sh"), d + "/myna", "run", "--rootfs", "/", "true"])
        expect(got, 1, b"", "--rootfs /")
        # a root made by debootstrap --foreign has a link there; so may have its resolv.conf
        os.rmdir(f"{d}/tree/proc")
        os.symlink("/proc", f"{d}/tree/proc")
        os.remove(f"{d}/tree/etc/resolv.conf")  # made by the first run
        os.symlink("../run/none/resolv.conf", f"{d}/tree/etc/resolv.conf")
        expect(inside(context, d, ["cat", "/etc/resolv.conf", "/proc/self/comm"]), 0,
               open("/etc/resolv.conf", "rb").read() + b"cat\n", "links")


def ids(context):
    """chown, setuid, set-id bits: with subordinate ids, as root, and with one id, where myna keeps them."""
    with small_root(context) as d:
        need_namespaces(context, d)
        test = "touch /srv/f; chown 33:44 /srv/f; stat -c '%u %g' /srv/f; su www -c 'id -u; touch /tmp/w' ; rm /srv/f"
        if shutil.which("newuidmap"):
            os.chmod(f"{d}/tree/tmp", 0o1777)
            expect(inside(context, d, ["sh", "-c", test]), 0, b"33 44\n33\n", "with ids")
        if os.getuid() == 0:
            got = run([d + "/myna", "run", "--rootfs", d + "/tree", "sh", "-c", test])
            expect(got, 0, b"33 44\n33\n", "as root")
        # one id only: the others are kept by myna, owners in attributes (where the file system has them)
        expect(inside(context, d, ["sh", "-c", test + "; rm /tmp/w"], ids=False), 0, b"33 44\n33\n", "with one id")
        rules = ("mkdir /srv/d; chown 33:33 /srv/d; su www -c 'id; stat -c %u:%g /srv/d; setid; plain; touch /srv/d/x;"
                 " stat -c %u /srv/d/x; chown 0 /srv/d/x 2>/dev/null || echo no; plain nnp /bin/setid'; stat -c %u /srv/d /srv")
        shutil.copy(f"{d}/tree/bin/setid", f"{d}/tree/bin/plain")
        os.chmod(f"{d}/tree/bin/plain", 0o755)
        own(d)
        expect(inside(context, d, ["sh", "-c", rules], ids=False), 0,
               b"uid=33(www) gid=33 groups=33\n33:33\nuid 33 euid 0 secure 1 nnp 0\nuid 33 euid 33 secure 0 nnp 0\n33\nno\n"
               b"uid 33 euid 33 secure 0 nnp 1\n33\n0\n", "kept ids")


def translate(context):
    """Names translated, as where the host refuses namespaces."""
    with small_root(context) as d:
        for args, options, status, out in (
                (["sh", "-c", "id -u; pwd; ls /; cd /bin; pwd; uname -m"], (), 0,
                 b"0\n/\nbin\ndev\netc\nproc\nroot\nsrv\nsys\ntmp\n/bin\naarch64\n"),
                (["pwd"], ("-w", "/srv"), 0, b"/srv\n"), (["script", "x"], (), 0, b"script /bin/script x aarch64\n"),
                (["sh", "-c", "mkdir -p /new/a; echo y >/new/a/f; ln -s /new/a /l; cat /l/f; readlink /l; "
                  "rm /l /new/a/f; ls /new; rmdir /new/a; cat /new/a/f 2>/dev/null || echo gone"], (), 0,
                 b"y\n/new/a\na\ngone\n"),
                (["sh", "-c", "readlink /proc/self/exe; readlink /proc/self/cwd"], (), 0, b"/bin/busybox\n/\n"),
                (["sh", "-c", "touch /srv/f; chown 33:44 /srv/f; stat -c '%u %g' /srv/f"], (), 0, b"33 44\n"),
                (["host"], (), 0, b"a program of the host\n"), (["missing"], (), 127, b""), (["true"], ("-w", "/none"), 1, b"")):
            expect(inside(context, d, args, options=("--translate", *options), ids=False), status, out, " ".join(args))
        if not os.path.isdir(f"{d}/tree/new"):
            raise Fail("/new was made outside the root")
        # a host without namespaces: the same by itself, and it says so
        limit = f"echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all -- {d}/myna run --rootfs {d}/tree ls /new"
        got = run([context.path("tests/user.sh"), "unshare", "-Ur", "sh", "-c", limit])
        if b"No such file" not in got.err and b"ermission" not in got.err:
            expect(got, 0, None, "no namespaces")
            if b"without namespaces" not in got.err:
                raise Fail("no word of it: " + got.err.decode())


def processes(context):
    """What a program leaves behind ends with it; signals are passed on; the host's processes aren't seen."""
    with small_root(context) as d:
        need_namespaces(context, d)
        got = inside(context, d, ["sh", "-c", "setsid sleep 1000 & ps | grep -c sleep >/dev/null; sleep 0.2; ls -d /proc/[0-9]*"])
        expect(got, 0, None, "a daemon")
        if len(got.out.split()) > 8:
            raise Fail("the host's processes are seen: " + got.out.decode())
        command = [context.path("tests/user.sh"), d + "/myna", "run", "--rootfs", d + "/tree", "sh", "-c",
                   "trap 'echo got; exit 5' TERM; echo up; while :; do sleep 0.1; done"]
        p = subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT)
        p.stdout.readline()
        p.send_signal(signal.SIGTERM)
        out, _ = p.communicate(timeout=30)
        if out != b"got\n" or p.returncode != 5:
            raise Fail(f"SIGTERM: {out} {p.returncode}")
        p = subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT)
        p.stdout.readline()
        p.kill()
        start = time.time()
        p.stdout.read()  # ends when nobody holds the pipe any more
        p.wait()
        if time.time() - start > 20:
            raise Fail("the processes inside outlived their watcher")


def has_own_binfmt(context, d):
    return b"myna-aarch64" in inside(context, d, ["ls", "/proc/sys/fs/binfmt_misc"]).out


def set_id(context):
    """Set-id programs get their rights through the namespace's own binfmt_misc, but under no_new_privs."""
    with small_root(context) as d:
        need_namespaces(context, d)
        if not shutil.which("newuidmap"):
            raise Skip("no newuidmap (Debian: uidmap)")
        if not has_own_binfmt(context, d):
            raise Skip("binfmt_misc can't be mounted in user namespaces (before Linux 6.7)")
        shutil.copy(f"{d}/tree/bin/setid", f"{d}/tree/bin/plain")
        os.chmod(f"{d}/tree/bin/plain", 0o755)
        own(d)
        for args, out in ((["/bin/plain", "drop", "/bin/plain"], b"uid 33 euid 33 secure 0 nnp 0\n"),
                          (["/bin/plain", "drop", "/bin/setid"], b"uid 33 euid 0 secure 1 nnp 0\n"),
                          (["/bin/plain", "drop", "/bin/plain", "nnp", "/bin/setid"],
                           b"uid 33 euid 33 secure 0 nnp 1\n"),
                          (["/bin/setid"], b"uid 0 euid 0 secure 0 nnp 0\n")):
            expect(inside(context, d, args), 0, out, " ".join(args))


def binfmt(context):
    """--install, --status, --remove in a user namespace; programs of the host start foreign ones."""
    with small_root(context) as d:
        need_namespaces(context, d)
        if not has_own_binfmt(context, d):
            raise Skip("binfmt_misc can't be mounted in user namespaces (before Linux 6.7)")
        expect(inside(context, d, ["host", "/bin/script", "x"]), 0, b"script /bin/script x aarch64\n", "host program")
        script = (f"{d}/myna binfmt --status && exit 9; {d}/myna binfmt --install || exit 8; {d}/myna binfmt --status || exit 7;"
                  f"cat /proc/sys/fs/binfmt_misc/myna-aarch64; {d}/tree/bin/busybox uname -m; cd {d}/tree/bin; "
                  f"exec 3>&1; (exec -a other ./busybox echo zero); ./setid; {d}/myna binfmt --remove;"
                  f"{d}/tree/bin/busybox true 2>/dev/null || echo gone")
        got = run([context.path("tests/user.sh"), "unshare", "-Urm", "bash", "-c", script], cwd=d)
        for words in (b"flags: POCF", b"interpreter " + d.encode() + b"/myna\n", b"\naarch64\n", b"gone\n",
                      b"uid 0 euid 0"):
            if words not in got.out:
                raise Fail(f"no {words}: {got.out.decode()}{got.err.decode()}")
        for args in ([], ["--what"], ["--install", "--remove"]):
            expect(run([d + "/myna", "binfmt", *args]), 1, b"", "binfmt " + " ".join(args))


def doctor(context):
    context.need_myna()
    got = run([front(context), "doctor"])
    lines = got.out.decode().splitlines()
    if got.status not in (0, 1) or len(lines) < 15 or got.err:
        raise Fail(f"status {got.status}\n{got.out.decode()}{got.err.decode()}")
    for word in ("user namespaces", "vm.mmap_min_addr", "vm.overcommit_memory", "binfmt_misc", "memfd", "seccomp",
                 "personality", "limits", "avx2", "sha", "/dev/kvm"):
        if word not in got.out.decode():
            raise Fail(f"nothing about {word}:\n{got.out.decode()}")
    bad = run(["sh", "-c", f"ulimit -s 512; {front(context)} doctor"])
    if b"stack: 524288" not in bad.out or b"ulimit -s higher" not in bad.out:
        raise Fail("a small stack isn't noticed: " + bad.out.decode())


def cases(context):
    return [Case("containers/" + f.__name__.replace("_", "-"), f, 0)
            for f in (enter, ids, translate, processes, set_id, binfmt, doctor)]
