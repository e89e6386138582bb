/*
 * SMBIOS (DMTF DSP0134, 3.0): what a machine says of its maker, its board, processors and memory, as the files of fw_cfg that
 * firmware takes it from: etc/smbios/smbios-tables and etc/smbios/smbios-anchor.
 *
 * A field is a row: the structure's type, -smbios' name of it, where it is in the structure, what it is if nobody says. A
 * structure is a function that writes what no row has, and then the rows of its type are put in.
 */
#include <stdlib.h>
#include <string.h>

#include "acpi/aml.h"
#include "boards/boards.h"
#include "misc/fw_cfg.h"
#include "smbios.h"

enum kind { TEXT, WORD /* 16 bits */, NUMBER /* 64 bits */, RELEASE /* "major.minor" */, UUID, UEFI /* on, off */, LIST /* texts, one after the other */ };

static const struct field_row {
    uint8_t type;
    const char *name;
    enum kind kind;
    uint8_t at;
    const char *value; /* NULL: none; PRODUCT, VERSION: the machine's */
} rows[] = {
#define PRODUCT "\1"
#define VERSION "\2"
    { 0, "vendor", TEXT, 0x04, NULL },
    { 0, "version", TEXT, 0x05, NULL },
    { 0, "date", TEXT, 0x08, NULL },
    { 0, "release", RELEASE, 0x14, NULL },
    { 0, "uefi", UEFI, 0x13, NULL },
    { 1, "manufacturer", TEXT, 0x04, "QEMU" }, /* guests look for that word to see that they are virtual */
    { 1, "product", TEXT, 0x05, PRODUCT },
    { 1, "version", TEXT, 0x06, VERSION },
    { 1, "serial", TEXT, 0x07, NULL },
    { 1, "uuid", UUID, 0x08, NULL },
    { 1, "sku", TEXT, 0x19, NULL },
    { 1, "family", TEXT, 0x1a, NULL },
    { 2, "manufacturer", TEXT, 0x04, "QEMU" },
    { 2, "product", TEXT, 0x05, PRODUCT },
    { 2, "version", TEXT, 0x06, VERSION },
    { 2, "serial", TEXT, 0x07, NULL },
    { 2, "asset", TEXT, 0x08, NULL },
    { 2, "location", TEXT, 0x0a, NULL },
    { 3, "manufacturer", TEXT, 0x04, "QEMU" },
    { 3, "version", TEXT, 0x06, VERSION },
    { 3, "serial", TEXT, 0x07, NULL },
    { 3, "asset", TEXT, 0x08, NULL },
    { 3, "sku", TEXT, 0x15, NULL },
    { 4, "sock_pfx", TEXT, 0x04, "CPU" }, /* the socket's number is put behind it */
    { 4, "manufacturer", TEXT, 0x07, "QEMU" },
    { 4, "processor-id", NUMBER, 0x08, NULL },
    { 4, "version", TEXT, 0x10, VERSION },
    { 4, "max-speed", WORD, 0x14, "2000" },
    { 4, "current-speed", WORD, 0x16, "2000" },
    { 4, "serial", TEXT, 0x20, NULL },
    { 4, "asset", TEXT, 0x21, NULL },
    { 4, "part", TEXT, 0x22, NULL },
    { 11, "value", LIST, 0x04, NULL },
    { 17, "loc_pfx", TEXT, 0x10, "DIMM" },
    { 17, "bank", TEXT, 0x11, NULL },
    { 17, "speed", WORD, 0x15, NULL },
    { 17, "manufacturer", TEXT, 0x17, "QEMU" },
    { 17, "serial", TEXT, 0x18, NULL },
    { 17, "asset", TEXT, 0x19, NULL },
    { 17, "part", TEXT, 0x1a, NULL },
};
enum { NROWS = sizeof rows / sizeof *rows, MAX_VALUES = 64, KNOWN_TYPES = 128 };

/* What -smbios said. */
static struct { unsigned row; char *text; } said[MAX_VALUES];
static unsigned nsaid;
static bool type_said[KNOWN_TYPES];

/* ------------------------------------------------------------------------- options */

static bool parse_uuid(const char *a, uint8_t uuid[16])
{
    unsigned n = 0;
    for (; *a; a += 2) {
        unsigned byte;
        a += *a == '-';
        if (n == 16 || sscanf(a, "%2x", &byte) != 1 || !a[1])
            return false;
        uuid[n++] = (uint8_t)byte;
    }
    return n == 16;
}

