/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pages lazy|cow|shared|large: shows how a page table changes. Does one thing after the other to a few pages and prints
 * what /proc/self/pagetable says of them before and after each. docs/page-tables.md is read with it.
 */
#include <abi/linux/fcntl.h>
#include <abi/linux/mman.h>

#include "lib/sys.h"
#include "lib/text.h"

#define PAGE  4096ul
#define AT    (3ul << 30) /* a GiB of its own, so that nothing else is in its tables */
#define COUNT 16ul

int main(int argc, char **argv);

static char text[64 * KiB];

/* The whole file into `text`, terminated. */
static void read_table(void)
{
    long fd = SYS(openat, AT_FDCWD, "/proc/self/pagetable", O_RDONLY, 0);
    size_t len = 0;
    long n;

    while ((n = SYS(read, fd, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    SYS(close, fd);
}

/* Whether a line tells of the demonstration's pages: the first sixteen digits are an address. */
static bool is_ours(const char *line)
{
    char digits[19] = "0x";

    while (*line == ' ')
        line++;
    memcpy(digits + 2, line, 16);
    u64 va = text_number(digits);
    return va >= AT && va < AT + GiB;
}

/* What stands in the table, line by line; the words "nothing is mapped" when no line does. */
static void show(const char *headline)
{
    bool any = false;

    read_table();
    print("%s:\n", headline);
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        if (!is_ours(line))
            continue;
        print("%s\n", line);
        any = true;
    }
    if (!any)
        print("  nothing is mapped\n");
}

static volatile u64 *page(u64 n)
{
    return (volatile u64 *)(AT + n * PAGE);
}

static int book(u64 size, int sharing)
{
    long addr = SYS(mmap, AT, size, PROT_READ | PROT_WRITE,
                    sharing | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (addr == (long)AT)
        return 0;
    warn("pages: mmap: %ld\n", addr);
    return 1;
}

static int lazy(void)
{
    if (book(COUNT * PAGE, MAP_PRIVATE))
        return 1;
    show("16 pages are promised");
    *page(3) = 1;
    show("page 3 has been written");
    (void)*page(8);
    show("page 8 has been read");
    SYS(mprotect, AT, COUNT * PAGE, PROT_READ);
    show("writing is forbidden");
    SYS(madvise, AT, COUNT * PAGE, MADV_DONTNEED);
    show("the contents are not needed any more");
    return 0;
}

/* A child that runs fn and has ended when this returns. */
static int in_child(void (*fn)(void))
{
    long pid = sys_fork();

    if (pid == 0) {
        fn();
        sys_exit(0);
    }
    return pid > 0 && sys_wait(pid) == 0 ? 0 : 1;
}

static void write_in_child(void)
{
    show("child, after fork");
    *page(2) = 3;
    show("child, after writing page 2");
}

static int cow(void)
{
    if (book(COUNT * PAGE, MAP_PRIVATE))
        return 1;
    *page(0) = 1;
    *page(2) = 1;
    show("parent, before fork");
    if (in_child(write_in_child))
        return 1;
    show("parent, after the child has ended");
    *page(2) = 2;
    show("parent, after writing page 2");
    return 0;
}

static void look_in_child(void)
{
    show("child, before it has touched the page");
    (void)*page(0);
    show("child, after reading it");
}

static int shared(void)
{
    if (book(COUNT * PAGE, MAP_SHARED))
        return 1;
    *page(0) = 1;
    show("parent");
    return in_child(look_in_child);
}

static int large(void)
{
    if (book(4 * MiB, MAP_PRIVATE))
        return 1;
    *page(3) = 1;
    show("4 MiB are promised, page 3 has been written");
    SYS(mprotect, page(8), PAGE, PROT_READ);
    show("writing to page 8 is forbidden");
    SYS(munmap, AT, 2 * MiB);
    show("2 MiB are unmapped");
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(void);
    } cases[] = {{"lazy", lazy}, {"cow", cow}, {"shared", shared}, {"large", large}};

    for (unsigned i = 0; argc == 2 && i < ARRAY_SIZE(cases); i++)
        if (strcmp(argv[1], cases[i].name) == 0)
            return cases[i].run();
    warn("usage: pages lazy|cow|shared|large\n");
    return 2;
}
