"""QMP: the wire protocol, every command of the table with good and bad arguments, its answers held against the schema
that query-qmp-schema gives.

Where qemu-system-aarch64 is installed the same requests go there, and what its answers have and ours lack is in
qmp_lacks.txt, or the test fails. Expected classes of errors are those of QEMU's documentation."""
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import time

from .base import Case, Fail, Skip, run
from .system import initrd, kernel
from .system import program as machine_program
from .unit import program as test_program

LIMIT = 30
CLASSES = ("GenericError", "CommandNotFound", "DeviceNotActive", "DeviceNotFound", "KVMMissingCap")


def program(context):
    path = machine_program(context)
    with open(os.path.join(context.build, "config.mk"), encoding="utf-8") as f:
        if "QMP = no\n" in f:
            raise Skip("no QMP in this build: ./configure says why")
    return path


class Client:
    """A client of a machine's QMP; events are kept aside."""

    def __init__(self, sock, negotiate=True):
        self.sock = sock
        sock.settimeout(LIMIT)
        self.rest = b""
        self.events = []
        self.greeting = self.message()
        if negotiate:
            self.ok("qmp_capabilities")

    def line(self):
        while b"\n" not in self.rest:
            more = self.sock.recv(65536)
            if not more:
                return None
            self.rest += more
        text, self.rest = self.rest.split(b"\n", 1)
        return text

    def message(self):
        text = self.line()
        return json.loads(text) if text is not None else None

    def answer(self):
        while True:
            got = self.message()
            if got is None or "event" not in got:
                return got
            self.events.append(got)

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else json.dumps(data).encode())
        return self.answer()

    def command(self, name, arguments=None):
        return self.send({"execute": name, **({"arguments": arguments} if arguments is not None else {})})

    def ok(self, name, **arguments):
        got = self.command(name, arguments)
        if got is None or "return" not in got:
            raise Fail(f"{name} {arguments}: {got}")
        return got["return"]

    def error(self, name, wanted, arguments=None):
        got = self.command(name, arguments)
        if got is None or got.get("error", {}).get("class") != wanted or not got["error"]["desc"]:
            raise Fail(f"{name} {arguments}: {got}, not {wanted}")

    def event(self, name, **data):
        """Waits for an event of that name with these members of data."""
        end = time.monotonic() + LIMIT
        while True:
            for k, e in enumerate(self.events):
                if e["event"] == name and all(e.get("data", {}).get(n) == v for n, v in data.items()):
                    return self.events.pop(k)
            if time.monotonic() > end:
                raise Fail(f"no event {name} {data}; there were {self.events}")
            got = self.message()
            if got is None:
                raise Fail(f"the machine went without an event {name} {data}; there were {self.events}")
            self.events.append(got)


class Machine:
    """A machine with QMP on a Unix socket; use it with `with`."""

    def __init__(self, context, options=(), binary=None, board="virt"):
        self.context = context
        self.options = options
        self.binary = binary or program(context)
        self.board = board

    def __enter__(self):
        self.temp = self.context.temp()
        self.dir = self.temp.__enter__()
        self.path = os.path.join(self.dir, "qmp")
        self.process = subprocess.Popen([self.binary, "-M", self.board, *(["-cpu", "cortex-a57"] if self.board != "none" else []), "-nodefaults",
                                         "-display", "none", "-S", "-qmp", f"unix:{self.path},server=on,wait=off", *self.options],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.dir)
        return self

    def connect(self, **how):
        end = time.monotonic() + LIMIT
        while True:
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(self.path)
                return Client(s, **how)
            except OSError:
                s.close()
                if time.monotonic() > end or self.process.poll() is not None:
                    raise Fail(f"no QMP: status {self.process.poll()} {self.process.stdout.read().decode()}") from None
                time.sleep(0.02)

    def __exit__(self, *why):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.temp.__exit__(None, None, None)


# ------------------------------------------------------------------------- schema

