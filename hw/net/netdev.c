/*
 * Network backends on the command line: -netdev, -nic, -net, their help, and what the monitor prints of them. One row a
 * backend; what QEMU has and myna has not is a row without `open`, so that it can be named.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend.h"

#define ABSENT(name, text) { .ops = { .type = name }, .help = text }
static const struct netdev_class vde = ABSENT("vde", "there is none: -netdev stream or dgram to the switch"),
    l2tpv3 = ABSENT("l2tpv3", "there is none: a tunnel of the host's with -netdev tap"),
    vhost_user = ABSENT("vhost-user", "there is none: rings are served in this process"),
    vhost_vdpa = ABSENT("vhost-vdpa", "there is none: rings are served in this process"),
    netmap = ABSENT("netmap", "there is none"), af_xdp = ABSENT("af-xdp", "there is none");

static const struct netdev_class *const classes[] = {
    &netdev_user, &netdev_tap, &netdev_bridge, &netdev_socket, &netdev_stream, &netdev_dgram, &netdev_hubport, &vde, &l2tpv3, &vhost_user,
    &vhost_vdpa, &netmap, &af_xdp, NULL
};

/* --------------------------------------------------------------------------- words */

const char *netdev_word_at(const struct netdev_words *w, const char *name, unsigned k)
{
    for (unsigned i = 0; i < w->n; i++)
        if (!strcmp(w->at[i].name, name) && !k--)
            return w->at[i].value;
    return NULL;
}

/* Given twice, the last one counts. */
const char *netdev_word(const struct netdev_words *w, const char *name)
{
    const char *value = NULL;
    for (unsigned i = 0; i < w->n; i++)
        if (!strcmp(w->at[i].name, name))
            value = w->at[i].value;
    return value;
}

bool netdev_word_bool(const struct netdev_words *w, const char *name, bool *v, char *err, size_t errlen)
{
    const char *text = netdev_word(w, name);
    if (!text || parse_bool(text, v))
        return true;
    snprintf(err, errlen, "%s=%s: it should be on or off", name, text);
    return false;
}

bool netdev_word_number(const struct netdev_words *w, const char *name, uint64_t max, uint64_t *v, char *err, size_t errlen)
{
    const char *text = netdev_word(w, name);
    if (!text || parse_number(text, true, max, v))
        return true;
    snprintf(err, errlen, "%s=%s: it should be a number up to %llu", name, text, (unsigned long long)max);
    return false;
}

/* Words of a text as of the command line, which are copies; the first without a value is named `first`. */
static bool take_words(const char *text, const char *first, struct netdev_words *w, char *err, size_t errlen)
{
    struct word word;
    w->n = 0;
    while (next_word(&text, &word)) {
        bool bare = !word.value && !w->n;
        if (w->n == NETDEV_WORDS) {
            snprintf(err, errlen, "more than %d words", NETDEV_WORDS);
            return false;
        }
        w->at[w->n].name = strdup(bare ? first : word.name);
        w->at[w->n].value = strdup(bare ? word.name : word.value ? word.value : "on");
        w->n++;
    }
    return true;
}

static void free_words(struct netdev_words *w)
{
    for (unsigned k = 0; k < w->n; k++) {
        free((char *)(uintptr_t)w->at[k].name);
        free((char *)(uintptr_t)w->at[k].value);
    }
}

/* -------------------------------------------------------------------------- making */

static const char *next_class(void *arg)
{
    const struct netdev_class *const **at = arg;
    while (**at && !(**at)->open)
        ++*at;
    return **at ? (*(*at)++)->ops.type : NULL;
}

static const struct netdev_class *find_class(const char *name)
{
    for (unsigned k = 0; name && classes[k]; k++)
        if (!strcmp(classes[k]->ops.type, name))
            return classes[k];
    return NULL;
}

static const char *next_option(void *arg)
{
    const struct netdev_option **o = arg;
    return *o && (*o)->name ? (*o)++->name : NULL;
}

static bool known(const struct netdev_class *c, const char *name, char *err, size_t errlen)
{
    for (const struct netdev_option *o = c->options; o && o->name; o++)
        if (!strcmp(o->name, name))
            return true;
    const struct netdev_option *at = c->options;
    const char *near = nearest(name, next_option, &at);
    snprintf(err, errlen, "%s has no option %s%s%s (-netdev %s,help)", c->ops.type, name, near ? "; the nearest is " : "", near ? near : "",
             c->ops.type);
    return false;
}

