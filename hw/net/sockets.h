/* What the backends on sockets share: dgram.c (frames as datagrams), stream.c (frames in a stream; `socket` and `stream`). */
#ifndef MYNA_NET_SOCKETS_H
#define MYNA_NET_SOCKETS_H

#include <sys/socket.h>
#include "backend.h"

struct net_socket {
    struct net_port p;
    bool dgram;
    int fd;                     /* -1: there is no other end */
    struct loop_fd *watch;
    uint32_t events;
    struct sockaddr_storage to; /* where datagrams go */
    unsigned nto;               /* 0: connected */
    char *unlink_path;
    char about[300];            /* for info network */
    /* Of streams. */
    int listener;
    struct loop_fd *listen_watch;
    struct sockaddr_storage peer;
    unsigned npeer;
    bool connecting, full;
    uint64_t reconnect;         /* ms; 0: never */
    struct alarm *again;
    uint8_t *in, *out;          /* what came of a frame; what of frames waits to go */
    size_t nin, nout, first;
};

enum socket_kind { ADDRESS_INET, ADDRESS_UNIX, ADDRESS_FD };
struct socket_address {
    enum socket_kind kind;
    struct sockaddr_storage a;
    unsigned n;
    int fd;
    char host[256], text[300];
};
/* PREFIX.type, .host, .port, .path, .str. False: the reason in err; *given: there are such words. */
bool socket_address(const struct netdev_words *w, const char *prefix, int kind, bool passive, struct socket_address *a, bool *given, char *err,
                    size_t errlen);

/* s->fd is a socket of datagrams: frames go and come. */
bool dgram_start(struct net_socket *s);
void dgram_room(struct net_socket *s);
bool dgram_receive(struct net_socket *s, const struct net_packet *k);
/* Sockets; -1: the reason in err. */
int dgram_multicast(const char *group, const char *local, struct sockaddr_storage *to, unsigned *nto, char *err, size_t errlen);
int dgram_bound(const struct sockaddr_storage *a, unsigned n, const char *what, char *err, size_t errlen);

/* Of both kinds. */
bool socket_receive(struct net_port *p, unsigned queue, const struct net_packet *k);
void socket_room(struct net_port *p);
void socket_describe(const struct net_port *p, char *text, size_t n);
void socket_free(struct net_port *p);
#define SOCKET_OPS(name) { .type = name, .receive = socket_receive, .room = socket_room, .describe = socket_describe, .free = socket_free }

#endif
