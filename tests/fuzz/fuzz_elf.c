/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/elf.c
/* Any bytes as a program: refused with a reason, or an image that keeps every promise of elf.h. */
#include "elf_promises.h"
#include <stdlib.h>
#include <string.h>

#define MAX_VADDR (1ul << 38)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct file {
    const uint8_t *data;
    size_t size;
};

static int read_file(void *context, u64 offset, void *buf, size_t n)
{
    const struct file *file = context;

    if (offset > file->size || n > file->size - offset)
        abort(); /* the parser checks before it reads */
    memcpy(buf, file->data + offset, n);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct file file = {data, size};
    struct elf_source source = {data, size < 128 ? size : 128, size, read_file, &file};
    struct elf_image image;
    int error = elf_parse(&source, MAX_VADDR, &image);

    if (error ? !image.reason : !elf_keeps_promises(&image, MAX_VADDR, size))
        abort();
    return 0;
}
