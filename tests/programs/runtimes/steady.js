// Steady work for V8: objects of several shapes, floats in typed arrays, strings, regular expressions, JSON, maps, big
// integers. Prints what it computed. Argument: rounds. Expected: the same program by the host's node.
const rounds = +(process.argv[2] || 20);
class Leaf { constructor(k) { this.k = k; } value(x) { return this.k * x; } }
class Sum { constructor(a, b) { this.a = a; this.b = b; } value(x) { return this.a.value(x) + this.b.value(x) * 0.5; } }
class Root { constructor(a) { this.a = a; } value(x) { return Math.sqrt(Math.abs(this.a.value(x)) + 1); } }
const tree = (d, s) => d == 0 ? new Leaf(s % 17 * 0.125) :
  d % 3 == 0 ? new Root(tree(d - 1, s * 3 + 1)) : new Sum(tree(d - 1, s * 5 + 1), tree(d - 1, s + 7));
function floats(n) {
  const a = new Float64Array(n * n), b = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) { a[i * n + j] = 1 / (i + j + 1); b[i * n + j] = i - j * 0.25; }
  let s = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
    let x = 0;
    for (let k = 0; k < n; k++) x += a[i * n + k] * b[k * n + j];
    s += x;
  }
  return s;
}
function texts(n) {
  const map = new Map(); let text = '';
  for (let i = 0; i < n; i++) {
    const key = 'key' + i * 31 % 997;
    map.set(key, (map.get(key) || 0) + i);
    if (i % 7 == 0) text += key.slice(1, 4) + i + ' ';
  }
  const words = text.match(/[a-y]+(\d)\d*7\b/g).length, back = JSON.parse(JSON.stringify([...map]));
  return words + back.reduce((s, [k, v]) => (s * 31 + k.length * v) | 0, 0) + text.replace(/\d+/g, x => x % 3).length;
}
function bits(n) {
  let x = 0x9e3779b9 | 0, s = 0;
  for (let i = 0; i < n; i++) { x ^= x << 13; x ^= x >>> 17; x ^= x << 5; s = (s + Math.imul(x, i) + Math.clz32(x)) | 0; }
  return s;
}
let trees = 0, f = 0, t = 0, b = 0, big = 1n;
for (let r = 0; r < rounds; r++) {
  for (let i = 0; i < 20; i++) trees += tree(12, r + i).value(1 + i * 0.01);
  f += floats(120); t = (t * 31 + texts(20000)) | 0; b = (b + bits(500000)) | 0;
  for (let i = 1n; i < 200n; i++) big = big * (i + BigInt(r)) % (1n << 521n) + 1n;
}
console.log(trees, f, t, b, big.toString(16).slice(0, 16));
