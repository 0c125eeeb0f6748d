/* SPDX-License-Identifier: BSD-2-Clause */
/* Namespaces (unshare, setns, clone, /proc/PID/ns), and threads that keep descriptors and directory to themselves. */
#define _GNU_SOURCE
#define CASES "namespaces"
#include "cases.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#define NS_GET_NSTYPE  0xb703
#define CLOSE_UNSHARED 2 /* CLOSE_RANGE_UNSHARE */
#define ROUNDS         50

static void must(void (*fn)(void))
{
    CHECK(status_of(child(fn)) == 0);
}

static int hostname_is(const char *name)
{
    struct utsname names;

    return uname(&names) == 0 && strcmp(names.nodename, name) == 0;
}

static int ns_file(const char *kind)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* What identifies a namespace. */
static ino_t ns_number(const char *kind)
{
    struct stat st;
    int fd = ns_file(kind);

    CHECK(fd >= 0 && fstat(fd, &st) == 0);
    close(fd);
    return st.st_ino;
}

/* --- names --- */

static void rename_apart(void)
{
    int outside = ns_file("uts");
    struct utsname before;

    CHECK(uname(&before) == 0 && outside >= 0);
    CHECK(unshare(CLONE_NEWUTS) == 0);
    CHECK(hostname_is(before.nodename));
    CHECK(sethostname("inside", 6) == 0 && hostname_is("inside"));
    CHECK(setns(outside, CLONE_NEWIPC) == -1 && errno == EINVAL);
    CHECK(setns(outside, CLONE_NEWUTS) == 0 && hostname_is(before.nodename));
}

static void names(void)
{
    struct utsname before;
    ino_t number = ns_number("uts");

    CHECK(uname(&before) == 0);
    must(rename_apart);
    CHECK(hostname_is(before.nodename));
    CHECK(ns_number("uts") == number);
}

static void links(void)
{
    char text[64], wanted[64], shown[64];
    int fd = ns_file("uts");
    ssize_t n = readlink("/proc/self/ns/uts", text, sizeof(text) - 1);

    CHECK(n > 0 && fd >= 0);
    text[n] = '\0';
    snprintf(wanted, sizeof(wanted), "uts:[%lu]", (unsigned long)ns_number("uts"));
    CHECK(strcmp(text, wanted) == 0);
    snprintf(wanted, sizeof(wanted), "/proc/self/fd/%d", fd);
    CHECK(readlink(wanted, shown, sizeof(shown)) == n && memcmp(shown, text, (size_t)n) == 0);
    CHECK(syscall(SYS_ioctl, fd, NS_GET_NSTYPE) == CLONE_NEWUTS);
    close(fd);
}

static void refusals(void)
{
    int fd = open("/proc/self/status", O_RDONLY);

    CHECK(setns(-1, 0) == -1 && errno == EBADF);
    CHECK(setns(fd, 0) == -1 && errno == EINVAL);
    CHECK(unshare(CLONE_NEWUSER) == -1 && errno == EINVAL);
    CHECK(unshare(CLONE_NEWCGROUP) == -1 && errno == EINVAL);
    CHECK(unshare(0x1) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_clone, CLONE_NEWNS | CLONE_FS | SIGCHLD, 0, 0, 0, 0) == -1 &&
          errno == EINVAL);
    close(fd);
}

/* --- System V memory --- */

static int key_exists(void)
{
    return shmget(4711, 1, 0) >= 0;
}

static void segments_apart(void)
{
    CHECK(key_exists());
    CHECK(unshare(CLONE_NEWIPC) == 0);
    CHECK(!key_exists() && errno == ENOENT);
    /* Attached memory stays, and so does what is left behind here: it goes with the namespace. */
    int id = shmget(4711, 8192, IPC_CREAT | 0600);
    char *memory = shmat(id, NULL, 0);
    CHECK(id >= 0 && memory != (void *)-1);
    memory[4096] = 7;
}

static void segments(void)
{
    int id = shmget(4711, 4096, IPC_CREAT | 0600);

    CHECK(id >= 0);
    for (int i = 0; i < 5; i++)
        must(segments_apart);
    CHECK(shmctl(id, IPC_RMID, NULL) == 0 && !key_exists());
}

/* --- mounts --- */

static int lists(const char *file, const char *what)
{
    static char text[8192];
    int fd = open(file, O_RDONLY);
    ssize_t n = 0, got;

    CHECK(fd >= 0);
    while ((got = read(fd, text + n, sizeof(text) - 1 - (size_t)n)) > 0)
        n += got;
    close(fd);
    text[n] = '\0';
    return strstr(text, what) != NULL;
}

static void mounts_apart(void)
{
    int outside = ns_file("mnt");

    CHECK(unshare(CLONE_NEWNS) == 0);
    CHECK(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) == 0);
    CHECK(mount(NULL, "/tmp/ns", NULL, MS_PRIVATE, NULL) == -1 && errno == EINVAL);
    CHECK(mount("inner", "/tmp/ns", "tmpfs", 0, NULL) == 0);
    CHECK(close(open("/tmp/ns/file", O_CREAT | O_WRONLY, 0600)) == 0);
    CHECK(mkdir("/tmp/ns/below", 0700) == 0);
    CHECK(mount("deeper", "/tmp/ns/below", "tmpfs", 0, NULL) == 0);
    CHECK(lists("/proc/self/mounts", "/tmp/ns/below") && umount("/tmp/ns") == -1 && errno == EBUSY);
    CHECK(chdir("/tmp/ns/below/..") == 0 && access("file", F_OK) == 0);
    CHECK(setns(outside, CLONE_NEWNS) == 0 && access("/tmp/ns/file", F_OK) == -1);
    char cwd[64];
    CHECK(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/") == 0);
}

