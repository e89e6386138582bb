/*
 * Devices: what the guest sees. A device is one file with one struct device_type, and one row in devices.def.
 *
 * The type's tables say everything that is listed of a device: properties (what `-device NAME,help` prints and
 * `-device`, `-global` and boards set), fields (the state that is saved, and only that), its device-tree node. Devices
 * are made (device_new), given properties (device_set) and realized (device_realize), in this order; a machine
 * resets all of them from the outermost to the innermost, in the order they were made. Everything is called with the
 * machine's lock held, except register accesses of blocks that say `unlocked`.
 *
 * Host backends (block images, character devices, networks) are found by their id through properties of their kind.
 */
#ifndef MYNA_DEVICE_H
#define MYNA_DEVICE_H

#include <stdarg.h>
#include "irq.h"
#include "machine.h"
#include "state.h"

struct device;
struct bus;
struct tree;

/* ------------------------------------------------------------------- properties */

enum property_kind {
    PROP_BOOL,    /* bool: on/off, yes/no, true/false, y/n */
    PROP_U8, PROP_U16, PROP_U32, PROP_U64, /* decimal, 0x, 0 octal */
    PROP_S32,     /* int32_t */
    PROP_SIZE,    /* uint64_t, with the suffixes of k M G T */
    PROP_STRING,  /* char *, the device's own copy */
    PROP_ENUM,    /* uint32_t: index into choices, which are apart by '|' */
    PROP_MAC,     /* uint8_t[6]; text of the default: NULL, or as xx:xx:xx:xx:xx:xx */
    PROP_PCI_ADDR,/* int32_t: slot << 3 | function, from "SLOT" or "SLOT.FUNCTION" in hexadecimal; -1: any */
    PROP_CHARDEV, /* struct chardev * by id */
    PROP_DRIVE,   /* struct block * by id */
    PROP_NETDEV,  /* struct netdev * by id */
    PROP_FSDEV,   /* struct p9_export * by id */
    PROP_RNG,     /* struct rng_backend * by id */
    PROP_MEMORY,  /* struct memory_backend * by id */
    PROP_IOTHREAD,/* struct iothread * by id */
};

struct property {
    const char *name;
    enum property_kind kind;
    uint32_t offset;      /* in the device's struct */
    const char *value;    /* the default, as it would be typed; NULL: zero, none */
    const char *choices;  /* PROP_ENUM */
    const char *help;     /* a few words */
};
#define PROPERTY(S, member, kind, name, value, help) { name, kind, offsetof(S, member), value, NULL, help }
#define BOOT_PROPERTY PROPERTY(struct device, bootindex, PROP_S32, "bootindex", "-1", "firmware tries it as this one (0: the first)")
#define PROPERTY_ENUM(S, member, name, value, choices, help) { name, PROP_ENUM, offsetof(S, member), value, choices, help }

/* ------------------------------------------------------------------------ types */

struct device_type {
    const char *name;     /* as in -device NAME */
    const char *alias;    /* another name, or NULL */
    const char *bus;      /* name of the type of bus that it plugs into; NULL: only boards make it */
    const char *category; /* heading of -device help: "Storage", "Network", "Input", "Display", "Misc" ... */
    const char *help;     /* a few words */
    size_t size;          /* of its struct, which begins with struct device */
    const struct property *properties; /* ended by a NULL name; NULL: none */
    const struct property *base_properties; /* of the family: the transport's, likewise */
    const struct field *fields;        /* likewise */
    const struct field *base_fields;   /* of the family, likewise */
    const char *no_fields;             /* why there are none, of a type without fields */
    uint32_t version;                  /* of the fields: counts up when rows come (FIELD_SINCE) or mean something else */
    const void *class;    /* of the family: struct virtio_class, struct pci_class ... */
    /* Makes the device work, with its properties set and its place on the bus taken. False: the reason in err. */
    bool (*realize)(struct device *d, char *err, size_t errlen);
    void (*unrealize)(struct device *d); /* gives back what realize took */
    void (*reset)(struct device *d);
    /* What is saved, and read back (state.h). settle: the vCPUs stand still; what is under way is ended or put back, so that the fields
     * say all; NULL, or why it can't be. valid: of fields that were read, which nobody has looked at yet: NULL, or why they can't be. loaded: after that.
     * unmigratable: why it can't be saved as it is now, or NULL. All may be NULL. */
    const char *(*settle)(struct device *d);
    const char *(*valid)(struct device *d);
    void (*loaded)(struct device *d);
    const char *(*unmigratable)(struct device *d);
    /* Its node of the device tree, under the tree's current node (tree.h). For devices that boards wire. */
    void (*node)(struct device *d, struct tree *t);
};

