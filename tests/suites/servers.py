"""Servers of Debian arm64 in `myna run --rootfs`, under load from the host for 60 s each, by an ordinary
user (check-long): redis (redis-benchmark, 50 clients), nginx (4 workers, wrk), postgresql (initdb, pgbench
with 8 clients, kill -9 and recovery). They run in the root that suites/distro.py installed; the load comes
from the host's own programs (Debian: redis-tools, wrk, postgresql-client, pgbench).

Expected: no error that a load program, a server's log or its own counters know of; what was written is
there: redis' counters by the number of requests, nginx' files by the length in their first line, postgresql's
sums as pgbench's transactions keep them, and every transaction that was reported done.

Requests a second, here and by qemu-aarch64 in the same confinement (6 s), are for information:
BUILD/check/servers.txt."""
import contextlib
import glob
import os
import re
import select
import shutil
import socket
import subprocess
import time

from .base import ENVIRONMENT, Case, Fail, Skip, run
from .distro import finish, installed, tree

SECONDS, OTHER = 60, 6
LIMIT = 6 * SECONDS  # of a server's whole life under myna: then its stacks are shown
PG = "/usr/lib/postgresql/15/bin"
NGINX = """worker_processes 4; pid /tmp/nginx.pid; error_log /tmp/error.log info; daemon on;
events { worker_connections 512; }
http { access_log off; root /srv; sendfile on; types { text/plain txt; } keepalive_requests 100000000;
upstream self { server 127.0.0.1:PORT; keepalive 16; }
server { listen 127.0.0.1:PORT;
location /again/ { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://self/; } } }
"""
SIZES = (300, 20_000, 300_000)
WRK = """local n, threads = 0, {}
local paths = { "/f0.txt", "/f1.txt", "/f0.txt", "/again/f1.txt", "/f0.txt", "/f2.txt" }
bad = 0
function setup(thread) table.insert(threads, thread) end
function request() n = n + 1; return wrk.format("GET", paths[n % #paths + 1]) end
function response(status, headers, body)
    if status ~= 200 or #body ~= tonumber(body:match("^%d+")) or body:sub(-2) ~= "Z\\n" then bad = bad + 1 end
end
function done(summary)
    local all = 0
    for _, t in ipairs(threads) do all = all + t:get("bad") end
    print("wrong answers " .. all)
end
"""


class Session:
    """A shell inside the root that starts servers and answers one script after the other."""

    def __init__(self, t, qemu):
        self.log = open(t.d + "/session", "w+b")
        self.p = subprocess.Popen(t.command(["/bin/sh"], options=() if qemu else ("-watchdog", f"{LIMIT},hard"), qemu=qemu),
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, env=ENVIRONMENT,
                                  start_new_session=True)
        self.out = b""

    def words(self):
        self.log.seek(0)
        return self.log.read()[-6000:].decode(errors="replace")

    def do(self, script, timeout=120):
        self.p.stdin.write((script + "\necho \"<<$?>>\"\n").encode())
        self.p.stdin.flush()
        end = time.time() + timeout
        while not (m := re.search(rb"<<(\d+)>>\n", self.out)):
            ready, _, _ = select.select([self.p.stdout], [], [], max(0, end - time.time()))
            chunk = os.read(self.p.stdout.fileno(), 1 << 16) if ready else b""
            if not chunk:
                raise Fail(f"{'the session ended' if ready else f'no answer in {timeout} s'}: {script}\n{self.words()}")
            self.out += chunk
        got, self.out = self.out[:m.start()].decode(errors="replace"), self.out[m.end():]
        if m.group(1) != b"0":
            raise Fail(f"status {m.group(1).decode()}: {script}\n{got[-1500:]}\n{self.words()}")
        return got

    def end(self):
        """Ends what runs inside; CPU seconds of all of it."""
        self.p.stdin.close()
        used = finish(self.p, 60)[2]
        self.p.stdout.close()
        return used

    def load(self, command, seconds, **how):
        """A load program of the host, which must succeed."""
        try:
            got = run(command, timeout=seconds + LIMIT, **how)
        except Fail as e:
            raise Fail(f"{e}\n{self.words()}") from e
        text = (got.out + got.err).decode(errors="replace")
        if got.status:
            raise Fail(f"status {got.status}: {got.shell()}\n{text[-1500:]}\n{self.words()}")
        return text


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, seconds=60):
    end = time.time() + seconds
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError as e:
            if time.time() > end:
                raise Fail(f"nobody listens: {e}") from e
            time.sleep(0.2)


# --- redis -----------------------------------------------------------------------------------------

def redis_cli(port, *words):
    return run(["redis-cli", "-p", str(port), *words]).out.decode(errors="replace").strip()


