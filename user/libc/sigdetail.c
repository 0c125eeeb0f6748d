/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals in detail: what siginfo says of each kind of fault, stacks of their own and without room, which
 * calls go on after a handler and which do not, queues and their limit, what a handler may change.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define CASES "sigdetail"
#include "cases.h"

#define PAGE 4096ul

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

static volatile int seen;
static volatile int
    times; /* volatile, as all that handlers write: raise() is declared never to call back */
static volatile siginfo_t last;
static sigjmp_buf back;

static void count(int sig)
{
    seen = sig;
    times++;
}

static void count_info(int sig, siginfo_t *info, void *context)
{
    (void)context;
    *(siginfo_t *)(uintptr_t)&last = *info;
    count(sig);
}

static void handle(int sig, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    CHECK(sigaction(sig, &action, NULL) == 0);
    seen = times = 0;
}

static void handle_info(int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};

    CHECK(sigaction(sig, &action, NULL) == 0);
    seen = times = 0;
}

/* --- faults --- */

static void leave(int sig, siginfo_t *info, void *context)
{
    count_info(sig, info, context);
    siglongjmp(back, 1);
}

static void load_from(void *at)
{
    (void)*(volatile char *)at;
}

static void store_to(void *at)
{
    *(volatile char *)at = 1;
}

static void jump_to(void *at)
{
    ((void (*)(void))at)();
}

/* What the fault is reported as, at its very address. */
static void expect_fault(void (*access)(void *), void *at, int sig, int code)
{
    handle_info(sig, leave, 0);
    if (sigsetjmp(back, 1) == 0) {
        access(at);
        CHECK(!"it did not fault");
    }
    CHECK(times == 1 && last.si_signo == sig && last.si_code == code && last.si_addr == at);
    CHECK(last.si_errno == 0);
    signal(sig, SIG_DFL);
}

static void codes_of_memory(void)
{
    char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(pages != MAP_FAILED);
    memset(pages, 0, PAGE);
    CHECK(munmap(pages + PAGE, PAGE) == 0 && mprotect(pages, PAGE, PROT_READ) == 0);
    CHECK(mprotect(pages + 2 * PAGE, PAGE, PROT_NONE) == 0);
    expect_fault(load_from, NULL, SIGSEGV, SEGV_MAPERR);
    expect_fault(load_from, pages + PAGE + 5, SIGSEGV, SEGV_MAPERR);
    expect_fault(store_to, pages + PAGE + 5, SIGSEGV, SEGV_MAPERR);
    expect_fault(jump_to, pages + PAGE + 4, SIGSEGV, SEGV_MAPERR);
    expect_fault(store_to, pages + 7, SIGSEGV, SEGV_ACCERR);
    expect_fault(jump_to, pages + 8, SIGSEGV, SEGV_ACCERR);
    expect_fault(load_from, pages + 2 * PAGE + 9, SIGSEGV, SEGV_ACCERR);
    expect_fault(load_from, (void *)-PAGE, SIGSEGV, SEGV_MAPERR);
    munmap(pages, 3 * PAGE);
}

