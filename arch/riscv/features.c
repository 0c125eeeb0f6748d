/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the cores are and can do: read once at boot, logged in a line, asked everywhere else.
 */
#include "harts_tree.h"
#include <arch/user.h>
#include <asm/csr.h>
#include <asm/early.h>
#include <asm/features.h>
#include <asm/harts.h>
#include <asm/sbi.h>
#include <base/log.h>
#include <lib/bits.h>
#include <lib/fdt.h>
#include <lib/fmt.h>

#define VENDOR_SIFIVE   0x489
#define ARCH_SIFIVE_U54 0x1
#define ARCH_SIFIVE_U74 0x8000000000000007ul

/* probe.S */
bool csr_try_write_senvcfg(u64 value);
bool csr_try_write_stimecmp(u64 value);

struct cpu_features cpu_features;

/*
 * Erratum CIP-453, "stval of instruction page and access faults is not sign extended", and CIP-1200,
 * "sfence.vma with an address or ASID may leave entries": the ranges of mimpid that Linux
 * arch/riscv/errata/sifive/errata.c lists. OpenSBI says of the FU540 that its sfence by address does not work
 * at all (platform/generic/sifive/fu540.c), so SiFive's own U54 are all distrusted.
 */
static void find_errata(struct cpu_features *f)
{
    if (f->vendor != VENDOR_SIFIVE)
        return;
    bool u74 = f->arch == ARCH_SIFIVE_U74, u54 = f->arch == ARCH_SIFIVE_U54;
    f->sign_extend_stval = u74 && f->impl >= 0x20181004 && f->impl <= 0x20191105;
    f->full_fences_only = u54 || (u74 && (f->impl & 0xffffff) <= 0x200630 && f->impl != 0x01200626);
}

static u64 letters(const struct fdt *fdt, int node)
{
    u64 bits = 0;
    for (const char *l = "imafdcv"; *l; l++) {
        char ext[2] = {*l, 0};
        if (hart_has(fdt, node, ext))
            bits |= 1ul << (*l - 'a');
    }
    return bits & ~(1ul << ('v' - 'a')); /* vector state is not saved: not offered */
}

/* A tree that names no isa: what every core with an MMU has, and the FPU if sstatus.FS can be set. */
static u64 guess_letters(void)
{
    u64 bits = BIT('i' - 'a') | BIT('m' - 'a') | BIT('a' - 'a') | BIT('c' - 'a');
    csr_set(sstatus, SSTATUS_FS_INITIAL);
    if (csr_read(sstatus) & SSTATUS_FS)
        bits |= BIT('f' - 'a') | BIT('d' - 'a');
    csr_clear(sstatus, SSTATUS_FS);
    return bits;
}

/* In the order of enum cpu_extension. */
static const char *const extension_names[] = {"Sstc",    "Svpbmt", "Svinval",
                                              "Svnapot", "Zicboz", "Zicbom"};

static u32 listed_extensions(const struct fdt *fdt, int node)
{
    u32 found = 0;
    for (size_t i = 0; i < ARRAY_SIZE(extension_names); i++)
        if (hart_has(fdt, node, extension_names[i]))
            found |= (u32)BIT(i);
    return found;
}

/* Fields of satp that a core does not have read back as zero (privileged spec., "satp"). */
static u32 probe_asid_bits(void)
{
    u64 satp = csr_read(satp);
    csr_write(satp, satp | SATP_ASID_MASK);
    u64 bits = (csr_read(satp) & SATP_ASID_MASK) >> SATP_ASID_SHIFT;
    csr_write(satp, satp);
    __asm__ volatile("sfence.vma" : : : "memory");
    return bits_count(bits);
}

/* ", " in front of the first, if there is one. */
static void list_extensions(const struct cpu_features *f, char *text, size_t size)
{
    size_t at = fmt_scnprintf(text, size, "%s", f->extensions ? "," : "");
    for (size_t i = 0; i < ARRAY_SIZE(extension_names); i++)
        if (f->extensions & BIT(i))
            at += fmt_scnprintf(text + at, size - at, " %s%s", extension_names[i],
                                i == EXT_SSTC && !f->sstc ? " (closed by firmware)" : "");
}

/* Short, since firmware prints it slowly. */
static void log_features(const struct cpu_features *f)
{
    char names[96];
    bool errata = f->full_fences_only || f->sign_extend_stval;
    list_extensions(f, names, sizeof(names));
    log_info("cpu: mvendorid 0x%lx marchid 0x%lx mimpid 0x%lx, ASID %u bits, A/D %s%s%s%s%s",
             f->vendor, f->arch, f->impl, f->asid_bits, f->sets_ad ? "hardware" : "kernel", names,
             errata ? ", errata" : "", f->full_fences_only ? " CIP-1200" : "",
             f->sign_extend_stval ? " CIP-453" : "");
}

void features_probe(const struct fdt *fdt, int node)
{
    struct cpu_features *f = &cpu_features;
    f->vendor = (u64)sbi_base_call(SBI_BASE_VENDOR, 0);
    f->arch = (u64)sbi_base_call(SBI_BASE_ARCH, 0);
    f->impl = (u64)sbi_base_call(SBI_BASE_IMPL, 0);
    f->asid_bits = probe_asid_bits();
    f->sets_ad = early_sets_accessed_dirty();
    f->extensions = listed_extensions(fdt, node);
    f->hwcap = letters(fdt, node);
    if (!f->hwcap) {
        f->hwcap = guess_letters();
        log_warn("cpu: the device tree names no isa for the boot hart");
    }
    f->senvcfg = csr_try_write_senvcfg(0);
    /* The tree promises Sstc; firmware must have opened it too (menvcfg.STCE), so try. */
    f->sstc = f->extensions & BIT(EXT_SSTC) && csr_try_write_stimecmp(~0ul);
    find_errata(f);
    log_features(f);
}

u64 arch_hwcap(void)
{
    return cpu_features.hwcap;
}

/* Keys of riscv_hwprobe(2), Linux Documentation/arch/riscv/hwprobe.rst. */
enum {
    HWPROBE_VENDOR = 0,
    HWPROBE_ARCH = 1,
    HWPROBE_IMPL = 2,
    HWPROBE_BASE_BEHAVIOR = 3,
    HWPROBE_IMA_EXT_0 = 4,
    HWPROBE_CPUPERF_0 = 5,
};

#define HWPROBE_IMA BIT(0)
#define HWPROBE_FD  BIT(0)
#define HWPROBE_C   BIT(1)

bool arch_hwprobe(s64 key, u64 *value)
{
    const struct cpu_features *f = &cpu_features;
    bool fd = f->hwcap & BIT('d' - 'a') && f->hwcap & BIT('f' - 'a');
    switch (key) {
    case HWPROBE_VENDOR:
        *value = f->vendor;
        return true;
    case HWPROBE_ARCH:
        *value = f->arch;
        return true;
    case HWPROBE_IMPL:
        *value = f->impl;
        return true;
    case HWPROBE_BASE_BEHAVIOR:
        *value = HWPROBE_IMA;
        return true;
    case HWPROBE_IMA_EXT_0:
        *value = (fd ? HWPROBE_FD : 0) | (f->hwcap & BIT('c' - 'a') ? HWPROBE_C : 0);
        return true;
    case HWPROBE_CPUPERF_0:
        *value = 0; /* misaligned access: unknown */
        return true;
    default:
        return false;
    }
}
