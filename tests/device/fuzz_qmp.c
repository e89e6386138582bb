/*
 * Fuzzer of QMP: requests made from the table's own words, right, nearly right and damaged, in pieces of any size, from
 * clients that come and go; and texts that are hardly JSON.
 *
 *   fuzz_qmp [SECONDS] [SEED]    each target for that long (1), from that seed (1)
 *
 * Nothing is expected but that we live, that each text has an answer of one line, and that a byte of 0xff and a request
 * behind it are answered as ever: build it with ./configure --enable-asan.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#ifdef MYNA_QMP
#include "boards/boards.h"
#include "monitor/qmp.h"
#include "qmp_rows.h"

static struct machine m;
static struct qmp *q;
static char last[256]; /* the last answer's beginning */
static size_t nlast;
static bool full;

static size_t write_out(void *arg, const uint8_t *bytes, size_t n)
{
    if (full && one_in(3))
        return 0;
    n = full ? below((unsigned)n) + 1 : n;
    for (size_t k = 0; k < n; k++) {
        if (bytes[k] == '{' && nlast && last[nlast - 1] == '\n')
            nlast = 0;
        if (nlast < sizeof last - 1)
            last[nlast++] = (char)bytes[k];
        else
            last[nlast - 1] = (char)bytes[k];
    }
    return n;
}

struct text { char at[1 << 16]; size_t n; };

static void add(struct text *t, const char *s)
{
    size_t n = strlen(s);
    if (t->n + n < sizeof t->at) {
        memcpy(t->at + t->n, s, n);
        t->n += n;
    }
}

static const char *const words[] = {
    "nosuch", "/", "/machine", "/machine/unattached/device[0]", "x", "", "virtio-rng-pci", "virt-machine", "full", "raw", "file", "reset", "\\u20ac\\n",
    "\\ud800", "info status", "help", "utf8", "smp-opts", "/machine/peripheral", "virtio-blk-pci", "-1", "a,b=c", "\xe2\x82\xac",
};
static const char *const numbers[] = { "0", "1", "-1", "9223372036854775807", "18446744073709551615", "-9223372036854775808", "99999999999999999999", "1.5",
                                       "1e400", "-0", "00", "1048576" };

static void value(struct text *t, const char *type, bool list, unsigned depth)
{
    struct qmp_member x;
    if (list || one_in(30)) {
        add(t, "[");
        for (unsigned k = below(4); k; k--) {
            value(t, type, false, depth + 1);
            add(t, k > 1 ? "," : "");
        }
        add(t, "]");
        return;
    }
    if (one_in(20))
        type = one_in(2) ? "int" : "str";
    if (!strcmp(type, "bool")) {
        add(t, one_in(2) ? "true" : "false");
        return;
    }
    if (!strcmp(type, "int") || !strcmp(type, "size") || !strncmp(type, "uint", 4)) {
        add(t, numbers[below(sizeof numbers / sizeof *numbers)]);
        return;
    }
    const struct qmp_type *known = NULL;
    for (unsigned k = 0; (known = qmp_type_at(k)) && strcmp(known->name, type); k++)
        ;
    if (known && known->kind != QMP_ENUM && depth < 6) {
        const char *at = known->text;
        bool first = true;
        add(t, "{");
        while (qmp_next_member(&at, &x)) {
            if (x.optional && one_in(2))
                continue;
            add(t, first ? "\"" : ",\"");
            add(t, x.name);
            add(t, "\":");
            value(t, x.type, x.list, depth + 1);
            first = false;
        }
        add(t, "}");
        return;
    }
    const char *quote = one_in(5) ? "'" : "\"";
    add(t, quote);
    if (known && known->kind == QMP_ENUM && !one_in(4)) {
        char name[64];
        size_t n = strcspn(known->text, ",");
        snprintf(name, sizeof name, "%.*s", (int)n, known->text);
        add(t, name);
    } else {
        add(t, words[below(sizeof words / sizeof *words)]);
    }
    add(t, quote);
}

