/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/fmt.c lib/string_extra.c
/*
 * Any text as a format: every argument is a string's address, which each conversion may take.
 * Whatever the format, the three ways to print it agree, and no buffer is overrun.
 */
#include <lib/fmt.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FORMAT_MAX 40 /* at most three arguments for two characters and a letter */

struct check_sink {
    struct fmt_sink sink;
    const char *expected;
    size_t left; /* of what was expected; the rest was cut */
};

static void check(bool good)
{
    if (!good)
        abort();
}

static void check_piece(struct fmt_sink *sink, const char *text, size_t n)
{
    struct check_sink *c = container_of(sink, struct check_sink, sink);
    size_t known = MIN(n, c->left);

    check(n > 0 && !memcmp(text, c->expected, known));
    c->expected += known;
    c->left -= known;
}

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat-security"

#define A8(s)   s, s, s, s, s, s, s, s
#define ARGS(s) A8(s), A8(s), A8(s), A8(s), A8(s)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char big[65536];
    char format[FORMAT_MAX + 1], *small;
    struct check_sink c = {.sink = {check_piece}, .expected = big};
    const char *s = "a string";
    size_t n, small_size;

    if (size < 1 || size > FORMAT_MAX)
        return 0;
    memcpy(format, data, size);
    format[size] = '\0';
    n = fmt_snprintf(big, sizeof(big), format, ARGS(s));
    c.left = MIN(n, sizeof(big) - 1);
    check(strnlen(big, sizeof(big)) <= c.left);
    check(fmt_print(&c.sink, format, ARGS(s)) == n && !c.left);
    small_size = data[0] % 32 + 1;
    small = malloc(small_size);
    check(fmt_scnprintf(small, small_size, format, ARGS(s)) == MIN(n, small_size - 1));
    check(!memcmp(small, big, MIN(n, small_size - 1)) && !small[MIN(n, small_size - 1)]);
    free(small);
    return 0;
}
#pragma clang diagnostic pop
