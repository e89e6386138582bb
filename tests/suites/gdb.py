"""The debugger's stub (-g): sessions of gdb-multiarch by script, and packets by hand.

What gdb must say comes from the program (tests/gdb/debuggee.c): its lines, names and values."""
import os
import random
import re
import shutil
import signal
import socket
import subprocess
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



def signals(context):
    with Debuggee(context, "signals") as d:
        gdb(context, d, ["handle SIGUSR1 nostop print pass", "tbreak on_usr1", "continue", "bt 3", "continue",
                         "p $_siginfo.si_signo", "signal 0", "p $_siginfo._sifields._sigfault.si_addr", "bt 1",
                         "continue"], [
            r"received signal SIGUSR1", r"Temporary breakpoint 1, on_usr1 \(signo=10\)",
            r"^#1  <signal handler called>", r"SIGUSR1", r"received signal SIGTERM", r"^\$1 = 15",
            r"received signal SIGSEGV", r"^\$2 = \(void \*\) 0x8", r"^#0  .* in signals \(\) at",
            r"terminated with signal SIGSEGV"])
        d.end(-11, "handled 20\n")


def vectors(context):
    with Debuggee(context, "vectors") as d:
        gdb(context, d, ["tbreak *&vectors_set", "continue", "p $v8.b.u", "p $d31", "p $q15", "p $v15.h.s[7]",
                         "set $v8.d.u[1] = 0x123456789abcdef0", "p/x $fpcr", "set $x5 = 77", "p $x5", "continue"], [
            r"Temporary breakpoint 1, ", r"= \{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\}",
            r"= \{f = 1\.5,", r"= \{u = 15577\d+", r"= 3$", r"= 0x0", r"= 77", r"exited normally"])
        d.end(0, "123456789abcdef0\n")


def watches(context):
    with Debuggee(context, "watches") as d:
        gdb(context, d, ["tbreak watches", "continue", "rwatch bytes[5]", "awatch *(char(*)[4])&bytes[40]", "continue",
                         "continue", "info watchpoints", "delete", "continue"], [
            r"Hardware read watchpoint 2", r"Hardware access .*watchpoint 3",
            r"Hardware access .*watchpoint 3|Hardware read watchpoint 2", r"hit", r"exited normally"])
        d.end(0, "38\n|90\n")


def forks(context):
    with Debuggee(context, "forks") as d:
        gdb(context, d, ["break outer", "continue", "p n", "continue"], [
            r"Breakpoint 1, outer \(n=3\)", r"^\$1 = 3", r"exited normally"])
        d.end(0, "child 3\nchild 5 8\n")


class Packets:
    """The protocol by hand."""

    def __init__(self, debuggee):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(10)
        self.s.connect(debuggee.socket)
        self.buffer = b""

    def send(self, data):
        data = data.encode() if isinstance(data, str) else data
        self.s.sendall(b"$" + data + b"#%02x" % (sum(data) & 255))

    def receive(self):
        while True:
            found = re.search(rb"\$([^#]*)#..", self.buffer, re.S)
            if found:
                self.buffer = self.buffer[found.end():]
                try:
                    self.s.sendall(b"+")
                except BrokenPipeError:  # it has been told to detach
                    pass
                return found.group(1).decode("latin-1")
            got = self.s.recv(65536)
            if not got:
                raise Fail("the stub hangs up")
            self.buffer += got

    def ask(self, data, want=None):
        self.send(data)
        got = self.receive()
        if want is not None and not re.fullmatch(want, got, re.S):
            raise Fail(f"packet {data}: answer {got[:300]!r}, expected {want}")
        return got


def symbol(d, name):
    out = run(["aarch64-linux-gnu-nm", d.program]).out.decode()
    return int(re.search(rf"^(\w+) \w {name}$", out, re.M).group(1), 16)


