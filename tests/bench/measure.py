"""Measurements beside the table: host instructions per guest instruction, and the size of regions.

density: valgrind's lackey counts the host instructions of a whole run, whatever stacks and patched code
it uses (callgrind follows calls and returns, which translated code has of its own, and loses some); the
interpreter, one instruction a block, counts the guest's. Each is taken at two sizes of the work: the
quotient of the differences is free of start-up, translation and the C library's setting up, so it is what
the hot code costs, stubs and helpers included. valgrind's processor has AVX2, BMI2 and FMA, no AVX-512.

regions: the same binary with -region-blocks 1, 2, 4, 8, in turns.

ablations: the same binary with one technique left out at a time (-accel jit,no=NAME), in turns.
"""
import math
import os
import re
import statistics
import subprocess

REGION_ITEMS = ["indirect calls", "recursion", "integer mix", "switch machine", "lua 5.4 static", "cc1 -O1",
                "python3", "gzip"]
REGION_SIZES = [1, 2, 4, 8]
ABLATION_ITEMS = ["gzip", "lua5.4", "python3", "cc1 -O1", "sqlite3", "luajit", "indirect calls", "recursion", "integer mix",
                  "switch machine", "n-body", "mandelbrot", "vector integers", "vector floats", "string functions",
                  "lua 5.4 static"]
HOST_FEATURES = ["avx512vl", "avx2", "bmi2", "fma", "avx"]  # of the host, left out in turn


def errors_of(bench, command, env):
    done = subprocess.run(command, cwd=bench.input, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, timeout=600, check=False)
    return done.returncode, done.stderr.decode(errors="replace")


def number_in(pattern, status, text, command):
    found = re.search(pattern, text)
    if status != 0 or not found:
        raise RuntimeError(f"status {status} of {' '.join(command)}: {text[-200:].strip()}")
    return int(found[1].replace(",", ""))


def host_instructions(bench, command, env):
    command = ["valgrind", "--tool=lackey", "--smc-check=all", "--basic-counts=yes", *command]
    return number_in(r"guest instrs:\s+([\d,]+)", *errors_of(bench, command, env), command)


def guest_instructions(bench, command, env):
    command = [bench.myna, "-d", "stats", "-accel", "interp", "-one-insn-per-tb", "-L", bench.root, *command]
    return number_in(r"lookups (\d+)", *errors_of(bench, command, env), command)


