/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address spaces for human eyes: regions for /proc/<pid>/maps, the page table, and what lies at an
 * address in words, for the line that says why a program died.
 */
#include "uvm_impl.h"
#include <lib/fmt.h>
#include <lib/string.h>
#include <mm/pager.h>

static void fill_info(const struct region *r, struct uvm_region_info *info)
{
    *info = (struct uvm_region_info){
        .start = r->start,
        .end = r->end,
        .prot = r->prot,
        .flags = r->flags,
        .pager = r->pager,
        .offset = r->offset,
    };
}

int uvm_for_each_region(struct uvm *uvm, int (*fn)(void *ctx, const struct uvm_region_info *info),
                        void *ctx)
{
    struct uvm_region_info info;
    int rc = 0;

    rw_read_lock(&uvm->lock);
    for (struct region *r = region_from(uvm, 0); r && !rc; r = region_next(r)) {
        fill_info(r, &info);
        rc = fn(ctx, &info);
    }
    rw_read_unlock(&uvm->lock);
    return rc;
}

bool uvm_next_region(struct uvm *uvm, vaddr_t va, struct uvm_region_info *out)
{
    rw_read_lock(&uvm->lock);
    const struct region *r = region_from(uvm, va);
    if (r)
        fill_info(r, out);
    rw_read_unlock(&uvm->lock);
    return r != NULL;
}

void uvm_dump(struct uvm *uvm, struct fmt_sink *sink)
{
    rw_read_lock(&uvm->lock);
    pt_dump(&uvm->pt, 0, MMU_ENTRIES - 1, sink);
    rw_read_unlock(&uvm->lock);
}

static const char *kind_of(const struct uvm *uvm, const struct region *r)
{
    const struct uvm_layout *l = &uvm->layout;

    if (r->flags & UVM_STACK || (l->stack_top > r->start && l->stack_top <= r->end))
        return "stack";
    if (r->flags & UVM_HEAP)
        return "heap";
    if (!(r->prot & (UVM_R | UVM_W | UVM_X)))
        return "reserved memory without rights";
    if (r->prot & UVM_X)
        return r->prot & UVM_W ? "writable code" : "code";
    return r->prot & UVM_W ? "data" : "read-only data";
}

static void describe_region(const struct uvm *uvm, const struct region *r, char *buf, size_t len)
{
    char path[96];

    if (r->pager && r->pager->ops->name)
        fmt_snprintf(buf, len, "%s of %s", kind_of(uvm, r),
                     r->pager->ops->name(r->pager, path, sizeof(path)));
    else if (r->flags & (UVM_STACK | UVM_HEAP) || !r->prot)
        strlcpy(buf, kind_of(uvm, r), len);
    else
        fmt_snprintf(buf, len, "anonymous %s", kind_of(uvm, r));
}

/* Between regions: what is next to the address says most. */
static void describe_hole(const struct uvm *uvm, vaddr_t va, char *buf, size_t len)
{
    const struct region *above = region_from(uvm, va);
    const struct region *below = above ? region_prev(above) : NULL;

    if (va < UVM_MIN)
        strlcpy(buf, va < PAGE_SIZE ? "null page" : "page near null, never mapped", len);
    else if (above && (above->flags & UVM_STACK) && above->end - va > uvm->limits.stack &&
             above->start - va <= UVM_STACK_GUARD)
        strlcpy(buf, "nothing mapped, the stack has reached its limit", len);
    else if (above && (above->flags & UVM_STACK) && above->start - va <= UVM_STACK_GUARD)
        strlcpy(buf, "guard below the stack", len);
    else if (below && (below->flags & UVM_HEAP) && va - below->end < MiB)
        strlcpy(buf, "nothing mapped, right behind the heap", len);
    else
        strlcpy(buf, "nothing mapped", len);
}

const char *uvm_describe(struct uvm *uvm, vaddr_t va, char *buf, size_t len)
{
    if (va >= USER_TOP) {
        strlcpy(buf, (s64)va < 0 ? "kernel half" : "no address at all", len);
        return buf;
    }
    rw_read_lock(&uvm->lock);
    const struct region *r = region_find(uvm, va);
    if (r)
        describe_region(uvm, r, buf, len);
    else
        describe_hole(uvm, va, buf, len);
    rw_read_unlock(&uvm->lock);
    return buf;
}
