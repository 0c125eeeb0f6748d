/* SPDX-License-Identifier: BSD-2-Clause */
/* See fs_machine.h. */
#include "fs_machine.h"
#include "hostmachine.h"
#include "mm_machine.h"
#include <abi/linux/resource.h>
#include <base/percpu.h>
#include <fs/fdtable.h>
#include <fs/fscontext.h>
#include <kernel/cred.h>
#include <kernel/namespace.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <kernel/time.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/slab.h>
#include <mm/usercopy.h>
#include <stdlib.h>

u8 fs_user[FS_USER_SIZE];
struct process fs_process;
struct spinlock process_lock = SPINLOCK_INIT("processes");
u64 fs_clock = 1;
int fs_last_signal;

static struct groups no_groups = {.refs = 1};
struct cred fs_cred;
static struct thread fs_thread;

void fs_machine_become(u32 user, u32 group, u64 caps)
{
    fs_cred = (struct cred){.refs = 1,
                            .user = {user, user, user, user},
                            .group = {group, group, group, group},
                            .caps = {.effective = caps, .permitted = caps},
                            .groups = &no_groups};
}

void fs_machine_boot(size_t size)
{
    mm_machine_boot(size);
    memset(&fs_process, 0, sizeof(fs_process));
    memset(&fs_thread, 0, sizeof(fs_thread));
    fs_machine_become(0, 0, CAPS_ALL);
    fs_process.node.id = 1;
    fs_process.leader = &fs_thread;
    for (unsigned i = 0; i < RLIMIT_COUNT; i++)
        fs_process.limit[i] = (struct rlimit){RLIMIT_NONE, RLIMIT_NONE};
    fs_process.limit[RLIMIT_NOFILE].soft = 1024;
    fs_thread.process = &fs_process;
    fs_thread.cred = &fs_cred;
    this_cpu()->current = &fs_thread;
}

void fs_machine_adopt(void)
{
    if (fdtable_part.thread_fork(&fs_thread, 0) || fs_context_part.thread_fork(&fs_thread, 0))
        abort();
}

void fs_machine_forget(void)
{
    fdtable_part.thread_end(&fs_thread);
    fs_context_part.thread_end(&fs_thread);
}

u64 fs_machine_objects(void)
{
    struct slab_stats stats;
    u64 sum = 0;

    for (unsigned i = 0; slab_stats(i, &stats); i++)
        sum += stats.used;
    return sum;
}

/* --- the kernel's part ----------------------------------------------------------------------- */

static struct ns first_mounts = {.refs = 1, .type = NS_MNT};
struct namespaces first_namespaces = {.refs = 1, .ns = {[NS_MNT] = &first_mounts}};
const struct ns_part *fs_mounts_part;

void ns_part_register(enum ns_type type, unsigned slot, const struct ns_part *part, void *first)
{
    (void)slot;
    (void)first;
    if (type == NS_MNT)
        fs_mounts_part = part;
}

struct thread *process_thread_or_any(struct process *p, int tid)
{
    (void)tid;
    return p->leader;
}

u64 time_realtime_ns(void)
{
    return fs_clock++;
}

u64 time_now_ns(void)
{
    return fs_clock;
}

int sig_send_thread(struct thread *t, int sig, const struct linux_siginfo *info)
{
    (void)t;
    (void)info;
    fs_last_signal = sig;
    return 0;
}

int sig_send_process(struct process *p, int sig, const struct linux_siginfo *info)
{
    (void)p;
    (void)info;
    fs_last_signal = sig;
    return 0;
}

bool sig_fatal_pending(void)
{
    return false;
}

u64 rlimit_current(unsigned resource)
{
    return fs_process.limit[resource].soft;
}

/* --- user memory ----------------------------------------------------------------------------- */

/* NULL: not the program's. */
static u8 *user(vaddr_t at, size_t n)
{
    if (at < FS_USER || n > FS_USER_SIZE || at - FS_USER > FS_USER_SIZE - n)
        return NULL;
    return fs_user + (at - FS_USER);
}

int copyin(void *dst, vaddr_t src, size_t n)
{
    const u8 *from = user(src, n);

    if (!from)
        return -EFAULT;
    memcpy(dst, from, n);
    return 0;
}

int copyout(vaddr_t dst, const void *src, size_t n)
{
    u8 *to = user(dst, n);

    if (!to)
        return -EFAULT;
    memcpy(to, src, n);
    return 0;
}

int copyout_zero(vaddr_t dst, size_t n)
{
    u8 *to = user(dst, n);

    if (!to)
        return -EFAULT;
    memset(to, 0, n);
    return 0;
}
