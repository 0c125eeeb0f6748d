/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Harts: which of the tree's cpus can run the kernel, and what they are called.
 *
 * Logical cpu 0 is the boot hart; the others follow in the tree's order. Hart ids are whatever they
 * are: on SiFive's and StarFive's chips hart 0 is a small core without an MMU (harts_tree.c sees it).
 */
#include "harts_tree.h"
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/time.h>
#include <asm/csr.h>
#include <asm/features.h>
#include <asm/harts.h>
#include <base/log.h>
#include <base/percpu.h>
#include <lib/errno.h>
#include <lib/fdt.h>
#include <lib/fmt.h>

u64 arch_time_hz;
static const struct fdt *tree;
static int cpu_nodes[CPU_MAX];

static void add_cpu(u32 id, u64 hartid, int node)
{
    cpu_table[id].id = id;
    cpu_table[id].arch.hartid = hartid;
    cpu_nodes[id] = node;
}

/* The boot hart runs us, so it is usable whatever the tree says of it. */
static int boot_node(const struct fdt *fdt, int cpus)
{
    int node;
    u64 hartid;
    fdt_for_each_child (node, fdt, cpus)
        if (hart_id(fdt, node, &hartid) && hartid == this_cpu()->arch.hartid)
            return node;
    return -ENOENT;
}

static u32 add_others(const struct fdt *fdt, int cpus, int boot)
{
    u32 count = 1;
    int node;
    u64 hartid;
    fdt_for_each_child (node, fdt, cpus) {
        if (node == boot || hart_unusable(fdt, node) || !hart_is_like(fdt, node, boot) ||
            !hart_id(fdt, node, &hartid))
            continue;
        if (count < CPU_MAX)
            add_cpu(count++, hartid, node);
        else
            log_warn("cpu: hart %llu left out, %d are the most", (unsigned long long)hartid,
                     CPU_MAX);
    }
    return count;
}

static int find_timebase(const struct fdt *fdt, int cpus, int boot)
{
    arch_time_hz = hart_timebase(fdt, cpus, boot);
    if (arch_time_hz)
        return 0;
    log_err("device tree: /cpus: no usable timebase-frequency");
    return -EINVAL;
}

int arch_probe_cpus(const struct fdt *fdt)
{
    int cpus = fdt_find_path(fdt, "/cpus");
    int boot = cpus < 0 ? cpus : boot_node(fdt, cpus);
    if (boot < 0) {
        log_err("device tree: no cpu node for hart %llu, on which we run",
                (unsigned long long)this_cpu()->arch.hartid);
        return -EINVAL;
    }
    int err = find_timebase(fdt, cpus, boot);
    if (err)
        return err;
    tree = fdt;
    add_cpu(0, this_cpu()->arch.hartid, boot);
    u32 count = add_others(fdt, cpus, boot);
    cpu_set_count(count);
    log_info("cpu: %u usable, boot hart %llu, timebase %llu Hz", count,
             (unsigned long long)cpu_table[0].arch.hartid, (unsigned long long)arch_time_hz);
    features_probe(fdt, boot);
    return 0;
}

u64 arch_cpu_hwid(u32 cpu)
{
    return cpu_table[cpu].arch.hartid;
}

int arch_cpu_of_hwid(u64 hwid)
{
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        if (cpu_table[cpu].arch.hartid == hwid)
            return (int)cpu;
    return -1;
}

/* As one word, whichever way the tree says it. */
static void print_isa(struct fmt_sink *sink, int node)
{
    struct fdt_prop list;
    const char *isa = fdt_get_string(tree, node, "riscv,isa"), *name;
    fmt_print(sink, "isa\t\t: %s", isa ? isa : "rv64");
    if (!isa && fdt_get(tree, node, "riscv,isa-extensions", &list))
        for (u32 i = 0; (name = fdt_string(&list, i)); i++)
            fmt_print(sink, "%s%s", name[0] && name[1] ? "_" : "", name);
    fmt_print(sink, "\n");
}

void arch_cpu_describe(u32 cpu, struct fmt_sink *sink)
{
    fmt_print(sink, "hart\t\t: %llu\n", (unsigned long long)arch_cpu_hwid(cpu));
    print_isa(sink, cpu_nodes[cpu]);
    fmt_print(sink, "mmu\t\t: sv39\n");
    fmt_print(sink, "mvendorid\t: 0x%llx\nmarchid\t\t: 0x%llx\nmimpid\t\t: 0x%llx\n",
              (unsigned long long)cpu_features.vendor, (unsigned long long)cpu_features.arch,
              (unsigned long long)cpu_features.impl);
}
