/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * failnth: each allocation that fork, exec and exit make fails once.
 *
 * For k = 1, 2, ... the k-th allocation of a fork fails, until a fork passes untouched; then the same
 * for an exec in a child. /proc/self/fail-nth as on Linux: a number written is the allocation of
 * this thread that fails, what is read is the rest (0: it was hit). Whatever fails must give an
 * error or end the child; at the end as much memory is free as before. A round without failures
 * goes first, so that caches are full.
 */
#include "sys.h"
#include "text.h"

#include <abi/linux/fcntl.h>

#define PROGRAM "/bin/nop"
#define LIMIT   10000
#define ROUNDS  20 /* so that a page lost for one k only stands out from what caches keep */

/* Exit statuses of an attempt: the count was used up; an error came although it was not. */
#define HIT    3
#define BROKEN 4

static char *no_words[] = {PROGRAM, NULL};
static int knob;

static void set_rest(long k)
{
    char digits[16];
    size_t len = text_format(digits, sizeof(digits), "%ld", k);

    SYS(lseek, knob, 0, 0);
    if (SYS(write, knob, digits, len) != (long)len) {
        warn("failnth: cannot write /proc/self/fail-nth\n");
        sys_exit(2);
    }
}

static long rest(void)
{
    char digits[16] = "";

    SYS(lseek, knob, 0, 0);
    if (SYS(read, knob, digits, sizeof(digits) - 1) <= 0)
        return -1;
    return (long)text_number(digits);
}

/* True when the count that was set has been used up. */
static bool was_hit(void)
{
    bool hit = rest() == 0;

    set_rest(0);
    return hit;
}

/* In the child: a fork with the k-th allocation failing. Exit status 0: it passed untouched. */
static void do_fork(long k)
{
    set_rest(k);
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(0);
    bool hit = was_hit();
    if (pid > 0)
        sys_wait(pid);
    else if (!hit)
        sys_exit(BROKEN);
    sys_exit(hit ? HIT : 0);
}

/* In the child: an exec with the k-th allocation failing. The program's status is 0. */
static void do_exec(long k)
{
    set_rest(k);
    SYS(execve, PROGRAM, no_words, no_words + 1);
    sys_exit(was_hit() ? HIT : BROKEN);
}

/*
 * True when the k-th allocation was made and failed. Each attempt has a process of its own: the
 * failure may come in a page fault or behind exec's point of no return, and then kills it.
 */
static bool try(void (*action)(long k), long k)
{
    long pid = sys_fork();

    if (pid == 0) {
        knob = (int)SYS(openat, AT_FDCWD, "/proc/self/fail-nth", O_RDWR | O_CLOEXEC, 0);
        action(k);
    }
    long status = pid < 0 ? pid : sys_wait(pid);
    if (status < 0 || status == BROKEN << 8) {
        warn("failnth: an error though no allocation failed (k %ld, status %ld)\n", k, status);
        sys_exit(1);
    }
    return status != 0;
}

static long count(void (*action)(long k))
{
    long k = 1;

    while (try(action, k)) {
        if (++k > LIMIT) {
            warn("failnth: it does not end\n");
            sys_exit(1);
        }
    }
    return k - 1;
}

/* MemFree of /proc/meminfo, in kB. */
static u64 free_memory(void)
{
    static char text[2048];
    long fd = SYS(openat, AT_FDCWD, "/proc/meminfo", O_RDONLY, 0);
    long len = SYS(read, fd, text, sizeof(text) - 1);

    SYS(close, fd);
    text[len > 0 ? len : 0] = 0;
    for (const char *s = text; *s; s++) {
        if (strncmp(s, "MemFree:", 8) == 0) {
            for (s += 8; *s == ' '; s++)
                ;
            return text_number(s);
        }
    }
    return 0;
}

int main(void)
{
    count(do_fork);
    count(do_exec);
    u64 before = free_memory();
    long forks = 0, execs = 0;
    for (int i = 0; i < ROUNDS; i++) {
        forks = count(do_fork);
        execs = count(do_exec);
    }
    u64 after = free_memory();
    print("failnth: %ld allocations in fork, %ld in exec, free kB before %lu, after %lu\n", forks,
          execs, before, after);
    return 0;
}
