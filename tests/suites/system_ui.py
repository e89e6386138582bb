"""What users touch of system mode: the command line, character backends, the monitor, gdb, the board's small devices.

The guest is tests/device/aarch64/echo.S: "ready", then it echoes its UART."""
import gzip
import os
import pty
import re
import select
import shutil
import socket
import struct
import subprocess
import termios
import time
import tty

from . import system
from .base import ENVIRONMENT, Case, Fail, Skip, build, run


def program(context):
    path = os.path.join(os.path.dirname(context.myna), "myna-system-aarch64")
    if not os.access(path, os.X_OK):
        raise Skip("no myna-system: ./configure says why")
    return path


def guest(context, name="echo"):
    source = context.path(f"tests/device/aarch64/{name}.S")
    elf = os.path.join(context.out, "device", name + ".elf")
    image = os.path.join(context.out, "device", name + ".img")
    build(context, elf, [source], ["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-Wl,--build-id=none,-Ttext=0x40080000", "-o", elf, source])
    return build(context, image, [elf], ["aarch64-linux-gnu-objcopy", "-O", "binary", elf, image])


class Channel:
    """One end of a conversation: read and write functions of bytes."""

    def __init__(self, fd, write=None):
        self.fd, self.out, self.seen = fd, fd if write is None else write, b""

    def send(self, data):
        data = data.encode() if isinstance(data, str) else data
        while data:
            data = data[os.write(self.out, data):]

    def expect(self, pattern, seconds=20):
        """Reads until the pattern is there; returns what was read up to its end."""
        end = time.monotonic() + seconds
        pattern = pattern.encode() if isinstance(pattern, str) else pattern
        while True:
            found = re.search(pattern, self.seen, re.S)
            if found:
                text, self.seen = self.seen[:found.end()], self.seen[found.end():]
                return text
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise Fail(f"no {pattern!r} in {self.seen[-300:]!r}")
            try:
                got = os.read(self.fd, 65536)
            except OSError:
                got = b""
            if not got:
                raise Fail(f"the end came before {pattern!r}: {self.seen[-300:]!r}")
            self.seen += got

    def until_end(self, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end and select.select([self.fd], [], [], end - time.monotonic())[0]:
            try:
                got = os.read(self.fd, 65536)
            except OSError:
                got = b""
            if not got:
                break
            self.seen += got
        return self.seen


class Machine:
    """myna-system from its start to its end; stdio: its standard input and output are a Channel."""

    def __init__(self, context, *options, kernel=True, terminal=False):
        self.folder = context.temp()
        self.dir = self.folder.name
        command = [program(context), "-M", "virt", "-cpu", "max"] + (["-kernel", guest(context)] if kernel else [])
        command += [o.replace("DIR", self.dir) for o in options]
        if terminal:
            master, slave = pty.openpty()
            tty.setraw(slave)
            self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=subprocess.PIPE,
                                            env=dict(ENVIRONMENT, TERM="vt100"), start_new_session=True)
            os.close(slave)
            self.stdio = Channel(master)
        else:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                            env=ENVIRONMENT, start_new_session=True)
            self.stdio = Channel(self.process.stdout.fileno(), self.process.stdin.fileno())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for f in (self.process.stdin, self.process.stdout, self.process.stderr):
            if f:
                f.close()
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.dir, name)

    def connect(self, name, seconds=20):
        """To its Unix socket DIR/name."""
        end = time.monotonic() + seconds
        while True:
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(self.path(name))
                c = Channel(s.fileno())
                c.socket = s
                return c
            except OSError as e:
                s.close()
                if time.monotonic() > end or self.process.poll() is not None:
                    raise Fail(f"no connection to {name}: {e}; {self.process.poll()}") from e
                time.sleep(0.02)

    def end(self, status=0, seconds=20):
        try:
            got = self.process.wait(seconds)
        except subprocess.TimeoutExpired as e:
            raise Fail(f"the machine does not end; {self.stdio.seen[-500:]!r}") from e
        if got != status:
            raise Fail(f"status {got}, expected {status}: {self.process.stderr.read()[-500:]!r}")
        return self.process.stderr.read()


# ------------------------------------------------------------------------------ options

