/*
 * QMP's commands about character devices.
 */
#include <stdlib.h>
#include <string.h>

#include "char/chardev.h"
#include "device.h"
#include "monitor/qmp.h"
#include "qmp_rows.h"

static json_t *query_chardev(struct qmp_call *c)
{
    json_t *all = json_array();
    for (struct chardev *d = NULL; (d = backend_next(PROP_CHARDEV, d));) {
        char text[320];
        chardev_describe(d, text, sizeof text);
        json_array_append_new(all, json_pack("{s:s,s:s,s:b}", "label", backend_id(PROP_CHARDEV, d), "filename", text, "frontend-open",
                                             chardev_has_front(d)));
    }
    return all;
}

static json_t *query_backends(struct qmp_call *c)
{
    json_t *all = json_array();
    const char *name;
    for (unsigned k = 0; (name = chardev_class_name(k)); k++)
        json_array_append_new(all, json_pack("{s:s}", "name", name));
    return all;
}

static struct chardev *ring(struct qmp_call *c)
{
    struct chardev *d = backend_by_id(PROP_CHARDEV, qmp_text(c, "device"));
    if (d && chardev_is_ring(d))
        return d;
    qmp_fail(c, QMP_GENERIC, d ? "%s is no ringbuf" : "there is no character device '%s'", qmp_text(c, "device"));
    return NULL;
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *to_base64(const uint8_t *b, size_t n)
{
    char *text = malloc(4 * (n / 3 + 1) + 1), *at = text;
    for (size_t k = 0; text && k < n; k += 3) {
        uint32_t v = (uint32_t)b[k] << 16 | (k + 1 < n ? b[k + 1] << 8 : 0) | (k + 2 < n ? b[k + 2] : 0);
        for (unsigned i = 0; i < 4; i++)
            *at++ = k + i > n ? '=' : digits[v >> (18 - 6 * i) & 63];
    }
    if (text)
        *at = 0;
    return text;
}

/* In place; the number of bytes, or -1: it is none. */
static ssize_t from_base64(char *text)
{
    size_t n = 0, len = strlen(text);
    uint32_t v = 0;
    unsigned bits = 0;
    if (len % 4)
        return -1;
    while (len && text[len - 1] == '=')
        len--;
    for (size_t k = 0; k < len; k++) {
        const char *d = strchr(digits, text[k]);
        if (!d)
            return -1;
        v = v << 6 | (uint32_t)(d - digits);
        if ((bits += 6) >= 8)
            text[n++] = (char)(v >> (bits -= 8));
    }
    return (ssize_t)n;
}

static json_t *ring_read(struct qmp_call *c)
{
    struct chardev *d = ring(c);
    json_int_t size = qmp_number(c, "size", 0);
    const char *format = qmp_text(c, "format");
    if (!d)
        return NULL;
    if (size <= 0 || size > 16 << 20)
        return qmp_fail(c, QMP_GENERIC, "size: it should be from 1 to 16777216");
    uint8_t *bytes = malloc((size_t)size);
    size_t n = bytes ? chardev_ring_read(d, bytes, (size_t)size) : 0;
    json_t *answer = NULL;
    if (bytes && format && !strcmp(format, "base64")) {
        char *text = to_base64(bytes, n);
        answer = text ? json_string(text) : NULL;
        free(text);
    } else if (bytes && !(answer = json_stringn((char *)bytes, n))) {
        for (size_t k = 0; k < n; k++)
            if (bytes[k] >= 0x80 || !bytes[k])
                bytes[k] = '?'; /* no UTF-8 */
        answer = json_stringn((char *)bytes, n);
    }
    free(bytes);
    return answer ? answer : qmp_fail(c, QMP_GENERIC, "no memory");
}

static json_t *ring_write(struct qmp_call *c)
{
    struct chardev *d = ring(c);
    const char *format = qmp_text(c, "format");
    char *data = d ? strdup(qmp_text(c, "data")) : NULL;
    if (!data)
        return NULL;
    ssize_t n = format && !strcmp(format, "base64") ? from_base64(data) : (ssize_t)strlen(data);
    if (n < 0)
        qmp_fail(c, QMP_GENERIC, "data: it is not base64");
    else if (chardev_ring_write(d, (uint8_t *)data, (size_t)n) < (size_t)n && (n = -1))
        qmp_fail(c, QMP_GENERIC, "there is no room for all of it");
    free(data);
    return n < 0 ? NULL : json_object();
}

static const struct qmp_type types[] = {
    { "ChardevInfo", QMP_STRUCT, "label: str, filename: str, frontend-open: bool" },
    { "ChardevBackendInfo", QMP_STRUCT, "name: str" },
    { "DataFormat", QMP_ENUM, "utf8, base64" },
    { NULL }
};
static const struct qmp_command commands[] = {
    { "query-chardev", "", "[ChardevInfo]", query_chardev },
    { "query-chardev-backends", "", "[ChardevBackendInfo]", query_backends },
    { "ringbuf-read", "device: str, size: int, *format: DataFormat", "str", ring_read },
    { "ringbuf-write", "device: str, data: str, *format: DataFormat", "", ring_write },
    { NULL }
};
static const struct qmp_event events[] = {
    { "VSERPORT_CHANGE", "id: str, open: bool", 1000, "id" },
    { NULL }
};
static const struct qmp_missing missing[] = {
    { "chardev-add", "character devices are made by the command line alone" },
    { "chardev-change", "character devices are made by the command line alone" },
    { "chardev-remove", "character devices are made by the command line alone" },
    { "chardev-send-break", "a break comes by telnet or a multiplexer's key" },
    { NULL }
};

void qmp_add_chardevs(void) { qmp_add(commands, types, events, missing); }
