"""Folders of the host under a kernel (virtio-9p), and the objects that machines are made of: what a guest's programs do with files
(tests/boot/sharing.c), what the host sees of it, the security models beside qemu-system-aarch64's on a tree of its own, bytes both
ways at once; memory and random bytes from files."""
import hashlib
import os
import re
import shutil
import stat
import time

from .base import Case, Fail, Skip, build, run
from .disk import with_depends
from .system import LIMIT, boot, initrd, kernel, program, said
from .system_ui import Machine

MODULES = ["virtio_pci", "virtio_mmio", "9p", "9pnet_virtio"]
MOUNT = "mkdir -p /m; mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144{} tag /m && echo MOUNTED\n"


def guest_program(context):
    source, target = context.path("tests/boot/sharing.c"), os.path.join(context.build, "tests/boot/sharing")
    build(context, target, [source], ["aarch64-linux-gnu-gcc", "-O1", "-Wall", "-static", "-o", target, source])
    with open(target, "rb") as f:
        return f.read()


def share(folder, model="passthrough", device="virtio-9p-pci", more=""):
    return ["-fsdev", f"local,id=f,path={folder},security_model={model}{more}", "-device", f"{device},fsdev=f,mount_tag=tag", "-nic", "none"]


def root_only():
    if os.geteuid():
        raise Skip("owners are the host's: for root")


def works(which, device="virtio-9p-pci", model="passthrough", files=500, caches=("", ",cache=mmap"), options=()):
    """Every chapter of sharing.c, for each way of caching."""
    def test(context):
        if model == "passthrough":
            root_only()
        script = "".join(MOUNT.format(c) + f"mkdir /m/w; sharing /m/w {'mmap' if c else 'no'} {files}; rmdir /m/w; umount /m\n" for c in caches)
        with context.temp() as d:
            folder = os.path.join(d, "share")
            os.mkdir(folder)
            got = boot(context, script, [*share(folder, model, device), *options], which=which, modules=with_depends(context, which, MODULES),
                       files=[("bin/sharing", guest_program(context))], limit=4 * LIMIT)
            if got.out.count(b"SHARING PASSED") != len(caches) or got.out.count(b"MOUNTED") != len(caches):
                raise Fail(got.out.decode(errors="replace")[-3000:])
            left = [n for n in os.listdir(folder) if not n.startswith(".virtfs_metadata")]
            if left:
                raise Fail(f"the guest has left {left}")
    return test


def both_ways(context):
    """The host and the guest write at the same time; what leads out of the folder leads nowhere but inside the guest."""
    script = MOUNT.format("") + """cat /m/link/secret || echo NO WAY
ls /m/link 2>&1 | head -1
md5sum </m/from-host
dd if=/dev/urandom of=/m/from-guest bs=64k count=160 2>/dev/null
echo GUEST $(md5sum </m/from-guest)
cp /m/from-host /m/copy
echo READY >/m/ready
while [ ! -e /m/more ]; do sleep 0.1; done
cat /m/more
echo END"""
    with context.temp() as d:
        folder, outside, initrd_path = (os.path.join(d, n) for n in ("share", "outside", "initrd"))
        os.mkdir(folder)
        os.mkdir(outside)
        with open(os.path.join(outside, "secret"), "w", encoding="ascii") as f:
            f.write("SECRET\n")
        os.symlink(outside, os.path.join(folder, "link"))
        data = os.urandom(10_000_000)
        with open(os.path.join(folder, "from-host"), "wb") as f:
            f.write(data)
        with open(initrd_path, "wb") as f:
            f.write(initrd(context, script, modules=with_depends(context, "kernel", MODULES)))
        with Machine(context, "-m", "512", "-kernel", kernel(context)[0], "-initrd", initrd_path, "-append", "console=ttyAMA0 panic=-1 quiet", "-nographic",
                     "-monitor", "none", "-serial", "stdio", "-virtfs", f"local,path={folder},mount_tag=tag,security_model=none", "-nic", "none", kernel=False) as m:
            console = m.stdio
            got = console.expect(rb"GUEST [0-9a-f]{32}", LIMIT)
            for _ in range(LIMIT * 10):
                if os.path.exists(os.path.join(folder, "ready")):
                    break
                time.sleep(0.1)
            with open(os.path.join(folder, "more.new"), "w", encoding="ascii") as f:
                f.write("MORE OF IT\n")
            os.rename(os.path.join(folder, "more.new"), os.path.join(folder, "more"))
            got += console.expect(rb"MORE OF IT.*END", LIMIT)
            m.end(0, LIMIT)
        with open(os.path.join(folder, "from-guest"), "rb") as f, open(os.path.join(folder, "copy"), "rb") as g:
            if hashlib.md5(f.read()).hexdigest().encode() not in got or g.read() != data:
                raise Fail("the bytes are others on the other side")
        if b"SECRET" in got or b"NO WAY" not in got:
            raise Fail(got.decode(errors="replace"))


