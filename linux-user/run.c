/*
 * run.c: `myna run --rootfs DIR PROGRAM`: a foreign root as a place to work in, without root.
 *
 * rootns.c and rootfs.c make DIR the root folder of a new process, with user, mount and process
 * namespaces. Here are the options, the environment inside, and the start of the first program: what is
 * foreign is run in this very process, a script's interpreter is looked up, what is the host's is
 * executed. Every further program comes by execve.c, so that binfmt_misc isn't needed.
 *
 * The environment inside is small on purpose: what the caller has set is about another system. Where
 * nothing else is said, options of myna itself (-cpu, -strace, ...) are taken too and last for all
 * programs inside.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "guest_process.h"
#include "path.h"
#include "rootns.h"

enum kind { STR, ON, CALL };

struct run_options {
    const char *rootfs, *workdir;
    struct bind *binds;
    unsigned nbinds;
    bool share_pid, one_id, translate;
    struct options *o;
};

static void run_help(struct run_options *r, const char *arg);

/* --- options --------------------------------------------------------------------------------- */

static void run_bind(struct run_options *r, const char *arg)
{
    char *from = strdup(arg), *to, *mode;
    struct bind *b = realloc(r->binds, (r->nbinds + 1) * sizeof(*b));

    if (!from || !b)
        user_die(1, "no memory");
    r->binds = b;
    b += r->nbinds++;
    to = strchr(from, ':');
    mode = to ? strchr(to + 1, ':') : NULL;
    if (mode) {
        *mode++ = 0;
        if (strcmp(mode, "ro") && strcmp(mode, "rw"))
            user_die(1, "option --bind: '%s' is neither ro nor rw", mode);
    }
    if (to)
        *to++ = 0;
    b->read_only = mode && !strcmp(mode, "ro");
    b->from = realpath(from, NULL);
    if (!b->from)
        user_die(1, "option --bind: %s: %s", from, strerror(errno));
    b->to = to && *to ? to : b->from;
    if (b->to[0] != '/')
        user_die(1, "option --bind: '%s' is not an absolute path", b->to);
}

static void run_env(struct run_options *r, const char *arg)
{
    const char *value = strchr(arg, '=') ? NULL : getenv(arg);
    char *s;

    if (strchr(arg, '='))
        s = strdup(arg);
    else if (!value)
        return;
    else if (asprintf(&s, "%s=%s", arg, value) < 0)
        s = NULL;
    if (!s)
        user_die(1, "no memory");
    options_put_env(r->o, s);
}

static const struct row {
    const char *name, *letter, *arg;
    enum kind kind;
    size_t field;
    void (*call)(struct run_options *, const char *);
    const char *help;
} rows[] = {
#define FIELD_STR(f) offsetof(struct run_options, f), NULL
#define FIELD_ON(f) offsetof(struct run_options, f), NULL
#define FIELD_CALL(f) 0, run_##f
#define RUN(n, l, a, k, f, h) { n, l, a, k, FIELD_##k(f), h },
#include "run.def"
};
enum { NROWS = sizeof(rows) / sizeof(*rows) };

static void run_help(struct run_options *r, const char *arg)
{
    puts("usage: myna run --rootfs DIR [OPTIONS] PROGRAM [ARGUMENTS...]\n"
         "Runs a program with DIR as its root folder, without root and without binfmt_misc.\n");
    for (unsigned i = 0; i < NROWS; i++) {
        char left[64];
        snprintf(left, sizeof(left), "%s%s--%s %s", *rows[i].letter ? "-" : "", rows[i].letter,
                 rows[i].name, rows[i].arg);
        printf("%-24s %s\n", left, rows[i].help);
    }
    puts("\nBeside these the options of `myna -help`, for all programs inside.");
    exit(0);
}

/* One option at argv[at], of run.def or options.def; the index of what follows. */
static int take(struct run_options *r, int argc, char **argv, int at)
{
    const char *name = argv[at] + 1;
    bool is_long = *name == '-';
    unsigned i;

    name += is_long;
    for (i = 0; i < NROWS; i++)
        if (!strcmp(rows[i].name, name) || (!is_long && !strcmp(rows[i].letter, name)))
            break;
    if (i == NROWS)
        return options_take(r->o, argc, argv, at);
    if (*rows[i].arg && at + 1 == argc)
        user_die(1, "option %s needs an argument (%s)", argv[at], rows[i].arg);
    const char *arg = *rows[i].arg ? argv[++at] : "";
    void *field = (char *)r + rows[i].field;
    switch (rows[i].kind) {
    case STR: *(const char **)field = arg; break;
    case ON: *(bool *)field = true; break;
    case CALL: rows[i].call(r, arg); break;
    }
    return at + 1;
}

/* --- the environment inside ------------------------------------------------------------------ */

static const char *const passed[] = { /* what says how to reach the network and the terminal */
    "TERM", "COLORTERM", "http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "HTTP_PROXY",
    "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY",
};

static void small_environment(struct run_options *r)
{
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    static char home[] = "HOME=/root", container[] = "container=myna";

    options_put_env(r->o, path);
    options_put_env(r->o, home);
    options_put_env(r->o, container); /* what container managers say to those inside */
    for (unsigned i = 0; i < sizeof(passed) / sizeof(*passed); i++)
        run_env(r, passed[i]);
}

static const char *env_value(const struct options *o, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < o->nenv; i++)
        if (!strncmp(o->env[i], name, n) && o->env[i][n] == '=')
            return o->env[i] + n + 1;
    return NULL;
}

/* --- the first program ----------------------------------------------------------------------- */

