/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec: a process becomes another program.
 *
 * Everything that can fail happens first, in an address space of its own: the file is found
 * (through scripts), its headers are judged, the strings are copied in, segments, vDSO and
 * stack are booked, the stack is written. Then process_exec() replaces the old program, and
 * nothing can fail any more. The old program sees either its end or an error.
 */
#include "exec.h"
#include "args.h"
#include "syscall.h"

#include <abi/linux/auxvec.h>
#include <abi/linux/fcntl.h>
#include <arch/signal.h>
#include <arch/user.h>
#include <base/init.h>
#include <base/log.h>
#include <base/mutex.h>
#include <base/panic.h>
#include <fs/dentry.h>
#include <fs/exe.h>
#include <fs/fdtable.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <fs/permission.h>
#include <fs/vfs.h>
#include <kernel/cmdline.h>
#include <kernel/cred.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/rlimit.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/failalloc.h>
#include <mm/uvm.h>

/* What is booked at first; faults extend it as far as RLIMIT_STACK allows. */
#define STACK_BOOKED (128 * KiB)

/* What execve was asked for. The vectors are the program's, or the kernel's own for pid 1. */
struct exec_request {
    struct dentry *at;
    const char *path;
    unsigned lookup_flags;
    bool user;
    vaddr_t user_argv, user_envp;
    const char *argv0; /* pid 1's, then cmdline_init_args() */
};

/* What is being made of it. */
struct exec {
    struct exec_image image;
    struct exec_script script;
    struct exec_args args;
    struct exec_places places;
    struct cred *cred; /* who the program runs as */
    bool secure;       /* that is more than the caller is */
    struct uvm *uvm;
    vaddr_t entry;
    vaddr_t sp;
};

/* --- the program and its arguments --- */

/* Opens what `path` names; for a script, what interprets it. */
static int find_program(struct exec *e, const struct exec_request *r)
{
    const char *path = r->path;
    int err = exec_image_open(&e->image, r->at, path, r->lookup_flags);

    while (!err) {
        size_t len;
        const char *head = exec_image_head(&e->image, &len);
        const char *interpreter = exec_script_next(&e->script, head, len, path);

        if (!interpreter) {
            err = exec_image_parse(&e->image, path);
            if (!err)
                return 0;
        }
        exec_image_put(&e->image);
        if (err)
            return err;
        if (IS_ERR(interpreter))
            return (int)PTR_ERR(interpreter);
        path = interpreter;
        err = exec_image_open(&e->image, NULL, path, LOOKUP_FOLLOW);
    }
    return err;
}

static int kernel_strings(struct exec_args *args, const char *const *strings)
{
    int err = 0;

    for (; !err && *strings; strings++)
        err = exec_args_kernel(args, *strings);
    return err;
}

/* A script's words take the place of argv[0]. */
static int script_strings(struct exec *e)
{
    const char *text = e->script.buf + e->script.start;
    int err = 0;

    for (unsigned i = 0; !err && i < e->script.count; i++) {
        err = exec_args_kernel(&e->args, text);
        text += strlen(text) + 1;
    }
    return err;
}

static int read_argv(struct exec *e, const struct exec_request *r)
{
    int err = script_strings(e);

    if (err)
        return err;
    if (r->user) {
        err = exec_args_user(&e->args, r->user_argv, e->script.count ? 1 : 0);
    } else {
        if (!e->script.count)
            err = exec_args_kernel(&e->args, r->argv0);
        if (!err)
            err = kernel_strings(&e->args, cmdline_init_args());
    }
    /* A program may rely on argv[0] (Linux, since 5.18, sees to it likewise). */
    if (!err && !e->args.count)
        err = exec_args_kernel(&e->args, "");
    return err;
}

static int read_environment(struct exec *e, const struct exec_request *r)
{
    static const char *const first[] = {"HOME=/", "TERM=linux", NULL};
    int err;

    if (r->user)
        return exec_args_user(&e->args, r->user_envp, 0);
    err = kernel_strings(&e->args, first);
    return err ? err : kernel_strings(&e->args, cmdline_init_env());
}

static int read_strings(struct exec *e, const struct exec_request *r)
{
    int err = exec_args_begin(&e->args);

    if (!err)
        err = read_argv(e, r);
    if (!err)
        err = exec_args_end_argv(&e->args);
    if (!err)
        err = read_environment(e, r);
    return err ? err : exec_args_end_env(&e->args, r->path);
}

