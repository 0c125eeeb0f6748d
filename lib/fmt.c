/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted print. A conversion is parsed into a struct spec and printed in three parts: padding,
 * prefix (sign or 0x) and body. Text between conversions goes to the sink in one piece.
 */
#include <lib/fmt.h>
#include <lib/string.h>
#include <lib/types.h>

#define DIGITS_MAX 22 /* 2^64 in octal */

enum length { LEN_CHAR, LEN_SHORT, LEN_INT, LEN_LONG };

struct spec {
    bool left;
    bool zero;
    bool plus;
    bool space;
    bool alternate;
    bool has_precision;
    unsigned width;
    unsigned precision;
    enum length length;
    char conversion;
};

/* The sink and the count of bytes that went into it. */
struct output {
    struct fmt_sink *sink;
    size_t count;
};

static void put(struct output *out, const char *text, size_t n)
{
    if (n)
        out->sink->put(out->sink, text, n);
    out->count += n;
}

static void pad(struct output *out, char c, size_t n)
{
    char block[32];

    if (!n)
        return;
    memset(block, c, MIN(n, sizeof(block)));
    for (; n > sizeof(block); n -= sizeof(block))
        put(out, block, sizeof(block));
    put(out, block, n);
}

/* A body of `n` bytes after `prefix` and `zeros` zeros, in a field of the wanted width. */
static void put_field(struct output *out, const struct spec *spec, const char *prefix, size_t zeros,
                      const char *body, size_t n)
{
    size_t total = strlen(prefix) + zeros + n;
    size_t blanks = spec->width > total ? spec->width - total : 0;

    if (!spec->left)
        pad(out, ' ', blanks);
    put(out, prefix, strlen(prefix));
    pad(out, '0', zeros);
    put(out, body, n);
    if (spec->left)
        pad(out, ' ', blanks);
}

/* Writes the digits of `value` so that they end at `end`; returns the first. 0 has none. */
static char *digits(char *end, u64 value, unsigned base, bool upper)
{
    const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";

    for (; value; value /= base)
        *--end = set[value % base];
    return end;
}

static void put_number(struct output *out, const struct spec *spec, const char *prefix, u64 value,
                       unsigned base)
{
    char buf[DIGITS_MAX];
    char *end = buf + sizeof(buf);
    char *first = digits(end, value, base, spec->conversion == 'X');
    size_t n = (size_t)(end - first);
    size_t least = spec->has_precision ? spec->precision : 1;
    size_t prefix_len = strlen(prefix);

    if (spec->zero && !spec->left && !spec->has_precision && spec->width > prefix_len)
        least = MAX(least, spec->width - prefix_len);
    if (spec->alternate && base == 8)
        least = MAX(least, n + 1);
    put_field(out, spec, prefix, least > n ? least - n : 0, first, n);
}

static void put_signed(struct output *out, const struct spec *spec, s64 value)
{
    const char *prefix = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";

    put_number(out, spec, prefix, value < 0 ? 0 - (u64)value : (u64)value, 10);
}

static void put_unsigned(struct output *out, const struct spec *spec, u64 value)
{
    const char *prefix = "";

    if (spec->alternate && value && spec->conversion == 'x')
        prefix = "0x";
    if (spec->alternate && value && spec->conversion == 'X')
        prefix = "0X";
    put_number(out, spec, prefix, value,
               spec->conversion == 'u'   ? 10
               : spec->conversion == 'o' ? 8
                                         : 16);
}

static void put_pointer(struct output *out, struct spec *spec, const void *pointer)
{
    spec->has_precision = true;
    spec->precision = 16;
    put_number(out, spec, "0x", (unsigned long)pointer, 16);
}

static void put_string(struct output *out, const struct spec *spec, const char *s)
{
    if (!s)
        s = "(null)";
    put_field(out, spec, "", 0, s, spec->has_precision ? strnlen(s, spec->precision) : strlen(s));
}

static void put_char(struct output *out, const struct spec *spec, char c)
{
    put_field(out, spec, "", 0, &c, 1);
}

static bool parse_flag(struct spec *spec, char c)
{
    switch (c) {
    case '-':
        return spec->left = true;
    case '0':
        return spec->zero = true;
    case '+':
        return spec->plus = true;
    case ' ':
        return spec->space = true;
    case '#':
        return spec->alternate = true;
    default:
        return false;
    }
}

/* Digits of a width or precision; capped, so that no format can ask for endless padding. */
static unsigned parse_digits(const char **p)
{
    unsigned value = 0;

    for (; **p >= '0' && **p <= '9'; (*p)++)
        value = MIN(value * 10 + (unsigned)(**p - '0'), 9999u);
    return value;
}

static const char *parse_width(struct spec *spec, const char *p, va_list *args)
{
    if (*p != '*') {
        spec->width = parse_digits(&p);
        return p;
    }
    int width = va_arg(*args, int);

    spec->left |= width < 0;
    spec->width = MIN(width < 0 ? 0u - (unsigned)width : (unsigned)width, 9999u);
    return p + 1;
}

