"""Foreign programs that start foreign programs, without binfmt: scripts, pipelines, a thousand children."""
import os

from .base import Case, Fail, run

THOUSAND = r"""
i=0
while [ $i -lt 1000 ]; do /bin/true || echo failed; i=$((i+1)); done
echo done $i
for i in 1 2 3; do uname -m; done
(uname -m; (uname -m)) | cat
echo $(uname -m) $(sh -c 'uname -m')
./direct one; env ./direct two; printf './direct\n' | xargs -n1 sh -c './direct three'
"""
THOUSAND_EXPECT = (b"done 1000\n" + b"aarch64\n" * 5 + b"aarch64 aarch64\n"
                   b"script one aarch64\nscript two aarch64\nscript three aarch64\n")


def thousand(context):
    context.need_root()
    context.need_myna()
    with context.temp() as d:
        with open(os.path.join(d, "direct"), "w", encoding="utf-8") as f:
            f.write("#!/bin/bash\necho script $1 $(uname -m)\n")
        os.chmod(os.path.join(d, "direct"), 0o755)
        with open(os.path.join(d, "main.sh"), "w", encoding="utf-8") as f:
            f.write(THOUSAND)
        got = run([context.myna, "-L", context.root, context.root + "/usr/bin/bash", "main.sh"],
                  cwd=d, timeout=200)
    if got.out != THOUSAND_EXPECT or got.status:
        raise Fail(f"status {got.status}\n" + (got.out + got.err)[-1500:].decode(errors="replace"))


def environment(context):
    """-E, -U, MYNA_* and QEMU_* variables reach the guest as they do with qemu-user."""
    context.need_root()
    context.need_myna()
    show = context.root + "/usr/bin/env"
    for options, extra, want in (
            (["-E", "AAA=1"], {}, b"AAA=1\n"), (["-E", "AAA=1,BBB=2"], {}, b"BBB=2\n"),
            (["-U", "TZ"], {}, None), ([], {"CCC": "3"}, b"CCC=3\n")):
        got = run([context.myna, "-L", context.root, *options, show], env=extra)
        if got.status or (want is not None and want not in got.out) or \
                (want is None and b"TZ=" in got.out):
            raise Fail(f"status {got.status}\n{got.out.decode()}{got.err.decode()}command: {got.shell()}")
    got = run([context.myna, show], env={"QEMU_LD_PREFIX": context.root})
    if got.status:
        raise Fail("QEMU_LD_PREFIX: " + got.err.decode())


def argv0(context):
    context.need_root()
    context.need_myna()
    got = run([context.myna, "-L", context.root, "-0", "chosen", context.root + "/usr/bin/bash", "-c", "echo $0 $BASH"])
    if got.out.split()[:1] != [b"chosen"]:
        raise Fail(f"-0: {got.out} {got.err}")


def strace(context):
    context.need_root()
    context.need_myna()
    got = run([context.myna, "-L", context.root, "-strace", context.root + "/usr/bin/bash", "-c",
               "exec 3</dev/null"])
    for name in (b"openat(", b"/dev/null", b"exit_group(0)"):
        if name not in got.err:
            raise Fail(f"-strace shows no {name.decode()}\n" + got.err[-800:].decode(errors="replace"))


def cases(context):
    return [Case("forks/thousand", thousand), Case("forks/environment", environment, 0),
            Case("forks/argv0", argv0, 0), Case("forks/strace", strace, 0)]
