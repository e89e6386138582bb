"""glibc's own tests of nptl, signal, io, posix, time, rt, misc and sysvipc, built for arm64
(tests/guest/glibc.sh): every test that passes under qemu-aarch64 (QEMU 10, or the installed one) must
pass under myna (docs/glibc-tests.md). The recipes are those of glibc's
makefiles with the emulator as test-wrapper; a test's exit status is its result (77: the system lacks what
it tests). All run as an ordinary user with processes, System V IPC and message queues of their own. BUILD/check/glibc/
has one line a test: results.tsv (kept: a run that is stopped goes on where it was, and one that follows
repeats what failed under myna; a new build of myna begins its column anew) and SUBDIR.txt, both sides
side by side. Time limit: six times the test's own (20 s unless it says another);
past it, the test runs once more with -watchdog, whose stacks are kept in BUILD/check/glibc/myna.

A test may need several tries on a loaded machine (three at most); the table says how many it took."""
import concurrent.futures
import os
import re
import threading
import time

from .base import Case, Fail, Skip, run, within

SUBDIRS = ["nptl", "signal", "io", "posix", "time", "rt", "misc", "sysvipc"]
TRIES = 3
WORDS = {0: "pass", 77: "unsupported"}
RECIPE = re.compile(r";\s*(?:\.\./)+(?:\./)?scripts/evaluate-test\.sh (\S+) \$\? (true|false) (true|false) >.*", re.S)

# Not run: the pretty printers are Python in gdb that debugs the test, and gdb's own process is the emulator.
LEFT_OUT = re.compile(r"-printers$")


class Results:
    """The kept table: (side, test) -> (word, tries, seconds)."""

    def __init__(self, path, stamp):
        self.path, self.stamp, self.rows, self.lock = path, stamp, {}, threading.Lock()
        if os.path.exists(path):
            for line in open(path, encoding="utf-8"):
                side, of, test, word, tries, seconds = line.rstrip("\n").split("\t")
                if side != "myna" or of == stamp:
                    self.rows[side, test] = word, int(tries), float(seconds)

    def add(self, side, test, word, tries, seconds):
        with self.lock:
            self.rows[side, test] = word, tries, seconds
            with open(self.path, "a", encoding="utf-8") as f:
                of = self.stamp if side == "myna" else "-"
                f.write(f"{side}\t{of}\t{test}\t{word}\t{tries}\t{seconds:.1f}\n")


def recipes(folder, sub):
    """[(test, shell text)] of what `make -n` printed."""
    path = os.path.join(folder, sub + ".make")
    text = open(path, encoding="utf-8", errors="replace").read().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        end = RECIPE.search(line)
        if end and "$EMULATOR" in line:
            found[end[1]] = line[:end.start()]
    return sorted(found.items())


# Seconds where the test sets itself none that means anything (its TIMEOUT is in other units).
LIMITS = {"nptl/tst-pthread-timedlock-lockloop": 60}


def own_limit(folder, test):
    """The test's TIMEOUT in seconds: its source or what that includes says it, or it is 20."""
    if test in LIMITS:
        return LIMITS[test]
    sub, name = test.split("/", 1)
    for d in (sub, "sysdeps/pthread", "sysdeps/unix/sysv/linux", "sysdeps/unix/sysv/linux/aarch64", "sysdeps/nptl"):
        path = os.path.join(folder, "src", d, name + ".c")
        for _ in range(4):
            if not os.path.exists(path):
                break
            text = open(path, encoding="utf-8", errors="replace").read()
            if found := re.search(r"#\s*define\s+TIMEOUT\s+\(?(\d+)", text):
                return int(found[1])
            more = re.search(r'#\s*include\s+[<"](?:nptl/|\.\./\w+/)?([\w-]+)\.c[>"]', text)
            if not more:
                return 20
            path = os.path.join(os.path.dirname(path), more[1] + ".c")
    return 20


