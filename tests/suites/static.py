"""What is seen without running guests: layers, the build, install, the set-up list, the docs."""
import os
import re

from .base import Case, Fail, run


def layers(context):
    done = run(["python3", "tests/layers.py"], cwd=context.top)
    if done.status:
        raise Fail(done.out.decode())


def binary(context):
    context.need_myna()
    done = run([context.myna, "-version"])
    if done.status != 0 or b"myna" not in done.out:
        raise Fail(f"-version: status {done.status}, {done.out[:200]} {done.err[:200]}")
    for name in ("myna", "myna-aarch64"):
        if not os.access(os.path.join(context.build, name), os.X_OK):
            raise Fail(f"no {name} in {context.build}")


def install(context):
    context.need_myna()
    with context.temp() as d:
        done = run(["make", f"B={context.build}", f"DESTDIR={d}", "install"], cwd=context.top, timeout=300)
        if done.status:
            raise Fail("make install: " + done.err.decode()[-500:])
        found = [os.path.join(p, n) for p, _, names in os.walk(d) for n in names]
        for name in ("bin/myna", "bin/myna-aarch64"):
            if not any(f.endswith(name) for f in found):
                raise Fail(f"make install put no {name}: {found}")


def bad_options(context):
    """configure and setup.sh refuse what they don't know, in one line."""
    for command in (["./configure", "--nonsense"], ["scripts/setup.sh", "nonsense"]):
        done = run(command, cwd=context.top)
        if done.status == 0 or len(done.err.splitlines()) != 1:
            raise Fail(f"{done.shell()}: status {done.status}\n" + done.err.decode())


def folders(context):
    """Every folder of the pipeline says what it is for."""
    for folder in ("ir", "frontend", "backend", "linux-user", "softmmu", "hw", "tests", "docs",
                   "tests/bench", "tests/guest", "tests/insn"):
        readme = context.path(folder, "README.md")
        if not os.path.exists(readme):
            raise Fail(f"{folder}/ has no README.md")
        if len(open(readme, encoding="utf-8").read().splitlines()) > 120:
            raise Fail(f"{folder}/README.md is longer than a page")


def no_machine_paths(context):
    """Nothing committed names this workplace or a mirror."""
    done = run(["git", "ls-files", "-z"], cwd=context.top)
    leak = re.compile(rb"https?://(deb|ftp|snapshot|security)\.|/work/(main|shared)|/root/")
    for name in done.out.split(b"\0"):
        path = os.path.join(context.top.encode(), name)
        if name and os.path.isfile(path):
            data = open(path, "rb").read()
            if leak.search(data) and name != b"tests/suites/static.py":
                raise Fail(f"{name.decode()}: {leak.search(data)[0]}")


def cases(context):
    return [Case("static/" + f.__name__, f, 0)
            for f in (layers, binary, install, bad_options, folders, no_machine_paths)]
