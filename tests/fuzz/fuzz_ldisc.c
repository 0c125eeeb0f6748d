/* SPDX-License-Identifier: BSD-2-Clause */
// sources: fs/ldisc.c lib/string_extra.c
/*
 * The line discipline under any settings, typing and reading. Held: what can be read is bounded by the
 * buffer, a read gives no more than was asked for and no more than was there, a line that is readable
 * ends, and output comes in bounded amounts.
 */
#include <fs/ldisc.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static size_t put_bytes;

static void count_put(struct ldisc_out *out, u8 byte)
{
    (void)out;
    (void)byte;
    put_bytes++;
}

static void must(bool good)
{
    if (!good)
        abort();
}

static void set(struct ldisc *ld, const u8 *data)
{
    struct linux_termios t;

    memcpy(&t, data, sizeof(t));
    ldisc_set_termios(ld, &t);
}

static void take(struct ldisc *ld, size_t want)
{
    u8 buf[LDISC_BUFFER];
    bool eof;
    size_t before = ldisc_available(ld);
    size_t got = ldisc_take(ld, buf, want, &eof);

    must(got <= want && got <= before);
    must(ldisc_available(ld) < before || before == 0 || want == 0);
    must(ldisc_available(ld) == before - got - (eof ? 1 : 0));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static struct ldisc ld;
    struct ldisc_out out = {count_put};

    ldisc_init(&ld);
    while (size) {
        u8 op = *data++;
        size--;
        put_bytes = 0;
        if (op == 0xf0 && size >= sizeof(struct linux_termios)) {
            set(&ld, data);
            data += sizeof(struct linux_termios);
            size -= sizeof(struct linux_termios);
        } else if (op == 0xf1 && size) {
            take(&ld, (size_t)*data++ * 17);
            size--;
        } else if (op == 0xf2 && size) {
            ldisc_output(&ld, *data++, &out);
            size--;
            must(put_bytes <= 8);
        } else {
            ldisc_input(&ld, op, &out);
            /* Erasing or reprinting a whole line: each byte of it is at most a tab. */
            must(put_bytes <= LDISC_BUFFER * 8 * 3 + 16);
        }
        must(ldisc_available(&ld) <= LDISC_BUFFER);
        must(ld.tail - ld.head <= LDISC_BUFFER);
        must(ld.commit - ld.head <= ld.tail - ld.head);
    }
    return 0;
}
