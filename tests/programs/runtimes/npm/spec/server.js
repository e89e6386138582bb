// express on loopback: bodies, errors, streams, keep-alive; the client in the same process and in a child.
const assert = require('assert'), http = require('http'), {spawn} = require('child_process'), express = require('express');
const get = (port, path, body, agent) => new Promise((done, fail) => {
  const q = http.request({port, path, agent, host: '127.0.0.1', method: body ? 'POST' : 'GET',
                          headers: body ? {'content-type': 'application/json'} : {}}, r => {
    let text = ''; r.on('data', d => text += d).on('end', () => done([r.statusCode, text]));
  }).on('error', fail); q.end(body);
});
describe('express', function () {
  this.timeout(0);
  let server, port;
  before(done => {
    const app = express();
    app.use(express.json());
    app.post('/sum', (q, r) => r.json({sum: q.body.list.reduce((a, b) => a + b, 0)}));
    app.get('/boom', () => { throw Object.assign(new Error('boom'), {status: 418}); });
    app.get('/big', (q, r) => { for (let i = 0; i < 200; i++) r.write('x'.repeat(5000)); r.end(); });
    app.get('/later/:n', (q, r) => setTimeout(() => r.send(q.params.n), 5));
    app.use((e, q, r, next) => r.status(e.status).send(e.message));
    server = app.listen(0, '127.0.0.1', () => { port = server.address().port; done(); });
  });
  after(done => server.close(done));
  it('sums', async () => {
    const agent = new http.Agent({keepAlive: true, maxSockets: 8});
    const all = await Promise.all([...Array(200)].map((_, i) => get(port, '/sum', JSON.stringify({list: [i, 1, 2.5]}), agent)));
    all.forEach(([status, text], i) => assert.deepStrictEqual([status, JSON.parse(text).sum], [200, i + 3.5]));
    agent.destroy();
  });
  it('reports errors', async () => assert.deepStrictEqual(await get(port, '/boom'), [418, 'boom']));
  it('streams', async () => assert.strictEqual((await get(port, '/big'))[1].length, 1000000));
  it('waits', async () => assert.deepStrictEqual((await Promise.all([...Array(50)].map((_, i) => get(port, '/later/' + i))))
    .map(x => x[1]), [...Array(50).keys()].map(String)));
  it('answers a child', done => {
    const child = spawn(process.execPath, ['-e', `require('http').get('http://127.0.0.1:${port}/big', r => {
      let n = 0; r.on('data', d => n += d.length).on('end', () => { console.log(n); process.exit(3); }); })`]);
    let out = ''; child.stdout.on('data', d => out += d);
    child.on('close', (code, signal) => { assert.deepStrictEqual([out, code, signal], ['1000000\n', 3, null]); done(); });
  });
});
