/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO's headers and tables. Linkers for bare metal make no shared objects, so this is one by hand: what a
 * C library reads of it, and no more. Linked at 0, so that each address is an offset into the
 * page. Names, version and hash are those that Linux's vDSO has on riscv64.
 *
 * Source: System V gABI, chapters 4 and 5; Linux Standard Base, "Symbol Versioning".
 */
#define ET_DYN       3
#define EM_RISCV     243
#define EF_RVC       1
#define PT_LOAD      1
#define PT_DYNAMIC   2
#define PF_X_R       5
#define PF_R         4
#define DT_HASH      4
#define DT_STRTAB    5
#define DT_SYMTAB    6
#define DT_STRSZ     10
#define DT_SYMENT    11
#define DT_SONAME    14
#define DT_VERSYM    0x6ffffff0
#define DT_VERDEF    0x6ffffffc
#define DT_VERDEFNUM 0x6ffffffd
#define GLOBAL_FUNC  0x12
#define VER_FLG_BASE 1
#define VERSION_SELF 1
#define VERSION_4_15 2
#define SYMBOLS      7
#define PAGE         4096

    .section .tables, "a"

    .byte 0x7f
    .ascii "ELF"
    .byte 2, 1, 1, 0                    /* 64 bits, little-endian, version 1, System V */
    .zero 8
    .half ET_DYN, EM_RISCV
    .word 1
    .quad vdso_rt_sigreturn             /* e_entry: how the kernel finds it; nobody starts here */
    .quad program_headers, 0
    .word EF_RVC
    .half 64, 56, 2, 64, 0, 0           /* two program headers, no sections */

program_headers:
    .word PT_LOAD, PF_X_R
    .quad 0, 0, 0, PAGE, PAGE, PAGE
    .word PT_DYNAMIC, PF_R
    .quad dynamic, dynamic, dynamic, dynamic_end - dynamic, dynamic_end - dynamic, 8

dynamic:
    .quad DT_SONAME, soname - strings
    .quad DT_HASH, hash
    .quad DT_STRTAB, strings
    .quad DT_STRSZ, strings_end - strings
    .quad DT_SYMTAB, symbols
    .quad DT_SYMENT, 24
    .quad DT_VERSYM, versions
    .quad DT_VERDEF, version_definitions
    .quad DT_VERDEFNUM, 2
    .quad 0, 0
dynamic_end:

/* With one bucket, every symbol lies in one chain, and no name need be hashed. */
hash:
    .word 1, SYMBOLS
    .word 1
    .word 0, 2, 3, 4, 5, 6, 0

/* A section index must be there; where there are no sections, 1 is as good as any. */
.macro FUNCTION name
    .word name_\name - strings
    .byte GLOBAL_FUNC, 0
    .half 1
    .quad vdso_\name, 0
.endm

    .balign 8
symbols:
    .zero 24
    FUNCTION rt_sigreturn
    FUNCTION gettimeofday
    FUNCTION clock_gettime
    FUNCTION clock_getres
    FUNCTION getcpu
    FUNCTION flush_icache

versions:
    .half 0
    .rept SYMBOLS - 1
    .half VERSION_4_15
    .endr

.macro DEFINITION flags, index, hash, name, next
    .half 1, \flags, \index, 1
    .word \hash, 20, \next              /* the one name follows at once; so does the next */
    .word \name - strings, 0
.endm

    .balign 4
version_definitions:
    DEFINITION VER_FLG_BASE, VERSION_SELF, 0x0deebfa1, soname, 28
    DEFINITION 0, VERSION_4_15, 0x0ae77f75, version, 0

.macro NAME name
name_\name:
    .asciz "__vdso_\name"
.endm

strings:
    .byte 0
soname:
    .asciz "linux-vdso.so.1"
version:
    .asciz "LINUX_4.15"
    NAME rt_sigreturn
    NAME gettimeofday
    NAME clock_gettime
    NAME clock_getres
    NAME getcpu
    NAME flush_icache
strings_end:
