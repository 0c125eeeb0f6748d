/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux: flags of getrandom. */
#ifndef ABI_LINUX_RANDOM_H
#define ABI_LINUX_RANDOM_H

#define GRND_NONBLOCK 1u
#define GRND_RANDOM   2u
#define GRND_INSECURE 4u

#endif