# ------------------------------------------------------------- models beside QEMU's

TREE = """cd /m; umask 022
echo x >plain; chmod 4751 plain; chown 12:34 plain
mkdir dir; chmod 1777 dir; chown 5:6 dir
ln -s /no/where link; ln -s dir/a link2
{specials}
echo y >dir/a; ln dir/a dir/b; mv dir/b hard; echo z >gone; rm gone
echo q >old; echo r >new; chown 99 old; mv old new
mkdir empty; touch empty/e; chown 3:3 empty/e; rm empty/e; rmdir empty
mkdir dir/sub; touch dir/sub/f; mv dir/sub moved; echo long >>plain
chown 1:2 /m
stat -c '%n %a %u %g %h %s %t %T %F' . * dir/* moved/*
for l in link link2; do readlink $l; done
cd /; umount /m && echo UNMOUNTED"""
SPECIALS = "mkfifo fifo; chown 7:8 fifo; mknod chr c 5 300; mknod blk b 259 70000; chmod 640 blk"


def seen(folder):
    """What stat and getfattr say of each file, and what .virtfs_metadata holds."""
    lines = []
    for base, folders, files in os.walk(folder):
        for name in sorted([*folders, *files]) + ["."] * (base == folder):
            path = os.path.join(base, name)
            st = os.lstat(path)
            text = f"{os.path.relpath(path, folder)} {st.st_mode:o} {st.st_uid} {st.st_gid} {st.st_nlink} {st.st_rdev:x}"
            if not stat.S_ISDIR(st.st_mode):
                text += f" {st.st_size}"
            text += "".join(f" {n}={os.getxattr(path, n, follow_symlinks=False).hex()}" for n in sorted(os.listxattr(path, follow_symlinks=False)) if n.startswith("user."))
            if stat.S_ISLNK(st.st_mode):
                text += " " + os.readlink(path)
            elif stat.S_ISREG(st.st_mode):
                with open(path, "rb") as f:
                    text += " " + repr(f.read())
            lines.append(text)
    return sorted(lines)


