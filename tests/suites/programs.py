"""Jobs of some size for unmodified Debian arm64 programs: the scripts of tests/programs, a tool chain
that builds and runs programs, TLS between foreign and native programs.

A row: name, file of tests/programs, program, arguments, options (those of debian.py). The output is
compared with qemu-aarch64's, and with the amd64 program's unless native=False. Where a result depends
on the target (libm's last place, fused operations that a compiler chose) it is False.

qemu-aarch64 without binfmt starts the native program where the guest executes another one. children=
names those that a script starts: for qemu's run they are found as wrappers that start qemu again, and
the shell itself is the native one (make check-long: that is slow)."""
import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import time

from .base import Case, ENVIRONMENT, Fail, Skip, compare, run
from .debian import execute, inputs

CC1 = "/usr/lib/gcc/aarch64-linux-gnu/12/cc1"
R = []


def row(name, file, program, *args, **options):
    R.append((name, file, program, args, options))


row("python3/modules", "modules.py", "/usr/bin/python3", "-S")
row("python3/math", "math.py", "/usr/bin/python3", "-S", native=False)
row("perl/jobs", "jobs.pl", "/usr/bin/perl")
row("ruby/jobs", "jobs.rb", "/usr/bin/ruby", "--disable-gems")
row("tclsh/jobs", "jobs.tcl", "/usr/bin/tclsh8.6")
row("lua5.4/common", "common.lua", "/usr/bin/lua5.4")
row("lua5.4/own", "lua54.lua", "/usr/bin/lua5.4")
# No instruction may be left over from an earlier use of a page: each way writes code at other places.
for name, flags in {"jit": [], "no-jit": ["-joff"], "hot": ["-Ohotloop=2", "-Ohotexit=1"], "O1": ["-O1"],
                    "small-areas": ["-Osizemcode=16", "-Omaxmcode=32", "-Omaxtrace=50"],
                    "few-traces": ["-Omaxtrace=8"], "no-sinking": ["-O3", "-O-sink", "-O-fuse"]}.items():
    row("luajit/common-" + name, "common.lua", "/usr/bin/luajit", *flags)
    row("luajit/own-" + name, "luajit.lua", "/usr/bin/luajit", *flags)
row("bash/jobs", "jobs.sh", "/usr/bin/bash")
row("coreutils/pipelines", "tools.sh", "/usr/bin/bash", children="""gawk sort md5sum sha1sum sha256sum wc uniq join comm cut split
    csplit cksum sum base64 basenc od tr fold expand unexpand tac seq paste printf numfmt factor expr tsort shuf nl pr fmt ptx
    dd stat date head""")
row("sqlite3/jobs", "jobs.sql", "/usr/bin/sqlite3", "base.db", stdin=True, files=False)
row("bc/jobs", "jobs.bc", "/usr/bin/bc", "-ql", stdin=True)
row("git/jobs", "jobs-git.sh", "/usr/bin/bash")
row("openssl/digests-and-ciphers", "crypto.sh", "/usr/bin/bash", children="openssl")
row("openssl/keys-and-certificates", "keys.sh", "/usr/bin/bash", children="openssl", files=False)
row("archives/xz-zstd", "archive.sh", "/usr/bin/bash", children="xz zstd gzip bzip2")


def job(entry):
    name, file, program, args, options = entry

    def test(context):
        context.need_root()
        context.need_myna()
        text = open(context.path("tests/programs", file), encoding="utf-8").read()
        feed = options.get("stdin")
        full = (name, program, [*args] if feed else [*args, text], {**options, "script": not feed, "stdin": None, "input": text if feed else None})
        got = execute(context, [context.myna, "-L", context.root], full, context.root)
        if options.get("native", True):
            if not os.path.exists(program):
                raise Fail(f"no native {program}: scripts/setup.sh native")
            compare(got, execute(context, [], full, ""), "native")
        if not options.get("children"):
            compare(got, execute(context, [context.qemu, "-L", context.root], full, context.root), "qemu-aarch64",
                    ("status", "out", "err"))
            return
        if not context.long:
            return
        with context.temp() as wrappers:
            for child in options["children"].split():
                path = os.path.join(wrappers, child)
                with open(path, "w", encoding="utf-8") as f:
                    f.write(f'#!/bin/sh\nexec {context.qemu} -L {context.root} {context.root}/usr/bin/{child} "$@"\n')
                os.chmod(path, 0o755)
            compare(got, execute(context, [], (*full[:3], {**full[3], "path": wrappers}), ""), "qemu-aarch64")
    return test