# Options, and what standard error or output must have. Each ends at once.
WRONG = [
    ("-kernal x", "no option -kernal; the nearest is -kernel"),
    ("--foobarbaz", "no option --foobarbaz"),
    ("-M vrt", "no board vrt; the nearest is virt"),
    ("-M virt,foo=1", "no property foo"),
    ("-M virt,virtualisation=on", "nearest is virtualization"),
    ("", "no board: -M virt"),
    ("-M virt -cpu cortex-a999", "cortex-a999"),
    ("-M virt -smp 3,cores=2", "is not the number of processors (3)"),
    ("-M virt -smp cpus=4,maxcpus=2", "cpus (4) is more than maxcpus (2)"),
    ("-M virt -smp 0", "-smp 0: it should be"),
    ("-M virt -smp 4000", "processors at most"),
    ("-M virt -smp dies", "-smp dies: it should be"),
    ("-M virt -m 3x", "-m 3x: it should be"),
    ("-M virt -m 0", "-m 0"),
    ("-M virt -m size=1G,slots=2", "plugged in"),
    ("-M virt -accel kvm", "only tcg"),
    ("-M virt -accel foo", "-accel foo: it should be tcg"),
    ("-M virt -accel tcg,thread=single", "thread=multi"),
    ("-M virt -append x", "-kernel FILE is missing"),
    ("-M virt -initrd x", "-kernel FILE is missing"),
    ("-M virt -kernel /nonexistent", "/nonexistent: No such file"),
    ("-M virt -d inn_asm", "nearest is in_asm"),
    ("-M virt -D /nonexistent/x", "/nonexistent/x: No such file"),
    ("-M virt -device fooo", "no device fooo"),
    ("-M virt -device pl011", "only boards make it"),
    ("-M virt -device fooo,help", "no device fooo"),
    ("-M virt -global foo", "-global foo: it should be"),
    ("-M virt -chardev sockt,id=a", "nearest is socket"),
    ("-M virt -chardev socket,id=a,pth=x", "no option pth; the nearest is path"),
    ("-M virt -chardev socket,id=a", "either path= or port="),
    ("-M virt -chardev null", "id= is missing"),
    ("-M virt -chardev null,id=a -chardev null,id=a", "with the id a already"),
    ("-M virt -chardev file,id=a,path=/nonexistent/x", "/nonexistent/x: No such file"),
    ("-M virt -chardev null,id=a,mux=maybe", "mux=maybe: it should be on or off"),
    ("-M virt -chardev ringbuf,id=a,size=3", "power of two"),
    ("-M virt -serial stdio -chardev stdio,id=a", "in use already"),
    ("-M virt -serial foo", "no such character device"),
    ("-M virt -serial chardev:foo", "no -chardev with the id foo"),
    ("-M virt -serial unix:/nonexistent/x", "No such file"),
    ("-M virt -echr 999", "-echr 999: it should be"),
    ("-M virt -display gtk", "-display gtk: it should be none"),
    ("-M virt -uuid 1234", "-uuid 1234: it should be UUID"),
    ("-M virt -rtc base=never", "-rtc base=never: it should be"),
    ("-M virt -rtc clock=sun", "-rtc clock=sun: it should be"),
    ("-M virt -fw_cfg name=a", "-fw_cfg name=a: it should be"),
    ("-M virt -icount 3", "-icount is not there yet"),
    ("-M virt -without sleep", "-without sleep: it should be"),
    ("-smp", "-smp: an argument is missing"),
    ("-M virt -pidfile /nonexistent/x -serial null", "-pidfile /nonexistent/x: No such file"),
    ("-M virt -net usr", "-net usr: there is no network backend usr; the nearest is user"),
    ("-M virt -semihosting-config target=moon", "target=moon"),
]

SAID = [
    ("-help", "-kernel FILE"), ("--help", "-kernel FILE"), ("-h", "-kernel FILE"), ("-version", r"myna-system-aarch64 version \d"),
    ("-M help", r"(?m)^virt "), ("-machine help", r"(?m)^virt "), ("-M virt,help", "virtualization=<bool>"), ("-cpu help", "cortex-a57"),
    ("-accel help", "(?m)^tcg$"), ("-device help", "devices:|^$"), ("-chardev help", "socket"), ("-d help", "in_asm"),
    ("-display help", "none"),
]


def wrong(options, text):
    def case(context):
        done = run([program(context), *options.split()], timeout=20)
        err = done.err.decode()
        if text and (done.status != 1 or text not in err):
            raise Fail(f"status {done.status}, {err!r}; expected 1 and {text!r}")
        if text and len(err.splitlines()) > 2 + err.count("no -cpu") + err.count("no display"):
            raise Fail(f"more than one line: {err!r}")
    return case


def said(options, pattern):
    def case(context):
        done = run([program(context), *options.split()], timeout=20)
        if done.status != 0 or not re.search(pattern, done.out.decode()):
            raise Fail(f"status {done.status}, {done.out[-500:]!r} {done.err[-500:]!r}; expected {pattern!r}")
    return case


