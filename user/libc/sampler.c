/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tries what ordinary programs use through their C library: memory, files, signals, processes,
 * pipes, time, jumps, and floating point that must survive preemption, signals and fork. Prints
 * one line per part and `sampler: all good`, status 0; or what went wrong, status 1.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <math.h>
#include <poll.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define CHECK(cond)                                                                      \
    do {                                                                                 \
        if (!(cond)) {                                                                   \
            printf("sampler: %s:%d: %s (errno %d)\n", __func__, __LINE__, #cond, errno); \
            exit(1);                                                                     \
        }                                                                                \
    } while (0)

static void try_memory(void)
{
    void *block[64];
    char *big;

    for (size_t i = 0; i < 64; i++) {
        size_t size = (i * 7919) % 100000 + 1;

        block[i] = malloc(size);
        CHECK(block[i]);
        memset(block[i], (int)i, size);
    }
    for (size_t i = 0; i < 64; i += 2)
        free(block[i]);
    big = calloc(1, 8 << 20);
    CHECK(big && big[0] == 0 && big[(8 << 20) - 1] == 0);
    big = realloc(big, 16 << 20);
    CHECK(big);
    free(big);
    for (size_t i = 1; i < 64; i += 2) {
        CHECK(((unsigned char *)block[i])[0] == i);
        free(block[i]);
    }
}

static void try_mappings(void)
{
    long page = sysconf(_SC_PAGESIZE);
    int fd = open("/tmp/sampler", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char *shared;
    char *private;

    CHECK(page == 4096 && fd >= 0 && ftruncate(fd, 2 * page) == 0);
    shared = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    private = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(shared != MAP_FAILED && private != MAP_FAILED);
    strcpy(shared, "through the mapping");
    CHECK(strcmp(private, shared) == 0);
    private[0] = 'T';
    CHECK(shared[0] == 't');
    char text[20];
    CHECK(pread(fd, text, 19, 0) == 19 && memcmp(text, "through the mapping", 19) == 0);
    CHECK(mprotect(shared, (size_t)page, PROT_READ) == 0);
    CHECK(munmap(shared, (size_t)page * 2) == 0 && munmap(private, (size_t)page) == 0);
    CHECK(close(fd) == 0 && unlink("/tmp/sampler") == 0);
}

static void try_files(void)
{
    FILE *f = fopen("/tmp/sampler.txt", "w+");
    char line[64];
    struct stat st;
    int entries = 0;

    CHECK(f);
    for (int i = 0; i < 1000; i++)
        fprintf(f, "line %d\n", i);
    CHECK(fflush(f) == 0 && fseek(f, 0, SEEK_SET) == 0);
    for (int i = 0; i < 1000; i++) {
        int n = -1;

        CHECK(fgets(line, sizeof(line), f) && sscanf(line, "line %d", &n) == 1 && n == i);
    }
    CHECK(!fgets(line, sizeof(line), f) && feof(f) && fclose(f) == 0);
    CHECK(stat("/tmp/sampler.txt", &st) == 0 && st.st_size == 8890 && S_ISREG(st.st_mode));
    CHECK(rename("/tmp/sampler.txt", "/tmp/sampler.two") == 0);
    CHECK(access("/tmp/sampler.txt", F_OK) == -1 && errno == ENOENT);

    DIR *dir = opendir("/tmp");
    CHECK(dir);
    for (struct dirent *e; (e = readdir(dir));)
        entries += !strcmp(e->d_name, "sampler.two");
    CHECK(closedir(dir) == 0 && entries == 1);
    CHECK(unlink("/tmp/sampler.two") == 0);
}

static volatile sig_atomic_t got_signal;
static volatile sig_atomic_t got_pid;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)context;
    got_signal = sig;
    got_pid = info->si_pid;
}

static void catch_signal(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags};

    CHECK(sigaction(sig, &action, NULL) == 0);
}

static void try_signals(void)
{
    sigset_t set;
    sigset_t pending;

    catch_signal(SIGUSR1, on_signal, 0);
    CHECK(raise(SIGUSR1) == 0 && got_signal == SIGUSR1 && got_pid == getpid());
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    got_signal = 0;
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && kill(getpid(), SIGUSR1) == 0);
    CHECK(got_signal == 0 && sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
    CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0 && got_signal == SIGUSR1);
    signal(SIGUSR1, SIG_DFL);
}

