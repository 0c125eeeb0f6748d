/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every system call with every pointer argument as an address that is not the program's to give:
 * kernel, unmapped, not canonical, wrapping, misaligned, read-only, and straddling the end of what
 * is mapped. The kernel must answer with an error (or, where the address happens to be good
 * enough, a result), and it and this program must live. Then all numbers, also those that do
 * not exist, with arguments that make no sense, each in a child of its own.
 *
 * Nothing here is random: the same calls in the same order every time. The last line says
 * how many calls there were; status 1 when one answered what it must not.
 */
#include <abi/linux/fcntl.h>
#include <abi/linux/futex.h>
#include <abi/linux/mman.h>
#include <abi/linux/signal.h>
#include <abi/linux/time.h>

#include "lib/sys.h"
#include "lib/text.h"

#define PAGE 4096ul

int main(int argc, char **argv);

/* --- what each call gets where nothing is being tortured --- */

enum kind {
    K_NUM,  /* the number in `value` */
    K_FD,   /* a scratch file, open for reading and writing */
    K_ZERO, /* a descriptor of /dev/zero */
    K_DIR,  /* a descriptor of / */
    K_IN,   /* a pointer that the call reads */
    K_WAIT, /* the same, but a null pointer means to wait for ever: left out */
    K_OUT,  /* a pointer that the call writes */
    K_INOUT,
    K_OPT, /* a pointer that is only looked at in some cases: any answer but a crash */
};

struct arg {
    u8 kind;
    s32 value; /* of K_NUM; for pointers what the good buffer holds: see `fill` */
};

/* What good buffers hold. */
enum fill { F_ZERO, F_PATH, F_NEW, F_DIR, F_TIME, F_VECTOR, F_SET, F_ITIMER, F_LIMIT, F_ARGV };

/* clang-format off */
#define N(v)     {K_NUM, (v)}
#define IN(f)    {K_IN, (f)}
#define WAIT     {K_WAIT, F_ZERO}
#define OUT      {K_OUT, F_ZERO}
#define INOUT(f) {K_INOUT, (f)}
#define OPT(f)   {K_OPT, (f)}
#define FD       {K_FD, 0}
#define ZERO     {K_ZERO, 0}
#define DIR      {K_DIR, 0}
#define CWD      {K_NUM, AT_FDCWD}
/* clang-format on */

struct call {
    s32 nr;
    const char *name;
    struct arg arg[6];
};

#define CALL(name, ...)   \
    {                     \
        NR_##name, #name, \
        {                 \
            __VA_ARGS__   \
        }                 \
    }