# --------------------------------------------------------------------------------- tool chain

def need_tools(context):
    context.need_root()
    context.need_myna()
    if not os.path.exists(context.root + "/usr/bin/gcc"):
        raise Skip(f"no arm64 gcc: tests/guest/fetch.sh {context.build}/guests arm64")


def lua_source(context):
    path = os.path.join(context.build, "guests", "src", "lua5.4", "src")
    if not os.path.isdir(path):
        raise Skip(f"no Lua sources: tests/guest/fetch.sh {context.build}/guests src lua5.4")
    return path


def copy_source(folder, to):
    """A source folder's files; Debian's Lua wants the name of the target from its package's build."""
    shutil.copytree(folder, to, dirs_exist_ok=True)
    with open(os.path.join(to, "lua5.4-deb-multiarch.h"), "w", encoding="utf-8") as f:
        f.write('#define DEB_HOST_MULTIARCH "aarch64-linux-gnu"\n')


def version(command):
    """The numbers of a compiler; the package's revision does not matter."""
    return re.search(rb"\d+\.\d+\.\d+", run(command).out)[0]


def need_cross(guest):
    native = shutil.which("aarch64-linux-gnu-gcc-12") or shutil.which("aarch64-linux-gnu-gcc")
    if version([native, "--version"]) != version([*guest, "--version"]):
        raise Skip("the cross compiler is not of the guest compiler's version")
    return native


def must(done, what):
    if done.status:
        raise Fail(f"{what}: exit status {done.status}\n" + (done.out + done.err)[-1500:].decode(errors="replace")
                   + "\ncommand: " + done.shell())
    return done


def without_idents(text):
    return re.sub(rb'\t\.ident\t"GCC: [^"]*"\n', b"", text)


def assembly(context, sources, levels, flags=()):
    """gcc -S of each source at each level, by the guest's compiler and by the cross compiler."""
    need_tools(context)
    guest = [context.myna, "-L", context.root, context.root + "/usr/bin/gcc"]
    native = need_cross(guest)
    for source in sources:
        for level in levels:
            with context.temp() as d:
                # Relative names: the text has them. The guest's headers for both.
                copy_source(os.path.dirname(source), d)
                name = os.path.basename(source)
                must(run([*guest, *level.split(), *flags, "-E", "-P", "-o", "in.i", name], cwd=d), "gcc -E")
                out = []
                for compiler, to in ((guest, "guest.s"), ([native], "cross.s")):
                    must(run([*compiler, *level.split(), "-S", "-o", to, "in.i"], cwd=d, timeout=300), "gcc -S")
                    out.append(without_idents(open(os.path.join(d, to), "rb").read()))
                if out[0] != out[1]:
                    raise Fail(f"gcc {level} -S {name} differs from the cross compiler's "
                               f"({len(out[0])} and {len(out[1])} bytes)")


def build_lua(context, level, against):
    """Lua by make, gcc, ar of Debian arm64; its objects are the cross compiler's, and it runs."""
    need_tools(context)
    source = lua_source(context)
    guest = [context.myna, "-L", context.root]
    native = need_cross([*guest, context.root + "/usr/bin/gcc"])
    with context.temp() as d:
        copy_source(source, os.path.join(d, "src"))
        shutil.copy(context.path("tests/programs/toolchain.mk"), d)
        must(run([*guest, context.root + "/usr/bin/make", "-f", "toolchain.mk", "LEVEL=" + level, "CC=gcc", "AR=ar"],
                 cwd=d, timeout=400, env={"SOURCE_DATE_EPOCH": "1"}), "make")
        for name in sorted(os.listdir(d)):
            if not name.endswith(".o"):
                continue
            cross = os.path.join(d, name + ".cross")
            must(run([native, *level.split(), "-std=gnu99", "-DLUA_USE_LINUX", "-isystem",
                      context.root + "/usr/include", "-isystem", context.root + "/usr/include/aarch64-linux-gnu",
                      "-c", "-o", cross, "src/" + name[:-1] + "c"], cwd=d), "cross gcc")
            both = []
            for path in (os.path.join(d, name), cross):
                must(run(["aarch64-linux-gnu-objcopy", "-R", ".comment", path, path + ".stripped"]), "objcopy")
                both.append(open(path + ".stripped", "rb").read())
            if both[0] != both[1]:
                raise Fail(f"{name} at {level} differs from the cross compiler's object")
        script = context.path("tests/programs/common.lua")
        got = must(run([*guest, os.path.join(d, "lua"), script], cwd=d, timeout=100), "the program that was built")
        compare(got, run([against or context.qemu, *([] if against else ["-L", context.root, os.path.join(d, "lua")]),
                          script], cwd=d, timeout=200), against or "qemu-aarch64")