/* The name by which this process finds a file of the root: as it is, or in buf. */
static const char *here(const struct options *o, const char *name, char *buf)
{
    struct process p = { .prefix = o->prefix, .rooted = true };

    if (!o->rooted)
        return name;
    if (path_init(&p) < 0)
        user_die(1, "no memory");
    name = rootname_host(&p, name, buf, true);
    close(path_prefix_fd(&p));
    return name;
}

/* Where PATH finds a program, malloc'd; ends the process if it is nowhere. */
static char *find_program(const struct options *o, const char *name)
{
    const char *path = env_value(o, "PATH");
    bool found = false;
    char *full;

    if (strchr(name, '/') || !path || !*name)
        return strdup(name);
    for (const char *end; *path; path = end + (*end == ':')) {
        struct stat st;
        char buf[PATH_MAX];
        const char *host;
        end = strchrnul(path, ':');
        int n = (int)(end - path);
        if (asprintf(&full, "%.*s%s%s", n, path, n ? "/" : "", name) < 0)
            user_die(1, "no memory");
        host = here(o, full, buf);
        if (stat(host, &st) == 0 && S_ISREG(st.st_mode)) {
            if (access(host, X_OK) == 0)
                return full;
            found = true;
        }
        free(full);
    }
    user_die(found ? 126 : 127, "%s: %s inside the root", name,
             found ? "may not be executed" : "there is no such program");
}

/* Puts the interpreter of the script argv[0] and its argument in front: a new array. */
static char **through_interpreter(char *head, size_t n, char **argv)
{
    char *interp, *arg;
    size_t count = 0;

    if (!execve_parse_script(head, n, &interp, &arg))
        user_die(126, "%s: a script without an interpreter", argv[0]);
    while (argv[count])
        count++;
    char **more = malloc((count + 3) * sizeof(*more)), **at = more;
    if (!more)
        user_die(1, "no memory");
    *at++ = strdup(interp);
    if (arg)
        *at++ = strdup(arg);
    memcpy(at, argv, (count + 1) * sizeof(*at));
    return more;
}

/* Runs argv[0], already found, inside the root, whatever kind of program it is. */
static _Noreturn void start_program(struct options *o, char **argv)
{
    for (unsigned scripts = 0; scripts <= 5; scripts++) {
        char head[257], why[256], buf[PATH_MAX];
        const char *host = here(o, argv[0], buf);
        int fd = open(host, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
            user_die(errno == ENOENT || errno == ENOTDIR ? 127 : 126, "%s: %s inside the root", argv[0],
                     strerror(errno));
        if (access(host, X_OK))
            user_die(126, "%s: may not be executed", argv[0]);
        ssize_t n = pread(fd, head, sizeof(head) - 1, 0);
        if (n >= 2 && head[0] == '#' && head[1] == '!') {
            head[n] = 0;
            close(fd);
            argv = through_interpreter(head, (size_t)n, argv);
            continue;
        }
        bool foreign = elf_recognise(fd, why, sizeof(why));
        close(fd);
        if (foreign)
            user_start(o, argv);
        execve(host, argv, o->env);
        user_die(126, "%s: %s", argv[0], errno == ENOEXEC ? why : strerror(errno));
    }
    user_die(126, "%s: %s", argv[0], strerror(ELOOP));
}

/* Where namespaces can't be had: the root by names (rootname.c). */
static void translate_names(struct options *o, const struct root *root, const char *why)
{
    char folder[PATH_MAX], buf[PATH_MAX];

    if (root->nbinds)
        user_die(1, "run: --bind needs namespaces, and the host refuses them: %s", why);
    user_error("run: without namespaces (%s): names are translated, see docs/containers.md", why);
    o->prefix = root->dir;
    o->rooted = true;
    options_repeat(o, "-L");
    options_repeat(o, root->dir);
    options_repeat(o, "-rooted");
    snprintf(folder, sizeof(folder), "%s", here(o, root->workdir, buf));
    if (chdir(folder) < 0)
        user_die(1, "option -w: %s: %s", root->workdir, strerror(errno));
}

int command_run(struct options *o, int argc, char **argv, char **envp)
{
    struct run_options r = { .o = o };
    struct root root = { .dir = NULL };
    static char *empty[] = { NULL };
    char why[PATH_MAX + 128];
    int at = 1;

    options_start(o, "myna", envp, empty);
    small_environment(&r);
    while (at < argc && argv[at][0] == '-') {
        if (!strcmp(argv[at], "--")) {
            at++;
            break;
        }
        at = take(&r, argc, argv, at);
    }
    if (!r.rootfs)
        user_die(1, "run: --rootfs DIR is needed; `myna run --help` lists the options");
    if (at >= argc)
        user_die(1, "run: no program given");
    if (o->prefix || o->self_fd)
        user_die(1, "run: -L makes no sense with --rootfs");
    root.dir = realpath(r.rootfs, NULL);
    if (!root.dir)
        user_die(1, "option --rootfs: %s: %s", r.rootfs, strerror(errno));
    if (!strcmp(root.dir, "/"))
        user_die(1, "option --rootfs: / is the root already");
    root.workdir = r.workdir ? r.workdir : "/";
    if (root.workdir[0] != '/')
        user_die(1, "option -w: '%s' is not an absolute path", root.workdir);
    root.binds = r.binds;
    root.nbinds = r.nbinds;
    root.share_pid = r.share_pid;
    root.one_id = r.one_id;
    int err = 1;
    snprintf(why, sizeof(why), "--translate");
    if (!r.translate)
        err = rootns_enter(&root, why, sizeof(why));
    if (err)
        translate_names(o, &root, why);
    if (err ? geteuid() != 0 : !root.all_ids)
        o->ids = "0,0,0,0,0,0,0,0"; /* the others are kept by owner.c */
    argv[at] = find_program(o, argv[at]);
    start_program(o, argv + at);
}
