/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forkstorm [N [PROGRAM]]: N times fork, exec of PROGRAM (/bin/nop) and wait, and free memory
 * before and after: what a process used must all have come back. The first few rounds fill the kernel's
 * caches and do not count. Ends with status 0 when no more than SLACK_KB are missing.
 */
#include <abi/linux/sysinfo.h>

#include "lib/sys.h"
#include "lib/text.h"

#define WARM_UP 50

/* Per-cpu caches hold a bounded number of pages; a leak of one page per round shows far above. */
#define SLACK_KB 512

int main(int argc, char **argv);

static u64 free_kb(void)
{
    struct linux_sysinfo info = {0};

    SYS(sysinfo, &info);
    return info.freeram * info.mem_unit / 1024;
}

/* One child; its wait status, or a negative error. */
static long storm_once(const char *program)
{
    const char *const argv[] = {program, NULL};
    const char *const envp[] = {NULL};
    long pid = sys_fork();

    if (pid == 0) {
        SYS(execve, program, argv, envp);
        sys_exit(127);
    }
    return pid < 0 ? pid : sys_wait(pid);
}

static bool storm(u64 n, const char *program)
{
    for (u64 i = 0; i < n; i++) {
        long status = storm_once(program);

        if (status) {
            print("forkstorm: round %lu ended with %ld\n", i, status);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    u64 n = argc > 1 ? text_number(argv[1]) : 2000;
    const char *program = argc > 2 ? argv[2] : "/bin/nop";

    if (!storm(WARM_UP, program))
        return 1;
    u64 before = free_kb();
    if (!storm(n, program))
        return 1;
    u64 after = free_kb();
    bool good = after + SLACK_KB >= before;
    print("forkstorm: %lu rounds, free before %lu kB, after %lu kB: %s\n", n, before, after,
          good ? "same" : "LEAK");
    return good ? 0 : 1;
}
