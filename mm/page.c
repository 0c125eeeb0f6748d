/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where struct pages live, and how RAM gets to the buddy.
 *
 * RAM is divided into spans: stretches that share no GiB with each other. A span has one array of
 * struct pages, taken from its own RAM, for all its frames and for small holes in between, rounded
 * to whole groups of the buddy. page_sections[] has an entry per GiB. Written at boot only, read
 * without locks.
 */
#include <base/log.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <lib/types.h>
#include <mm/buddy.h>
#include <mm/page.h>
#include <mm/region.h>

struct page_section *page_sections;
u32 page_section_count;

/* Frames [first, end) in whole groups. */
struct span {
    pfn_t first, end;
};

/* --- spans ----------------------------------------------------------------------------------- */

static u64 section_of(pfn_t pfn)
{
    return pfn >> PAGE_SECTION_SHIFT;
}

/* The first span at or above `from`, the end of the one before. Frames never mapped belong to none. */
static bool next_span(paddr_t from, struct span *s)
{
    struct region r;
    bool found = false;

    for (size_t i = 0; region_at(i, &r); i++) {
        pfn_t first = r.start >> PAGE_SHIFT, end = r.end >> PAGE_SHIFT;
        if (r.use == REGION_NOMAP || r.start < from)
            continue;
        if (found && section_of(first) > section_of(s->end - 1))
            break;
        if (!found)
            s->first = ALIGN_DOWN(first, BUDDY_GROUP);
        s->end = ALIGN_UP(end, BUDDY_GROUP);
        found = true;
    }
    return found;
}

#define for_each_span(s) \
    for (paddr_t span_from = 0; next_span(span_from, &(s)); span_from = (s).end << PAGE_SHIFT)

static int make_sections(void)
{
    struct span s;

    for_each_span(s) page_section_count = (u32)section_of(s.end - 1) + 1;
    page_sections = early_alloc(page_section_count * sizeof(*page_sections), 1);
    return page_sections ? 0 : -ENOMEM;
}

/* Lowest in the span first: the array must lie inside, so that its own address finds the section. */
static void make_array(const struct span *s)
{
    size_t size = (s->end - s->first) * sizeof(struct page);
    struct page *array =
        early_alloc_in(size, PAGE_SIZE, s->first << PAGE_SHIFT, s->end << PAGE_SHIFT);

    if (!array) {
        log_warn("memory: no room for %lu KiB of page structures in the RAM at 0x%lx: left unused",
                 size / KiB, s->first << PAGE_SHIFT);
        return;
    }
    for (u64 i = section_of(s->first); i <= section_of(s->end - 1); i++)
        page_sections[i] = (struct page_section){array - s->first, (u32)s->first, (u32)s->end};
}

/* --- into the buddy -------------------------------------------------------------------------- */

/* The frames of a free region, and the whole groups in it: [group, group_end), possibly none. */
struct free_run {
    pfn_t first, end;
    pfn_t group, group_end;
};

/* The first free region at or behind number *i that lies in the span; moves *i behind it. */
static bool next_run(size_t *i, const struct span *s, struct free_run *run)
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
static void clear_mixed_groups(const struct span *s)
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

static void hand_over(const struct span *s)
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
    struct span s;

    if (make_sections()) {
        log_err("memory: no room for the table of page structures");
        return -ENOMEM;
    }
    for_each_span(s) make_array(&s);
    region_close();
    for_each_span(s) if (pfn_valid(s.first)) hand_over(&s);
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
