/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers of the system calls: NR_read and so on, from the one table. */
#ifndef ABI_SYSCALL_NR_H
#define ABI_SYSCALL_NR_H

#define COMPLETE(number, name, pointers)     NR_##name = (number),
#define PARTIAL(number, name, pointers, how) NR_##name = (number),
#define ABSENT(number, name, group)          NR_##name = (number),
#define UNUSED(first, last)
enum {
#include <abi/syscalls.def>
};
#undef COMPLETE
#undef PARTIAL
#undef ABSENT
#undef UNUSED

/* One more than the highest number in the table. */
#define SYSCALL_COUNT (NR_mseal + 1)

#endif
