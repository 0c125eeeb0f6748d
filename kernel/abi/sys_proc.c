/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes: birth, end, waiting, groups, sessions, and what a process says of itself (prctl). */
#include "args.h"
#include "syscall.h"

#include <abi/linux/fcntl.h>
#include <abi/linux/prctl.h>
#include <abi/linux/sched.h>
#include <abi/linux/signal.h>
#include <abi/linux/wait.h>
#include <fs/fdtable.h>
#include <fs/pidfd.h>
#include <kernel/cred.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <lib/string.h>
#include <mm/usercopy.h>

#include "usage.h"

/* --- who am I: the shortest calls there are, without a lock --- */

SYSCALL0(getpid)
{
    return current_pid();
}

SYSCALL0(getppid)
{
    return READ_ONCE(current_process()->ppid);
}

SYSCALL0(gettid)
{
    return current_thread()->tid;
}

/* --- birth and end --- */

/* A child's pidfd, on its way into the caller's table. */
struct pidfd_on_the_way {
    int fd;
    struct file *file;
};

static void deliver_pidfd(struct process *child, void *arg)
{
    struct pidfd_on_the_way *to = arg;

    pidfd_set(to->file, child);
    fd_fill(to->fd, to->file);
}

/* CLONE_PIDFD: everything that may fail comes before the child. The number is written to `addr`. */
static long fork_with_pidfd(struct fork_args args, vaddr_t addr, struct trap_frame *tf)
{
    struct pidfd_on_the_way pidfd = {.fd = fd_reserve(0, O_CLOEXEC)};
    long pid;

    if (pidfd.fd < 0)
        return pidfd.fd;
    pidfd.file = pidfd_make();
    pid = pidfd.file ? copyout_obj(addr, &pidfd.fd) : -ENOMEM;
    args.born = deliver_pidfd;
    args.born_arg = &pidfd;
    if (!pid)
        pid = process_fork(&args, tf);
    if (pid < 0) {
        fd_cancel(pidfd.fd);
        if (pidfd.file)
            file_put(pidfd.file);
    }
    return pid;
}

/* clone(flags, stack, parent_tid, tls, child_tid): the order of arguments that riscv has. */
SYSCALL_FRAME(clone)
{
    u64 flags = tf_arg(tf, 0);
    struct fork_args args = {
        .flags = flags & 0xffffffff & ~(u64)CSIGNAL,
        .exit_signal = (int)(flags & CSIGNAL),
        .stack = tf_arg(tf, 1),
        .parent_tid = tf_arg(tf, 2),
        .tls = tf_arg(tf, 3),
        .child_tid = tf_arg(tf, 4),
    };

    if (!(flags & CLONE_PIDFD))
        return process_fork(&args, tf);
    if (flags & (CLONE_PARENT_SETTID | CLONE_DETACHED)) /* the former's place is taken */
        return -EINVAL;
    return fork_with_pidfd(args, args.parent_tid, tf);
}

/* What is behind the struct that we know must be zero: E2BIG, as on Linux. */
static int check_rest(vaddr_t addr, size_t size)
{
    u64 word;

    if (size > PAGE_SIZE)
        return -E2BIG;
    for (size_t at = sizeof(struct linux_clone_args); at < size; at += sizeof(word)) {
        word = 0;
        if (copyin(&word, addr + at, MIN(sizeof(word), size - at)))
            return -EFAULT;
        if (word)
            return -E2BIG;
    }
    return 0;
}

static bool clone_args_make_sense(const struct linux_clone_args *in)
{
    if (in->flags & (CSIGNAL | CLONE_DETACHED))
        return false;
    if (!in->set_tid != !in->set_tid_size || in->set_tid_size > PID_NS_LEVELS)
        return false;
    if (!in->stack != !in->stack_size || in->stack + in->stack_size < in->stack)
        return false;
    return !(in->flags & CLONE_THREAD) || !in->exit_signal;
}

