/* SPDX-License-Identifier: BSD-2-Clause */
/* PID namespaces: who has which number where, what an init is safe from, and how a namespace ends. */
#define _GNU_SOURCE
#define CASES "pidns"
#include "cases.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FAILS(call, error) CHECK((call) == -1 && errno == (error))
#define PLACE              "/tmp/pidns"
#define FIRST_NUMBER       100 /* of the processes that see everything */

/* fork with flags: a child that runs fn and ends with status 0. */
static pid_t born(unsigned flags, void (*fn)(void))
{
    fflush(stdout);
    pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

    if (pid == 0) {
        fn();
        _exit(0);
    }
    return pid;
}

static int end_of(pid_t pid)
{
    int status = -1;

    CHECK(waitpid(pid, &status, __WALL) == pid);
    return status;
}

static void in_new(void (*fn)(void))
{
    pid_t pid = born(CLONE_NEWPID, fn);

    CHECK(pid > 1);
    CHECK(end_of(pid) == 0);
}

static void nothing(void)
{
}

static void wait_for_ever(void)
{
    for (;;)
        pause();
}

/* A word that parent and child agree on, by a pipe. */
static int channel[2];

static void open_channel(void)
{
    CHECK(pipe(channel) == 0);
}

static void close_channel(void)
{
    close(channel[0]);
    close(channel[1]);
}

static void tell(int word)
{
    CHECK(write(channel[1], &word, sizeof(word)) == sizeof(word));
}

static int hear(void)
{
    int word;

    CHECK(read(channel[0], &word, sizeof(word)) == sizeof(word));
    return word;
}

/* The first line of a file that begins with `key`, without it. */
static void line_of(const char *path, const char *key, char *line, size_t size)
{
    FILE *f = fopen(path, "r");

    CHECK(f);
    while (fgets(line, (int)size, f) && strncmp(line, key, strlen(key)) != 0)
        ;
    fclose(f);
    CHECK(strncmp(line, key, strlen(key)) == 0);
    memmove(line, line + strlen(key), strlen(line) - strlen(key) + 1);
}

/* --- numbers --- */

static void check_second(void)
{
    CHECK(getpid() == 2 && getppid() == 1 && syscall(SYS_gettid) == 2);
    CHECK(getpgid(0) == 0 && getsid(0) == 0); /* those of the founders outside */
    CHECK(setsid() == 2 && getpgrp() == 2 && getsid(0) == 2 && getsid(1) == 0);
}

static void *thread_number(void *arg)
{
    *(int *)arg = (int)syscall(SYS_gettid);
    return NULL;
}

