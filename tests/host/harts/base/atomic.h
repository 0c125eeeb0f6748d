/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for <base/atomic.h>: another hart may go on before each operation. */
#pragma once

#include "../model.h"

#define MODEL_STEP(operation) (model_step(), (operation))

#define atomic_load_relaxed(p) MODEL_STEP(__atomic_load_n((p), __ATOMIC_SEQ_CST))
#define atomic_load_acquire(p) atomic_load_relaxed(p)
/* A release: earlier stores come first. */
#define atomic_store_release(p, v) \
    MODEL_STEP((model_fence(), __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)))
#define atomic_fetch_add(p, v)   MODEL_STEP(__atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST))
#define atomic_fetch_and(p, v)   MODEL_STEP(__atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST))
#define atomic_add_relaxed(p, v) ((void)atomic_fetch_add((p), (v)))
#define atomic_cas(p, old_p, new)                                                        \
    MODEL_STEP(__atomic_compare_exchange_n((p), (old_p), (new), false, __ATOMIC_SEQ_CST, \
                                           __ATOMIC_SEQ_CST))
#define atomic_fence() (model_step(), model_fence())
