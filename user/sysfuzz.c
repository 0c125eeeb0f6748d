/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysfuzz SEED CALLS: system calls at random in children, with arguments that mostly mean well
 * (user/lib/fuzzargs.c).
 *
 * A batch is a child that makes CALLS_PER_BATCH calls, and starts threads now and then that make others at
 * the same time. What happens to it is its own affair: it may crash, be stopped, wait for ever (an
 * alarm interrupts, and in the end the parent kills). The kernel must live, each killed child must go, and nothing may be
 * left behind. Batches live in a directory of their own (chroot), without a terminal and in sessions of
 * their own; calls that would reach beyond that (reboot, clocks, signals to others) get arguments that
 * do not, or are not made. SEED and the batch's number give the calls of a batch; with a third argument only that
 * batch is run, and each call is said before it is made.
 *
 * Prints the seed, then what was done: calls, batches, those that had to be killed. Status 1: a child that
 * was killed has not gone.
 */
#include <abi/linux/fcntl.h>
#include <abi/linux/ipc.h>
#include <abi/linux/mman.h>
#include <abi/linux/mount.h>
#include <abi/linux/resource.h>
#include <abi/linux/sched.h>
#include <abi/linux/signal.h>
#include <abi/linux/time.h>
#include <abi/linux/wait.h>

#include "lib/fuzzargs.h"
#include "lib/random.h"
#include "lib/sys.h"
#include "lib/text.h"
#include "lib/thread.h"

#define CALLS_PER_BATCH 64
#define SIDES           3
#define CALLS_PER_SIDE  32
#define WORKERS         24         /* batches at a time: many of them wait */
#define LOOK_NS         20000000ul /* one that has not gone on from one look to the next is interrupted, */
#define PATIENCE        50         /* so often, then killed, */
#define HANG_NS         300000000000ul /* and has so long to go */

#define HOME       "/tmp/sysfuzz"
#define PAGE       4096ul
#define FILE_LIMIT (256 * KiB)

int main(int argc, char **argv);

/* --- which calls there are ---------------------------------------------------------------------- */

struct call {
    const char *name;
    s16 nr;
    u8 pointers; /* which arguments are addresses */
};

#define COMPLETE(number, name, mask)     {#name, number, mask},
#define PARTIAL(number, name, mask, how) {#name, number, mask},
#define ABSENT(number, name, group)
#define UNUSED(first, last)
static const struct call calls[] = {
#include <abi/syscalls.def>
};
#undef COMPLETE
#undef PARTIAL
#undef ABSENT
#undef UNUSED

/* What the parent and its children share, at an address that no call gets at by chance. */
#define SHARED_AT 0x1234567000ul
static struct shared {
    u64 made;     /* calls */
    u64 refused;  /* of these, with an error */
    u64 internal; /* results that are no Linux error number */
    u64 progress[WORKERS];
} * shared;

static bool verbose;
static unsigned slot; /* a child's: which worker it is */
static long null;     /* a descriptor of /dev/null, above those that children use */

/* --- what must not reach beyond the batch ------------------------------------------------------- */

static bool is_left_out(s16 nr)
{
    switch (nr) {
    case NR_exit: /* they end the batch and try nothing */
    case NR_exit_group:
    case NR_reboot:
    case NR_clock_settime: /* every program's clock */
    case NR_settimeofday:
    case NR_adjtimex:
    case NR_clock_adjtime:
        return true;
    default:
        return false;
    }
}

/* Arguments that name processes name the caller; what is said to the log stays unsaid. */
static void tame(struct fuzz *f, s16 nr, u64 a[6])
{
    switch (nr) {
    case NR_tgkill:
    case NR_rt_tgsigqueueinfo:
        a[1] = (u64)SYS(gettid);
        __attribute__((fallthrough));
    case NR_kill:
    case NR_rt_sigqueueinfo:
    case NR_pidfd_open:
    case NR_prlimit64:
    case NR_sched_setaffinity:
    case NR_sched_setparam:
    case NR_sched_setscheduler:
        a[0] = (u64)f->self;
        break;
    case NR_tkill:
        a[0] = (u64)SYS(gettid);
        break;
    case NR_setpriority:
        a[0] = 0; /* PRIO_PROCESS */
        a[1] = (u64)f->self;
        break;
    case NR_syslog:
        a[0] = 2 + random_below(&f->random, 2) * 7; /* read all, the size of the unread */
        break;
    case NR_mknodat: /* no device but /dev/null */
        a[3] = 0x103;
        break;
    }
}

