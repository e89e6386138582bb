// Workers, shared memory, transfer, Atomics.wait across threads, signals to children.
const assert = require('assert'), {Worker} = require('worker_threads'), {spawn, spawnSync} = require('child_process');
const crypto = require('crypto'), zlib = require('zlib');
const work = (text, data) => new Promise((done, fail) => {
  let value; const w = new Worker(text, {eval: true, workerData: data});
  w.on('message', v => value = v).on('error', fail).on('exit', code => done([code, value]));
});
describe('threads', function () {
  this.timeout(0);
  it('hand a ball around', async () => {
    const a = new Int32Array(new SharedArrayBuffer(8)), n = 4, rounds = 400;
    await Promise.all([...Array(n).keys()].map(me => work(`const {workerData: [a, me, n, rounds]} = require('worker_threads');
      for (let i = 0; i < rounds; i++) {
        for (let v; (v = Atomics.load(a, 0)) % n != me;) Atomics.wait(a, 0, v);
        Atomics.add(a, 0, 1); Atomics.notify(a, 0);
      }`, [a, me, n, rounds])));
    assert.strictEqual(a[0], n * rounds);
  });
  it('end by error and by exit', async () => {
    await assert.rejects(work('throw new RangeError("no")'), RangeError);
    assert.deepStrictEqual(await work('process.exit(7)'), [7, undefined]);
    const w = new Worker('for (;;);', {eval: true}); await new Promise(r => w.on('online', r));
    assert.strictEqual(await w.terminate(), 1);
  });
  it('work in the pool', async () => {
    const keys = await Promise.all([...Array(12)].map((_, i) => new Promise((r, f) =>
      crypto.pbkdf2('p' + i, 'salt', 2000, 32, 'sha512', (e, k) => e ? f(e) : r(k.toString('hex'))))));
    keys.forEach((k, i) => assert.strictEqual(k, crypto.pbkdf2Sync('p' + i, 'salt', 2000, 32, 'sha512').toString('hex')));
    const text = Buffer.from([...Array(100000).keys()].join());
    for (const [a, b] of [['gzip', 'gunzip'], ['brotliCompress', 'brotliDecompress'], ['deflateRaw', 'inflateRaw']]) {
      const packed = await new Promise((r, f) => zlib[a](text, (e, v) => e ? f(e) : r(v)));
      assert.ok(zlib[b + 'Sync'](packed).equals(text));
    }
  });
  it('are signalled', done => {
    const c = spawn(process.execPath, ['-e', 'process.on("SIGUSR2", () => { console.log("got"); process.exit(5); }); console.log("up"); setInterval(() => {}, 1000)']);
    let out = ''; c.stdout.on('data', d => { out += d; if (String(d).startsWith('up')) c.kill('SIGUSR2'); });
    c.on('close', code => { assert.deepStrictEqual([out, code], ['up\ngot\n', 5]); done(); });
  });
  it('die of their signals', () => assert.strictEqual(spawnSync(process.execPath, ['-e', 'process.abort()']).signal, 'SIGABRT'));
});