/* A fault of one's own, and the way out of it. */
static sigjmp_buf escape;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    siglongjmp(escape, sig == SIGSEGV && info->si_addr == (void *)0x3300000000 ? 1 : 2);
}

static void try_faults(void)
{
    static char stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    volatile int faults = 0;

    CHECK(sigaltstack(&alternate, NULL) == 0);
    catch_signal(SIGSEGV, on_fault, SA_ONSTACK);
    for (int i = 0; i < 3; i++) {
        int how = sigsetjmp(escape, 1);

        if (!how)
            *(volatile char *)0x3300000000 = 1;
        CHECK(how == 1);
        faults++;
    }
    CHECK(faults == 3);
    signal(SIGSEGV, SIG_DFL);
}

static void try_processes(void)
{
    int status;
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0)
        _exit(42);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 42);
    pid = fork();
    if (pid == 0)
        pause();
    CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK(waitpid(-1, &status, 0) == -1 && errno == ECHILD);

    char *argv[] = {"sampler", "--end-at-once", NULL};
    CHECK(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) == 0);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK(posix_spawn(&pid, "/no/such/program", NULL, NULL, argv, environ) == ENOENT);
}

static void try_pipes(void)
{
    int fd[2];
    char text[32];
    struct pollfd p;
    fd_set set;
    struct timeval none = {0, 0};
    struct iovec parts[2] = {{"scat", 4}, {"tered", 6}};

    CHECK(pipe(fd) == 0);
    p = (struct pollfd){.fd = fd[0], .events = POLLIN};
    CHECK(poll(&p, 1, 0) == 0);
    CHECK(writev(fd[1], parts, 2) == 10 && poll(&p, 1, -1) == 1 && p.revents == POLLIN);
    FD_ZERO(&set);
    FD_SET(fd[0], &set);
    CHECK(select(fd[0] + 1, &set, NULL, NULL, &none) == 1 && FD_ISSET(fd[0], &set));
    CHECK(read(fd[0], text, sizeof(text)) == 10 && !strcmp(text, "scattered"));
    CHECK(close(fd[1]) == 0 && read(fd[0], text, 1) == 0 && close(fd[0]) == 0);
    FILE *f = popen("echo through a shell", "r");
    if (f && fgets(text, sizeof(text), f)) /* an image without a shell has nothing to say here */
        CHECK(!strcmp(text, "through a shell\n") && pclose(f) == 0);
}

static void try_time(void)
{
    struct timespec before;
    struct timespec after;
    struct timespec pause_ns = {0, 20 * 1000 * 1000};
    struct itimerval soon = {.it_value = {0, 10000}, .it_interval = {0, 10000}}, never = {0};

    CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0 && nanosleep(&pause_ns, NULL) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
    long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    CHECK(ms >= 20 && ms < 5000);
    got_signal = 0;
    catch_signal(SIGALRM, on_signal, 0);
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    CHECK(pause() == -1 && errno == EINTR && got_signal == SIGALRM);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    signal(SIGALRM, SIG_DFL);
    time_t day = 951782400; /* the 29th of February 2000 */
    CHECK(gmtime(&day)->tm_mday == 29 && gmtime(&day)->tm_mon == 1);
}

