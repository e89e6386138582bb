/*
 * QMP's commands about devices: plugging, what there is (qom-*), properties of types.
 *
 * The tree of objects is what the device framework gives: /machine is the board; below it are the devices of -device that
 * have an id (peripheral), the others (peripheral-anon), and what the board made with the processors first (unattached).
 */
#include <stdlib.h>
#include <string.h>

#include "boards/boards.h"
#include "char/chardev.h"
#include "device.h"
#include "guest.h"
#include "monitor/qmp.h"
#include "object.h"
#include "qmp_rows.h"

/* ------------------------------------------------------------------------- plugging */

static json_t *add(struct qmp_call *c)
{
    char *rest = qmp_flatten(c->args, "driver"), *text = NULL;
    struct device *d = NULL;
    if (rest && asprintf(&text, *rest ? "%s,%s" : "%s", qmp_text(c, "driver"), rest) > 0)
        d = device_add(c->machine, text, c->error, sizeof c->error);
    free(text);
    free(rest);
    return d ? json_object() : NULL;
}

static json_t *del(struct qmp_call *c)
{
    bool none;
    if (device_del(c->machine, qmp_text(c, "id"), &none, c->error, sizeof c->error))
        return json_object();
    c->class = none ? QMP_DEVICE_NOT_FOUND : QMP_GENERIC;
    return NULL;
}

/* ---------------------------------------------------------------------------- types */

static json_t *properties_of(const struct device_type *t)
{
    json_t *all = json_array();
    const struct property *p;
    for (unsigned k = 0; (p = device_property(t, &k));) {
        json_t *one = json_pack("{s:s,s:s}", "name", p->name, "type", property_kind_name(p->kind));
        bool flag;
        if (p->help)
            json_object_set_new(one, "description", json_string(p->help));
        if (p->value && p->kind == PROP_BOOL && parse_bool(p->value, &flag))
            json_object_set_new(one, "default-value", json_boolean(flag));
        else if (p->value && p->kind >= PROP_U8 && p->kind <= PROP_SIZE)
            json_object_set_new(one, "default-value", json_integer((json_int_t)strtoull(p->value, NULL, 0)));
        else if (p->value)
            json_object_set_new(one, "default-value", json_string(p->value));
        json_array_append_new(all, one);
    }
    return all;
}

static bool is_cpu(struct machine *m, const char *name)
{
    size_t n = strlen(name);
    for (const struct cpu_model *c = m->isa->guest->models; c->name; c++)
        if (n == strlen(c->name) + 8 && !strncmp(name, c->name, n - 8) && !strcmp(name + n - 8, "-arm-cpu"))
            return true;
    return false;
}

static json_t *list_properties(struct qmp_call *c)
{
    const char *name = qmp_text(c, "typename");
    const struct device_type *t = device_type_find(name);
    if (t)
        return properties_of(t);
    return is_cpu(c->machine, name) ? json_array() : qmp_fail(c, QMP_DEVICE_NOT_FOUND, "there is no type '%s'", name);
}

static json_t *list_types(struct qmp_call *c)
{
    const char *implements = qmp_text(c, "implements");
    json_t *all = json_array();
    for (const struct device_type *const *t = device_types(); *t; t++) {
        bool board = !strcmp((*t)->category ? (*t)->category : "", "Board");
        if (!implements || !strcmp(implements, "object") || !strcmp(implements, board ? "machine" : "device"))
            json_array_append_new(all, json_pack("{s:s,s:s}", "name", (*t)->name, "parent", board ? "machine" : "device"));
    }
    for (const struct cpu_model *m = c->machine->isa->guest->models; m->name; m++) {
        char name[80];
        snprintf(name, sizeof name, "%s-arm-cpu", m->name);
        if (!implements || !strcmp(implements, "object") || !strcmp(implements, "device") || !strcmp(implements, "cpu") || !strcmp(implements, "arm-cpu"))
            json_array_append_new(all, json_pack("{s:s,s:s}", "name", name, "parent", "arm-cpu"));
    }
    return all;
}

/* --------------------------------------------------------------------------- objects */

enum kind { ROOT, CONTAINER, MACHINE, PERIPHERAL, ANON, UNATTACHED, CPU, DEVICE };
struct object { enum kind kind; struct device *d; unsigned cpu; };

static struct device *board(struct machine *m) { return m->board_state; }

