/* SPDX-License-Identifier: BSD-2-Clause */
/* Users and groups: who one can become, what one may no longer do then, and what set-user-id gives back. */
#define _GNU_SOURCE
#define CASES "users"
#include "cases.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define USER  1000
#define OTHER 2000
#define DIR   "/tmp/users"

static const char *self;

/* Runs fn in a child that is that user and in no group but his; it says in its status whether all was well. */
static void as_user(uid_t user, void (*fn)(void))
{
    pid_t pid = fork();

    if (pid == 0) {
        CHECK(setgroups(0, NULL) == 0 && setgid(user) == 0 && setuid(user) == 0);
        fn();
        _exit(0);
    }
    int status = status_of(pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void ids_are(uid_t real, uid_t effective, uid_t saved)
{
    uid_t r, e, s;

    CHECK(getresuid(&r, &e, &s) == 0 && r == real && e == effective && s == saved);
}

static void drops_for_good(void)
{
    ids_are(USER, USER, USER);
    CHECK(getgid() == USER && getegid() == USER && getgroups(0, NULL) == 0);
    CHECK(setuid(0) == -1 && errno == EPERM);
    CHECK(setresuid(-1, OTHER, -1) == -1 && errno == EPERM);
    CHECK(setgroups(0, NULL) == -1 && errno == EPERM);
    CHECK(setgid(0) == -1 && errno == EPERM);
    CHECK(setuid(USER) == 0);
}

static void becoming(void)
{
    as_user(USER, drops_for_good);
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(setresuid(USER, OTHER, 0) == 0);
        ids_are(USER, OTHER, 0);
        CHECK(seteuid(USER) == 0 && seteuid(0) == 0); /* the saved one is root's still */
        ids_are(USER, 0, 0);
        CHECK(setreuid(OTHER, OTHER) == 0);
        ids_are(OTHER, OTHER, OTHER);
        _exit(0);
    }
    CHECK(status_of(pid) == 0);
}

static void groups(void)
{
    gid_t list[3] = {30, 10, 20}, got[3];
    pid_t pid = fork();

    if (pid == 0) {
        CHECK(setgroups(3, list) == 0 && getgroups(0, NULL) == 3);
        CHECK(getgroups(2, got) == -1 && errno == EINVAL);
        CHECK(getgroups(3, got) == 3 && got[0] == 10 && got[1] == 20 && got[2] == 30);
        _exit(0);
    }
    CHECK(status_of(pid) == 0);
}

static void is_held_up(void)
{
    struct stat st;

    CHECK(open(DIR "/roots", O_RDONLY) == -1 && errno == EACCES);
    CHECK(access(DIR "/roots", R_OK) == -1 && errno == EACCES);
    CHECK(stat(DIR "/closed/file", &st) == -1 && errno == EACCES);
    CHECK(unlink(DIR "/roots") == -1 && errno == EPERM); /* sticky */
    CHECK(chmod(DIR "/roots", 0777) == -1 && errno == EPERM);
    CHECK(chown(DIR "/roots", USER, -1) == -1 && errno == EPERM);
    int fd = open(DIR "/mine", O_CREAT | O_RDWR, 0600);
    CHECK(fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == USER && st.st_gid == USER);
    CHECK(unlink(DIR "/mine") == 0);
    CHECK(mknod(DIR "/null", S_IFCHR | 0666, 0x103) == -1 && errno == EPERM);
    CHECK(chroot(DIR) == -1 && errno == EPERM);
    CHECK(sethostname("mine", 4) == -1 && errno == EPERM);
    CHECK(kill(1, 0) == -1 && errno == EPERM);
    CHECK(kill(getppid(), SIGCONT) == 0); /* the same session */
    CHECK(setpriority(PRIO_PROCESS, 1, 5) == -1 && errno == EPERM);
    CHECK(setpriority(PRIO_PROCESS, 0, 5) == 0);
    CHECK(setpriority(PRIO_PROCESS, 0, 0) == -1 && errno == EACCES);
}

static void files(void)
{
    as_user(USER, is_held_up);
}

/* access(2) asks for the real user, open(2) for the effective one. */
static void two_pairs_of_eyes(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        CHECK(setresuid(USER, 0, 0) == 0);
        CHECK(access(DIR "/roots", R_OK) == -1 && errno == EACCES);
        CHECK(faccessat(AT_FDCWD, DIR "/roots", R_OK, AT_EACCESS) == 0);
        CHECK(close(open(DIR "/roots", O_RDONLY)) == 0);
        _exit(0);
    }
    CHECK(status_of(pid) == 0);
}

static void starts_set_user_id(void)
{
    execl(DIR "/setuid", "users", "--as-root", NULL);
}

static void starts_without_privileges(void)
{
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
          prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    execl(DIR "/setuid", "users", "--as-user", NULL);
}

/* The program again, in a file with the bit. */
static void set_user_id(void)
{
    char buf[4096];
    ssize_t n;
    int from = open(self, O_RDONLY), to = open(DIR "/setuid", O_CREAT | O_TRUNC | O_WRONLY, 0755);

    CHECK(from >= 0 && to >= 0);
    while ((n = read(from, buf, sizeof(buf))) > 0)
        CHECK(write(to, buf, n) == n);
    CHECK(fchmod(to, 04755) == 0 && close(from) == 0 && close(to) == 0);
    as_user(USER, starts_set_user_id);
    as_user(USER, starts_without_privileges);
}

static int check_started(int root)
{
    uid_t effective = root ? 0 : USER;

    ids_are(USER, effective, effective);
    CHECK(getauxval(AT_SECURE) == (unsigned long)root && getauxval(AT_EUID) == effective);
    CHECK(prctl(PR_GET_DUMPABLE) == !root);
    return 0;
}

static void keeps_capabilities(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        CHECK(prctl(PR_SET_KEEPCAPS, 1) == 0 && setuid(USER) == 0);
        CHECK(setuid(0) == -1 && errno == EPERM); /* permitted, not effective */
        CHECK(prctl(PR_GET_KEEPCAPS) == 1);
        _exit(0);
    }
    CHECK(status_of(pid) == 0);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"becoming", becoming},      {"groups", groups},           {"files", files},
        {"eyes", two_pairs_of_eyes}, {"set-user-id", set_user_id}, {"keepcaps", keeps_capabilities},
    };

    if (argc == 2 && strncmp(argv[1], "--as-", 5) == 0)
        return check_started(strcmp(argv[1], "--as-root") == 0);
    self = argv[0];
    umask(022);
    CHECK(mkdir(DIR, 0) == 0 && chmod(DIR, 01777) == 0);
    CHECK(mkdir(DIR "/closed", 0700) == 0 && close(creat(DIR "/closed/file", 0644)) == 0);
    CHECK(close(creat(DIR "/roots", 0600)) == 0);
    int bad = run_cases(CASES, cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
    unlink(DIR "/setuid");
    CHECK(unlink(DIR "/roots") == 0 && unlink(DIR "/closed/file") == 0);
    CHECK(rmdir(DIR "/closed") == 0 && rmdir(DIR) == 0);
    return bad;
}
