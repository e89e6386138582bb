"""Language runtimes with threads and code generators of their own (check-long): node, OpenJDK 17, Go, LuaJIT, ruby,
of Debian arm64, and their amd64 twins (tests/guest/fetch.sh BUILD/guests runtimes). Programs: tests/programs/runtimes.
Expected: what the twin says; worked out below; qemu-aarch64's (10.0: 7.2 crashes). npm.py has node's packages."""
import os
import re
import shutil
import zipfile

from .base import Case, Fail, Skip, compare, rooted, within, Outcome

JAVA, AMD64 = ("usr/lib/jvm/java-17-openjdk-%s/bin" % a for a in ("arm64", "amd64"))
FIB27 = 196418
AREA = 30 * sum(i & 7 for i in range(20000)) + 20 * sum((i & 7, i & 3, -i & 1)[i % 3] for i in range(20000))
BENCH = (4 * (sum(range(200000)) + sum(1024 + i % 512 for i in range(20000)) + 100 + FIB27), 4 * 200000, 4 * 200000, 5, AREA)
EXPECT = {
    "node": b"20000102898 1667 RangeError d69e6898 300000 500,500,500,500 80000 1 true\n",
    "go": b"100000 100000 30500 100\n",
    "java": (" ".join(map(str, BENCH)) + "\n").encode(),
}

# LuaJIT for arm64 joins multiplications and additions (one rounding), for amd64 it does not.
SCIMARK = b"""fft      1.3808557011098412
sor      0.96198736176640165
points   3.1435040000000001
sparse   3.0933246358321913
lu       4.7105356228637412
"""


def root(context):
    path = os.path.join(context.build, "guests", "runtimes")
    if not os.path.exists(os.path.join(path, ".debs")):
        raise Skip(f"no runtimes: tests/guest/fetch.sh {context.build}/guests runtimes")
    context.need_myna()
    return path


def guest(context, program, *args, cwd, seconds, options=()):
    """One more run under myna of what natively took `seconds`, with names looked up in the root."""
    base = root(context)
    command = [context.myna, *options, "-L", base, os.path.join(base, program) if program[0] != "/" else program, *args]
    return within(None, command, seconds=seconds, cwd=cwd)[1]


def expect(got, want, what):
    compare(got, Outcome([], 0, want, b""), what)


def copied(context, folder, *names):
    for name in names:
        shutil.copy(context.path("tests/programs/runtimes/" + name), folder)


def node(name, times, options=()):
    def test(context):
        with context.temp() as d:
            copied(context, d, "work.js")
            want, got = both(context, name, d, "/usr/bin/node work.js")
            expect(got, EXPECT["node"], "qemu 10")
            for _ in range(times):
                expect(guest(context, "usr/bin/node", "work.js", cwd=d, options=options, seconds=want.seconds),
                       EXPECT["node"], "qemu 10")
    return test


def java(context):
    with context.temp() as d:
        copied(context, d, "Bench.java", "Hello.java")
        same(context, "runtimes/java javac", d, *[f"/{x}/javac Bench.java Hello.java" for x in (AMD64, JAVA)])
        for flags in ("", "-XX:+UseSerialGC", "-XX:+UseParallelGC", "-XX:+UseZGC", "-Xint", "-Xcomp",
                      "-XX:TieredStopAtLevel=1"):
            _, got = both(context, "runtimes/java " + flags, d,
                          *[f"/{x}/java {flags} -cp . Bench" for x in (AMD64, JAVA)])
            expect(got, EXPECT["java"], "the program's text")


def java_starts(context):
    with context.temp() as d:
        copied(context, d, "Hello.java")
        same(context, "runtimes/java-starts javac", d, *[f"/{x}/javac Hello.java" for x in (AMD64, JAVA)])
        want, _ = both(context, "runtimes/java-starts java", d, *[f"/{x}/java -cp . Hello" for x in (AMD64, JAVA)])
        for _ in range(100):
            expect(guest(context, JAVA + "/java", "-cp", ".", "Hello", cwd=d, seconds=want.seconds),
                   b"hello aarch64\n", "the program's text")


