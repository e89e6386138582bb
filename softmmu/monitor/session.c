/*
 * Sessions of the monitor: a thread that reads lines from its terminal, and the loop's side of that terminal.
 *
 * What a command prints is gathered first, with the machine's lock, and written to the terminal without it: the terminal
 * is emptied by the loop, which needs the lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>
#ifdef MYNA_LIBEDIT
#include <histedit.h>
#endif

#include "monitor.h"

struct monitor {
    struct machine *machine;
    struct monitor_port port;
    int master, slave;
    struct loop_fd *watch;
    uint8_t out[4096];     /* read from the terminal, not yet taken by the port */
    size_t nout;
    pthread_t thread;
    pthread_cond_t begin;
    bool begun;
    unsigned cpu;
    FILE *in, *to;
};

enum { REDISPLAY = ']' & 31 }; /* a key of ours: the editor shows its line again */
static const char prompt_text[] = "(qemu) "; /* what scripts that drive such monitors wait for */

/* --------------------------------------------------------------- the loop's side */

static void pass_on(struct monitor *mon)
{
    size_t done = mon->port.write(mon->port.arg, mon->out, mon->nout);
    memmove(mon->out, mon->out + done, mon->nout - done);
    mon->nout -= done;
}

static void printed(void *arg, uint32_t events)
{
    struct monitor *mon = arg;
    ssize_t n = read(mon->master, mon->out + mon->nout, sizeof mon->out - mon->nout);
    if (n > 0) {
        mon->nout += (size_t)n;
        pass_on(mon);
    }
    if (mon->nout)
        loop_change(mon->machine->loop, mon->watch, 0); /* until the port takes it */
}

void monitor_drained(struct monitor *mon)
{
    pass_on(mon);
    if (!mon->nout)
        loop_change(mon->machine->loop, mon->watch, EPOLLIN);
}

size_t monitor_room(struct monitor *mon) { return 256; } /* a terminal's input has room for 4096 */

void monitor_input(struct monitor *mon, const uint8_t *bytes, size_t n)
{
    while (n) {
        ssize_t k = write(mon->master, bytes, n);
        if (k <= 0)
            return; /* thousands of keys ahead of a command that lasts */
        bytes += k;
        n -= (size_t)k;
    }
}

void monitor_focus(struct monitor *mon)
{
    if (mon->begun) {
        uint8_t redisplay = REDISPLAY;
        monitor_input(mon, &redisplay, 1);
    }
    mon->begun = true;
    pthread_cond_signal(&mon->begin);
}

/* -------------------------------------------------------------------- the thread */

static void do_line(struct monitor *mon, char *line)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return;
    bool locked = machine_lock_enter();
    monitor_run(mon->machine, line, &mon->cpu, out);
    if (locked)
        machine_lock_leave();
    fclose(out);
    fwrite(text, 1, n, mon->to);
    fflush(mon->to);
    free(text);
}

#ifdef MYNA_LIBEDIT

static char *prompt(EditLine *el) { return (char *)prompt_text; }

/* Tab: what all candidates have in common is put in; if that is nothing, they are shown. */
static unsigned char complete(EditLine *el, int key)
{
    struct monitor *mon;
    const LineInfo *li = el_line(el);
    size_t n = (size_t)(li->cursor - li->buffer), word = n, common = 0;
    char first[128] = "";
    unsigned count = 0;
    el_get(el, EL_CLIENTDATA, &mon);
    while (word && li->buffer[word - 1] != ' ')
        word--;
    bool locked = machine_lock_enter();
    const char *c;
    for (unsigned k = 0; (c = monitor_complete(mon->machine, li->buffer, n, k)); k++, count++) {
        if (!count) {
            snprintf(first, sizeof first, "%s", c);
            common = strlen(first);
        }
        while (common && strncmp(first, c, common))
            common--;
    }
    if (count > 1 && common <= n - word) {
        fputc('\n', mon->to);
        for (unsigned k = 0; (c = monitor_complete(mon->machine, li->buffer, n, k)); k++)
            fprintf(mon->to, "%s  ", c);
        fputc('\n', mon->to);
    }
    if (locked)
        machine_lock_leave();
    fflush(mon->to);
    if (!count)
        return CC_REFRESH_BEEP;
    if (count == 1)
        snprintf(first + common, sizeof first - common, " ");
    else
        first[common] = 0;
    if (strlen(first) > n - word)
        el_insertstr(el, first + (n - word));
    return count > 1 && common <= n - word ? CC_REDISPLAY : CC_REFRESH;
}

