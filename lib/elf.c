/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF64 headers of RISC-V executables. Values are read byte by byte from wherever they lie, each is
 * checked before it is used, and the caller gets either a complete, consistent list of segments or
 * a reason.
 */
#include <lib/elf.h>
#include <lib/endian.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <lib/types.h>

#define PAGE 4096ul

/* gABI: e_ident, e_type, e_machine, p_type. */
#define CLASS_64      2
#define DATA_LITTLE   1
#define VERSION       1
#define TYPE_EXEC     2
#define TYPE_DYN      3
#define MACHINE_RISCV 243
#define PT_LOAD       1
#define PT_INTERP     3
#define PT_PHDR       6
#define PT_GNU_STACK  0x6474e551u

/* psABI, section 8.1: e_flags. */
#define FLOAT_ABI      0x6u
#define FLOAT_ABI_QUAD 0x6u
#define FLAG_RVE       0x8u

struct phdr {
    u32 type;
    u32 flags;
    u64 offset;
    u64 vaddr;
    u64 filesz;
    u64 memsz;
    u64 align;
};

/* What is known while parsing. */
struct parse {
    const struct elf_source *source;
    struct elf_image *image;
    u64 max_vaddr;
    u64 phdr_offset;
};

static int refuse(struct elf_image *image, const char *reason)
{
    image->reason = reason;
    return -ENOEXEC;
}

static const char *check_ident(const u8 *h)
{
    if (memcmp(h, "\177ELF", 4))
        return "not an ELF file";
    if (h[4] != CLASS_64)
        return "not a 64-bit ELF file";
    if (h[5] != DATA_LITTLE)
        return "not a little-endian ELF file";
    if (h[6] != VERSION || le32_get(h + 20) != VERSION)
        return "unknown ELF version";
    if (le16_get(h + 18) != MACHINE_RISCV)
        return "not built for RISC-V";
    return NULL;
}

static const char *check_kind(const u8 *h)
{
    u16 type = le16_get(h + 16);
    u32 flags = le32_get(h + 48);

    if (type != TYPE_EXEC && type != TYPE_DYN)
        return "not an executable";
    if (flags & FLAG_RVE)
        return "built for RV64E";
    if ((flags & FLOAT_ABI) == FLOAT_ABI_QUAD)
        return "built for the quad-precision float ABI";
    if (le16_get(h + 52) < ELF_HEADER_SIZE)
        return "ELF header too small";
    return NULL;
}

static const char *check_phdr_table(const u8 *h, u64 file_size)
{
    u64 offset = le64_get(h + 32);
    u64 count = le16_get(h + 56);

    if (!count)
        return "no program headers";
    if (count > ELF_MAX_PHDRS)
        return "too many program headers";
    if (le16_get(h + 54) != ELF_PHDR_SIZE)
        return "program headers of a wrong size";
    if (offset > file_size || count * ELF_PHDR_SIZE > file_size - offset)
        return "program headers outside the file";
    return NULL;
}

static int parse_header(struct parse *parse)
{
    const struct elf_source *source = parse->source;
    struct elf_image *image = parse->image;
    const u8 *h = source->head;
    const char *reason;

    if (source->head_size < ELF_HEADER_SIZE || source->file_size < ELF_HEADER_SIZE)
        return refuse(image, "too short for an ELF file");
    reason = check_ident(h);
    if (!reason)
        reason = check_kind(h);
    if (!reason)
        reason = check_phdr_table(h, source->file_size);
    if (reason)
        return refuse(image, reason);
    image->entry = le64_get(h + 24);
    image->position_independent = le16_get(h + 16) == TYPE_DYN;
    image->arch_flags = le32_get(h + 48);
    image->phdr_count = le16_get(h + 56);
    parse->phdr_offset = le64_get(h + 32);
    return 0;
}

/* Fetches program header `i` from the head or through the reader. */
static int read_phdr(const struct parse *parse, u32 i, struct phdr *out)
{
    const struct elf_source *source = parse->source;
    u64 offset = parse->phdr_offset + (u64)i * ELF_PHDR_SIZE;
    const u8 *p;
    u8 buf[ELF_PHDR_SIZE];

    if (offset <= source->head_size && ELF_PHDR_SIZE <= source->head_size - offset) {
        p = (const u8 *)source->head + offset;
    } else {
        int error = source->read ? source->read(source->context, offset, buf, sizeof(buf))
                                 : refuse(parse->image, "program headers behind the first page");

        if (error)
            return error;
        p = buf;
    }
    *out = (struct phdr){
        .type = le32_get(p),
        .flags = le32_get(p + 4),
        .offset = le64_get(p + 8),
        .vaddr = le64_get(p + 16),
        .filesz = le64_get(p + 32),
        .memsz = le64_get(p + 40),
        .align = le64_get(p + 48),
    };
    return 0;
}

