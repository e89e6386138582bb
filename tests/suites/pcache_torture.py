"""The persistent cache under torture (check-long, `pcache/torture-*`): 200 processes at once on a cold cache, kill -9
at random, full disks, 10,000 damaged files, files edited in place with their times restored, the same path with
other content on an overlay. Expected values: runs without the cache, and the values that the edits put in."""
import os
import random
import shlex
import shutil
import subprocess
import time

from .base import ENVIRONMENT, Case, Fail, Skip, build, compare, run
from .pcache import cross, damage, files, loaded, many, mutations, result, with_cache

AT_ONCE, ROUNDS, KILLS, EDITS = 200, 3, 1000, 300
PYTHON = ["usr/bin/python3", "-S", "-c", "import re, struct; print(re.sub('a+', 'b', 'caab'), hash(2.5), 7 ** 77 % 1001)"]
JOBS = [["usr/bin/true"], PYTHON, ["usr/bin/bash", "-c", "x=$(echo a | tr a b); (exit 3); echo $x $?"],
        ["usr/bin/gawk", "BEGIN { for (i = 0; i < 300; i++) s = s i * 7 % 13; print s }"]]

# A library of small functions, each of which returns a number that stands in one instruction.
LIBRARY = "".join(f"__attribute__((noinline)) int f{k}(void) {{ __asm__ volatile(\"\"); return {1000 + k}; }}\n"
                  for k in range(64))
CALLER = "#include <stdio.h>\n" + "".join(f"int f{k}(void);\n" for k in range(64)) + \
    "int main(void) {\n" + "".join(f"    printf(\"%d \", f{k}());\n" for k in range(64)) + "    return 0;\n}\n"


def jobs(context):
    context.need_root()
    context.need_myna()
    return [[os.path.join(context.root, j[0]), *j[1:]] for j in JOBS]


def wanted(context, job):
    return run([context.myna, "-cache", "off", "-L", context.root, *job])


def start(context, cache, job):
    return subprocess.Popen([context.myna, "-L", context.root, "-cache", cache, *job], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, start_new_session=True)


def check(p, want, what):
    out, err = p.communicate(timeout=300)
    if (p.returncode, out, err) != (want.status, want.out, want.err):
        raise Fail(f"{what}: status {p.returncode}, {out[:200]} {err[:300]}")


def stop(procs):
    for p in procs:
        if p.poll() is None:
            p.kill()
        p.communicate()


def all_right(context, cache, job, want, found_some=True):
    """A last run by itself: right, and of what the others have left."""
    found, _, _ = loaded(with_cache(context, cache, job, "-d", "stats"))
    compare(with_cache(context, cache, job), want, "the run without a cache", ("status", "out", "err"))
    if found_some and not found:
        raise Fail(f"nothing was loaded at the end by {job[0]}")


def parallel(context):
    """200 processes of two programs at once, none of which finds a cache."""
    work = jobs(context)[:2]
    want = [wanted(context, j) for j in work]
    for round_ in range(ROUNDS):
        with context.temp() as d:
            procs = [start(context, d + "/cache", work[k % 2]) for k in range(AT_ONCE)]
            try:
                for k, p in enumerate(procs):
                    check(p, want[k % 2], f"round {round_}, process {k}")
            finally:
                stop(procs)
            for j, w in zip(work, want):
                all_right(context, d + "/cache", j, w)
            if [f for f in files(d + "/cache") if not f.endswith(".tc")]:
                raise Fail(f"left over: {files(d + '/cache')}")


def killed(context):
    """Eight processes at a time, each second one killed at a random moment of its life."""
    work, rng = jobs(context), random.Random(11)
    want = [wanted(context, j) for j in work]
    with context.temp() as d:
        cache, kills = d + "/cache", 0
        while kills < KILLS:
            if rng.randrange(24) == 0:
                shutil.rmtree(cache, ignore_errors=True)
            procs, begun = [], time.monotonic()
            for k in range(8):
                n = rng.randrange(len(work))
                procs.append((start(context, cache, work[n]), n, k % 2 and rng.random() * 0.25))
            try:
                for p, n, at in sorted(procs, key=lambda x: x[2]):
                    if at:
                        time.sleep(max(0, begun + at - time.monotonic()))
                        if p.poll() is None:
                            os.killpg(p.pid, 9)
                            kills += 1
                for p, n, at in procs:
                    if not at:
                        check(p, want[n], f"beside {kills} killed ones")
            finally:
                stop([p for p, _, _ in procs])
        for j, w in zip(work, want):
            compare(with_cache(context, cache, j), w, "the run without a cache", ("status", "out", "err"))
            all_right(context, cache, j, w)