static void converse(struct monitor *mon)
{
    EditLine *el = el_init_fd("myna", mon->in, mon->to, mon->to, mon->slave, mon->slave, mon->slave);
    History *h = history_init();
    HistEvent e;
    const char *line, *term = getenv("TERM");
    int n;
    if (!el || !h)
        return;
    history(h, &e, H_SETSIZE, 200);
    el_set(el, EL_CLIENTDATA, mon);
    if (!term || !*term || !strcmp(term, "dumb"))
        el_set(el, EL_TERMINAL, "vt100");
    el_set(el, EL_PROMPT, prompt);
    el_set(el, EL_EDITOR, "emacs");
    el_set(el, EL_SIGNAL, 0);
    el_set(el, EL_HIST, history, h);
    el_set(el, EL_ADDFN, "complete", "completes a word", complete);
    el_set(el, EL_BIND, "^I", "complete", NULL);
    el_set(el, EL_BIND, "^]", "ed-redisplay", NULL);
    while ((line = el_gets(el, &n)) && n > 0) {
        char text[1024];
        snprintf(text, sizeof text, "%.*s", n, line);
        text[strcspn(text, "\r\n")] = 0;
        if (*text)
            history(h, &e, H_ENTER, text);
        do_line(mon, text);
    }
}

#else

static void converse(struct monitor *mon)
{
    char line[1024];
    do {
        fputs(prompt_text, mon->to);
        fflush(mon->to);
        if (!fgets(line, sizeof line, mon->in))
            return;
        line[strcspn(line, "\r\n")] = 0;
        do_line(mon, line);
    } while (true);
}

#endif

static void *run(void *arg)
{
    struct monitor *mon = arg;
    machine_lock_enter();
    while (!mon->begun)
        pthread_cond_wait(&mon->begin, machine_lock_mutex());
    machine_lock_leave();
    fprintf(mon->to, "myna monitor - type 'help' for more information\n");
    fflush(mon->to);
    for (;;) {
        converse(mon); /* it comes back at the end of input, which a key may be */
        clearerr(mon->in);
    }
    return NULL;
}

/* Neither echo nor lines: the editor makes them, and keys typed ahead are not shown twice. Without an editor the terminal
 * does both. */
static void set_terminal(int fd)
{
    struct termios t;
    if (tcgetattr(fd, &t))
        return;
    t.c_iflag |= ICRNL;
    t.c_oflag |= OPOST | ONLCR;
    t.c_lflag &= ~(tcflag_t)(ISIG);
#ifdef MYNA_LIBEDIT
    t.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
#endif
    tcsetattr(fd, TCSANOW, &t);
}

struct monitor *monitor_new(struct machine *m, const struct monitor_port *p, char *err, size_t errlen)
{
    struct monitor *mon = calloc(1, sizeof *mon);
    char name[64];
    if (!mon) {
        snprintf(err, errlen, "no memory for a monitor");
        return NULL;
    }
    mon->machine = m;
    mon->port = *p;
    mon->begun = p->focused;
    pthread_cond_init(&mon->begin, NULL);
    mon->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (mon->master < 0 || grantpt(mon->master) || unlockpt(mon->master) || ptsname_r(mon->master, name, sizeof name) ||
        (mon->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 || !(mon->in = fdopen(mon->slave, "r")) ||
        !(mon->to = fdopen(dup(mon->slave), "w")) || !(mon->watch = loop_watch(m->loop, mon->master, EPOLLIN, printed, mon))) {
        snprintf(err, errlen, "no terminal for the monitor: %s", strerror(errno));
        return NULL;
    }
    set_terminal(mon->slave);
    int rc = pthread_create(&mon->thread, NULL, run, mon);
    if (rc) {
        snprintf(err, errlen, "no thread for the monitor: %s", strerror(rc));
        return NULL;
    }
    return mon;
}
