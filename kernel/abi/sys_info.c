/* SPDX-License-Identifier: BSD-2-Clause */
/* What the system says of itself, its log, random numbers, and its end. */
#include "syscall.h"

#include <abi/linux/hwprobe.h>
#include <abi/linux/membarrier.h>
#include <abi/linux/random.h>
#include <abi/linux/reboot.h>
#include <abi/linux/sysinfo.h>
#include <arch/user.h>
#include <base/log.h>
#include <base/percpu.h>
#include <fs/rng.h>
#include <kernel/caps.h>
#include <kernel/membarrier.h>
#include <kernel/pid_ns.h>
#include <kernel/power.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/selftest.h>
#include <kernel/time.h>
#include <kernel/uts.h>
#include <lib/string.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/usercopy.h>

/* --- names --- */

SYSCALL1(uname, vaddr_t, to)
{
    struct linux_utsname out;

    uts_get(&out);
    return copyout_obj(to, &out);
}

static long set_uts_name(enum uts_name which, vaddr_t from, s64 len)
{
    char text[UTS_LEN + 1] = {0};

    if (len < 0 || len > UTS_LEN)
        return -EINVAL;
    if (copyin(text, from, (size_t)len))
        return -EFAULT;
    return uts_set(which, text);
}

SYSCALL2(sethostname, vaddr_t, from, int, len)
{
    return set_uts_name(UTS_HOST, from, len);
}

SYSCALL2(setdomainname, vaddr_t, from, int, len)
{
    return set_uts_name(UTS_DOMAIN, from, len);
}

/* --- figures --- */

SYSCALL1(sysinfo, vaddr_t, to)
{
    struct page_stats pages;
    struct linux_sysinfo out = {.mem_unit = 1};

    page_stats(&pages);
    loadavg_get(out.loads);
    out.uptime = (s64)((time_now_ns() - time_boot_ns()) / NSEC_PER_SEC);
    out.totalram = pages.total * PAGE_SIZE;
    out.freeram = pages.free * PAGE_SIZE;
    out.bufferram = 0;
    out.procs = (u16)MIN(process_count(), 0xffffu);
    return copyout_obj(to, &out);
}

/* Answers pairs of key and value in place; a key that is not known comes back as -1. */
SYSCALL5(riscv_hwprobe, vaddr_t, pairs, size_t, count, size_t, cpu_bytes, vaddr_t, cpus, u32, flags)
{
    if (flags || (!cpu_bytes != !cpus))
        return -EINVAL;
    for (size_t i = 0; i < count; i++, pairs += sizeof(struct linux_hwprobe)) {
        struct linux_hwprobe pair;

        if (copyin_obj(&pair, pairs))
            return -EFAULT;
        pair.value = 0;
        if (!arch_hwprobe(pair.key, &pair.value))
            pair.key = -1;
        if (copyout_obj(pairs, &pair))
            return -EFAULT;
        cond_yield();
    }
    return 0;
}

/* --- random numbers --- */

