/* SPDX-License-Identifier: BSD-2-Clause */
// sources: fs/path.c fs/inode.c fs/permission.c kernel/groups.c fs/fscontext.c fs/vfs.c fs/names.c fs/mount.c fs/super.c fs/fs_config.c fs/ramfs.c fs/seals.c fs/readdir.c
// sources: fs/dentry.c fs/file.c fs/flock.c fs/reclock.c fs/iobuf.c fs/dev.c fs/pipe.c fs/poll.c fs/fdtable.c
// sources: tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c
// sources: tests/host/fs_machine.c mm/pcache.c
// sources: mm/pt.c mm/pt_change.c mm/pt_copy.c mm/pt_dump.c mm/pt_gather.c mm/table.c mm/large.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c mm/kmalloc.c
// sources: mm/failalloc.c mm/region.c mm/region_scan.c
// sources: kernel/base/percpu.c kernel/base/spinlock.c kernel/base/mutex.c kernel/base/wait.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/num.c lib/bitmap.c
// sources: lib/string_extra.c lib/string_page.c lib/rbtree.c lib/radix.c
/*
 * What sleeps: poll, pipes, FIFOs, flock. The scheduler here is a script: when the only thread goes to
 * sleep, the next step of the script runs in its stead - as another process would - and then
 * the sleep ends. A sleep that nobody has foreseen, a step that was not needed, a wake-up that was
 * not sent or a waiter left on a queue is a failure.
 */
#include "fs_machine.h"
#include "hostmachine.h"
#include "mm_machine.h"
#include <abi/linux/fcntl.h>
#include <abi/linux/poll.h>
#include <abi/linux/sched.h>
#include <abi/linux/stat.h>
#include <fs/fdtable.h>
#include <fs/mount.h>
#include <fs/pipe.h>
#include <fs/poll.h>
#include <fs/ramfs.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <lib/errno.h>
#include <mm/failalloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* --- the scheduler --------------------------------------------------------------------------- */

static bool sleeping; /* marked: a wake-up would be noticed */
static unsigned wakes;
static int (*script[8])(void); /* each returns what sched_block returns */
static unsigned script_at;

void sched_prepare(enum wait_mode mode)
{
    (void)mode;
    sleeping = true;
}

void sched_unprepare(void)
{
    sleeping = false;
}

void sched_preempt(void)
{
}

bool sched_wake(struct thread *thread)
{
    (void)thread;
    wakes++;
    bool woke = sleeping;
    sleeping = false;
    return woke;
}

int sched_block(u64 deadline)
{
    (void)deadline;
    if (!sleeping)
        return 0;
    assert_true(script_at < ARRAY_SIZE(script) && script[script_at]);
    unsigned before = wakes;
    int rc = script[script_at++]();
    if (!rc)
        assert_true(wakes > before); /* what happened must have woken us */
    sleeping = false;
    return rc;
}

static void expect_script_done(void)
{
    assert_true(script_at == ARRAY_SIZE(script) || !script[script_at]);
}

static int give_up(void)
{
    return -ETIMEDOUT;
}

static int interrupt(void)
{
    return -EINTR;
}

/* --- pipes in descriptors -------------------------------------------------------------------- */

static struct file *reader[20], *writer[20];

