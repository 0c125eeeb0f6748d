/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page cache: the contents of one file as frames in a radix tree.
 *
 * read, write, exec and mmap share these frames. A hole costs nothing and reads as zeroes; a frame
 * is charged when somebody writes to it or maps it. The bytes of the last frame behind the end of
 * the file are zero, always: whoever maps it must not see what was there.
 *
 * Each frame in the tree carries one reference of the tree's own, kind PAGE_FILE. Locks: the
 * spinlock guards tree and size, and is never held while copying; a frame being copied is
 * held by a reference. Writers of one file are serialised by the file layer where that matters.
 */
#pragma once

#include <base/spinlock.h>
#include <lib/radix.h>
#include <lib/types.h>
#include <mm/pager.h>

struct pcache;

/* What the owner of the contents (an inode) supplies. All optional. */
struct pcache_ops {
    /* References on the owner, taken for each mapping. */
    void (*hold)(struct pcache *pc);
    void (*release)(struct pcache *pc);
    /* As in struct pager_ops. */
    void (*count_writers)(struct pcache *pc, int change);
    /* The file's path for /proc/<pid>/maps and messages. */
    const char *(*name)(struct pcache *pc, char *buf, size_t len);
    void (*identity)(struct pcache *pc, u64 *dev, u64 *ino);
    /*
     * Fills a fresh, zeroed frame from the backing store; may sleep; 0 or a negative errno. NULL:
     * there is no backing, the cache itself is the file.
     */
    int (*fill)(struct pcache *pc, u64 index, struct page *page);
    /* One more frame is wanted; false: -ENOSPC. So many have gone, or were not to be had. No locks held. */
    bool (*charge)(struct pcache *pc);
    void (*uncharge)(struct pcache *pc, u64 frames);
    /* Frames behind a booked one that are made ready along with it: whoever books mostly goes on in sequence. */
    u32 ahead;
};

struct pcache {
    struct pager pager;
    struct spinlock lock;
    struct radix_tree frames;
    u64 size; /* bytes */
    const struct pcache_ops *ops;
};

static inline struct pcache *pcache_of_pager(struct pager *pager)
{
    return container_of(pager, struct pcache, pager);
}

/* The page cache behind a pager, or NULL when it is of another kind. */
const struct pcache *pcache_if_pager(const struct pager *pager);

/* An empty file. `ops` may be NULL. */
void pcache_init(struct pcache *pc, const struct pcache_ops *ops);

/* Gives all frames back. Nobody reads, writes or maps any more (mappings hold the owner). */
void pcache_destroy(struct pcache *pc);

/* Length in bytes; frames present (for st_blocks and df). */
u64 pcache_size(struct pcache *pc);
u64 pcache_frames(struct pcache *pc);

/*
 * The caller's side of a copy: moves n bytes (1..4096, inside one frame) between the frame and
 * wherever `ctx` says. 0 or a negative errno, which ends the transfer. May sleep and may fault:
 * no lock of the cache is held around it.
 */
typedef int (*pcache_sink)(void *ctx, const void *frame, size_t n);
typedef int (*pcache_source)(void *ctx, void *frame, size_t n);

/*
 * Reads up to len bytes at off. Returns the number of bytes that the sink took; 0 at or behind
 * the end of file; the sink's error when it took nothing.
 */
ssize_t pcache_read(struct pcache *pc, u64 off, size_t len, pcache_sink sink, void *ctx);

/*
 * Writes len bytes at off and extends the file as needed; a gap becomes a hole. Returns the
 * number of bytes written, or -ENOMEM, -EFBIG (behind 2^63), or the source's error when
 * there were none.
 */
ssize_t pcache_write(struct pcache *pc, u64 off, size_t len, pcache_source source, void *ctx);

/* The same from and to kernel memory. */
ssize_t pcache_read_kernel(struct pcache *pc, u64 off, void *dst, size_t len);
ssize_t pcache_write_kernel(struct pcache *pc, u64 off, const void *src, size_t len);

/*
 * Sets the size. Growing makes a hole. Shrinking gives the frames behind the end back, clears the
 * rest of the last one, and takes what is behind the end out of all mappings (pcache_gone). May
 * sleep. 0, or -EFBIG.
 */
int pcache_truncate(struct pcache *pc, u64 size);

/*
 * What takes frames [first, end) that are gone out of all mappings, private copies of them too if
 * `copies`: set once, at start-up, by the layer that knows how (kernel/unmap.c). Only called for what
 * somebody has mapped. May sleep.
 */
extern void (*pcache_gone)(struct pager *pager, u64 first, u64 end, bool copies);

/* Makes [off, off + len) a hole, in mappings too; the size stays. For fallocate(PUNCH_HOLE). */
void pcache_punch(struct pcache *pc, u64 off, u64 len);

/*
 * The frame at `index` with a reference for the caller. With alloc a missing one is made (zeroed
 * or filled): ERR_PTR(-ENOMEM; -ENOSPC: the owner allows no more), or the backing's error. Without alloc:
 * NULL for a hole. The size is not looked at.
 */
struct page *pcache_get(struct pcache *pc, u64 index, bool alloc);

/*
 * Takes a frame for `index`, if there is none, for contents that come later: its bytes are zeroes, but nobody
 * has cleared it yet; that is done when somebody looks for it, and until then mincore(2) does not count it. Not
 * for contents with a backing. 0, -ENOMEM, -ENOSPC.
 */
int pcache_book(struct pcache *pc, u64 index);

/*
 * Puts a frame of the caller's (kind PAGE_FILE, one reference, which goes to the cache) at
 * `index`: how the initramfs becomes files without a copy. 0, -EEXIST, -ENOSPC or -ENOMEM (the frame stays
 * the caller's).
 */
int pcache_insert(struct pcache *pc, u64 index, struct page *page);

/* Sets the size without touching frames (after pcache_insert). */
void pcache_set_size(struct pcache *pc, u64 size);

/*
 * Contents without a file, for shared anonymous mappings: `size` bytes of zeroes. Returns
 * a pager with one reference, dropped by its release operation; NULL when out of memory.
 */
struct pager *pcache_create_anon(u64 size);
