/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start-up order of the portable kernel.
 *
 * kernel_main() runs on the boot stack: the facts of the machine, memory, the final tables. Then on
 * the idle thread's stack: traps, the scheduler. Everything that may sleep happens in the start
 * thread: drivers, file systems, the other cpus, and at last pid 1 or a self-test.
 */
#include <arch/boot.h>
#include <arch/context.h>
#include <arch/cpu.h>
#include <base/build.h>
#include <base/init.h>
#include <base/log.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <kernel/boot_data.h>
#include <kernel/cmdline.h>
#include <kernel/cpus.h>
#include <kernel/exit.h>
#include <kernel/init.h>
#include <kernel/kthread.h>
#include <kernel/power.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/selftest.h>
#include <kernel/time.h>
#include <lib/err.h>
#include <lib/fdt.h>
#include <lib/fmt.h>
#include <mm/kstack.h>
#include <mm/kvm.h>
#include <mm/page.h>
#include <mm/region.h>

static void (*program_start)(struct trap_frame *tf);

void init_program_register(void (*start)(struct trap_frame *tf))
{
    program_start = start;
}

static void run_level(int level)
{
    for (const struct initcall *call = __initcalls_start; call < __initcalls_end; call++) {
        if (call->level == level)
            call->fn();
    }
}

/* --- what panic asks the layers above --- */

static void what_runs(u32 cpu, char *buf, size_t len)
{
    struct thread *t = cpu_table[cpu].current;

    if (!t)
        fmt_snprintf(buf, len, "start-up");
    else if (t->process)
        fmt_snprintf(buf, len, "pid %d %s", process_pid(t->process), t->name);
    else
        fmt_snprintf(buf, len, "kernel thread %s", t->name);
}

static void reset_after_panic(void)
{
    power_try(POWER_RESET);
}

/* --- the start thread --- */

static void start_thread(void *arg)
{
    int err;

    (void)arg;
    run_level(INIT_IRQ);
    cpus_start();
    run_level(INIT_DRIVER);
    run_level(INIT_FS);
    run_level(INIT_LATE);
    boot_data_wipe();
    if (selftest_wanted())
        selftest_run();
    if (!program_start)
        panic("nothing in this image can load a program");
    err = process_start_init(program_start);
    if (err < 0)
        panic("no memory for pid 1 (error %d)", -err);
}

/* --- the boot cpu --- */

static void check_tables(void)
{
    char report[LOG_LINE_MAX];
    const char *wrong = kvm_check(report, sizeof(report));

    if (wrong)
        panic("kernel page table: %s", wrong);
    log_info("kernel page table: %s", report);
}

/* On the idle thread's stack, whose guard is in place. */
static void main_on_stack(void)
{
    struct thread *t;

    arch_cpu_init();
    sched_start_cpu();
    check_tables();
    run_level(INIT_MM);
    exit_init();
    t = thread_create_kernel("start", start_thread, NULL, 0);
    if (IS_ERR(t))
        panic("no memory for the first thread");
    sched_idle();
}

static void give_entry_pages(void)
{
    void *page;

    for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
        page = early_alloc(PAGE_SIZE, PAGE_SIZE);
        if (!page)
            panic("no memory for the entry pages of %u cpus", cpu_count());
        arch_set_entry_page(cpu, page);
    }
}

static void set_up_memory(const struct boot_info *info)
{
    give_entry_pages();
    kvm_init(info);
    arch_paging_done(kvm_root());
    early_all_mapped();
    boot_data_erase_seed();
    if (page_init())
        panic("no memory for the page arrays");
    kvm_adopt();
}

static void learn_machine(const struct boot_info *info)
{
    struct fdt *fdt = boot_data_read_tree(info);

    if (region_init(info, fdt))
        panic("the memory that the device tree describes cannot be used");
    region_print();
    boot_data_tree_moved();
    if (arch_probe_cpus(fdt))
        panic("the cpus that the device tree describes cannot be used");
    time_init();
    time_set_realtime(build_date() * NSEC_PER_SEC);
}

void kernel_main(const struct boot_info *info)
{
    vaddr_t stack_top;

    panic_hooks = (struct panic_hooks){
        .what_runs = what_runs, .stack_owner = kstack_owner, .reset = reset_after_panic};
    learn_machine(info);
    run_level(INIT_EARLY);
    run_level(INIT_CONSOLE);
    set_up_memory(info);
    if (cpus_prepare(0, &stack_top))
        panic("no memory for the first kernel stacks");
    arch_run_on_stack(stack_top, main_on_stack);
}
