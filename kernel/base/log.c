/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel log: a ring of the newest lines, and the console that shows them.
 *
 * One lock keeps lines whole, in the ring and on the console; it comes last in the lock order, so
 * anything may log. Panic breaks it (log_break_lock) and is alone then.
 */
#include <base/atomic.h>
#include <base/log.h>
#include <base/spinlock.h>
#include <lib/string.h>

#define RING_SIZE (16 * KiB)

static struct spinlock log_lock = SPINLOCK_INIT("log");
static char ring[RING_SIZE];
static u64 written; /* bytes ever put into the ring */
static struct console *console;
static enum log_level shown = LOG_INFO;
static bool broken;

void log_set_level(enum log_level level)
{
    WRITE_ONCE(shown, level);
}

bool log_enabled(enum log_level level)
{
    return level <= READ_ONCE(shown) || READ_ONCE(broken);
}

static irqflags_t lock(void)
{
    return READ_ONCE(broken) ? arch_irq_save() : spin_lock(&log_lock);
}

static void unlock(irqflags_t flags)
{
    if (READ_ONCE(broken))
        arch_irq_restore(flags);
    else
        spin_unlock(&log_lock, flags);
}

static void keep(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ring[written++ % RING_SIZE] = text[i];
}

static void show(const char *text, size_t len)
{
    if (console)
        console->write(console, text, len);
}

void console_write(const char *text, size_t len)
{
    irqflags_t flags = lock();
    show(text, len);
    unlock(flags);
}

void log_line(enum log_level level, const char *format, ...)
{
    if (level == LOG_DEBUG && !log_enabled(level))
        return;
    char line[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    size_t len = fmt_vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    len = MIN(len, sizeof(line) - 1);
    line[len++] = '\n';
    irqflags_t flags = lock();
    keep(line, len);
    if (log_enabled(level))
        show(line, len);
    unlock(flags);
}

void console_register(struct console *con)
{
    irqflags_t flags = lock();
    console = con;
    unlock(flags);
}

void log_break_lock(void)
{
    WRITE_ONCE(broken, true);
}

bool log_broken(void)
{
    return READ_ONCE(broken);
}

size_t log_read(char *buf, size_t len)
{
    irqflags_t flags = lock();
    size_t kept = written < RING_SIZE ? (size_t)written : RING_SIZE;
    size_t n = MIN(len, kept);
    u64 from = written - n;
    for (size_t i = 0; i < n; i++)
        buf[i] = ring[(from + i) % RING_SIZE];
    unlock(flags);
    return n;
}

static void raw_put(struct fmt_sink *sink, const char *text, size_t n)
{
    (void)sink;
    console_write(text, n);
}

struct fmt_sink *log_raw_sink(void)
{
    static struct fmt_sink sink = {.put = raw_put};
    return &sink;
}
