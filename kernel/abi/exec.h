/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of exec: the strings on the way to the new stack (exec_args.c), scripts
 * (exec_script.c), the image in its new address space (exec_image.c). exec.c puts them in order.
 */
#pragma once

#include <lib/elf.h>
#include <lib/types.h>

struct dentry;
struct file;
struct page;
struct pager;
struct uvm;

/* --- exec_args.c --- */

/* Bytes in a list of pages, which hang together by page->owner. */
struct exec_chain {
    struct page *first;
    struct page *last;
    size_t used;
};

/*
 * Arguments and environment: `strings` holds 16 random bytes, then all strings in order, then the
 * program's name; `vector` holds argc, the pointers and the auxiliary vector.
 * Until exec_args_place() the pointers are offsets into `strings`.
 */
struct exec_args {
    struct exec_chain strings;
    struct exec_chain vector;
    size_t limit; /* of both together, in bytes */
    u64 count;    /* of strings so far */
    u64 argc;
    u64 envc;
    size_t env_offset;  /* in strings */
    size_t name_offset; /* in strings; the environment ends there */
};

/* Zeroes, takes the limit from RLIMIT_STACK. exec_args_put() afterwards, always. */
void exec_args_init(struct exec_args *args);
void exec_args_put(struct exec_args *args);

/* In the order of their result: begin, then argv, end_argv, environment, end_env with the name. */
int exec_args_begin(struct exec_args *args);
int exec_args_kernel(struct exec_args *args, const char *string);
/* All strings of a user array of pointers but the first `skip`; NULL is an empty array. */
int exec_args_user(struct exec_args *args, vaddr_t array, u64 skip);
int exec_args_end_argv(struct exec_args *args);
int exec_args_end_env(struct exec_args *args, const char *name);

/* Appends the auxiliary vector: pairs of type and value, `size` bytes in all. */
int exec_args_auxv(struct exec_args *args, const u64 (*pairs)[2], size_t size);

/* Where the strings go if they end below `top`; turns the offsets into addresses. */
vaddr_t exec_args_place(struct exec_args *args, vaddr_t top);

/* Writes strings and vector to the new stack; *sp is what the program starts with. */
int exec_args_copy(struct exec_args *args, struct uvm *uvm, vaddr_t strings, vaddr_t *sp);

/* --- exec_script.c --- */

/* What "#!" lines put in front of the arguments; grows towards the front of buf. */
struct exec_script {
    char *buf;
    size_t start;
    unsigned count; /* of strings */
    unsigned depth;
};

/*
 * If the file's first bytes are a script's, puts interpreter, its argument and (the first time)
 * `path` in front, and returns the interpreter; NULL when it is no script; ERR_PTR(-ENOEXEC,
 * -ENOMEM, -ELOOP). exec_script_put() afterwards, always.
 */
const char *exec_script_next(struct exec_script *script, const char *head, size_t len,
                             const char *path);
void exec_script_put(struct exec_script *script);

/* --- exec_place.c --- */

/* Where the parts of a new program go. */
struct exec_places {
    vaddr_t stack_top;
    u64 stack_skew;  /* bytes of the stack's first page that are left out, a multiple of 16 */
    vaddr_t top;     /* for uvm_set_top() */
    vaddr_t image;   /* of an image that can go anywhere */
    size_t heap_gap; /* between image and heap */
};

/* secure: the program gains something, and so its places are not the caller's to choose. */
void exec_place(struct exec_places *places, bool secure);

/* --- exec_image.c --- */

/* A program file that was opened and found to be executable. */
struct exec_image {
    struct file *file;
    struct pager *pager;
    struct page *head; /* its first page */
    struct elf_image elf;
    u64 bias; /* what is added to the image's addresses */
};

/* The first bytes of the file, at most a page. */
const char *exec_image_head(const struct exec_image *image, size_t *len);

/* Opens; 0 or the error of the lookup, -EACCES, -ENOEXEC, -EIO. exec_image_put() when it was 0. */
int exec_image_open(struct exec_image *image, struct dentry *at, const char *path,
                    unsigned lookup_flags);
void exec_image_put(struct exec_image *image);

/* Parses the ELF headers. -ENOEXEC; what is wrong with an ELF file is logged. */
int exec_image_parse(struct exec_image *image, const char *path);

/* Chooses what is added to its addresses: one that can go anywhere goes to that place. After the parsing. */
void exec_image_place(struct exec_image *image, vaddr_t anywhere);

/*
 * Books the segments, clears what must be zero, sets the break and the record for /proc. -ENOMEM,
 * -ENOEXEC (addresses that cannot be had).
 */
int exec_image_map(struct exec_image *image, struct uvm *uvm, size_t heap_gap);

/* --- vdso.c --- */

/* Makes the page that all programs share. At start-up, once. */
void vdso_init(void);

/* Books it, and notes the place in the layout. -ENOMEM. */
int vdso_map(struct uvm *uvm);
