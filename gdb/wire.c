/*
 * The wire to gdb: packets "$data#checksum", acknowledged by + until gdb asks to leave that out; where it is listened for.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire.h"

static const char digits[] = "0123456789abcdef";

bool wire_init(struct wire *w)
{
    char *out = malloc(GDB_PACKET + 8);

    w->conn = -1;
    w->out = out ? out + 1 : NULL;
    return out != NULL;
}

void wire_put_byte(struct wire *w, char byte)
{
    if (w->nout < GDB_PACKET)
        w->out[w->nout++] = byte;
}

void wire_put(struct wire *w, const char *text)
{
    while (*text)
        wire_put_byte(w, *text++);
}

void wire_putf(struct wire *w, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    wire_put(w, text);
}

void wire_put_hex(struct wire *w, const void *bytes, size_t n)
{
    const uint8_t *b = bytes;

    for (size_t k = 0; k < n; k++) {
        wire_put_byte(w, digits[b[k] >> 4]);
        wire_put_byte(w, digits[b[k] & 15]);
    }
}

bool wire_put_escaped(struct wire *w, const void *bytes, size_t n)
{
    const char *b = bytes;

    for (size_t k = 0; k < n; k++) {
        bool special = b[k] == '#' || b[k] == '$' || b[k] == '}' || b[k] == '*';

        if (w->nout + 2 > GDB_PACKET)
            return false;
        if (special)
            wire_put_byte(w, '}');
        wire_put_byte(w, special ? b[k] ^ 0x20 : b[k]);
    }
    return true;
}

static bool send_all(struct wire *w, const char *bytes, size_t n)
{
    while (n != 0) {
        ssize_t r = send(w->conn, bytes, n, MSG_NOSIGNAL);

        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return false;
        bytes += r;
        n -= (size_t)r;
    }
    return true;
}

void wire_send(struct wire *w)
{
    uint8_t sum = 0;
    char *frame = w->out - 1;

    for (size_t k = 0; k < w->nout; k++)
        sum += (uint8_t)w->out[k];
    frame[0] = '$';
    w->out[w->nout] = '#';
    w->out[w->nout + 1] = digits[sum >> 4];
    w->out[w->nout + 2] = digits[sum & 15];
    send_all(w, frame, w->nout + 4);
    w->nout = 0;
}

/* ------------------------------------------------------------------ packets */

/* One packet, unescaped in place. */
static void take_packet(struct wire *w, const uint8_t *data, size_t n, const struct wire_user *u)
{
    size_t len = 0;

    for (size_t k = 0; k < n; k++)
        w->packet[len++] = data[k] == '}' && k + 1 < n ? data[++k] ^ 0x20 : data[k];
    w->packet[len] = 0;
    u->packet(u->arg, (char *)w->packet, len);
}

static int hex_digit(uint8_t c)
{
    const char *at = c ? strchr(digits, c | 0x20) : NULL;

    return at ? (int)(at - digits) : -1;
}

void wire_take(struct wire *w, const struct wire_user *u)
{
    size_t at = 0;

    while (at < w->nin && w->conn >= 0) {
        uint8_t *end, sum = 0;

        if (w->in[at] == 3)
            u->interrupt(u->arg);
        if (w->in[at] != '$') {
            at++;
            continue;
        }
        end = memchr(w->in + at, '#', w->nin - at);
        if (end == NULL || end + 3 > w->in + w->nin)
            break;
        for (const uint8_t *b = w->in + at + 1; b < end; b++)
            sum += *b;
        size_t from = at + 1;
        at = (size_t)(end + 3 - w->in);
        if (hex_digit(end[1]) * 16 + hex_digit(end[2]) != sum && !w->no_ack) {
            send_all(w, "-", 1);
            continue;
        }
        if (!w->no_ack)
            send_all(w, "+", 1);
        take_packet(w, w->in + from, (size_t)(end - (w->in + from)), u);
    }
    if (at > w->nin)
        at = w->nin;
    memmove(w->in, w->in + at, w->nin - at);
    w->nin -= at;
}

/* ------------------------------------------------------------------ parsers */

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

uint64_t wire_parse_hex(const char **s)
{
    uint64_t v = 0;

    for (int d; (d = digit(**s)) >= 0; ++*s)
        v = v << 4 | (unsigned)d;
    return v;
}

bool wire_parse_bytes(const char *s, void *to, size_t n)
{
    uint8_t *b = to;

    for (size_t k = 0; k < n; k++) {
        int high = digit(s[2 * k]), low = high < 0 ? -1 : digit(s[2 * k + 1]);

        if (low < 0)
            return false;
        b[k] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* ---------------------------------------------------------------- listening */

static int listen_unix(const char *path, char **unlink_path, char *err, size_t errlen)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    const char *pct = strstr(path, "%d");
    char name[sizeof a.sun_path];
    int n, fd;

    if (pct != NULL)
        n = snprintf(name, sizeof name, "%.*s%d%s", (int)(pct - path), path, (int)getpid(), pct + 2);
    else
        n = snprintf(name, sizeof name, "%s", path);
    if (n >= (int)sizeof name) {
        snprintf(err, errlen, "%s: the name of a socket can't be that long", path);
        return -ENAMETOOLONG;
    }
    memcpy(a.sun_path, name, sizeof name);
    unlink(name);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 1) < 0) {
        n = -errno;
        snprintf(err, errlen, "%s: %s", name, strerror(-n));
        close(fd);
        return n;
    }
    *unlink_path = strdup(name);
    return fd;
}

/* host: a numeric address, "localhost", or NULL for all addresses. */
static int listen_tcp(const char *host, const char *port, char *err, size_t errlen)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    unsigned long number = strtoul(port, NULL, 10);
    bool is_v6 = host != NULL && inet_pton(AF_INET6, host, &v6.sin6_addr) == 1;
    int fd, on = 1;

    if (host != NULL && !strcmp(host, "localhost"))
        host = "127.0.0.1";
    if (number > 65535 || (host != NULL && !is_v6 && inet_pton(AF_INET, host, &v4.sin_addr) != 1)) {
        snprintf(err, errlen, "%s:%s is not an address and a port", host ? host : "", port);
        return -EINVAL;
    }
    v4.sin_port = v6.sin6_port = htons((uint16_t)number);
    fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || (is_v6 ? bind(fd, (struct sockaddr *)&v6, sizeof v6)
                         : bind(fd, (struct sockaddr *)&v4, sizeof v4)) < 0 || listen(fd, 1) < 0) {
        int r = -errno;

        snprintf(err, errlen, "port %s: %s", port, strerror(-r));
        close(fd);
        return r;
    }
    return fd;
}

int wire_listen(char *where, char **unlink_path, char *err, size_t errlen)
{
    char *colon;

    if (!strncmp(where, "unix:", 5))
        return listen_unix(where + 5, unlink_path, err, errlen);
    if (*where && where[strspn(where, "0123456789")] == 0)
        return listen_tcp(NULL, where, err, errlen);
    colon = strrchr(where, ':');
    if (colon != NULL && strchr(where, '/') == NULL) {
        *colon = 0;
        return listen_tcp(*where && strcmp(where, "*") ? where : NULL, colon + 1, err, errlen);
    }
    return listen_unix(where, unlink_path, err, errlen);
}

int wire_accept(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), on = 1;

    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}
