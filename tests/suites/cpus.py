"""CPU models and their properties: what a program sees of its processor (tests/guest/cpuid.c).

The registers' values are those of the Technical Reference Manuals as far as Linux shows them to
programs (Documentation/arch/arm64/cpu-feature-registers.rst), held against qemu-aarch64 10 -cpu MODEL.
Where that leaves bits of AT_HWCAP out (SSBS), the kernel's rule and a Neoverse N1's own list decide."""
import os

from .base import Case, Fail, build, run

# MIDR, CTR, PFR0, PFR1, ISAR0, ISAR1, AT_HWCAP; ISAR2 and MMFR2 are 0, no AT_HWCAP2.
MODELS = {
    "cortex-a53": (0x410fd034, 0x84448004, 0x11, 0, 0x11120, 0, 0x8fb),
    "cortex-a57": (0x411fd070, 0x8444c004, 0x11, 0, 0x11120, 0, 0x8fb),
    "cortex-a72": (0x410fd083, 0x8444c004, 0x11, 0, 0x11120, 0, 0x8fb),
    "cortex-a76": (0x414fd0b1, 0x8444c004, 0x110011, 0x10, 0x100010211120, 0x100001, 0x119ffb),
    "neoverse-n1": (0x414fd0c1, 0x8444c004, 0x110011, 0x20, 0x100010211120, 0x100001, 0x10119ffb),
}
# property: names in /proc/cpuinfo that go with it
FLAGS = {
    "lse": ["atomics"], "crc32": ["crc32"], "lrcpc": ["lrcpc", "ilrcpc"], "lrcpc2": ["ilrcpc"], "lse2": ["uscat"],
    "flagm": ["flagm", "flagm2"], "flagm2": ["flagm2"], "cssc": ["cssc"], "hbc": ["hbc"], "pauth": ["paca", "pacg"],
    "sb": ["sb"], "dpb": ["dcpop", "dcpodp"], "dpb2": ["dcpodp"], "dit": ["dit"], "ssbs1": ["ssbs"], "ssbs": ["ssbs"],
    "rng": ["rng"], "dgh": ["dgh"], "ecv": ["ecv"], "wfxt": ["wfxt"], "aes": ["aes", "pmull"], "pmull": ["pmull"],
    "sha1": ["sha1"], "sha256": ["sha2", "sha512"], "sha512": ["sha512"], "sha3": ["sha3"], "sm3": ["sm3"],
    "sm4": ["sm4"], "rdm": ["asimdrdm"], "dotprod": ["asimddp"], "fhm": ["asimdfhm"], "fp16": ["fphp", "asimdhp"],
    "jscvt": ["jscvt"], "fcma": ["fcma"], "frintts": ["frint"], "bf16": ["bf16"], "i8mm": ["i8mm"],
}
# What a property switches on with it.
NEEDS = {"lrcpc2": ["lrcpc"], "flagm2": ["flagm"], "dpb2": ["dcpop"], "pmull": ["aes"], "sha512": ["sha2"]}


def program(context):
    source = context.path("tests/guest/cpuid.c")
    target = os.path.join(context.out, "guest", "cpuid")
    return build(context, target, [source], ["aarch64-linux-gnu-gcc", "-std=gnu11", "-O1", "-static", "-D_GNU_SOURCE",
                                             "-w", "-o", target, source])


def see(context, cpu, *names, env=None):
    done = run([context.myna, *(["-cpu", cpu] if cpu else []), program(context), *names], env=env)
    if done.status or b"wrong" in done.out:
        raise Fail(f"-cpu {cpu}: exit status {done.status}\n" + (done.out + done.err).decode(errors="replace")
                   + "command: " + done.shell())
    return dict(line.split(" ", 1) for line in done.out.decode().splitlines())


