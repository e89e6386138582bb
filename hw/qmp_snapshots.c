/*
 * QMP's snapshot-save, snapshot-load, snapshot-delete, and the jobs that they are.
 *
 * A job does its work when the command's answer is out, in one piece; the machine stands still meanwhile. It is there, concluded, until
 * somebody dismisses it.
 */
#include <stdlib.h>
#include <string.h>

#include "monitor/qmp.h"
#include "qmp_rows.h"
#include "snapshots.h"

enum { DISKS = 64 };

struct job {
    struct job *next;
    struct machine *machine;
    char *id, *tag, *vmstate;
    const char *type, *status;
    bool done;
    char error[512];
    unsigned ndisks;
    char *disks[DISKS + 1];
};
static struct job *jobs; /* under the machine's lock */

static void free_job(struct job *j)
{
    for (unsigned k = 0; k < j->ndisks; k++)
        free(j->disks[k]);
    free(j->id);
    free(j->tag);
    free(j->vmstate);
    free(j);
}

static void set_status(struct job *j, const char *status)
{
    j->status = status;
    machine_event(j->machine, "JOB_STATUS_CHANGE", "{s:s,s:s}", "status", status, "id", j->id);
}

static void work(void *arg)
{
    struct job *j = arg;
    const char *const *disks = (const char *const *)j->disks;
    bool good;
    if (!strcmp(j->type, "snapshot-save"))
        good = snapshots_save(j->machine, j->tag, false, j->vmstate, disks, j->error, sizeof j->error);
    else if (!strcmp(j->type, "snapshot-load"))
        good = snapshots_load(j->machine, j->tag, j->vmstate, disks, j->error, sizeof j->error);
    else
        good = snapshots_delete(j->machine, j->tag, disks, j->error, sizeof j->error);
    j->done = true;
    if (good) {
        set_status(j, "waiting");
        set_status(j, "pending");
    } else {
        set_status(j, "aborting");
    }
    set_status(j, "concluded");
}

static struct job *find(const char *id)
{
    for (struct job *j = jobs; j; j = j->next)
        if (!strcmp(j->id, id))
            return j;
    return NULL;
}

static json_t *begin(struct qmp_call *c)
{
    const char *id = qmp_text(c, "job-id"), *vmstate = qmp_text(c, "vmstate");
    json_t *devices = json_object_get(c->args, "devices"), *one;
    size_t k;
    if (find(id))
        return qmp_fail(c, QMP_GENERIC, "there is a job '%s' already", id);
    if (json_array_size(devices) > DISKS)
        return qmp_fail(c, QMP_GENERIC, "devices: more than %d", DISKS);
    struct job *j = calloc(1, sizeof *j);
    if (!j)
        return qmp_fail(c, QMP_GENERIC, "no memory");
    j->machine = c->machine;
    j->type = c->command->name;
    j->id = strdup(id);
    j->tag = strdup(qmp_text(c, "tag"));
    j->vmstate = vmstate ? strdup(vmstate) : NULL;
    json_array_foreach(devices, k, one)
        j->disks[j->ndisks++] = strdup(json_string_value(one));
    if (!j->id || !j->tag || !loop_defer(c->machine->loop, work, j)) {
        free_job(j);
        return qmp_fail(c, QMP_GENERIC, "no memory");
    }
    j->next = jobs;
    jobs = j;
    set_status(j, "created");
    set_status(j, "running");
    return json_object();
}

static json_t *query_jobs(struct qmp_call *c)
{
    json_t *all = json_array();
    for (struct job *j = jobs; j; j = j->next) {
        json_t *one = json_pack("{s:i,s:s,s:i,s:s,s:s}", "current-progress", j->done, "status", j->status, "total-progress", 1, "type", j->type, "id", j->id);
        if (*j->error)
            json_object_set_new(one, "error", json_string(j->error));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *dismiss(struct qmp_call *c)
{
    struct job **at = &jobs;
    while (*at && strcmp((*at)->id, qmp_text(c, "id")) != 0)
        at = &(*at)->next;
    struct job *j = *at;
    if (!j)
        return qmp_fail(c, QMP_GENERIC, "there is no job '%s'", qmp_text(c, "id"));
    if (!j->done)
        return qmp_fail(c, QMP_GENERIC, "job '%s' has not ended", j->id);
    *at = j->next;
    set_status(j, "null");
    free_job(j);
    return json_object();
}

/* A job is over before anybody could ask for these. */
static json_t *not_now(struct qmp_call *c)
{
    const struct job *j = find(qmp_text(c, "id"));
    if (!j)
        return qmp_fail(c, QMP_GENERIC, "there is no job '%s'", qmp_text(c, "id"));
    return qmp_fail(c, QMP_GENERIC, "job '%s' is %s: %s is not for it", j->id, j->status, c->command->name);
}

static const struct qmp_type types[] = {
    { "JobType", QMP_ENUM, "commit, stream, mirror, backup, create, amend, snapshot-load, snapshot-save, snapshot-delete" },
    { "JobStatus", QMP_ENUM, "undefined, created, running, paused, ready, standby, waiting, pending, aborting, concluded, null" },
    { "JobInfo", QMP_STRUCT, "id: str, type: JobType, status: JobStatus, current-progress: int, total-progress: int, *error: str" },
    { NULL }
};
static const struct qmp_command commands[] = {
    { "snapshot-save", "job-id: str, tag: str, vmstate: str, devices: [str]", "", begin },
    { "snapshot-load", "job-id: str, tag: str, vmstate: str, devices: [str]", "", begin },
    { "snapshot-delete", "job-id: str, tag: str, devices: [str]", "", begin },
    { "query-jobs", "", "[JobInfo]", query_jobs },
    { "job-dismiss", "id: str", "", dismiss },
    { "job-cancel", "id: str", "", not_now },
    { "job-complete", "id: str", "", not_now },
    { "job-finalize", "id: str", "", not_now },
    { "job-pause", "id: str", "", not_now },
    { "job-resume", "id: str", "", not_now },
    { NULL }
};
static const struct qmp_event events[] = {
    { "JOB_STATUS_CHANGE", "id: str, status: JobStatus" },
    { NULL }
};

void qmp_add_snapshots(void) { qmp_add(commands, types, events, NULL); }
