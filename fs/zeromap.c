/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private mappings of /dev/zero: a pager with one page of zeroes for all of them, so that /proc knows where
 * they come from. Who writes gets a copy, as of any file. Nothing changes, so there is no lock.
 */
#include <fs/zeromap.h>

#include <base/init.h>
#include <base/panic.h>
#include <mm/page.h>

static struct page *zero_page;

static struct page *zero_get(struct pager *pager, u64 index, bool write)
{
    (void)pager, (void)index, (void)write;
    page_get(zero_page);
    return zero_page;
}

static const char *zero_name(struct pager *pager, char *buf, size_t len)
{
    (void)pager, (void)buf, (void)len;
    return "/dev/zero";
}

static void zero_identity(struct pager *pager, u64 *dev, u64 *ino)
{
    (void)pager;
    *dev = 0;
    *ino = 0;
}

static u64 zero_size(struct pager *pager)
{
    (void)pager;
    return ~0ul;
}

static const struct pager_ops zero_ops = {
    .get = zero_get, .name = zero_name, .identity = zero_identity, .size = zero_size};

struct pager zero_pager = {.ops = &zero_ops};

static void zeromap_init(void)
{
    zero_page = page_alloc(0, PA_ZERO, PAGE_FILE);
    if (!zero_page)
        panic("no memory for a page of zeroes");
}
INITCALL(INIT_FS, zeromap_init);
