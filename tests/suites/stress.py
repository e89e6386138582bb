"""stress-ng of Debian: each stressor of eight classes that passes on this machine passes under myna too
(--verify). Both programs are unmodified packages (tests/guest/fetch.sh DIR stress)."""
import os
import re

from .base import Case, Fail, Skip, confine, run

CLASSES = ("cpu", "vm", "interrupt", "os", "pipe", "scheduler", "memory", "filesystem", "network")
SECONDS = "5"
# Not run: they harm or need the whole machine, or take more memory than a test may.
LEFT_OUT = {"bad-ioctl", "bigheap", "cpu-online", "dev", "efivar", "forkheavy", "loop", "memhotplug", "mlockmany",
            "mmaphuge", "mmapmany", "msyncmany", "oom-pipe", "pageswap", "procfs", "reboot", "resources", "rtc",
            "stack", "stackmmap", "swap", "sysfs"}
# Refused by name (docs/aarch64-syscalls.md); vm-segv's child asks to be traced.
REFUSED = {"ptrace", "seccomp", "vm-segv"}


def commands(context):
    guest, native = (os.path.join(context.build, "guests", "stress-" + a) for a in ("arm64", "amd64"))
    for root in (guest, native):
        if not os.path.exists(os.path.join(root, "usr/bin/stress-ng")):
            raise Skip(f"no stress-ng: tests/guest/fetch.sh {context.build}/guests stress")
    libraries = ":".join(os.path.join(native, p, "x86_64-linux-gnu") for p in ("usr/lib", "lib"))
    return (["env", "LD_LIBRARY_PATH=" + libraries, native + "/usr/bin/stress-ng"],
            [context.myna, "-L", guest, guest + "/usr/bin/stress-ng"])


def outcome(context, command, name):
    """None: it passed; else what went wrong."""
    with context.temp() as d:
        os.chmod(d, 0o777)
        try:
            done = run(confine(context, [*command, "--" + name, "1", "-t", SECONDS, "--verify", "--temp-path", d]),
                       cwd=d, timeout=6 * int(SECONDS) + 30)
        except Fail as e:
            return str(e)
    text = (done.out + done.err).decode(errors="replace")
    return None if done.status == 0 and "skipp" not in text else f"status {done.status}\n" + text[-800:]


def stressors(context, native, kind):
    done = run([*native, "--class", kind + "?"])
    found = re.search(r"stressors: (.*)", (done.out + done.err).decode())
    if not found:
        raise Fail(f"stress-ng lists no class {kind}")
    return [n for n in found[1].split() if n not in LEFT_OUT | REFUSED]


def class_of(kind):
    def test(context):
        context.need_myna()
        native, guest = commands(context)
        bad = []
        for name in stressors(context, native, kind):
            wrong = outcome(context, guest, name)
            if wrong and outcome(context, native, name) is None:
                bad.append(f"{name}: {wrong}")
        if bad:
            raise Fail(f"{len(bad)} stressors pass on the host alone\n" + "\n".join(bad)[:3000])
    return test


def cases(context):
    return [Case("stress/" + kind, class_of(kind), 2) for kind in CLASSES]
