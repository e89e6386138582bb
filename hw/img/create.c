/*
 * create: a new image, with or without a backing file.
 */
#include <stdlib.h>
#include <string.h>

#include "image.h"

/* The backing file's size, and whether it can be opened at all. False: said. */
static bool look_at_backing(const struct args *a, const char *file, const char *backing, const char *format, uint64_t *size, bool want_size)
{
    struct block_how how = { .no_locks = true };
    char full[4096];
    if (!block_path(file, backing, full, sizeof full)) {
        complain("%s: the backing file's name is too long", backing);
        return false;
    }
    if (image_same_file(file, full)) {
        complain("%s: an image can't be its own backing file", file);
        return false;
    }
    struct block_node *n = image_open(full, format, false, &how);
    if (!n)
        return false;
    if (want_size)
        *size = n->size;
    block_unref(n);
    return true;
}

int command_create(const struct args *a)
{
    const char *format = a->value[OPT_f] ? a->value[OPT_f] : "raw", *list = a->value[OPT_o];
    if (!image_format_known(format))
        return 1;
    if (image_options_help(list, format))
        return 0;
    if (!a->nfiles)
        return complain("create: a file is missing; it is: myna-img create [OPTIONS] FILE [SIZE]");
    char *backing = suboption(list, "backing_file"), *backing_format = suboption(list, "backing_fmt"), *said = suboption(list, "size");
    const char *b = a->value[OPT_backing] ? a->value[OPT_backing] : backing, *size_text = a->nfiles > 1 ? a->files[1] : said;
    const char *bf = a->value[OPT_F_backing] ? a->value[OPT_F_backing] : backing_format;
    uint64_t size = 0;
    int status = 1;
    if (b && !*b)
        b = NULL;
    if (a->nfiles > 1 && said)
        complain("create: the size is given twice");
    else if (size_text && !size_parse(size_text, &size))
        complain("create: %s is no size (bytes, or with a suffix k, M, G, T, P or E)", size_text);
    else if (!size_text && (!b || has(a, OPT_unsafe)))
        complain("create: %s: no size is given", a->files[0]);
    else if (bf && !image_format_known(bf))
        ;
    else if (bf && !b)
        complain("create: a format of the backing file is given, but no backing file");
    else if (b && !bf)
        complain("create: %s: its format must be given (-F); guessing it would let a guest choose it", b);
    else if (!b || has(a, OPT_unsafe) || look_at_backing(a, a->files[0], b, bf, &size, !size_text))
        status = image_create(a, a->files[0], format, list, size, b, bf, true);
    free(backing);
    free(backing_format);
    free(said);
    return status;
}