static void codes_of_files(void)
{
    int fd = open("/tmp/sigdetail", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char *pages;

    CHECK(fd >= 0 && ftruncate(fd, 100) == 0);
    pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(pages != MAP_FAILED);
    load_from(pages + PAGE - 1);
    expect_fault(load_from, pages + PAGE, SIGBUS, BUS_ADRERR);
    expect_fault(store_to, pages + PAGE + 11, SIGBUS, BUS_ADRERR);
    munmap(pages, 2 * PAGE);
    close(fd);
    unlink("/tmp/sigdetail");
}

/* Code of the test's own in a page, so that its address is known to the byte. */
static void expect_trap(uint32_t instruction, int sig, int code)
{
    uint32_t *page =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(page != MAP_FAILED);
    page[1] = instruction;
    page[2] = 0x00008067; /* ret */
    CHECK(syscall(259, page, page + 3, 0) == 0);
    expect_fault(jump_to, page + 1, sig, code);
    munmap(page, PAGE);
}

static void codes_of_instructions(void)
{
    expect_trap(0x00000000, SIGILL, ILL_ILLOPC);
    expect_trap(0xffffffff, SIGILL, ILL_ILLOPC);
    expect_trap(0x10200073, SIGILL, ILL_ILLOPC); /* sret */
    expect_trap(0x18001073, SIGILL, ILL_ILLOPC); /* csrw satp, zero */
    expect_trap(0xc0002573, SIGILL, ILL_ILLOPC); /* rdcycle: closed to programs */
    expect_trap(0x00100073, SIGTRAP, TRAP_BRKPT);
}

/* The machine defines what 1 / 0 is, so there is nothing to report. */
static void division_by_zero(void)
{
    volatile long zero = 0;
    volatile double nothing = 0.0;
    long quotient;

    handle_info(SIGFPE, leave, 0);
    __asm__ volatile("div %0, %1, %2" : "=r"(quotient) : "r"(1l), "r"(zero));
    CHECK(quotient == -1 && 1.0 / nothing > 1e308 && times == 0);
    CHECK(raise(SIGFPE) == 0 || times == 1);
}

static void fpe_can_be_sent(void)
{
    handle_info(SIGFPE, count_info, 0);
    CHECK(kill(getpid(), SIGFPE) == 0);
    CHECK(times == 1 && last.si_code == SI_USER && last.si_pid == getpid());
    signal(SIGFPE, SIG_DFL);
}

static void faults(void)
{
    codes_of_memory();
    codes_of_files();
    codes_of_instructions();
    if (sigsetjmp(back, 1) == 0)
        division_by_zero();
    fpe_can_be_sent();
}

/* A fault whose signal is blocked or ignored kills all the same. */
static void fault_with_blocked_signal(void)
{
    sigset_t set;

    handle(SIGSEGV, count, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_BLOCK, &set, NULL);
    store_to(NULL);
}

static void fault_with_ignored_signal(void)
{
    signal(SIGSEGV, SIG_IGN);
    store_to(NULL);
}

static void no_way_around_a_fault(void)
{
    int status = status_of(child(fault_with_blocked_signal));

    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = status_of(child(fault_with_ignored_signal));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* --- stacks --- */

static char alternate[64 << 10] __attribute__((aligned(16)));
static volatile int found_flags;
static volatile size_t found_size;
static volatile int change_result;

static int within(const void *at)
{
    return (uintptr_t)at - (uintptr_t)alternate < sizeof(alternate);
}

static void look_at_stack(int sig)
{
    stack_t other = {.ss_sp = alternate, .ss_size = sizeof(alternate) / 2};
    stack_t found;

    count(sig);
    CHECK(sigaltstack(NULL, &found) == 0);
    found_flags = found.ss_flags;
    found_size = found.ss_size;
    change_result = sigaltstack(&other, NULL) == 0 ? 0 : errno;
    CHECK(within(&other));
}

static volatile uintptr_t place;

static void remember_place(int sig, siginfo_t *info, void *context)
{
    (void)context;
    place = (uintptr_t)info;
    count(sig);
}

static void use_stack(unsigned flags)
{
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate), .ss_flags = (int)flags};

    CHECK(sigaltstack(&stack, NULL) == 0);
}

static void alternate_stack(void)
{
    stack_t now;

    use_stack(0);
    handle(SIGUSR1, look_at_stack, SA_ONSTACK);
    CHECK(raise(SIGUSR1) == 0 && times == 1);
    CHECK(found_flags == SS_ONSTACK && found_size == sizeof(alternate) && change_result == EPERM);
    CHECK(sigaltstack(NULL, &now) == 0);
    CHECK(now.ss_flags == 0 && now.ss_size == sizeof(alternate));
}

/* What the kernel puts there takes as much as it has told the program (the information comes first). */
static void size_of_frame(void)
{
    use_stack(0);
    handle_info(SIGUSR1, remember_place, SA_ONSTACK);
    CHECK(raise(SIGUSR1) == 0 && times == 1);
    CHECK((uintptr_t)(alternate + sizeof(alternate)) - place == getauxval(AT_MINSIGSTKSZ));
}

/* It is gone while the handler runs, which may set up another one, and back afterwards. */
static void disarmed_stack(void)
{
    stack_t now;

    use_stack(SS_AUTODISARM);
    CHECK(sigaltstack(NULL, &now) == 0 && (unsigned)now.ss_flags == SS_AUTODISARM);
    handle(SIGUSR1, look_at_stack, SA_ONSTACK);
    CHECK(raise(SIGUSR1) == 0 && times == 1);
    CHECK(found_flags == SS_DISABLE && found_size == 0 && change_result == 0);
    CHECK(sigaltstack(NULL, &now) == 0);
    CHECK((unsigned)now.ss_flags == SS_AUTODISARM && now.ss_size == sizeof(alternate));
}

