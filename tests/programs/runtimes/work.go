package main
import ("fmt";"runtime";"sync";"sync/atomic";"time")
func fib(n int) int { if n<2 {return n}; return fib(n-1)+fib(n-2) }
func main(){
 runtime.GOMAXPROCS(4)
 var wg sync.WaitGroup; var n int64; var mu sync.Mutex; m:=map[int]int{}
 ch:=make(chan int,16)
 for i:=0;i<50;i++{ wg.Add(1); go func(i int){ defer wg.Done(); for k:=0;k<2000;k++{ atomic.AddInt64(&n,1); mu.Lock(); m[k%97]++; mu.Unlock(); b:=make([]byte,1024+k%64); _=b }; ch<-fib(15) }(i) }
 s:=0; done:=make(chan bool); go func(){ for i:=0;i<50;i++{ s+=<-ch }; done<-true }()
 // asynchronous preemption: a loop without calls
 stop:=int32(0); go func(){ x:=0; for atomic.LoadInt32(&stop)==0 { for j:=0;j<1000000;j++ { x+=j } } }()
 wg.Wait(); <-done
 for i:=0;i<20;i++ { runtime.GC(); time.Sleep(time.Millisecond) }
 atomic.StoreInt32(&stop,1)
 npe:=0; for i:=0;i<100;i++ { func(){ defer func(){ if recover()!=nil {npe++} }(); var p *int; *p=1 }() }
 t:=0; for _,v:=range m {t+=v}
 fmt.Println(n,t,s,npe)
}
