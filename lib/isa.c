/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text of RISC-V ISA strings (RISC-V Unprivileged ISA, "ISA Extension Naming Conventions"): after
 * "rv64", one-letter extensions in a row, then words that begin with s, x or z, with optional
 * underscores between all of them and an optional version (digits, or digits p digits) behind each.
 */
#include <lib/isa.h>
#include <lib/num.h>
#include <lib/string.h>
#include <lib/types.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool same(const char *text, size_t len, const char *ext)
{
    for (size_t i = 0; i < len; i++) {
        if (lower(text[i]) != lower(ext[i])) /* ends at ext's NUL too: it is no letter of text */
            return false;
    }
    return !ext[len];
}

/* The length of `word` without a version: trailing digits, or digits p digits. */
static size_t without_version(const char *word, size_t len)
{
    size_t end = len;

    while (end && is_digit(word[end - 1]))
        end--;
    if (end == len)
        return len;
    if (end > 1 && lower(word[end - 1]) == 'p' && is_digit(word[end - 2])) {
        end--;
        while (end && is_digit(word[end - 1]))
            end--;
    }
    return end;
}

/* A word that reaches up to the next underscore or the end. */
static size_t word_length(const char *p)
{
    size_t len = 0;

    while (p[len] && p[len] != '_')
        len++;
    return len;
}

/* Steps over a version behind a one-letter extension. */
static const char *skip_version(const char *p)
{
    const char *start = p;

    while (is_digit(*p))
        p++;
    if (p > start && lower(*p) == 'p' && is_digit(p[1])) {
        p++;
        while (is_digit(*p))
            p++;
    }
    return p;
}

/* Old emulators wrote "su" for their privilege modes: no words, although the first letter is s. */
static bool begins_word(const char *p)
{
    char c = lower(*p);

    return c == 'z' || c == 'x' || (c == 's' && lower(p[1]) != 'u');
}

/* The next extension at *p, with *p moved behind it and *len its length; NULL at the end. */
static const char *next_extension(const char **p, size_t *len)
{
    const char *start = *p;

    while (*start && !is_letter(*start))
        start++;
    if (!*start)
        return NULL;
    if (begins_word(start)) {
        size_t whole = word_length(start);

        *len = without_version(start, whole);
        *p = start + whole;
    } else {
        *len = 1;
        *p = skip_version(start + 1);
    }
    return start;
}

/* Whether the letter g, which is short for several extensions, contains `ext`. */
static bool in_g(const char *ext)
{
    return ext[0] && !ext[1] && strchr("imafd", lower(ext[0]));
}

static bool matches(const char *found, size_t len, const char *ext)
{
    return same(found, len, ext) || (same(found, len, "g") && in_g(ext));
}

unsigned isa_xlen(const char *isa)
{
    u64 xlen;

    if (lower(isa[0]) != 'r' || lower(isa[1]) != 'v')
        return 0;
    isa += 2;
    if (num_scan_u64(&isa, NULL, 10, &xlen) || (xlen != 32 && xlen != 64 && xlen != 128))
        return 0;
    return (unsigned)xlen;
}

bool isa_has(const char *isa, const char *ext)
{
    const char *found;
    size_t len;

    if (!isa_xlen(isa))
        return false;
    isa += 2;
    while ((found = next_extension(&isa, &len))) {
        if (matches(found, len, ext))
            return true;
    }
    return false;
}

bool isa_list_has(const void *list, size_t len, const char *ext)
{
    const char *p = list;
    const char *end = p + len;

    while (p < end) {
        size_t n = strnlen(p, (size_t)(end - p));

        if (p + n == end) /* not terminated */
            return false;
        if (matches(p, n, ext))
            return true;
        p += n + 1;
    }
    return false;
}
