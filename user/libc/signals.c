/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals, job control and waiting, as programs know them from POSIX and Linux: interrupted and
 * restarted calls, masks, queues, stops, faults on an alternate stack, orphaned groups, timers,
 * limits. Prints `signals: all good`, status 0; or what went wrong, status 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define CHECK(cond)                                                                      \
    do {                                                                                 \
        if (!(cond)) {                                                                   \
            printf("signals: %s:%d: %s (errno %d)\n", __func__, __LINE__, #cond, errno); \
            exit(1);                                                                     \
        }                                                                                \
    } while (0)

static volatile sig_atomic_t seen;  /* the last signal that a handler had, */
static volatile sig_atomic_t times; /* and how many there were */
static siginfo_t last;

static void handler(int sig)
{
    seen = sig;
    times++;
}

static void handler_with_info(int sig, siginfo_t *info, void *context)
{
    (void)context;
    last = *info;
    handler(sig);
}

static void handle(int sig, int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    CHECK(sigaction(sig, &action, NULL) == 0);
    seen = times = 0;
}

static void handle_with_info(int sig, int flags)
{
    struct sigaction action = {.sa_sigaction = handler_with_info, .sa_flags = flags | SA_SIGINFO};

    CHECK(sigaction(sig, &action, NULL) == 0);
    seen = times = 0;
}

static double now(void)
{
    struct timespec t;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pause_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (nanosleep(&t, &t) && errno == EINTR)
        ;
}

/* A child that sends the signal to us after a while. */
static pid_t send_later(int sig, long ms)
{
    pid_t pid = fork();

    if (pid)
        return pid;
    pause_ms(ms);
    kill(getppid(), sig);
    _exit(0);
}

static int status_of(pid_t pid)
{
    int status = -1;

    while (waitpid(pid, &status, 0) != pid)
        CHECK(errno == EINTR);
    return status;
}

/* --- interrupted calls --- */

static void interrupted_read(void)
{
    int ends[2];
    char c = 0;
    pid_t pid;

    CHECK(pipe(ends) == 0);
    handle(SIGUSR1, 0);
    pid = send_later(SIGUSR1, 200);
    CHECK(read(ends[0], &c, 1) == -1 && errno == EINTR && seen == SIGUSR1);
    CHECK(status_of(pid) == 0);

    handle(SIGUSR1, SA_RESTART);
    pid = fork();
    if (pid == 0) {
        pause_ms(50);
        kill(getppid(), SIGUSR1);
        pause_ms(50);
        _exit(write(ends[1], "x", 1) == 1 ? 3 : 1);
    }
    CHECK(read(ends[0], &c, 1) == 1 && c == 'x' && seen == SIGUSR1);
    CHECK(status_of(pid) == 3 << 8);
    close(ends[0]);
    close(ends[1]);
}

static void interrupted_sleep(void)
{
    struct timespec five = {.tv_sec = 5}, rest = {0};
    double began = now();
    pid_t pid;

    handle(SIGUSR1, SA_RESTART);
    pid = send_later(SIGUSR1, 200);
    CHECK(nanosleep(&five, &rest) == -1 && errno == EINTR);
    CHECK(now() - began < 4.5 && rest.tv_sec < 5 && rest.tv_sec >= 1);
    CHECK(status_of(pid) == 0);
}

/* Without a handler a stop and a continue leave no trace in a sleep but its end. */
static void stopped_sleep(void)
{
    struct timespec t = {.tv_nsec = 300000000};
    double began;
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        began = now();
        _exit(nanosleep(&t, NULL) == 0 && now() - began >= 0.3 ? 0 : 1);
    }
    pause_ms(50);
    CHECK(kill(pid, SIGSTOP) == 0);
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    CHECK(WSTOPSIG(status) == SIGSTOP);
    pause_ms(50);
    CHECK(waitpid(pid, &status, WNOHANG | WUNTRACED) == 0);
    CHECK(kill(pid, SIGCONT) == 0);
    CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
    CHECK(status_of(pid) == 0);
}

/* --- stops --- */

