/*
 * decodegen refuses what its head says it refuses, with a message that names the rows, and accepts
 * the rest. The tool is taken from the build folder this program stands in, or argv[1].
 */
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned passed, failed;
static char tool[4096], folder[] = "/tmp/decodegen_testXXXXXX";

/* Runs the tool on rows; want: a part of its message, or NULL if it must succeed. */
static void try(const char *rows, const char *want)
{
    char command[9000], path[4096], out[4096] = "";
    snprintf(path, sizeof path, "%s/t.decode", folder);
    FILE *f = fopen(path, "w");
    if (!f) {
        perror(path);
        exit(2);
    }
    fputs(rows, f);
    fclose(f);
    snprintf(command, sizeof command, "%s %s/t.h %s 2>&1", tool, folder, path);
    FILE *p = popen(command, "r");
    if (!p)
        exit(2);
    size_t n = fread(out, 1, sizeof out - 1, p);
    out[n] = 0;
    int status = pclose(p);
    bool ok = want ? status && strstr(out, want) : !status && !n;
    if (!ok)
        printf("rows:\n%swant: %s\ngot:  %s\n", rows, want ? want : "success", out);
    ok ? passed++ : failed++;
}

#define P "prefix t\n"
#define W16 "0000000000000000"

int main(int argc, char **argv)
{
    if (argc > 1)
        snprintf(tool, sizeof tool, "%s", argv[1]);
    else
        snprintf(tool, sizeof tool, "%s/../../decodegen", dirname(argv[0]));
    if (!mkdtemp(folder))
        return 2;
    try(P "A " W16 " imm:16\n", NULL);
    try(P "# nothing\n\nA " W16 " 0 imm:15 # one\nB_x " W16 " 1 imm:s15 | sets feat=F\n", NULL);
    try(P "A " W16 " imm:15\n", "A: the bits do not add up to 32");
    try(P "A " W16 " imm:17\n", "A: the bits do not add up to 32");
    try(P "A " W16 " 0 imm:16\n", "A: the bits do not add up to 32");
    try(P "A " W16 " 2 imm:15\n", "A: bad token 2");
    try("A " W16 " imm:16\n", "no prefix directive");
    try(P "A " W16 " imm:16\nA 1000000000000000 imm:16\n", "second row of that name");
    /* overlaps */
    try(P "A " W16 " imm:16\nB " W16 " 1 imm:15\n", "B overlaps A");
    try(P "A " W16 " imm:16 | imm!=0b1xxxxxxxxxxxxxxx\nB " W16 " 1 imm:15\n", NULL);
    try(P "A " W16 " a:1 imm:15 | a!=1\nB " W16 " 1 imm:15\n", NULL);
    try(P "A " W16 " a:2 imm:14 | a!=2\nB " W16 " 1 imm:15\n", "B overlaps A");
    try(P "A " W16 " a:2 imm:14 | a!=2 a!=3\nB " W16 " 1 imm:15\n", NULL);
    try(P "A " W16 " a:1 imm:15 | a!=1\nB " W16 " a:1 imm:15 | a!=0\n", NULL);
    /* a field in two parts: the first is the high one */
    try(P "A " W16 " a:1 0000000 a:1 0000000 | a!=2\nB " W16 " 1 0000000 0 0000000\n", NULL);
    try(P "A " W16 " a:1 0000000 a:1 0000000 | a!=1\nB " W16 " 1 0000000 0 0000000\n", "B overlaps A");
    /* unreachable */
    try(P "A " W16 " a:1 imm:15 | a!=0 a!=1\n", "no word can reach this row");
    try(P "A " W16 " a:1 b:1 imm:14 | a!=0 a!=0b1\n", "no word can reach this row");
    /* attributes */
    try(P "A " W16 " imm:16 | prio=1\n", "unknown attribute prio=1");
    try(P "A " W16 " imm:16 | sets reads\n", "sets and reads exclude one another");
    try(P "A " W16 " imm:16 | x!=1\n", "no field x");
    try(P "A " W16 " imm:16 | imm!=65536\n", "bad value 65536");
    try(P "A " W16 " imm:16 | imm!=0b01\n", "is not 16 bits");
    char path[64];
    snprintf(path, sizeof path, "%s/t.decode", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/t.h", folder);
    unlink(path);
    rmdir(folder);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
