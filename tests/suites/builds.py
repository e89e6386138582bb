"""A build as in CI, inside: bash from Debian's source by the configure, gcc and make of an arm64 root in
`myna run --rootfs`, make with -j2 (check-long). The root is the one that suites/distro.py installed, with
build-essential; the twin is the same source built by the host's gcc. CPU time of configure and of make is
noted with nothing kept from before (cold: the cache is empty when configure begins, and on, as by default) and
when all has been built once before (warm): BUILD/check/builds.txt. Asked of wall time: six times native at most.

The bash that comes out runs a script and tests of its own (tests/run-*). Expected: what the native twin
prints, which is nothing where a test's output is as bash's authors have it."""
import json
import os
import re
import shutil
import subprocess
import time

from .base import ENVIRONMENT, Case, Fail, Skip
from .distro import finish, installed, tree

CONFIGURE = "cd bash && touch y.tab.c y.tab.h && ./configure >configure.out 2>&1"
MAKE = "cd bash && make -j2 >make.out 2>&1"
# Tests of bash that ask for neither a terminal nor other users, times or names of the machine; without ifs-posix, which
# forks 6,856 times and so lasts as long as the machine's other work lets it.
TESTS = """appendop arith array array2 assoc attr braces case casemod comsub comsub-eof comsub-posix
cond coproc cprint dynvar exp-tests exportfunc extglob extglob2 extglob3 func getopts
heredoc herestr ifs invert iquote lastpipe mapfile more-exp nameref new-exp nquote nquote1 nquote2 nquote3
nquote5 parser posix2 posixexp posixexp2 posixpat posixpipe precedence procsub quote quotearray redir rhs-exp
rsh set-e set-x shopt strip test tilde tilde2 trap type vredir""".split()
USE = r"""cd bash && ./bash --version | head -1 | sed 's/(.*//'
./bash -c 'n=0; for ((i = 0; i < 20000; i++)); do ((n += i ^ 5)); done; declare -A a=([x]=1 [y]=2); echo $n ${#a[@]} ${!a[@]}'
make recho zecho printenv xcase >/dev/null 2>&1
cd tests; export THIS_SH=$PWD/../bash BUILD_DIR=$PWD/.. PATH=$PWD/..:$PATH TMPDIR=/tmp BASH_TSTOUT=$PWD/../tstout
for t in TESTS; do echo "== $t"; test -e run-$t || echo none; sh ./run-$t </dev/null 2>&1 | sed "s,$PWD/\.\.,.,g; s,$PWD,.,g"; done
"""


def source(context):
    path = os.path.realpath(os.path.join(context.build, "guests", "src", "bash"))
    if not os.path.isdir(path):
        raise Skip(f"no source: tests/guest/fetch.sh {context.build}/guests src bash")
    return path


class Native:
    """The twin: the host's shell, gcc and make, in a folder that stays, with its figures."""

    def __init__(self, context, path):
        self.d = os.path.join(context.out, "bash-native")
        note = os.path.join(self.d, "figures")
        with context.once("bash-native"):
            if not os.path.exists(note):
                shutil.rmtree(self.d, ignore_errors=True)
                os.mkdir(self.d)
                self.do(f"cp -a {path} bash")
                figures = {what: self.do(script)[1:] for what, script in (("configure", CONFIGURE), ("make", MAKE))}
                with open(note, "w", encoding="utf-8") as f:
                    json.dump(figures, f)
            with open(note, encoding="utf-8") as f:
                self.figures = json.load(f)  # CPU and wall seconds

    def do(self, script, timeout=1800):
        p = subprocess.Popen(["sh", "-c", script], cwd=self.d, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, env=ENVIRONMENT, start_new_session=True)
        begun = time.monotonic()
        status, out, used = finish(p, timeout)
        if status:
            raise Fail(f"natively: status {status}: {script}\n{out[-2000:]}")
        return out, used, time.monotonic() - begun


def unpack(t, path):
    with subprocess.Popen(["tar", "-C", os.path.dirname(path), "--numeric-owner", "--owner=0", "--group=0", "-cf", "-", "bash"],
                          stdout=subprocess.PIPE) as tar:
        t.native("cd /trees/debian && busybox rm -rf work && busybox mkdir work && busybox tar -C work -xf -", stdin=tar.stdout)


def timed(t, script, limit, **how):
    """CPU seconds of a script inside; at the limit the stacks are shown."""
    try:
        return t.inside(["sh", "-c", script], max(60, int(limit)) + 1, cache=True, options=("-w", "/work"), **how)
    except Fail as e:
        log = os.path.join(t.root, "work/bash", "make.out" if "make" in script else "configure.out")
        text = open(log, encoding="utf-8", errors="replace").read()[-2000:] if os.path.exists(log) else ""
        raise Fail(f"{e}\n{text}") from e


def note(context, lines):
    with context.once("builds.txt"), open(os.path.join(context.out, "builds.txt"), "a", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


def bash(context, qemu=False):
    path = source(context)
    with tree(context, installed(context)) as t:
        t.inside(["sh", "-c", "apt-get update && apt-get install -y --no-install-recommends build-essential"], 900)
        native = Native(context, path)
        lines = ["bash natively: " + ", ".join(f"{what} {used:.1f} s of CPU time" for what, (used, _) in native.figures.items())]
        t.inside(["sh", "-c", "rm -rf ~/.cache"])
        for state in ("qemu-aarch64",) if qemu else ("cold", "warm"):
            unpack(t, path)
            for what, script in (("configure", CONFIGURE), ("make", MAKE)):
                cpu, wall = native.figures[what]
                _, used = timed(t, script, 7200 if qemu else 6 * wall, qemu=qemu)
                lines.append(f"bash {state}: {what} {used:.1f} s of CPU time, {used / cpu:.2f} times native")
                note(context, lines)
                lines = []
        if qemu:  # its figures are all that is wanted: bash's own malloc gets no memory under qemu 10 (brk fails)
            return
        use = USE.replace("TESTS", " ".join(TESTS))
        want, _, wall = native.do(use)
        got, _ = timed(t, use, 6 * wall, qemu=qemu)
    parts = lambda text: re.split(r"^== ", text, flags=re.M)
    wrong = [f"natively: {a}here: {b}" for a, b in zip(parts(want), parts(got)) if a != b]
    if wrong or len(parts(want)) != len(parts(got)):
        raise Fail(f"{len(wrong)} tests differ\n" + "\n".join(wrong)[:5000])
    note(context, [f"bash's own tests: {len(TESTS)} as natively, {sum(a.count(chr(10)) <= 1 for a in parts(want)[1:])} of them without a word"])


def cases(context):
    return [Case("builds/bash", bash, 2), Case("builds/bash-qemu", lambda c: bash(c, True), 2)]
