/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux: waiting for children. */
#ifndef ABI_LINUX_WAIT_H
#define ABI_LINUX_WAIT_H

#define WNOHANG     0x00000001
#define WUNTRACED   0x00000002
#define WSTOPPED    WUNTRACED
#define WEXITED     0x00000004
#define WCONTINUED  0x00000008
#define WNOWAIT     0x01000000
#define __WNOTHREAD 0x20000000
#define __WALL      0x40000000
#define __WCLONE    0x80000000u

#define P_ALL   0
#define P_PID   1
#define P_PGID  2
#define P_PIDFD 3

/* The status word of wait4. */
#define W_EXITCODE(code, sig) ((code) << 8 | (sig))
#define W_STOPCODE(sig)       ((sig) << 8 | 0x7f)
#define W_CONTINUED           0xffff
#define W_COREFLAG            0x80

#endif
