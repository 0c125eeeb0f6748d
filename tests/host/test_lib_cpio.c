/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/cpio.c lib/string_extra.c
/*
 * The cpio reader on archives built here, on what cpio(1) writes if it is installed, and on damaged
 * copies. Archives lie in memory of exactly their size, so that the sanitizer sees one byte too
 * many.
 */
#include "lib_test.h"
#include <lib/cpio.h>
#include <lib/errno.h>
#include <string.h>

struct archive {
    u8 *data;
    size_t size;
};

static void append(struct archive *a, const void *bytes, size_t n)
{
    a->data = realloc(a->data, a->size + n + 1);
    memcpy(a->data + a->size, bytes, n);
    a->size += n;
    a->data = realloc(a->data, a->size ? a->size : 1);
}

static void align(struct archive *a)
{
    append(a, "\0\0\0", -a->size % 4);
}

static void discard(struct archive *a)
{
    free(a->data);
    *a = (struct archive){NULL, 0};
}

/* An entry; `name_size` and `size` as the header claims them. */
static void add_raw(struct archive *a, const char *name, size_t name_size, u32 mode, u32 nlink,
                    const char *body, u32 size)
{
    char header[128];

    snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
             7, mode, 1, 2, nlink, 0x5f000000, size, 3, 4, 5, 6, (u32)name_size, 0);
    append(a, header, 110);
    append(a, name, name_size);
    align(a);
    append(a, body, strlen(body));
    align(a);
}

static void add(struct archive *a, const char *name, u32 mode, const char *body)
{
    add_raw(a, name, strlen(name) + 1, mode, 1, body, (u32)strlen(body));
}

static void end(struct archive *a)
{
    add(a, "TRAILER!!!", 0, "");
}

/* The archive's one complaint, at which byte, after how many good entries. Frees it. */
static void assert_broken(struct archive *a, int entries, const char *reason, size_t where)
{
    struct cpio_reader reader;
    struct cpio_entry entry;

    cpio_init(&reader, a->data, a->size);
    for (int i = 0; i < entries; i++)
        assert_int_equal(cpio_next(&reader, &entry), 1);
    assert_int_equal(cpio_next(&reader, &entry), -EINVAL);
    assert_string_equal(reader.reason, reason);
    assert_int_equal(reader.where, where);
    assert_int_equal(cpio_next(&reader, &entry), -EINVAL);
    discard(a);
}

static void assert_next(struct cpio_reader *reader, const char *name, u32 mode, const char *body)
{
    struct cpio_entry entry;

    if (cpio_next(reader, &entry) != 1)
        fail_msg("no %s: %s", name, reader->reason ? reader->reason : "end");
    assert_string_equal(entry.name, name);
    assert_int_equal(entry.name_len, strlen(name));
    assert_int_equal(entry.mode, mode);
    assert_int_equal(entry.size, strlen(body));
    assert_memory_equal(entry.data, body, entry.size);
}

static void assert_end(struct cpio_reader *reader)
{
    struct cpio_entry entry;

    assert_int_equal(cpio_next(reader, &entry), 0);
    assert_int_equal(cpio_next(reader, &entry), 0);
    assert_null(reader->reason);
}

static void entries_of_each_kind(void **state)
{
    struct archive a = {NULL, 0};
    struct cpio_reader reader;
    struct cpio_entry e;

    (void)state;
    add(&a, ".", 0040755, "");
    add(&a, "./etc", 0040755, "");
    add(&a, "/etc/motd", 0100644, "hello\n");
    add(&a, "etc/empty", 0100600, "");
    add(&a, "bin/sh", 0120777, "busybox");
    add(&a, "dev/console", 0020600, "");
    add(&a, "dev/vda", 0060600, "");
    add(&a, "run/fifo", 0010644, "");
    add(&a, "run/socket", 0140755, "");
    end(&a);
    cpio_init(&reader, a.data, a.size);
    assert_next(&reader, ".", 0040755, "");
    assert_next(&reader, "etc", 0040755, "");
    assert_next(&reader, "etc/motd", 0100644, "hello\n");
    assert_next(&reader, "etc/empty", 0100600, "");
    assert_next(&reader, "bin/sh", 0120777, "busybox");
    assert_int_equal(cpio_next(&reader, &e), 1);
    assert_true(e.ino == 7 && e.uid == 1 && e.gid == 2 && e.nlink == 1 && e.mtime == 0x5f000000);
    assert_true(e.dev_major == 3 && e.dev_minor == 4 && e.rdev_major == 5 && e.rdev_minor == 6);
    assert_next(&reader, "dev/vda", 0060600, "");
    assert_next(&reader, "run/fifo", 0010644, "");
    assert_next(&reader, "run/socket", 0140755, "");
    assert_end(&reader);
    discard(&a);
}

