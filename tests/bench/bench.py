#!/usr/bin/env python3
"""make bench: CPU time of fixed programs native, under two qemus and under myna, in one run.

What is measured is user + system time of the process and all its children and threads (wait4), the
median of --runs runs; the runners take turns, so that a slow moment of the machine hits all of them.
Outputs must agree, or the item counts as wrong. Results go to BUILD/bench/: table.md, table.tsv,
plot.svg and raw.json (every single time). items.py has the list; README.md the reading of the table.
"""
import argparse
import fnmatch
import hashlib
import json
import math
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, "..", ".."))
sys.path.insert(0, HERE)
import measure  # noqa: E402
from items import APART, CLASSES, ITEMS, inputs  # noqa: E402
from plot import draw  # noqa: E402

ENVIRONMENT = {"MYNA_CACHE": "off", "PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/nonexistent", "PYTHONHASHSEED": "0",
               "PERL_HASH_SEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "GIT_CONFIG_NOSYSTEM": "1"}


class Bench:
    def __init__(self, args):
        self.args = args
        self.build = os.path.abspath(args.B)
        self.out = os.path.join(self.build, "bench")
        self.input = os.path.join(self.out, "input")
        self.guests = os.path.join(self.build, "guests")
        self.root = os.path.join(self.guests, "arm64")
        self.cache = os.path.join(self.out, "cache")
        shutil.rmtree(self.cache, ignore_errors=True)
        self.myna = os.path.abspath(args.myna or os.path.join(self.build, "myna-aarch64"))
        self.qemu7 = shutil.which("qemu-aarch64")
        self.qemu10 = os.path.join(self.guests, "qemu10", "usr", "bin", "qemu-aarch64")

        self.launch = self.compile("launch", "gcc", ["-O2"], [os.path.join(HERE, "launch.c")])

    def fetch(self, *what):
        subprocess.run([os.path.join(TOP, "tests/guest/fetch.sh"), self.guests, *what], check=True)

    def compile(self, target, compiler, flags, sources):
        path = os.path.join(self.out, "bin", target)
        if not os.path.exists(path) or any(os.path.getmtime(s) > os.path.getmtime(path) for s in sources):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            subprocess.run([compiler, *flags, "-static", "-w", "-o", path, *sources, "-lm"], check=True)
        return path

    def programs(self, item):
        """The guest's and the native command of an item."""
        if "program" in item:
            return ([self.root + item["program"], *item["args"]],
                    [item.get("native", item["program"]), *item["args"]])
        if item.get("lua"):
            self.fetch("src", "lua5.4")
            src = os.path.join(self.guests, "src", "lua5.4", "src")
            sources = sorted(os.path.join(src, n) for n in os.listdir(src)
                             if n.endswith(".c") and n not in ("luac.c", "onelua.c", "ltests.c"))
            # A header that Debian's own build makes: where compiled modules would be looked for.
            include = os.path.join(self.out, "include")
            os.makedirs(include, exist_ok=True)
            with open(os.path.join(include, "lua5.4-deb-multiarch.h"), "w", encoding="utf-8") as f:
                f.write('#define DEB_HOST_MULTIARCH "none"\n')
            flags, stem = ["-O2", "-DLUA_USE_POSIX", "-DLUA_COMPAT_5_3", "-I" + src, "-I" + include], "lua54"
        else:
            sources, flags = [os.path.join(HERE, "src", item["source"])], item["flags"]
            stem = item["source"][:-2]
        guest = self.compile(stem + "-aarch64", "aarch64-linux-gnu-gcc", flags, sources)
        native = self.compile(stem + "-native", "gcc", flags, sources)
        return [guest, *item["args"]], [native, *item["args"]]

    def measure(self, command, item, timeout, extra=None, warm=False):
        """(seconds of CPU, digest of the output, resident KB) or (None, reason, 0)."""
        env = dict(ENVIRONMENT)
        env.update(item.get("env", {}))
        env.update(extra or {})
        if warm or item.get("warm"):
            env["MYNA_CACHE"] = self.cache
        with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
            done = subprocess.run([self.launch, str(item.get("repeat", 1)), str(timeout), out.name, err.name, *command],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=self.input, env=env, check=True)
            status, micro, resident = map(int, done.stdout.split())
            if status != 0:
                lines = err.read()[-2000:].decode(errors="replace").strip().splitlines()
                kind = f"signal {-status}" if status < 0 else f"status {status}"
                return None, kind + (": " + lines[-1][:90] if lines else ""), 0
            digest = hashlib.sha256()
            while block := out.read(1 << 20):
                digest.update(block)
        return micro / 1e6, digest.hexdigest(), resident

    def runners(self):
        r = {"native": None, "qemu7": [self.qemu7, "-L", self.root], "qemu10": [self.qemu10, "-L", self.root],
             "myna": [self.myna, *self.args.myna_options.split(), "-L", self.root]}
        if not self.qemu7 or self.args.no_qemu:
            del r["qemu7"]
        if self.args.no_qemu or self.args.quick:
            del r["qemu10"]
        if not os.access(self.myna, os.X_OK):
            print(f"{self.myna} is not there: measuring without it", file=sys.stderr)
            del r["myna"]
        return r

    @staticmethod
    def expand(command, name, prefix):
        """Fills in {runner} and {program} (items.py)."""
        program = command[len(prefix or [])]
        out = []
        for word in command:
            if word == "{runner}":
                out += prefix if name.startswith("qemu") else []
            else:
                out.append(program if word == "{program}" else word)
        return out

    def run_item(self, item, runners):
        guest, native = self.programs(item)
        result = {"name": item["name"], "class": item["klass"], "times": {}, "why": {}, "resident": {}}
        digests = {}
        limit = item.get("limited")
        more = {"limited": None} if limit else {}
        if "myna" in runners:  # not measured: fills the persistent cache
            self.measure([*runners["myna"], *guest], item, 120, warm=True)
            if not item.get("warm"):
                more["warm"] = runners["myna"]
        for _ in range(self.args.runs):
            for name, prefix in (runners | more).items():
                if name in result["why"]:
                    continue
                command = self.expand(native if prefix is None else [*prefix, *guest], name, prefix)
                if name == "limited" and isinstance(limit, list):
                    command[1:1] = limit
                cpu, text, resident = self.measure(command, item, 120,
                                                   limit if name == "limited" and isinstance(limit, dict) else None,
                                                   name == "warm")
                if cpu is None:
                    result["why"][name] = text
                    result["times"].pop(name, None)
                    continue
                if digests.setdefault(name, text) != text:
                    result["why"][name] = "output changes from run to run"
                result["times"].setdefault(name, []).append(cpu)
                result["resident"][name] = max(result["resident"].get(name, 0), resident)
        reference = next((digests[n] for n in ("qemu7", "qemu10", "native") if n in digests), None)
        for name in list(digests):
            if name in ("native", "limited") and not item.get("compare", True):
                continue
            if digests[name] != reference and name not in result["why"]:
                result["why"][name] = "wrong output"
                if name in ("myna", "warm"):
                    result["times"].pop(name, None)
        return result


def geometric(values):
    values = [v for v in values if v]
    return math.exp(statistics.fmean(math.log(v) for v in values)) if values else None


def rows_of(results):
    """Per item: name, class, medians in seconds by runner, ratios to native, myna against the faster qemu: gain without, warm with
    the persistent cache."""
    rows = []
    for r in results:
        med = {n: statistics.median(t) for n, t in r["times"].items()}
        base = med.get("native")
        ratio = {n: v / base for n, v in med.items() if base and n not in ("native", "limited")}
        qemu = min((med[n] for n in ("qemu7", "qemu10") if n in med), default=None)
        gain = qemu / med["myna"] if qemu and "myna" in med else None
        warm = qemu / med["warm"] if qemu and "warm" in med else None
        rows.append({"name": r["name"], "class": r["class"], "seconds": med, "ratio": ratio, "gain": gain, "warm": warm,
                     "why": r["why"], "resident": r["resident"]})
    return rows


def number(v, digits=2, unit=""):
    return "–" if v is None else f"{v:.{digits}f}{unit}"


def summary(rows, chosen):
    return {n: geometric([x["ratio"].get(n) for x in chosen]) for n in ("qemu7", "qemu10", "myna", "warm")} | {
        "gain": geometric([x["gain"] for x in chosen]), "warm gain": geometric([x["warm"] for x in chosen]),
        "count": sum(1 for x in chosen if "myna" in x["ratio"]),
        "of": len(chosen)}


def mean_row(what, s):
    cells = [number(s[n]) for n in ("qemu7", "qemu10", "myna")] + [number(s["gain"], 2, "×"), number(s["warm"]),
                                                                   number(s["warm gain"], 2, "×")]
    return f"| **{what}** ({s['count']} of {s['of']} run) | | " + " | ".join(f"**{c}**" for c in cells) + " | geometric mean |"


def table(rows, facts):
    out = ["# make bench", "", *facts, "",
           "CPU seconds (median); ratios to native; gain: the faster qemu's time over myna's. myna: without its persistent cache; "
           "warm: a second run with it, as it is by default.", "",
           "| item | native s | qemu 7.2 | qemu 10.0 | myna | gain | warm | gain | remark |", "|---|---|---|---|---|---|---|---|---|"]
    for klass in CLASSES:
        chosen = [r for r in rows if r["class"] == klass]
        if not chosen:
            continue
        for r in chosen:
            remark = "; ".join(("does not run: " if n == "myna" and n not in r["seconds"] else n + ": ") + w
                               for n, w in r["why"].items())
            out.append(f"| {r['name']} | {number(r['seconds'].get('native'), 3)} | {number(r['ratio'].get('qemu7'))} | "
                       f"{number(r['ratio'].get('qemu10'))} | {number(r['ratio'].get('myna'))} | "
                       f"{number(r['gain'], 2, '×')} | {number(r['ratio'].get('warm'))} | {number(r['warm'], 2, '×')} | "
                       f"{remark.replace('|', '/')} |")
        out.append(mean_row(klass, summary(rows, chosen)))
    out.append(mean_row("all", summary(rows, rows)))
    t = summary(rows, [r for r in rows if r["class"] not in APART])
    if 0 < t["of"] < len(rows):
        out.append(mean_row("all but " + " and ".join(APART), t))
    limited = [r for r in rows if "limited" in r["seconds"] and "myna" in r["seconds"]]
    if limited:
        out += ["", "Against native programs that are told to use nothing beyond SSE4.2 (and AES, SHA instructions):", "",
                "| item | native limited s | myna | warm |", "|---|---|---|---|"]
        for klass in CLASSES:
            chosen = [r for r in limited if r["class"] == klass]
            ratios = {n: [r["seconds"][n] / r["seconds"]["limited"] if n in r["seconds"] else None for r in chosen]
                      for n in ("myna", "warm")}
            out += [f"| {r['name']} | {number(r['seconds']['limited'], 3)} | {number(v)} | {number(w)} |"
                    for r, v, w in zip(chosen, ratios["myna"], ratios["warm"])]
            if chosen:
                out.append(f"| **{klass}** ({len(chosen)} that can be told) | | **{number(geometric(ratios['myna']))}** | "
                           f"**{number(geometric(ratios['warm']))}** |")
    small = [r for r in rows if r["class"] in APART]
    if small:
        # A fork item's work is a count of its own.
        repeat = {i["name"]: int(i["args"][1]) if i["klass"] == APART[1] else i.get("repeat", 1) for i in ITEMS}
        out += ["", "CPU milliseconds a start (or a child) and resident megabytes:", "",
                "| | native | qemu 7.2 | qemu 10.0 | myna |", "|---|---|---|---|---|"]
        for r in small:
            cells = [f"{r['seconds'][n] / repeat[r['name']] * 1000:.2f} ms, {r['resident'][n] / 1024:.1f} MB"
                     if n in r["seconds"] else "–" for n in ("native", "qemu7", "qemu10", "myna")]
            out.append(f"| {r['name']} | " + " | ".join(cells) + " |")
    return "\n".join(out) + "\n"


def tsv(rows):
    names = ("native", "qemu7", "qemu10", "myna", "warm")
    lines = ["item\tclass\t" + "\t".join(n + "_s" for n in names) + "\tgain\tremark"]
    for r in rows:
        lines.append("\t".join([r["name"], r["class"], *(number(r["seconds"].get(n), 4) for n in names),
                                number(r["gain"], 3), "; ".join(f"{n}: {w}" for n, w in r["why"].items())]))
    return "\n".join(lines) + "\n"


def facts_of(bench, runs):
    """What the figures hang on: machine, versions, revision."""
    def first(command):
        try:
            return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=TOP,
                                  check=False).stdout.decode().splitlines()[0].strip()
        except (OSError, IndexError):
            return "none"
    cpu = next((x.split(":")[1].strip() for x in open("/proc/cpuinfo", encoding="utf-8") if x.startswith("model name")),
               platform.machine())
    facts = [f"{os.cpu_count()} CPUs, {cpu}; Linux {platform.release()}; {time.strftime('%Y-%m-%d')}; "
             f"median of {runs}; myna {first(['git', 'rev-parse', '--short', 'HEAD'])}; "
             + "; ".join(re.sub(r" \(Debian.*", "", first([q, "--version"])) for q in (bench.qemu7, bench.qemu10) if q)]
    versions = os.path.join(bench.root, ".versions")
    differ = []
    if os.path.exists(versions):
        for name in open(versions, encoding="utf-8").read().split():
            package, version, _ = name.split("_")
            native = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, check=False).stdout.decode()
            if native and native.split(":")[-1].split("+b")[0] != version.split(":")[-1].split("+b")[0] and any(
                    os.path.basename(i.get("program", "")) == package for i in ITEMS):
                differ.append(f"{package} {native} natively, {version} as guest")
    if differ:
        facts += ["", "Versions differ: " + "; ".join(differ) + "."]
    return facts


