/* SPDX-License-Identifier: BSD-2-Clause */
// sources: fs/path.c fs/inode.c fs/permission.c kernel/groups.c fs/fscontext.c fs/vfs.c fs/names.c fs/mount.c fs/super.c fs/fs_config.c fs/ramfs.c fs/seals.c fs/readdir.c
// sources: fs/dentry.c fs/file.c fs/flock.c fs/reclock.c fs/iobuf.c fs/dev.c fs/pipe.c fs/poll.c fs/fdtable.c
// sources: tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c tests/host/no_sleep.c
// sources: tests/host/fs_machine.c mm/pcache.c
// sources: mm/pt.c mm/pt_change.c mm/pt_copy.c mm/pt_dump.c mm/pt_gather.c mm/table.c mm/large.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c mm/kmalloc.c
// sources: mm/failalloc.c mm/region.c mm/region_scan.c
// sources: kernel/base/percpu.c kernel/base/spinlock.c kernel/base/mutex.c kernel/base/wait.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/num.c lib/bitmap.c
// sources: lib/string_extra.c lib/string_page.c lib/rbtree.c lib/radix.c
/*
 * Pipes against a queue of bytes: random pieces of random sizes through iobufs of one and of several
 * parts, faults in the middle, and the frames that a pipe holds. Nothing here may sleep: both
 * ends are non-blocking.
 */
#include "fs_machine.h"
#include "hostmachine.h"
#include "mm_machine.h"
#include <abi/linux/fcntl.h>
#include <abi/linux/poll.h>
#include <abi/linux/signal.h>
#include <fs/inode.h>
#include <fs/pipe.h>
#include <lib/errno.h>
#include <mm/failalloc.h>
#include <mm/page.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CAPACITY 65536u

static struct file *reader, *writer;

static int set_up(void **state)
{
    static bool booted;

    (void)state;
    if (!booted)
        fs_machine_boot(16 * MiB);
    booted = true;
    fs_last_signal = 0;
    return pipe_make(O_NONBLOCK, &reader, &writer);
}

static int tear_down(void **state)
{
    (void)state;
    if (reader)
        file_put(reader);
    if (writer)
        file_put(writer);
    reader = writer = NULL;
    return 0;
}

static ssize_t put(const void *bytes, size_t n)
{
    struct iobuf iob = iobuf_kernel(bytes, n);

    return file_write(writer, &iob);
}

static ssize_t get(void *bytes, size_t n)
{
    struct iobuf iob = iobuf_kernel(bytes, n);

    return file_read(reader, &iob);
}

static u64 pipe_frames(void)
{
    struct page_stats stats;

    page_stats(&stats);
    return stats.used[PAGE_PIPE];
}

/* --- single facts ---------------------------------------------------------------------------- */

static void test_empty_and_full(void **state)
{
    static char block[CAPACITY];

    (void)state;
    assert_int_equal(get(block, 1), -EAGAIN);
    assert_int_equal(put(block, sizeof(block)), CAPACITY);
    assert_int_equal(put(block, 1), -EAGAIN);
    assert_int_equal(get(block, 1), 1);
    assert_int_equal(put(block, 2), -EAGAIN); /* atomic: all or nothing */
    assert_int_equal(put(block, 1), 1);
    assert_int_equal(get(block, 4095), 4095);
    assert_int_equal(put(block, 4096), -EAGAIN);
    assert_int_equal(put(block, 8000), -EAGAIN); /* long writes come in pieces of 4096 */
    assert_int_equal(get(block, 1), 1);
    assert_int_equal(put(block, 8000), 4096);
}

static void test_ends(void **state)
{
    char byte = 'x';

    (void)state;
    assert_int_equal(put("ab", 2), 2);
    file_put(writer);
    writer = NULL;
    assert_int_equal(file_poll(reader, NULL) & (POLLIN | POLLHUP), POLLIN | POLLHUP);
    assert_int_equal(get(&byte, 1), 1);
    assert_int_equal(byte, 'a');
    assert_int_equal(get(&byte, 1), 1);
    assert_int_equal(get(&byte, 1), 0);
    assert_int_equal(file_poll(reader, NULL) & (POLLIN | POLLHUP), POLLHUP);
}

static void test_broken(void **state)
{
    (void)state;
    file_put(reader);
    reader = NULL;
    assert_int_equal(file_poll(writer, NULL) & (POLLOUT | POLLERR), POLLOUT | POLLERR);
    assert_int_equal(put("x", 1), -EPIPE);
    assert_int_equal(fs_last_signal, SIGPIPE);
}

static void test_wrong_ends(void **state)
{
    struct iobuf iob = iobuf_kernel("x", 1);

    (void)state;
    assert_int_equal(file_write(reader, &iob), -EBADF);
    assert_int_equal(file_read(writer, &iob), -EBADF);
    assert_int_equal(file_lseek(reader, 0, SEEK_SET), -ESPIPE);
    assert_int_equal(file_pread(reader, &iob, 0), -ESPIPE);
    assert_int_equal(pipe_capacity(reader), CAPACITY);
}

static void test_poll_room(void **state)
{
    static char block[CAPACITY];

    (void)state;
    assert_int_equal(file_poll(writer, NULL) & POLLOUT, POLLOUT);
    assert_int_equal(put(block, CAPACITY - 4096), CAPACITY - 4096);
    assert_int_equal(file_poll(writer, NULL) & POLLOUT, POLLOUT);
    assert_int_equal(put(block, 1), 1);
    assert_int_equal(file_poll(writer, NULL) & POLLOUT, 0);
    assert_int_equal(file_poll(reader, NULL) & POLLIN, POLLIN);
}

