"""-strace: the lines of a program's system calls beside those that strace writes for its native build; the filter,
the log file, threads and children."""
import difflib
import os
import re
import shutil

from .base import Case, Fail, Skip, build, run
from .guest import COMMON, cross


def normal(lines):
    """Lines after the call of getppid in one form: no spaces after commas, no addresses, errors by their text; without
    what only one of the two adds."""
    out = []
    begun = False
    for line in lines:
        begun = begun or line.startswith("getppid(")
        if not begun or line.startswith(("---", "+++")) or line.endswith("<unfinished ...>"):
            continue
        line = re.sub(r" /\* [0-9T:.+-]* \*/", "", line).replace(", ", ",")
        line = re.sub(r"0x[0-9a-f]{5,}", "ADDRESS", line)
        line = re.sub(r"\s+= ", " = ", line)
        line = re.sub(r"= -1 (?:E\w+|errno=\d+) (\(.*\))", r"= -1 \1", line)
        line = re.sub(r"(= \d+) \((?:Timeout|SCHED_OTHER)\)", r"\1", line)
        line = re.sub(r",left \{[^}]*\}\)", ")", line)
        line = re.sub(r"^(wait4|kill|tgkill)\(\d+,(\d+,)?", r"\1(PID,", line)
        line = re.sub(r"^(wait4\(.*\)) = [1-9]\d*", r"\1 = PID", line)
        line = re.sub(r"^(exit_group\(5\)|wait4\(PID,NULL).*", r"\1", line)
        line = re.sub(r"^(getp?pid\(\)) = \d+|(?<=port=htons)\(\d{5}\)", r"\1", line)
        if line.startswith("clone("): # the order of its arguments differs, strace names them
            line = "clone " + " ".join(re.findall(r"CLONE_\w+|SIGCHLD", line))
        if line == "execve(\"./missing\",[\"missing\",\"first\"],ADDRESS /* 1 var */)": # written before, too
            continue
        out.append(line)
    return out


def programs(context):
    source = context.path("tests/guest/straced.c")
    native = os.path.join(context.out, "guest", "straced-native")
    build(context, native, [source], ["gcc", *COMMON, "-O1", "-static", "-o", native, source])
    return cross(context, source, "strace", ["-O1", "-static"]), native


def own(text, pid=None):
    """The lines of the first process in a log of ours, without its number."""
    lines = text.decode(errors="replace").splitlines()
    first = pid or lines[0].split()[0]
    return [line.split(" ", 1)[1] for line in lines if line.startswith(f"{first} ")]


def wording(context):
    context.need_myna()
    if not shutil.which("strace"):
        raise Skip("no strace: scripts/setup.sh check")
    guest, native = programs(context)
    with context.temp() as d:
        os.mkdir(d + "/n"), os.mkdir(d + "/m")
        done = run(["strace", "-ff", "-s", "64", "-o", d + "/log", native, d + "/n"])
        logs = sorted(os.listdir(d), key=lambda name: os.path.getsize(f"{d}/{name}") if "log." in name else 0)
        if done.status != 5 or "log." not in logs[-1]:
            raise Skip("strace doesn't work here: " + done.err[-200:].decode(errors="replace"))
        want = normal(open(f"{d}/{logs[-1]}", errors="replace").read().splitlines())
        got = run([context.myna, "-strace", "-D", d + "/ours", guest, d + "/m"])
        if got.status != 5 or got.err:
            raise Fail(f"status {got.status}: {got.err[-500:]}")
        have = normal(own(open(d + "/ours", "rb").read()))
    if len(want) < 80:
        raise Fail("strace shows too little: " + "\n".join(want))
    if want != have:
        raise Fail("".join(line + "\n" for line in difflib.unified_diff(want, have, "strace", "-strace", lineterm="", n=0))
                   + "command: " + got.shell())


def selection(context):
    context.need_myna()
    guest, _ = programs(context)

    def shown(*options, env=None):
        with context.temp() as d:
            done = run([context.myna, *options, guest, d], env=env)
        if done.status != 5:
            raise Fail(f"{options}: {done.err[-300:]}")
        return {m[1].decode() for m in re.finditer(rb"^\d+ (\w+)\(", done.err, re.M)}

    everything = shown("-strace")
    for options, env, want in (
            (["-strace=open,lseek"], None, {"openat", "lseek"}), (["--strace=pread64"], None, {"pread64"}),
            (["-strace=epoll*"], None, {name for name in everything if name.startswith("epoll")}),
            (["-strace=!open,rt_*"], None, {n for n in everything if n != "openat" and not n.startswith("rt_")}),
            ([], {"MYNA_STRACE": "dup3"}, {"dup3"}), ([], {"QEMU_STRACE": "1"}, everything),
            ([], {"QEMU_STRACE": ""}, everything), ([], None, set())):
        got = shown(*options, env=env)
        if got != want:
            raise Fail(f"{options} {env}: {sorted(got ^ want)}")
    bad = run([context.myna, "-strace=nonsense", guest])
    if bad.status != 1 or b"nonsense" not in bad.err:
        raise Fail(f"-strace=nonsense: {bad.status} {bad.err}")


def family(context):
    """Children of a shell, a program executed by it: the same filter, their own numbers, one file."""
    context.need_root()
    context.need_myna()
    with context.temp() as d:
        done = run([context.myna, "-L", context.root, "-strace=execve,wait4", "-D", d + "/log", context.root + "/bin/dash",
                    "-c", "/bin/true; (exit 3); true"])
        log = open(d + "/log").read()
    if done.status or done.err:
        raise Fail(f"{done.status} {done.err}")
    if set(re.findall(r"^\d+ (\w+)\(", log, re.M)) != {"execve", "wait4"}:
        raise Fail("calls besides execve and wait4:\n" + log)
    if not re.search(r'^\d+ execve\("/bin/true",\["/bin/true"\],0x[0-9a-f]+ /\* \d+ vars \*/\)', log, re.M):
        raise Fail("execve's arguments:\n" + log)
    if "[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]" not in log:
        raise Fail("wait4's status:\n" + log)
    for line in log.splitlines():
        if not re.match(r"\d+ ((execve|wait4)\(.*(\)|\) = .*|<unfinished \.\.\.>)|--- SIGCHLD \{.*\} ---)$", line):
            raise Fail(f"a line in pieces: {line}\n" + log)


def cases(context):
    return [Case("strace/wording", wording, 0), Case("strace/selection", selection, 0),
            Case("strace/family", family, 0)]