/* Each call that takes a pointer, with arguments that let it get as far as using them. */
static const struct call calls[] = {
    CALL(getcwd, OUT, N(256)),
    CALL(fcntl, FD, N(F_GETLK), INOUT(F_ZERO)),
    CALL(ioctl, FD, N(0x5421), IN(F_ZERO)),
    CALL(mknodat, CWD, IN(F_NEW), N(0100600), N(0)),
    CALL(mkdirat, CWD, IN(F_NEW), N(0700)),
    CALL(unlinkat, CWD, IN(F_NEW), N(0)),
    CALL(unlinkat, CWD, IN(F_NEW), N(AT_REMOVEDIR)),
    CALL(symlinkat, IN(F_PATH), CWD, IN(F_NEW)),
    CALL(linkat, CWD, IN(F_PATH), CWD, IN(F_NEW), N(0)),
    CALL(renameat2, CWD, IN(F_NEW), CWD, IN(F_NEW), N(0)),
    CALL(mount, IN(F_PATH), IN(F_PATH), IN(F_PATH), N(0), IN(F_ZERO)),
    CALL(umount2, IN(F_PATH), N(0)),
    CALL(statfs, IN(F_PATH), OUT),
    CALL(fstatfs, FD, OUT),
    CALL(truncate, IN(F_PATH), N(100)),
    CALL(faccessat, CWD, IN(F_PATH), N(0)),
    CALL(faccessat2, CWD, IN(F_PATH), N(0), N(0)),
    CALL(chdir, IN(F_DIR)),
    CALL(chroot, IN(F_DIR)),
    CALL(fchmodat, CWD, IN(F_PATH), N(0600)),
    CALL(fchmodat2, CWD, IN(F_PATH), N(0600), N(0)),
    CALL(fchownat, CWD, IN(F_PATH), N(0), N(0), N(0)),
    CALL(openat, CWD, IN(F_PATH), N(O_RDWR), N(0)),
    CALL(pipe2, OUT, N(0)),
    CALL(getdents64, DIR, OUT, N(512)),
    CALL(read, ZERO, OUT, N(64)),
    CALL(write, FD, IN(F_ZERO), N(64)),
    CALL(readv, ZERO, IN(F_VECTOR), N(2)),
    CALL(writev, FD, IN(F_VECTOR), N(2)),
    CALL(pread64, FD, OUT, N(64), N(0)),
    CALL(pwrite64, FD, IN(F_ZERO), N(64), N(0)),
    CALL(preadv, FD, IN(F_VECTOR), N(2), N(0)),
    CALL(pwritev, FD, IN(F_VECTOR), N(2), N(0)),
    CALL(preadv2, FD, IN(F_VECTOR), N(2), N(0), N(0), N(0)),
    CALL(pwritev2, FD, IN(F_VECTOR), N(2), N(0), N(0), N(0)),
    CALL(sendfile, FD, FD, INOUT(F_ZERO), N(16)),
    CALL(pselect6, N(1), INOUT(F_ZERO), INOUT(F_ZERO), INOUT(F_ZERO), WAIT, IN(F_ZERO)),
    CALL(ppoll, INOUT(F_ZERO), N(1), WAIT, IN(F_SET), N(8)),
    CALL(readlinkat, CWD, IN(F_PATH), OPT(F_ZERO), N(64)),
    CALL(newfstatat, CWD, IN(F_PATH), OUT, N(0)),
    CALL(fstat, FD, OUT),
    CALL(statx, CWD, IN(F_PATH), N(0), N(0x7ff), OUT),
    CALL(utimensat, CWD, IN(F_PATH), IN(F_TIME), N(0)),
    CALL(waitid, N(0), N(0), OPT(F_ZERO), N(5), OPT(F_ZERO)),
    CALL(wait4, N(-1), OPT(F_ZERO), N(1), OPT(F_ZERO)),
    CALL(futex, IN(F_ZERO), N(FUTEX_WAIT), N(1), OPT(F_TIME)),
    CALL(futex, IN(F_ZERO), N(FUTEX_WAKE), N(1)),
    CALL(futex, IN(F_ZERO), N(FUTEX_CMP_REQUEUE), N(1), N(1), IN(F_ZERO), N(0)),
    CALL(futex, OPT(F_ZERO), N(FUTEX_WAKE_OP), N(1), N(1), INOUT(F_ZERO), N(0)),
    CALL(get_robust_list, N(0), OUT, OUT),
    CALL(nanosleep, IN(F_ZERO), OPT(F_ZERO)),
    CALL(getitimer, N(0), OUT),
    CALL(setitimer, N(0), IN(F_ITIMER), OUT),
    CALL(clock_settime, N(CLOCK_REALTIME), IN(F_TIME)),
    CALL(adjtimex, INOUT(F_ZERO)),
    CALL(clock_adjtime, N(CLOCK_REALTIME), INOUT(F_ZERO)),
    CALL(clock_gettime, N(CLOCK_MONOTONIC), OUT),
    CALL(clock_getres, N(CLOCK_MONOTONIC), OUT),
    CALL(clock_nanosleep, N(CLOCK_MONOTONIC), N(0), IN(F_ZERO), OPT(F_ZERO)),
    CALL(syslog, N(3), OUT, N(64)),
    CALL(sched_setparam, N(0), IN(F_ZERO)),
    CALL(sched_getparam, N(0), OUT),
    CALL(sched_setscheduler, N(0), N(0), IN(F_ZERO)),
    CALL(sched_setaffinity, N(0), N(8), IN(F_SET)),
    CALL(sched_getaffinity, N(0), N(8), OUT),
    CALL(sched_rr_get_interval, N(0), OUT),
    CALL(sigaltstack, OPT(F_ZERO), OUT),
    CALL(rt_sigaction, N(SIGUSR1), IN(F_ZERO), OUT, N(8)),
    CALL(rt_sigprocmask, N(SIG_BLOCK), IN(F_ZERO), OUT, N(8)),
    CALL(rt_sigpending, OUT, N(8)),
    CALL(rt_sigtimedwait, IN(F_SET), OPT(F_ZERO), WAIT, N(8)),
    CALL(rt_sigqueueinfo, N(1 << 29), N(SIGUSR1), IN(F_ZERO)),
    CALL(rt_tgsigqueueinfo, N(1 << 29), N(1 << 29), N(SIGUSR1), IN(F_ZERO)),
    CALL(mincore, N(0x10000), N(4096), OUT),
    CALL(getresuid, OUT, OUT, OUT),
    CALL(getresgid, OUT, OUT, OUT),
    CALL(times, OUT),
    CALL(getgroups, N(8), OPT(F_ZERO)), /* who has no groups has nothing written */
    CALL(setgroups, N(1), IN(F_ZERO)),
    CALL(uname, OUT),
    CALL(sethostname, IN(F_PATH), N(4)),
    CALL(setdomainname, IN(F_PATH), N(4)),
    CALL(getrlimit, N(7), OUT),
    CALL(setrlimit, N(4), IN(F_LIMIT)),
    CALL(prlimit64, N(0), N(4), IN(F_LIMIT), OUT),
    CALL(getrusage, N(0), OUT),
    CALL(prctl, N(15), IN(F_PATH)),
    CALL(prctl, N(16), OUT),
    CALL(getcpu, OUT, OUT),
    CALL(gettimeofday, OUT, OUT),
    CALL(settimeofday, OPT(F_TIME), IN(F_ZERO)),
    CALL(sysinfo, OUT),
    CALL(execve, IN(F_NEW), IN(F_ARGV), IN(F_ARGV)),
    CALL(execveat, CWD, IN(F_NEW), IN(F_ARGV), IN(F_ARGV), N(0)),
    CALL(riscv_hwprobe, INOUT(F_ZERO), N(1), N(0), N(0), N(0)),
    CALL(getrandom, OUT, N(64), N(0)),
};

