/*
 * strace_show.c: values and structures of system calls' arguments for -strace, one show_KIND for each KIND of
 * strace.def, worded as strace does. What can't be read, and what a failed call would have filled in, is shown as an
 * address. Structures of which few fields matter end with "...".
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "guest_signal.h"
#include "strace.h"

enum { STRING_MAX = 64, NAME_MAX_SHOWN = 512, ENTRIES = 16 };
#define put(...) line_put(x->l, __VA_ARGS__)
#define ARG (x->a[x->i])
typedef unsigned long long ull;

static bool get(const struct strace_arg *x, void *to, uint64_t addr, size_t n)
{
    return addr && !user_read(x->t->p, to, addr, n);
}

/* An address, where there is nothing better to show. */
static void address(const struct strace_arg *x, uint64_t addr)
{
    if (addr)
        put("%#llx", (ull)addr);
    else
        put("NULL");
}
/* The argument as a structure filled in by the call. */
static bool filled(const struct strace_arg *x, void *to, size_t n)
{
    if (x->result >= 0 && get(x, to, ARG, n))
        return true;
    address(x, ARG);
    return false;
}
/* As one given to it. */
static bool given(const struct strace_arg *x, void *to, size_t n)
{
    if (get(x, to, ARG, n))
        return true;
    address(x, ARG);
    return false;
}

/* --- numbers and texts ------------------------------------------------------------------------ */

void show_number(const struct strace_arg *x) { put("%d", (int)ARG); }
void show_unsigned(const struct strace_arg *x) { put("%u", (unsigned)ARG); }
void show_long(const struct strace_arg *x) { put("%lld", (long long)ARG); }
void show_size(const struct strace_arg *x) { put("%llu", (ull)ARG); }
void show_hex(const struct strace_arg *x) { put("%#llx", (ull)ARG); }
void show_octal(const struct strace_arg *x) { put((unsigned)ARG ? "0%03o" : "0%o", (unsigned)ARG); }
void show_pointer(const struct strace_arg *x) { address(x, ARG); }
void show_signal(const struct strace_arg *x)
{
    if ((int)ARG)
        put("%s", signal_name((int)ARG));
    else
        put("0");
}

static void text(const struct strace_arg *x, const char *s, size_t n, bool more)
{
    put("\"");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        static const char names[] = "\a\b\t\n\v\f\r", letters[] = "abtnvfr";
        const char *name = c ? strchr(names, c) : NULL;
        if (name && c >= '\t')
            put("\\%c", letters[name - names]);
        else if (c == '"' || c == '\\')
            put("\\%c", c);
        else if (isprint(c))
            put("%c", c);
        else
            put(i + 1 < n && isdigit((unsigned char)s[i + 1]) ? "\\%03o" : "\\%o", c);
    }
    put(more ? "\"..." : "\"");
}

static void string_at(const struct strace_arg *x, uint64_t addr)
{
    char s[PATH_MAX];
    long n = addr ? user_string(x->t->p, addr, s, sizeof(s)) : -1;

    if (n < 0)
        address(x, addr);
    else
        text(x, s, n > NAME_MAX_SHOWN ? NAME_MAX_SHOWN : (size_t)n, n > NAME_MAX_SHOWN);
}
void show_string(const struct strace_arg *x) { string_at(x, ARG); }

static void bytes_at(const struct strace_arg *x, uint64_t addr, uint64_t len)
{
    char s[STRING_MAX];
    size_t n = len > STRING_MAX ? STRING_MAX : len;

    if (!addr || user_read(x->t->p, s, addr, n))
        address(x, addr);
    else
        text(x, s, n, len > STRING_MAX);
}
void show_bytes(const struct strace_arg *x) { bytes_at(x, ARG, x->a[x->i + 1]); }
void show_bytes_out(const struct strace_arg *x)
{
    if (x->result < 0)
        address(x, ARG);
    else
        bytes_at(x, ARG, (uint64_t)x->result);
}

/* --- descriptors and files ----------------------------------------------------------------------- */

void show_dirfd(const struct strace_arg *x)
{
    if ((int)ARG == AT_FDCWD)
        put("AT_FDCWD");
    else
        put("%d", (int)ARG);
}

