/* SPDX-License-Identifier: BSD-2-Clause */
/* The handler behind try.h: a fault at one of its instructions becomes that function's result. */
#include "try.h"
#include "sys.h"
#include "text.h"

#include <abi/linux/signal.h>

#define UCONTEXT_REGISTERS 176 /* struct ucontext up to uc_mcontext: pc, then x1 to x31 */

enum { PC, RA, A0 = 10 };

/* In try_access.S. */
extern const char try_load_at[], try_store_at[], try_call_returned[], try_call_refused[];

__noreturn static void unexpected(int sig, const struct linux_siginfo *info, const u64 *regs)
{
    warn("signal %d code %d at address %lx, pc %lx\n", sig, info->si_code, info->fault.addr,
         regs[PC]);
    SYS(exit_group, 128 + sig);
    __builtin_unreachable();
}

static void handle_fault(int sig, const struct linux_siginfo *info, char *ucontext)
{
    u64 *regs = (u64 *)(void *)(ucontext + UCONTEXT_REGISTERS);
    bool access = regs[PC] == (u64)try_load_at || regs[PC] == (u64)try_store_at;
    u64 wanted = access ? regs[A0] : regs[PC];

    if (!access && regs[RA] != (u64)try_call_returned)
        unexpected(sig, info, regs);
    regs[PC] = access ? regs[RA] : (u64)try_call_refused;
    regs[A0] =
        (u64)(info->fault.addr == wanted && info->si_signo == sig ? TRY_CODE(sig, info->si_code)
                                                                  : TRY_WRONG_ADDRESS);
}

void try_init(void)
{
    struct linux_sigaction action = {.sa_handler = (u64)handle_fault, .sa_flags = SA_SIGINFO};

    SYS(rt_sigaction, SIGSEGV, &action, 0, sizeof(u64));
    SYS(rt_sigaction, SIGBUS, &action, 0, sizeof(u64));
    SYS(rt_sigaction, SIGILL, &action, 0, sizeof(u64));
}
