/*
 * binfmt.c: `myna binfmt`: the kernel runs foreign programs by myna (binfmt_misc).
 *
 * One entry per guest, myna-GUEST, made from the guest's ELF machine and class. Flags: O (myna gets the
 * program open), C (set-id programs get their rights), F (myna is opened now, so that it serves chroots
 * and containers that lack it), P (argv[0] is kept; the kernel says so in AT_FLAGS). With F an entry
 * holds the file of that moment: --install again after an update.
 *
 * The same line stands in /etc/binfmt.d, from where systemd-binfmt registers it at boot; its name sorts
 * behind qemu's, as the last entry wins. A user namespace has a binfmt_misc of its own since Linux 6.7:
 * there it is mounted first, and nothing persists.
 *
 * Sources: the kernel's admin-guide/binfmt-misc, binfmt.d(5).
 */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <dirent.h>
#include <sys/mount.h>
#include <unistd.h>

#include "command.h"

#define DIR_BINFMT "/proc/sys/fs/binfmt_misc"
#define DIR_BOOT "/etc/binfmt.d"
enum { MATCHED = offsetof(Elf64_Ehdr, e_machine) + 2 }; /* bytes of the ELF header that are compared */

static void entry_name(char *name, size_t n, const struct guest *g)
{
    snprintf(name, n, DIR_BINFMT "/myna-%s", g->name);
}

static void boot_name(char *name, size_t n, const struct guest *g)
{
    snprintf(name, n, DIR_BOOT "/zz-myna-%s.conf", g->name);
}

/* The first bytes of a program of this guest, and which bits of them count. */
static void guest_magic(const struct guest *g, uint8_t magic[MATCHED], uint8_t mask[MATCHED])
{
    memset(magic, 0, MATCHED);
    memset(mask, 0, MATCHED);
    memcpy(magic, ELFMAG, SELFMAG);
    magic[EI_CLASS] = g->elf_class;
    magic[EI_DATA] = ELFDATA2LSB;
    magic[EI_VERSION] = EV_CURRENT;
    memset(mask, 0xff, EI_VERSION + 1); /* any OS ABI: static programs have GNU's */
    magic[EI_NIDENT] = ET_EXEC;
    mask[EI_NIDENT] = 0xfe; /* ET_DYN too */
    mask[EI_NIDENT + 1] = 0xff;
    magic[EI_NIDENT + 2] = (uint8_t)g->elf_machine;
    magic[EI_NIDENT + 3] = (uint8_t)(g->elf_machine >> 8);
    mask[EI_NIDENT + 2] = mask[EI_NIDENT + 3] = 0xff;
}

static char *escape(char *to, const uint8_t *bytes)
{
    for (unsigned i = 0; i < MATCHED; i++)
        to += sprintf(to, "\\x%02x", bytes[i]);
    return to;
}

/* ":name:M::magic:mask:interpreter:flags", in both the kernel's and binfmt.d's form. */
static void register_line(char *line, size_t n, const struct guest *g, const char *interpreter)
{
    uint8_t magic[MATCHED], mask[MATCHED];
    char texts[2][4 * MATCHED + 1];

    guest_magic(g, magic, mask);
    escape(texts[0], magic);
    escape(texts[1], mask);
    snprintf(line, n, ":myna-%s:M::%s:%s:%s:OCFP", g->name, texts[0], texts[1], interpreter);
}

static int write_text(const char *path, const char *text, int flags)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
    int r = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        r = -errno;
    close(fd);
    return r;
}

/* Is this the host's first user namespace? Elsewhere the host's entries are only seen. */
static bool in_user_namespace(void)
{
    unsigned long in = 0, out = 0, count = 0;
    FILE *f = fopen("/proc/self/uid_map", "re");
    int n = f ? fscanf(f, "%lu %lu %lu", &in, &out, &count) : 0;

    if (f)
        fclose(f);
    return n == 3 && (in || out || count != 4294967295ul);
}