def tls(context):
    """Thread-local variables, by the dynamic loader's and by a static program's tables."""
    for static in (True, False):
        with Debuggee(context, "threads", static=static) as d:
            gdb(context, d, ["break leaf if own == 1010", "continue", "p own", "p &own", "thread apply all -q p own",
                             "set var own = 77", "p own", "delete", "continue"], [
                r"^Thread .* hit Breakpoint 1, leaf", r"^\$1 = 1010", r"^\$2 = \(.*long \*\) 0x",
                r"(^\$\d = (5|1000|1010)\n+){2,3}", r"= 77", r"exited with code 07"])


def execve(context):
    """The session goes on in the next program: breakpoints count there, registers are its own; a failed execve before
    changes nothing. A program without gdb's session is a session's end, no more."""
    with Debuggee(context, "exec") as d:
        gdb(context, d, ["break main", "continue", "p argc", "catch exec", "continue", "info threads", "continue", "p argv[1]",
                         "delete", "continue"], [
            r"^Breakpoint 1, main", r"^\$1 = 2", r"^Catchpoint 2", r"(exec|Catchpoint 2).*debuggee", r"^\* 1 +Thread",
            r"^Breakpoint 1, main", r"^\$2 = 0x\w+ \"vectors\"", r"exited with code 0?\d+|exited normally"])


def syscalls(context):
    """catch syscall: stops before and after a call; its number and result can be changed."""
    with Debuggee(context, "forks") as d:
        gdb(context, d, [
            "catch syscall wait4 clone", "continue", "p $x8 == 220", "continue", "p $x0 > 1000", "continue", "continue",
            "p $x0 > 1000", "delete", "catch syscall write", "continue", "p $x2", "set $x2 = 5", "continue", "p $x0",
            "delete", "continue"], [
            r"^Catchpoint 1", r"\(call to syscall clone\)", r"^\$1 = 1", r"\(returned from syscall clone\)", r"^\$2 = 1",
            r"\(call to syscall wait4\)", r"\(returned from syscall wait4\)", r"^\$3 = 1",
            r"\(call to syscall write\)", r"^\$4 = (8|18)", r"\(returned from syscall write\)", r"^\$5 = 5", r"exited"])
        d.end(0, r"child.*\n*.*(.|\n)*")


def packets(context):
    with Debuggee(context, "waiting", stdin=subprocess.PIPE, env={"QEMU_GDB": "SOCKET"}) as d:
        p = Packets(d)
        p.ask("qSupported:swbreak+", ".*PacketSize=.*qXfer:features:read\\+.*")
        p.ask("?", "T05thread:[0-9a-f]+;1d:.*;1f:.*;20:[0-9a-f]{16};")
        p.ask("nonsense", "")
        p.ask("vMustReplyEmpty", "")
        p.ask("qAttached", "0")
        p.ask("m0,4", "E0e")
        p.ask("p3f0", "E16")
        p.ask("Z0,10,4", "E0e")
        p.ask("Zx", "")
        p.ask("m", "E16")
        p.ask("vCont;", "E01")
        p.ask("vCont;x", "E01")
        p.ask("Hg-7f", "E03|OK")
        p.ask("T7ffffff", "E03")
        p.ask("qXfer:features:read:target.xml:0,20", "m<\\?xml.*")
        p.ask("qXfer:features:read:other.xml:0,20", "E01")
        sum_ = symbol(d, "sum")
        p.ask(f"M{sum_:x},4:78563412", "OK")
        p.ask(f"m{sum_:x},4", "78563412")
        p.ask(b"X%x,4:\x01}\x03}\x04\x7f" % sum_, "OK")
        p.ask(f"m{sum_:x},4", "0123247f")
        p.ask("P20=" + symbol(d, "_start").to_bytes(8, "little").hex(), "OK")
        p.ask("vFile:open:" + b"/proc/self/maps".hex() + ",0,0", "F1")
        if d.program not in p.ask("vFile:pread:1,2000,0", "F[0-9a-f]+;.*"):
            raise Fail("/proc/self/maps does not show the program")
        p.ask("vFile:close:1", "F0")
        p.ask("vFile:close:1", "F-1,9")
        p.ask(f"Z0,{symbol(d, 'waiting'):x},4", "OK")
        p.ask("vCont;c", "T05thread:[0-9a-f]+;swbreak:;.*")
        p.ask("s", "T05.*")
        p.ask(f"z0,{symbol(d, 'waiting'):x},4", "OK")
        p.send("c")
        if d.process.stdout.readline() != b"waiting\n":
            raise Fail("does not go on")
        time.sleep(0.1)
        p.s.sendall(b"\x03")  # it waits in read(): stopped there, not disturbed
        if not re.fullmatch("T02thread.*", p.receive()):
            raise Fail("no stop by hand")
        before = p.ask("g")
        p.send("c")
        time.sleep(0.1)
        p.s.sendall(b"\x03")
        p.receive()
        if p.ask("g") != before:
            raise Fail("registers change in a system call that waits")
        p.ask("D", "OK")
        d.process.stdin.write(b"*")
        d.process.stdin.flush()
        d.end(42, "")