# Rows that change nothing that the guest sees: each boots the guest.
TAKEN = ["-machine virt", "-M virt -machine virtualization=off", "-M type=virt,accel=tcg", "-accel tcg,tb-size=64", "-accel interp", "-accel jit",
         "-machine accel=kvm:tcg", "-accel kvm -accel tcg", "-smp 2", "-smp cpus=2,maxcpus=4,sockets=1,clusters=1,cores=2,threads=2", "-smp sockets=2,cores=2",
         "-m 1G", "-m size=256M", "-m 64", "--m 128", "-append a=b", "-display none -serial mon:stdio", "-display none -serial stdio", "-vga none -net none -parallel none",
         "-nodefaults -serial stdio", "-no-user-config", "-name x -name guest=y,debug-threads=on", "-uuid 550e8400-e29b-41d4-a716-446655440000",
         "-rtc base=utc,clock=host", "-rtc base=2020-02-03T04:05:06,clock=vm", "-rtc base=localtime", "-no-reboot", "-global pl011.chardev=serial0", "-d unimp",
         "-D DIR/log", "-singlestep", "-pidfile DIR/pid", "-echr 2", "-chardev stdio,id=c -serial chardev:c", "-chardev stdio,id=c,mux=on -serial chardev:c",
         "-chardev stdio,id=c,signal=off,logfile=DIR/log -serial chardev:c", "-serial mon:stdio"]


def taken(options):
    def case(context):
        with Machine(context, *(() if "serial" in options and "-global" not in options else ("-nographic",)), *options.split()) as m:
            m.stdio.expect("ready\r\n")
            m.stdio.send("abc")
            m.stdio.expect("abc")
            m.stdio.send("q")
            m.end()
    return case


def cpu_default(context):
    done = run([program(context), "-M", "virt", "-nographic", "-kernel", guest(context)], stdin=b"q", timeout=20)
    if done.status or done.err.decode().count("it is max") != 1 or b"ready" not in done.out:
        raise Fail(repr((done.status, done.out, done.err)))


# ------------------------------------------------------------------------------ character backends

def sockets(context):
    with Machine(context, "-display", "none", "-serial", "unix:DIR/s,server,nowait") as m:
        c = m.connect("s")
        c.send("abc")
        c.expect("abc")
        c.socket.close()
        c = m.connect("s") # another client after the first
        c.send("def")
        c.expect("def")
        c.send("q")
        m.end()
        if os.path.exists(m.path("s")):
            raise Fail("the socket's name is left behind")


def wait(context):
    with Machine(context, "-display", "none", "-chardev", "socket,id=c,path=DIR/s,server=on", "-serial", "chardev:c") as m:
        time.sleep(0.2)
        c = m.connect("s")
        c.expect("ready\r\n") # nothing was printed before the client came
        c.send("q")
        m.end()


def flow(context):
    """A reader that does not read stops the guest's output, nothing else; and all of it comes."""
    with Machine(context, "-display", "none", "-serial", "unix:DIR/s,server=on,wait=on") as m:
        c = m.connect("s")
        c.expect("ready\r\n")
        c.send("B")
        time.sleep(0.5)
        got = c.expect("done\r\n", 60)
        if got.count(b"x") != 1 << 20:
            raise Fail(f"{got.count(b'x')} bytes of {1 << 20}")
        c.send("B")
        time.sleep(0.3)
        c.socket.close() # a reader that goes does not stop the guest either
        c = m.connect("s")
        c.expect("done\r\n", 60)
        c.send("q")
        m.end()


def input_kept(context):
    """A megabyte of input, faster than the guest reads: each byte is echoed."""
    with Machine(context, "-nographic") as m:
        m.stdio.expect("ready\r\n")
        text = b"".join(b"%07d\n" % k for k in range(1 << 14))
        feeder = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=m.process.stdin)
        pid = os.fork()
        if pid == 0:
            feeder.stdin.write(text + b"!")
            feeder.stdin.flush()
            os._exit(0)
        got = m.stdio.expect("!", 120)
        os.waitpid(pid, 0)
        feeder.stdin.close()
        feeder.wait()
        if got[:-1] != text:
            raise Fail("not the same bytes")
        m.stdio.send("q")
        m.end()


def plain_file(context):
    """Standard input may be a file, which is always ready."""
    with context.temp() as d:
        path = os.path.join(d, "in")
        with open(path, "wb") as f:
            f.write(b"a" * 5000 + b"q")
        with open(path, "rb") as f:
            done = subprocess.run([program(context), "-M", "virt", "-nographic", "-kernel", guest(context)], stdin=f, capture_output=True, timeout=60,
                                  check=False)
    if done.returncode or done.stdout.count(b"a") != 5001: # and one of "ready"
        raise Fail(repr((done.returncode, done.stdout[-200:], done.stderr)))


