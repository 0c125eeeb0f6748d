/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/string_page.c lib/string_extra.c
/*
 * The kernel's memory and string functions, under other names, against libc's. Copies also run with
 * the areas at the very edge of mapped pages, where one byte too many is a crash.
 */
#include "lib_test.h"
#include <lib/string.h>
#include <sys/mman.h>

#define memcpy  our_memcpy
#define memmove our_memmove
#define memset  our_memset
#define memcmp  our_memcmp
#define memchr  our_memchr
#define strlen  our_strlen
#define strnlen our_strnlen
#define strcmp  our_strcmp
#define strncmp our_strncmp
#define strchr  our_strchr
#define strrchr our_strrchr
#include "../../lib/string.c"
#include "../../lib/string_mem.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr

#define PAGE   4096u
#define AREA   512u
#define ROUNDS 20000

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

/* One page between two that cannot be touched. */
static u8 *guarded_page(void)
{
    u8 *p = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(p, MAP_FAILED);
    assert_int_equal(mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
    return p + PAGE;
}

static void fill_random(u8 *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (u8)random_u64();
}

/* Lengths that meet every path: none, less than a word, about a block, many blocks. */
static size_t random_length(void)
{
    static const size_t kinds[] = {2, 20, 80, AREA};

    return random_below(kinds[random_below(ARRAY_SIZE(kinds))]);
}

static void copies_like_libc(void **state)
{
    u8 __aligned(16) src[2 * AREA], dst[2 * AREA], want[2 * AREA];

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        size_t n = random_length(), from = 64 + random_below(16), to = 64 + random_below(16);

        fill_random(src, sizeof(src));
        fill_random(dst, sizeof(dst));
        memcpy(want, dst, sizeof(want));
        memcpy(want + to, src + from, n);
        assert_ptr_equal(our_memcpy(dst + to, src + from, n), dst + to);
        assert_memory_equal(dst, want, sizeof(want));
    }
}

static void moves_like_libc(void **state)
{
    u8 __aligned(16) area[2 * AREA], want[2 * AREA];

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        size_t n = random_length(), from = 64 + random_below(128), to = 64 + random_below(128);

        fill_random(area, sizeof(area));
        memcpy(want, area, sizeof(want));
        memmove(want + to, want + from, n);
        assert_ptr_equal(our_memmove(area + to, area + from, n), area + to);
        assert_memory_equal(area, want, sizeof(want));
    }
}

static void copies_at_the_edge_of_a_page(void **state)
{
    u8 *src = guarded_page(), *dst = guarded_page();

    (void)state;
    fill_random(src, PAGE);
    for (size_t n = 0; n < 100; n++) {
        for (size_t at = 0; at < 16; at++) {
            our_memcpy(dst + PAGE - n, src + at, n);
            assert_memory_equal(dst + PAGE - n, src + at, n);
            our_memcpy(dst + at, src + PAGE - n, n);
            assert_memory_equal(dst + at, src + PAGE - n, n);
            our_memmove(dst + PAGE - n, src + PAGE - n, n);
            assert_memory_equal(dst + PAGE - n, src + PAGE - n, n);
            our_memcpy(dst + at, src, n);
            assert_memory_equal(dst + at, src, n);
        }
        our_memset(dst + PAGE - n, (int)n, n);
        assert_null(mem_find_not(dst + PAGE - n, (int)n, n));
        assert_int_equal(our_memcmp(dst + PAGE - n, dst + PAGE - n, n), 0);
    }
    munmap(src - PAGE, 3 * PAGE);
    munmap(dst - PAGE, 3 * PAGE);
}

static void sets_like_libc(void **state)
{
    u8 __aligned(16) area[2 * AREA], want[2 * AREA];

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        size_t n = random_length(), at = random_below(80);
        int c = (int)random_u64();

        fill_random(area, sizeof(area));
        memcpy(want, area, sizeof(want));
        memset(want + at, c, n);
        assert_ptr_equal(our_memset(area + at, c, n), area + at);
        assert_memory_equal(area, want, sizeof(want));
    }
}

