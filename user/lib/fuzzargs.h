/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments for system calls, at random. Most mean well: a descriptor where one is wanted, memory that
 * is mapped, flags that exist (user/lib/fuzzargs.def knows what each call wants). The others
 * are boundaries, bad addresses and anything at all. The same state gives the same arguments.
 */
#ifndef USER_FUZZARGS_H
#define USER_FUZZARGS_H

#include <lib/types.h>

#include "random.h"

#define FUZZ_ARENA (64 * 4096ul)

/* One stream of calls. */
struct fuzz {
    struct random random;
    char *arena; /* FUZZ_ARENA bytes that the calls may do to what they like */
    long self;   /* the pid of the process that is meant by all who name one */
};

/* Maps the arena. It is the calling process that arguments name. */
struct fuzz fuzz_begin(u64 seed);

/*
 * Opens descriptors of each kind from `first` on, and makes the names that they and `paths` stand for. For
 * a process whose root is a place of its own.
 */
void fuzz_open_some(int first);

/* Fills in all six. `pointers`: the mask of include/abi/syscalls.def. */
void fuzz_fill(struct fuzz *f, long nr, u8 pointers, u64 a[6]);

#endif
