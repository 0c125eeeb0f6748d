/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs share: System V and POSIX shared memory, memory files and their seals, files
 * without a name, record locks.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cases.h"

#define CASES "sharing"
#define PAGE  4096

/* That a call fails, and with which error. */
#define FAILS(error, call)  CHECK((call) == -1 && errno == (error))
#define NO_MAP(error, call) CHECK((call) == MAP_FAILED && errno == (error))
#define NO_SHM(error, call) CHECK((call) == (void *)-1 && errno == (error))

/* --- System V shared memory ------------------------------------------------------------------- */

static struct shmid_ds stat_of(int id)
{
    struct shmid_ds ds;

    CHECK(shmctl(id, IPC_STAT, &ds) == 0);
    return ds;
}

static int *attach(int id, int flags)
{
    int *at = shmat(id, NULL, flags);

    CHECK(at != (void *)-1);
    return at;
}

static volatile int *words;

static void write_words(void)
{
    words[0] = 42;
    words[PAGE] = 43;
}

static void shm_is_shared(void)
{
    int id = shmget(IPC_PRIVATE, 5 * PAGE, IPC_CREAT | 0600);

    CHECK(id >= 0);
    words = attach(id, 0);
    CHECK(words[0] == 0 && stat_of(id).shm_nattch == 1);
    CHECK(status_of(child(write_words)) == 0);
    CHECK(words[0] == 42 && words[PAGE] == 43);
    int *twice = attach(id, 0);
    CHECK(twice != words && twice[0] == 42 && stat_of(id).shm_nattch == 2);
    CHECK(shmdt(twice) == 0 && stat_of(id).shm_nattch == 1);
    FAILS(EINVAL, shmdt(twice));
    CHECK(stat_of(id).shm_lpid == getpid() && stat_of(id).shm_cpid == getpid());
    /* In pieces it is still one mapping for shmdt. */
    CHECK(munmap((char *)words + PAGE, PAGE) == 0);
    CHECK(mprotect((char *)words + 3 * PAGE, PAGE, PROT_READ) == 0);
    CHECK(shmdt((void *)words) == 0 && stat_of(id).shm_nattch == 0);
    CHECK(shmctl(id, IPC_RMID, NULL) == 0);
    NO_SHM(EINVAL, shmat(id, NULL, 0));
}

static void shm_outlives_its_removal(void)
{
    int id = shmget(IPC_PRIVATE, 10, 0600);
    int *at = attach(id, 0);

    CHECK(shmctl(id, IPC_RMID, NULL) == 0);
    CHECK(stat_of(id).shm_perm.mode & SHM_DEST);
    *at = 7;
    int *second = attach(id, 0);
    CHECK(*second == 7 && shmdt(at) == 0 && *second == 7 && shmdt(second) == 0);
    FAILS(EINVAL, shmctl(id, IPC_STAT, &(struct shmid_ds){0}));
}

static void shm_by_key(void)
{
    key_t key = 0x5155;
    int id = shmget(key, PAGE, IPC_CREAT | IPC_EXCL | 0640);

    CHECK(id >= 0 && shmget(key, 0, 0) == id && shmget(key, PAGE, IPC_CREAT) == id);
    FAILS(EEXIST, shmget(key, PAGE, IPC_CREAT | IPC_EXCL));
    FAILS(EINVAL, shmget(key, PAGE + 1, 0));
    FAILS(ENOENT, shmget(key + 1, PAGE, 0));
    FAILS(EINVAL, shmget(key + 1, 0, IPC_CREAT));
    CHECK((stat_of(id).shm_perm.mode & 0777) == 0640 && stat_of(id).shm_segsz == PAGE);
    CHECK(shmctl(id, IPC_RMID, NULL) == 0);
    FAILS(ENOENT, shmget(key, 0, 0));
}

static void shm_rights_and_places(void)
{
    int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
    char *at = shmat(id, NULL, SHM_RDONLY);

    CHECK(at != (void *)-1);
    FAILS(EACCES, mprotect(at, PAGE, PROT_READ | PROT_WRITE));
    NO_SHM(EINVAL, shmat(id, at, 0));
    NO_SHM(EINVAL, shmat(id, at + 1, 0));
    CHECK(shmat(id, at + 1, SHM_RND | SHM_REMAP) == at);
    CHECK(stat_of(id).shm_nattch == 1);
    *at = 1;
    CHECK(shmdt(at) == 0 && shmctl(id, IPC_RMID, NULL) == 0);
}

static void attach_and_end(void)
{
    attach(*words, 0);
}