static const struct name open_names[] = { /* the host's values, strace's order */
    {O_CREAT, "O_CREAT"}, {O_EXCL, "O_EXCL"}, {O_NOCTTY, "O_NOCTTY"}, {O_TRUNC, "O_TRUNC"},
    {O_APPEND, "O_APPEND"}, {O_NONBLOCK, "O_NONBLOCK"}, {O_SYNC, "O_SYNC"}, {O_DSYNC, "O_DSYNC"},
    {O_ASYNC, "O_ASYNC"}, {O_DIRECT, "O_DIRECT"}, {0100000, "O_LARGEFILE"}, {O_TMPFILE, "O_TMPFILE"},
    {O_NOFOLLOW, "O_NOFOLLOW"}, {O_NOATIME, "O_NOATIME"}, {O_CLOEXEC, "O_CLOEXEC"}, {O_PATH, "O_PATH"},
    {O_DIRECTORY, "O_DIRECTORY"}, {0, ""},
};

/* Open flags of the guest. mode: the access mode is shown. */
static void open_flags(const struct strace_arg *x, uint64_t guest, bool mode)
{
    static const char *const modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };
    unsigned flags = (unsigned)x->t->p->abi->open_flags_to_host((int)guest), rest = flags & ~(unsigned)O_ACCMODE;

    if (!mode && !flags)
        put("0");
    if (mode || flags != rest)
        put("%s%s", modes[flags & O_ACCMODE], rest ? "|" : "");
    if (rest)
        names_put_bits(x->l, rest, open_names);
}
/* Calls that make descriptors without opening anything have no access mode. */
void show_open_flags(const struct strace_arg *x)
{
    const char *name = syscall_name(x->t->p->abi, x->t->sys_nr);

    open_flags(x, ARG, name && strstr(name, "open"));
}

void show_open_mode(const struct strace_arg *x)
{
    int flags = x->t->p->abi->open_flags_to_host((int)x->a[x->i - 1]);

    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
        show_octal(x);
}

void show_statx_at(const struct strace_arg *x)
{
    if (ARG & (AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC)) {
        names_put_bits(x->l, (unsigned)ARG, names_at);
        return;
    }
    put("AT_STATX_SYNC_AS_STAT");
    if (ARG) {
        put("|");
        names_put_bits(x->l, (unsigned)ARG, names_at);
    }
}

/* mremap's new address counts with one flag only. */
void show_remap_to(const struct strace_arg *x)
{
    if (x->a[x->i - 1] & 2 /* MREMAP_FIXED */)
        address(x, ARG);
}

void show_fcntl_arg(const struct strace_arg *x)
{
    struct flock f;

    switch ((int)x->a[x->i - 1]) {
    case F_GETFD: case F_GETFL: case F_GETOWN: case F_GETSIG: case F_GETLEASE: case F_GETPIPE_SZ: case F_GET_SEALS:
        return;
    case F_SETFD:
        put(ARG == FD_CLOEXEC ? "FD_CLOEXEC" : "%#llx", (ull)ARG);
        return;
    case F_SETFL:
        open_flags(x, ARG, true);
        return;
    case F_SETSIG:
        show_signal(x);
        return;
    case F_GETLK: case F_SETLK: case F_SETLKW: case F_OFD_GETLK: case F_OFD_SETLK: case F_OFD_SETLKW:
        if (!given(x, &f, sizeof(f)))
            return;
        put("{l_type=%s, l_whence=", f.l_type == F_RDLCK ? "F_RDLCK" : f.l_type == F_WRLCK ? "F_WRLCK" : "F_UNLCK");
        names_put_one(x->l, (uint64_t)f.l_whence, names_whence);
        put(", l_start=%lld, l_len=%lld}", (long long)f.l_start, (long long)f.l_len);
        return;
    case F_GETOWN_EX: case F_SETOWN_EX: case F_GET_RW_HINT: case F_SET_RW_HINT:
        address(x, ARG);
        return;
    }
    put("%lld", (long long)ARG);
}

void show_request(const struct strace_arg *x)
{
    const char *name = ioctl_name((unsigned)ARG);

    if (name)
        put("%s", name);
    else
        put("%#x", (unsigned)ARG);
}

