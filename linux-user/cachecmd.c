/*
 * `myna cache --status|--clear [--dir DIR]`: what the persistent cache holds; empties it.
 *
 * A folder that the cache itself would not use isn't touched.
 */
#include <stdlib.h>
#include "command.h"

static int usage(void)
{
    fputs("usage: myna cache --status|--clear [--dir DIR]\n"
          "Shows or empties the folder of translations kept for later runs (MYNA_CACHE, else\n"
          "$XDG_CACHE_HOME/myna, else ~/.cache/myna).\n", stderr);
    return 1;
}

int command_cache(struct options *o, int argc, char **argv, char **envp)
{
    const char *own = getenv("MYNA_CACHE"), *env = own ? own : getenv("QEMU_CACHE"), *dir;
    bool clear = false, status = false;
    unsigned files = 0;
    int64_t bytes;

    dir = env && *env ? env : options_default_cache(envp);
    for (int k = 1; k < argc; k++) {
        if (!strcmp(argv[k], "--status"))
            status = true;
        else if (!strcmp(argv[k], "--clear"))
            clear = true;
        else if (!strcmp(argv[k], "--dir") && k + 1 < argc)
            dir = argv[++k];
        else
            return usage();
    }
    if (!status && !clear)
        return usage();
    if (!dir || !strcmp(dir, "off")) {
        puts("no persistent cache: neither HOME nor MYNA_CACHE names a folder");
        return 0;
    }
    bytes = engine_cache_usage(dir, clear, &files);
    if (bytes == -ENOENT)
        bytes = 0;
    if (bytes < 0)
        user_die(1, "%s: %s", dir, bytes == -EPERM ? "belongs to another user, or others can write to it"
                                                   : strerror((int)-bytes));
    printf("%s: %u files, %.1f MiB\n", dir, files, (double)bytes / (1 << 20));
    return 0;
}