class Schema:
    """What query-qmp-schema says; check(type, value) gives what is wrong."""

    JSON = {"string": str, "int": int, "number": (int, float), "boolean": bool, "null": type(None)}

    def __init__(self, entries):
        self.of = {e["name"]: e for e in entries}
        self.commands = {n: e for n, e in self.of.items() if e["meta-type"] == "command"}
        self.events = {n: e for n, e in self.of.items() if e["meta-type"] == "event"}
        for e in entries:
            for t in [e.get("arg-type"), e.get("ret-type"), e.get("element-type")] + [m.get("type") for m in e.get("members", ())] + \
                     [v["type"] for v in e.get("variants", ())]:
                if t is not None and t not in self.of:
                    raise Fail(f"{e['name']}: its type {t} is not described")

    def check(self, name, value, path=""):
        t = self.of[name]
        kind = t["meta-type"]
        if kind == "builtin":
            wanted = self.JSON.get(t["json-type"])
            if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool)):
                return [f"{path}: {value!r} is no {name}"]
            return []
        if kind == "array":
            if not isinstance(value, list):
                return [f"{path}: no array"]
            return [x for k, v in enumerate(value) for x in self.check(t["element-type"], v, f"{path}[{k}]")]
        if kind == "enum":
            values = [m["name"] for m in t["members"]]
            return [] if value in values else [f"{path}: {value!r} is none of {values}"]
        if kind == "alternate":
            tries = [self.check(m["type"], value, path) for m in t["members"]]
            return [] if [] in tries else tries[0]
        return self.members(t, value, path)

    def members(self, t, value, path):
        if not isinstance(value, dict):
            return [f"{path}: no object"]
        bad, known = [], self.all_members(t, value)
        for m in known.values():
            if m["name"] in value:
                bad += self.check(m["type"], value[m["name"]], f"{path}.{m['name']}")
            elif "default" not in m:
                bad.append(f"{path}: no member {m['name']}")
        return bad + [f"{path}: a member {n} that is not in the schema" for n in value if n not in known]

    def all_members(self, t, value):
        known = {m["name"]: m for m in t["members"]}
        for v in t.get("variants", ()):
            if value.get(t["tag"]) == v["case"]:
                known.update(self.all_members(self.of[v["type"]], value))
        return known

    def wrong(self, type_name):
        """A value that the type does not have."""
        return [] if self.of[type_name]["meta-type"] != "array" else 7


# -------------------------------------------------------------------------- cases