static void check_first(void)
{
    siginfo_t info;
    int tid = 0;

    CHECK(getpid() == 1 && getppid() == 0);
    pid_t pid = born(0, check_second);
    CHECK(pid == 2);
    CHECK(waitid(P_PID, 2, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == 2);
    CHECK(end_of(2) == 0);
    join(start(thread_number, &tid));
    CHECK(tid == 3);
    FAILS(kill(2, 0), ESRCH);
    FAILS(waitpid(2, NULL, 0), ECHILD);
    CHECK(kill(1, 0) == 0);
}

static void test_numbers(void)
{
    in_new(check_first);
}

static void nest(void)
{
    static int level = 1;

    CHECK(getpid() == 1);
    if (level++ < 32) {
        in_new(nest);
    } else {
        FAILS(born(CLONE_NEWPID, nothing), ENOSPC);
        FAILS(unshare(CLONE_NEWPID), ENOSPC);
    }
}

static void test_depth(void)
{
    in_new(nest);
}

/* --- signals --- */

static volatile sig_atomic_t taken;
static volatile pid_t sender;

static void take(int sig, siginfo_t *info, void *context)
{
    (void)context;
    taken = sig;
    sender = info->si_pid;
}

static void handle(int sig)
{
    struct sigaction action = {.sa_sigaction = take, .sa_flags = SA_SIGINFO | SA_RESTART};

    sigemptyset(&action.sa_mask);
    CHECK(sigaction(sig, &action, NULL) == 0);
}

static void attack_init(void)
{
    CHECK(kill(1, SIGKILL) == 0 && kill(1, SIGSTOP) == 0 && kill(1, SIGTERM) == 0);
    CHECK(kill(1, SIGUSR1) == 0);
}

static void safe_init(void)
{
    handle(SIGUSR1);
    CHECK(end_of(born(0, attack_init)) == 0);
    CHECK(taken == SIGUSR1 && sender == 2);
    CHECK(kill(getpid(), SIGKILL) == 0 && syscall(SYS_tkill, getpid(), SIGKILL) == 0);
    taken = 0;
    handle(SIGUSR2);
    tell(1);
    while (!taken)
        nap_ms(1);
    CHECK(taken == SIGUSR2 && sender == 0);
    wait_for_ever();
}

static void test_signals(void)
{
    int status;

    open_channel();
    pid_t pid = born(CLONE_NEWPID, safe_init);
    CHECK(hear() == 1);
    CHECK(kill(pid, SIGTERM) == 0 && kill(pid, SIGUSR2) == 0);
    CHECK(kill(pid, SIGSTOP) == 0);
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    CHECK(kill(pid, SIGCONT) == 0);
    CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
    CHECK(kill(pid, SIGKILL) == 0);
    CHECK(end_of(pid) == SIGKILL);
    close_channel();
}

static void kill_the_others(void)
{
    pid_t a = born(0, wait_for_ever), b = born(0, wait_for_ever);

    CHECK(kill(-1, SIGTERM) == 0);
    CHECK(end_of(a) == SIGTERM && end_of(b) == SIGTERM);
    FAILS(kill(-1, 0), ESRCH);
    FAILS(kill(-77, 0), ESRCH);
}

static void test_everybody(void)
{
    pid_t outside = born(0, wait_for_ever);

    in_new(kill_the_others);
    CHECK(waitpid(outside, NULL, WNOHANG) == 0);
    CHECK(kill(outside, SIGKILL) == 0 && end_of(outside) == SIGKILL);
}

/* --- families --- */

static void orphan(void)
{
    while (getppid() != 1)
        usleep(1000);
    _exit(7);
}

static void parent_of_orphan(void)
{
    CHECK(born(0, orphan) > 0);
}

static void foster(void)
{
    int status;

    CHECK(end_of(born(0, parent_of_orphan)) == 0);
    CHECK(waitpid(-1, &status, 0) == 3 && WEXITSTATUS(status) == 7);
}

static void test_orphans(void)
{
    in_new(foster);
}

static void check_foster_parent(void)
{
    pid_t parent = getppid();

    tell(parent);
    while (getppid() == parent)
        usleep(1000);
    tell(getppid());
}

static void leave_child(void)
{
    CHECK(born(0, check_foster_parent) > 0);
    CHECK(hear() == getpid());
}

static void test_subreaper(void)
{
    int is = 0;

    open_channel();
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    CHECK(prctl(PR_GET_CHILD_SUBREAPER, &is) == 0 && is == 1);
    CHECK(end_of(born(0, leave_child)) == 0);
    CHECK(hear() == getpid());
    CHECK(waitpid(-1, NULL, 0) > 0);
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 0) == 0);
    close_channel();
}

static void check_sibling(void)
{
    tell(getppid());
}

static void make_sibling(void)
{
    pid_t pid = born(CLONE_PARENT | CLONE_VFORK, check_sibling);

    CHECK(pid > 0);
    FAILS(waitpid(pid, NULL, 0), ECHILD);
    tell(pid);
}

static void no_sibling(void)
{
    FAILS(born(CLONE_PARENT, nothing), EINVAL);
}

static void test_siblings(void)
{
    open_channel();
    pid_t pid = born(0, make_sibling);
    CHECK(hear() == getpid());
    CHECK(end_of(hear()) == 0 && end_of(pid) == 0);
    in_new(no_sibling);
    close_channel();
}

/* --- the end --- */