static const char *check_alignment(const struct phdr *ph)
{
    if (ph->align & (ph->align - 1))
        return "segment alignment is not a power of two";
    if (!ph->filesz)
        return NULL;
    if ((ph->vaddr - ph->offset) % PAGE)
        return "segment's address and file offset differ within the page";
    if (ph->align && (ph->vaddr - ph->offset) % ph->align)
        return "segment's address and file offset differ within its alignment";
    return NULL;
}

static const char *check_load(const struct parse *parse, const struct phdr *ph)
{
    const struct elf_image *image = parse->image;
    u64 file_size = parse->source->file_size;

    if (ph->filesz > ph->memsz)
        return "segment larger in the file than in memory";
    if (ph->filesz && (ph->offset > file_size || ph->filesz > file_size - ph->offset))
        return "segment outside the file";
    if (ph->vaddr > parse->max_vaddr || ph->memsz > parse->max_vaddr - ph->vaddr)
        return "segment outside user memory";
    if (!image->position_independent && ph->vaddr < PAGE)
        return "segment in the first page";
    if (image->segment_count == ELF_MAX_SEGMENTS)
        return "too many segments";
    if (image->segment_count && ph->vaddr < image->high)
        return "segments overlap or are not ascending";
    if (image->segment_count && ALIGN_DOWN(ph->vaddr, PAGE) < ALIGN_UP(image->high, PAGE))
        return "two segments share a page";
    return check_alignment(ph);
}

static int add_load(struct parse *parse, const struct phdr *ph)
{
    struct elf_image *image = parse->image;
    const char *reason = check_load(parse, ph);

    if (reason)
        return refuse(image, reason);
    if (!image->segment_count)
        image->low = ph->vaddr;
    image->high = ph->vaddr + ph->memsz;
    image->align = MAX(image->align, ph->align);
    image->segments[image->segment_count++] = (struct elf_segment){
        .vaddr = ph->vaddr,
        .memsz = ph->memsz,
        .offset = ph->offset,
        .filesz = ph->filesz,
        .flags = ph->flags & (ELF_R | ELF_W | ELF_X),
    };
    return 0;
}

static int take_phdr(struct parse *parse, const struct phdr *ph)
{
    switch (ph->type) {
    case PT_LOAD:
        return ph->memsz ? add_load(parse, ph) : 0;
    case PT_INTERP:
        return refuse(parse->image, "dynamically linked");
    case PT_PHDR:
        parse->image->phdr_vaddr = ph->vaddr;
        return 0;
    case PT_GNU_STACK:
        parse->image->executable_stack = ph->flags & ELF_X;
        return 0;
    default:
        return 0;
    }
}

/* Whether [vaddr, vaddr + size) comes from the file and lies in one segment with all of `flags`. */
static bool in_segment(const struct elf_image *image, u64 vaddr, u64 size, u32 flags)
{
    for (u32 i = 0; i < image->segment_count; i++) {
        const struct elf_segment *s = &image->segments[i];

        if (vaddr >= s->vaddr && vaddr - s->vaddr < s->filesz &&
            size <= s->filesz - (vaddr - s->vaddr))
            return (s->flags & flags) == flags;
    }
    return false;
}

/* Where the segments put the program headers; 0 when they leave them out. */
static u64 loaded_phdrs(const struct parse *parse)
{
    const struct elf_image *image = parse->image;
    u64 size = (u64)image->phdr_count * ELF_PHDR_SIZE;

    for (u32 i = 0; i < image->segment_count; i++) {
        const struct elf_segment *s = &image->segments[i];
        u64 into = parse->phdr_offset - s->offset;

        if (parse->phdr_offset >= s->offset && into < s->filesz && size <= s->filesz - into)
            return s->vaddr + into;
    }
    return 0;
}

/* What only the whole list of segments can tell. */
static int finish(struct parse *parse)
{
    struct elf_image *image = parse->image;
    u64 phdr_size = (u64)image->phdr_count * ELF_PHDR_SIZE;

    if (!image->segment_count)
        return refuse(image, "nothing to load");
    if (image->entry % 2 || !in_segment(image, image->entry, 2, ELF_X))
        return refuse(image, "entry point outside the program's code");
    if (!image->phdr_vaddr)
        image->phdr_vaddr = loaded_phdrs(parse);
    else if (!in_segment(image, image->phdr_vaddr, phdr_size, 0))
        return refuse(image, "program headers are not where they say");
    return 0;
}

int elf_parse(const struct elf_source *source, u64 max_vaddr, struct elf_image *out)
{
    struct parse parse = {.source = source, .image = out, .max_vaddr = max_vaddr};
    struct phdr ph;
    int error;

    *out = (struct elf_image){.align = PAGE};
    error = parse_header(&parse);
    for (u32 i = 0; !error && i < out->phdr_count; i++) {
        error = read_phdr(&parse, i, &ph);
        if (!error)
            error = take_phdr(&parse, &ph);
    }
    return error ? error : finish(&parse);
}
