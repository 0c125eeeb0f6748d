/* SPDX-License-Identifier: BSD-2-Clause */
/* Mounting step by step (fsopen and its relatives), and what options of mounts hold back. */
#define _GNU_SOURCE
#define CASES "mounts"
#include "cases.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

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

/* --- attributes --- */

#define PROGRAM PLACE "/program"

/* How a copy of this program, root's with a set-id bit, ends when another user runs it. */
enum { AS_USER = 10, AS_ROOT, NOT_AT_ALL };

static int as_whom(void)
{
    return geteuid() == 0 ? AS_ROOT : AS_USER;
}

static void copy_self(void)
{
    int from = open("/proc/self/exe", O_RDONLY), to = open(PROGRAM, O_CREAT | O_WRONLY, 0700);

    CHECK(from >= 0 && to >= 0);
    while (sendfile(to, from, NULL, 1 << 20) > 0)
        ;
    CHECK(close(from) == 0 && close(to) == 0 && chmod(PROGRAM, 04755) == 0);
}

static int run_copy(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (setgid(1000) == 0 && setuid(1000) == 0)
            execl(PROGRAM, "mounts", "whom", NULL);
        _exit(errno == EACCES ? NOT_AT_ALL : 99);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Whether a line of the file has the text. */
static int says(const char *path, const char *text)
{
    char line[512];
    int found = 0;
    FILE *file = fopen(path, "r");

    while (file && fgets(line, sizeof(line), file))
        found |= strstr(line, text) != NULL;
    if (file)
        fclose(file);
    return found;
}

#define EVERYTHING (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC) /* as statfs has them, too */

static unsigned long statfs_flags(void)
{
    struct statfs st;

    CHECK(statfs(PLACE, &st) == 0);
    return (unsigned long)st.f_flags & EVERYTHING;
}

/* The mount alone, and not the file system. */
static int change_mount(unsigned long flags)
{
    return mount(NULL, PLACE, NULL, MS_REMOUNT | MS_BIND | flags, NULL);
}

static void make_place(unsigned long flags)
{
    CHECK(mkdir(PLACE, 0755) == 0);
    CHECK(mount("none", PLACE, "tmpfs", 0, NULL) == 0);
    copy_self();
    CHECK(mknod(PLACE "/null", S_IFCHR | 0666, makedev(1, 3)) == 0);
    CHECK(change_mount(flags) == 0);
}

static void remove_place(void)
{
    CHECK(umount(PLACE) == 0 && rmdir(PLACE) == 0);
}

static void check_noexec(void)
{
    int fd = open(PROGRAM, O_RDONLY);

    CHECK(run_copy() == NOT_AT_ALL);
    FAILS(access(PROGRAM, X_OK), EACCES);
    CHECK(access(PLACE, X_OK) == 0);
    FAILS((long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0), EPERM);
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(page != MAP_FAILED);
    FAILS(mprotect(page, 4096, PROT_READ | PROT_EXEC), EACCES);
    CHECK(mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0);
    CHECK(munmap(page, 4096) == 0 && close(fd) == 0);
}

static void test_attributes(void)
{
    make_place(0);
    CHECK(run_copy() == AS_ROOT && access(PROGRAM, X_OK) == 0 && statfs_flags() == 0);
    CHECK(change_mount(MS_NOSUID) == 0 && run_copy() == AS_USER);
    int fd = open(PLACE "/null", O_RDWR);
    CHECK(fd >= 0 && change_mount(MS_NODEV) == 0 && run_copy() == AS_ROOT);
    CHECK(write(fd, "", 1) == 1 && close(fd) == 0); /* what is open stays open */
    FAILS(open(PLACE "/null", O_RDWR), EACCES);
    CHECK((fd = open(PLACE "/null", O_PATH)) >= 0 && close(fd) == 0);
    CHECK(change_mount(MS_NOEXEC) == 0);
    check_noexec();
    CHECK(change_mount(MS_RDONLY) == 0 && run_copy() == AS_ROOT);
    FAILS(mkdir(PLACE "/new", 0755), EROFS);
    FAILS(open(PROGRAM, O_WRONLY), EROFS);
    FAILS(chmod(PROGRAM, 0755), EROFS);
    FAILS(access(PROGRAM, W_OK), EROFS);
    CHECK(says("/proc/self/mountinfo", " " PLACE " ro,noatime - tmpfs none rw"));
    remove_place();
}

static void test_remount(void)
{
    make_place(EVERYTHING);
    CHECK(statfs_flags() == EVERYTHING);
    CHECK(says("/proc/mounts", PLACE " tmpfs ro,nosuid,nodev,noexec,noatime 0 0"));
    CHECK(mount(NULL, PLACE, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
    CHECK(says("/proc/self/mountinfo", PLACE " ro,noatime - tmpfs none ro"));
    CHECK(change_mount(MS_NODEV) == 0);
    FAILS(chmod(PROGRAM, 0755), EROFS); /* the file system is read-only, its mount is not */
    CHECK(says("/proc/self/mountinfo", PLACE " rw,nodev,noatime - tmpfs none ro"));
    CHECK(mount(NULL, PLACE, NULL, MS_REMOUNT, NULL) == 0 && statfs_flags() == 0);
    CHECK(mkdir(PLACE "/inside", 0755) == 0);
    FAILS(mount(NULL, PLACE "/inside", NULL, MS_REMOUNT | MS_BIND, NULL), EINVAL);
    FAILS(mount(PLACE, PLACE "/inside", NULL, MS_BIND, NULL), EINVAL);
    remove_place();
}

/* A new namespace begins with the attributes as they are; then each has its own. */
static void test_attributes_of_namespaces(void)
{
    int status;

    make_place(MS_NOSUID);
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(unshare(CLONE_NEWNS) == 0 && statfs_flags() == MS_NOSUID);
        CHECK(change_mount(MS_NOEXEC) == 0);
        check_noexec();
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK(statfs_flags() == MS_NOSUID && run_copy() == AS_USER);
    remove_place();
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"options", test_options},   {"change", test_change},
        {"detached", test_detached}, {"tree", test_tree},
        {"hidepid", test_hidepid},   {"attributes", test_attributes},
        {"remount", test_remount},   {"namespaces", test_attributes_of_namespaces},
    };

    if (argc == 2 && strcmp(argv[1], "whom") == 0)
        return as_whom();
    return run_cases(CASES, cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
