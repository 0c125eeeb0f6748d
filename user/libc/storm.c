/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm [SECONDS=5] [SEED]: trees of processes that fork, exec, stop, continue and kill each other
 * at random, with timers ringing, groups and sessions changing and pipes in between. It checks nothing
 * but its own survival: the kernel must stand, and lose neither memory nor processes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define VICTIMS 64
#define DEPTH   3

/* Pids of everybody who may be sent something; shared by all. */
static volatile pid_t *victims;
static pid_t root;

static int below(int n)
{
    return rand() % n;
}

static void nap(void)
{
    struct timespec t = {.tv_nsec = below(2000000)};

    nanosleep(&t, NULL);
}

static void handler(int sig)
{
    (void)sig;
}

static void handle_some(void)
{
    static const int signals[] = {SIGUSR1, SIGUSR2, SIGCHLD, SIGHUP, SIGTERM};
    struct sigaction action = {.sa_handler = handler, .sa_flags = below(2) ? SA_RESTART : 0};

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (below(2))
            sigaction(signals[i], &action, NULL);
}

static void start_timers(void)
{
    struct itimerval period = {{0, 1000 + below(20000)}, {0, 1000 + below(20000)}};
    struct sigaction action = {.sa_handler = handler};

    sigaction(SIGALRM, &action, NULL);
    sigaction(SIGVTALRM, &action, NULL);
    if (below(2))
        setitimer(ITIMER_REAL, &period, NULL);
    if (below(2))
        setitimer(ITIMER_VIRTUAL, &period, NULL);
}

static void node(int depth);

static void make_child(int depth)
{
    pid_t pid = fork();

    if (pid == 0) {
        srand((unsigned)(rand() ^ getpid()));
        if (depth)
            node(depth - 1);
        nap();
        _exit(below(128));
    }
    if (pid > 0)
        victims[below(VICTIMS)] = pid;
}

static void hit_somebody(void)
{
    static const int signals[] = {SIGUSR1, SIGUSR2, SIGSTOP, SIGCONT, SIGTERM, SIGKILL,
                                  SIGTSTP, SIGHUP,  SIGCONT, SIGCONT, SIGWINCH};
    pid_t pid = victims[below(VICTIMS)];

    if (pid > root)
        kill(pid, signals[below((int)(sizeof(signals) / sizeof(signals[0])))]);
}

static void look_after_children(void)
{
    int status;

    while (waitpid(-1, &status, WNOHANG | WCONTINUED | (below(2) ? WUNTRACED : 0)) > 0)
        ;
}

static void use_a_pipe(void)
{
    char bytes[100] = {0};
    int ends[2];
    ssize_t n;

    if (pipe(ends))
        return;
    if (fork() == 0) {
        for (int i = 0; i < 20 && write(ends[1], bytes, sizeof(bytes)) > 0; i++)
            ;
        _exit(0);
    }
    close(ends[1]);
    do
        n = read(ends[0], bytes, (size_t)(7 + below(90)));
    while (n > 0 || (n < 0 && errno == EINTR));
    close(ends[0]);
}

static void run_a_program(void)
{
    char *argv[] = {(char *)"nop", NULL};
    pid_t pid;

    if (!posix_spawn(&pid, "/bin/nop", NULL, NULL, argv, environ))
        waitpid(pid, NULL, 0);
}

static void change_mask(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(below(2) ? SIG_BLOCK : SIG_UNBLOCK, &all, NULL);
}

static void node(int depth)
{
    handle_some();
    start_timers();
    if (!below(4))
        setpgid(0, 0);
    if (!below(8))
        setsid();
    for (int i = 5 + below(10); i > 0; i--) {
        switch (below(8)) {
        case 0:
        case 1:
            make_child(depth);
            break;
        case 2:
            hit_somebody();
            break;
        case 3:
            look_after_children();
            break;
        case 4:
            use_a_pipe();
            break;
        case 5:
            run_a_program();
            break;
        case 6:
            nap();
            break;
        default:
            change_mask();
            break;
        }
    }
}

/* Whoever was born since storm began. */
static void sweep(void)
{
    for (pid_t pid = root + 1; pid < 32768; pid++)
        kill(pid, SIGKILL);
}

static void one_round(unsigned seed)
{
    pid_t pid = fork();

    if (pid == 0) {
        srand(seed);
        setsid();
        node(DEPTH);
        _exit(0);
    }
    usleep(20000 + seed % 5 * 10000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
    int seconds = argc > 1 ? atoi(argv[1]) : 5;
    unsigned seed = argc > 2 ? (unsigned)atoi(argv[2]) : (unsigned)time(NULL);
    unsigned rounds = 0;
    time_t end = time(NULL) + seconds;

    root = getpid();
    victims = mmap(NULL, VICTIMS * sizeof(*victims), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (victims == MAP_FAILED) {
        perror("storm: mmap");
        return 1;
    }
    printf("storm: seed %u\n", seed);
    while (time(NULL) < end) {
        one_round(seed + rounds);
        if (++rounds % 10 == 0)
            sweep();
    }
    sweep();
    printf("storm: %u rounds\n", rounds);
    return 0;
}