/* --- calling ------------------------------------------------------------------------------------ */

static void say(const struct call *c, const u64 a[6])
{
    print("%d: %s(%lx, %lx, %lx, %lx, %lx, %lx)\n", (int)SYS(gettid), c->name, a[0], a[1], a[2],
          a[3], a[4], a[5]);
}

static void count(long rc)
{
    __atomic_fetch_add(&shared->made, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&shared->progress[slot], 1, __ATOMIC_RELAXED);
    if (rc < 0 && rc > -4096) {
        __atomic_fetch_add(&shared->refused, 1, __ATOMIC_RELAXED);
        if (rc < -133)
            __atomic_fetch_add(&shared->internal, 1, __ATOMIC_RELAXED);
    }
}

static void one_call(struct fuzz *f)
{
    const struct call *c = &calls[random_below(&f->random, ARRAY_SIZE(calls))];
    u64 a[6];

    if (is_left_out(c->nr))
        return;
    fuzz_fill(f, c->nr, c->pointers, a);
    tame(f, c->nr, a);
    if (verbose)
        say(c, a);
    long rc = sys6(c->nr, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4], (long)a[5]);
    if ((c->nr == NR_clone || c->nr == NR_clone3) && SYS(getpid) != f->self)
        sys_exit(0);
    count(rc);
}

static void on_alarm(int sig)
{
    (void)sig;
}

__noreturn static void on_fault(int sig)
{
    (void)sig;
    sys_exit(1);
}

static void handle(int sig, u64 handler)
{
    struct linux_sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};

    SYS(rt_sigaction, sig, &action, 0, sizeof(u64));
}

/* Whatever calls have done to it: the next one that waits can be interrupted. */
static void take_alarms(void)
{
    u64 none = 0;

    handle(SIGALRM, (u64)on_alarm);
    SYS(rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none));
}

/* --- a batch ------------------------------------------------------------------------------------ */

/* A thread at the side, which makes some calls and ends. */
static struct side {
    struct thread thread;
    struct fuzz fuzz;
    char stack[16 * KiB] __aligned(16);
} sides[SIDES];

static void make_calls(struct fuzz *f, unsigned n)
{
    while (n--) {
        if (n % 8 == 0)
            take_alarms();
        one_call(f);
    }
}

static void side_run(void *arg)
{
    struct side *side = arg;

    make_calls(&side->fuzz, CALLS_PER_SIDE);
}

/* Unless that one runs still: its tid is cleared when it ends. For the batch's first thread. */
static void start_side(struct fuzz *f)
{
    struct side *side = &sides[random_below(&f->random, SIDES)];

    if (__atomic_load_n(&side->thread.tid, __ATOMIC_ACQUIRE))
        return;
    side->fuzz = *f;
    side->fuzz.random = random_seeded(random_next(&f->random));
    if (thread_start(&side->thread, side->stack, sizeof(side->stack), side_run, side, 0))
        side->thread.tid = 0;
}

static void set_limit(int what, u64 value)
{
    struct linux_rlimit limit = {value, value};

    SYS(setrlimit, what, &limit);
}

/* Out of everybody's way: own session, own root, no terminal, little of everything. */
static void move_away(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGSYS};

    SYS(setsid);
    if (SYS(chroot, HOME) || SYS(chdir, "/"))
        sys_exit(1);
    for (int fd = verbose ? 3 : 0; fd < 3; fd++)
        SYS(dup3, null, fd, 0);
    fuzz_open_some(3);
    set_limit(RLIMIT_AS, 8 * MiB);
    set_limit(RLIMIT_FSIZE, FILE_LIMIT);
    set_limit(RLIMIT_NOFILE, 32);
    set_limit(RLIMIT_CORE, 0);
    for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
        handle(faults[i], (u64)on_fault);
    handle(SIGXFSZ, SIG_IGN);
    handle(SIGPIPE, SIG_IGN);
}

