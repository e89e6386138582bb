"""Interrupt controllers and PCI under a kernel: what Linux finds, which way its interrupts come (/proc/interrupts)."""
import re

from .base import Case, Fail
from .system import boot, said

PCI_MODULES = ["virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci"]
SCRIPT = """for d in /sys/bus/pci/devices/*; do echo PCI ${d##*/} $(cat $d/vendor $d/device $d/class); done
dd if=/dev/hwrng bs=64 count=8 2>/dev/null | wc -c
taskset 1 sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 0.01; done'
cat /proc/interrupts"""


def bus(machine, devices, found, interrupt, options=()):
    """devices: words of -device; found: slots and ids that the guest is to list; interrupt: the controller's name and kind as
    Linux prints them for the device's, at least one of which has come."""
    def test(context):
        words = [w for d in devices for w in ("-device", d)]
        got = boot(context, SCRIPT, ["-M", machine, "-nic", "none", *options, *words], modules=[*PCI_MODULES, "virtio_rng"])
        said(got, "512", *(re.escape("PCI " + f) for f in found))
        rows = re.findall(rb"(?m)^ *\d+:((?: +\d+)+) +" + interrupt.encode() + rb".* virtio", got.out)
        if not any(int(n) for r in rows for n in r.split()):
            raise Fail(f"no interrupt by {interrupt}\n" + got.out[-3000:].decode(errors="replace"))
        timers = re.search(rb"(?m)^ *\d+:((?: +\d+)+) +GIC.*arch_timer", got.out)
        if not timers or not all(int(n) for n in timers[1].split()):
            raise Fail("a processor without timer interrupts\n" + got.out[-3000:].decode(errors="replace"))
    return test


ROOT = "0000:00:00.0 0x1b36 0x0008 0x060000"
RNG = "0x1af4 0x1044 0x00ff00"


def cases(context):
    return [
        Case("system/gic2-msi", bus("virt,gic-version=2", ["virtio-rng-pci"], [ROOT, f"0000:00:01.0 {RNG}"], r"MSI +\d+ Edge"), 2),
        Case("system/gic3-its-smp", bus("virt,gic-version=3", ["virtio-rng-pci,addr=7"], [ROOT, f"0000:00:07.0 {RNG}"], r"ITS-MSI +\d+ Edge",
                                        ["-smp", "2"]), 1),
        Case("system/gic3-el2", bus("virt,gic-version=3,virtualization=on", ["virtio-rng-pci"], [f"0000:00:01.0 {RNG}"], r"ITS-MSI +\d+ Edge",
                                    ["-smp", "2"]), 2),
        Case("system/gic3-intx", bus("virt,gic-version=max,its=off", ["virtio-rng-pci,vectors=0,addr=5"], [f"0000:00:05.0 {RNG}"],
                                     r"GICv3 +36 Level"), 2),
        Case("system/pci-root-port", bus("virt,gic-version=3", ["pcie-root-port,id=p,chassis=1", "virtio-rng-pci,bus=p"],
                                         ["0000:00:01.0 0x1b36 0x000c 0x060400", f"0000:01:00.0 {RNG}"], r"ITS-MSI +\d+ Edge"), 2),
        Case("system/pci-bridge-low", bus("virt,highmem=off", ["pci-bridge,id=p,chassis_nr=1", "virtio-rng-pci,bus=p,addr=3,vectors=0"],
                                          ["0000:00:01.0 0x1b36 0x0001 0x060400", f"0000:01:03.0 {RNG}"], r"GIC-0 +35 Level"), 2),
    ]
