#!/usr/bin/env python3
"""Holds every #include against the order of the layers, and the folders' README files against the tree.

A layer may include the headers of the layers named beside it in LAYERS, nothing above. Include paths
in the Makefile say the same to the compiler; this test also sees what a path like "../x/y.h" or a
sub-folder would let through. Prints one line per breach; the exit status is 1 if there was one.
"""
import os
import re
import sys

# layer: what it may include besides itself: a folder with all below it, or one header.
LAYERS = {
    "ir": [],
    "frontend": ["ir"],
    "backend": ["ir", "frontend/guest.h", "frontend/region.h"],
    "gdb": ["ir", "frontend", "backend"],
    "linux-user": ["ir", "frontend", "backend", "gdb"],
    "softmmu": ["ir", "frontend", "backend", "gdb"],
    "hw": ["ir", "frontend", "backend", "softmmu"],
}
# A product's command line sees everything.
MAINS = ("linux-user/main.c", "softmmu/main.c", "softmmu/cli/")
# Libraries that belong to one layer: the seam where another could take their place.
LIBRARIES = {"ffi.h": "ir", "capstone/": "backend", "histedit.h": "softmmu", "jansson.h": ("softmmu", "hw"), "seccomp.h": "softmmu"}
GENERATED = {"aarch64_decode.h": "frontend"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def sources(root, layer):
    for folder, _, names in os.walk(os.path.join(root, layer)):
        for name in sorted(names):
            if name.endswith((".c", ".h", ".S", ".def", ".inc")):
                yield os.path.relpath(os.path.join(folder, name), root)


def resolve(root, source, layer, name):
    """The project's file that #include "name" in source means, or None: not the project's."""
    folders = [os.path.dirname(source), layer] + list(LAYERS) + ["frontend/aarch64", "backend/x86_64",
                                                                 "linux-user/aarch64", "softmmu/aarch64"]
    for folder in folders:
        path = os.path.normpath(os.path.join(folder, name))
        if os.path.isfile(os.path.join(root, path)):
            return path
    return None


def check(root):
    bad = []
    count = 0
    for layer, below in LAYERS.items():
        if not os.path.isfile(os.path.join(root, layer, "README.md")):
            bad.append(f"{layer}/: no README.md")
        for source in sources(root, layer):
            count += 1
            with open(os.path.join(root, source), encoding="utf-8") as f:
                lines = f.readlines()
            for number, line in enumerate(lines, 1):
                m = INCLUDE.match(line)
                if not m:
                    continue
                where = f"{source}:{number}"
                for prefix, owner in LIBRARIES.items():
                    if m[2].startswith(prefix) and layer not in ((owner,) if isinstance(owner, str) else owner):
                        bad.append(f"{where}: {m[2]} belongs to {owner}")
                if m[1] == "<":
                    continue
                if m[2] in GENERATED:
                    target = GENERATED[m[2]] + "/" + m[2]
                else:
                    target = resolve(root, source, layer, m[2])
                if target is None:
                    bad.append(f"{where}: {m[2]} is no file of the project")
                    continue
                if target.startswith(layer + "/") or source.startswith(MAINS):
                    continue
                if not any(target == b or target.startswith(b + "/") for b in below):
                    bad.append(f"{where}: {layer}/ may not see {target}")
    return count, bad


if __name__ == "__main__":
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    n, breaches = check(os.path.normpath(top))
    for text in breaches:
        print(text)
    print(f"{n} files, {len(breaches)} breaches")
    sys.exit(bool(breaches))
