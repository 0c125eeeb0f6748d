/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kmalloc: one slab cache per size class, whole pages above. The page of a pointer says which of the
 * two it is when it is freed. No locks of its own.
 */
#include <base/panic.h>
#include <lib/bits.h>
#include <lib/string.h>
#include <lib/types.h>
#include <mm/page.h>
#include <mm/slab.h>

#define CLASS(i, text, bytes) [i] = SLAB_CACHE_INIT(kmalloc_cache[i], "kmalloc-" text, bytes, 8)

struct slab_cache kmalloc_cache[KMALLOC_CLASSES] = {
    CLASS(0, "16", 16),   CLASS(1, "32", 32),   CLASS(2, "64", 64),      CLASS(3, "96", 96),
    CLASS(4, "128", 128), CLASS(5, "192", 192), CLASS(6, "256", 256),    CLASS(7, "384", 384),
    CLASS(8, "512", 512), CLASS(9, "768", 768), CLASS(10, "1024", 1024), CLASS(11, "2048", 2048),
};

/* kmalloc_class() by (size - 1) / 16. */
static const u8 class_of[SLAB_SIZE_MAX / 16] = {
    [0] = 0,         [1] = 1,         [2 ... 3] = 2,    [4 ... 5] = 3,
    [6 ... 7] = 4,   [8 ... 11] = 5,  [12 ... 15] = 6,  [16 ... 23] = 7,
    [24 ... 31] = 8, [32 ... 47] = 9, [48 ... 63] = 10, [64 ... 127] = 11,
};

static unsigned page_order(size_t size)
{
    return bits_log2_up((size + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

static void *kmalloc_pages(size_t size)
{
    if (size > PAGE_SIZE << PAGE_ORDER_MAX)
        return NULL;
    struct page *p = page_alloc(page_order(size), 0, PAGE_KERNEL);
    return p ? page_to_virt(p) : NULL;
}

void *kmalloc_any(size_t size)
{
    if (unlikely(!size))
        return NULL;
    if (size > SLAB_SIZE_MAX)
        return kmalloc_pages(size);
    return slab_alloc(&kmalloc_cache[class_of[(size - 1) / 16]]);
}

void *kcalloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return kzalloc(bytes);
}

/* The page behind a pointer from kmalloc; anything else ends here. */
static struct page *owner_page(const void *ptr)
{
    struct page *p = NULL;

    if ((vaddr_t)ptr >= DIRECT_BASE && pfn_valid(virt_to_phys(ptr) >> PAGE_SHIFT))
        p = virt_to_page(ptr);
    if (unlikely(!p ||
                 (p->kind != PAGE_SLAB && (p->kind != PAGE_KERNEL || !is_aligned(ptr, PAGE_SIZE)))))
        panic("kfree: %p is not from kmalloc (%s)", ptr, p ? page_kind_name(p->kind) : "no RAM");
    return p;
}

void kfree(void *ptr)
{
    if (!ptr)
        return;
    struct page *p = owner_page(ptr);
    if (likely(p->kind == PAGE_SLAB))
        slab_free(slab_cache_of(p), ptr);
    else
        page_free(p, p->order);
}

size_t kmalloc_size(const void *ptr)
{
    const struct page *p = owner_page(ptr);
    return p->kind == PAGE_SLAB ? slab_cache_of(p)->size : PAGE_SIZE << p->order;
}