# What is asked of a fresh machine, and how it ends: None for an answer, else an error's class. In this order.
SESSION = [
    ("query-status", None, None), ("query-version", None, None), ("query-commands", None, None), ("query-name", None, None),
    ("query-uuid", None, None), ("query-kvm", None, None), ("query-target", None, None), ("query-cpus-fast", None, None),
    ("query-block", None, None), ("query-blockstats", None, None), ("query-blockstats", {"query-nodes": True}, None),
    ("query-named-block-nodes", None, None), ("query-chardev", None, None), ("query-chardev-backends", None, None), ("query-pci", None, None),
    ("query-machines", None, None), ("query-cpu-definitions", None, None), ("query-memory-size-summary", None, None),
    ("query-memory-devices", None, None), ("query-gic-capabilities", None, None), ("query-tpm-models", None, None), ("query-tpm-types", None, None),
    ("query-command-line-options", None, None), ("query-command-line-options", {"option": "smp-opts"}, None),
    ("query-command-line-options", {"option": "nosuch"}, "GenericError"),
    ("query-cpu-model-expansion", {"type": "full", "model": {"name": "max"}}, None),
    ("query-cpu-model-expansion", {"type": "full", "model": {"name": "z80"}}, "GenericError"),
    ("query-cpu-model-expansion", {"type": "full", "model": 3}, "GenericError"),
    ("query-cpu-model-expansion", {"type": "nosuch", "model": {"name": "max"}}, "GenericError"),
    ("device-list-properties", {"typename": "virtio-blk-pci"}, None), ("device-list-properties", {"typename": "nosuch"}, "DeviceNotFound"),
    ("qom-list-properties", {"typename": "virtio-rng-pci"}, None), ("qom-list-types", None, None), ("qom-list-types", {"implements": "device"}, None),
    ("qom-list", {"path": "/"}, None), ("qom-list", {"path": "/machine"}, None), ("qom-list", {"path": "/machine/peripheral"}, None),
    ("qom-list", {"path": "/machine/unattached"}, None), ("qom-list", {"path": "/machine/peripheral/rng"}, None),
    ("qom-list", {"path": "/nosuch"}, "DeviceNotFound"),
    ("qom-get", {"path": "/machine/peripheral/rng", "property": "type"}, None),
    ("qom-get", {"path": "/machine/peripheral/rng", "property": "realized"}, None),
    ("qom-get", {"path": "/machine/peripheral/rng", "property": "hotplugged"}, None), ("query-hotpluggable-cpus", None, None),
    ("qom-get", {"path": "/machine/unattached/device[0]", "property": "type"}, None),
    ("qom-get", {"path": "/machine/peripheral/rng", "property": "nosuch"}, "GenericError"),
    ("qom-get", {"path": "/nosuch", "property": "type"}, "DeviceNotFound"),
    ("human-monitor-command", {"command-line": "info status"}, None),
    ("human-monitor-command", {"command-line": "info status", "cpu-index": 9}, "GenericError"),
    ("pmemsave", {"val": 0x40000000, "size": 64, "filename": "saved"}, None),
    ("pmemsave", {"val": 0x40000000, "size": 64, "filename": "/nonexistent/x"}, "GenericError"),
    ("memsave", {"val": 0x40000000, "size": 64, "filename": "saved"}, None),
    ("memsave", {"val": 0x40000000, "size": 64, "filename": "saved", "cpu-index": 77}, "GenericError"),
    ("query-dump", None, None), ("dump-guest-memory", {"paging": False, "protocol": "file:/nonexistent/x"}, "GenericError"),
    ("dump-guest-memory", {"paging": False, "protocol": "fd:nosuch"}, "GenericError"),
    ("dump-guest-memory", {"paging": False, "protocol": "file:core", "begin": 1}, "GenericError"),
    ("dump-guest-memory", {"paging": False, "protocol": "file:core"}, None), ("query-dump", None, None),
    ("query-dump-guest-memory-capability", None, None),
    ("getfd", {"fdname": "x"}, "GenericError"), ("closefd", {"fdname": "x"}, "GenericError"), ("add-fd", {"fdset-id": 1}, "GenericError"),
    ("remove-fd", {"fdset-id": 1}, "GenericError"), ("query-fdsets", None, None),
    ("ringbuf-write", {"device": "ring", "data": "some text"}, None), ("ringbuf-write", {"device": "nosuch", "data": "x"}, "GenericError"),
    ("ringbuf-write", {"device": "ring", "data": "YWJj", "format": "base64"}, None),
    ("ringbuf-read", {"device": "ring", "size": 100}, None), ("ringbuf-read", {"device": "ring", "size": 0}, "GenericError"),
    ("ringbuf-read", {"device": "ring", "size": 10, "format": "base64"}, None),
    ("device_add", {"driver": "nosuch"}, "GenericError"), ("device_add", {"driver": "virtio-rng-pci", "nosuch": 1}, "GenericError"),
    ("device_add", {"id": "x"}, "GenericError"), ("device_del", {"id": "nosuch"}, "DeviceNotFound"),
    ("query-balloon", None, "DeviceNotActive"), ("balloon", {"value": 1 << 20}, "DeviceNotActive"),
    ("device_add", {"driver": "virtio-balloon-pci", "id": "balloon", "bus": "rp"}, None), ("query-balloon", None, None),
    ("balloon", {"value": 64 << 20}, None), ("balloon", {"value": 0}, "GenericError"),
    ("qom-get", {"path": "balloon", "property": "guest-stats"}, None), ("qom-list", {"path": "balloon"}, None),
    ("qom-set", {"path": "balloon", "property": "guest-stats-polling-interval", "value": 2}, None),
    ("qom-set", {"path": "balloon", "property": "guest-stats-polling-interval", "value": "x"}, "GenericError"),
    ("qom-set", {"path": "balloon", "property": "deflate-on-oom", "value": True}, "GenericError"),
    ("qom-set", {"path": "nosuch", "property": "x", "value": 1}, "DeviceNotFound"), ("device_del", {"id": "balloon"}, None),
    ("eject", {"device": "nosuch"}, "DeviceNotFound"), ("eject", {}, "GenericError"),
    ("blockdev-change-medium", {"device": "nosuch", "filename": "x"}, "*"), ("blockdev-open-tray", {"id": "nosuch"}, "*"),
    ("blockdev-close-tray", {"id": "nosuch"}, "*"), ("blockdev-remove-medium", {"id": "nosuch"}, "*"),
    ("blockdev-insert-medium", {"id": "nosuch", "node-name": "none"}, "*"), ("blockdev-open-tray", {}, "GenericError"),
    ("blockdev-add", {"driver": "nosuch", "node-name": "n"}, "GenericError"), ("blockdev-add", {"driver": "file", "node-name": "n"}, "GenericError"),
    ("blockdev-add", {"driver": "raw", "node-name": "n", "file": {"driver": "file", "filename": "saved"}}, None),
    ("blockdev-add", {"driver": "raw", "node-name": "n", "file": {"driver": "file", "filename": "saved"}}, "GenericError"),
    ("query-named-block-nodes", None, None), ("block_resize", {"node-name": "n", "size": 1048576}, None),
    ("block_resize", {"node-name": "nosuch", "size": 1048576}, "GenericError"), ("block_resize", {"device": "nosuch", "size": 1048576}, "GenericError"),
    ("blockdev-del", {"node-name": "n"}, None), ("blockdev-del", {"node-name": "n"}, "GenericError"),
    ("netdev_add", {"type": "nosuch", "id": "n0"}, "GenericError"), ("netdev_add", {"type": "hubport", "id": "n0", "hubid": 1}, None),
    ("netdev_add", {"type": "hubport", "id": "n0", "hubid": 1}, "GenericError"),
    ("set_link", {"name": "n0", "up": False}, None), ("set_link", {"name": "nosuch", "up": False}, "DeviceNotFound"),
    ("object-add", {"qom-type": "filter-dump", "id": "f0", "netdev": "n0", "file": "dump"}, None),
    ("object-add", {"qom-type": "nosuch", "id": "f1"}, "GenericError"), ("object-del", {"id": "f0"}, None), ("object-del", {"id": "f0"}, "GenericError"),
    ("object-add", {"qom-type": "iothread", "id": "io"}, None), ("object-add", {"qom-type": "memory-backend-ram", "id": "mem", "size": 1048576}, None),
    ("object-add", {"qom-type": "memory-backend-ram", "id": "mem", "size": 1048576}, "GenericError"), ("object-add", {"qom-type": "memory-backend-ram", "id": "m2"}, "GenericError"),
    ("object-add", {"qom-type": "memory-backend-file", "id": "m2", "size": 4096, "mem-path": "/nonexistent/m"}, "GenericError"),
    ("object-add", {"qom-type": "rng-builtin", "id": "rb"}, None), ("object-add", {"qom-type": "rng-random", "id": "rr", "filename": "/dev/urandom"}, None),
    ("object-add", {"qom-type": "secret", "id": "s", "data": "c2VjcmV0", "format": "base64"}, None),
    ("object-add", {"qom-type": "secret", "id": "s2", "data": "!", "format": "base64"}, "GenericError"), ("query-memdev", None, None),
    ("query-iothreads", None, None), *[("object-del", {"id": n}, None) for n in ("io", "mem", "rb", "rr", "s")], ("query-rx-filter", None, None), ("query-rx-filter", {"name": "nosuch"}, "GenericError"),
    ("announce-self", {"initial": 50, "max": 550, "rounds": 5, "step": 50}, None), ("qom-list", {"path": "/objects"}, None),
    ("netdev_del", {"id": "n0"}, None), ("netdev_del", {"id": "n0"}, "DeviceNotFound"),
    ("device_add", {"driver": "virtio-rng-pci", "id": "hot", "bus": "pcie.0"}, "GenericError"),
    ("device_add", {"driver": "virtio-rng-pci", "id": "hot", "bus": "rp"}, None), ("query-pci", None, None),
    ("device_add", {"driver": "virtio-rng-pci", "id": "hot", "bus": "rp"}, "GenericError"),
    ("qom-get", {"path": "/machine/peripheral/hot", "property": "hotplugged"}, None), ("device_del", {"id": "hot"}, None),
    ("device_del", {"id": "rng"}, "GenericError"),
    ("query-migrate", None, None), ("query-migrate-parameters", None, None), ("query-migrate-capabilities", None, None),
    ("migrate-set-parameters", {"max-bandwidth": 0, "downtime-limit": 100, "multifd-compression": "zlib"}, None),
    ("migrate-set-parameters", {"nosuch": 1}, "GenericError"), ("migrate-set-parameters", {"compress-level": 77}, "GenericError"),
    ("query-migrate-parameters", None, None), ("migrate-set-capabilities", {"capabilities": [{"capability": "events", "state": True}]}, None),
    ("migrate-set-capabilities", {"capabilities": [{"capability": "nosuch", "state": True}]}, "GenericError"), ("migrate", {"uri": "foo:x"}, "GenericError"),
    ("migrate-incoming", {"uri": "tcp:0:1"}, "GenericError"), ("migrate_cancel", None, None), ("query-jobs", None, None),
    *[(f"job-{verb}", {"id": "nosuch"}, "GenericError") for verb in ("dismiss", "cancel", "complete", "finalize", "pause", "resume")],
    ("snapshot-save", {"job-id": "j1", "tag": "a", "vmstate": "nosuch", "devices": ["nosuch"]}, None),
    ("snapshot-load", {"job-id": "j2", "tag": "a", "vmstate": "nosuch", "devices": ["nosuch"]}, None),
    ("snapshot-delete", {"job-id": "j3", "tag": "a", "devices": ["nosuch"]}, None), ("snapshot-delete", {"job-id": "j4", "tag": "a"}, "GenericError"),
    ("set-action", {"reboot": "reset"}, None), ("set-action", {"reboot": "nosuch"}, "GenericError"),
    ("cont", None, None), ("query-status", None, None), ("stop", None, None), ("system_reset", None, None), ("system_powerdown", None, None),
    ("cont", None, None), ("stop", None, None), ("query-status", None, None), ("x-exit-preconfig", None, "GenericError"),
    ("qmp_capabilities", None, "CommandNotFound"), ("nosuch", None, "CommandNotFound"), ("exec-oob", None, "CommandNotFound"),
]
OPTIONS = ["-device", "virtio-rng-pci,id=rng", "-chardev", "ringbuf,id=ring,size=4096", "-smp", "2", "-device", "pcie-root-port,id=rp", "-netdev", "hubport,id=h,hubid=7", "-device", "virtio-net-pci,netdev=h,id=nic,romfile="]


