/* SPDX-License-Identifier: BSD-2-Clause */
/* Text for programs without a C library. Small rather than fast. */
#include "text.h"
#include "sys.h"

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i] != b[i] || !a[i])
            return (u8)a[i] - (u8)b[i];
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, ~0ul);
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++) {
        if (!*s)
            return NULL;
    }
    return (char *)(u64)s;
}

u64 text_number(const char *s)
{
    u64 base = s[0] == '0' && s[1] == 'x' ? 16 : 10;
    u64 value = 0;

    for (s += base == 16 ? 2 : 0; *s; s++) {
        u64 digit = *s >= '0' && *s <= '9' ? (u64)(*s - '0') : (u64)((*s | 32) - 'a') + 10;

        if (digit >= base)
            break;
        value = value * base + digit;
    }
    return value;
}

const char *text_env(const char *const *envp, const char *name)
{
    size_t n = strlen(name);

    for (; *envp; envp++) {
        if (!strncmp(*envp, name, n) && (*envp)[n] == '=')
            return *envp + n + 1;
    }
    return NULL;
}

struct out {
    char *buf;
    size_t size;
    size_t len;
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void put_padded(struct out *o, const char *s, size_t n, size_t width, char pad, bool left)
{
    for (size_t i = n; !left && i < width; i++)
        put(o, pad);
    for (size_t i = 0; i < n; i++)
        put(o, s[i]);
    for (size_t i = n; left && i < width; i++)
        put(o, ' ');
}

/* Digits of value, written towards lower addresses from `end`; returns where they begin. */
static char *digits(char *end, u64 value, u64 base)
{
    do
        *--end = "0123456789abcdef"[value % base];
    while (value /= base);
    return end;
}

struct spec {
    bool left;
    char pad;
    size_t width;
    bool wide;
};

static const char *read_spec(const char *f, struct spec *spec)
{
    *spec = (struct spec){.pad = ' '};
    for (;; f++) {
        if (*f == '-')
            spec->left = true;
        else if (*f == '0')
            spec->pad = '0';
        else
            break;
    }
    for (; *f >= '0' && *f <= '9'; f++)
        spec->width = spec->width * 10 + (size_t)(*f - '0');
    for (; *f == 'l' || *f == 'z'; f++)
        spec->wide = true;
    return f;
}

static void put_number(struct out *o, const struct spec *spec, char kind, u64 value)
{
    char text[24];
    char *end = text + sizeof(text);
    bool negative = kind == 'd' && (s64)value < 0;
    char *s = digits(end, negative ? -value : value, kind == 'x' || kind == 'p' ? 16 : 10);

    if (kind == 'p') {
        *--s = 'x';
        *--s = '0';
    }
    if (negative)
        *--s = '-';
    put_padded(o, s, (size_t)(end - s), spec->width, spec->pad, spec->left);
}

size_t text_vformat(char *buf, size_t size, const char *format, va_list args)
{
    struct out o = {.buf = buf, .size = size};
    struct spec spec;

    for (const char *f = format; *f; f++) {
        if (*f != '%') {
            put(&o, *f);
            continue;
        }
        f = read_spec(f + 1, &spec);
        if (*f == 's') {
            const char *s = va_arg(args, const char *);
            put_padded(&o, s, strlen(s), spec.width, ' ', spec.left);
        } else if (*f == 'c') {
            put(&o, (char)va_arg(args, int));
        } else if (*f == 'd') {
            put_number(&o, &spec, 'd', (u64)(spec.wide ? va_arg(args, long) : va_arg(args, int)));
        } else if (*f == 'u' || *f == 'x' || *f == 'p') {
            bool wide = spec.wide || *f == 'p';
            put_number(&o, &spec, *f, wide ? va_arg(args, u64) : va_arg(args, unsigned));
        } else {
            put(&o, *f);
        }
    }
    if (size)
        buf[MIN(o.len, size - 1)] = 0;
    return o.len;
}

size_t text_format(char *buf, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    size_t n = text_vformat(buf, size, format, args);
    va_end(args);
    return n;
}

void text_print(int fd, const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    size_t n = text_vformat(line, sizeof(line), format, args);
    va_end(args);
    SYS(write, fd, line, MIN(n, sizeof(line) - 1));
}