/* A backend of these words; id: instead of theirs. taken: words that are not its, ended by NULL. */
static struct net_port *make(struct machine *m, const struct netdev_words *w, const char *id, const char *const *taken, char *err, size_t errlen)
{
    const char *type = netdev_word(w, "type");
    const struct netdev_class *c = find_class(type);
    struct netdev_words own = { .n = 0 };
    if (!c) {
        const struct netdev_class *const *at = classes;
        const char *near = type ? nearest(type, next_class, &at) : NULL;
        snprintf(err, errlen, "there is no network backend %s%s%s (-netdev help)", type ? type : "", near ? "; the nearest is " : "", near ? near : "");
        return NULL;
    }
    if (!c->open) {
        snprintf(err, errlen, "network backend %s: %s", type, c->help);
        return NULL;
    }
    id = id ? id : netdev_word(w, "id");
    if (!id || !*id || net_port_by_name(id)) {
        snprintf(err, errlen, id && *id ? "network backend %s: the id %s is in use" : "network backend %s: id= is missing", type, id);
        return NULL;
    }
    for (unsigned k = 0; k < w->n; k++) {
        const char *name = w->at[k].name;
        bool other = !strcmp(name, "type") || !strcmp(name, "id");
        for (unsigned i = 0; taken && taken[i]; i++)
            other |= !strcmp(taken[i], name);
        if (other)
            continue;
        if (!known(c, name, err, errlen))
            return NULL;
        own.at[own.n].name = name;
        own.at[own.n++].value = w->at[k].value;
    }
    struct net_port *p = netdev_new(m, c, id);
    char why[300] = "no memory";
    if (p && c->open(p, &own, why, sizeof why))
        return p;
    snprintf(err, errlen, "network backend %s, %s: %s", type, id, why);
    if (p)
        netdev_del(p->name, why, sizeof why);
    return NULL;
}

bool netdev_add(struct machine *m, const char *text, char *err, size_t errlen)
{
    struct netdev_words w;
    bool ok = take_words(text, "type", &w, err, errlen) && make(m, &w, NULL, NULL, err, errlen);
    free_words(&w);
    return ok;
}

bool netdev_add_words(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen)
{
    struct netdev_words w = { .n = n < NETDEV_WORDS ? n : NETDEV_WORDS };
    for (unsigned k = 0; k < w.n; k++) {
        w.at[k].name = names[k];
        w.at[k].value = values[k];
    }
    return make(m, &w, NULL, NULL, err, errlen) != NULL;
}

/* ------------------------------------------------------------------- -nic and -net */

enum { NICS = 8 };
static char *nics[NICS]; /* as of -device */
static unsigned nnics;
static bool by_default; /* nobody asked for it: a board without a place goes without */

static bool is_nic(const struct device_type *t) { return t && t->category && !strcmp(t->category, "Network") && t->bus; }

static const char *next_model(void *arg)
{
    const struct device_type *const **at = arg;
    while (**at && !is_nic(**at))
        ++*at;
    return **at ? (*(*at)++)->name : NULL;
}

/* A device with the words that -nic and -net nic have for it. */
static bool want_nic(const struct netdev_words *w, const char *netdev, char *err, size_t errlen)
{
    static const struct { const char *word, *property; } words[] = {
        { "mac", "mac" }, { "macaddr", "mac" }, { "vectors", "vectors" }, { "addr", "addr" }, { "name", "id" },
    };
    const char *model = netdev_word(w, "model");
    const struct device_type *t = device_type_find(!model || !strcmp(model, "virtio") ? "virtio-net-pci" : model);
    char *text = NULL;
    size_t n = 0;
    if (!is_nic(t)) {
        const struct device_type *const *at = device_types();
        const char *near = nearest(model, next_model, &at);
        snprintf(err, errlen, "there is no network device %s%s%s (-nic model=help)", model, near ? "; the nearest is " : "", near ? near : "");
        return false;
    }
    FILE *f = nnics < NICS ? open_memstream(&text, &n) : NULL;
    if (!f) {
        snprintf(err, errlen, "more than %d network devices", NICS);
        return false;
    }
    fprintf(f, "%s", t->name);
    if (netdev)
        fprintf(f, ",netdev=%s", netdev);
    for (unsigned k = 0; k < sizeof words / sizeof *words; k++) {
        const char *value = netdev_word(w, words[k].word);
        if (value)
            fprintf(f, ",%s=%s", words[k].property, value);
    }
    if (fclose(f))
        return false;
    nics[nnics++] = text;
    return true;
}

bool net_make_nics(struct machine *m, char *err, size_t errlen)
{
    bool ok = true, none = by_default && !bus_by_type(m, "PCI");
    for (unsigned k = 0; k < nnics; k++) {
        ok = ok && !none && device_add(m, nics[k], err, errlen);
        free(nics[k]);
    }
    nnics = 0;
    return ok || none;
}

static void fresh_id(char *id, size_t n)
{
    static unsigned count;
    snprintf(id, n, "#net%u", count++);
}

