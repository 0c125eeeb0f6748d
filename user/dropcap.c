/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dropcap NUMBER PROGRAM [ARGUMENTS]: runs a program without one capability. There is no user but root to
 * become; what a program of another user lacks can be taken out of the bounding set.
 */
#include <abi/linux/prctl.h>

#include "lib/sys.h"
#include "lib/text.h"

int main(int argc, char **argv, char **envp);

int main(int argc, char **argv, char **envp)
{
    long err;

    if (argc < 3) {
        warn("usage: dropcap NUMBER PROGRAM [ARGUMENTS]\n");
        return 2;
    }
    err = SYS(prctl, PR_CAPBSET_DROP, text_number(argv[1]), 0, 0, 0);
    if (!err)
        err = SYS(execve, argv[2], argv + 2, envp);
    warn("dropcap: %s: error %d\n", argv[2], (int)-err);
    return 1;
}