static pid_t stopped_child(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        for (;;)
            pause();
    CHECK(kill(pid, SIGSTOP) == 0);
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    return pid;
}

static void death_of_the_stopped(void)
{
    int status;
    pid_t pid = stopped_child();

    CHECK(kill(pid, SIGTERM) == 0);
    pause_ms(20);
    CHECK(waitpid(pid, &status, WNOHANG) == 0); /* it waits until it may go on */
    CHECK(kill(pid, SIGCONT) == 0);
    CHECK(WTERMSIG(status_of(pid)) == SIGTERM);
    pid = stopped_child();
    CHECK(kill(pid, SIGKILL) == 0);
    CHECK(WTERMSIG(status_of(pid)) == SIGKILL);
}

/* Stopped, and then left alone in a group that nobody could continue. */
static void left_alone(int fd)
{
    char good;

    handle(SIGHUP, 0);
    handle(SIGCONT, 0);
    raise(SIGSTOP);
    good = times == 2 ? 'y' : 'n';
    _exit(write(fd, &good, 1) != 1);
}

static void orphaned_groups(void)
{
    struct pollfd ready = {.events = POLLIN};
    int ends[2], status;
    char answer = 0;
    pid_t pid;

    CHECK(pipe(ends) == 0);
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        if (fork() == 0)
            left_alone(ends[1]);
        pause_ms(100);
        _exit(0);
    }
    CHECK(status_of(pid) == 0);
    ready.fd = ends[0];
    CHECK(poll(&ready, 1, 5000) == 1 && read(ends[0], &answer, 1) == 1 && answer == 'y');
    close(ends[0]);
    close(ends[1]);

    pid = fork();
    if (pid == 0) { /* the terminal's stop does nothing here */
        setsid();
        raise(SIGTSTP);
        _exit(7);
    }
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
}

static void sessions(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        CHECK(setsid() == getpid() && getpgrp() == getpid() && getsid(0) == getpid());
        CHECK(setpgid(0, 0) == -1 && errno == EPERM);
        CHECK(setsid() == -1 && errno == EPERM);
        _exit(0);
    }
    CHECK(status_of(pid) == 0);
    CHECK(setpgid(pid, pid) == -1 && errno == ESRCH);
}

/* --- masks and queues --- */

static void queued_signals(void)
{
    int queued = SIGRTMIN + 1;
    sigset_t all, old, set;
    union sigval value = {0};

    sigfillset(&all);
    CHECK(sigprocmask(SIG_SETMASK, &all, &old) == 0);
    handle_with_info(SIGUSR2, 0);
    handle_with_info(queued, 0);
    for (value.sival_int = 0; value.sival_int < 3; value.sival_int++)
        CHECK(sigqueue(getpid(), queued, value) == 0);
    CHECK(kill(getpid(), SIGUSR2) == 0 && kill(getpid(), SIGUSR2) == 0);
    CHECK(sigpending(&set) == 0 && sigismember(&set, SIGUSR2) && sigismember(&set, queued));
    CHECK(!sigismember(&set, SIGUSR1) && times == 0);
    CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
    /* Three of one kind, one of the other; the frames lie on each other, so the first runs last. */
    CHECK(times == 4);
}

static void awaited_signals(void)
{
    struct timespec moment = {.tv_nsec = 50000000};
    union sigval value = {.sival_int = 42};
    sigset_t set, old;
    siginfo_t info;
    double began = now();
    pid_t pid;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
    CHECK(sigtimedwait(&set, &info, &moment) == -1 && errno == EAGAIN && now() - began >= 0.05);
    CHECK(sigqueue(getpid(), SIGRTMIN, value) == 0);
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_value.sival_int == 42);
    CHECK(info.si_code == SI_QUEUE && info.si_pid == getpid());
    pid = send_later(SIGRTMIN, 50);
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_code == SI_USER && info.si_pid == pid);
    CHECK(status_of(pid) == 0);
    CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
}

