"""stress-ng of Debian: each stressor of nine classes that passes on this machine passes under myna too
(--verify, 5 s, one at a time, as root of ownroot.sh's namespaces). Both programs are unmodified packages
(tests/guest/fetch.sh DIR stress).

Most stressors go through their methods in turn, more of them than 5 s are enough for: stress/methods runs each
method of some for a second; such a run's name is STRESSOR/METHOD.

All of them take most of an hour of one processor, so each result is kept (build/check/stress/NAME.native.txt,
NAME.myna.txt) under a key of what ran: a repeat runs what is missing, what failed, and all of myna's if the
binary is another. build/check/stress.md has the list and the count; stress.tsv what is known of single ones."""
import hashlib
import os
import re
import time

from .base import Case, Fail, Skip, run, within

CLASSES = ("cpu", "vm", "memory", "interrupt", "os", "pipe", "scheduler", "filesystem", "network")
SECONDS = 5
# Stressors whose methods have results to verify, and what makes a round of them short.
METHODS = {"cpu": "", "fp": "", "funccall": "", "funcret": "", "hash": "", "list": "--list-size 1000", "matrix": "",
           "matrix-3d": "", "memcpy": "", "misaligned": "", "qsort": "", "rotate": "", "str": "", "vecfp": "",
           "sparsematrix": "", "tree": "--tree-size 1000", "vecshuf": "", "vm": "--vm-bytes 2m", "wcs": "", "zlib": ""}


def digest(*parts):
    whole = hashlib.sha256()
    for part in parts:
        if os.path.isabs(part):
            with open(part, "rb") as f:
                part = hashlib.sha256(f.read()).hexdigest()
        whole.update(part.encode() + b"\0")
    return whole.hexdigest()[:16]