/*
 * Set-id bits count where the file is: a script's count for nothing, as its name leads elsewhere by then. Who gains by
 * them shares directories and umask with nobody, who might change them under the program.
 */
static int choose_cred(struct exec *e)
{
    struct inode *inode = e->image.file->inode;
    struct cred_file file;

    mutex_lock(&inode->lock); /* the bits are of this owner, and not of the one before */
    file = (struct cred_file){.mode = mount_has(inode, MOUNT_NOSUID) ? 0 : inode->mode,
                              .uid = inode->uid,
                              .gid = inode->gid};
    mutex_unlock(&inode->lock);
    e->cred = cred_for_exec(&file, &e->secure);
    if (!e->cred)
        return -ENOMEM;
    return e->secure ? proc_part_unshare(PROC_PART_FS) : 0;
}

/* --- the new address space --- */

static int write_auxv(struct exec *e, vaddr_t strings)
{
    const struct elf_image *elf = &e->image.elf;
    const u64 pairs[][2] = {
        {AT_PHDR, elf->phdr_vaddr ? e->image.bias + elf->phdr_vaddr : 0},
        {AT_PHENT, ELF_PHDR_SIZE},
        {AT_PHNUM, elf->phdr_count},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_BASE, 0},
        {AT_FLAGS, 0},
        {AT_ENTRY, e->entry},
        {AT_UID, e->cred->user.real},
        {AT_EUID, e->cred->user.effective},
        {AT_GID, e->cred->group.real},
        {AT_EGID, e->cred->group.effective},
        {AT_SECURE, e->secure},
        {AT_HWCAP, arch_hwcap()},
        {AT_CLKTCK, CLOCK_TICKS_PER_SECOND},
        {AT_RANDOM, strings},
        {AT_SYSINFO_EHDR, uvm_layout(e->uvm)->vdso},
        {AT_MINSIGSTKSZ, ARCH_SIGFRAME_SIZE},
        {AT_EXECFN, strings + e->args.name_offset},
        {AT_NULL, 0},
    };

    return exec_args_auxv(&e->args, pairs, sizeof(pairs));
}

static int make_stack(struct exec *e)
{
    struct uvm_layout *layout = uvm_layout(e->uvm);
    size_t size = ALIGN_UP(e->args.strings.used + e->args.vector.used, PAGE_SIZE) + STACK_BOOKED;
    vaddr_t top = e->places.stack_top;
    vaddr_t bottom = top - size;
    vaddr_t strings = exec_args_place(&e->args, top - e->places.stack_skew - sizeof(u64));
    unsigned rights = UVM_R | UVM_W | (e->image.elf.executable_stack ? UVM_X : 0);
    u64 before_auxv = e->args.vector.used;
    int err =
        uvm_map(e->uvm, &bottom, size, rights, UVM_FIXED | UVM_NOREPLACE | UVM_STACK, NULL, 0);

    if (!err)
        err = write_auxv(e, strings);
    if (!err)
        err = exec_args_copy(&e->args, e->uvm, strings, &e->sp);
    layout->stack_top = top;
    layout->arg_start = strings + 16;
    layout->arg_end = layout->env_start = strings + e->args.env_offset;
    layout->env_end = strings + e->args.name_offset;
    layout->auxv_start = e->sp + before_auxv;
    layout->auxv_end = e->sp + e->args.vector.used;
    return err == -EEXIST ? -ENOEXEC : err;
}

static int make_space(struct exec *e)
{
    int err;

    e->uvm = uvm_create();
    if (!e->uvm)
        return -ENOMEM;
    rlimit_apply(e->uvm, caps_has(e->cred->caps.effective, CAP_IPC_LOCK));
    exec_place(&e->places, e->secure);
    exec_image_place(&e->image, e->places.image);
    uvm_set_top(e->uvm, e->places.top);
    e->entry = e->image.bias + e->image.elf.entry;
    err = exec_image_map(&e->image, e->uvm, e->places.heap_gap);
    if (!err)
        err = vdso_map(e->uvm);
    if (!err)
        err = make_stack(e);
    if (err)
        uvm_put(e->uvm);
    return err;
}

/* --- the call --- */

/* The name that ps shows: the last component of the path, or the file's where there is no path. */
static const char *command_name(const char *path, const struct file *file)
{
    const char *slash = strrchr(path, '/');

    if (!*path && file->dentry)
        return file->dentry->name;
    return slash ? slash + 1 : path;
}

