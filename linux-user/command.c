/*
 * command.c: the table of commands (commands.def), looked up and printed.
 */
#include "command.h"

static const struct command commands[] = {
#define COMMAND(n, u, h) { #n, u, h, command_##n },
#include "commands.def"
};
enum { NCOMMANDS = sizeof(commands) / sizeof(*commands) };

const struct command *command_find(const char *name)
{
    for (unsigned i = 0; i < NCOMMANDS; i++)
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    return NULL;
}

void commands_print(void)
{
    for (unsigned i = 0; i < NCOMMANDS; i++)
        printf("       myna %s %s\n         %s\n", commands[i].name, commands[i].usage,
               commands[i].help);
    putchar('\n');
}
