"""Firmware: the tables it is given, and EDK2, GRUB and U-Boot on the board (tests/guest/fetch.sh BUILD/guests firmware)."""
import base64
import os
import re
import shutil
import struct
import subprocess
import time
import zlib

from boot.image import check, efi_disk, ext4
from . import system
from .base import Case, Fail, Skip, run
from .disk import MODULES, NVME, busybox, conversation, switching_initrd
from .system_ui import Machine

EDK2, CODE, VARS = "usr/share/qemu-efi-aarch64/QEMU_EFI.fd", "usr/share/AAVMF/AAVMF_CODE.fd", "usr/share/AAVMF/AAVMF_VARS.fd"
UBOOT, GRUB = "usr/lib/u-boot/qemu_arm64/u-boot.bin", "usr/lib/grub/arm64-efi/monolithic/grubaa64.efi"
SHELL = rb"Shell> "
STDIO = ["-nographic", "-monitor", "none", "-serial", "stdio", "-m", "512", "-nic", "none"]


def file(context, name):
    path = os.path.join(context.build, "guests", "firmware", name)
    if not os.path.exists(path):
        raise Skip(f"no {name}: tests/guest/fetch.sh {context.build}/guests firmware")
    return path


# ------------------------------------------------------------------ what fw_cfg has

FILES = """for f in /sys/firmware/qemu_fw_cfg/by_key/*; do echo "FILE $(cat $f/name)"; base64 $f/raw; echo ENDFILE; done"""


def fw_cfg(context, options):
    """The files of fw_cfg as Linux sees them: {name: bytes}."""
    got = system.boot(context, FILES, options, modules=["qemu_fw_cfg"], append="quiet")
    found = re.findall(r"FILE (\S+)\n(.*?)ENDFILE", got.out.replace(b"\r", b"").decode(errors="replace"), re.S)
    return {name: base64.b64decode(re.sub(r"(?m)^\[.*$", "", text)) for name, text in found}


def load_tables(files):
    """What firmware makes of the tables by the loader's commands, at address 0x10000: (bytes of etc/acpi/tables, of the RSDP)."""
    blobs = {n: bytearray(files[n]) for n in ("etc/acpi/tables", "etc/acpi/rsdp")}
    at = {"etc/acpi/tables": 0x10000, "etc/acpi/rsdp": 0x40000}
    loader = files["etc/table-loader"]
    for k in range(0, len(loader), 128):
        command, = struct.unpack_from("<I", loader, k)
        name = loader[k + 4:k + 60].split(b"\0")[0].decode()
        if command == 2:
            to = loader[k + 60:k + 116].split(b"\0")[0].decode()
            offset, size = struct.unpack_from("<IB", loader, k + 116)
            value = int.from_bytes(blobs[name][offset:offset + size], "little") + at[to]
            blobs[name][offset:offset + size] = value.to_bytes(size, "little")
        elif command == 3:
            offset, start, n = struct.unpack_from("<III", loader, k + 60)
            blobs[name][offset] = -sum(blobs[name][start:start + n]) & 255
        elif command != 1:
            raise Fail(f"loader command {command}")
    return bytes(blobs["etc/acpi/tables"]), bytes(blobs["etc/acpi/rsdp"])


