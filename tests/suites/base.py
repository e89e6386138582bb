"""What every suite stands on: cases, running commands, comparing outcomes, and compiling once."""
import difflib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time


class Fail(Exception):
    """The case failed; the text says how."""


class Skip(Exception):
    """This machine can't run the case; the text says what is missing."""


class Case:
    """name: SUITE/...; level 0 quick, 1 `make check`, 2 `make check-long`; function(context)."""

    def __init__(self, name, function, level=1):
        self.name, self.level, self.run = name, level, function


class Outcome:
    def __init__(self, command, status, out, err):
        self.command, self.status, self.out, self.err = command, status, out, err

    def shell(self):
        return " ".join(shlex.quote(a) for a in self.command)


# The same for every run: locale, zone and hash seeds decide outputs.
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC", "TERM": "dumb",
    "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PERL_HASH_SEED": "0",
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b",
    "ASAN_OPTIONS": "detect_leaks=0", # what lives as long as the process is not given back
    "MYNA_CACHE": "off", # suites/pcache.py has the persistent cache; run.py --cache DIR turns it on for all
    "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z",
}


class Context:
    def __init__(self, top, build, myna, long):
        self.top, self.build, self.long = top, os.path.abspath(build), long
        self.myna = os.path.abspath(myna or os.path.join(build, "myna-aarch64"))
        self.qemu = shutil.which("qemu-aarch64") or "qemu-aarch64"
        self.root = os.path.join(self.build, "guests", "arm64")
        self.sysroot = "/usr/aarch64-linux-gnu"
        self.out = os.path.join(self.build, "check")
        os.makedirs(self.out, exist_ok=True)
        self._locks, self._lock = {}, threading.Lock()

    def path(self, *parts):
        return os.path.join(self.top, *parts)

    def once(self, key):
        """A lock by name: two cases that need the same file make it once."""
        with self._lock:
            return self._locks.setdefault(key, threading.Lock())

    def need_myna(self):
        if not os.access(self.myna, os.X_OK):
            raise Fail(f"{self.myna} is not built")

    def need_root(self):
        if not os.path.exists(os.path.join(self.root, ".debs")):
            raise Skip(f"no arm64 programs: tests/guest/fetch.sh {self.build}/guests arm64")

    def temp(self):
        return tempfile.TemporaryDirectory(prefix="myna-test-")


TIMES = 1  # run.py --times: time limits are so many times as long


def run(command, cwd=None, stdin=b"", env=None, timeout=60, limit=1 << 24, tail=500):
    """Runs a command in its own process group, which is killed at the time limit (a failure that shows the
    last `tail` bytes it wrote). Never raises for what the command does: a negative status is the signal that
    ended it."""
    timeout *= TIMES
    full = dict(ENVIRONMENT)
    full["HOME"] = cwd or "/nonexistent"
    full.update(env or {})
    begun = time.monotonic()
    proc = subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=full, start_new_session=True)
    try:
        out, err = proc.communicate(stdin, timeout)
    except subprocess.TimeoutExpired:
        os.killpg(proc.pid, signal.SIGKILL)
        out, err = proc.communicate()
        raise Fail(f"no end after {timeout} s: " + " ".join(map(shlex.quote, command)) + "\n"
                   + (out + err)[-tail:].decode(errors="replace"))
    done = Outcome(command, proc.returncode, out[:limit], err[:limit])
    done.seconds = time.monotonic() - begun
    return done


def within(native, command, times=6, least=20, seconds=None, **how):
    """Runs the native twin, then the command with a time limit of `times` its time (`least` seconds at least:
    short twins on a loaded machine). At the limit every process of myna prints its threads' stacks, and the
    case fails with them. seconds: the native time where it is known. Returns both outcomes (None for
    the native one then)."""
    twin = None
    if seconds is None:
        begun = time.monotonic()
        twin = run(native, timeout=3600, **how)
        seconds = time.monotonic() - begun
    limit = int(max(least, times * seconds)) + 1
    env = dict(how.pop("env", None) or {}, MYNA_WATCHDOG=f"{limit},hard")
    return twin, run(command, timeout=limit + 5, env=env, tail=6000, **how)


def rooted(context, name, folder, env=()):
    """Two command prefixes: for a program of the root guests/NAME-amd64, natively, and for the same of guests/NAME
    under myna, both with that root as theirs and `folder` (where they start) under its own name. env: names of
    variables that pass, beside ENVIRONMENT's."""
    root = os.path.join(context.build, "guests", name)
    for path in (root, root + "-amd64"):
        if not os.path.exists(os.path.join(path, ".debs")):
            raise Skip(f"no {path}: tests/guest/fetch.sh {context.build}/guests {name}")
    passed = [x for n in (*ENVIRONMENT, "HOME", "MYNA_WATCHDOG", *env) for x in ("-e", n)]
    return ([context.path("tests/inroot.sh"), root + "-amd64", folder],
            [os.path.join(os.path.dirname(context.myna), "myna"), "run", "--rootfs", root, "--share-pid",
             "--bind", folder, "-w", folder, *passed])


def compare(got, want, what, streams=("status", "out")):
    """Fails with a short difference if the two outcomes differ. what: where `want` is from."""
    for s in streams:
        a, b = getattr(got, s), getattr(want, s)
        if a == b:
            continue
        if s == "status":
            text = f"exit status {a}, {what} has {b}"
        else:
            lines = list(difflib.unified_diff(b.decode(errors="replace").splitlines(),
                                              a.decode(errors="replace").splitlines(),
                                              what, "myna", lineterm="", n=1))
            text = f"{s} differs\n" + "\n".join(x[:200] for x in lines[:14])
            if not lines:
                at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
                text += f"at byte {at} of {len(a)} ({len(b)}): {a[at:at + 16].hex()}, {what} has {b[at:at + 16].hex()}"
        tail = got.err.decode(errors="replace").splitlines()[-6:]
        raise Fail(text + "\n" + "\n".join("| " + x[:200] for x in tail) + "\ncommand: " + got.shell())


def confine(context, command):
    """The command with no power over this machine: for senseless system calls and damaged programs."""
    return [context.path("tests/confine.sh"), *command]


def build(context, target, sources, command):
    """Runs command (which makes target) if target is older than a source."""
    with context.once(target):
        if os.path.exists(target) and all(os.path.getmtime(s) <= os.path.getmtime(target)
                                          for s in sources):
            return target
        os.makedirs(os.path.dirname(target), exist_ok=True)
        done = run(command, timeout=300)
        if done.status != 0:
            raise Fail("does not compile: " + done.shell() + "\n" + done.err.decode(errors="replace")[:1500])
        return target
