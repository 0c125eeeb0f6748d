/* SPDX-License-Identifier: BSD-2-Clause */
/* memfd_create. */
#include "syscall.h"

#include <abi/linux/fcntl.h>
#include <abi/linux/mman.h>
#include <fs/fdtable.h>
#include <fs/memfd.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/usercopy.h>

#define PREFIX_LEN (sizeof(MEMFD_PREFIX) - 1)

/* Reads the name behind the prefix. 0, -EINVAL (too long), -EFAULT. */
static int read_name(char *name, vaddr_t addr)
{
    memcpy(name, MEMFD_PREFIX, PREFIX_LEN);
    ssize_t n = copyinstr(name + PREFIX_LEN, addr, MEMFD_NAME_MAX + 1);

    return n == -ENAMETOOLONG ? -EINVAL : (int)MIN(n, 0);
}

/* A file that is never to be executed can be sealed: that is a seal. */
static u32 seals_of(unsigned flags)
{
    if (flags & MFD_NOEXEC_SEAL)
        return F_SEAL_EXEC;
    return flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL;
}

SYSCALL2(memfd_create, vaddr_t, name_addr, unsigned, flags)
{
    const unsigned both = MFD_EXEC | MFD_NOEXEC_SEAL;
    char name[PREFIX_LEN + MEMFD_NAME_MAX + 1];

    if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | both) || (flags & both) == both)
        return -EINVAL;
    int err = read_name(name, name_addr);
    if (err)
        return err;
    int fd = fd_reserve(0, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
    if (fd < 0)
        return fd;
    struct file *file = memfd_open(name, flags & MFD_NOEXEC_SEAL ? 0666 : 0777, seals_of(flags));
    if (IS_ERR(file)) {
        fd_cancel(fd);
        return PTR_ERR(file);
    }
    fd_fill(fd, file);
    return fd;
}
