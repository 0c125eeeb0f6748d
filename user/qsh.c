/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A very small shell for images without busybox: runs programs and offers, built in, what is needed
 * to look around: help, ls, cat, ps, cd, free, poweroff, reboot. No pipes, no quotes, no jobs.
 */
#include <abi/linux/dirent.h>
#include <abi/linux/fcntl.h>
#include <abi/linux/limits.h>
#include <abi/linux/reboot.h>
#include <abi/linux/signal.h>
#include <abi/linux/sysinfo.h>

#include "lib/sys.h"
#include "lib/text.h"

#define WORDS_MAX 32
#define LINE_MAX  512

int main(int argc, char **argv, char **envp);

struct command {
    const char *name;
    const char *help;
    void (*run)(int argc, char **argv);
};

static void complain(const char *what, long error)
{
    warn("qsh: %s: error %ld\n", what, -error);
}

/* Copies a file to standard output. */
static long cat_file(const char *path)
{
    char buf[1024];
    long n;
    long fd = SYS(openat, AT_FDCWD, path, O_RDONLY, 0);

    if (fd < 0)
        return fd;
    while ((n = SYS(read, fd, buf, sizeof(buf))) > 0)
        SYS(write, 1, buf, n);
    SYS(close, fd);
    return n;
}

static void run_cat(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        long error = cat_file(argv[i]);

        if (error < 0)
            complain(argv[i], error);
    }
}

/* Calls fn for each name in a directory, "." and ".." left out. */
static long each_entry(const char *path, void (*fn)(const char *name, u8 type))
{
    char buf[2048] __aligned(8);
    long n;
    long fd = SYS(openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

    if (fd < 0)
        return fd;
    while ((n = SYS(getdents64, fd, buf, sizeof(buf))) > 0) {
        for (long at = 0; at < n;) {
            struct linux_dirent64 *entry = (void *)(buf + at);

            if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
                fn(entry->d_name, entry->d_type);
            at += entry->d_reclen;
        }
    }
    SYS(close, fd);
    return n;
}

static void print_entry(const char *name, u8 type)
{
    print("%s%s\n", name, type == DT_DIR ? "/" : type == DT_LNK ? "@" : "");
}

static void run_ls(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : ".";
    long error = each_entry(path, print_entry);

    if (error < 0)
        complain(path, error);
}

/* One line per process: the beginning of /proc/PID/stat is "pid (name) state ppid". */
static void print_process(const char *name, u8 type)
{
    char path[64];
    char stat[256];

    (void)type;
    if (name[0] < '0' || name[0] > '9')
        return;
    text_format(path, sizeof(path), "/proc/%s/stat", name);
    long fd = SYS(openat, AT_FDCWD, path, O_RDONLY, 0);
    if (fd < 0)
        return;
    long n = SYS(read, fd, stat, sizeof(stat) - 1);
    SYS(close, fd);
    if (n <= 0)
        return;
    stat[n] = 0;
    char *close = strchr(stat, ')');
    if (close)
        close[MIN(strlen(close), 3u)] = 0;
    print("%s\n", stat);
}

static void run_ps(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    long error = each_entry("/proc", print_process);

    if (error < 0)
        complain("/proc", error);
}

static void run_cd(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "/";
    long error = SYS(chdir, path);

    if (error < 0)
        complain(path, error);
}

static void run_free(int argc, char **argv)
{
    struct linux_sysinfo info;

    (void)argc;
    (void)argv;
    if (SYS(sysinfo, &info) == 0)
        print("memory: %lu KiB, free: %lu KiB\n", info.totalram * info.mem_unit / 1024,
              info.freeram * info.mem_unit / 1024);
}

static void run_poweroff(int argc, char **argv)
{
    (void)argc;
    SYS(kill, 1, strcmp(argv[0], "reboot") ? SIGUSR2 : SIGTERM);
    sys_sleep_ms(5000);
}

static void run_help(int argc, char **argv);

static const struct command commands[] = {
    {"help", "this list", run_help},
    {"ls", "[DIRECTORY]", run_ls},
    {"cat", "FILE...", run_cat},
    {"ps", "processes", run_ps},
    {"cd", "[DIRECTORY]", run_cd},
    {"free", "memory", run_free},
    {"poweroff", "end the machine", run_poweroff},
    {"reboot", "start it again", run_poweroff},
};

static void run_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        print("  %-10s %s\n", commands[i].name, commands[i].help);
    print("  PROGRAM    [ARGUMENTS] runs /bin/PROGRAM or a path\n");
}

static void run_program(char **argv, char **envp)
{
    char path[PATH_MAX];

    text_format(path, sizeof(path), "%s%s", strchr(argv[0], '/') ? "" : "/bin/", argv[0]);
    long pid = sys_fork();
    if (pid == 0) {
        long error = SYS(execve, path, argv, envp);
        complain(path, error);
        sys_exit(127);
    }
    long status = sys_wait(pid);
    if (status > 0)
        print("qsh: %s ended with %s %ld\n", argv[0], status & 0x7f ? "signal" : "status",
              status & 0x7f ? status & 0x7f : status >> 8);
}

static void run_line(int argc, char **argv, char **envp)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (!strcmp(argv[0], commands[i].name)) {
            commands[i].run(argc, argv);
            return;
        }
    }
    run_program(argv, envp);
}

/* Splits a line at blanks, in place. */
static int split(char *line, char **words)
{
    int n = 0;

    while (n < WORDS_MAX - 1) {
        while (*line == ' ' || *line == '\t')
            line++;
        if (!*line)
            break;
        words[n++] = line;
        while (*line && *line != ' ' && *line != '\t')
            line++;
        if (*line)
            *line++ = 0;
    }
    words[n] = NULL;
    return n;
}

/* One line without its newline; false at the end of input. */
static bool read_line(char *line)
{
    long n = SYS(read, 0, line, LINE_MAX - 1);

    if (n <= 0)
        return false;
    line[n] = 0;
    char *end = strchr(line, '\n');
    if (end)
        *end = 0;
    return true;
}

int main(int argc, char **argv, char **envp)
{
    static char line[LINE_MAX];
    char *words[WORDS_MAX];

    (void)argc;
    (void)argv;
    print("qsh, a very small shell; `help` lists what it knows\n");
    for (;;) {
        print("qsh# ");
        if (!read_line(line))
            return 0;
        int n = split(line, words);
        if (n == 0)
            continue;
        if (!strcmp(words[0], "exit"))
            return 0;
        run_line(n, words, envp);
    }
}