def tcp(context):
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.listen(1)
    with Machine(context, "-display", "none", "-serial", f"tcp:127.0.0.1:{port}") as m: # a client of ours
        s.settimeout(20)
        conn, _ = s.accept()
        c = Channel(conn.fileno())
        c.expect("ready\r\n")
        c.send("abcq")
        c.expect("abc")
        m.end()
        conn.close()
    s.close()


def reconnect(context):
    with Machine(context, "-display", "none", "-chardev", "socket,id=c,path=DIR/s,reconnect=1", "-serial", "chardev:c") as m:
        time.sleep(0.2)
        s = socket.socket(socket.AF_UNIX)
        s.bind(m.path("s"))
        s.listen(1)
        s.settimeout(20)
        for word in (b"one", b"two"):
            conn, _ = s.accept()
            c = Channel(conn.fileno())
            c.send(word)
            c.expect(word)
            if word == b"two":
                c.send(b"q")
            else:
                conn.close()
        m.end()
        conn.close()
        s.close()


def telnet(context):
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.close()
    with Machine(context, "-display", "none", "-serial", f"telnet:127.0.0.1:{port},server=on,wait=off") as m:
        end = time.monotonic() + 20
        while True:
            try:
                s = socket.create_connection(("127.0.0.1", port))
                break
            except OSError as e:
                if time.monotonic() > end:
                    raise Fail("no server") from e
                time.sleep(0.05)
        c = Channel(s.fileno())
        c.expect(b"\xff\xfb\x01") # IAC WILL ECHO
        c.send(b"a\xff\xfd\x01b\xff\xffc\xff\xfa\x18\x00x\xff\xf0d") # commands are not input, a doubled 255 is one
        c.expect(b"ab\xff\xffcd")
        c.send(b"q")
        m.end()
        s.close()


def pseudo(context):
    with Machine(context, "-display", "none", "-chardev", "pty,id=p,path=DIR/link", "-serial", "chardev:p") as m:
        end = time.monotonic() + 20
        while not os.path.exists(m.path("link")) and time.monotonic() < end:
            time.sleep(0.02)
        for text in ("abc", "def"): # opened, closed and opened again
            c = Channel(os.open(m.path("link"), os.O_RDWR | os.O_NOCTTY))
            time.sleep(0.7)
            c.send(text)
            c.expect(text)
            if text == "def":
                c.send("q")
                err = m.end()
                if b"char device redirected to /dev/pts/" not in err:
                    raise Fail(repr(err))
            os.close(c.fd)


def files(context):
    with Machine(context, "-display", "none", "-chardev", "file,id=f,path=DIR/out,input-path=DIR/in", "-serial", "null") as m:
        m.end(1) # there is no DIR/in
    with Machine(context, "-display", "none", "-serial", "pipe:DIR/p") as m:
        m.end(1)
    with context.temp() as d:
        with open(d + "/in", "wb") as f:
            f.write(b"hello" * 100 + b"q")
        with Machine(context, "-display", "none", "-chardev", f"file,id=f,path={d}/out,input-path={d}/in,logfile={d}/log", "-serial", "chardev:f") as m:
            m.end()
        for name in ("out", "log"):
            with open(f"{d}/{name}", "rb") as f:
                if f.read() != b"ready\r\n" + b"hello" * 100:
                    raise Fail(name)
        os.mkfifo(d + "/p.in")
        os.mkfifo(d + "/p.out")
        with Machine(context, "-display", "none", "-serial", f"pipe:{d}/p") as m:
            out, into = os.open(d + "/p.out", os.O_RDONLY), os.open(d + "/p.in", os.O_WRONLY)
            c = Channel(out, into)
            c.expect("ready\r\n")
            c.send("abcq")
            c.expect("abc")
            m.end()
            os.close(out)
            os.close(into)


def mux_keys(context):
    with Machine(context, "-nographic", terminal=True) as m:
        m.stdio.expect("ready\r\n")
        m.stdio.send("\x01h")
        m.stdio.expect("C-a x +exit")
        m.stdio.send("\x01\x01.")
        m.stdio.expect("\x01\\.")
        m.stdio.send("\x01t\r\n")
        m.stdio.expect(r"\[\d\d:\d\d:\d\d\.\d\d\d\] ")
        m.stdio.send("\x01ts") # the guest does not read any more
        time.sleep(0.1)
        m.stdio.send("x" * 200)
        m.stdio.send("\x01x")
        m.stdio.expect("terminated")
        m.end()