static int set_up(void **state)
{
    static bool booted;

    (void)state;
    if (!booted) {
        fs_machine_boot(16 * MiB);
        ramfs_init();
        if (mount_first("ramfs", "ramfs"))
            return -1;
    }
    booted = true;
    fs_machine_adopt();
    memset(script, 0, sizeof(script));
    script_at = 0;
    wakes = 0;
    for (unsigned i = 0; i < 20; i++) {
        if (pipe_make(0, &reader[i], &writer[i]))
            return -1;
        assert_int_equal(fd_install(reader[i], 0, 0), 2 * i);
        assert_int_equal(fd_install(writer[i], 0, 0), 2 * i + 1);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fs_machine_forget();
    expect_script_done();
    return 0;
}

static ssize_t put(struct file *file, size_t n)
{
    static char block[100000];
    struct iobuf iob = iobuf_kernel(block, n);

    return file_write(file, &iob);
}

static ssize_t get(struct file *file, size_t n)
{
    static char block[100000];
    struct iobuf iob = iobuf_kernel(block, n);

    return file_read(file, &iob);
}

static int write_pipe_1(void)
{
    assert_int_equal(put(writer[1], 5), 5);
    return 0;
}

static int close_writer_1(void)
{
    assert_int_equal(fd_close(3), 0);
    return 0;
}

/* --- poll ------------------------------------------------------------------------------------ */

static void test_poll_finds_what_is_there(void **state)
{
    struct linux_pollfd fds[] = {{0, POLLIN, 9}, {-1, POLLIN, 9}, {99, POLLIN, 9}, {1, POLLOUT, 9}};

    (void)state;
    assert_int_equal(poll_wait(fds, 4, WAIT_FOREVER), 2);
    assert_int_equal(fds[0].revents, 0);
    assert_int_equal(fds[1].revents, 0);
    assert_int_equal(fds[2].revents, POLLNVAL);
    assert_int_equal(fds[3].revents, POLLOUT);
    assert_int_equal(poll_wait(fds, 1, 0), 0); /* a look and no sleep */
}

static void test_poll_wakes_for_any(void **state)
{
    struct linux_pollfd fds[] = {{0, POLLIN, 0}, {2, POLLIN, 0}};

    (void)state;
    script[0] = write_pipe_1;
    assert_int_equal(poll_wait(fds, 2, WAIT_FOREVER), 1);
    assert_int_equal(fds[0].revents, 0);
    assert_int_equal(fds[1].revents, POLLIN);
    wakes = 0;
    put(writer[0], 1); /* nobody waits any more */
    assert_int_equal(wakes, 0);
}

static void test_poll_sees_hang_up(void **state)
{
    struct linux_pollfd fds[] = {{2, 0, 0}};

    (void)state;
    script[0] = close_writer_1;
    assert_int_equal(poll_wait(fds, 1, WAIT_FOREVER), 1);
    assert_int_equal(fds[0].revents, POLLHUP); /* though nobody asked for it */
}

static void test_poll_ends_without_events(void **state)
{
    struct linux_pollfd fds[] = {{0, POLLIN, 0}};

    (void)state;
    script[0] = give_up;
    assert_int_equal(poll_wait(fds, 1, 1000), 0);
    script[1] = interrupt;
    assert_int_equal(poll_wait(fds, 1, WAIT_FOREVER), -ERESTARTNOHAND);
    script[2] = give_up;
    assert_int_equal(poll_wait(NULL, 0, 1000), 0);
}

static void test_poll_of_many(void **state)
{
    struct linux_pollfd fds[20];

    (void)state;
    for (int i = 0; i < 20; i++)
        fds[i] = (struct linux_pollfd){2 * i, POLLIN, 0};
    script[0] = write_pipe_1;
    assert_int_equal(poll_wait(fds, 20, WAIT_FOREVER), 1);
    assert_int_equal(get(reader[1], 5), 5);
    failalloc_arm(1);
    assert_int_equal(poll_wait(fds, 20, WAIT_FOREVER), -ENOMEM);
    failalloc_arm(0);
    wakes = 0;
    for (int i = 0; i < 20; i++)
        put(writer[i], 1);
    assert_int_equal(wakes, 0);
}

/* With two users of the table the file lives until poll has left its queue. */
static void test_poll_holds_files(void **state)
{
    struct linux_pollfd fds[] = {{2, POLLIN, 0}};
    struct thread other = {.tid = 2};

    (void)state;
    assert_int_equal(fdtable_part.thread_fork(&other, CLONE_FILES), 0);
    script[0] = close_writer_1;
    assert_int_equal(poll_wait(fds, 1, WAIT_FOREVER), 1);
    assert_int_equal(reader[1]->refs, 1);
    fdtable_part.thread_end(&other);
}

/* --- pipes ----------------------------------------------------------------------------------- */

static void test_read_waits(void **state)
{
    (void)state;
    script[0] = write_pipe_1;
    assert_int_equal(get(reader[1], 100), 5);
    script[1] = interrupt;
    assert_int_equal(get(reader[1], 100), -ERESTARTSYS);
    script[2] = close_writer_1;
    assert_int_equal(get(reader[1], 100), 0);
}

static int read_8192(void)
{
    assert_int_equal(get(reader[1], 8192), 8192);
    return 0;
}

static int read_all(void)
{
    assert_int_equal(get(reader[1], 100000), 65536);
    return 0;
}

static void test_write_waits(void **state)
{
    (void)state;
    script[0] = read_8192;
    script[1] = read_all;
    assert_int_equal(put(writer[1], 65536 + 8192 + 100), 65536 + 8192 + 100);
    assert_int_equal(script_at, 2);
    assert_int_equal(get(reader[1], 100000), 100);
    put(writer[1], 65536);
    script[2] = interrupt;
    assert_int_equal(put(writer[1], 10), -ERESTARTSYS);
}

static int close_reader_1(void)
{
    assert_int_equal(fd_close(2), 0);
    return 0;
}

static void test_write_to_the_leaving(void **state)
{
    (void)state;
    script[0] = close_reader_1;
    assert_int_equal(put(writer[1], 70000), 65536); /* what went counts; the next call fails */
    assert_int_equal(fs_last_signal, 0);
    assert_int_equal(put(writer[1], 1), -EPIPE);
    assert_int_not_equal(fs_last_signal, 0);
    fs_last_signal = 0;
}

static int write_twice(void)
{
    unsigned before = wakes;

    assert_int_equal(put(writer[0], 10), 10);
    assert_int_equal(wakes, before + 1);
    assert_int_equal(put(writer[0], 10), 10); /* there was something to read already */
    assert_int_equal(wakes, before + 1);
    return 0;
}

static int read_twice(void)
{
    unsigned before = wakes;

    assert_int_equal(get(reader[0], 4095), 4095); /* still no room for PIPE_BUF bytes */
    assert_int_equal(wakes, before);
    assert_int_equal(get(reader[0], 1), 1);
    assert_int_equal(wakes, before + 1);
    assert_int_equal(get(reader[0], 10), 10);
    assert_int_equal(wakes, before + 1);
    return 0;
}

/* Wake-ups are sent at the edges and nowhere else. */
static void test_wakes_at_edges(void **state)
{
    struct linux_pollfd in[] = {{0, POLLIN, 0}};
    struct linux_pollfd out[] = {{1, POLLOUT, 0}};

    (void)state;
    script[0] = write_twice;
    assert_int_equal(poll_wait(in, 1, WAIT_FOREVER), 1);
    put(writer[0], 65536 - 20);
    script[1] = read_twice;
    assert_int_equal(poll_wait(out, 1, WAIT_FOREVER), 1);
}

/* --- FIFOs and locks ------------------------------------------------------------------------- */

static struct file *other_end;

static int open_fifo_writer(void)
{
    assert_int_equal(vfs_open(NULL, "/fifo", O_WRONLY | O_NONBLOCK, 0, &other_end), 0);
    return 0;
}

static int open_fifo_reader(void)
{
    assert_int_equal(vfs_open(NULL, "/fifo", O_RDONLY | O_NONBLOCK, 0, &other_end), 0);
    return 0;
}

static void test_fifo_opens_in_pairs(void **state)
{
    struct file *file;

    (void)state;
    assert_int_equal(vfs_mknod(NULL, "/fifo", S_IFIFO | 0644, 0), 0);
    assert_int_equal(vfs_open(NULL, "/fifo", O_WRONLY | O_NONBLOCK, 0, &file), -ENXIO);
    script[0] = open_fifo_writer;
    assert_int_equal(vfs_open(NULL, "/fifo", O_RDONLY, 0, &file), 0);
    assert_int_equal(put(other_end, 3), 3);
    assert_int_equal(get(file, 9), 3);
    file_put(other_end);
    assert_int_equal(get(file, 9), 0);
    file_put(file);
    script[1] = open_fifo_reader;
    assert_int_equal(vfs_open(NULL, "/fifo", O_WRONLY, 0, &file), 0);
    file_put(other_end);
    file_put(file);
    script[2] = interrupt;
    assert_int_equal(vfs_open(NULL, "/fifo", O_RDONLY, 0, &file), -ERESTARTSYS);
    assert_int_equal(vfs_unlink(NULL, "/fifo"), 0);
}

static struct file *holder;

static int unlock_holder(void)
{
    assert_int_equal(file_flock(holder, LOCK_UN), 0);
    return 0;
}

static int close_holder(void)
{
    file_put(holder);
    return 0;
}

static void test_flock(void **state)
{
    struct file *file;

    (void)state;
    assert_int_equal(vfs_open(NULL, "/lock", O_CREAT | O_RDWR, 0644, &holder), 0);
    assert_int_equal(vfs_open(NULL, "/lock", O_RDWR, 0, &file), 0);
    assert_int_equal(file_flock(holder, LOCK_SH), 0);
    assert_int_equal(file_flock(file, LOCK_SH), 0);
    assert_int_equal(file_flock(file, LOCK_EX | LOCK_NB), -EAGAIN);
    assert_int_equal(file_flock(holder, LOCK_EX | LOCK_NB),
                     0); /* what the other had went with that */
    assert_int_equal(file_flock(holder, LOCK_SH), 0);
    assert_int_equal(file_flock(file, 64), -EINVAL);
    script[0] = unlock_holder;
    assert_int_equal(file_flock(file, LOCK_EX), 0);
    assert_int_equal(file_flock(holder, LOCK_SH | LOCK_NB), -EAGAIN);
    assert_int_equal(file_flock(file, LOCK_SH), 0); /* from exclusive to shared */
    assert_int_equal(file_flock(holder, LOCK_SH | LOCK_NB), 0);
    script[1] = interrupt;
    assert_int_equal(file_flock(file, LOCK_EX), -ERESTARTSYS);
    script[2] = close_holder;
    assert_int_equal(file_flock(file, LOCK_EX), 0);
    file_put(file);
    assert_int_equal(vfs_unlink(NULL, "/lock"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_poll_finds_what_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_poll_wakes_for_any, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_poll_sees_hang_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_poll_ends_without_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_poll_of_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_poll_holds_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_write_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_write_to_the_leaving, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wakes_at_edges, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fifo_opens_in_pairs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flock, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
