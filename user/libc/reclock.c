/* SPDX-License-Identifier: BSD-2-Clause */
/* Record locks, between processes and between open files: who is in whose way, who waits, and what lets go of them. */
#define _GNU_SOURCE
#define CASES "reclock"
#include "cases.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>

#define NAME "/tmp/reclock"

static int fd;

static struct flock bytes(short type, off_t start, off_t len)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
}

static int lock(int cmd, short type, off_t start, off_t len)
{
    struct flock l = bytes(type, start, len);

    return fcntl(fd, cmd, &l);
}

/* Whether a child of ours could lock so. */
static int free_for_others(short type, off_t start, off_t len)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(lock(F_SETLK, type, start, len) == 0 ? 0 : errno == EAGAIN ? 1 : 2);
    int status = status_of(pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 0;
}

static void ranges(void)
{
    CHECK(lock(F_SETLK, F_WRLCK, 10, 20) == 0);
    CHECK(free_for_others(F_WRLCK, 0, 10) && free_for_others(F_WRLCK, 30, 0));
    CHECK(!free_for_others(F_RDLCK, 9, 2) && !free_for_others(F_RDLCK, 29, 1));
    CHECK(lock(F_SETLK, F_UNLCK, 15, 5) == 0); /* a hole */
    CHECK(free_for_others(F_WRLCK, 15, 5));
    CHECK(!free_for_others(F_WRLCK, 14, 2) && !free_for_others(F_WRLCK, 19, 2));
    CHECK(lock(F_SETLK, F_RDLCK, 10, 5) == 0); /* from writing to reading */
    CHECK(free_for_others(F_RDLCK, 10, 5) && !free_for_others(F_WRLCK, 10, 5));
    CHECK(lock(F_SETLK, F_UNLCK, 0, 0) == 0);
    CHECK(free_for_others(F_WRLCK, 0, 0));
}

static void where_from(void)
{
    CHECK(ftruncate(fd, 100) == 0 && lseek(fd, 50, SEEK_SET) == 50);
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = 0, .l_len = -10};
    CHECK(fcntl(fd, F_SETLK, &l) == 0);
    CHECK(!free_for_others(F_WRLCK, 40, 1) && free_for_others(F_WRLCK, 39, 1) &&
          free_for_others(F_WRLCK, 50, 1));
    l = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -1, .l_len = 1};
    CHECK(fcntl(fd, F_SETLK, &l) == 0);
    CHECK(!free_for_others(F_WRLCK, 99, 1) && free_for_others(F_WRLCK, 100, 0));
    CHECK(lock(F_SETLK, F_WRLCK, -1, 1) == -1 && errno == EINVAL);
    CHECK(lock(F_SETLK, F_WRLCK, 5, -6) == -1 && errno == EINVAL);
    CHECK(lock(F_SETLK, 77, 0, 0) == -1 && errno == EINVAL);
    CHECK(lock(F_SETLK, F_UNLCK, 0, 0) == 0);
}

/* What F_GETLK tells a child of its parent's lock. */
static void told_to_a_child(void)
{
    struct flock l = bytes(F_RDLCK, 0, 0);

    CHECK(fcntl(fd, F_GETLK, &l) == 0);
    CHECK(l.l_type == F_WRLCK && l.l_start == 7 && l.l_len == 3 && l.l_pid == getppid());
    l = bytes(F_RDLCK, 0, 7);
    CHECK(fcntl(fd, F_GETLK, &l) == 0 && l.l_type == F_UNLCK);
}

static void told(void)
{
    CHECK(lock(F_SETLK, F_WRLCK, 7, 3) == 0);
    struct flock l = bytes(F_WRLCK, 0, 0);
    CHECK(fcntl(fd, F_GETLK, &l) == 0 && l.l_type == F_UNLCK); /* not in one's own way */
    CHECK(status_of(child(told_to_a_child)) == 0);
    CHECK(lock(F_SETLK, F_UNLCK, 0, 0) == 0);
}

static void rights(void)
{
    struct flock l = bytes(F_WRLCK, 0, 1);
    int only = open(NAME, O_RDONLY);

    CHECK(only >= 0 && fcntl(only, F_SETLK, &l) == -1 && errno == EBADF);
    l.l_type = F_RDLCK;
    CHECK(fcntl(only, F_SETLK, &l) == 0 && close(only) == 0);
}

/* Closing any descriptor of the file lets go of all that the process has; a child's end, of the child's only. */
static void lets_go(void)
{
    CHECK(lock(F_SETLK, F_WRLCK, 0, 0) == 0);
    CHECK(!free_for_others(F_RDLCK, 3, 1));
    int other = open(NAME, O_RDONLY);
    CHECK(other >= 0 && !free_for_others(F_RDLCK, 3, 1));
    CHECK(close(other) == 0 && free_for_others(F_WRLCK, 3, 1));

    CHECK(lock(F_SETLK, F_WRLCK, 0, 0) == 0);
    CHECK(dup2(STDIN_FILENO, other) == other && close(other) == 0);
    CHECK(!free_for_others(F_RDLCK, 3, 1));
    CHECK(dup2(fd, other) == other && dup2(STDIN_FILENO, other) == other);
    CHECK(free_for_others(F_WRLCK, 3, 1) && close(other) == 0);
}

