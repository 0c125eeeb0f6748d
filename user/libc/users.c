/* SPDX-License-Identifier: BSD-2-Clause */
/* Users and groups: who one can become, what one may no longer do then, and what set-user-id gives back. */
#define _GNU_SOURCE
#define CASES "users"
#include "cases.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/klog.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FAILS(call, error) CHECK((call) == -1 && errno == (error))

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

/* Root's process is there to be found, and to be looked at from afar. */
static void cannot_reach_root(void)
{
    cpu_set_t cpus;
    void *list;
    size_t len;
    pid_t root = getppid();
    int fd = (int)syscall(SYS_pidfd_open, root, 0);

    CHECK(fd >= 0 && sched_getaffinity(root, sizeof(cpus), &cpus) == 0);
    FAILS(kill(root, 0), EPERM);
    FAILS(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), EPERM);
    FAILS(syscall(SYS_pidfd_getfd, fd, 1, 0), EPERM);
    FAILS(syscall(SYS_get_robust_list, root, &list, &len), EPERM);
    FAILS(sched_setaffinity(root, sizeof(cpus), &cpus), EPERM);
    CHECK(syscall(SYS_get_robust_list, 0, &list, &len) == 0);
    CHECK(sched_setaffinity(0, sizeof(cpus), &cpus) == 0);
}

static void reach(void)
{
    as_user(USER, cannot_reach_root);
}

/* Becomes private when it is told to. */
static void hides(int go, int done)
{
    char c;

    CHECK(prctl(PR_SET_DUMPABLE, 1) == 0 && write(done, "x", 1) == 1);
    CHECK(read(go, &c, 1) == 1 && prctl(PR_SET_DUMPABLE, 0) == 0 && write(done, "x", 1) == 1);
    pause();
}

#define SIGHTS 4

static int look_at(pid_t pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    return open(path, O_RDONLY);
}

/* Who had a foot in the door of a process sees no more of it than others, once it has become private. */
static void loses_sight(void)
{
    static const char *const sights[SIGHTS] = {"maps", "auxv", "pagemap", "fdinfo/0"};
    int go[2], done[2], dir, ns, sight[SIGHTS];
    char text[64];

    CHECK(pipe(go) == 0 && pipe(done) == 0);
    pid_t pid = fork();
    if (pid == 0)
        hides(go[0], done[1]);
    CHECK(read(done[0], text, 1) == 1);
    dir = look_at(pid, "fd");
    ns = look_at(pid, "ns");
    CHECK(dir >= 0 && readlinkat(dir, "0", text, sizeof(text)) > 0);
    CHECK(ns >= 0 && readlinkat(ns, "uts", text, sizeof(text)) > 0);
    for (int i = 0; i < SIGHTS; i++) {
        sight[i] = look_at(pid, sights[i]);
        CHECK(sight[i] >= 0 && pread(sight[i], text, 8, 0) == 8);
    }
    CHECK(write(go[1], "x", 1) == 1 && read(done[0], text, 1) == 1);
    FAILS(readlinkat(dir, "0", text, sizeof(text)), EACCES);
    FAILS(openat(dir, "0", O_RDONLY), EACCES);
    FAILS(readlinkat(ns, "uts", text, sizeof(text)), EACCES);
    for (int i = 0; i < SIGHTS; i++)
        FAILS(pread(sight[i], text, 8, 0), EACCES);
    CHECK(kill(pid, SIGKILL) == 0 && status_of(pid) == SIGKILL);
}

static void door(void)
{
    as_user(USER, loses_sight);
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

/* The program again, in a file with other rights. */
static void copy_self(const char *path, mode_t mode)
{
    char buf[4096];
    ssize_t n;
    int from = open(self, O_RDONLY), to = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0700);

    CHECK(from >= 0 && to >= 0);
    while ((n = read(from, buf, sizeof(buf))) > 0)
        CHECK(write(to, buf, n) == n);
    CHECK(fchmod(to, mode) == 0 && close(from) == 0 && close(to) == 0);
}

