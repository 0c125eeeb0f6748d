/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How RAM gets to the buddy: once at boot, and later what start-up does not need any more. Boot cpu;
 * page_release() may run beside the allocator, but not beside itself.
 */
#include <lib/errno.h>
#include <lib/string.h>
#include <lib/types.h>
#include <mm/buddy.h>
#include <mm/page.h>
#include <mm/region.h>

/* The frames of a free region, and the whole groups in it: [group, group_end), possibly none. */
struct free_run {
    pfn_t first, end;
    pfn_t group, group_end;
};

/* The first free region at or behind number *i that lies in the span; moves *i behind it. */
static bool next_run(size_t *i, const struct page_section *s, struct free_run *run)
{
    struct region r;

    while (region_at((*i)++, &r)) {
        run->first = r.start >> PAGE_SHIFT;
        run->end = r.end >> PAGE_SHIFT;
        if (r.use != REGION_FREE || run->first < s->first || run->first >= s->end)
            continue;
        run->group = ALIGN_UP(run->first, BUDDY_GROUP);
        run->group_end = ALIGN_DOWN(run->end, BUDDY_GROUP);
        if (run->group >= run->group_end)
            run->group = run->group_end = run->end;
        return true;
    }
    return false;
}

static void clear_pages(pfn_t from, pfn_t to)
{
    memset(pfn_to_page(from), 0, (to - from) * sizeof(struct page));
}

/* Groups that are free from end to end stay as they are; the others start as all "not a head". */
static void clear_mixed_groups(const struct page_section *s)
{
    struct free_run run;
    pfn_t done = s->first;

    for (size_t i = 0; next_run(&i, s, &run);) {
        if (run.group == run.group_end)
            continue;
        if (done < run.group)
            clear_pages(done, run.group);
        done = run.group_end;
    }
    if (done < s->end)
        clear_pages(done, s->end);
}

static void hand_over(const struct page_section *s)
{
    struct free_run run;

    clear_mixed_groups(s);
    for (size_t i = 0; next_run(&i, s, &run);) {
        buddy_add_range(run.first, run.group);
        for (pfn_t pfn = run.group; pfn < run.group_end; pfn += BUDDY_GROUP)
            buddy_add_group(pfn);
        buddy_add_range(run.group_end, run.end);
    }
}

/* Small machines keep less in the caches: with 8 cpus at most 1/32 of RAM. */
static void size_caches(void)
{
    u64 limit = MAX(16, MIN(128, buddy_free_count() / 256));

    for (u32 cpu = 0; cpu < CPU_MAX; cpu++)
        page_cpu[cpu].limit = page_cpu[cpu].room = (s32)limit;
}

int page_init(void)
{
    int rc = page_map_init();
    if (rc)
        return rc;
    region_close();
    for (u32 i = 0; i < page_section_count; i++)
        if (page_span_starts(i))
            hand_over(&page_sections[i]);
    size_caches();
    return 0;
}

int page_release(paddr_t start, paddr_t end)
{
    start = ALIGN_UP(start, PAGE_SIZE);
    end = ALIGN_DOWN(end, PAGE_SIZE);
    if (start >= end)
        return 0;
    if (!pfn_valid(start >> PAGE_SHIFT))
        return -EINVAL;
    int rc = region_mark_free(start, end);
    if (!rc)
        buddy_add_range(start >> PAGE_SHIFT, end >> PAGE_SHIFT);
    return rc;
}
