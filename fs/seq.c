/* SPDX-License-Identifier: BSD-2-Clause */
/* Text made on demand (see include/fs/seq.h). */
#include <fs/seq.h>

#include <lib/errno.h>
#include <lib/string.h>
#include <mm/slab.h>

#define SEQ_FIRST 1024u

/* Room for `len` more bytes. */
static bool make_room(struct seq *seq, size_t len)
{
    size_t size = seq->size ? seq->size : SEQ_FIRST;

    if (seq->size - seq->len >= len)
        return true;
    while (size - seq->len < len)
        size *= 2;
    char *text = kmalloc(size);
    if (!text)
        return false;
    memcpy(text, seq->text, seq->len);
    kfree(seq->text);
    seq->text = text;
    seq->size = size;
    return true;
}

void seq_put(struct seq *seq, const char *bytes, size_t len)
{
    if (seq->no_memory || !make_room(seq, len)) {
        seq->no_memory = true;
        return;
    }
    memcpy(seq->text + seq->len, bytes, len);
    seq->len += len;
}

static void sink_put(struct fmt_sink *sink, const char *text, size_t n)
{
    seq_put(container_of(sink, struct seq, sink), text, n);
}

void seq_print_set(struct seq *seq, u64 set)
{
    const char *comma = "";

    for (unsigned i = 0, end; i < 64; i = end + 1) {
        for (end = i; end < 64 && set >> end & 1; end++)
            continue;
        if (end == i)
            continue;
        seq_print(seq, end - i > 1 ? "%s%u-%u" : "%s%u", comma, i, end - 1);
        comma = ",";
    }
    seq_print(seq, "\n");
}

int seq_open(struct file *file, int (*show)(struct seq *seq))
{
    struct seq *seq = kzalloc(sizeof(*seq));

    if (!seq)
        return -ENOMEM;
    seq->sink.put = sink_put;
    seq->show = show;
    mutex_init(&seq->lock, "seq");
    file->private = seq;
    return 0;
}

void seq_release(struct file *file)
{
    struct seq *seq = file->private;

    kfree(seq->text);
    kfree(seq);
}

/* Prints the text anew. */
static int refresh(struct seq *seq)
{
    seq->len = 0;
    seq->no_memory = false;
    int err = seq->show(seq);
    return seq->no_memory ? -ENOMEM : err;
}

static ssize_t read_locked(struct seq *seq, struct iobuf *to, u64 *pos)
{
    int err = *pos == 0 ? refresh(seq) : 0;

    if (err)
        return err;
    if (*pos >= seq->len)
        return 0;
    size_t n = MIN(to->left, seq->len - (size_t)*pos);
    err = iobuf_write(to, seq->text + *pos, n);
    if (err)
        return err;
    *pos += n;
    return (ssize_t)n;
}

ssize_t seq_read(struct file *file, struct iobuf *to, u64 *pos)
{
    struct seq *seq = file->private;

    mutex_lock(&seq->lock);
    ssize_t n = read_locked(seq, to, pos);
    mutex_unlock(&seq->lock);
    return n;
}
