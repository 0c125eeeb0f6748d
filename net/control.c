/* SPDX-License-Identifier: BSD-2-Clause */
/* Control messages (see include/net/control.h). No locks: each belongs to one call. */
#include <net/control.h>

#include <fs/fdtable.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/usercopy.h>

#define HEADER    sizeof(struct linux_cmsghdr)
#define PADDED(n) ALIGN_UP((n), sizeof(u64))

int control_next(const struct control_in *in, size_t *pos, struct linux_cmsghdr *head,
                 const u8 **data, size_t *len)
{
    size_t left = *pos < in->len ? in->len - *pos : 0;

    if (left < HEADER)
        return 0;
    memcpy(head, in->bytes + *pos, HEADER);
    if (head->cmsg_len < HEADER || head->cmsg_len > left)
        return -EINVAL;
    *data = in->bytes + *pos + HEADER;
    *len = head->cmsg_len - HEADER;
    *pos += PADDED(head->cmsg_len);
    return 1;
}

/* Moves behind a message of `len` bytes; the padding may be missing at the end of the room. */
static void advance(struct control_out *out, size_t len)
{
    size_t space = MIN(PADDED(HEADER + len), out->left);

    out->at += space;
    out->left -= space;
}

static int put_header(struct control_out *out, int type, size_t len)
{
    struct linux_cmsghdr head = {
        .cmsg_len = HEADER + len, .cmsg_level = SOL_SOCKET, .cmsg_type = type};

    return copyout_obj(out->at, &head);
}

void control_put(struct control_out *out, int type, const void *data, size_t len)
{
    size_t fits = out->left > HEADER ? MIN(len, out->left - HEADER) : 0;

    if (fits < len)
        out->cut = true;
    if (!fits)
        return;
    if (put_header(out, type, fits) || copyout(out->at + HEADER, data, fits))
        out->cut = true;
    else
        advance(out, fits);
}

/* One file as the descriptor whose number goes to `at`. */
static int give_file(struct file *file, vaddr_t at, unsigned flags)
{
    int fd = fd_reserve(0, flags);
    int err = fd < 0 ? fd : copyout_obj(at, &fd);

    if (!err)
        fd_fill(fd, file);
    else if (fd >= 0)
        fd_cancel(fd);
    return err;
}

void control_put_files(struct control_out *out, struct file **files, unsigned count)
{
    size_t room = out->left > HEADER ? (out->left - HEADER) / sizeof(s32) : 0;
    vaddr_t at = out->at + HEADER;
    unsigned n = 0;

    while (n < MIN((size_t)count, room) &&
           !give_file(files[n], at + n * sizeof(s32), out->cloexec ? O_CLOEXEC : 0))
        files[n++] = NULL;
    if (n < count)
        out->cut = true;
    if (!n)
        return;
    if (put_header(out, SCM_RIGHTS, n * sizeof(s32)))
        out->cut = true;
    else
        advance(out, n * sizeof(s32));
}
