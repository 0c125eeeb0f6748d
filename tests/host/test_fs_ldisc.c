/* SPDX-License-Identifier: BSD-2-Clause */
// sources: fs/ldisc.c tests/host/hostmachine.c kernel/base/percpu.c lib/string_extra.c
/*
 * The line discipline: what is typed, what appears on the screen, what a program reads. Each case is
 * a row of a table; the screen is a terminal of one line, so that erasing is judged by what is
 * left to see and not by which bytes did it. Then random typing against a simple model.
 */
#include "hostmachine.h"
#include <fs/ldisc.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* --- a screen -------------------------------------------------------------------------------- */

struct screen {
    struct ldisc_out out;
    char raw[8192];
    size_t raw_len;
    char line[512]; /* what the current line shows */
    size_t column, width;
};

static void screen_put(struct ldisc_out *out, u8 byte)
{
    struct screen *s = container_of(out, struct screen, out);

    assert_true(s->raw_len < sizeof(s->raw) - 1);
    s->raw[s->raw_len++] = (char)byte;
    s->raw[s->raw_len] = '\0';
    if (byte == '\n')
        s->column = s->width = 0;
    else if (byte == '\r')
        s->column = 0;
    else if (byte == '\b')
        s->column -= s->column ? 1 : 0;
    else if (byte == '\t')
        do
            s->line[s->column++] = ' ';
        while (s->column % 8);
    else
        s->line[s->column++] = (char)byte;
    s->width = s->column > s->width ? s->column : s->width;
    assert_true(s->width < sizeof(s->line) - 16);
}

/* The line without trailing blanks. */
static const char *visible(struct screen *s)
{
    size_t end = s->width;

    while (end && s->line[end - 1] == ' ')
        end--;
    s->line[end] = '\0';
    return s->line;
}

static struct ldisc ld;
static struct screen screen;

static void fresh(void)
{
    memset(&screen, 0, sizeof(screen));
    screen.out.put = screen_put;
    ldisc_init(&ld);
}

static unsigned type(const char *text)
{
    unsigned events = 0;

    for (; *text; text++)
        events |= ldisc_input(&ld, (u8)*text, &screen.out);
    return events;
}

/* What a read of n bytes gives, as text; "<eof>" for an end of file. */
static const char *take(size_t n)
{
    static char text[LDISC_BUFFER + 16];
    bool eof;

    assert_true(n < sizeof(text));
    size_t got = ldisc_take(&ld, (u8 *)text, n, &eof);
    text[got] = '\0';
    if (!got && eof)
        strcpy(text, "<eof>");
    return text;
}

/* --- canonical mode -------------------------------------------------------------------------- */

struct typed {
    const char *keys, *seen, *read;
};

static const struct typed cases[] = {
    {"hello\r", "", "hello\n"},
    {"hello", "hello", ""},
    {"hellp\x7fo\n", "", "hello\n"},
    {"hellp\x7fo", "hello", ""},
    {"\x7f\x7fx", "x", ""},
    {"a\tb\x7f\x7f\x7f", "", ""},
    {"ab\t\x7f"
     "c",
     "abc", ""},
    {"a\x01\x7f"
     "b",
     "ab", ""},
    {"one two  \x17three", "one three", ""},
    {"one\x15two", "two", ""},
    {"a\x16\x03"
     "b\r",
     "",
     "a\x03"
     "b\n"},
    {"a\x16\x7f\r", "", "a\x7f\n"},
    {"abc\x04", "abc", "abc"},
    {"\x04", "", "<eof>"},
    {"x\ry\r", "", "x\n"},
};

static void test_typing(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        fresh();
        type(cases[i].keys);
        assert_string_equal(visible(&screen), cases[i].seen);
        assert_string_equal(take(100), cases[i].read);
    }
}

static void test_echo_bytes(void **state)
{
    (void)state;
    fresh();
    type("a\r");
    assert_string_equal(screen.raw, "a\r\n");
    fresh();
    type("\x01");
    assert_string_equal(screen.raw, "^A");
    fresh();
    ld.termios.c_lflag &= ~(u32)ECHO;
    type("secret\r");
    assert_string_equal(screen.raw, "");
    ld.termios.c_lflag |= ECHONL;
    type("secret\r");
    assert_string_equal(screen.raw, "\r\n");
}

static void test_erase_keeps_the_prompt(void **state)
{
    (void)state;
    fresh();
    for (const char *p = "prompt> "; *p; p++)
        ldisc_output(&ld, (u8)*p, &screen.out);
    type("ab\x7f\x7f\x7f\x7f\x7f");
    assert_string_equal(visible(&screen), "prompt>");
    type("x\ty\x15");
    assert_string_equal(visible(&screen), "prompt>");
}