def signals(context):
    """Ctrl-C is the guest's with -nographic, ours on a plain stdio; SIGTERM ends the machine in order."""
    with Machine(context, "-nographic", terminal=True) as m:
        m.stdio.expect("ready\r\n")
        m.stdio.send("\x03.")
        m.stdio.expect("\x03\\.")
        m.process.terminate()
        m.end()


# ------------------------------------------------------------------------------ the monitor

# Commands and what must come before the next prompt. The guest is echo.S, waiting for a key: _start is at 0x40080000.
SESSION = [
    ("info status", "VM status: running"), ("info version", "myna-system-aarch64"), ("info name", "a name"),
    ("info uuid", "550e8400-e29b-41d4-a716-446655440000"), ("info cpus", r"\* CPU #0: pc=0x000000004008....\s+CPU #1: .*\(off\)"),
    ("info mtree", "0000000009000000-0000000009000fff i/o pl011"), ("info qtree", "dev: pl011.*bus: virtio-mmio-bus"),
    ("info chardev", r"serial0-base: filename=stdio.*serial0: filename=mux"), ("info jit", "."), ("info block", ""), ("info pci", ""), ("info tlb", ""),
    ("x/2xw 0x40080038", "0000000040080038: 0x644d5241 0x00000000"), # "ARM\x64"
    ("xp /1c 0x40080038", "'A'"), ("x/3c 0x40080038", "'A' 'R' 'M'"), ("x/s 0x40080038", r'"ARMd"'), ("xp/1i 0x40080000", "b "),
    ("x/1dw 0x40080038", "1682788929"), ("x/xg 0x3000000000", "Cannot access memory"), ("p/d 2 + 3 * (4 - 1)", "11"), ("print 0x10 << 4 | 1", "0x101"), ("p $pc & ~0xffff", "0x40080000"),
    ("p 1/0", "division by zero"), ("p $nosuch", "no such register"), ("p (1", r"a \) is missing"), ("cpu 1", ""), ("info cpus", r"\* CPU #1"),
    ("cpu 7", "processors 0 to 1"), ("cpu 0", ""), ("gva2gpa 0x40080000", "gpa: 0x40080000"),
    ("stop", ""), ("info status", "VM status: paused"), ("info registers", "pc 000000004008"), ("info registers -a", "CPU#1"), ("cont", ""),
    ("info status", "running"), ("pmemsave 0x40080038 4 DIR/mem", ""), ("memsave 0x40080038 8 DIR/mem2", ""), ("log nosuch", "none in_asm"), ("log int,unimp", ""),
    ("log none", ""), ("logfile /nonexistent/x", "No such file"), ("nosuch", "unknown command: 'nosuch'"), ("info nosuch", "unknown command: 'info nosuch'"),
    ("cpu", "the arguments are"), ("help cpu", "cpu NUMBER -- "), ("help", "xp /FORMAT.*system_powerdown"), ("help info", "info registers"), ("info", "info mtree"),
    ("?", "help"), ("", ""), ("# a comment", ""),
]


def monitor(context):
    with Machine(context, "-nographic", "-name", "a name", "-uuid", "550e8400-e29b-41d4-a716-446655440000", "-smp", "2", terminal=True) as m:
        c = m.stdio
        c.expect("ready\r\n")
        c.send("\x01c")
        c.expect("monitor - type 'help'")
        c.expect(r"\(qemu\) ")
        for line, pattern in SESSION:
            c.send(line.replace("DIR", m.dir) + "\r")
            c.expect("\r\n")
            got = c.expect(r"(^|\n)\x1b?[^\n]{0,8}\(qemu\) ").decode()
            if not re.search(pattern, got, re.S):
                raise Fail(f"{line}: {got!r}, expected {pattern!r}")
        with open(m.path("mem"), "rb") as f:
            if f.read() != b"ARMd":
                raise Fail("pmemsave")
        c.send("inf\tstat\t\r") # completion of both words
        c.expect("VM status")
        c.expect(r"\(qemu\) ")
        c.send("\x1b[A\x1b[A\x10\r") # history: three lines back
        c.expect("\n")
        c.expect(r"\(qemu\) ")
        c.send("\x01cabc") # the guest again
        c.expect("abc")
        c.send("\x01c")
        c.expect(r"\(qemu\) ")
        c.send("system_reset\r\x01c")
        c.expect("ready\r\n")
        c.send("\x01cquit\r")
        m.end()


