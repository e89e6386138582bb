"""Networks under a kernel: DHCP, forwards both ways, bulk TCP both ways with its bytes compared, two machines on a socket, a tap
in a network namespace of its own, packets in a dump; and what cannot be, by name."""
import hashlib
import http.client
import os
import re
import socket
import struct
import subprocess
import threading
import time

from .base import Case, Fail, Skip, build, run
from .system import boot, kernel, program, said
from .system_ui import Machine

MODULES = ["virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_mmio", "failover", "net_failover", "virtio_net"]
LEASE = b"""#!/bin/busybox sh
[ "$1" = bound ] || exit 0
ip addr add $ip/$mask dev eth0
[ -n "$router" ] && ip route add default via $router
echo LEASE $ip/$mask $router $dns $hostname $search $boot_file
"""
# A file by HTTP to the host, bulk both ways, until the host says that it has all.
SCRIPT = """ip link set lo up
ip link set eth0 up
udhcpc -i eth0 -s /bin/lease -n -q 2>/dev/null
ping -c 2 {host} | grep received
mkdir /www
dd if=/dev/urandom of=/www/file bs=1k count=3000 2>/dev/null
echo SUM $(sha256sum </www/file)
httpd -h /www -p 80
tcpload send {host} {port1} {bytes}
tcpload recv {host} {port2} {bytes}
{more}
echo bye | nc -l -p 81
ip -s link show eth0 | tail -4
echo END"""


def load_program(context):
    """tests/bench/src/tcpload.c for the guest."""
    source, target = context.path("tests/bench/src/tcpload.c"), os.path.join(context.build, "tests/network/tcpload")
    build(context, target, [source], ["aarch64-linux-gnu-gcc", "-O2", "-static", "-o", target, source])
    with open(target, "rb") as f:
        return f.read()


