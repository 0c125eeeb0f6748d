/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/<pid>/oom_score and oom_score_adj: who would die when memory runs out (include/kernel/oom.h). */
#include <fs/proc_pid.h>

#include <kernel/oom.h>
#include <kernel/process.h>
#include <lib/errno.h>
#include <lib/num.h>

int proc_show_oom_score(struct seq *seq)
{
    seq_print(seq, "%u\n", oom_score(proc_seq_process(seq)));
    return 0;
}

int proc_show_oom_score_adj(struct seq *seq)
{
    seq_print(seq, "%d\n", READ_ONCE(proc_seq_process(seq)->oom_score_adj));
    return 0;
}

int proc_store_oom_score_adj(struct process *p, int tid, const char *text)
{
    bool negative = text[0] == '-';
    u64 value;

    (void)tid;
    if (num_parse_u64(text + negative, 0, &value) || value > OOM_ADJ_MAX)
        return -EINVAL;
    return oom_set_adj(p, negative ? -(int)value : (int)value);
}
