"""python3's own tests (Debian's libpython3.11-testsuite), module by module: what passes natively passes for the
guest. `make check-long`; tests/guest/fetch.sh DIR python-tests gets a root for arm64 and the same for amd64.

Both run in `myna run` as an ordinary user inside (tests/programs/pytests/start.py), so names, namespaces,
limits and packages are the same; the programs of amd64 are the host's own there. The list of modules is
tests/programs/pytests/modules.list; the outcome of each single test is python's own record (--junit-xml). A
module has 120 s natively (of a core of its own: more under load), and six times its native time as guest (at
its end the stacks of all guest threads are shown).

A failure of a test that passes natively is repeated alone, three times: load can break a test on either side. What
fails each time is a failure of the case; what passed once counts as passing and is listed as unsteady. A test
skipped by the guest only must be in tests/programs/pytests/explained.list, with the reason.

Each module's outcome stays in BUILD/check/pytests, by the binary that made it (natively by the packages): what
is stopped goes on where it was. python.txt there is the list of all that isn't simply a pass on both sides."""
import contextlib
import fnmatch
import hashlib
import json
import os
import re
import shutil
import time
import xml.etree.ElementTree

from .base import Case, Fail, Skip, run, within
from .containers import front, own

DATA = "tests/programs/pytests"
GROUPS = ("threads", "processes", "files", "numbers", "text", "language")
NATIVE_SECONDS, TIMES, LEAST, AGAIN = 120, 6, 90, 3
FAILED = ("error", "failure")
ARCHES = {"native": "amd64", "guest": "arm64"}


def rows(context, name):
    with open(context.path(DATA, name), encoding="utf-8") as f:
        for line in f:
            line = line.split("#")[0].split()
            if line:
                yield line


def explained(context, test, kind):
    """Is the difference of this kind of a test (or module) in the list of those with a reason?"""
    return any(k == kind and fnmatch.fnmatchcase(test, pattern) for k, pattern, *_ in rows(context, "explained.list"))


class Sides:
    """The two roots, made for one case, and what runs in them."""

    def __init__(self, context, folder):
        self.context, self.folder = context, folder
        with open(front(context), "rb") as f:
            self.keys = {"guest": hashlib.sha256(f.read()).hexdigest()[:12]}
        with open(os.path.join(context.build, "guests/python-amd64/.versions"), "rb") as f:
            self.keys["native"] = "native-" + hashlib.sha256(f.read()).hexdigest()[:12]
        shutil.copy(front(context), folder + "/myna")
        shutil.copy(context.path(DATA, "start.py"), folder)
        for arch in ARCHES.values():
            shutil.copytree(os.path.join(context.build, "guests", "python-" + arch),
                            os.path.join(folder, arch), symlinks=True)
        own(folder)
        for arch in ARCHES.values():  # the user inside: the range begins at 1
            home = os.path.join(folder, arch, "home/tester")
            os.makedirs(home + "/out", exist_ok=True)
            for name in (home, home + "/out", os.path.join(folder, arch, "tmp")):
                os.chmod(name, 0o1777)
        os.chmod(folder, 0o755)

    def kept(self, side, module):
        return os.path.join(self.context.out, "pytests", self.keys[side], module + ".json")

    def run(self, side, module, seconds, match=()):
        """Runs a module, or of it the tests named: "state" (its exit status), "seconds", "cpu", "tests" (a
        dictionary of outcomes), "text". seconds: its native time, which decides the guest's limit."""
        root = os.path.join(self.folder, ARCHES[side])
        out = root + "/home/tester/out/result.xml"
        if os.path.exists(out):
            os.unlink(out)
        busy = max(1, os.getloadavg()[0] / (os.cpu_count() or 1))
        limit = int(NATIVE_SECONDS * busy if side == "native" else max(LEAST, TIMES * seconds))
        # regrtest's own limit, a little sooner, shows the stacks of python's threads
        command = [self.context.path("tests/user.sh"), self.folder + "/myna", "run", "--rootfs", root,
                   "--bind", self.folder + "/start.py:/start.py:ro", "/usr/bin/python3", "/start.py", "-W", "--timeout",
                   str(limit - 2), "--junit-xml", "/home/tester/out/result.xml",
                   *[x for m in match for x in ("-m", m)], module]
        command = ["sh", "-c", '"$@"; s=$?; times >&2; exit $s', "sh", *command]
        begun = time.monotonic()
        how = {"env": {"MYNA_CACHE": ""}}  # the persistent cache as users have it, in the user's home inside
        try:
            if side == "native":
                done = run(command, timeout=limit, tail=6000, **how)
            else:
                _, done = within(None, command, TIMES, LEAST, seconds, **how)
            state, text = str(done.status), (done.out + done.err).decode(errors="replace")
        except Fail as e:
            state, text = "no end", str(e)
        used = re.search(r"(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$", text)
        cpu = sum(60 * float(used[i]) + float(used[i + 1]) for i in (1, 3)) if used else 0.0
        tests = {}
        with contextlib.suppress(OSError, xml.etree.ElementTree.ParseError):
            for e in xml.etree.ElementTree.parse(out).getroot().iter("testcase"):
                kinds = [k for k in ("error", "failure", "skipped") if e.find(k) is not None]
                tests[e.get("name")] = kinds[0] if kinds else "failure" if e.get("outcome") else "pass"
        return {"state": state, "seconds": round(time.monotonic() - begun, 1), "cpu": round(cpu, 2), "tests": tests,
                "text": text[-20000:]}

    def outcome(self, side, module):
        """The kept outcome of a module, or a new one."""
        name = self.kept(side, module)
        with contextlib.suppress(OSError, ValueError):
            with open(name, encoding="utf-8") as f:
                return json.load(f)
        if side == "native":
            got = self.run(side, module, None)
            self.repeat(module, got)
        else:
            got = self.run(side, module, self.outcome("native", module)["seconds"])
            self.settle(module, self.outcome("native", module), got)
        os.makedirs(os.path.dirname(name), exist_ok=True)
        with open(name + ".new", "w", encoding="utf-8") as f:
            json.dump(got, f, indent=1)
        os.replace(name + ".new", name)
        return got

    def repeat(self, module, native):
        """What fails natively fails always, or counts as passing: native["unsteady"]."""
        native["unsteady"] = []
        for test in [t for t, o in native["tests"].items() if o in FAILED][:10]:
            if any(self.run("native", module, None, (test,))["tests"].get(test) == "pass" for _ in range(AGAIN)):
                native["tests"][test] = "pass"
                native["unsteady"].append(test)

    def settle(self, module, native, guest):
        """What differs is run again, alone: guest["bad"] has what failed each time, guest["unsteady"] the rest."""
        guest["bad"], guest["unsteady"] = differences(self.context, module, native, guest), []
        for test in list(guest["bad"]):
            match = () if test == module else (test,)
            for _ in range(AGAIN):
                again = self.run("guest", module, native["seconds"], match)
                if not match or not again["tests"]:
                    fine = not differences(self.context, module, native, again)
                else:
                    fine = again["tests"].get(test) == native["tests"][test]
                guest["text"] += f"\n=== {test} again: {again['state']}\n{again['text'][-4000:]}"
                if fine:
                    guest["bad"].remove(test)
                    guest["unsteady"].append(test)
                    break


