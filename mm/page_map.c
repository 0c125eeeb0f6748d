/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where struct pages live.
 *
 * RAM is divided into spans: stretches that share no GiB with each other. A span has one array of
 * struct pages, taken from its own RAM, for all its frames and for small holes in between, rounded
 * to whole groups of the buddy. page_sections[] has an entry per GiB. Written at boot only, read
 * without locks.
 */
#include <base/log.h>
#include <lib/errno.h>
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

int page_map_init(void)
{
    struct span s;

    if (make_sections()) {
        log_err("memory: no room for the table of page structures");
        return -ENOMEM;
    }
    for_each_span(s) make_array(&s);
    return 0;
}