def disk_full(context):
    """File systems of sizes at which each stage of a write fails, one process after another and 20 at once."""
    work = jobs(context)
    with context.temp() as d:
        os.mkdir(d + "/cache")
        for size in (0, 4, 16, 64, 200, 700, 1500, 3000, 6000):
            lines = [shlex.join(j) for j in work]
            mine = f"'{context.myna}' -L '{context.root}' -cache '{d}/cache'"
            script = f"mount -t tmpfs -o size={max(size, 4)}k,mode=700 none {d}/cache || exit 77\n"
            if not size:
                script += f"head -c 4096 /dev/zero >{d}/cache/full\n"
            script += f"for k in 1 2 3; do {'; '.join(f'{mine} {j}' for j in lines)}; done\n"
            script += f"for k in 1 2 3 4 5; do {' '.join(f'{mine} {j} >{d}/out.$k.{n} 2>&1 &' for n, j in enumerate(lines))} done\n"
            script += f"wait; cat {d}/out.*; ls -A {d}/cache | grep -vc '[.]tc$'\n"
            want = [wanted(context, j).out for j in work]
            full = b"".join(want) * 3 + b"".join(want) * 5 + (b"0\n" if size else b"1\n")
            got = run(["unshare", "--mount", "sh", "-c", script], timeout=300)
            if got.status == 77 or b"unshare" in got.err:
                raise Skip("no tmpfs can be mounted here")
            if got.out != full or got.err:
                raise Fail(f"{size} KiB: {got.out[-500:]} {got.err[-500:]}")


def mutated(context, count, seed):
    """Damaged files of dynamic programs, several at once in the folder."""
    work, rng = jobs(context)[:1], random.Random(seed)
    want = [wanted(context, j) for j in work]
    with context.temp() as d:
        cache = d + "/cache"
        for j in work:
            with_cache(context, cache, j)
        names = files(cache)
        kept = {}
        for name in names:
            with open(name, "rb") as f:
                kept[name] = f.read()
        for k in range(count):
            for name in names:
                data = kept[name]
                for _ in range(rng.randrange(1, 4)):
                    data = damage(rng, data) or b"x"
                with open(name, "wb") as f:
                    f.write(data)
            n = rng.randrange(len(work))
            p = start(context, cache, work[n])
            check(p, want[n], f"mutation {k} of seed {seed}")


def dynamic(seed):
    return lambda context: mutated(context, 500, seed)


def library(context):
    """Programs with the library above: (folder's content by name)."""
    out = os.path.join(context.out, "pcache")
    os.makedirs(out, exist_ok=True)
    for name, text in (("edits.c", LIBRARY), ("caller.c", CALLER)):
        path = os.path.join(out, name)
        with context.once(path):
            if not os.path.exists(path):
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
    lib = build(context, out + "/libedits.so", [out + "/edits.c"],
                ["aarch64-linux-gnu-gcc", "-O2", "-shared", "-fPIC", "-Wl,-soname,libedits.so", "-o", out + "/libedits.so", out + "/edits.c"])
    program = build(context, out + "/caller", [out + "/caller.c", lib],
                    ["aarch64-linux-gnu-gcc", "-O0", "-o", out + "/caller", out + "/caller.c", lib, "-Wl,-rpath,$ORIGIN"])
    return program, lib


def place_of(data, k):
    """Offset of f_k's one instruction that has its number."""
    word = (0x52800000 | (1000 + k) << 5).to_bytes(4, "little")
    at = data.index(word)
    if data.find(word, at + 4) >= 0:
        raise Fail("the library has a number twice")
    return at


def edited(context):
    """A shared library edited in place, its times restored: single functions, again and again, some back to what
    they were. Each run has the numbers that stand in it at that moment."""
    program, lib = library(context)
    rng = random.Random(3)
    with context.temp() as d:
        for f in (program, lib):
            shutil.copy(f, d)
        own, command = d + "/libedits.so", [d + "/caller"]
        with open(own, "rb") as f:
            data = f.read()
        places = [place_of(data, k) for k in range(64)]
        value = [1000 + k for k in range(64)]
        options = ("-L", context.sysroot)
        for n in range(EDITS):
            before = os.stat(own)
            with open(own, "r+b") as f:
                for k in rng.sample(range(64), rng.choice((1, 1, 3, 40))):
                    value[k] = rng.choice((1000 + k, rng.randrange(5000)))
                    f.seek(places[k])
                    f.write((0x52800000 | value[k] << 5).to_bytes(4, "little"))
            os.utime(own, ns=(before.st_atime_ns, before.st_mtime_ns))
            got = run([context.myna, "-cache", d + "/cache", *options, *command], cwd=d)
            if got.status or got.out.split() != [str(v).encode() for v in value]:
                raise Fail(f"edit {n}: {got.status} {got.out} {got.err}, not {value}")
        found, _, _ = loaded(run([context.myna, "-cache", d + "/cache", "-d", "stats", *options, *command], cwd=d))
        if not found:
            raise Fail("nothing was loaded at the end")


