/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/<pid>/map_files: a link for each region that is mapped from a file, named by its addresses. A link's
 * `number` is the page number of the region's start; so is, plus 2, the position in the directory.
 */
#include <fs/proc_pid.h>

#include <abi/linux/limits.h>
#include <abi/linux/stat.h>
#include <arch/mmu.h>
#include <fs/dentry.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <lib/err.h>
#include <lib/fmt.h>
#include <lib/string.h>
#include <mm/uvm.h>

#define NAME_MOST 40u

static_assert(USER_TOP >> PAGE_SHIFT <= 0x7fffffff, "page numbers fit a node's number");

/* Tell the kinds of nodes apart by inode number. */
static const char dir_tag, link_tag;

static size_t format_name(const struct uvm_region_info *r, char *name)
{
    return fmt_scnprintf(name, NAME_MOST, "%lx-%lx", r->start, r->end);
}

/*
 * The space of a process, referenced; NULL: there is none for the caller. The directory's owner says who may come
 * in; but the process may have become somebody else since then.
 */
static struct uvm *space_of(struct process *p)
{
    return p && !permit_look(p) ? process_uvm(p) : NULL;
}

/* The first region of a file that ends behind `va`; the vDSO is none. Its pager may be gone on return. */
static bool next_region(struct process *p, vaddr_t va, struct uvm_region_info *out)
{
    struct uvm *uvm = space_of(p);
    bool found = false;

    if (!uvm)
        return false;
    while (!found && uvm_next_region(uvm, va, out)) {
        va = out->end;
        found = out->pager && out->start != uvm_layout(uvm)->vdso;
    }
    uvm_put(uvm);
    return found;
}

/* --- links ----------------------------------------------------------------------------------- */

struct search {
    struct uvm *uvm;
    vaddr_t start;
    char *buf;
    size_t size;
    ssize_t len; /* of the name, or -ENOENT */
};

static int copy_name(void *ctx, const struct uvm_region_info *r)
{
    struct search *s = ctx;
    char text[256];

    if (r->start != s->start || !r->pager)
        return r->start > s->start;
    const char *name = proc_region_name(s->uvm, r, text, sizeof(text));
    s->len = (ssize_t)MIN(strlen(name), s->size);
    memcpy(s->buf, name, (size_t)s->len);
    return 1;
}

static ssize_t link_readlink(struct inode *inode, char *buf, size_t size)
{
    struct search s = {
        .uvm = space_of(proc_node_process(inode)),
        .start = (vaddr_t)proc_node_of(inode)->number << PAGE_SHIFT,
        .buf = buf,
        .size = size,
        .len = -ENOENT,
    };

    if (s.uvm) {
        uvm_for_each_region(s.uvm, copy_name, &s);
        uvm_put(s.uvm);
    }
    return s.len;
}

static const struct inode_ops link_ops = {.readlink = link_readlink, .release = proc_node_release};

/* --- the directory --------------------------------------------------------------------------- */

/* Where the region that a name means would start; the name must be spelled as it is emitted. */
static bool parse_start(const char *name, size_t len, vaddr_t *start)
{
    u64 value = 0;
    size_t i = 0;

    for (; i < len && i < 16 && name[i] != '-'; i++) {
        char c = name[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
        value = value << 4 | (u64)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *start = value;
    return i < len && name[i] == '-' && value < USER_TOP;
}

static struct inode *map_files_lookup(struct inode *dir, const char *name, size_t len)
{
    struct process *p = proc_node_process(dir);
    struct uvm_region_info r;
    char real[NAME_MOST];
    vaddr_t start;

    if (!p || !parse_start(name, len, &start) || !next_region(p, start, &r) || r.start != start)
        return ERR_PTR(-ENOENT);
    if (format_name(&r, real) != len || memcmp(real, name, len) != 0)
        return ERR_PTR(-ENOENT);
    return proc_node_make(dir->super, S_IFLNK | 0700, &link_ops, NULL, p, &link_tag,
                          (int)(start >> PAGE_SHIFT));
}

static int map_files_readdir(struct file *dir, struct dirent_sink *sink)
{
    struct process *p = proc_node_process(dir->inode);
    struct uvm_region_info r;

    if (!p)
        return -ENOENT;
    if (!dir_emit_dots(dir, sink))
        return 0;
    while (next_region(p, (dir->pos - 2) << PAGE_SHIFT, &r)) {
        char name[NAME_MOST];
        size_t len = format_name(&r, name);
        u64 ino = proc_ino(process_pid(p), &link_tag, (int)(r.start >> PAGE_SHIFT));
        u64 next = (r.end >> PAGE_SHIFT) + 2;

        if (!sink->emit(sink, name, len, ino, next, S_IFLNK))
            break;
        dir->pos = next;
    }
    return 0;
}

static const struct inode_ops dir_ops = {.lookup = map_files_lookup, .release = proc_node_release};
static const struct file_ops map_dir_ops = {.lseek = proc_dir_lseek, .readdir = map_files_readdir};

u64 proc_map_files_ino(int pid)
{
    return proc_ino(pid, &dir_tag, 0);
}

struct inode *proc_map_files_make(struct super *super, struct process *process)
{
    return proc_node_make(super, S_IFDIR | 0500, &dir_ops, &map_dir_ops, process, &dir_tag, 0);
}
