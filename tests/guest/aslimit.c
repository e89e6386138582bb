/* Under the host's RLIMIT_AS a program that takes all memory and threads there are gets ENOMEM and EAGAIN,
 * and can go on into code it hasn't run before. TEST: run=no */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *wait_here(void *arg)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    return arg;
}

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

int main(void)
{
    static pthread_t thread[100000];
    static int numbers[1000];
    int n = 0, r;

    pthread_mutex_lock(&lock);
    while ((r = pthread_create(&thread[n], NULL, wait_here, NULL)) == 0 && n < 99999)
        n++;
    printf("threads: %s\n", strerror(r));
    for (size_t size = 1 << 26; size >= 4096; size >>= 1)
        while (mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
            ;
    printf("memory: %s\n", strerror(errno));
    for (int i = 0; i < 1000; i++)
        numbers[i] = i * 7919 % 1000;
    qsort(numbers, 1000, sizeof(int), compare);
    printf("%d %d %.3f\n", numbers[0], numbers[999], strtod("2.5", NULL) * 3);
    pthread_mutex_unlock(&lock);
    while (n > 0)
        pthread_join(thread[--n], NULL);
    puts("end");
    return 0;
}