def density(bench, items, env):
    lines = ["| item | guest instructions | host instructions each | native instructions for one of the guest's |",
             "|---|---|---|---|"]
    for item in items:
        if "density" not in item:
            continue
        counts = []
        for args in item["density"]:
            guest, native = bench.programs(item | {"args": args})
            counts.append((guest_instructions(bench, guest, env),
                           host_instructions(bench, [bench.myna, "-L", bench.root, *guest], env),
                           host_instructions(bench, native, env)))
        guest, host, native = (b - a for a, b in zip(*counts))
        lines.append(f"| {item['name']} | {guest / 1e6:.1f} M | {host / guest:.2f} | {native / guest:.2f} |")
        print(lines[-1], flush=True)
    with open(os.path.join(bench.out, "density.md"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    print(f"{bench.out}/density.md")


def regions(bench, items, env):
    sizes = " | ".join(f"{n} s" for n in REGION_SIZES)
    lines = [f"| item | {sizes} | code KiB | translations |", "|---|" + "---|" * (len(REGION_SIZES) + 2)]
    for item in items:
        guest, _ = bench.programs(item)
        times, facts = {n: [] for n in REGION_SIZES}, []
        for _ in range(bench.args.runs):
            for n in REGION_SIZES:
                cpu, text, _ = bench.measure([bench.myna, "-region-blocks", str(n), "-L", bench.root, *guest], item, 120)
                if cpu is None:
                    raise RuntimeError(f"{item['name']}: {text}")
                times[n].append(cpu)
        for n in REGION_SIZES:
            command = [bench.myna, "-d", "stats", "-region-blocks", str(n), "-L", bench.root, *guest]
            status, text = errors_of(bench, command, env)
            facts.append((number_in(r"code (\d+) KiB", status, text, command),
                          number_in(r"translations (\d+)", status, text, command)))
        lines.append(f"| {item['name']} | " + " | ".join(f"{statistics.median(times[n]):.3f}" for n in REGION_SIZES) + " | "
                     + ", ".join(str(k) for k, _ in facts) + " | " + ", ".join(str(t) for _, t in facts) + " |")
        print(lines[-1], flush=True)
    with open(os.path.join(bench.out, "regions.md"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    print(f"{bench.out}/regions.md")


def without(bench):
    """Names that -accel jit,no= takes here."""
    text = subprocess.run([bench.myna, "-accel", "help"], stdout=subprocess.PIPE, check=True).stdout.decode()
    names = [line.split()[0][3:] for line in text.splitlines() if line.strip().startswith("no=") and "NAME" not in line]
    def has(f):
        return subprocess.run([bench.myna, "-accel", "jit,no=" + f, "-version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode == 0
    return names + [f for f in HOST_FEATURES if has(f)]


def plot(means, worst):
    """A bar for each technique: the geometric mean, and a mark where the item is that gains most."""
    line, left, width = 20, 120, 820
    top = max([v for v, _ in worst.values()] + [2])

    def x(v):
        return left + (width - left - 60) * (max(v, 0.9) - 0.9) / (top - 0.9)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{60 + line * len(means)}" font-family="sans-serif" '
           'font-size="11"><rect width="100%" height="100%" fill="white"/>',
           f'<text x="{left}" y="18" font-size="13">CPU time without a technique, as a ratio to all of them: geometric mean, and the '
           'item it means most to</text>']
    for k, (name, mean) in enumerate(sorted(means.items(), key=lambda m: -m[1])):
        y, (most, item) = 44 + line * k, worst[name]
        out.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{name}</text>'
                   f'<rect x="{x(1):.1f}" y="{y - 6}" width="{max(1, x(mean) - x(1)):.1f}" height="11" fill="#2f6fb0"/>'
                   f'<circle cx="{x(most):.1f}" cy="{y}" r="3.5" fill="#e0a040"/>'
                   f'<text x="{x(most) + 7:.1f}" y="{y + 4}">{mean:.2f}; {most:.2f} {item}</text>')
    return "\n".join(out) + "\n</svg>\n"


def ablations(bench, items, env):
    names = without(bench)
    lines = ["| item | all, s | " + " | ".join(names) + " |", "|---|" + "---|" * (len(names) + 1)]
    ratios = {n: {} for n in names}
    for item in items:
        guest, _ = bench.programs(item)
        times = {n: [] for n in ("", *names)}
        for run in range(bench.args.runs):
            for n in times:
                if run and n == "chain":  # slow, and no close matter
                    continue
                accel = ["-accel", "jit,no=" + n] if n else []
                cpu, text, _ = bench.measure([bench.myna, *accel, "-L", bench.root, *guest], item, 120)
                if cpu is None:
                    print(f"{item['name']} without {n or 'anything left out'}: {text}")
                else:
                    times[n].append(cpu)
        if not times[""]:
            continue
        base = statistics.median(times[""])
        for n in names:
            if times[n]:
                ratios[n][item["name"]] = statistics.median(times[n]) / base
        lines.append(f"| {item['name']} | {base:.3f} | "
                     + " | ".join(f"{ratios[n][item['name']]:.2f}" if times[n] else "too slow" for n in names) + " |")
        print(lines[-1], flush=True)
    means = {n: math.exp(statistics.fmean(math.log(v) for v in r.values())) for n, r in ratios.items() if r}
    worst = {n: max((v, k) for k, v in ratios[n].items()) for n in means}
    lines.append("| **geometric mean** | | " + " | ".join(f"**{means[n]:.3f}**" if n in means else "–" for n in names) + " |")
    print(lines[-1])
    for name, text in (("ablations.md", "\n".join(lines) + "\n"), ("ablations.svg", plot(means, worst))):
        with open(os.path.join(bench.out, name), "w", encoding="utf-8") as f:
            f.write(text)
    print(f"{bench.out}/ablations.md, ablations.svg")