static void temporary_masks(void)
{
    struct timespec two = {.tv_sec = 2};
    sigset_t usr1, none, old, mask;
    pid_t pid;

    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    CHECK(sigprocmask(SIG_BLOCK, &usr1, &old) == 0);
    handle(SIGUSR1, SA_RESTART);
    pid = send_later(SIGUSR1, 30);
    CHECK(sigsuspend(&none) == -1 && errno == EINTR && times == 1);
    CHECK(status_of(pid) == 0);
    CHECK(kill(getpid(), SIGUSR1) == 0 && times == 1);
    CHECK(ppoll(NULL, 0, &two, &none) == -1 && errno == EINTR && times == 2);
    CHECK(sigprocmask(SIG_SETMASK, NULL, &mask) == 0 && sigismember(&mask, SIGUSR1));
    CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
}

static void one_shot_handler(void)
{
    struct sigaction action;

    handle(SIGUSR2, SA_RESETHAND);
    CHECK(raise(SIGUSR2) == 0 && times == 1);
    CHECK(sigaction(SIGUSR2, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
}

/* --- children --- */

static void news_of_children(void)
{
    siginfo_t info;
    pid_t pid;

    handle_with_info(SIGCHLD, SA_RESTART);
    pid = fork();
    if (pid == 0)
        _exit(9);
    CHECK(status_of(pid) == 9 << 8);
    CHECK(seen == SIGCHLD && last.si_pid == pid && last.si_status == 9);
    CHECK(last.si_code == CLD_EXITED);
    signal(SIGCHLD, SIG_DFL);

    pid = fork();
    if (pid == 0)
        abort();
    CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
    CHECK(info.si_code == CLD_KILLED && info.si_status == SIGABRT && info.si_pid == pid);
    CHECK(WTERMSIG(status_of(pid)) == SIGABRT);
    CHECK(waitid(P_ALL, 0, &info, WEXITED) == -1 && errno == ECHILD);
}

static pid_t child_with_end(int sig)
{
    return (pid_t)syscall(SYS_clone, sig, 0, 0, 0, 0);
}

/* Whatever tells of a child's end, SIGCHLD tells of its stops. */
static void stops_of_clones(void)
{
    static const int ends[] = {0, SIGUSR1};
    int status;

    for (int i = 0; i < 2; i++) {
        handle_with_info(SIGCHLD, SA_RESTART);
        handle(SIGUSR1, SA_RESTART);
        pid_t pid = child_with_end(ends[i]);
        if (pid == 0) {
            kill(getpid(), SIGSTOP); /* raise() would take the tid from before the clone */
            _exit(3);
        }
        CHECK(waitpid(pid, &status, __WALL | WUNTRACED) == pid && WIFSTOPPED(status));
        CHECK(seen == SIGCHLD && last.si_code == CLD_STOPPED && last.si_pid == pid);
        CHECK(kill(pid, SIGCONT) == 0);
        CHECK(waitpid(pid, &status, 0) == -1 && errno == ECHILD); /* that is for __WALL */
        CHECK(waitpid(pid, &status, __WALL) == pid && WEXITSTATUS(status) == 3);
        CHECK(seen == (ends[i] ? ends[i] : SIGCHLD));
        signal(SIGCHLD, SIG_DFL);
        signal(SIGUSR1, SIG_DFL);
    }
}

/* A parent that becomes another program, in which a child ends that was to kill it by that. */
static void leaves_a_murderer(void)
{
    char byte;
    int ends[2];

    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    if (child_with_end(SIGKILL) == 0) {
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) != 0); /* until exec has closed the other end */
    }
    execl("/proc/self/exe", "signals", "--wait", NULL);
}

/* Another program ends like any child, and is told of the ends below it like any parent. */
static void ends_of_other_programs(void)
{
    siginfo_t info;
    pid_t pid = child_with_end(0);

    if (pid == 0) {
        execl("/bin/nop", "nop", NULL);
        _exit(1);
    }
    CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | __WALL) == 0);
    CHECK(status_of(pid) == 0);
    pid = fork();
    if (pid == 0) {
        leaves_a_murderer();
        _exit(1);
    }
    CHECK(status_of(pid) == 0);
}

