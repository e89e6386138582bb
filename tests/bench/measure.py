"""Measurements beside the table: host instructions per guest instruction, and the size of regions.

density: valgrind's lackey counts the host instructions of a whole run, whatever stacks and patched code
it uses (callgrind follows calls and returns, which translated code has of its own, and loses some); the
interpreter, one instruction a block, counts the guest's. Each is taken at two sizes of the work: the
quotient of the differences is free of start-up, translation and the C library's setting up, so it is what
the hot code costs, stubs and helpers included. valgrind's processor has AVX2, BMI2 and FMA, no AVX-512.

regions: the same binary with -region-blocks 1, 2, 4, 8, in turns.
"""
import os
import re
import statistics
import subprocess

REGION_ITEMS = ["indirect calls", "recursion", "integer mix", "switch machine", "lua 5.4 static", "cc1 -O1",
                "python3", "gzip"]
REGION_SIZES = [1, 2, 4, 8]


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
