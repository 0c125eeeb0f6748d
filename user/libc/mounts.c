/* SPDX-License-Identifier: BSD-2-Clause */
/* Mounting step by step (fsopen and its relatives), and what options of mounts hold back. */
#define CASES "mounts"
#include "cases.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FLAG        0
#define STRING      1
#define BINARY      2
#define SET_FD      5
#define CREATE      6
#define RECONFIGURE 7

#define PLACE "/tmp/mounts"

static int fs_open(const char *type, unsigned flags)
{
    return (int)syscall(SYS_fsopen, type, flags);
}

static int config(int fd, unsigned command, const char *key, const void *value, int aux)
{
    return (int)syscall(SYS_fsconfig, fd, command, key, value, aux);
}

static int pick(const char *path, unsigned flags)
{
    return (int)syscall(SYS_fspick, AT_FDCWD, path, flags);
}

#define FAILS(call, error) CHECK((call) == -1 && errno == (error))

static void test_options(void)
{
    int pipes[2], number = 2;

    FAILS(fs_open("nothing", 0), ENODEV);
    FAILS(fs_open("proc", 2), EINVAL);
    FAILS(fs_open(NULL, 0), EFAULT);
    int fd = fs_open("proc", 1);
    CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    FAILS(config(fd, BINARY, "hidepid", &number, sizeof(number)), EINVAL);
    FAILS(config(fd, SET_FD, "hidepid", NULL, 0), EINVAL);
    FAILS(config(fd, STRING, "hidepid", "3", 0), EINVAL);
    FAILS(config(fd, STRING, "hidepid", "2", 1), EINVAL);
    FAILS(config(fd, STRING, "hidepid", NULL, 0), EINVAL);
    FAILS(config(fd, STRING, (const char *)8, "2", 0), EFAULT);
    FAILS(config(fd, STRING, "size", "1m", 0), EINVAL);
    FAILS(config(fd, FLAG, "hidepid", NULL, 0), EINVAL);
    FAILS(config(fd, 99, NULL, NULL, 0), EOPNOTSUPP);
    FAILS(config(fd, RECONFIGURE, NULL, NULL, 0), EBUSY);
    CHECK(config(fd, STRING, "hidepid", "invisible", 0) == 0);
    CHECK(config(fd, FLAG, "ro", NULL, 0) == 0);
    CHECK(config(fd, STRING, "source", "here", 0) == 0);
    FAILS(config(fd, STRING, "source", "there", 0), EINVAL);
    CHECK(config(fd, CREATE, NULL, NULL, 0) == 0);
    FAILS(config(fd, CREATE, NULL, NULL, 0), EBUSY);
    FAILS(config(fd, STRING, "hidepid", "0", 0), EBUSY);
    FAILS(read(fd, &number, sizeof(number)), ENODATA);
    CHECK(close(fd) == 0);
    FAILS(config(fd, FLAG, "ro", NULL, 0), EBADF);
    FAILS(config(-1, FLAG, "ro", NULL, 0), EINVAL);
    CHECK(pipe(pipes) == 0);
    FAILS(config(pipes[0], FLAG, "ro", NULL, 0), EINVAL);
    close(pipes[0]);
    close(pipes[1]);
}

static void test_change(void)
{
    CHECK(mkdir(PLACE, 0755) == 0);
    CHECK(mount("none", PLACE, "tmpfs", 0, "size=64k") == 0);
    CHECK(mkdir(PLACE "/inside", 0755) == 0);
    FAILS(pick(PLACE "/inside", 0), EINVAL);
    FAILS(pick(PLACE, 16), EINVAL);
    int fd = pick(PLACE, 0);
    CHECK(fd >= 0);
    FAILS(config(fd, CREATE, NULL, NULL, 0), EBUSY);
    CHECK(config(fd, FLAG, "ro", NULL, 0) == 0);
    CHECK(config(fd, STRING, "size", "8k", 0) == 0);
    CHECK(mkdir(PLACE "/before", 0755) == 0);
    CHECK(config(fd, RECONFIGURE, NULL, NULL, 0) == 0);
    FAILS(mkdir(PLACE "/after", 0755), EROFS);
    CHECK(config(fd, FLAG, "rw", NULL, 0) == 0 && config(fd, RECONFIGURE, NULL, NULL, 0) == 0);
    int plan = fd;
    fd = open(PLACE "/file", O_CREAT | O_WRONLY, 0600);
    char page[4096] = {0};
    CHECK(write(fd, page, 4096) == 4096 && write(fd, page, 4096) == 4096);
    FAILS(write(fd, page, 4096), ENOSPC);
    close(fd);
    CHECK(umount(PLACE) == 0 && rmdir(PLACE) == 0); /* a plan is no use of it */
    CHECK(config(plan, RECONFIGURE, NULL, NULL, 0) == 0);
    close(plan);
}

static int mount_at(int fd, const char *path, unsigned flags)
{
    return (int)syscall(SYS_move_mount, fd, "", AT_FDCWD, path, flags);
}