bool net_nic_option(struct machine *m, const char *text, char *err, size_t errlen)
{
    static const char *const taken[] = { "model", "mac", "macaddr", "vectors", "addr", "name", NULL };
    struct netdev_words w;
    char id[16];
    bool ok = take_words(text, "type", &w, err, errlen);
    fresh_id(id, sizeof id);
    if (ok && netdev_word(&w, "type") && !strcmp(netdev_word(&w, "type"), "none")) {
        free_words(&w);
        return true;
    }
    struct net_port *p = ok ? make(m, &w, netdev_word(&w, "id") ? NULL : id, taken, err, errlen) : NULL;
    ok = p && want_nic(&w, p->name, err, errlen);
    free_words(&w);
    return ok;
}

static bool net_nic(struct machine *m, const struct netdev_words *w, char *err, size_t errlen)
{
    static const char *const words[] = { "type", "model", "macaddr", "vectors", "addr", "name", "netdev", "id" };
    const char *netdev = netdev_word(w, "netdev");
    char id[16];
    for (unsigned k = 0; k < w->n; k++) {
        unsigned i = 0;
        while (i < sizeof words / sizeof *words && strcmp(words[i], w->at[k].name))
            i++;
        if (i == sizeof words / sizeof *words) {
            snprintf(err, errlen, "-net nic has no option %s: macaddr, model, name, addr, vectors, netdev", w->at[k].name);
            return false;
        }
    }
    if (!netdev) {
        fresh_id(id, sizeof id);
        struct net_port *p = hub_port(m, 0, id);
        if (!p) {
            snprintf(err, errlen, "no memory");
            return false;
        }
        netdev = p->name;
    }
    return want_nic(w, netdev, err, errlen);
}

bool net_net_option(struct machine *m, const char *text, char *err, size_t errlen)
{
    struct netdev_words w;
    char id[16], port[16];
    bool ok = take_words(text, "type", &w, err, errlen);
    const char *type = ok ? netdev_word(&w, "type") : NULL;
    if (type && !strcmp(type, "nic")) {
        ok = net_nic(m, &w, err, errlen);
    } else if (!type || strcmp(type, "none")) {
        fresh_id(id, sizeof id);
        const char *name = type ? netdev_word(&w, "name") : NULL;
        static const char *const taken[] = { "name", NULL };
        struct net_port *p = type ? make(m, &w, name ? name : netdev_word(&w, "id") ? NULL : id, taken, err, errlen) : NULL;
        fresh_id(port, sizeof port);
        struct net_port *q = p && !p->peer ? hub_port(m, 0, port) : NULL;
        if (!type)
            snprintf(err, errlen, "-net wants a type: nic, none, user ... (-netdev help)");
        if (q)
            net_connect(p, q);
        ok = p != NULL;
    }
    free_words(&w);
    return ok;
}

bool net_default(struct machine *m, char *err, size_t errlen)
{
    by_default = true;
    return !netdev_user.open || net_nic_option(m, "user", err, errlen);
}

/* ---------------------------------------------------------------------------- help */

void netdev_help(const char *type, FILE *f)
{
    const struct netdev_class *c = find_class(type);
    if (!c) {
        fprintf(f, "Available netdev backend types:\n");
        for (unsigned k = 0; classes[k]; k++)
            if (classes[k]->open)
                fprintf(f, "%-10s %s\n", classes[k]->ops.type, classes[k]->help);
        return;
    }
    fprintf(f, "%s options:\n  %-40s %s\n", type, "id=ID", "its name");
    for (const struct netdev_option *o = c->options; o && o->name; o++) {
        int n = fprintf(f, "  %s=%s", o->name, o->value);
        fprintf(f, "%*s %s\n", n < 42 ? 42 - n : 0, "", o->help);
    }
}

void net_model_help(FILE *f)
{
    fprintf(f, "Supported NIC models:\n");
    const struct device_type *const *at = device_types();
    for (const char *name; (name = next_model(&at));)
        fprintf(f, "%s\n", name);
}