def callgrind(bench, item):
    """Instructions of native and of myna under valgrind; translated code counts (--smc-check=all)."""
    guest, native = bench.programs(item)
    for name, command in (("native", native), ("myna", [bench.myna, "-L", bench.root, *guest])):
        out = os.path.join(bench.out, f"callgrind.{name}")
        done = subprocess.run(["valgrind", "--tool=callgrind", "--smc-check=all", "--callgrind-out-file=" + out, *command],
                              cwd=bench.input, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False)
        refs = re.search(rb"Collected : (\d+)", done.stderr)
        print(f"{item['name']}: {name}: " + (f"{int(refs[1]):,} instructions; callgrind_annotate {out}" if refs
              and done.returncode == 0 else "does not run under valgrind: " + done.stderr.decode()[-200:].strip()))


def main():
    p = argparse.ArgumentParser(description="myna's benchmark")
    p.add_argument("-B", default="build")
    p.add_argument("--only", default="*", help="names or classes, comma-separated globs")
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--quick", action="store_true", help="one run, no qemu 10")
    p.add_argument("--no-qemu", action="store_true", help="native and myna only")
    p.add_argument("--myna", help="the binary (BUILD/myna-aarch64)")
    p.add_argument("--myna-options", default="", help="put before -L")
    p.add_argument("--callgrind", action="store_true", help="count instructions by valgrind instead")
    p.add_argument("--density", action="store_true", help="host instructions per guest instruction instead")
    p.add_argument("--regions", action="store_true", help="myna with regions of 1, 2, 4, 8 blocks instead")
    p.add_argument("--ablations", action="store_true", help="myna with each technique left out in turn instead")
    p.add_argument("--list", action="store_true")
    args = p.parse_args()
    if args.quick:
        args.runs = 1
    patterns = [x.strip() for x in args.only.split(",")]
    chosen = [i for i in ITEMS if any(fnmatch.fnmatch(i["name"], x) or fnmatch.fnmatch(i["klass"], x) for x in patterns)]
    if args.list or not chosen:
        print("\n".join(f"{i['name']:22} {i['klass']}" for i in ITEMS))
        return 0 if args.list else 2
    bench = Bench(args)
    bench.fetch("arm64")
    if args.regions and args.only == "*":
        chosen = [i for i in ITEMS if i["name"] in measure.REGION_ITEMS]
    if args.ablations and args.only == "*":
        chosen = [i for i in ITEMS if i["name"] in measure.ABLATION_ITEMS]
    if not (args.quick or args.no_qemu or args.callgrind or args.density or args.regions or args.ablations):
        bench.fetch("qemu10")
    inputs(bench.input)
    for wanted, how in ((args.density, measure.density), (args.regions, measure.regions), (args.ablations, measure.ablations)):
        if wanted:
            how(bench, chosen, ENVIRONMENT)
            return 0
    if args.callgrind:
        for item in chosen:
            callgrind(bench, item)
        return 0
    runners = bench.runners()
    results = []
    begun = time.monotonic()
    for item in chosen:
        result = bench.run_item(item, runners)
        results.append(result)
        cells = [f"{n} {statistics.median(t):.3f}" for n, t in result["times"].items()]
        cells += [f"{n}: {w}" for n, w in result["why"].items()]
        print(f"{item['name']:20} " + "  ".join(cells), flush=True)
    rows = rows_of(results)
    os.makedirs(bench.out, exist_ok=True)
    text = table(rows, facts_of(bench, args.runs))
    for name, body in (("table.md", text), ("table.tsv", tsv(rows)), ("raw.json", json.dumps(results, indent=1)),
                       ("plot.svg", draw(rows, CLASSES))):
        with open(os.path.join(bench.out, name), "w", encoding="utf-8") as f:
            f.write(body)
    print("\n" + text)
    print(f"{time.monotonic() - begun:.0f} s; {bench.out}/table.md, table.tsv, plot.svg, raw.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