static bool value_ok(enum kind kind, const char *text)
{
    uint64_t v;
    uint8_t uuid[16];
    unsigned major, minor;
    bool on;
    switch (kind) {
    case TEXT:
    case LIST:
        return true;
    case WORD:
        return parse_number(text, false, 0xffff, &v);
    case NUMBER:
        return parse_number(text, false, UINT64_MAX, &v);
    case RELEASE:
        return sscanf(text, "%u.%u", &major, &minor) == 2 && major < 256 && minor < 256;
    case UUID:
        return parse_uuid(text, uuid);
    case UEFI:
        return parse_bool(text, &on);
    }
    return false;
}

struct names { unsigned row; uint64_t type; };
static const char *next_name(void *arg)
{
    struct names *n = arg;
    while (n->row < NROWS && rows[n->row].type != n->type)
        n->row++;
    return n->row < NROWS ? rows[n->row++].name : NULL;
}

bool smbios_option(const char *text, char *err, size_t errlen)
{
    uint64_t type = KNOWN_TYPES;
    struct word w;
    if (!next_word(&text, &w) || !w.value || strcmp(w.name, "type") || !parse_number(w.value, false, 255, &type)) {
        snprintf(err, errlen, "-smbios begins with type=NUMBER%s", !strcmp(w.name, "file") ? " (structures of a file= are not there)" : "");
        return false;
    }
    struct names list = { 0, type };
    if (!next_name(&list)) {
        snprintf(err, errlen, "-smbios type=%u: there are no fields of it to set (0, 1, 2, 3, 4, 11 and 17 have some)", (unsigned)type);
        return false;
    }
    type_said[type] = true;
    while (next_word(&text, &w)) {
        unsigned k = 0;
        while (k < NROWS && (rows[k].type != type || strcmp(rows[k].name, w.name)))
            k++;
        if (k == NROWS) {
            list.row = 0;
            const char *near = nearest(w.name, next_name, &list);
            snprintf(err, errlen, "-smbios type=%u has no field %s%s%s", (unsigned)type, w.name, near ? "; the nearest is " : "", near ? near : "");
            return false;
        }
        if (!w.value || !value_ok(rows[k].kind, w.value) || nsaid == MAX_VALUES) {
            snprintf(err, errlen, "-smbios type=%u: %s=%s makes no sense", (unsigned)type, w.name, w.value ? w.value : "");
            return false;
        }
        said[nsaid].row = k;
        said[nsaid++].text = strdup(w.value);
    }
    return true;
}

/* ---------------------------------------------------------------------- structures */

struct smbios {
    struct aml t;
    struct machine *machine;
    const char *product, *version;
    gpa_t ram;
    unsigned longest, handle;
};

/* The last of what was said of a row, or what it is else. */
static const char *value_of(const struct smbios *s, unsigned row)
{
    const char *text = rows[row].value;
    if (text && *text == PRODUCT[0])
        text = s->product;
    else if (text && *text == VERSION[0])
        text = s->version;
    for (unsigned k = 0; k < nsaid; k++)
        if (said[k].row == row)
            text = said[k].text;
    return text;
}