enum { DEVICE_REGIONS = 4, DEVICE_LINES = 8 };

struct device {
    const struct device_type *type;
    struct machine *machine;
    struct device *next;      /* of the machine, in the order of making */
    struct bus *bus;          /* where it is plugged; NULL: wired by the board */
    struct device *sibling;   /* next on that bus */
    struct bus *buses;        /* those that it gives */
    char *id;                 /* NULL: none */
    int32_t bootindex;        /* of types with a row BOOT_PROPERTY; -1: none */
    bool realized;
    bool added;               /* by device_add: not the board's */
    bool hotplugged;          /* when the machine was complete */
    bool unplugging;          /* the guest was asked to give it up */
    bool was_loaded;          /* its section was read (migrate.c) */
    /* What boards wire: register blocks with their addresses, and outputs. */
    struct mem_region *region[DEVICE_REGIONS];
    gpa_t at[DEVICE_REGIONS];
    struct mapping *mapping[DEVICE_REGIONS];
    struct irq line[DEVICE_LINES];
    uint32_t spi[DEVICE_LINES]; /* number of the interrupt for the device tree */
};

/* ------------------------------------------------------------------------ buses */

struct bus_type {
    const char *name; /* "PCI", "virtio-bus" */
    /* Takes a place for d, whose properties are set. False: the reason in err. */
    bool (*plug)(struct bus *b, struct device *d, char *err, size_t errlen);
    void (*unplug)(struct bus *b, struct device *d);
    /* Where d is, for info qtree: "slot 2.0". */
    void (*place)(const struct bus *b, const struct device *d, char *text, size_t n);
    /* For devices that come and go while the machine runs; NULL: none does. May d come? False: the reason in err. */
    bool (*hot_plug)(struct bus *b, struct device *d, char *err, size_t errlen);
    void (*hot_plugged)(struct bus *b, struct device *d); /* it works: tell the guest */
    /* Asks the guest to give it up; when it has, device_unplugged. */
    bool (*hot_unplug)(struct bus *b, struct device *d, char *err, size_t errlen);
};

struct bus {
    const struct bus_type *type;
    struct device *owner;
    char name[32];        /* "pcie.0" */
    struct device *first; /* plugged in, in order */
    struct bus *next;     /* of its owner */
    unsigned n, max;      /* devices on it; 0: any number */
};

/* Gives owner a bus; b lives in the owner's struct. */
void bus_init(struct bus *b, const struct bus_type *t, struct device *owner, const char *name, unsigned max);

/* -------------------------------------------------------------------- functions */

/* The properties of a type in order: *at is 0 at the beginning; NULL: no more. */
const struct property *device_property(const struct device_type *t, unsigned *at);
/* "bool", "uint32", "str" ... */
const char *property_kind_name(enum property_kind k);

/* By name or alias; NULL: none. */
const struct device_type *device_type_find(const char *name);
/* All types, NULL-ended. */
const struct device_type *const *device_types(void);

