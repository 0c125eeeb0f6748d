/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls into firmware, with the fallbacks that old firmware needs: boards in the field run
 * OpenSBI 0.9 to 1.9, so each extension is probed before use. Nothing here logs or panics: both end here.
 */
#include <arch/firmware.h>
#include <arch/mmu.h>
#include <asm/early.h>
#include <asm/sbi.h>
#include <base/sections.h>
#include <lib/errno.h>

#define FID_HSM_START    0
#define FID_RFENCE_I     0
#define FID_RFENCE_VMA   1
#define SRST_SHUTDOWN    0
#define SRST_COLD_REBOOT 1

static struct {
    u64 ext;
    bool present;
} extensions[] = {{SBI_EXT_TIME, false}, {SBI_EXT_IPI, false},  {SBI_EXT_RFENCE, false},
                  {SBI_EXT_HSM, false},  {SBI_EXT_SRST, false}, {SBI_EXT_DBCN, false}};

/* Chapter "Binary Encoding", table of error codes, in the order of their numbers from -1. */
static int error_of(long sbi)
{
    static const int errors[] = {EIO, EOPNOTSUPP, EINVAL, EACCES, EFAULT, EALREADY, EALREADY};
    if (sbi >= 0)
        return 0;
    return -sbi <= (long)ARRAY_SIZE(errors) ? -errors[-sbi - 1] : -EIO;
}

bool sbi_has(u64 ext)
{
    for (size_t i = 0; i < ARRAY_SIZE(extensions); i++)
        if (extensions[i].ext == ext)
            return extensions[i].present;
    return false;
}

void sbi_probe(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(extensions); i++)
        extensions[i].present = sbi_base_call(SBI_BASE_PROBE, extensions[i].ext) != 0;
}

void sbi_set_timer(u64 ticks)
{
    sbi_call(sbi_has(SBI_EXT_TIME) ? SBI_EXT_TIME : SBI_LEGACY_SET_TIMER, 0, ticks, 0, 0, 0);
}

/*
 * Legacy calls take the virtual address of a mask that begins at hart 0, so they reach harts
 * below 64 only: no machine with firmware that old has more.
 */
void sbi_send_ipi(u64 hartid)
{
    u64 mask = 1ul << (hartid & 63);
    if (sbi_has(SBI_EXT_IPI))
        sbi_call(SBI_EXT_IPI, 0, 1, hartid, 0, 0);
    else
        sbi_call(SBI_LEGACY_SEND_IPI, 0, (u64)&mask, 0, 0, 0);
}

int sbi_remote_fence_i(u64 mask, u64 base, vaddr_t start, size_t size)
{
    (void)start;
    (void)size;
    u64 legacy = mask << base;
    if (sbi_has(SBI_EXT_RFENCE))
        return error_of(sbi_call(SBI_EXT_RFENCE, FID_RFENCE_I, mask, base, 0, 0).error);
    return error_of(sbi_call(SBI_LEGACY_REMOTE_FENCE_I, 0, (u64)&legacy, 0, 0, 0).error);
}

int sbi_remote_sfence(u64 mask, u64 base, vaddr_t start, size_t size)
{
    u64 legacy = mask << base;
    if (sbi_has(SBI_EXT_RFENCE))
        return error_of(sbi_call(SBI_EXT_RFENCE, FID_RFENCE_VMA, mask, base, start, size).error);
    return error_of(sbi_call(SBI_LEGACY_REMOTE_SFENCE, 0, (u64)&legacy, start, size, 0).error);
}

int sbi_hart_start(u64 hartid, paddr_t entry, u64 opaque)
{
    if (!sbi_has(SBI_EXT_HSM))
        return -EOPNOTSUPP;
    return error_of(sbi_call(SBI_EXT_HSM, FID_HSM_START, hartid, entry, opaque, 0).error);
}

void arch_firmware_off(void)
{
    if (sbi_has(SBI_EXT_SRST))
        sbi_call(SBI_EXT_SRST, 0, SRST_SHUTDOWN, 0, 0, 0);
}

bool arch_firmware_is_old(void)
{
    return !sbi_has(SBI_EXT_SRST);
}

/* OpenSBI that has no device for it stops the hart here (sbi_system_reset() ends in sbi_exit()). */
void arch_firmware_off_blindly(void)
{
    sbi_call(SBI_LEGACY_SHUTDOWN, 0, 0, 0, 0, 0);
}

void arch_firmware_reset(void)
{
    if (sbi_has(SBI_EXT_SRST))
        sbi_call(SBI_EXT_SRST, 0, SRST_COLD_REBOOT, 0, 0, 0);
}

/* DBCN takes physical addresses; the stack and the log ring lie in the image or the direct map. */
static bool phys_of(const char *p, paddr_t *pa)
{
    if (p >= __image_start && p < __image_end)
        *pa = image_to_phys(p);
    else if ((u64)p >= DIRECT_BASE && (u64)p - DIRECT_BASE < DIRECT_SIZE)
        *pa = (u64)p - DIRECT_BASE;
    else
        return false;
    return true;
}

/* DBCN may write less than asked (SBI specification, "Debug Console Extension"). */
static size_t dbcn_write(const char *text, size_t len)
{
    size_t done = 0;
    paddr_t pa;
    while (done < len && phys_of(text + done, &pa)) {
        struct sbi_result r = sbi_call(SBI_EXT_DBCN, 0, len - done, pa, 0, 0);
        if (r.error || r.value <= 0)
            break;
        done += (size_t)r.value;
    }
    return done;
}

void arch_firmware_write(const char *text, size_t len)
{
    size_t done = sbi_has(SBI_EXT_DBCN) ? dbcn_write(text, len) : 0;
    while (done < len)
        sbi_legacy_putchar(text[done++]);
}

int arch_firmware_getchar(void)
{
    static char c; /* in the image: DBCN wants a physical address */
    if (!sbi_has(SBI_EXT_DBCN))
        return (int)sbi_call(SBI_LEGACY_GETCHAR, 0, 0, 0, 0, 0).error;
    struct sbi_result r = sbi_call(SBI_EXT_DBCN, 1, 1, image_to_phys(&c), 0, 0);
    return r.error || r.value != 1 ? -1 : (u8)c;
}
