"""The debugger's stub (-g): sessions of gdb-multiarch by script, and packets by hand.

What gdb must say comes from the program (tests/gdb/debuggee.c): its lines, names and values."""
import os
import re
import shutil
import socket
import subprocess
import threading
import time

from .base import ENVIRONMENT, Case, Fail, Skip, build, run

HEAD = ["set pagination off", "set confirm off", "set width 0", "set debuginfod enabled off"]


def program(context, static=True):
    source = context.path("tests/gdb/debuggee.c")
    target = os.path.join(context.out, "gdb", "debuggee" + ("" if static else "-dynamic"))
    return build(context, target, [source],
                 ["aarch64-linux-gnu-gcc", "-g", "-O0", "-pthread", *(["-static"] if static else []),
                  "-o", target, source])


class Debuggee:
    """myna with -g, from its start to its end."""

    def __init__(self, context, *args, static=True, options=(), stdin=subprocess.DEVNULL, env=None):
        context.need_myna()
        self.folder = context.temp()
        self.socket = os.path.join(self.folder.name, "sock")
        self.program = program(context, static)
        where = [] if env else ["-g", "unix:" + self.socket]
        self.command = [context.myna, *where, *([] if static else ["-L", context.sysroot]), *options,
                        self.program, *args]
        full = dict(ENVIRONMENT)
        full.update({k: v.replace("SOCKET", self.socket) for k, v in (env or {}).items()})
        self.process = subprocess.Popen(self.command, stdin=stdin, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=full)
        end = time.monotonic() + 20
        while not os.path.exists(self.socket):
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise Fail("does not wait for gdb: " + repr(self.process.communicate()))
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.folder.cleanup()

    def end(self, status, out, timeout=20):
        try:
            got, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise Fail("the program does not end")
        if self.process.returncode != status or not re.fullmatch(out, got.decode()):
            raise Fail(f"the program ended with {self.process.returncode}, output {got!r}, {err!r}; "
                       f"expected {status}, {out!r}")


def gdb(context, debuggee, commands, expected, symbols=True):
    """Runs the commands; the patterns must be found in the output, one after the other."""
    tool = shutil.which("gdb-multiarch")
    if not tool:
        raise Skip("no gdb-multiarch (apt-get install gdb-multiarch)")
    script = os.path.join(debuggee.folder.name, "script")
    with open(script, "w") as f:
        f.write("\n".join(HEAD + ["target remote " + debuggee.socket] + commands) + "\n")
    done = run([tool, "-nx", "-batch", "-x", script, *([debuggee.program] if symbols else [])], timeout=60)
    text = (done.out + done.err).decode(errors="replace")
    out, at = done.out.decode(errors="replace"), 0
    for pattern in expected:
        found = re.compile(pattern, re.M).search(out, at)
        if not found:
            raise Fail(f"gdb does not say (or not in this place): {pattern}\n" + text[-2500:])
        at = found.end()
    return text


def session(static):
    def test(context):
        with Debuggee(context, "threads", static=static) as d:
            gdb(context, d, [
                "info threads", "break middle", "continue", "bt", "info threads", "p lanes", "p $v0",
                "set scheduler-locking on", "step", "step", "bt 3", "finish", "stepi",
                "nexti", "set scheduler-locking off", "delete", "watch watched", "continue", "continue",
                "p $_siginfo.si_signo", "delete", "info auxv", "p $tpidr != 0",
                "p outer(4)", "break 60", "continue", "x/s \"text\"", "p r[0]", "p watched", "info registers pc sp",
                "delete", "continue"], [
                r"^\* 1 +Thread .*",
                r"^Breakpoint 1 at .*: file .*debuggee\.c, line 29",
                r"hit Breakpoint 1.*, middle \(n=(0|10)\)",
                r"^#0  .*middle \(n=(0|10)\) at", r"^#1  .* in outer \(n=(0|10)\) at", r"^#2  .* in worker \(arg=",
                r"^[ *] *[123] +Thread .*", r"^[ *] *[12] +Thread .*",
                r"^\$1 = \{1\.5, -2\.25, 0, 1e\+10\}",
                r"^\$2 = \{d = \{f = \{",
                r"^leaf \(n=", r"^23\t", r"^#0  leaf \(n=.*", r"^#1  .* in middle", r"^Run till exit|^middle \(n=",
                r"Value returned is \$3 = (0|20)",
                r"Hardware watchpoint 2: watched", r"Old value = ", r"New value = ", r"Old value = ", r"New value = ",
                r"^\$4 = 5",
                r"AT_PHDR .*0x", r"^\$5 = 1", r"^\$6 = 12",
                r"hit Breakpoint", r"\"text\"", r"^\$7 = \(void \*\) 0x", r"^\$8 = \d+",
                r"exited with code 07"])
            d.end(7, r"40 140 \d+\n")  # the sum is a race
    return test


def cases(context):
    return [
        Case("gdb/session", session(True), 0),
        Case("gdb/session-dynamic", session(False)),
    ]