bool net_option_help(const char *text, bool nic, FILE *f)
{
    struct word w;
    char type[64] = "";
    for (bool first = true; next_word(&text, &w); first = false) {
        if (first && !w.value)
            snprintf(type, sizeof type, "%s", w.name);
        if (w.value ? !strcmp(w.name, "type") && !strcmp(w.value, "help") : !strcmp(w.name, "help") || !strcmp(w.name, "?")) {
            netdev_help(find_class(type) ? type : NULL, f);
            return true;
        }
        if (nic && w.value && !strcmp(w.name, "model") && (!strcmp(w.value, "help") || !strcmp(w.value, "?"))) {
            net_model_help(f);
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------------- the monitor */

static void print_port(const struct net_port *p, const char *before, FILE *f)
{
    char text[256] = "";
    if (p->mac)
        snprintf(text, sizeof text, "model=%s,macaddr=%02x:%02x:%02x:%02x:%02x:%02x", p->model, p->mac[0], p->mac[1], p->mac[2], p->mac[3],
                 p->mac[4], p->mac[5]);
    else if (p->ops->describe)
        p->ops->describe(p, text, sizeof text);
    fprintf(f, "%s%s: index=0,type=%s%s%s%s\n", before, p->name, p->ops->type, *text ? "," : "", text, p->link_down ? ",link=off" : "");
}

static bool is_hub(const struct net_port *p) { return p && p->class == &netdev_hubport; }

static void print_hub(unsigned hub, FILE *f)
{
    fprintf(f, "hub %u\n", hub);
    for (struct net_port *p = NULL; (p = net_port_next(p));)
        if (is_hub(p) && hub_number(p) == hub) {
            char before[80];
            snprintf(before, sizeof before, " \\ %s: ", p->name);
            if (p->peer)
                print_port(p->peer, before, f);
            else
                fprintf(f, " \\ %s\n", p->name);
        }
}

void net_print(FILE *f)
{
    for (unsigned hub = 0; hub < 256; hub++)
        for (struct net_port *p = NULL; (p = net_port_next(p));)
            if (is_hub(p) && hub_number(p) == hub) {
                print_hub(hub, f);
                break;
            }
    for (struct net_port *p = NULL; (p = net_port_next(p));) {
        if (is_hub(p) || is_hub(p->peer) || (!p->mac && p->peer && p->peer->mac))
            continue;
        print_port(p, "", f);
        if (p->mac && p->peer)
            print_port(p->peer, " \\ ", f);
    }
}

static bool is_user(const struct net_port *p) { return p->class == &netdev_user; }

void net_print_usernet(FILE *f)
{
    for (struct net_port *p = NULL; (p = net_port_next(p));)
        if (is_user(p)) {
            fprintf(f, "%s:\n", p->name);
            user_print(p, f);
        }
}

bool net_hostfwd(const char *id, const char *rule, bool remove, char *err, size_t errlen)
{
    for (struct net_port *p = NULL; (p = net_port_next(p));)
        if (is_user(p) && (!id || !strcmp(p->name, id)))
            return user_hostfwd(p, rule, remove, err, errlen);
    snprintf(err, errlen, "there is no user-mode network%s%s", id ? " " : "", id ? id : "");
    return false;
}

/* ---------------------------------------------------------------- for backends: descriptors */

bool net_nonblock(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

int net_given_fd(const char *text, const char *what, char *err, size_t errlen)
{
    uint64_t fd;
    if (!parse_number(text, false, 1 << 20, &fd)) {
        snprintf(err, errlen, "%s=%s: it should be the number of an open descriptor", what, text);
        return -1;
    }
    if (!net_nonblock((int)fd) || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0) {
        snprintf(err, errlen, "%s=%s: %s", what, text, strerror(errno));
        return -1;
    }
    return (int)fd;
}

bool net_address(const char *text, int kind, bool passive, struct sockaddr_storage *a, unsigned *n, char *err, size_t errlen)
{
    char host[256];
    const char *colon = strrchr(text, ':');
    struct addrinfo hints = { .ai_socktype = kind, .ai_flags = passive ? AI_PASSIVE : 0 }, *list = NULL;
    size_t len = colon ? (size_t)(colon - text) : 0;
    if (!colon || !colon[1] || len >= sizeof host) {
        snprintf(err, errlen, "%s: it should be HOST:PORT", text);
        return false;
    }
    if (len > 1 && *text == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    snprintf(host, sizeof host, "%.*s", (int)len, text);
    if (!*host)
        hints.ai_family = AF_INET;
    int rc = getaddrinfo(*host ? host : NULL, colon + 1, &hints, &list);
    if (rc) {
        snprintf(err, errlen, "%s:%s: %s", host, colon + 1, gai_strerror(rc));
        return false;
    }
    memcpy(a, list->ai_addr, list->ai_addrlen);
    *n = list->ai_addrlen;
    freeaddrinfo(list);
    return true;
}

bool net_unix_address(const char *path, struct sockaddr_storage *a, unsigned *n, char *err, size_t errlen)
{
    struct sockaddr_un *u = (struct sockaddr_un *)a;
    if (strlen(path) >= sizeof u->sun_path) {
        snprintf(err, errlen, "%s: a longer path than a socket may have", path);
        return false;
    }
    *u = (struct sockaddr_un){ .sun_family = AF_UNIX };
    strcpy(u->sun_path, path);
    *n = sizeof *u;
    return true;
}
