/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices without hardware: null, zero, full, random, urandom and kmsg. Numbers are Linux's. They
 * have no state and no locks.
 */
#include <fs/memdev.h>

#include <base/log.h>
#include <fs/dev.h>
#include <fs/rng.h>
#include <fs/seq.h>
#include <fs/zeromap.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/page.h>

/* Bytes that a transfer moves between looks at signals and at who else wants the cpu. */
#define CHUNK (64 * PAGE_SIZE)

static ssize_t moved(const struct iobuf *iob, size_t want, int err)
{
    size_t done = want - iob->left;

    return done || !want ? (ssize_t)done : err;
}

/* --- null, zero, full ------------------------------------------------------------------------ */

static ssize_t null_read(struct file *file, struct iobuf *to, u64 *pos)
{
    (void)file;
    (void)to;
    (void)pos;
    return 0;
}

static ssize_t null_write(struct file *file, struct iobuf *from, u64 *pos)
{
    (void)file;
    (void)pos;
    return (ssize_t)from->left;
}

/* A long read looks around now and then. */
static __noinline ssize_t zero_read_long(struct iobuf *to)
{
    size_t want = to->left;
    int err = 0;

    while (!err && to->left) {
        err = iobuf_zero(to, MIN(to->left, CHUNK));
        cond_yield();
        if (!err && to->left && sig_pending(current_thread()))
            err = -ERESTARTSYS;
    }
    return moved(to, want, err);
}

static ssize_t zero_read(struct file *file, struct iobuf *to, u64 *pos)
{
    size_t want = to->left;

    (void)file;
    (void)pos;
    if (unlikely(want > CHUNK))
        return zero_read_long(to);
    int err = iobuf_zero(to, want);
    return err ? err : (ssize_t)want;
}

/* Shared memory is anonymous; everything else may as well be known by its name. */
static int zero_mmap(struct file *file, u64 offset, bool *writable, struct pager **out)
{
    (void)file, (void)offset;
    *out = *writable ? NULL : &zero_pager;
    return 0;
}

static ssize_t full_write(struct file *file, struct iobuf *from, u64 *pos)
{
    (void)file;
    (void)from;
    (void)pos;
    return -ENOSPC;
}

/* --- random ---------------------------------------------------------------------------------- */

static ssize_t random_read(struct file *file, struct iobuf *to, u64 *pos)
{
    u8 bytes[256];
    size_t want = to->left;
    int err = 0;

    (void)file;
    (void)pos;
    while (!err && to->left) {
        size_t n = MIN(to->left, sizeof(bytes));
        rng_bytes(bytes, n);
        err = iobuf_write(to, bytes, n);
        cond_yield();
        if (!err && sig_pending(current_thread()))
            err = -ERESTARTSYS;
    }
    memset(bytes, 0, sizeof(bytes));
    return moved(to, want, err);
}

/* What users write is stirred in, and trusted with nothing. */
static ssize_t random_write(struct file *file, struct iobuf *from, u64 *pos)
{
    u8 bytes[256];
    size_t want = from->left;
    int err = 0;

    (void)file;
    (void)pos;
    while (!err && from->left) {
        size_t n = MIN(from->left, sizeof(bytes));
        err = iobuf_read(from, bytes, n);
        if (!err)
            rng_add(bytes, n, false);
        cond_yield();
        if (!err && sig_pending(current_thread()))
            err = -ERESTARTSYS;
    }
    return moved(from, want, err);
}

/* --- kmsg ------------------------------------------------------------------------------------ */

/* A line for the kernel log. A level in front ("<6>") is taken off. */
static ssize_t kmsg_write(struct file *file, struct iobuf *from, u64 *pos)
{
    char line[LOG_LINE_MAX];
    size_t want = from->left;
    size_t n = MIN(want, sizeof(line) - 1);
    int err = iobuf_read(from, line, n);

    (void)file;
    (void)pos;
    if (err)
        return err;
    while (n && line[n - 1] == '\n')
        n--;
    line[n] = '\0';
    const char *text = line[0] == '<' && strchr(line, '>') ? strchr(line, '>') + 1 : line;
    log_info("%s", text);
    return (ssize_t)want;
}

static int kmsg_show(struct seq *seq)
{
    size_t size = 64 * KiB;
    struct page *pages = page_alloc(4, 0, PAGE_KERNEL);

    if (!pages)
        return -ENOMEM;
    seq_put(seq, page_to_virt(pages), log_read(page_to_virt(pages), size));
    page_free(pages, 4);
    return 0;
}

static int kmsg_open(struct file *file)
{
    return seq_open(file, kmsg_show);
}

/* --- the table ------------------------------------------------------------------------------- */

static const struct file_ops null_ops = {
    .stream = true, .read = null_read, .write = null_write, .lseek = file_lseek_null};
static const struct file_ops zero_ops = {.stream = true,
                                         .read = zero_read,
                                         .write = null_write,
                                         .lseek = file_lseek_null,
                                         .mmap = zero_mmap};
static const struct file_ops full_ops = {
    .stream = true, .read = zero_read, .write = full_write, .lseek = file_lseek_null};
static const struct file_ops random_ops = {
    .stream = true, .read = random_read, .write = random_write, .lseek = file_lseek_null};
static const struct file_ops kmsg_ops = {
    .open = kmsg_open,
    .release = seq_release,
    .read = seq_read,
    .write = kmsg_write,
    .lseek = file_lseek_regular,
};

void memdev_init(void)
{
    static struct cdev devices[] = {
        {.name = "null", .dev = DEV(1, 3), .mode = 0666, .ops = &null_ops},
        {.name = "zero", .dev = DEV(1, 5), .mode = 0666, .ops = &zero_ops},
        {.name = "full", .dev = DEV(1, 7), .mode = 0666, .ops = &full_ops},
        {.name = "random", .dev = DEV(1, 8), .mode = 0666, .ops = &random_ops},
        {.name = "urandom", .dev = DEV(1, 9), .mode = 0666, .ops = &random_ops},
        {.name = "kmsg", .dev = DEV(1, 11), .mode = 0600, .ops = &kmsg_ops},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(devices); i++)
        cdev_register(&devices[i]);
}
