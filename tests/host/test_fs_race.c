/* SPDX-License-Identifier: BSD-2-Clause */
// sources: fs/path.c fs/inode.c fs/permission.c kernel/groups.c fs/fscontext.c fs/vfs.c fs/names.c fs/mount.c fs/super.c fs/fs_config.c fs/ramfs.c fs/seals.c fs/readdir.c
// sources: fs/dentry.c fs/file.c fs/flock.c fs/reclock.c fs/iobuf.c fs/dev.c fs/pipe.c fs/poll.c fs/fdtable.c
// sources: tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c tests/host/no_sleep.c
// sources: tests/host/fs_machine.c mm/pcache.c
// sources: mm/pt.c mm/pt_change.c mm/pt_copy.c mm/pt_dump.c mm/pt_gather.c mm/table.c mm/large.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c mm/kmalloc.c
// sources: mm/failalloc.c mm/region.c mm/region_scan.c
// sources: kernel/base/percpu.c tests/host/hostcpus.c kernel/base/mutex.c kernel/base/wait.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/num.c lib/bitmap.c
// sources: lib/string_extra.c lib/string_page.c lib/rbtree.c lib/radix.c
/*
 * Several cpus at the same names, changing places before each lock: what each call promises must hold whatever the
 * others do between its look and its step. And in the end the tree's own account must be right: link counts, and no
 * object left.
 */
#include "fs_machine.h"
#include "hostcpus.h"
#include "hostmachine.h"
#include <abi/linux/fcntl.h>
#include <abi/linux/stat.h>
#include <base/percpu.h>
#include <fs/file.h>
#include <fs/fscontext.h>
#include <fs/mount.h>
#include <fs/ramfs.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <lib/errno.h>
#include <mm/slab.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CPUS   4u
#define ROUNDS 5000u

static const char *wrong; /* assertions jump, which coroutines must not */

static void expect(bool good, const char *what)
{
    if (!good)
        wrong = what;
}

static int make_file(const char *path)
{
    struct file *file;
    int err = vfs_open(NULL, path, O_CREAT | O_EXCL | O_WRONLY, 0666, &file);

    if (!err)
        file_put(file);
    return err;
}

static bool exists(const char *path)
{
    struct dentry *d;
    int err = path_lookup(NULL, path, 0, &d);

    if (!err)
        dentry_put(d);
    return !err;
}

static u32 links_of(const char *path)
{
    struct dentry *d;
    u32 links;

    assert_int_equal(path_lookup(NULL, path, 0, &d), 0);
    links = d->inode->nlink;
    dentry_put(d);
    return links;
}

/* --- cpus ------------------------------------------------------------------------------------ */

static struct member {
    u32 cpu;
    u64 seed;
} members[CPUS];

static void (*job)(struct member *m);

static void start(u32 cpu)
{
    job(&members[cpu]);
}

/* Runs fn on all cpus at once. */
static void run(void (*fn)(struct member *m))
{
    u64 seed = host_seed();
    struct thread *current = this_cpu()->current;

    wrong = NULL;
    job = fn;
    for (u32 i = 0; i < CPUS; i++) {
        members[i] = (struct member){.cpu = i, .seed = seed + i};
        cpu_table[i].current = current;
    }
    host_cpus_run(CPUS, seed, start);
    if (wrong)
        fail_msg("%s", wrong);
}

static u64 pick(struct member *m, u64 below)
{
    return host_random(&m->seed) % below;
}

/* --- tests ----------------------------------------------------------------------------------- */

/* The way in which programs replace a file: the name always leads to a whole one. */
static void replace_one(struct member *m)
{
    char own[16];

    snprintf(own, sizeof(own), "/own%u", m->cpu);
    for (unsigned i = 0; i < ROUNDS; i++) {
        expect(!make_file(own), "a name of one's own could not be made");
        expect(!vfs_rename(NULL, own, NULL, "/common", 0), "replacing a file failed");
        expect(exists("/common"), "a name that is only ever replaced was missing");
    }
}

static void test_replacing_never_fails(void **state)
{
    (void)state;
    run(replace_one);
    assert_int_equal(links_of("/common"), 1);
    assert_int_equal(vfs_unlink(NULL, "/common"), 0);
}

/* One token, many hands: whoever renames it has it, so no second one can come into being. */
static u32 tokens_taken, tokens_put;

