# json, re, hashlib, zlib, decimal, fractions, sqlite3, struct, pickle, random, datetime, itertools: jobs
# whose output no target decides.
import base64, bisect, bz2, collections, csv, datetime, decimal, difflib, fractions, hashlib, heapq, hmac, io
import itertools, json, lzma, operator, os, pickle, random, re, sqlite3, string, struct, subprocess, sys
import textwrap, unicodedata, uuid, zlib

rnd = random.Random(42)

def show(name, value):
    print(name, hashlib.sha1(repr(value).encode()).hexdigest()[:16], str(value)[:60].replace("\n", "|"))

# json: a tree of a few hundred nodes, out and back, with floats, escapes and big integers
def tree(depth):
    if depth == 0:
        return rnd.choice([None, True, False, rnd.randrange(-10**20, 10**20), rnd.random() * 10.0 ** rnd.randrange(-300, 300),
                           "".join(rnd.choice("ab\"\\\n\t/\u00e9\u4e2d\U0001f600") for _ in range(9))])
    if rnd.random() < 0.5:
        return [tree(depth - 1) for _ in range(4)]
    return {f"k{i}\u00fc": tree(depth - 1) for i in range(4)}
t = tree(5)
for options in ({}, {"indent": 2, "sort_keys": True}, {"ensure_ascii": False, "separators": (",", ":")}):
    text = json.dumps(t, **options)
    assert json.loads(text) == t
    show("json", text)
try:
    json.loads('{"a": [1, 2,, 3]}')
except json.JSONDecodeError as e:
    print(e)

# re: tokens of Python-like source, look-around, named groups, backtracking, substitution by function
source = "\n".join(f"def f{i}(x, y={i}.5e-{i % 9}): return x ** {i} if y != 'q\\'{i}' else f{i - 1}(x)  # c{i}" for i in range(300))
token = re.compile(r"""(?P<ws>\s+)|(?P<comment>\#.*)|(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(?P<name>[^\W\d]\w*)
                       |(?P<string>'(?:[^'\\]|\\.)*')|(?P<op>\*\*|!=|[-+*/()=,:<>])""", re.X)
show("tokens", collections.Counter(m.lastgroup for m in token.finditer(source)))
show("sub", re.sub(r"\bf(\d+)\b(?=\()", lambda m: "g%d" % (int(m[1]) * 2), source))
show("look", re.findall(r"(?<=y=)\d+\.\d(?!e-3)", source))
show("back", re.findall(r"\b(\w)(\w)\2\1\b", "abba noon xyyx abab otto deed"))
show("evil", bool(re.match(r"(a?){18}a{18}$", "a" * 18)))
show("split", re.split(r"([,;])\s*", "a, b;c,d; e"))

# hashlib, hmac, zlib, bz2, lzma, base64
data = bytes(rnd.randrange(256) if i % 5000 < 2000 else i * 7 % 251 for i in range(60000))
for name in sorted(["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s"]):
    h = hashlib.new(name)
    for i in range(0, len(data), 777):
        h.update(data[i:i + 777])
    print(name, h.hexdigest()[:40])
print(hashlib.shake_128(data).hexdigest(20), hashlib.pbkdf2_hmac("sha256", b"pw", b"salt", 2000).hex()[:32],
      hashlib.scrypt(b"pw", salt=b"salt", n=256, r=8, p=1).hex()[:32], hmac.new(b"key", data, "sha512").hexdigest()[:32])
print(zlib.crc32(data), zlib.adler32(data))
for level in (1, 6, 9):
    z = zlib.compress(data, level)
    assert zlib.decompress(z) == data
    print("zlib", level, len(z), zlib.crc32(z))
for module in (bz2, lzma):
    z = module.compress(data)
    assert module.decompress(z) == data
    print(module.__name__, len(z), zlib.crc32(z))
for f in (base64.b64encode, base64.b85encode, base64.b32encode):
    show(f.__name__, f(data[:3000]))

# decimal: pi, e, logarithms and roots at 120 digits; roundings; signals
D = decimal.Decimal
decimal.getcontext().prec = 120
def pi():
    decimal.getcontext().prec += 5
    lasts, t, s, n, na, d, da = 0, D(3), 3, 1, 0, 0, 24
    while s != lasts:
        lasts = s
        n, na = n + na, na + 8
        d, da = d + da, da + 32
        t = (t * n) / d
        s += t
    decimal.getcontext().prec -= 5
    return +s
print(pi()); print(D(1).exp()); print(D(2).sqrt()); print(D(10).ln()); print(D(2) ** D("0.5")); print(D(7).log10())
for r in (decimal.ROUND_UP, decimal.ROUND_DOWN, decimal.ROUND_HALF_EVEN, decimal.ROUND_HALF_UP, decimal.ROUND_05UP, decimal.ROUND_CEILING):
    print(r, [str(D(x).quantize(D("0.1"), rounding=r)) for x in ("2.55", "-2.55", "2.45", "0.05", "-0.05", "1.01")])
s = D(0)
for i in range(1, 400):
    s += D(1) / D(i) ** 2
print(s, D("1E+999").next_plus(), D(5).compare_total(D("5.0")))
with decimal.localcontext() as c:
    c.traps[decimal.Inexact] = True
    try:
        D(1) / D(3)
    except decimal.Inexact as e:
        print("signal", type(e).__name__)
print(sum(fractions.Fraction(1, i) for i in range(1, 60)), fractions.Fraction(3.140625).limit_denominator(100))

