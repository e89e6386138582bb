/* One thread asks again and again for what ends the translator's own thread (unshare), while three others make it
 * begin again: it does not wait for ever. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 3, ROUNDS = 40 };

static volatile int done;

static void *churn(void *arg)
{
    while (!done)
        syscall(SYS_getppid);
    return NULL;
}

int main(void)
{
    pthread_t id[THREADS];
    int refused = 0;
    for (int k = 0; k < THREADS; k++)
        pthread_create(&id[k], NULL, churn, NULL);
    for (int k = 0; k < ROUNDS; k++) {
        usleep(1000 * (k % 16));
        refused += unshare(CLONE_FS) != 0;
    }
    done = 1;
    for (int k = 0; k < THREADS; k++)
        pthread_join(id[k], NULL);
    printf("refused %d\n", refused);
    return 0;
}