/* A sleep that a handler ends says what remains; one that is stopped and continued goes on. */
static void try_sleep(void)
{
    struct timespec ten = {10, 0};
    struct timespec fifth = {0, 200 * 1000 * 1000};
    struct timespec remaining = {0};
    struct itimerval soon = {.it_value = {0, 20000}, .it_interval = {0, 20000}}, never = {0};
    int status;
    pid_t pid;

    catch_signal(SIGALRM, on_signal, SA_RESTART);
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    CHECK(nanosleep(&ten, &remaining) == -1 && errno == EINTR);
    CHECK(remaining.tv_sec < ten.tv_sec && (remaining.tv_sec > 0 || remaining.tv_nsec > 0));
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    signal(SIGALRM, SIG_DFL);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        struct timespec before;
        struct timespec after;

        clock_gettime(CLOCK_MONOTONIC, &before);
        int rc = nanosleep(&fifth, NULL);
        clock_gettime(CLOCK_MONOTONIC, &after);
        long ms =
            (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
        _exit(rc == 0 && ms >= 200 ? 0 : 1);
    }
    usleep(50000);
    CHECK(kill(pid, SIGSTOP) == 0 && waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    CHECK(kill(pid, SIGCONT) == 0 && waitpid(pid, &status, WCONTINUED) == pid);
    CHECK(WIFCONTINUED(status));
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* Two processes meet at semaphores in memory that they share: futexes keyed by the memory. */
static void try_shared_memory(void)
{
    struct {
        sem_t ping;
        sem_t pong;
        int turns;
    } *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    pid_t pid;

    CHECK(shared != MAP_FAILED);
    CHECK(sem_init(&shared->ping, 1, 0) == 0 && sem_init(&shared->pong, 1, 0) == 0);
    pid = fork();
    CHECK(pid >= 0);
    if (pid)
        sem_post(&shared->ping);
    for (int i = 0; i < 100; i++) {
        CHECK(sem_wait(pid ? &shared->ping : &shared->pong) == 0);
        shared->turns++;
        CHECK(sem_post(pid ? &shared->pong : &shared->ping) == 0);
    }
    if (pid == 0)
        _exit(0);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0 && shared->turns == 200);
    CHECK(munmap(shared, sizeof(*shared)) == 0);
}

static void try_limits(void)
{
    struct rlimit limit;
    struct utsname names;
    struct rusage usage;

    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= 64);
    CHECK(uname(&names) == 0 && !strcmp(names.machine, "riscv64"));
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0 && usage.ru_maxrss > 0);
    CHECK(getpid() > 1 && getppid() >= 1 && getuid() == 0 && isatty(99) == 0);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
}

/* --- floating point --- */

static volatile sig_atomic_t ticks;

/* Uses the same registers for something else, while the interrupted loop counts on its own. */
static void on_tick(int sig, siginfo_t *info, void *context)
{
    volatile double x = 1e9;

    (void)sig;
    (void)info;
    (void)context;
    for (int i = 0; i < 50; i++)
        x = x * 1.5 - sqrt(x);
    fesetround(FE_UPWARD);
    ticks++;
}

/* A sum whose value depends on every bit of every step. */
static double long_sum(double seed, long n)
{
    double sum = seed;
    double term = 1.0;

    for (long i = 1; i <= n; i++) {
        term = term * 0.9999 + 1.0 / (double)i;
        sum += sin(term) * sqrt((double)i);
    }
    return sum;
}

static int same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

/* Two processes and a timer's signals fight for the registers; every sum must come out the same. */
static void try_floating_point(void)
{
    struct itimerval often = {.it_value = {0, 1000}, .it_interval = {0, 1000}};
    struct itimerval off = {0};
    double expected = long_sum(1.0, 200000);
    int status;
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0)
        _exit(same_bits(long_sum(1.0, 200000), expected) ? 0 : 1);
    catch_signal(SIGALRM, on_tick, SA_RESTART);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    for (int i = 0; i < 1000 && (i < 3 || ticks < 5); i++)
        CHECK(same_bits(long_sum(1.0, 200000), expected));
    CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
    CHECK(fegetround() == FE_TONEAREST && ticks >= 5);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    signal(SIGALRM, SIG_DFL);
}

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {
    {"memory", try_memory},   {"mappings", try_mappings}, {"files", try_files},
    {"signals", try_signals}, {"faults", try_faults},     {"processes", try_processes},
    {"pipes", try_pipes},     {"sleep", try_sleep},       {"shared memory", try_shared_memory},
    {"time", try_time},       {"limits", try_limits},     {"floating point", try_floating_point},
};

int main(int argc, char **argv)
{
    if (argc > 1)
        return strcmp(argv[1], "--end-at-once") != 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        parts[i].run();
        printf("sampler: %s good\n", parts[i].name);
        fflush(stdout);
    }
    puts("sampler: all good");
    return 0;
}
