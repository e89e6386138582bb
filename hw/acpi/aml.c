/* Writing AML: see aml.h. Section numbers are those of ACPI 6.4. */
#include <stdlib.h>
#include <string.h>

#include "aml.h"

void aml_free(struct aml *a)
{
    free(a->data);
    *a = (struct aml){ 0 };
}

/* ------------------------------------------------------------------------- bytes */

static bool make_room(struct aml *a, size_t n)
{
    if (!a->failed && n > a->room - a->n) {
        size_t room = (a->n + n) * 2 + 256;
        uint8_t *data = realloc(a->data, room);
        if (data) {
            a->data = data;
            a->room = room;
        }
        a->failed = !data;
    }
    return !a->failed;
}

void aml_bytes(struct aml *a, const void *data, size_t n)
{
    if (!n || !make_room(a, n))
        return;
    memcpy(a->data + a->n, data, n);
    a->n += n;
}

void aml_number(struct aml *a, unsigned size, uint64_t v) { aml_bytes(a, &v, size); }

void aml_zeros(struct aml *a, size_t n)
{
    while (n--)
        aml_number(a, 1, 0);
}

void aml_patch(struct aml *a, size_t at, unsigned size, uint64_t v)
{
    if (!a->failed)
        memcpy(a->data + at, &v, size);
}

static void insert(struct aml *a, size_t at, const void *data, size_t n)
{
    if (!make_room(a, n))
        return;
    memmove(a->data + at + n, a->data + at, a->n - at);
    memcpy(a->data + at, data, n);
    a->n += n;
}

/* -------------------------------------------------------------------- the encoding */

/* 20.2.4: the length of what follows and of itself; own false: for a field, of n bits alone. */
static unsigned package_length(uint8_t *to, size_t n, bool own)
{
    unsigned bytes = 1;
    if (n + own > 0x3f)
        for (bytes = 2; n + (own ? bytes : 0) >= (size_t)1 << (4 + 8 * (bytes - 1)); bytes++)
            ;
    n += own ? bytes : 0;
    if (bytes == 1) {
        to[0] = (uint8_t)n;
        return 1;
    }
    to[0] = (uint8_t)((bytes - 1) << 6 | (n & 15));
    for (unsigned k = 1; k < bytes; k++)
        to[k] = (uint8_t)(n >> (4 + 8 * (k - 1)));
    return bytes;
}

static unsigned integer(uint8_t *to, uint64_t v)
{
    static const struct { unsigned size; uint8_t prefix; } forms[] = { { 1, 0x0a }, { 2, 0x0b }, { 4, 0x0c }, { 8, 0x0e } };
    unsigned k = 0;
    if (v <= 1) {
        to[0] = v ? AML_ONE : AML_ZERO;
        return 1;
    }
    while (k < 3 && v >> 8 * forms[k].size)
        k++;
    to[0] = forms[k].prefix;
    memcpy(to + 1, &v, forms[k].size);
    return 1 + forms[k].size;
}

static void begin(struct aml *a, enum aml_kind kind)
{
    if (a->depth == AML_DEPTH) {
        a->failed = true;
        return;
    }
    a->open[a->depth].at = a->n;
    a->open[a->depth++].kind = kind;
}

void aml_end(struct aml *a)
{
    uint8_t size[9], length[4];
    if (!a->depth || a->failed) {
        a->failed = true;
        return;
    }
    size_t at = a->open[--a->depth].at;
    if (a->open[a->depth].kind == AML_RESOURCES) {
        aml_number(a, 2, 0x0079); /* 6.4.2.9: the end tag; no checksum */
        insert(a, at, size, integer(size, a->n - at));
    }
    insert(a, at, length, package_length(length, a->n - at, true));
}

/* -------------------------------------------------------------------------- terms */

void aml_op(struct aml *a, enum aml_op op) { aml_number(a, 1, op); }

void aml_int(struct aml *a, uint64_t v)
{
    uint8_t bytes[9];
    aml_bytes(a, bytes, integer(bytes, v));
}

void aml_text(struct aml *a, const char *text)
{
    aml_number(a, 1, 0x0d);
    aml_bytes(a, text, strlen(text) + 1);
}

void aml_path(struct aml *a, const char *path)
{
    unsigned parts = 1;
    for (const char *p = path; *p; p++)
        parts += *p == '.';
    for (; *path == '\\' || *path == '^'; path++)
        aml_number(a, 1, (uint8_t)*path);
    if (parts == 2)
        aml_number(a, 1, 0x2e);
    else if (parts > 2)
        aml_number(a, 2, 0x2f | parts << 8);
    for (; parts--; path += *path == '.') {
        char part[4] = { '_', '_', '_', '_' };
        for (unsigned k = 0; *path && *path != '.'; path++)
            if (k < 4)
                part[k++] = *path;
        aml_bytes(a, part, 4);
    }
}

