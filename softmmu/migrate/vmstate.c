/*
 * The records of a machine's stream, in the order they have: 'M' what it is, 'R' its memory's list, 'P' and 'Z' pages, 'S' sections,
 * 'E' the end. See docs/migration.md.
 *
 * Fields of all sections are read first; then every device and processor looks at what it has got (checks, alarms, lines).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vmstate.h"

enum { PAIRS = 32 };

/* ----------------------------------------------------------------- what the machine is */

struct pair { char name[64], value[512]; };
struct description { unsigned n; struct pair at[PAIRS]; };

static void add(struct description *d, const char *name, const char *value)
{
    if (d->n == PAIRS)
        return;
    snprintf(d->at[d->n].name, sizeof d->at[d->n].name, "%s", name);
    snprintf(d->at[d->n].value, sizeof d->at[d->n].value, "%s", value);
    d->n++;
}

static void describe(struct machine *m, struct description *d)
{
    char text[128];
    d->n = 0;
    add(d, "machine", m->parts ? m->parts->board(m) : "none");
    add(d, "cpu", m->model && m->model->name ? m->model->name : "none");
    snprintf(text, sizeof text, "%" PRIx64 "-%" PRIx64 "%s", m->model ? m->model->features[0] : 0, m->model ? m->model->features[1] : 0,
             m->model && m->model->exact_fp ? "-exact" : "");
    add(d, "cpu features", text);
    snprintf(text, sizeof text, "%u", m->nvcpus);
    add(d, "processors", text);
    if (m->nvcpus)
        m->isa->describe(m->vcpus[0], text, sizeof text);
    add(d, "processor options", m->nvcpus ? text : "none");
}

static void put_description(struct machine *m, struct stream *s)
{
    struct description d;
    describe(m, &d);
    stream_put_number(s, 'M', 1);
    stream_put_number(s, d.n, 4);
    for (unsigned k = 0; k < d.n; k++) {
        stream_put_text(s, d.at[k].name);
        stream_put_text(s, d.at[k].value);
    }
}

static void get_description(struct machine *m, struct stream *s)
{
    struct description ours;
    uint32_t n = (uint32_t)stream_get_number(s, 4);
    describe(m, &ours);
    if (n != ours.n)
        stream_fail(s, "the stream describes a machine by %u words, and this myna by %u", n, ours.n);
    for (uint32_t k = 0; k < n && !stream_failed(s); k++) {
        struct pair p;
        stream_get_text(s, p.name, sizeof p.name);
        if (!stream_get_text(s, p.value, sizeof p.value))
            return;
        if (strcmp(p.name, ours.at[k].name) != 0)
            stream_fail(s, "the stream says what '%.60s' is, where this myna expects '%s'", p.name, ours.at[k].name);
        else if (strcmp(p.value, ours.at[k].value) != 0)
            stream_fail(s, "%s: the stream is of %.100s, and this machine is %.100s", p.name, p.value, ours.at[k].value);
    }
}

/* ---------------------------------------------------------------------------- writing */

struct core { uint64_t clock; bool running; };
static const struct field core_fields[] = { FIELD(struct core, clock), FIELD(struct core, running), { NULL } };

/* Nobody has anything urgent to do in a processor's thread: what PSCI has begun is done. */
static bool all_still(const struct machine *m)
{
    for (unsigned k = 0; k < m->nvcpus; k++)
        if (!m->vcpus[k]->stopped || __atomic_load_n(&m->vcpus[k]->urgent, __ATOMIC_SEQ_CST))
            return false;
    return true;
}

/* The lock is given up meanwhile: others may let it run again. A reset that the guest has asked for is no field: it happens now. */
bool vmstate_stand_still(struct machine *m)
{
    bool ran = false;
    while (!m->ended) {
        bool other = m->resetting && !pthread_equal(pthread_self(), m->loop_thread);
        if (!other && m->state == MACHINE_RUNNING) {
            ran = true;
            machine_pause(m);
        }
        if (other || !all_still(m)) {
            pthread_cond_wait(&m->all_stopped, machine_lock_mutex());
        } else if (m->reset_asked) {
            m->reset_asked = false;
            machine_reset_now(m, m->reset_cause);
        } else {
            break;
        }
    }
    return ran;
}

void vmstate_put_head(struct machine *m, struct ram *ram, struct stream *s)
{
    put_description(m, s);
    ram_put_list(ram, s);
}

void vmstate_put_state(struct machine *m, struct stream *s, bool running)
{
    struct core c = { clock_now(m->loop), running };
    struct state_part parts[STATE_PARTS] = { { core_fields, &c } };
    char name[32];
    state_save(s, "machine", 0, parts, 1);
    for (unsigned k = 0; k < m->nvcpus; k++) {
        snprintf(name, sizeof name, "cpu%u", k);
        unsigned n = m->isa->saved(m->vcpus[k], parts);
        state_save(s, name, 0, parts, n);
    }
    if (m->parts)
        m->parts->save(m, s);
    stream_put_number(s, 'E', 1);
}

