"""stress-ng of Debian: each stressor of nine classes that passes on this machine passes under myna too
(--verify, 5 s, one at a time, as root of ownroot.sh's namespaces). Both programs are unmodified packages
(tests/guest/fetch.sh DIR stress).

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

    def path(self, name, who):
        return os.path.join(self.out, f"{name}.{who}.txt")

    def options(self, name):
        return ["--" + name, "1", *self.known.get((name, "options"), "").split(), "-t", str(SECONDS), "--verify"]

    def key(self, name, who):
        return digest(self.context.myna if who == "myna" else "", self.command(who)[-1], self.own,
                      *self.options(name), *(["user"] if (name, "user") in self.known else []))

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
            user = ["--user"] if (name, "user") in self.known else []
            command = [self.own, *user, *self.command(who), *self.options(name), "--temp-path", d]
            begun = time.monotonic()
            try:
                if who == "native":
                    done = run(command, cwd=d, timeout=20 * SECONDS)
                else:
                    _, done = within(None, command, seconds=seconds, cwd=d)
                text = (done.out + done.err).decode(errors="replace")
                verdict, reason = judge(done.status, text)
            except Fail as e:
                verdict, reason, text = "fail", "no end", str(e)
            seconds = time.monotonic() - begun
        with open(self.path(name, who), "w", encoding="utf-8") as f:
            f.write(f"{self.key(name, who)}\n{verdict}\n{seconds:.2f}\n{reason}\n\n{' '.join(command)}\n{text[-20000:]}")
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

    def summary(self):
        """Writes the list of all that is known so far."""
        rows, counts, words = {}, {}, {}
        for kind in CLASSES:
            for name in self.names(kind):
                rows.setdefault(name, []).append(kind)
        for name in sorted(rows):
            native = ("out", 0, self.known[name, "out"]) if (name, "out") in self.known else self.kept(name, "native")
            guest = self.kept(name, "myna")
            if native and native[0] == "pass" and (name, "refused") in self.known:
                state, why = "refused", self.known[name, "refused"]
            elif native and native[0] == "pass" and (name, "arm64") in self.known:
                state, why = "not on arm64", self.known[name, "arm64"]
            elif native is None or (native[0] == "pass" and guest is None):
                state, why = "not run", ""
            elif native[0] != "pass":
                state, why = {"out": "left out", "skipped": "skipped natively", "fail": "fails natively"}[native[0]], \
                    native[2]
            elif guest[0] == "pass":
                state, why = "passes both ways", ""
            else:
                state, why = "fails under myna", guest[2]
            words[name] = state, why
            counts[state] = counts.get(state, 0) + 1
        lines = ["| stressors | count |", "|---|---|", *(f"| {s} | {n} |" for s, n in sorted(counts.items())), "",
                 "| class | stressors | pass both ways |", "|---|---|---|"]
        for kind in CLASSES:
            members = [n for n in rows if kind in rows[n]]
            lines.append(f"| {kind} | {len(members)} | {sum(words[n][0] == 'passes both ways' for n in members)} |")
        lines += ["", "| stressor | classes | | reason |", "|---|---|---|---|"]
        lines += [f"| {n} | {', '.join(rows[n])} | {s} | {w} |" for n, (s, w) in words.items() if s != "passes both ways"]
        lines += ["", "Pass both ways: " + ", ".join(n for n in words if words[n][0] == "passes both ways") + "."]
        with open(os.path.join(self.context.out, "stress.md"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")


def judge(status, text):
    said = re.sub(r"stress-ng: (\w+): +\[\d+\] ", r"\1: ", text)
    lines = [x for x in said.splitlines() if x.startswith(("fail:", "error:", "warn:")) or "skipp" in x]
    reason = "; ".join(dict.fromkeys(re.sub(r"\b\d{3,}\b", "N", x) for x in lines))[:300].replace("|", "/")
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


def cases(context):
    return [Case("stress/" + kind, class_of(kind), 2) for kind in CLASSES]
