/* SPDX-License-Identifier: BSD-2-Clause */
/* Private mappings of /dev/zero. */
#pragma once

#include <mm/pager.h>

/* Zeroes, as many as anybody maps. Needs no references. */
extern struct pager zero_pager;
