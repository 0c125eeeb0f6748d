/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile CASE: programs that mean the kernel harm by calls that are all allowed. Each prints
 * `hostile CASE: done` when the kernel has lived through it; a hang or a panic is the failure.
 */
#include <abi/linux/signal.h>
#include <abi/linux/time.h>

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

#define FRAME_PC  304 /* in struct rt_sigframe: siginfo, ucontext up to the registers */
#define REGISTERS 98  /* words from there to the end: pc, x1 to x31, the room for the FPU's state */

static u64 forged[REGISTERS];

/* The frame lies where sp stands when the handler begins, at siginfo. */
static void forge_frame(int sig, u8 *siginfo)
{
    u64 *registers = (u64 *)(void *)(siginfo + FRAME_PC);

    (void)sig;
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

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {{"alarms", alarms}, {"frames", frames}, {"endless", endless}};

    for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(cases); i++) {
        if (strcmp(argv[1], cases[i].name))
            continue;
        cases[i].run();
        print("hostile %s: done\n", argv[1]);
        return 0;
    }
    print("usage: hostile alarms|frames|endless\n");
    return 2;
}