/* A tmpfs with a directory `inside`, mounted nowhere. */
static int detached(unsigned attributes)
{
    int fd = fs_open("tmpfs", 0);

    FAILS(syscall(SYS_fsmount, fd, 0, 0), EINVAL); /* not made yet */
    CHECK(config(fd, STRING, "size", "64k", 0) == 0);
    CHECK(config(fd, CREATE, NULL, NULL, 0) == 0);
    FAILS(syscall(SYS_fsmount, fd, 2, 0), EINVAL);
    FAILS(syscall(SYS_fsmount, fd, 0, 0x30), EINVAL);
    int made = (int)syscall(SYS_fsmount, fd, 1, attributes);
    CHECK(made >= 0 && fcntl(made, F_GETFD) == FD_CLOEXEC);
    FAILS(syscall(SYS_fsmount, fd, 0, 0), EINVAL); /* once is enough */
    CHECK(close(fd) == 0);
    return made;
}

static void test_detached(void)
{
    int fd = detached(0), other = detached(1);

    CHECK(mkdir(PLACE, 0755) == 0);
    CHECK(mkdirat(fd, "inside", 0700) == 0);
    FAILS(mkdirat(other, "inside", 0700), EROFS);
    FAILS(mount_at(fd, PLACE, 0), ENOENT);
    FAILS(mount_at(fd, PLACE "/nowhere", 4), ENOENT);
    FAILS(mount_at(fd, "/proc/self/status", 4), ENOTDIR);
    FAILS(mount_at(fd, PLACE, 0x1000), EINVAL);
    FAILS(mount_at(0, PLACE, 4), EINVAL);
    FAILS(mount_at(-1, PLACE, 4), EBADF);
    FAILS(syscall(SYS_move_mount, AT_FDCWD, "/proc", AT_FDCWD, PLACE, 0), EINVAL);
    CHECK(mount_at(fd, PLACE, 4) == 0);
    CHECK(access(PLACE "/inside", F_OK) == 0);
    FAILS(mount_at(fd, PLACE, 4), EINVAL);
    CHECK(close(fd) == 0); /* it stays */
    CHECK(mount_at(other, PLACE "/inside", 4) == 0);
    FAILS(mkdir(PLACE "/inside/x", 0755), EROFS);
    FAILS(umount(PLACE), EBUSY);
    CHECK(close(other) == 0);
    CHECK(umount(PLACE "/inside") == 0 && umount(PLACE) == 0 && rmdir(PLACE) == 0);
    fd = detached(0);
    CHECK(mkdirat(fd, "inside", 0700) == 0);
    CHECK(close(fd) == 0); /* it is gone, with all that is in it */
}

static void test_tree(void)
{
    FAILS(syscall(SYS_open_tree, AT_FDCWD, "/proc", 1), EINVAL);
    int fd = (int)syscall(SYS_open_tree, AT_FDCWD, "/proc", O_CLOEXEC);
    CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && faccessat(fd, "self", F_OK, 0) == 0);
    FAILS(mount_at(fd, "/tmp", 4), EINVAL);
    FAILS(read(fd, &fd, 1), EBADF);
    close(fd);
}

/* What /proc mounted here shows a user of another's process: is it listed, found, and can one look inside? */
static int seen(pid_t other)
{
    char path[64], inside[80], number[16];
    int found = 0;

    snprintf(number, sizeof(number), "%d", other);
    snprintf(path, sizeof(path), PLACE "/%d", other);
    snprintf(inside, sizeof(inside), "%s/status", path);
    DIR *dir = opendir(PLACE);
    for (struct dirent *e; dir && (e = readdir(dir));)
        found |= strcmp(e->d_name, number) == 0;
    if (dir)
        closedir(dir);
    return found | (access(path, F_OK) == 0) << 1 | (access(inside, F_OK) == 0) << 2;
}

static int seen_by(uid_t user, gid_t group, pid_t other)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (setgid(group) || setuid(user))
            _exit(99);
        _exit(seen(other));
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_hidepid(void)
{
    static const struct {
        const char *options;
        int by_user, by_group;
    } rows[] = {
        {"", 7, 7},
        {"hidepid=off", 7, 7},
        {"hidepid=noaccess,gid=77", 3, 7},
        {"hidepid=2,gid=77", 0, 7},
        {"hidepid=ptraceable,gid=77", 0, 0},
    };

    CHECK(mkdir(PLACE, 0755) == 0);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK(mount("proc", PLACE, "proc", 0, rows[i].options) == 0);
        CHECK(seen_by(1000, 1000, getpid()) == rows[i].by_user);
        CHECK(seen_by(1000, 77, getpid()) == rows[i].by_group);
        CHECK(seen_by(0, 0, getpid()) == 7);
        CHECK(umount(PLACE) == 0);
    }
    CHECK(rmdir(PLACE) == 0);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"options", test_options}, {"change", test_change},   {"detached", test_detached},
        {"tree", test_tree},       {"hidepid", test_hidepid},
    };

    return run_cases(CASES, cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