static void refused_stacks(void)
{
    stack_t stack = {.ss_sp = alternate, .ss_size = 2047};
    stack_t now;

    CHECK(sigaltstack(&stack, NULL) == -1 && errno == ENOMEM);
    stack.ss_size = 2048;
    CHECK(sigaltstack(&stack, NULL) == 0);
    stack.ss_flags = SS_ONSTACK | SS_DISABLE;
    CHECK(sigaltstack(&stack, NULL) == -1 && errno == EINVAL);
    stack.ss_flags = 4;
    CHECK(sigaltstack(&stack, NULL) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_sigaltstack, 1, NULL) == -1 && errno == EFAULT);
    stack.ss_flags = SS_DISABLE;
    CHECK(sigaltstack(&stack, NULL) == 0 && sigaltstack(NULL, &now) == 0);
    CHECK(now.ss_flags == SS_DISABLE && now.ss_size == 0);
}

static void stacks(void)
{
    alternate_stack();
    size_of_frame();
    disarmed_stack();
    refused_stacks();
}

/* A handler that needs another one of its kind until the stack's end. */
static void nest(int sig)
{
    count(sig);
    raise(sig);
}

static void nest_for_ever(void)
{
    use_stack(0);
    handle(SIGUSR1, nest, SA_ONSTACK | SA_NODEFER);
    raise(SIGUSR1);
}

static void told_of_lost_stack(int sig)
{
    _exit(sig == SIGSEGV && within(&sig) ? 7 : 1);
}

/* sp points nowhere when the signal comes: that is a fault, which the alternate stack is for. */
static void without_a_stack(void)
{
    use_stack(0);
    handle(SIGSEGV, told_of_lost_stack, SA_ONSTACK);
    handle(SIGUSR1, count, 0);
    register long a0 __asm__("a0") = getpid();
    register long a1 __asm__("a1") = SIGUSR1;
    register long a7 __asm__("a7") = SYS_kill;
    __asm__ volatile("li sp, 64\n\tecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
    __builtin_trap();
}

static void ends_of_stacks(void)
{
    int status = status_of(child(nest_for_ever));

    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = status_of(child(without_a_stack));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/* --- calls that a handler interrupts --- */

/* Sends SIGUSR1 until it has been killed: the first one may come too early. */
static pid_t pester(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        for (;;) {
            nap_ms(20);
            kill(getppid(), SIGUSR1);
        }
    }
    return pid;
}

static void stop_pestering(pid_t pid)
{
    kill(pid, SIGKILL);
    status_of(pid);
}

static int patience;

/* The child ends the wait, behind a while that spans several signals. */
static pid_t later(int ms, void (*fn)(void))
{
    pid_t pid = fork();

    if (pid == 0) {
        nap_ms(ms);
        fn();
        _exit(0);
    }
    return pid;
}

static int ends[2];
static char block[128 << 10];

static void feed(void)
{
    CHECK(write(ends[1], "x", 1) == 1);
}

static void drain(void)
{
    for (size_t n = 0; n < 2 * sizeof(block);) {
        ssize_t got = read(ends[0], block, sizeof(block));

        CHECK(got > 0);
        n += (size_t)got;
    }
}

static void nothing(void)
{
}

static void open_fifo(void)
{
    CHECK(open("/tmp/sigdetail.fifo", O_WRONLY) >= 0);
}

static long do_read(void)
{
    char byte;

    return read(ends[0], &byte, 1);
}

/* All of it, in as many calls as it takes; an error only if there was one. */
static long do_write(void)
{
    for (size_t n = 0; n < 2 * sizeof(block);) {
        ssize_t put =
            write(ends[1], block,
                  2 * sizeof(block) - n > sizeof(block) ? sizeof(block) : 2 * sizeof(block) - n);

        if (put < 0)
            return -1;
        n += (size_t)put;
    }
    return 0;
}

static pid_t waited_for;

static long do_wait(void)
{
    return waitpid(waited_for, NULL, 0);
}

static long do_waitid(void)
{
    siginfo_t info;

    return waitid(P_PID, (id_t)waited_for, &info, WEXITED);
}

static long do_open(void)
{
    int fd = open("/tmp/sigdetail.fifo", O_RDONLY);

    if (fd >= 0)
        close(fd);
    return fd;
}

static long do_flock(void)
{
    int fd = open("/tmp/sigdetail.lock", O_RDWR | O_CREAT, 0600);
    long rc = flock(fd, LOCK_EX);

    close(fd);
    return rc;
}

static void hold_lock(void)
{
    int fd = open("/tmp/sigdetail.lock", O_RDWR | O_CREAT, 0600);

    CHECK(flock(fd, LOCK_EX) == 0);
    CHECK(write(ends[1], "x", 1) == 1);
    nap_ms(patience);
}

/* One call, interrupted: with SA_RESTART it comes to its end, without it fails. */
static void try_restart(long (*call)(void), void (*helper)(void))
{
    CHECK(pipe(ends) == 0);
    for (int restart = 1; restart >= 0; restart--) {
        handle(SIGUSR1, count, restart ? SA_RESTART : 0);
        patience = restart ? 150 : 10000; /* where the signal ends the wait, nobody else shall */
        waited_for = later(helper == hold_lock ? 0 : patience, helper);
        if (helper == hold_lock)
            do_read();
        pid_t pest = pester();
        errno = 0;
        long rc = call();
        int err = errno;
        stop_pestering(pest);
        kill(waited_for, SIGKILL);
        waitpid(waited_for, NULL, 0);
        CHECK(restart ? rc >= 0 : times > 0 && rc == -1 && err == EINTR);
    }
    close(ends[0]);
    close(ends[1]);
}

static void restarted_calls(void)
{
    CHECK(mkfifo("/tmp/sigdetail.fifo", 0600) == 0);
    try_restart(do_read, feed);
    try_restart(do_write, drain);
    try_restart(do_flock, hold_lock);
    try_restart(do_wait, nothing);
    try_restart(do_waitid, nothing);
    try_restart(do_open, open_fifo);
    unlink("/tmp/sigdetail.fifo");
    unlink("/tmp/sigdetail.lock");
}

/* POSIX and signal(7): these end with EINTR whatever the flags are. */
static void calls_that_end(void)
{
    struct timespec second = {.tv_sec = 30};
    struct timeval also = {.tv_sec = 30};
    struct pollfd nobody = {.fd = -1};
    sigset_t set;

    sigemptyset(&set);
    handle(SIGUSR1, count, SA_RESTART);
    pid_t pest = pester();
    CHECK(nanosleep(&second, &second) == -1 && errno == EINTR && second.tv_sec <= 30);
    CHECK(second.tv_sec > 0);
    second.tv_sec = 30;
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &second, NULL) == EINTR);
    CHECK(poll(&nobody, 1, 30000) == -1 && errno == EINTR);
    CHECK(ppoll(&nobody, 1, &second, NULL) == -1 && errno == EINTR);
    CHECK(select(0, NULL, NULL, NULL, &also) == -1 && errno == EINTR);
    CHECK(pause() == -1 && errno == EINTR);
    CHECK(sigsuspend(&set) == -1 && errno == EINTR);
    sigaddset(&set, SIGUSR2);
    /* musl's own function goes on after a handler */
    CHECK(syscall(SYS_rt_sigtimedwait, &set, NULL, &second, 8) == -1 && errno == EINTR);
    stop_pestering(pest);
}

