/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pid 1: gives the console a shell, takes in orphans, and ends the machine when asked.
 *
 * The shell is /bin/sh (busybox's) as a login shell with job control; without it, it is our own
 * small one. A shell that ends is followed by a new one. busybox's halt, poweroff and reboot send
 * SIGUSR1, SIGUSR2 and SIGTERM to pid 1, which then ends all programs and the machine. All
 * signals are blocked but while init waits in rt_sigsuspend, so none can be missed.
 */
#include <abi/linux/fcntl.h>
#include <abi/linux/ioctl.h>
#include <abi/linux/reboot.h>
#include <abi/linux/signal.h>
#include <abi/linux/wait.h>

#include "lib/sys.h"
#include "lib/text.h"

#define CONSOLE   "/dev/console"
#define SHELL     "/bin/sh"
#define OWN_SHELL "/bin/qsh"

/* A shell that ends sooner than this, so many times in a row, will not get better by trying again. */
#define QUICK_MS     1000
#define QUICK_DEATHS 5

/* How long programs have between SIGTERM and SIGKILL when the machine goes down. */
#define GRACE_MS 500

#define ENV_MAX 64

static volatile int end_signal; /* SIGUSR1, SIGUSR2 or SIGTERM once somebody has asked */

int main(int argc, char **argv, char **envp);

static void on_signal(int sig)
{
    if (sig != SIGCHLD)
        end_signal = sig;
}

static void handle(int sig)
{
    struct linux_sigaction action = {.sa_handler = (u64)on_signal};

    SYS(rt_sigaction, sig, &action, 0, sizeof(u64));
}

static void block_signals(void)
{
    u64 all = ~0ul;

    SYS(rt_sigprocmask, SIG_SETMASK, &all, 0, sizeof(all));
    handle(SIGCHLD);
    handle(SIGUSR1);
    handle(SIGUSR2);
    handle(SIGTERM);
}

static void unblock_signals(void)
{
    u64 none = 0;

    SYS(rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none));
}

/* Makes descriptors 0 to 2 the console, whatever they were. */
static bool use_console(void)
{
    long fd = SYS(openat, AT_FDCWD, CONSOLE, O_RDWR, 0);

    if (fd < 0)
        return false;
    for (int i = 0; i < 3; i++) {
        if (fd != i)
            SYS(dup3, fd, i, 0);
    }
    if (fd > 2)
        SYS(close, fd);
    return true;
}

/* Quire mounts /proc itself, other kernels leave it to pid 1. */
static void mount_proc(void)
{
    if (SYS(faccessat, AT_FDCWD, "/proc/self", F_OK) == 0)
        return;
    SYS(mkdirat, AT_FDCWD, "/proc", 0555);
    SYS(mount, "proc", "/proc", "proc", 0, 0);
}

/* What /etc/motd says. */
static void greet(void)
{
    char text[512];
    long n = -1;
    long fd = SYS(openat, AT_FDCWD, "/etc/motd", O_RDONLY, 0);

    if (fd >= 0) {
        while ((n = SYS(read, fd, text, sizeof(text))) > 0)
            SYS(write, 1, text, n);
        SYS(close, fd);
    }
    if (n < 0)
        print("\nWelcome to Quire. `poweroff` ends the machine.\n");
}

/* The given environment, with what a shell needs where it lacks it. Kernels give HOME=/. */
static const char **shell_environment(char **given)
{
    static const char *const defaults[] = {
        "PATH=/bin:/sbin:/usr/bin:/usr/sbin",
        "HOME=/root",
        "TERM=vt102",
        "USER=root",
        "LOGNAME=root",
        "SHELL=/bin/sh",
        "PS1=quire:\\w\\$ ",
    };
    static const char *env[ENV_MAX + ARRAY_SIZE(defaults) + 1];
    size_t n = 0;

    for (char **g = given; *g && n < ENV_MAX; g++) {
        if (strcmp(*g, "HOME=/"))
            env[n++] = *g;
    }
    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
        char name[16] = {0};
        size_t len = (size_t)(strchr(defaults[i], '=') - defaults[i]);

        memcpy(name, defaults[i], len);
        if (!text_env(env, name))
            env[n++] = defaults[i];
    }
    return env;
}

