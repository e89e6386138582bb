/*
 * myna-img: the commands, messages, progress and signals. See img.h.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "image.h"
#include "img.h"

#ifndef MYNA_VERSION
#define MYNA_VERSION "0.1"
#endif

#define COMMAND(name, ...) int command_##name(const struct args *a);
#include "commands.def"
#undef COMMAND
#define COMMAND(name, files, min, max, help) { #name, files, min, max, command_##name, help },
const struct command commands[COMMANDS] = {
#include "commands.def"
};
#undef COMMAND

/* ------------------------------------------------------------------------- messages */

int complain(const char *fmt, ...)
{
    va_list ap;
    fflush(stdout);
    fputs("myna-img: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return 1;
}

void say(const struct args *a, const char *fmt, ...)
{
    va_list ap;
    if (has(a, OPT_quiet))
        return;
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
}

/* ------------------------------------------------------------------------- progress */

static struct { bool on; volatile sig_atomic_t asked; double shown; } progress;

static void asked(int signal) { progress.asked = 1; }

static void show(double percent)
{
    progress.shown = percent;
    printf("    (%.2f/100%%)\r", percent);
    fflush(stdout);
}

void progress_begin(const struct args *a)
{
    struct sigaction s = { .sa_handler = asked, .sa_flags = SA_RESTART };
    sigaction(SIGUSR1, &s, NULL);
    progress.on = has(a, OPT_progress) && !has(a, OPT_quiet);
    if (progress.on)
        show(0);
}

void progress_show(uint64_t done, uint64_t total)
{
    double percent = total ? (double)done / (double)total * 100 : 100;
    if ((progress.on && percent >= progress.shown + 1) || progress.asked) {
        progress.asked = 0;
        show(percent);
    }
}

void progress_end(void)
{
    if (progress.on) {
        show(100);
        putchar('\n');
    }
}

/* -------------------------------------------------------------------------- signals */

static volatile sig_atomic_t came;

static void caught(int signal) { came = signal; }

void signals_catch(void)
{
    static const int which[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction s = { .sa_handler = caught, .sa_flags = SA_RESETHAND };
    for (unsigned k = 0; k < sizeof which / sizeof *which; k++)
        sigaction(which[k], &s, NULL);
}

bool signals_came(void) { return came; }

void signals_raise(void)
{
    fflush(stdout);
    signal(came, SIG_DFL);
    raise(came);
}

/* ----------------------------------------------------------------------------- main */

static void help(void)
{
    printf("Usage: myna-img COMMAND [OPTIONS] ...\n\n");
    for (const struct command *c = commands; c < commands + COMMANDS; c++)
        printf("  %-10s %s\n", c->name, c->help);
    printf("\nmyna-img COMMAND --help lists its options. Sizes take a suffix k, M, G, T, P or E.\n\nSupported formats:");
    for (unsigned k = 0; image_formats[k]; k++)
        printf(" %s", image_formats[k]);
    printf("\n");
}

static const char *next_command(void *arg)
{
    unsigned *k = arg;
    return *k < COMMANDS ? commands[(*k)++].name : NULL;
}

static int run(const struct command *c, int argc, char **argv)
{
    struct args a;
    for (int k = 0; k < argc && strcmp(argv[k], "--"); k++)
        if (!strcmp(argv[k], "--help") || !strcmp(argv[k], "-h")) {
            printf("Usage: myna-img %s [OPTIONS] %s\n\n%s:\n", c->name, c->files, c->help);
            args_help(c, stdout);
            return 0;
        }
    int status = args_parse(&a, c, argc, argv) ? c->run(&a) : c == &commands[COMMAND_compare] ? 2 : 1;
    args_free(&a);
    if (fflush(stdout) || ferror(stdout))
        return complain("standard output: it can't be written");
    if (signals_came())
        signals_raise();
    return status;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2)
        return complain("no command is given (myna-img --help lists them)");
    const char *name = argv[1];
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "-help") || !strcmp(name, "help")) {
        help();
        return 0;
    }
    if (!strcmp(name, "--version") || !strcmp(name, "-V") || !strcmp(name, "-version")) {
        printf("myna-img version %s\n", MYNA_VERSION);
        return 0;
    }
    if (!strcmp(name, "bitmap"))
        return complain("bitmap: persistent bitmaps are not there");
    if (name[0] == '-')
        return complain("no option %s stands before the command (myna-img --help)", name);
    for (const struct command *c = commands; c < commands + COMMANDS; c++)
        if (!strcmp(c->name, name))
            return run(c, argc - 2, argv + 2);
    unsigned k = 0;
    const char *near = nearest(name, next_command, &k);
    return complain("there is no command %s%s%s (myna-img --help)", name, near ? "; the nearest is " : "", near ? near : "");
}