/* Segments that nobody detaches by hand, and a table that is walked. */
static void shm_is_left_by_the_dead(void)
{
    struct shm_info info;
    struct shmid_ds ds;
    int id = shmget(IPC_PRIVATE, PAGE, 0600);

    words = &id;
    for (int i = 0; i < 20; i++)
        CHECK(status_of(child(attach_and_end)) == 0);
    CHECK(stat_of(id).shm_nattch == 0);
    int last = shmctl(0, SHM_INFO, (void *)&info);
    CHECK(last >= 0 && info.used_ids == 1 && info.shm_tot == 1);
    CHECK(shmctl(last, SHM_STAT, &ds) == id);
    CHECK(shmctl(id, IPC_RMID, NULL) == 0);
    CHECK(shmctl(0, SHM_INFO, (void *)&info) == 0 && info.used_ids == 0);
}

/* --- POSIX shared memory and memory files ------------------------------------------------------ */

static void posix_shm(void)
{
    int fd = shm_open("/sharing", O_RDWR | O_CREAT | O_EXCL, 0600);

    CHECK(fd >= 0 && ftruncate(fd, PAGE) == 0);
    int *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int again = shm_open("/sharing", O_RDWR, 0);
    CHECK(at != MAP_FAILED && again >= 0);
    int *other = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, again, 0);
    at[3] = 99;
    CHECK(other != MAP_FAILED && other[3] == 99);
    CHECK(shm_unlink("/sharing") == 0);
    FAILS(ENOENT, shm_open("/sharing", O_RDWR, 0));
    CHECK(munmap(at, PAGE) == 0 && other[3] == 99 && munmap(other, PAGE) == 0);
    close(fd);
    close(again);
}

static int memfd(unsigned flags)
{
    int fd = memfd_create("seals", flags);

    CHECK(fd >= 0 && ftruncate(fd, PAGE) == 0);
    return fd;
}

static void memory_file(void)
{
    char path[64], link[64];
    struct stat st;
    int fd = memfd(MFD_CLOEXEC);

    CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && st.st_size == PAGE && S_ISREG(st.st_mode));
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(fd, F_GET_SEALS) == F_SEAL_SEAL);
    FAILS(EPERM, fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, link, sizeof(link) - 1);
    CHECK(n > 0);
    link[n] = 0;
    CHECK(strcmp(link, "/memfd:seals (deleted)") == 0);
    CHECK(pwrite(fd, "abc", 3, 10) == 3);
    int reader = open(path, O_RDONLY);
    CHECK(reader >= 0 && pread(reader, link, 3, 10) == 3 && memcmp(link, "abc", 3) == 0);
    FAILS(EINVAL, fcntl(open("/proc/self/stat", O_RDONLY), F_GET_SEALS));
    close(reader);
    close(fd);
}

static void memfd_arguments(void)
{
    char name[260];

    memset(name, 'n', sizeof(name));
    name[249] = 0;
    int fd = memfd_create(name, 0);
    CHECK(fd >= 0);
    close(fd);
    name[249] = 'n';
    name[250] = 0;
    FAILS(EINVAL, memfd_create(name, 0));
    FAILS(EINVAL, memfd_create("x", 0x8000));
    FAILS(EFAULT, memfd_create((char *)8, 0));
}

static void seal_of_size(void)
{
    int fd = memfd(MFD_ALLOW_SEALING);

    CHECK(fcntl(fd, F_GET_SEALS) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    FAILS(EPERM, ftruncate(fd, 0));
    CHECK(ftruncate(fd, 2 * PAGE) == 0);
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0);
    FAILS(EPERM, ftruncate(fd, 3 * PAGE));
    FAILS(EPERM, pwrite(fd, "x", 1, 2 * PAGE));
    FAILS(EPERM, fallocate(fd, 0, 0, 3 * PAGE));
    CHECK(pwrite(fd, "x", 1, 2 * PAGE - 1) == 1);
    CHECK(fcntl(fd, F_GET_SEALS) == (F_SEAL_SHRINK | F_SEAL_GROW));
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) == 0);
    FAILS(EPERM, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    close(fd);
}

static void *map_fd(int fd, int prot)
{
    return mmap(NULL, PAGE, prot, MAP_SHARED, fd, 0);
}