def redis_start(session, port):
    session.do(f"cd /tmp && redis-server --port {port} --appendonly yes --daemonize yes --logfile /tmp/redis.log --save 60 1 >/dev/null")
    wait_port(port)
    end = time.time() + 60
    while redis_cli(port, "ping") != "PONG":  # it may be reading its files
        if time.time() > end:
            raise Fail("no PONG")
        time.sleep(0.2)


def redis(t, session, seconds, whole):
    port, rounds, each, done = free_port(), 0, 20_000, 0
    redis_start(session, port)
    end, begun = time.time() + seconds, time.time()
    tests = "ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange_100,mset"
    while time.time() < end:
        text = session.load(["redis-benchmark", "-p", str(port), "-c", "50", "-n", str(each), "-t", tests, "--csv",
                             *(["-P", "8"] if rounds % 2 else [])], seconds)
        lines = [line for line in text.splitlines() if line.startswith('"') and not line.startswith('"test"')]
        if len(lines) < 15 or "rror" in text:
            raise Fail(text[-1500:])
        rounds, done = rounds + 1, done + each * len(lines)
        redis_cli(port, "bgsave" if rounds % 2 else "bgrewriteaof")  # both fork under load
    took = time.time() - begun
    if not whole:
        return done, took
    want = str(rounds * each)
    values = lambda: [redis_cli(port, *w.split()) for w in ("get counter:__rand_int__", "llen mylist", "dbsize", "zcard myzset")]
    before = values()
    if before[0] != want:
        raise Fail(f"the counter is {before[0]}, not {want}")
    info = redis_cli(port, "info", "all")
    for word in ("rejected_connections:0", "total_error_replies:0", "rdb_last_bgsave_status:ok", "aof_last_bgrewrite_status:ok",
                 "aof_last_write_status:ok"):
        if word not in info:
            raise Fail(f"no {word}\n" + "\n".join(x for x in info.splitlines() if word.split(":")[0] in x))
    session.do("sleep 3; kill -9 $(pidof redis-server); sleep 1; ! pidof redis-server")  # 3 s: appendfsync everysec
    redis_start(session, port)
    if values() != before:
        raise Fail(f"after kill -9: {values()}, before: {before}")
    return done, took


# --- nginx -----------------------------------------------------------------------------------------

def nginx(t, session, seconds, whole):
    port = free_port()
    session.do("cat >/tmp/nginx.conf <<'end'\n" + NGINX.replace("PORT", str(port)) + "end")
    for i, size in enumerate(SIZES):
        session.do(f"(echo {size}; seq 99999 | head -c {size - 7 - len(str(size))}; printf '\\n123Z\\n') >/srv/f{i}.txt")
        session.do(f"test $(stat -c %s /srv/f{i}.txt) = {size} && test $(tail -c2 /srv/f{i}.txt) = Z")
    session.do("nginx -t -c /tmp/nginx.conf && nginx -c /tmp/nginx.conf")
    wait_port(port)
    with open(t.d + "/load.lua", "w", encoding="utf-8") as f:
        f.write(WRK)
    text = session.load(["wrk", "-t4", "-c64", f"-d{seconds}s", "--timeout", "60s", "-s", t.d + "/load.lua",
                         f"http://127.0.0.1:{port}/"], seconds)
    workers = session.do("pgrep -cP $(cat /tmp/nginx.pid)")
    log = session.do("grep -E '\\[(warn|error|crit|alert|emerg)\\]' /tmp/error.log || :")
    m = re.search(r"(\d+) requests in", text)
    if "wrong answers 0\n" not in text or "Socket errors" in text or "Non-2xx" in text or not m or workers != "4\n" or log:
        raise Fail(f"{text}\nworkers: {workers}log: {log[:1500]}")
    session.do("nginx -c /tmp/nginx.conf -s reload; sleep 2; kill -0 $(cat /tmp/nginx.pid)")
    if run(["wrk", "-t1", "-c4", "-d1s", f"http://127.0.0.1:{port}/f0.txt"]).out.find(b"errors") >= 0:
        raise Fail("errors after a reload")
    session.do("nginx -c /tmp/nginx.conf -s quit; for i in $(seq 60); do pidof nginx >/dev/null || break; sleep 1; done; ! pidof nginx")
    return int(m.group(1)), float(seconds)


# --- postgresql ------------------------------------------------------------------------------------

SUMS = """select (select sum(abalance) from pgbench_accounts) = (select coalesce(sum(delta), 0) from pgbench_history)
and (select sum(bbalance) from pgbench_branches) = (select coalesce(sum(delta), 0) from pgbench_history)
and (select sum(tbalance) from pgbench_tellers) = (select coalesce(sum(delta), 0) from pgbench_history),
(select count(*) from pgbench_history), (select count(*) from pgbench_accounts)"""