SYSCALL3(getrandom, vaddr_t, to, size_t, len, u32, flags)
{
    u8 bytes[256];
    size_t done = 0;

    if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
        (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    len = MIN(len, 0x7ffffffful);
    while (done < len) {
        size_t n = MIN(len - done, sizeof(bytes));

        rng_bytes(bytes, n);
        if (copyout(to + done, bytes, n))
            break;
        done += n;
        cond_yield();
        if (sig_pending(current_thread()))
            break;
    }
    memset(bytes, 0, sizeof(bytes));
    return done || !len ? (long)done : -EFAULT;
}

/* --- the log --- */

enum {
    SYSLOG_CLOSE,
    SYSLOG_OPEN,
    SYSLOG_READ,
    SYSLOG_READ_ALL,
    SYSLOG_READ_CLEAR,
    SYSLOG_CLEAR,
    SYSLOG_CONSOLE_OFF,
    SYSLOG_CONSOLE_ON,
    SYSLOG_CONSOLE_LEVEL,
    SYSLOG_SIZE_UNREAD,
    SYSLOG_SIZE_BUFFER,
};

#define SYSLOG_SIZE_MAX (64 * KiB)

static long read_log(vaddr_t to, int len)
{
    char *text;
    size_t n;

    if (len < 0 || (len && !to))
        return -EINVAL;
    if (len == 0)
        return 0;
    text = kmalloc(MIN((size_t)len, SYSLOG_SIZE_MAX));
    if (!text)
        return -ENOMEM;
    n = log_read(text, MIN((size_t)len, SYSLOG_SIZE_MAX));
    int err = copyout(to, text, n);
    kfree(text);
    return err ? err : (long)n;
}

/* Levels 1 to 8 as Linux counts them: what is below the number reaches the console. */
static long set_console_level(int level)
{
    if (level < 1 || level > 8)
        return -EINVAL;
    log_set_level(level >= 8 ? LOG_DEBUG : level >= 7 ? LOG_INFO : level >= 5 ? LOG_WARN : LOG_ERR);
    return 0;
}

SYSCALL3(syslog, int, type, vaddr_t, to, int, len)
{
    if (type != SYSLOG_READ_ALL && type != SYSLOG_SIZE_BUFFER && !caps_have(CAP_SYSLOG))
        return -EPERM;
    switch (type) {
    case SYSLOG_CLOSE:
    case SYSLOG_OPEN:
        return 0;
    case SYSLOG_READ_ALL:
        return read_log(to, len);
    case SYSLOG_CONSOLE_OFF:
        return set_console_level(1);
    case SYSLOG_CONSOLE_ON:
        return set_console_level(7);
    case SYSLOG_CONSOLE_LEVEL:
        return set_console_level(len);
    case SYSLOG_SIZE_BUFFER:
        return SYSLOG_SIZE_MAX;
    default: /* to clear, or to wait for news, is not offered: /dev/kmsg or polling do */
        return -EINVAL;
    }
}

/* --- memory barriers --- */

#define MEMBARRIER_OFFERED                                      \
    (MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_PRIVATE_EXPEDITED | \
     MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)

SYSCALL2(membarrier, int, command, u32, flags)
{
    if (flags)
        return -EINVAL;
    switch (command) {
    case MEMBARRIER_CMD_QUERY:
        return MEMBARRIER_OFFERED;
    case MEMBARRIER_CMD_GLOBAL:
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
        membarrier_all();
        return 0;
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED: /* who asks is never refused */
        return 0;
    default:
        return -EINVAL;
    }
}

/* --- the end --- */

/*
 * The machine of who lives in a PID namespace is that namespace: its init ends as if by the signal
 * that says how, SIGHUP to start again and SIGINT for good (reboot(2)).
 */
static long end_namespace(u32 command)
{
    struct pid_ns *ns = current_pid_ns();
    bool again = command == LINUX_REBOOT_CMD_RESTART || command == LINUX_REBOOT_CMD_RESTART2;
    irqflags_t flags;

    if (!again && command != LINUX_REBOOT_CMD_POWER_OFF && command != LINUX_REBOOT_CMD_HALT)
        return -EINVAL;
    flags = spin_lock(&process_lock);
    if (ns->init)
        sig_begin_exit(ns->init, again ? SIGHUP : SIGINT);
    spin_unlock(&process_lock, flags);
    process_exit(0);
}

SYSCALL4(reboot, u32, magic1, u32, magic2, u32, command, vaddr_t, argument)
{
    char text[32];

    if (!caps_have(CAP_SYS_BOOT))
        return -EPERM;
    if (magic1 != LINUX_REBOOT_MAGIC1 ||
        (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
         magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
        return -EINVAL;
    if (current_pid_ns() != &pid_ns_root)
        return end_namespace(command);
    switch (command) {
    case LINUX_REBOOT_CMD_RESTART2: /* the string is the firmware's business, but must be one */
        if (copyinstr(text, argument, sizeof(text)) == -EFAULT)
            return -EFAULT;
        kernel_reboot();
    case LINUX_REBOOT_CMD_RESTART:
        kernel_reboot();
    case LINUX_REBOOT_CMD_POWER_OFF:
        selftest_at_end();
        kernel_poweroff();
    case LINUX_REBOOT_CMD_HALT:
        kernel_halt();
    case LINUX_REBOOT_CMD_CAD_ON: /* no keyboard with these keys */
    case LINUX_REBOOT_CMD_CAD_OFF:
        return 0;
    default:
        return -EINVAL;
    }
}
