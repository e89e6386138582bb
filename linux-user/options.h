/*
 * The command line and environment of myna's user mode.
 */
#ifndef MYNA_OPTIONS_H
#define MYNA_OPTIONS_H

#include "user.h"

#define MYNA_VERSION "0.1"

struct options {
    const char *prefix, *argv0, *cpu, *uname, *ids, *log_name, *log_append, *gdb, *watchdog;
    const char *execfn;       /* the file name of execve, if not the program's: AT_EXECFN */
    const char *kept_limits;  /* execstate.c */
    uint64_t stack_size, guest_base, reserved, cache_size, region_blocks;
    uint64_t self_fd;         /* myna as an open descriptor (execve.c); 0: none */
    uint64_t stress;          /* seed; 0: none */
    unsigned without;         /* techniques left out */
    char *host_features;      /* "-avx2,..."; NULL: as they are */
    bool cache_given;         /* -cache or its variable */
    bool rooted, strace, one_insn, perfmap, interp, backtrace;
    bool in_environment;      /* the environment is being read */
    uint64_t strace_hidden[8]; /* strace_select */
    bool tier2_always;
    const char *persist_dir;  /* of the persistent cache; NULL: none */
    uint64_t persist_size;
    const char *self;         /* myna's name as it was called */
    bool binfmt;              /* argv may be binfmt_misc's: no option was given */
    bool set_id;              /* the environment isn't believed */
    char **env;               /* the guest's environment: malloc'd, NULL-terminated */
    size_t nenv;
    char **repeat;            /* options to pass on at execve */
    unsigned nrepeat;
};

/* Reads environment and command line. Returns the index of the program in argv; bad usage, -help
 * and the like end the process. */
int options_parse(struct options *o, int argc, char **argv, char **envp);
/* The same in steps, for a command with options of its own. start: variables QEMU_X and MYNA_X out of
 * vars; env becomes the guest's environment. take: one option at argv[at]; index of what follows. */
void options_start(struct options *o, const char *self, char **vars, char **env);
int options_take(struct options *o, int argc, char **argv, int at);
/* Sets VAR=VALUE (kept, not copied) in the guest's environment; false: it has no '='. */
bool options_put_env(struct options *o, char *s);
/* The folder of the persistent cache if no option names one: by $XDG_CACHE_HOME or $HOME, else NULL. */
const char *options_default_cache(char **envp);
/* Adds to the options that the next myna gets. */
void options_repeat(struct options *o, const char *s);
/* The next myna goes on with the same log file. */
void options_repeat_log(struct options *o, const char *name);

#endif
