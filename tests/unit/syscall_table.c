/*
 * Makes docs/aarch64-syscalls.md: what becomes of each system call of Linux 6.12's arm64 table.
 *
 * From syscalls.def, prctl.def and ioctl.def; nothing of the page is written by hand. Holds syscalls.def
 * against the kernel's own list (tests/syscall/aarch64-6.12.tsv): every number once, the same name, the same
 * number on x86_64, and nothing else.
 *
 *     syscall_table            checks both (exit status 1 if they don't hold); a test
 *     syscall_table --write    writes the page (make docs)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE "docs/aarch64-syscalls.md"
#define LIST "tests/syscall/aarch64-6.12.tsv"
enum { MAX = 512, LINE = 256 };
enum kind { ABSENT_ROW, FORWARDED, CONVERTED, EMULATED, REFUSED, KINDS };

static const char *const kind_names[KINDS] = {"", "forwarded", "converted", "emulated", "refused"};

static const struct row { const char *name; int generic, x86_64; enum kind kind; const char *error, *reason; } rows[] = {
#define PASS(n, g, x, i, f, r)    { #n, g, x, FORWARDED, NULL, NULL },
#define SYS(n, g, x, i, f, r)     { #n, g, x, CONVERTED, NULL, NULL },
#define OWN(n, g, x, i, f, r)     { #n, g, x, EMULATED, NULL, NULL },
#define NONE(n, g, x, i, f, e, r) { #n, g, x, REFUSED, #e, r },
#include "syscalls.def"
};
enum { NROWS = sizeof rows / sizeof *rows };

static const struct { const char *name, *text; } notes[] = {
#define PASS(n, g, x, i, f, r)
#define SYS(n, g, x, i, f, r)
#define OWN(n, g, x, i, f, r)
#define NONE(n, g, x, i, f, e, r)
#define NOTE(n, text) { #n, text },
#include "syscalls.def"
};

static const char *note_of(const char *name)
{
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (!strcmp(notes[i].name, name))
            return notes[i].text;
    return "";
}

static const struct row *row_of(int number)
{
    for (int i = 0; i < NROWS; i++)
        if (rows[i].generic == number)
            return &rows[i];
    return NULL;
}

/* Each line of the list has its row and each row its line. Number of faults. */
static int check_list(void)
{
    FILE *f = fopen(LIST, "r");
    char line[LINE], name[64];
    int number, x86_64, faults = 0, lines = 0;

    if (f == NULL) {
        printf("no " LIST ": run it in the top folder\n");
        return 1;
    }
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#' || sscanf(line, "%d\t%63s\t%d", &number, name, &x86_64) != 3)
            continue;
        const struct row *r = row_of(number);
        lines++;
        if (r == NULL || strcmp(r->name, name) || (r->x86_64 != x86_64)) {
            printf("%d %s (x86_64 %d): syscalls.def has %s (x86_64 %d)\n", number, name, x86_64,
                   r ? r->name : "no row", r ? r->x86_64 : 0);
            faults++;
        }
    }
    fclose(f);
    if (lines != NROWS) {
        printf("syscalls.def has %d rows, the kernel's list %d\n", NROWS, lines);
        faults++;
    }
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        int k = 0;
        while (k < NROWS && strcmp(rows[k].name, notes[i].name))
            k++;
        if (k == NROWS) {
            printf("NOTE(%s) is of no call\n", notes[i].name);
            faults++;
        }
    }
    return faults;
}

static void print_calls(FILE *f)
{
    unsigned count[KINDS] = {0};

    for (int i = 0; i < NROWS; i++)
        count[rows[i].kind]++;
    fprintf(f, "| | calls | |\n|---|---|---|\n");
    fprintf(f, "| forwarded | %u | the host's kernel takes the same arguments |\n", count[FORWARDED]);
    fprintf(f, "| converted | %u | names, structures, flags or masks are looked at or changed on the way |\n", count[CONVERTED]);
    fprintf(f, "| emulated | %u | done by myna: memory, signals, processes |\n", count[EMULATED]);
    fprintf(f, "| refused | %u | fails with the errno shown; `-d unimp` and `-strace` name it |\n\n", count[REFUSED]);
    fprintf(f, "| number | call | | |\n|---|---|---|---|\n");
    for (int number = 0; number < MAX; number++) {
        const struct row *r = row_of(number);
        if (r == NULL)
            continue;
        fprintf(f, "| %d | %s | %s", number, r->name, kind_names[r->kind]);
        if (r->kind == REFUSED)
            fprintf(f, ": %s | %s |\n", r->error, r->reason);
        else
            fprintf(f, " | %s |\n", note_of(r->name));
    }
}

/* The options of prctl by what becomes of them. */
static void print_options(FILE *f)
{
    static const struct { const char *name, *how, *error, *reason; } options[] = {
#define HOST(n, name, format)       { #name, "forwarded", NULL, NULL },
#define OWN(n, name)                { #name, "emulated", NULL, NULL },
#define NOT(n, name, error, reason) { #name, "refused", #error, reason },
#include "prctl.def"
    };

    fprintf(f, "\n## Options of prctl\n\n| option | | |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        fprintf(f, options[i].error ? "| %s | %s: %s | %s |\n" : "| %s | %s | |\n", options[i].name, options[i].how,
                options[i].error, options[i].reason);
}

/* The requests of ioctl by name, wrapped. */
static void print_requests(FILE *f)
{
    static const char *const requests[] = {
#define IOCTL(request, arg)          #request,
#define NAMED(name, request, arg)    #name,
#define INNER(request, size, offset) #request,
#define REFUSED(type, reason)
#include "ioctl.def"
    };
    size_t column = 0;

    fprintf(f, "\n## Requests of ioctl that are known\n\n");
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        column += strlen(requests[i]) + 1;
        fprintf(f, "%s%s", requests[i], column > 100 ? "\n" : " ");
        column = column > 100 ? 0 : column;
    }
    fprintf(f, "\n");
}

static char *make_page(size_t *len)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, len);

    fprintf(f, "<!-- Made by tests/unit/syscall_table (make docs); a test checks that it is current. -->\n"
               "# System calls of arm64, Linux 6.12\n\n"
               "Other numbers, newer calls among them, are ENOSYS.\n\n");
    print_calls(f);
    print_options(f);
    print_requests(f);
    fclose(f);
    return text;
}

int main(int argc, char **argv)
{
    int faults = check_list();
    size_t len, had = 0;
    char *page = make_page(&len), *old = malloc(len + 1);
    FILE *f;

    if (argc > 1 && !strcmp(argv[1], "--write")) {
        f = fopen(PAGE, "w");
        if (f == NULL || fwrite(page, 1, len, f) != len || fclose(f)) {
            perror(PAGE);
            return 1;
        }
        return faults != 0;
    }
    f = fopen(PAGE, "r");
    if (f != NULL) {
        had = fread(old, 1, len + 1, f);
        fclose(f);
    }
    if (had != len || memcmp(old, page, len)) {
        printf(PAGE " is not current: make docs\n");
        faults++;
    }
    free(page);
    free(old);
    return faults != 0;
}
