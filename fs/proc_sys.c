/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/sys: the figures and switches that programs ask for, a table of them. A value is one that the
 * kernel obeys or could not exceed; what it knows nothing of is not here.
 */
#include <fs/procfs.h>

#include <base/init.h>
#include <fs/fdtable.h>
#include <fs/pipe.h>
#include <fs/rng.h>
#include <kernel/caps.h>
#include <kernel/pid_ns.h>
#include <kernel/randomize.h>
#include <kernel/uts.h>
#include <lib/errno.h>
#include <lib/fmt.h>
#include <lib/num.h>
#include <mm/drain.h>
#include <mm/thp.h>
#include <mm/uvm.h>

/* --- names ----------------------------------------------------------------------------------- */

static int show_ostype(struct seq *seq)
{
    struct linux_utsname uts;

    uts_get(&uts);
    seq_print(seq, "%s\n", uts.sysname);
    return 0;
}

static int show_osrelease(struct seq *seq)
{
    seq_print(seq, "%s\n", UTS_RELEASE);
    return 0;
}

static int show_version(struct seq *seq)
{
    struct linux_utsname uts;

    uts_get(&uts);
    seq_print(seq, "%s\n", uts.version);
    return 0;
}

static int show_hostname(struct seq *seq)
{
    struct linux_utsname uts;

    uts_get(&uts);
    seq_print(seq, "%s\n", uts.nodename);
    return 0;
}

static int store_hostname(const char *text)
{
    return uts_set(UTS_HOST, text);
}

static int show_domainname(struct seq *seq)
{
    struct linux_utsname uts;

    uts_get(&uts);
    seq_print(seq, "%s\n", uts.domainname);
    return 0;
}

static int store_domainname(const char *text)
{
    return uts_set(UTS_DOMAIN, text);
}

/* --- random ---------------------------------------------------------------------------------- */

/* Version 4, variant 1 (RFC 4122, section 4.4). */
static void print_uuid(struct seq *seq, const u8 *random)
{
    for (unsigned i = 0; i < 16; i++) {
        u8 byte = random[i];

        if (i == 6)
            byte = (byte & 0x0f) | 0x40;
        if (i == 8)
            byte = (byte & 0x3f) | 0x80;
        seq_print(seq, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", byte);
    }
    seq_print(seq, "\n");
}

static int show_uuid(struct seq *seq)
{
    u8 random[16];

    rng_bytes(random, sizeof(random));
    print_uuid(seq, random);
    return 0;
}

static u8 boot_id[16];

static int show_boot_id(struct seq *seq)
{
    print_uuid(seq, boot_id);
    return 0;
}

/* --- memory ---------------------------------------------------------------------------------- */

static int show_thp(struct seq *seq)
{
    seq_print(seq, "%s\n", thp_mode_name(thp_mode()));
    return 0;
}

static int show_overcommit(struct seq *seq)
{
    seq_print(seq, "%u\n", READ_ONCE(uvm_overcommit));
    return 0;
}

/* A number of at most `most` for a switch. */
static int store_switch(u32 *to, u32 most, const char *text)
{
    u64 value;

    if (num_parse_u64(text, 0, &value) || value > most)
        return -EINVAL;
    WRITE_ONCE(*to, (u32)value);
    return 0;
}

static int store_overcommit(const char *text)
{
    return store_switch(&uvm_overcommit, 1, text);
}

static int show_randomize(struct seq *seq)
{
    seq_print(seq, "%u\n", READ_ONCE(randomize_va_space));
    return 0;
}

static int store_randomize(const char *text)
{
    return store_switch(&randomize_va_space, RANDOMIZE_HEAP_TOO, text);
}

/* As Linux's: 1, 2, 3 say what may go. Files are in memory and nowhere else; caches of free objects can go. */
static int store_drop_caches(const char *text)
{
    u64 what;

    if (num_parse_u64(text, 0, &what) || what < 1 || what > 3)
        return -EINVAL;
    mm_drain();
    return 0;
}

/* --- plain numbers --------------------------------------------------------------------------- */

static int show_pid_max(struct seq *seq)
{
    seq_print(seq, "%d\n", PID_MAX);
    return 0;
}

/* Where the next number of the reader's namespace is looked for: behind this one. */
static int show_last_pid(struct seq *seq)
{
    seq_print(seq, "%d\n", process_last_pid());
    return 0;
}

static int store_last_pid(const char *text)
{
    u64 value;

    if (!caps_have(CAP_SYS_ADMIN) && !caps_have(CAP_CHECKPOINT_RESTORE))
        return -EPERM;
    if (num_parse_u64(text, 0, &value) || value >= PID_MAX)
        return -EINVAL;
    process_set_last_pid((int)value);
    return 0;
}

static int show_cap_last_cap(struct seq *seq)
{
    seq_print(seq, "%d\n", CAP_LAST);
    return 0;
}

static int show_max_map_count(struct seq *seq)
{
    seq_print(seq, "%u\n", UVM_REGIONS_MAX);
    return 0;
}

static int show_mmap_min_addr(struct seq *seq)
{
    seq_print(seq, "%lu\n", UVM_MIN_FIXED);
    return 0;
}

static int show_pipe_max_size(struct seq *seq)
{
    seq_print(seq, "%u\n", PIPE_SIZE);
    return 0;
}

static int show_nr_open(struct seq *seq)
{
    seq_print(seq, "%u\n", FD_LIMIT);
    return 0;
}

static struct proc_file files[] = {
    {.path = "sys/kernel/ostype", .show = show_ostype},
    {.path = "sys/kernel/osrelease", .show = show_osrelease},
    {.path = "sys/kernel/version", .show = show_version},
    {.path = "sys/kernel/hostname", .mode = 0644, .show = show_hostname, .store = store_hostname},
    {.path = "sys/kernel/domainname",
     .mode = 0644,
     .show = show_domainname,
     .store = store_domainname},
    {.path = "sys/kernel/pid_max", .show = show_pid_max},
    {.path = "sys/kernel/ns_last_pid",
     .mode = 0666,
     .show = show_last_pid,
     .store = store_last_pid},
    {.path = "sys/kernel/threads-max", .show = show_pid_max},
    {.path = "sys/kernel/cap_last_cap", .show = show_cap_last_cap},
    {.path = "sys/kernel/random/uuid", .show = show_uuid},
    {.path = "sys/kernel/random/boot_id", .show = show_boot_id},
    {.path = "sys/kernel/randomize_va_space",
     .mode = 0644,
     .show = show_randomize,
     .store = store_randomize},
    {.path = "sys/vm/overcommit_memory",
     .mode = 0644,
     .show = show_overcommit,
     .store = store_overcommit},
    {.path = "sys/vm/thp", .mode = 0644, .show = show_thp, .store = thp_set_mode},
    {.path = "sys/vm/drop_caches", .mode = 0200, .store = store_drop_caches},
    {.path = "sys/vm/max_map_count", .show = show_max_map_count},
    {.path = "sys/vm/mmap_min_addr", .show = show_mmap_min_addr},
    {.path = "sys/fs/pipe-max-size", .show = show_pipe_max_size},
    {.path = "sys/fs/nr_open", .show = show_nr_open},
};

static void proc_sys_init(void)
{
    rng_bytes(boot_id, sizeof(boot_id));
    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        procfs_add(&files[i]);
}
INITCALL(INIT_LATE, proc_sys_init);
