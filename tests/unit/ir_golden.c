/*
 * Golden tests of the IR: text in, text after the passes out. Runs the files given, or all of
 * tests/ir.
 *
 * A golden file holds cases. `== name` begins one, followed by a region; sections state what is
 * expected:
 *     -- fold         the region after ir_pass_fold
 *     -- dead         the region after ir_pass_fold and ir_pass_dead
 *     -- dead precise the same with precise flags
 *     -- reject TEXT  the verifier's complaint about the region as it stands
 *     -- error TEXT   the parser's
 * Values are compared by the order of their first appearance, so that expectations may number them
 * as they like; the `region` line is not compared. Regions that are not rejected are also printed
 * and read back, and verified before and after each pass.
 */
#include <glob.h>
#include "ir_test.h"

/* Lines without blanks at their ends, comments, empty and region lines; values renumbered. Caller
 * frees. */
static char *normalised(const char *text)
{
    size_t len = 0, cap = strlen(text) * 4 + 16;
    char *out = malloc(cap);
    unsigned names[256], n = 0;
    while (*text) {
        const char *end = text + strcspn(text, "\n"), *stop = text;
        while (text < end && (*text == ' ' || *text == '\t'))
            text++;
        for (stop = text; stop < end && *stop != ';'; stop++)
            ;
        while (stop > text && (stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        if (stop > text && strncmp(text, "region", 6) != 0) {
            while (text < stop) {
                if (*text != '%') {
                    out[len++] = *text++;
                    continue;
                }
                unsigned name = (unsigned)strtoul(text + 1, (char **)&text, 10), k = 0;
                while (k < n && names[k] != name)
                    k++;
                if (k == n && n < 256)
                    names[n++] = name;
                len += (size_t)snprintf(out + len, cap - len, "%%%u", k + 1);
            }
            out[len++] = '\n';
        }
        text = *end ? end + 1 : end;
    }
    out[len] = 0;
    return out;
}

static char *printed(const struct ir_region *r)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    ir_print(f, r);
    fclose(f);
    return text;
}

static void expect_text(const char *path, const char *name, const char *stage,
                        const struct ir_region *r, const char *expected)
{
    char *text = printed(r), *have = normalised(text), *want = normalised(expected);
    check(strcmp(have, want) == 0, "%s: %s: after %s\n--- have\n%s--- want\n%s", path, name, stage,
          have, want);
    free(text);
    free(have);
    free(want);
}

static bool verified(const char *path, const char *name, const char *stage,
                     const struct ir_region *r)
{
    uint32_t at;
    const char *wrong = ir_verify(r, &at);
    return check(!wrong, "%s: %s: verifier %s: %s at %%%u", path, name, stage, wrong, at);
}

/* One section of one case. */
static void run_section(const char *path, const char *name, const char *region, const char *kind,
                        const char *body)
{
    struct ir_region r;
    char err[160] = "";
    uint32_t at;
    ir_region_init(&r, &test_target);
    bool parsed = ir_parse(&r, region, err, sizeof(err));
    if (strncmp(kind, "error ", 6) == 0) {
        check(!parsed && strstr(err, kind + 6), "%s: %s: parser said \"%s\", not \"%s\"", path,
              name, err, kind + 6);
    } else if (!check(parsed, "%s: %s: %s", path, name, err)) {
        /* nothing more to see */
    } else if (strncmp(kind, "reject ", 7) == 0) {
        const char *wrong = ir_verify(&r, &at);
        check(wrong && strcmp(wrong, kind + 7) == 0, "%s: %s: verifier said \"%s\", not \"%s\"",
              path, name, wrong ? wrong : "nothing", kind + 7);
        free(printed(&r)); /* whatever it is, printing is safe */
    } else if (verified(path, name, "before", &r)) {
        char *once = printed(&r), *twice = NULL;
        struct ir_region again;
        ir_region_init(&again, &test_target);
        if (check(ir_parse(&again, once, err, sizeof(err)), "%s: %s: reading back: %s", path, name,
                  err)) {
            twice = printed(&again);
            check(strcmp(once, twice) == 0, "%s: %s: reads back as\n%s", path, name, twice);
        }
        free(once);
        free(twice);
        ir_region_free(&again);
        ir_pass_fold(&r);
        verified(path, name, "after fold", &r);
        if (strcmp(kind, "fold") == 0) {
            expect_text(path, name, kind, &r, body);
        } else {
            r.precise_flags = strcmp(kind, "dead precise") == 0;
            check(r.precise_flags || strcmp(kind, "dead") == 0, "%s: %s: section \"%s\"?", path,
                  name, kind);
            ir_pass_dead(&r);
            verified(path, name, "after dead", &r);
            expect_text(path, name, kind, &r, body);
        }
    }
    ir_region_free(&r);
}

static void run_case(const char *path, char *text)
{
    char *name = text, *line = strchr(text, '\n'), *region = line ? line + 1 : text + strlen(text);
    if (line)
        *line = 0;
    char *section = strncmp(region, "-- ", 3) == 0 ? region : strstr(region, "\n-- ");
    if (!check(section, "%s: %s: no expectation", path, name))
        return;
    if (section != region)
        *section++ = 0;
    while (section) {
        char *kind = section + 3, *end = strchr(kind, '\n'),
             *body = end ? end + 1 : kind + strlen(kind);
        if (end)
            *end = 0;
        char *next = strncmp(body, "-- ", 3) == 0 ? body : strstr(body, "\n-- ");
        if (next && next != body)
            *next++ = 0;
        char first = *body;
        if (next == body)
            *body = 0;
        run_section(path, name, section == region ? "" : region, kind, body);
        *body = first;
        section = next;
    }
}

static void test_golden(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = NULL;
    size_t cap = 0;
    if (!check(f, "%s: cannot be read", path))
        return;
    ssize_t n = getdelim(&text, &cap, 0, f);
    fclose(f);
    char *at = n > 0 ? strstr(text, "== ") : NULL;
    check(at, "%s: no cases", path);
    while (at) {
        char *next = strstr(at, "\n== ");
        if (next)
            *next++ = 0;
        run_case(path, at + 3);
        at = next;
    }
    free(text);
}

int main(int argc, char **argv)
{
    glob_t found;
    for (int i = 1; i < argc; i++)
        test_golden(argv[i]);
    if (argc == 1 && check(glob("tests/ir/*.ir", 0, NULL, &found) == 0, "no tests/ir/*.ir here")) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            test_golden(found.gl_pathv[i]);
        globfree(&found);
    }
    return report();
}
