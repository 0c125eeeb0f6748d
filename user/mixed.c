/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mixed [-t SECONDS] [-c COPIES] [-s SEED] [JOB...]: a machine in use. Jobs of several kinds run side by side until the
 * time is up, COPIES of each, on whatever cpus the kernel gives them: programs started and waited for, bytes
 * through chains of processes, groups stopped, continued and killed, files made and read again, a
 * token handed on by futex, sleepers, and the programs torture and fpu. Each round checks what it can
 * see; a job that finds something wrong says so and ends with 1, and so does mixed.
 */
#include <abi/linux/fcntl.h>
#include <abi/linux/futex.h>
#include <abi/linux/mman.h>
#include <abi/linux/prctl.h>
#include <abi/linux/signal.h>
#include <abi/linux/time.h>
#include <abi/linux/wait.h>

#include "lib/random.h"
#include "lib/sys.h"
#include "lib/text.h"

#define NSEC       1000000000ul
#define MAX_JOBS   64
#define MAX_PAUSE  20000000u /* a sleeper's, in nanoseconds */
#define FILE_WORDS 700

int main(int argc, char **argv);

/* What a round works with. */
struct work {
    const char *name;
    struct random random;
    u32 *word; /* shared with the processes that it forks */
    char file[32];
};

__noreturn static void wrong(const struct work *w, const char *what, long value)
{
    print("mixed: WRONG: %s: %s: %ld\n", w->name, what, value);
    sys_exit(1);
}

/* The result of a call that must succeed. */
static long must(const struct work *w, const char *what, long rc)
{
    if (rc < 0)
        wrong(w, what, rc);
    return rc;
}

static void expect(const struct work *w, const char *what, long value, long wanted)
{
    if (value != wanted)
        wrong(w, what, value);
}