def beside_qemu(model, specials=SPECIALS):
    """The same on two trees; then each reads the other's."""
    def test(context):
        qemu = shutil.which("qemu-system-aarch64")
        if not qemu:
            raise Skip("no qemu-system-aarch64")
        root_only()
        again = MOUNT.format("") + "cd /m; stat -c '%n %a %u %g %h %s %t %T %F' . * dir/* moved/*; readlink link"
        with context.temp() as d:
            paths = {}
            for name, script in (("first", MOUNT.format("") + TREE.format(specials=specials)), ("again", again)):
                paths[name] = os.path.join(d, name)
                with open(paths[name], "wb") as f:
                    f.write(initrd(context, script, modules=with_depends(context, "kernel", MODULES)))
            said_by = {}
            machines = {"myna": program(context), "qemu": qemu}
            for who in machines:
                os.mkdir(os.path.join(d, who))

            def play(who, script, folder):
                got = run([machines[who], "-M", "virt", "-cpu", "cortex-a57", "-m", "512", "-kernel", kernel(context)[0], "-initrd", paths[script], "-append",
                           "console=ttyAMA0 panic=-1 quiet", "-nographic", "-no-reboot", *share(os.path.join(d, folder), model)], timeout=2 * LIMIT)
                text = got.out.decode(errors="replace").replace("\r", "")
                if "MOUNTED" not in text:
                    raise Fail(f"{who}: {text[-1500:]}{got.err.decode(errors='replace')[-500:]}")
                return re.sub(r"\[ *[0-9.]+\] .*\n", "", text)
            for who in machines:
                said_by[who] = play(who, "first", who)
            trees = {who: seen(os.path.join(d, who)) for who in machines}
            if trees["myna"] != trees["qemu"]:
                raise Fail("the host sees\n" + "\n".join(sorted(set(trees["myna"]) ^ set(trees["qemu"]))))
            # sizes of folders and link counts are the host's in both
            if said_by["myna"] != said_by["qemu"]:
                raise Fail(f"the guests see\n{said_by['myna']}\nand\n{said_by['qemu']}")
            one, other = play("myna", "again", "qemu"), play("qemu", "again", "qemu")
            if one != other:
                raise Fail(f"of qemu's tree\n{one}\nand\n{other}")
            if play("qemu", "again", "myna") != other:
                raise Fail("qemu reads our tree otherwise")
    return test


# --------------------------------------------------------------------------- objects

def memory_and_random(context):
    """RAM in a file that the host reads; random bytes of a file, in their order."""
    with context.temp() as d:
        memory, random = os.path.join(d, "ram"), os.path.join(d, "random")
        data = os.urandom(1 << 16)
        with open(random, "wb") as f:
            f.write(data)
        got = boot(context, "grep MemTotal /proc/meminfo\ndd if=/dev/hwrng bs=256 count=1 2>/dev/null | od -An -v -tx1 | tr -d ' \\n'\necho\necho 'MARKER-'IN-MEMORY\necho END",
                   ["-M", "virt,memory-backend=m", "-object", f"memory-backend-file,id=m,size=512M,mem-path={memory},share=on", "-object",
                    f"rng-random,id=r,filename={random}", "-device", "virtio-rng-pci,rng=r", "-nic", "none", "-object", "iothread,id=io", "-object", "secret,id=s,data=x"],
                   modules=with_depends(context, "kernel", ["virtio_pci", "virtio_rng"]))
        said(got, "END")
        bytes_ = re.search(rb"\n([0-9a-f]{512})\r?\n", got.out)
        if not bytes_ or bytes.fromhex(bytes_[1].decode()) not in data:
            raise Fail("the guest's random bytes are not the file's: " + got.out[-900:].decode(errors="replace"))
        if os.path.getsize(memory) != 512 << 20:
            raise Fail("the memory's file has another size")
        with open(memory, "rb") as f:
            if b"MARKER-IN-MEMORY" not in f.read():
                raise Fail("the guest's memory is not in the file")
        got = boot(context, "echo END", ["-mem-path", d, "-mem-prealloc", "-nic", "none"], memory="128")
        said(got, "END")
        if sorted(os.listdir(d)) != ["ram", "random"]:
            raise Fail(f"-mem-path has left {os.listdir(d)}")


