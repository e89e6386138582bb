/* Bytes over TCP, for tests/bench/net.py and the network tests: tcpload send|recv|serve-send|serve-recv ADDR PORT BYTES: connects to
 * ADDR (or, with serve-, waits at PORT) and sends or takes that many bytes, byte k being k * 7 + (k >> 8), checked when they are taken;
 * then prints bytes, milliseconds, this process's CPU milliseconds. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 256 << 10, PERIOD = 65536 };
static uint8_t bytes[CHUNK + PERIOD], wanted[CHUNK + PERIOD];

static double now(clockid_t c)
{
    struct timespec t;
    clock_gettime(c, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    int serve = !strncmp(argv[1], "serve-", 6), sends = strstr(argv[1], "send") != NULL, one = 1;
    uint64_t total = strtoull(argv[4], NULL, 0), done = 0;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[3])) };
    inet_pton(AF_INET, argv[2], &a.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (serve) {
        int l = fd;
        setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(l, (struct sockaddr *)&a, sizeof a) || listen(l, 1) || (fd = accept(l, NULL, NULL)) < 0)
            return perror("serve"), 1;
    } else if (connect(fd, (struct sockaddr *)&a, sizeof a)) {
        return perror("connect"), 1;
    }
    for (unsigned k = 0; k < sizeof wanted; k++)
        wanted[k] = (uint8_t)(k * 7 + (k >> 8));
    double began = now(CLOCK_MONOTONIC);
    while (done < total) {
        size_t n = total - done < CHUNK ? (size_t)(total - done) : CHUNK;
        ssize_t r = sends ? write(fd, wanted + done % PERIOD, n) : read(fd, bytes, n);
        if (r <= 0)
            break;
        if (!sends && memcmp(bytes, wanted + done % PERIOD, (size_t)r)) {
            printf("WRONG BYTES at %llu\n", (unsigned long long)done);
            return 1;
        }
        done += (uint64_t)r;
    }
    if (sends) {
        shutdown(fd, SHUT_WR);
        if (read(fd, bytes, 1) != 0) /* until the other end has all */
            return perror("end"), 1;
    }
    printf("TCP %s %llu bytes %.0f ms %.0f cpu-ms\n", argv[1], (unsigned long long)done, now(CLOCK_MONOTONIC) - began, now(CLOCK_PROCESS_CPUTIME_ID));
    return done != total;
}
