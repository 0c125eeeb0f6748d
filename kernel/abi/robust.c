/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Robust locks, and the word that says that a thread has ended.
 *
 * A thread's C library keeps a list of the robust mutexes that the thread holds, in the thread's own
 * memory. When the thread leaves that memory - it ends, or runs another program - each lock that
 * still bears its tid is marked FUTEX_OWNER_DIED and one waiter is woken. The list is the program's:
 * it may be cut short, run in a circle or lead anywhere. What cannot be read ends the walk, and its
 * length is bounded. After that, clear_child_tid is cleared and woken, which ends pthread_join.
 * No locks.
 */
#include "futex.h"
#include "syscall.h"

#include <abi/linux/futex.h>
#include <base/init.h>
#include <kernel/cred.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <mm/usercopy.h>
#include <mm/uvm.h>

/* As on Linux; nobody holds so many. */
#define ROBUST_MOST 2048

/* --- the walk --- */

/* `pending`: the lock that was being taken or released when the thread ended, perhaps. */
static int release_lock(vaddr_t word, bool pi, bool pending)
{
    u32 tid = (u32)current_thread()->tid;
    u32 seen;
    u32 value;
    int err = user_load32(word, &value);

    /* Released already, but whoever waits may not have been woken: then that is done here. */
    if (!err && pending && !pi && !value)
        return (int)MIN(futex_wake_address(word, 1), 0);
    while (!err && (value & FUTEX_TID_MASK) == tid) {
        err = user_cas32(word, value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &seen);
        if (!err && seen == value) {
            if ((value & FUTEX_WAITERS) && !pi)
                (void)futex_wake_address(word, 1);
            return 0;
        }
        value = seen;
    }
    return err;
}

/* A pointer of the list: bit 0 says that the lock inherits priorities. */
static vaddr_t lock_of(const struct robust_list_head *head, u64 entry)
{
    return (entry & ~1ul) + (u64)head->futex_offset;
}

static void walk(const struct robust_list_head *head, vaddr_t address)
{
    u64 entry = head->list;
    u64 next;

    for (unsigned i = 0; i < ROBUST_MOST && (entry & ~1ul) != address; i++) {
        /* The next one first: once its lock is released, somebody else may change the entry. */
        int err = copyin_obj(&next, entry & ~1ul);
        if (entry != head->list_op_pending && release_lock(lock_of(head, entry), entry & 1, false))
            return;
        if (err)
            return;
        entry = next;
        cond_yield();
    }
}

static void release_locks(struct thread *t)
{
    struct robust_list_head head;

    if (!t->robust_list || copyin_obj(&head, t->robust_list))
        return;
    walk(&head, t->robust_list);
    if (head.list_op_pending)
        (void)release_lock(lock_of(&head, head.list_op_pending), head.list_op_pending & 1, true);
}

/* --- the end of a thread --- */

static void clear_tid(struct thread *t)
{
    vaddr_t addr = t->clear_child_tid;

    t->clear_child_tid = 0;
    if (!addr || !uvm_is_shared(t->uvm))
        return; /* nobody else can see the word */
    if (!user_store32(addr, 0))
        (void)futex_wake_address(addr, 1);
}

static void thread_exit_memory(struct thread *t)
{
    if (!t->uvm)
        return;
    release_locks(t);
    futex_pi_thread_gone(t);
    t->robust_list = 0;
    clear_tid(t);
}

/* In its new program it can have locks again. */
static void exec_memory(struct process *p)
{
    (void)p;
    current_thread()->pi_gone = false;
}

static const struct proc_part futex_part = {
    .name = "futex", .thread_exit = thread_exit_memory, .exec = exec_memory};

static void robust_init(void)
{
    proc_part_register(PROC_PART_FUTEX, &futex_part);
}
INITCALL(INIT_FS, robust_init);

/* --- the calls --- */

SYSCALL2(set_robust_list, vaddr_t, head, size_t, len)
{
    if (len != sizeof(struct robust_list_head))
        return -EINVAL;
    current_thread()->robust_list = head;
    return 0;
}

/* The thread's process, referenced; NULL: there is no such thread. */
static struct process *find_list(int tid, vaddr_t *head)
{
    irqflags_t flags = spin_lock(&process_lock);
    struct thread *t = tid ? process_find_thread(tid) : current_thread();
    struct process *p = t ? t->process : NULL;

    if (p) {
        *head = t->robust_list;
        process_get(p);
    }
    spin_unlock(&process_lock, flags);
    return p;
}

static int robust_list_of(int tid, vaddr_t *head)
{
    struct process *p = find_list(tid, head);
    int err;

    if (!p)
        return -ESRCH;
    err = permit_look(p);
    process_put(p);
    return err;
}

SYSCALL3(get_robust_list, int, tid, vaddr_t, head, vaddr_t, len)
{
    size_t size = sizeof(struct robust_list_head);
    vaddr_t list;
    int err = robust_list_of(tid, &list);

    if (!err)
        err = copyout_obj(len, &size);
    return err ? err : copyout_obj(head, &list);
}

SYSCALL1(set_tid_address, vaddr_t, addr)
{
    current_thread()->clear_child_tid = addr;
    return current_thread()->tid;
}
