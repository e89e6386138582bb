/* Inside the network backends: what their files share. See net.h. */
#ifndef MYNA_NET_BACKEND_H
#define MYNA_NET_BACKEND_H

#include "net.h"

enum { NETDEV_WORDS = 64 };

/* The words of -netdev; what is given twice stands twice. */
struct netdev_words {
    struct { const char *name, *value; } at[NETDEV_WORDS];
    unsigned n;
};
/* NULL: not given. The k-th of several. */
const char *netdev_word(const struct netdev_words *w, const char *name);
const char *netdev_word_at(const struct netdev_words *w, const char *name, unsigned k);
/* False: it makes no sense; the reason in err. *v stays if it is not given. */
bool netdev_word_bool(const struct netdev_words *w, const char *name, bool *v, char *err, size_t errlen);
bool netdev_word_number(const struct netdev_words *w, const char *name, uint64_t max, uint64_t *v, char *err, size_t errlen);

struct netdev_option { const char *name, *value, *help; }; /* value: what it looks like */

/* A backend: open NULL: QEMU's, and not here; help says what to do. */
struct netdev_class {
    struct net_ops ops;                  /* ops.type is its name */
    const char *help;
    const struct netdev_option *options; /* ended by a NULL name */
    size_t size;                         /* of its struct, which begins with struct net_port */
    bool (*open)(struct net_port *p, const struct netdev_words *w, char *err, size_t errlen);
};

/* The whole of a frame in one piece: its only one, or a copy in `to` of NET_MAX bytes. */
const uint8_t *net_linear(const struct net_packet *k, uint8_t *to);
/* An open descriptor that the command line names by number. -1: the reason in err. */
int net_given_fd(const char *text, const char *what, char *err, size_t errlen);
/* Calls that may not wait. */
bool net_nonblock(int fd);
/* "HOST:PORT" or "[HOST]:PORT", host may be empty: an address of that kind (SOCK_STREAM, SOCK_DGRAM). */
struct sockaddr_storage;
bool net_address(const char *text, int kind, bool passive, struct sockaddr_storage *a, unsigned *n, char *err, size_t errlen);
bool net_unix_address(const char *path, struct sockaddr_storage *a, unsigned *n, char *err, size_t errlen);

/* Where two ports are made at once: p becomes the peer of an unattached one. */
void net_connect(struct net_port *a, struct net_port *b);
/* A backend of that class without words of its own; NULL: no memory. */
struct net_port *netdev_new(struct machine *m, const struct netdev_class *c, const char *name);

extern const struct netdev_class netdev_user, netdev_tap, netdev_bridge, netdev_socket, netdev_stream, netdev_dgram, netdev_hubport;

/* user.c */
bool user_hostfwd(struct net_port *p, const char *rule, bool remove, char *err, size_t errlen);
void user_print(struct net_port *p, FILE *f);
/* hub.c: a free port of hub n, which is made when it is named first. */
struct net_port *hub_port(struct machine *m, unsigned hub, const char *name);
/* The hub of a port. */
unsigned hub_number(const struct net_port *p);

#endif
