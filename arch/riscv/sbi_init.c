/* SPDX-License-Identifier: BSD-2-Clause */
/* Which firmware this is, in one line of the log. */
#include <asm/sbi.h>
#include <base/log.h>

static const char *firmware_name(long id)
{
    static const char *const names[] = {
        "Berkeley Boot Loader", "OpenSBI", "Xvisor", "KVM", "RustSBI", "Diosix", "Coffer", "Xen",
        "PolarFire HSS"};
    return id >= 0 && id < (long)ARRAY_SIZE(names) ? names[id] : "unknown firmware";
}

void sbi_init(void)
{
    long spec = sbi_base_call(SBI_BASE_SPEC, 0),
         version = sbi_base_call(SBI_BASE_FIRMWARE_VERSION, 0);

    sbi_probe();
    log_info("firmware: %s %ld.%ld, SBI %ld.%ld%s%s%s%s%s%s",
             firmware_name(spec ? sbi_base_call(SBI_BASE_FIRMWARE, 0) : -1), version >> 16,
             version & 0xffff, spec >> 24 & 0x7f, spec & 0xffffff,
             sbi_has(SBI_EXT_TIME) ? " TIME" : "", sbi_has(SBI_EXT_IPI) ? " IPI" : "",
             sbi_has(SBI_EXT_RFENCE) ? " RFENCE" : "", sbi_has(SBI_EXT_HSM) ? " HSM" : "",
             sbi_has(SBI_EXT_SRST) ? " SRST" : "", sbi_has(SBI_EXT_DBCN) ? " DBCN" : "");
}
