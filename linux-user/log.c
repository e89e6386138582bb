/*
 * What myna says: log categories (-d), the log file (-D), and errors on stderr.
 *
 * An error is one line "myna: ...". The log goes to stderr until -D names a file, whose descriptor
 * is then hidden from the guest. In the file's name %d is the process number.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include "user.h"

static const struct { const char *name; unsigned bits; const char *text; } categories[] = {
    {"in_asm", LOG_IN_ASM, "guest code of each translation"},
    {"ir", LOG_IR, "intermediate code"},
    {"op", LOG_IR, "the same"},
    {"opt", LOG_OPT, "intermediate code after optimisation"},
    {"op_opt", LOG_OPT, "the same"},
    {"out_asm", LOG_OUT_ASM, "host code of each translation"},
    {"exec", LOG_EXEC, "each translation that is entered"},
    {"cpu", LOG_CPU, "registers before each translation"},
    {"int", LOG_INT, "faults and fatal signals"},
    {"unimp", LOG_UNIMP, "what the guest asks for and myna doesn't support"},
    {"guest_errors", LOG_UNIMP, "the same"},
    {"strace", LOG_STRACE, "system calls"},
    {"page", LOG_PAGE, "memory layout at the start"},
    {"stats", LOG_STATS, "statistics of the engine at exit"},
    {"prof", LOG_PROF, "where the time went, at exit: hot regions, exits, helpers"},
    {"prof_asm", LOG_PROF | LOG_PROF_ASM, "the same, with guest and host code of the ten hottest"},
    {"nochain", LOG_EXEC, "the same as exec"},
};
enum { NCATEGORIES = sizeof(categories) / sizeof(*categories) };

bool log_parse(const char *list)
{
    while (*list) {
        size_t n = strcspn(list, ",");
        unsigned i;
        if (n == 4 && !memcmp(list, "help", 4)) {
            for (i = 0; i < NCATEGORIES; i++)
                printf("%-14s %s\n", categories[i].name, categories[i].text);
            exit(0);
        }
        for (i = 0; i < NCATEGORIES; i++)
            if (strlen(categories[i].name) == n && !memcmp(list, categories[i].name, n))
                break;
        if (i == NCATEGORIES)
            return false;
        log_mask |= categories[i].bits;
        list += n + (list[n] == ',');
    }
    return true;
}

int log_open(struct process *p, const char *path, bool append)
{
    char name[PATH_MAX];
    const char *pct = strstr(path, "%d");
    int fd;

    if (pct)
        snprintf(name, sizeof(name), "%.*s%d%s", (int)(pct - path), path, (int)getpid(), pct + 2);
    else
        snprintf(name, sizeof(name), "%s", path);
    fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND | (append ? 0 : O_TRUNC), 0666);
    if (fd < 0)
        return -errno;
    log_file = fdopen(fd_hide(p, fd), "a");
    if (!log_file)
        return -ENOMEM;
    setvbuf(log_file, NULL, _IOLBF, 0);
    return 0;
}

static void message(FILE *f, const char *fmt, va_list ap)
{
    char line[1024];
    int n = snprintf(line, sizeof(line), "myna: ");

    n += vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
    if (n > (int)sizeof(line) - 2)
        n = sizeof(line) - 2;
    for (int i = 0; i < n; i++) /* a file's name may hold anything, a message is one line */
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[n++] = '\n';
    fwrite(line, 1, (size_t)n, f);
    fflush(f);
}

void log_unimp(const char *fmt, ...)
{
    va_list ap;

    if (!(log_mask & (LOG_UNIMP | LOG_STRACE)))
        return;
    va_start(ap, fmt);
    message(log_file ? log_file : stderr, fmt, ap);
    va_end(ap);
}

void user_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    message(stderr, fmt, ap);
    va_end(ap);
}

void user_die(int status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    message(stderr, fmt, ap);
    va_end(ap);
    _exit(status);
}
