"""The persistent cache: warm runs do what cold ones do, and nothing that happens to the files changes that."""
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import time

from .base import ENVIRONMENT, Case, Fail, Skip, build, compare, run

EXIT = """.globl _start
_start: mov x2, #0
1: add x2, x2, #1
   cmp x2, #50
   b.lo 1b
""" + "".join(f"   add x3, x2, #{k}\n   eor x4, x3, x2, lsl #{k % 7}\n" for k in range(60)) + """
place: mov w0, #1
   mov x8, #94
   svc #0
   .ascii "HERE"
"""

PROGRAMS = {  # in the arm64 root; what they print is compared with a run without the cache
    "true": ["usr/bin/true"], "ls": ["usr/bin/ls", "-ld", "/usr"], "sort": ["usr/bin/sort", "--version"],
    "awk": ["usr/bin/gawk", "BEGIN { for (i = 0; i < 300; i++) s = s i * 7 % 13; print s }"],
    "perl": ["usr/bin/perl", "-e", "print join(',', map { $_ * $_ } 1 .. 50), \"\\n\""],
    "python": ["usr/bin/python3", "-S", "-c", "import re, struct; print(re.sub('a+', 'b', 'caab'), 2 ** 0.5)"],
    "openssl": ["usr/bin/openssl", "dgst", "-sha256", "/etc/hostname"],
    "bash": ["usr/bin/bash", "-c", "x=$(echo a | tr a b); (exit 3); echo $x $?; exec /bin/echo end"],
    "luajit": ["usr/bin/luajit", "-e", "local s = 0 for i = 1, 300000 do s = s + i % 7 end print(s)"],
    "sqlite": ["usr/bin/sqlite3", ":memory:", "create table t(a); insert into t values(3),(5); select sum(a), sqrt(2) from t"],
}


def cross(context, name="pcached"):
    context.need_myna()
    source = context.path(f"tests/guest/{name}.c")
    target = os.path.join(context.out, "pcache", name)
    return build(context, target, [source], ["aarch64-linux-gnu-gcc", "-O2", "-static", "-w", "-o", target, source])


def tiny(context):
    context.need_myna()
    source, target = os.path.join(context.out, "pcache", "tiny.S"), os.path.join(context.out, "pcache", "tiny")
    os.makedirs(os.path.dirname(source), exist_ok=True)
    with context.once("tiny.S"):
        if not os.path.exists(source):
            with open(source, "w", encoding="utf-8") as f:
                f.write(EXIT)
    return build(context, target, [source], ["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-o", target, source])


def with_cache(context, folder, command, *options, env=None, **more):
    return run([context.myna, "-L", context.root, "-cache", folder, *options, *command], env=env, **more)


def loaded(outcome):
    m = re.search(rb"persistent cache: (\d+) translations.* (\d+) refused.* (\d+) saved", outcome.err)
    if not m:
        raise Fail("no statistics: " + outcome.err.decode(errors="replace")[-300:] + outcome.shell())
    return [int(x) for x in m.groups()]


def files(folder):
    return sorted(os.path.join(folder, f) for f in os.listdir(folder)) if os.path.isdir(folder) else []


def warm(context):
    """Cold, then warm: the same output and status; warm runs load what cold ones saved."""
    program = cross(context)
    with context.temp() as d:
        want = run([context.myna, "-cache", "off", program])
        if want.status != 42:
            raise Fail(f"status {want.status} without the cache: {want.err}")
        for k in range(3):
            got = with_cache(context, d + "/cache", [program], "-d", "stats")
            compare(got, want, "the run without a cache")
            found, refused, saved = loaded(got)
            if (k == 0) != (found == 0) or (k == 0) != (saved > 0) or refused:
                raise Fail(f"run {k}: {found} loaded, {refused} refused, {saved} saved")


def debian(name):
    def test(context):
        context.need_root()
        context.need_myna()
        command = [os.path.join(context.root, PROGRAMS[name][0]), *PROGRAMS[name][1:]]
        with context.temp() as d:
            want = run([context.myna, "-cache", "off", "-L", context.root, *command], cwd=d)
            for _ in range(3):
                got = with_cache(context, d + "/cache", command, cwd=d)
                compare(got, want, "the run without a cache")
            if not files(d + "/cache"):
                raise Fail("nothing was saved")
    return test