static void test_utf8_erases_characters(void **state)
{
    (void)state;
    fresh();
    ld.termios.c_iflag |= IUTF8;
    type("a\xc3\xa4\x7f"
         "b\r");
    assert_string_equal(take(10), "ab\n");
}

static void test_reads_are_lines(void **state)
{
    (void)state;
    fresh();
    type("one\rtwo\rthr");
    assert_int_equal(ldisc_available(&ld), 8);
    assert_string_equal(take(100), "one\n");
    assert_string_equal(take(2), "tw");
    assert_string_equal(take(100), "o\n");
    assert_false(ldisc_readable(&ld));
    assert_string_equal(take(100), "");
    type("ee\r");
    assert_string_equal(take(100), "three\n");
}

/* ^D after text pushes the text and is no end of file, even when the read took just the text. */
static void test_eof_pushes(void **state)
{
    (void)state;
    fresh();
    assert_true(type("ab\x04") & LDISC_WAKE);
    assert_string_equal(take(2), "ab");
    assert_false(ldisc_readable(&ld));
    type("cd\x04");
    assert_string_equal(take(1), "c");
    assert_string_equal(take(9), "d");
    assert_false(ldisc_readable(&ld));
    type("\x04\x04");
    assert_string_equal(take(9), "<eof>");
    assert_string_equal(take(9), "<eof>");
    assert_false(ldisc_readable(&ld));
}

static void test_signals(void **state)
{
    (void)state;
    fresh();
    assert_int_equal(type("abc\x03"), LDISC_SIGINT);
    assert_string_equal(screen.raw, "abc^C");
    assert_int_equal(type("\x1c"), LDISC_SIGQUIT);
    assert_int_equal(type("\x1a"), LDISC_SIGTSTP);
    type("x\r");
    assert_string_equal(take(9), "x\n"); /* the rest was flushed */
    ld.termios.c_lflag |= NOFLSH;
    type("ab\x03"
         "c\r");
    assert_string_equal(take(9), "abc\n");
    ld.termios.c_lflag &= ~(u32)ISIG;
    assert_int_equal(type("\x03") & LDISC_SIGINT, 0);
    ld.termios.c_lflag |= ISIG;
    ld.termios.c_cc[VINTR] = 0; /* disabled: a NUL is no ^C */
    assert_int_equal(ldisc_input(&ld, 0, &screen.out) & LDISC_SIGINT, 0);
}

static void test_flow_control(void **state)
{
    (void)state;
    fresh();
    assert_int_equal(type("\x13"), 0);
    assert_true(ld.stopped);
    assert_int_equal(type("\x11"), LDISC_START);
    assert_false(ld.stopped);
    type("\x13");
    assert_true(type("\x03") & LDISC_START); /* a signal starts output too */
    type("\x13");
    ld.termios.c_iflag |= IXANY;
    assert_true(type("x") & LDISC_START);
    ld.termios.c_iflag &= ~(u32)IXON;
    type("\x13");
    assert_false(ld.stopped);
}

static void test_newlines(void **state)
{
    (void)state;
    fresh();
    ld.termios.c_iflag = IGNCR;
    type("a\rb\n");
    assert_string_equal(take(9), "ab\n");
    ld.termios.c_iflag = INLCR;
    ld.termios.c_lflag &= ~(u32)ICANON;
    type("\n");
    assert_string_equal(take(9), "\r");
}

static void test_output(void **state)
{
    (void)state;
    fresh();
    for (const char *p = "a\tb\n"; *p; p++)
        ldisc_output(&ld, (u8)*p, &screen.out);
    assert_string_equal(screen.raw, "a\tb\r\n");
    fresh();
    ld.termios.c_oflag = OPOST | 0014000;
    for (const char *p = "a\tb\n"; *p; p++)
        ldisc_output(&ld, (u8)*p, &screen.out);
    assert_string_equal(screen.raw, "a       b\n");
    fresh();
    ld.termios.c_oflag = 0;
    ldisc_output(&ld, '\n', &screen.out);
    assert_string_equal(screen.raw, "\n");
}

/* --- raw mode -------------------------------------------------------------------------------- */

static void set_raw(u8 min, u8 time)
{
    struct linux_termios t = ld.termios;

    t.c_lflag &= ~(u32)(ICANON | ECHO | ISIG | IEXTEN);
    t.c_iflag = 0;
    t.c_cc[VMIN] = min;
    t.c_cc[VTIME] = time;
    ldisc_set_termios(&ld, &t);
}