/* ---------------------------------------------------------------------------- reading */

struct reading {
    struct machine *m;
    struct ram ram;
    struct core core;
    bool described, listed, had_core, had_cpu[512];
};

static void get_cpu(struct reading *r, struct stream *s, const struct section *c)
{
    struct state_part parts[STATE_PARTS];
    unsigned k = 0, n;
    char err[192];
    if (sscanf(section_name(c), "cpu%u", &k) != 1 || k >= r->m->nvcpus || k >= sizeof r->had_cpu || r->had_cpu[k]) {
        stream_fail(s, "the stream has '%.60s', which this machine has not, or has it twice", section_name(c));
        return;
    }
    n = r->m->isa->state(r->m->vcpus[k], parts);
    if (!state_load(c, 0, parts, n, err, sizeof err))
        stream_fail(s, "%s: %s", section_name(c), err);
    r->had_cpu[k] = true;
}

static void get_section(struct reading *r, struct stream *s, struct section *c)
{
    struct state_part part = { core_fields, &r->core };
    char err[192] = "";
    bool known = true;
    if (!r->described) {
        stream_fail(s, "the stream is damaged: it has state before it says of what machine");
    } else if (!strcmp(section_name(c), "machine")) {
        r->had_core = true;
        if (!state_load(c, 0, &part, 1, err, sizeof err))
            stream_fail(s, "machine: %s", err);
    } else if (!strncmp(section_name(c), "cpu", 3)) {
        get_cpu(r, s, c);
    } else if (!r->m->parts || !r->m->parts->load(r->m, c, &known, err, sizeof err)) {
        stream_fail(s, known && *err ? "device '%.120s': %s" : "the stream has a device '%.120s', which this machine has not%s", section_name(c), err);
    }
    section_free(c);
}

/* All is there. */
static void take_effect(struct reading *r, struct stream *s)
{
    struct machine *m = r->m;
    char err[192] = "";
    if (!r->had_core || !r->listed)
        stream_fail(s, "the stream has no %s", r->listed ? "section of the machine itself" : "memory");
    for (unsigned k = 0; k < m->nvcpus && !stream_failed(s); k++)
        if (!r->had_cpu[k])
            stream_fail(s, "the stream has no processor %u", k);
    if (stream_failed(s))
        return;
    clock_set(m->loop, r->core.clock);
    if (m->parts && !m->parts->load_end(m, err, sizeof err)) {
        stream_fail(s, "%s", err);
        return;
    }
    for (unsigned k = 0; k < m->nvcpus && !stream_failed(s); k++) {
        m->vcpus[k]->sleeping = m->vcpus[k]->awaits_reset = false;
        if (!m->isa->loaded(m->vcpus[k], err, sizeof err))
            stream_fail(s, "cpu%u: %s", k, err);
    }
    engine_flush(m->engine);
}

static bool record(struct reading *r, struct stream *s)
{
    unsigned kind = (unsigned)stream_get_number(s, 1);
    if (stream_failed(s))
        return false;
    switch (kind) {
    case 'M':
        get_description(r->m, s);
        r->described = true;
        return true;
    case 'R':
        if (r->described && !r->listed)
            ram_get_list(&r->ram, s);
        else
            stream_fail(s, "the stream is damaged: its memory's list is at a wrong place");
        r->listed = true;
        return true;
    case 'P':
    case 'Z':
        if (r->listed)
            ram_get_pages(&r->ram, s, kind == 'Z');
        else
            stream_fail(s, "the stream is damaged: it has pages before its memory's list");
        return true;
    case 'E':
        return false;
    default:
        stream_fail(s, "the stream is damaged: a record of an unknown kind (%u)", kind);
        return false;
    }
}

bool vmstate_get(struct machine *m, struct stream *s, bool locked, bool *running)
{
    struct reading r = { .m = m };
    char err[192];
    bool more = true;
    if (!locked)
        machine_lock_enter();
    if (!ram_find(&r.ram, m, err, sizeof err))
        stream_fail(s, "%s", err);
    if (m->parts)
        m->parts->load_begin(m);
    while (more && !stream_failed(s)) {
        if (!locked)
            machine_lock_leave();
        /* Sections are the devices'; all else is memory alone. Who sends may be slow: the lock is not held while we read. */
        struct section *c = NULL;
        uint8_t kind;
        if (stream_peek(s, &kind) && kind == 'S') {
            stream_get_number(s, 1);
            c = section_read(s);
        } else {
            more = record(&r, s);
        }
        if (!locked)
            machine_lock_enter();
        if (c)
            get_section(&r, s, c);
    }
    if (!stream_failed(s))
        take_effect(&r, s);
    *running = r.core.running;
    ram_free(&r.ram);
    if (!locked)
        machine_lock_leave();
    return !stream_failed(s);
}