/* --- good buffers and bad addresses --- */

#define FILE_PATH "/tmp/torture"
#define NEW_PATH  "/tmp/torture-new"

static int fds[3];   /* scratch, zero, directory */
static char *pages;  /* two pages, the second one unmapped */
static char *rodata; /* a page that may only be read */
static u64 good[6][128];
static u64 vector_target[16];

static void put_path(void *to, const char *path)
{
    memcpy(to, path, strlen(path) + 1);
}

static void fill_buffer(void *to, enum fill fill)
{
    u64 *words = to;

    memset(to, 0, 128);
    switch (fill) {
    case F_ZERO:
        break;
    case F_PATH:
        put_path(to, FILE_PATH);
        break;
    case F_NEW:
        put_path(to, NEW_PATH);
        break;
    case F_DIR:
        put_path(to, "/");
        break;
    case F_TIME:
        words[0] = 1000000000;
        words[2] = 1000000000;
        break;
    case F_VECTOR:
        words[0] = words[2] = (u64)vector_target;
        words[1] = words[3] = 8;
        break;
    case F_SET:
        words[0] = 1;
        break;
    case F_ITIMER: /* off */
        break;
    case F_LIMIT:
        words[0] = words[1] = 0;
        break;
    case F_ARGV: /* no strings */
        break;
    }
}

struct bad {
    const char *name;
    u64 addr;
    bool deadly_in;  /* reading there must fail */
    bool deadly_out; /* writing there must fail */
};

static struct bad bads[16];
static unsigned bad_count;

static void add_bad(const char *name, u64 addr, bool in, bool out)
{
    bads[bad_count++] = (struct bad){name, addr, in, out};
}

static void make_bads(void)
{
    add_bad("null", 0, true, true);
    add_bad("low", 8, true, true);
    add_bad("unmapped", (u64)pages + PAGE, true, true);
    add_bad("unmapped far", 0x3300000000ul, true, true);
    add_bad("top of user", 0x3ffffffff8ul, true, true);
    add_bad("first of kernel half", 0x4000000000ul, true, true);
    add_bad("not canonical", 0x0123456789abcdeful, true, true);
    add_bad("kernel direct map", 0xffffffc080000000ul, true, true);
    add_bad("kernel image", 0xffffffff80000000ul, true, true);
    add_bad("trampoline", 0xfffffffffffff000ul, true, true);
    add_bad("wrapping", 0xfffffffffffffffcul, true, true);
    add_bad("all ones", ~0ul, true, true);
    add_bad("read-only", (u64)rodata, false, true);
    add_bad("text", (u64)make_bads, false, true);
    add_bad("straddling", (u64)pages + PAGE - 1, false, false);
    add_bad("misaligned", (u64)pages + 1, false, false);
}

