/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal line discipline as a pure state machine: bytes from the keyboard go in, a line
 * buffer, an echo and perhaps a signal come out. It knows no locks, no processes and no device;
 * fs/tty.c gives it those, and the host tests give it others.
 */
#pragma once

#include <abi/linux/ioctl.h>
#include <lib/types.h>

#define LDISC_BUFFER 4096u /* a power of two */

/* Where echo and processed output go. */
struct ldisc_out {
    void (*put)(struct ldisc_out *out, u8 byte);
};

struct ldisc {
    struct linux_termios termios;
    u32 head;     /* bytes the reader has taken (counts for ever, wraps with the type) */
    u32 commit;   /* bytes the reader may take: up to the last line end in canonical mode */
    u32 tail;     /* bytes typed */
    u32 column;   /* of the cursor, for tabs and erasing */
    u32 start;    /* column where the line being typed began */
    bool literal; /* the next byte is taken as it is (^V) */
    bool stopped; /* output is stopped (^S) */
    u8 buffer[LDISC_BUFFER];
    u8 marks[LDISC_BUFFER / 8]; /* bit set: this byte ends a line (also an end-of-file mark) */
};

/* What a byte asks the terminal to do besides what the state machine did itself. */
#define LDISC_SIGINT  1u
#define LDISC_SIGQUIT 2u
#define LDISC_SIGTSTP 4u
#define LDISC_WAKE    8u  /* the reader may have something to take now */
#define LDISC_START   16u /* output was stopped and goes on */

/* Sane settings: what a login expects at 115200 8N1. Buffer empty. */
void ldisc_init(struct ldisc *ld);

/* One byte from the line. Echo goes to out. Returns LDISC_*. */
unsigned ldisc_input(struct ldisc *ld, u8 byte, struct ldisc_out *out);

/* A program writes a byte: output processing (ONLCR and the like). */
void ldisc_output(struct ldisc *ld, u8 byte, struct ldisc_out *out);

/* Whether a read would return at once: a line, or enough bytes (VMIN, at least 1) in raw mode. */
bool ldisc_readable(const struct ldisc *ld);

/*
 * Whether n more bytes can be kept; or else, whether no reader could make room for them: a line longer
 * than the buffer has to lose its end, for its beginning cannot be read before it has one.
 */
bool ldisc_accepts(const struct ldisc *ld, size_t n);

/* Bytes that FIONREAD reports. */
size_t ldisc_available(const struct ldisc *ld);

/*
 * Takes up to n bytes for a reader: in canonical mode at most to the end of one line, and *eof says
 * that an end-of-file mark was met (and taken). Returns the bytes taken.
 */
size_t ldisc_take(struct ldisc *ld, u8 *dst, size_t n, bool *eof);

/* New settings. A change of ICANON makes pending bytes readable. */
void ldisc_set_termios(struct ldisc *ld, const struct linux_termios *termios);

/* Forgets pending input. */
void ldisc_flush(struct ldisc *ld);
