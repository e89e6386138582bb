/*
 * myna at an address of its own, chosen when it is linked: no relocation is left for the start of each process, which
 * would write 65 pages of tables of pointers (60 to 100 microseconds). The address is above all that a guest is
 * given and below where the host's kernel begins to place mappings (its stack, its gap, a random tebibyte).
 *
 * configure links this with `-static-pie -Wl,-no-pie,...` if the result runs, and else makes a static PIE without it. The
 * start code of a static PIE is used as it needs no addresses below 2 GiB; what it would relocate is done.
 *
 * Calls to what is missing are then out of reach of a 32-bit displacement, although glibc never makes them: it asks
 * first whether there is such a function, by its address. So each has one that does nothing; where the real one is
 * linked, that is taken instead.
 *
 * The C library asks at each start where the program lies (readlink of /proc/self/exe, 3 % of a short process's time), for
 * $ORIGIN in the names of libraries that a static program might load. This one loads none: the answer is "not known".
 */
#define NOTHING(name) \
    void name(void); \
    __attribute__((weak)) void name(void) {}

void _dl_relocate_static_pie(void);
void _dl_relocate_static_pie(void) {}

NOTHING(__call_tls_dtors)
NOTHING(__cxa_finalize)
NOTHING(__glibc_tls_internal_free)
NOTHING(__mq_notify_fork_subprocess)
NOTHING(__nss_database_fork_prepare_parent)
NOTHING(__nss_database_fork_subprocess)
NOTHING(__pthread_initialize_minimal)
NOTHING(__timer_fork_subprocess)

const char *_dl_get_origin(void);
const char *_dl_get_origin(void) { return (const char *)-1; }