def damage(rng, data):
    kind = rng.randrange(8)
    if kind == 0:
        return data[:rng.randrange(len(data))]
    out = bytearray(data)
    if kind == 1:
        at = rng.randrange(len(data))
        out[at:at + 64] = bytes(rng.randrange(256) for _ in range(64))
    elif kind == 2:
        out += bytes(rng.randrange(256) for _ in range(rng.randrange(1, 200)))
    elif kind == 3:  # in the headers
        out[rng.randrange(min(400, len(out)))] ^= 1 << rng.randrange(8)
    else:
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def mutations(count, seed):
    """Single bits, cut and overwritten files: the same result, whatever the file is like."""
    def test(context):
        rng = random.Random(seed)
        for program, share in ((tiny(context), 0.7), (cross(context), 0.3)):
            with context.temp() as d:
                cache, command = d + "/cache", [context.myna, "-cache", d + "/cache", program]
                want = run([context.myna, "-cache", "off", program])
                run(command)
                names = files(cache)
                if len(names) != 1:
                    raise Fail(f"{len(names)} files after the first run")
                with open(names[0], "rb") as f:
                    data = f.read()
                for k in range(int(count * share)):
                    with open(names[0], "wb") as f:
                        f.write(damage(rng, data))
                    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                          stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=60, check=False)
                    if (done.returncode, done.stdout, done.stderr) != (want.status, want.out, want.err):
                        raise Fail(f"mutation {k} of seed {seed}: status {done.returncode}, "
                                   f"{done.stdout[:200]} {done.stderr[:200]}")
    return test


def edited(context):
    """An executable edited in place with its times restored, or replaced by another of the same size and
    times: the new one's result."""
    with context.temp() as d:
        program = shutil.copy(tiny(context), d + "/program")
        with open(program, "rb") as f:
            data = f.read()
        at = data.index(b"HERE") - 12
        for k, way in enumerate(("in place", "in place", "another file", "mapped")):
            for _ in range(2):
                got = with_cache(context, d + "/cache", [program], "-d", "stats")
            found, refused, _ = loaded(got)
            if k == 0 and not found:
                raise Fail("nothing was loaded")
            before = os.stat(program)
            value = 11 + k
            new = data[:at] + (0x52800000 | value << 5).to_bytes(4, "little") + data[at + 4:]
            if way == "another file":
                with open(program + ".new", "wb") as f:
                    f.write(new)
                os.chmod(program + ".new", 0o755)
                os.rename(program + ".new", program)
            else:
                with open(program, "r+b") as f:
                    f.write(new)
            os.utime(program, ns=(before.st_atime_ns, before.st_mtime_ns))
            for _ in range(2):
                got = with_cache(context, d + "/cache", [program])
                if got.status != value:
                    raise Fail(f"{way}: status {got.status}, not {value}")


def linkage(context):
    """An entry of a linkage table edited in place, which translations of its calls may depend on."""
    with context.temp() as d:
        program = shutil.copy(cross(context, "linkage"), d + "/program")
        with open(program, "rb") as f:
            data = f.read()
        at = data.index(b"LINK" * 4) + 16
        for value, entry in (1, data[at:at + 16]), (2, data[at + 16:at + 32]), (1, data[at:at + 16]):
            with open(program, "r+b") as f:
                f.seek(at)
                f.write(entry)
            for k in range(3):
                got = with_cache(context, d + "/cache", [program, "x"], "-d", "stats")
                if got.status != value:
                    raise Fail(f"status {got.status}, not {value}")
            if not loaded(got)[0] or loaded(got)[2]:
                raise Fail(f"{loaded(got)[0]} translations loaded, {loaded(got)[2]} saved again")


