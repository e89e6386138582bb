"""The kernel's own tests of arm64 and of memory management in a booted guest, part by part; what each is to say
stands in tests/boot/selftests.tsv. Exit status 0 is a pass, 4 a skip, all else a failure (Documentation/dev-tools/kselftest.rst)."""
import os
import re

from .base import Case, Fail, Skip
from .system import boot

WORDS = {"0": "pass", "4": "skip"}


def rows(context):
    with open(context.path("tests/boot/selftests.tsv"), encoding="utf-8") as f:
        return [(line.rstrip("\n") + "\t").split("\t")[:4] for line in f if line.strip() and line[0] != "#"]


def part(name, which):
    def test(context):
        folder = os.path.join(context.build, "guests", "selftests")
        if not os.path.exists(os.path.join(folder, ".built")):
            raise Skip(f"no selftests: tests/guest/fetch.sh {context.build}/guests selftests")
        wanted = [(command, word) for p, command, word, _ in rows(context) if p == name]
        files = []
        for n in sorted(os.listdir(os.path.join(folder, name))):
            with open(os.path.join(folder, name, n), "rb") as f:
                files.append((f"t/{n}", f.read()))
        # The console is slow and shared with the kernel's messages: one line of a result, and the test's last lines if it fails.
        script = "mkdir -p /dev/shm /t/huge; mount -t tmpfs tmpfs /mnt; mount -t tmpfs tmpfs /dev/shm; mount -t debugfs none /sys/kernel/debug\n" \
                 "echo 400 > /proc/sys/vm/nr_hugepages; echo 1 > /proc/sys/vm/overcommit_memory\n" \
                 "mount -t hugetlbfs none /t/huge; echo always > /sys/kernel/mm/transparent_hugepage/enabled; dmesg -n 1; cd /t\n"
        for k, (command, _) in enumerate(wanted):
            script += (f"timeout -s KILL 300 {command} </dev/null >/tmp/out 2>&1; s=$?; echo \"RESULT {k} $s\"\n"
                       "case $s in 0|4) ;; *) tail -12 /tmp/out ;; esac\n")
        got = boot(context, script + "dmesg -n 7; dmesg | grep -E 'WARNING|BUG|Oops' && echo COMPLAINT", ["-smp", "2"], memory="3072",
                   limit=3600, files=files, which=which)
        text = got.out.replace(b"\r", b"").decode(errors="replace")
        said = dict(re.findall(r"(?m)^RESULT (\d+) (\d+)$", text))
        counts, bad = {}, []
        for k, (command, word) in enumerate(wanted):
            is_ = WORDS.get(said.get(str(k)), f"status {said.get(str(k))}" if word != "fail" else "fail")
            counts[is_] = counts.get(is_, 0) + 1
            if is_ != word:
                bad.append(f"{name}/{command}: {is_}, not {word}")
        with open(os.path.join(context.out, f"selftests-{name}.txt"), "w", encoding="utf-8") as f:
            f.write(text)
        if bad or "\nCOMPLAINT" in text:
            raise Fail("\n".join(bad) + f"\n{counts}; the console: {f.name}")
    return test


def cases(context):
    return [Case(f"selftests/{name}", part(name, "kernel"), 2) for name in sorted({r[0] for r in rows(context)})]
