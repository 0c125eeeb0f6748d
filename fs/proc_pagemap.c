/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/<pid>/pagemap: a word of eight bytes for each page of the address space, which tells whether it is
 * present, and in which frame. Bits as in Linux's Documentation/admin-guide/mm/pagemap.rst. Which frame is a
 * secret (who knows it can aim at a row of the RAM): 0 for a file that was opened without CAP_SYS_ADMIN.
 */
#include <fs/proc_pid.h>

#include <arch/mmu.h>
#include <fs/iobuf.h>
#include <kernel/caps.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <mm/page.h>
#include <mm/uvm.h>
#include <mm/uvm_usage.h>

#define PM_PFN       (BIT(55) - 1)
#define PM_EXCLUSIVE BIT(56) /* no other entry maps the frame */
#define PM_FILE      BIT(61) /* of a file or of shared memory */
#define PM_PRESENT   BIT(63)

#define WORDS 32u /* at once, on the stack */

/* `frames`: the bits of the frame's number, or none. */
static u64 word_of(const struct uvm_page *page, u64 frames)
{
    if (!page->present)
        return 0;
    return PM_PRESENT | (page->pfn & frames) | (page->file ? PM_FILE : 0) |
           (page->sole ? PM_EXCLUSIVE : 0);
}

/* Words for the pages from va on. 0 or -EFAULT. */
static int put_words(struct uvm *uvm, vaddr_t va, unsigned n, u64 frames, struct iobuf *to)
{
    struct uvm_page pages[WORDS];
    u64 words[WORDS];

    uvm_look(uvm, va, pages, n);
    for (unsigned i = 0; i < n; i++)
        words[i] = word_of(&pages[i], frames);
    return iobuf_write(to, words, n * sizeof(words[0]));
}

static ssize_t read_words(struct uvm *uvm, u64 frames, struct iobuf *to, u64 *pos)
{
    u64 end = (USER_TOP >> PAGE_SHIFT) * sizeof(u64);
    ssize_t done = 0;

    while (to->left && *pos < end) {
        unsigned n = (unsigned)MIN(MIN((u64)to->left, end - *pos) / sizeof(u64), WORDS);
        int err = put_words(uvm, *pos / sizeof(u64) << PAGE_SHIFT, n, frames, to);
        if (err)
            return done ? done : err;
        *pos += n * sizeof(u64);
        done += (ssize_t)(n * sizeof(u64));
        cond_yield();
    }
    return done;
}

/* Who opens it decides, whoever reads then. */
static int pagemap_open(struct file *file)
{
    static char with_frames;

    file->private = caps_have(CAP_SYS_ADMIN) ? &with_frames : NULL;
    return 0;
}

/* Whole words only. A process that has ended has no pages. */
static ssize_t pagemap_read(struct file *file, struct iobuf *to, u64 *pos)
{
    struct process *p = proc_node_process(file->inode);

    if (*pos % sizeof(u64) || to->left % sizeof(u64))
        return -EINVAL;
    if (p && permit_look(p)) /* it may be somebody else than who the file was made for */
        return -EACCES;
    struct uvm *uvm = p ? process_uvm(p) : NULL;
    if (!uvm)
        return p ? 0 : -ESRCH;
    ssize_t n = read_words(uvm, file->private ? PM_PFN : 0, to, pos);
    uvm_put(uvm);
    return n;
}

static s64 pagemap_lseek(struct file *file, s64 offset, int whence)
{
    return file_lseek_size(file, offset, whence, 0);
}

const struct file_ops proc_pagemap_ops = {
    .open = pagemap_open, .read = pagemap_read, .lseek = pagemap_lseek};
