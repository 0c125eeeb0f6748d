/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parser of ELF64 executables for RISC-V, static ones (ET_EXEC) and static position-independent
 * ones (ET_DYN without an interpreter). It reads only headers and decides everything that can be
 * decided before memory is touched; to map what it describes is the caller's part. Source: System V
 * ABI gABI 4.1, chapters 4 and 5; RISC-V ELF psABI, section 8.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include <lib/types.h>

#define ELF_MAX_PHDRS    64
#define ELF_MAX_SEGMENTS 16
#define ELF_HEADER_SIZE  64
#define ELF_PHDR_SIZE    56

#define ELF_X 1u /* segment flags, as in p_flags */
#define ELF_W 2u
#define ELF_R 4u

/* Where the file's bytes come from. */
struct elf_source {
    const void *head; /* the file's first bytes, best a page of them */
    size_t head_size;
    u64 file_size;
    /*
     * Reads exactly n bytes at `offset` of the file, for program headers that lie behind the
     * head; 0 or a negative errno. NULL: such a file is refused.
     */
    int (*read)(void *context, u64 offset, void *buf, size_t n);
    void *context;
};

struct elf_segment {
    u64 vaddr;  /* relative to the load address when the image is position-independent */
    u64 memsz;  /* > 0, >= filesz */
    u64 offset; /* in the file, congruent to vaddr modulo the page size; no matter if filesz is 0 */
    u64 filesz;
    u32 flags; /* ELF_R | ELF_W | ELF_X */
};

struct elf_image {
    u64 entry;
    u64 phdr_vaddr; /* where the program headers are in memory (AT_PHDR); 0: nowhere */
    u32 phdr_count;
    u32 segment_count; /* >= 1 */
    bool position_independent;
    bool executable_stack;
    u32 arch_flags; /* e_flags */
    u64 align;      /* the largest alignment that a segment asks for, >= 4096 */
    u64 low;        /* start and end of all segments, not rounded */
    u64 high;
    struct elf_segment segments[ELF_MAX_SEGMENTS]; /* ascending, no two share a page */
    const char *reason;                            /* after -ENOEXEC: why */
};

/*
 * Parses and checks. Segments must end at or below `max_vaddr`; a fixed image must leave the first
 * page alone. 0; -ENOEXEC with out->reason set; or what source->read returned.
 */
int elf_parse(const struct elf_source *source, u64 max_vaddr, struct elf_image *out);

#endif
