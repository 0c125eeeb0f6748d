/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal line discipline (see include/fs/ldisc.h).
 *
 * The buffer is a ring: [head, commit) may be read, [commit, tail) is the line being typed, which
 * erase and kill can still change. A mark on a byte says that a line ends with it; a marked NUL
 * is an end-of-file typed there, which readers do not see as a byte.
 */
#include <fs/ldisc.h>

#include <lib/string.h>

#define TAB_STOP 8u
#define TABDLY   0014000u /* oflag: XTABS, expand tabs to spaces */
#define DEL      0x7f
#define BELL     7

static bool has(const struct ldisc *ld, u32 lflag)
{
    return ld->termios.c_lflag & lflag;
}

/* Whether `byte` is the special character `which`; NUL there means that it is disabled. */
static bool is_char(const struct ldisc *ld, unsigned which, u8 byte)
{
    return byte && ld->termios.c_cc[which] == byte;
}

void ldisc_init(struct ldisc *ld)
{
    static const u8 cc[TERMIOS_CCS] = {
        [VINTR] = 3,     [VQUIT] = 28,   [VERASE] = DEL, [VKILL] = 21, [VEOF] = 4,
        [VMIN] = 1,      [VSTART] = 17,  [VSTOP] = 19,   [VSUSP] = 26, [VREPRINT] = 18,
        [VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,
    };

    memset(ld, 0, sizeof(*ld));
    ld->termios.c_iflag = ICRNL | IXON;
    ld->termios.c_oflag = OPOST | ONLCR;
    ld->termios.c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL;
    ld->termios.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    memcpy(ld->termios.c_cc, cc, sizeof(cc));
}

/* --- the ring -------------------------------------------------------------------------------- */

static u8 byte_at(const struct ldisc *ld, u32 at)
{
    return ld->buffer[at % LDISC_BUFFER];
}

static bool marked(const struct ldisc *ld, u32 at)
{
    at %= LDISC_BUFFER;
    return ld->marks[at / 8] >> at % 8 & 1;
}

static void set_mark(struct ldisc *ld, u32 at, bool on)
{
    u8 bit = (u8)(1u << at % 8);

    at %= LDISC_BUFFER;
    ld->marks[at / 8] = (u8)(on ? ld->marks[at / 8] | bit : ld->marks[at / 8] & ~bit);
}

/* Whether another byte fits; `spare` bytes are kept for line ends. */
static bool fits(const struct ldisc *ld, u32 spare)
{
    return ld->tail - ld->head + spare < LDISC_BUFFER;
}

static void store(struct ldisc *ld, u8 byte, bool ends_line)
{
    ld->buffer[ld->tail % LDISC_BUFFER] = byte;
    set_mark(ld, ld->tail, ends_line);
    ld->tail++;
}

/* --- output ---------------------------------------------------------------------------------- */

static u32 column_after(u32 column, u8 byte)
{
    switch (byte) {
    case '\n': /* with the carriage return that goes with it */
    case '\r':
        return 0;
    case '\b':
        return column ? column - 1 : 0;
    case '\t':
        return (column / TAB_STOP + 1) * TAB_STOP;
    default:
        /* The later bytes of a UTF-8 character move nothing. */
        return byte < ' ' || byte == DEL || (byte & 0xc0) == 0x80 ? column : column + 1;
    }
}

static void emit(struct ldisc *ld, u8 byte, struct ldisc_out *out)
{
    ld->column = column_after(ld->column, byte);
    out->put(out, byte);
}

static void emit_newline(struct ldisc *ld, struct ldisc_out *out)
{
    if (ld->termios.c_oflag & ONLCR)
        out->put(out, '\r');
    ld->column = 0;
    out->put(out, '\n');
}

static void emit_tab(struct ldisc *ld, struct ldisc_out *out)
{
    if ((ld->termios.c_oflag & TABDLY) != TABDLY) {
        emit(ld, '\t', out);
        return;
    }
    do
        emit(ld, ' ', out);
    while (ld->column % TAB_STOP);
}

void ldisc_output(struct ldisc *ld, u8 byte, struct ldisc_out *out)
{
    u32 oflag = ld->termios.c_oflag;

    if (!(oflag & OPOST)) {
        emit(ld, byte, out);
        return;
    }
    if (byte == '\r' && oflag & ONOCR && !ld->column)
        return;
    if (byte == '\r' && oflag & OCRNL)
        byte = '\n';
    if (byte == '\n')
        emit_newline(ld, out);
    else if (byte == '\t')
        emit_tab(ld, out);
    else
        emit(ld, byte, out);
}

/* --- echo ------------------------------------------------------------------------------------ */

static bool shown_as_caret(const struct ldisc *ld, u8 byte)
{
    return has(ld, ECHOCTL) && (byte < ' ' || byte == DEL) && byte != '\t' && byte != '\n';
}

static void echo_always(struct ldisc *ld, u8 byte, struct ldisc_out *out)
{
    if (shown_as_caret(ld, byte)) {
        emit(ld, '^', out);
        emit(ld, byte ^ 0x40, out);
    } else {
        ldisc_output(ld, byte, out);
    }
}

static void echo(struct ldisc *ld, u8 byte, struct ldisc_out *out)
{
    if (has(ld, ECHO))
        echo_always(ld, byte, out);
}

/* The column in which the cursor stands after the echo of the typed line up to `end`. */
static u32 column_at(const struct ldisc *ld, u32 end)
{
    u32 column = ld->start;

    for (u32 at = ld->commit; at != end; at++) {
        u8 byte = byte_at(ld, at);
        column = shown_as_caret(ld, byte) ? column + 2 : column_after(column, byte);
    }
    return column;
}

/* --- editing --------------------------------------------------------------------------------- */

/* The start of the character that ends before `end`. */
static u32 char_before(const struct ldisc *ld, u32 end)
{
    u32 at = end - 1;

    while (ld->termios.c_iflag & IUTF8 && at != ld->commit && (byte_at(ld, at) & 0xc0) == 0x80)
        at--;
    return at;
}

/* Shortens the typed line to `end`, also on the screen. */
static void erase_to(struct ldisc *ld, u32 end, struct ldisc_out *out)
{
    u32 before = column_at(ld, ld->tail);
    u32 after = column_at(ld, end);

    ld->tail = end;
    for (; has(ld, ECHO) && before > after; before--) {
        emit(ld, '\b', out);
        emit(ld, ' ', out);
        emit(ld, '\b', out);
    }
}

static void erase_char(struct ldisc *ld, u8 byte, struct ldisc_out *out)
{
    if (ld->tail == ld->commit)
        return;
    u32 end = char_before(ld, ld->tail);
    if (has(ld, ECHOE)) {
        erase_to(ld, end, out);
    } else {
        ld->tail = end;
        echo(ld, byte, out);
    }
}

static bool is_blank(const struct ldisc *ld, u32 at)
{
    return byte_at(ld, at) == ' ' || byte_at(ld, at) == '\t';
}

static void erase_word(struct ldisc *ld, struct ldisc_out *out)
{
    u32 end = ld->tail;

    while (end != ld->commit && is_blank(ld, end - 1))
        end--;
    while (end != ld->commit && !is_blank(ld, end - 1))
        end--;
    erase_to(ld, end, out);
}

static void erase_line(struct ldisc *ld, u8 byte, struct ldisc_out *out)
{
    if (has(ld, ECHOKE) && has(ld, ECHOE)) {
        erase_to(ld, ld->commit, out);
        return;
    }
    ld->tail = ld->commit;
    echo(ld, byte, out);
    if (has(ld, ECHOK))
        echo(ld, '\n', out);
}

static void reprint(struct ldisc *ld, u8 byte, struct ldisc_out *out)
{
    echo(ld, byte, out);
    echo(ld, '\n', out);
    ld->start = ld->column;
    for (u32 at = ld->commit; at != ld->tail; at++)
        echo(ld, byte_at(ld, at), out);
}

/* --- input ----------------------------------------------------------------------------------- */

/* Output control. True: the byte was one of ^S and ^Q and is gone. */
static bool flow_control(struct ldisc *ld, u8 byte, unsigned *events)
{
    if (!(ld->termios.c_iflag & IXON))
        return false;
    bool stop = is_char(ld, VSTOP, byte), start = is_char(ld, VSTART, byte);

    if (stop && !(start && ld->stopped)) {
        ld->stopped = true;
    } else if (ld->stopped && (start || ld->termios.c_iflag & IXANY)) {
        ld->stopped = false;
        *events |= LDISC_START;
    }
    return stop || start;
}

static unsigned signal_of(const struct ldisc *ld, u8 byte)
{
    if (!has(ld, ISIG))
        return 0;
    if (is_char(ld, VINTR, byte))
        return LDISC_SIGINT;
    if (is_char(ld, VQUIT, byte))
        return LDISC_SIGQUIT;
    return is_char(ld, VSUSP, byte) ? LDISC_SIGTSTP : 0;
}

static unsigned take_signal(struct ldisc *ld, u8 byte, unsigned signal, struct ldisc_out *out)
{
    if (!has(ld, NOFLSH))
        ldisc_flush(ld);
    if (ld->stopped) {
        ld->stopped = false;
        signal |= LDISC_START;
    }
    echo(ld, byte, out);
    return signal;
}

/* Appends to the typed line (canonical) or to what can be read (raw). */
static unsigned take_byte(struct ldisc *ld, u8 byte, struct ldisc_out *out)
{
    if (!fits(ld, 1)) { /* the last place is for the end of the line */
        if (ld->termios.c_iflag & IMAXBEL)
            out->put(out, BELL);
        return 0;
    }
    if (ld->tail == ld->commit)
        ld->start = ld->column;
    store(ld, byte, false);
    echo(ld, byte, out);
    if (has(ld, ICANON))
        return 0;
    ld->commit = ld->tail;
    return LDISC_WAKE;
}

/* `byte` (0: an end of file) ends the line. */
static unsigned end_line(struct ldisc *ld, u8 byte)
{
    if (!fits(ld, 0))
        return 0;
    store(ld, byte, true);
    ld->commit = ld->tail;
    return LDISC_WAKE;
}

/* Editing characters of canonical mode. True: the byte was one and is done with. */
static bool edit(struct ldisc *ld, u8 byte, struct ldisc_out *out)
{
    if (is_char(ld, VERASE, byte))
        erase_char(ld, byte, out);
    else if (is_char(ld, VKILL, byte))
        erase_line(ld, byte, out);
    else if (has(ld, IEXTEN) && is_char(ld, VWERASE, byte))
        erase_word(ld, out);
    else if (has(ld, IEXTEN) && has(ld, ECHO) && is_char(ld, VREPRINT, byte))
        reprint(ld, byte, out);
    else
        return false;
    return true;
}

static unsigned take_canonical(struct ldisc *ld, u8 byte, struct ldisc_out *out)
{
    if (edit(ld, byte, out))
        return 0;
    if (byte == '\n') {
        if (has(ld, ECHO | ECHONL))
            echo_always(ld, byte, out);
        return end_line(ld, byte);
    }
    if (is_char(ld, VEOF, byte))
        return end_line(ld, 0);
    if (is_char(ld, VEOL, byte) || (has(ld, IEXTEN) && is_char(ld, VEOL2, byte))) {
        echo(ld, byte, out);
        return end_line(ld, byte);
    }
    return take_byte(ld, byte, out);
}

/* ^V: the next byte has no special meaning. Shown as a caret until it comes. */
static unsigned begin_literal(struct ldisc *ld, struct ldisc_out *out)
{
    ld->literal = true;
    if (has(ld, ECHO) && has(ld, ECHOCTL)) {
        out->put(out, '^');
        out->put(out, '\b');
    }
    return 0;
}

/* Translation of line ends on input. False: the byte is dropped. */
static bool map_newline(const struct ldisc *ld, u8 *byte)
{
    u32 iflag = ld->termios.c_iflag;

    if (*byte == '\r' && iflag & IGNCR)
        return false;
    if (*byte == '\r' && iflag & ICRNL)
        *byte = '\n';
    else if (*byte == '\n' && iflag & INLCR)
        *byte = '\r';
    return true;
}

unsigned ldisc_input(struct ldisc *ld, u8 byte, struct ldisc_out *out)
{
    unsigned events = 0;

    if (ld->termios.c_iflag & ISTRIP)
        byte &= 0x7f;
    if (ld->literal) {
        ld->literal = false;
        return take_byte(ld, byte, out);
    }
    if (flow_control(ld, byte, &events))
        return events;
    unsigned signal = signal_of(ld, byte);
    if (signal)
        return events | take_signal(ld, byte, signal, out);
    if (!map_newline(ld, &byte))
        return events;
    if (has(ld, IEXTEN) && has(ld, ICANON) && is_char(ld, VLNEXT, byte))
        return events | begin_literal(ld, out);
    return events | (has(ld, ICANON) ? take_canonical(ld, byte, out) : take_byte(ld, byte, out));
}

/* --- reading --------------------------------------------------------------------------------- */

size_t ldisc_available(const struct ldisc *ld)
{
    return ld->commit - ld->head;
}

bool ldisc_accepts(const struct ldisc *ld, size_t n)
{
    return ld->head == ld->commit || ld->tail - ld->head + n < LDISC_BUFFER;
}

bool ldisc_readable(const struct ldisc *ld)
{
    const u8 *cc = ld->termios.c_cc;
    size_t want = has(ld, ICANON) || cc[VTIME] || !cc[VMIN] ? 1 : cc[VMIN];

    return ldisc_available(ld) >= want;
}

static bool at_eof_mark(const struct ldisc *ld)
{
    return ld->head != ld->commit && marked(ld, ld->head) && !byte_at(ld, ld->head);
}

static size_t take_line(struct ldisc *ld, u8 *dst, size_t n, bool *eof)
{
    size_t taken = 0;
    bool end = false;

    while (!end && taken < n && ld->head != ld->commit && !at_eof_mark(ld)) {
        end = marked(ld, ld->head);
        dst[taken++] = byte_at(ld, ld->head++);
    }
    /* A mark behind the bytes only pushes them; alone it is the end of the file. */
    if (!end && at_eof_mark(ld)) {
        *eof = true;
        ld->head++;
    }
    return taken;
}

size_t ldisc_take(struct ldisc *ld, u8 *dst, size_t n, bool *eof)
{
    size_t taken = 0;

    *eof = false;
    if (has(ld, ICANON))
        return take_line(ld, dst, n, eof);
    while (taken < n && ld->head != ld->commit)
        dst[taken++] = byte_at(ld, ld->head++);
    return taken;
}

void ldisc_set_termios(struct ldisc *ld, const struct linux_termios *termios)
{
    ld->termios = *termios;
    if (!has(ld, ICANON))
        ld->commit = ld->tail;
    if (!(termios->c_iflag & IXON))
        ld->stopped = false;
    ld->literal = false;
}

void ldisc_flush(struct ldisc *ld)
{
    ld->head = ld->commit = ld->tail;
    ld->literal = false;
}