/* One that is there already is the namespace's own to unmount. */
static void unmounts_apart(void)
{
    CHECK(unshare(CLONE_NEWNS) == 0);
    CHECK(access("/tmp/ns/shared", F_OK) == 0);
    CHECK(umount("/tmp/ns") == 0 && access("/tmp/ns/shared", F_OK) == -1);
    CHECK(!lists("/proc/mounts", "/tmp/ns"));
}

static void mounts(void)
{
    CHECK(mkdir("/tmp/ns", 0700) == 0);
    for (int i = 0; i < 5; i++)
        must(mounts_apart);
    CHECK(!lists("/proc/mounts", "/tmp/ns") && access("/tmp/ns/file", F_OK) == -1);
    CHECK(mount("outer", "/tmp/ns", "tmpfs", 0, NULL) == 0);
    CHECK(close(open("/tmp/ns/shared", O_CREAT | O_WRONLY, 0600)) == 0);
    must(unmounts_apart);
    CHECK(access("/tmp/ns/shared", F_OK) == 0);
    CHECK(umount("/tmp/ns") == 0 && rmdir("/tmp/ns") == 0);
}

/* Many at once make and leave namespaces in which they mount and unmount the same place. */
static void churn_one(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) == 0);
        CHECK(mount("x", "/tmp/churn", "tmpfs", 0, NULL) == 0);
        CHECK(mkdir("/tmp/churn/a", 0700) == 0 && chdir("/tmp/churn/a/../a") == 0);
        CHECK(chdir("/") == 0 && (i % 2 || umount("/tmp/churn") == 0));
        CHECK(i % 2 || access("/tmp/churn/a", F_OK) == -1);
        CHECK(!(i % 2) || umount2("/tmp/churn", MNT_DETACH) == 0);
    }
}

static void churning(void)
{
    pid_t pids[4];

    CHECK(mkdir("/tmp/churn", 0700) == 0);
    for (int i = 0; i < 4; i++)
        pids[i] = child(churn_one);
    for (int i = 0; i < 4; i++)
        CHECK(status_of(pids[i]) == 0);
    CHECK(rmdir("/tmp/churn") == 0);
}

/* --- threads apart --- */

static char *link_of(const char *path, char *text, size_t size)
{
    ssize_t n = readlink(path, text, size - 1);

    CHECK(n > 0);
    text[n] = '\0';
    return text;
}

static void *keeps_to_itself(void *arg)
{
    char path[64], own[64], cwd[64];
    int fd = *(int *)arg;

    CHECK(unshare(CLONE_NEWUTS) == -1 && errno == EINVAL);
    CHECK(unshare(CLONE_FILES | CLONE_FS) == 0);
    CHECK(chdir("/proc") == 0 && close(fd) == 0);
    snprintf(path, sizeof(path), "/proc/self/task/%ld/fd/%d", (long)syscall(SYS_gettid), fd);
    CHECK(readlink(path, own, sizeof(own)) == -1 && errno == ENOENT);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CHECK(strcmp(link_of(path, own, sizeof(own)), "/dev/null") == 0);
    CHECK(strcmp(link_of("/proc/thread-self/cwd", cwd, sizeof(cwd)), "/proc") == 0);
    CHECK(strcmp(link_of("/proc/self/cwd", cwd, sizeof(cwd)), "/") == 0);
    CHECK(open("/dev/zero", O_RDONLY) == fd);
    CHECK(strcmp(link_of(path, own, sizeof(own)), "/dev/null") == 0);
    return NULL;
}

/* What it closes it closes for itself alone. */
static void *closes_its_own(void *arg)
{
    int fd = *(int *)arg;

    CHECK(syscall(SYS_close_range, fd, ~0u, CLOSE_UNSHARED) == 0);
    CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
    return NULL;
}

static void threads_apart(void)
{
    char cwd[64];
    int fd;

    CHECK(chdir("/") == 0);
    for (int i = 0; i < ROUNDS; i++) {
        fd = open("/dev/null", O_RDONLY);
        join(start(keeps_to_itself, &fd));
        join(start(closes_its_own, &fd));
        CHECK(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/") == 0);
        CHECK(fcntl(fd, F_GETFD) == 0 && close(fd) == 0);
    }
}

#ifdef __GLIBC__
static char stack[16384] __attribute__((aligned(16)));
static int raw_ended;

/*
 * Neither CLONE_FILES nor CLONE_FS: no C library makes such a thread, and musl's clone() refuses to. It makes calls
 * alone.
 */
static int raw_thread(void *arg)
{
    syscall(SYS_close, *(int *)arg);
    syscall(SYS_chdir, "/proc");
    __atomic_store_n(&raw_ended, 1, __ATOMIC_RELEASE);
    syscall(SYS_exit, 0);
    return 0;
}

static void raw_threads(void)
{
    char cwd[64];
    int fd = open("/dev/null", O_RDONLY);

    CHECK(chdir("/") == 0);
    CHECK(clone(raw_thread, stack + sizeof(stack), CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, &fd) >
          0);
    while (!__atomic_load_n(&raw_ended, __ATOMIC_ACQUIRE))
        sched_yield();
    CHECK(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/") == 0);
    CHECK(fcntl(fd, F_GETFD) == 0 && close(fd) == 0);
}
#endif

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"names", names},
        {"links", links},
        {"refusals", refusals},
        {"segments", segments},
        {"mounts", mounts},
        {"churning", churning},
        {"threads-apart", threads_apart},
#ifdef __GLIBC__
        {"raw-threads", raw_threads},
#endif
    };

    return run_cases(CASES, cases, sizeof(cases) / sizeof(*cases), argc, argv);
}
