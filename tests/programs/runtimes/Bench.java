// Threads, locks, allocation with several collectors, implicit null checks, stack overflow, deoptimisation.
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

public class Bench {
    interface Shape { int area(int x); }

    static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

    static int deep(int n) { return 1 + deep(n + 1); }

    static int areas(Shape[] shapes) { // monomorphic, then not: compiled code is thrown away
        int s = 0;
        for (int i = 0; i < 20000; i++)
            s += shapes[i % shapes.length].area(i);
        return s;
    }

    public static void main(String[] args) throws Exception {
        final int threads = 4;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        AtomicLong sum = new AtomicLong();
        ConcurrentHashMap<Integer, Integer> map = new ConcurrentHashMap<>();
        List<Future<Long>> results = new ArrayList<>();
        for (int k = 0; k < threads; k++)
            results.add(pool.submit(() -> {
                long s = 0;
                for (int i = 0; i < 200000; i++) {
                    map.merge(i % 1000, 1, Integer::sum);
                    sum.incrementAndGet();
                    s += i;
                }
                byte[][] keep = new byte[64][];
                for (int i = 0; i < 20000; i++) {
                    keep[i % 64] = new byte[1024 + i % 512];
                    s += keep[i % 64].length;
                }
                Object nothing = null;
                int caught = 0;
                for (int i = 0; i < 100; i++)
                    try {
                        nothing.toString();
                    } catch (NullPointerException e) {
                        caught++;
                    }
                synchronized (Bench.class) {
                    s += caught;
                }
                return s + fib(27);
            }));
        long total = 0;
        for (Future<Long> f : results)
            total += f.get();
        pool.shutdown();
        int entries = 0, overflows = 0;
        for (int v : map.values())
            entries += v;
        for (int i = 0; i < 5; i++)
            try {
                deep(0);
            } catch (StackOverflowError e) {
                overflows++;
            }
        Shape[] one = { x -> x & 7 }, many = { x -> x & 7, x -> x & 3, x -> -x & 1 };
        int area = 0;
        for (int i = 0; i < 50; i++)
            area += areas(i < 30 ? one : many);
        System.gc();
        System.out.println(total + " " + sum.get() + " " + entries + " " + overflows + " " + area);
    }
}
