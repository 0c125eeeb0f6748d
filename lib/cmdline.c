/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's command line: words, keys and values as slices of the line. */
#include <lib/cmdline.h>
#include <lib/errno.h>
#include <lib/num.h>
#include <lib/string.h>
#include <lib/types.h>

#define NUMBER_MAX 32 /* characters of a number with its sign, prefix and NUL */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The state of quoting behind character `c`: the open quote, or NUL. */
static char quote_after(char quote, char c)
{
    if (quote)
        return c == quote ? '\0' : quote;
    return c == '\'' || c == '"' ? c : '\0';
}

bool cmdline_next(const char **line, struct cmdline_word *out)
{
    const char *start = *line, *p, *equals = NULL;
    char quote = '\0', quote_at_equals = '\0';

    while (is_blank(*start))
        start++;
    for (p = start; *p && (quote || !is_blank(*p)); p++) {
        if (*p == '=' && !equals) {
            equals = p;
            quote_at_equals = quote;
        }
        quote = quote_after(quote, *p);
    }
    *line = p;
    if (p == start)
        return false;
    out->whole = (struct cmdline_slice){start, (size_t)(p - start), '\0'};
    out->key = (struct cmdline_slice){start, (size_t)((equals ? equals : p) - start), '\0'};
    out->value = (struct cmdline_slice){NULL, 0, '\0'};
    if (equals)
        out->value = (struct cmdline_slice){equals + 1, (size_t)(p - equals - 1), quote_at_equals};
    return true;
}

/* Takes the first character that is no quote off the slice; -1 at its end. */
static int next_char(struct cmdline_slice *slice)
{
    while (slice->len) {
        char c = *slice->text++;
        char before = slice->quote;

        slice->len--;
        slice->quote = quote_after(before, c);
        if (slice->quote == before)
            return (u8)c;
    }
    return -1;
}

bool cmdline_equal(const struct cmdline_slice *slice, const char *text)
{
    struct cmdline_slice rest = *slice;
    int c;

    while ((c = next_char(&rest)) >= 0) {
        if (c != (u8)*text++)
            return false;
    }
    return !*text;
}

int cmdline_copy(const struct cmdline_slice *slice, char *buf, size_t size)
{
    struct cmdline_slice rest = *slice;
    size_t n = 0;
    int c;

    if (!size)
        return -E2BIG;
    while ((c = next_char(&rest)) >= 0) {
        if (n + 1 == size) {
            *buf = '\0';
            return -E2BIG;
        }
        buf[n++] = (char)c;
    }
    buf[n] = '\0';
    return 0;
}

bool cmdline_find(const char *line, const char *key, struct cmdline_word *out)
{
    struct cmdline_word word;
    bool found = false;

    while (cmdline_next(&line, &word)) {
        if (!cmdline_equal(&word.key, key))
            continue;
        *out = word;
        found = true;
    }
    return found;
}

bool cmdline_has(const char *line, const char *key)
{
    struct cmdline_word word;

    return cmdline_find(line, key, &word);
}

int cmdline_get(const char *line, const char *key, char *buf, size_t size)
{
    struct cmdline_word word;

    return cmdline_find(line, key, &word) ? cmdline_copy(&word.value, buf, size) : -ENOENT;
}

int cmdline_get_s64(const char *line, const char *key, s64 *out)
{
    char number[NUMBER_MAX];
    int error = cmdline_get(line, key, number, sizeof(number));

    if (error == -E2BIG)
        error = -EINVAL;
    return error ? error : num_parse_s64(number, 0, out);
}
