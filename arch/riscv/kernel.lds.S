/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layout of the kernel image. Linked at IMAGE_BASE, loaded at any 2 MiB boundary. Each part starts
 * on a page of its own, so that the tables can give it rights of its own (base/sections.h).
 */
OUTPUT_ARCH(riscv)
ENTRY(_start)

#define PART ALIGN(4096)

PHDRS
{
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    data PT_LOAD FLAGS(6);
    note PT_NOTE FLAGS(4);
}

SECTIONS
{
    . = 0xffffffff80000000;
    __image_start = .;
    .text : {
        __text_start = .;
        KEEP(*(.head.text))
        *(.text .text.*)
        . = PART;
        __trampoline_start = .;
        KEEP(*(.trampoline))
        . = PART;
        __trampoline_end = .;
        __text_end = .;
    } :text
    .rodata : {
        __rodata_start = .;
        *(.rodata .rodata.* .srodata .srodata.*)
        . = ALIGN(8);
        __initcalls_start = .;
        KEEP(*(.initcalls))
        __initcalls_end = .;
        __params_start = .;
        KEEP(*(.params))
        __params_end = .;
        __selftests_start = .;
        KEEP(*(.selftests))
        __selftests_end = .;
        __drivers_start = .;
        KEEP(*(.drivers))
        __drivers_end = .;
    } :rodata
    .note.gnu.build-id : {
        __build_id_start = .;
        KEEP(*(.note.gnu.build-id))
        __build_id_end = .;
    } :rodata :note
    .initramfs : ALIGN(4096) {
        __initramfs_page = .;
        KEEP(*(.initramfs))
        . = PART;
        __initramfs_page_end = .;
        __rodata_end = .;
    } :rodata
    .data : ALIGN(4096) {
        __data_start = .;
        *(.data .data.* .sdata .sdata.*)
        . = ALIGN(64);
    } :data
    .bss : ALIGN(64) {
        __bss_start = .;
        *(.bss.early_tables)
        *(.bss.boot_stack)
        *(.sbss .sbss.* .bss .bss.* COMMON)
        . = ALIGN(64);
        __bss_end = .;
    } :data
    . = PART;
    __data_end = .;
    __image_end = .;
    __image_size = __image_end - __image_start;

    /DISCARD/ : { *(.eh_frame*) *(.comment) *(.riscv.attributes) *(.note.GNU-stack) *(.rela.*) }
}

ASSERT(_header_end - _start == 64, "the image header is 64 bytes")
ASSERT(__trampoline_end - __trampoline_start == 4096, "the trampoline is one page")
ASSERT(__bss_start % 64 == 0 && __bss_end % 64 == 0, "head.S clears bss in steps of 64")