static void test_raw(void **state)
{
    (void)state;
    fresh();
    set_raw(3, 0);
    assert_true(type("\x03\x7f") & LDISC_WAKE);
    assert_false(ldisc_readable(&ld));
    type("\r");
    assert_true(ldisc_readable(&ld));
    assert_string_equal(take(9), "\x03\x7f\r");
    assert_string_equal(screen.raw, "");
}

/* vi comes and goes in the middle of a line. */
static void test_mode_changes(void **state)
{
    struct linux_termios sane;

    (void)state;
    fresh();
    sane = ld.termios;
    type("half");
    set_raw(1, 0);
    assert_string_equal(take(9), "half");
    type("xy");
    ldisc_set_termios(&ld, &sane);
    assert_true(ldisc_readable(&ld));
    type("z\r");
    assert_string_equal(take(9), "xyz\n");
}

/* --- the limits ------------------------------------------------------------------------------ */

static void test_full_line(void **state)
{
    (void)state;
    fresh();
    ld.termios.c_lflag &= ~(u32)ECHO;
    for (unsigned i = 0; i < LDISC_BUFFER + 100; i++)
        type("x");
    assert_true(type("\r") & LDISC_WAKE); /* the end of the line finds room */
    assert_int_equal(ldisc_available(&ld), LDISC_BUFFER);
    assert_int_equal(type("\r"), 0);
    size_t got = strlen(take(LDISC_BUFFER));
    assert_int_equal(got, LDISC_BUFFER);
    type("ok\r");
    assert_string_equal(take(9), "ok\n");
}

/* More is accepted while it fits, and also when no reader could help: then the line loses its end. */
static void test_accepts(void **state)
{
    (void)state;
    fresh();
    ld.termios.c_lflag &= ~(u32)ECHO;
    type("first\r");
    while (ldisc_accepts(&ld, 64))
        type("x");
    assert_int_equal(ld.tail, LDISC_BUFFER - 64);
    assert_string_equal(take(6), "first\n");
    assert_true(ldisc_accepts(&ld, 64));
    for (unsigned i = 0; i < LDISC_BUFFER; i++)
        type("x");
    assert_true(ldisc_accepts(&ld, 64));
    type("\r");
    assert_false(ldisc_accepts(&ld, 64));
    ldisc_flush(&ld);
    assert_true(ldisc_accepts(&ld, 64));
}

/* --- random typing against a model ------------------------------------------------------------ */

struct model {
    char line[256];
    size_t len;
    char done[65536]; /* completed lines, in order */
    size_t head, tail;
};

static void model_type(struct model *m, char key)
{
    switch (key) {
    case 0x7f:
        m->len -= m->len ? 1 : 0;
        break;
    case 0x15:
        m->len = 0;
        break;
    case '\r':
        memcpy(m->done + m->tail, m->line, m->len);
        m->tail += m->len;
        m->done[m->tail++] = '\n';
        m->len = 0;
        break;
    default:
        m->line[m->len++] = key;
    }
}

static char random_key(u64 *seed)
{
    u64 r = host_random(seed) % 16;

    return r < 10 ? (char)('a' + r) : r < 11 ? '\t' : r < 13 ? 0x7f : r < 14 ? 0x15 : '\r';
}

static void test_random_typing(void **state)
{
    static struct model m;
    u64 seed = host_seed();

    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        fresh();
        memset(&m, 0, sizeof(m));
        for (unsigned i = 0; i < 500; i++) {
            char key[2] = {random_key(&seed), '\0'};
            if (m.len > 60)
                key[0] = '\r';
            screen.raw_len = 0;
            type(key);
            model_type(&m, key[0]);
            if (host_random(&seed) % 8 == 0) {
                const char *text = take(1 + host_random(&seed) % 40);
                assert_memory_equal(text, m.done + m.head, strlen(text));
                m.head += strlen(text);
            }
            assert_int_equal(ldisc_available(&ld), m.tail - m.head);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typing),
        cmocka_unit_test(test_echo_bytes),
        cmocka_unit_test(test_erase_keeps_the_prompt),
        cmocka_unit_test(test_utf8_erases_characters),
        cmocka_unit_test(test_reads_are_lines),
        cmocka_unit_test(test_eof_pushes),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_flow_control),
        cmocka_unit_test(test_newlines),
        cmocka_unit_test(test_output),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_mode_changes),
        cmocka_unit_test(test_full_line),
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_random_typing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
