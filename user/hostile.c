/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile CASE: programs that mean the kernel harm by calls that are all allowed. Each prints
 * `hostile CASE: done` when the kernel has lived through it; a hang or a panic is the failure.
 */
#include <abi/linux/futex.h>
#include <abi/linux/sched.h>
#include <abi/linux/signal.h>
#include <abi/linux/time.h>
#include <abi/linux/wait.h>

#include "lib/random.h"
#include "lib/sys.h"
#include "lib/text.h"

int main(int argc, char **argv);

static volatile u64 handled;

static void count_signal(int sig)
{
    (void)sig;
    handled++;
}

static void set_handler(int sig, void (*handler)(int sig), u64 flags)
{
    struct linux_sigaction action = {.sa_handler = (u64)handler, .sa_flags = flags};

    SYS(rt_sigaction, sig, &action, 0, sizeof(u64));
}

/* --- alarms: values and periods that are tiny, huge, or wrap in sums --- */

static const s64 odd_seconds[] = {0, 1, 9223372036, 18446744072, 18446744073, INT64_MAX};

static void one_alarm(int which, s64 value, s64 interval)
{
    struct linux_itimerval timer = {.it_value = {value, 1}, .it_interval = {interval, 1}};

    SYS(setitimer, which, &timer, 0);
    for (volatile int i = 0; i < 100000; i++)
        ;
    SYS(getitimer, which, &timer);
}

static void alarms(void)
{
    static const int signals[] = {SIGALRM, SIGVTALRM, SIGPROF};

    for (int which = 0; which < 3; which++) {
        set_handler(signals[which], count_signal, 0);
        for (size_t i = 0; i < ARRAY_SIZE(odd_seconds); i++)
            for (size_t k = 0; k < ARRAY_SIZE(odd_seconds); k++)
                one_alarm(which, odd_seconds[i], odd_seconds[k]);
    }
}

/* --- frames: what a handler leaves in its frame becomes the program's registers --- */

#define FRAME_PAD 156 /* in struct rt_sigframe: unused bytes behind uc_stack.ss_flags */
#define FRAME_PC  304 /* in struct rt_sigframe: siginfo, ucontext up to the registers */
#define REGISTERS 98  /* words from there to the end: pc, x1 to x31, the room for the FPU's state */

static u64 forged[REGISTERS];

/* The frame lies where sp stands when the handler begins, at siginfo. */
static void forge_frame(int sig, u8 *siginfo)
{
    u64 *registers = (u64 *)(void *)(siginfo + FRAME_PC);

    (void)sig;
    *(u32 *)(void *)(siginfo + FRAME_PAD) = (u32)forged[1];
    for (int i = 0; i < REGISTERS; i++)
        registers[i] = forged[i];
}

/* A child whose handler returns into `pc` with every other register `value`. Its wait status. */
static long return_to(u64 pc, u64 value)
{
    long pid = sys_fork();

    if (pid == 0) {
        for (int i = 1; i < REGISTERS; i++)
            forged[i] = value;
        forged[0] = pc;
        set_handler(SIGUSR1, (void (*)(int))(void *)forge_frame, SA_SIGINFO);
        pid = SYS(getpid);
        SYS(kill, pid, SIGUSR1);
        sys_exit(1);
    }
    return sys_wait(pid);
}

static void frames(void)
{
    static const u64 addresses[] = {0,         16,       0x3fffffffff, 0x4000000000,
                                    1ul << 63, ~0xffful, ~0x3ffful,    ~0x7ffffffful};

    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
        for (size_t k = 0; k < ARRAY_SIZE(addresses); k++) {
            long status = return_to(addresses[i], addresses[k]);
            if (status != SIGSEGV)
                print("hostile frames: return to %lx: status %lx\n", addresses[i], status);
        }
}

/* --- endless: calls that move as much as a call can, until a signal ends them --- */

#define MOST 0x7ffff000ul

static void send_zeros(int zero, int null)
{
    SYS(sendfile, null, zero, 0, MOST);
}

static void write_all(int zero, int null)
{
    (void)zero;
    SYS(write, null, 0, MOST);
}

static void kill_in(void (*call)(int zero, int null))
{
    int zero = (int)SYS(openat, -100 /* AT_FDCWD */, "/dev/zero", 2 /* O_RDWR */);
    int null = (int)SYS(openat, -100, "/dev/null", 2);
    long pid = sys_fork();

    if (pid == 0)
        for (;;)
            call(zero, null);
    sys_sleep_ms(50);
    SYS(kill, pid, SIGKILL);
    if (sys_wait(pid) != SIGKILL)
        print("hostile endless: the call's process did not die\n");
}

static void endless(void)
{
    kill_in(send_zeros);
    kill_in(write_all);
}

/* --- clones: flags, pointers and stacks that make no sense, or none together --- */

/* Makes the call; a child ends at once and touches neither stack nor memory. */
static long clone_and_exit(long nr, u64 v0, u64 v1, u64 v2, u64 v3, u64 v4)
{
    register u64 a7 __asm__("a7") = (u64)nr;
    register u64 a0 __asm__("a0") = v0;
    register u64 a1 __asm__("a1") = v1;
    register u64 a2 __asm__("a2") = v2;
    register u64 a3 __asm__("a3") = v3;
    register u64 a4 __asm__("a4") = v4;

    __asm__ volatile("ecall\n\t"
                     "bnez a0, 1f\n\t"
                     "li a7, %[exit]\n\t"
                     "ecall\n"
                     "1:"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), [exit] "i"(NR_exit)
                     : "memory");
    return (long)a0;
}

