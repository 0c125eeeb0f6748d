/* SPDX-License-Identifier: BSD-2-Clause */
/* The shape in which programs see what a process has used. */
#pragma once

#include <abi/linux/resource.h>

struct usage;

void usage_to_rusage(const struct usage *usage, struct linux_rusage *out);
