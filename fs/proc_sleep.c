/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/<pid>/syscall and wchan: what a thread waits for in the kernel. */
#include <fs/proc_pid.h>

#include <arch/trap.h>
#include <kernel/process.h>
#include <lib/errno.h>

enum place { NOWHERE, RUNS, IN_CALL, IN_FAULT };

/* Where a thread is, and its registers if it sleeps or asks about itself. */
static enum place place_of(struct process *p, int tid, struct trap_frame *out)
{
    enum place place = NOWHERE;
    irqflags_t flags = spin_lock(&process_lock);
    struct thread *t = process_thread(p, tid);

    if (t && t != current_thread() && thread_state_letter(t) == 'R') {
        place = RUNS;
    } else if (t) {
        *out = *t->user_frame;
        place = tf_is_syscall(out) ? IN_CALL : IN_FAULT;
    }
    spin_unlock(&process_lock, flags);
    return place;
}

static int tid_of(const struct seq *seq)
{
    int tid = proc_seq_tid(seq);

    return tid ? tid : proc_seq_process(seq)->own_pid;
}

/* The number of the call, its arguments, the stack pointer, the pc; as Linux, -1 where it is no call. */
int proc_show_syscall(struct seq *seq)
{
    struct trap_frame tf = {0}; /* not every compiler sees that it is only looked at when filled */

    switch (place_of(proc_seq_process(seq), tid_of(seq), &tf)) {
    case NOWHERE:
        return -ESRCH;
    case RUNS:
        seq_print(seq, "running\n");
        return 0;
    case IN_CALL:
        seq_print(seq, "%lu", tf_syscall_nr(&tf));
        for (unsigned i = 0; i < 6; i++)
            seq_print(seq, " 0x%lx", tf_arg(&tf, i));
        break;
    case IN_FAULT:
        seq_print(seq, "-1");
        break;
    }
    seq_print(seq, " 0x%lx 0x%lx\n", tf_sp(&tf), tf_pc(&tf));
    return 0;
}

/* The function of the kernel in which a thread sleeps is not kept: 0, as Linux says where it cannot tell. */
int proc_show_wchan(struct seq *seq)
{
    seq_print(seq, "0");
    return 0;
}