# integers of thousands of digits
sys.set_int_max_str_digits(0)
a = 3 ** 5000 + 7; b = 7 ** 2500 - 5
show("big", (a * b, a // b, a % b, pow(a, b, 10 ** 50 + 151), a.bit_length(), a ^ b, ~a >> 77, int(str(b)) == b))

# sqlite3: a database of 3,000 rows with functions, an aggregate and a collation of Python
db = sqlite3.connect(":memory:")
db.create_function("rev", 1, lambda s: s[::-1])
class Median:
    def __init__(self): self.v = []
    def step(self, x): self.v.append(x)
    def finalize(self): return sorted(self.v)[len(self.v) // 2]
db.create_aggregate("median", 1, Median)
db.create_collation("length", lambda p, q: (len(p) > len(q)) - (len(p) < len(q)) or (p > q) - (p < q))
db.execute("create table p(id integer primary key, name text, v real, b blob)")
with db:
    db.executemany("insert into p(name, v, b) values(?, ?, ?)",
                   ((f"n{i % 97}" * (i % 3 + 1), i * 37 % 1009 / 8, struct.pack("<I", i)) for i in range(3000)))
db.execute("create index pn on p(name)")
for q in ("select count(*), sum(v), avg(v), median(v) from p", "select rev(name), count(*) from p group by 1 order by 2 desc, 1 limit 4",
          "select distinct name from p order by name collate length limit 5",
          "select id, sum(v) over (order by id rows 3 preceding) from p limit 5", "select hex(b) from p where id % 999 = 0"):
    print(db.execute(q).fetchall())
try:
    with db:
        db.execute("delete from p"); db.execute("insert into p(id) values('x')")
except sqlite3.IntegrityError as e:
    print("rolled back:", e, db.execute("select count(*) from p").fetchone())
show("dump", "\n".join(db.iterdump()))

# struct, pickle, random, datetime, csv, difflib, text
show("struct", struct.pack("<bBhHiIqQfdse?", -1, 255, -2, 65535, -3, 7, -4, 2 ** 63, 1.5, -2.25, b"x", 0.1, True))
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
    def __reduce__(self): return Point, (self.x, self.y)
for p in range(6):
    show(f"pickle{p}", pickle.dumps({"a": [1, 2.5, "t", None, 10 ** 30], "b": {1, }, "c": (b"x", bytearray(b"y"))}, p))
show("random", [rnd.gauss(0, 1).hex()[:8] for _ in range(50)] and [rnd.randrange(10 ** 12) for _ in range(200)])
show("shuffle", rnd.sample(range(10000), 300)); show("bits", rnd.getrandbits(999))
d0 = datetime.datetime(1999, 12, 31, 23, 59, 58, 999999, datetime.timezone.utc)
print(d0 + datetime.timedelta(days=10000.5, microseconds=1), d0.isocalendar(), (d0 - datetime.timedelta(weeks=77)).strftime("%a %b %d %j %U"))
out = io.StringIO(); w = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
w.writerows([i, f'a"{i}', i / 4, "x\ny"] for i in range(50)); show("csv", out.getvalue())
x = [rnd.choice("abcdefgh") * 3 for _ in range(150)]; y = list(x); del y[20:40]; y.insert(70, "new")
show("diff", "\n".join(difflib.unified_diff(x, y, lineterm="")))
show("unicode", [unicodedata.normalize(f, "\u00c5e\u0301\ufb01\uac00") for f in ("NFC", "NFD", "NFKC", "NFKD")])
print(uuid.uuid5(uuid.NAMESPACE_DNS, "example.org"), textwrap.shorten("the quick brown fox jumps", 14))

# generators, closures, exceptions, classes: an interpreter and a solver
def queens(n, row=0, cols=0, d1=0, d2=0):
    if row == n:
        return 1
    free, count = ~(cols | d1 | d2) & ((1 << n) - 1), 0
    while free:
        bit = free & -free; free ^= bit
        count += queens(n, row + 1, cols | bit, (d1 | bit) << 1, (d2 | bit) >> 1)
    return count
print("queens", [queens(n) for n in range(1, 8)])
def sieve(n):
    s = bytearray([1]) * (n + 1); s[:2] = b"\0\0"
    for i in range(2, int(n ** 0.5) + 1):
        if s[i]:
            s[i * i::i] = bytes(len(range(i * i, n + 1, i)))
    return list(itertools.compress(range(n + 1), s))
show("primes", sieve(50000))
graph = {i: {(i * k + 1) % 500: (i * k) % 17 + 1 for k in (2, 3, 5)} for i in range(500)}
dist, heap = {}, [(0, 0)]
while heap:
    d, n = heapq.heappop(heap)
    if n not in dist:
        dist[n] = d
        for m, c in graph[n].items():
            heapq.heappush(heap, (d + c, m))
show("paths", sorted(dist.items()))
def deep(n):
    try:
        if n == 0: raise ValueError("bottom")
        deep(n - 1)
    finally:
        counts.append(n)
counts = []
try:
    deep(200)
except ValueError as e:
    print("caught", e, len(counts), e.__traceback__.tb_lineno > 0)
code = compile("sum(v * v for v in range(n)) + len([k for k in 'abc' if k != 'b'])", "x", "eval")
print(eval(code, {"n": 1000}), sorted({1: 2, **{"z": 3}}.items(), key=str), f"{12345.678:>+15,.2f}|{255:#x}|{'s':^9}")
r, w2 = os.pipe()
if os.fork() == 0:
    os.write(w2, b"from the child"); os._exit(3)
print(os.read(r, 100), os.waitstatus_to_exitcode(os.wait()[1]))
print(subprocess.run(["sort", "-r"], input="b\nc\na\n", text=True, capture_output=True).stdout.split(),
      subprocess.run("exit 5", shell=True).returncode)
