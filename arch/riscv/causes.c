/* SPDX-License-Identifier: BSD-2-Clause */
/* Causes of traps in words. */
#include <asm/csr.h>
#include <asm/traps.h>

/* Privileged specification, table "Supervisor cause register (scause) values after trap". */
static const struct trap_cause causes[] = {
    [CAUSE_FETCH_ALIGN] = {"misaligned instruction address", FAULT_ALIGN},
    [CAUSE_FETCH_ACCESS] = {"instruction access fault", FAULT_BUS},
    [CAUSE_ILLEGAL] = {"illegal instruction", FAULT_ILLEGAL},
    [CAUSE_BREAKPOINT] = {"breakpoint", FAULT_BREAKPOINT},
    [CAUSE_LOAD_ALIGN] = {"misaligned load", FAULT_ALIGN},
    [CAUSE_LOAD_ACCESS] = {"load access fault", FAULT_BUS},
    [CAUSE_STORE_ALIGN] = {"misaligned store", FAULT_ALIGN},
    [CAUSE_STORE_ACCESS] = {"store access fault", FAULT_BUS},
    [CAUSE_USER_ECALL] = {"system call", FAULT_OTHER},
    [9] = {"call to firmware that came back", FAULT_OTHER},
    [CAUSE_FETCH_PAGE] = {"instruction page fault", FAULT_EXEC},
    [CAUSE_LOAD_PAGE] = {"load page fault", FAULT_READ},
    [CAUSE_STORE_PAGE] = {"store page fault", FAULT_WRITE},
};

static const struct trap_cause unknown = {"unknown exception", FAULT_OTHER};
static const struct trap_cause interrupt = {"interrupt", FAULT_OTHER};

const struct trap_cause *trap_cause(u64 cause)
{
    if (unlikely(cause >= ARRAY_SIZE(causes)))
        return cause & SCAUSE_INTERRUPT ? &interrupt : &unknown;
    return causes[cause].words ? &causes[cause] : &unknown;
}