/* clone3(args, size): the same with named arguments, and a stack that is given by its extent. */
SYSCALL_FRAME(clone3)
{
    struct linux_clone_args in = {.flags = 0};
    int wished[PID_NS_LEVELS];
    vaddr_t addr = tf_arg(tf, 0);
    size_t size = tf_arg(tf, 1);
    int err = size < CLONE_ARGS_SIZE_VER0 ? -EINVAL : check_rest(addr, size);

    if (err)
        return err;
    if (copyin(&in, addr, MIN(size, sizeof(in))))
        return -EFAULT;
    if (!clone_args_make_sense(&in) || in.exit_signal > NSIG)
        return -EINVAL;
    if (copyin(wished, in.set_tid, in.set_tid_size * sizeof(wished[0])))
        return -EFAULT;
    struct fork_args args = {
        .flags = in.flags,
        .exit_signal = (int)in.exit_signal,
        .stack = in.stack + in.stack_size,
        .parent_tid = in.parent_tid,
        .tls = in.tls,
        .child_tid = in.child_tid,
        .wish = {.number = wished, .count = (unsigned)in.set_tid_size},
    };

    return in.flags & CLONE_PIDFD ? fork_with_pidfd(args, in.pidfd, tf) : process_fork(&args, tf);
}

SYSCALL1(exit, int, status)
{
    process_exit_thread(status & 0xff);
}

SYSCALL1(exit_group, int, status)
{
    process_exit((status & 0xff) << 8);
}

/* --- waiting --- */

static int put_rusage(vaddr_t to, const struct usage *usage)
{
    struct linux_rusage out;

    if (!to)
        return 0;
    usage_to_rusage(usage, &out);
    return copyout_obj(to, &out);
}

SYSCALL4(wait4, int, pid, vaddr_t, status, int, options, vaddr_t, rusage)
{
    struct wait_request request = {.options = options | WEXITED};
    struct wait_result result;
    int rc;

    if (options & ~(int)(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL | (int)__WCLONE))
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    request.who = pid == -1 ? WAIT_ANY : pid > 0 ? WAIT_PID : WAIT_PGRP;
    request.id = pid == 0 ? process_pgid(current_process()) : pid_of_seen(pid > 0 ? pid : -pid);
    rc = process_wait(&request, &result);
    if (rc <= 0)
        return rc;
    if (status && copyout_obj(status, &result.status))
        return -EFAULT;
    return put_rusage(rusage, &result.usage) ? -EFAULT : rc;
}

/* The SIGCHLD information of what was waited for; all zero when nothing was. */
static int put_wait_info(vaddr_t to, const struct wait_result *result, bool found)
{
    struct linux_siginfo info;

    if (!to)
        return 0;
    sig_info_init(&info, 0, 0);
    if (found) {
        info.si_signo = SIGCHLD;
        info.si_code = result->code;
        info.chld.pid = result->pid;
        info.chld.uid = result->uid;
        info.chld.status = result->value;
    }
    return copyout_obj(to, &info);
}

/* P_PIDFD: the child whose file it is. One that does not block makes the call return at once. */
static int wait_for_pidfd(int fd, struct wait_request *request)
{
    struct fd_ref ref = fd_get(fd);
    struct process *p = ref.file ? pidfd_process(ref.file) : NULL;
    int err = p ? 0 : -EBADF;

    if (p) {
        request->who = WAIT_PID;
        request->id = process_pid(p);
        if (READ_ONCE(p->state) == PROCESS_REAPED)
            err = -ECHILD;
        if (ref.file->flags & O_NONBLOCK)
            request->options |= WNOHANG;
    }
    fd_put(ref);
    return err;
}