def overlay(context):
    """The same path with other content in a mount namespace of its own."""
    with context.temp() as d:
        program = tiny(context)
        for name in ("lower", "upper", "work", "merged", "cache"):
            os.mkdir(f"{d}/{name}")
        shutil.copy(program, d + "/lower/program")
        with open(program, "rb") as f:
            data = f.read()
        at = data.index(b"HERE") - 12
        with open(d + "/other", "wb") as f:
            f.write(data[:at] + (0x52800000 | 99 << 5).to_bytes(4, "little") + data[at + 4:])
        os.chmod(d + "/other", 0o755)
        script = f"""
        set -e; cd {d}; M="{context.myna} -cache {d}/cache merged/program"; s() {{ "$@" || echo $?; }}
        mount -t tmpfs none work; mkdir work/u work/w
        mount -t overlay -o lowerdir=lower,upperdir=work/u,workdir=work/w none merged || exit 77
        s $M; s $M; cat other >merged/program; touch -r lower/program merged/program; s $M; s $M
        umount merged; rm -r work/u work/w; mkdir work/u work/w
        mount -t overlay -o lowerdir=lower,upperdir=work/u,workdir=work/w none merged; s $M
        """
        got = run(["unshare", "--mount", "sh", "-c", script])
        if got.status == 77 or b"unshare" in got.err:
            raise Skip("no overlay can be mounted here: " + got.err.decode().strip()[-80:])
        if got.out.split() != [b"1", b"1", b"99", b"99", b"1"]:
            raise Fail(f"{got.out} {got.err}")


def parallel(count):
    """Many processes at once on a cold cache."""
    def test(context):
        program = cross(context)
        with context.temp() as d:
            want = run([context.myna, "-cache", "off", program])
            procs = [subprocess.Popen([context.myna, "-cache", d + "/cache", program], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, env=ENVIRONMENT) for _ in range(count)]
            for p in procs:
                out, err = p.communicate(timeout=100)
                if (p.returncode, out, err) != (want.status, want.out, want.err):
                    raise Fail(f"status {p.returncode}: {out[:200]} {err[:200]}")
            got = with_cache(context, d + "/cache", [program], "-d", "stats")
            found, refused, saved = loaded(got)
            if not found or refused or saved:
                raise Fail(f"afterwards {found} loaded, {refused} refused, {saved} saved")
            left = [f for f in files(d + "/cache") if not f.endswith(".tc")]
            if left:
                raise Fail(f"left over: {left}")
    return test


def killed(count):
    """kill -9 at any moment: the cache stays readable."""
    def test(context):
        program, rng = cross(context), random.Random(5)
        with context.temp() as d:
            want = run([context.myna, "-cache", "off", program])
            for _ in range(count):
                if rng.randrange(6) == 0:
                    shutil.rmtree(d + "/cache", ignore_errors=True)
                p = subprocess.Popen([context.myna, "-cache", d + "/cache", program], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL, env=ENVIRONMENT)
                time.sleep(rng.random() * 0.012)
                p.send_signal(signal.SIGKILL)
                p.wait()
                got = with_cache(context, d + "/cache", [program])
                compare(got, want, "the run without a cache", ("status", "out", "err"))
            found, _, _ = loaded(with_cache(context, d + "/cache", [program], "-d", "stats"))
            if not found:
                raise Fail("nothing was loaded at the end")
    return test


def disk_full(context):
    """A file system of 64 KiB: no word about it, no torn file that stays in the way."""
    program, small = cross(context), tiny(context)
    with context.temp() as d:
        os.mkdir(d + "/cache")
        script = f"""
        mount -t tmpfs -o size=64k,mode=700 none {d}/cache || exit 77
        for k in 1 2 3; do "{context.myna}" -cache {d}/cache {program} || echo $?; done
        for k in 1 2; do "{context.myna}" -cache {d}/cache {small} || echo $?; done
        ls -A {d}/cache | wc -l
        """
        want = run([context.myna, "-cache", "off", program])
        got = run(["unshare", "--mount", "sh", "-c", script])
        if got.status == 77 or b"unshare" in got.err:
            raise Skip("no tmpfs can be mounted here")
        if got.out != (want.out + b"42\n") * 3 + b"1\n" * 3 or got.err:
            raise Fail(f"{got.out} {got.err}")
        got = run(["sh", "-c", f"ulimit -f 8; exec {context.myna} -cache {d}/limited {program}"])
        compare(got, want, "the run without a cache", ("status", "out", "err"))


