/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for RISC-V's <asm/fence.h>. */
#pragma once

#include "../model.h"

#define fence_all       model_fence_all
#define fence_asid      model_fence_asid
#define fence_asid_page model_fence_asid_page
#define fence_page      model_fence_page
#define fence_fetch     model_fence_fetch