class Suite:
    """The two programs, what is known of stressors, and the results so far."""

    def __init__(self, context):
        context.need_myna()
        self.context = context
        self.guest, self.native = (os.path.join(context.build, "guests", "stress-" + a) for a in ("arm64", "amd64"))
        for root in (self.guest, self.native):
            if not os.path.exists(os.path.join(root, "usr/bin/stress-ng")):
                raise Skip(f"no stress-ng: tests/guest/fetch.sh {context.build}/guests stress")
        self.own = context.path("tests/ownroot.sh")
        if run([self.own, "true"]).status != 0:
            raise Skip("no user namespaces")
        self.out = os.path.join(context.out, "stress")
        os.makedirs(self.out, exist_ok=True)
        self.known = {}
        with open(context.path("tests/suites/stress.tsv"), encoding="utf-8") as f:
            for line in f:
                if not line.startswith("#"):
                    name, kind, text = line.rstrip("\n").split("\t")
                    self.known[name, kind] = text

    def command(self, who):
        if who == "myna":
            return [self.context.myna, "-L", self.guest, self.guest + "/usr/bin/stress-ng"]
        libraries = ":".join(os.path.join(self.native, p, "x86_64-linux-gnu") for p in ("usr/lib", "lib"))
        return ["env", "LD_LIBRARY_PATH=" + libraries, self.native + "/usr/bin/stress-ng"]

    def names(self, kind):
        done = run([*self.command("native"), "--class", kind + "?"])
        found = re.search(r"stressors: (.*)", (done.out + done.err).decode())
        if not found:
            raise Fail(f"stress-ng lists no class {kind}")
        return found[1].split()

    def methods(self, name, who):
        done = run([*self.command(who), "--" + name, "1", f"--{name}-method", "none", "-t", "1"])
        return (done.out + done.err).decode().rpartition(":")[2].replace(" all ", " ").split()

    def path(self, name, who):
        return os.path.join(self.out, f"{name.replace('/', '.')}.{who}.txt")

    def options(self, name):
        name, _, method = name.partition("/")
        if method:
            return ["--" + name, "1", *METHODS[name].split(), f"--{name}-method", method, "-t", "1", "--verify"]
        return ["--" + name, "1", *self.known.get((name, "options"), "").split(), "-t", str(SECONDS), "--verify"]

    def confine(self, name):
        if (name, "root") in self.known and os.geteuid() == 0:
            return ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--ipc", "--"]
        return [self.own, *(["--user"] if (name, "user") in self.known else [])]

    def key(self, name, who):
        return digest(self.context.myna if who == "myna" else "", self.command(who)[-1], self.own,
                      *self.options(name), *(k for k in ("user", "root") if (name, k) in self.known))

    def kept(self, name, who):
        """(verdict, seconds, reason) of an earlier run of the same, or None."""
        try:
            with open(self.path(name, who), encoding="utf-8", errors="replace") as f:
                key, verdict, seconds, reason = (f.readline().rstrip("\n") for _ in range(4))
        except OSError:
            return None
        return (verdict, float(seconds), reason) if key == self.key(name, who) else None

    def outcome(self, name, who, seconds=None):
        """Runs it and keeps (verdict, seconds, reason); the verdict is pass, skipped or fail."""
        with self.context.temp() as d:
            os.chmod(d, 0o777)
            command = [*self.confine(name), *self.command(who), *self.options(name), "--temp-path", d]
            begun = time.monotonic()
            try:
                if who == "native":
                    done = run(command, cwd=d, timeout=20 * SECONDS)
                else:
                    done = in_time(command, seconds, d)
                text = (done.out + done.err).decode(errors="replace")
                verdict, reason = judge(done.status, text)
            except Fail as e:
                verdict, reason, text = "fail", "no end", str(e)
            seconds = time.monotonic() - begun
        with open(self.path(name, who), "w", encoding="utf-8") as f:
            f.write(f"{self.key(name, who)}\n{verdict}\n{seconds:.2f}\n{reason}\n\n{' '.join(command)}\n")
            f.write(text[-20000:])
        return verdict, seconds, reason

    def result(self, name):
        """Native and guest outcome of a stressor: kept ones, or run now. The guest runs what passes natively."""
        if (name, "out") in self.known:
            return ("out", 0, self.known[name, "out"]), None
        with self.context.once("stress"):
            native = self.kept(name, "native") or self.outcome(name, "native")
            if native[0] != "pass" or (name, "refused") in self.known or (name, "arm64") in self.known:
                return native, None
            guest = self.kept(name, "myna")
            if guest is None or guest[0] != "pass":
                guest = self.outcome(name, "myna", native[1])
        return native, guest

    def state(self, name):
        """(what it comes to, why) as far as it has run."""
        if (name, "out") in self.known:
            return "left out", self.known[name, "out"]
        native, guest = self.kept(name, "native"), self.kept(name, "myna")
        if native is None:
            return "not run", ""
        if native[0] != "pass":
            return {"skipped": "skipped natively", "fail": "fails natively"}[native[0]], native[2]
        for kind, word in (("refused", "refused"), ("arm64", "not on arm64")):
            if (name, kind) in self.known:
                return word, self.known[name, kind]
        if guest is None:
            return "not run", ""
        return ("passes both ways", "") if guest[0] == "pass" else ("fails under myna", guest[2])

    def summary(self):
        """Writes the list of all that is known so far (docs/stress-ng.md is a copy of it)."""
        classes = {}
        for kind in CLASSES:
            for name in self.names(kind):
                classes.setdefault(name, []).append(kind)
        states = {name: self.state(name) for name in sorted(classes)}
        passed = [n for n in states if states[n][0] == "passes both ways"]
        words = [s for s, _ in states.values()]
        lines = ["| all classes, each stressor once | |", "|---|---|",
                 *(f"| {s} | {words.count(s)} |" for s in sorted(set(words))), f"| all | {len(words)} |", "",
                 "| class | stressors | pass both ways |", "|---|---|---|"]
        for kind in CLASSES:
            lines.append(f"| {kind} | {sum(kind in c for c in classes.values())} | "
                         f"{sum(kind in classes[n] for n in passed)} |")
        lines += ["", "| stressor | classes | | reason |", "|---|---|---|---|",
                  *(f"| {n} | {', '.join(classes[n])} | {s} | {why} |" for n, (s, why) in states.items()
                    if n not in passed), "", "Pass both ways: " + ", ".join(passed) + "."]
        with open(os.path.join(self.context.out, "stress.md"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")


def in_time(command, seconds, where):
    """Six times the native time at most. The watchdog is a thread more, which kcmp(2) sees: only what took too long
    is run again with it, to fail with the stacks."""
    try:
        return run(command, cwd=where, timeout=max(20, 6 * seconds))
    except Fail:
        within(None, command, seconds=seconds, cwd=where)
        raise


def judge(status, text):
    said = re.sub(r"stress-ng: (\w+): +\[\d+\] ", r"\1: ", text)
    lines = [x for x in said.splitlines() if x.startswith("fail:") or "skipp" in x] \
        or [x for x in said.splitlines() if x.startswith(("error:", "warn:"))]
    lines = dict.fromkeys(re.sub(r"\b\d{3,}\b", "N", re.sub(r"^\w+: ", "", x)) for x in lines)
    reason = "; ".join(lines)[:300].replace("|", "/")
    # some skip a method or two of theirs: misaligned its atomic ones, which are alignment faults on arm64
    if re.search(r"skipp(?!ing method)|No stress workers invoked|aborted early, out of system resources", said):
        return "skipped", reason
    if status == 0 and "successful run completed" in said:
        return "pass", ""
    return "fail", f"status {status}: {reason}"


def class_of(kind):
    def test(context):
        with context.once("stress-list"):
            suite = Suite(context)
        bad = []
        for name in suite.names(kind):
            native, guest = suite.result(name)
            if guest and guest[0] != "pass":
                bad.append(f"{name}: {guest[0]} {guest[2]} ({suite.path(name, 'myna')})")
        with context.once("stress-list"):
            suite.summary()
        if bad:
            raise Fail(f"{len(bad)} stressors pass on the host alone\n" + "\n".join(bad)[:6000])
    return test


def methods(context):
    with context.once("stress-list"):
        suite = Suite(context)
    bad = []
    for stressor in METHODS:
        native = suite.methods(stressor, "native")
        for method in suite.methods(stressor, "myna"):
            name = f"{stressor}/{method}"
            with context.once("stress"):
                guest = suite.kept(name, "myna")
                if guest is None or guest[0] != "pass":
                    guest = suite.outcome(name, "myna", SECONDS)
                known = guest[0] == "pass" or (name, "arm64") in suite.known
                if not known and (method not in native or suite.outcome(name, "native")[0] == "pass"):
                    bad.append(f"{name}: {guest[0]} {guest[2]} ({suite.path(name, 'myna')})")
    if bad:
        raise Fail(f"{len(bad)} methods pass on the host alone\n" + "\n".join(bad)[:6000])


def cases(context):
    return [*(Case("stress/" + kind, class_of(kind), 2) for kind in CLASSES), Case("stress/methods", methods, 2)]
