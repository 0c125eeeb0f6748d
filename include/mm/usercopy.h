/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User memory from the kernel.
 *
 * The kernel never follows a user pointer through the MMU (the processor's permission to do so
 * stays off). It walks the user's page table with the rights that hardware would demand, holds
 * the frame, and copies through the direct map. A missing page goes through the fault path, as if
 * the program had touched it, and is walked again.
 *
 * All of these may sleep. Wherever the address is not the program's to use, in part or in whole -
 * kernel half, wrapping, unmapped, wrong rights, behind the end of a mapped file - the result is
 * -EFAULT, and how much was copied before is unspecified. A page that was promised and cannot be had
 * is asked for again as long as usercopy_make_room() says so, and then -EFAULT too. n may be 0.
 */
#pragma once

#include <lib/types.h>

struct uvm;

/*
 * Called when a page of the program's cannot be had, with whatever sleeping locks the copy is made under; may sleep.
 * True: it is worth another try. Set once, before there are programs; NULL: it never is.
 */
extern bool (*usercopy_make_room)(void);

/* In the current thread's address space. A kernel thread has none: -EFAULT. */
int copyin(void *dst, vaddr_t src, size_t n);
int copyout(vaddr_t dst, const void *src, size_t n);
int copyout_zero(vaddr_t dst, size_t n);

/*
 * Copies a string with its NUL. Returns its length without the NUL; -EFAULT; -ENAMETOOLONG when
 * there is no NUL within max bytes.
 */
ssize_t copyinstr(char *dst, vaddr_t src, size_t max);

/* Typed: `int err = copyin_obj(&ts, uaddr)`. */
#define copyin_obj(dst, src)  copyin((dst), (src), sizeof(*(dst)))
#define copyout_obj(dst, src) copyout((dst), (src), sizeof(*(src)))

/*
 * In another address space, which the caller holds a reference on. When others hold it too (a
 * process that runs), only what is present can be reached.
 */
int uvm_copyin(struct uvm *uvm, void *dst, vaddr_t src, size_t n);
int uvm_copyout(struct uvm *uvm, vaddr_t dst, const void *src, size_t n);
int uvm_copyout_zero(struct uvm *uvm, vaddr_t dst, size_t n);
ssize_t uvm_copyinstr(struct uvm *uvm, char *dst, vaddr_t src, size_t max);

/*
 * Single 32-bit words, atomic against the program's own accesses. The address must be a multiple
 * of 4 (-EINVAL). user_cas32 stores what it found in *seen; it has swapped when that equals old.
 */
int user_load32(vaddr_t addr, u32 *value);
int user_store32(vaddr_t addr, u32 value);
int user_cas32(vaddr_t addr, u32 old, u32 new, u32 *seen);

/*
 * Holds one or two words of the current space, for code that has to look at them or change them under a spinlock,
 * where nothing can be faulted in: `read` for reading, `write` for writing; USER_NO_WORD: none. Both are multiples of 4
 * (-EINVAL). What was held is let go with user_words_release(), which may sleep, and soon. -EFAULT.
 */
#define USER_NO_WORD (~0ul) /* 0 is an address like others: a program may give it */
struct user_words {
    u32 *read, *write;
    struct uvm *uvm; /* whose lock is held; NULL: there is no need */
    struct page *pages[2];
};
int user_words_hold(struct user_words *w, vaddr_t read, vaddr_t write);
void user_words_release(struct user_words *w);

/*
 * Names the memory behind a user address in a way that is the same for everybody who shares it:
 * what a futex is keyed by. Private memory: (uvm, address); shared: (name of the pager, offset),
 * which nothing else will have when that memory has gone. Faults the page in if need be, for reading. -EFAULT.
 */
struct user_key {
    const void *object; /* to be compared, and not to be followed */
    u64 offset;
};
int user_key(vaddr_t addr, struct user_key *key);
