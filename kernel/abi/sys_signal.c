/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: the arguments of the calls, brought into the shape that kernel/signal.c works on. */
#include "args.h"
#include "syscall.h"

#include <kernel/process.h>
#include <kernel/time.h>
#include <mm/usercopy.h>

static bool is_signal(int sig)
{
    return sig >= 1 && sig <= NSIG;
}

SYSCALL2(kill, int, pid, int, sig)
{
    return sig_kill(pid, sig, NULL);
}

/* tkill and tgkill tell that they were used. */
static long kill_thread(int tgid, int tid, int sig)
{
    struct linux_siginfo info;

    sig_info_from_caller(&info, sig, SI_TKILL);
    return sig_kill_thread(tgid, tid, sig, &info);
}

SYSCALL2(tkill, int, tid, int, sig)
{
    return tid <= 0 ? -EINVAL : kill_thread(-1, tid, sig);
}

SYSCALL3(tgkill, int, tgid, int, tid, int, sig)
{
    return tgid <= 0 || tid <= 0 ? -EINVAL : kill_thread(tgid, tid, sig);
}

/* A program may say anything but that the kernel, or kill, has sent it: unless to itself. */
static int queued_info(int pid, int sig, vaddr_t from, struct linux_siginfo *info)
{
    if (copyin_obj(info, from))
        return -EFAULT;
    if ((info->si_code >= 0 || info->si_code == SI_TKILL) && pid != current_pid())
        return -EPERM;
    info->si_signo = sig;
    return 0;
}

SYSCALL3(rt_sigqueueinfo, int, pid, int, sig, vaddr_t, from)
{
    struct linux_siginfo info;
    int err = pid > 0 ? queued_info(pid, sig, from, &info) : -EINVAL;

    return err ? err : sig_kill(pid, sig, &info);
}

SYSCALL4(rt_tgsigqueueinfo, int, tgid, int, tid, int, sig, vaddr_t, from)
{
    struct linux_siginfo info;
    int err = tgid > 0 && tid > 0 ? queued_info(tgid, sig, from, &info) : -EINVAL;

    return err ? err : sig_kill_thread(tgid, tid, sig, &info);
}

SYSCALL4(rt_sigaction, int, sig, vaddr_t, from, vaddr_t, to, size_t, size)
{
    struct linux_sigaction in;
    struct linux_sigaction out;
    struct sig_action new;
    struct sig_action old;
    int err;

    if (size != sizeof(sigset_mask) || !is_signal(sig))
        return -EINVAL;
    if (from) {
        if (copyin_obj(&in, from))
            return -EFAULT;
        new =
            (struct sig_action){.handler = in.sa_handler, .flags = in.sa_flags, .mask = in.sa_mask};
    }
    err = sig_set_action(sig, from ? &new : NULL, &old);
    if (err || !to)
        return err;
    out = (struct linux_sigaction){
        .sa_handler = old.handler, .sa_flags = old.flags, .sa_mask = old.mask};
    return copyout_obj(to, &out);
}

SYSCALL4(rt_sigprocmask, int, how, vaddr_t, from, vaddr_t, to, size_t, size)
{
    sigset_mask set = 0;
    sigset_mask old;
    int err;

    if (size != sizeof(set))
        return -EINVAL;
    if (from && copyin_obj(&set, from))
        return -EFAULT;
    err = sig_set_mask(how, from ? &set : NULL, &old);
    return err || !to ? err : copyout_obj(to, &old);
}

SYSCALL2(rt_sigpending, vaddr_t, to, size_t, size)
{
    sigset_mask set;

    if (size > sizeof(set))
        return -EINVAL;
    set = sig_pending_set();
    return copyout(to, &set, size);
}

SYSCALL2(rt_sigsuspend, vaddr_t, from, size_t, size)
{
    sigset_mask set;
    int err = args_sigset(from, size, &set);

    return err ? err : sig_suspend(set);
}

SYSCALL4(rt_sigtimedwait, vaddr_t, from, vaddr_t, to, vaddr_t, timeout, size_t, size)
{
    struct linux_siginfo info;
    sigset_mask set;
    u64 ns = TIME_NEVER;
    int sig = args_sigset(from, size, &set);

    if (!sig && timeout)
        sig = args_timespec(timeout, &ns);
    if (sig)
        return sig;
    sig = sig_timed_wait(set, &info, args_deadline(ns));
    if (sig > 0 && to && copyout_obj(to, &info))
        return -EFAULT;
    return sig;
}

SYSCALL_FRAME(rt_sigreturn)
{
    return sig_return(tf);
}

/* What a program asks for. 0, -EFAULT, -EINVAL, -ENOMEM. */
static int read_altstack(vaddr_t from, struct sig_altstack *out)
{
    struct linux_stack in;
    u32 mode;

    if (copyin_obj(&in, from))
        return -EFAULT;
    mode = (u32)in.ss_flags & ~SS_AUTODISARM;
    *out = (struct sig_altstack){.flags = (u32)in.ss_flags & SS_AUTODISARM};
    if (mode == SS_DISABLE)
        return 0;
    if (mode != SS_ONSTACK && mode != 0)
        return -EINVAL;
    out->base = in.ss_sp;
    out->size = in.ss_size;
    return in.ss_size < MINSIGSTKSZ ? -ENOMEM : 0;
}

/* The registers' sp tells whether the program stands on the stack that it wants to change. */
SYSCALL_FRAME(sigaltstack)
{
    vaddr_t from = tf_arg(tf, 0);
    vaddr_t to = tf_arg(tf, 1);
    struct sig_altstack new;
    struct sig_altstack old;
    u32 flags = sig_altstack_flags(tf_sp(tf));
    int err = from ? read_altstack(from, &new) : 0;

    if (err && err != -EFAULT && sig_on_altstack(tf_sp(tf)))
        err = -EPERM; /* which comes first */
    if (!err)
        err = sig_set_altstack(from ? &new : NULL, &old, tf_sp(tf));
    if (err || !to)
        return err;
    struct linux_stack out = {.ss_sp = old.base, .ss_flags = (s32)flags, .ss_size = old.size};
    return copyout_obj(to, &out);
}
