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

/* A fork whose k-th allocation fails (0: none); true when that allocation was made. */
static bool try_fork(long k)
{
    set_rest(k);
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(0);
    bool hit = was_hit();
    if (pid > 0)
        sys_wait(pid);
    return hit;
}

/*
 * An exec in a child. A child that got the error says whether the count was used up (3, 4); one that
 * ran the program (0), or was killed on the way, behind the point of no return, made too few (0)
 * or was hit.
 */
static bool try_exec(long k)
{
    long pid = sys_fork();

    if (pid == 0) {
        knob = (int)SYS(openat, AT_FDCWD, "/proc/self/fail-nth", O_RDWR | O_CLOEXEC, 0);
        set_rest(k);
        SYS(execve, PROGRAM, no_words, no_words + 1);
        sys_exit(was_hit() ? 3 : 4);
    }
    if (pid < 0) {
        warn("failnth: fork gave %ld\n", pid);
        sys_exit(2);
    }
    long status = sys_wait(pid);
    if (status == 4 << 8) {
        warn("failnth: exec failed though no allocation did\n");
        sys_exit(1);
    }
    return status != 0;
}

static long count(bool (*try)(long k))
{
    long k = 1;

    while (try(k)) {
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
    knob = (int)SYS(openat, AT_FDCWD, "/proc/self/fail-nth", O_RDWR | O_CLOEXEC, 0);
    if (knob < 0) {
        warn("failnth: no /proc/self/fail-nth: error %d\n", -knob);
        return 2;
    }
    count(try_fork);
    count(try_exec);
    u64 before = free_memory();
    long forks = count(try_fork);
    long execs = count(try_exec);
    u64 after = free_memory();
    print("failnth: %ld allocations in fork, %ld in exec, free kB before %lu, after %lu\n", forks,
          execs, before, after);
    return 0;
}
