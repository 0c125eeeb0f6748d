/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fpu: are the floating-point registers a program's own? Some processes carry values of their own through
 * preemption, calls, signals whose handlers use the registers too, and fork; a program that begins
 * finds zeros. Prints `fpu: all good` and ends with 0, or says what was lost.
 */
#include <abi/linux/signal.h>
#include <abi/linux/time.h>

#include "lib/sys.h"
#include "lib/text.h"

#define PROCESSES 4
#define ROUNDS    200
#define LOOPS     20000 /* some of which a timer interrupts */
#define REGISTERS 33    /* and fcsr */

#define SIGCHLD_FLAGS 17

int main(int argc, char **argv);

#define EACH \
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
#define LOAD_ALL  EACH "fld f\\n, 8*\\n(%[in])\n.endr\nfscsr %[csr]\n"
#define STORE_ALL EACH "fsd f\\n, 8*\\n(%[out])\n.endr\nfrcsr %[csr]\nsd %[csr], 256(%[out])\n"
#define ALL_REGISTERS                                                                              \
    "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12", "f13", "f14", \
        "f15", "f16", "f17", "f18", "f19", "f20", "f21", "f22", "f23", "f24", "f25", "f26", "f27", \
        "f28", "f29", "f30", "f31"

/* Loads all registers, spends time, makes a call, stores them. Returns the call's result. */
static long carry(const u64 *in, u64 *out, long loops, long nr)
{
    register long a7 __asm__("a7") = nr;
    register long a0 __asm__("a0") = SIGCHLD_FLAGS; /* clone's; the other calls take none */
    register long a1 __asm__("a1") = 0;
    u64 csr = in[32];

    __asm__ volatile(LOAD_ALL "1: addi %[loops], %[loops], -1\n"
                              "bgtz %[loops], 1b\n"
                              "ecall\n" STORE_ALL
                     : "+r"(a0), [loops] "+r"(loops), [csr] "+r"(csr)
                     : "r"(a7), "r"(a1), [in] "r"(in), [out] "r"(out)
                     : ALL_REGISTERS, "memory");
    return a0;
}

static void fill(u64 *registers, u64 seed)
{
    for (u64 i = 0; i < 32; i++)
        registers[i] = seed * 0x0101010101010101 + i;
    registers[32] = seed & 0x1f;
}

/* A handler that leaves nothing as it was. */
static void use_registers(int sig)
{
    u64 in[REGISTERS], out[REGISTERS];

    fill(in, 0x70u + (u64)sig);
    carry(in, out, 0, NR_sched_yield);
}

static bool round_trip(u64 seed, long nr)
{
    u64 in[REGISTERS], out[REGISTERS];

    fill(in, seed);
    long rc = carry(in, out, LOOPS, nr);
    bool good = !memcmp(in, out, sizeof(in));
    if (nr == NR_clone && rc == 0)
        sys_exit(!good);
    return good && (nr != NR_clone || sys_wait(rc) == 0);
}

static void start_alarms(void)
{
    struct linux_sigaction action = {.sa_handler = (u64)use_registers, .sa_flags = SA_RESTART};
    struct linux_itimerval timer = {.it_value = {0, 1000}, .it_interval = {0, 20000}};

    SYS(rt_sigaction, SIGALRM, &action, 0, sizeof(u64));
    SYS(setitimer, 0 /* ITIMER_REAL */, &timer, 0);
}

__noreturn static void process(u64 number)
{
    static const long calls[] = {NR_getpid, NR_sched_yield, NR_getpid, NR_clone};

    start_alarms();
    for (u64 i = 0; i < ROUNDS; i++)
        if (!round_trip(number * 16 + i % 16, calls[i % ARRAY_SIZE(calls)])) {
            print("fpu: process %lu lost registers in round %lu\n", number, i);
            sys_exit(1);
        }
    sys_exit(0);
}

static bool share_the_fpu(void)
{
    bool good = true;

    for (u64 i = 1; i <= PROCESSES; i++)
        if (sys_fork() == 0)
            process(i);
    for (u64 i = 1; i <= PROCESSES; i++)
        good &= sys_wait(-1) == 0;
    return good;
}

/* What the program before left in the registers is none of the next one's business. */
static int look_fresh(void)
{
    u64 out[REGISTERS] = {1};
    u64 any = 0, csr;

    __asm__ volatile(STORE_ALL : [csr] "=&r"(csr) : [out] "r"(out) : "memory");
    for (u64 i = 0; i < REGISTERS; i++)
        any |= out[i];
    return any != 0;
}

static bool begins_fresh(void)
{
    static const char *const argv[] = {"fpu", "fresh", NULL};
    static const char *const envp[] = {NULL};
    long pid = sys_fork();

    if (pid == 0) {
        round_trip(0x55, NR_clone); /* so that the kernel has a copy of them, too */
        SYS(execve, "/bin/fpu", argv, envp);
        sys_exit(1);
    }
    return sys_wait(pid) == 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "fresh"))
        return look_fresh();
    bool shared = share_the_fpu(), fresh = begins_fresh();
    if (!fresh)
        print("fpu: a new program saw old registers\n");
    if (shared && fresh)
        print("fpu: all good\n");
    return !(shared && fresh);
}