/* Little data, ever: one frame. Drained: one frame. Closed: none. */
static void test_frames(void **state)
{
    static char block[CAPACITY];

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        assert_int_equal(put(block, 100), 100);
        assert_int_equal(get(block, 100), 100);
    }
    assert_int_equal(pipe_frames(), 1);
    assert_int_equal(put(block, 3), 3);
    assert_int_equal(get(block, 3), 3);
    assert_int_equal(put(block, CAPACITY), CAPACITY);
    assert_int_equal(pipe_frames(), 16);
    assert_int_equal(get(block, CAPACITY / 2), CAPACITY / 2);
    assert_int_equal(pipe_frames(), 8);
    assert_int_equal(get(block, CAPACITY), CAPACITY / 2);
    assert_int_equal(pipe_frames(), 1);
    tear_down(NULL);
    assert_int_equal(pipe_frames(), 0);
}

/* A fault in a write leaves nothing behind; in a read it takes nothing. */
static void test_faults(void **state)
{
    char text[8] = {0};
    struct iobuf bad = iobuf_user(FS_USER + FS_USER_SIZE - 2, 4);
    struct linux_iovec half[2] = {{FS_USER, 3}, {0, 3}};

    (void)state;
    assert_int_equal(file_write(writer, &bad), -EFAULT);
    assert_int_equal(get(text, 8), -EAGAIN);
    struct iobuf split = iobuf_segments(half, 2);
    assert_int_equal(file_write(writer, &split), -EFAULT);
    assert_int_equal(get(text, 8), -EAGAIN);
    assert_int_equal(put("abcdef", 6), 6);
    split = iobuf_segments(half, 2);
    assert_int_equal(file_read(reader, &split), -EFAULT);
    assert_int_equal(get(text, 8), 6);
    assert_string_equal(text, "abcdef");
}

static void test_no_memory(void **state)
{
    static char block[CAPACITY];

    (void)state;
    failalloc_arm(1);
    assert_int_equal(put(block, 10), -ENOMEM);
    failalloc_arm(3);
    assert_int_equal(put(block, 3 * 4096), 2 * 4096);
    failalloc_arm(0);
    assert_int_equal(get(block, CAPACITY), 2 * 4096);
}

/* --- random pieces --------------------------------------------------------------------------- */

static u8 model[CAPACITY];
static size_t model_len;

/* A user buffer in up to four pieces, somewhere in user memory; `order` tells which byte is where. */
static struct iobuf scattered(u64 *seed, struct linux_iovec *pieces, size_t n)
{
    vaddr_t at = FS_USER + host_random(seed) % 5000;
    unsigned count = 1 + (unsigned)(host_random(seed) % 4);

    for (unsigned i = 0; i < count; i++) {
        size_t part = i + 1 == count ? n : host_random(seed) % (n + 1);
        pieces[i] = (struct linux_iovec){at, part};
        at += part + host_random(seed) % 100;
        n -= part;
    }
    return iobuf_segments(pieces, count);
}

static u8 *user_byte(struct linux_iovec *piece, size_t *done)
{
    while (*done >= piece->iov_len) {
        *done -= piece->iov_len;
        piece++;
    }
    return fs_user + (piece->iov_base - FS_USER) + *done;
}

static void random_put(u64 *seed, size_t n)
{
    struct linux_iovec pieces[4];
    struct iobuf iob = scattered(seed, pieces, n);
    size_t room = CAPACITY - model_len;
    u8 value = (u8)host_random(seed);

    for (size_t i = 0; i < n; i++) {
        size_t at = i;
        *user_byte(pieces, &at) = (u8)(value + i);
    }
    ssize_t got = file_write(writer, &iob);
    if (n <= 4096 && n > room) {
        assert_int_equal(got, -EAGAIN);
        return;
    }
    ssize_t want = (ssize_t)(n <= room ? n : ALIGN_DOWN(room, 4096ul));
    assert_int_equal(got, want ? want : -EAGAIN);
    for (ssize_t i = 0; i < got; i++)
        model[model_len++] = (u8)(value + i);
}

static void random_get(u64 *seed, size_t n)
{
    struct linux_iovec pieces[4];
    struct iobuf iob = scattered(seed, pieces, n);
    ssize_t got = file_read(reader, &iob);

    if (!model_len) {
        assert_int_equal(got, -EAGAIN);
        return;
    }
    assert_int_equal(got, (ssize_t)(n < model_len ? n : model_len));
    for (ssize_t i = 0; i < got; i++) {
        size_t at = (size_t)i;
        assert_int_equal(*user_byte(pieces, &at), model[i]);
    }
    memmove(model, model + got, model_len - (size_t)got);
    model_len -= (size_t)got;
}

static void test_random(void **state)
{
    static const size_t sizes[] = {1, 7, 100, 4095, 4096, 4097, 10000, 60000};
    u64 seed = host_seed();

    (void)state;
    model_len = 0;
    for (unsigned i = 0; i < 20000; i++) {
        size_t n = 1 + host_random(&seed) % sizes[host_random(&seed) % ARRAY_SIZE(sizes)];
        if (host_random(&seed) % 2)
            random_put(&seed, n);
        else
            random_get(&seed, n);
        assert_true(pipe_frames() <= 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty_and_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_poll_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_frames, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_faults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