def pattern(n):
    """What tcpload sends: byte k is k * 7 + (k >> 8)."""
    period = bytes((k * 7 + (k >> 8)) & 255 for k in range(65536))
    return (period * (n // 65536 + 1))[:n]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Host(threading.Thread):
    """The host's side of SCRIPT: takes bytes, gives bytes, fetches the file, says that it has all."""

    def __init__(self, n, http_port, end_port, at="127.0.0.1"):
        super().__init__(daemon=True)
        self.n, self.http, self.end, self.wrong, self.sum = n, http_port, end_port, [], None
        self.servers = []
        for _ in range(2):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((at, 0))
            s.listen(1)
            s.settimeout(170)
            self.servers.append(s)
        self.ports = [s.getsockname()[1] for s in self.servers]

    def run(self):
        try:
            self.serve()
        except OSError as e:
            self.wrong.append(str(e))

    def serve(self):
        data = pattern(self.n)
        with self.servers[0].accept()[0] as c:
            got = bytearray()
            while True:
                piece = c.recv(1 << 20)
                if not piece:
                    break
                got += piece
        if bytes(got) != data:
            self.wrong.append(f"the host got {len(got)} bytes, not those that were sent")
        with self.servers[1].accept()[0] as c:
            c.sendall(data)
            c.shutdown(socket.SHUT_WR)
            while c.recv(4096):
                pass
        if self.http:
            c = http.client.HTTPConnection(*self.http, timeout=60)
            c.request("GET", "/file")
            self.sum = hashlib.sha256(c.getresponse().read()).hexdigest()
            for _ in range(300):  # the guest may not be there yet
                try:
                    with socket.create_connection(self.end, 60) as c:
                        if c.recv(10):
                            break
                except OSError:
                    pass
                time.sleep(0.2)

    def check(self, got):
        self.join(30)
        sums = re.search(rb"SUM ([0-9a-f]{64})", got.out)
        if self.wrong or self.is_alive() or (self.http and (not sums or sums[1].decode() != self.sum)):
            raise Fail(f"{self.wrong}, by HTTP {self.sum}\n" + got.out[-3000:].decode(errors="replace"))


def dump_packets(path, maxlen=65536):
    """The frames of a file in libpcap's form (its own documentation): headers and lengths must fit."""
    with open(path, "rb") as f:
        data = f.read()
    if struct.unpack("<IHHiIII", data[:24]) != (0xa1b2c3d4, 2, 4, 0, 0, maxlen, 1):
        raise Fail(f"the head of the dump: {data[:24].hex()}")
    at, found, before = 24, [], 0
    while at < len(data):
        seconds, micro, there, whole = struct.unpack("<IIII", data[at:at + 16])
        if there > whole or there > maxlen or micro >= 1000000 or abs(seconds - time.time()) > 3600 or at + 16 + there > len(data):
            raise Fail(f"a record of the dump at {at}: {data[at:at + 16].hex()}")
        found.append(data[at + 16:at + 16 + there])
        at += 16 + there
    return found


def user(device, n=20_000_000, netdev="", lease=r"LEASE 10\.0\.2\.15/24 10\.0\.2\.2 10\.0\.2\.3.*", host="10.0.2.2", modules=MODULES, **how):
    def test(context):
        ports = [free_port(), free_port()]
        peer = Host(n, ("127.0.0.1", ports[0]), ("127.0.0.1", ports[1]))
        with context.temp() as d:
            os.mkdir(f"{d}/tftp")
            with open(f"{d}/tftp/small", "wb") as f:
                f.write(b"by tftp\n")
            more = f"tftp -g -r small -l /tmp/small {host} && cat /tmp/small\necho hello | nc {host.rsplit('.', 1)[0]}.100 7"
            peer.start()
            got = boot(context, SCRIPT.format(host=host, port1=peer.ports[0], port2=peer.ports[1], bytes=n, more=more),
                       ["-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{ports[0]}-:80,hostfwd=tcp:127.0.0.1:{ports[1]}-:81,tftp={d}/tftp,"
                        f"guestfwd=tcp:{host.rsplit('.', 1)[0]}.100:7-cmd:cat{netdev}", "-device", device,
                        "-object", f"filter-dump,id=f,netdev=n,file={d}/dump,maxlen=100"],
                       files=[("bin/lease", LEASE), ("bin/tcpload", load_program(context))], modules=modules, **how)
            frames = dump_packets(f"{d}/dump", 100)
        said(got, lease, "2 packets transmitted, 2 packets received.*", "by tftp", "hello", "END")
        peer.check(got)
        kinds = {f[12:14] for f in frames}
        if not {b"\x08\x00", b"\x08\x06"} <= kinds or not any(f[23] == 17 and f[36:38] == b"\0\x43" for f in frames if len(f) > 38):
            raise Fail(f"{len(frames)} frames in the dump, of {kinds}: no ARP, no DHCP?")
    return test


def default_nic(context):
    """Without options there is a device on user-mode networking; -nic none and -nodefaults leave it out."""
    script = "ls /sys/class/net | tr '\\n' ' '\necho\ncat /sys/class/net/eth*/address"
    said(boot(context, script, modules=MODULES), "eth0 lo.* ", "52:54:00:12:34:56")
    said(boot(context, script, ["-nic", "none"], modules=MODULES), "lo.* ")
    said(boot(context, script, ["-nic", "user,model=e1000,mac=52:54:00:00:00:77", "-net", "nic,model=e1000", "-net", "user"], modules=["e1000"]),
         "eth0 eth1 lo.* ", "52:54:00:00:00:77", "52:54:00:12:34:56")
    said(boot(context, script, ["-nic", "user,model=virtio-net-pci", "-nic", "user,mac=52:54:00:00:00:99", "-net", "nic", "-net", "user"], modules=MODULES),
         "eth0 eth1 eth2 lo.* ", "52:54:00:12:34:56", "52:54:00:12:34:57", "52:54:00:00:00:99")


def two_machines(first, second):
    """A machine with a server and one with a client, bulk both ways. {d}: a folder."""
    def test(context):
        n, out = 10_000_000, {}
        server = (f"ip link set eth0 up\nip addr add 10.1.1.1/24 dev eth0\n"
                  f"tcpload serve-recv 0.0.0.0 5001 {n}\ntcpload serve-send 0.0.0.0 5002 {n}\necho SERVED")
        client = (f"ip link set eth0 up\nip addr add 10.1.1.2/24 dev eth0\nuntil ping -c 1 -W 1 10.1.1.1 >/dev/null; do sleep 0.2; done\nsleep 1\n"
                  f"tcpload send 10.1.1.1 5001 {n}\nsleep 1\ntcpload recv 10.1.1.1 5002 {n}\necho DONE")
        files = [("bin/tcpload", load_program(context))]
        port, other = free_port(), free_port()
        with context.temp() as d:
            def one(name, script, netdev, mac):
                try:
                    out[name] = boot(context, script, ["-netdev", netdev.format(d=d, port=port, other=other) + ",id=n", "-device",
                                                       f"virtio-net-pci,netdev=n,mac={mac}"], memory="256", files=files, modules=MODULES)
                except Fail as e:
                    out[name] = e
            t = threading.Thread(target=one, args=("server", server, first, "52:54:00:00:00:01"))
            t.start()
            time.sleep(1)
            one("client", client, second, "52:54:00:00:00:02")
            t.join()
        for name, word in (("server", "SERVED"), ("client", "DONE")):
            if isinstance(out[name], Fail):
                raise out[name]
            said(out[name], word, r"TCP (serve-)?send 10000000 bytes.*", r"TCP (serve-)?recv 10000000 bytes.*")
    return test


# Inside namespaces of its own: myna makes the interface, the script gives it an address.
INSIDE = """import sys, os, json
sys.path[:0] = [os.path.join({top!r}, "tests")]
import types
from suites import network as n, base
context = base.Context.__new__(base.Context)
context.__dict__.update({state!r})
import threading
context._lock, context._locks = threading.Lock(), {{}}
n.inside_namespace(context, {options!r}, {size!r})
"""


def inside_namespace(context, options, n):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    peer = Host(n, ("10.3.3.2", 80), ("10.3.3.2", 81), at="0.0.0.0")
    script = SCRIPT.replace("udhcpc -i eth0 -s /bin/lease -n -q 2>/dev/null", "ip addr add 10.3.3.2/24 dev eth0")
    with context.temp() as d:
        up = os.path.join(d, "up")
        with open(up, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nip addr add 10.3.3.1/24 dev $1 && ip link set $1 up\n")
        os.chmod(up, 0o755)
        peer.start()
        netdev, device, more, modules = options
        got = boot(context, script.format(host="10.3.3.1", port1=peer.ports[0], port2=peer.ports[1], bytes=n, more=more),
                   ["-netdev", f"tap,id=n,script={up},downscript=no{netdev}", "-device", device, "-smp", "2"],
                   files=[("bin/tcpload", load_program(context))], modules=modules)
    said(got, "2 packets transmitted, 2 packets received.*", "END")
    peer.check(got)
    print(got.out.decode(errors="replace"))


def tap(netdev="", device="virtio-net-pci,netdev=n", more="", n=50_000_000, found=(), modules=MODULES):
    def test(context):
        kernel(context)
        load_program(context)
        if not os.path.exists("/dev/net/tun") or run(["unshare", "-rn", "ip", "tuntap", "add", "tap0", "mode", "tap"], timeout=20).status:
            raise Skip("no tap in namespaces of one's own: /dev/net/tun, unshare -rn, ip")
        state = {k: v for k, v in context.__dict__.items() if isinstance(v, (str, int, bool, type(None)))}
        text = INSIDE.format(top=context.top, state=state, options=(netdev, device, more, modules), size=n)
        done = run(["unshare", "-rn", "python3", "-c", text], timeout=200, tail=3000)
        if done.status:
            raise Fail((done.out + done.err)[-3000:].decode(errors="replace"))
        said(done, *found)
    return test


def usage(context):
    machine = program(context)
    for words, expected in (
            (["-netdev", "usr,id=n"], rb"usr.*user"), (["-netdev", "user"], rb"id="), (["-netdev", "user,id=n,hostfw=x"], rb"hostfw.*hostfwd"),
            (["-netdev", "user,id=n,hostfwd=tcp:x"], rb"hostfwd=tcp:x"), (["-netdev", "user,id=n,net=10.0.0.0/33"], rb"net=10.0.0.0/33"),
            (["-netdev", "user,id=n,dns=1.2.3.4"], rb"dns=1.2.3.4"), (["-netdev", "user,id=n,smb=/tmp"], rb"smb="),
            (["-netdev", "user,id=n", "-netdev", "user,id=n"], rb"id n"), (["-netdev", "tap,id=n,vhost=on"], rb"vhost"),
            (["-netdev", "vde,id=n"], rb"vde"), (["-netdev", "l2tpv3,id=n"], rb"l2tpv3"), (["-netdev", "vhost-user,id=n"], rb"vhost-user"),
            (["-netdev", "socket,id=n"], rb"listen=.*connect="), (["-netdev", "socket,id=n,mcast=10.0.0.1:1"], rb"mcast=10.0.0.1:1"),
            (["-netdev", "stream,id=n,addr.type=unix,addr.path=/nonexistent/x"], rb"/nonexistent/x"), (["-nic", "user,model=ne2k"], rb"ne2k"),
            (["-device", "virtio-net-pci,netdev=zz"], rb"netdev=zz"), (["-device", "virtio-net-pci,mac=x"], rb"mac=x"),
            (["-device", "virtio-net-pci,rx_queue_size=100"], rb"rx_queue_size=100"), (["-object", "filter-dmp,id=f"], rb"filter-dmp.*filter-dump"),
            (["-object", "filter-dump,id=f,netdev=zz"], rb"zz"), (["-netdev", "hubport,id=h"], rb"hubid"),
            (["-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n", "-device", "virtio-net-pci,netdev=n"], rb"in use"),
            (["-nic", "user,model=e100"], rb"e100.*e1000"), (["-device", "e1000,mac=01:00:00:00:00:00"], rb"multicast"), (["-device", "e1000,mq=on"], rb"mq")):
        got = run([machine, "-M", "virt", "-cpu", "max", "-nographic", *words], timeout=20)
        if got.status != 1 or len(got.err.splitlines()) != 1 or not re.search(expected, got.err):
            raise Fail(f"{got.shell()}: status {got.status}, {(got.out + got.err).decode(errors='replace')}")
    for words, expected in ((["-netdev", "help"], b"user"), (["-netdev", "user,help"], b"hostfwd"), (["-nic", "model=help"], b"virtio-net-pci"),
                            (["-device", "virtio-net-pci,help"], b"mrg_rxbuf"), (["-object", "help"], b"filter-dump")):
        got = run([machine, "-M", "virt", *words], timeout=20)
        if got.status or expected not in got.out:
            raise Fail(f"{got.shell()}: status {got.status}, {(got.out + got.err).decode(errors='replace')}")


def monitor(context):
    """The monitor's commands, on a machine that stands still."""
    steps = (("info network", r"nic0: index=0,type=nic,model=virtio-net-pci,macaddr=52:54:00:12:34:\d\d\r\n \\ n: index=0,type=user,net=10.0.2.0,restrict=off\r\n"),
             ("info network", r"hub 0\r\n \\ #net\d: virtio-net-pci.0: index=0,type=nic"), ("netdev_add user,id=m", ""),
             ("netdev_add user,id=m", "the id m is in use"), ("info network", r"\nm: index=0,type=user"), ("set_link n off", ""),
             ("info network", r"\\ n: [^\n]*,link=off"), ("set_link n on", ""), ("netdev_del m", ""), ("netdev_del m", "no network backend m"),
             ("hostfwd_add tcp:127.0.0.1:0-:22", ""), ("hostfwd_remove tcp:127.0.0.1:1", "no forward tcp:127.0.0.1:1"),
             ("info usernet", r"Protocol\[State\].*TCP\[HOST_FORWARD\]"), ("netdev_del n", ""), ("announce_self", ""),
             ("info network", r"nic0: [^\n]*,link=off"), ("object_add filter-dump,id=f,netdev=n", "no network backend n"))
    with Machine(context, "-S", "-display", "none", "-serial", "none", "-monitor", "unix:DIR/m,server,nowait", "-netdev", "user,id=n", "-device",
                 "virtio-net-pci,netdev=n,id=nic0", "-net", "nic,model=virtio", "-net", "user", kernel=False) as m:
        c = m.connect("m")
        c.expect(r"\(qemu\) ")
        for line, pattern in steps:
            c.send(line + "\n")
            got = c.expect(r"\n\x1b?[^\n]{0,8}\(qemu\) ").decode()
            if not re.search(pattern, got, re.S):
                raise Fail(f"{line}: {got!r}, expected {pattern!r}")
        c.send("quit\n")
        m.end()


def cases(context):
    return [
        Case("network/usage", usage, 0),
        Case("network/monitor", monitor, 0),
        Case("network/default", default_nic, 2),
        Case("network/user-pci", user("virtio-net-pci,netdev=n"), 1),
        Case("network/user-mmio", user("virtio-net-device,netdev=n,mac=52:54:00:aa:bb:cc"), 2),
        Case("network/user-packed", user("virtio-net-pci,netdev=n,packed=on"), 2),
        Case("network/user-plain", user("virtio-net-device,netdev=n,mrg_rxbuf=off,csum=off,guest_csum=off,ctrl_vq=off,event_idx=off,indirect_desc=off,status=off"), 2),
        Case("network/user-e1000", user("e1000,netdev=n", modules=["e1000"]), 1),
        Case("network/user-e1000-trixie", user("e1000,netdev=n,mitigation=off", modules=["e1000"], which="kernel-trixie"), 2),
        Case("network/user-trixie", user("virtio-net-pci,netdev=n", which="kernel-trixie"), 2),
        Case("network/user-options", user("virtio-net-pci,netdev=n", netdev=",net=192.168.7.0/24,host=192.168.7.4,dns=192.168.7.5,dhcpstart=192.168.7.33,"
                                          "hostname=guest7,dnssearch=a.test,bootfile=boot.img,ipv6=off", host="192.168.7.4",
                                          lease=r"LEASE 192\.168\.7\.33/24 192\.168\.7\.4 192\.168\.7\.5 guest7 a\.test.* boot\.img"), 2),
        Case("network/socket-tcp", two_machines("socket,listen=127.0.0.1:{port}", "socket,connect=127.0.0.1:{port}"), 2),
        Case("network/socket-mcast", two_machines("socket,mcast=230.0.0.1:{port},localaddr=127.0.0.1", "socket,mcast=230.0.0.1:{port},localaddr=127.0.0.1"), 2),
        Case("network/stream-unix", two_machines("stream,server=on,addr.type=unix,addr.path={d}/s", "stream,addr.type=unix,addr.path={d}/s"), 2),
        Case("network/dgram-inet", two_machines("dgram,local.type=inet,local.host=127.0.0.1,local.port={port},remote.type=inet,remote.host=127.0.0.1,remote.port={other}",
                                                "dgram,local.type=inet,local.host=127.0.0.1,local.port={other},remote.type=inet,remote.host=127.0.0.1,remote.port={port}"), 2),
        Case("network/dgram-unix", two_machines("dgram,local.type=unix,local.path={d}/a,remote.type=unix,remote.path={d}/b",
                                                "dgram,local.type=unix,local.path={d}/b,remote.type=unix,remote.path={d}/a"), 2),
        Case("network/tap", tap(), 1),
        Case("network/tap-plain", tap(",vnet_hdr=off", "virtio-net-device,netdev=n,packed=on"), 2),
        Case("network/tap-e1000", tap(device="e1000,netdev=n", modules=["e1000"], n=20_000_000), 2),
        Case("network/tap-queues", tap(",queues=2", "virtio-net-pci,netdev=n,mq=on", "ls /sys/class/net/eth0/queues | tr '\\n' ' '\necho",
                                       found=("rx-0 rx-1 tx-0 tx-1 ",)), 2),
    ]
