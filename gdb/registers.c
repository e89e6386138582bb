/*
 * Registers by the guest's table (struct gdb_target), and the XML that describes them. Source: the gdb manual, "Target
 * Descriptions".
 */
#include <stdio.h>
#include <string.h>

#include "registers.h"

/* -------------------------------------------------------------- registers */

static void *slot_of(const struct ir_target *ir, struct cpu *cpu, const struct gdb_register *r)
{
    if (r->row == GDB_PC)
        return &cpu->pc;
    return (char *)cpu + ir->regs[r->row].offset;
}

size_t target_read(const struct gdb_target *g, const struct ir_target *ir, struct cpu *cpu, unsigned number, uint8_t out[64])
{
    if (number >= g->nregs)
        return 0;
    const struct gdb_register *r = &g->regs[number];
    if (r->row == GDB_SPECIAL) {
        uint64_t v = g->read(cpu, number);
        memcpy(out, &v, r->size);
    } else {
        memcpy(out, slot_of(ir, cpu, r), r->size);
    }
    return r->size;
}

bool target_write(const struct gdb_target *g, const struct ir_target *ir, struct cpu *cpu, unsigned number, const uint8_t *bytes)
{
    if (number >= g->nregs)
        return false;
    const struct gdb_register *r = &g->regs[number];
    if (r->row == GDB_SPECIAL) {
        uint64_t v = 0;
        memcpy(&v, bytes, r->size);
        g->write(cpu, number, v);
    } else {
        memcpy(slot_of(ir, cpu, r), bytes, r->size);
    }
    return true;
}

char *target_describe(const struct gdb_target *g)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (f == NULL)
        return NULL;
    fprintf(f, "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">"
               "<architecture>%s</architecture>", g->architecture);
    if (g->osabi != NULL)
        fprintf(f, "<osabi>%s</osabi>", g->osabi);
    for (unsigned k = 0; k < g->nfeatures; k++) {
        unsigned end = k + 1 < g->nfeatures ? g->features[k + 1].first : g->nregs;

        fprintf(f, "<feature name=\"%s\">%s", g->features[k].name, g->features[k].types);
        for (unsigned i = g->features[k].first; i < end; i++) {
            const struct gdb_register *r = &g->regs[i];

            fprintf(f, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"", r->name, r->size * 8u,
                    r->type, i);
            if (r->group != NULL)
                fprintf(f, " group=\"%s\"", r->group);
            fputs("/>", f);
        }
        fputs("</feature>", f);
    }
    fputs("</target>", f);
    return fclose(f) == 0 ? text : NULL;
}