/* A child is waited for; a thread is gone when its tid is. */
static void settle_clone(long rc, u64 flags)
{
    long pid = SYS(getpid);

    if (rc < 0 && rc > -134)
        return;
    if (rc <= 0)
        print("hostile clones: flags %lx: %ld\n", flags, rc);
    else if (!(flags & CLONE_THREAD))
        SYS(wait4, rc, 0, __WALL, 0);
    else
        while (SYS(tgkill, pid, rc, 0) == 0)
            SYS(sched_yield);
}

static u32 place_for_tid[2];

static u64 any_pointer(struct random *r)
{
    const u64 places[] = {0,         (u64)place_for_tid, (u64)place_for_tid + 2, ~0ul - 1,
                          1ul << 63, 0xffffffff80000000, 0x3ffffffffc,           (u64)any_pointer};

    return places[random_below(r, ARRAY_SIZE(places))];
}

/* Flags that threads have, more or fewer, and any others; signals that end nobody. */
static u64 any_flags(struct random *r)
{
    static const u64 bases[] = {0, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
                                CLONE_VM | CLONE_VFORK, CLONE_VM | CLONE_SIGHAND};
    static const u64 signals[] = {0, SIGCHLD, SIGURG, 65, 255};
    u64 flags = bases[random_below(r, ARRAY_SIZE(bases))];

    for (u64 i = random_below(r, 4); i > 0; i--)
        flags ^= 1ul << (8 + random_below(r, 25));
    return flags | signals[random_below(r, ARRAY_SIZE(signals))];
}

static void any_clone3(struct random *r)
{
    static const u64 sizes[] = {0, 63, 64, 80, 88, 89, 96, 4096, 4097, ~0ul};
    static u64 page[512];
    struct linux_clone_args *args = (struct linux_clone_args *)page;
    u64 size = sizes[random_below(r, ARRAY_SIZE(sizes))];
    u64 flags = any_flags(r) & ~(u64)CSIGNAL;

    *args = (struct linux_clone_args){.flags = flags,
                                      .child_tid = any_pointer(r),
                                      .parent_tid = any_pointer(r),
                                      .tls = any_pointer(r),
                                      .stack = any_pointer(r),
                                      .stack_size = any_pointer(r)};
    if (random_below(r, 2))
        args->stack = args->stack_size = 0;
    args->exit_signal = random_below(r, 3) ? 0 : random_below(r, 2) ? SIGCHLD : ~0ul;
    args->set_tid_size = random_below(r, 8) == 0;
    page[100] = random_below(r, 8) == 0;
    u64 where = random_below(r, 8) ? (u64)page : any_pointer(r);
    settle_clone(clone_and_exit(NR_clone3, where, size, 0, 0, 0), flags);
}

static void clones(void)
{
    struct random r = random_seeded(4);

    for (int i = 0; i < 4000; i++) {
        u64 flags = any_flags(&r);

        settle_clone(clone_and_exit(NR_clone, flags, any_pointer(&r), any_pointer(&r),
                                    any_pointer(&r), any_pointer(&r)),
                     flags);
        any_clone3(&r);
    }
}

/* --- robust: lists of locks that run in circles or lead nowhere --- */

static struct robust_list_head robust_head;
static u64 robust_entry[2][2]; /* a pointer and a lock each */

static void end_with_list(u64 first, u64 second, s64 offset, u64 pending)
{
    long pid = sys_fork();

    if (pid == 0) {
        robust_head = (struct robust_list_head){first, offset, pending};
        robust_entry[0][0] = second;
        robust_entry[1][0] = (u64)robust_entry[0];
        robust_entry[0][1] = robust_entry[1][1] = (u64)SYS(gettid) | FUTEX_WAITERS;
        SYS(set_robust_list, &robust_head, sizeof(robust_head));
        sys_exit(0);
    }
    if (sys_wait(pid))
        print("hostile robust: the end of a thread with a list was not its own\n");
}

static void robust(void)
{
    const u64 entries[] = {0,
                           (u64)robust_entry[0],
                           (u64)robust_entry[1] | 1,
                           (u64)&robust_head,
                           (u64)robust,
                           1ul << 63,
                           ~0ul,
                           0xffffffff80000000};
    static const s64 offsets[] = {8, 0, 1, -8, INT64_MAX, INT64_MIN};

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
        for (size_t k = 0; k < ARRAY_SIZE(entries); k++)
            for (size_t n = 0; n < ARRAY_SIZE(offsets); n++)
                end_with_list(entries[i], entries[k], offsets[n], entries[(i + k + n) % 8]);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {{"alarms", alarms},
                 {"frames", frames},
                 {"endless", endless},
                 {"clones", clones},
                 {"robust", robust}};

    for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(cases); i++) {
        if (strcmp(argv[1], cases[i].name))
            continue;
        cases[i].run();
        print("hostile %s: done\n", argv[1]);
        return 0;
    }
    print("usage: hostile alarms|frames|endless|clones|robust\n");
    return 2;
}