def both(context, name, folder, native, guest=None, **how):
    """A command of the shell, with roots of their own, natively and under myna (six times the native time at most).
    Wall and CPU times go to BUILD/check/runtimes.txt. Returns both outcomes."""
    runs = rooted(context, "runtimes", folder)
    scripts = [f"{c}\nstatus=$?; times >&2; exit $status" for c in (native, guest or native)]
    outcome = within(*[[*r, "/bin/sh", "-c", s] for r, s in zip(runs, scripts)], cwd=folder, **how)
    text = []
    for o in outcome:
        cpu = re.findall(rb"(\d+)m([\d.]+)s", o.err.strip().splitlines()[-1] if o.err.strip() else b"")
        text.append(f"{o.seconds:.1f} s, CPU {sum(60 * int(m) + float(s) for m, s in cpu):.2f} s")
    with context.once("runtimes.txt"), open(os.path.join(context.out, "runtimes.txt"), "a") as f:
        f.write(f"{name}: native {text[0]}; myna {text[1]}\n")
    return outcome


def same(context, name, folder, native, guest=None, **how):
    want, got = both(context, name, folder, native, guest, **how)
    if want.status:
        raise Fail("fails natively too: " + want.err[-1500:].decode(errors="replace"))
    compare(got, want, "the amd64 program")


def steady(context):
    """One thread, steady code: the figures of guest compilers."""
    with context.temp() as d:
        copied(context, d, "Steady.java", "steady.js", "scimark.lua")
        same(context, "runtimes/steady javac", d, f"/{AMD64}/javac Steady.java", f"/{JAVA}/javac Steady.java")
        same(context, "runtimes/steady java", d, f"/{AMD64}/java -cp . Steady 60", f"/{JAVA}/java -cp . Steady 60")
        same(context, "runtimes/steady node", d, "/usr/bin/node steady.js 60")
        same(context, "runtimes/steady luajit -joff", d, "/usr/bin/luajit -joff scimark.lua")
        both(context, "runtimes/steady luajit x 4", d, "/usr/bin/luajit scimark.lua 4")
        _, got = both(context, "runtimes/steady luajit", d, "/usr/bin/luajit scimark.lua")
        expect(got, SCIMARK, "qemu 10")


def java_tree(context):
    """javac of the module java.xml, 1,857 files: the same classes."""
    root(context)
    source = os.path.join(context.build, "guests/java-source/usr/lib/jvm/openjdk-17/lib/src.zip")
    if not os.path.exists(source):
        raise Skip(f"no java sources: tests/guest/fetch.sh {context.build}/guests runtimes")
    with context.temp() as d:
        with zipfile.ZipFile(source) as z:
            names = [n for n in z.namelist() if n.startswith("java.xml/") and n.endswith(".java")]
            z.extractall(d, names)
        with open(os.path.join(d, "list"), "w") as f:
            f.write("\n".join(names) + "\n")
        flags = "-nowarn -proc:none -XDignore.symbol.file --patch-module java.xml=java.xml @list"
        same(context, "runtimes/java-tree", d, f"/{AMD64}/javac -d native {flags}", f"/{JAVA}/javac -d guest {flags}")
        trees = [{os.path.relpath(os.path.join(f, n), os.path.join(d, t)): open(os.path.join(f, n), "rb").read()
                  for f, _, names in os.walk(os.path.join(d, t)) for n in names} for t in ("native", "guest")]
        wrong = [n for n in trees[0].keys() | trees[1].keys() if trees[0].get(n) != trees[1].get(n)]
        if wrong or len(trees[0]) < 2000:
            raise Fail(f"{len(wrong)} of {len(trees[0])} classes differ: {wrong[:5]}")


def java_threads(context):
    with context.temp() as d:
        copied(context, d, "Bench.java")
        same(context, "runtimes/java-threads javac", d, f"/{AMD64}/javac Bench.java", f"/{JAVA}/javac Bench.java")
        want, _ = both(context, "runtimes/java-threads", d, *[f"/{x}/java -cp . Bench" for x in (AMD64, JAVA)])
        for _ in range(20):
            expect(guest(context, JAVA + "/java", "-cp", ".", "Bench", cwd=d, seconds=want.seconds), EXPECT["java"],
                   "the program's text")


GO = "export GOROOT=/usr/lib/go-1.19 GOCACHE=$PWD/{} GOPATH=$PWD GO111MODULE=off CGO_ENABLED=0 GOFLAGS=-p=2\n" \
     "export GOTMPDIR=$PWD PATH=$GOROOT/bin:$PATH\n"


def go_std(context):
    """go build -a std: the objects are those that amd64's Go makes for arm64. Build ids end in a hash of the contents;
    the sources of internal/buildcfg name the processor that Go itself was built on."""
    with context.temp() as d:
        work = "go build -a std && go list -export -f '{{.ImportPath}} {{.BuildID}}' std"
        want, got = both(context, "runtimes/go-std", d, GO.format("native") + "export GOARCH=arm64\n" + work,
                         GO.format("guest") + work)
    for o in (want, got):
        o.out = re.sub(rb"(?m)^internal/buildcfg .*\n| .*/", b" ", o.out)
    if want.status or want.out.count(b"\n") < 150:
        raise Fail("fails natively too: " + want.err[-1500:].decode(errors="replace"))
    compare(got, want, "Go of amd64")


