/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program's file, and how its segments lie in a new address space. Segments are booked from the
 * page cache, so text is never copied; only the page where a segment's contents end inside it
 * and zeros follow is made the process's own at once.
 */
#include "exec.h"

#include <base/log.h>
#include <fs/file.h>
#include <fs/vfs.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/page.h>
#include <mm/pager.h>
#include <mm/usercopy.h>
#include <mm/uvm.h>

const char *exec_image_head(const struct exec_image *image, size_t *len)
{
    *len = MIN(image->pager->ops->size(image->pager), PAGE_SIZE);
    return page_to_virt(image->head);
}

int exec_image_open(struct exec_image *image, struct dentry *at, const char *path,
                    unsigned lookup_flags)
{
    int err = vfs_open_exec(at, path, lookup_flags, &image->file);

    if (err)
        return err;
    err = file_exec_pager(image->file, &image->pager);
    if (err)
        goto put_file;
    image->head = image->pager->ops->get(image->pager, 0, false);
    if (!IS_ERR(image->head))
        return 0;
    /* An empty file has no first page. */
    err = PTR_ERR(image->head) == -EIO ? -ENOEXEC : (int)PTR_ERR(image->head);
    pager_put(image->pager);
put_file:
    file_put(image->file);
    return err;
}

void exec_image_put(struct exec_image *image)
{
    page_put(image->head);
    pager_put(image->pager);
    file_put(image->file);
}

/* For program headers behind the first page. */
static int read_exactly(void *context, u64 offset, void *buf, size_t n)
{
    struct iobuf iob = iobuf_kernel(buf, n);
    ssize_t got = file_pread(context, &iob, offset);

    if (got < 0)
        return (int)got;
    return (size_t)got == n ? 0 : -ENOEXEC;
}

int exec_image_parse(struct exec_image *image, const char *path)
{
    struct elf_source source = {.read = read_exactly, .context = image->file};
    struct elf_image *elf = &image->elf;
    int err;

    source.head = exec_image_head(image, &source.head_size);
    source.file_size = image->pager->ops->size(image->pager);
    err = elf_parse(&source, USER_TOP, elf);
    if (err == -ENOEXEC && source.head_size > 4 && !memcmp(source.head, "\177ELF", 4))
        log_info("exec %s: %s", path, elf->reason ? elf->reason : "not a program");
    return err;
}

void exec_image_place(struct exec_image *image, vaddr_t anywhere)
{
    const struct elf_image *elf = &image->elf;

    image->bias = 0;
    if (elf->position_independent)
        image->bias = ALIGN_DOWN(anywhere, elf->align) - ALIGN_DOWN(elf->low, elf->align);
}

static unsigned rights_of(u32 flags)
{
    return (flags & ELF_R ? UVM_R : 0) | (flags & ELF_W ? UVM_W : 0) | (flags & ELF_X ? UVM_X : 0);
}

static int book(struct uvm *uvm, vaddr_t start, vaddr_t end, unsigned rights, struct pager *pager,
                u64 offset)
{
    int err = uvm_map(uvm, &start, end - start, rights, UVM_FIXED | UVM_NOREPLACE, pager, offset);

    return err == -EEXIST || err == -EINVAL ? -ENOEXEC : err;
}

/*
 * The part of a segment that comes from the file: [start, end) rounded to pages. If zeros follow,
 * the rest of its last page is cleared, for which it must be writable for a moment.
 */
static int map_contents(const struct exec_image *image, struct uvm *uvm,
                        const struct elf_segment *s, vaddr_t start)
{
    vaddr_t end = start + s->filesz;
    vaddr_t page_end = ALIGN_UP(end, PAGE_SIZE);
    u64 skew = start % PAGE_SIZE;
    unsigned rights = rights_of(s->flags);
    bool clear = s->memsz > s->filesz && end != page_end;
    int err = book(uvm, start - skew, page_end, clear ? rights | UVM_W : rights, image->pager,
                   s->offset - skew);

    if (!err && clear && uvm_copyout_zero(uvm, end, page_end - end))
        err = -ENOMEM;
    if (!err && clear && !(rights & UVM_W))
        err = uvm_protect(uvm, start - skew, page_end - start + skew, rights);
    return err;
}

static int map_segment(const struct exec_image *image, struct uvm *uvm, const struct elf_segment *s)
{
    vaddr_t start = image->bias + s->vaddr;
    vaddr_t zeros =
        s->filesz ? ALIGN_UP(start + s->filesz, PAGE_SIZE) : ALIGN_DOWN(start, PAGE_SIZE);
    vaddr_t end = ALIGN_UP(start + s->memsz, PAGE_SIZE);
    int err = s->filesz ? map_contents(image, uvm, s, start) : 0;

    if (!err && zeros < end)
        err = book(uvm, zeros, end, rights_of(s->flags), NULL, 0);
    return err;
}

static void record_segment(struct uvm_layout *layout, const struct elf_segment *s, vaddr_t start)
{
    if (s->flags & ELF_X && !layout->code_start) {
        layout->code_start = start;
        layout->code_end = start + s->filesz;
    }
    if (s->flags & ELF_W) {
        layout->data_start = layout->data_start ? layout->data_start : start;
        layout->data_end = start + s->filesz;
    }
}

int exec_image_map(struct exec_image *image, struct uvm *uvm, size_t heap_gap)
{
    const struct elf_image *elf = &image->elf;

    for (u32 i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *s = &elf->segments[i];
        int err = map_segment(image, uvm, s);

        if (err)
            return err;
        record_segment(uvm_layout(uvm), s, image->bias + s->vaddr);
    }
    uvm_set_brk(uvm, ALIGN_UP(image->bias + elf->high, PAGE_SIZE) + heap_gap);
    return 0;
}
