/*
 * Writing AML, the byte code of ACPI's namespace (ACPI 6.4, chapter 20), and tables' plain fields: bytes that grow.
 *
 * What holds others (devices, methods, packages ...) is begun and ended: aml_end writes its length. Errors (no memory, too
 * deep) are remembered in `failed`; nothing in between is to be checked.
 */
#ifndef MYNA_AML_H
#define MYNA_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AML_DEPTH = 16 };
enum aml_kind { AML_PLAIN, AML_RESOURCES };

struct aml {
    uint8_t *data;
    size_t n, room;
    struct { size_t at; enum aml_kind kind; } open[AML_DEPTH]; /* where the length goes */
    unsigned depth;
    bool failed;
};

void aml_free(struct aml *a);

/* Plain bytes: little-endian numbers of 1 to 8 bytes, zeros, text that is filled up to n. */
void aml_bytes(struct aml *a, const void *data, size_t n);
void aml_number(struct aml *a, unsigned size, uint64_t v);
void aml_zeros(struct aml *a, size_t n);
/* Overwrites what was written. */
void aml_patch(struct aml *a, size_t at, unsigned size, uint64_t v);

/* --- terms ------------------------------------------------------------------- */

enum aml_op {
    AML_ZERO = 0x00, AML_ONE = 0x01, AML_LOCAL0 = 0x60, AML_LOCAL1 = 0x61, AML_ARG0 = 0x68, AML_ARG1 = 0x69, AML_ARG2 = 0x6a, AML_ARG3 = 0x6b,
    AML_STORE = 0x70 /* value, to */, AML_AND = 0x7b /* a, b, to */, AML_OR = 0x7d, AML_NOTIFY = 0x86 /* object, value */,
    AML_DWORD_FIELD = 0x8a /* buffer, offset, name */, AML_LNOT = 0x92, AML_LEQUAL = 0x93, AML_RETURN = 0xa4, AML_NONE = 0x00 /* no target */
};
void aml_op(struct aml *a, enum aml_op op);
void aml_int(struct aml *a, uint64_t v);
void aml_text(struct aml *a, const char *text);
/* "NAME", "\\_SB.NAME": parts are filled up to four characters. */
void aml_path(struct aml *a, const char *path);
/* A buffer of those bytes. */
void aml_buffer(struct aml *a, const void *data, size_t n);
/* "33DB4D5B-1FF7-401C-9657-7441C03DD766" as the buffer of 16 bytes that ToUUID makes of it. */
void aml_uuid(struct aml *a, const char *text);

/* Name(name, v) and Name(name, text); aml_named: the object follows. */
void aml_named(struct aml *a, const char *name);
void aml_named_int(struct aml *a, const char *name, uint64_t v);
void aml_named_text(struct aml *a, const char *name, const char *text);

/* All are ended by aml_end. */
void aml_scope(struct aml *a, const char *path);
void aml_device(struct aml *a, const char *name);
void aml_method(struct aml *a, const char *name, unsigned args, bool serialized);
void aml_package(struct aml *a, unsigned elements);
void aml_if(struct aml *a);   /* the predicate follows, then the terms */
void aml_else(struct aml *a);
/* A region of memory, and one field of it of 32 bits. */
void aml_region32(struct aml *a, const char *region, const char *field, uint64_t at);
void aml_end(struct aml *a);

/* --- resources: between aml_resources and aml_end -------------------------------- */

void aml_resources(struct aml *a);
void aml_fixed_memory(struct aml *a, uint64_t at, uint64_t size);
void aml_interrupt(struct aml *a, uint32_t number, bool edge);
enum aml_space { AML_MEMORY, AML_IO, AML_BUSES };
/* A window that a bridge passes on, in a descriptor of size 2, 4 or 8 bytes an address; offset: what is added on this side. */
void aml_window(struct aml *a, unsigned size, enum aml_space space, uint64_t first, uint64_t last, uint64_t offset);

#endif