/* --- queues --- */

static void queue(int sig, int value)
{
    CHECK(sigqueue(getpid(), sig, (union sigval){.sival_int = value}) == 0);
}

static void block_all(sigset_t *set)
{
    sigemptyset(set);
    for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
        sigaddset(set, sig);
    sigaddset(set, SIGUSR1);
    sigaddset(set, SIGUSR2);
    CHECK(sigprocmask(SIG_BLOCK, set, NULL) == 0);
}

static void expect_next(const sigset_t *set, int sig, int value)
{
    struct timespec none = {0};
    siginfo_t info;

    CHECK(sigtimedwait(set, &info, &none) == sig && info.si_signo == sig);
    CHECK(info.si_code == SI_QUEUE && info.si_value.sival_int == value);
    CHECK(info.si_pid == getpid() && info.si_uid == getuid());
}

/* Lower numbers first, each number in the order of sending; ordinary signals once. */
static void order_of_queues(void)
{
    struct timespec none = {0};
    sigset_t set;

    block_all(&set);
    for (int value = 0; value < 3; value++) {
        queue(SIGRTMIN + 2, value);
        queue(SIGRTMIN + 1, 10 + value);
        queue(SIGUSR2, 20 + value);
    }
    expect_next(&set, SIGUSR2, 20);
    for (int value = 0; value < 3; value++)
        expect_next(&set, SIGRTMIN + 1, 10 + value);
    for (int value = 0; value < 3; value++)
        expect_next(&set, SIGRTMIN + 2, value);
    CHECK(sigtimedwait(&set, NULL, &none) == -1 && errno == EAGAIN);
    CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
}

static volatile int order[8];

static void note_order(int sig)
{
    if (times < 8)
        order[times] = sig;
    count(sig);
}

