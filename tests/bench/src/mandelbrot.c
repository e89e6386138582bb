/* Scalar double precision: the Mandelbrot set, a count of inner points. Argument: width. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 100;
    unsigned long inside = 0, steps = 0;
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            double cr = 2.0 * x / n - 1.5, ci = 2.0 * y / n - 1.0, r = 0, i = 0, r2 = 0, i2 = 0;
            int k;
            for (k = 0; k < 100 && r2 + i2 <= 4; k++) {
                i = 2 * r * i + ci;
                r = r2 - i2 + cr;
                r2 = r * r;
                i2 = i * i;
            }
            inside += k == 100;
            steps += k;
        }
    printf("%lu %lu\n", inside, steps);
    return 0;
}
