/* SPDX-License-Identifier: BSD-2-Clause */
// sources: fs/fs_config.c lib/num.c lib/fmt.c
/* Options of file systems: what is understood, what is refused, and what is shown again. */
#include <fs/fs_config.h>
#include <fs/inode.h>
#include <lib/errno.h>
#include <lib/fmt.h>
#include <mm/page.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ALL ((1u << FS_OPTIONS) - 1)

static const struct fs_type knows_all = {.name = "all", .options = ALL};
static const struct fs_type knows_none = {.name = "none"};
static const struct fs_type lenient = {
    .name = "lenient", .lenient = true, .options = BIT(FS_OPTION_MODE)};

/* The machine of the test has 1000 pages. */
void page_stats(struct page_stats *stats)
{
    *stats = (struct page_stats){.total = 1000, .free = 500};
}

struct text {
    struct fmt_sink sink;
    char buf[200];
    size_t len;
};

static void put(struct fmt_sink *sink, const char *text, size_t n)
{
    struct text *t = (struct text *)sink;

    assert_true(t->len + n < sizeof(t->buf));
    memcpy(t->buf + t->len, text, n);
    t->len += n;
    t->buf[t->len] = 0;
}

static int parse(struct fs_config *config, const struct fs_type *type, const char *options)
{
    char text[200];

    *config = (struct fs_config){0};
    strcpy(text, options);
    return fs_config_parse(config, type, text);
}

static void check_shown(const char *options, const char *shown)
{
    struct text t = {.sink = {.put = put}};
    struct fs_config config;

    assert_int_equal(parse(&config, &knows_all, options), 0);
    fs_config_print(&config, &t.sink);
    assert_string_equal(t.buf, shown);
}

static void test_shown(void **state)
{
    (void)state;
    check_shown("", "");
    check_shown(",,=1,", "");
    check_shown("size=10", ",size=4k");
    check_shown("size=1m,mode=700", ",size=1024k,mode=700");
    check_shown("mode=1,size=50%", ",size=2000k,mode=001");
    check_shown("nr_blocks=3,nr_inodes=2k", ",size=12k,nr_inodes=2048");
    check_shown("size=4k,size=0", ",size=0k");
    check_shown("uid=1000,gid=5,ro", ",uid=1000,gid=5");
    check_shown("hidepid=0", ",hidepid=off");
    check_shown("hidepid=2", ",hidepid=invisible");
    check_shown("hidepid=ptraceable,subset=pid", ",hidepid=ptraceable,subset=pid");
}

static void test_refused(void **state)
{
    static const char *const wrong[] = {
        "size",      "size=",       "size=x",   "size=1x",    "size=-1",        "size=8388608T",
        "mode=8",    "mode=17777",  "mode",     "uid=-1",     "uid=4294967295", "gid=0x1",
        "hidepid=3", "hidepid=all", "hidepid=", "subset=all", "subset",         "nr_inodes=many",
        "nonsense",  "nonsense=1",  "ro=1",     "hidepid=5",
    };
    struct fs_config config;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        int err = parse(&config, &knows_all, wrong[i]);
        if (err != -EINVAL)
            fail_msg("%s: %d", wrong[i], err);
        assert_int_equal(config.given, 0);
    }
    assert_int_equal(parse(&config, &knows_all, "mode=700,size=x"), -EINVAL);
    assert_int_equal(fs_config_get(&config, FS_OPTION_MODE, 1), 0700);
    assert_int_equal(fs_config_get(&config, FS_OPTION_SIZE, 77), 77);
}

static void test_types_differ(void **state)
{
    struct fs_config config;

    (void)state;
    assert_int_equal(parse(&config, &knows_none, "mode=700"), -EINVAL);
    assert_int_equal(parse(&config, &knows_none, "ro,sync"), 0);
    assert_true(config.readonly);
    assert_int_equal(parse(&config, &knows_none, "ro,rw"), 0);
    assert_false(config.readonly);
    assert_int_equal(parse(&config, &lenient, "size=1k,whatever,mode=511"), 0);
    assert_int_equal(config.given, BIT(FS_OPTION_MODE));
    assert_int_equal(parse(&config, &lenient, "mode=9"), -EINVAL);
    assert_int_equal(fs_config_set(&config, &knows_all, "size", NULL), -EINVAL);
    assert_int_equal(fs_config_parse(&config, &knows_all, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_types_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