def go_program(context):
    base = root(context)
    with context.temp() as d:
        copied(context, d, "work.go")
        same(context, "runtimes/go", d, *[GO.format(x) + "go build -o work work.go" for x in ("native", "guest")])
        for _ in range(20):
            expect(guest(context, os.path.join(d, "work"), cwd=d, seconds=1), EXPECT["go"], "the program's text")


def go_tests(package, pattern):
    """Go's own tests; those that start gdb on themselves are left out."""
    def test(context):
        with context.temp() as d:
            work = f"go test -vet=off -short -run '{pattern}' {package}"
            want, got = both(context, "runtimes/go-test-" + package, d,
                             *[GO.format(x) + work for x in ("native", "guest")])
        if want.status:
            raise Fail("fails natively too: " + want.out[-1500:].decode(errors="replace"))
        if got.status or not got.out.startswith(b"ok"):
            raise Fail((got.out[-1500:] + got.err[-3000:]).decode(errors="replace") + "\ncommand: " + got.shell())
    return test


# ruby's own tests of what a build can do before its libraries are there: files of bootstraptest/ (yjit: amd64 only).
BOOTSTRAP = ("attr", "autoload", "block", "class", "env", "eval", "exception", "fiber", "finalizer", "flip", "flow",
             "fork", "gc", "insns", "io", "jump", "literal", "literal_suffix", "load", "marshal", "massign", "method",
             "objectspace", "proc", "ractor", "string", "struct", "syntax", "thread")


def ruby_folder(context, d):
    source = os.path.join(context.build, "guests/src/ruby3.1")
    if not os.path.exists(source):
        raise Skip(f"no ruby sources: tests/guest/fetch.sh {context.build}/guests runtimes")
    for name in ("basictest", "bootstraptest"):
        shutil.copytree(os.path.join(source, name), os.path.join(d, name))
    os.symlink("/usr/bin/ruby", os.path.join(d, "miniruby"))
    # Limits of one second that include ruby's start are for a quiet machine.
    runner = os.path.join(d, "bootstraptest/runner.rb")
    with open(runner) as f:
        text = f.read()
    with open(runner, "w") as f:
        head = "timeout_seconds, testsrc, message = '')\n"
        f.write(text.replace(head, head + "  timeout_seconds *= 20\n"))


def ruby_basic(context):
    with context.temp() as d:
        ruby_folder(context, d)
        same(context, "runtimes/ruby-basic", d, "ruby basictest/test.rb 2>&1")


def ruby_bootstrap(name):
    def test(context):
        with context.temp() as d:
            ruby_folder(context, d)
            want, got = both(context, "runtimes/ruby-" + name, d,
                             f"ruby bootstraptest/runner.rb --ruby=/usr/bin/ruby bootstraptest/test_{name}.rb 2>&1")
        for o in (want, got): # the driver's and the target's description; failed tests by their line
            o.out = b"".join(re.findall(rb"(?m)^(?:PASS.*|FAIL.*|#test_.*|.*\.rb:\d+:.*)\n", o.out))
        compare(got, want, "the amd64 ruby")
        if not want.out:
            raise Fail("no result natively: " + want.err[-800:].decode(errors="replace"))
    return test


def cases(context):
    return [Case("runtimes/node", node("runtimes/node", 20), 2),
            Case("runtimes/node-small-cache", node("runtimes/node-small-cache", 2, ["-tb-size", "4194304"]), 2),
            Case("runtimes/java", java, 2), Case("runtimes/java-starts", java_starts, 2),
            Case("runtimes/java-threads", java_threads, 2), Case("runtimes/java-tree", java_tree, 2),
            Case("runtimes/go", go_program, 2), Case("runtimes/go-std", go_std, 2),
            Case("runtimes/go-test-sync", go_tests("sync", "."), 2),
            Case("runtimes/go-test-runtime", go_tests("runtime", "^Test([^G]|G[^d])"), 2),
            Case("runtimes/steady", steady, 2), Case("runtimes/ruby-basic", ruby_basic, 2)] + \
        [Case("runtimes/ruby-" + name, ruby_bootstrap(name), 2) for name in BOOTSTRAP]