def postgres(t, session, seconds, whole):
    port = free_port()
    where = ["-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
    as_user = lambda command: session.do(f"su postgres -s /bin/sh -c '{command}' </dev/null", 240)
    start = f"{PG}/pg_ctl -D /tmp/pg -l /tmp/pg.log -t 120 -w -o \"-p {port} -k /tmp\" start >/dev/null"
    as_user(f"{PG}/initdb -D /tmp/pg -A trust >/dev/null")
    as_user(start)
    session.load(["createdb", *where, "b"], 60)
    session.load([pgbench(t.context), *where, "-i", "-q", "-s", "4", "b"], 120)

    def sums():
        done = run(["psql", *where, "-AtF", " ", "-c", SUMS, "b"])
        right, history, accounts = (done.out.decode() + " - - -").split()[:3]
        if right != "t" or accounts != "400000":
            raise Fail(f"the sums differ: {done.out.decode()}{done.err.decode()}")
        return int(history)

    text = session.load([pgbench(t.context), *where, "-n", "-c", "8", "-j", "4", "-T", str(seconds), "b"], seconds)
    m = re.search(r"actually processed: (\d+)", text)
    if not m or not re.search(r"failed transactions: 0 ", text) or sums() != int(m.group(1)):
        raise Fail(f"{text}\nin the table: {sums()}")
    total = int(m.group(1))
    if not whole:
        return total, float(seconds)
    # A second load, in the midst of which all of the server is killed: the done is there, nothing is half done.
    p = subprocess.Popen([pgbench(t.context), *where, "-n", "-c", "8", "-j", "1", "-T", "30", "--progress", "1", "b"], env=ENVIRONMENT,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    time.sleep(6)
    session.do("p=$(head -1 /tmp/pg/postmaster.pid); kill -9 $p $(pgrep -P $p); "
               "for i in $(seq 20); do pidof postgres >/dev/null || break; sleep 1; done; ! pidof postgres")
    said = p.communicate(timeout=60)[0].decode(errors="replace")
    if p.returncode == 0:
        raise Fail("pgbench noticed nothing of kill -9\n" + said)
    m = re.search(r"actually processed: (\d+)", said)
    as_user(start)
    after = sums()
    if not m or not total + int(m.group(1)) <= after <= total + int(m.group(1)) + 8:
        raise Fail(f"{after} transactions after the recovery, {total} before\n{said}")
    log = session.do("cat /tmp/pg.log")
    if "redo done" not in log or "PANIC" in log:
        raise Fail("no recovery:\n" + log[-2000:])
    text = session.load([pgbench(t.context), *where, "-n", "-c", "8", "-T", "2", "b"], 30)
    sums()
    as_user(f"{PG}/pg_ctl -D /tmp/pg -w -m fast stop >/dev/null")
    return total, float(seconds)


# --- cases -----------------------------------------------------------------------------------------

@contextlib.contextmanager
def session(t, qemu):
    s = Session(t, qemu)
    try:
        yield s
    finally:
        if s.p.poll() is None:
            os.killpg(s.p.pid, 15)
            s.p.wait()
        s.log.close()


def pgbench(context):
    """The host's pgbench: its package holds a whole server, so it may have come by fetch.sh."""
    fetched = glob.glob(os.path.join(context.build, "guests/pgbench/usr/lib/postgresql/*/bin/pgbench"))
    return shutil.which("pgbench") or (fetched or [None])[0]


def under_load(name, function, needs):
    def test(context):
        for program, package in needs:
            if not shutil.which(program):
                raise Skip(f"no {program} (Debian: {package})")
        if name == "postgresql" and not pgbench(context):
            raise Skip(f"no pgbench: tests/guest/fetch.sh {context.build}/guests pgbench")
        def rate(t, qemu):
            with session(t, qemu) as s:
                done, took = function(t, s, OTHER if qemu else SECONDS, not qemu)
                used = s.end()
            return f"{done} in {took:.0f} s, {done / took:.0f} a second, {1e6 * used / done:.0f} us of CPU time each, start and end included"
        with tree(context, installed(context)) as t:
            rates = ["myna " + rate(t, False)]
            try:
                t.native("busybox rm -rf /trees/debian/tmp/*")
                rates.append("qemu-aarch64 " + rate(t, True))
            except (Fail, Skip) as e:  # for information only
                rates.append("qemu-aarch64: " + str(e).split("\n", maxsplit=1)[0])
        with context.once("servers.txt"), open(os.path.join(context.out, "servers.txt"), "a", encoding="utf-8") as f:
            f.write(f"{name}: 0 errors; " + "; ".join(rates) + "\n")
    return test


def cases(context):
    return [Case("servers/redis", under_load("redis", redis, [("redis-benchmark", "redis-tools")]), 2),
            Case("servers/nginx", under_load("nginx", nginx, [("wrk", "wrk")]), 2),
            Case("servers/postgresql", under_load("postgresql", postgres, [("psql", "postgresql-client")]), 2)]