def play(client):
    """The session's answers."""
    answers = []
    for name, arguments, wanted in SESSION:
        got = client.command(name, arguments)
        if got is None:
            raise Fail(f"{name} {arguments}: the machine went")
        answers.append(got)
    return answers


def every_command(context):
    with Machine(context, OPTIONS) as m:
        client = m.connect()
        schema = Schema(client.ok("query-qmp-schema"))
        bad = schema.check(schema.commands["query-qmp-schema"]["ret-type"], client.ok("query-qmp-schema"), "schema")
        for (name, arguments, wanted), got in zip(SESSION, play(client)):
            if wanted is None and "return" not in got or wanted in CLASSES and got.get("error", {}).get("class") != wanted or \
                    wanted == "*" and "error" not in got:
                bad.append(f"{name} {arguments}: {got}, not {wanted}")
            if "return" in got:
                bad += schema.check(schema.commands[name]["ret-type"], got["return"], name)
        named = {c["name"] for c in client.ok("query-commands")}
        if named != set(schema.commands):
            bad.append(f"query-commands and the schema differ: {named ^ set(schema.commands)}")
        called = {name for name, _, _ in SESSION} | {"query-qmp-schema", "quit"}
        bad += [f"{n}: the session does not call it" for n in sorted(named - called)]
        # Arguments that are missing, unknown and of the wrong type.
        for name, c in schema.commands.items():
            members = schema.of[c["arg-type"]]["members"]
            tries = [{"no-such-argument": 1}]
            if any("default" not in x for x in members):
                tries.append({})
            tries += [{x["name"]: {"an": ["object"]} if schema.of[x["type"]]["meta-type"] != "object" else 1}
                      for x in members if schema.of[x["type"]].get("json-type") != "value"]
            for arguments in tries:
                got = client.command(name, arguments)
                if "error" not in got:
                    bad.append(f"{name} {arguments}: {got}")
        for e in client.events:
            if e["event"] not in schema.events:
                bad.append(f"an event that is not in the schema: {e}")
            else:
                bad += schema.check(schema.events[e["event"]]["arg-type"], e.get("data", {}), e["event"])
            if set(e["timestamp"]) != {"seconds", "microseconds"}:
                bad.append(f"timestamp of {e}")
        if bad:
            raise Fail("\n".join(bad[:40]))
        client.ok("quit")
        client.event("SHUTDOWN", guest=False, reason="host-qmp-quit")
        if m.process.wait(LIMIT):
            raise Fail(f"status {m.process.returncode}")


