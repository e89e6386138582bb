// Steady work for a compiling virtual machine: floats, objects with virtual calls and garbage, hashes and strings. One
// thread; prints what it computed. Argument: rounds. Expected: the same program by the host's Java.
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public class Steady {
    static abstract class Node {
        abstract double value(double x);
    }

    static final class Leaf extends Node {
        final double k;
        Leaf(double k) { this.k = k; }
        double value(double x) { return k * x; }
    }

    static final class Sum extends Node {
        final Node a, b;
        Sum(Node a, Node b) { this.a = a; this.b = b; }
        double value(double x) { return a.value(x) + b.value(x) * 0.5; }
    }

    static final class Root extends Node {
        final Node a;
        Root(Node a) { this.a = a; }
        double value(double x) { return Math.sqrt(Math.abs(a.value(x)) + 1); }
    }

    static Node tree(int depth, int seed) {
        if (depth == 0)
            return new Leaf(seed % 17 * 0.125);
        return depth % 3 == 0 ? new Root(tree(depth - 1, seed * 3 + 1)) : new Sum(tree(depth - 1, seed * 5 + 1), tree(depth - 1, seed + 7));
    }

    static double floats(int n) {
        double[][] a = new double[n][n], b = new double[n][n];
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) { a[i][j] = 1.0 / (i + j + 1); b[i][j] = i - j * 0.25; }
        double s = 0;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                double x = 0;
                for (int k = 0; k < n; k++)
                    x += a[i][k] * b[k][j];
                s += x;
            }
        return s;
    }

    static int hashes(int n) {
        Map<String, List<Integer>> map = new HashMap<>();
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < n; i++) {
            String key = "key" + (i * 31 % 997);
            map.computeIfAbsent(key, k -> new ArrayList<>()).add(i);
            if (i % 7 == 0)
                text.append(key, 1, 4).append(i);
        }
        int h = text.toString().hashCode();
        for (Map.Entry<String, List<Integer>> e : map.entrySet())
            h += e.getKey().hashCode() * e.getValue().size();
        return h;
    }

    static long bits(int n) {
        long x = 0x9e3779b97f4a7c15L, s = 0;
        for (int i = 0; i < n; i++) {
            x ^= x << 13; x ^= x >>> 7; x ^= x << 17;
            s += Long.bitCount(x) * (x & 63) + Long.numberOfLeadingZeros(x | 1) + x % 1000003;
        }
        return s;
    }

    public static void main(String[] args) {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 20;
        double trees = 0, floats = 0;
        long bits = 0;
        int hashes = 0;
        for (int r = 0; r < rounds; r++) {
            for (int i = 0; i < 20; i++)
                trees += tree(12, r + i).value(1 + i * 0.01);
            floats += floats(120);
            hashes = hashes * 31 + hashes(20000);
            bits += bits(500000);
        }
        System.out.println(trees + " " + floats + " " + hashes + " " + bits);
    }
}