SYSCALL5(waitid, int, type, int, id, vaddr_t, info, int, options, vaddr_t, rusage)
{
    struct wait_request request = {.id = pid_of_seen(id), .options = options};
    struct wait_result result;
    int rc;

    if (options & ~(int)(WNOHANG | WEXITED | WSTOPPED | WCONTINUED | WNOWAIT | __WNOTHREAD |
                         __WALL | (int)__WCLONE) ||
        !(options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    if (type == P_ALL)
        request.who = WAIT_ANY;
    else if ((type == P_PID && id > 0) || (type == P_PGID && id >= 0))
        request.who = type == P_PID ? WAIT_PID : WAIT_PGRP;
    else if (type != P_PIDFD || id < 0)
        return -EINVAL;
    if (type == P_PGID && id == 0)
        request.id = process_pgid(current_process());
    rc = type == P_PIDFD ? wait_for_pidfd(id, &request) : 0;
    if (!rc)
        rc = process_wait(&request, &result);
    if (!rc && (request.options & ~options & WNOHANG))
        rc = -EAGAIN;
    if (rc < 0)
        return rc;
    if (rc > 0 && put_rusage(rusage, &result.usage))
        return -EFAULT;
    return put_wait_info(info, &result, rc > 0);
}

/* --- groups and sessions --- */

SYSCALL2(setpgid, int, pid, int, pgid)
{
    return process_setpgid(pid, pgid);
}

SYSCALL1(getpgid, int, pid)
{
    return process_getpgid(pid);
}

SYSCALL1(getsid, int, pid)
{
    return process_getsid(pid);
}

SYSCALL0(setsid)
{
    return process_setsid();
}

/* --- prctl --- */

static long set_name(vaddr_t addr)
{
    char name[THREAD_NAME_MAX] = {0};
    ssize_t n = copyinstr(name, addr, sizeof(name));

    if (n < 0 && n != -ENAMETOOLONG)
        return n;
    name[sizeof(name) - 1] = 0;
    return process_set_name(current_process(), current_thread()->tid, name);
}

static long get_name(vaddr_t addr)
{
    char name[THREAD_NAME_MAX] = {0};

    strlcpy(name, current_thread()->name, sizeof(name));
    return copyout_obj(addr, &name);
}

static long set_death_signal(u64 sig)
{
    if (sig > NSIG)
        return -EINVAL;
    current_process()->parent_death_signal = (int)sig;
    return 0;
}

static long get_subreaper(vaddr_t addr)
{
    s32 is_one = current_process()->subreaper;

    return copyout_obj(addr, &is_one);
}

static long bounding_has(u64 cap)
{
    return cap > CAP_LAST ? -EINVAL : caps_has(current_cred()->caps.bounding, (unsigned)cap);
}

static long ambient(u64 what, u64 cap)
{
    switch (what) {
    case PR_CAP_AMBIENT_IS_SET:
        return caps_is_ambient((unsigned)MIN(cap, CAP_LAST + 1ul));
    case PR_CAP_AMBIENT_RAISE:
    case PR_CAP_AMBIENT_LOWER:
        return caps_set_ambient((unsigned)MIN(cap, CAP_LAST + 1ul), what == PR_CAP_AMBIENT_RAISE);
    case PR_CAP_AMBIENT_CLEAR_ALL:
        return cap ? -EINVAL : caps_clear_ambient();
    default:
        return -EINVAL;
    }
}

static long set_dumpable(u64 dumpable)
{
    if (dumpable > 1)
        return -EINVAL;
    current_process()->undumpable = !dumpable;
    return 0;
}

static long set_no_new_privs(void)
{
    struct cred *cred = cred_copy();

    if (!cred)
        return -ENOMEM;
    cred->no_new_privs = true;
    cred_commit(cred);
    return 0;
}

SYSCALL5(prctl, int, option, u64, arg, u64, arg3, u64, arg4, u64, arg5)
{
    switch (option) {
    case PR_SET_PDEATHSIG:
        return set_death_signal(arg);
    case PR_GET_PDEATHSIG:
        return copyout_obj(arg, &current_process()->parent_death_signal);
    case PR_SET_CHILD_SUBREAPER:
        WRITE_ONCE(current_process()->subreaper, arg != 0);
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return get_subreaper(arg);
    case PR_SET_NAME:
        return set_name(arg);
    case PR_GET_NAME:
        return get_name(arg);
    case PR_GET_DUMPABLE:
        return !current_process()->undumpable;
    case PR_SET_DUMPABLE:
        return set_dumpable(arg);
    case PR_GET_KEEPCAPS:
        return !!(current_cred()->securebits & SECURE_KEEP_CAPS);
    case PR_SET_KEEPCAPS:
        return caps_set_keep(arg);
    case PR_GET_SECUREBITS:
        return current_cred()->securebits;
    case PR_SET_SECUREBITS:
        return caps_set_securebits(arg);
    case PR_CAP_AMBIENT:
        return arg4 || arg5 ? -EINVAL : ambient(arg, arg3);
    case PR_CAPBSET_READ:
        return bounding_has(arg);
    case PR_CAPBSET_DROP:
        return arg <= CAP_LAST ? caps_drop_bounding((unsigned)arg) : -EINVAL;
    case PR_GET_TIMERSLACK: /* timers are as exact as the clock */
        return 1;
    case PR_SET_TIMERSLACK:
        return 0;
    case PR_SET_NO_NEW_PRIVS:
        return arg == 1 && !arg3 && !arg4 && !arg5 ? set_no_new_privs() : -EINVAL;
    case PR_GET_NO_NEW_PRIVS:
        return arg || arg3 || arg4 || arg5 ? -EINVAL : current_cred()->no_new_privs;
    default:
        return -EINVAL;
    }
}
