/*
 * The commands of myna: `myna run`, `myna binfmt`, `myna doctor`, `myna cache`.
 */
#ifndef MYNA_COMMAND_H
#define MYNA_COMMAND_H

#include "options.h"

struct command {
    const char *name, *usage, *help;
    /* argv[0] is the command's name. Returns the exit status. o holds nothing but set_id yet. */
    int (*run)(struct options *o, int argc, char **argv, char **envp);
};

/* The command of this name, or NULL. */
const struct command *command_find(const char *name);
/* Their lines of -help, on stdout. */
void commands_print(void);

#define COMMAND(n, u, h) int command_##n(struct options *o, int argc, char **argv, char **envp);
#include "commands.def"

/* main.c: runs argv[0], a guest program's path, with argv as arguments. */
_Noreturn void user_start(struct options *o, char **argv);

/* --- what the commands share ----------------------------------------------------------------- */

/* binfmt.c: mounts this user namespace's own binfmt_misc and registers myna in it, for programs of the
 * host that start foreign ones. False: the kernel has no such thing (before 6.7), or refuses. */
bool binfmt_in_namespace(void);
/* binfmt.c: is myna registered for the guest where this process would find it? */
bool binfmt_registered(const char *guest);

/* rootns.c: ranges of subordinate ids of the caller (/etc/subuid, /etc/subgid): their sum, 0 if there
 * are none. */
unsigned long subordinate_ids(const char *file);
/* rootns.c: the folder of newuidmap and newgidmap is on PATH, or not. */
bool idmap_helpers(void);

#endif