def attach(context):
    with Debuggee(context, "spin", env={"MYNA_GDB": "unix:SOCKET,suspend=n"}) as d:
        time.sleep(0.2)
        for _ in range(2):  # again after the first has gone
            gdb(context, d, ["bt 1", "p n > 100", "set $before = n", "stepi", "break 117 if n > $before + 1000",
                             "continue", "p n > $before + 1000", "detach"], [
                r"^#0 +(0x\w+ in )?spin \(\) at", r"^\$1 = 1", r"Breakpoint 1, spin", r"^\$2 = 1", r"detached"])
            if d.process.poll() is not None:
                raise Fail("the program did not survive the debugger")
        p = Packets(d)
        p.ask("?", "T05.*")
        p.send("k")
        d.end(-9, "")


def stacks_program(context, name="stacks", flags=("-fno-omit-frame-pointer", "-static")):
    source = context.path("tests/gdb/stacks.c")
    target = os.path.join(context.out, "gdb", name)
    return build(context, target, [source], ["aarch64-linux-gnu-gcc", "-O1", "-pthread", *flags, "-o", target, source])


def in_order(text, patterns):
    at = 0
    for pattern in patterns:
        found = re.compile(pattern, re.M).search(text, at)
        if not found:
            raise Fail(f"not said (or not in this place): {pattern}\n{text}")
        at = found.end()


def backtrace(context):
    context.need_myna()
    for what, first in (("fault", r"^myna: SIGSEGV at 0x\w+ deepest\+0x\w+ \(stacks\+0x\w+\), address 0x10: "),
                        ("abort", r"^myna: SIGABRT at 0x\w+ ")):
        for with_option in (True, False):
            done = run([context.myna, *(["-backtrace"] if with_option else []), stacks_program(context), what])
            err = done.err.decode()
            if done.status not in (-11, -6):
                raise Fail(f"{what}: status {done.status}, {err}")
            if with_option:
                in_order(err, [first, r"^myna: +#\d+ 0x\w+ between\+0x", r"^myna: +#\d+ 0x\w+ main\+0x"])
            elif err:
                raise Fail(f"{what}: without -backtrace it says {err}")


