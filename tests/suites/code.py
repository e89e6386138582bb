"""Code of real programs: every instruction that objdump finds outside SVE and SME decodes (tests/decode/
code_test.c). The whole list, data islands by symbol, goes to BUILD/check/code.txt."""
import glob
import os

from .base import Case, Fail, Skip, run

FILES = ["lib/*/libc.so.6", "usr/lib/*/libcrypto.so.3", "usr/lib/*/libpython3.11.so.1.0", "usr/lib/gcc/*/12/cc1",
         "usr/bin/node", "usr/lib/*/libnode.so.108", "usr/lib/*/libavcodec.so.59.*"]


def decodes(context):
    folder = os.path.join(context.build, "guests", "code")
    if not os.path.exists(os.path.join(folder, ".debs")):
        raise Skip(f"not fetched: tests/guest/fetch.sh {context.build}/guests code")
    files = []
    for pattern in FILES:
        found = [f for f in glob.glob(os.path.join(folder, pattern)) if not os.path.islink(f)]
        if len(found) != 1:
            raise Fail(f"{folder}: {len(found)} files are {pattern}")
        files += found
    done = run([os.path.join(context.build, "tests", "decode", "code_test"), *files], cwd=context.top, timeout=1800)
    text = done.out.decode(errors="replace")
    with open(os.path.join(context.out, "code.txt"), "w", encoding="utf-8") as f:
        f.write(text)
    if done.status:
        lines = [x for x in text.splitlines() if not x.startswith("    ")]
        raise Fail("\n".join(lines[:24] + done.err.decode(errors="replace").splitlines()[-4:])
                   + "\ncommand: " + done.shell())


def cases(context):
    return [Case("code/decodes", decodes, 2)]