static void set_user_id(void)
{
    copy_self(DIR "/setuid", 04755);
    as_user(USER, starts_set_user_id);
    as_user(USER, starts_without_privileges);
    CHECK(unlink(DIR "/setuid") == 0);
}

/* A program that shares its umask with who started it gains nothing (Linux), or does not share it any more. */
static void set_user_id_alone(void)
{
    copy_self(DIR "/setuid", 04755);
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        CHECK(setgid(USER) == 0 && setuid(USER) == 0);
        execl(DIR "/setuid", "users", "--umask", NULL);
        _exit(1);
    }
    CHECK(status_of(pid) == 0);
    CHECK(umask(022) == 022);
    CHECK(unlink(DIR "/setuid") == 0);
}

/* Tells where its stack lies, and gives what is left of its personality. */
static int tell_place(void)
{
    unsigned long place = getauxval(AT_RANDOM);

    return write(STDIN_FILENO, &place, sizeof(place)) != sizeof(place) || personality(~0u);
}

static int places[2];

static void starts_not_at_random(void)
{
    CHECK(personality(ADDR_NO_RANDOMIZE) == 0 && dup2(places[1], STDIN_FILENO) == STDIN_FILENO);
    execl(DIR "/setuid", "users", "--place", NULL);
}

/* Where a program goes that gains something is not for who starts it to say. */
static void set_user_id_at_random(void)
{
    unsigned long place[2];

    copy_self(DIR "/setuid", 04755);
    CHECK(pipe(places) == 0);
    as_user(USER, starts_not_at_random);
    as_user(USER, starts_not_at_random);
    CHECK(read(places[0], place, sizeof(place)) == sizeof(place) && place[0] != place[1]);
    CHECK(close(places[0]) == 0 && close(places[1]) == 0 && unlink(DIR "/setuid") == 0);
}

static void starts_unreadable(void)
{
    FAILS(open(DIR "/unreadable", O_RDONLY), EACCES);
    execl(DIR "/unreadable", "users", "--hidden", NULL);
}

static void starts_readable(void)
{
    execl(self, "users", "--open", NULL);
}

/* What one may not read one may not see in the memory of who runs it either. */
static void dumpable(void)
{
    copy_self(DIR "/unreadable", 0711);
    as_user(USER, starts_unreadable);
    as_user(USER, starts_readable);
    CHECK(unlink(DIR "/unreadable") == 0);
}

static int check_started(int root)
{
    uid_t effective = root ? 0 : USER;

    ids_are(USER, effective, effective);
    CHECK(getauxval(AT_SECURE) == (unsigned long)root && getauxval(AT_EUID) == effective);
    CHECK(prctl(PR_GET_DUMPABLE) == !root);
    return 0;
}

static int check_hidden(int hidden)
{
    CHECK(prctl(PR_GET_DUMPABLE) == !hidden);
    if (hidden)
        FAILS(open("/proc/self/pagemap", O_RDONLY), EACCES); /* for its owner: root, here */
    return 0;
}

/* --- what the machine's is --- */

static void leaves_the_machine_alone(void)
{
    enum { READ_ALL = 3, CONSOLE_LEVEL = 8, SIZE_BUFFER = 10 };
    char text[80];

    FAILS(reboot(RB_AUTOBOOT), EPERM);
    FAILS(reboot(RB_DISABLE_CAD), EPERM);
    FAILS(klogctl(CONSOLE_LEVEL, NULL, 7), EPERM);
    CHECK(klogctl(SIZE_BUFFER, NULL, 0) > 0 && klogctl(READ_ALL, text, sizeof(text)) > 0);
}

static void machine(void)
{
    CHECK(reboot(RB_DISABLE_CAD) == 0);
    as_user(USER, leaves_the_machine_alone);
}

