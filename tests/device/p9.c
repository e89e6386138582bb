/*
 * virtio-9p as a driver sees it, message by message (9P2000.L: Linux' include/net/9p/9p.h, diod's protocol.md): every message, what is
 * not allowed, and a guest that wants to get out of its folder or brings messages that make no sense. The folder is one of the
 * host's, and what came of it is looked at there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/xattr.h>

#include "9p/p9.h"
#include "driver.h"

enum { T_STATFS = 8, T_LOPEN = 12, T_LCREATE = 14, T_SYMLINK = 16, T_MKNOD = 18, T_RENAME = 20, T_READLINK = 22, T_GETATTR = 24, T_SETATTR = 26,
       T_XATTRWALK = 30, T_XATTRCREATE = 32, T_READDIR = 40, T_FSYNC = 50, T_LOCK = 52, T_GETLOCK = 54, T_LINK = 70, T_MKDIR = 72, T_RENAMEAT = 74,
       T_UNLINKAT = 76, T_VERSION = 100, T_AUTH = 102, T_ATTACH = 104, T_FLUSH = 108, T_WALK = 110, T_OPEN = 112, T_READ = 116, T_WRITE = 118,
       T_CLUNK = 120, T_REMOVE = 122, R_ERROR = 7 };
enum { ROOM = 1 << 16, MSIZE = 65536, IN_AT = 1 << 20 };
#define NOFID (~0u)

static char folder[64], outside[80];
static struct driver d;

/* ------------------------------------------------------------------------- messages */

static uint8_t answer[ROOM];
static uint32_t got; /* bytes of it */

/* Puts into p by a format: b w d q numbers, s a string, S one with a length before it, x a buffer. Returns the bytes. */
static unsigned vpack(uint8_t *p, const char *format, va_list ap)
{
    uint8_t *at = p;
    for (; *format; format++) {
        uint64_t v;
        const char *text;
        unsigned n;
        switch (*format) {
        case 'b':
        case 'w':
        case 'd':
            v = va_arg(ap, unsigned);
            n = *format == 'b' ? 1 : *format == 'w' ? 2 : 4;
            memcpy(at, &v, n);
            at += n;
            break;
        case 'q':
            v = va_arg(ap, uint64_t);
            memcpy(at, &v, 8);
            at += 8;
            break;
        case 's':
        case 'S':
            n = *format == 'S' ? va_arg(ap, unsigned) : 0;
            text = va_arg(ap, const char *);
            n = *format == 'S' ? n : (unsigned)strlen(text);
            memcpy(at, &(uint16_t){ (uint16_t)n }, 2);
            memcpy(at + 2, text, n);
            at += 2 + n;
            break;
        case 'x':
            n = va_arg(ap, unsigned);
            memcpy(at, va_arg(ap, const void *), n);
            at += n;
            break;
        default:
            die("format");
        }
    }
    return (unsigned)(at - p);
}

static unsigned slot;

/* Sends a message without waiting; size: as it says itself (0: what it is); room: for the answer. */
static void put(unsigned type, unsigned tag, uint32_t size, uint32_t room, unsigned n)
{
    gpa_t out = BUFFERS_AT + slot * 4 * ROOM, in = out + 2 * ROOM;
    uint8_t *p = ram(d.b, out);
    uint32_t said = size ? size : n + 7;
    memcpy(p, &said, 4);
    p[4] = (uint8_t)type;
    memcpy(p + 5, &tag, 2);
    memset(ram(d.b, in), 0xee, ROOM);
    struct piece all[4] = { { out, 5, 0 }, { out + 5, n + 2, 0 }, { in, room < 9 ? room : 9, D_WRITE }, { in + 9, room < 9 ? 0 : room - 9, D_WRITE } };
    put_chain(&d, 0, 4 * slot, all, room < 10 ? 3 : 4, 0);
    notify(&d, 0);
}

static unsigned vsend_body(const char *format, va_list ap) { return vpack(ram(d.b, BUFFERS_AT + slot * 4 * ROOM) + 7, format, ap); }

static void take(unsigned s)
{
    memcpy(answer, ram(d.b, BUFFERS_AT + s * 4 * ROOM + 2 * ROOM), ROOM);
    memcpy(&got, answer, 4);
}

static uint32_t u32(unsigned at)
{
    uint32_t v;
    memcpy(&v, answer + at, 4);
    return v;
}
static uint64_t u64(unsigned at)
{
    uint64_t v;
    memcpy(&v, answer + at, 8);
    return v;
}

/* A message with room for its answer; 0, or the error number of the answer; -1: none came. */
static int ask_room(unsigned type, uint32_t size, uint32_t room, const char *format, ...)
{
    va_list ap;
    uint32_t n = 0;
    slot = 0;
    va_start(ap, format);
    put(type, 17, size, room, vsend_body(format, ap));
    va_end(ap);
    if (take_used(&d, 0, &n, 4) != 0)
        return -1;
    take(0);
    CHECK(got == n && answer[5] == 17 && !answer[6] && got <= room);
    if (answer[4] == R_ERROR)
        return (int)u32(7);
    CHECK(answer[4] == type + 1);
    return 0;
}
#define ask(type, ...) ask_room(type, 0, ROOM, __VA_ARGS__)

/* -------------------------------------------------------------------------- the host */

static const char *host(const char *name)
{
    static char text[256];
    snprintf(text, sizeof text, "%s/%s", folder, name);
    return text;
}

static void host_file(const char *name, const char *bytes)
{
    FILE *f = fopen(host(name), "w");
    if (!f || fputs(bytes, f) < 0 || fclose(f))
        die(name);
}

