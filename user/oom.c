/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oom CASE: uses up what there is, one way or another, and sees that the kernel answers with an
 * error or ends the one program that asked for too much. Prints what happened. Status 0 when the
 * kernel behaved; in the cases that end in death a child dies, and this program lives to tell.
 */
#include <abi/linux/fcntl.h>
#include <abi/linux/mman.h>
#include <abi/linux/resource.h>
#include <abi/linux/signal.h>
#include <abi/linux/sysinfo.h>

#include "lib/sys.h"
#include "lib/text.h"

#define PAGE  4096ul
#define CHUNK (4 * MiB)

/* Bounds for machines with much memory. */
#define FORKS_MAX  4000
#define PIPES_MAX  4000
#define CHUNKS_MAX 4096

int main(int argc, char **argv);

static long map(u64 size)
{
    return SYS(mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* In a child: books and touches until mmap refuses or a touch is deadly. */
static int eat_mmap(void)
{
    u64 chunks = 0;

    for (; chunks < CHUNKS_MAX; chunks++) {
        long addr = map(CHUNK);

        if (addr < 0)
            break;
        for (u64 i = 0; i < CHUNK; i += PAGE)
            *(volatile char *)(addr + (long)i) = 1;
    }
    print("oom mmap: refused after %lu MiB\n", chunks * CHUNK / MiB);
    return 0;
}

static int eat_brk(void)
{
    u64 start = (u64)SYS(brk, 0);
    u64 end = start;

    for (u64 chunks = 0; chunks < CHUNKS_MAX; chunks++) {
        if ((u64)SYS(brk, end + CHUNK) != end + CHUNK)
            break;
        for (u64 i = 0; i < CHUNK; i += PAGE)
            *(volatile char *)(end + i) = 1;
        end += CHUNK;
    }
    print("oom brk: refused after %lu MiB\n", (end - start) / MiB);
    return 0;
}

/* The same, but it is the kernel that writes there, for read(2). */
static int eat_read(void)
{
    long fd = SYS(openat, AT_FDCWD, "/dev/zero", O_RDONLY);
    u64 chunks = 0;

    for (; chunks < CHUNKS_MAX; chunks++) {
        long addr = map(CHUNK);

        if (addr < 0)
            break;
        long rc = SYS(read, fd, addr, CHUNK);
        if (rc != CHUNK) {
            print("oom read: %ld bytes or error where %lu were promised\n", rc, CHUNK);
            return 1;
        }
    }
    print("oom read: refused after %lu MiB\n", chunks * CHUNK / MiB);
    return 0;
}

/* Children that sleep until their pipe closes. Each holds some memory of its own. */
static int eat_fork(void)
{
    int gate[2];
    u64 n = 0;
    long pid;

    SYS(pipe2, gate, 0);
    for (; n < FORKS_MAX; n++) {
        pid = sys_fork();
        if (pid < 0)
            break;
        if (pid == 0) {
            char byte;

            SYS(close, gate[1]);
            SYS(read, gate[0], &byte, 1);
            sys_exit(0);
        }
    }
    SYS(close, gate[1]);
    for (u64 i = 0; i < n; i++)
        sys_wait(-1);
    if (n < FORKS_MAX)
        print("oom fork: error %ld after %lu children, all ended well\n", -pid, n);
    else
        print("oom fork: %lu children, no end in sight\n", n);
    return n < FORKS_MAX && pid != -ENOMEM && pid != -EAGAIN;
}

/* A chunk of memory, used: where there is none, somebody has to go for it. */
static void use_chunk(void)
{
    long addr = map(CHUNK);

    for (u64 i = 0; addr > 0 && i < CHUNK; i += PAGE)
        *(volatile char *)(addr + (long)i) = 1;
}

/* Pipes, each filled to the brim; then memory is asked for that only they have. */
static int eat_pipe(void)
{
    static char block[16 * KiB];
    struct linux_rlimit limit = {.rlim_cur = 2 * PIPES_MAX + 16, .rlim_max = 2 * PIPES_MAX + 16};
    u64 n = 0;
    long rc = 0;

    SYS(setrlimit, RLIMIT_NOFILE, &limit);
    for (; n < PIPES_MAX && rc >= 0; n++) {
        int fd[2];

        rc = SYS(pipe2, fd, O_NONBLOCK);
        while (rc >= 0)
            rc = SYS(write, fd[1], block, sizeof(block));
        if (rc == -EAGAIN)
            rc = 0;
    }
    print("oom pipe: error %ld after %lu pipes\n", -rc, n);
    use_chunk();
    return rc < 0 && rc != -ENOMEM && rc != -EMFILE && rc != -ENFILE;
}

/* Arguments that are too large, and then just not. */
static int eat_exec(void)
{
    static char string[100 * KiB];
    static const char *argv[1000];
    static const char *const envp[] = {NULL};
    long rc;

    memset(string, 'x', sizeof(string) - 1);
    argv[0] = "/bin/nop";
    for (size_t i = 1; i < ARRAY_SIZE(argv) - 1; i++)
        argv[i] = string;
    rc = SYS(execve, argv[0], argv, envp);
    if (rc != -E2BIG && rc != -ENOMEM) {
        print("oom exec: error %ld where arguments are too long\n", -rc);
        return 1;
    }
    print("oom exec: error %ld for 100 MB of arguments\n", -rc);
    argv[4] = NULL;
    rc = SYS(execve, argv[0], argv, envp);
    print("oom exec: error %ld for 300 kB of arguments\n", -rc);
    return 1;
}

/* A limit of one's own: no more than it, and an error when there is no more. */
static int eat_limit(void)
{
    struct linux_rlimit limit = {.rlim_cur = 16 * MiB, .rlim_max = 16 * MiB};
    u64 chunks = 0;

    SYS(setrlimit, RLIMIT_AS, &limit);
    while (map(MiB) >= 0)
        chunks++;
    print("oom limit: refused after %lu MiB of 16\n", chunks);
    return chunks > 16 || chunks < 8;
}

static void set_oom_score_adj(const char *text)
{
    long fd = SYS(openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY);

    SYS(write, fd, text, strlen(text));
    SYS(close, fd);
}

/* Uses up memory of its own, says so, and then asks for the position of an open file that it shares, for ever. */
static void sit_at_lock(long fd, u64 bytes, int ready)
{
    char byte = 0;
    long addr = map(bytes);

    set_oom_score_adj("0");
    for (u64 i = 0; i < bytes; i += PAGE)
        *(volatile char *)(addr + (long)i) = 1;
    SYS(write, ready, &byte, 1);
    for (;;)
        SYS(read, fd, &byte, 1);
}

/* Has that position locked while the kernel reads a hole into memory that is not to be had. */
static void read_into_nothing(long fd, u64 bytes)
{
    set_oom_score_adj("0");
    SYS(read, fd, map(bytes), bytes);
}

/*
 * Those with most memory wait for a lock, and cannot die before its holder, which waits for memory, has died: it has
 * to be chosen in the end.
 */
static int eat_behind_lock(void)
{
    struct linux_sysinfo info;
    long fd = SYS(memfd_create, "hole", 0);
    long pid[3];
    int ready[2], wrong = 0;
    char both[2];

    SYS(sysinfo, &info);
    u64 bytes = info.freeram * info.mem_unit;
    SYS(ftruncate, fd, bytes);
    SYS(pipe2, ready, 0);
    set_oom_score_adj("-1000");
    for (int i = 1; i < 3; i++)
        if ((pid[i] = sys_fork()) == 0)
            sit_at_lock(fd, ALIGN_DOWN(bytes / 100 * 42, PAGE), ready[1]);
    for (int i = 0; i < 2; i++)
        SYS(read, ready[0], &both[i], 1);
    if ((pid[0] = sys_fork()) == 0) {
        read_into_nothing(fd, bytes);
        sys_exit(0);
    }
    for (int i = 0; i < 3; i++) {
        if (i > 0) /* it lives if the holder had used up memory before it came to the lock */
            SYS(kill, pid[i], SIGKILL);
        wrong += (sys_wait(pid[i]) & 0x7f) != SIGKILL;
    }
    print("oom lock: %d of 3 ended otherwise than they should\n", wrong);
    return wrong;
}

static const struct {
    const char *name;
    int (*run)(void);
    bool may_die; /* by SIGKILL, SIGSEGV or SIGBUS: memory was promised and could not be had */
} cases[] = {
    {"mmap", eat_mmap, true},    {"brk", eat_brk, true},           {"read", eat_read, true},
    {"fork", eat_fork, true},    {"pipe", eat_pipe, true},         {"exec", eat_exec, false},
    {"limit", eat_limit, false}, {"lock", eat_behind_lock, false},
};

static int judge(const char *name, bool may_die, long status)
{
    int sig = (int)status & 0x7f;

    if (status == 0)
        return 0;
    if (may_die && (sig == SIGKILL || sig == SIGSEGV || sig == SIGBUS)) {
        print("oom %s: ended by signal %d\n", name, sig);
        return 0;
    }
    print("oom %s: WRONG, wait status 0x%lx\n", name, status);
    return 1;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (strcmp(name, cases[i].name))
            continue;
        long pid = sys_fork();
        if (pid == 0)
            sys_exit(cases[i].run());
        if (pid < 0) {
            print("oom %s: no fork, error %ld\n", name, -pid);
            return 1;
        }
        return judge(name, cases[i].may_die, sys_wait(pid));
    }
    warn("usage: oom mmap|brk|read|fork|pipe|exec|limit|lock\n");
    return 2;
}
