/*
 * amend: format options of an image that is there.
 */
#include <string.h>

#include "image.h"

int command_amend(const struct args *a)
{
    char err[1024] = "";
    struct block_how how;
    const char *list = a->value[OPT_o];
    const char *format = has(a, OPT_f) ? a->value[OPT_f] : "qcow2";
    if (!image_format_known(format))
        return 1;
    if (image_options_help(list, format))
        return 0;
    if (!list)
        return complain("amend: no option is given (-o)");
    if (!a->nfiles)
        return complain("amend: a file is missing; it is: myna-img amend -o LIST FILE");
    if (!image_how(a, a->value[OPT_cache], true, &how))
        return 1;
    struct block_node *n = image_open_arg(a, 0, &how);
    struct opts *o = n ? image_options(list) : NULL;
    int status = 1;
    if (o && !n->driver->amend) {
        complain("amend: %s: format %s has no options that can be changed", a->files[0], n->driver->name);
    } else if (o) {
        progress_begin(a);
        int error = n->driver->amend(n, o, err, sizeof err);
        if (error)
            complain("amend: %s: %s", a->files[0], image_reason(err, error));
        else if (image_flush(n, a->files[0])) {
            progress_end();
            status = 0;
        }
    }
    opts_free(o);
    block_unref(n);
    return status;
}
