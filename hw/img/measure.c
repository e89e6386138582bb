/*
 * measure: how long a new image's file would get, for the data of another image or for a size.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

/* Bytes of data in whole clusters, as a target that leaves out zeros takes them. -1: said. */
static int64_t count_data(const struct args *a, struct block_node *n, uint64_t cluster)
{
    uint64_t counted = 0, upto = 0; /* upto: clusters below it are counted */
    struct block_status s;
    for (uint64_t at = 0; at < n->size; at += s.bytes) {
        int error = block_status_chain(n, NULL, at, n->size - at, &s);
        if (error < 0)
            return complain("measure: %s: at offset %" PRIu64 ": %s", a->files[0], at, strerror(-error)), -1;
        if (s.flags & BLOCK_IS_ZERO || !(s.flags & BLOCK_IS_DATA))
            continue;
        uint64_t begin = at - at % cluster, end = at + s.bytes;
        begin = begin < upto ? upto : begin;
        end += (cluster - end % cluster) % cluster;
        counted += end > begin ? end - begin : 0;
        upto = end > upto ? end : upto;
    }
    return (int64_t)counted;
}

static uint64_t cluster_size(const char *list)
{
    char *text = suboption(list, "cluster_size");
    uint64_t v;
    if (!text || !size_parse(text, &v) || v < 512 || v > 2 << 20)
        v = 64 << 10;
    free(text);
    return v;
}

/* Images of version 3 could have bitmaps; that there are none is told then. */
static bool may_have_bitmaps(struct block_node *n)
{
    struct block_info *i = calloc(1, sizeof *i);
    bool may = false;
    if (i)
        block_get_info(n, i);
    for (unsigned k = 0; i && k < i->ndetails; k++)
        may = may || (!strcmp(i->details[k].name, "compat") && !strcmp(i->details[k].text, "1.1"));
    free(i);
    return may;
}

static bool is_version2(const char *list)
{
    char *compat = suboption(list, "compat");
    bool is = compat && (!strcmp(compat, "0.10") || !strcmp(compat, "v2"));
    free(compat);
    return is;
}

int command_measure(const struct args *a)
{
    const char *format = has(a, OPT_O) ? a->value[OPT_O] : "raw", *list = a->value[OPT_o];
    uint64_t size = 0, required = 0, full = 0;
    int64_t data = 0;
    char err[1024] = "";
    struct block_how how;
    bool json, bitmaps = false;
    if (!output_is_json(a, &json) || !image_format_known(format))
        return 1;
    if (image_options_help(list, format))
        return 0;
    if (has(a, OPT_size) == (a->nfiles == 1))
        return complain("measure: either --size or a file");
    if (has(a, OPT_size) && (has(a, OPT_image_opts) || has(a, OPT_f) || has(a, OPT_snapshot) || has(a, OPT_force_share)))
        return complain("measure: --size is without a file: -f, -l, -U and --image-opts are of files");
    if (has(a, OPT_size) && !size_parse(a->value[OPT_size], &size))
        return complain("measure: --size %s is no size", a->value[OPT_size]);
    if (a->nfiles) {
        if (!image_how(a, NULL, false, &how))
            return 1;
        struct block_node *n = image_open_snapshot(a, 0, &how);
        if (!n)
            return 1;
        size = n->size;
        bitmaps = may_have_bitmaps(n) && !strcmp(format, "qcow2") && !is_version2(list);
        data = count_data(a, n, cluster_size(list));
        block_unref(n);
        if (data < 0)
            return 1;
    }
    const struct block_driver *d = block_driver_by_name(format);
    struct opts *o = image_options(list);
    if (!o)
        return 1;
    int error = 0;
    if (d->measure)
        error = d->measure(size, (uint64_t)data, o, &required, &full, err, sizeof err);
    else
        required = full = (size + 511) & ~511ull;
    opts_free(o);
    if (error)
        return complain("measure: %s", image_reason(err, error));
    if (json) {
        struct json j = { .f = stdout };
        json_object(&j, NULL);
        json_number(&j, "required", (int64_t)required);
        json_number(&j, "fully-allocated", (int64_t)full);
        if (bitmaps)
            json_number(&j, "bitmaps", 0);
        json_end(&j, '}');
    } else {
        printf("required size: %" PRIu64 "\nfully allocated size: %" PRIu64 "\n", required, full);
        if (bitmaps)
            printf("bitmaps size: 0\n");
    }
    return 0;
}
