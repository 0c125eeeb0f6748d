/* SPDX-License-Identifier: BSD-2-Clause */
/* The first program of every system, with a C library that nobody here wrote. */
#include <stdio.h>

int main(int argc, char **argv)
{
    printf("hello from %s, %d argument%s\n", argv[0], argc - 1, argc == 2 ? "" : "s");
    return 0;
}
