/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel log: one line per fact, kept in a ring (dmesg) and printed on the consoles.
 *
 * Callable from any context, interrupts off or on, with any lock held but the console's own.
 * Lines longer than LOG_LINE_MAX are cut.
 */
#pragma once

#include <lib/fmt.h>
#include <lib/list.h>
#include <lib/types.h>

#define LOG_LINE_MAX 256

enum log_level { LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_line(enum log_level level, const char *format, ...) __printf_like(2, 3);

#define log_err(...)   log_line(LOG_ERR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* Sets the most talkative level that reaches the consoles: quiet is LOG_WARN, debug is LOG_DEBUG. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/*
 * A place where log lines appear. write() prints at once by polling, bounds every wait, takes no
 * lock that is held while logging, and may be called with interrupts off.
 */
struct console {
    struct list link;
    const char *name;
    void (*write)(struct console *con, const char *text, size_t len);
};

/*
 * Makes a console the console: the log so far is NOT printed again if another one has shown it.
 * A later registration replaces an earlier one (the ladder: firmware first, then the UART).
 */
void console_register(struct console *con);

/* Writes raw text to the current console, under the console lock. */
void console_write(const char *text, size_t len);

/* Panic: from now on the console lock is ignored and every line is printed. */
void log_break_lock(void);

/* True from then on: consoles take no lock, its holder may have stopped for good. */
bool log_broken(void);

/*
 * Copies the newest lines that fit into buf (oldest first). Returns the number of bytes.
 * For syslog(2) and /dev/kmsg.
 */
size_t log_read(char *buf, size_t len);

/* A sink that prints to the consoles without prefix or line logic (panic dumps, pt dumps). */
struct fmt_sink *log_raw_sink(void);
