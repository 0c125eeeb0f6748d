/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Character devices: numbers, names and operations. devtmpfs shows one node for each.
 *
 * Registration is for start-up (any level from INIT_MM on) and stays for ever; a spinlock guards
 * the list against the rare late driver.
 */
#pragma once

#include <fs/file.h>
#include <fs/inode.h>

struct cdev {
    const char *name; /* in /dev */
    u32 dev;          /* DEV(major, minor) */
    u32 mode;         /* permissions, such as 0666 */
    const struct file_ops *ops;
    void *private; /* becomes file->private at open */
    struct cdev *next;
};

/* Makes a device known; the struct must stay for ever. -EEXIST: the number is taken. */
int cdev_register(struct cdev *cdev);

/* The device of that number, or NULL. */
struct cdev *cdev_find(u32 dev);

/* Walks all devices: pass NULL to start, returns NULL at the end. */
struct cdev *cdev_next(struct cdev *cdev);

/* file_ops of device inodes: open finds the driver (-ENXIO) and hands over to it. */
extern const struct file_ops cdev_file_ops;