/* Absolute, or the id of a device. */
static bool resolve(struct machine *m, const char *path, struct object *o)
{
    static const struct { const char *path; enum kind kind; } fixed[] = {
        { "/", ROOT }, { "", ROOT }, { "/objects", CONTAINER }, { "/chardevs", CONTAINER }, { "/backend", CONTAINER }, { "/machine", MACHINE },
        { "/machine/peripheral", PERIPHERAL }, { "/machine/peripheral-anon", ANON }, { "/machine/unattached", UNATTACHED },
    };
    unsigned k;
    int n = 0;
    *o = (struct object){ .d = board(m) };
    for (k = 0; k < sizeof fixed / sizeof *fixed; k++)
        if (!strcmp(path, fixed[k].path)) {
            o->kind = fixed[k].kind;
            return true;
        }
    if (sscanf(path, "/machine/unattached/device[%u]%n", &k, &n) == 1 && n && !path[n] && k < m->nvcpus) {
        o->kind = CPU;
        o->cpu = k;
        return true;
    }
    o->kind = DEVICE;
    for (o->d = NULL; (o->d = device_next(m, o->d));) {
        char at[128];
        device_path(o->d, at, sizeof at);
        if (o->d != board(m) && (!strcmp(at, path) || (o->d->id && !strcmp(o->d->id, path))))
            return true;
    }
    return false;
}

static const char *type_of(struct machine *m, const struct object *o, char text[80])
{
    switch (o->kind) {
    case MACHINE:
        return o->d ? o->d->type->name : "none-machine";
    case DEVICE:
        return o->d->type->name;
    case CPU:
        snprintf(text, 80, "%s-arm-cpu", m->model->name);
        return text;
    case ROOT:
    case CONTAINER:
    case PERIPHERAL:
    case ANON:
    case UNATTACHED:
        break;
    }
    return "container";
}

static void entry(json_t *all, const char *name, const char *type)
{
    json_array_append_new(all, json_pack("{s:s,s:s}", "name", name, "type", type));
}

static void child(json_t *all, const char *name, const char *type)
{
    char text[160];
    snprintf(text, sizeof text, "child<%s>", type);
    entry(all, name, text);
}

static void children(struct machine *m, json_t *all, enum kind kind)
{
    char path[128], type[80];
    for (unsigned k = 0; kind == UNATTACHED && k < m->nvcpus; k++) {
        snprintf(path, sizeof path, "device[%u]", k);
        child(all, path, type_of(m, &(struct object){ CPU, NULL, k }, type));
    }
    for (struct device *d = NULL; (d = device_next(m, d));) {
        enum kind its = !d->added ? UNATTACHED : d->id ? PERIPHERAL : ANON;
        if (d == board(m) || its != kind)
            continue;
        device_path(d, path, sizeof path);
        child(all, strrchr(path, '/') + 1, d->type->name);
    }
}

static void objects(json_t *all, const char *path)
{
    const char *kind, *id;
    for (unsigned k = 0; !strcmp(path, "/objects") && (kind = object_next(k, &id)); k++)
        child(all, id, kind);
    for (struct chardev *c = NULL; !strcmp(path, "/chardevs") && (c = backend_next(PROP_CHARDEV, c));)
        child(all, backend_id(PROP_CHARDEV, c), "chardev");
}

static const struct qom_row *live;
void qom_add(const struct qom_row *rows) { live = rows; }

static bool is_live(const struct device *d, const struct qom_row *r) { return !strncmp(d->type->name, r->device, strlen(r->device)); }

static const struct qom_row *find_live(const struct object *o, const char *name)
{
    for (const struct qom_row *r = live; o->kind == DEVICE && r && r->name; r++)
        if (is_live(o->d, r) && !strcmp(r->name, name))
            return r;
    return NULL;
}

static json_t *qom_list(struct qmp_call *c)
{
    struct object o;
    if (!resolve(c->machine, qmp_text(c, "path"), &o))
        return qmp_fail(c, QMP_DEVICE_NOT_FOUND, "there is no object '%s'", qmp_text(c, "path"));
    json_t *all = json_array();
    const struct property *p;
    entry(all, "type", "string");
    switch (o.kind) {
    case ROOT:
        child(all, "machine", type_of(c->machine, &(struct object){ MACHINE, o.d, 0 }, NULL));
        child(all, "objects", "container");
        child(all, "chardevs", "container");
        child(all, "backend", "container");
        break;
    case MACHINE:
        child(all, "peripheral", "container");
        child(all, "peripheral-anon", "container");
        child(all, "unattached", "container");
        break;
    case PERIPHERAL:
    case ANON:
    case UNATTACHED:
        children(c->machine, all, o.kind);
        break;
    case CPU:
    case DEVICE:
        entry(all, "realized", "bool");
        entry(all, "hotplugged", "bool");
        break;
    case CONTAINER:
        objects(all, qmp_text(c, "path"));
        break;
    }
    for (unsigned k = 0; (o.kind == DEVICE || o.kind == MACHINE) && o.d && (p = device_property(o.d->type, &k));)
        if (!find_live(&o, p->name))
            entry(all, p->name, property_kind_name(p->kind));
    for (const struct qom_row *r = live; o.kind == DEVICE && r && r->name; r++)
        if (is_live(o.d, r))
            entry(all, r->name, r->type);
    return all;
}