static const char *parse_precision(struct spec *spec, const char *p, va_list *args)
{
    if (*p != '.')
        return p;
    spec->has_precision = true;
    if (*++p != '*') {
        spec->precision = parse_digits(&p);
        return p;
    }
    int precision = va_arg(*args, int);

    spec->has_precision = precision >= 0;
    spec->precision = precision < 0 ? 0 : MIN((unsigned)precision, 9999u);
    return p + 1;
}

static const char *parse_length(struct spec *spec, const char *p)
{
    spec->length = LEN_INT;
    switch (*p) {
    case 'h':
        spec->length = p[1] == 'h' ? LEN_CHAR : LEN_SHORT;
        return p + (p[1] == 'h' ? 2 : 1);
    case 'l':
        spec->length = LEN_LONG;
        return p + (p[1] == 'l' ? 2 : 1);
    case 'z':
    case 't':
    case 'j':
        spec->length = LEN_LONG;
        return p + 1;
    default:
        return p;
    }
}

/* Parses what follows a '%'; returns the place behind the conversion letter. */
static const char *parse_spec(struct spec *spec, const char *p, va_list *args)
{
    *spec = (struct spec){0};
    while (parse_flag(spec, *p))
        p++;
    p = parse_width(spec, p, args);
    p = parse_precision(spec, p, args);
    p = parse_length(spec, p);
    spec->conversion = *p;
    return *p ? p + 1 : p;
}

static s64 signed_arg(const struct spec *spec, va_list *args)
{
    switch (spec->length) {
    case LEN_CHAR:
        return (signed char)va_arg(*args, int);
    case LEN_SHORT:
        return (short)va_arg(*args, int);
    case LEN_INT:
        return va_arg(*args, int);
    default:
        return va_arg(*args, long);
    }
}

static u64 unsigned_arg(const struct spec *spec, va_list *args)
{
    switch (spec->length) {
    case LEN_CHAR:
        return (unsigned char)va_arg(*args, unsigned);
    case LEN_SHORT:
        return (unsigned short)va_arg(*args, unsigned);
    case LEN_INT:
        return va_arg(*args, unsigned);
    default:
        return va_arg(*args, unsigned long);
    }
}

/* Prints one conversion; false: there is no such. */
static bool convert(struct output *out, struct spec *spec, va_list *args)
{
    switch (spec->conversion) {
    case 'd':
    case 'i':
        put_signed(out, spec, signed_arg(spec, args));
        return true;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_unsigned(out, spec, unsigned_arg(spec, args));
        return true;
    case 'c':
        put_char(out, spec, (char)va_arg(*args, int));
        return true;
    case 's':
        put_string(out, spec, va_arg(*args, const char *));
        return true;
    case 'p':
        put_pointer(out, spec, va_arg(*args, const void *));
        return true;
    case '%':
        put(out, "%", 1);
        return true;
    default:
        return false;
    }
}

size_t fmt_v(struct fmt_sink *sink, const char *format, va_list args)
{
    struct output out = {.sink = sink};
    struct spec spec;
    va_list rest; /* a copy: only of an object declared as va_list can the address be passed on */

    va_copy(rest, args);
    for (;;) {
        const char *percent = format;

        while (*percent && *percent != '%')
            percent++;
        put(&out, format, (size_t)(percent - format));
        if (!*percent)
            break;
        format = parse_spec(&spec, percent + 1, &rest);
        if (!convert(&out, &spec, &rest))
            put(&out, percent, (size_t)(format - percent));
    }
    va_end(rest);
    return out.count;
}

size_t fmt_print(struct fmt_sink *sink, const char *format, ...)
{
    va_list args;
    size_t n;

    va_start(args, format);
    n = fmt_v(sink, format, args);
    va_end(args);
    return n;
}

/* A sink that fills a buffer and drops what does not fit. */
struct buffer_sink {
    struct fmt_sink sink;
    char *next;
    size_t left; /* without the place of the NUL */
};

static void buffer_put(struct fmt_sink *sink, const char *text, size_t n)
{
    struct buffer_sink *buffer = container_of(sink, struct buffer_sink, sink);

    n = MIN(n, buffer->left);
    memcpy(buffer->next, text, n);
    buffer->next += n;
    buffer->left -= n;
}

size_t fmt_vsnprintf(char *buf, size_t size, const char *format, va_list args)
{
    char nothing;
    struct buffer_sink buffer = {
        .sink = {buffer_put}, .next = size ? buf : &nothing, .left = size ? size - 1 : 0};
    size_t n = fmt_v(&buffer.sink, format, args);

    *buffer.next = '\0';
    return n;
}

size_t fmt_snprintf(char *buf, size_t size, const char *format, ...)
{
    va_list args;
    size_t n;

    va_start(args, format);
    n = fmt_vsnprintf(buf, size, format, args);
    va_end(args);
    return n;
}

size_t fmt_scnprintf(char *buf, size_t size, const char *format, ...)
{
    va_list args;
    size_t n;

    va_start(args, format);
    n = fmt_vsnprintf(buf, size, format, args);
    va_end(args);
    return size ? MIN(n, size - 1) : 0;
}