__noreturn static void batch(u64 seed, u64 number)
{
    struct fuzz f = fuzz_begin(seed ^ number * 0x2545f4914f6cdd1dul);

    move_away();
    for (unsigned i = 0; i < CALLS_PER_BATCH / 16; i++) {
        if (random_one_in(&f.random, 8))
            start_side(&f);
        make_calls(&f, 16);
    }
    sys_exit(0);
}

/* --- the place where batches live --------------------------------------------------------------- */

static void copy_file(const char *from, const char *to)
{
    long in = SYS(openat, AT_FDCWD, from, O_RDONLY, 0);
    long out = SYS(openat, AT_FDCWD, to, O_WRONLY | O_CREAT, 0755);

    while (SYS(sendfile, out, in, 0, 64 * KiB) > 0)
        ;
    SYS(close, in);
    SYS(close, out);
}

static bool make_home(void)
{
    SYS(mkdirat, AT_FDCWD, HOME, 0755);
    if (SYS(mount, "none", HOME, "tmpfs", 0, 0))
        return false;
    SYS(fchmodat, AT_FDCWD, HOME, 0777);
    SYS(mkdirat, AT_FDCWD, HOME "/proc", 0755);
    SYS(mkdirat, AT_FDCWD, HOME "/dev", 0755);
    SYS(mount, "none", HOME "/proc", "proc", 0, 0);
    SYS(mknodat, AT_FDCWD, HOME "/dev/null", 0020666, 0x103);
    SYS(mknodat, AT_FDCWD, HOME "/dev/zero", 0020666, 0x105);
    SYS(mknodat, AT_FDCWD, HOME "/fifo", 0010666, 0);
    SYS(symlinkat, "/loop", AT_FDCWD, HOME "/loop");
    SYS(symlinkat, "/d/a", AT_FDCWD, HOME "/link");
    copy_file("/bin/nop", HOME "/nop");
    return true;
}

/* Batches may have mounted more on top. */
static void remove_home(void)
{
    static const char *const places[] = {HOME "/proc", HOME "/dev", HOME "/d", HOME};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        while (SYS(umount2, places[i], 2 /* MNT_DETACH */) == 0)
            ;
    SYS(unlinkat, AT_FDCWD, HOME, AT_REMOVEDIR);
}

/* --- the parent --------------------------------------------------------------------------------- */

struct worker {
    long pid; /* 0: none */
    u64 number;
    u64 progress;  /* at the last look, */
    unsigned idle; /* and at so many looks before */
    u64 killed_at; /* 0: was not */
};

static struct worker workers[WORKERS];
static u64 batches, killed;

static void start(struct worker *w, u64 seed)
{
    if (SYS(faccessat, AT_FDCWD, HOME "/nop", F_OK)) {
        remove_home();
        make_home();
    }
    *w = (struct worker){.number = batches++};
    slot = (unsigned)(w - workers);
    w->pid = sys_fork();
    if (w->pid == 0)
        batch(seed, w->number);
    if (w->pid < 0)
        w->pid = 0;
}

/* Removes the System V segments that batches have left. */
static void remove_segments(void)
{
    struct linux_shm_info info;
    struct linux_shmid_ds ds;
    long last = SYS(shmctl, 0, SHM_INFO, &info);

    for (long i = 0; i <= last; i++) {
        long id = SYS(shmctl, i, SHM_STAT, &ds);
        if (id >= 0)
            SYS(shmctl, id, IPC_RMID, 0);
    }
}