def build_floats(context):
    """floats.c at every level, static and dynamic, built under myna; the results agree with qemu's."""
    need_tools(context)
    guest = [context.myna, "-L", context.root]
    with context.temp() as d:
        shutil.copy(context.path("tests/programs/floats.c"), d)
        for level in ("-O0", "-O1", "-O2", "-O3", "-O2 -static", "-Os -ffast-math", "-O2 -g -fPIC -pie", "-O2 -flto",
                      "-O2 -march=armv8.2-a+fp16+dotprod", "-O3 -mcpu=cortex-a76 -fno-fast-math"):
            must(run([*guest, context.root + "/usr/bin/gcc", *level.split(), "-o", "prog", "floats.c", "-lm"],
                     cwd=d, timeout=100), f"gcc {level}")
            prog = os.path.join(d, "prog")
            compare(run([*guest, prog], cwd=d), run([context.qemu, "-L", context.root, prog], cwd=d),
                    "qemu-aarch64 " + level, ("status", "out", "err"))


def diagnostics(context):
    """Errors and warnings, -E, -M, -v's commands, as and ld failing: as under qemu-aarch64."""
    need_tools(context)
    root = context.root
    with context.temp() as d:
        files = {"bad.c": "#include <stdio.h>\n#include \"none.h\"\nint main(void) { return x; }\n",
                 "warn.c": "#include <stdio.h>\nint f(int a, unsigned b) { int u; if (a = 3) printf(\"%s %d\", a, 2L); "
                           "return a < b ? u : 1; }\nstatic int unused;\n",
                 "undef.c": "int g(void); int main(void) { return g(); }\n", "bad.s": "\tadd x0, x1, #99999\n\tfoo\n"}
        for name, text in files.items():
            with open(os.path.join(d, name), "w", encoding="utf-8") as f:
                f.write(text)
        gcc = [root + "/usr/bin/gcc", "-B" + root + "/usr/bin/"]
        for args in (["-c", "bad.c"], ["-Wall", "-Wextra", "-O2", "-c", "warn.c"], ["-c", "bad.s"],
                     ["-E", "-P", "warn.c"], ["-MM", "warn.c"], ["-print-search-dirs"], ["-c", "absent.c"], ["-dumpmachine"],
                     ["-Q", "--help=optimizers", "-O2"]):
            outcomes = []
            for prefix, wrapper in (([context.myna, "-L", root], []),
                                    ([context.qemu, "-L", root], ["-wrapper", f"{context.qemu},-L,{root}"])):
                done = run([*prefix, *gcc, *wrapper, *args], cwd=d, timeout=60)
                done.err = re.sub(rb"/tmp/cc\w{6}", b"/tmp/ccXXXXXX", done.err)
                outcomes.append(done)
            compare(*outcomes, "qemu-aarch64", ("status", "out", "err"))
        # collect2 starts ld without the wrapper.
        done = run([context.myna, "-L", root, *gcc, "undef.c"], cwd=d)
        if done.status != 1 or b"undefined reference to `g'" not in done.err or b"ld returned 1 exit" not in done.err:
            raise Fail(f"ld: exit status {done.status}\n" + done.err.decode(errors="replace"))


def sqlite(context, level):
    """The largest single file there is: sqlite3.c, made from its Debian source."""
    src = os.path.join(context.build, "guests", "src", "sqlite3")
    if not os.path.isdir(src):
        raise Skip(f"no sources: tests/guest/fetch.sh {context.build}/guests src sqlite3")
    made = os.path.join(context.out, "sqlite", "sqlite3.c")
    with context.once(made):
        if not os.path.exists(made):
            work = os.path.dirname(made)
            os.makedirs(work, exist_ok=True)
            must(run([src + "/configure", "--disable-readline"], cwd=work, timeout=200), "configure")
            must(run(["make", "sqlite3.c"], cwd=work, timeout=200), "make sqlite3.c")
            shutil.rmtree(os.path.join(work, "tsrc"), ignore_errors=True)
    with context.temp() as d:
        shutil.copy(made, d)
        assembly(context, [os.path.join(d, "sqlite3.c")], [level])