/* The word of this page's entry in pagemap. */
static uint64_t look_up(int pagemap)
{
    uintptr_t page = (uintptr_t)&pagemap / (uintptr_t)getpagesize();
    uint64_t word;

    CHECK(pread(pagemap, &word, sizeof(word), (off_t)(page * sizeof(word))) == sizeof(word));
    return word;
}

static void sees_no_frames(void)
{
    const uint64_t present = 1ull << 63, frame = (1ull << 55) - 1;

    CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
    int fd = open("/proc/self/pagemap", O_RDONLY);
    CHECK(fd >= 0 && (look_up(fd) & (present | frame)) == present);
    close(fd);
}

static void frames(void)
{
    int fd = open("/proc/self/pagemap", O_RDONLY);
    uint64_t word = look_up(fd);

    CHECK(setfsuid(USER) == 0 && look_up(fd) == word && (word & ((1ull << 55) - 1)) != 0);
    CHECK(setfsuid(0) == USER && close(fd) == 0);
    as_user(USER, sees_no_frames);
}

static int set_oom_score(const char *text)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);

    CHECK(fd >= 0);
    int n = (int)write(fd, text, strlen(text));
    int error = errno;
    close(fd);
    errno = error;
    return n;
}

static void asks_for_more_safety(void)
{
    CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
    CHECK(set_oom_score("300") == 3 && set_oom_score("200") == 3);
    FAILS(set_oom_score("199"), EACCES);
    FAILS(set_oom_score("-1000"), EACCES);
}

/* Nobody becomes safer than somebody with the right to say so has made him. */
static void safety(void)
{
    CHECK(set_oom_score("200") == 3);
    as_user(USER, asks_for_more_safety);
    CHECK(set_oom_score("-10") == 3 && set_oom_score("0") == 1);
}

/* --- System V segments --- */

#define KEY 0x5158

static int segment;

static void not_a_segment(int flags)
{
    CHECK(shmat(segment, NULL, flags) == (void *)-1 && errno == EACCES);
}

static void may_only_look(void)
{
    struct shmid_ds ds;

    FAILS(shmget(KEY, 0, 0600), EACCES);
    CHECK(shmget(KEY, 0, 0400) == segment);
    not_a_segment(0);
    not_a_segment(SHM_RDONLY | SHM_EXEC);
    CHECK(shmdt(shmat(segment, NULL, SHM_RDONLY)) == 0);
    CHECK(shmctl(segment, IPC_STAT, &ds) == 0 && ds.shm_perm.uid == 0 && ds.shm_perm.cuid == 0);
    FAILS(shmctl(segment, IPC_SET, &ds), EPERM);
    FAILS(shmctl(segment, SHM_LOCK, NULL), EPERM);
    FAILS(shmctl(segment, IPC_RMID, NULL), EPERM);
}

static void may_not_even_look(void)
{
    struct shmid_ds ds;

    FAILS(shmget(KEY, 0, 0400), EACCES);
    not_a_segment(SHM_RDONLY);
    FAILS(shmctl(segment, IPC_STAT, &ds), EACCES);
}

static void owns_it(void)
{
    struct shmid_ds ds;

    CHECK(shmget(KEY, 0, 0600) == segment && shmdt(shmat(segment, NULL, 0)) == 0);
    CHECK(shmctl(segment, SHM_LOCK, NULL) == 0 && shmctl(segment, SHM_UNLOCK, NULL) == 0);
    CHECK(shmctl(segment, IPC_STAT, &ds) == 0);
    ds.shm_perm.uid = (uid_t)-1;
    FAILS(shmctl(segment, IPC_SET, &ds), EINVAL);
    CHECK(shmctl(segment, IPC_RMID, NULL) == 0);
    int own = shmget(IPC_PRIVATE, 1, 0600);
    CHECK(shmctl(own, IPC_STAT, &ds) == 0 && ds.shm_perm.uid == USER && ds.shm_perm.cgid == USER);
    CHECK(shmctl(own, IPC_RMID, NULL) == 0);
}

