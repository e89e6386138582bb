/*
 * QMP's commands about objects.
 */
#include <stdlib.h>
#include <unistd.h>

#include "backend/memory.h"
#include "backend/misc.h"
#include "device.h"
#include "monitor/qmp.h"
#include "object.h"
#include "qmp_rows.h"

static json_t *add_object(struct qmp_call *c)
{
    char *rest = qmp_flatten(c->args, "qom-type"), *text = NULL;
    bool done = rest && asprintf(&text, "%s,%s", qmp_text(c, "qom-type"), rest) > 0 && object_add(c->machine, text, c->error, sizeof c->error);
    free(text);
    free(rest);
    return done ? json_object() : NULL;
}

static json_t *del_object(struct qmp_call *c)
{
    return object_del(qmp_text(c, "id"), c->error, sizeof c->error) ? json_object() : NULL;
}

/* The thread is the one that all requests begin and end in. */
static json_t *query_iothreads(struct qmp_call *c)
{
    json_t *all = json_array();
    for (struct iothread *t = NULL; (t = backend_next(PROP_IOTHREAD, t));)
        json_array_append_new(all, json_pack("{s:s,s:i,s:I,s:I,s:I,s:I}", "id", backend_id(PROP_IOTHREAD, t), "thread-id", (int)getpid(), "poll-max-ns",
                                             (json_int_t)t->poll_max_ns, "poll-grow", (json_int_t)t->poll_grow, "poll-shrink",
                                             (json_int_t)t->poll_shrink, "aio-max-batch", (json_int_t)t->aio_max_batch));
    return all;
}

static json_t *query_memdev(struct qmp_call *c)
{
    json_t *all = json_array();
    for (struct memory_backend *b = NULL; (b = backend_next(PROP_MEMORY, b));)
        json_array_append_new(all, json_pack("{s:s,s:I,s:b,s:b,s:b,s:b,s:b,s:[],s:s}", "id", backend_id(PROP_MEMORY, b), "size", (json_int_t)b->size, "merge",
                                             b->merge, "dump", b->dump, "prealloc", b->prealloc, "share", b->share, "reserve", b->reserve, "host-nodes",
                                             "policy", "default"));
    return all;
}

static const struct qmp_type types[] = {
    { "IOThreadInfo", QMP_STRUCT, "id: str, thread-id: int, poll-max-ns: int, poll-grow: int, poll-shrink: int, aio-max-batch: int" },
    { "HostMemPolicy", QMP_ENUM, "default, preferred, bind, interleave" },
    { "Memdev", QMP_STRUCT, "*id: str, size: int, merge: bool, dump: bool, prealloc: bool, share: bool, *reserve: bool, host-nodes: [int], policy: HostMemPolicy" },
    { NULL }
};
static const struct qmp_command commands[] = {
    { "object-add", "qom-type: str, id: str", "", add_object, true },
    { "object-del", "id: str", "", del_object },
    { "query-iothreads", "", "[IOThreadInfo]", query_iothreads },
    { "query-memdev", "", "[Memdev]", query_memdev },
    { NULL }
};

void qmp_add_objects(void) { qmp_add(commands, types, NULL, NULL); }