static json_t *value_of(const struct device *d, const struct property *p)
{
    char text[512];
    bool flag;
    device_get(d, p, text, sizeof text);
    if (p->kind == PROP_BOOL && parse_bool(text, &flag))
        return json_boolean(flag);
    if (p->kind == PROP_S32)
        return json_integer(strtol(text, NULL, 10));
    if (p->kind >= PROP_U8 && p->kind <= PROP_SIZE)
        return json_integer((json_int_t)strtoull(text, NULL, 10));
    return json_string(text);
}

static json_t *qom_get(struct qmp_call *c)
{
    struct object o;
    const char *path = qmp_text(c, "path"), *name = qmp_text(c, "property");
    const struct property *p;
    char type[80];
    if (!resolve(c->machine, path, &o))
        return qmp_fail(c, QMP_DEVICE_NOT_FOUND, "there is no object '%s'", path);
    if (!strcmp(name, "type"))
        return json_string(type_of(c->machine, &o, type));
    if ((o.kind == DEVICE || o.kind == CPU) && !strcmp(name, "realized"))
        return json_boolean(o.kind == CPU || o.d->realized);
    if ((o.kind == DEVICE || o.kind == CPU) && !strcmp(name, "hotplugged"))
        return json_boolean(o.kind == DEVICE && o.d->hotplugged);
    const struct qom_row *r = find_live(&o, name);
    if (r)
        return r->get(o.d);
    for (unsigned k = 0; (o.kind == DEVICE || o.kind == MACHINE) && o.d && (p = device_property(o.d->type, &k));)
        if (!strcmp(p->name, name)) {
            json_t *v = value_of(o.d, p);
            return v ? v : qmp_fail(c, QMP_GENERIC, "the value of '%s' is no UTF-8", name);
        }
    return qmp_fail(c, QMP_GENERIC, "the object '%s' has no property '%s'", path, name);
}

static json_t *qom_set(struct qmp_call *c)
{
    struct object o;
    const char *path = qmp_text(c, "path"), *name = qmp_text(c, "property");
    if (!resolve(c->machine, path, &o))
        return qmp_fail(c, QMP_DEVICE_NOT_FOUND, "there is no object '%s'", path);
    const struct qom_row *r = find_live(&o, name);
    if (!r || !r->set)
        return qmp_fail(c, QMP_GENERIC, "the property '%s' of '%s' is not set while it is there", name, path);
    return r->set(o.d, json_object_get(c->args, "value"), c->error, sizeof c->error) ? json_object() : NULL;
}

/* ----------------------------------------------------------------------------- rows */

static const struct qmp_type types[] = {
    { "ObjectPropertyInfo", QMP_STRUCT, "name: str, type: str, *description: str, *default-value: any" },
    { "ObjectTypeInfo", QMP_STRUCT, "name: str, *abstract: bool, *parent: str" },
    { NULL }
};
static const struct qmp_command commands[] = {
    { "device_add", "driver: str, *bus: str, *id: str", "", add, true },
    { "device_del", "id: str", "", del },
    { "device-list-properties", "typename: str", "[ObjectPropertyInfo]", list_properties },
    { "qom-list-properties", "typename: str", "[ObjectPropertyInfo]", list_properties },
    { "qom-list-types", "*implements: str, *abstract: bool", "[ObjectTypeInfo]", list_types },
    { "qom-list", "path: str", "[ObjectPropertyInfo]", qom_list },
    { "qom-get", "path: str, property: str", "any", qom_get },
    { "qom-set", "path: str, property: str, value: any", "", qom_set },
    { NULL }
};
static const struct qmp_event events[] = {
    { "DEVICE_DELETED", "*device: str, path: str" },
    { "DEVICE_UNPLUG_GUEST_ERROR", "*device: str, path: str" },
    { NULL }
};
static const struct qmp_missing missing[] = {
    { "device-sync-config", "no device here needs it" },
    { NULL }
};

void qmp_add_devices(void) { qmp_add(commands, types, events, missing); }