static void mode(const struct strace_arg *x, unsigned m)
{
    static const struct name types[] = {
        {S_IFREG, "S_IFREG"}, {S_IFDIR, "S_IFDIR"}, {S_IFLNK, "S_IFLNK"}, {S_IFCHR, "S_IFCHR"},
        {S_IFBLK, "S_IFBLK"}, {S_IFIFO, "S_IFIFO"}, {S_IFSOCK, "S_IFSOCK"}, {0, "0"},
    };

    names_put_one(x->l, m & S_IFMT, types);
    if (m & S_ISUID)
        put("|S_ISUID");
    if (m & S_ISGID)
        put("|S_ISGID");
    if (m & S_ISVTX)
        put("|S_ISVTX");
    put(m & 0777 ? "|0%03o" : "|0%o", m & 0777);
}

void show_stat_out(const struct strace_arg *x)
{
    unsigned char raw[256];
    struct stat st;

    if (!filled(x, raw, x->t->p->abi->stat_size))
        return;
    x->t->p->abi->stat_to_host(raw, &st);
    put("{st_mode=");
    mode(x, st.st_mode);
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
        put(", st_rdev=makedev(%#x, %#x)", (unsigned)(st.st_rdev >> 8 & 0xfff),
            (unsigned)((st.st_rdev & 0xff) | (st.st_rdev >> 12 & 0xfff00)));
    else
        put(", st_size=%lld", (long long)st.st_size);
    put(", ...}");
}

void show_statx_out(const struct strace_arg *x)
{
    struct statx st;

    if (!filled(x, &st, sizeof(st)))
        return;
    put("{stx_mask=");
    names_put_bits(x->l, st.stx_mask, names_statx_mask);
    put(", stx_attributes=%s%.0llx, stx_mode=", st.stx_attributes ? "0x" : "0", (ull)st.stx_attributes);
    mode(x, st.stx_mode);
    put(", stx_size=%llu, ...}", (ull)st.stx_size);
}

void show_dirents(const struct strace_arg *x)
{
    uint64_t at = 0;
    unsigned n = 0;
    uint16_t len;

    address(x, ARG);
    if (x->result < 0)
        return;
    while ((int64_t)at < x->result && get(x, &len, ARG + at + 16, sizeof(len)) && len) {
        at += len;
        n++;
    }
    put(" /* %u entries */", n);
}

void show_pair_out(const struct strace_arg *x)
{
    int fd[2];

    if (filled(x, fd, sizeof(fd)))
        put("[%d, %d]", fd[0], fd[1]);
}

void show_int_out(const struct strace_arg *x)
{
    int v;

    if (filled(x, &v, sizeof(v)))
        put("[%d]", v);
}

/* Entries of an iovec, with at most `bytes` of their contents. */
static void iov(const struct strace_arg *x, uint64_t addr, uint64_t count, uint64_t bytes)
{
    struct { uint64_t base, len; } v;

    if (!addr || !get(x, &v, addr, count ? sizeof(v) : 0)) {
        address(x, addr);
        return;
    }
    put("[");
    for (uint64_t i = 0; i < count && i < ENTRIES && get(x, &v, addr + i * sizeof(v), sizeof(v)); i++) {
        uint64_t n = v.len < bytes ? v.len : bytes;
        put("%s{iov_base=", i ? ", " : "");
        bytes_at(x, v.base, n);
        put(", iov_len=%llu}", (ull)v.len);
        bytes -= n;
    }
    put(count > ENTRIES ? ", ...]" : "]");
}
void show_iov(const struct strace_arg *x) { iov(x, ARG, x->a[x->i + 1], ~0ull); }
void show_iov_out(const struct strace_arg *x)
{
    if (x->result < 0)
        address(x, ARG);
    else
        iov(x, ARG, x->a[x->i + 1], (uint64_t)x->result);
}

/* --- sockets --------------------------------------------------------------------------------------- */