static void nobody_waits(void)
{
    pid_t pid;

    signal(SIGCHLD, SIG_IGN);
    pid = fork();
    if (pid == 0)
        _exit(1);
    CHECK(wait(NULL) == -1 && errno == ECHILD);
    CHECK(kill(pid, 0) == -1 && errno == ESRCH);
    signal(SIGCHLD, SIG_DFL);
}

static void spawned_children(void)
{
    char *argv[] = {(char *)"nop", NULL};
    pid_t pid = vfork();

    if (pid == 0)
        _exit(4);
    CHECK(status_of(pid) == 4 << 8);
    CHECK(posix_spawn(&pid, "/bin/nop", NULL, NULL, argv, environ) == 0);
    CHECK(status_of(pid) == 0);
    CHECK(posix_spawn(&pid, "/no/such/program", NULL, NULL, argv, environ) == ENOENT);
}

/* --- faults --- */

static sigjmp_buf back;
static char other_stack[65536];
static volatile int on_other_stack;

static void fault_handler(int sig, siginfo_t *info, void *context)
{
    char here;

    (void)context;
    last = *info;
    seen = sig;
    on_other_stack = &here >= other_stack && &here < other_stack + sizeof(other_stack);
    siglongjmp(back, 1);
}

static int recurse(int depth)
{
    volatile char frame[4096];

    frame[0] = (char)depth;
    return depth < 0 ? 0 : recurse(depth + 1) + frame[0];
}

/* The store is on purpose; the compiler is not to see where it goes. */
static void store_to(void *volatile address)
{
    *(volatile int *)address = 1;
}

static void faults(void)
{
    stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
    struct sigaction action = {.sa_sigaction = fault_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigset_t mask;

    CHECK(sigaltstack(&stack, NULL) == 0 && sigaction(SIGSEGV, &action, NULL) == 0);
    if (!sigsetjmp(back, 1))
        store_to((void *)0x1234);
    CHECK(on_other_stack && last.si_addr == (void *)0x1234 && last.si_code == SEGV_MAPERR);
    if (!sigsetjmp(back, 1))
        store_to((void *)faults);
    CHECK(on_other_stack && last.si_addr == (void *)faults && last.si_code == SEGV_ACCERR);
    seen = on_other_stack = 0;
    if (!sigsetjmp(back, 1))
        recurse(0);
    CHECK(seen == SIGSEGV && on_other_stack);
    CHECK(sigprocmask(SIG_SETMASK, NULL, &mask) == 0 && !sigismember(&mask, SIGSEGV));
    CHECK(sigaltstack(NULL, &stack) == 0 && stack.ss_flags == 0);
    signal(SIGSEGV, SIG_DFL);
}

/* --- time --- */

static void timers(void)
{
    struct itimerval often = {{0, 10000}, {0, 10000}}, off = {{0, 0}, {0, 0}}, old;
    double began = now();

    handle(SIGALRM, 0);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    while (times < 5)
        pause();
    CHECK(now() - began >= 0.05);
    CHECK(setitimer(ITIMER_REAL, &off, &old) == 0 && old.it_interval.tv_usec == 10000);
    CHECK(alarm(100) == 0 && alarm(0) == 100);
}

static void limit_on_cpu_time(void)
{
    struct rlimit one_second = {1, 3};
    pid_t pid = fork();

    if (pid == 0) {
        setrlimit(RLIMIT_CPU, &one_second);
        for (;;)
            ;
    }
    CHECK(WTERMSIG(status_of(pid)) == SIGXCPU);
}

int main(int argc, char **argv)
{
    static void (*const parts[])(void) = {
        interrupted_read, interrupted_sleep,
        stopped_sleep,    death_of_the_stopped,
        orphaned_groups,  sessions,
        queued_signals,   awaited_signals,
        temporary_masks,  one_shot_handler,
        news_of_children, stops_of_clones,
        nobody_waits,     ends_of_other_programs,
        spawned_children, faults,
        timers,           limit_on_cpu_time,
    };
    int status = 0;

    if (argc > 1 && strcmp(argv[1], "--wait") == 0)
        return waitpid(-1, &status, __WALL) < 0 || status;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        parts[i]();
    puts("signals: all good");
    return 0;
}