def overlay(context):
    """One path, two contents: the library by an overlay in a mount namespace, beside processes without it."""
    program, lib = library(context)
    with context.temp() as d:
        for name in ("low", "work", "cache"):
            os.mkdir(f"{d}/{name}")
        for f in (program, lib):
            shutil.copy(f, d + "/low")
        with open(lib, "rb") as f:
            data = bytearray(f.read())
        for k in range(0, 64, 2):
            at = place_of(data, k)
            data[at:at + 4] = (0x52800000 | (3000 + k) << 5).to_bytes(4, "little")
        with open(d + "/other.so", "wb") as f:
            f.write(data)
        mine = f"'{context.myna}' -L {context.sysroot} -cache {d}/cache {d}/low/caller"
        script = f"""
        cd {d}; mount -t tmpfs none work && mkdir work/u work/w && cp -p other.so work/u/libedits.so || exit 77
        for r in 1 2 3 4 5 6 7 8; do
            unshare --mount sh -c 'mount -t overlay -o lowerdir=low,upperdir=work/u,workdir=work/w none low || exit 77
                                   for k in 1 2 3; do {mine}; echo; done' || exit 77
            for k in 1 2 3; do {mine}; echo; done
        done
        """
        got = run(["unshare", "--mount", "sh", "-c", script], timeout=120)
        if got.status == 77 or b"unshare" in got.err:
            raise Skip("no overlay can be mounted here: " + got.err.decode().strip()[-80:])
        plain = " ".join(str(1000 + k) for k in range(64)).encode()
        other = " ".join(str(1000 + k if k % 2 else 3000 + k) for k in range(64)).encode()
        lines = [x.strip() for x in got.out.splitlines()]
        if lines != ([other] * 3 + [plain] * 3) * 8 or got.err:
            raise Fail(f"{lines[:8]} {got.err[-300:]}")


def killed_static(context):
    """The same with a program that makes code, has faults and signals (tests/guest/pcached.c)."""
    program, rng = cross(context), random.Random(5)
    want = run([context.myna, "-cache", "off", program])
    with context.temp() as d:
        for _ in range(KILLS // 2):
            if rng.randrange(20) == 0:
                shutil.rmtree(d + "/cache", ignore_errors=True)
            p = subprocess.Popen([context.myna, "-cache", d + "/cache", program], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, env=ENVIRONMENT)
            time.sleep(rng.random() * 0.03)
            p.kill()
            p.wait()
            compare(with_cache(context, d + "/cache", [program]), want, "the run without a cache", ("status", "out", "err"))


def merging(context):
    """Files of many chunks, merged again and again, by eight processes at once of which some are killed."""
    program, rng, n = many(context), random.Random(17), 0
    with context.temp() as d:
        for batch in range(250):
            work = [(rng.randrange(100), rng.random() < 0.2) for _ in range(8)]
            procs = [(start(context, d + "/cache", [program, f"{k:02}"]), k, kill) for k, kill in work]
            time.sleep(rng.random() * 0.01)
            for p, k, kill in procs:
                if kill:
                    p.kill()
                p.communicate(timeout=60)
                if p.returncode != result(k) and not (kill and p.returncode == -9):
                    raise Fail(f"batch {batch}: {k} has status {p.returncode}, not {result(k)}")
            if rng.randrange(20) == 0:
                time.sleep(0.05)
                shutil.rmtree(d + "/cache", ignore_errors=True)
        for k in range(100):
            got = with_cache(context, d + "/cache", [program, f"{k:02}"], "-d", "stats")
            n += loaded(got)[0] > 0
            if got.status != result(k):
                raise Fail(f"at the end: {k} has status {got.status}, not {result(k)}")
        if n < 90:
            raise Fail(f"{n} of 100 functions were in the file at the end")


def cases(context):
    found = [Case("pcache/torture-" + f.__name__.replace("_", "-"), f, 2)
             for f in (parallel, killed, killed_static, merging, disk_full, edited, overlay)]
    found += [Case(f"pcache/torture-mutations-{s}", mutations(2000, s), 2) for s in (2, 3, 4, 5)]
    return found + [Case(f"pcache/torture-dynamic-{s}", dynamic(s), 2) for s in (6, 7, 8, 9)]