def monitor_socket(context):
    """A monitor of its own on a socket, two at a time; a ring buffer as the serial port; many quick commands."""
    with Machine(context, "-display", "none", "-chardev", "ringbuf,id=r", "-serial", "chardev:r", "-monitor", "unix:DIR/m,server,nowait",
                 "-chardev", "socket,id=m2,path=DIR/m2,server=on,wait=off", "-mon", "chardev=m2,mode=readline") as m:
        for name in ("m", "m2"):
            c = m.connect(name)
            c.expect(r"\(qemu\) ")
            c.send("ringbuf_write r abc\n" if name == "m" else "info status\n")
            c.expect(r"\r\n.*\(qemu\) ")
            time.sleep(0.1)
            c.send("ringbuf_read r 100\n" if name == "m" else "info chardev\n")
            c.expect("ready.*abc" if name == "m" else "m2: filename=unix")
            c.expect(r"\(qemu\) ")
        for _ in range(100):
            c.send("x/2xg 0x40080000\n")
            c.expect(r": 0x0000000014000010 0x0000000000000000\r\n.*\(qemu\) ")
        c.send("quit\n")
        m.end()


# ------------------------------------------------------------------------------ small devices, images

def elf(context, name="small"):
    source = context.path(f"tests/device/aarch64/{name}.c")
    return build(context, os.path.join(context.out, "device", name), [source],
                 ["aarch64-linux-gnu-gcc", "-O1", "-ffreestanding", "-fno-pic", "-nostdlib", "-static", "-mgeneral-regs-only", "-mstrict-align",
                  "-fno-stack-protector", "-Wl,--build-id=none,-Ttext=0x40400000", "-o", os.path.join(context.out, "device", name), source])


def small(context):
    """RTC, fw_cfg, flash, GPIO and the power key from the inside; flash contents stay in their file."""
    with context.temp() as d:
        with open(d + "/flash", "wb") as f:
            f.truncate(64 << 20)
            f.write(b"ABCD")
            f.seek(0x40000)
            f.write(b"EFGH")
        with open(d + "/item", "wb") as f:
            f.write(b"some bytes")
        with Machine(context, "-kernel", elf(context), "-nographic", "-rtc", "base=2020-02-03T04:05:06,clock=vm", "-drive",
                     f"file={d}/flash,if=pflash,index=1,format=raw", "-fw_cfg", f"name=opt/file,file={d}/item",
                     "-fw_cfg", "opt/text,string=ABC", kernel=False) as m:
            out = m.stdio.expect("press\r\n")
            m.stdio.send("\x01c")
            out += m.stdio.expect(r"\(qemu\) ")
            m.stdio.send("system_powerdown\r\x01c")
            out += m.stdio.expect("end\r\n")
            m.end()
        text = out.decode(errors="replace").replace("\r", "")
        bad = re.findall(r"(?m)^.*: got .*$", text)
        if bad or text.count(": ok\n") != 51:
            raise Fail(f"{text.count(': ok')} ok, " + "; ".join(bad))
        for pattern in (r"rtc now 0x000000005e379bf[2-9]", "fw file opt/file 0x000000000000000a", "fw file opt/text 0x0000000000000003"):
            if not re.search(pattern, text):
                raise Fail("no " + pattern)
        with open(d + "/flash", "rb") as f:
            data = f.read()
        if data[8:12] != bytes.fromhex("00560012") or data[0x108:0x110] != b"\3\3\3\3\4\4\4\4" or data[0x40000:0x40004] != b"EFGH" or \
                data[0x3fff8:0x40000] != b"\xff" * 8 or len(data) != 64 << 20:
            raise Fail("the flash's file")