# ---------------------------------------------------------------------------------------- TLS

@contextlib.contextmanager
def server(command, cwd):
    """openssl s_server on a free port of the loopback interface; yields the port."""
    log = open(os.path.join(cwd, "server.log"), "wb+")
    proc = subprocess.Popen(command, cwd=cwd,
                            stdout=subprocess.PIPE, stderr=log, stdin=subprocess.PIPE,
                            env={**ENVIRONMENT, "HOME": cwd}, start_new_session=True)
    try:
        port, seen, end = None, b"", time.monotonic() + 20
        while port is None and time.monotonic() < end and proc.poll() is None:
            if select.select([proc.stdout], [], [], 0.2)[0]:
                seen += os.read(proc.stdout.fileno(), 4096)
                m = re.search(rb"ACCEPT \S*:(\d+)", seen)
                port = m and int(m[1])
        if not port:
            log.seek(0)
            raise Fail("the server did not start: " + (seen + log.read())[-600:].decode(errors="replace"))
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(proc.pid, signal.SIGKILL)
        proc.communicate()
        log.close()


TLS = [("tls1_3", "TLS_AES_128_GCM_SHA256", "p256"), ("tls1_3", "TLS_AES_256_GCM_SHA384", "rsa"),
       ("tls1_3", "TLS_CHACHA20_POLY1305_SHA256", "ed25519"), ("tls1_2", "ECDHE-RSA-AES128-GCM-SHA256", "rsa"),
       ("tls1_2", "ECDHE-ECDSA-AES256-GCM-SHA384", "p256"), ("tls1_2", "ECDHE-ECDSA-CHACHA20-POLY1305", "p256"),
       ("tls1_2", "DHE-RSA-AES256-SHA256", "rsa"), ("tls1_2", "ECDHE-RSA-CHACHA20-POLY1305", "rsa"),
       ("tls1_2", "ECDHE-ECDSA-AES128-CCM", "p256")]