static void sockaddr_at(const struct strace_arg *x, uint64_t addr, uint64_t len)
{
    union {
        struct sockaddr_storage any;
        struct sockaddr_un un;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_nl nl;
    } s;
    char t[64];

    memset(&s, 0, sizeof(s));
    if (len > sizeof(s))
        len = sizeof(s);
    if (len < 2 || !get(x, &s, addr, len)) {
        address(x, addr);
        return;
    }
    put("{sa_family=");
    names_put_one(x->l, s.any.ss_family, names_family);
    switch (s.any.ss_family) {
    case AF_UNIX:
        if (len > 2) {
            const char *path = s.un.sun_path;
            size_t n = len - 2 < sizeof(s.un.sun_path) ? len - 2 : sizeof(s.un.sun_path);
            put(", sun_path=%s", *path ? "" : "@");
            text(x, path + !*path, *path ? strnlen(path, n) : n - 1, false);
        }
        break;
    case AF_INET:
        if (len >= sizeof(s.in))
            put(", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")", ntohs(s.in.sin_port),
                inet_ntop(AF_INET, &s.in.sin_addr, t, sizeof(t)));
        break;
    case AF_INET6:
        if (len >= sizeof(s.in6))
            put(", sin6_port=htons(%u), sin6_flowinfo=htonl(%u), inet_pton(AF_INET6, \"%s\", &sin6_addr), "
                "sin6_scope_id=%u", ntohs(s.in6.sin6_port), ntohl(s.in6.sin6_flowinfo),
                inet_ntop(AF_INET6, &s.in6.sin6_addr, t, sizeof(t)), s.in6.sin6_scope_id);
        break;
    case AF_NETLINK:
        if (len >= sizeof(s.nl))
            put(", nl_pid=%u, nl_groups=%08x", s.nl.nl_pid, s.nl.nl_groups);
        break;
    default:
        put(", ...");
    }
    put("}");
}
void show_sockaddr(const struct strace_arg *x) { sockaddr_at(x, ARG, (unsigned)x->a[x->i + 1]); }
void show_sockaddr_out(const struct strace_arg *x)
{
    unsigned len;

    if (x->result >= 0 && ARG && get(x, &len, x->a[x->i + 1], sizeof(len)))
        sockaddr_at(x, ARG, len);
    else
        address(x, ARG);
}

static void message(const struct strace_arg *x, bool out)
{
    struct { uint64_t name; uint32_t namelen, p; uint64_t iov, n, control, controllen; uint32_t flags, q; } m;

    if (!(out ? filled(x, &m, sizeof(m)) : given(x, &m, sizeof(m))))
        return;
    put("{msg_name=");
    sockaddr_at(x, m.name, m.namelen);
    put(", msg_namelen=%u, msg_iov=", m.namelen);
    iov(x, m.iov, m.n, out ? (uint64_t)x->result : ~0ull);
    put(", msg_iovlen=%llu, ", (ull)m.n);
    if (m.controllen)
        put("msg_control=%#llx, ", (ull)m.control);
    put("msg_controllen=%llu, msg_flags=", (ull)m.controllen);
    names_put_bits(x->l, m.flags, names_msg);
    put("}");
}
void show_msghdr(const struct strace_arg *x) { message(x, false); }
void show_msghdr_out(const struct strace_arg *x) { message(x, true); }

void show_socktype(const struct strace_arg *x)
{
    static const struct name types[] = {
        {SOCK_STREAM, "SOCK_STREAM"}, {SOCK_DGRAM, "SOCK_DGRAM"}, {SOCK_RAW, "SOCK_RAW"}, {SOCK_RDM, "SOCK_RDM"},
        {SOCK_SEQPACKET, "SOCK_SEQPACKET"}, {SOCK_PACKET, "SOCK_PACKET"}, {0, "0"},
    };
    static const struct name flags[] = {
        {SOCK_NONBLOCK, "SOCK_NONBLOCK"}, {SOCK_CLOEXEC, "SOCK_CLOEXEC"}, {0, "0"},
    };
    uint64_t type = ARG & 15, flag = (unsigned)ARG & ~15u;

    if (type || !flag)
        names_put_one(x->l, type, types);
    if (flag) {
        put(type ? "|" : "");
        names_put_bits(x->l, flag, flags);
    }
}

void show_protocol(const struct strace_arg *x)
{
    static const struct name names[] = {
        {IPPROTO_ICMP, "IPPROTO_ICMP"}, {IPPROTO_TCP, "IPPROTO_TCP"}, {IPPROTO_UDP, "IPPROTO_UDP"},
        {IPPROTO_ICMPV6, "IPPROTO_ICMPV6"}, {IPPROTO_SCTP, "IPPROTO_SCTP"}, {IPPROTO_RAW, "IPPROTO_RAW"},
        {0, "IPPROTO_IP"},
    };

    if (x->a[0] == AF_INET || x->a[0] == AF_INET6)
        names_put_one(x->l, ARG, names);
    else
        put("%d", (int)ARG);
}

