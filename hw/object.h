/*
 * Objects of -object: what is neither a device nor a backend of -drive, -chardev or -netdev. One row a kind (object.c); the kind
 * keeps what it makes, by its id.
 */
#ifndef MYNA_OBJECT_H
#define MYNA_OBJECT_H

#include <stdio.h>
#include "machine.h"

struct object_kind {
    const char *name, *help;
    const char *options; /* apart by spaces, besides id */
    /* names[k]=values[k], with id among them. False: the reason in err. */
    bool (*add)(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen);
    bool (*del)(const char *id, char *err, size_t errlen); /* only ids that add took */
};

/* The value of a name; NULL: it is not there. */
const char *object_word(unsigned n, const char *const *names, const char *const *values, const char *name);
/* Of -object: "KIND,id=ID[,OPTION=VALUE...]". False: the reason in err. */
bool object_add(struct machine *m, const char *text, char *err, size_t errlen);
/* The same of words that are taken apart, "qom-type" (or none: kind) among them. */
bool object_add_words(struct machine *m, const char *kind, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen);
bool object_del(const char *id, char *err, size_t errlen);
/* The kind and id of object k; NULL: there are no more. */
const char *object_next(unsigned k, const char **id);
void object_help(FILE *f);

#endif
