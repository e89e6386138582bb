// V8: JIT with deoptimisation, wasm with memory traps, async, child process, crypto, zlib, workers with SharedArrayBuffer
const {Worker,isMainThread,workerData,parentPort}=require('worker_threads');
const crypto=require('crypto'),zlib=require('zlib'),cp=require('child_process'),fs=require('fs');
if(!isMainThread){
  const a=new Int32Array(workerData.sab);
  for(let i=0;i<20000;i++){Atomics.add(a,0,1); if(i%1000==0){Atomics.notify(a,1);} }
  let o={}; for(let i=0;i<20000;i++){o['k'+i%500]=[i,{x:i}];}
  parentPort.postMessage(Object.keys(o).length);
} else (async()=>{
  const out=[];
  function f(o){return o.a+o.b;} let s=0;
  for(let i=0;i<200000;i++) s+=f({a:i,b:1}); for(let i=0;i<1000;i++) s+=f({b:i,a:2,c:3}).toString().length; s+=f({a:'x',b:1}).length; out.push(s);
  // wasm: (func (param i32) (result i32) local.get 0 i32.load) with one page of memory
  const w=new Uint8Array([0,97,115,109,1,0,0,0,1,6,1,96,1,127,1,127,3,2,1,0,5,3,1,0,1,7,5,1,1,102,0,0,10,9,1,7,0,32,0,40,2,0,11]);
  const m=(await WebAssembly.instantiate(w)).instance.exports.f; let traps=0;
  for(let i=0;i<5000;i++){ try{ m(i%3==0?70000+i*1000:i); }catch(e){ traps++; } } out.push(traps);
  try{ (function r(n){return 1+r(n+1);})(0);}catch(e){out.push(e.constructor.name);}
  out.push(crypto.createHash('sha256').update('x'.repeat(100000)).digest('hex').slice(0,8));
  const z=await new Promise(r=>zlib.gzip(Buffer.alloc(300000,'abc'),(e,b)=>r(b))); out.push(zlib.gunzipSync(z).length);
  const sab=new SharedArrayBuffer(16); const rs=await Promise.all([0,1,2,3].map(()=>new Promise((res,rej)=>{const w=new Worker(__filename,{workerData:{sab}}); let v; w.on('message',m=>v=m); w.on('error',rej); w.on('exit',()=>res(v));})));
  out.push(rs.join(','),new Int32Array(sab)[0]);
  const files=await Promise.all([...Array(50)].map((_, i)=>fs.promises.readFile(__filename).then(b=>b.length))); out.push(new Set(files).size);
  let big=[]; for(let i=0;i<300000;i++){big.push({i,s:'v'+i%100}); if(i%50000==0) big=big.slice(-1000);} out.push(big.length>0);
  console.log(out.join(' '));
})();