#define N(n) {n, #n}
void show_sockopt(const struct strace_arg *x)
{
    static const struct name of_socket[] = {
        N(SO_DEBUG), N(SO_REUSEADDR), N(SO_TYPE), N(SO_ERROR), N(SO_DONTROUTE), N(SO_BROADCAST), N(SO_SNDBUF),
        N(SO_RCVBUF), N(SO_KEEPALIVE), N(SO_OOBINLINE), N(SO_PRIORITY), N(SO_LINGER), N(SO_REUSEPORT),
        N(SO_PASSCRED), N(SO_PEERCRED), N(SO_RCVLOWAT), N(SO_SNDLOWAT), N(SO_RCVTIMEO), N(SO_SNDTIMEO),
        N(SO_BINDTODEVICE), N(SO_ATTACH_FILTER), N(SO_TIMESTAMP), N(SO_ACCEPTCONN), N(SO_PEERSEC),
        N(SO_SNDBUFFORCE), N(SO_RCVBUFFORCE), N(SO_PASSSEC), N(SO_MARK), N(SO_PROTOCOL), N(SO_DOMAIN),
        N(SO_BUSY_POLL), N(SO_INCOMING_CPU), N(SO_COOKIE), N(SO_PEERGROUPS), N(SO_ZEROCOPY), {0, NULL},
    };
    static const struct name of_tcp[] = {
        N(TCP_NODELAY), N(TCP_MAXSEG), N(TCP_CORK), N(TCP_KEEPIDLE), N(TCP_KEEPINTVL), N(TCP_KEEPCNT), N(TCP_SYNCNT),
        N(TCP_LINGER2), N(TCP_DEFER_ACCEPT), N(TCP_WINDOW_CLAMP), N(TCP_INFO), N(TCP_QUICKACK), N(TCP_CONGESTION),
        N(TCP_USER_TIMEOUT), N(TCP_FASTOPEN), N(TCP_ULP), {0, NULL},
    };
    static const struct name of_ip[] = {
        N(IP_TOS), N(IP_TTL), N(IP_HDRINCL), N(IP_OPTIONS), N(IP_RECVOPTS), N(IP_PKTINFO), N(IP_MTU_DISCOVER),
        N(IP_RECVERR), N(IP_RECVTTL), N(IP_RECVTOS), N(IP_MTU), N(IP_FREEBIND), N(IP_TRANSPARENT),
        N(IP_MULTICAST_IF), N(IP_MULTICAST_TTL), N(IP_MULTICAST_LOOP), N(IP_ADD_MEMBERSHIP), N(IP_DROP_MEMBERSHIP),
        N(IP_BIND_ADDRESS_NO_PORT), {0, NULL},
    };
    static const struct name of_ipv6[] = {
        N(IPV6_UNICAST_HOPS), N(IPV6_MULTICAST_IF), N(IPV6_MULTICAST_HOPS), N(IPV6_MULTICAST_LOOP), N(IPV6_MTU),
        N(IPV6_RECVERR), N(IPV6_V6ONLY), N(IPV6_RECVPKTINFO), N(IPV6_PKTINFO), N(IPV6_TCLASS), {0, NULL},
    };
    static const struct name none[] = {{0, NULL}};

    names_put_one(x->l, ARG, x->a[1] == SOL_SOCKET ? of_socket : x->a[1] == IPPROTO_TCP ? of_tcp :
                  x->a[1] == IPPROTO_IP ? of_ip : x->a[1] == IPPROTO_IPV6 ? of_ipv6 : none);
}

/* An option's value: a number, SO_LINGER's two, else bytes. */
static void sockval(const struct strace_arg *x, uint64_t addr, uint64_t len)
{
    int v[2];

    if (len == 4 && get(x, v, addr, 4))
        put("[%d]", v[0]);
    else if (len == 8 && x->a[1] == SOL_SOCKET && x->a[2] == SO_LINGER && get(x, v, addr, 8))
        put("{l_onoff=%d, l_linger=%d}", v[0], v[1]);
    else
        bytes_at(x, addr, len);
}
void show_sockval(const struct strace_arg *x) { sockval(x, ARG, (unsigned)x->a[x->i + 1]); }
void show_sockval_out(const struct strace_arg *x)
{
    unsigned len;

    if (x->result >= 0 && get(x, &len, x->a[x->i + 1], sizeof(len)))
        sockval(x, ARG, len);
    else
        address(x, ARG);
}