def images(context):
    """A gzip'd Image, firmware by -bios and -pflash, -device loader, dumpdtb and -dtb."""
    image = guest(context)
    with open(image, "rb") as f:
        raw = f.read()
    with context.temp() as d:
        with open(d + "/gz", "wb") as f:
            f.write(gzip.compress(raw))
        with open(d + "/bad.gz", "wb") as f:
            f.write(gzip.compress(raw)[:-20])
        with open(d + "/pflash", "wb") as f:
            f.truncate(64 << 20)
            f.write(raw)
        with open(d + "/short", "wb") as f:
            f.write(b"x" * 1024)
        with open(d + "/broken.elf", "wb") as f:
            f.write(b"\x7fELF\2\1\1" + b"\xff" * 100)
        dump = run([program(context), "-M", f"virt,dumpdtb={d}/dtb", "-cpu", "max", "-nographic"], timeout=20)
        with open(d + "/dtb", "rb") as f:
            tree = f.read()
        if dump.status or tree[:4] != b"\xd0\x0d\xfe\xed" or b"arm,pl061" not in tree:
            raise Fail(f"dumpdtb: {dump.status} {dump.err!r}")
        for options in (["-kernel", d + "/gz"], ["-bios", image], ["-pflash", d + "/pflash"], ["-kernel", d + "/gz", "-dtb", d + "/dtb"],
                        ["-drive", f"if=pflash,format=raw,readonly=on,file={d}/pflash"], ["-bios", image, "-kernel", image, "-append", "x"],
                        ["-device", f"loader,file={image},addr=0x40080000,force-raw=on,cpu-num=0"],
                        ["-device", f"loader,file={elf_of_echo(context)},cpu-num=0"],
                        ["-device", f"loader,file={image},addr=0x40080000", "-device", "loader,addr=0x40080000,cpu-num=0"],
                        ["-kernel", image, "-device", "loader,addr=0x44100000,data=0x12345678,data-len=4,data-be=on"]):
            with Machine(context, *options, "-nographic", kernel=False) as m:
                m.stdio.expect("ready\r\n")
                m.stdio.send("\x01c")
                m.stdio.expect(r"\(qemu\) ")
                if "data" in options[-1]:
                    m.stdio.send("xp/1xw 0x44100000\r")
                    m.stdio.expect("0x78563412")
                m.stdio.send("quit\r")
                m.end()
        for options, text in ((["-kernel", d + "/bad.gz"], "can't be unpacked"), (["-kernel", d + "/broken.elf"], "no program of this machine"),
                              (["-pflash", d + "/short"], "the flash bank has 67108864"), (["-kernel", image, "-dtb", image], "no device tree"),
                              (["-device", "loader,data=1"], "data-len"), (["-device", "loader"], "one of file="),
                              (["-device", "loader,addr=0,cpu-num=9"], "no processor 9"), (["-device", f"loader,file={image},addr=0x1000000000"], "no memory at"),
                              (["-fw_cfg", "a,file=/nonexistent/x"], "No such file")):
            done = run([program(context), "-M", "virt", "-cpu", "max", "-nographic", *options], timeout=20)
            if done.status != 1 or text not in done.err.decode():
                raise Fail(f"{options}: {done.status} {done.err!r}, expected {text!r}")


def elf_of_echo(context):
    guest(context)
    return os.path.join(context.out, "device", "echo.elf")


# ------------------------------------------------------------------------------ gdb

# Commands and what gdb must print, in this order. echo.S: _start 0x40080000 branches to 0x40080040; its loop reads the UART's flags
# at 0x4008004c and branches back at 0x40080050; the text is behind the code.
GDB = ["set pagination off", "set confirm off", "set width 0", "set debuginfod enabled off", "set architecture aarch64", "target remote DIR/g", "info threads",
       "p/x $pc", "stepi", "p/x $pc", "monitor info status", "p/x $cpsr & 0xf", "p $MPIDR_EL1 & 0xff",
       "break *0x40080050", "continue", "p/x $x1", "delete", "hbreak *0x4008004c", "continue", "delete", "x/i $pc", "set $x9=0x1234", "stepi", "p/x $x9",
       "set *(int *)0x44100000=0x55", "x/wx 0x44100000", "maint packet Qqemu.PhyMemMode:1", "x/wx 0x44100000", "maint packet Qqemu.PhyMemMode:0",
       "set $pc=0x40080044", "rwatch *(int *)0x09000018", "continue", "delete", "p/x $pc", "thread 2", "p/x $pc", "p $MPIDR_EL1 & 0xff", "thread 1",
       "monitor nosuch", "x/wx 0x3000000000", "detach"]
GDB_SAYS = [r"\* 1 .*CPU#0.*\n  2 .*CPU#1", "= 0x40080000", "= 0x40080040", "= 0x5$", "= 0$", "hit Breakpoint 1, 0x0+40080050",
            "= 0x9000000", "hit Breakpoint 2, 0x0+4008004c", "ldr\tw3", "= 0x1234", "0x44100000:\t0x00000055", "0x44100000:\t0x00000055",
            r"read watchpoint 3|hit Hardware read watchpoint", "= 0x4008", "= 0x0$", "= 1$"]