static void names_are_stripped_to_what_they_mean(void **state)
{
    static const char *const names[][2] = {
        {"a", "a"},
        {"/a", "a"},
        {"./a", "a"},
        {"//a/b", "a/b"},
        {"././a", "a"},
        {"/./a", "a"},
        {".hidden", ".hidden"},
        {"..a", "..a"},
        {"a/..b", "a/..b"},
        {"a/b..", "a/b.."},
        {".", "."},
        {"/", "."},
        {"./", "."},
        {"/.", "."},
        {"...", "..."},
    };
    static const char *const bad[] = {"..",   "../a",  "a/..", "a/../b", "/..", "./..",
                                      "a//b", "a/./b", "a/.",  "a/",     "/a/", "a/b/../../c"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct archive a = {NULL, 0};
        struct cpio_reader reader;

        add(&a, names[i][0], 0040755, "");
        end(&a);
        cpio_init(&reader, a.data, a.size);
        assert_next(&reader, names[i][1], 0040755, "");
        assert_end(&reader);
        discard(&a);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct archive a = {NULL, 0};

        add(&a, bad[i], 0100644, "");
        end(&a);
        assert_broken(&a, 0, "name with an empty, . or .. component", 0);
    }
}

static void archives_follow_one_another(void **state)
{
    static const char zeros[1024];
    struct archive a = {NULL, 0};
    struct cpio_reader reader;

    (void)state;
    add(&a, "one", 0100644, "1");
    end(&a);
    append(&a, zeros, 512);
    add(&a, "two", 0100644, "22");
    end(&a);
    add(&a, "three", 0100644, "333");
    end(&a);
    append(&a, zeros, 131);
    cpio_init(&reader, a.data, a.size);
    assert_next(&reader, "one", 0100644, "1");
    assert_next(&reader, "two", 0100644, "22");
    assert_next(&reader, "three", 0100644, "333");
    assert_end(&reader);
    discard(&a);
    cpio_init(&reader, NULL, 0);
    assert_end(&reader);
    cpio_init(&reader, zeros, sizeof(zeros));
    assert_end(&reader);
}

static void hard_links_keep_their_body_last(void **state)
{
    struct archive a = {NULL, 0};
    struct cpio_reader reader;
    struct cpio_entry e[2];

    (void)state;
    add_raw(&a, "first", 6, 0100755, 2, "", 0);
    add_raw(&a, "last", 5, 0100755, 2, "body", 4);
    end(&a);
    cpio_init(&reader, a.data, a.size);
    assert_int_equal(cpio_next(&reader, &e[0]), 1);
    assert_int_equal(cpio_next(&reader, &e[1]), 1);
    assert_true(e[0].nlink == 2 && e[1].nlink == 2 && e[0].ino == e[1].ino);
    assert_true(e[0].size == 0 && e[1].size == 4);
    discard(&a);
}

static void what_is_no_newc_archive(void **state)
{
    static const struct {
        const char *start;
        const char *reason;
    } cases[] = {
        {"070702", "checksummed (crc) archive, not newc"},
        {"070707", "old character (odc) archive, not newc"},
        {"\x1f\x8b\x08", "compressed by gzip"},
        {"\x28\xb5\x2f\xfd", "compressed by zstd"},
        {"\xfd"
         "7zXZ",
         "compressed by xz"},
        {"07070", "no cpio header"},
        {"hello, world", "no cpio header"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct archive a = {NULL, 0};

        append(&a, cases[i].start, strlen(cases[i].start) + (cases[i].start[0] == '\xfd'));
        assert_broken(&a, 0, cases[i].reason, 0);
    }
}

static void headers_that_lie(void **state)
{
    struct archive a = {NULL, 0};
    size_t second;

    (void)state;
    add_raw(&a, "x", 0, 0100644, 1, "", 0);
    assert_broken(&a, 0, "name is empty or too long", 0);
    add_raw(&a, "", 1, 0100644, 1, "", 0);
    assert_broken(&a, 0, "name is empty or too long", 0);
    add(&a, "x", 0100644, "");
    memcpy(a.data + 94, "00001001", 8);
    assert_broken(&a, 0, "name is empty or too long", 0);
    add(&a, "x", 0100644, "");
    memcpy(a.data + 94, "00000100", 8);
    assert_broken(&a, 0, "archive ends inside a name", 0);
    add_raw(&a, "xy\0z", 5, 0100644, 1, "", 0);
    assert_broken(&a, 0, "name is not terminated where it should be", 110);
    add_raw(&a, "xyz", 3, 0100644, 1, "", 0);
    assert_broken(&a, 0, "name is not terminated where it should be", 110);
    add(&a, "good", 0100644, "1234");
    second = a.size;
    add_raw(&a, "x", 2, 0100644, 1, "12345", 9);
    assert_broken(&a, 1, "archive ends inside a body", second);
    add_raw(&a, "x", 2, 0100644, 1, "12345", 0xffffffff);
    assert_broken(&a, 0, "archive ends inside a body", 0);
    add(&a, "x", 0100644, "");
    a.data[6 + 8 * 4 + 3] = 'g';
    assert_broken(&a, 0, "header field is not hexadecimal", 6 + 8 * 4);
    add(&a, "x", 0100644, "");
    memcpy(a.data + 6, "+0000007", 8);
    assert_broken(&a, 0, "header field is not hexadecimal", 6);
    add(&a, "x", 0100644, "");
    second = a.size;
    assert_broken(&a, 1, "archive ends without a trailer", second);
    append(&a, "\0\0", 2);
    append(&a, "070701", 6);
    assert_broken(&a, 0, "archive does not begin at a multiple of 4 bytes", 2);
}

static void kinds_and_bodies_that_do_not_fit(void **state)
{
    static const u32 no_body[] = {0040755, 0020600, 0060600, 0010644, 0140755};
    struct archive a = {NULL, 0};
    char *long_target = malloc(4097);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(no_body); i++) {
        add(&a, "x", no_body[i], "body");
        assert_broken(&a, 0, "a body where there should be none", 0);
    }
    add(&a, "x", 0000644, "");
    assert_broken(&a, 0, "unknown file type", 0);
    add(&a, "x", 0160644, "");
    assert_broken(&a, 0, "unknown file type", 0);
    add(&a, "x", 0120777, "");
    assert_broken(&a, 0, "target of a symbolic link is empty or too long", 0);
    memset(long_target, 'y', 4096);
    long_target[4096] = '\0';
    add(&a, "x", 0120777, long_target);
    assert_broken(&a, 0, "target of a symbolic link is empty or too long", 0);
    add_raw(&a, "x", 2, 0120777, 1, "ab", 4);
    assert_broken(&a, 0, "target of a symbolic link has a NUL", 0);
    free(long_target);
}