/* The point of no return. */
static void become(struct exec *e, const struct exec_request *r, struct trap_frame *tf)
{
    bool readable = !inode_permission(e->image.file->inode, R_OK);

    if (e->secure)
        current_process()->personality = 0; /* which says where its children go */
    process_exec(e->uvm, e->cred, readable, command_name(r->path, e->image.file));
    e->cred = NULL;
    exe_set(e->image.file);
    tf_init_user(tf, e->entry, e->sp);
}

static __noinline int exec_program(const struct exec_request *r, struct trap_frame *tf)
{
    struct exec e; /* too large to clear for nothing: each part is filled in by who makes it */
    int err;

    e.script = (struct exec_script){0};
    err = find_program(&e, r);
    if (err) {
        exec_script_put(&e.script);
        return err;
    }
    exec_args_init(&e.args);
    err = choose_cred(&e);
    if (!err)
        err = read_strings(&e, r);
    if (!err)
        err = make_space(&e);
    if (!err && (err = process_exec_alone()))
        uvm_put(e.uvm);
    if (!err)
        become(&e, r, tf);
    if (e.cred)
        cred_put(e.cred);
    exec_args_put(&e.args);
    exec_script_put(&e.script);
    exec_image_put(&e.image);
    return err;
}

static long exec_call(struct trap_frame *tf, int dirfd, vaddr_t path, vaddr_t argv, vaddr_t envp,
                      unsigned flags)
{
    struct args_at arg;
    int err = args_at(&arg, dirfd, path);

    if (err)
        return err;
    struct exec_request request = {
        .at = arg.at,
        .path = arg.path.text,
        .lookup_flags = (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
                        (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0),
        .user = true,
        .user_argv = argv,
        .user_envp = envp,
    };
    err = exec_program(&request, tf);
    args_at_put(&arg);
    return err;
}

SYSCALL_FRAME(execve)
{
    return exec_call(tf, AT_FDCWD, tf_arg(tf, 0), tf_arg(tf, 1), tf_arg(tf, 2), 0);
}

SYSCALL_FRAME(execveat)
{
    unsigned flags = (unsigned)tf_arg(tf, 4);

    if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return exec_call(tf, (int)tf_arg(tf, 0), tf_arg(tf, 1), tf_arg(tf, 2), tf_arg(tf, 3), flags);
}

/* --- pid 1 --- */

static int exec_kernel(const char *path, struct trap_frame *tf)
{
    struct exec_request request = {.path = path, .lookup_flags = LOOKUP_FOLLOW, .argv0 = path};
    int err = exec_program(&request, tf);

    if (!err)
        log_info("pid 1: %s", path);
    else if (err != -ENOENT)
        log_warn("pid 1: %s cannot be executed (error %d)", path, -err);
    return err;
}

/* Descriptors 0 to 2 are the console; without one they stay closed, and programs cope or not. */
static void open_console(void)
{
    struct file *file;
    int err = vfs_open(NULL, "/dev/console", O_RDWR, 0, &file);

    if (!err && fd_install(file, 0, 0) < 0) {
        file_put(file);
        err = -ENOMEM;
    }
    if (!err && (fd_dup(0, 1, 0) != 1 || fd_dup(0, 2, 0) != 2))
        err = -ENOMEM;
    if (err)
        log_warn("pid 1: /dev/console cannot be opened (error %d)", -err);
}

/* 0: pid 1 is that program now, and failalloc=K counts from here on. */
static int run_init(const char *path, struct trap_frame *tf)
{
    int err = exec_kernel(path, tf);

    if (!err)
        failalloc_start();
    return err;
}

/* init= from the command line and nothing else, or the first of the usual places that works. */
static void start_init(struct trap_frame *tf)
{
    static const char *const usual[] = {"/init", "/sbin/init", "/bin/init", "/bin/sh"};
    const char *chosen = cmdline_init_path();

    open_console();
    if (chosen) {
        int err = run_init(chosen, tf);
        if (!err)
            return;
        log_err("init=%s cannot be executed (error %d)", chosen, -err);
        process_exit(127 << 8);
    }
    for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
        if (!run_init(usual[i], tf))
            return;
    }
    log_err("no program for pid 1: the initial file system has no /init, /sbin/init or /bin/sh");
    process_exit(127 << 8);
}

static void exec_init(void)
{
    vdso_init();
    init_program_register(start_init);
}
INITCALL(INIT_FS, exec_init);
