"""Language runtimes with threads and code generators of their own (check-long): node, OpenJDK 17, Go, of
Debian arm64 (tests/guest/fetch.sh BUILD/guests runtimes). Programs: tests/programs/runtimes. Expected
values are worked out below or, where the program computes, qemu-aarch64's (10.0: 7.2 crashes)."""
import os
import shutil

from .base import Case, Fail, Skip, compare, run, Outcome

JAVA = "usr/lib/jvm/java-17-openjdk-arm64/bin"
FIB27 = 196418
AREA = 30 * sum(i & 7 for i in range(20000)) + 20 * sum((i & 7, i & 3, -i & 1)[i % 3] for i in range(20000))
BENCH = (4 * (sum(range(200000)) + sum(1024 + i % 512 for i in range(20000)) + 100 + FIB27), 4 * 200000, 4 * 200000, 5, AREA)
EXPECT = {
    "node": b"20000102898 1667 RangeError d69e6898 300000 500,500,500,500 80000 1 true\n",
    "go": b"100000 100000 30500 100\n",
    "java": (" ".join(map(str, BENCH)) + "\n").encode(),
}


def root(context):
    path = os.path.join(context.build, "guests", "runtimes")
    if not os.path.exists(os.path.join(path, ".debs")):
        raise Skip(f"no runtimes: tests/guest/fetch.sh {context.build}/guests runtimes")
    context.need_myna()
    return path


def guest(context, program, *args, cwd, timeout=120, env=None, options=()):
    base = root(context)
    return run([context.myna, *options, "-L", base, os.path.join(base, program) if program[0] != "/" else program, *args],
               cwd=cwd, timeout=timeout, env=env)


def expect(got, want, what):
    compare(got, Outcome([], 0, want, b""), what)


def copied(context, folder, *names):
    for name in names:
        shutil.copy(context.path("tests/programs/runtimes/" + name), folder)


def node(times, options=()):
    def test(context):
        with context.temp() as d:
            copied(context, d, "work.js")
            for _ in range(times):
                expect(guest(context, "usr/bin/node", "work.js", cwd=d, options=options), EXPECT["node"], "qemu 10")
    return test


def java(context):
    with context.temp() as d:
        copied(context, d, "Bench.java", "Hello.java")
        expect(guest(context, JAVA + "/javac", "Bench.java", "Hello.java", cwd=d), b"", "no error")
        for flags in ([], ["-XX:+UseSerialGC"], ["-XX:+UseParallelGC"], ["-XX:+UseZGC"], ["-Xint"], ["-Xcomp"],
                      ["-XX:TieredStopAtLevel=1"]):
            got = guest(context, JAVA + "/java", *flags, "-cp", ".", "Bench", cwd=d)
            expect(got, EXPECT["java"], "the program's text")


def java_starts(context):
    with context.temp() as d:
        copied(context, d, "Hello.java")
        expect(guest(context, JAVA + "/javac", "Hello.java", cwd=d), b"", "no error")
        for _ in range(100):
            expect(guest(context, JAVA + "/java", "-cp", ".", "Hello", cwd=d), b"hello aarch64\n", "the program's text")


def go_environment(base, d):
    return {"GOROOT": os.path.join(base, "usr/lib/go-1.19"), "GOCACHE": os.path.join(d, "cache"), "GOPATH": d,
            "GO111MODULE": "off", "CGO_ENABLED": "0", "GOFLAGS": "-p=2"}


def go_program(context):
    base = root(context)
    with context.temp() as d:
        copied(context, d, "work.go")
        expect(guest(context, "usr/lib/go-1.19/bin/go", "build", "-o", "work", "work.go", cwd=d, timeout=900,
                     env=go_environment(base, d)), b"", "no error")
        for _ in range(20):
            expect(guest(context, os.path.join(d, "work"), cwd=d), EXPECT["go"], "the program's text")


def go_tests(package, pattern):
    """Go's own tests; those that start gdb on themselves are left out."""
    def test(context):
        base = root(context)
        with context.temp() as d:
            env = go_environment(base, d)
            expect(guest(context, "usr/lib/go-1.19/bin/go", "test", "-vet=off", "-c", "-o", os.path.join(d, "test"), package,
                         cwd=d, timeout=1200, env=env), b"", "no error")
            got = guest(context, os.path.join(d, "test"), "-test.short", "-test.run", pattern, timeout=900, env=env,
                        cwd=os.path.join(base, "usr/lib/go-1.19/src", package))
        if got.status or not got.out.rstrip().endswith(b"PASS"):
            raise Fail(got.out[-3000:].decode(errors="replace") + "\ncommand: " + got.shell())
    return test


def cases(context):
    return [Case("runtimes/node", node(20), 2), Case("runtimes/node-small-cache", node(2, ["-tb-size", "4194304"]), 2),
            Case("runtimes/java", java, 2), Case("runtimes/java-starts", java_starts, 2),
            Case("runtimes/go", go_program, 2), Case("runtimes/go-test-sync", go_tests("sync", "."), 2),
            Case("runtimes/go-test-runtime", go_tests("runtime", "^Test([^G]|G[^d])"), 2)]