static void request(struct text *t)
{
    const struct qmp_command *c;
    unsigned n = 0;
    while (qmp_command_at(n))
        n++;
    c = qmp_command_at(below(n));
    t->n = 0;
    add(t, "{\"execute\":\"");
    add(t, one_in(10) ? "qmp_capabilities" : c->name);
    add(t, "\"");
    if (*c->args && !one_in(5)) {
        add(t, ",\"arguments\":");
        struct qmp_member x;
        const char *at = c->args;
        bool first = true;
        if (!strchr(c->args, ':')) {
            value(t, c->args, false, 0);
        } else {
            add(t, "{");
            while (qmp_next_member(&at, &x))
                if (!x.optional || one_in(2)) {
                    add(t, first ? "\"" : ",\"");
                    add(t, x.name);
                    add(t, "\":");
                    value(t, x.type, x.list, 1);
                    first = false;
                }
            add(t, one_in(20) ? ",\"more\":{}}" : "}");
        }
    }
    if (one_in(3)) {
        add(t, ",\"id\":");
        value(t, "any", one_in(4), 0);
    }
    add(t, one_in(2) ? "}" : "}\r\n");
}

static void damage(struct text *t)
{
    static const char marks[] = "{}[],:\"'\\ \t\n\r\0\x01\x7f\x80\xc0\xff@-+.eE09tfn";
    for (unsigned k = below(4); k && t->n; k--) {
        size_t at = below((unsigned)t->n);
        switch (below(4)) {
        case 0:
            t->at[at] = marks[below(sizeof marks)];
            break;
        case 1:
            t->at[at] = (char)rnd();
            break;
        case 2:
            memmove(t->at + at, t->at + at + 1, t->n - at - 1);
            t->n--;
            break;
        default:
            t->n = at;
        }
    }
}

static void feed(const char *bytes, size_t n)
{
    while (n) {
        size_t k = one_in(3) ? 1 : below(n > 5000 ? 5000 : (unsigned)n) + 1;
        qmp_input(q, (const uint8_t *)bytes, k);
        bytes += k;
        n -= k;
    }
}

static void in_order(void)
{
    static const char sync[] = "\xff{'execute':'query-name','id':'sync'}";
    full = false;
    qmp_drained(q);
    feed(sync, sizeof sync - 1);
    if (nlast < 20 || (!strstr(last, "sync") && nlast < sizeof last - 1)) {
        fprintf(stderr, "no answer behind 0xff: %.*s\n", (int)nlast, last);
        abort();
    }
    if (m.reset_asked || m.ended)
        m.reset_asked = m.ended = false;
}

static void requests(const void *target)
{
    static struct text t;
    bool damaged = target != NULL;
    for (unsigned k = 0; k < 200; k++) {
        if (one_in(50)) {
            qmp_opened(q);
            feed("{'execute':'qmp_capabilities'}", one_in(3) ? 12 : 30);
        }
        full = one_in(10);
        request(&t);
        if (damaged)
            damage(&t);
        feed(t.at, t.n);
        if (one_in(10))
            in_order();
    }
    in_order();
}

static void garbage(const void *target)
{
    static struct text t;
    static const char marks[] = "{}[],:\"'\\ \n1-tnea@\xff";
    t.n = 1 + below(sizeof t.at - 1);
    bool deep = one_in(4);
    for (size_t k = 0; k < t.n; k++)
        t.at[k] = deep ? "{["[below(2)] : one_in(8) ? (char)rnd() : marks[below(sizeof marks - 1)];
    qmp_opened(q);
    feed("{'execute':'qmp_capabilities'}", 30);
    feed(t.at, t.n);
    in_order();
}

int main(int argc, char **argv)
{
    static struct board_config config = { .ncpus = 1, .max_cpus = 1, .sockets = 1, .clusters = 1, .cores = 1, .threads = 1, .memory = 1 << 20, .name = "x" };
    struct monitor_port port = { write_out, NULL, false, NULL };
    double limit = argc > 1 ? atof(argv[1]) : 1;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    m.loop = loop_new();
    m.isa = &isa_aarch64;
    m.model = m.isa->guest->models;
    m.config = &config;
    if (!m.loop || !(m.memory = physmem_new(NULL, NULL)) || !(q = qmp_new(&m, &port, false)))
        return 1;
    physmem_reader_add(m.memory, &m.reader);
    machine_lock_enter();
    qmp_add_hw();
    qmp_opened(q);
    feed("{'execute':'qmp_capabilities'}", 30);
    fuzz_rounds("right", 8, limit, seed, 60, requests, NULL);
    fuzz_rounds("damaged", 8, limit, seed, 60, requests, "");
    fuzz_rounds("garbage", 8, limit, seed, 60, garbage, NULL);
    printf("passed\n");
    return 0;
}
#else
int main(void)
{
    printf("passed\n"); /* there is no QMP in this build */
    return 0;
}
#endif