/* A device with default and -global properties, unplugged. NULL: the reason in err. */
struct device *device_new(struct machine *m, const char *name, char *err, size_t errlen);
struct device *device_new_type(struct machine *m, const struct device_type *t, char *err, size_t errlen);
/* value as typed on the command line. False: no such property, or the value makes no sense. */
bool device_set(struct device *d, const char *property, const char *value, char *err, size_t errlen);
/* For boards' own wiring: a property whose type is a pointer. */
void device_set_pointer(struct device *d, const char *property, void *value);
/* Prints a property's value as it would be typed. */
void device_get(const struct device *d, const struct property *p, char *text, size_t n);
/* bus NULL: the board wires it, or, if the type names a kind of bus, the first bus of that kind with room. */
bool device_realize(struct device *d, struct bus *bus, char *err, size_t errlen);
/* Takes it from its bus, undoes realize, frees it. */
void device_free(struct device *d);
/* Of device_free: what the properties own. */
void device_drop_properties(struct device *d);

/* Of -device: "NAME[,bus=B][,id=ID][,PROPERTY=VALUE...]"; commas in values are doubled. */
struct device *device_add(struct machine *m, const char *text, char *err, size_t errlen);
/* Of the monitors' device_del: asks for it to be taken out. False: the reason in err, *none: there is no such device. */
bool device_del(struct machine *m, const char *id, bool *none, char *err, size_t errlen);
/* The guest has given it up: it is freed, and QMP told. */
void device_unplugged(struct device *d);
/* Its path in the tree of objects: "/machine/peripheral/ID". */
void device_path(const struct device *d, char *text, size_t n);

/* Of -global: "NAME.PROPERTY=VALUE"; text lives as long as the machine. False: not of this form, or no memory. */
bool device_global(const char *text, char *err, size_t errlen);
void device_help(const char *name /* NULL: all devices */, FILE *f);

struct device *device_by_id(struct machine *m, const char *id);
struct bus *bus_by_name(struct machine *m, const char *name);
/* The first of that kind with room; NULL: none. */
struct bus *bus_by_type(struct machine *m, const char *type);
/* All devices of a machine: d = NULL gives the first. */
struct device *device_next(struct machine *m, struct device *d);
void devices_reset(struct machine *m);
void devices_free(struct machine *m);

/* Wiring. Register block k, made with mem_new_*, is the device's and freed with it. */
bool device_region(struct device *d, unsigned k, struct mem_region *r);
bool device_map(struct device *d, unsigned k, gpa_t at);
void device_connect(struct device *d, unsigned k, struct irq to, uint32_t spi);
static inline void device_line(struct device *d, unsigned k, bool up) { irq_set(&d->line[k], up); }

/* DMA of a device that is not PCI's, with the machine's lock held. */
static inline enum mem_result device_read(struct device *d, gpa_t at, void *to, uint64_t n)
{
    return physmem_read(d->machine->memory, &d->machine->reader, at, to, n, MEM_CPU);
}
static inline enum mem_result device_write(struct device *d, gpa_t at, const void *from, uint64_t n)
{
    return physmem_write(d->machine->memory, &d->machine->reader, at, from, n, MEM_CPU);
}

/* ---------------------------------------------------------------- words and lists */

/* The next NAME[=VALUE] of a comma-separated list, copied into name and value (commas doubled in it are one); false
 * at the end. A word without '=' has value NULL. *at moves on. Names and values are cut to their sizes. */
struct word { char name[64]; char *value; char text[1024]; };
bool next_word(const char **at, struct word *w);
/* "on" ... "off" ...: false if it is neither. */
bool parse_bool(const char *text, bool *v);
/* A number up to max; size: with a suffix of k M G T. */
bool parse_number(const char *text, bool size, uint64_t max, uint64_t *v);
/* The name nearest to word of those that next(arg) gives until NULL, if it is near at all; else NULL. */
const char *nearest(const char *word, const char *(*next)(void *arg), void *arg);

/* Host backends by id: char/, block/ and net/ put theirs in, the kind is the property's. */
void backend_add(enum property_kind kind, const char *id, void *backend);
void *backend_by_id(enum property_kind kind, const char *id); /* NULL: none */
const char *backend_id(enum property_kind kind, const void *backend); /* "": none */
void backend_remove(enum property_kind kind, const void *backend);
/* The next after `at` of a kind (NULL: the first); NULL at the end. */
void *backend_next(enum property_kind kind, const void *at);

#endif