def differences(context, module, native, guest):
    """Names of tests (or of the module itself, if it hasn't come to its end) that went well natively only."""
    if not guest["tests"] and native["tests"] or guest["state"] == "no end" != native["state"]:
        return [module]
    found = []
    for test, want in native["tests"].items():
        got = guest["tests"].get(test, "missing")
        if want == "pass" and got != want and not (got == "skipped" and explained(context, test, "skip")) \
                and not explained(context, test, "arch"):
            found.append(test)
    if not found and guest["state"] != native["state"] and native["state"] == "0":
        found = [module]
    return found


def group_of(group):
    def test(context):
        context.need_myna()
        for arch in ARCHES.values():
            if not os.path.exists(os.path.join(context.build, "guests", "python-" + arch, ".debs")):
                raise Skip(f"no python with its tests: tests/guest/fetch.sh {context.build}/guests python-tests")
        if not shutil.which("newuidmap"):
            raise Skip("no newuidmap (Debian: uidmap)")
        bad = []
        with context.temp() as folder:
            sides = Sides(context, folder)
            for module in [m for g, m in rows(context, "modules.list") if g == group]:
                native = sides.outcome("native", module)
                guest = sides.outcome("guest", module)
                for test in guest["bad"]:
                    bad.append(f"{module}: {test}: {native['tests'].get(test, native['state'])} natively,"
                               f" {guest['tests'].get(test, guest['state'])} as guest ({sides.kept('guest', module)})")
                summary(context, sides)
        if bad:
            raise Fail(f"{len(bad)} pass natively only\n" + "\n".join(bad)[:6000])
    return test


def summary(context, sides):
    """Writes python.txt from all outcomes kept of this binary."""
    lines, names = [], ("modules", "skipped whole", "tests", "passed", "skipped", "failed on both sides")
    figures = dict.fromkeys(names, 0)
    cpu = dict.fromkeys(ARCHES, 0.0)
    for _, module in rows(context, "modules.list"):
        both = {}
        for side in ARCHES:
            with contextlib.suppress(OSError, ValueError):
                with open(sides.kept(side, module), encoding="utf-8") as f:
                    both[side] = json.load(f)
        if len(both) < 2:
            continue
        native, guest = both["native"], both["guest"]
        for side in ARCHES:
            cpu[side] += both[side]["cpu"]
        outcomes = list(guest["tests"].values())
        figures["modules"] += 1
        figures["tests"] += len(outcomes)
        figures["passed"] += outcomes.count("pass")
        figures["skipped"] += outcomes.count("skipped")
        whole = [line for line in guest["text"].splitlines() if line.startswith(module + " skipped --")]
        figures["skipped whole"] += bool(whole)
        lines += [f"{line} (natively {native['state']})" for line in whole]
        if native["state"] != "0" and not native["tests"]:
            lines.append(f"{module}: natively {native['state']}, guest {guest['state']}")
        for test, was in native["tests"].items():
            now = guest["tests"].get(test, "missing")
            figures["failed on both sides"] += was in FAILED and now in FAILED
            if was != now or was in FAILED:
                lines.append(f"{test}: {was} natively, {now} as guest")
        lines += [f"{test}: {kind}" for kind in ("bad", "unsteady") for test in guest[kind]]
        lines += [f"{test}: unsteady natively" for test in native["unsteady"]]
    figures = ", ".join(f"{n} {name}" for name, n in figures.items())
    ratio = cpu["guest"] / max(cpu["native"], 0.01)
    with open(os.path.join(context.out, "python.txt"), "w", encoding="utf-8") as f:
        f.write(f"{figures}; CPU {cpu['native']:.0f} s natively, {cpu['guest']:.0f} s as guest ({ratio:.2f})\n"
                + "".join(line + "\n" for line in lines))


def cases(context):
    return [Case("pytests/" + group, group_of(group), 2) for group in GROUPS]