static void take_token(struct member *m)
{
    char own[16];

    snprintf(own, sizeof(own), "/own%u", m->cpu);
    for (unsigned i = 0; i < ROUNDS; i++) {
        int err = vfs_rename(NULL, "/token", NULL, own, 0);
        expect(!err || err == -ENOENT, "taking the token gave another error");
        if (err)
            continue;
        tokens_taken++;
        expect(!exists("/token"), "two tokens");
        expect(!vfs_rename(NULL, own, NULL, "/token", 0), "putting the token back failed");
        tokens_put++;
    }
}

static void test_one_takes_what_is_there_once(void **state)
{
    (void)state;
    assert_int_equal(make_file("/token"), 0);
    run(take_token);
    assert_int_equal(tokens_taken, tokens_put);
    assert_true(tokens_taken > 0);
    assert_int_equal(vfs_unlink(NULL, "/token"), 0);
}

/* Removing takes the name that was asked for, not where its file has gone meanwhile. */
static u32 made, removed;

static void move_or_remove(struct member *m)
{
    char own[16];

    snprintf(own, sizeof(own), "/safe%u", m->cpu);
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (m->cpu % 2) {
            if (!make_file("/prey"))
                made++;
            if (!vfs_unlink(NULL, "/prey"))
                removed++;
        } else if (!vfs_rename(NULL, "/prey", NULL, own, 0)) {
            expect(exists(own), "a name that nobody else knows was removed");
            expect(!vfs_unlink(NULL, own), "a name of one's own could not be removed");
            removed++;
        }
    }
}

static void test_unlink_takes_that_name(void **state)
{
    (void)state;
    run(move_or_remove);
    removed += !vfs_unlink(NULL, "/prey");
    assert_int_equal(made, removed);
}

/* Everything at once in two directories; what counts is that the account is right afterwards. */
static void path_of(struct member *m, char *path, size_t size)
{
    snprintf(path, size, "/%s/%c", pick(m, 2) ? "left" : "right", (int)('a' + pick(m, 4)));
}

static void anything(struct member *m)
{
    char a[16], b[16];

    for (unsigned i = 0; i < ROUNDS; i++) {
        path_of(m, a, sizeof(a));
        path_of(m, b, sizeof(b));
        switch (pick(m, 7)) {
        case 0:
            make_file(a);
            break;
        case 1:
            vfs_unlink(NULL, a);
            break;
        case 2:
            vfs_link(NULL, a, NULL, b, 0);
            break;
        case 3:
            vfs_mkdir(NULL, a, 0777);
            break;
        case 4:
            vfs_rmdir(NULL, a);
            break;
        default:
            vfs_rename(NULL, a, NULL, b, pick(m, 2) ? RENAME_NOREPLACE : 0);
        }
    }
}

/* Removes a to d; the number of directories among them. */
static u32 clear(const char *dir)
{
    char path[16];
    u32 dirs = 0;

    for (char c = 'a'; c <= 'd'; c++) {
        snprintf(path, sizeof(path), "%s/%c", dir, c);
        if (vfs_unlink(NULL, path) == -EISDIR)
            dirs += !vfs_rmdir(NULL, path);
    }
    return dirs;
}

static void test_link_counts_are_right_afterwards(void **state)
{
    (void)state;
    assert_int_equal(vfs_mkdir(NULL, "/left", 0777), 0);
    assert_int_equal(vfs_mkdir(NULL, "/right", 0777), 0);
    run(anything);
    u32 left = links_of("/left"), right = links_of("/right");
    assert_int_equal(left, 2 + clear("/left"));
    assert_int_equal(right, 2 + clear("/right"));
    assert_int_equal(vfs_rmdir(NULL, "/left"), 0);
    assert_int_equal(vfs_rmdir(NULL, "/right"), 0);
}

/* --- the machine ----------------------------------------------------------------------------- */

static u64 objects;

static int set_up(void **state)
{
    static bool booted;

    (void)state;
    if (!booted) {
        fs_machine_boot(16 * MiB);
        ramfs_init();
        cpu_set_count(CPUS);
        if (mount_first("ramfs", "ramfs"))
            return -1;
    }
    booted = true;
    fs_process.thread_count = CPUS;
    fs_machine_adopt();
    objects = fs_machine_objects();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(fs_machine_objects(), objects);
    fs_machine_forget();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replacing_never_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_takes_what_is_there_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unlink_takes_that_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_link_counts_are_right_afterwards, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