def acpi_tables(options, signatures):
    def test(context):
        files = fw_cfg(context, options)
        data, rsdp = load_tables(files)
        if rsdp[:8] != b"RSD PTR " or sum(rsdp[:20]) & 255 or sum(rsdp) & 255:
            raise Fail(f"RSDP {rsdp.hex()}")
        xsdt = struct.unpack_from("<Q", rsdp, 24)[0] - 0x10000
        tables, todo = {}, [xsdt]
        while todo:
            at = todo.pop()
            n, = struct.unpack_from("<I", data, at + 4)
            table = data[at:at + n]
            if len(table) != n or sum(table) & 255:
                raise Fail(f"table at {at:#x}: {table[:36].hex()}, sum {sum(table) & 255}")
            tables[table[:4].decode()] = table
            if at == xsdt:
                todo += [a - 0x10000 for a, in struct.iter_unpack("<Q", table[36:])]
            elif table[:4] == b"FACP":
                todo.append(struct.unpack_from("<Q", table, 140)[0] - 0x10000)
        if sorted(tables) != sorted(signatures):
            raise Fail(f"tables {sorted(tables)}")
        iasl = shutil.which("iasl")
        if not iasl:
            return
        with context.temp() as d:
            for name, table in tables.items():
                with open(os.path.join(d, name + ".aml"), "wb") as f:
                    f.write(table)
                got = subprocess.run([iasl, "-d", name + ".aml"], cwd=d, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                if got.returncode or re.search(r"(?i)error|warning|invalid", got.stdout):
                    raise Fail(f"{name}: {got.stdout[-1500:]}")
            got = subprocess.run([iasl, "-p", "again", "DSDT.dsl"], cwd=d, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if got.returncode or "0 Errors, 0 Warnings" not in got.stdout:
                raise Fail(got.stdout[-2000:])
    return test


def smbios(context):
    """DSP0134's structures: the machine's number, what -smbios says, the end."""
    files = fw_cfg(context, ["-uuid", "00112233-4455-6677-8899-aabbccddeeff", "-smbios", "type=1,manufacturer=Some One,serial=S 1",
                             "-smbios", "type=0,vendor=V,release=3.4,uefi=on", "-smbios", "type=11,value=a,value=b", "-smp", "2"])
    anchor, data, seen, at = files["etc/smbios/smbios-anchor"], files["etc/smbios/smbios-tables"], {}, 0
    if anchor[:5] != b"_SM3_" or sum(anchor) & 255 or struct.unpack_from("<I", anchor, 12)[0] != len(data):
        raise Fail(anchor.hex())
    while at < len(data):
        kind, n = data[at], data[at + 1]
        end = data.index(b"\0\0", at + n) + 2
        seen[kind] = (data[at:at + n], data[at + n:end - 2].split(b"\0"))
        at = end
    fixed, texts = seen[1]
    if fixed[8:24].hex() != "33221100554477668899aabbccddeeff" or texts[fixed[4] - 1] != b"Some One" or texts[fixed[7] - 1] != b"S 1":
        raise Fail(f"type 1: {fixed.hex()} {texts}")
    if seen[0][0][0x14:0x16] != b"\3\4" or not seen[0][0][0x13] & 8 or seen[11] != (b"\x0b\5\0\x0e\2", [b"a", b"b"]):
        raise Fail(f"{seen[0]} {seen[11]}")
    if sorted(seen) != [0, 1, 3, 4, 11, 16, 17, 19, 32, 127] or list(seen)[-1] != 127:
        raise Fail(f"types {list(seen)}")


def boot_order(context):
    """Open Firmware's paths as EDK2's QemuBootOrderLib reads them."""
    with context.temp() as d:
        path = os.path.join(d, "x")
        with open(path, "wb") as f:
            f.truncate(1 << 20)
        drive = [w for k in "abc" for w in ("-drive", f"if=none,id={k},format=raw,file={path},readonly=on")]
        files = fw_cfg(context, [*drive, "-device", "virtio-blk-pci,drive=a,bootindex=7,addr=5", "-device", "virtio-blk-device,drive=b,bootindex=2",
                                 "-device", "pcie-root-port,id=p,chassis=1,addr=6", "-device", "virtio-blk-pci,drive=c,bus=p",
                                 "-device", "virtio-scsi-pci,addr=8,id=s", "-device", "scsi-cd,bus=s.0,scsi-id=2,lun=3,bootindex=9", "-boot", "order=c,menu=on,splash-time=1234,strict=on"])
        want = (b"/virtio-mmio@000000000a003e00/disk@0,0\n/pci@0000004010000000/scsi@5/disk@0,0\n"
                b"/pci@0000004010000000/scsi@8/channel@0/disk@2,3\n/pci@0000004010000000/pci-bridge@6/scsi@0/disk@0,0\nHALT\0")
        if files.get("bootorder") != want or files.get("etc/boot-menu-wait") != struct.pack("<H", 1234):
            raise Fail(f"{files.get('bootorder')} {files.get('etc/boot-menu-wait')}")
        got = run([system.program(context), "-M", "virt", "-nographic", *drive, "-device", "virtio-blk-pci,drive=a,bootindex=1", "-device",
                   "virtio-blk-pci,drive=b,bootindex=1"], timeout=20)
        if got.status != 1 or b"bootindex=1" not in got.err:
            raise Fail(f"two of one number: {got.status} {got.err}")


# ----------------------------------------------------------------------------- EDK2

def ask(m, command, answer, tries=6):
    """Types the command until there is an answer: EDK2's shell forgets what was typed before it reads a line."""
    for k in range(tries):
        time.sleep(1)
        m.stdio.send(command + "\r")
        try:
            return m.stdio.expect(answer, 20)
        except Fail:
            if k == tries - 1:
                raise


def switch_off(m, tries=6):
    for _ in range(tries):
        time.sleep(1)
        if m.process.poll() is None:
            m.stdio.send("reset -s\r")
        try:
            m.process.wait(10)
            break
        except subprocess.TimeoutExpired:
            pass
    m.end(0, 10)


def shell(context):
    with Machine(context, "-bios", file(context, EDK2), *STDIO, kernel=False) as m:
        m.stdio.expect(SHELL, 180)
        ask(m, "ver", rb"UEFI Interactive Shell v[0-9.]+.*" + SHELL)
        switch_off(m)


def variables(context):
    """What Linux sets through the firmware's services is there after a restart of the process, in the file of the second bank."""
    name = "/sys/firmware/efi/efivars/Kept-12345678-1234-1234-1234-123456789abc"
    first = f"mount -t efivarfs none /sys/firmware/efi/efivars\n[ -e {name} ] && echo OLD $(tail -c 4 {name})\nprintf '\\007\\000\\000\\000mark' >{name} && echo SET"
    with context.temp() as d:
        flash = os.path.join(d, "vars.fd")
        shutil.copy(file(context, VARS), flash)
        two = (["-drive", f"if=pflash,format=raw,unit=0,file={file(context, CODE)},readonly=on", "-drive", f"if=pflash,format=raw,unit=1,file={flash}"],
               ["-drive", f"if=none,id=f0,format=raw,file={file(context, CODE)},readonly=on", "-drive", f"if=none,id=f1,format=raw,file={flash}",
                "-M", "virt,pflash0=f0,pflash1=f1"])
        for drives, word in zip(two, ("SET", "OLD mark")):
            system.said(system.boot(context, first, [*drives, "-nic", "none"], modules=["efivarfs"], append="quiet"), word)


def kernel_by_firmware(options, patterns, append=""):
    """EDK2 starts -kernel; Linux by ACPI finds what it finds by the device tree."""
    def test(context):
        script = "echo ACPI $(ls /sys/firmware/acpi/tables | tr '\\n' ' ')\nls -1 /sys/bus/pci/devices /sys/bus/platform/devices\n" \
                 "echo CPUS $(nproc); cat /sys/class/dmi/id/sys_vendor; dd if=/dev/hwrng bs=64 count=1 2>/dev/null | wc -c"
        got = system.boot(context, script, ["-bios", file(context, EDK2), "-nic", "none", "-device", "virtio-rng-pci", *options], append=append,
                          modules=["virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_rng"])
        system.said(got, "QEMU", "64", *patterns)
    return test


def power_button(context):
    """system_powerdown reaches a guest that has ACPI."""
    script = "insmod /lib/evdev.ko\nsleep 1\nls /dev/input/event0 && echo LISTENS\ndd if=/dev/input/event0 bs=24 count=1 of=/dev/null && echo PRESSED"
    with context.temp() as d:
        path = os.path.join(d, "initrd")
        with open(path, "wb") as f:
            f.write(system.initrd(context, script, modules=["evdev"]))
        with Machine(context, "-bios", file(context, EDK2), "-kernel", system.kernel(context)[0], "-initrd", path, "-append", "console=ttyAMA0", "-display", "none",
                     "-m", "512", "-nic", "none", "-serial", "stdio", "-monitor", "unix:DIR/mon,server=on,wait=off", kernel=False) as m:
            m.stdio.expect(rb"LISTENS", 120)
            c = m.connect("mon")
            c.expect(rb"\) ")
            c.send("system_powerdown\n")
            m.stdio.expect(rb"PRESSED", 60)
            m.end(0, 60)


def grub_disk(devices, partition, modules=MODULES):
    """EDK2, GRUB from the EFI system partition, Linux' EFI stub, and a root on the same disk; a restart; the root is clean."""
    return lambda context: boot_by_grub(context, devices, partition, modules)


def boot_by_grub(context, devices, partition, modules):
    with context.temp() as d:
        root, disk = os.path.join(d, "root.img"), os.path.join(d, "disk.img")
        with open(system.kernel(context)[0], "rb") as f:
            kernel = f.read()
        ext4(root, busybox(context), [("boot/vmlinuz", kernel), ("boot/initrd", switching_initrd(context, "kernel", partition, modules))], size=128 << 20)
        with open(file(context, GRUB), "rb") as f:
            grub = f.read()
        config = (b"set timeout=0\nset root=(hd0,gpt2)\nlinux /boot/vmlinuz console=ttyAMA0 panic=-1 quiet\ninitrd /boot/initrd\nboot\n")
        at = efi_disk(disk, root, [("EFI/BOOT/BOOTAA64.EFI", grub), ("EFI/debian/grub.cfg", config)])
        with Machine(context, "-bios", file(context, EDK2), *STDIO, "-drive", f"if=none,id=d,format=raw,file={disk}", *devices,
                     kernel=False) as m:
            conversation(m)
        wrong = check(disk, at)
        if wrong:
            raise Fail(wrong)


def uboot(context):
    with context.temp() as d:
        path = os.path.join(d, "x")
        with open(path, "wb") as f:
            f.truncate(1 << 20)
        with Machine(context, "-bios", file(context, UBOOT), *STDIO, "-drive", f"if=virtio,format=raw,file={path}", kernel=False) as m:
            m.stdio.expect(rb"Hit any key", 60)
            m.stdio.send("\r")
            m.stdio.expect(rb"=> ", 60)
            for command, answer in (("version", rb"U-Boot 20\d\d"), ("virtio scan; virtio info", rb"Capacity: 1.0 MB"), ("pci enum; pci", rb"0x1b36"),
                                    ("fdt addr ${fdtcontroladdr}; fdt print /cpus", rb"device_type")):
                m.stdio.send(command + "\r")
                m.stdio.expect(answer + rb".*=> ", 60)
            m.stdio.send("poweroff\r")
            m.end(0, 60)


def uboot_devices(context):
    """U-Boot's own drivers of NVM Express and of the 82540EM."""
    def step(m, command, answer):
        m.stdio.send(command + "\r")
        m.stdio.expect(answer.encode() + rb".*=> ", 120)

    with context.temp() as d:
        data = {name: os.urandom(size) for name, size in (("disk", 1 << 20), ("file", 2_000_000))}
        for name, content in data.items():
            with open(os.path.join(d, name), "wb") as f:
                f.write(content)
        crc = {k: f"{zlib.crc32(v):08x}" for k, v in data.items()}
        with Machine(context, "-bios", file(context, UBOOT), *STDIO[:-2], "-drive", f"if=none,id=d,format=raw,file={d}/disk", "-device", "nvme,serial=s,drive=d",
                     "-nic", f"user,model=e1000,tftp={d}", kernel=False) as m:
            m.stdio.expect(rb"Hit any key", 60)
            step(m, "", "")
            step(m, "nvme scan; nvme info", "Capacity: 1.0 MB")
            step(m, "nvme read 50000000 0 800; crc32 50000000 100000", crc["disk"])
            step(m, "mw.b 51000000 5a 4000; nvme write 51000000 100 20; nvme read 50000000 100 20; cmp.b 50000000 51000000 4000", "were the same")
            step(m, "dhcp 48000000 file; crc32 48000000 1e8480", crc["file"])
            m.stdio.send("poweroff\r")
            m.end(0, 60)
        with open(f"{d}/disk", "rb") as f:
            if f.read() != data["disk"][:0x20000] + b"\x5a" * 0x4000 + data["disk"][0x24000:]:
                raise Fail("the image has something else")


def cases(context):
    common = ["APIC", "DBG2", "DSDT", "FACP", "GTDT", "MCFG", "PPTT", "SPCR", "XSDT"]
    return [
        Case("firmware/acpi-gic2", acpi_tables(["-M", "virt,acpi=on"], common), 1),
        Case("firmware/acpi-gic3", acpi_tables(["-M", "virt,acpi=on,gic-version=3,virtualization=on", "-smp", "4,sockets=1,clusters=2,cores=1,threads=2"],
                                               [*common, "IORT"]), 2),
        Case("firmware/acpi-low", acpi_tables(["-M", "virt,acpi=on,gic-version=3,its=off,highmem=off"], common), 2),
        Case("firmware/smbios", smbios, 1),
        Case("firmware/boot-order", boot_order, 1),
        Case("firmware/edk2-shell", shell, 2),
        Case("firmware/edk2-variables", variables, 2),
        Case("firmware/edk2-kernel-gic2", kernel_by_firmware(["-smp", "2"], ["ACPI .*APIC.*DSDT.*", "CPUS 2", "0000:00:01.0", "LNRO0005:1f"]), 2),
        Case("firmware/edk2-kernel-gic3", kernel_by_firmware(["-M", "virt,gic-version=3", "-smp", "2"], ["ACPI .*APIC.*IORT.*", "CPUS 2", "QEMU0002:00"]), 2),
        Case("firmware/edk2-kernel-el2", kernel_by_firmware(["-M", "virt,gic-version=3,virtualization=on"], ["ACPI .*APIC.*", "CPUS 1"]), 2),
        Case("firmware/edk2-kernel-tree", kernel_by_firmware(["-M", "virt,acpi=off"], ["ACPI ?", "CPUS 1", "gpio-keys"]), 2),
        Case("firmware/power-button", power_button, 2),
        Case("firmware/grub-disk", grub_disk(["-device", "virtio-blk-pci,drive=d,bootindex=0"], "/dev/vda2"), 2),
        Case("firmware/grub-scsi", grub_disk(["-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=d,scsi-id=3,lun=2,bootindex=0"], "/dev/sda2"), 2),
        Case("firmware/grub-nvme", grub_disk(["-device", "nvme,serial=s,drive=d,bootindex=0"], "/dev/nvme0n1p2", NVME), 2),
        Case("firmware/u-boot", uboot, 2),
        Case("firmware/u-boot-devices", uboot_devices, 2),
    ]
