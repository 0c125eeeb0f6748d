/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments and environment on their way from the old program to the new one's stack. They are
 * copied in once, into a chain of pages, with their offsets in a second chain; when all are
 * there, the offsets become addresses and both chains are copied out as they are.
 */
#include "exec.h"

#include <abi/linux/resource.h>
#include <arch/mmu.h>
#include <fs/rng.h>
#include <kernel/rlimit.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/page.h>
#include <mm/usercopy.h>

#define STRING_MAX   (128 * KiB) /* one string, as on Linux */
#define LIMIT_LEAST  (128 * KiB) /* all of them, however small the stack's limit is */
#define LIMIT_MOST   (6 * MiB)
#define RANDOM_BYTES 16

/* --- chains of pages --- */

/* Room behind what is there, at least one byte; NULL when memory is out. */
static char *chain_room(struct exec_chain *chain, size_t *room)
{
    size_t at = chain->used % PAGE_SIZE;

    if (at == 0) {
        struct page *page = page_alloc(0, 0, PAGE_KERNEL);

        if (!page)
            return NULL;
        if (chain->last)
            chain->last->owner = page;
        else
            chain->first = page;
        chain->last = page;
    }
    *room = PAGE_SIZE - at;
    return (char *)page_to_virt(chain->last) + at;
}

static int chain_put_bytes(struct exec_chain *chain, const void *bytes, size_t len)
{
    const char *from = bytes;

    while (len) {
        size_t room;
        char *to = chain_room(chain, &room);

        if (!to)
            return -ENOMEM;
        room = MIN(room, len);
        memcpy(to, from, room);
        chain->used += room;
        from += room;
        len -= room;
    }
    return 0;
}

static int chain_put_word(struct exec_chain *chain, u64 word)
{
    size_t room;
    u64 *to = (void *)chain_room(chain, &room);

    if (!to)
        return -ENOMEM;
    *to = word;
    chain->used += sizeof(word);
    return 0;
}

static void chain_free(struct exec_chain *chain)
{
    struct page *next;

    for (struct page *page = chain->first; page; page = next) {
        next = page->owner;
        page_free(page, 0);
    }
}

static int chain_copyout(const struct exec_chain *chain, struct uvm *uvm, vaddr_t to)
{
    size_t left = chain->used;

    for (struct page *page = chain->first; left; page = page->owner) {
        size_t n = MIN(left, PAGE_SIZE);
        int err = uvm_copyout(uvm, to, page_to_virt(page), n);

        if (err)
            return -ENOMEM; /* the new stack was booked: only memory can be missing */
        to += n;
        left -= n;
        cond_yield();
    }
    return 0;
}

/* --- strings --- */

void exec_args_init(struct exec_args *args)
{
    u64 quarter = rlimit_current(RLIMIT_STACK) / 4;

    *args = (struct exec_args){.limit = MAX(LIMIT_LEAST, MIN(quarter, LIMIT_MOST))};
}

void exec_args_put(struct exec_args *args)
{
    chain_free(&args->strings);
    chain_free(&args->vector);
}

/* argc comes first and is not known yet. */
int exec_args_begin(struct exec_args *args)
{
    u8 random[RANDOM_BYTES];

    rng_bytes(random, sizeof(random));
    int err = chain_put_bytes(&args->strings, random, sizeof(random));
    return err ? err : chain_put_word(&args->vector, 0);
}

/* A string starts at the end of `strings`: its offset goes into the vector. */
static int begin_string(struct exec_args *args)
{
    if (args->strings.used + args->vector.used + 2 * sizeof(u64) > args->limit)
        return -E2BIG;
    args->count++;
    return chain_put_word(&args->vector, args->strings.used);
}

int exec_args_kernel(struct exec_args *args, const char *string)
{
    int err = begin_string(args);

    return err ? err : chain_put_bytes(&args->strings, string, strlen(string) + 1);
}

static int user_string(struct exec_args *args, vaddr_t string)
{
    size_t start = args->strings.used;
    int err = begin_string(args);

    while (!err) {
        size_t room;
        char *to = chain_room(&args->strings, &room);
        ssize_t n = to ? copyinstr(to, string, room) : -ENOMEM;

        if (n >= 0) {
            args->strings.used += (size_t)n + 1;
            return 0;
        }
        if (n != -ENAMETOOLONG)
            return (int)n;
        args->strings.used += room;
        string += room;
        if (args->strings.used - start > STRING_MAX || args->strings.used > args->limit)
            err = -E2BIG;
    }
    return err;
}

/* Reads pointers a batch at a time, never beyond the page that the next one lies in. */
#define POINTER_BATCH 32u

static int pointer_batch(vaddr_t array, vaddr_t *pointers, size_t *count)
{
    size_t in_page = (PAGE_SIZE - array % PAGE_SIZE) / sizeof(vaddr_t);

    *count = MAX(1ul, MIN(in_page, POINTER_BATCH));
    return copyin(pointers, array, *count * sizeof(vaddr_t));
}

int exec_args_user(struct exec_args *args, vaddr_t array, u64 skip)
{
    vaddr_t pointers[POINTER_BATCH];
    size_t count;

    for (; array; array += count * sizeof(vaddr_t)) {
        int err = pointer_batch(array, pointers, &count);

        for (size_t i = 0; !err && i < count; i++) {
            if (!pointers[i])
                return 0;
            if (skip)
                skip--;
            else
                err = user_string(args, pointers[i]);
        }
        if (err)
            return err;
        if (sig_fatal_pending())
            return -EINTR;
        cond_yield();
    }
    return 0;
}

int exec_args_end_argv(struct exec_args *args)
{
    args->argc = args->count;
    args->env_offset = args->strings.used;
    *(u64 *)page_to_virt(args->vector.first) = args->argc;
    return chain_put_word(&args->vector, 0);
}

int exec_args_end_env(struct exec_args *args, const char *name)
{
    int err = chain_put_word(&args->vector, 0);

    args->envc = args->count - args->argc;
    args->name_offset = args->strings.used;
    return err ? err : chain_put_bytes(&args->strings, name, strlen(name) + 1);
}

int exec_args_auxv(struct exec_args *args, const u64 (*pairs)[2], size_t size)
{
    return chain_put_bytes(&args->vector, pairs, size);
}

/* --- the stack (RISC-V psABI, "Program startup"; System V gABI, "Process initialization") --- */

vaddr_t exec_args_place(struct exec_args *args, vaddr_t top)
{
    vaddr_t strings = ALIGN_DOWN(top - args->strings.used, 16);
    u64 null = 1 + args->argc; /* the index of argv's end; the environment follows */
    u64 end = null + 1 + args->envc;
    struct page *page = args->vector.first;

    for (u64 i = 0; i < end; i++) {
        u64 in_page = i % (PAGE_SIZE / sizeof(u64));

        if (i && !in_page)
            page = page->owner;
        if (i != 0 && i != null)
            ((u64 *)page_to_virt(page))[in_page] += strings;
    }
    return strings;
}

int exec_args_copy(struct exec_args *args, struct uvm *uvm, vaddr_t strings, vaddr_t *sp)
{
    int err = chain_copyout(&args->strings, uvm, strings);

    *sp = ALIGN_DOWN(strings - args->vector.used, 16);
    return err ? err : chain_copyout(&args->vector, uvm, *sp);
}