/* All that are pending are delivered at once: the frames lie on each other, the last handler runs first. */
static void delivery_of_queues(void)
{
    sigset_t set;

    block_all(&set);
    handle(SIGRTMIN + 1, note_order, 0);
    handle(SIGRTMIN + 2, note_order, 0);
    queue(SIGRTMIN + 2, 0);
    queue(SIGRTMIN + 1, 0);
    CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
    CHECK(times == 2 && order[0] + order[1] == 2 * SIGRTMIN + 3);
    signal(SIGRTMIN + 1, SIG_DFL);
    signal(SIGRTMIN + 2, SIG_DFL);
}

static void limit_of_queues(void)
{
    struct rlimit limit = {.rlim_cur = 5, .rlim_max = 5};
    union sigval value = {.sival_int = 1};
    sigset_t set;
    int queued = 0;

    block_all(&set);
    CHECK(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
    while (queued < 100 && sigqueue(getpid(), SIGRTMIN + 1, value) == 0)
        queued++;
    CHECK(errno == EAGAIN && queued == 5);
    CHECK(kill(getpid(), SIGUSR1) ==
          0); /* an ordinary one gets through, with nothing known of it */
    struct timespec none = {0};
    CHECK(sigtimedwait(&set, NULL, &none) == SIGUSR1);
}

static void queues(void)
{
    order_of_queues();
    delivery_of_queues();
    CHECK(status_of(child(limit_of_queues)) == 0);
}

/* --- what handlers may do --- */

static void change_context(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    count_info(sig, info, context);
    sigaddset(&uc->uc_sigmask, SIGUSR2);
    uc->uc_mcontext.__gregs[0] += 4; /* on behind the breakpoint */
    uc->uc_mcontext.__gregs[10] = 4711;
}

static void changed_context(void)
{
    register long a0 __asm__("a0") = 1;
    sigset_t mask;

    handle_info(SIGTRAP, change_context, 0);
    __asm__ volatile(".option push\n\t.option norvc\n\tebreak\n\t.option pop"
                     : "+r"(a0)
                     :
                     : "memory");
    long got = a0;
    CHECK(times == 1 && got == 4711);
    CHECK(sigprocmask(SIG_SETMASK, NULL, &mask) == 0 && sigismember(&mask, SIGUSR2));
    sigemptyset(&mask);
    CHECK(sigprocmask(SIG_SETMASK, &mask, NULL) == 0);
    signal(SIGTRAP, SIG_DFL);
}

static volatile double product;

static void use_the_fpu(int sig)
{
    count(sig);
    product = 3.0 * times;
    __asm__ volatile("fmv.d.x ft0, %0\n\tfmv.d.x fs0, %0\n\tfsrmi 2" : : "r"(-1l) : "ft0");
}

/* In a child that has never used the FPU, and in one that has: the handler's registers are not ours. */
static void registers_of_the_fpu(void)
{
    long f0;
    long s0;
    long rounding;

    handle(SIGUSR1, use_the_fpu, 0);
    register long a0 __asm__("a0") = getpid();
    register long a1 __asm__("a1") = SIGUSR1;
    register long a7 __asm__("a7") = SYS_kill;
    __asm__ volatile("fmv.d.x ft0, %3\n\tfmv.d.x fs0, %3\n\tfsrmi 1\n\tecall\n\t"
                     "fmv.x.d %1, ft0\n\tfmv.x.d %2, fs0\n\tfrrm %0"
                     : "=r"(rounding), "=&r"(f0), "=&r"(s0)
                     : "r"(1234567l), "r"(a0), "r"(a1), "r"(a7)
                     : "memory", "ft0");
    CHECK(times == 1 && product == 3.0);
    CHECK(f0 == 1234567 && s0 == 1234567 && rounding == 1);
}

static void flags_that_are_not_there(void)
{
    struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART | 0x400 | 0x2000};
    struct sigaction now;

    CHECK(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGUSR1, NULL, &now) == 0);
    CHECK((now.sa_flags & ~0x04000000) == SA_RESTART);
    CHECK(sigaction(SIGKILL, &action, NULL) == -1 && errno == EINVAL);
    CHECK(sigaction(SIGSTOP, &action, NULL) == -1 && errno == EINVAL);
    signal(SIGUSR1, SIG_DFL);
}

static void handlers(void)
{
    changed_context();
    flags_that_are_not_there();
    CHECK(status_of(child(registers_of_the_fpu)) == 0);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"faults", faults},
        {"blocked", no_way_around_a_fault},
        {"stacks", stacks},
        {"ends", ends_of_stacks},
        {"restarted", restarted_calls},
        {"ended", calls_that_end},
        {"queues", queues},
        {"handlers", handlers},
    };

    return run_cases("sigdetail", cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
