/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in text. */
#include <lib/errno.h>
#include <lib/num.h>
#include <lib/types.h>

/* The value of a digit, or a number that no base reaches. */
static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c |= 0x20;
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 10;
    return ~0u;
}

/* The character at `p`, NUL at the end: the text may have an end, a NUL, or both. */
static char char_at(const char *p, const char *end)
{
    return end && p >= end ? '\0' : *p;
}

/* Base 0: looks at the prefix. Moves *text behind 0x when a digit follows. */
static unsigned find_base(const char **text, const char *end)
{
    const char *p = *text;

    if (char_at(p, end) != '0')
        return 10;
    if ((char_at(p + 1, end) | 0x20) != 'x' || digit_of(char_at(p + 2, end)) >= 16)
        return 8;
    *text = p + 2;
    return 16;
}

int num_scan_u64(const char **text, const char *end, unsigned base, u64 *out)
{
    const char *p = *text;
    unsigned digit;
    u64 value = 0;

    if (!base)
        base = find_base(&p, end);
    if (digit_of(char_at(p, end)) >= base)
        return -EINVAL;
    for (; (digit = digit_of(char_at(p, end))) < base; p++) {
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return -ERANGE;
    }
    *text = p;
    *out = value;
    return 0;
}

int num_parse_u64(const char *text, unsigned base, u64 *out)
{
    u64 value;
    int error = num_scan_u64(&text, NULL, base, &value);

    if (error)
        return error;
    if (*text)
        return -EINVAL;
    *out = value;
    return 0;
}

int num_parse_s64(const char *text, unsigned base, s64 *out)
{
    bool negative = *text == '-';
    u64 value;
    int error = num_parse_u64(text + (negative || *text == '+'), base, &value);

    if (error)
        return error;
    if (value > (u64)INT64_MAX + negative)
        return -ERANGE;
    *out = negative ? (s64)(0 - value) : (s64)value;
    return 0;
}

/* By how many bits a size suffix shifts; 0 for none, negative for what is no suffix. */
static int suffix_shift(const char *suffix)
{
    if (!*suffix)
        return 0;
    if (suffix[1])
        return -EINVAL;
    switch (*suffix | 0x20) {
    case 'k':
        return 10;
    case 'm':
        return 20;
    case 'g':
        return 30;
    case 't':
        return 40;
    default:
        return -EINVAL;
    }
}

int num_parse_size(const char *text, u64 *out)
{
    u64 value;
    int shift;
    int error = num_scan_u64(&text, NULL, 0, &value);

    if (error)
        return error;
    shift = suffix_shift(text);
    if (shift < 0)
        return shift;
    if (value << shift >> shift != value)
        return -ERANGE;
    *out = value << shift;
    return 0;
}
