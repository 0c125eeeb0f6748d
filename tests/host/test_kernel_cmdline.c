/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c kernel/base/percpu.c kernel/cmdline.c
// sources: lib/cmdline.c lib/num.c lib/string_extra.c
/* The command line: who gets which word. */
#include "hostmachine.h"
#include <base/init.h>
#include <base/log.h>
#include <base/panic.h>
#include <kernel/cmdline.h>
#include <lib/errno.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char seen[512];

static int note(const char *value)
{
    snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "[%s]", value);
    return strcmp(value, "bad") ? 0 : -EINVAL;
}

/* What the linker script would gather; this program has no such section of its own. */
const struct param test_params[2] = {{"word", note}, {"dotted.word", note}};
__asm__(".globl __params_start, __params_end\n"
        ".set __params_start, test_params\n"
        ".set __params_end, test_params + 32\n");
static_assert(sizeof(test_params) == 32, "__params_end");

void log_set_level(enum log_level level)
{
    (void)level;
}

void panic_set_timeout(long seconds)
{
    (void)seconds;
}

static void expect(const char *const *words, const char *expected)
{
    char text[512] = "";

    for (; *words; words++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "[%s]", *words);
    assert_string_equal(text, expected);
}

/* cmdline_init sorts one line in a kernel's life, so this is one test. */
static void each_word_finds_its_way(void **state)
{
    const char *line = "word A=1 word='two words' quiet console=ttyS0 some.module=3 plainword rw "
                       "dotted.word=4 B=\"x y\" word=bad root=/dev/null -- first 'second one' C=3";

    (void)state;
    cmdline_init(line);
    assert_string_equal(cmdline_get_line(), line);
    assert_string_equal(seen, "[][two words][4][bad]");
    expect(cmdline_init_env(), "[A=1][B=x y]");
    expect(cmdline_init_args(), "[first][second one][C=3]");
    assert_null(cmdline_init_path());
    assert_true(host_log_has("word=bad makes no sense"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_word_finds_its_way)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
