/* SPDX-License-Identifier: BSD-2-Clause */
/* The devices without hardware: null, zero, full, random, urandom, kmsg. */
#pragma once

/* Registers them. At start-up. */
void memdev_init(void);
