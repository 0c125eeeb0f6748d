/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of many small cases: each prints its name and ok, or the line that went wrong and ends
 * with status 1. NAME... runs only these. Who hangs is ended by SIGALRM.
 */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CASE_SECONDS 200

#define CHECK(cond)                                                                        \
    do {                                                                                   \
        if (!(cond)) {                                                                     \
            printf("%s: %s:%d: %s (errno %d)\n", CASES, __func__, __LINE__, #cond, errno); \
            fflush(stdout);                                                                \
            _exit(1);                                                                      \
        }                                                                                  \
    } while (0)

struct test_case {
    const char *name;
    void (*run)(void);
};

static inline int wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return 1;
    return argc == 1;
}

static inline int run_cases(const char *program, const struct test_case *cases, size_t count,
                            int argc, char **argv)
{
    unsigned good = 0;

    for (size_t i = 0; i < count; i++) {
        if (!wanted(cases[i].name, argc, argv))
            continue;
        alarm(CASE_SECONDS);
        cases[i].run();
        alarm(0);
        printf("%s: %s ok\n", program, cases[i].name);
        fflush(stdout);
        good++;
    }
    printf("%s: all %u good\n", program, good);
    return good == 0;
}

/* --- threads and children --- */

static inline pthread_t start(void *(*fn)(void *), void *arg)
{
    pthread_t thread;
    int err = pthread_create(&thread, NULL, fn, arg);

    if (err) {
        printf("pthread_create: %s\n", strerror(err));
        _exit(1);
    }
    return thread;
}

static inline void *join(pthread_t thread)
{
    void *result = NULL;
    int err = pthread_join(thread, &result);

    if (err) {
        printf("pthread_join: %s\n", strerror(err));
        _exit(1);
    }
    return result;
}

static inline void nap_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        ;
}

/* A child that runs fn and, should that return, exits with 0. */
static inline pid_t child(void (*fn)(void))
{
    fflush(stdout);
    pid_t pid = fork();

    if (pid == 0) {
        alarm(CASE_SECONDS);
        fn();
        _exit(0);
    }
    return pid;
}

/* How it ended, as wait reports it. */
static inline int status_of(pid_t pid)
{
    int status = -1;

    while (waitpid(pid, &status, 0) != pid)
        if (errno != EINTR)
            return -1;
    return status;
}
