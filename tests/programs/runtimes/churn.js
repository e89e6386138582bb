// A program whose code is made, specialised, thrown out of its specialisation and dropped all the time, for
// argv[2] seconds, at work half of the time: for suites/lasting.py. Prints a line each ten seconds and the sum of errors.
'use strict';
const seconds = Number(process.argv[2]), begun = Date.now();
let made = 0, wrong = 0, round = 0, told = 0;

function work() {
  for (let k = 0; k < 12; k++, made++) {
    const a = made % 97 + 1, b = made % 13;
    const f = new Function('x', 'y', `let s = ${made}; for (let i = 0; i < ${a}; i++) s = s + x * i + y; return s`);
    const times = k % 4 === 0 ? 3000 : 20; // some become hot, are compiled again, and then meet another type
    let got = 0;
    for (let i = 0; i < times; i++) got = f(b, 1);
    if (got !== made + b * a * (a - 1) / 2 + a) wrong++;
    if (f(b + 0.5, 1) !== made + (b + 0.5) * a * (a - 1) / 2 + a) wrong++; // numbers are double now
    if (typeof f(1, 'p') !== 'string') wrong++;
  }
  const g = (0, eval)(`(function (o) { let s = 0; for (let i = 0; i < 4000; i++) s += o.v${round % 50}; return s })`);
  const o = { ['v' + round % 50]: round, other: 1 };
  if (g(o) !== 4000 * round) wrong++;
  delete o.other; // another shape
  if (g(o) !== 4000 * round) wrong++;
  round++;
}

function turn() {
  const t = Date.now();
  while (Date.now() - t < 100) work();
  const s = Math.floor((Date.now() - begun) / 1000);
  if (s >= told + 10) {
    told = s;
    console.log(s, made, wrong, Math.round(process.memoryUsage().heapUsed / 1048576));
  }
  if (s < seconds) setTimeout(turn, 100);
  else console.log('end', wrong);
}
turn();