static bool usable(void) { return access(DIR_BINFMT "/register", W_OK) == 0; }

/* Makes the entries of this user namespace writable: 0 or -errno. */
static int mount_own(void)
{
    if (usable())
        return 0;
    if (mount("binfmt_misc", DIR_BINFMT, "binfmt_misc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        return -errno;
    return usable() ? 0 : -EACCES;
}

static int register_guest(const struct guest *g, const char *interpreter)
{
    char name[PATH_MAX], line[PATH_MAX + 512];

    entry_name(name, sizeof(name), g);
    if (access(name, F_OK) == 0)
        write_text(name, "-1", 0); /* an older one */
    register_line(line, sizeof(line), g, interpreter);
    return write_text(DIR_BINFMT "/register", line, 0);
}

bool binfmt_in_namespace(void)
{
    const struct abi *abi;
    bool all = mount_own() == 0;

    for (unsigned i = 0; all && (abi = elf_abi(i)); i++)
        all = register_guest(abi->guest, "/proc/self/exe") == 0;
    return all;
}

bool binfmt_registered(const char *guest)
{
    char name[PATH_MAX], line[64] = "";

    snprintf(name, sizeof(name), DIR_BINFMT "/myna-%s", guest);
    FILE *f = fopen(name, "re");
    if (!f)
        return false;
    bool on = fgets(line, sizeof(line), f) && !strncmp(line, "enabled", 7);
    fclose(f);
    return on;
}

/* --- status ---------------------------------------------------------------------------------- */

struct entry {
    bool enabled;
    char interpreter[PATH_MAX], flags[16];
    unsigned offset;
    char magic[512], mask[512]; /* hex digits */
};

static bool read_entry(const char *path, struct entry *e)
{
    char line[PATH_MAX + 32];
    FILE *f = fopen(path, "re");

    memset(e, 0, sizeof(*e));
    if (!f)
        return false;
    while (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = 0;
        if (!strcmp(line, "enabled"))
            e->enabled = true;
        sscanf(line, "interpreter %4095[^\n]", e->interpreter);
        sscanf(line, "flags: %15s", e->flags);
        sscanf(line, "offset %u", &e->offset);
        sscanf(line, "magic %511s", e->magic);
        sscanf(line, "mask %511s", e->mask);
    }
    fclose(f);
    return true;
}

static unsigned hex_byte(const char *text, unsigned i)
{
    unsigned v = 0xff;

    sscanf(text + 2 * i, "%2x", &v);
    return v;
}

/* Would the entry take a program of this guest? */
static bool entry_matches(const struct entry *e, const struct guest *g)
{
    uint8_t magic[MATCHED], mask[MATCHED];
    size_t n = strlen(e->magic) / 2;

    guest_magic(g, magic, mask);
    if (!e->enabled || !n || e->offset)
        return false;
    for (unsigned i = 0; i < n && i < MATCHED; i++)
        if (((hex_byte(e->magic, i) ^ magic[i]) & (*e->mask ? hex_byte(e->mask, i) : 0xff)))
            return false;
    return true;
}

/* Calls a line for each other entry that takes the guest's programs; their number. */
static unsigned print_others(const struct guest *g)
{
    DIR *d = opendir(DIR_BINFMT);
    unsigned n = 0;

    for (struct dirent *de; d && (de = readdir(d));) {
        char path[PATH_MAX];
        struct entry e;
        if (de->d_name[0] == '.' || !strncmp(de->d_name, "myna-", 5))
            continue;
        snprintf(path, sizeof(path), DIR_BINFMT "/%s", de->d_name);
        if (read_entry(path, &e) && entry_matches(&e, g)) {
            printf("  %s (%s) takes these programs too: the entry registered last wins\n", de->d_name,
                   e.interpreter);
            n++;
        }
    }
    if (d)
        closedir(d);
    return n;
}

static int status(void)
{
    const struct abi *abi;
    int result = 0;

    if (access(DIR_BINFMT "/status", F_OK)) {
        puts("binfmt_misc is not mounted on " DIR_BINFMT);
        return 1;
    }
    for (unsigned i = 0; (abi = elf_abi(i)); i++) {
        const struct guest *g = abi->guest;
        char name[PATH_MAX];
        struct entry e;
        entry_name(name, sizeof(name), g);
        if (!read_entry(name, &e)) {
            printf("%s: not registered\n", g->name);
            result = 1;
        } else {
            printf("%s: %s, flags %s, interpreter %s\n", g->name,
                   e.enabled ? "registered" : "registered but disabled", e.flags, e.interpreter);
        }
        boot_name(name, sizeof(name), g);
        if (access(name, F_OK) == 0)
            printf("  at boot by %s\n", name);
        print_others(g);
    }
    return result;
}

/* --- install, remove ------------------------------------------------------------------------- */

static void keep_at_boot(const struct guest *g, const char *interpreter)
{
    char name[PATH_MAX], line[PATH_MAX + 512];

    boot_name(name, sizeof(name), g);
    register_line(line, sizeof(line) - 1, g, interpreter);
    strcat(line, "\n");
    mkdir(DIR_BOOT, 0755);
    int r = write_text(name, line, O_CREAT | O_TRUNC);
    if (r < 0)
        user_error("binfmt: %s: %s: the registration lasts until the next boot", name, strerror(-r));
    else
        printf("  at boot by %s\n", name);
}

static int install(void)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    bool own = in_user_namespace();
    const struct abi *abi;
    int r = mount_own();

    if (n <= 0)
        user_die(1, "binfmt: /proc is needed");
    self[n] = 0;
    if (r == -ENODEV || r == -ENOENT)
        user_die(1, "binfmt: the kernel has no binfmt_misc (try: modprobe binfmt_misc)");
    if (r == -EPERM && own)
        user_die(1, "binfmt: a binfmt_misc of this user namespace can't be mounted: Linux 6.7 or later, "
                 "and the right to mount are needed");
    if (r)
        user_die(1, "binfmt: " DIR_BINFMT ": %s: root's rights are needed", strerror(-r));
    for (unsigned i = 0; (abi = elf_abi(i)); i++) {
        r = register_guest(abi->guest, self);
        if (r)
            user_die(1, "binfmt: %s: registration refused: %s", abi->guest->name, strerror(-r));
        printf("%s: registered, interpreter %s%s\n", abi->guest->name, self,
               own ? ", in this user namespace" : "");
        if (!own)
            keep_at_boot(abi->guest, self);
        print_others(abi->guest);
    }
    return 0;
}

static int uninstall(void)
{
    const struct abi *abi;
    int result = 0;

    for (unsigned i = 0; (abi = elf_abi(i)); i++) {
        const struct guest *g = abi->guest;
        char name[PATH_MAX];
        int r;
        entry_name(name, sizeof(name), g);
        r = access(name, F_OK) ? 0 : write_text(name, "-1", 0);
        if (r == 0) {
            boot_name(name, sizeof(name), g);
            if (!in_user_namespace() && unlink(name) < 0 && errno != ENOENT)
                r = -errno;
        }
        if (r)
            user_error("binfmt: %s: %s", name, strerror(-r));
        else
            printf("%s: not registered\n", g->name);
        result |= r != 0;
    }
    return result;
}

int command_binfmt(struct options *o, int argc, char **argv, char **envp)
{
    static const struct { const char *name; int (*run)(void); } actions[] = {
        {"--install", install}, {"--remove", uninstall}, {"--status", status},
    };

    for (unsigned i = 0; argc == 2 && i < sizeof(actions) / sizeof(*actions); i++)
        if (!strcmp(argv[1], actions[i].name))
            return actions[i].run();
    user_die(1, "binfmt: one of --install, --remove and --status is needed");
}
