/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux riscv64: signal numbers, actions, information. */
#ifndef ABI_LINUX_SIGNAL_H
#define ABI_LINUX_SIGNAL_H

#include <lib/types.h>

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGBUS    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGSTKFLT 16
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGIO     29
#define SIGPWR    30
#define SIGSYS    31
#define SIGRTMIN  32
#define SIGRTMAX  64
#define NSIG      64 /* signals are 1..NSIG; signal n is bit n - 1 of a set */

#define SIG_DFL 0ul
#define SIG_IGN 1ul

#define SA_NOCLDSTOP 0x00000001ul
#define SA_NOCLDWAIT 0x00000002ul
#define SA_SIGINFO   0x00000004ul
#define SA_ONSTACK   0x08000000ul
#define SA_RESTART   0x10000000ul
#define SA_NODEFER   0x40000000ul
#define SA_RESETHAND 0x80000000ul
/* Others are forgotten, so that a program can find out what there is (sigaction(2), "Dynamically probing"). */
#define SA_KNOWN \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND)

/* riscv64 has no sa_restorer: the kernel supplies the return code. */
struct linux_sigaction {
    u64 sa_handler;
    u64 sa_flags;
    u64 sa_mask;
};
static_assert(sizeof(struct linux_sigaction) == 24, "struct sigaction");

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

struct linux_stack {
    u64 ss_sp;
    s32 ss_flags;
    s32 ss_pad;
    u64 ss_size;
};
static_assert(sizeof(struct linux_stack) == 24, "stack_t");

#define SS_ONSTACK    1
#define SS_DISABLE    2
#define SS_AUTODISARM (1u << 31)
#define MINSIGSTKSZ   2048

/* Which of the union's members holds follows from si_signo and si_code. */
struct linux_siginfo {
    s32 si_signo;
    s32 si_errno;
    s32 si_code;
    s32 si_pad0;
    union {
        struct {
            s32 pid;
            u32 uid;
            u64 value; /* sigqueue */
        } kill;
        struct {
            s32 timerid;
            s32 overrun;
            u64 value;
        } timer;
        struct {
            s32 pid;
            u32 uid;
            s32 status;
            s32 pad;
            s64 utime; /* clock ticks */
            s64 stime;
        } chld;
        struct {
            u64 addr;
        } fault;
        struct {
            s64 band;
            s32 fd;
            s32 pad;
        } poll;
        u8 si_pad[112];
    };
};
static_assert(sizeof(struct linux_siginfo) == 128, "siginfo_t");
static_assert(offsetof(struct linux_siginfo, kill.value) == 24, "si_value");
static_assert(offsetof(struct linux_siginfo, chld.status) == 24, "si_status");
static_assert(offsetof(struct linux_siginfo, chld.utime) == 32, "si_utime");
static_assert(offsetof(struct linux_siginfo, fault.addr) == 16, "si_addr");

#define SI_USER   0
#define SI_KERNEL 0x80
#define SI_QUEUE  (-1)
#define SI_TIMER  (-2)
#define SI_TKILL  (-6)

#define SIGEV_SIGNAL    0
#define SIGEV_NONE      1
#define SIGEV_THREAD    2 /* for the C library: a signal, for the kernel */
#define SIGEV_THREAD_ID 4

struct linux_sigevent {
    u64 sigev_value;
    s32 sigev_signo;
    s32 sigev_notify;
    s32 sigev_tid;
    s32 pad[11];
};
static_assert(sizeof(struct linux_sigevent) == 64, "struct sigevent");

#define ILL_ILLOPC 1
#define ILL_ILLTRP 4
#define ILL_PRVOPC 5

#define FPE_INTDIV 1

#define SEGV_MAPERR 1
#define SEGV_ACCERR 2

#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define BUS_OBJERR 3

#define TRAP_BRKPT 1

#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_TRAPPED   4
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

#endif
