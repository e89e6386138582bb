/*
 * check: errors and leaked clusters of an image, found and repaired.
 *
 * Exit status: 0 no errors, 1 the check could not be made, 2 errors, 3 leaked clusters only, 63 the format has no checks.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "image.h"

enum { CORRUPT = 2, LEAKS = 3, NO_CHECKS = 63 };

static void say_line(void *arg, const char *line) { printf("%s\n", line); }

static void print_json(const struct args *a, const struct block_node *n, const struct block_check *c)
{
    const struct { const char *name; uint64_t value; bool always; } members[] = {
        { "image-end-offset", c->image_end_offset }, { "total-clusters", c->total_clusters }, { "check-errors", c->check_errors, true },
        { "corruptions", c->corruptions }, { "corruptions-fixed", c->corruptions_fixed }, { "leaks", c->leaks }, { "leaks-fixed", c->leaks_fixed },
        { "allocated-clusters", c->allocated_clusters }, { "fragmented-clusters", c->fragmented_clusters },
        { "compressed-clusters", c->compressed_clusters },
    };
    struct json j = { .f = stdout };
    json_object(&j, NULL);
    for (unsigned k = 0; k < sizeof members / sizeof *members; k++)
        if (members[k].value || members[k].always)
            json_number(&j, members[k].name, (int64_t)members[k].value);
    json_string(&j, "filename", a->files[0]);
    json_string(&j, "format", n->driver->name);
    json_end(&j, '}');
}

static void print_human(const struct args *a, const struct block_check *c)
{
    double total = (double)c->total_clusters, allocated = (double)c->allocated_clusters;
    if (!c->corruptions && !c->leaks && !c->check_errors)
        say(a, "No errors were found on the image.\n");
    if (c->corruptions)
        say(a, "\n%" PRIu64 " errors were found on the image.\nData may be corrupted, or further writes to the image may corrupt it.\n", c->corruptions);
    if (c->leaks)
        say(a, "\n%" PRIu64 " leaked clusters were found on the image.\nThis means waste of disk space, but no harm to data.\n", c->leaks);
    if (c->check_errors)
        say(a, "\n%" PRIu64 " internal errors have occurred during the check.\n", c->check_errors);
    if (c->total_clusters && c->allocated_clusters)
        say(a, "%" PRIu64 "/%" PRIu64 " = %0.2f%% allocated, %0.2f%% fragmented, %0.2f%% compressed clusters\n", c->allocated_clusters,
            c->total_clusters, allocated * 100 / total, (double)c->fragmented_clusters * 100 / allocated,
            (double)c->compressed_clusters * 100 / allocated);
    if (c->image_end_offset)
        say(a, "Image end offset: %" PRIu64 "\n", c->image_end_offset);
}

/* 0 or -errno of one run. */
static int run(const struct args *a, struct block_node *n, struct block_check *c, unsigned fix, bool json)
{
    *c = (struct block_check){ .say = json || has(a, OPT_quiet) ? NULL : say_line };
    return n->driver->check(n, c, fix);
}

int command_check(const struct args *a)
{
    const char *repair = a->value[OPT_repair];
    unsigned fix = 0;
    bool json;
    struct block_how how;
    struct block_check c;
    if (repair && !strcmp(repair, "leaks"))
        fix = BLOCK_FIX_LEAKS;
    else if (repair && !strcmp(repair, "all"))
        fix = BLOCK_FIX_LEAKS | BLOCK_FIX_ERRORS;
    else if (repair)
        return complain("check: -r may be leaks or all");
    if (!output_is_json(a, &json) || !image_how(a, a->value[OPT_source_cache], fix, &how))
        return 1;
    how.as_it_is = how.no_backing = true;
    struct block_node *n = image_open_arg(a, 0, &how);
    if (!n)
        return 1;
    int error = n->driver->check ? run(a, n, &c, fix, json) : -ENOTSUP;
    if (!error && (c.corruptions_fixed || c.leaks_fixed)) {
        uint64_t corruptions = c.corruptions_fixed, leaks = c.leaks_fixed;
        if (!json)
            say(a, "The following inconsistencies were found and repaired:\n\n    %" PRIu64 " leaked clusters\n    %" PRIu64 " corruptions\n\n"
                   "Double checking the fixed image now...\n", leaks, corruptions);
        error = run(a, n, &c, 0, json);
        c.corruptions_fixed = corruptions;
        c.leaks_fixed = leaks;
    }
    if (error == -ENOTSUP) {
        complain("check: %s: there are no checks for format %s", a->files[0], n->driver->name);
    } else if (error) {
        complain("check: %s: %s", a->files[0], strerror(-error));
    } else if (json) {
        print_json(a, n, &c);
    } else {
        print_human(a, &c);
    }
    block_unref(n);
    return error == -ENOTSUP ? NO_CHECKS : error || c.check_errors ? 1 : c.corruptions ? CORRUPT : c.leaks ? LEAKS : 0;
}