def model(name, want):
    def test(context):
        context.need_myna()
        got = see(context, name)
        keys = ("MIDR", "CTR", "PFR0", "PFR1", "ISAR0", "ISAR1")
        for key, value in (*zip(keys, want), ("ISAR2", 0), ("MMFR0", 0xff000000), ("MMFR2", 0), ("DCZID", 4)):
            if int(got[key], 16) != value:
                raise Fail(f"-cpu {name}: {key} is {got[key]}, expected {value:x}")
        if [int(x, 16) for x in got["hwcap"].split()] != [want[6], 0]:
            raise Fail(f"-cpu {name}: hwcap is {got['hwcap']}, expected {want[6]:x} 0")
        if see(context, None, env={"QEMU_CPU": name}) != got:
            raise Fail("QEMU_CPU and -cpu differ")
    return test


def default(context):
    """max is the default, and all that it has is in the list of properties."""
    context.need_myna()
    if see(context, None) != see(context, "max"):
        raise Fail("max is not the default")


def properties(context):
    """Every property off on max and on on cortex-a53: flags, registers, instructions follow."""
    context.need_myna()
    text = run([context.myna, "-cpu", "help"]).out.decode()
    listed = [x.split()[0] for x in text.split("Properties")[1].split("Options")[0].splitlines()[1:]]
    if sorted(listed) != sorted(FLAGS):
        raise Fail(f"-cpu help lists {sorted(set(listed) ^ set(FLAGS))} otherwise than FLAGS of the test")
    for name, flags in FLAGS.items():
        got = see(context, f"max,{name}=off", *flags)
        if any(got[f] != "off" for f in flags):
            raise Fail(f"max,{name}=off: {got}")
        flags = [] if name == "ssbs1" else FLAGS[name][:2] if name in ("pauth", "fp16") else FLAGS[name][:1]
        flags = flags + NEEDS.get(name, [])
        got = see(context, f"cortex-a53,{name}=on", *flags)
        if any(got[f] != "on" for f in flags):
            raise Fail(f"cortex-a53,{name}=on: {got}")


def usage(context):
    context.need_myna()
    done = run([context.myna, "-cpu", "help"])
    names = [x.split()[0] for x in done.out.decode().split("Properties")[0].splitlines()[1:]]
    if done.status or names != ["max", *MODELS]:
        raise Fail(f"-cpu help: exit status {done.status}, models {names}")
    for bad, word in (("cortex-a99", b"cortex-a99"), ("max,nothing=on", b"nothing"), ("max,aes", b"aes"),
                      ("max,aes=maybe", b"maybe"), ("max,sve=on", b"sve"),
                      ("max,fpflags=maybe", b"fpflags")):
        done = run([context.myna, "-cpu", bad, program(context)])
        if done.status == 0 or word not in done.err or done.err.count(b"\n") > 3:
            raise Fail(f"-cpu {bad}: exit status {done.status}\n{done.err.decode(errors='replace')}")


def alignment(cpu):
    """Misaligned atomics: with and without FEAT_LSE2, by the JIT and the interpreter."""
    def test(context):
        source = context.path("tests/guest/aligned.c")
        target = os.path.join(context.out, "guest", "aligned-cpus")
        build(context, target, [source], ["aarch64-linux-gnu-gcc", "-std=gnu11", "-O2", "-static", "-D_GNU_SOURCE", "-w",
                                          "-o", target, source])
        context.need_myna()
        for options in ([], ["-accel", "interp"], ["-B", "0x200000000000"]):
            done = run([context.myna, "-cpu", cpu, *options, target])
            if done.status or b"wrong 0" not in done.out:
                raise Fail(done.out.decode(errors="replace")[:2000] + "command: " + done.shell())
    return test


def cases(context):
    found = [Case("cpus/" + name, model(name, want), 0) for name, want in MODELS.items()]
    found += [Case("cpus/alignment-" + name, alignment(cpu), 0) for name, cpu in
              (("lse2", "max,lse2=on"), ("a76", "cortex-a76,lrcpc2=on"))]
    return [*found, Case("cpus/default", default, 0), Case("cpus/properties", properties, 0), Case("cpus/usage", usage, 0)]
