/*
 * JSON as it is written: indented, one member a line.
 */
#include <inttypes.h>

#include "img.h"

void json_quote(FILE *f, const char *text)
{
    fputc('"', f);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(f, "\\%c", *c);
        else if (*c == '\n')
            fputs("\\n", f);
        else if (*c == '\t')
            fputs("\\t", f);
        else if (*c < 0x20 || *c == 0x7f)
            fprintf(f, "\\u%04x", *c);
        else
            fputc(*c, f);
    }
    fputc('"', f);
}

static void member(struct json *j, const char *name)
{
    if (j->depth)
        fprintf(j->f, "%s\n%*s", j->more ? "," : "", (int)(4 * j->depth), "");
    j->more = true;
    if (name) {
        json_quote(j->f, name);
        fputs(": ", j->f);
    }
}

static void open_bracket(struct json *j, const char *name, char bracket)
{
    member(j, name);
    fputc(bracket, j->f);
    j->depth++;
    j->more = false;
}

void json_object(struct json *j, const char *name) { open_bracket(j, name, '{'); }
void json_array(struct json *j, const char *name) { open_bracket(j, name, '['); }

void json_end(struct json *j, char bracket)
{
    j->depth--;
    fprintf(j->f, "\n%*s%c", (int)(4 * j->depth), "", bracket);
    j->more = true;
    if (!j->depth)
        fputc('\n', j->f);
}

void json_string(struct json *j, const char *name, const char *value)
{
    member(j, name);
    json_quote(j->f, value);
}

void json_number(struct json *j, const char *name, int64_t value)
{
    member(j, name);
    fprintf(j->f, "%" PRId64, value);
}

void json_bool(struct json *j, const char *name, bool value)
{
    member(j, name);
    fputs(value ? "true" : "false", j->f);
}