def gdb(context):
    tool = shutil.which("gdb-multiarch")
    if not tool:
        raise Skip("no gdb-multiarch (apt-get install gdb-multiarch)")
    with Machine(context, "-nographic", "-smp", "2", "-S", "-gdb", "unix:DIR/g") as m:
        m.connect("g").socket.close() # it is there; one that goes again does no harm
        m.stdio.expect("ready\r\n") # and leaves the machine running
        m.stdio.send("q")
        m.end()
    with Machine(context, "-nographic", "-smp", "2", "-S", "-gdb", "unix:DIR/g") as m:
        end = time.monotonic() + 20
        while not os.path.exists(m.path("g")) and time.monotonic() < end:
            time.sleep(0.02)
        with open(m.path("script"), "w", encoding="utf-8") as f:
            f.write("\n".join(GDB).replace("DIR", m.dir) + "\n")
        done = run([tool, "-nx", "-batch", "-x", m.path("script")], timeout=60)
        text, at = done.out.decode(errors="replace"), 0
        for pattern in GDB_SAYS:
            found = re.compile(pattern, re.M).search(text, at)
            if not found:
                raise Fail(f"no {pattern!r} in {text[at:][:1500]!r} {done.err[-500:]!r}")
            at = found.end()
        for word in (b"VM status: paused", b"unknown command: 'nosuch'"): # the monitor's
            if word not in done.err + done.out:
                raise Fail(f"no {word!r} in {done.err[-800:]!r}")
        m.stdio.send("abcq") # detached, it runs on
        m.stdio.expect("abc")
        m.end()


def gdb_linux(context):
    """gdb comes to a running Debian kernel: threads, a breakpoint at the vector of exceptions from EL0, steps, a watched word of the
    kernel's stack, and the guest goes on as if nothing had been."""
    tool = shutil.which("gdb-multiarch")
    if not tool:
        raise Skip("no gdb-multiarch (apt-get install gdb-multiarch)")
    image = system.kernel(context)[0]
    with context.temp() as d:
        with open(d + "/initrd", "wb") as f:
            f.write(system.initrd(context, "echo loop begins\nfor i in $(seq 20); do ls / >/dev/null; sleep 0.2; done\necho loop ended"))
        with Machine(context, "-nographic", "-smp", "2", "-m", "512", "-kernel", image, "-initrd", d + "/initrd", "-append", "console=ttyAMA0 panic=-1",
                     "-no-reboot", "-gdb", "unix:DIR/g", kernel=False) as m:
            m.stdio.expect("loop begins", 150)
            with open(m.path("script"), "w", encoding="utf-8") as f:
                f.write("\n".join(GDB[:5] + ["target remote " + m.path("g"), "info threads", "hbreak *($VBAR_EL1 + 0x400)", "continue", "p $pc - $VBAR_EL1",
                                             "delete", "stepi", "stepi", "p $pc != $VBAR_EL1 + 0x400", "p ($cpsr >> 2) & 3", "watch *(long *)($sp)", "continue",
                                             "delete", "detach"]) + "\n")
            done = run([tool, "-nx", "-batch", "-x", m.path("script")], timeout=100)
            text, at = done.out.decode(errors="replace"), 0
            for pattern in (r"1 .*CPU#0.*\n.*2 .*CPU#1", "hit Breakpoint 1", "0x400$", "= 1$", "= 1$", "hit .*atchpoint 2"):
                found = re.compile(pattern, re.M).search(text, at)
                if not found:
                    raise Fail(f"no {pattern!r} in {text[at:][:1500]!r} {done.err[-500:]!r}")
                at = found.end()
            m.stdio.expect("loop ended", 100)
            m.end(seconds=60)


def typed_fast(context):
    """A pasted line, which Linux echoes while it comes: it reads and writes the UART's data register in turn."""
    line = "x" + "".join(f"{k:04} " for k in range(40)) + "y"
    with context.temp() as d:
        with open(os.path.join(d, "initrd"), "wb") as f:
            f.write(system.initrd(context, 'stty cols 1000\necho READY\nwhile read -r line; do echo "<$line>"; done'))
        with Machine(context, "-m", "512", "-kernel", system.kernel(context)[0], "-initrd", f.name, "-append", "console=ttyAMA0 quiet",
                     "-nographic", "-monitor", "none", "-serial", "stdio", kernel=False) as m:
            m.stdio.expect("READY", system.LIMIT)
            for _ in range(20):
                m.stdio.send(line + "\n")
                m.stdio.expect("<" + line + ">")


def cases(context):
    out = [Case(f"ui/wrong {o or 'nothing'}", wrong(o, t), 0) for o, t in WRONG]
    out += [Case(f"ui/said {o}", said(o, p), 0) for o, p in SAID]
    out += [Case(f"ui/taken {o}", taken(o), 1) for o in TAKEN]
    out += [Case("ui/" + f.__name__, f, level) for f, level in (
        (cpu_default, 0), (sockets, 0), (wait, 0), (flow, 1), (input_kept, 1), (plain_file, 1), (tcp, 0), (reconnect, 1), (telnet, 1), (pseudo, 1),
        (files, 0), (mux_keys, 0), (signals, 1), (monitor, 0), (monitor_socket, 0), (small, 0), (images, 0), (typed_fast, 1), (gdb, 0), (gdb_linux, 1))]
    return out
