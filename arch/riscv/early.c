/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The early page tables: from the first instruction until mm/kvm.c has built the final ones, and
 * again for each secondary hart on its way up.
 *
 * They map the image where it is linked (text RX, rodata R, data RW), one identity page (RX) with the
 * instructions around the first write of satp, and what arch_early_map() adds. Never W and X.
 *
 * early_build_tables() and early_puts() run with the MMU off, at the physical address: everything
 * here is pc-relative and nothing holds an absolute pointer. The tables lie in a static pool, since
 * nothing is known of RAM yet but that the image is in it.
 */
#include <arch/boot.h>
#include <arch/mmu.h>
#include <asm/csr.h>
#include <asm/early.h>
#include <asm/sbi.h>
#include <base/sections.h>
#include <lib/errno.h>
#include <lib/string.h>

#define POOL_PAGES 25

/* probe.S */
bool try_store_zero(u32 *word);

struct table {
    pte_t entry[MMU_ENTRIES];
};

static struct table pool[POOL_PAGES] __aligned(4096) __section(".bss.early_tables");
static u32 pool_used; /* pool[0] is the root */
static paddr_t image_base;

static unsigned index_of(vaddr_t va, unsigned level)
{
    return va >> (PAGE_SHIFT + level * MMU_INDEX_BITS) & (MMU_ENTRIES - 1);
}

/* Pool addresses as the running code sees them: physical before paging, virtual after. */
static paddr_t table_phys(const struct table *t)
{
    return image_base + (paddr_t)((const char *)t - __image_start);
}

static struct table *table_at(paddr_t pa)
{
    return (struct table *)(void *)(__image_start + (pa - image_base));
}

/* The entry for va at a level, tables on the way made as needed; NULL when the pool is used up. */
static pte_t *early_slot(vaddr_t va, unsigned level)
{
    struct table *t = &pool[0];
    for (unsigned l = mmu_levels() - 1; l > level; l--) {
        pte_t *e = &t->entry[index_of(va, l)];
        if (mmu_kind(*e) == MMU_LEAF)
            return e;
        if (mmu_kind(*e) == MMU_EMPTY) {
            if (pool_used == POOL_PAGES)
                return NULL;
            *e = mmu_table(table_phys(&pool[pool_used++]) >> PAGE_SHIFT);
        }
        t = table_at((paddr_t)mmu_pfn(*e) << PAGE_SHIFT);
    }
    return &t->entry[index_of(va, level)];
}

/* 2 MiB leaves where addresses and the rest allow it and no table is there yet, else 4 KiB. */
static int map(vaddr_t va, paddr_t pa, size_t size, prot_t prot)
{
    while (size) {
        unsigned level = is_aligned(va | pa, 2 * MiB) && size >= 2 * MiB;
        pte_t *e = early_slot(va, level);
        if (e && level && mmu_kind(*e) == MMU_TABLE)
            e = early_slot(va, level = 0);
        size_t step = PAGE_SIZE << (level * MMU_INDEX_BITS);
        if (!e)
            return -ENOMEM;
        if (mmu_kind(*e) == MMU_EMPTY)
            *e = mmu_leaf(pa >> PAGE_SHIFT, prot, level);
        va += step;
        pa += step;
        size -= MIN(step, size);
    }
    return 0;
}

static void map_part(const char *start, const char *end, prot_t prot)
{
    size_t offset = (size_t)(start - __image_start);
    map(IMAGE_BASE + offset, image_base + offset, (size_t)(end - start), prot);
}

u64 early_build_tables(paddr_t image, paddr_t turn_on)
{
    image_base = image;
    pool_used = 1;
    paddr_t identity = ALIGN_DOWN(turn_on, PAGE_SIZE);
    map(identity, identity, PAGE_SIZE, PROT_R | PROT_X);
    map_part(__text_start, __text_end, PROT_R | PROT_X);
    map_part(__rodata_start, __rodata_end, PROT_R);
    map_part(__data_start, __data_end, PROT_R | PROT_W);
    return early_satp();
}

u64 early_satp(void)
{
    return SATP_MODE_SV39 | table_phys(&pool[0]) >> PAGE_SHIFT;
}

paddr_t image_to_phys(const void *p)
{
    return image_base + (paddr_t)((const char *)p - __image_start);
}

int early_map(vaddr_t va, paddr_t pa, size_t size, bool writable)
{
    paddr_t start = ALIGN_DOWN(pa, PAGE_SIZE), end = ALIGN_UP(pa + size, PAGE_SIZE);
    int err =
        map(ALIGN_DOWN(va, PAGE_SIZE), start, end - start, writable ? PROT_R | PROT_W : PROT_R);
    /* Cores may cache invalid entries: fence after invalid -> valid (privileged spec., sfence.vma). */
    __asm__ volatile("sfence.vma" : : : "memory");
    return err;
}

int arch_early_map(paddr_t pa, size_t size)
{
    if (pa + size > DIRECT_SIZE || pa + size < pa)
        return -ENOMEM;
    return early_map(DIRECT_BASE + pa, pa, size, true);
}

/*
 * Where the image could be linked but never reaches. Its tables are made once, for this one entry, which is
 * taken out again.
 */
#define PROBE_VA (IMAGE_BASE + 512 * MiB)

bool early_sets_accessed_dirty(void)
{
    static u32 word __aligned(4);
    paddr_t pa = image_to_phys(&word);
    pte_t *e = early_slot(PROBE_VA, 0);
    if (!e)
        return false;
    *e = mmu_leaf(pa >> PAGE_SHIFT, PROT_R | PROT_W, 0);
    e->bits &= ~(u64)(PTE_A | PTE_D);
    __asm__ volatile("sfence.vma" : : : "memory");
    bool stored = try_store_zero((u32 *)(PROBE_VA + (pa & (PAGE_SIZE - 1))));
    bool set = (mmu_load(e).bits & (PTE_A | PTE_D)) == (PTE_A | PTE_D);
    *e = (pte_t){0};
    __asm__ volatile("sfence.vma" : : : "memory");
    return stored && set;
}

bool early_check(void)
{
    for (u32 i = 0; i < pool_used; i++)
        for (unsigned k = 0; k < MMU_ENTRIES; k++) {
            pte_t e = pool[i].entry[k];
            if (mmu_kind(e) == MMU_LEAF && mmu_permits(e, PROT_W | PROT_X))
                return false;
        }
    return true;
}

/* Nobody has asked yet what firmware has. The call of the debug console that takes a byte needs no address. */
static void early_putchar(char c)
{
    if (sbi_call(SBI_EXT_DBCN, SBI_DBCN_WRITE_BYTE, (u8)c, 0, 0, 0).error)
        sbi_legacy_putchar(c);
}

void early_puts(const char *text)
{
    while (*text)
        early_putchar(*text++);
}

static void early_hex(const char *name, u64 value)
{
    early_puts(name);
    for (int shift = 60; shift >= 0; shift -= 4) {
        unsigned digit = value >> shift & 15;
        early_putchar((char)(digit < 10 ? '0' + digit : 'a' + digit - 10));
    }
}

/* A trap before there is anything to handle it: MMU off or just on. The caller stops. */
void early_trap_report(u64 cause, u64 pc, u64 value)
{
    early_hex("\npanic: trap before the kernel was up, cause 0x", cause);
    early_hex(" at pc 0x", pc);
    early_hex(", address 0x", value);
    early_puts("\n");
}