static void populate(void)
{
    pid_t pid = born(0, wait_for_ever);

    CHECK(pid == 2 && born(CLONE_NEWPID, wait_for_ever) == 3);
    tell(1);
}

/* Processes that are there, by what /proc shows. */
static int count_processes(const char *proc)
{
    DIR *dir = opendir(proc);
    int count = 0;

    CHECK(dir);
    for (struct dirent *e; (e = readdir(dir));)
        count += e->d_name[0] >= '0' && e->d_name[0] <= '9';
    closedir(dir);
    return count;
}

static void test_end(void)
{
    int before = count_processes("/proc");

    open_channel();
    in_new(populate);
    CHECK(hear() == 1);
    CHECK(count_processes("/proc") == before);
    close_channel();
}

static void fork_for_ever(void)
{
    for (;;) {
        pid_t pid = fork();

        if (pid == 0)
            pid = fork();
        if (pid == 0)
            _exit(0);
        waitpid(pid, NULL, 0);
    }
}

static void riot(void)
{
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 3; i++)
        born(i == 1 ? CLONE_NEWPID : 0, fork_for_ever);
    tell(1);
    wait_for_ever();
}

static void test_riot(void)
{
    int before = count_processes("/proc");

    open_channel();
    for (int i = 0; i < 10; i++) {
        pid_t pid = born(CLONE_NEWPID, riot);

        CHECK(hear() == 1);
        usleep(20000);
        CHECK(kill(pid, SIGKILL) == 0 && end_of(pid) == SIGKILL);
    }
    CHECK(count_processes("/proc") == before);
    close_channel();
}

static void restart(void)
{
    reboot(RB_AUTOBOOT);
}

static void power_off(void)
{
    reboot(RB_POWER_OFF);
}

static void ask_to_power_off(void)
{
    born(0, power_off);
    wait_for_ever();
}

static void test_reboot(void)
{
    CHECK(end_of(born(CLONE_NEWPID, restart)) == SIGHUP);
    CHECK(end_of(born(CLONE_NEWPID, ask_to_power_off)) == SIGINT);
}

/* --- unshare and setns --- */

static void is_first(void)
{
    CHECK(getpid() == 1 && getppid() == 0);
}

static void *no_thread(void *arg)
{
    return arg;
}

static void unshared(void)
{
    pid_t own = getpid();
    pthread_t thread;
    int err;

    CHECK(unshare(CLONE_NEWPID) == 0 && getpid() == own);
    FAILS(unshare(CLONE_NEWPID), EINVAL);
    FAILS(open("/proc/self/ns/pid_for_children", O_RDONLY), ENOENT);
    err = pthread_create(&thread, NULL, no_thread, NULL);
    CHECK(err == EINVAL ||
          err == EAGAIN); /* as the kernel says; musl says EAGAIN, whatever it was */
    CHECK(end_of(born(0, is_first)) == 0);
    FAILS(born(0, nothing), ENOMEM);
}

static void test_unshare(void)
{
    CHECK(end_of(born(0, unshared)) == 0);
}

static void guest(void)
{
    CHECK(getpid() == 2 && getppid() == 0);
    FAILS(setns(channel[0], CLONE_NEWPID), EINVAL); /* upwards */
}

static void visit(void)
{
    char path[40];
    pid_t host = born(CLONE_NEWPID, wait_for_ever);

    snprintf(path, sizeof(path), "/proc/%d/ns/pid", host);
    int above = open("/proc/self/ns/pid", O_RDONLY), below = open(path, O_RDONLY);
    CHECK(above >= 0 && below >= 0);
    FAILS(setns(below, CLONE_NEWUTS), EINVAL);
    channel[0] = above;
    CHECK(setns(below, CLONE_NEWPID) == 0);
    pid_t pid = born(0, guest);
    CHECK(end_of(pid) == 0);
    CHECK(setns(above, CLONE_NEWPID) == 0);
    CHECK(kill(host, SIGKILL) == 0 && end_of(host) == SIGKILL);
}

static void test_setns(void)
{
    CHECK(end_of(born(0, visit)) == 0);
}

