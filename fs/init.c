/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start-up of the file layer, in two steps: what others may refer to (types, devices, what each
 * process has) at INIT_FS; the tree of names at INIT_LATE, when all drivers have registered their
 * devices. Afterwards / holds the initramfs, /dev the devices and /proc is there, so that
 * programs run with no help from a script.
 */
#include <abi/linux/fcntl.h>
#include <abi/linux/mount.h>
#include <base/init.h>
#include <base/log.h>
#include <base/panic.h>
#include <fs/dentry.h>
#include <fs/exe.h>
#include <fs/fdtable.h>
#include <fs/fscontext.h>
#include <fs/initramfs.h>
#include <fs/memdev.h>
#include <fs/memfd.h>
#include <fs/mount.h>
#include <fs/procfs.h>
#include <fs/ramfs.h>
#include <fs/rng.h>
#include <fs/sysfs.h>
#include <fs/tty.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/time.h>

/* What the counter's low bits hold after each of a few steps through memory. */
static void stir_jitter(void)
{
    u64 samples[16];
    volatile u64 *step = samples;

    for (unsigned i = 0; i < ARRAY_SIZE(samples); i++) {
        u64 at = i ? samples[i - 1] : 0;
        samples[i] = time_now_ticks() ^ step[at % (i + 1)] << 7;
    }
    rng_add(samples, sizeof(samples), false);
}

static void seed_rng(void)
{
    size_t len;
    const void *seed = boot_rng_seed(&len);

    if (len)
        rng_add(seed, len, true);
    stir_jitter();
    if (!rng_seeded())
        log_warn("rng: no seed from firmware: random numbers can be guessed");
}

static void fs_init(void)
{
    seed_rng();
    ramfs_init();
    mount_init();
    if (memfd_init())
        panic("no memory for the root of memory files");
    procfs_init();
    sysfs_init();
    proc_machine_init();
    proc_cpu_init();
    proc_memory_init();
    memdev_init();
    tty_init();
    proc_part_register(PROC_PART_FILES, &fdtable_part);
    proc_part_register(PROC_PART_FS, &fs_context_part);
    proc_part_register(PROC_PART_EXE, &exe_part);
    proc_part_register(PROC_PART_TTY, &tty_part);
}

static void mount_at(const char *type, const char *path, unsigned mode, unsigned long flags)
{
    int err = vfs_mkdir(NULL, path, mode);

    if (err == -EEXIST)
        err = 0;
    if (!err)
        err = vfs_mount(type, NULL, path, type, flags, NULL);
    if (err)
        log_err("cannot mount %s on %s: error %d", type, path, -err);
}

static void unpack_initramfs(void)
{
    size_t len;
    const void *data = boot_initrd(&len);

    if (len)
        initramfs_unpack(data, len, "initramfs");
    else
        log_warn("initramfs: none was given and none is in the image");
    boot_initrd_done();
}

static void fs_populate(void)
{
    int err = mount_first("ramfs", "ramfs");

    if (err)
        panic("no memory for the root directory (error %d)", -err);
    unpack_initramfs();
    mount_at("devtmpfs", "/dev", 0755, MS_NOSUID);
    mount_at("tmpfs", "/dev/shm", 01777, MS_NOSUID | MS_NODEV);
    mount_at("proc", "/proc", 0555, MS_NOSUID | MS_NODEV | MS_NOEXEC);
    mount_at("sysfs", "/sys", 0555, MS_NOSUID | MS_NODEV | MS_NOEXEC);
    vfs_mkdir(NULL, "/tmp", 01777);
}

INITCALL(INIT_FS, fs_init);
INITCALL(INIT_LATE, fs_populate);
