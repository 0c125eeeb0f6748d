/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watchdog of StarFive's JH7110: stopped, if firmware has left it running. Nothing here serves it.
 *
 * With its clocks gated, or held in reset, it counts nothing, and an access to its registers may never be
 * answered. So the clock and reset controller is asked first, whose registers can always be read.
 *
 * Sources: Linux drivers/watchdog/starfive-wdt.c (registers, key); U-Boot drivers/clk/starfive/clk-jh7110.c and
 * drivers/reset/reset-jh7110.c (a word per clock, a bit per reset line).
 */
#include <arch/mmio.h>
#include <base/log.h>
#include <drivers/driver.h>
#include <lib/errno.h>

#define CONTROL      0x008
#define INTCLR       0x00c
#define LOCK         0xc00
#define SPAN         0xc04
#define CONTROL_RUNS 3u /* counter and interrupt, reset: either one is more than none */
#define LOCK_KEY     0x1acce551u
#define LOCK_AGAIN   0u

#define CRG_CLOCK(id)  (4 * (u64)(id))
#define CRG_ASSERT(id) (0x2f8 + 4 * ((u64)(id) / 32))
#define CLOCK_ENABLED  (1u << 31)

/* The register block of the one controller that all entries of clocks and resets name. */
struct crg {
    u32 phandle;
    u8 *regs;
    u64 size;
};

static int find_crg(struct crg *crg, const struct fdt *fdt, int node)
{
    struct fdt_prop clocks;
    if (!fdt_get(fdt, node, "clocks", &clocks) || clocks.len < 2 * sizeof(u32))
        return -EINVAL;
    crg->phandle = fdt_cell(&clocks, 0);
    int at = fdt_find_by_phandle(fdt, crg->phandle);
    if (at < 0 || !fdt_compatible(fdt, at, "starfive,jh7110-syscrg"))
        return -EINVAL;
    crg->regs = driver_map(fdt, at, 0, &crg->size);
    return crg->regs ? 0 : -ENXIO;
}

static bool clock_runs(const struct crg *crg, u32 id)
{
    return CRG_CLOCK(id) + 4 <= crg->size && mmio_read32(crg->regs + CRG_CLOCK(id)) & CLOCK_ENABLED;
}

static bool reset_released(const struct crg *crg, u32 id)
{
    return CRG_ASSERT(id) + 4 <= crg->size &&
           !(mmio_read32(crg->regs + CRG_ASSERT(id)) >> id % 32 & 1);
}

/* Whether all (controller, id) pairs of a property are of this controller and good. */
static bool all_good(const struct crg *crg, const struct fdt *fdt, int node, const char *name,
                     bool (*good)(const struct crg *crg, u32 id))
{
    struct fdt_prop pairs;
    if (!fdt_get(fdt, node, name, &pairs))
        return false;
    for (u32 i = 0; i + 1 < pairs.len / sizeof(u32); i += 2)
        if (fdt_cell(&pairs, i) != crg->phandle || !good(crg, fdt_cell(&pairs, i + 1)))
            return false;
    return true;
}

/* Registers can be written between the key and any other word in LOCK. */
static void stop(u8 *regs)
{
    mmio_write32(regs + LOCK, LOCK_KEY);
    mmio_write32(regs + CONTROL, 0);
    mmio_write32(regs + INTCLR, 1);
    mmio_write32(regs + LOCK, LOCK_AGAIN);
}

static int watchdog_probe(const struct fdt *fdt, int node)
{
    struct crg crg;
    u64 size;
    int err = find_crg(&crg, fdt, node);
    if (err)
        return err;
    if (!all_good(&crg, fdt, node, "clocks", clock_runs) ||
        !all_good(&crg, fdt, node, "resets", reset_released))
        return 0;
    u8 *regs = driver_map(fdt, node, 0, &size);
    if (!regs || size < SPAN)
        return regs ? -EINVAL : -ENXIO;
    if (!(mmio_read32(regs + CONTROL) & CONTROL_RUNS))
        return 0;
    stop(regs);
    bool stopped = !(mmio_read32(regs + CONTROL) & CONTROL_RUNS);
    log_info("watchdog: left running by firmware, %s", stopped ? "stopped" : "does not stop");
    return stopped ? 0 : -EIO;
}

DRIVER(starfive_watchdog, DRIVER_DEVICE, watchdog_probe, "starfive,jh7110-wdt");