def shape(value, path=""):
    """All paths of members of a value."""
    if isinstance(value, dict):
        return {p for k, v in value.items() for p in {f"{path}.{k}"} | shape(v, f"{path}.{k}")}
    if isinstance(value, list):
        return {p for v in value for p in shape(v, f"{path}[]")}
    return set()


def beside_qemu(context):
    qemu = shutil.which("qemu-system-aarch64")
    if not qemu:
        raise Skip("no qemu-system-aarch64")
    answers = []
    for binary in (None, qemu):
        with Machine(context, OPTIONS, binary) as m:
            answers.append(play(m.connect()))
    with open(os.path.join(os.path.dirname(__file__), "qmp_lacks.txt"), encoding="utf-8") as f:
        lacks = {x.split("#")[0].strip() for x in f} - {""}
    bad, used = [], set()
    for (name, arguments, _), ours, theirs in zip(SESSION, *answers):
        if ("return" in ours) != ("return" in theirs) or ours.get("error", {}).get("class") != theirs.get("error", {}).get("class"):
            what = f"{name}:answer"
            if what not in lacks:
                bad.append(f"{name} {arguments}: {str(ours)[:200]}, qemu's is {str(theirs)[:200]}")
            used.add(what)
            continue
        for path in sorted(shape(theirs.get("return")) - shape(ours.get("return"))):
            if name + path not in lacks and not any(x.endswith("*") and (name + path).startswith(x[:-1]) for x in lacks):
                bad.append(f"{name}{path}")
    if bad:
        raise Fail("ours lack (qmp_lacks.txt says what may be):\n" + "\n".join(dict.fromkeys(bad)))


def cut(context):
    """Requests in any pieces, several at once, with identifiers; garbage, and the way out of it."""
    with Machine(context) as m:
        c = m.connect(negotiate=False)
        if set(c.greeting) != {"QMP"} or set(c.greeting["QMP"]) != {"version", "capabilities"}:
            raise Fail(f"greeting {c.greeting}")
        c.error("query-status", "CommandNotFound")
        c.error("qmp_capabilities", "GenericError", {"enable": ["oob"]})
        c.ok("qmp_capabilities")
        text = json.dumps({"execute": "query-status", "id": {"a": [1, "\u20ac\\\""]}}).encode() + b"\r\n"
        for n in (1, 2, 3, 7, len(text)):
            for k in range(0, len(text), n):
                c.sock.sendall(text[k:k + n])
                time.sleep(0.001)
            got = c.answer()
            if got.get("id") != {"a": [1, "\u20ac\\\""]} or got["return"]["status"] != "prelaunch":
                raise Fail(f"pieces of {n}: {got}")
        c.sock.sendall(b"".join(b"{'execute':'query-name','id':%d}" % k for k in range(500)))
        if [c.answer()["id"] for _ in range(500)] != list(range(500)):
            raise Fail("many at once: not in order")
        for garbage, answers in ((b"\xff", 1), (b'{"execute": "query-\xff', 1), (b'{"execute": "query-name"]', 0), (b"}", 1), (b"nonsense ", 1), (b"[1, 2]", 1),
                                 (b'{"execute": "query-name", "execute": "stop"}', 1), (b"{" * 2000 + b" ", 1), (b'{"a": @', 1), (b"\x00", 1)):
            c.sock.sendall(garbage)
            for _ in range(answers):
                got = c.answer()
                if got.get("error", {}).get("class") != "GenericError":
                    raise Fail(f"{garbage[:40]}: {got}")
            c.sock.sendall(b"\xff" + b'{"execute":"query-name","id":"sync"}')
            while c.answer().get("id") != "sync":
                pass
        for request in ({"execute": 3}, {"execute": "query-name", "arguments": []}, {"execute": "query-name", "x": 1}, {"arguments": {}}, {}, [], "x"):
            if c.send(json.dumps(request).encode() + b" ").get("error", {}).get("class") != "GenericError":
                raise Fail(f"{request}")
        # Another client after this one: negotiation begins anew.
        c.sock.close()
        c = m.connect(negotiate=False)
        c.error("query-status", "CommandNotFound")
        c.ok("qmp_capabilities")
        c.ok("quit")