def permissions(context):
    """A folder or file that others can write, or that belongs to another user, is neither used nor written."""
    program = cross(context)
    want = run([context.myna, "-cache", "off", program])
    with context.temp() as d:
        def uses(what, expected):
            got = with_cache(context, d + "/cache", [program], "-d", "stats")
            compare(got, want, "the run without a cache")
            found, _, saved = loaded(got)
            if (found > 0, saved > 0) != expected:
                raise Fail(f"{what}: {found} loaded, {saved} saved")
        uses("the first run", (False, True))
        uses("the second run", (True, False))
        name = files(d + "/cache")[0]
        if stat.S_IMODE(os.stat(name).st_mode) != 0o600 or stat.S_IMODE(os.stat(d + "/cache").st_mode) != 0o700:
            raise Fail("modes of what was made")
        os.chmod(d + "/cache", 0o777)
        uses("a folder for everyone", (False, False))
        os.chmod(d + "/cache", 0o770)
        uses("a folder for the group", (False, False))
        os.chmod(d + "/cache", 0o700)
        os.chmod(name, 0o666)
        uses("a file for everyone", (False, False))
        os.chmod(name, 0o600)
        uses("as before", (True, False))
        os.rename(name, d + "/elsewhere")
        os.symlink(d + "/elsewhere", name)
        uses("a symbolic link", (False, False))
        os.unlink(name)
        os.mkfifo(name, 0o600)
        uses("a pipe", (False, False))
        os.unlink(name)
        os.rename(d + "/elsewhere", name)
        if os.getuid() == 0:
            os.chown(name, 1, 1)
            uses("another user's file", (False, False))
            os.chown(name, 0, 0)
            os.chown(d + "/cache", 1, 1)
            uses("another user's folder", (False, False))
            os.chown(d + "/cache", 0, 0)
        uses("again as before", (True, False))


def folders(context):
    """Where the cache is, and that it is off without a home."""
    program = cross(context)
    base = {k: v for k, v in ENVIRONMENT.items() if k != "MYNA_CACHE"}
    want = run([context.myna, "-cache", "off", program])
    with context.temp() as d:
        for extra, place in (({"HOME": d + "/h"}, d + "/h/.cache/myna"), ({"HOME": "relative"}, None), ({}, None),
                             ({"HOME": "/proc/nothing"}, None), ({"HOME": "/nonexistent"}, None),
                             ({"HOME": d + "/h2", "XDG_CACHE_HOME": d + "/x"}, d + "/x/myna"),
                             ({"HOME": d + "/h2", "XDG_CACHE_HOME": "relative"}, d + "/h2/.cache/myna"),
                             ({"HOME": d + "/h3", "MYNA_CACHE": d + "/m"}, d + "/m"),
                             ({"HOME": d + "/h3", "QEMU_CACHE": d + "/q"}, d + "/q"),
                             ({"HOME": d + "/h3", "MYNA_CACHE": "off"}, None)):
            for h in ("h", "h2", "h3"):
                os.makedirs(f"{d}/{h}", exist_ok=True)
            done = subprocess.run([context.myna, program], cwd=d, env={**base, **extra}, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=False)
            if (done.returncode, done.stdout, done.stderr) != (want.status, want.out, want.err):
                raise Fail(f"{extra}: {done}")
            found = [os.path.dirname(os.path.join(top, f)) for top, _, names in os.walk(d) for f in names]
            if found != ([place] if place else []):
                raise Fail(f"{extra}: files in {found}")
            for h in ("h", "h2", "h3", "x", "m", "q"):
                shutil.rmtree(f"{d}/{h}", ignore_errors=True)
        run([context.myna, "-cache", "rel", program], cwd=d)
        if not files(d + "/rel"):
            raise Fail("-cache with a relative path")
        got = run([os.path.join(os.path.dirname(context.myna), "myna"), "cache", "--status", "--dir", d + "/rel"])
        if b": 1 files, " not in got.out:
            raise Fail(f"--status: {got.out} {got.err}")
        got = run([os.path.join(os.path.dirname(context.myna), "myna"), "cache", "--clear"], env={"MYNA_CACHE": d + "/rel"})
        if b": 0 files, 0.0 MiB" not in got.out or files(d + "/rel"):
            raise Fail(f"--clear: {got.out} {got.err}")
        os.chmod(d + "/rel", 0o777)
        if run([os.path.join(os.path.dirname(context.myna), "myna"), "cache", "--clear", "--dir", d + "/rel"]).status != 1:
            raise Fail("--clear of a folder that others can write")