/* A child has ended, or is stopped, which nobody will change. */
static void heard_of(long pid, int status)
{
    bool stopped = (status & 0xff) == 0x7f;

    if (stopped)
        SYS(kill, pid, SIGKILL);
    for (unsigned i = 0; i < WORKERS && !stopped; i++) {
        if (workers[i].pid != pid)
            continue;
        SYS(kill, -pid, SIGKILL); /* what it has left in its group */
        workers[i].pid = 0;
        if (i == 0)
            remove_segments();
    }
}

static void kill_batch(struct worker *w)
{
    if (!w->killed_at) {
        w->killed_at = sys_now();
        killed++;
    }
    SYS(kill, -w->pid, SIGKILL);
    SYS(kill, w->pid, SIGKILL);
}

/* False: it was killed long ago, and is still there. */
static bool look_after(struct worker *w)
{
    u64 progress = shared->progress[w - workers];

    if (!w->pid)
        return true;
    w->idle = progress == w->progress ? w->idle + 1 : 0;
    w->progress = progress;
    if (w->idle >= PATIENCE)
        kill_batch(w);
    else if (w->idle)
        SYS(kill, w->pid, SIGALRM);
    return !w->killed_at || sys_now() - w->killed_at < HANG_NS;
}

/* Now and then. False: one hangs, which has been said. */
static bool look_after_all(void)
{
    static u64 next;

    if (sys_now() < next)
        return true;
    next = sys_now() + LOOK_NS;
    for (unsigned i = 0; i < WORKERS; i++) {
        if (look_after(&workers[i]))
            continue;
        print("sysfuzz: HANG: batch %lu, pid %ld\n", workers[i].number, workers[i].pid);
        return false;
    }
    return true;
}

static bool is_busy(void)
{
    for (unsigned i = 0; i < WORKERS; i++)
        if (workers[i].pid)
            return true;
    return false;
}

/* Runs until so many calls have been made. 0, or 1: a child hangs. */
static int run(u64 seed, u64 wanted)
{
    u64 chld = 1ul << (SIGCHLD - 1);
    u64 blocked =
        chld | 1ul << (SIGALRM - 1); /* the latter for batches that are not ready for it */
    struct linux_timespec nap = {.tv_nsec = LOOK_NS};
    int status;

    SYS(rt_sigprocmask, SIG_BLOCK, &blocked, 0, sizeof(blocked));
    while (shared->made < wanted || is_busy()) {
        for (unsigned i = 0; i < WORKERS && shared->made < wanted; i++)
            if (!workers[i].pid)
                start(&workers[i], seed);
        SYS(rt_sigtimedwait, &chld, 0, &nap, sizeof(chld));
        for (long pid; (pid = SYS(wait4, -1, &status, WNOHANG | WUNTRACED, 0)) > 0;)
            heard_of(pid, status);
        if (!look_after_all())
            return 1;
    }
    return 0;
}

static int replay(u64 seed, u64 number)
{
    long pid;

    verbose = true;
    pid = sys_fork();
    if (pid == 0)
        batch(seed, number);
    print("sysfuzz: batch %lu ended with status 0x%lx\n", number, sys_wait(pid));
    return 0;
}

int main(int argc, char **argv)
{
    u64 seed = argc > 1 ? text_number(argv[1]) : sys_now();
    u64 wanted = argc > 2 ? text_number(argv[2]) : 10000;
    u64 started = sys_now();

    shared = (struct shared *)SYS(mmap, SHARED_AT, PAGE, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    null = SYS(openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
    null = SYS(fcntl, null, F_DUPFD, 16);
    print("sysfuzz: seed %lu\n", seed);
    if (!make_home()) {
        warn("sysfuzz: cannot mount a place to work in\n");
        return 2;
    }
    int rc = argc > 3 ? replay(seed, text_number(argv[3])) : run(seed, wanted);
    remove_segments();
    remove_home();
    print("sysfuzz: %lu calls, %lu refused, %lu internal, %lu batches, %lu killed, %lu s\n",
          shared->made, shared->refused, shared->internal, batches, killed,
          (sys_now() - started) / 1000000000ul);
    return rc || shared->internal ? 1 : 0;
}
