/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backtraces by frame pointers, and registers in words.
 *
 * Code is built with -fno-omit-frame-pointer: the return address lies at fp - 8, the caller's fp at
 * fp - 16 (psABI, "Frame Pointer Convention"). Each step is checked before it is followed, because a
 * panic is when stacks are broken.
 */
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/trap.h>
#include <asm/traps.h>
#include <base/log.h>
#include <base/percpu.h>
#include <base/sections.h>
#include <base/symbols.h>
#include <lib/fmt.h>

#define DEPTH_MOST 32
#define STACK_MOST (16 * KiB)

static bool in_text(u64 pc)
{
    return pc >= (u64)__text_start && pc < (u64)__text_end;
}

static void print_line(unsigned depth, u64 pc, const char *name)
{
    fmt_print(log_raw_sink(), "  #%u 0x%016llx %s\n", depth, (unsigned long long)pc, name);
}

static void print_pc(unsigned depth, u64 pc)
{
    char name[SYMBOL_TEXT_MAX];
    print_line(depth, pc, in_text(pc) ? symbol_format(pc, name, sizeof(name)) : "");
}

static void print_return(unsigned depth, u64 pc)
{
    char name[SYMBOL_TEXT_MAX];
    print_line(depth, pc, symbol_format_return(pc, name, sizeof(name)));
}

/* In the mapped half of a stack's slot (bit 14, see trap_entry.S), or on the boot stack in bss. */
static bool on_stack(u64 addr)
{
    if (addr >= KSTACK_BASE && addr < KSTACK_BASE + KSTACK_SIZE)
        return addr & BIT(14);
    return addr >= (u64)__data_start && addr < (u64)__data_end;
}

/* A frame lies above the one before it, on the same stack, 16-byte aligned. */
static bool plausible(u64 fp, u64 below)
{
    return is_aligned(fp, 16) && on_stack(fp - 16) && fp > below && fp - below < STACK_MOST;
}

/* A function that calls nothing has its return address in ra, and in its frame the caller's fp alone. */
static bool is_leaf(u64 fp, u64 below)
{
    return plausible(fp, below) && plausible(((const u64 *)fp)[-1], fp);
}

void arch_backtrace(const struct trap_frame *tf)
{
    u64 fp = tf ? tf->x[REG_S0] : (u64)__builtin_frame_address(0);
    u64 below = tf ? tf->x[REG_SP] - 1 : fp - 1;
    unsigned depth = 0;
    fmt_print(log_raw_sink(), "backtrace:\n");
    if (tf)
        print_pc(depth++, tf->pc);
    /* A function that has called nothing yet has its return address in ra alone. */
    if (tf && in_text(tf->x[REG_RA]) && !in_text(tf->pc))
        print_return(depth++, tf->x[REG_RA]);
    if (tf && in_text(tf->pc) && is_leaf(fp, below)) {
        print_return(depth++, tf->x[REG_RA]);
        below = fp;
        fp = ((const u64 *)fp)[-1];
    }
    while (depth < DEPTH_MOST && plausible(fp, below)) {
        const u64 *frame = (const u64 *)fp;
        if (!in_text(frame[-1]))
            break;
        print_return(depth++, frame[-1]);
        below = fp;
        fp = frame[-2];
    }
}

static const char *const reg_names[32] = {"a0 at call", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                                          "s0/fp",      "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                                          "a6",         "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                                          "s8",         "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

static void print_register(const char *name, u64 value, const char *end)
{
    fmt_print(log_raw_sink(), "%-5s 0x%016llx%s", name, (unsigned long long)value, end);
}

/* Without a trap there is nothing to show but where we are. */
static void dump_here(void)
{
    u64 sp;
    __asm__ volatile("mv %0, sp" : "=r"(sp));
    print_register("sp", sp, "  ");
    print_register("s0/fp", (u64)__builtin_frame_address(0), "  ");
    print_register("status", csr_read(sstatus), "\n");
}

static void dump_trap(const struct trap_frame *tf)
{
    fmt_print(log_raw_sink(), "%s (cause 0x%llx), from %s mode with interrupts %s\n",
              trap_cause(tf->cause)->words, (unsigned long long)tf->cause,
              tf_from_user(tf) ? "user" : "kernel", tf->status & SSTATUS_SPIE ? "on" : "off");
    print_register("pc", tf->pc, "  ");
    print_register("value", tf->value, "  ");
    print_register("status", tf->status, "\n");
    for (unsigned i = 1; i < 32; i++)
        print_register(reg_names[i], tf->x[i], i % 4 == 0 || i == 31 ? "\n" : "  ");
}

void arch_dump_registers(const struct trap_frame *tf)
{
    fmt_print(log_raw_sink(), "hart %llu: ", (unsigned long long)this_cpu()->arch.hartid);
    if (tf)
        dump_trap(tf);
    else
        dump_here();
}
