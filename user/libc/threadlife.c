/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a process with threads: fork, exec, exit, signals that end, stop and continue all of
 * it, its first thread ending before the others, several that wait for children; and these against
 * each other, at random moments. The threads among themselves are in threadwork.c.
 */
#define _GNU_SOURCE
#define CASES "threadlife"
#include "cases.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

extern char **environ;

static const char *self;

/* Words that children and parents share. */
static struct {
    atomic_long counter[4];
    atomic_int ready;
} * shared;

static int count_tasks(pid_t pid)
{
    char path[64];
    int count = 0;

    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *dir = opendir(path);
    if (!dir)
        return 0;
    for (struct dirent *e; (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

static char state_of(pid_t pid)
{
    char path[64], text[128] = {0};

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return 0;
    (void)!read(fd, text, sizeof(text) - 1);
    close(fd);
    char *after = strrchr(text, ')');
    return after ? after[2] : 0;
}

static void await_ready(int value)
{
    for (int i = 0; shared->ready < value; i++) {
        CHECK(i < 20000);
        nap_ms(1);
    }
}

/* --- threads of three kinds: one computes, one sleeps, one waits for another --- */

static void *compute(void *arg)
{
    atomic_long *counter = arg;

    shared->ready++;
    for (;;)
        (*counter)++;
    return NULL;
}

static void *sleep_long(void *arg)
{
    int ends[2];
    char byte;

    (void)arg;
    CHECK(pipe(ends) == 0);
    shared->ready++;
    (void)!read(ends[0], &byte, 1);
    return NULL;
}

static pthread_mutex_t locked = PTHREAD_MUTEX_INITIALIZER;

static void *wait_for_lock(void *arg)
{
    shared->ready++;
    pthread_mutex_lock(&locked);
    return arg;
}

static void start_three(void)
{
    pthread_mutex_lock(&locked);
    shared->ready = 0;
    start(compute, &shared->counter[0]);
    start(sleep_long, NULL);
    start(wait_for_lock, NULL);
    await_ready(3);
}

/* --- the end --- */

static void exit_with_threads(void)
{
    start_three();
    _exit(7);
}

static void *exit_group(void *arg)
{
    _exit((int)(intptr_t)arg);
}

static void exit_from_thread(void)
{
    start_three();
    start(exit_group, (void *)9);
    pause();
}

static void return_from_main(void)
{
    start_three();
    exit(11);
}

static void die_of_fault(void)
{
    volatile char *volatile nowhere = (char *)1;

    start_three();
    *nowhere = 1;
}

static void try_exit(void)
{
    for (int i = 0; i < 5; i++) {
        CHECK(status_of(child(exit_with_threads)) == 7 << 8);
        CHECK(status_of(child(exit_from_thread)) == 9 << 8);
        CHECK(status_of(child(return_from_main)) == 11 << 8);
    }
    CHECK((status_of(child(die_of_fault)) & 0x7f) == SIGSEGV);
}

static void *exit_late(void *arg)
{
    nap_ms(40);
    _exit((int)(intptr_t)arg);
}

static void leader_first(void)
{
    start(exit_late, (void *)5);
    pthread_exit(NULL);
}

/* The last thread ends by itself: the status is what the first one left with. */
static void *end_late(void *arg)
{
    nap_ms(40);
    syscall(SYS_exit, 6);
    return arg;
}

static void leader_first_by_call(void)
{
    start(end_late, NULL);
    syscall(SYS_exit, 3);
}

static void *do_nothing_long(void *arg)
{
    shared->ready++;
    for (;;)
        pause();
    return arg;
}

static void leader_first_and_stay(void)
{
    shared->ready = 0;
    start(do_nothing_long, NULL);
    pthread_exit(NULL);
}

static void try_leader_first(void)
{
    int status;

    CHECK(status_of(child(leader_first)) == 5 << 8);
    CHECK(status_of(child(leader_first_by_call)) == 3 << 8);

    pid_t pid = child(leader_first_and_stay);
    await_ready(1);
    while (state_of(pid) != 'Z')
        nap_ms(1);
    CHECK(count_tasks(pid) == 2 && kill(pid, 0) == 0);
    CHECK(syscall(SYS_tgkill, pid, pid, 0) == 0);
    CHECK(waitpid(pid, &status, WNOHANG) == 0);
    CHECK(kill(pid, SIGTERM) == 0 && (status_of(pid) & 0x7f) == SIGTERM);
}

/* --- fork --- */

static void *thread_of_child(void *arg)
{
    CHECK(getpid() != (pid_t)syscall(SYS_gettid));
    return arg;
}

static void only_one_thread(void)
{
    CHECK(count_tasks(getpid()) == 1 && getpid() == (pid_t)syscall(SYS_gettid));
    for (int i = 0; i < 4; i++)
        CHECK(join(start(thread_of_child, &i)) == &i);
    _exit(21);
}

static void *fork_often(void *arg)
{
    for (int i = 0; i < 20; i++)
        CHECK(status_of(child(only_one_thread)) == 21 << 8);
    return arg;
}

static volatile int stop;

static void *dirty_memory(void *arg)
{
    static char page[4][4096];
    char *mine = page[(intptr_t)arg];

    for (int i = 0; !stop; i++) {
        memset(mine, i, 4096);
        CHECK(mine[0] == (char)i && mine[4095] == (char)i);
    }
    return NULL;
}

static void try_fork(void)
{
    pthread_t writer[2], forker[2];

    stop = 0;
    for (intptr_t i = 0; i < 2; i++)
        writer[i] = start(dirty_memory, (void *)i);
    for (int i = 0; i < 2; i++)
        forker[i] = start(fork_often, NULL);
    for (int i = 0; i < 2; i++)
        join(forker[i]);
    stop = 1;
    for (int i = 0; i < 2; i++)
        join(writer[i]);
}

static void *spawn_often(void *arg)
{
    char *const words[] = {"true", NULL};

    for (int i = 0; i < 10; i++) {
        pid_t pid;
        CHECK(posix_spawn(&pid, "/bin/true", NULL, NULL, words, environ) == 0);
        CHECK(status_of(pid) == 0);
    }
    return arg;
}

static void try_spawn(void)
{
    pthread_t thread[4];

    for (int i = 0; i < 4; i++)
        thread[i] = start(spawn_often, NULL);
    for (int i = 0; i < 4; i++)
        join(thread[i]);
}

/* Children are everybody's: some wait for their own, the others for any that is left. */
static atomic_int reaped;

static void nothing(void)
{
    nap_ms(1);
}

static void *fork_and_wait(void *arg)
{
    for (int i = 0; i < 20; i++)
        CHECK(status_of(child(nothing)) == 0);
    return arg;
}

static void *wait_for_any(void *arg)
{
    int status;

    while (waitpid(-1, &status, 0) > 0)
        reaped++;
    CHECK(errno == ECHILD);
    return arg;
}

static void try_wait(void)
{
    pthread_t thread[4];

    for (int i = 0; i < 4; i++)
        thread[i] = start(fork_and_wait, NULL);
    for (int i = 0; i < 4; i++)
        join(thread[i]);
    reaped = 0;
    for (int i = 0; i < 20; i++)
        CHECK(child(nothing) > 0);
    for (int i = 0; i < 4; i++)
        thread[i] = start(wait_for_any, NULL);
    for (int i = 0; i < 4; i++)
        join(thread[i]);
    CHECK(reaped == 20);
}

/* --- exec --- */

/* What the new program finds (run as `threadlife execed PID`): the pid, and nobody else. */
static int execed(pid_t pid)
{
    return getpid() == pid && (pid_t)syscall(SYS_gettid) == pid && count_tasks(pid) == 1 ? 42 : 43;
}

static void exec_self(void)
{
    char number[16];

    snprintf(number, sizeof(number), "%d", getpid());
    execl(self, "threadlife", "execed", number, (char *)NULL);
    _exit(44);
}

static void *exec_thread(void *arg)
{
    (void)arg;
    exec_self();
    return NULL;
}

static void exec_from_leader(void)
{
    start_three();
    exec_self();
}

static void exec_from_thread(void)
{
    start_three();
    start(exec_thread, NULL);
    for (;;)
        pause();
}

static void exec_after_leader(void)
{
    start_three();
    start(exec_thread, NULL);
    pthread_exit(NULL);
}

static void exec_by_all(void)
{
    for (int i = 0; i < 4; i++)
        start(exec_thread, NULL);
    exec_self();
}

static void exec_that_fails(void)
{
    start_three();
    CHECK(execl("/nowhere", "nowhere", (char *)NULL) == -1 && errno == ENOENT);
    CHECK(count_tasks(getpid()) == 4);
    _exit(42);
}

static void try_exec(void)
{
    static void (*const ways[])(void) = {exec_from_leader, exec_from_thread, exec_after_leader,
                                         exec_by_all, exec_that_fails};

    for (int i = 0; i < 25; i++)
        CHECK(status_of(child(ways[i % 5])) == 42 << 8);
}

/* Exec, exit and a kill at nearly the same time: one of them wins, and nothing hangs. */
static void *exit_soon(void *arg)
{
    for (volatile int i = (int)(intptr_t)arg; i > 0; i--)
        ;
    _exit(42);
}

static int delay;

static void exec_against_exit(void)
{
    start_three();
    start(exit_soon, (void *)(intptr_t)delay);
    start(exec_thread, NULL);
    for (;;)
        pause();
}

static void try_races(void)
{
    for (int i = 0; i < 40; i++) {
        delay = i % 20 * 500;
        pid_t pid = child(exec_against_exit);
        int killed = i % 2;
        if (killed) {
            nap_ms(i % 7);
            CHECK(kill(pid, SIGKILL) == 0);
        }
        int status = status_of(pid);
        CHECK(status == 42 << 8 || (killed && status == SIGKILL));
    }
}

/* --- signals that concern all --- */

static void be_four(void)
{
    start_three();
    shared->ready++;
    for (;;)
        pause();
}

static pid_t four(void)
{
    shared->ready = 0;
    pid_t pid = child(be_four);
    await_ready(4);
    return pid;
}

static void try_kill(void)
{
    const int signals[] = {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGRTMAX};

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        pid_t pid = four();
        CHECK(count_tasks(pid) == 4);
        CHECK(kill(pid, signals[i]) == 0);
        CHECK((status_of(pid) & 0x7f) == signals[i]);
        CHECK(kill(pid, 0) == -1 && errno == ESRCH);
    }
}

/* A signal to one thread whose default is to end the process ends all of it. */
static void try_kill_by_thread(void)
{
    for (int i = 0; i < 5; i++) {
        pid_t pid = four();
        char path[64];
        pid_t last = 0;

        snprintf(path, sizeof(path), "/proc/%d/task", pid);
        DIR *dir = opendir(path);
        CHECK(dir);
        for (struct dirent *e; (e = readdir(dir));)
            if (atoi(e->d_name) > last)
                last = atoi(e->d_name);
        closedir(dir);
        CHECK(last > pid && syscall(SYS_tgkill, pid, last, i % 2 ? SIGKILL : SIGTERM) == 0);
        CHECK((status_of(pid) & 0x7f) == (i % 2 ? SIGKILL : SIGTERM));
    }
}

/* A group: children of which each has threads, and the members all die. */
static void be_four_in_group(void)
{
    for (;;)
        pause();
}

static void try_kill_group(void)
{
    pid_t first = child(be_four_in_group);
    pid_t member[3];

    CHECK(setpgid(first, first) == 0);
    for (int i = 0; i < 3; i++) {
        member[i] = four();
        CHECK(setpgid(member[i], first) == 0);
    }
    CHECK(kill(-first, SIGINT) == 0);
    for (int i = 0; i < 3; i++)
        CHECK((status_of(member[i]) & 0x7f) == SIGINT);
    CHECK((status_of(first) & 0x7f) == SIGINT);
}

/* When the parent has heard of the stop, no thread runs any more. */
static void be_counters(void)
{
    shared->ready = 0;
    for (int i = 0; i < 3; i++)
        start(compute, &shared->counter[i]);
    shared->ready++;
    for (;;)
        nap_ms(1);
}

static void check_counting(int runs)
{
    long before[3];

    for (int i = 0; i < 3; i++)
        before[i] = shared->counter[i];
    if (!runs)
        nap_ms(20);
    for (int i = 0; i < 3; i++) {
        for (int k = 0; runs && shared->counter[i] == before[i]; k++) {
            CHECK(k < 20000);
            nap_ms(1);
        }
        CHECK((shared->counter[i] != before[i]) == runs);
    }
}

static void try_stop(void)
{
    int status;

    shared->ready = 0;
    pid_t pid = child(be_counters);
    await_ready(4);
    for (int i = 0; i < 20; i++) {
        check_counting(1);
        CHECK(kill(pid, SIGSTOP) == 0);
        CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
        check_counting(0);
        CHECK(state_of(pid) == 'T');
        CHECK(kill(pid, SIGCONT) == 0);
        CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
    }
    CHECK(kill(pid, SIGSTOP) == 0 && kill(pid, SIGKILL) == 0);
    CHECK((status_of(pid) & 0x7f) == SIGKILL);
}

/* Stopped and continued in quick succession while threads come and go; then it must still count. */
static void *short_life(void *arg)
{
    return arg;
}

/* A call that the stops interrupt begins anew, and the program never sees what the kernel says to itself of that. */
static int byte_pipe[2];

static void *write_bytes(void *arg)
{
    for (;;) {
        CHECK(write(byte_pipe[1], "", 1) == 1);
        sched_yield();
    }
    return arg;
}

static void *read_bytes(void *arg)
{
    char byte;

    for (;;)
        CHECK(read(byte_pipe[0], &byte, 1) == 1);
    return arg;
}

static void be_busy(void)
{
    shared->ready = 0;
    CHECK(pipe(byte_pipe) == 0);
    start(read_bytes, NULL);
    start(write_bytes, NULL);
    start(compute, &shared->counter[0]);
    for (;;) {
        join(start(short_life, NULL));
        shared->counter[1]++;
        shared->counter[2]++;
    }
}

static void try_stop_storm(void)
{
    shared->ready = 0;
    pid_t pid = child(be_busy);
    await_ready(1);
    for (int i = 0; i < 300; i++) {
        CHECK(kill(pid, SIGSTOP) == 0);
        if (i % 3 == 0)
            sched_yield();
        if (i % 16 == 0)
            nap_ms(1);
        CHECK(kill(pid, SIGCONT) == 0);
        if (i % 5 == 0)
            sched_yield();
    }
    check_counting(1);
    CHECK(kill(pid, SIGKILL) == 0 && (status_of(pid) & 0x7f) == SIGKILL);
}

/* The parent of a vfork that does not come to its end can be killed. */
static void *vfork_for_ever(void *arg)
{
    pid_t pid = (pid_t)syscall(SYS_clone, 0x4111, 0, 0, 0, 0); /* CLONE_VFORK, as fork else */

    if (pid == 0) {
        shared->counter[3] = getpid();
        for (;;)
            pause();
    }
    return arg;
}

static void be_in_vfork(void)
{
    shared->counter[3] = 0;
    start(vfork_for_ever, NULL);
    for (;;)
        pause();
}

static void try_kill_in_vfork(void)
{
    shared->counter[3] = 0;
    pid_t pid = child(be_in_vfork);
    while (!shared->counter[3])
        nap_ms(1);
    CHECK(kill(pid, SIGKILL) == 0 && status_of(pid) == SIGKILL);
    CHECK(kill((pid_t)shared->counter[3], SIGKILL) == 0);
}

/* --- many processes with many threads, ended at random moments --- */

static void *make_more(void *arg)
{
    intptr_t depth = (intptr_t)arg;

    for (;;) {
        if (depth > 0)
            join(start(make_more, (void *)(depth - 1)));
        else
            return NULL;
    }
}

static void be_many(void)
{
    for (int i = 0; i < 4; i++)
        start(make_more, (void *)3);
    make_more((void *)2);
}

static void try_storm(void)
{
    pid_t pid[6];

    for (int round = 0; round < 8; round++) {
        for (int i = 0; i < 6; i++)
            pid[i] = child(be_many);
        for (int i = 0; i < 6; i++) {
            nap_ms(round);
            CHECK(kill(pid[i], i % 3 ? SIGKILL : SIGTERM) == 0);
        }
        for (int i = 0; i < 6; i++)
            CHECK((status_of(pid[i]) & 0x7f) == (i % 3 ? SIGKILL : SIGTERM));
    }
}

/* For a person, or a test, at the terminal: `threadlife linger` has four threads until it is ended. */
static void linger(void)
{
    start_three();
    puts("threadlife: lingering");
    for (;;)
        pause();
}

static const struct test_case cases[] = {
    {"exit", try_exit},
    {"leader-first", try_leader_first},
    {"fork", try_fork},
    {"spawn", try_spawn},
    {"wait", try_wait},
    {"exec", try_exec},
    {"races", try_races},
    {"kill", try_kill},
    {"kill-by-thread", try_kill_by_thread},
    {"kill-group", try_kill_group},
    {"stop", try_stop},
    {"stop-storm", try_stop_storm},
    {"kill-in-vfork", try_kill_in_vfork},
    {"storm", try_storm},
};

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc == 3 && strcmp(argv[1], "execed") == 0)
        return execed(atoi(argv[2]));
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    if (argc == 2 && strcmp(argv[1], "linger") == 0)
        linger();
    return run_cases(CASES, cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