/* In the child: a session of its own with the console as its terminal, then the shell. */
__noreturn static void become_shell(const char **env)
{
    static const char *const shell_argv[] = {"-sh", NULL};
    static const char *const own_argv[] = {"-qsh", NULL};
    int group = (int)SYS(getpid);
    long rc;

    SYS(setsid);
    use_console();
    SYS(ioctl, 0, TIOCSCTTY, 1);
    SYS(ioctl, 0, TIOCSPGRP, &group);
    unblock_signals();
    SYS(chdir, text_env(env, "HOME"));
    SYS(execve, SHELL, shell_argv, env);
    warn("init: no " SHELL " (busybox) in this image; here is a very small one of our own\n");
    rc = SYS(execve, OWN_SHELL, own_argv, env);
    warn("init: no shell: " OWN_SHELL " cannot be executed (error %ld)\n", -rc);
    sys_exit(127);
}

static long start_shell(const char **env)
{
    long pid = sys_fork();

    if (pid == 0)
        become_shell(env);
    if (pid < 0)
        warn("init: no process for a shell (error %ld)\n", -pid);
    return pid;
}

static void say_how_it_ended(int status)
{
    if ((status & 0x7f) == 0)
        print("init: the shell has ended (status %d); here is a new one\n", status >> 8);
    else
        print("init: the shell was ended by signal %d; here is a new one\n", status & 0x7f);
}

/* Takes in every child that has ended. True if `shell` was one of them. */
static bool reap(long shell, int *shell_status)
{
    bool ended = false;
    int status;
    long pid;

    while ((pid = SYS(wait4, -1, &status, WNOHANG, 0)) > 0) {
        if (pid == shell) {
            ended = true;
            *shell_status = status;
        }
    }
    return ended;
}

/* Sleeps until the shell has ended or somebody asks for the end. */
static int wait_for(long shell)
{
    u64 none = 0;
    int status = 0;

    while (!reap(shell, &status) && !end_signal)
        SYS(rt_sigsuspend, &none, sizeof(none));
    return status;
}

/* Takes children in until none is left, at most GRACE_MS. True if none is. */
static bool wait_for_all(void)
{
    for (int ms = 0; ms < GRACE_MS; ms += 10) {
        int status;
        long pid;

        while ((pid = SYS(wait4, -1, &status, WNOHANG, 0)) > 0)
            ;
        if (pid < 0)
            return true;
        sys_sleep_ms(10);
    }
    return false;
}

/* Interactive shells ignore SIGTERM and heed SIGHUP; the stopped hear nothing before SIGCONT. */
static void end_all_programs(void)
{
    SYS(kill, -1, SIGTERM);
    SYS(kill, -1, SIGHUP);
    SYS(kill, -1, SIGCONT);
    if (!wait_for_all()) {
        SYS(kill, -1, SIGKILL);
        wait_for_all();
    }
}

__noreturn static void end_machine(int sig)
{
    const char *what = sig == SIGUSR1 ? "halt" : sig == SIGUSR2 ? "power off" : "restart";
    u32 command = sig == SIGUSR1   ? LINUX_REBOOT_CMD_HALT
                  : sig == SIGUSR2 ? LINUX_REBOOT_CMD_POWER_OFF
                                   : LINUX_REBOOT_CMD_RESTART;

    use_console();
    print("init: ending all programs, then %s\n", what);
    end_all_programs();
    SYS(sync);
    SYS(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, 0);
    warn("init: the kernel could not %s\n", what);
    sys_exit(1);
}

static void give_shells(const char **env)
{
    for (int quick = 0; quick < QUICK_DEATHS;) {
        u64 start = sys_now();
        long shell = start_shell(env);
        int status = wait_for(shell);

        if (end_signal)
            return;
        use_console();
        quick = sys_now() - start < QUICK_MS * 1000000ul ? quick + 1 : 0;
        say_how_it_ended(status);
    }
    warn("init: the shell does not live; powering off\n");
    end_signal = SIGUSR2;
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    if (SYS(getpid) != 1) {
        warn("init: only the kernel starts me, as pid 1\n");
        return 1;
    }
    block_signals();
    use_console();
    mount_proc();
    greet();
    give_shells(shell_environment(envp));
    end_machine(end_signal);
}