static void of_open_files(void)
{
    struct flock l = bytes(F_WRLCK, 0, 10);
    int other = open(NAME, O_RDWR), copy = dup(fd);

    CHECK(other >= 0 && copy >= 0);
    CHECK(fcntl(fd, F_OFD_SETLK, &l) == 0);
    CHECK(fcntl(copy, F_OFD_SETLK, &l) == 0); /* the same open file */
    CHECK(fcntl(other, F_OFD_SETLK, &l) == -1 && errno == EAGAIN);
    CHECK(lock(F_SETLK, F_RDLCK, 0, 1) == -1 && errno == EAGAIN); /* nor as a process */
    CHECK(fcntl(other, F_OFD_GETLK, &l) == 0 && l.l_type == F_WRLCK && l.l_pid == -1);
    CHECK(close(copy) == 0 && !free_for_others(F_WRLCK, 0, 1));
    l = bytes(F_UNLCK, 0, 0);
    CHECK(fcntl(fd, F_OFD_SETLK, &l) == 0);
    l = bytes(F_WRLCK, 0, 10);
    CHECK(fcntl(other, F_OFD_SETLK, &l) == 0 && close(other) == 0);
    CHECK(free_for_others(F_WRLCK, 0, 0));
    l.l_pid = 1;
    CHECK(fcntl(fd, F_OFD_SETLK, &l) == -1 && errno == EINVAL);
}

/* Children add to a number, each under the lock: no addition is lost. */
static volatile long *number;

static void add_often(void)
{
    for (int i = 0; i < 50; i++) {
        CHECK(lock(F_SETLKW, F_WRLCK, 0, 1) == 0);
        long seen = *number;
        if (i % 8 == 0)
            sched_yield();
        *number = seen + 1;
        CHECK(lock(F_SETLKW, F_UNLCK, 0, 1) == 0);
    }
}

static void takes_turns(void)
{
    pid_t pid[4];

    number = mmap(NULL, sizeof(*number), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(number != MAP_FAILED);
    for (int i = 0; i < 4; i++)
        pid[i] = child(add_often);
    for (int i = 0; i < 4; i++)
        CHECK(status_of(pid[i]) == 0);
    CHECK(*number == 200 && munmap((void *)number, sizeof(*number)) == 0);
}

static void wait_for_byte_1(void)
{
    CHECK(lock(F_SETLKW, F_WRLCK, 2, 1) == 0); /* our parent looks with a lock, for a moment */
    if (lock(F_SETLKW, F_WRLCK, 1, 1) == -1)
        _exit(errno == EDEADLK ? 3 : 1);
}

/* We have byte 1 and want byte 2, the child has 2 and wants 1: who comes last is told, and gives up. */
static void no_embrace(void)
{
    CHECK(lock(F_SETLK, F_WRLCK, 1, 1) == 0);
    pid_t pid = child(wait_for_byte_1);

    while (free_for_others(F_WRLCK, 2, 1))
        nap_ms(1);
    int told = lock(F_SETLKW, F_WRLCK, 2, 1) == -1;
    CHECK(!told || errno == EDEADLK);
    CHECK(lock(F_SETLK, F_UNLCK, 0, 0) == 0);
    int status = status_of(pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == (told ? 0 : 3));
}

static void on_signal(int sig)
{
    (void)sig;
}

static void signal_parent(void)
{
    for (;;) {
        nap_ms(20);
        CHECK(kill(getppid(), SIGUSR1) == 0);
    }
}

static void hold_byte_0(void)
{
    CHECK(lock(F_SETLKW, F_WRLCK, 0, 1) == 0);
    pause();
}

static void interrupted(void)
{
    struct sigaction act = {.sa_handler = on_signal}, old;
    pid_t holder = child(hold_byte_0);

    while (free_for_others(F_WRLCK, 0, 1))
        nap_ms(1);
    CHECK(sigaction(SIGUSR1, &act, &old) == 0);
    pid_t teller = child(signal_parent);
    CHECK(lock(F_SETLKW, F_WRLCK, 0, 1) == -1 && errno == EINTR);
    CHECK(kill(teller, SIGKILL) == 0 && kill(holder, SIGKILL) == 0);
    CHECK(WIFSIGNALED(status_of(teller)) && WIFSIGNALED(status_of(holder)));
    CHECK(lock(F_SETLKW, F_WRLCK, 0, 1) == 0 && lock(F_SETLK, F_UNLCK, 0, 0) == 0);
    CHECK(sigaction(SIGUSR1, &old, NULL) == 0);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"ranges", ranges},           {"where-from", where_from}, {"told", told},
        {"rights", rights},           {"lets-go", lets_go},       {"of-open-files", of_open_files},
        {"takes-turns", takes_turns}, {"no-embrace", no_embrace}, {"interrupted", interrupted},
    };

    fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    int status = run_cases("reclock", cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
    CHECK(unlink(NAME) == 0);
    return status;
}