def unwinding(context):
    """Without frame pointers each caller is there, none twice and none besides: by .eh_frame, with its table (dynamic)
    and without (static); signed return addresses; files that lie about their tables."""
    context.need_myna()
    flags = ["-fomit-frame-pointer", "-fno-optimize-sibling-calls"]
    for name, more in (("stacks-cfi-static", ["-static"]), ("stacks-cfi", []), ("stacks-pac", ["-mbranch-protection=standard"]),
                       ("stacks-B", ["-mbranch-protection=pac-ret+leaf+b-key"]),
                       ("stacks-plain", ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-fno-omit-frame-pointer"])):
        program = stacks_program(context, name, flags + more)
        for what, top in (("fault", []), ("abort", ["gsignal", "abort"])):
            done = run([context.myna, "-backtrace", "-L", context.sysroot, program, what])
            names = re.findall(r"^myna: +#\d+ 0x\w+ (?:(\w+)\+0x\w+ )?\(", done.err.decode(), re.M)
            names = [n for n in names if n and not n.startswith(("__pthread_kill", "__libc", "_start", "call_init", "raise"))]
            want = top + ["deepest"] * (what == "abort") + ["between", "main"]
            if name == "stacks-plain": # the link register may be an old one
                names, want = [[n for n in x if n != "deepest"] for x in (names, want)]
            if names != want:
                raise Fail(f"{name} {what}: {names}, expected {want}\n" + done.err.decode() + "command: " + done.shell())
    with open(stacks_program(context, "stacks-cfi", flags), "rb") as f:
        good = f.read()
    random.seed(1)
    with context.temp() as d: # the program runs: only what unwinding reads is damaged
        at = good.index(b"\x01\x1b\x03\x3b")
        for k in range(40):
            bad = bytearray(good)
            for _ in range(3):
                bad[at + random.randrange(0, 600)] = random.choice((0, 0xff, random.randrange(256)))
            with open(d + "/p", "wb") as f:
                f.write(bad)
            os.chmod(d + "/p", 0o755)
            done = run([context.myna, "-backtrace", "-L", context.sysroot, d + "/p", "fault"])
            if done.status != -11 or b"deepest" not in done.err:
                raise Fail(f"damaged tables, {k}: {done.status}, {done.err[-500:]}")


def watchdog(context):
    context.need_myna()
    for how, what in (("2", "deadlock"), ("1,hard", "endless"), ("1,hard", "child")):
        proc = subprocess.Popen([context.myna, stacks_program(context), what], stderr=subprocess.PIPE,
                                stdin=subprocess.DEVNULL, env={**ENVIRONMENT, "MYNA_WATCHDOG": how}, start_new_session=True)
        end = time.monotonic() + 20
        text = ""
        while time.monotonic() < end and ("deepest+" if what == "child" else "main+") not in text:
            text += proc.stderr.readline().decode()
        os.killpg(proc.pid, signal.SIGKILL)
        text += proc.communicate()[1].decode()
        in_order(text, [r"^myna: process \d+: (nothing has moved|has run) for [12] s"]
                 + ([r"^myna: thread \d+ stacks, in futex", r" waiter\+0x", r"^myna: thread \d+ stacks, in futex"]
                    if what == "deadlock" else [r"^myna: thread \d+ stacks$", r"#0 0x\w+ deepest\+0x"])
                 + [r" main\+0x"])


def perfmap(context):
    """Every translation is named, before a flush and after; threads and forks too."""
    context.need_myna()
    proc = subprocess.Popen([context.myna, "-perfmap", "-tb-size", "256K", program(context), "threads"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
    out, err = proc.communicate(timeout=60)
    name = f"/tmp/perf-{proc.pid}.map"
    if not out.startswith(b"40 140 ") or not os.path.exists(name):
        raise Fail(f"output {out!r}, {err!r}, {name} is there: {os.path.exists(name)}")
    with open(name) as f:
        lines = f.read().splitlines()
    os.unlink(name)
    wrong = [x for x in lines if not re.fullmatch(r"[0-9a-f]+ [0-9a-f]+ guest_[0-9a-f]+", x)]
    worker = "guest_%x" % symbol_of(context, "worker")
    if wrong or not any(x.endswith(worker) for x in lines):
        raise Fail(f"{len(lines)} lines, wrong: {wrong[:3]}")


def symbol_of(context, name):
    out = run(["aarch64-linux-gnu-nm", program(context)]).out.decode()
    return int(re.search(rf"^(\w+) \w {name}$", out, re.M).group(1), 16)


def cases(context):
    return [
        Case("gdb/session", session(True), 0),
        Case("gdb/session-dynamic", session(False)),
        Case("gdb/signals", signals, 0),
        Case("gdb/vectors", vectors),
        Case("gdb/watches", watches),
        Case("gdb/forks", forks, 0),
        Case("gdb/packets", packets, 0),
        Case("gdb/syscalls", syscalls, 0),
        Case("gdb/execve", execve, 0),
        Case("gdb/tls", tls, 0),
        Case("gdb/attach", attach),
        Case("gdb/backtrace", backtrace, 0),
        Case("gdb/unwinding", unwinding, 0),
        Case("gdb/watchdog", watchdog),
        Case("gdb/perfmap", perfmap),
    ]
