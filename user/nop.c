/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest program: begins and ends. What benchmarks and storms execute. */
int main(void);

int main(void)
{
    return 0;
}