def eviction(context):
    """The bound on the folder's size: what was used longest ago goes first."""
    program = cross(context)
    with context.temp() as d:
        for k in range(8):
            copy = shutil.copy(program, f"{d}/program{k}")
            with_cache(context, d + "/cache", [copy])
            for f in files(d + "/cache"):  # an hour older
                t = os.stat(f).st_mtime - 3600
                os.utime(f, (t, t))
        size = sum(os.stat(f).st_blocks * 512 for f in files(d + "/cache"))
        if len(files(d + "/cache")) != 8:
            raise Fail(f"{len(files(d + '/cache'))} files for eight programs")
        with_cache(context, d + "/cache", [d + "/program0"])  # used: the youngest now
        first = max(files(d + "/cache"), key=lambda f: os.stat(f).st_mtime)
        copy = shutil.copy(program, f"{d}/program8")
        with_cache(context, d + "/cache", [copy], "-cache-size", str(size // 2))
        left = files(d + "/cache")
        if not 1 < len(left) < 5 or first not in left:
            raise Fail(f"{len(left)} files left; the one used last {'is' if first in left else 'is not'} among them")


def options_apart(context):
    """What changes the code has a file of its own; what can't be kept isn't."""
    program = cross(context)
    want = run([context.myna, "-cache", "off", program])
    with context.temp() as d:
        count = 0
        for options, new in (((), 1), (("-region-blocks", "1"), 1), (("-cpu", "max,fpflags=exact"), 1),
                             (("-B", "0x200000000000"), None), (("-one-insn-per-tb",), 0), (("-accel", "interp"), 0),
                             ((), 0)):
            for _ in range(2):
                compare(with_cache(context, d + "/cache", [program], *options), want, "the run without a cache")
            if new is None:  # 0 where there is a guest base anyway (ASan)
                new = len(files(d + "/cache")) - count
            count += new
            if len(files(d + "/cache")) != count:
                raise Fail(f"{options}: {len(files(d + '/cache'))} files, not {count}")


# A program of a hundred large functions, of which a run uses the one that its first argument's first two digits name.
MANY = """.globl _start
_start: ldr x1, [sp, #16]
   ldrb w2, [x1]
   ldrb w3, [x1, #1]
   sub w2, w2, #48
   sub w3, w3, #48
   mov w4, #10
   madd w2, w2, w4, w3
   adr x5, table
   ldr w6, [x5, w2, uxtw #2]
   add x5, x5, w6, sxtw
   mov x0, #0
   blr x5
   and x0, x0, #127
   mov x8, #94
   svc #0
table:
""" + "".join(f"   .word f{k} - table\n" for k in range(100)) + "".join(
    f"f{k}: mov x9, #5\nl{k}: subs x9, x9, #1\n   b.ne l{k}\n   mov x7, #{k + 3}\n" + "".join(f"   add x0, x0, x7, lsl #{j % 5}\n   cbz x7, f{(k * 7 + j) % 100}\n"
                                          for j in range(80)) + "   ret\n" for k in range(100))


def many(context):
    context.need_myna()
    source, target = os.path.join(context.out, "pcache", "many.S"), os.path.join(context.out, "pcache", "many")
    os.makedirs(os.path.dirname(source), exist_ok=True)
    with context.once("many.S"):
        if not os.path.exists(source):
            with open(source, "w", encoding="utf-8") as f:
                f.write(MANY)
    return build(context, target, [source], ["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-o", target, source])


def result(k):
    return sum((k + 3) << j % 5 for j in range(80)) & 127


def chunks(path):
    with open(path, "rb") as f:
        data = f.read()
    at, n = 64, 0
    while at < len(data):
        at += int.from_bytes(data[at + 8:at + 16], "little")
        n += 1
    return n


def merged(context, *options):
    """A hundred runs, each of which adds a chunk: at the 64th they are merged, and nothing is lost."""
    program = many(context)
    with context.temp() as d:
        order = list(range(100))
        random.Random(1).shuffle(order)
        most = 0
        for k in order:
            got = with_cache(context, d + "/cache", [program, f"{k:02}"], *options)
            if got.status != result(k) or got.err:
                raise Fail(f"{k}: status {got.status}, not {result(k)}: {got.err}")
            most = max(most, chunks(files(d + "/cache")[0]))
        if most != 64 or chunks(files(d + "/cache")[0]) > 50:
            raise Fail(f"at most {most} chunks, {chunks(files(d + '/cache')[0])} at the end")
        for k in order:
            got = with_cache(context, d + "/cache", [program, f"{k:02}"], "-d", "stats", *options)
            found, _, saved = loaded(got)
            if options and not re.search(rb"[1-9]\d* of tier 2", got.err):
                raise Fail(f"no region among what was loaded: {got.err}")
            if got.status != result(k) or not found or saved > (32 if options else 0): # a few more to a file of few chunks
                raise Fail(f"{k} afterwards: status {got.status}, not {result(k)}; {found} loaded, {saved} saved")


def merged_regions(context):
    """The same with tier 2's regions."""
    merged(context, "-accel", "jit,tier2=always")


def regions(context):
    """Hot loops are regions from the start in a later run: of the cache."""
    program = cross(context, "hotloops")
    want = run([context.myna, "-cache", "off", program])
    with context.temp() as d:
        for _ in range(8): # heads of inner loops may be found one after another
            got = with_cache(context, d + "/cache", [program], "-d", "stats", timeout=200)
            compare(got, want, "the run without a cache")
            if max(int(n) for n in re.findall(rb"(\d+) of tier 2", got.err)) >= 2:
                return
    raise Fail("no regions are in the cache after eight runs: " + got.err.decode(errors="replace"))


def lasting(context):
    """A process that goes on writes too: one that is killed by a signal has left what it translated."""
    context.need_root()
    context.need_myna()
    python = os.path.join(context.root, "usr/bin/python3")
    script = "import json, re, time\nfor i in range(40): time.sleep(0.05); [time.time() for _ in range(20)]\nprint(1, flush=True)\ntime.sleep(60)"
    with context.temp() as d:
        p = subprocess.Popen([context.myna, "-L", context.root, "-cache", d + "/cache", python, "-S", "-c", script],
                             stdout=subprocess.PIPE, env=ENVIRONMENT)
        p.stdout.readline()
        p.kill()
        p.communicate()
        got = with_cache(context, d + "/cache", [python, "-S", "-c", "import json, re"], "-d", "stats")
        if loaded(got)[0] < 1000:
            raise Fail(f"{loaded(got)[0]} translations of a killed process")


def cases(context):
    found = [Case("pcache/" + f.__name__.replace("_", "-"), f, 0)
             for f in (warm, edited, linkage, overlay, disk_full, permissions, folders, eviction, options_apart, regions)]
    found += [Case("pcache/" + f.__name__.replace("_", "-"), f) for f in (merged, merged_regions, lasting)]
    found += [Case("pcache/parallel", parallel(60), 0), Case("pcache/parallel-200", parallel(200)),
              Case("pcache/killed", killed(30), 0), Case("pcache/killed-300", killed(300)),
              Case("pcache/mutations", mutations(300, 1), 0)]
    return found + [Case("pcache/debian-" + n, debian(n)) for n in PROGRAMS]
