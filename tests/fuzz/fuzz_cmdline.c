/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/cmdline.c lib/num.c lib/isa.c lib/string_extra.c
/* Any text as a command line, as numbers and as ISA strings: slices stay inside, copies agree. */
#include <lib/cmdline.h>
#include <lib/isa.h>
#include <lib/num.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static void check_slice(const struct cmdline_slice *slice, const char *line, size_t len)
{
    char *buf = malloc(slice->len + 1);
    size_t n;

    check(slice->text >= line && slice->text + slice->len <= line + len);
    check(!cmdline_copy(slice, buf, slice->len + 1));
    check(cmdline_equal(slice, buf));
    n = strlen(buf);
    if (n)
        check(cmdline_copy(slice, buf, n) < 0 && !*buf);
    free(buf);
}

static void check_words(const char *line, size_t len)
{
    const char *rest = line;
    struct cmdline_word word, found;
    char key[32];
    s64 number;

    while (cmdline_next(&rest, &word)) {
        check(rest > line && rest <= line + len && word.whole.len > 0);
        check_slice(&word.whole, line, len);
        check_slice(&word.key, line, len);
        if (word.value.text)
            check_slice(&word.value, line, len);
        if (cmdline_copy(&word.key, key, sizeof(key)))
            continue;
        check(cmdline_find(line, key, &found) && found.whole.text >= word.whole.text);
        cmdline_get_s64(line, key, &number);
    }
    check(*rest == '\0');
}

/* A number that is read prints the same way. */
static void check_numbers(const char *text)
{
    const char *end = text;
    u64 value, size;

    if (!num_scan_u64(&end, NULL, 10, &value))
        check(value == strtoull(text, NULL, 10) && end > text);
    if (!num_parse_u64(text, 16, &value))
        check(value == strtoull(text, NULL, 16));
    num_parse_size(text, &size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = malloc(size + 1);
    size_t len;

    memcpy(line, data, size);
    line[size] = '\0';
    len = strlen(line);
    check_words(line, len);
    check_numbers(line);
    isa_has(line, "sstc");
    isa_has(line, "d");
    isa_list_has(data, size, "zicsr");
    free(line);
    return 0;
}
