/*
 * The process that the machine is: in the background, with its number in a file, as another user, confined. See process.c.
 */
#ifndef MYNA_PROCESS_H
#define MYNA_PROCESS_H

#include <stdbool.h>

struct sandbox { bool on, obsolete /* allowed */, no_elevation, no_spawn, no_resources; };

struct process_options {
    bool daemonize;
    const char *pidfile, *user, *root;
    struct sandbox sandbox;
};

/* Of -sandbox: "on[,obsolete=allow|deny][,elevateprivileges=allow|deny|children][,spawn=allow|deny][,resourcecontrol=allow|deny]". */
bool sandbox_parse(struct sandbox *s, const char *text);

/* Before the first thread. With -daemonize it returns in the child; the parent waits for process_ready, and ends with 0, or with 1 if
 * the child ends first. Makes the file of -pidfile. */
void process_begin(const struct process_options *o);
/* All files are open, no guest code runs yet: root, user, sandbox; with -daemonize the parent goes, and standard input and output
 * are nothing any more. */
void process_ready(const struct process_options *o);

#endif