static void segments(void)
{
    struct shmid_ds ds;

    segment = shmget(KEY, 1, IPC_CREAT | 0604);
    CHECK(segment >= 0);
    as_user(USER, may_only_look);
    CHECK(shmctl(segment, IPC_STAT, &ds) == 0);
    ds.shm_perm.gid = USER; /* his group may do less than others */
    CHECK(shmctl(segment, IPC_SET, &ds) == 0);
    as_user(USER, may_not_even_look);
    ds.shm_perm.uid = USER;
    CHECK(shmctl(segment, IPC_SET, &ds) == 0);
    as_user(USER, owns_it);
    FAILS(shmctl(segment, IPC_STAT, &ds), EINVAL);
}

/* --- capabilities --- */

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

/* As in <linux/capability.h>, which musl does not have. */
struct cap_header {
    uint32_t version;
    int32_t pid;
};

struct cap_data {
    uint32_t effective, permitted, inheritable;
};

#define CAP_VERSION 0x20080522u

static uint64_t permitted_caps(void)
{
    struct cap_header head = {.version = CAP_VERSION};
    struct cap_data data[2];

    CHECK(syscall(SYS_capget, &head, data) == 0);
    return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

/* Root's program has all capabilities, but not for who wants no new ones. */
static void no_new_capabilities(void)
{
    struct cap_header head = {.version = CAP_VERSION};
    struct cap_data none[2] = {{0}};

    for (int wanted = 0; wanted < 2; wanted++) {
        pid_t pid = fork();
        if (pid == 0) {
            CHECK(wanted || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
            CHECK(syscall(SYS_capset, &head, none) == 0 && permitted_caps() == 0);
            execl(self, "users", wanted ? "--all-powerful" : "--powerless", NULL);
            _exit(1);
        }
        CHECK(status_of(pid) == 0);
    }
}

/* What the program was started for again. */
static int started(const char *how)
{
    if (strncmp(how, "--as-", 5) == 0)
        return check_started(strcmp(how, "--as-root") == 0);
    if (strcmp(how, "--place") == 0)
        return tell_place();
    if (strcmp(how, "--umask") == 0)
        return geteuid() == 0 && umask(077) != 022;
    if (strcmp(how, "--powerless") == 0)
        return permitted_caps() != 0;
    if (strcmp(how, "--all-powerful") == 0)
        return permitted_caps() == 0;
    return check_hidden(strcmp(how, "--hidden") == 0);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"becoming", becoming},
        {"groups", groups},
        {"files", files},
        {"reach", reach},
        {"door", door},
        {"eyes", two_pairs_of_eyes},
        {"set-user-id", set_user_id},
        {"set-user-id-alone", set_user_id_alone},
        {"set-user-id-random", set_user_id_at_random},
        {"keepcaps", keeps_capabilities},
        {"no-new-caps", no_new_capabilities},
        {"dumpable", dumpable},
        {"machine", machine},
        {"frames", frames},
        {"safety", safety},
        {"segments", segments},
    };

    if (argc == 2 && strncmp(argv[1], "--", 2) == 0)
        return started(argv[1]);
    self = argv[0];
    umask(022);
    CHECK(mkdir(DIR, 0) == 0 && chmod(DIR, 01777) == 0);
    CHECK(mkdir(DIR "/closed", 0700) == 0 && close(creat(DIR "/closed/file", 0644)) == 0);
    CHECK(close(creat(DIR "/roots", 0600)) == 0);
    int bad = run_cases(CASES, cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
    CHECK(unlink(DIR "/roots") == 0 && unlink(DIR "/closed/file") == 0);
    CHECK(rmdir(DIR "/closed") == 0 && rmdir(DIR) == 0);
    return bad;
}
