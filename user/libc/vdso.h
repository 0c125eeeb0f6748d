/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds functions of the vDSO by name and version, as musl and glibc do: through DT_HASH. Needs CHECK. */
#pragma once

#include <elf.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

typedef int (*gettime_fn)(clockid_t clock, struct timespec *to);

struct vdso_image {
    uintptr_t base;
    const uint32_t *hash;
    const Elf64_Sym *symbols;
    const char *strings;
    const uint16_t *versions;
    const Elf64_Verdef *definitions;
};

static inline void vdso_take_entry(struct vdso_image *image, const Elf64_Dyn *d)
{
    const void *at = (const void *)(image->base + d->d_un.d_ptr);

    switch (d->d_tag) {
    case DT_HASH:
        image->hash = at;
        break;
    case DT_SYMTAB:
        image->symbols = at;
        break;
    case DT_STRTAB:
        image->strings = at;
        break;
    case DT_VERSYM:
        image->versions = at;
        break;
    case DT_VERDEF:
        image->definitions = at;
        break;
    default:
        break;
    }
}

static inline struct vdso_image vdso_image_at(uintptr_t base)
{
    const Elf64_Ehdr *header = (const void *)base;
    const Elf64_Phdr *ph = (const void *)(base + header->e_phoff);
    struct vdso_image image = {.base = base};

    CHECK(memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_type == ET_DYN);
    CHECK(header->e_machine == EM_RISCV && header->e_phentsize == sizeof(*ph));
    for (int i = 0; i < header->e_phnum; i++) {
        if (ph[i].p_type == PT_LOAD)
            CHECK(ph[i].p_vaddr == ph[i].p_offset && ph[i].p_flags == (PF_R | PF_X));
        if (ph[i].p_type != PT_DYNAMIC)
            continue;
        for (const Elf64_Dyn *d = (const void *)(base + ph[i].p_vaddr); d->d_tag; d++)
            vdso_take_entry(&image, d);
    }
    CHECK(image.hash && image.symbols && image.strings && image.versions && image.definitions);
    return image;
}

/* SysV's hash function, which versions are looked up by. */
static inline uint32_t vdso_hash(const char *name)
{
    uint32_t h = 0;

    for (; *name; name++) {
        h = (h << 4) + (unsigned char)*name;
        h = (h ^ (h & 0xf0000000u) >> 24) & 0x0fffffffu;
    }
    return h;
}

static inline int vdso_has_version(const struct vdso_image *image, unsigned index,
                                   const char *version)
{
    const Elf64_Verdef *def = image->definitions;

    for (;;) {
        const Elf64_Verdaux *name = (const void *)((const char *)def + def->vd_aux);

        if (!(def->vd_flags & VER_FLG_BASE) && def->vd_ndx == (index & 0x7fff))
            return def->vd_hash == vdso_hash(version) &&
                   strcmp(image->strings + name->vda_name, version) == 0;
        if (!def->vd_next)
            return 0;
        def = (const void *)((const char *)def + def->vd_next);
    }
}

static inline void *vdso_find(uintptr_t base, const char *name)
{
    struct vdso_image image = vdso_image_at(base);
    const uint32_t *bucket = image.hash + 2;
    const uint32_t *chain = bucket + image.hash[0];

    for (uint32_t i = bucket[vdso_hash(name) % image.hash[0]]; i; i = chain[i]) {
        const Elf64_Sym *s = &image.symbols[i];

        if (strcmp(image.strings + s->st_name, name) == 0) {
            CHECK(s->st_shndx != SHN_UNDEF && s->st_shndx != SHN_ABS);
            CHECK(ELF64_ST_TYPE(s->st_info) == STT_FUNC && ELF64_ST_BIND(s->st_info) == STB_GLOBAL);
            CHECK(vdso_has_version(&image, image.versions[i], "LINUX_4.15"));
            return (void *)(base + s->st_value);
        }
    }
    return NULL;
}