static bool host_is(const char *name, const char *bytes)
{
    char text[256] = "";
    FILE *f = fopen(host(name), "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    return f && n == strlen(bytes) && !memcmp(text, bytes, n);
}

static bool there(const char *name)
{
    struct stat st;
    return lstat(host(name), &st) == 0;
}

/* A bench with the folder behind a tag; fid 1 is its root. */
static struct bench *start(const char *words)
{
    static unsigned number;
    char text[256], err[256] = "";
    struct bench *b = bench_new();
    snprintf(text, sizeof text, "local,id=f%u,path=%s,%s", number, folder, words);
    machine_lock_enter();
    if (!p9_fsdev_add(text, err, sizeof err))
        die(err);
    machine_lock_leave();
    snprintf(text, sizeof text, "virtio-9p-device,fsdev=f%u,mount_tag=share", number++);
    d = (struct driver){ .b = b, .at = bench_virtio(b, text) };
    drive(&d, ~VIRTIO_BIT(VIRTIO_F_RING_PACKED), 1, 128);
    CHECK(!ask(T_VERSION, "ds", MSIZE, "9P2000.L"));
    CHECK(!ask(T_ATTACH, "ddssd", 1, NOFID, "", "", 0));
    return b;
}

static int walk(unsigned fid, unsigned new, const char *name) { return ask(T_WALK, "ddws", fid, new, 1, name); }
static int clunk(unsigned fid) { return ask(T_CLUNK, "d", fid); }

/* ---------------------------------------------------------------------------- chapters */

static void versions(void)
{
    struct bench *b = start("security_model=none");
    CHECK(reg(&d, R_CONFIG) == (5 | 's' << 16 | 'h' << 24) && (offered(&d) & 1));
    CHECK(!ask(T_VERSION, "ds", 8192, "9P2000.L") && u32(7) == 8192 && answer[11] == 8 && !memcmp(answer + 13, "9P2000.L", 8));
    CHECK(ask(T_WALK, "ddw", 1, 2, 0) == EBADF); /* a version ends all fids */
    CHECK(!ask(T_VERSION, "ds", 8192, "9P2000.u") && answer[11] == 7 && !memcmp(answer + 13, "unknown", 7));
    CHECK(ask(T_ATTACH, "ddssd", 1, NOFID, "", "", 0) == EINVAL); /* and without one there are none */
    CHECK(ask(T_VERSION, "ds", 100, "9P2000.L") == EMSGSIZE);
    CHECK(!ask(T_VERSION, "ds", 1 << 30, "9P2000.L") && u32(7) == 1 << 30);
    CHECK(ask(T_ATTACH, "ddssd", 1, 5, "", "", 0) == EINVAL && ask(T_AUTH, "dssd", 5, "", "", 0) == EOPNOTSUPP);
    CHECK(!ask(T_ATTACH, "ddssd", 1, NOFID, "who", "what", 1000) && answer[7] == 0x80);
    CHECK(ask(T_ATTACH, "ddssd", 1, NOFID, "", "", 0) == EINVAL); /* in use */
    CHECK(ask(T_OPEN, "db", 1, 0) == EOPNOTSUPP && ask(200, "d", 1) == EOPNOTSUPP && ask(6, "") == EOPNOTSUPP);
    bench_free(b);
}

static void walks(void)
{
    struct bench *b = start("security_model=none");
    mkdir(host("a"), 0755);
    mkdir(host("a/b"), 0755);
    host_file("a/b/c", "deep");
    CHECK(!ask(T_WALK, "ddwsss", 1, 2, 3, "a", "b", "c") && answer[7] == 3 && answer[9] == 0x80 && answer[22] == 0x80 && !answer[35]);
    struct stat st;
    CHECK(stat(host("a/b/c"), &st) == 0 && u64(9 + 26 + 5) == st.st_ino);
    CHECK(!ask(T_WALK, "ddwsss", 1, 3, 3, "a", "none", "c") && answer[7] == 1); /* as far as it goes: no fid */
    CHECK(clunk(3) == EBADF && walk(1, 3, "none") == ENOENT && walk(2, 3, "x") == ENOTDIR);
    CHECK(!ask(T_WALK, "ddw", 2, 4, 0) && !clunk(2) && !ask(T_LOPEN, "dd", 4, 0) && !ask(T_READ, "dqd", 4, 0ull, 100));
    CHECK(u32(7) == 4 && !memcmp(answer + 11, "deep", 4) && got == 15);
    CHECK(walk(1, 4, "a") == EINVAL && walk(99, 5, "a") == EBADF && walk(1, NOFID, "a") == EINVAL);
    CHECK(ask(T_WALK, "ddwsssssssssssssssss", 1, 9, 17, "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a") == EINVAL);
    CHECK(!walk(1, 6, "a") && !ask(T_WALK, "ddws", 6, 6, 1, "b") && !walk(6, 7, "c") && !clunk(6) && !clunk(7)); /* onto itself */
    CHECK(!ask(T_WALK, "ddwsss", 1, 8, 3, "a", "..", "a") && answer[7] == 3 && !clunk(8));
    bench_free(b);
}

/* What would lead out of the folder: names, links of the host and of the guest, renames meanwhile. */
static void escapes(void)
{
    static const char *const bad[] = { "", ".", "/", "/etc", "a/b", "../outside", "..//", "a/../.." };
    struct bench *b = start("security_model=passthrough");
    char text[300];
    struct stat st, root;
    CHECK(stat(folder, &root) == 0 && mkdir(host("a"), 0755) == 0);
    for (unsigned k = 0; k < sizeof bad / sizeof *bad; k++)
        CHECK(walk(1, 2, bad[k]) == ENOENT);
    CHECK(ask(T_WALK, "ddwS", 1, 2, 1, 3, "a\0b") == EINVAL); /* a NUL in it */
    memset(text, 'n', 299);
    text[299] = 0;
    CHECK(walk(1, 2, text) == ENAMETOOLONG && ask(T_MKDIR, "dsdd", 1, text, 0700, 0) == ENAMETOOLONG);
    /* the root's parent is the root */
    CHECK(!ask(T_WALK, "ddwsss", 1, 2, 3, "..", "..", "..") && u64(9 + 26 + 5) == root.st_ino && !clunk(2));
    /* links are never followed, whoever made them */
    CHECK(symlink(outside, host("way-out")) == 0 && symlink("/", host("slash")) == 0);
    CHECK(!walk(1, 2, "way-out") && answer[9] == 2 && walk(2, 3, "secret") == ENOTDIR && ask(T_LOPEN, "dd", 2, 0) == ELOOP);
    CHECK(ask(T_LCREATE, "dsddd", 2, "new", 2, 0644, 0) == ENOTDIR && !clunk(2));
    CHECK(!walk(1, 3, "slash") && walk(3, 4, "etc") == ENOTDIR && ask(T_READDIR, "dqd", 3, 0ull, 1000) == EINVAL && !clunk(3));
    CHECK(!ask(T_SYMLINK, "dssd", 1, "mine", outside, 0) && !walk(1, 2, "mine") && ask(T_LOPEN, "dd", 2, 01000 | 1) == ELOOP && !clunk(2));
    /* nor changed through: not the mode, not the size of what they lead to */
    CHECK(!walk(1, 2, "mine") && ask(T_SETATTR, "ddddd" "q" "qq" "qq", 2, 1, 0, 0, 0, 0ull, 0ull, 0ull, 0ull, 0ull) == EOPNOTSUPP);
    CHECK(ask(T_SETATTR, "ddddd" "q" "qq" "qq", 2, 8, 0, 0, 0, 0ull, 0ull, 0ull, 0ull, 0ull) == EINVAL && !clunk(2));
    CHECK(stat(outside, &st) == 0 && (st.st_mode & 0777) == 0755);
    /* creating through a link that is there */
    snprintf(text, sizeof text, "%s/made", outside);
    CHECK(symlink(text, host("dangling")) == 0 && !ask(T_WALK, "ddw", 1, 2, 0));
    CHECK(ask(T_LCREATE, "dsddd", 2, "dangling", 0101, 0644, 0) == EEXIST && stat(text, &st) < 0 && !clunk(2));
    for (unsigned k = 0; k < sizeof bad / sizeof *bad; k++) {
        CHECK(ask(T_MKDIR, "dsdd", 1, bad[k], 0700, 0) > 0 && ask(T_SYMLINK, "dssd", 1, bad[k], "x", 0) > 0);
        CHECK(ask(T_MKNOD, "dsdddd", 1, bad[k], S_IFIFO | 0600, 0, 0, 0) > 0 && ask(T_UNLINKAT, "dsd", 1, bad[k], 0x200) > 0);
        CHECK(ask(T_RENAMEAT, "dsds", 1, "a", 1, bad[k]) > 0 && ask(T_RENAMEAT, "dsds", 1, bad[k], 1, "z") > 0);
        CHECK(!walk(1, 2, "a") && ask(T_RENAME, "dds", 2, 1, bad[k]) > 0 && ask(T_LINK, "dds", 1, 2, bad[k]) > 0 && !clunk(2));
        CHECK(!ask(T_WALK, "ddw", 1, 2, 0) && ask(T_LCREATE, "dsddd", 2, bad[k], 2, 0600, 0) > 0 && !clunk(2));
    }
    CHECK(ask(T_MKDIR, "dsdd", 1, "..", 0700, 0) == EEXIST && ask(T_UNLINKAT, "dsd", 1, "..", 0x200) > 0 && ask(T_RENAMEAT, "dsds", 1, "..", 1, "z") > 0);
    /* pipes, sockets and devices are shown, and never opened: that could wait for ever */
    CHECK(mkfifo(host("pipe"), 0600) == 0 && !walk(1, 2, "pipe"));
    for (unsigned how = 0; how < 3; how++)
        CHECK(ask(T_LOPEN, "dd", 2, how) == ENXIO);
    CHECK(!clunk(2) && !ask(T_WALK, "ddw", 1, 2, 0) && ask(T_LCREATE, "dsddd", 2, "pipe", 0102, 0600, 0) == EEXIST && !clunk(2));
    /* a folder that is put elsewhere while it is held stays what it is */
    snprintf(text, sizeof text, "%s/moved", outside);
    mkdir(host("leaving"), 0755);
    host_file("leaving/f", "f");
    CHECK(!walk(1, 2, "leaving") && rename(host("leaving"), text) == 0);
    CHECK(!ask(T_WALK, "ddws", 2, 3, 1, "..") && u64(9 + 5) == root.st_ino && walk(3, 4, "secret") == ENOENT && !clunk(3) && !clunk(2));
    bench_free(b);
}

static void files(void)
{
    struct bench *b = start("security_model=none");
    char big[3000];
    struct stat st;
    umask(022);
    CHECK(!ask(T_WALK, "ddw", 1, 2, 0) && !ask(T_LCREATE, "dsddd", 2, "new", 0302, 0666, 0) && !answer[7] && u32(20) % 4096 == 0);
    CHECK(stat(host("new"), &st) == 0 && (st.st_mode & 07777) == 0666); /* the guest's mask counts, not ours */
    CHECK(!ask(T_WRITE, "dqdx", 2, 0ull, 5, 5, "hello") && u32(7) == 5 && host_is("new", "hello"));
    CHECK(!ask(T_WRITE, "dqdx", 2, 3ull, 3, 3, "LOW") && host_is("new", "helLOW"));
    CHECK(ask(T_WRITE, "dqdx", 2, 0ull, 100, 3, "abc") == EINVAL && ask(T_WRITE, "dqdx", 2, ~0ull, 1, 1, "a") == EINVAL); /* more than there is; where none is */
    CHECK(!ask(T_READ, "dqd", 2, 2ull, 1000) && u32(7) == 4 && !memcmp(answer + 11, "lLOW", 4) && !ask(T_READ, "dqd", 2, 6ull, 9) && u32(7) == 0);
    CHECK(ask(T_READ, "dqd", 2, 1ull << 63, 9) == EINVAL && ask(T_READ, "dqd", 77, 0ull, 9) == EBADF && ask(T_READ, "dqd", 1, 0ull, 9) == EBADF);
    memset(big, 'b', sizeof big);
    CHECK(!ask(T_WRITE, "dqdx", 2, 0ull, 3000, 3000, big) && u32(7) == 3000 && !ask_room(T_READ, 0, 100, "dqd", 2, 0ull, 3000) && u32(7) == 89 && got == 100);
    CHECK(!ask(T_FSYNC, "dd", 2, 0) && !ask(T_FSYNC, "dd", 2, 1) && !ask(T_FSYNC, "d", 2) && ask(T_FSYNC, "dd", 1, 0) == EINVAL);
    CHECK(ask(T_LOPEN, "dd", 2, 0) == EINVAL && ask(T_LCREATE, "dsddd", 2, "x", 0102, 0600, 0) == EINVAL); /* it is open */
    CHECK(!ask(T_WALK, "ddw", 1, 3, 0) && ask(T_LCREATE, "dsddd", 3, "new", 0302, 0600, 0) == EEXIST);
    CHECK(!ask(T_LCREATE, "dsddd", 3, "new", 01102, 0600, 0) && stat(host("new"), &st) == 0 && !st.st_size && !clunk(3));
    /* it is gone, and still there for who has it */
    CHECK(!ask(T_WRITE, "dqdx", 2, 0ull, 4, 4, "keep") && !ask(T_UNLINKAT, "dsd", 1, "new", 0) && !there("new"));
    CHECK(!ask(T_READ, "dqd", 2, 0ull, 9) && u32(7) == 4 && !ask(T_GETATTR, "dq", 2, 0x7ffull) && u64(7 + 8 + 13 + 12) == 0 && u64(7 + 8 + 13 + 28) == 4);
    CHECK(walk(1, 3, "new") == ENOENT && !clunk(2) && clunk(2) == EBADF);
    host_file("ro", "text");
    CHECK(!walk(1, 2, "ro") && !ask(T_LOPEN, "dd", 2, 0) && ask(T_WRITE, "dqdx", 2, 0ull, 1, 1, "a") == EBADF && !clunk(2));
    CHECK(!walk(1, 2, "ro") && !ask(T_LOPEN, "dd", 2, 02001) && !ask(T_WRITE, "dqdx", 2, 0ull, 3, 3, "end") && host_is("ro", "textend") && !clunk(2));
    CHECK(!walk(1, 2, "ro") && !ask(T_REMOVE, "d", 2) && !there("ro") && clunk(2) == EBADF && ask(T_REMOVE, "d", 1) == EBUSY && clunk(1) == EBADF);
    bench_free(b);
}

static void names(void)
{
    struct bench *b = start("security_model=none");
    struct stat st;
    char text[64];
    CHECK(!ask(T_MKDIR, "dsdd", 1, "dir", 02750, 0) && answer[7] == 0x80 && stat(host("dir"), &st) == 0 && (st.st_mode & 07777) == 02750);
    CHECK(ask(T_MKDIR, "dsdd", 1, "dir", 0700, 0) == EEXIST && !walk(1, 2, "dir") && !ask(T_MKDIR, "dsdd", 2, "sub", 0700, 0));
    host_file("f", "one");
    host_file("g", "two");
    CHECK(!walk(1, 3, "f") && !walk(1, 4, "g") && !ask(T_LINK, "dds", 2, 3, "hard") && stat(host("dir/hard"), &st) == 0 && st.st_nlink == 2);
    CHECK(ask(T_LINK, "dds", 1, 3, "g") == EEXIST && ask(T_LINK, "dds", 1, 2, "h") == EPERM && ask(T_LINK, "dds", 3, 4, "h") == ENOTDIR);
    CHECK(!ask(T_RENAMEAT, "dsds", 1, "f", 2, "moved") && !there("f") && host_is("dir/moved", "one"));
    CHECK(!ask(T_RENAME, "dds", 3, 1, "back") && host_is("back", "one") && !there("dir/moved")); /* the fid knows where it is now */
    CHECK(!ask(T_RENAMEAT, "dsds", 1, "back", 1, "g") && host_is("g", "one") && !ask(T_LOPEN, "dd", 4, 0) && !ask(T_READ, "dqd", 4, 0ull, 9));
    CHECK(!memcmp(answer + 11, "two", 3)); /* the one that was there */
    CHECK(ask(T_RENAMEAT, "dsds", 1, "none", 1, "x") == ENOENT && ask(T_RENAMEAT, "dsds", 1, "dir", 2, "x") == EINVAL && ask(T_RENAME, "dds", 1, 2, "x") == EBUSY);
    CHECK(ask(T_UNLINKAT, "dsd", 1, "dir", 0) == EISDIR && ask(T_UNLINKAT, "dsd", 1, "dir", 0x200) == ENOTEMPTY && ask(T_UNLINKAT, "dsd", 1, "g", 0x200) == ENOTDIR);
    CHECK(!ask(T_UNLINKAT, "dsd", 2, "sub", 0x200) && !ask(T_UNLINKAT, "dsd", 2, "hard", 0) && !ask(T_UNLINKAT, "dsd", 1, "dir", 0x200) && !there("dir"));
    CHECK(ask(T_MKDIR, "dsdd", 2, "x", 0700, 0) == ENOENT); /* a folder that is gone */
    CHECK(!ask(T_SYMLINK, "dssd", 1, "link", "some/where", 0) && answer[7] == 2 && readlink(host("link"), text, sizeof text) == 10);
    CHECK(!walk(1, 5, "link") && !ask(T_READLINK, "d", 5) && answer[7] == 10 && !memcmp(answer + 9, "some/where", 10) && ask(T_READLINK, "d", 1) == EINVAL);
    CHECK(!ask(T_LINK, "dds", 1, 5, "link2") && lstat(host("link2"), &st) == 0 && S_ISLNK(st.st_mode));
    CHECK(!ask(T_MKNOD, "dsdddd", 1, "p", S_IFIFO | 0620, 0, 0, 0) && stat(host("p"), &st) == 0 && st.st_mode == (S_IFIFO | 0620));
    CHECK(!ask(T_MKNOD, "dsdddd", 1, "r", S_IFREG | 0604, 0, 0, 0) && ask(T_MKNOD, "dsdddd", 1, "r", S_IFREG | 0604, 0, 0, 0) == EEXIST);
    CHECK(ask(T_MKNOD, "dsdddd", 1, "bad", S_IFDIR | 0604, 0, 0, 0) == EINVAL && ask(T_MKNOD, "dsdddd", 1, "bad", 0170000, 0, 0, 0) == EINVAL);
    bench_free(b);
}

static void attributes(void)
{
    struct bench *b = start("security_model=none");
    struct stat st;
    host_file("f", "0123456789");
    chmod(host("f"), 0640);
    CHECK(!walk(1, 2, "f") && stat(host("f"), &st) == 0 && !ask(T_GETATTR, "dq", 2, 0x3fffull) && got == 160);
    CHECK((u64(7) & 0x7ff) == 0x7ff && u64(20) == st.st_ino && u32(28) == (S_IFREG | 0640) && u32(32) == st.st_uid && u32(36) == st.st_gid);
    CHECK(u64(40) == 1 && u64(48) == 0 && u64(56) == 10 && u64(64) == (uint64_t)st.st_blksize && u64(72) == (uint64_t)st.st_blocks);
    CHECK(u64(96) == (uint64_t)st.st_mtim.tv_sec && u64(104) == (uint64_t)st.st_mtim.tv_nsec);
    CHECK(!ask(T_SETATTR, "ddddd" "q" "qq" "qq", 2, 1, 0604, 0, 0, 0ull, 0ull, 0ull, 0ull, 0ull) && stat(host("f"), &st) == 0 && (st.st_mode & 07777) == 0604);
    CHECK(!ask(T_SETATTR, "ddddd" "q" "qq" "qq", 2, 8, 0, 0, 0, 4ull, 0ull, 0ull, 0ull, 0ull) && host_is("f", "0123"));
    CHECK(ask(T_SETATTR, "ddddd" "q" "qq" "qq", 2, 8, 0, 0, 0, 1ull << 63, 0ull, 0ull, 0ull, 0ull) == EINVAL && ask(T_SETATTR, "ddddd" "q" "qq" "qq", 1, 8, 0, 0, 0, 4ull, 0ull, 0ull, 0ull, 0ull) == EISDIR);
    CHECK(!ask(T_SETATTR, "ddddd" "q" "qq" "qq", 2, 0x1b0, 0, 0, 0, 0ull, 1000ull, 5ull, 2000ull, 7ull) && stat(host("f"), &st) == 0);
    CHECK(st.st_atim.tv_sec == 1000 && st.st_atim.tv_nsec == 5 && st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 7);
    CHECK(!ask(T_SETATTR, "ddddd" "q" "qq" "qq", 2, 0x20, 0, 0, 0, 0ull, 0ull, 0ull, 0ull, 0ull) && stat(host("f"), &st) == 0 && st.st_mtim.tv_sec > 2000 && st.st_atim.tv_sec == 1000);
    CHECK(ask(T_SETATTR, "dd", 2, 1) == EINVAL && ask(T_GETATTR, "dq", 9, 0ull) == EBADF && ask(T_GETATTR, "d", 2) == EINVAL);
    CHECK(!ask(T_STATFS, "d", 1) && got == 7 + 60 && u32(11) >= 512 && u32(63) == 255);
    bench_free(b);
}

static void xattrs(void)
{
    struct bench *b = start("security_model=none");
    host_file("f", "");
    if (setxattr(host("f"), "user.host", "h", 1, 0) < 0) {
        fprintf(stderr, "no extended attributes in %s: not tested\n", folder);
        bench_free(b);
        return;
    }
    CHECK(!walk(1, 2, "f") && !ask(T_XATTRWALK, "dds", 2, 3, "user.host") && u64(7) == 1 && !ask(T_READ, "dqd", 3, 0ull, 9) && u32(7) == 1 && answer[11] == 'h');
    CHECK(!ask(T_READ, "dqd", 3, 5ull, 9) && !u32(7) && ask(T_WRITE, "dqdx", 3, 0ull, 1, 1, "x") == EBADF && ask(T_LOPEN, "dd", 3, 0) == EINVAL);
    CHECK(ask(T_XATTRWALK, "dds", 2, 3, "user.host") == EINVAL && ask(T_XATTRWALK, "dds", 3, 4, "user.host") == EINVAL && walk(3, 4, "x") == EINVAL && !clunk(3));
    CHECK(ask(T_XATTRWALK, "dds", 2, 3, "user.none") == ENODATA && ask(T_XATTRWALK, "dds", 2, 3, "security.selinux") == EOPNOTSUPP);
    CHECK(!ask(T_WALK, "ddw", 2, 3, 0) && !ask(T_XATTRCREATE, "dsqd", 3, "user.guest", 6ull, 0) && !ask(T_WRITE, "dqdx", 3, 0ull, 2, 2, "gu"));
    CHECK(ask(T_WRITE, "dqdx", 3, 2ull, 5, 5, "xxxxx") == ENOSPC && ask(T_WRITE, "dqdx", 3, 4ull, 1, 1, "x") == EINVAL && !ask(T_WRITE, "dqdx", 3, 2ull, 4, 4, "est!"));
    char value[16];
    CHECK(!clunk(3) && getxattr(host("f"), "user.guest", value, 16) == 6 && !memcmp(value, "guest!", 6));
    CHECK(!ask(T_WALK, "ddw", 2, 3, 0) && !ask(T_XATTRCREATE, "dsqd", 3, "user.part", 6ull, 0) && clunk(3) == EINVAL && getxattr(host("f"), "user.part", value, 16) < 0);
    CHECK(!ask(T_WALK, "ddw", 2, 3, 0) && !ask(T_XATTRCREATE, "dsqd", 3, "user.guest", 1ull, 1) && !ask(T_WRITE, "dqdx", 3, 0ull, 1, 1, "x") && clunk(3) == EEXIST);
    CHECK(!ask(T_XATTRWALK, "dds", 2, 3, "") && !ask(T_READ, "dqd", 3, 0ull, 100) && u32(7) == 21 && !memcmp(answer + 11, "user.host", 10) && !clunk(3));
    CHECK(!ask(T_WALK, "ddw", 2, 3, 0) && !ask(T_XATTRCREATE, "dsqd", 3, "user.guest", 0ull, 2) && !clunk(3) && getxattr(host("f"), "user.guest", value, 16) < 0);
    CHECK(!ask(T_WALK, "ddw", 2, 3, 0) && !ask(T_XATTRCREATE, "dsqd", 3, "user.empty", 0ull, 0) && !clunk(3) && getxattr(host("f"), "user.empty", value, 16) == 0);
    CHECK(!ask(T_WALK, "ddw", 2, 3, 0) && ask(T_XATTRCREATE, "dsqd", 3, "user.big", 1ull << 40, 0) == ENOSPC && ask(T_XATTRCREATE, "dsqd", 3, "user.big", 5ull, 9) == EINVAL);
    CHECK(!ask(T_XATTRCREATE, "dsqd", 3, "trusted.x", 0ull, 0) && clunk(3) == EOPNOTSUPP);
    unsigned n = 0; /* what the guest keeps here has an end */
    while (n < 1000 && !ask(T_WALK, "ddw", 2, 100 + n, 0) && !ask(T_XATTRCREATE, "dsqd", 100 + n, "user.x", 65536ull, 0))
        n++;
    CHECK(n == 128);
    bench_free(b);
}

static void folders(void)
{
    enum { FILES = 700 };
    struct bench *b = start("security_model=none");
    static bool seen[FILES];
    unsigned nseen = 0, rounds = 0, twice = 0;
    uint64_t at = 0, middle = 0, after_middle = 0;
    mkdir(host("many"), 0755);
    for (unsigned k = 0; k < FILES; k++) {
        char name[40];
        snprintf(name, sizeof name, "many/file-%u", k);
        host_file(name, "");
    }
    CHECK(!walk(1, 2, "many") && ask(T_READDIR, "dqd", 2, 0ull, 1000) == EINVAL && !ask(T_LOPEN, "dd", 2, 0200000));
    for (;; rounds++) {
        CHECK(!ask(T_READDIR, "dqd", 2, at, 2000) && u32(7) <= 2000);
        uint32_t end = 11 + u32(7), p = 11;
        if (u32(7) == 0 || rounds > FILES)
            break;
        while (p < end) {
            unsigned n = answer[p + 22] | answer[p + 23] << 8, number;
            char name[64] = "";
            memcpy(name, answer + p + 24, n < 60 ? n : 60);
            if (middle && !after_middle)
                after_middle = u64(p);
            if (sscanf(name, "file-%u", &number) == 1 && number < FILES) {
                twice += seen[number];
                seen[number] = true;
                nseen++;
                CHECK(answer[p + 21] == 8 && !answer[p]);
            } else {
                CHECK((!strcmp(name, ".") || !strcmp(name, "..")) && answer[p] == 0x80);
                if (failures > 20)
                    exit(1);
            }
            at = u64(p + 13);
            if (nseen == 300)
                middle = at;
            p += 24 + n;
        }
        CHECK(p == end);
    }
    CHECK(nseen == FILES && !twice && rounds > 5);
    CHECK(!ask(T_READDIR, "dqd", 2, 0ull, 2000) && u32(7) > 1900); /* from the start again */
    CHECK(ask(T_READDIR, "dqd", 2, 0ull, 10) == EINVAL && ask(T_READ, "dqd", 2, 0ull, 10) == EISDIR && !clunk(2));
    bench_free(b);
}

static void locks(void)
{
    struct bench *b = start("security_model=none");
    host_file("f", "");
    CHECK(!walk(1, 2, "f") && !walk(1, 3, "f") && !ask(T_LOPEN, "dd", 2, 2) && !ask(T_LOPEN, "dd", 3, 2));
    CHECK(!ask(T_LOCK, "dbdqqds", 2, 1, 0, 0ull, 100ull, 10, "host1") && answer[7] == 0);
    CHECK(!ask(T_LOCK, "dbdqqds", 3, 1, 1, 50ull, 1ull, 11, "host2") && answer[7] == 1 && !ask(T_LOCK, "dbdqqds", 3, 0, 1, 99ull, 1ull, 10, "host3") && answer[7] == 1);
    CHECK(!ask(T_LOCK, "dbdqqds", 3, 1, 1, 100ull, 0ull, 11, "host2") && answer[7] == 0);
    CHECK(!ask(T_GETLOCK, "dbqqds", 3, 0, 0ull, 0ull, 11, "host2") && answer[7] == 1 && u64(8) == 0 && u64(16) == 100 && u32(24) == 10 && !memcmp(answer + 30, "host1", 5));
    CHECK(!ask(T_LOCK, "dbdqqds", 2, 2, 0, 40ull, 20ull, 10, "host1") && !answer[7]); /* a hole */
    CHECK(!ask(T_LOCK, "dbdqqds", 3, 1, 1, 45ull, 5ull, 11, "host2") && !answer[7] && !ask(T_LOCK, "dbdqqds", 3, 1, 1, 60ull, 5ull, 11, "host2") && answer[7] == 1);
    CHECK(!ask(T_GETLOCK, "dbqqds", 3, 0, 10ull, 5ull, 10, "host1") && answer[7] == 2 && !ask(T_GETLOCK, "dbqqds", 2, 0, 200ull, 5ull, 10, "host1") && answer[7] == 1 && u64(16) == 0);
    /* processes of one client: it has decided */
    CHECK(!ask(T_LOCK, "dbdqqds", 3, 1, 1, 0ull, 5ull, 99, "host1") && !answer[7] && !ask(T_GETLOCK, "dbqqds", 3, 1, 0ull, 10ull, 98, "host1") && answer[7] == 2);
    CHECK(!ask(T_LOCK, "dbdqqds", 3, 2, 1, 0ull, 5ull, 99, "host1") && !answer[7]);
    CHECK(ask(T_LOCK, "dbdqqds", 9, 1, 0, 0ull, 100ull, 10, "host1") == EBADF && !ask(T_LOCK, "dbdqqds", 2, 9, 0, 0ull, 1ull, 10, "") && answer[7] == 2);
    CHECK(!ask(T_LOCK, "dbdqqds", 2, 1, 0, 10ull, ~0ull, 10, "other") && answer[7] == 1); /* a range that wraps */
    unsigned n = 0;
    while (n < 5000 && !ask(T_LOCK, "dbdqqds", 2, 0, 0, 1000ull + 2 * n, 1ull, 11, "host2") && !answer[7])
        n++;
    CHECK(n > 2000 && n < 2100); /* each is two: it splits the one that ends nowhere */
    CHECK(!clunk(2) && !clunk(3) && !walk(1, 2, "f") && !ask(T_LOCK, "dbdqqds", 2, 1, 0, 0ull, 0ull, 12, "x") && !answer[7]); /* the last one gone */
    bench_free(b);
}

/* Mapped models: what the host has, and what the guest sees. */
static void mapped(const char *words, bool file)
{
    struct bench *b = start(words);
    struct stat st;
    uint32_t v = 0;
    char text[256];
    CHECK(!ask(T_ATTACH, "ddssd", 9, NOFID, "", "", 1000) && !ask(T_LCREATE, "dsddd", 9, "f", 0302, 04755, 77) && !clunk(9));
    CHECK(!walk(1, 2, "f") && stat(host("f"), &st) == 0 && st.st_mode == (S_IFREG | 0600));
    CHECK(!ask(T_GETATTR, "dq", 2, 0x7ffull) && u32(28) == (S_IFREG | 04755) && u32(32) == 1000 && u32(36) == 77);
    CHECK(!ask(T_SETATTR, "ddddd" "q" "qq" "qq", 2, 7, 0600, 5, 6, 0ull, 0ull, 0ull, 0ull, 0ull) && !ask(T_GETATTR, "dq", 2, 0x7ffull));
    CHECK(u32(28) == (S_IFREG | 0600) && u32(32) == 5 && u32(36) == 6 && lstat(host("f"), &st) == 0 && st.st_uid == getuid());
    if (file)
        CHECK(host_is(".virtfs_metadata/f", "virtfs.uid=5\nvirtfs.gid=6\nvirtfs.mode=33152\n"));
    else
        CHECK(getxattr(host("f"), "user.virtfs.uid", &v, 4) == 4 && v == 5 && getxattr(host("f"), "user.virtfs.mode", &v, 4) == 4 && v == 0100600);
    CHECK(!ask(T_SYMLINK, "dssd", 1, "l", "/etc/passwd", 0) && lstat(host("l"), &st) == 0 && S_ISREG(st.st_mode) && host_is("l", "/etc/passwd"));
    CHECK(!walk(1, 3, "l") && answer[9] == 2 && !ask(T_READLINK, "d", 3) && !memcmp(answer + 9, "/etc/passwd", 11) && ask(T_READLINK, "d", 2) == EINVAL && !clunk(3));
    CHECK(!ask(T_MKNOD, "dsdddd", 1, "n", S_IFBLK | 0640, 8, 3, 0) && lstat(host("n"), &st) == 0 && S_ISREG(st.st_mode) && !walk(1, 3, "n"));
    CHECK(!ask(T_GETATTR, "dq", 3, 0x7ffull) && u32(28) == (S_IFBLK | 0640) && u64(48) == makedev(8, 3) && !clunk(3));
    CHECK(!ask(T_MKDIR, "dsdd", 1, "dir", 01777, 0) && lstat(host("dir"), &st) == 0 && st.st_mode == (S_IFDIR | 0700) && !walk(1, 3, "dir"));
    CHECK(!ask(T_LINK, "dds", 3, 2, "hard") && !walk(3, 4, "hard") && !ask(T_GETATTR, "dq", 4, 0x7ffull) && u32(32) == 5 && !clunk(4));
    CHECK(!ask(T_RENAMEAT, "dsds", 1, "n", 3, "n2") && !walk(3, 4, "n2") && !ask(T_GETATTR, "dq", 4, 0x7ffull) && u32(28) == (S_IFBLK | 0640) && !clunk(4));
    if (file) {
        CHECK(walk(1, 5, ".virtfs_metadata") == ENOENT && walk(1, 5, ".virtfs_metadata_root") == ENOENT && ask(T_MKDIR, "dsdd", 1, ".virtfs_metadata", 0700, 0) == EINVAL);
        CHECK(ask(T_UNLINKAT, "dsd", 1, ".virtfs_metadata", 0x200) == ENOENT && ask(T_RENAMEAT, "dsds", 1, "f", 1, ".virtfs_metadata") == EINVAL);
        CHECK(!ask(T_WALK, "ddw", 1, 5, 0) && !ask(T_LOPEN, "dd", 5, 0) && !ask(T_READDIR, "dqd", 5, 0ull, 9000));
        for (uint32_t p = 0; p + 16 < u32(7); p++)
            CHECK(memcmp(answer + 11 + p, ".virtfs_metadata", 16) != 0);
        /* a way out by the metadata's folder or file */
        CHECK(!ask(T_MKDIR, "dsdd", 1, "trap", 0755, 0) && !walk(1, 6, "trap"));
        snprintf(text, sizeof text, "%s/trap/.virtfs_metadata", folder);
        CHECK(symlink(outside, text) == 0 && !ask(T_WALK, "ddw", 6, 7, 0) && ask(T_LCREATE, "dsddd", 7, "made", 0302, 0644, 0) > 0 && !there("trap/made"));
        snprintf(text, sizeof text, "%s/made", outside);
        CHECK(stat(text, &st) < 0);
        CHECK(!ask(T_UNLINKAT, "dsd", 3, "hard", 0) && !ask(T_UNLINKAT, "dsd", 3, "n2", 0) && !ask(T_UNLINKAT, "dsd", 1, "dir", 0x200) && !there("dir") && !there(".virtfs_metadata/dir"));
    } else {
        CHECK(ask(T_XATTRWALK, "dds", 2, 5, "user.virtfs.uid") == ENODATA && !ask(T_XATTRWALK, "dds", 2, 5, "") && !u64(7));
        CHECK(!ask(T_WALK, "ddw", 2, 6, 0) && !ask(T_XATTRCREATE, "dsqd", 6, "user.virtfs.mode", 0ull, 0) && clunk(6) == EACCES);
        CHECK(!ask(T_WALK, "ddw", 2, 6, 0) && !ask(T_XATTRCREATE, "dsqd", 6, "user.virtfs.mode", 0ull, 2) && clunk(6) == EACCES);
    }
    bench_free(b);
}

static void read_only(void)
{
    struct bench *b = start("security_model=none,readonly=on");
    host_file("f", "text");
    CHECK(!walk(1, 2, "f") && ask(T_LOPEN, "dd", 2, 1) == EROFS && ask(T_LOPEN, "dd", 2, 01000) == EROFS && !ask(T_LOPEN, "dd", 2, 0) && !ask(T_READ, "dqd", 2, 0ull, 9));
    CHECK(ask(T_MKDIR, "dsdd", 1, "d", 0700, 0) == EROFS && ask(T_UNLINKAT, "dsd", 1, "f", 0) == EROFS && ask(T_RENAMEAT, "dsds", 1, "f", 1, "g") == EROFS);
    CHECK(ask(T_SETATTR, "ddddd" "q" "qq" "qq", 2, 1, 0604, 0, 0, 0ull, 0ull, 0ull, 0ull, 0ull) == EROFS && ask(T_SYMLINK, "dssd", 1, "l", "x", 0) == EROFS);
    CHECK(ask(T_LINK, "dds", 1, 2, "g") == EROFS && ask(T_LCREATE, "dsddd", 1, "n", 0102, 0600, 0) == EROFS && !walk(1, 3, "f"));
    CHECK(ask(T_XATTRCREATE, "dsqd", 3, "user.x", 1ull, 0) == EROFS && ask(T_MKNOD, "dsdddd", 1, "n", S_IFIFO, 0, 0, 0) == EROFS && ask(T_REMOVE, "d", 3) == EROFS);
    CHECK(host_is("f", "text"));
    bench_free(b);
}

/* Sizes and strings that are not what they say; answers that have no room. */
static void malformed(void)
{
    struct bench *b = start("security_model=none");
    host_file("f", "text");
    CHECK(ask_room(T_CLUNK, 6, ROOM, "d", 1) == EMSGSIZE && ask_room(T_CLUNK, 1, ROOM, "d", 1) == EMSGSIZE && ask_room(T_CLUNK, 9, ROOM, "d", 1) != 0);
    CHECK(!ask_room(T_GETATTR, 0xffffffff, ROOM, "dq", 1, 0ull)); /* there is what there is */
    CHECK(!ask(T_VERSION, "ds", MSIZE, "9P2000.L") && !ask(T_ATTACH, "ddssd", 1, NOFID, "", "", 0));
    CHECK(ask(T_WALK, "ddww", 1, 2, 1, 60000) == EINVAL && ask(T_WALK, "ddww", 1, 2, 3, 0) > 0 && ask(T_WALK, "d", 1) == EINVAL && ask(T_ATTACH, "ddw", 3, NOFID, 9) == EINVAL);
    CHECK(ask(T_RENAMEAT, "dsd", 1, "f", 1) == EINVAL && ask(T_LINK, "d", 1) > 0 && ask(T_LOCK, "db", 1, 1) == EINVAL && ask(T_READ, "d", 1) > 0 && ask(T_WRITE, "d", 1) > 0);
    for (unsigned type = 0; type < 256; type++)
        if (type != T_VERSION && type != T_FLUSH)
            CHECK(ask(type, "") > 0);
    CHECK(ask_room(T_GETATTR, 0, 20, "dq", 1, 0x7ffull) == EMSGSIZE); /* the answer is 160 bytes */
    CHECK(!walk(1, 2, "f") && !ask(T_LOPEN, "dd", 2, 0) && ask_room(T_READ, 0, 10, "dqd", 2, 0ull, 100) == -1); /* not even for an error */
    CHECK(reg(&d, R_STATUS) & VIRTIO_NEEDS_RESET);
    drive(&d, 0, 1, 128);
    CHECK(ask(T_GETATTR, "dq", 1, 0x7ffull) == EINVAL && !ask(T_VERSION, "ds", MSIZE, "9P2000.L") && !ask(T_ATTACH, "ddssd", 1, NOFID, "", "", 0));
    memset(ram(b, BUFFERS_AT), 0, 64);
    put_chain(&d, 0, 0, (struct piece[]){ { BUFFERS_AT, 3, 0 }, { BUFFERS_AT + 64, 100, D_WRITE } }, 2, 0); /* shorter than a head */
    notify(&d, 0);
    pause_ms(20);
    CHECK(reg(&d, R_STATUS) & VIRTIO_NEEDS_RESET);
    bench_free(b);
}

/* Many messages at once, of the same fids; flushes; a reset in the middle. */
static void many(void)
{
    struct bench *b = start("security_model=none");
    static const char names[4][4] = { "m0", "m1", "m2", "m3" };
    for (unsigned round = 0; round < 60; round++) {
        for (slot = 0; slot < 24; slot++) {
            uint8_t *p = ram(b, BUFFERS_AT + slot * 4 * ROOM) + 7;
            unsigned k = slot & 3, n, type;
            switch ((slot + round) % 8) {
            case 0:
                type = T_MKDIR, memcpy(p, "\1\0\0\0\2\0", 6), memcpy(p + 6, names[k], 2), memset(p + 8, 0, 8), p[9] = 1, n = 16;
                break;
            case 1:
                type = T_WALK, memset(p, 0, 16), p[0] = 1, p[4] = (uint8_t)(20 + k), p[8] = 1, p[10] = 2, memcpy(p + 12, names[k], 2), n = 14;
                break;
            case 2:
                type = T_CLUNK, memset(p, 0, 4), p[0] = (uint8_t)(20 + k), n = 4;
                break;
            case 3:
                type = T_FLUSH, memset(p, 0, 2), p[0] = (uint8_t)(100 + slot - 3), n = 2;
                break;
            case 4:
                type = T_RENAMEAT, memset(p, 0, 16), p[0] = 1, p[4] = 2, memcpy(p + 6, names[k], 2), p[8] = 1, p[12] = 2, memcpy(p + 14, names[k ^ 1], 2), n = 16;
                break;
            case 5:
                type = T_UNLINKAT, memset(p, 0, 12), p[0] = 1, p[4] = 2, memcpy(p + 6, names[k], 2), p[9] = 2, n = 12;
                break;
            case 6:
                type = T_LOPEN, memset(p, 0, 8), p[0] = (uint8_t)(20 + k), n = 8;
                break;
            default:
                type = T_GETATTR, memset(p, 0xff, 12), memset(p, 0, 4), p[0] = (uint8_t)(20 + k), n = 12;
            }
            put(type, 100 + slot, 0, 4096, n);
        }
        if (round % 10 == 9) {
            drive(&d, 0, 1, 128); /* what is under way ends, and is not given back */
            CHECK(!ask(T_VERSION, "ds", MSIZE, "9P2000.L") && !ask(T_ATTACH, "ddssd", 1, NOFID, "", "", 0));
            continue;
        }
        unsigned order[24], at = 0;
        for (unsigned k = 0; k < 24; k++) {
            uint32_t n;
            int id = take_used(&d, 0, &n, 4);
            CHECK(id >= 0 && id % 4 == 0 && id / 4 < 24);
            order[id < 0 ? 0 : id / 4 % 24] = at++;
            slot = id < 0 ? 0 : (unsigned)id / 4 % 24;
            take(slot);
            CHECK(answer[5] == 100 + slot && got == n);
        }
        for (unsigned k = 3; k < 24; k++)
            if ((k + round) % 8 == 3)
                CHECK(order[k] > order[k - 3]); /* a Rflush comes after what it flushes */
    }
    bench_free(b);
}

/* The guest holds as many files as it may, and there are descriptors for others. The last chapter: the limit stays low. */
static void descriptors(void)
{
    struct rlimit few = { 300, 300 };
    unsigned n = 0;
    char name[16];
    if (setrlimit(RLIMIT_NOFILE, &few) < 0)
        return;
    struct bench *b = start("security_model=none");
    int rc = 0;
    for (; n < 400; n++) {
        snprintf(name, sizeof name, "f%u", n);
        host_file(name, "x");
        if ((rc = walk(1, 100 + n, name)))
            break;
    }
    CHECK(rc == EMFILE && n > 50 && n < 150);
    CHECK(ask(T_LOPEN, "dd", 100, 0) == EMFILE && !ask(T_WALK, "ddw", 100, 99, 0)); /* another fid of the same needs none */
    CHECK(!ask(T_WALK, "ddw", 1, 98, 0) && ask(T_LCREATE, "dsddd", 98, "new", 0102, 0600, 0) == EMFILE && !there("new"));
    int fd = open(folder, O_RDONLY);
    CHECK(fd >= 0 && !clunk(101) && !clunk(102) && !walk(1, 101, "f1") && !ask(T_LOPEN, "dd", 101, 0));
    close(fd);
    bench_free(b);
}

int main(int argc, char **argv)
{
    char command[200];
    const char *base = argc > 1 ? argv[1] : "/tmp";
    snprintf(folder, sizeof folder, "%.40s/myna-p9-%d", base, (int)getpid());
    snprintf(outside, sizeof outside, "%s-outside", folder);
    static const struct { void (*fn)(void); } chapters[] = { { versions }, { walks }, { escapes }, { files }, { names }, { attributes }, { xattrs }, { folders },
                                                            { locks }, { read_only }, { malformed }, { many }, { descriptors } };
    for (unsigned k = 0; k < 2 + sizeof chapters / sizeof *chapters; k++) {
        mkdir(folder, 0755);
        mkdir(outside, 0755);
        snprintf(command, sizeof command, "echo secret >%s/secret; chmod 755 %s", outside, folder);
        if (system(command))
            die(command);
        if (k < 2)
            mapped(k ? "security_model=mapped-file" : "security_model=mapped-xattr", k);
        else
            chapters[k - 2].fn();
        snprintf(command, sizeof command, "rm -rf %s %s", folder, outside);
        if (system(command))
            die(command);
    }
    printf(failures ? "%u failed\n" : "passed\n", failures);
    return failures != 0;
}