/* --- polling ----------------------------------------------------------------------------------------- */

static const struct name poll_names[] = {
    N(POLLIN), N(POLLPRI), N(POLLOUT), N(POLLRDNORM), N(POLLRDBAND), N(POLLWRNORM), N(POLLWRBAND), N(POLLERR),
    N(POLLHUP), N(POLLNVAL), {POLLRDHUP, "POLLRDHUP"}, {0, "0"},
};
static const struct name epoll_names[] = {
    N(EPOLLIN), N(EPOLLPRI), N(EPOLLOUT), N(EPOLLRDNORM), N(EPOLLRDBAND), N(EPOLLWRNORM), N(EPOLLWRBAND),
    N(EPOLLMSG), N(EPOLLERR), N(EPOLLHUP), N(EPOLLRDHUP), N(EPOLLEXCLUSIVE), N(EPOLLWAKEUP), N(EPOLLONESHOT),
    {1u << 31, "EPOLLET"}, {0, "0"},
};

void show_pollfds(const struct strace_arg *x)
{
    struct pollfd f;
    unsigned n = (unsigned)x->a[x->i + 1];

    if (n && !given(x, &f, sizeof(f)))
        return;
    if (!n && !ARG) {
        put("NULL");
        return;
    }
    put("[");
    for (unsigned i = 0; i < n && i < ENTRIES && get(x, &f, ARG + i * sizeof(f), sizeof(f)); i++) {
        put("%s{fd=%d", i ? ", " : "", f.fd);
        if (f.fd >= 0) {
            put(", events=");
            names_put_bits(x->l, (uint16_t)f.events, poll_names);
        }
        put("}");
    }
    put(n > ENTRIES ? ", ...]" : "]");
}

void strace_poll_result(const struct strace_arg *x)
{
    const char *sep = " ([";
    struct pollfd f;

    for (unsigned i = 0, n = (unsigned)x->a[1]; i < n && i < ENTRIES && get(x, &f, ARG + i * sizeof(f), sizeof(f)); i++)
        if (f.revents) {
            put("%s{fd=%d, revents=", sep, f.fd);
            names_put_bits(x->l, (uint16_t)f.revents, poll_names);
            put("}");
            sep = ", ";
        }
    put(*sep == ' ' ? "" : "])");
}

void show_fdset(const struct strace_arg *x)
{
    uint64_t word;
    unsigned n = (unsigned)x->a[0], shown = 0;

    if (n > 1024 || !given(x, &word, 8))
        return;
    put("[");
    for (unsigned i = 0; i < n; i++) {
        if (i % 64 == 0 && !get(x, &word, ARG + i / 8, 8))
            break;
        if (word >> i % 64 & 1)
            put("%s%u", shown++ ? " " : "", i);
    }
    put("]");
}

struct epoll { uint32_t events, pad; uint64_t data; }; /* of all but x86_64 */

static void epoll_event(const struct strace_arg *x, const struct epoll *e)
{
    put("{events=");
    names_put_bits(x->l, e->events, epoll_names);
    put(e->data >> 32 ? ", data=%#llx}" : ", data={u32=%llu, u64=%llu}}", (ull)e->data, (ull)e->data);
}
void show_epoll_event(const struct strace_arg *x)
{
    struct epoll e;

    if (given(x, &e, sizeof(e)))
        epoll_event(x, &e);
}
void show_epoll_out(const struct strace_arg *x)
{
    struct epoll e;

    if (x->result < 0) {
        address(x, ARG);
        return;
    }
    put("[");
    for (unsigned i = 0; i < x->result && i < ENTRIES && get(x, &e, ARG + i * sizeof(e), sizeof(e)); i++) {
        put(i ? ", " : "");
        epoll_event(x, &e);
    }
    put(x->result > ENTRIES ? ", ...]" : "]");
}

/* --- others --------------------------------------------------------------------------------------------- */

void show_utsname_out(const struct strace_arg *x)
{
    struct utsname u;

    if (filled(x, &u, sizeof(u)))
        put("{sysname=\"%.64s\", nodename=\"%.64s\", ...}", u.sysname, u.nodename);
}
