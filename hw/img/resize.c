/*
 * resize: an image's size, absolute or by a difference.
 */
#include "image.h"

int command_resize(const struct args *a)
{
    const char *text = a->files[1];
    char sign = *text == '+' || *text == '-' ? *text++ : 0, err[1024] = "";
    enum block_preallocation p = PREALLOC_OFF;
    struct block_how how;
    uint64_t by, size;
    int status = 1, error;
    if (!size_parse(text, &by))
        return complain("resize: %s is no size (bytes, or with a suffix k, M, G, T, P or E)", a->files[1]);
    if (has(a, OPT_preallocation) && !block_preallocation_by_name(a->value[OPT_preallocation], &p))
        return complain("resize: --preallocation may be off, metadata, falloc or full");
    if (!image_how(a, NULL, true, &how))
        return 1;
    struct block_node *n = image_open_arg(a, 0, &how);
    if (!n)
        return 1;
    size = sign == '+' ? n->size + by : sign == '-' ? n->size - by : by;
    if ((sign == '-' && by > n->size) || size > INT64_MAX)
        complain("resize: %s: a size of %s%s would come out", a->files[0], sign == '-' ? "less than nothing" : "more than ", sign == '-' ? "" : "8 EiB");
    else if (!size)
        complain("resize: %s: its new size would be 0", a->files[0]);
    else if (size <= n->size && p != PREALLOC_OFF)
        complain("resize: --preallocation is for images that grow");
    else if (size < n->size && !has(a, OPT_shrink))
        complain("resize: %s would get smaller, and what is behind lost; --shrink says that this is wanted", a->files[0]);
    else if ((error = block_resize(n, size, size < n->size, p, err, sizeof err)) != 0)
        complain("resize: %s: %s", a->files[0], image_reason(err, error));
    else if (image_flush(n, a->files[0])) {
        say(a, "Image resized.\n");
        status = 0;
    }
    block_unref(n);
    return status;
}