/* A child that does not outlive us, whatever happens. */
static long fork_child(const struct work *w)
{
    long pid = must(w, "fork", sys_fork());

    if (pid == 0)
        SYS(prctl, PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

/* Runs a program; its wait status. */
static long run(const struct work *w, const char *const argv[])
{
    static const char *const envp[] = {NULL};
    long pid = fork_child(w);

    if (pid == 0) {
        SYS(execve, argv[0], argv, envp);
        sys_exit(127);
    }
    return sys_wait(pid);
}

/* --- the jobs, a round of each --- */

static void take_notice(int sig)
{
    (void)sig;
}

/* Each end of a child comes twice: as a signal that interrupts wait4, and as what wait4 waits for. */
static void spawn(struct work *w)
{
    static const char *const argv[] = {"/bin/nop", NULL};
    struct linux_sigaction action = {.sa_handler = (u64)take_notice};

    must(w, "sigaction", SYS(rt_sigaction, SIGCHLD, &action, 0, sizeof(u64)));
    expect(w, "status of a program", run(w, argv), 0);
}

static void torture(struct work *w)
{
    char seed[24];
    const char *argv[] = {"/bin/torture", "-n", "4000", "-s", seed, NULL};

    text_format(seed, sizeof(seed), "%lu", random_next(&w->random) >> 24);
    expect(w, "torture", run(w, argv), 0);
}

static void fpu(struct work *w)
{
    static const char *const argv[] = {"/bin/fpu", NULL};

    expect(w, "fpu", run(w, argv), 0);
}

/* Sends the numbers from 0 to count - 1 in pieces of random length. */
static void send_numbers(struct work *w, int to, u32 count)
{
    u32 buf[300];

    for (u32 sent = 0; sent < count;) {
        u32 most = 1 + random_below(&w->random, ARRAY_SIZE(buf));
        u32 n = MIN(most, count - sent);
        char *at = (char *)buf;

        for (u32 i = 0; i < n; i++)
            buf[i] = sent + i;
        for (size_t left = n * sizeof(u32); left;) {
            long rc = must(w, "write to a pipe", SYS(write, to, at, left));
            at += rc;
            left -= (size_t)rc;
        }
        sent += n;
    }
}

static void pass_on(struct work *w, int from, int to)
{
    char buf[1000];
    long n;

    while ((n = must(w, "read from a pipe", SYS(read, from, buf, sizeof(buf)))) > 0)
        for (long done = 0; done < n;)
            done += must(w, "write to a pipe", SYS(write, to, buf + done, n - done));
}

static void receive_numbers(struct work *w, int from, u32 count)
{
    u32 number = 0;

    for (u32 wanted = 0; wanted < count; wanted++) {
        for (size_t have = 0; have < sizeof(number);) {
            long n = must(w, "read from a pipe",
                          SYS(read, from, (char *)&number + have, sizeof(number) - have));
            if (!n)
                wrong(w, "the pipe ends early", wanted);
            have += (size_t)n;
        }
        expect(w, "number out of a pipe", number, wanted);
    }
    expect(w, "end of a pipe", SYS(read, from, &number, 1), 0);
}

/* Numbers through a chain of three processes. */
static void pipes(struct work *w)
{
    u32 count = 1 + random_below(&w->random, 4000);
    int first[2], second[2];
    long pids[2];

    must(w, "pipe", SYS(pipe2, first, 0));
    must(w, "pipe", SYS(pipe2, second, 0));
    pids[0] = fork_child(w);
    if (pids[0] == 0) {
        send_numbers(w, first[1], count);
        sys_exit(0);
    }
    SYS(close, first[1]);
    pids[1] = fork_child(w);
    if (pids[1] == 0) {
        pass_on(w, first[0], second[1]);
        sys_exit(0);
    }
    SYS(close, first[0]);
    SYS(close, second[1]);
    receive_numbers(w, second[0], count);
    SYS(close, second[0]);
    expect(w, "status of a sender", sys_wait(pids[0]), 0);
    expect(w, "status of a passer-on", sys_wait(pids[1]), 0);
}

#define GROUP 3

/* Waits until each of a group has changed its state, to `status`. */
static void expect_all(const struct work *w, const long *pids, int options, int wanted,
                       const char *what)
{
    for (int i = 0; i < GROUP; i++) {
        int status = 0;

        expect(w, what, SYS(wait4, pids[i], &status, options, 0), pids[i]);
        expect(w, what, status, wanted);
    }
}

/* A group of busy loops, on other cpus than ours if there are any, is stopped, continued and killed. */
static void signals(struct work *w)
{
    static const int ends[] = {SIGTERM, SIGKILL, SIGINT, SIGALRM, SIGUSR1};
    int end = ends[random_below(&w->random, ARRAY_SIZE(ends))];
    long pids[GROUP];

    for (int i = 0; i < GROUP; i++) {
        pids[i] = fork_child(w);
        if (pids[i] == 0) {
            for (volatile u64 n = 0;; n++)
                ;
        }
        must(w, "setpgid", SYS(setpgid, pids[i], pids[0]));
    }
    sys_sleep_ms(random_below(&w->random, 5));
    must(w, "stop", SYS(kill, -pids[0], SIGSTOP));
    expect_all(w, pids, WUNTRACED, SIGSTOP << 8 | 0x7f, "stopping a group");
    must(w, "continue", SYS(kill, -pids[0], SIGCONT));
    expect_all(w, pids, WCONTINUED, 0xffff, "continuing a group");
    must(w, "end", SYS(kill, -pids[0], end));
    expect_all(w, pids, 0, end, "ending a group");
}

static u32 word_of_file(u32 seed, u32 i)
{
    return (seed + i) * 0x9e3779b1u;
}

static void write_file(struct work *w, u32 seed)
{
    long fd = must(w, "create", SYS(openat, AT_FDCWD, w->file, O_CREAT | O_RDWR | O_TRUNC, 0600));
    u32 words[FILE_WORDS];

    for (u32 i = 0; i < FILE_WORDS; i++)
        words[i] = word_of_file(seed, i);
    for (u32 k = 0; k < 8; k++)
        expect(w, "write to a file", SYS(write, fd, words, sizeof(words)), sizeof(words));
    SYS(close, fd);
}

static void read_file(struct work *w, const char *path, u32 seed)
{
    long fd = must(w, "open", SYS(openat, AT_FDCWD, path, O_RDONLY, 0));
    u32 words[FILE_WORDS];

    for (u32 k = 0; k < 8; k++) {
        expect(w, "read of a file", SYS(read, fd, words, sizeof(words)), sizeof(words));
        for (u32 i = 0; i < FILE_WORDS; i++)
            expect(w, "word of a file", words[i], word_of_file(seed, i));
    }
    expect(w, "end of a file", SYS(read, fd, words, 1), 0);
    SYS(close, fd);
}

/* A file of our own, by two names; and one name that all copies of this job fight for. */
static void files(struct work *w)
{
    u32 seed = (u32)random_next(&w->random);
    char other[40];

    text_format(other, sizeof(other), "%s-moved", w->file);
    write_file(w, seed);
    read_file(w, w->file, seed);
    must(w, "rename", SYS(renameat2, AT_FDCWD, w->file, AT_FDCWD, other, 0));
    read_file(w, other, seed);
    expect(w, "open of an old name", SYS(openat, AT_FDCWD, w->file, O_RDONLY, 0), -ENOENT);
    must(w, "rename", SYS(renameat2, AT_FDCWD, other, AT_FDCWD, "/tmp/mixed", 0));
    long rc = SYS(unlinkat, AT_FDCWD, "/tmp/mixed", 0);
    if (rc != -ENOENT)
        must(w, "unlink", rc);
}

static void wait_for_token(u32 *word, u32 mine)
{
    u32 now;

    while ((now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != mine)
        SYS(futex, word, FUTEX_WAIT, now, 0);
}

static void pass_token(u32 *word)
{
    __atomic_fetch_add(word, 1, __ATOMIC_RELEASE);
    SYS(futex, word, FUTEX_WAKE, ~0u >> 1, 0);
}

/* Two processes count together: one makes the even numbers, one the odd ones. */
static void token(struct work *w)
{
    u32 rounds = 1 + random_below(&w->random, 1000);

    *w->word = 0;
    long pid = fork_child(w);
    for (u32 i = 0; i < rounds; i++) {
        wait_for_token(w->word, 2 * i + (pid == 0));
        pass_token(w->word);
    }
    if (pid == 0)
        sys_exit(0);
    expect(w, "status of the other", sys_wait(pid), 0);
    expect(w, "tokens", *w->word, 2 * rounds);
}

static void sleep(struct work *w)
{
    u64 pause = random_below(&w->random, MAX_PAUSE);
    struct linux_timespec ts = {.tv_nsec = (s64)pause};
    u64 start = sys_now();

    must(w, "nanosleep", SYS(nanosleep, &ts, 0));
    u64 slept = sys_now() - start;
    if (slept < pause)
        wrong(w, "woken early, nanoseconds", (long)(pause - slept));
}

/* --- all of them --- */

struct job {
    const char *name;
    void (*round)(struct work *w);
};

static const struct job jobs[] = {{"spawn", spawn}, {"torture", torture}, {"fpu", fpu},
                                  {"pipes", pipes}, {"signals", signals}, {"files", files},
                                  {"token", token}, {"sleep", sleep}};

struct running {
    const struct job *job;
    long pid;
    u64 rounds;
    u32 word;
};

static u64 seconds = 10;
static u64 copies = 1;
static u64 seed;
static u64 end;

__noreturn static void work(struct running *r, u32 number)
{
    struct work w = {
        .name = r->job->name, .random = random_seeded(seed + number), .word = &r->word};

    text_format(w.file, sizeof(w.file), "/tmp/mixed-%u", number);
    while (sys_now() < end) {
        r->job->round(&w);
        r->rounds++;
    }
    sys_exit(0);
}

static u32 start(struct running *running, u32 count, const struct job *job)
{
    for (u64 i = 0; i < copies && count < MAX_JOBS; i++, count++) {
        struct running *r = &running[count];

        r->job = job;
        long pid = sys_fork();
        if (pid == 0)
            work(r, count);
        r->pid = pid; /* not in the child, which shares it */
    }
    return count;
}

static bool finish(const struct running *r)
{
    long status = r->pid < 0 ? r->pid : sys_wait(r->pid);

    if (status)
        print("mixed: WRONG: %s ended with %lx\n", r->job->name, status);
    else
        print("mixed: %s: %lu rounds\n", r->job->name, r->rounds);
    return !status;
}

/* Reads the options; the index of the first name of a job, or 0. */
static int read_arguments(int argc, char **argv)
{
    int i = 1;

    for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        u64 value = text_number(argv[i + 1]);

        if (argv[i][1] == 't')
            seconds = value;
        else if (argv[i][1] == 'c')
            copies = value;
        else if (argv[i][1] == 's')
            seed = value;
        else
            return 0;
    }
    return i;
}

static bool is_wanted(const struct job *job, char **names)
{
    for (char **name = names; *name; name++) {
        if (!strcmp(*name, job->name))
            return true;
    }
    return !*names;
}

int main(int argc, char **argv)
{
    struct running *running =
        (struct running *)SYS(mmap, 0, MAX_JOBS * sizeof(*running), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    u32 count = 0;
    bool good = true;

    SYS(getrandom, &seed, 4, 0);
    int names = read_arguments(argc, argv);
    if (!names) {
        print("usage: mixed [-t SECONDS] [-c COPIES] [-s SEED] [JOB...]\n");
        return 2;
    }
    print("mixed: seed %lu, %lu seconds\n", seed, seconds);
    end = sys_now() + seconds * NSEC;
    for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
        if (is_wanted(&jobs[i], argv + names))
            count = start(running, count, &jobs[i]);
    }
    for (u32 i = 0; i < count; i++)
        good &= finish(&running[i]);
    print("mixed: %s\n", good && count ? "all good" : "FAILED");
    return !good || !count;
}
