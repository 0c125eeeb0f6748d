/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of an address space is there, page by page: for /proc/<pid>/smaps and pagemap. A page counts as
 * shared while something else has a reference on its frame too: another program's entry, as a rule.
 */
#pragma once

#include <lib/types.h>

struct uvm;

/* Sizes in bytes; the four kinds of clean and dirty ones add up to `resident`. */
struct uvm_usage {
    u64 resident;
    u64 proportional; /* each page divided by how many entries map it */
    u64 shared_clean, shared_dirty, private_clean, private_dirty;
    u64 anonymous;
    u64 large; /* in leaves of 2 MiB */
};

/* Adds what is present in [start, end). For fn of uvm_for_each_region(), which holds the lock. Yields. */
void uvm_usage_add(const struct uvm *uvm, vaddr_t start, vaddr_t end, struct uvm_usage *to);

/* One page of a space. */
struct uvm_page {
    bool present;
    bool file; /* its frame is the page cache's: a file's, or shared memory's */
    bool sole; /* nobody else has the frame */
    pfn_t pfn;
};

/* Looks at n pages from va on. Takes the space's lock (shared); faults nothing in. */
void uvm_look(struct uvm *uvm, vaddr_t va, struct uvm_page *out, unsigned n);
