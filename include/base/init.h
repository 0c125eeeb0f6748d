/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registration by linker section: start-up calls, command-line words, self-tests.
 *
 * A module announces itself where it is written, and no table elsewhere has to know it. The
 * sections are gathered by the linker script; kernel/main.c, kernel/cmdline.c and
 * kernel/selftest.c walk them.
 */
#pragma once

#include <lib/types.h>

/* Start-up levels, in the order in which they run on the boot cpu. */
#define INIT_EARLY   0 /* no allocation yet except early_alloc */
#define INIT_CONSOLE 1 /* what the log needs */
#define INIT_MM      2 /* buddy and slab work */
#define INIT_IRQ     3 /* interrupt controllers */
#define INIT_DRIVER  4 /* everything bound by the device tree */
#define INIT_FS      5 /* file systems, character devices, /proc; threads exist */
#define INIT_LATE    6 /* before pid 1 */

struct initcall {
    int level;
    void (*fn)(void);
    const char *name;
};

#define INITCALL(init_level, init_fn)                                       \
    static const struct initcall initcall_##init_fn __section(".initcalls") \
        __used = {.level = (init_level), .fn = (init_fn), .name = #init_fn}

extern const struct initcall __initcalls_start[], __initcalls_end[];

/* A command-line word: `name` (value "") or `name=value`. Handler: 0, or -EINVAL (is logged). */
struct param {
    const char *name;
    int (*handler)(const char *value);
};

#define PARAM(param_name, param_fn)                                 \
    static const struct param param_##param_fn __section(".params") \
        __used = {.name = (param_name), .handler = (param_fn)}

extern const struct param __params_start[], __params_end[];

/*
 * A self-test, run by selftest=NAME[@cpu] in place of pid 1. Returns NULL when it passed, else
 * a text that says why not. Some end in the panic that they are meant to provoke.
 */
struct selftest {
    const char *name;
    const char *(*fn)(void);
};

#define SELFTEST(test_name, test_fn)                                        \
    static const struct selftest selftest_##test_fn __section(".selftests") \
        __used = {.name = (test_name), .fn = (test_fn)}

extern const struct selftest __selftests_start[], __selftests_end[];
