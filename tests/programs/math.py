# Floating point of python3: every function of math and cmath over special and random values, printed
# exactly (float.hex), conversions between text and binary, formatting, statistics. What libm gives in
# the last place depends on the target, so the output is qemu's and not amd64's.
import cmath, ctypes, hashlib, math, random, statistics, struct, sys

rnd = random.Random(7)
values = [0.0, -0.0, 1.0, -1.0, 0.5, math.pi, -math.e, 1e-300, -1e300, 5e-324, 2.0 ** -1022, math.inf, -math.inf, math.nan, 1e16,
          2.0 ** 53 + 2, 0.1, 1 / 3] + [rnd.uniform(-10, 10) for _ in range(60)] + [rnd.uniform(-1, 1) for _ in range(40)] + [
          math.ldexp(rnd.uniform(-1, 1), rnd.randrange(-1000, 1000)) for _ in range(60)]

def text(x):
    if isinstance(x, float): return x.hex()
    if isinstance(x, complex): return x.real.hex() + "," + x.imag.hex()
    if isinstance(x, tuple): return "(" + " ".join(map(text, x)) + ")"
    return str(x)

def table(module, name, argument_sets):
    lines = []
    for args in argument_sets:
        try:
            lines.append(text(getattr(module, name)(*args)))
        except (ValueError, OverflowError, ZeroDivisionError, TypeError) as e:
            lines.append(type(e).__name__)
    print(module.__name__, name, hashlib.sha1("\n".join(lines).encode()).hexdigest()[:20], *lines[4:8])

one = [(v,) for v in values]
two = [(rnd.choice(values), rnd.choice(values)) for _ in range(400)]
for name in ("acos acosh asin asinh atan atanh cbrt ceil cos cosh degrees erf erfc exp exp2 expm1 fabs floor frexp gamma isfinite isnan "
             "lgamma log log10 log1p log2 modf radians sin sinh sqrt tan tanh trunc ulp").split():
    table(math, name, one)
for name in "atan2 copysign fmod hypot nextafter pow remainder".split():
    table(math, name, two)
for name in "acos acosh asin asinh atan atanh cos cosh exp log log10 phase polar sin sinh sqrt tan tanh".split():
    table(cmath, name, [(complex(a, b),) for a, b in two[:150]])
table(math, "fsum", [([rnd.uniform(-1e10, 1e10) for _ in range(50)],) for _ in range(20)])
table(math, "dist", [([a, b], [b, a]) for a, b in two])
table(math, "ldexp", [(a, rnd.randrange(-1100, 1100)) for a in values])
print(math.comb(200, 90), math.perm(30, 12), math.isqrt(10 ** 61), math.gcd(2 ** 60 * 15, 3 ** 30 * 20), math.lcm(*range(1, 40)))

h = hashlib.sha1()
for a in values:
    for f in ("%r", "%.3e", "%.17g", "%10.4f", "%g", "%a" if False else "%s"):
        h.update((f % a).encode())
    if math.isfinite(a):
        assert float(repr(a)) == a and float.fromhex(a.hex()) == a
        h.update(str((round(a, 3), int(a) if abs(a) < 1e30 else 0, a.as_integer_ratio()[0] % 1000003, divmod(a, 0.7))).encode())
        try:
            h.update(struct.pack("<f", a)); h.update(struct.pack("<e", a))
        except (OverflowError, struct.error):
            h.update(b"over")
print("formats", h.hexdigest())
h = hashlib.sha1()
for a, b in two:
    for op in ("a + b", "a - b", "a * b", "a / b", "a // b", "a % b", "a ** 2", "a < b", "a == b", "-a", "abs(b)", "min(a, b)", "max(a, b)",
               "complex(a, b) * complex(b, a)"):
        try:
            h.update(text(eval(op)).encode())
        except (ZeroDivisionError, OverflowError, ValueError) as e:
            h.update(type(e).__name__.encode())
print("arithmetic", h.hexdigest())
for t in ("1e400", "-1e-400", "0x1.8p3", "infinity", "nan", "123456789012345678901234567890", "4.9e-324", "2.2250738585072011e-308", "1_000.5"):
    try: print(t, float(t).hex())
    except ValueError as e: print(e)
sample = [rnd.gauss(5, 2) for _ in range(500)]
print(statistics.fmean(sample), statistics.stdev(sample), statistics.median(sample), statistics.quantiles(sample, n=5), statistics.correlation(sample[:250], sample[250:]))
print([rnd.expovariate(1.5) for _ in range(3)], rnd.betavariate(2, 3), rnd.vonmisesvariate(1, 2), rnd.lognormvariate(0, 1))
# a linear system, a transform, an integral
n = 24
m = [[1 / (i + j + 1) + (i == j) for j in range(n)] + [float(i)] for i in range(n)]
for i in range(n):
    p = max(range(i, n), key=lambda r: abs(m[r][i])); m[i], m[p] = m[p], m[i]
    for r in range(n):
        if r != i:
            f = m[r][i] / m[i][i]; m[r] = [x - f * y for x, y in zip(m[r], m[i])]
print([(m[i][n] / m[i][i]).hex() for i in range(3)])
def fft(x):
    if len(x) == 1: return x
    e, o = fft(x[::2]), fft(x[1::2]); k = len(x)
    w = [cmath.exp(-2j * math.pi * i / k) * o[i] for i in range(k // 2)]
    return [a + b for a, b in zip(e, w)] + [a - b for a, b in zip(e, w)]
print([text(v) for v in fft([complex(math.sin(i), 0) for i in range(256)])[:3]])
libm = ctypes.CDLL("libm.so.6")
for name in ("j0", "y1", "tgamma", "rint", "nearbyint", "logb", "sinpi" if False else "exp10"):
    f = getattr(libm, name); f.restype = ctypes.c_double; f.argtypes = [ctypes.c_double]
    print(name, [f(v).hex() for v in (0.5, 1.5, 2.5, -7.25)])
libm.fesetround.restype = ctypes.c_int
for mode in (0, 0x400000, 0x800000, 0xc00000):  # to nearest, up, down, to zero (FPCR.RMode)
    libm.fesetround(mode)
    r = [1.0 / 3, 2.0 ** 0.5, 1e16 + 1.1, -1.0 / 3, float("0.1"), libm.rint and struct.pack("<f", 0.1).hex()]
    libm.fesetround(0)
    print(hex(mode), r[0].hex(), r[1].hex(), r[2].hex(), r[3].hex(), r[4].hex(), r[5])