static void seal_of_contents(void)
{
    int fd = memfd(MFD_ALLOW_SEALING);
    char *at = map_fd(fd, PROT_READ | PROT_WRITE);

    CHECK(at != MAP_FAILED);
    FAILS(EBUSY, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    *at = 'a';
    CHECK(munmap(at, PAGE) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
    FAILS(EPERM, pwrite(fd, "x", 1, 0));
    FAILS(EPERM, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
    NO_MAP(EPERM, map_fd(fd, PROT_READ | PROT_WRITE));
    at = map_fd(fd, PROT_READ);
    CHECK(at != MAP_FAILED && *at == 'a');
    FAILS(EACCES, mprotect(at, PAGE, PROT_READ | PROT_WRITE));
    munmap(at, PAGE);
    at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(at != MAP_FAILED);
    *at = 'b';
    char byte;
    CHECK(pread(fd, &byte, 1, 0) == 1 && byte == 'a');
    munmap(at, PAGE);
    close(fd);
}

static void write_word(void)
{
    *words = 42;
}

/* What is mapped when this seal comes may go on writing; nobody else. */
static void seal_of_the_future(void)
{
    int fd = memfd(MFD_ALLOW_SEALING);
    char *at = map_fd(fd, PROT_READ | PROT_WRITE);

    CHECK(at != MAP_FAILED && fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == 0);
    *at = 'q';
    FAILS(EPERM, pwrite(fd, "x", 1, 0));
    NO_MAP(EPERM, map_fd(fd, PROT_READ | PROT_WRITE));
    words = (int *)at;
    CHECK(status_of(child(write_word)) == 0 && *words == 42);
    munmap(at, PAGE);
    close(fd);
}

static void seal_of_execution(void)
{
    int fd = memfd_create("tool", MFD_ALLOW_SEALING | 8 /* MFD_NOEXEC_SEAL */);
    struct stat st;

    CHECK(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0666);
    CHECK(fcntl(fd, F_GET_SEALS) == 0x20 /* F_SEAL_EXEC */);
    FAILS(EPERM, fchmod(fd, 0777));
    CHECK(fchmod(fd, 0600) == 0);
    FAILS(EINVAL, memfd_create("x", 8 | 16 /* both */));
    close(fd);
}

/* --- files without a name ---------------------------------------------------------------------- */

static void nameless_file(void)
{
    char path[64];
    struct stat st;
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

    CHECK(fd >= 0 && write(fd, "data", 4) == 4);
    CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && (st.st_mode & 0777) == 0600);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    unlink("/tmp/named");
    CHECK(linkat(AT_FDCWD, path, AT_FDCWD, "/tmp/named", AT_SYMLINK_FOLLOW) == 0);
    CHECK(stat("/tmp/named", &st) == 0 && st.st_nlink == 1 && st.st_size == 4);
    CHECK(unlink("/tmp/named") == 0);
    FAILS(ENOENT, linkat(AT_FDCWD, path, AT_FDCWD, "/tmp/named", AT_SYMLINK_FOLLOW));
    close(fd);
    fd = open("/tmp", O_TMPFILE | O_RDWR | O_EXCL, 0600);
    CHECK(fd >= 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    FAILS(ENOENT, linkat(AT_FDCWD, path, AT_FDCWD, "/tmp/named", AT_SYMLINK_FOLLOW));
    close(fd);
    FAILS(EINVAL, open("/tmp", O_TMPFILE | O_RDONLY, 0600));
    FAILS(ENOTDIR, open("/proc/self/exe", O_TMPFILE | O_RDWR, 0600));
}

/* A handle on a name, for which nobody asks for rights to the file, gives none. */
static void handle_on_a_name(void)
{
    int fd = open("/proc/self/exe", O_PATH);

    CHECK(fd >= 0 && fcntl(fd, F_GETFL) & O_PATH);
    FAILS(EBADF, flock(fd, LOCK_EX | LOCK_NB));
    FAILS(EBADF, fcntl(fd, F_SETFL, O_NONBLOCK));
    FAILS(EBADF, syscall(SYS_fchmod, fd, 0777));
    FAILS(EBADF, syscall(SYS_fchown, fd, 0, 0));
    CHECK(close(fd) == 0);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"shm-shared", shm_is_shared},
        {"shm-removed", shm_outlives_its_removal},
        {"shm-key", shm_by_key},
        {"shm-rights", shm_rights_and_places},
        {"shm-dead", shm_is_left_by_the_dead},
        {"posix-shm", posix_shm},
        {"memfd", memory_file},
        {"memfd-arguments", memfd_arguments},
        {"seal-size", seal_of_size},
        {"seal-contents", seal_of_contents},
        {"seal-future", seal_of_the_future},
        {"seal-exec", seal_of_execution},
        {"nameless", nameless_file},
        {"handle", handle_on_a_name},
    };

    return run_cases(CASES, cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