static void prepare(void)
{
    fds[0] = (int)SYS(openat, AT_FDCWD, FILE_PATH, O_RDWR | O_CREAT, 0600);
    fds[1] = (int)SYS(openat, AT_FDCWD, "/dev/zero", O_RDWR, 0);
    fds[2] = (int)SYS(openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
    SYS(ftruncate, fds[0], 8192);
    pages =
        (char *)SYS(mmap, 0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    rodata = (char *)SYS(mmap, 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(pages, 0x5a, PAGE);
    SYS(munmap, pages + PAGE, PAGE);
    make_bads();
}

/* --- one call --- */

static bool verbose; /* an argument was given: says each call before it is made */
static u64 made;
static u64 refused;
static u64 wrong;

static bool is_pointer(u8 kind)
{
    return kind >= K_IN;
}

static long good_value(const struct arg *arg, int i)
{
    switch (arg->kind) {
    case K_NUM:
        return arg->value;
    case K_FD:
    case K_ZERO:
    case K_DIR:
        return fds[arg->kind - K_FD];
    default:
        fill_buffer(good[i], (enum fill)arg->value);
        return (long)good[i];
    }
}

/* Takes back what calls that succeeded may have done: descriptors, names, the current directory. */
static void clean_up(void)
{
    SYS(close_range, fds[2] + 1, ~0u, 0);
    SYS(unlinkat, AT_FDCWD, NEW_PATH, 0);
    SYS(unlinkat, AT_FDCWD, NEW_PATH, AT_REMOVEDIR);
    SYS(lseek, fds[2], 0, SEEK_SET);
    SYS(lseek, fds[0], 0, SEEK_SET);
}

static void complain(const struct call *c, int i, const struct bad *bad, long rc)
{
    wrong++;
    print("WRONG %s argument %d %s: %ld\n", c->name, i, bad->name, rc);
}

static void torture(const struct call *c, int i, const struct bad *bad)
{
    long a[6];
    u8 kind = c->arg[i].kind;

    if (kind == K_WAIT && !bad->addr)
        return;
    for (int k = 0; k < 6; k++)
        a[k] = k == i ? (long)bad->addr : good_value(&c->arg[k], k);
    if (verbose)
        print("%s %d %s\n", c->name, i, bad->name);
    long rc = sys6(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    made++;
    refused += rc < 0;
    /* A null pointer often means "none", and a kernel-internal error number means a bug. */
    bool must_fail = (bad->deadly_in && (kind == K_IN || kind == K_WAIT || kind == K_INOUT)) ||
                     (bad->deadly_out && (kind == K_OUT || kind == K_INOUT));
    if (rc < -133 || (must_fail && bad->addr && rc >= 0))
        complain(c, i, bad, rc);
    clean_up();
}

/* What the kernel wrote must lie inside what it was given. */
static void check_canary(void)
{
    for (int i = 0; i < 6; i++) {
        for (int k = 112; k < 128; k++) {
            if (good[i][k] != 0xc0ffee) {
                wrong++;
                print("WRONG: a call wrote behind its buffer %d\n", i);
                good[i][k] = 0xc0ffee;
            }
        }
    }
}

static void torture_pointers(void)
{
    for (int i = 0; i < 6; i++) {
        for (int k = 112; k < 128; k++)
            good[i][k] = 0xc0ffee;
    }
    for (size_t n = 0; n < ARRAY_SIZE(calls); n++) {
        for (int i = 0; i < 6; i++) {
            for (unsigned b = 0; is_pointer(calls[n].arg[i].kind) && b < bad_count; b++)
                torture(&calls[n], i, &bads[b]);
        }
        check_canary();
    }
}

/* --- the same for the buffers that vectors point at --- */

static void torture_vectors(void)
{
    static const int nrs[] = {NR_readv, NR_writev};

    for (unsigned b = 0; b < bad_count; b++) {
        for (int i = 0; i < 2; i++) {
            u64 vector[4] = {(u64)vector_target, 8, bads[b].addr, 64};
            long rc = sys6(nrs[i], fds[1], (long)vector, 2, 0, 0, 0);

            made++;
            refused += rc < 0;
            if (rc > 72 || rc < -133) {
                wrong++;
                print("WRONG vector %s: %ld\n", bads[b].name, rc);
            }
        }
        clean_up();
    }
}

/* --- exec of a program that is there: in a child, since good enough vectors let it succeed --- */

static void torture_exec(void)
{
    for (unsigned b = 0; b < bad_count; b++) {
        for (int which = 1; which <= 2; which++) {
            long a[3] = {(long)"/bin/nop", 0, 0};
            long pid = sys_fork();

            a[which] = (long)bads[b].addr;
            if (pid == 0) {
                sys3(NR_execve, a[0], a[1], a[2]);
                sys_exit(42);
            }
            made++;
            long status = pid < 0 ? pid : sys_wait(pid);
            refused += status == 42 << 8;
            if (status != 42 << 8 && (status || (bads[b].deadly_in && bads[b].addr))) {
                wrong++;
                print("WRONG execve argument %d %s: %ld\n", which, bads[b].name, status);
            }
        }
    }
}

/* --- all numbers with arguments that make no sense --- */

/* These end or stop the caller, or others, by design, or ask for the end of the machine. */
static bool is_harmful(long nr)
{
    switch (nr) {
    case NR_exit:
    case NR_exit_group:
    case NR_kill:
    case NR_tkill:
    case NR_tgkill:
    case NR_rt_sigqueueinfo:
    case NR_rt_tgsigqueueinfo:
    case NR_reboot:
    case NR_clone:
    case NR_umount2:
    case NR_mount:
    case NR_chroot:
    case NR_clock_settime:
    case NR_settimeofday:
        return true;
    default:
        return false;
    }
}

static const u64 senseless[][6] = {
    {0, 0, 0, 0, 0, 0},
    {~0ul, ~0ul, ~0ul, ~0ul, ~0ul, ~0ul},
    {0xffffffff80000000ul, 0xffffffff80000000ul, 0xffffffff80000000ul, 0xffffffff80000000ul,
     0xffffffff80000000ul, 0xffffffff80000000ul},
    {1, 0x8000000000000000ul, 0x7ffffffffffffffful, 4096, 0x80000000ul, 1},
    {0x7ffffffful, 0x3ffffff000ul, 0x2000, 3, 0x7ffffffful, 0x1000},
    {3, 1, ~0ul, 0x10000, 0xfffffffful, 8},
};

/* In a child that an alarm ends if the call blocks. Whatever happens to it is its own affair. */
__noreturn static void senseless_child(long nr)
{
    struct linux_itimerval soon = {.it_value = {0, 50000}};
    long worst = 0;

    SYS(setitimer, ITIMER_REAL, &soon, 0);
    for (size_t i = 0; i < ARRAY_SIZE(senseless); i++) {
        const u64 *a = senseless[i];
        long rc = sys6(nr, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4], (long)a[5]);

        if (rc < -133 && rc > -4096)
            worst = rc;
    }
    sys_exit(worst ? 99 : 0);
}

static void torture_numbers(void)
{
    for (long nr = 0; nr < SYSCALL_COUNT + 64; nr++) {
        long pid;

        if (is_harmful(nr))
            continue;
        if (verbose)
            print("number %ld\n", nr);
        pid = sys_fork();
        if (pid == 0)
            senseless_child(nr);
        made += ARRAY_SIZE(senseless);
        long status = pid < 0 ? pid : sys_wait(pid);
        if (status < 0 || status >> 8 == 99) {
            wrong++;
            print("WRONG number %ld: %ld\n", nr, status);
        }
    }
}

int main(int argc, char **argv)
{
    (void)argv;
    verbose = argc > 1;
    prepare();
    if (fds[0] < 0 || fds[1] < 0 || fds[2] < 0) {
        print("systorture: no files to work on\n");
        return 1;
    }
    torture_pointers();
    torture_vectors();
    torture_exec();
    torture_numbers();
    SYS(sethostname, "quire", 5);
    SYS(unlinkat, AT_FDCWD, FILE_PATH, 0);
    print("systorture: %lu calls, %lu errors, %lu wrong\n", made, refused, wrong);
    return wrong ? 1 : 0;
}