def ports(context):
    """tcp, stdio, -mon mode=control, several at once: an event goes to all."""
    with context.temp() as d:
        free = socket.socket()
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        path = os.path.join(d, "mon")
        p = subprocess.Popen([program(context), "-M", "virt", "-cpu", "max", "-nodefaults", "-display", "none", "-S", "-qmp-pretty", "stdio", "-qmp",
                              f"tcp:127.0.0.1:{port},server=on,wait=off", "-chardev", f"socket,id=c,path={path},server=on,wait=off",
                              "-mon", "chardev=c,mode=control,pretty=off"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            clients = []
            for family, where in ((socket.AF_INET, ("127.0.0.1", port)), (socket.AF_UNIX, path)):
                for _ in range(500):
                    s = socket.socket(family)
                    try:
                        s.connect(where)
                        break
                    except OSError:
                        s.close()
                        time.sleep(0.02)
                clients.append(Client(s))
            clients[0].ok("cont")
            for c in clients:
                c.event("RESUME")
            clients[1].ok("stop")
            for c in clients:
                c.event("STOP")
            out = p.communicate(b'{"execute":"qmp_capabilities"}\n{"execute":"quit"}\n', LIMIT)[0]
            if b'{\r\n' in out or not out.startswith(b'{\n    "QMP": {') or b'    "return": {}' not in out or p.returncode:
                raise Fail(f"status {p.returncode}: {out}")
        finally:
            if p.poll() is None:
                p.kill()
                p.wait()


def descriptors(context):
    """Descriptors that come with requests."""
    with Machine(context) as m, context.temp() as d:
        c = m.connect()
        fd = os.open(os.path.join(d, "x"), os.O_RDWR | os.O_CREAT)

        def with_fd(name, **arguments):
            socket.send_fds(c.sock, [json.dumps({"execute": name, "arguments": arguments}).encode()], [fd])
            got = c.answer()
            if "return" not in got:
                raise Fail(f"{name} {arguments}: {got}")
            return got["return"]
        with_fd("getfd", fdname="one")
        with_fd("getfd", fdname="one")
        c.ok("closefd", fdname="one")
        c.error("closefd", "GenericError", {"fdname": "one"})
        first = with_fd("add-fd", opaque="text")
        with_fd("add-fd", **{"fdset-id": first["fdset-id"]})
        other = with_fd("add-fd", **{"fdset-id": 9})
        sets = c.ok("query-fdsets")
        if [(s["fdset-id"], len(s["fds"])) for s in sets] != [(first["fdset-id"], 2), (9, 1)] or other["fdset-id"] != 9 or \
                "text" not in [f.get("opaque") for f in sets[0]["fds"]]:
            raise Fail(f"sets: {sets}")
        c.ok("remove-fd", **{"fdset-id": 9, "fd": other["fd"]})
        c.ok("remove-fd", **{"fdset-id": first["fdset-id"]})
        if c.ok("query-fdsets"):
            raise Fail("sets are left")
        os.close(fd)


def wait_for(what, why):
    end = time.monotonic() + LIMIT
    while not what():
        if time.monotonic() > end:
            raise Fail(why)
        time.sleep(0.02)


def daemon(context):
    """The way libvirt asks what there is; a second one is refused; errors before the end of the fork."""
    with context.temp() as d:
        words = [program(context), "-S", "-no-user-config", "-nodefaults", "-nographic", "-machine", "none,accel=kvm:tcg", "-pidfile", "pid", "-daemonize"]
        for options, status, pattern in ((["-qmp", "unix:q,server=on,wait=off"], 0, rb"^$"), ([], 1, rb"pid"), (["-drive", "file=/nonexistent"], 1, rb"pid"),
                                         (["-pidfile", "other", "-drive", "file=/nonexistent"], 1, rb"/nonexistent"),
                                         (["-pidfile", "other", "-qmp", "stdio"], 1, rb"stdio")):
            got = run([*words, *options], timeout=LIMIT, cwd=d)
            if got.status != status or not re.search(pattern, got.err) or got.out:
                raise Fail(f"{got.shell()}: status {got.status}, {got.out + got.err}")
        with open(os.path.join(d, "pid"), encoding="ascii") as f:
            pid = int(f.read())
        if {os.readlink(f"/proc/{pid}/fd/{k}") for k in range(3)} != {"/dev/null"} or os.readlink(f"/proc/{pid}/cwd") != "/":
            raise Fail("standard descriptors or the folder are left")
        s = socket.socket(socket.AF_UNIX)
        s.connect(os.path.join(d, "q"))
        c = Client(s)
        schema = Schema(c.ok("query-qmp-schema"))
        for name in ("query-version", "query-target", "query-commands", "query-kvm", "qom-list-types", "query-machines", "query-cpu-definitions",
                     "query-tpm-models", "query-tpm-types", "query-command-line-options", "query-gic-capabilities", "query-chardev"):
            bad = schema.check(schema.commands[name]["ret-type"], c.ok(name), name)
            if bad:
                raise Fail("\n".join(bad))
        for name in ("virtio-blk-pci", "virtio-rng-pci", "pcie-root-port", "none-machine"):
            c.ok("qom-list-properties", typename=name)
        c.ok("quit")
        wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the daemon does not end")
        if os.path.exists(os.path.join(d, "pid")) or os.path.exists(os.path.join(d, "q")):
            raise Fail("the pidfile or the socket is left")


CONFIG = """# of -readconfig
[machine]
  type = "virt"
  gic-version = "3"
[smp-opts]
  cpus = "2"
[memory]
  size = "256M"
[chardev "c0"]
  backend = "ringbuf"
  size = "4096"
[device "rng0"]
  driver = "virtio-rng-pci"
  addr = "5.0"
[name]
  guest = "a,b"
"""


def config(context):
    with context.temp() as d:
        path = os.path.join(d, "config")
        with open(path, "w", encoding="ascii") as f:
            f.write(CONFIG)
        with Machine(context, ["-readconfig", path]) as m:
            c = m.connect()
            got = (c.ok("query-name"), len(c.ok("query-cpus-fast")), c.ok("query-memory-size-summary")["base-memory"],
                   c.ok("qom-get", path="/machine", property="gic-version"), c.ok("qom-get", path="/machine/peripheral/rng0", property="addr"),
                   "c0" in [x["label"] for x in c.ok("query-chardev")])
        if got != ({"name": "a,b"}, 2, 256 << 20, "3", "05.0", True):
            raise Fail(f"{got}")
        for text, pattern in (("[nosuch]\n", rb"line 1: .*nosuch"), ("x = \"1\"\n", rb"line 1"), ("[machine]\n type = virt\n", rb"line 2"),
                              ("[machine]\n type = \"nosuch\"\n", rb"nosuch")):
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            got = run([program(context), "-display", "none", "-readconfig", path], timeout=LIMIT)
            if got.status != 1 or len(got.err.splitlines()) != 1 or not re.search(pattern, got.err):
                raise Fail(f"{text}: status {got.status}, {got.err}")


def confined(context):
    """-sandbox, -runas, -chroot: the guest runs, and the process has lost what it should."""
    with context.temp() as d:
        os.chmod(d, 0o755)
        root = os.geteuid() == 0
        with open(os.path.join(context.build, "config.mk"), encoding="utf-8") as f:
            if "MYNA_SECCOMP" not in f.read():
                raise Skip("no -sandbox in this build: ./configure says why")
        words = ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"]
        with Machine(context, [*words, "-smp", "2", *(["-runas", "nobody", "-chroot", d] if root else [])]) as m:
            c = m.connect()
            c.ok("cont")
            with open(f"/proc/{m.process.pid}/status", encoding="ascii") as f:
                status = dict(x.rstrip("\n").split(":\t", 1) for x in f if ":\t" in x)
            if status["Seccomp"] != "2" or status["NoNewPrivs"] != "1":
                raise Fail(f"no filter: {status}")
            if root and ("0" in status["Uid"].split("\t") or os.readlink(f"/proc/{m.process.pid}/root") != d):
                raise Fail(f"privileges are left: {status}")
            c.ok("human-monitor-command", **{"command-line": "info registers"})
            c.ok("quit")
            if m.process.wait(LIMIT):
                raise Fail(f"status {m.process.returncode}")


# A disk and a network device come and go under Linux.
PLUG = """m() { echo "+$1" >/dev/console; }
i=0; while [ $i -lt 600 ]; do
case $(ls /sys/block /sys/class/net | tr '\\n' ' ') in *vda*eth0*) if [ -z $A ]; then A=1; m both-there; dd if=/dev/vda bs=512 count=1 2>/dev/null; fi ;;
*vda*) [ -n "$B" ] || { B=1; m disk-there; } ; [ -z $A ] || { [ -n "$C" ] || { C=1; m net-gone; }; } ;;
*) [ -z $A ] || { m disk-gone; break; } ;; esac
i=$((i+1)); sleep 0.1; done"""


def hotplug(context):
    """Linux sees a disk and a network device that are plugged into root ports, and gives them back."""
    image = kernel(context)[0]
    with context.temp() as d:
        with open(os.path.join(d, "initrd"), "wb") as f:
            f.write(initrd(context, "echo READY\n" + PLUG, modules=["virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk", "failover",
                                                                   "net_failover", "virtio_net"]))
        with open(os.path.join(d, "disk"), "wb") as f:
            f.write(b"written-here\n".ljust(1 << 20, b"\n"))
        with Machine(context, ["-m", "512", "-device", "pcie-root-port,id=p1,slot=1,chassis=1", "-device", "pcie-root-port,id=p2,slot=2,chassis=2",
                               "-kernel", image, "-initrd", f"{d}/initrd", "-append", "console=ttyAMA0 panic=-1", "-no-reboot", "-smp", "2",
                               "-chardev", f"file,id=s,path={d}/serial", "-serial", "chardev:s"]) as m:
            c = m.connect()

            def until(text):
                def there():
                    with open(f"{d}/serial", "rb") as f:
                        return text.encode() in f.read()
                end = time.monotonic() + 120
                while not there():
                    if time.monotonic() > end or m.process.poll() is not None:
                        with open(f"{d}/serial", "rb") as f:
                            raise Fail(f"no {text}\n" + f.read()[-3000:].decode(errors="replace"))
                    time.sleep(0.05)
            c.ok("cont")
            until("READY")
            c.ok("blockdev-add", **{"driver": "raw", "node-name": "n", "file": {"driver": "file", "filename": f"{d}/disk"}})
            c.ok("device_add", driver="virtio-blk-pci", drive="n", id="disk", bus="p1")
            until("+disk-there")
            c.ok("netdev_add", type="hubport", id="h", hubid=1)
            c.ok("device_add", driver="virtio-net-pci", netdev="h", id="net", bus="p2")
            until("+both-there")
            until("written-here")
            c.error("blockdev-del", "GenericError", {"node-name": "n"})
            c.ok("device_del", id="net")
            c.event("DEVICE_DELETED", device="net", path="/machine/peripheral/net")
            until("+net-gone")
            c.ok("device_del", id="disk")
            c.event("DEVICE_DELETED", device="disk", path="/machine/peripheral/disk")
            until("+disk-gone")
            c.ok("blockdev-del", **{"node-name": "n"})
            c.ok("netdev_del", id="h")
            c.event("SHUTDOWN", guest=True, reason="guest-shutdown")
            m.process.wait(LIMIT)


def core(context):
    """A dump of the whole machine: its program headers, its memory, its registers by gdb."""
    with Machine(context, ["-m", "64", "-smp", "2", "-device", "loader,addr=0x40001000,data=0x1122334455667788,data-len=8"]) as m:
        c = m.connect()
        c.ok("dump-guest-memory", paging=False, protocol="file:core", detach=True)
        result = c.event("DUMP_COMPLETED")["data"]["result"]
        c.ok("dump-guest-memory", paging=False, protocol="file:part", begin=0x40001000, length=4096)
        with open(os.path.join(m.dir, "core"), "rb") as f:
            data = f.read()
        with open(os.path.join(m.dir, "part"), "rb") as f:
            part = f.read()
        if result != {"status": "completed", "completed": 64 << 20, "total": 64 << 20}:
            raise Fail(f"{result}")
        for image, at, size in ((data, 0x40000000, 64 << 20), (part, 0x40001000, 4096)):
            machine, n = struct.unpack_from("<H", image, 18)[0], struct.unpack_from("<H", image, 56)[0]
            heads = [struct.unpack_from("<IIQQQQQQ", image, 64 + 56 * k) for k in range(n)]
            loads = [h for h in heads if h[0] == 1]
            if machine != 183 or len(loads) != 1 or loads[0][4] != at or loads[0][5] != size or len(image) != loads[0][2] + size:
                raise Fail(f"{heads} of {len(image)} bytes")
            word = struct.unpack_from("<Q", image, loads[0][2] + 0x40001000 - at)[0]
            if word != 0x1122334455667788:
                raise Fail(f"memory: {word:#x}")
        gdb = shutil.which("gdb-multiarch")
        if gdb:
            got = run([gdb, "-nx", "-batch", "-ex", f"core-file {m.dir}/core", "-ex", "info threads", "-ex", "p/x $pc", "-ex", "x/gx 0x40001000"], timeout=60)
            if got.out.count(b"LWP") < 2 or b"0x1122334455667788" not in got.out:
                raise Fail(f"gdb: {(got.out + got.err).decode(errors='replace')}")


def fuzz(seconds):
    def test(context):
        program(context)
        test_program("device/fuzz_qmp", [str(seconds)], timeout=seconds * 60 + 120)(context)
    return test


def cases(context):
    return [
        Case("qmp/commands", every_command, 0),
        Case("qmp/wire", cut, 0),
        Case("qmp/ports", ports, 0),
        Case("qmp/descriptors", descriptors, 0),
        Case("qmp/daemon", daemon, 0),
        Case("qmp/readconfig", config, 0),
        Case("qmp/sandbox", confined, 0),
        Case("fuzz/qmp", fuzz(1), 0),
        Case("qmp/dump", core, 0),
        Case("qmp/hotplug", hotplug, 1),
        Case("qmp/qemu", beside_qemu, 1),
    ]
