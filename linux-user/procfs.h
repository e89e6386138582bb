/*
 * procfs.c, proc_maps.c and proc_task.c among themselves: the files of /proc that show the guest.
 */
#ifndef MYNA_PROCFS_H
#define MYNA_PROCFS_H

#include "user.h"

/* A file below /proc/PID or /proc/PID/task/TID. */
struct proc_ref {
    pid_t pid;
    bool self;         /* pid is this process */
    pid_t tid;         /* named through a task folder; 0: of the process */
    const char *name;  /* what follows, e.g. "maps" */
    uint64_t code;     /* of another guest process: the start of its code in the host */
};

/* Writers of one file each: 0 or -errno. */
int proc_make_maps(struct thread *t, const struct proc_ref *ref, FILE *out);
int proc_make_maps_of_other(struct thread *t, const struct proc_ref *ref, FILE *out);
int proc_make_smaps(struct thread *t, const struct proc_ref *ref, FILE *out);
int proc_make_smaps_rollup(struct thread *t, const struct proc_ref *ref, FILE *out);
int proc_make_numa_maps(struct thread *t, const struct proc_ref *ref, FILE *out);
int proc_make_stat(struct thread *t, const struct proc_ref *ref, FILE *out);
int proc_make_statm(struct thread *t, const struct proc_ref *ref, FILE *out);
int proc_make_status(struct thread *t, const struct proc_ref *ref, FILE *out);

/* procmem.c: fd is this process's mem or pagemap, just opened. */
void procmem_opened(struct thread *t, int fd, bool pagemap);

/* The host's file of that name, for reading, or NULL with errno. */
FILE *proc_open_host(const struct proc_ref *ref);

#endif
