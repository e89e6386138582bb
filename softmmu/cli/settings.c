/*
 * Options of what the guest is told of itself and of its end: name, UUID, boot order, SMBIOS, clock, files of fw_cfg,
 * semihosting; descriptors that are handed over. The table is options.c's; each gives false if its argument makes no sense.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "monitor/fdset.h"
#include "options.h"

/* What is done when the guest panics or its watchdog barks is taken, and of no effect: no device here tells of either. */
bool opt_action(struct options *o, const char *a)
{
    static const struct { const char *name, *values; } rows[] = {
        { "reboot", "reset shutdown" }, { "shutdown", "poweroff pause" }, { "panic", "pause shutdown exit-failure none" },
        { "watchdog", "reset shutdown poweroff inject-nmi pause debug none" },
    };
    struct word w;
    while (next_word(&a, &w)) {
        unsigned k = 0;
        while (k < 4 && strcmp(rows[k].name, w.name))
            k++;
        const char *at = k < 4 && w.value && *w.value ? strstr(rows[k].values, w.value) : NULL;
        size_t n = at ? strlen(w.value) : 0;
        if (!at || (at != rows[k].values && at[-1] != ' ') || (at[n] && at[n] != ' '))
            return false;
        if (k == 0)
            o->no_reboot = !strcmp(w.value, "shutdown");
        else if (k == 1)
            o->no_shutdown = !strcmp(w.value, "pause");
    }
    return true;
}

bool opt_add_fd(struct options *o, const char *a)
{
    uint64_t fd = ~0ull, set = ~0ull;
    char *opaque = NULL;
    struct word w;
    while (next_word(&a, &w)) {
        if (w.value && !strcmp(w.name, "opaque"))
            opaque = strdup(w.value);
        else if (!w.value || (strcmp(w.name, "fd") && strcmp(w.name, "set")) || !parse_number(w.value, false, INT32_MAX, !strcmp(w.name, "fd") ? &fd : &set))
            return false;
    }
    if (fd < 3 || fd > INT32_MAX || set > INT32_MAX)
        return false;
    int own = fcntl((int)fd, F_DUPFD_CLOEXEC, 3);
    if (own < 0)
        die("-add-fd fd=%d: %s", (int)fd, strerror(errno));
    close((int)fd);
    bool done = fdset_add((int64_t)set, own, opaque) != NULL;
    free(opaque);
    return done;
}

bool opt_name(struct options *o, const char *a)
{
    struct word w;
    for (bool first = true; next_word(&a, &w); first = false) {
        if ((first && !w.value) || (w.value && !strcmp(w.name, "guest")))
            o->config.name = strdup(w.value ? w.value : w.name);
        else if (strcmp(w.name, "process") && strcmp(w.name, "debug-threads"))
            return false;
    }
    return true;
}

bool opt_uuid(struct options *o, const char *a)
{
    unsigned n = 0;
    for (; *a; a++) {
        unsigned byte;
        if (*a == '-')
            continue;
        if (n == 16 || sscanf(a, "%2x", &byte) != 1 || !a[1] || a[1] == '-')
            return false;
        o->config.uuid[n++] = (uint8_t)byte;
        a++;
    }
    return o->config.has_uuid = n == 16;
}

/* "cdn" alone is order=cdn. Letters that this board has no devices for are nobody's. */
bool opt_boot(struct options *o, const char *a)
{
    struct board_config *c = &o->config;
    struct word w;
    for (bool first = true; next_word(&a, &w); first = false) {
        const char *v = w.value ? w.value : w.name, *name = w.value ? w.name : first ? "order" : "";
        uint64_t n;
        bool order = !strcmp(name, "order");
        if (order || !strcmp(name, "once")) {
            if (!*v || v[strspn(v, "abcdnp")])
                return false;
            *(order ? &c->boot_order : &c->boot_once) = strdup(v);
        } else if (!strcmp(name, "menu")) {
            if (!parse_bool(v, &c->boot_menu))
                return false;
        } else if (!strcmp(name, "strict")) {
            if (!parse_bool(v, &c->boot_strict))
                return false;
        } else if (!strcmp(name, "splash-time") || !strcmp(name, "reboot-timeout")) {
            if (!parse_number(v, false, 0xffff, &n))
                return false;
            *(*name == 's' ? &c->boot_splash_time : &c->boot_reboot_timeout) = (int32_t)n;
        } else if (strcmp(name, "splash")) {
            return false; /* a picture: there is no display */
        }
    }
    return true;
}

bool opt_smbios(struct options *o, const char *a)
{
    if (o->config.nsmbios == MAX_SMBIOS)
        return false;
    o->config.smbios[o->config.nsmbios++] = a;
    return true;
}

bool opt_rtc(struct options *o, const char *a)
{
    struct word w;
    while (next_word(&a, &w)) {
        if (!w.value)
            return false;
        if (!strcmp(w.name, "clock")) {
            if (strcmp(w.value, "host") && strcmp(w.value, "rt") && strcmp(w.value, "vm"))
                return false;
            o->config.rtc_virtual = !strcmp(w.value, "vm");
        } else if (!strcmp(w.name, "base")) {
            time_t now = time(NULL);
            struct tm t = { .tm_isdst = -1 };
            if (!strcmp(w.value, "utc")) {
                o->config.rtc_base = now;
            } else if (!strcmp(w.value, "localtime")) {
                localtime_r(&now, &t);
                o->config.rtc_base = now + t.tm_gmtoff;
            } else {
                const char *end = strptime(w.value, "%Y-%m-%dT%H:%M:%S", &t);
                if (!end || *end) {
                    t = (struct tm){ 0 };
                    end = strptime(w.value, "%Y-%m-%d", &t);
                }
                if (!end || *end)
                    return false;
                o->config.rtc_base = timegm(&t);
            }
        } else if (strcmp(w.name, "driftfix")) {
            return false;
        }
    }
    return true;
}

bool opt_fw_cfg(struct options *o, const char *a)
{
    struct board_config *c = &o->config;
    struct fw_cfg_item item = { NULL };
    struct word w;
    for (bool first = true; next_word(&a, &w); first = false) {
        if ((first && !w.value) || (w.value && !strcmp(w.name, "name")))
            item.name = strdup(w.value ? w.value : w.name);
        else if (w.value && !strcmp(w.name, "file"))
            item.file = strdup(w.value);
        else if (w.value && !strcmp(w.name, "string"))
            item.text = strdup(w.value);
        else
            return false;
    }
    if (!item.name || !*item.name || strlen(item.name) > 55 || !item.file == !item.text || c->nfw_cfg == MAX_FW_CFG)
        return false;
    c->fw_cfg[c->nfw_cfg++] = item;
    return true;
}

bool opt_semihosting(struct options *o, const char *a) { return o->semihosting = true; }
bool opt_semihosting_config(struct options *o, const char *a)
{
    struct word w;
    o->semihosting = true;
    while (next_word(&a, &w)) {
        if (!strcmp(w.name, "enable")) {
            if (!parse_bool(w.value ? w.value : "on", &o->semihosting))
                return false;
        } else if (!strcmp(w.name, "userspace")) {
            if (!parse_bool(w.value ? w.value : "on", &o->semihosting_user))
                return false;
        } else if (!strcmp(w.name, "target")) {
            if (!w.value || (strcmp(w.value, "native") && strcmp(w.value, "auto")))
                die("-semihosting-config target=%s: native, auto", w.value ? w.value : "");
        } else if (!strcmp(w.name, "chardev") || !strcmp(w.name, "arg")) {
            die("-semihosting-config %s= is not there yet", w.name);
        } else {
            return false;
        }
    }
    return true;
}
