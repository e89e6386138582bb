/*
 * The wire to gdb, of both products' stubs: answers put together, packets taken apart (the manual's appendix E). wire.c.
 */
#ifndef MYNA_GDB_WIRE_H
#define MYNA_GDB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GDB_PACKET = 128 << 10 };

struct wire {
    int conn;                /* -1: nobody */
    bool no_ack;
    uint8_t in[GDB_PACKET], packet[GDB_PACKET + 1];
    size_t nin;
    char *out;               /* the answer being put together */
    size_t nout;
};

/* False: no memory. */
bool wire_init(struct wire *w);
/* Adds to the answer. */
void wire_put(struct wire *w, const char *text);
void wire_putf(struct wire *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void wire_put_byte(struct wire *w, char byte);
void wire_put_hex(struct wire *w, const void *bytes, size_t n);
/* The same for data that may hold any byte: escaped. False: there's no room for all of it. */
bool wire_put_escaped(struct wire *w, const void *bytes, size_t n);
/* Sends what was put together. The buffer has room for the frame around it. */
void wire_send(struct wire *w);

/* Whose packets they are. packet: its text, NUL-terminated, n bytes, unescaped. interrupt: gdb wants the guest to stop. */
struct wire_user {
    void (*packet)(void *arg, char *s, size_t n);
    void (*interrupt)(void *arg);
    void *arg;
};
/* Takes what of w->in is complete. */
void wire_take(struct wire *w, const struct wire_user *u);

/* Parsers: from *s, which is moved on. */
uint64_t wire_parse_hex(const char **s);
/* n bytes of 2 hex digits each; false: malformed. */
bool wire_parse_bytes(const char *s, void *to, size_t n);

/* A listening socket for PORT, HOST:PORT, unix:PATH, PATH (which is cut up), or -errno with the reason in err. *unlink_path:
 * a name to be removed at the end. */
int wire_listen(char *where, char **unlink_path, char *err, size_t errlen);
/* The next connection, or -1. */
int wire_accept(int listener);

#endif
