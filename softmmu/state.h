/*
 * State that is saved: rows that say where it is. Devices declare theirs (../hw/device.h), the ISA those of a processor.
 *
 * What is written is name, size and bytes of each row, so a stream says by itself what it holds; what is read is held against
 * the rows: names, sizes, truth values, limits. See migrate/ for the stream and ../docs/migration.md for its format.
 */
#ifndef MYNA_STATE_H
#define MYNA_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
    FIELD_PLAIN,
    FIELD_TRUTH,  /* bool or bools: any other byte than 0 and 1 is refused */
    FIELD_LIMIT,  /* one unsigned integer of `size` bytes, at most `most` */
    FIELD_SPARSE, /* written if it is not zero; zero if it is not in the stream */
};

/* Plain integers, or arrays and structs of them without padding that matters. */
struct field {
    const char *name;
    uint32_t offset, size;
    uint8_t kind;
    uint8_t since;  /* version of the type that it came with: older streams do not have it */
    uint64_t most;
};
#define FIELD_KIND(x) _Generic((x), bool: FIELD_TRUTH, bool *: FIELD_TRUTH, default: FIELD_PLAIN)
#define FIELD_AT(S, member, kind, since, most) { #member, offsetof(S, member), sizeof(((S *)0)->member), kind, since, most }
#define FIELD(S, member) FIELD_AT(S, member, FIELD_KIND(((S *)0)->member), 0, 0)
#define FIELD_NAMED(S, member, name) { name, offsetof(S, member), sizeof(((S *)0)->member), FIELD_KIND(((S *)0)->member), 0, 0 }
#define FIELD_UP_TO(S, member, most) FIELD_AT(S, member, FIELD_LIMIT, 0, most)
#define FIELD_SINCE(S, member, version) FIELD_AT(S, member, FIELD_KIND(((S *)0)->member), version, 0)

/* Rows (ended by a NULL name; NULL: none) and what they are in. */
struct state_part { const struct field *fields; void *base; };
enum { STATE_PARTS = 4 };

struct stream;
/* A section of a stream that has been read: its fields. */
struct section;

/* Writes a section. */
void state_save(struct stream *s, const char *name, uint32_t version, const struct state_part *parts, unsigned n);
/* Reads it into the parts. False: the reason in err, which names the field; what was read before it is there. */
bool state_load(const struct section *s, uint32_t version, const struct state_part *parts, unsigned n, char *err, size_t errlen);
const char *section_name(const struct section *s);

#endif