static void compares_like_libc(void **state)
{
    u8 __aligned(16) a[AREA], b[AREA];

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        size_t n = random_below(100), at = random_below(16), bt = random_below(16);

        fill_random(a, sizeof(a));
        memcpy(b + bt, a + at, n);
        if (n && random_below(4))
            b[bt + random_below(n)] ^= (u8)(1 + random_below(255));
        assert_int_equal(sign(our_memcmp(a + at, b + bt, n)), sign(memcmp(a + at, b + bt, n)));
        assert_ptr_equal(our_memchr(a + at, b[bt], n), memchr(a + at, b[bt], n));
    }
}

/* A string of a few letters, so that equal prefixes and repeated letters are common. */
static void random_string(char *s, size_t max)
{
    size_t n = random_below(max);

    for (size_t i = 0; i < n; i++)
        s[i] = "ab\xe4"[random_below(3)];
    s[n] = '\0';
}

static void strings_like_libc(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char a[16], b[16];
        size_t n = random_below(18);
        int c = "ab\xe4\0z"[random_below(5)];

        random_string(a, sizeof(a));
        random_string(b, sizeof(b));
        assert_int_equal(our_strlen(a), strlen(a));
        assert_int_equal(our_strnlen(a, MIN(n, 16)), strnlen(a, MIN(n, 16)));
        assert_int_equal(sign(our_strcmp(a, b)), sign(strcmp(a, b)));
        assert_int_equal(sign(our_strncmp(a, b, n)), sign(strncmp(a, b, n)));
        assert_ptr_equal(our_strchr(a, c), strchr(a, c));
        assert_ptr_equal(our_strrchr(a, c), strrchr(a, c));
    }
}

static void bounded_copies_always_terminate(void **state)
{
    char buf[8];

    (void)state;
    assert_int_equal(strlcpy(buf, "seven77", sizeof(buf)), 7);
    assert_string_equal(buf, "seven77");
    assert_int_equal(strlcpy(buf, "eight888", sizeof(buf)), 8);
    assert_string_equal(buf, "eight88");
    assert_int_equal(strlcpy(buf, "x", 0), 1);
    assert_string_equal(buf, "eight88");
    strlcpy(buf, "ab", sizeof(buf));
    assert_int_equal(strlcat(buf, "cde", sizeof(buf)), 5);
    assert_string_equal(buf, "abcde");
    assert_int_equal(strlcat(buf, "fghij", sizeof(buf)), 10);
    assert_string_equal(buf, "abcdefg");
    assert_int_equal(strlcat(buf, "k", 3), 4);
    assert_string_equal(buf, "abcdefg");
}

static void finds_the_byte_that_differs(void **state)
{
    u8 __aligned(16) area[64];

    (void)state;
    for (size_t at = 0; at < sizeof(area); at++) {
        for (size_t start = 0; start <= at; start++) {
            memset(area, 0xa5, sizeof(area));
            area[at] = 0;
            assert_ptr_equal(mem_find_not(area + start, 0xa5, sizeof(area) - start), area + at);
            assert_null(mem_find_not(area + start, 0xa5, at - start));
        }
    }
}

static void pages_are_cleared_and_copied_whole(void **state)
{
    u8 *a = guarded_page(), *b = guarded_page();

    (void)state;
    fill_random(a, PAGE);
    memset(b, 0xff, PAGE);
    page_copy(b, a);
    assert_memory_equal(a, b, PAGE);
    page_zero(a);
    assert_null(mem_find_not(a, 0, PAGE));
    munmap(a - PAGE, 3 * PAGE);
    munmap(b - PAGE, 3 * PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_like_libc),
        cmocka_unit_test(moves_like_libc),
        cmocka_unit_test(copies_at_the_edge_of_a_page),
        cmocka_unit_test(sets_like_libc),
        cmocka_unit_test(compares_like_libc),
        cmocka_unit_test(strings_like_libc),
        cmocka_unit_test(bounded_copies_always_terminate),
        cmocka_unit_test(finds_the_byte_that_differs),
        cmocka_unit_test(pages_are_cleared_and_copied_whole),
    };

    random_start("test_lib_string");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
