/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/fmt.c lib/num.c lib/cmdline.c lib/isa.c lib/string_extra.c
/* Text in and out: formatted print against libc's, numbers, the command line, ISA strings. */
#include "lib_test.h"
#include <lib/cmdline.h>
#include <lib/errno.h>
#include <lib/fmt.h>
#include <lib/isa.h>
#include <lib/num.h>
#include <string.h>

/* --- formatted print ------------------------------------------------------------------------ */

/* A random conversion that means the same to libc: flags, width, precision, length, letter. */
static void random_format(char *format, char *letter, unsigned *length)
{
    static const char *const lengths[] = {"", "hh", "h", "l", "ll", "z"};
    char flags[6] = "", width[8] = "", precision[8] = "";
    int n = 0;

    *letter = "diuxXo"[random_below(6)];
    *length = (unsigned)random_below(ARRAY_SIZE(lengths));
    for (u64 set = random_below(32), i = 0; i < 5; i++) {
        /* libc and compilers call + and space meaningless without a sign to print. */
        if ((set >> i & 1) && (i < 3 || *letter == 'd' || *letter == 'i'))
            flags[n++] = "-0#+ "[i];
    }
    if (flags[0] && (*letter == 'd' || *letter == 'i' || *letter == 'u'))
        for (char *p = flags; *p; p++)
            *p = *p == '#' ? '0' : *p;
    if (random_below(2))
        snprintf(width, sizeof(width), "%u", 1 + (unsigned)random_below(40));
    if (random_below(3) == 0)
        snprintf(precision, sizeof(precision), ".%u", (unsigned)random_below(30));
    sprintf(format, "<%%%s%s%s%s%c>", flags, width, precision, lengths[*length], *letter);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
static void numbers_like_libc(void **state)
{
    (void)state;
    for (int round = 0; round < 200000; round++) {
        char format[40], letter, want[128], got[128];
        unsigned length;
        u64 value = random_below(8) ? random_skewed() : 0;
        size_t n, m;

        if (random_below(2))
            value = -value;
        random_format(format, &letter, &length);
        if (length >= 3) {
            m = (size_t)snprintf(want, sizeof(want), format, value);
            n = fmt_snprintf(got, sizeof(got), format, value);
        } else {
            m = (size_t)snprintf(want, sizeof(want), format, (int)value);
            n = fmt_snprintf(got, sizeof(got), format, (int)value);
        }
        if (strcmp(want, got))
            print_error("format %s of %#lx\n", format, value);
        assert_string_equal(got, want);
        assert_int_equal(n, m);
    }
}
#pragma GCC diagnostic pop

static void assert_prints(const char *want, const char *format, ...)
{
    char buf[400];
    va_list args;

    va_start(args, format);
    assert_int_equal(fmt_vsnprintf(buf, sizeof(buf), format, args), strlen(want));
    va_end(args);
    assert_string_equal(buf, want);
}

static void strings_and_the_rest(void **state)
{
    (void)state;
    assert_prints("", "");
    assert_prints("plain", "plain");
    assert_prints("a  b|c  |%", "%c%3c|%-3c|%%", 'a', 'b', 'c');
    assert_prints("abc|  abc|abc  |ab|   ab", "%s|%5s|%-5s|%.2s|%*.*s", "abc", "abc", "abc", "abc",
                  5, 2, "abc");
    assert_prints("abc  |007|7", "%*s|%.*d|%.*d", -5, "abc", 3, 7, -1, 7);
    assert_prints("(null)", "%s", (char *)NULL);
    assert_prints("0x0000000000000000", "%p", (void *)NULL);
    assert_prints("0xffffffc080000000", "%p", (void *)0xffffffc080000000ul);
    assert_prints("-9223372036854775808", "%ld", INT64_MIN);
    assert_prints("1777777777777777777777", "%lo", ~0ul);
    assert_prints("%q 1", "%q %d", 1);
    assert_prints("end %", "end %");
    assert_prints("end %-5l", "end %-5l");
}

static void an_unterminated_string_is_not_overrun(void **state)
{
    char *three = test_malloc(3);

    (void)state;
    memcpy(three, "abc", 3);
    assert_prints("abc", "%.3s", three);
    test_free(three);
}

static void buffers_are_cut_and_terminated(void **state)
{
    char buf[8];

    (void)state;
    for (size_t size = 1; size <= sizeof(buf); size++) {
        memset(buf, 'x', sizeof(buf));
        assert_int_equal(fmt_snprintf(buf, size, "%s-%u", "long", 12345u), 10);
        assert_memory_equal(buf, "long-1234", size - 1);
        assert_int_equal(buf[size - 1], '\0');
        if (size < sizeof(buf))
            assert_int_equal(buf[size], 'x');
        assert_int_equal(fmt_scnprintf(buf, size, "%s-%u", "long", 12345u), size - 1);
    }
    assert_int_equal(fmt_snprintf(NULL, 0, "%d", 123), 3);
    assert_int_equal(fmt_scnprintf(NULL, 0, "%d", 123), 0);
    assert_int_equal(fmt_scnprintf(buf, sizeof(buf), "%d", 123), 3);
}

struct counting_sink {
    struct fmt_sink sink;
    size_t bytes;
    size_t calls;
};

static void count_bytes(struct fmt_sink *sink, const char *text, size_t n)
{
    struct counting_sink *counter = container_of(sink, struct counting_sink, sink);

    assert_true(n > 0);
    assert_null(memchr(text, 0, n));
    counter->bytes += n;
    counter->calls++;
}

static void sinks_get_pieces(void **state)
{
    struct counting_sink counter = {.sink = {count_bytes}};

    (void)state;
    assert_int_equal(fmt_print(&counter.sink, "one piece, whatever its length"), 30);
    assert_int_equal(counter.calls, 1);
    assert_int_equal(fmt_print(&counter.sink, "%9999999d", 1), 9999); /* capped */
    assert_int_equal(counter.bytes, 30 + 9999);
}

/* --- numbers -------------------------------------------------------------------------------- */

static void numbers_are_read_whole_or_refused(void **state)
{
    static const char *const bad[] = {"", " 1", "+1", "-1", "0x", "1 ", "12a", "0xg", "09", "x"};
    u64 value = 77;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(num_parse_u64(bad[i], 0, &value), -EINVAL);
    assert_int_equal(num_parse_u64("18446744073709551616", 0, &value), -ERANGE);
    assert_int_equal(num_parse_u64("0x10000000000000000", 0, &value), -ERANGE);
    assert_int_equal(num_parse_u64("99999999999999999999999", 10, &value), -ERANGE);
    assert_int_equal(value, 77);
    assert_int_equal(num_parse_u64("18446744073709551615", 0, &value), 0);
    assert_true(value == ~0ul);
    assert_int_equal(num_parse_u64("0xFfFfFfFfFfFfFfFf", 0, &value), 0);
    assert_true(value == ~0ul);
    assert_int_equal(num_parse_u64("0755", 0, &value), 0);
    assert_int_equal(value, 0755);
    assert_int_equal(num_parse_u64("0", 0, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(num_parse_u64("zz", 36, &value), 0);
    assert_int_equal(value, 35 * 36 + 35);
}

static void signed_numbers_know_their_ends(void **state)
{
    s64 value = 5;

    (void)state;
    assert_int_equal(num_parse_s64("-9223372036854775808", 0, &value), 0);
    assert_true(value == INT64_MIN);
    assert_int_equal(num_parse_s64("+9223372036854775807", 0, &value), 0);
    assert_true(value == INT64_MAX);
    assert_int_equal(num_parse_s64("9223372036854775808", 0, &value), -ERANGE);
    assert_int_equal(num_parse_s64("-9223372036854775809", 0, &value), -ERANGE);
    assert_int_equal(num_parse_s64("--1", 0, &value), -EINVAL);
    assert_int_equal(num_parse_s64("+-1", 0, &value), -EINVAL);
    assert_int_equal(num_parse_s64("-", 0, &value), -EINVAL);
    assert_true(value == INT64_MAX);
}

static void sizes_have_suffixes(void **state)
{
    u64 value;

    (void)state;
    assert_int_equal(num_parse_size("64M", &value), 0);
    assert_int_equal(value, 64 * MiB);
    assert_int_equal(num_parse_size("0x10k", &value), 0);
    assert_int_equal(value, 16 * KiB);
    assert_int_equal(num_parse_size("3G", &value), 0);
    assert_true(value == 3 * GiB);
    assert_int_equal(num_parse_size("123", &value), 0);
    assert_int_equal(value, 123);
    assert_int_equal(num_parse_size("16777216T", &value), -ERANGE);
    assert_int_equal(num_parse_size("16777215T", &value), 0);
    assert_int_equal(num_parse_size("1MB", &value), -EINVAL);
    assert_int_equal(num_parse_size("1q", &value), -EINVAL);
    assert_int_equal(num_parse_size("M", &value), -EINVAL);
}

static void scanning_stops_at_the_given_end(void **state)
{
    const char text[] = {'0', 'x', '1', '2'};
    const char *p = text;
    u64 value;

    (void)state;
    assert_int_equal(num_scan_u64(&p, text + 3, 0, &value), 0);
    assert_int_equal(value, 1);
    assert_ptr_equal(p, text + 3);
    p = text;
    assert_int_equal(num_scan_u64(&p, text + 4, 0, &value), 0);
    assert_int_equal(value, 0x12);
    p = text;
    assert_int_equal(num_scan_u64(&p, text + 2, 0, &value), 0); /* "0x": a zero, then an x */
    assert_int_equal(value, 0);
    assert_ptr_equal(p, text + 1);
    p = text;
    assert_int_equal(num_scan_u64(&p, text, 0, &value), -EINVAL);
}

/* --- command line --------------------------------------------------------------------------- */

static void assert_word(const char **line, const char *key, const char *value)
{
    struct cmdline_word word;
    char buf[64];

    assert_true(cmdline_next(line, &word));
    assert_int_equal(cmdline_copy(&word.key, buf, sizeof(buf)), 0);
    assert_string_equal(buf, key);
    assert_true(cmdline_equal(&word.key, key));
    assert_int_equal(!word.value.text, !value);
    if (!value)
        return;
    assert_int_equal(cmdline_copy(&word.value, buf, sizeof(buf)), 0);
    assert_string_equal(buf, value);
    assert_true(cmdline_equal(&word.value, value));
}

static void command_lines_are_split(void **state)
{
    const char *line = " \tquiet init=/bin/sh  a=b=c PS1='a b ' \"x=1 2\" e= \"q='\"r' 'd\"'\"=v\n";
    struct cmdline_word word;

    (void)state;
    assert_word(&line, "quiet", NULL);
    assert_word(&line, "init", "/bin/sh");
    assert_word(&line, "a", "b=c");
    assert_word(&line, "PS1", "a b ");
    assert_word(&line, "x", "1 2");
    assert_word(&line, "e", "");
    assert_word(&line, "q", "'r d'=v");
    assert_false(cmdline_next(&line, &word));
    assert_false(cmdline_next(&line, &word));
    line = "'open for ever";
    assert_word(&line, "open for ever", NULL);
    line = "";
    assert_false(cmdline_next(&line, &word));
    line = "=x ''";
    assert_word(&line, "", "x");
    assert_word(&line, "", NULL);
}

static void command_line_values(void **state)
{
    const char *line =
        "panic=5 quiet panic=-1 name='long name' hex=0x10 bad=1x huge=99999999999999999999";
    char buf[10];
    s64 number = 3;

    (void)state;
    assert_true(cmdline_has(line, "quiet") && cmdline_has(line, "name"));
    assert_false(cmdline_has(line, "qui") || cmdline_has(line, "quiets") || cmdline_has(line, ""));
    assert_int_equal(cmdline_get(line, "name", buf, sizeof(buf)), 0);
    assert_string_equal(buf, "long name");
    assert_int_equal(cmdline_get(line, "name", buf, 9), -E2BIG);
    assert_string_equal(buf, "");
    assert_int_equal(cmdline_get(line, "quiet", buf, sizeof(buf)), 0);
    assert_string_equal(buf, "");
    assert_int_equal(cmdline_get(line, "none", buf, sizeof(buf)), -ENOENT);
    assert_int_equal(cmdline_get_s64(line, "panic", &number), 0);
    assert_int_equal(number, -1);
    assert_int_equal(cmdline_get_s64(line, "hex", &number), 0);
    assert_int_equal(number, 16);
    assert_int_equal(cmdline_get_s64(line, "bad", &number), -EINVAL);
    assert_int_equal(cmdline_get_s64(line, "quiet", &number), -EINVAL);
    assert_int_equal(cmdline_get_s64(line, "huge", &number), -ERANGE);
    assert_int_equal(cmdline_get_s64(line, "none", &number), -ENOENT);
    assert_int_equal(number, 16);
}

/* --- ISA strings ---------------------------------------------------------------------------- */

static void assert_isa(const char *isa, const char *yes, const char *no)
{
    char words[128], *save;

    strcpy(words, yes);
    for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        if (!isa_has(isa, w))
            fail_msg("%s should have %s", isa, w);
    }
    strcpy(words, no);
    for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        if (isa_has(isa, w))
            fail_msg("%s should not have %s", isa, w);
    }
}

static void isa_strings(void **state)
{
    (void)state;
    assert_isa("rv64imafdc", "i m a f d c", "v h s u sstc zicsr r g");
    assert_isa("rv64imafdch_zicsr_zifencei_zba_zbb_sstc", "h zicsr zifencei zba zbb sstc",
               "z b zbc zi zicsrx stc svpbmt");
    assert_isa("rv64gc_zbb", "g i m a f d c zbb", "h q");
    assert_isa("RV64IMAFDC_Zba_SSTC", "i d zba sstc Zba", "zbb");
    assert_isa("rv64imafdcsu", "i c s u", "sstc su");
    assert_isa("rv64i2p1m2a2p1_zicsr2p0_zifencei2_sstc1p0", "i m a zicsr zifencei sstc", "p f");
    assert_isa("rv64imac_zve32f_zvl128b_zkn", "zve32f zvl128b zkn", "zve32 zvl128 v");
    assert_isa("rv64imafdczicsr_svinval", "c zicsr svinval", "z");
    assert_isa("rv64imafdc_xtheadba", "xtheadba", "x t");
    assert_isa("x86_64", "", "x 8 i");
    assert_isa("", "", "i");
    assert_int_equal(isa_xlen("rv64gc"), 64);
    assert_int_equal(isa_xlen("RV32i"), 32);
    assert_int_equal(isa_xlen("rv65"), 0);
    assert_int_equal(isa_xlen("rv"), 0);
    assert_int_equal(isa_xlen("r"), 0);
}

static void isa_lists(void **state)
{
    static const char list[] = "i\0m\0zicsr\0svade2";

    (void)state;
    assert_true(isa_list_has(list, sizeof(list), "m"));
    assert_true(isa_list_has(list, sizeof(list), "zicsr"));
    assert_true(isa_list_has(list, sizeof(list), "svade2"));
    assert_false(isa_list_has(list, sizeof(list), "zi"));
    assert_false(isa_list_has(list, sizeof(list), ""));
    assert_false(isa_list_has(list, sizeof(list) - 1, "svade2")); /* not terminated */
    assert_false(isa_list_has(list, 0, "i"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_like_libc),
        cmocka_unit_test(strings_and_the_rest),
        cmocka_unit_test(an_unterminated_string_is_not_overrun),
        cmocka_unit_test(buffers_are_cut_and_terminated),
        cmocka_unit_test(sinks_get_pieces),
        cmocka_unit_test(numbers_are_read_whole_or_refused),
        cmocka_unit_test(signed_numbers_know_their_ends),
        cmocka_unit_test(sizes_have_suffixes),
        cmocka_unit_test(scanning_stops_at_the_given_end),
        cmocka_unit_test(command_lines_are_split),
        cmocka_unit_test(command_line_values),
        cmocka_unit_test(isa_strings),
        cmocka_unit_test(isa_lists),
    };

    random_start("test_lib_text");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
