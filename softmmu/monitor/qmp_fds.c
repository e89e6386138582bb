/*
 * QMP's commands about descriptors that come over its socket.
 */
#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include "fdset.h"
#include "qmp.h"

static int take(struct qmp_call *c)
{
    int fd = c->session ? qmp_take_fd(c->session) : -1;
    if (fd < 0)
        qmp_fail(c, QMP_GENERIC, "no descriptor came with the request (SCM_RIGHTS)");
    return fd;
}

static json_t *getfd(struct qmp_call *c)
{
    const char *name = qmp_text(c, "fdname");
    int fd = take(c);
    if (fd < 0)
        return NULL;
    if (isdigit((unsigned char)*name)) {
        close(fd);
        return qmp_fail(c, QMP_GENERIC, "fdname: a name does not begin with a digit");
    }
    return fds_name(qmp_owner(c->session), name, fd) ? json_object() : qmp_fail(c, QMP_GENERIC, "no memory");
}

static json_t *closefd(struct qmp_call *c)
{
    const char *name = qmp_text(c, "fdname");
    return c->session && fds_close(qmp_owner(c->session), name) ? json_object() : qmp_fail(c, QMP_GENERIC, "there is no descriptor named '%s'", name);
}

static json_t *add_fd(struct qmp_call *c)
{
    json_int_t id = qmp_number(c, "fdset-id", -1);
    int fd = take(c);
    if (fd < 0)
        return NULL;
    if (qmp_has(c, "fdset-id") && id < 0) {
        close(fd);
        return qmp_fail(c, QMP_GENERIC, "fdset-id: it should not be negative");
    }
    struct fdset *s = fdset_add(id, fd, qmp_text(c, "opaque"));
    return s ? json_pack("{s:I,s:i}", "fdset-id", (json_int_t)s->id, "fd", fd) : qmp_fail(c, QMP_GENERIC, "no memory");
}

static json_t *remove_fd(struct qmp_call *c)
{
    json_int_t id = qmp_number(c, "fdset-id", -1), fd = qmp_number(c, "fd", -1);
    return fdset_remove(id, (int)fd) ? json_object() : qmp_fail(c, QMP_GENERIC, "there is no such descriptor in set %lld", (long long)id);
}

static json_t *query_fdsets(struct qmp_call *c)
{
    json_t *all = json_array();
    for (struct fdset *s = NULL; (s = fdset_next(s));) {
        json_t *fds = json_array();
        for (struct fdset_fd *f = s->fds; f; f = f->next) {
            json_t *one = json_pack("{s:i}", "fd", f->fd);
            if (f->opaque)
                json_object_set_new(one, "opaque", json_string(f->opaque));
            json_array_append_new(fds, one);
        }
        json_array_append_new(all, json_pack("{s:I,s:o}", "fdset-id", (json_int_t)s->id, "fds", fds));
    }
    return all;
}

static const struct qmp_type types[] = {
    { "AddfdInfo", QMP_STRUCT, "fdset-id: int, fd: int" },
    { "FdsetInfo", QMP_STRUCT, "fdset-id: int, fds: [FdsetFdInfo]" },
    { "FdsetFdInfo", QMP_STRUCT, "fd: int, *opaque: str" },
    { NULL }
};
static const struct qmp_command commands[] = {
    { "getfd", "fdname: str", "", getfd },
    { "closefd", "fdname: str", "", closefd },
    { "add-fd", "*fdset-id: int, *opaque: str", "AddfdInfo", add_fd },
    { "remove-fd", "fdset-id: int, *fd: int", "", remove_fd },
    { "query-fdsets", "", "[FdsetInfo]", query_fdsets },
    { NULL }
};

void qmp_add_fds(void) { qmp_add(commands, types, NULL, NULL); }