/* Reads all of it; returns the number of entries or the error. */
static int read_all(const struct archive *a)
{
    struct cpio_reader reader;
    struct cpio_entry e;
    int result, count = 0;
    volatile u8 sink = 0;

    cpio_init(&reader, a->data, a->size);
    while ((result = cpio_next(&reader, &e)) == 1) {
        assert_int_equal(strlen(e.name), e.name_len);
        for (u32 i = 0; i < e.size; i++)
            sink ^= e.data[i];
        count++;
    }
    (void)sink;
    assert_int_equal(result < 0, reader.reason != NULL);
    assert_true(reader.where <= a->size);
    return result < 0 ? result : count;
}

static struct archive sample(void)
{
    struct archive a = {NULL, 0};

    add(&a, ".", 0040755, "");
    add(&a, "bin/busybox", 0100755, "a program");
    add(&a, "bin/sh", 0120777, "busybox");
    end(&a);
    add(&a, "etc/passwd", 0100644, "root");
    end(&a);
    return a;
}

static void truncated_and_damaged_archives(void **state)
{
    struct archive whole = sample();

    (void)state;
    assert_int_equal(read_all(&whole), 4);
    for (size_t size = 1; size < whole.size; size++) {
        struct archive cut = {NULL, 0};

        append(&cut, whole.data, size);
        if (read_all(&cut) == 4) /* only the last padding may be missing */
            assert_true(whole.size - size < 4);
        discard(&cut);
    }
    for (int round = 0; round < 50000; round++) {
        struct archive copy = {NULL, 0};

        append(&copy, whole.data, whole.size);
        for (u64 n = 1 + random_below(3); n; n--)
            copy.data[random_below(copy.size)] = "0f8F/.\0a"[random_below(8)];
        read_all(&copy);
        discard(&copy);
    }
    discard(&whole);
}

/* What other people's tools write: names with ./, hard links, 512-byte blocks of padding. */
static void what_cpio_writes(void **state)
{
    struct archive a = {NULL, 0};
    struct cpio_reader reader;
    struct cpio_entry e;
    int links = 0, result;
    u32 body = 0;
    u8 buf[4096];
    size_t n;
    FILE *p =
        popen("d=$(mktemp -d) && cd $d && mkdir a && echo hello > a/file && ln a/file a/link && "
              "ln -s file a/symlink && find . | sort | cpio --quiet -o -H newc 2>/dev/null; "
              "rm -r $d",
              "r");

    (void)state;
    while (p && (n = fread(buf, 1, sizeof(buf), p)) > 0)
        append(&a, buf, n);
    pclose(p);
    if (!a.size)
        skip();
    cpio_init(&reader, a.data, a.size);
    while ((result = cpio_next(&reader, &e)) == 1) {
        if ((e.mode & CPIO_MODE_TYPE) == CPIO_MODE_FILE) {
            assert_int_equal(e.nlink, 2);
            body += e.size;
            links++;
        }
    }
    assert_int_equal(result, 0);
    assert_int_equal(links, 2);
    assert_int_equal(body, 6);
    discard(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_of_each_kind),
        cmocka_unit_test(names_are_stripped_to_what_they_mean),
        cmocka_unit_test(archives_follow_one_another),
        cmocka_unit_test(hard_links_keep_their_body_last),
        cmocka_unit_test(what_is_no_newc_archive),
        cmocka_unit_test(headers_that_lie),
        cmocka_unit_test(kinds_and_bodies_that_do_not_fit),
        cmocka_unit_test(truncated_and_damaged_archives),
        cmocka_unit_test(what_cpio_writes),
    };

    random_start("test_lib_cpio");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
