/* SPDX-License-Identifier: BSD-2-Clause */
/* Name, version and build id of this image. */
#pragma once

#include <lib/types.h>

#define QUIRE_NAME    "Quire"
#define QUIRE_VERSION "0.1"

/* The linker's build id (SHA-1 of the image) in hex, NUL-terminated: names the very same bytes. */
const char *build_id(void);

/* Seconds from 1970 to the last commit (or to SOURCE_DATE_EPOCH): the calendar starts no earlier. */
u64 build_date(void);