def usage(context):
    machine = program(context)
    for words, pattern in (
            (["-fsdev", "synth,id=a"], rb"synth"), (["-fsdev", "proxy,id=a,socket=x"], rb"proxy"), (["-fsdev", "local,id=a,path=/tmp"], rb"security_model="),
            (["-fsdev", "local,path=/tmp,security_model=none"], rb"id="), (["-fsdev", "local,id=a,security_model=none"], rb"path="),
            (["-fsdev", "local,id=a,path=/nonexistent,security_model=none"], rb"/nonexistent"), (["-fsdev", "local,id=a,path=/etc/passwd,security_model=none"], rb"/etc/passwd"),
            (["-fsdev", "local,id=a,path=/tmp,security_model=mapd"], rb"mapd.*mapped-xattr"), (["-fsdev", "local,id=a,path=/tmp,security_modle=none"], rb"security_modle.*security_model"),
            (["-fsdev", "local,id=a,path=/tmp,security_model=none,fmode=644"], rb"fmode"), (["-fsdev", "local,id=a,path=/tmp,security_model=mapped,dmode=9"], rb"dmode=9"),
            (["-fsdev", "local,id=a,path=/tmp,security_model=none,throttling.bps-total=9"], rb"throttling"), (["-virtfs", "local,path=/tmp,security_model=none"], rb"mount_tag="),
            (["-device", "virtio-9p-pci,mount_tag=t"], rb"fsdev="), (["-device", "virtio-9p-pci,fsdev=zz,mount_tag=t"], rb"fsdev=zz"),
            (["-object", "memory-backend-ram,id=m"], rb"size="), (["-object", "memory-backend-ram,id=m,size=5000"], rb"size="),
            (["-object", "memory-backend-ram,id=m,size=4M,host-nodes=0"], rb"host-nodes"), (["-object", "memory-backend-ram,id=m,size=4M,policy=bind"], rb"policy=bind"),
            (["-object", "memory-backend-file,id=m,size=4M"], rb"mem-path="), (["-object", "memory-backend-file,id=m,size=4M,mem-path=/nonexistent/x"], rb"/nonexistent/x"),
            (["-object", "memory-backend-file,id=m,size=4M,mem-path=/tmp,readonly=on,share=on"], rb"readonly"), (["-M", "virt,memory-backend=zz"], rb"zz"),
            (["-object", "memory-backend-ram,id=m,size=64M", "-M", "virt,memory-backend=m", "-m", "128"], rb"128.*64"), (["-mem-path", "/nonexistent/x"], rb"/nonexistent/x"),
            (["-object", "secret,id=s"], rb"data=.*file="), (["-object", "secret,id=s,data=a,keyid=k"], rb"keyid"), (["-object", "secret,id=s,data=?,format=base64"], rb"base64"),
            (["-object", "rng-random,id=r,filename=/nonexistent"], rb"/nonexistent"), (["-object", "rng-egd,id=r"], rb"rng-egd"), (["-device", "virtio-rng-pci,rng=zz"], rb"rng=zz"),
            (["-device", "virtio-blk-pci,iothread=zz"], rb"iothread=zz"), (["-numa", "node"], rb"-numa")):
        got = run([machine, "-M", "virt", "-cpu", "max", "-nographic", *words], timeout=20)
        if got.status != 1 or len(got.err.splitlines()) != 1 or not re.search(pattern, got.err):
            raise Fail(f"{got.shell()}: status {got.status}, {(got.out + got.err).decode(errors='replace')}")


def cases(context):
    return [
        Case("sharing/usage", usage, 0),
        Case("sharing/6.1", works("kernel", options=["-smp", "2"]), 1),
        Case("sharing/both-ways", both_ways, 1),
        Case("sharing/objects", memory_and_random, 1),
        Case("sharing/6.1-5000", works("kernel", files=5000, caches=("", ",cache=mmap", ",cache=loose"), options=["-smp", "2"]), 2),
        Case("sharing/6.1-mmio-mapped-xattr", works("kernel", "virtio-9p-device", "mapped-xattr"), 2),
        Case("sharing/6.1-packed-mapped-file", works("kernel", "virtio-9p-pci,packed=on", "mapped-file"), 2),
        Case("sharing/6.12", works("kernel-trixie", caches=("", ",cache=loose")), 2),
        Case("sharing/6.12-16k", works("kernel-16k", caches=("", ",cache=loose"), options=["-smp", "2"]), 2),
        *[Case(f"sharing/qemu-{m}", beside_qemu(m), 2) for m in ("mapped-xattr", "mapped-file")],
        # Debian's qemu 7.2 does not let the guest make these where the host would get them
        *[Case(f"sharing/qemu-{m}", beside_qemu(m, ":"), 2) for m in ("passthrough", "none")],
    ]
