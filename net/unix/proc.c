/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/net/unix: the sockets of the reader's network namespace, in Linux's columns. Each is looked at by itself, with a reference. */
#include "unix.h"

#include <fs/procfs.h>
#include <kernel/namespace.h>

#define ACCEPTS 0x10000u /* __SO_ACCEPTCON */

/* Linux's socket states: unconnected, connected; and flags. */
static void print_socket(struct seq *seq, struct unix_socket *s)
{
    bool listening = READ_ONCE(s->state) == UNIX_LISTENING;
    unsigned state = READ_ONCE(s->state) == UNIX_CONNECTED ? 3 : 1;

    /* Where it lies is nobody's business. */
    seq_print(seq, "%016x: %08X %08X %08X %04X %02X %5lu", 0, READ_ONCE(s->socket.inode.refs) - 1,
              0, listening ? ACCEPTS : 0, s->socket.type, state, s->socket.inode.ino);
}

/* A path as it was given; an abstract name with @ for each NUL. */
static void print_name(struct seq *seq, const struct unix_name *name)
{
    size_t len = name->address.len - offsetof(struct linux_sockaddr_un, sun_path);

    seq_print(seq, " ");
    if (name->dentry)
        len--; /* the NUL behind a path */
    for (size_t i = 0; i < len; i++)
        seq_print(seq, "%c", name->address.un.sun_path[i] ? name->address.un.sun_path[i] : '@');
}

static int show_unix(struct seq *seq)
{
    struct unix_socket *s = NULL;

    seq_print(seq, "Num       RefCount Protocol Flags    Type St Inode Path\n");
    while ((s = unix_next(s))) {
        if (READ_ONCE(s->state) == UNIX_CLOSED || s->net != current_ns(NS_NET))
            continue;
        print_socket(seq, s);
        if (unix_name_of(s))
            print_name(seq, unix_name_of(s));
        seq_print(seq, "\n");
    }
    return 0;
}

void unix_proc_init(void)
{
    static struct proc_file file = {.path = "net/unix", .show = show_unix};

    procfs_add(&file);
}