void aml_buffer(struct aml *a, const void *data, size_t n)
{
    aml_number(a, 1, 0x11);
    begin(a, AML_PLAIN);
    aml_int(a, n);
    aml_bytes(a, data, n);
    aml_end(a);
}

/* 19.6.142: the first three groups are little-endian. */
void aml_uuid(struct aml *a, const char *text)
{
    static const uint8_t place[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    uint8_t bytes[16] = { 0 };
    for (unsigned k = 0; k < 32 && *text; text++) {
        if (*text == '-')
            continue;
        unsigned digit = (unsigned)(*text <= '9' ? *text - '0' : (*text | 32) - 'a' + 10) & 15;
        bytes[place[k / 2]] |= (uint8_t)(digit << (k & 1 ? 0 : 4));
        k++;
    }
    aml_buffer(a, bytes, sizeof bytes);
}

void aml_named(struct aml *a, const char *name)
{
    aml_number(a, 1, 0x08);
    aml_path(a, name);
}

void aml_named_int(struct aml *a, const char *name, uint64_t v)
{
    aml_named(a, name);
    aml_int(a, v);
}

void aml_named_text(struct aml *a, const char *name, const char *text)
{
    aml_named(a, name);
    aml_text(a, text);
}

void aml_scope(struct aml *a, const char *path)
{
    aml_number(a, 1, 0x10);
    begin(a, AML_PLAIN);
    aml_path(a, path);
}

void aml_device(struct aml *a, const char *name)
{
    aml_number(a, 2, 0x825b);
    begin(a, AML_PLAIN);
    aml_path(a, name);
}

void aml_method(struct aml *a, const char *name, unsigned args, bool serialized)
{
    aml_number(a, 1, 0x14);
    begin(a, AML_PLAIN);
    aml_path(a, name);
    aml_number(a, 1, args | (serialized ? 8 : 0));
}

void aml_package(struct aml *a, unsigned elements)
{
    aml_number(a, 1, 0x12);
    begin(a, AML_PLAIN);
    aml_number(a, 1, elements);
}

void aml_if(struct aml *a)
{
    aml_number(a, 1, 0xa0);
    begin(a, AML_PLAIN);
}

void aml_else(struct aml *a)
{
    aml_number(a, 1, 0xa1);
    begin(a, AML_PLAIN);
}

void aml_region32(struct aml *a, const char *region, const char *field, uint64_t at)
{
    uint8_t bits[4];
    aml_number(a, 2, 0x805b);
    aml_path(a, region);
    aml_number(a, 1, 0); /* SystemMemory */
    aml_int(a, at);
    aml_int(a, 4);
    aml_number(a, 2, 0x815b);
    begin(a, AML_PLAIN);
    aml_path(a, region);
    aml_number(a, 1, 3); /* DWordAcc, NoLock, Preserve */
    aml_path(a, field);
    aml_bytes(a, bits, package_length(bits, 32, false));
    aml_end(a);
}

/* --------------------------------------------------------------------- resources */

void aml_resources(struct aml *a)
{
    aml_number(a, 1, 0x11);
    begin(a, AML_RESOURCES);
}

/* 6.4.3.4 */
void aml_fixed_memory(struct aml *a, uint64_t at, uint64_t size)
{
    aml_number(a, 1, 0x86);
    aml_number(a, 2, 9);
    aml_number(a, 1, 1); /* read and write */
    aml_number(a, 4, at);
    aml_number(a, 4, size);
}

/* 6.4.3.6: consumed, active high, exclusive. */
void aml_interrupt(struct aml *a, uint32_t number, bool edge)
{
    aml_number(a, 1, 0x89);
    aml_number(a, 2, 6);
    aml_number(a, 1, 1 | (edge ? 2 : 0));
    aml_number(a, 1, 1);
    aml_number(a, 4, number);
}

/* 6.4.3.5: produced, both ends fixed. */
void aml_window(struct aml *a, unsigned size, enum aml_space space, uint64_t first, uint64_t last, uint64_t offset)
{
    static const uint8_t flags[] = { [AML_MEMORY] = 1 /* read and write */, [AML_IO] = 0x13 /* all of it; memory on this side */, [AML_BUSES] = 0 };
    aml_number(a, 1, size == 8 ? 0x8a : size == 4 ? 0x87 : 0x88);
    aml_number(a, 2, 3 + 5 * size);
    aml_number(a, 1, space);
    aml_number(a, 1, 0x0c);
    aml_number(a, 1, flags[space]);
    aml_number(a, size, 0);
    aml_number(a, size, first);
    aml_number(a, size, last);
    aml_number(a, size, offset);
    aml_number(a, size, last - first + 1);
}