/* --- numbers that are asked for --- */

struct clone_args_set_tid {
    unsigned long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    unsigned long set_tid, set_tid_size, cgroup;
};

static pid_t with_numbers(unsigned long flags, const int *number, size_t count)
{
    struct clone_args_set_tid args = {.flags = flags,
                                      .exit_signal = SIGCHLD,
                                      .set_tid = (unsigned long)number,
                                      .set_tid_size = count};
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

    if (pid == 0)
        _exit(getpid() == number[0] ? 0 : 1);
    return pid;
}

static void ask_inside(void)
{
    const int numbers[] = {300, 31000};

    CHECK(with_numbers(0, numbers, 1) == 300 && end_of(300) == 0);
    CHECK(with_numbers(0, numbers, 2) == 300 && end_of(300) == 0);
    FAILS(with_numbers(0, numbers, 3), EINVAL);
    FAILS(with_numbers(0, (const int[]){1}, 1), EEXIST);
    FAILS(with_numbers(0, (const int[]){5, 1}, 2), EEXIST);
    CHECK(with_numbers(0, (const int[]){5}, 1) == 5 && end_of(5) == 0);
}

/* What makes no sense is told to everybody, before what one may not do. */
static void ask_as_user(void)
{
    CHECK(setresuid(1000, 1000, 1000) == 0);
    FAILS(with_numbers(0, (const int[]){31000}, 1), EPERM);
    FAILS(with_numbers(0, (const int[]){0}, 1), EINVAL);
    FAILS(with_numbers(0, (const int[]){31000, 31001}, 2), EINVAL);
    FAILS(with_numbers(CLONE_NEWPID, (const int[]){1}, 1), EPERM);
}

static void test_wishes(void)
{
    in_new(ask_inside);
    CHECK(end_of(born(0, ask_as_user)) == 0);
    FAILS(with_numbers(0, (const int[]){0}, 1), EINVAL);
    FAILS(with_numbers(0, (const int[]){32768}, 1), EINVAL);
    FAILS(with_numbers(0, NULL, 1), EINVAL);
    FAILS(with_numbers(0, (const int *)8, 1), EFAULT);
    FAILS(with_numbers(CLONE_NEWPID, (const int[]){2}, 1), EINVAL);
    pid_t pid = with_numbers(CLONE_NEWPID, (const int[]){1, 31000}, 2);
    CHECK(pid == 31000 && end_of(pid) == 0);
}

static void count_from(void)
{
    int fd = open("/proc/sys/kernel/ns_last_pid", O_RDWR);

    CHECK(fd >= 0 && write(fd, "776", 3) == 3);
    CHECK(born(0, nothing) == 777 && end_of(777) == 0);
    FAILS(write(fd, "32768", 5), EINVAL);
    close(fd);
}

static void test_last_pid(void)
{
    in_new(count_from);
}

/* --- /proc and descriptors --- */

static int go_on[2];

static void look_around(void)
{
    char line[200];

    CHECK(mount("proc", PLACE, "proc", 0, NULL) == 0);
    CHECK(count_processes(PLACE) == 1);
    pid_t pid = born(0, wait_for_ever);
    CHECK(pid == 2 && count_processes(PLACE) == 2);
    CHECK(readlink(PLACE "/self", line, sizeof(line)) == 1 && line[0] == '1');
    CHECK(readlink(PLACE "/thread-self", line, sizeof(line)) == 8 && !memcmp(line, "1/task/1", 8));
    line_of(PLACE "/2/status", "PPid:", line, sizeof(line));
    CHECK(strcmp(line, "\t1\n") == 0);
    line_of(PLACE "/2/task/2/status", "NSpid:", line, sizeof(line));
    CHECK(strcmp(line, "\t2\n") == 0);
    line_of("/proc/self/status", "NSpid:", line, sizeof(line));
    CHECK(atoi(line) > 1 && strcmp(strrchr(line, '\t'), "\t1\n") == 0);
    CHECK(kill(pid, SIGKILL) == 0 && end_of(pid) == SIGKILL);
    CHECK(access(PLACE "/2", F_OK) == -1);
    tell(1);
    CHECK(read(go_on[0], line, 1) == 1);
}

