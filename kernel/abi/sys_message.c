/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets: sendto, sendmsg, recvfrom, recvmsg, and many of them at once. */
#include "args.h"
#include "sys_socket.h"
#include "syscall.h"

#include <abi/linux/limits.h>
#include <kernel/signal.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <mm/usercopy.h>

/* --- one buffer ------------------------------------------------------------------------------ */

static long send_to(struct socket *s, struct socket_message *m, vaddr_t to, int to_len)
{
    int err = to ? args_address(m->address, to, to_len) : 0;

    return err ? err : socket_send(s, m);
}

SYSCALL6(sendto, int, fd, vaddr_t, buf, size_t, len, unsigned, flags, vaddr_t, to, int, to_len)
{
    struct iobuf data = iobuf_user(buf, MIN(len, MAX_RW_COUNT));
    struct socket_address address;
    struct socket_message m = {.data = &data, .address = to ? &address : NULL, .flags = flags};

    return with_socket(fd, s, send_to(s, &m, to, to_len));
}

SYSCALL6(recvfrom, int, fd, vaddr_t, buf, size_t, len, unsigned, flags, vaddr_t, from, vaddr_t,
         len_at)
{
    struct iobuf data = iobuf_user(buf, MIN(len, MAX_RW_COUNT));
    struct socket_address address;
    struct socket_message m = {.data = &data, .address = from ? &address : NULL, .flags = flags};
    long n = with_socket(fd, s, socket_receive(s, &m));
    int err = n >= 0 && from ? args_put_address(&address, from, len_at) : 0;

    return err ? err : n;
}

/* --- a message ------------------------------------------------------------------------------- */

/* What a msghdr says, in the kernel. */
struct args_message {
    struct linux_msghdr head;
    struct args_vector vector;
    struct socket_address address;
    struct control_in control;
};

static int read_head(struct args_message *arg, vaddr_t addr)
{
    if (copyin_obj(&arg->head, addr))
        return -EFAULT;
    if (arg->head.msg_iovlen > IOV_MAX)
        return -EMSGSIZE;
    return args_vector(&arg->vector, arg->head.msg_iov, arg->head.msg_iovlen);
}

static int read_control(struct args_message *arg)
{
    size_t len = arg->head.msg_controllen;

    arg->control = (struct control_in){.len = 0};
    if (!arg->head.msg_control || !len)
        return 0;
    if (len > CONTROL_MAX)
        return -ENOBUFS;
    u8 *bytes = kmalloc(len);
    if (!bytes)
        return -ENOBUFS;
    if (copyin(bytes, arg->head.msg_control, len)) {
        kfree(bytes);
        return -EFAULT;
    }
    arg->control = (struct control_in){.bytes = bytes, .len = len};
    return 0;
}

static int read_address(struct args_message *arg)
{
    if (!arg->head.msg_name) {
        arg->address.len = 0;
        return 0;
    }
    s32 len = MIN(arg->head.msg_namelen, SOCKADDR_MAX);
    return args_address(&arg->address, arg->head.msg_name, len);
}

static long send_message(struct socket *s, vaddr_t addr, unsigned flags)
{
    struct args_message arg;
    long n = read_head(&arg, addr);

    if (n)
        return n;
    n = read_address(&arg);
    if (!n)
        n = read_control(&arg);
    if (!n) {
        struct socket_message m = {.data = &arg.vector.iob,
                                   .address = &arg.address,
                                   .control = &arg.control,
                                   .flags = flags};
        n = socket_send(s, &m);
        kfree((void *)arg.control.bytes);
    }
    args_vector_put(&arg.vector);
    return n;
}

SYSCALL3(sendmsg, int, fd, vaddr_t, addr, unsigned, flags)
{
    return with_socket(fd, s, send_message(s, addr, flags));
}

