/* SPDX-License-Identifier: BSD-2-Clause */
/* What include/lib/elf.h promises of an image that elf_parse accepted. */
#ifndef ELF_PROMISES_H
#define ELF_PROMISES_H

#include <lib/elf.h>
#include <lib/types.h>

#define PROMISED_PAGE 4096ul

/* Whether the segment lies in [*from, max_vaddr) and in the file; *from becomes the next page. */
static inline bool elf_segment_is_sound(const struct elf_segment *s, u64 *from, u64 max_vaddr,
                                        u64 file_size)
{
    bool place =
        s->memsz && s->vaddr >= *from && s->vaddr < max_vaddr && s->memsz <= max_vaddr - s->vaddr;
    bool bytes = !s->filesz || (s->offset <= file_size && s->filesz <= file_size - s->offset &&
                                (s->vaddr - s->offset) % PROMISED_PAGE == 0);

    *from = ALIGN_UP(s->vaddr + s->memsz, PROMISED_PAGE);
    return place && bytes && s->memsz >= s->filesz && s->flags <= (ELF_R | ELF_W | ELF_X);
}

static inline bool elf_keeps_promises(const struct elf_image *image, u64 max_vaddr, u64 file_size)
{
    u64 from = image->position_independent ? 0 : PROMISED_PAGE;
    bool sound = image->segment_count >= 1 && image->segment_count <= ELF_MAX_SEGMENTS;
    bool entry = false;

    for (u32 i = 0; sound && i < image->segment_count; i++) {
        const struct elf_segment *s = &image->segments[i];

        sound = elf_segment_is_sound(s, &from, max_vaddr, file_size);
        entry |= (s->flags & ELF_X) && image->entry - s->vaddr < s->filesz;
    }
    return sound && entry && image->entry % 2 == 0 && image->low == image->segments[0].vaddr &&
           from == ALIGN_UP(image->high, PROMISED_PAGE) && image->align >= PROMISED_PAGE &&
           !(image->align & (image->align - 1));
}

#endif
