/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/kpagecount and kpageflags: a word of eight bytes for each frame of RAM, by its number: how many have it, and
 * what it is used for. Bits as in Linux's Documentation/admin-guide/mm/pagemap.rst. Frames change while they
 * are looked at.
 */
#include <base/init.h>
#include <fs/procfs.h>
#include <kernel/sched.h>
#include <lib/errno.h>
#include <mm/page.h>

#define KPF_SLAB       BIT(7)
#define KPF_BUDDY      BIT(10)
#define KPF_MMAP       BIT(11)
#define KPF_ANON       BIT(12)
#define KPF_SWAPBACKED BIT(14) /* memory that no file on a disk stands behind */
#define KPF_NOPAGE     BIT(20)
#define KPF_PGTABLE    BIT(26)

static u64 flags_of(const struct page *page)
{
    switch (page->kind) {
    case PAGE_FREE:
    case PAGE_CACHED:
        return KPF_BUDDY;
    case PAGE_SLAB:
        return KPF_SLAB;
    case PAGE_TABLE:
        return KPF_PGTABLE;
    case PAGE_ANON:
        return KPF_MMAP | KPF_ANON | KPF_SWAPBACKED;
    case PAGE_FILE:
        return KPF_SWAPBACKED | (page_ref(page) > 1 ? KPF_MMAP : 0);
    default:
        return 0;
    }
}

static u64 flags_word(pfn_t pfn)
{
    return pfn_valid(pfn) ? flags_of(pfn_to_page(pfn)) : KPF_NOPAGE;
}

/* Entries that map it, as far as the references tell: the page cache has one of its own. */
static u64 count_word(pfn_t pfn)
{
    const struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

    if (!page || (page->kind != PAGE_ANON && page->kind != PAGE_FILE))
        return 0;
    u32 refs = page_ref(page);
    return page->kind == PAGE_FILE && refs ? refs - 1 : refs;
}

/* Behind the last frame that can have a struct page. */
static u64 end_of_frames(void)
{
    return (u64)page_section_count << PAGE_SECTION_SHIFT;
}

/* Whole words only. */
static ssize_t read_words(struct iobuf *to, u64 *pos, u64 (*word_of)(pfn_t pfn))
{
    size_t want = to->left;

    if (*pos % sizeof(u64) || want % sizeof(u64))
        return -EINVAL;
    while (to->left && *pos / sizeof(u64) < end_of_frames()) {
        u64 word = word_of(*pos / sizeof(u64));
        int err = iobuf_write(to, &word, sizeof(word));

        if (err)
            return want - to->left ? (ssize_t)(want - to->left) : err;
        *pos += sizeof(word);
        cond_yield();
    }
    return (ssize_t)(want - to->left);
}

static ssize_t flags_read(struct file *file, struct iobuf *to, u64 *pos)
{
    (void)file;
    return read_words(to, pos, flags_word);
}

static ssize_t count_read(struct file *file, struct iobuf *to, u64 *pos)
{
    (void)file;
    return read_words(to, pos, count_word);
}

static const struct file_ops flags_ops = {.read = flags_read, .lseek = file_lseek_regular};
static const struct file_ops count_ops = {.read = count_read, .lseek = file_lseek_regular};

static void proc_kpage_init(void)
{
    static struct proc_file files[] = {
        {.path = "kpagecount", .mode = 0400, .ops = &count_ops},
        {.path = "kpageflags", .mode = 0400, .ops = &flags_ops},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        procfs_add(&files[i]);
}
INITCALL(INIT_FS, proc_kpage_init);