/* Writes back what a received message has beside bytes. */
static int put_head(struct args_message *arg, vaddr_t addr, const struct socket_message *m,
                    const struct control_out *control)
{
    struct linux_msghdr *head = &arg->head;
    u32 room = (u32)head->msg_namelen;

    if (head->msg_name && copyout(head->msg_name, arg->address.bytes, MIN(room, arg->address.len)))
        return -EFAULT;
    if (head->msg_name)
        head->msg_namelen = (s32)arg->address.len;
    head->msg_controllen = control->at - head->msg_control;
    head->msg_flags = m->result | (m->flags & (unsigned)MSG_CMSG_CLOEXEC);
    return copyout_obj(addr, head);
}

static long receive_message(struct socket *s, vaddr_t addr, unsigned flags)
{
    struct args_message arg;
    long n = read_head(&arg, addr);

    if (n)
        return n;
    struct control_out control = {.at = arg.head.msg_control,
                                  .left = arg.head.msg_control ? arg.head.msg_controllen : 0,
                                  .cloexec = flags & MSG_CMSG_CLOEXEC};
    struct socket_message m = {.data = &arg.vector.iob,
                               .address = &arg.address,
                               .control_wanted = &control,
                               .flags = flags};
    n = arg.head.msg_name && arg.head.msg_namelen < 0 ? -EINVAL : socket_receive(s, &m);
    if (n >= 0 && put_head(&arg, addr, &m, &control))
        n = -EFAULT;
    args_vector_put(&arg.vector);
    return n;
}

SYSCALL3(recvmsg, int, fd, vaddr_t, addr, unsigned, flags)
{
    return with_socket(fd, s, receive_message(s, addr, flags));
}

/* --- many messages --------------------------------------------------------------------------- */

#define MESSAGES_MOST 1024u

static int put_len(vaddr_t entry, long len)
{
    u32 n = (u32)len;

    return copyout_obj(entry + offsetof(struct linux_mmsghdr, msg_len), &n);
}

/* An error after the first message is for the next call. */
static long send_many(struct socket *s, vaddr_t addr, unsigned count, unsigned flags)
{
    unsigned done = 0;
    long n = 0;

    while (n >= 0 && done < count && !(done && sig_pending(current_thread()))) {
        vaddr_t entry = addr + done * sizeof(struct linux_mmsghdr);
        n = send_message(s, entry, flags);
        if (n >= 0)
            n = put_len(entry, n);
        done += n >= 0;
    }
    return done ? (long)done : n;
}

SYSCALL4(sendmmsg, int, fd, vaddr_t, addr, unsigned, count, unsigned, flags)
{
    return with_socket(fd, s, send_many(s, addr, MIN(count, MESSAGES_MOST), flags));
}

/* The time limit is looked at after each message, as on Linux: it does not end a wait. */
static long receive_many(struct socket *s, vaddr_t addr, unsigned count, unsigned flags,
                         u64 deadline)
{
    unsigned done = 0;
    long n = 0;

    while (n >= 0 && done < count && (!done || time_now_ns() < deadline)) {
        vaddr_t entry = addr + done * sizeof(struct linux_mmsghdr);
        n = receive_message(s, entry, flags & ~(unsigned)MSG_WAITFORONE);
        if (n >= 0)
            n = put_len(entry, n);
        done += n >= 0;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
    }
    if (n < 0 && done && n != -EAGAIN)
        s->error = (int)(n == -ERESTARTSYS ? 0 : -n);
    return done ? (long)done : n;
}

SYSCALL5(recvmmsg, int, fd, vaddr_t, addr, unsigned, count, unsigned, flags, vaddr_t, timeout)
{
    u64 deadline = WAIT_FOREVER, ns = 0;
    long n = timeout ? args_timespec(timeout, &ns) : 0;

    if (n)
        return n;
    if (timeout)
        deadline = args_deadline(ns);
    n = with_socket(fd, s, receive_many(s, addr, MIN(count, MESSAGES_MOST), flags, deadline));
    if (n > 0 && timeout) {
        u64 now = time_now_ns();
        int err = args_put_timespec(timeout, deadline > now ? deadline - now : 0);
        return err ? err : n;
    }
    return n;
}