static void test_proc(void)
{
    char line[40];

    CHECK(mkdir(PLACE, 0755) == 0 || errno == EEXIST);
    open_channel();
    CHECK(pipe(go_on) == 0);
    pid_t pid = born(CLONE_NEWPID, look_around);
    CHECK(hear() == 1);
    CHECK(readlink(PLACE "/self", line, sizeof(line)) == -1 && errno == ENOENT);
    CHECK(count_processes(PLACE) == 1);
    CHECK(write(go_on[1], "", 1) == 1);
    CHECK(end_of(pid) == 0);
    CHECK(count_processes(PLACE) == 0);
    CHECK(umount(PLACE) == 0 && rmdir(PLACE) == 0);
    close(go_on[0]);
    close(go_on[1]);
    close_channel();
}

static int outside_fd;

static void signal_outwards(void)
{
    FAILS(syscall(SYS_pidfd_send_signal, outside_fd, 0, NULL, 0), EINVAL);
    int fd = (int)syscall(SYS_pidfd_open, 1, 0);
    CHECK(fd >= 0 && syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0);
    FAILS(syscall(SYS_pidfd_open, 2, 0), ESRCH);
}

static void test_pidfd(void)
{
    outside_fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    CHECK(outside_fd >= 0);
    in_new(signal_outwards);
    close(outside_fd);
}

/* --- System V segments: who made them, and who was there last --- */

static int segment;

static void pids_are(int id, pid_t creator, pid_t last)
{
    struct shmid_ds ds;

    CHECK(shmctl(id, IPC_STAT, &ds) == 0 && ds.shm_cpid == creator && ds.shm_lpid == last);
}

static void visit_segment(void)
{
    pids_are(segment, 0, 0);
    void *at = shmat(segment, NULL, 0);
    CHECK(at != (void *)-1);
    pids_are(segment, 0, 1);
    tell(1);
    CHECK(read(go_on[0], at, 1) == 1);
    int own = shmget(IPC_PRIVATE, 1, 0600);
    pids_are(own, 1, 0);
    CHECK(shmctl(own, IPC_RMID, NULL) == 0);
}

static void test_segments(void)
{
    open_channel();
    CHECK(pipe(go_on) == 0);
    segment = shmget(IPC_PRIVATE, 1, 0600);
    CHECK(segment >= 0);
    pid_t pid = born(CLONE_NEWPID, visit_segment);
    CHECK(hear() == 1);
    pids_are(segment, getpid(), pid);
    CHECK(write(go_on[1], "", 1) == 1 && end_of(pid) == 0);
    CHECK(shmctl(segment, IPC_RMID, NULL) == 0);
    close(go_on[0]);
    close(go_on[1]);
    close_channel();
}

/*
 * A C library remembers the id of its thread, and does not hear of a clone that is made past it. It must be none that a
 * thread in one of the namespaces gets: musl would take the two for the same one. So a child with a high one goes on.
 */
static void leave_low_numbers(void)
{
    for (;;) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0 && getpid() >= FIRST_NUMBER)
            return;
        if (pid == 0)
            _exit(0);
        int status = end_of(pid);
        if (pid >= FIRST_NUMBER)
            _exit(status != 0);
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"numbers", test_numbers},     {"depth", test_depth},       {"signals", test_signals},
        {"everybody", test_everybody}, {"orphans", test_orphans},   {"subreaper", test_subreaper},
        {"siblings", test_siblings},   {"end", test_end},           {"riot", test_riot},
        {"reboot", test_reboot},       {"unshare", test_unshare},   {"setns", test_setns},
        {"wishes", test_wishes},       {"last-pid", test_last_pid}, {"proc", test_proc},
        {"pidfd", test_pidfd},         {"segments", test_segments},
    };

    leave_low_numbers();
    return run_cases(CASES, cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
