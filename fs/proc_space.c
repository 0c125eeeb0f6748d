/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/<pid>/{cmdline,environ,auxv,maps,pagetable}: what is in a process's address space. Each holds a
 * reference on the space while it looks; a process that has ended has none, and the file is empty.
 */
#include <fs/proc_pid.h>

#include <fs/inode.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/pager.h>
#include <mm/usercopy.h>
#include <mm/uvm.h>

#define STRINGS_MOST (128 * KiB) /* of arguments or environment, in one file */

/* Copies [start, end) of the space into the text, as far as it can be read. */
static void put_bytes(struct seq *seq, struct uvm *uvm, vaddr_t start, vaddr_t end)
{
    char part[256];

    end = MIN(end, start + STRINGS_MOST);
    while (start < end && !seq->no_memory) {
        size_t n = MIN(sizeof(part), end - start);
        if (uvm_copyin(uvm, part, start, n) != 0)
            break;
        seq_put(seq, part, n);
        start += n;
        cond_yield();
    }
}

int proc_show_cmdline(struct seq *seq)
{
    struct uvm *uvm = process_uvm(proc_seq_process(seq));

    if (uvm) {
        struct uvm_layout *layout = uvm_layout(uvm);
        put_bytes(seq, uvm, layout->arg_start, layout->arg_end);
        uvm_put(uvm);
    }
    return 0;
}

int proc_show_auxv(struct seq *seq)
{
    struct uvm *uvm = process_uvm(proc_seq_process(seq));

    if (uvm) {
        struct uvm_layout *layout = uvm_layout(uvm);
        put_bytes(seq, uvm, layout->auxv_start, layout->auxv_end);
        uvm_put(uvm);
    }
    return 0;
}

int proc_show_environ(struct seq *seq)
{
    struct uvm *uvm = process_uvm(proc_seq_process(seq));

    if (uvm) {
        struct uvm_layout *layout = uvm_layout(uvm);
        put_bytes(seq, uvm, layout->env_start, layout->env_end);
        uvm_put(uvm);
    }
    return 0;
}

/* --- maps ------------------------------------------------------------------------------------ */

/* Of the regions that grow down one is the first thread's stack. */
const char *proc_region_name(struct uvm *uvm, const struct uvm_region_info *r, char *buf,
                             size_t size)
{
    vaddr_t top = uvm_layout(uvm)->stack_top;

    if (r->flags & UVM_STACK && r->start < top && top <= r->end)
        return "[stack]";
    if (r->flags & UVM_HEAP)
        return "[heap]";
    if (r->pager && r->pager->ops->name)
        return r->pager->ops->name(r->pager, buf, size);
    return "";
}

static void region_identity(const struct uvm_region_info *r, u64 *dev, u64 *ino)
{
    *dev = 0;
    *ino = 0;
    if (r->pager && r->pager->ops->identity)
        r->pager->ops->identity(r->pager, dev, ino);
}

void proc_print_region(struct seq *seq, struct uvm *uvm, const struct uvm_region_info *r)
{
    char path[256];
    u64 dev, ino;

    region_identity(r, &dev, &ino);
    size_t n = seq_print(seq, "%08lx-%08lx %c%c%c%c %08lx %02lx:%02lx %lu ", r->start, r->end,
                         r->prot & UVM_R ? 'r' : '-', r->prot & UVM_W ? 'w' : '-',
                         r->prot & UVM_X ? 'x' : '-', r->flags & UVM_SHARED ? 's' : 'p', r->offset,
                         (u64)DEV_MAJOR(dev), (u64)DEV_MINOR(dev), ino);
    const char *name = proc_region_name(uvm, r, path, sizeof(path));

    if (name[0])
        seq_print(seq, "%*s%s", n < 73 ? (int)(73 - n) : 0, "", name);
    seq_print(seq, "\n");
}

struct maps {
    struct seq *seq;
    struct uvm *uvm;
};

static int show_region(void *ctx, const struct uvm_region_info *r)
{
    const struct maps *maps = ctx;

    proc_print_region(maps->seq, maps->uvm, r);
    return maps->seq->no_memory ? -ENOMEM : 0;
}

int proc_show_maps(struct seq *seq)
{
    struct maps maps = {.seq = seq, .uvm = process_uvm(proc_seq_process(seq))};

    if (maps.uvm) {
        uvm_for_each_region(maps.uvm, show_region, &maps);
        uvm_put(maps.uvm);
    }
    return 0;
}

int proc_show_pagetable(struct seq *seq)
{
    struct uvm *uvm = process_uvm(proc_seq_process(seq));

    if (uvm) {
        uvm_dump(uvm, &seq->sink);
        uvm_put(uvm);
    }
    return 0;
}
