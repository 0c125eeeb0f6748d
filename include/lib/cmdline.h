/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reader of the kernel's command line: words separated by white space, each `key` or `key=value`.
 * Parts in ' or " quotes may hold white space, and the quotes are not part of the text. A quote
 * that is never closed lasts to the end. Nothing is copied or changed: words are slices of the
 * line, still quoted; cmdline_copy and cmdline_equal look through the quotes.
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include <lib/types.h>

struct cmdline_slice {
    const char *text; /* NULL: there is none */
    size_t len;
    char quote; /* the quote that is open where the slice begins, or NUL */
};

struct cmdline_word {
    struct cmdline_slice key;
    struct cmdline_slice value; /* text NULL when the word has no '=' */
    struct cmdline_slice whole;
};

/* Takes the next word off *line (NUL-terminated) and moves *line on. false: no more words. */
bool cmdline_next(const char **line, struct cmdline_word *out);

/* Whether the slice, without quotes, is `text`. */
bool cmdline_equal(const struct cmdline_slice *slice, const char *text);

/* Copies the slice without quotes and terminates it. -E2BIG: does not fit (buf is "" then). */
int cmdline_copy(const struct cmdline_slice *slice, char *buf, size_t size);

/*
 * The last word with key `key`, as later words override earlier ones. false: there is none.
 */
bool cmdline_find(const char *line, const char *key, struct cmdline_word *out);

/* Copies the value of the last `key=value`; "" for a bare `key`. -ENOENT, -E2BIG. */
int cmdline_get(const char *line, const char *key, char *buf, size_t size);

/* Whether a word `key` occurs, with or without a value. */
bool cmdline_has(const char *line, const char *key);

/* The value of the last `key=N` as a number (num_parse_s64, base 0). -ENOENT, -EINVAL, -ERANGE. */
int cmdline_get_s64(const char *line, const char *key, s64 *out);

#endif