def attempt(context, folder, test, recipe, emulate, watched):
    """(word, what it wrote). watched: with the watchdog, a thread more in /proc/self/task."""
    sub = test.split("/", 1)[0]
    limit = own_limit(folder, test)
    with context.temp() as d:
        os.chmod(d, 0o777)
        out = os.path.join(d, "out")
        command = recipe.replace(os.path.join(folder, "build", test + ".out"), out)
        command = command.replace("$EMULATOR", context.path("tests/guest/emulate.sh"))
        # Processes of its own too: what is left at the limit ends. The shell stays, as their first.
        spaces = ["unshare", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
        if os.getuid() != 0:
            spaces[1:1] = ["--user", "--map-current-user"]
        wrapped = [*spaces, context.path("tests/user.sh"), "sh", "-c",
                   f"cd {folder}/src/{sub} && {{ {command}; }}; exit $?"]
        env = {"EMULATE": emulate, "TIMEOUTFACTOR": "7", "TMPDIR": d, "HOME": "/"}
        try:
            if watched:
                _, done = within(None, wrapped, seconds=limit, env=env)
            else:
                done = run(wrapped, timeout=6 * limit, env=env)
            word, text = WORDS.get(done.status, f"status {done.status}"), done.out + done.err
        except Fail as e:
            word, text = "no end", str(e).encode()
        if os.path.exists(out):
            text += open(out, "rb").read()
        return word, text.decode(errors="replace")


def one(context, folder, results, side, emulate, test, recipe):
    had = results.rows.get((side, test))
    if had and (side != "myna" or had[0] in WORDS.values()):
        return
    begun = time.monotonic()
    watched = False
    for tries in range(1, TRIES + 1):
        word, text = attempt(context, folder, test, recipe, emulate, watched)
        if word in WORDS.values() or watched or (word == "no end" and side != "myna"):
            break
        watched = word == "no end"
    results.add(side, test, word, tries, time.monotonic() - begun)
    if word not in WORDS.values():
        d = os.path.join(context.out, "glibc", side)
        os.makedirs(d, exist_ok=True)
        with open(os.path.join(d, test.replace("/", "-") + ".log"), "w", encoding="utf-8") as f:
            f.write(f"{word}\nexport EMULATE='{emulate}' EMULATOR={context.path('tests/guest/emulate.sh')}\n"
                    f"cd {folder}/src/{test.split('/', 1)[0]} && {recipe}\n{text}\n")


def sides(context):
    """name -> the emulator with a root, whose /bin/sh is what system(3) runs"""
    found = {"myna": f"{context.myna} -L {context.root}"}
    ten = os.path.join(context.build, "guests", "qemu10", "usr", "bin", "qemu-aarch64")
    if os.path.exists(ten):
        found["qemu10"] = f"{ten} -L {context.root}"
    found["qemu7"] = f"{context.qemu} -L {context.root}"
    return found


def subdir_case(sub):
    def test(context):
        context.need_myna()
        context.need_root()
        folder = os.path.realpath(os.path.join(context.build, "guests", "glibc-tests"))
        if not os.path.exists(os.path.join(folder, sub + ".make")):
            raise Skip(f"not built: tests/guest/fetch.sh {context.build}/guests glibc-tests")
        out = os.path.join(context.out, "glibc")
        os.makedirs(out, exist_ok=True)
        with context.once("glibc"):
            binary = os.stat(context.myna)
            results = Results(os.path.join(out, "results.tsv"), f"{binary.st_size}.{int(binary.st_mtime)}")
        todo = [(t, r) for t, r in recipes(folder, sub) if not LEFT_OUT.search(t)]
        if not todo:
            raise Fail(f"{folder}/{sub}.make names no test")
        all_sides = sides(context)
        for side, emulate in all_sides.items():
            # The second qemu is asked only what the first doesn't pass.
            some = [t for t in todo if side != "qemu7" or "qemu10" not in all_sides
                    or results.rows["qemu10", t[0]][0] != "pass"]
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda t: one(context, folder, results, side, emulate, *t), some))
        table, bad, counts = [], [], {s: 0 for s in all_sides}
        both = more = 0
        for t, _ in todo:
            row = {s: results.rows.get((s, t), ("-", 1, 0)) for s in all_sides}
            for s in all_sides:
                counts[s] += row[s][0] == "pass"
            qemu = any(row[s][0] == "pass" for s in all_sides if s != "myna")
            both += qemu and row["myna"][0] == "pass"
            more += not qemu and row["myna"][0] == "pass"
            if qemu and row["myna"][0] != "pass":
                bad.append(f"{t}: {row['myna'][0]}")
            table.append(t + "".join(f"\t{s} {row[s][0]}" + (f" ({row[s][1]} tries)" if row[s][1] > 1 else "")
                                     for s in all_sides))
        with open(os.path.join(out, sub + ".txt"), "w", encoding="utf-8") as f:
            f.writelines(line + "\n" for line in table)
        print(f"glibc/{sub}: {len(todo)} tests; pass: " + ", ".join(f"{s} {n}" for s, n in counts.items())
              + f"; myna and a qemu {both}, myna alone {more}, a qemu alone {len(bad)}", flush=True)
        if bad:
            raise Fail(f"{len(bad)} of {len(todo)} pass under qemu alone ({out}/myna has what they wrote):\n"
                       + "\n".join(bad[:40]))
    return test


def cases(context):
    return [Case("glibc/" + sub, subdir_case(sub), 2) for sub in SUBDIRS]