def tls(server_side, client_side, size=3 << 20):
    def test(context):
        context.need_root()
        context.need_myna()
        command = {"myna": [context.myna, "-L", context.root, context.root + "/usr/bin/openssl"],
                   "native": ["/usr/bin/openssl"]}
        with context.temp() as d:
            # Certificates by the foreign program, whichever side uses them.
            ossl = command["myna"]
            for kind, alg in (("rsa", ["rsa:2048"]), ("p256", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]),
                              ("ed25519", ["ed25519"])):
                must(run([*ossl, "req", "-x509", "-newkey", *alg, "-nodes", "-keyout", kind + ".key", "-out",
                          kind + ".crt", "-subj", "/CN=localhost", "-days", "10"], cwd=d), "openssl req")
                must(run([*command["native"], "verify", "-CAfile", kind + ".crt", kind + ".crt"], cwd=d), "verify")
            body, x = bytearray(), 1
            for _ in range(size // 64):
                x = x * 6364136223846793005 + 1442695040888963407 & (1 << 512) - 1
                body += x.to_bytes(64, "little")
            with open(os.path.join(d, "file.bin"), "wb") as f:
                f.write(body)
            for protocol, cipher, key in TLS:
                suites = ["-ciphersuites" if protocol == "tls1_3" else "-cipher", cipher]
                listen = [*command[server_side], "s_server", "-accept", "127.0.0.1:0", "-4", "-WWW", "-cert", key + ".crt",
                          "-key", key + ".key", "-" + protocol, *suites]
                with server(listen, d) as port:
                    connect = [*command[client_side], "s_client", "-connect", f"127.0.0.1:{port}", "-servername",
                               "localhost", "-CAfile", key + ".crt", "-verify_return_error", "-" + protocol, *suites]
                    told = must(run([*connect, "-brief"], cwd=d, stdin=b"Q\n"), f"{cipher}: handshake").err
                    for want in (cipher.encode(), b"Verification: OK"):
                        if want not in told:
                            raise Fail(f"{cipher}: no {want.decode()} in\n" + told.decode(errors="replace"))
                    got = must(run([*connect, "-quiet", "-ign_eof"], cwd=d, stdin=b"GET /file.bin HTTP/1.0\r\n\r\n",
                                   timeout=90), f"{cipher}: transfer")
                    head, _, rest = got.out.partition(b"\r\n\r\n")
                    if not head.startswith(b"HTTP/1.0 200") or rest != bytes(body):
                        raise Fail(f"{cipher}: {len(rest)} of {len(body)} bytes arrived, or others")
    return test


def made_by_guest(context):
    """What one side makes the other accepts: keys, certificates, ciphertext, archives."""
    context.need_root()
    context.need_myna()
    both = {"guest": ([context.myna, "-L", context.root], context.root), "native": ([], "")}
    with context.temp() as parent:
        for maker, user in (("guest", "native"), ("native", "guest")):
            d = os.path.join(parent, maker)
            os.makedirs(d)
            inputs(d)
            shutil.copy(context.path("tests/programs/keys.sh"), d)
            prefix, root = both[maker]
            must(run([*prefix, root + "/usr/bin/bash", "keys.sh"], cwd=d, timeout=100), f"keys.sh ({maker})")
            check = """set -e
for k in rsa p256 p384 p521; do openssl dgst -sha512 -verify $k.pub -signature $k.sha512.sig data; done
for k in ed25519 ed448; do openssl pkeyutl -verify -pubin -inkey $k.pub -rawin -in text -sigfile $k.sig; done
openssl verify -CAfile ca.crt rsa.crt p256.crt ed25519.crt
openssl cms -decrypt -in c.enc -inform DER -inkey rsa.key -binary | cmp - text
openssl pkcs12 -in p12 -passin pass:x -nodes -nocerts -out p12.key
"""
            prefix, root = both[user]
            must(run([*prefix, root + "/usr/bin/bash", "-c", check], cwd=d, timeout=100), f"made {maker}, used {user}")


def speed(context):
    """openssl speed: its figures are times, so only that every algorithm ran is compared."""
    context.need_root()
    context.need_myna()
    lines = []
    for prefix in ([context.myna, "-L", context.root], [context.qemu, "-L", context.root]):
        found = []
        for args in (["-evp", "aes-128-gcm"], ["-evp", "chacha20-poly1305"], ["-evp", "sha256"], ["rsa2048"], ["ecdsap256"],
                     ["ed25519"], ["ghash"], ["-evp", "aes-256-cbc", "-decrypt"]):
            size = [] if args[0] in ("rsa2048", "ecdsap256", "ed25519") else ["-bytes", "4096"]
            done = must(run([*prefix, context.root + "/usr/bin/openssl", "speed", "-seconds", "1", *size, *args],
                            timeout=60), f"speed {args[-1]}")
            found.append(re.sub(rb"[ 0-9.]+s?k?", b"N", b"\n".join(
                x for x in done.out.splitlines() if re.match(rb"(AES|ChaCha|sha|rsa|\s*\d+ bits| *256|ghash)", x))))
        lines.append(found)
    if lines[0] != lines[1]:
        raise Fail(f"other lines than qemu-aarch64: {lines}")


def cases(context):
    found = [Case("programs/" + e[0], job(e)) for e in R]

    def add(name, function, level=1):
        found.append(Case("programs/" + name, function, level))

    add("gcc/assembly-floats", lambda c: assembly(c, [c.path("tests/programs/floats.c")],
        ["-O0", "-O1", "-O2", "-O3", "-Os", "-O2 -g", "-O3 -march=armv8.5-a -ffast-math", "-O2 -fPIC"]))
    add("gcc/assembly-lua", lambda c: assembly(c, [os.path.join(lua_source(c), n) for n in ("lvm.c", "lparser.c", "lstrlib.c",
        "lgc.c")], ["-O2", "-O1"], ["-DLUA_USE_LINUX"]))
    add("gcc/assembly-guests", lambda c: assembly(c, [c.path("tests/guest", n) for n in ("vectors.c", "int128.c", "varargs.c",
        "strings.c", "floats.c")], ["-O0", "-O3"], ["-D_GNU_SOURCE", "-w"]))
    for level in ("-O0", "-O1", "-O2"):
        add(f"gcc/lua{level}", lambda c, level=level: build_lua(c, level, None), 1 if level == "-O2" else 2)
    add("gcc/floats", build_floats)
    add("gcc/diagnostics", diagnostics)
    for level in ("-O0", "-O1", "-O2"):
        add(f"gcc/sqlite{level}", lambda c, level=level: sqlite(c, level), 2)
    for s, k in (("myna", "myna"), ("myna", "native"), ("native", "myna")):
        add(f"openssl/tls-{s}-{k}", tls(s, k))
    add("openssl/made-by-the-other", made_by_guest)
    add("openssl/speed", speed, 2)
    return found
