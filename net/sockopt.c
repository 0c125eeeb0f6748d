/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options of SOL_SOCKET (see include/net/socket.h). Those that mean nothing to a family without a network are kept and
 * shown as they were set, which is what Linux does with them. No locks: each option is a word of its own.
 */
#include <net/socket.h>

#include <abi/linux/time.h>
#include <base/atomic.h>
#include <base/wait.h>
#include <kernel/caps.h>
#include <kernel/time.h>
#include <lib/errno.h>
#include <mm/usercopy.h>

/* Linux's limits: what may be asked for, and what a buffer has at least. The asked is doubled, for the overhead. */
#define BUFFER_MOST          212992
#define SEND_BUFFER_LEAST    4608u
#define RECEIVE_BUFFER_LEAST 2304u

/* Options that are on or off. */
#define SWITCHES                                                                     \
    (1u << SO_DEBUG | 1u << SO_REUSEADDR | 1u << SO_DONTROUTE | 1u << SO_BROADCAST | \
     1u << SO_KEEPALIVE | 1u << SO_OOBINLINE | 1u << SO_PASSCRED)

static bool is_switch(int option)
{
    return option > 0 && option < 32 && SWITCHES >> option & 1;
}

/* --- setting --------------------------------------------------------------------------------- */

static void set_switch(struct socket *s, int option, bool on)
{
    if (on)
        atomic_fetch_or(&s->options, 1u << option);
    else
        atomic_fetch_and(&s->options, ~(1u << option));
}

static u32 buffer_size(s32 asked, bool force, u32 least)
{
    u32 most = force ? INT32_MAX / 2 : BUFFER_MOST;
    u32 size = asked < 0 && force ? 0 : MIN((u32)asked, most);

    return MAX(2 * size, least);
}

static int set_buffer(struct socket *s, int option, s32 asked)
{
    bool force = option == SO_SNDBUFFORCE || option == SO_RCVBUFFORCE;

    if (force && !caps_have(CAP_SYS_RESOURCE))
        return -EPERM;
    if (option == SO_RCVBUF || option == SO_RCVBUFFORCE) {
        WRITE_ONCE(s->receive_buffer, buffer_size(asked, force, RECEIVE_BUFFER_LEAST));
        return 0;
    }
    WRITE_ONCE(s->send_buffer, buffer_size(asked, force, SEND_BUFFER_LEAST));
    s->ops->room_changed(s);
    return 0;
}

/* A time of 0 is no limit; a negative one has passed already. */
static int set_timeout(u64 *timeout, vaddr_t from, unsigned len)
{
    struct linux_timeval tv;

    if (len < sizeof(tv))
        return -EINVAL;
    if (copyin_obj(&tv, from))
        return -EFAULT;
    if ((u64)tv.tv_usec >= 1000000)
        return -EDOM;
    u64 ns = (u64)tv.tv_sec * NSEC_PER_SEC + (u64)tv.tv_usec * NSEC_PER_USEC;
    if (!ns || (u64)tv.tv_sec >= WAIT_FOREVER / NSEC_PER_SEC / 2)
        ns = WAIT_FOREVER;
    WRITE_ONCE(*timeout, tv.tv_sec < 0 ? 0 : ns);
    return 0;
}

static int set_linger(struct socket *s, vaddr_t from, unsigned len)
{
    struct linux_linger linger;

    if (len < sizeof(linger))
        return -EINVAL;
    if (copyin_obj(&linger, from))
        return -EFAULT;
    s->linger = linger;
    return 0;
}

static int set_number(struct socket *s, int option, s32 value)
{
    if (is_switch(option)) {
        set_switch(s, option, value);
        return 0;
    }
    switch (option) {
    case SO_SNDBUF:
    case SO_RCVBUF:
    case SO_SNDBUFFORCE:
    case SO_RCVBUFFORCE:
        return set_buffer(s, option, value);
    case SO_RCVLOWAT:
        WRITE_ONCE(s->low_water, value < 0 ? INT32_MAX : value ? value : 1);
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int socket_set_option(struct socket *s, int option, vaddr_t from, unsigned len)
{
    s32 value;

    switch (option) {
    case SO_RCVTIMEO:
        return set_timeout(&s->receive_timeout, from, len);
    case SO_SNDTIMEO:
        return set_timeout(&s->send_timeout, from, len);
    case SO_LINGER:
        return set_linger(s, from, len);
    }
    if (len < sizeof(value))
        return -EINVAL;
    return copyin_obj(&value, from) ? -EFAULT : set_number(s, option, value);
}

/* --- getting --------------------------------------------------------------------------------- */

static int put(const void *value, size_t size, vaddr_t to, unsigned *len)
{
    *len = (unsigned)MIN((size_t)*len, size);
    return copyout(to, value, *len);
}

static int put_timeout(u64 timeout, vaddr_t to, unsigned *len)
{
    struct linux_timeval tv = {.tv_sec = 0};

    if (timeout != WAIT_FOREVER) {
        tv.tv_sec = (s64)(timeout / NSEC_PER_SEC);
        tv.tv_usec = (s64)(timeout % NSEC_PER_SEC / NSEC_PER_USEC);
    }
    return put(&tv, sizeof(tv), to, len);
}

static int get_number(struct socket *s, int option, s32 *value)
{
    switch (option) {
    case SO_TYPE:
        *value = s->type;
        return 0;
    case SO_DOMAIN:
        *value = s->family;
        return 0;
    case SO_PROTOCOL:
        *value = 0;
        return 0;
    case SO_ERROR:
        *value = -socket_take_error(s);
        return 0;
    case SO_SNDBUF:
        *value = (s32)s->send_buffer;
        return 0;
    case SO_RCVBUF:
        *value = (s32)s->receive_buffer;
        return 0;
    case SO_RCVLOWAT:
        *value = s->low_water;
        return 0;
    case SO_SNDLOWAT:
        *value = 1;
        return 0;
    case SO_ACCEPTCONN:
        *value = s->ops->listening(s);
        return 0;
    default:
        *value = is_switch(option) && socket_option(s, (unsigned)option);
        return is_switch(option) ? 0 : -ENOPROTOOPT;
    }
}

int socket_get_option(struct socket *s, int option, vaddr_t to, unsigned *len)
{
    struct linux_ucred peer;
    s32 value;

    switch (option) {
    case SO_RCVTIMEO:
        return put_timeout(s->receive_timeout, to, len);
    case SO_SNDTIMEO:
        return put_timeout(s->send_timeout, to, len);
    case SO_LINGER:
        return put(&s->linger, sizeof(s->linger), to, len);
    case SO_PEERCRED:
        peer = s->ops->peer_cred(s);
        return put(&peer, sizeof(peer), to, len);
    }
    int err = get_number(s, option, &value);
    return err ? err : put(&value, sizeof(value), to, len);
}
