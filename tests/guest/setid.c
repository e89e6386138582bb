/* TEST: run=no
 * Prints its ids, AT_SECURE and no_new_privs; with arguments it first sets no_new_privs (if the first is
 * "nnp") and runs the rest. For suites/containers.py. */
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc > 2) {
        if (!strcmp(argv[1], "nnp") && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
            return 1;
        if (!strcmp(argv[1], "drop") && (setgid(33) || setuid(33)))
            return 1;
        execv(argv[2], argv + 2);
        return 1;
    }
    printf("uid %d euid %d secure %lu nnp %d\n", (int)getuid(), (int)geteuid(), getauxval(AT_SECURE),
           prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    return 0;
}
