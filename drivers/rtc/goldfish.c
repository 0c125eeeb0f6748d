/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real-time clock of QEMU's "virt": nanoseconds since 1970 in two registers. Read once, at
 * start-up; what programs set is not written back.
 *
 * Source: QEMU hw/rtc/goldfish_rtc.c; Android's docs/GOLDFISH-VIRTUAL-HARDWARE.TXT, "Goldfish RTC".
 */
#include <arch/mmio.h>
#include <base/build.h>
#include <base/log.h>
#include <drivers/driver.h>
#include <kernel/time.h>
#include <lib/errno.h>

#define TIME_LOW  0x00 /* reading it latches the other half */
#define TIME_HIGH 0x04
#define REGS_SIZE 0x08

static u64 read_ns(const u8 *regs)
{
    u64 low = mmio_read32(regs + TIME_LOW);

    return (u64)mmio_read32(regs + TIME_HIGH) << 32 | low;
}

/* A clock that shows a day before this kernel was built has lost its battery. */
static int goldfish_probe(const struct fdt *fdt, int node)
{
    u64 size;
    const u8 *regs = driver_map(fdt, node, 0, &size);

    if (!regs || size < REGS_SIZE)
        return -EINVAL;
    u64 ns = read_ns(regs);
    bool credible = ns / NSEC_PER_SEC >= build_date();
    if (credible)
        time_set_realtime(ns);
    log_info("rtc: %lu s since 1970%s", ns / NSEC_PER_SEC,
             credible ? "" : ", before the kernel was built: not believed");
    return 0;
}

DRIVER(goldfish_rtc, DRIVER_DEVICE, goldfish_probe, "google,goldfish-rtc");