static void put_uuid(struct smbios *s, size_t at, const uint8_t u[16])
{
    static const uint8_t place[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    for (unsigned k = 0; k < 16; k++)
        aml_patch(&s->t, at + place[k], 1, u[k]);
}

/* Begins a structure of n bytes, all zero; where it is. */
static size_t begin(struct smbios *s, unsigned type, unsigned n, unsigned handle)
{
    size_t at = s->t.n;
    aml_number(&s->t, 1, type);
    aml_number(&s->t, 1, n);
    aml_number(&s->t, 2, handle);
    aml_zeros(&s->t, n - 4);
    return at;
}

/* Puts the rows of its type in, and its texts behind it; number: behind the first text of the type, -1: none. */
static void end(struct smbios *s, size_t at, int number)
{
    const struct board_config *c = s->machine->config;
    unsigned type = s->t.failed ? 127 : s->t.data[at], texts = 0;
    for (unsigned k = 0; k < NROWS; k++) {
        const struct field_row *r = &rows[k];
        const char *v = value_of(s, k);
        char numbered[128];
        uint64_t n = 0;
        uint8_t uuid[16];
        unsigned major, minor;
        bool on = false;
        if (r->type != type)
            continue;
        if (r->kind == UUID && !v && c->has_uuid)
            put_uuid(s, at + r->at, c->uuid);
        if (!v)
            continue;
        switch (r->kind) {
        case TEXT:
            if (number >= 0 && !texts) {
                snprintf(numbered, sizeof numbered, "%.100s %d", v, number);
                v = numbered;
            }
            if (*v) {
                aml_bytes(&s->t, v, strlen(v) + 1);
                aml_patch(&s->t, at + r->at, 1, ++texts);
            }
            break;
        case LIST:
            for (unsigned i = 0; i < nsaid; i++)
                if (said[i].row == k && *said[i].text) {
                    aml_bytes(&s->t, said[i].text, strlen(said[i].text) + 1);
                    aml_patch(&s->t, at + r->at, 1, ++texts);
                }
            break;
        case WORD:
        case NUMBER:
            parse_number(v, false, UINT64_MAX, &n);
            aml_patch(&s->t, at + r->at, r->kind == WORD ? 2 : 8, n);
            break;
        case RELEASE:
            if (sscanf(v, "%u.%u", &major, &minor) == 2)
                aml_patch(&s->t, at + r->at, 2, major | minor << 8);
            break;
        case UUID:
            if (parse_uuid(v, uuid))
                put_uuid(s, at + r->at, uuid);
            break;
        case UEFI:
            if (parse_bool(v, &on))
                aml_patch(&s->t, at + r->at, 1, 0x10 | (on ? 8 : 0));
            break;
        }
    }
    aml_zeros(&s->t, texts ? 1 : 2);
    if (s->t.n - at > s->longest)
        s->longest = (unsigned)(s->t.n - at);
}

enum { BIOS = 0x000, SYSTEM = 0x100, BASEBOARD = 0x200, CHASSIS = 0x300, PROCESSOR = 0x400, OEM = 0xe00, MEMORY_ARRAY = 0x1000,
       MEMORY = 0x1100, MEMORY_RANGE = 0x1300, BOOT = 0x2000, LAST = 0x7f00 };
enum { NO_HANDLE = 0xffff, NO_ERRORS = 0xfffe };
#define MODULE (16ull << 30)

static void bios(struct smbios *s)
{
    if (!type_said[0])
        return; /* firmware has its own */
    size_t at = begin(s, 0, 0x18, BIOS);
    aml_patch(&s->t, at + 0x06, 2, 0xe800);
    aml_patch(&s->t, at + 0x0a, 8, 8);       /* characteristics: none */
    aml_patch(&s->t, at + 0x13, 1, 0x10);    /* a virtual machine */
    aml_patch(&s->t, at + 0x16, 2, 0xffff);
    end(s, at, -1);
}

static void system_(struct smbios *s)
{
    size_t at = begin(s, 1, 0x1b, SYSTEM);
    aml_patch(&s->t, at + 0x18, 1, 6);       /* woken by its switch */
    end(s, at, -1);
}

static void baseboard(struct smbios *s)
{
    if (!type_said[2])
        return;
    size_t at = begin(s, 2, 0x0f, BASEBOARD);
    aml_patch(&s->t, at + 0x09, 1, 1);
    aml_patch(&s->t, at + 0x0b, 2, CHASSIS);
    aml_patch(&s->t, at + 0x0d, 1, 10);      /* a motherboard */
    end(s, at, -1);
}

static void chassis(struct smbios *s)
{
    size_t at = begin(s, 3, 0x16, CHASSIS);
    static const uint8_t fixed[] = { [0x05] = 1, [0x09] = 3, 3, 3, 2 };
    for (unsigned k = 5; k < sizeof fixed; k++)
        aml_patch(&s->t, at + k, 1, fixed[k]);
    end(s, at, -1);
}

static void processors(struct smbios *s)
{
    const struct board_config *c = s->machine->config;
    unsigned cores = c->clusters * c->cores, threads = cores * c->threads;
    for (unsigned k = 0; k < c->sockets; k++) {
        size_t at = begin(s, 4, 0x30, PROCESSOR + k);
        aml_patch(&s->t, at + 0x05, 1, 3);
        aml_patch(&s->t, at + 0x06, 1, 0xfe);
        aml_patch(&s->t, at + 0x18, 1, 0x41); /* there, and enabled */
        aml_patch(&s->t, at + 0x19, 1, 1);
        for (unsigned n = 0x1a; n < 0x20; n += 2)
            aml_patch(&s->t, at + n, 2, NO_HANDLE);
        aml_patch(&s->t, at + 0x23, 1, cores < 256 ? cores : 255);
        aml_patch(&s->t, at + 0x24, 1, cores < 256 ? cores : 255);
        aml_patch(&s->t, at + 0x25, 1, threads < 256 ? threads : 255);
        aml_patch(&s->t, at + 0x26, 2, 4);
        aml_patch(&s->t, at + 0x28, 2, 0x101); /* Armv8 */
        aml_patch(&s->t, at + 0x2a, 2, cores);
        aml_patch(&s->t, at + 0x2c, 2, cores);
        aml_patch(&s->t, at + 0x2e, 2, threads);
        end(s, at, (int)k);
    }
}

static void oem(struct smbios *s)
{
    if (type_said[11])
        end(s, begin(s, 11, 5, OEM), -1);
}

static void memory(struct smbios *s)
{
    uint64_t all = s->machine->config->memory, kib = all >> 10;
    unsigned modules = (unsigned)((all + MODULE - 1) / MODULE);
    size_t at = begin(s, 16, 0x17, MEMORY_ARRAY);
    static const uint8_t fixed[] = { [4] = 1, 3, 3 };
    for (unsigned k = 4; k < sizeof fixed; k++)
        aml_patch(&s->t, at + k, 1, fixed[k]);
    aml_patch(&s->t, at + 0x07, 4, kib < 0x80000000 ? kib : 0x80000000);
    aml_patch(&s->t, at + 0x0b, 2, NO_ERRORS);
    aml_patch(&s->t, at + 0x0d, 2, modules);
    aml_patch(&s->t, at + 0x0f, 8, kib < 0x80000000 ? 0 : all);
    end(s, at, -1);
    for (unsigned k = 0; k < modules; k++) {
        uint64_t n = all - k * MODULE < MODULE ? all - k * MODULE : MODULE, mib = n >> 20;
        at = begin(s, 17, 0x28, MEMORY + k);
        aml_patch(&s->t, at + 0x04, 2, MEMORY_ARRAY);
        aml_patch(&s->t, at + 0x06, 2, NO_ERRORS);
        aml_patch(&s->t, at + 0x08, 4, 0xffffffff);
        aml_patch(&s->t, at + 0x0c, 2, mib < 0x7fff ? mib : 0x7fff);
        aml_patch(&s->t, at + 0x0e, 1, 9);   /* a DIMM */
        aml_patch(&s->t, at + 0x12, 1, 7);   /* RAM */
        aml_patch(&s->t, at + 0x13, 2, 2);
        aml_patch(&s->t, at + 0x1c, 4, mib < 0x7fff ? 0 : mib);
        end(s, at, (int)k);
    }
    at = begin(s, 19, 0x1f, MEMORY_RANGE);
    bool wide = (s->ram + all - 1) >> 10 >= 0xffffffff;
    aml_patch(&s->t, at + 0x04, 4, wide ? 0xffffffff : s->ram >> 10);
    aml_patch(&s->t, at + 0x08, 4, wide ? 0xffffffff : (s->ram + all - 1) >> 10);
    aml_patch(&s->t, at + 0x0c, 2, MEMORY_ARRAY);
    aml_patch(&s->t, at + 0x0e, 1, modules < 256 ? modules : 255);
    aml_patch(&s->t, at + 0x0f, 8, wide ? s->ram : 0);
    aml_patch(&s->t, at + 0x17, 8, wide ? s->ram + all - 1 : 0);
    end(s, at, -1);
}

static void boot(struct smbios *s) { end(s, begin(s, 32, 0x0b, BOOT), -1); }
static void last(struct smbios *s) { end(s, begin(s, 127, 4, LAST), -1); }

static void (*const structures[])(struct smbios *s) = { bios, system_, baseboard, chassis, processors, oem, memory, boot, last };

bool smbios_offer(struct device *fw_cfg, const char *product, const char *version, gpa_t ram)
{
    struct smbios s = { .machine = fw_cfg->machine, .product = product, .version = version, .ram = ram };
    for (unsigned k = 0; k < sizeof structures / sizeof *structures; k++)
        structures[k](&s);
    /* 5.2.2: the 64-bit entry point; firmware puts the address in, and the sum for it */
    struct { char anchor[5]; uint8_t sum, length, major, minor, doc, revision, reserved; uint32_t size; uint64_t at; } __attribute__((packed)) e = {
        { '_', 'S', 'M', '3', '_' }, 0, sizeof e, 3, 0, 0, 1, 0, (uint32_t)s.t.n, 0 };
    for (size_t k = 0; k < sizeof e; k++)
        e.sum = (uint8_t)(e.sum - (k == 5 ? 0 : ((const uint8_t *)&e)[k]));
    bool ok = !s.t.failed && fw_cfg_add_file(fw_cfg, "etc/smbios/smbios-tables", s.t.data, s.t.n) &&
              fw_cfg_add_file(fw_cfg, "etc/smbios/smbios-anchor", &e, sizeof e);
    aml_free(&s.t);
    return ok;
}
