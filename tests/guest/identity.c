/* What the process sees of itself: machine name, /proc/self, arguments, environment, HWCAP.
 * TEST: native=no */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(int argc, char **argv, char **envp)
{
    char a[4096] = "", b[4096] = "", *real;
    struct utsname un;
    uname(&un);
    printf("machine %s\n", un.machine);
    ssize_t n = readlink("/proc/self/exe", a, sizeof(a) - 1);
    real = realpath(argv[0], NULL);
    printf("exe %d\n", n > 0 && real && strcmp(a, real) == 0);
    FILE *f = fopen("/proc/self/cmdline", "r");
    size_t got = fread(b, 1, sizeof(b), f);
    fclose(f);
    printf("cmdline %d %d\n", strcmp(b, argv[0]), got == strlen(argv[0]) + 1);
    f = fopen("/proc/self/maps", "r");
    int exe = 0, stack = 0;
    unsigned long from, to;
    while (fgets(b, sizeof(b), f)) {
        exe += strstr(b, a) != NULL;
        if (sscanf(b, "%lx-%lx", &from, &to) == 2)
            stack += (unsigned long)&un >= from && (unsigned long)&un < to;
    }
    fclose(f);
    printf("maps exe %d stack %d\n", exe > 0, stack);
    printf("hwcap fp %lu asimd %lu\n", getauxval(AT_HWCAP) & 1, getauxval(AT_HWCAP) >> 1 & 1);
    printf("platform %s\n", (char *)getauxval(AT_PLATFORM));
    prctl(PR_SET_NAME, "renamed");
    memset(b, 0, sizeof(b));
    prctl(PR_GET_NAME, b);
    printf("name %s\n", b);
    int count = 0;
    while (envp[count])
        count++;
    printf("argc %d env %d home %d\n", argc, count > 0, getenv("PATH") != NULL);
    return 0;
}
