/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/elf.c
/*
 * The ELF parser on programs assembled here header by header, each wrong in one way, and on damaged
 * ones, whose accepted results must still keep every promise of the header file.
 */
#include "elf_promises.h"
#include "lib_test.h"
#include <elf.h>
#include <lib/elf.h>
#include <lib/errno.h>
#include <string.h>

#define MAX_VADDR (1ul << 38)
#define PAGE      4096ul

/* A small program: headers and text, then data with bss, as linkers lay it out. */
struct program {
    Elf64_Ehdr ehdr;
    Elf64_Phdr phdr[5];
    u8 rest[0x1800];
};

static struct program good(void)
{
    struct program p = {
        .ehdr = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                 .e_type = ET_EXEC,
                 .e_machine = EM_RISCV,
                 .e_version = EV_CURRENT,
                 .e_entry = 0x10200,
                 .e_phoff = sizeof(Elf64_Ehdr),
                 .e_flags = 5, /* compressed instructions, double float */
                 .e_ehsize = sizeof(Elf64_Ehdr),
                 .e_phentsize = sizeof(Elf64_Phdr),
                 .e_phnum = 5},
        .phdr = {{PT_LOAD, PF_R | PF_X, 0, 0x10000, 0x10000, 0xf00, 0xf00, PAGE},
                 {PT_LOAD, PF_R | PF_W, 0xf00, 0x11f00, 0x11f00, 0x300, 0x2000, PAGE},
                 {PT_TLS, PF_R, 0xf00, 0x11f00, 0x11f00, 8, 16, 8},
                 {PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16},
                 {PT_NOTE, PF_R, 0xe00, 0x10e00, 0x10e00, 0x20, 0x20, 4}},
    };

    return p;
}

static int parse(const struct program *p, struct elf_image *image)
{
    const struct elf_source source = {.head = p, .head_size = PAGE, .file_size = sizeof(*p)};

    return elf_parse(&source, MAX_VADDR, image);
}

static void assert_refused(const struct program *p, const char *reason)
{
    struct elf_image image;

    assert_int_equal(parse(p, &image), -ENOEXEC);
    assert_string_equal(image.reason, reason);
}

static void a_fixed_program(void **state)
{
    struct program p = good();
    struct elf_image image;

    (void)state;
    assert_int_equal(parse(&p, &image), 0);
    assert_null(image.reason);
    assert_int_equal(image.entry, 0x10200);
    assert_int_equal(image.phdr_vaddr, 0x10040);
    assert_int_equal(image.phdr_count, 5);
    assert_false(image.position_independent || image.executable_stack);
    assert_true(image.low == 0x10000 && image.high == 0x13f00 && image.align == PAGE);
    assert_int_equal(image.arch_flags, 5);
    assert_int_equal(image.segment_count, 2);
    assert_int_equal(image.segments[0].flags, ELF_R | ELF_X);
    assert_int_equal(image.segments[1].flags, ELF_R | ELF_W);
    assert_int_equal(image.segments[1].vaddr, 0x11f00);
    assert_int_equal(image.segments[1].offset, 0xf00);
    assert_int_equal(image.segments[1].filesz, 0x300);
    assert_int_equal(image.segments[1].memsz, 0x2000);
}

static void a_position_independent_program(void **state)
{
    struct program p = good();
    struct elf_image image;

    (void)state;
    p.ehdr.e_type = ET_DYN;
    p.ehdr.e_entry -= 0x10000;
    for (int i = 0; i < 3; i++)
        p.phdr[i].p_vaddr -= 0x10000;
    p.phdr[4] = (Elf64_Phdr){PT_PHDR, PF_R, 64, 64, 64, 5 * 56, 5 * 56, 8};
    p.phdr[3].p_flags |= PF_X;
    assert_int_equal(parse(&p, &image), 0);
    assert_true(image.position_independent && image.executable_stack);
    assert_true(image.low == 0 && image.phdr_vaddr == 64 && image.entry == 0x200);
    p.phdr[4].p_vaddr = 0x1000;
    assert_refused(&p, "program headers are not where they say");
}

static void headers_that_are_refused(void **state)
{
    struct program p;
    struct elf_image image;
    struct elf_source source = {.head = &p, .head_size = PAGE, .file_size = sizeof(p)};

    (void)state;
#define REFUSED(change, reason)     \
    do {                            \
        p = good();                 \
        change;                     \
        assert_refused(&p, reason); \
    } while (0)
    REFUSED(p.ehdr.e_ident[0] = 0, "not an ELF file");
    REFUSED(memcpy(&p, "#!/bin/sh\n", 10), "not an ELF file");
    REFUSED(p.ehdr.e_ident[EI_CLASS] = ELFCLASS32, "not a 64-bit ELF file");
    REFUSED(p.ehdr.e_ident[EI_DATA] = ELFDATA2MSB, "not a little-endian ELF file");
    REFUSED(p.ehdr.e_ident[EI_VERSION] = 0, "unknown ELF version");
    REFUSED(p.ehdr.e_version = 2, "unknown ELF version");
    REFUSED(p.ehdr.e_machine = EM_X86_64, "not built for RISC-V");
    REFUSED(p.ehdr.e_type = ET_REL, "not an executable");
    REFUSED(p.ehdr.e_type = ET_CORE, "not an executable");
    REFUSED(p.ehdr.e_flags = 8, "built for RV64E");
    REFUSED(p.ehdr.e_flags = 6, "built for the quad-precision float ABI");
    REFUSED(p.ehdr.e_ehsize = 63, "ELF header too small");
    REFUSED(p.ehdr.e_phnum = 0, "no program headers");
    REFUSED(p.ehdr.e_phnum = 65, "too many program headers");
    REFUSED(p.ehdr.e_phnum = 0xffff, "too many program headers");
    REFUSED(p.ehdr.e_phentsize = 32, "program headers of a wrong size");
    REFUSED(p.ehdr.e_phoff = sizeof(p) - 56, "program headers outside the file");
    REFUSED(p.ehdr.e_phoff = ~0ul, "program headers outside the file");
    REFUSED(p.ehdr.e_phoff = PAGE - 56, "program headers behind the first page");
    for (source.head_size = 0; source.head_size < 64; source.head_size++)
        assert_int_equal(elf_parse(&source, MAX_VADDR, &image), -ENOEXEC);
}

static void segments_that_are_refused(void **state)
{
    struct program p;

    (void)state;
    REFUSED(p.phdr[4].p_type = PT_INTERP, "dynamically linked");
    REFUSED(p.phdr[1].p_filesz = 0x2001, "segment larger in the file than in memory");
    REFUSED(p.phdr[1].p_offset = sizeof(p) - 0x100, "segment outside the file");
    REFUSED(p.phdr[1].p_offset = ~0ul, "segment outside the file");
    REFUSED((p.phdr[1].p_filesz = p.phdr[1].p_memsz = ~0ul), "segment outside the file");
    REFUSED(p.phdr[1].p_memsz = ~0ul, "segment outside user memory");
    REFUSED(p.phdr[1].p_vaddr = MAX_VADDR - 0x100, "segment outside user memory");
    REFUSED(p.phdr[1].p_vaddr = 0xffffffff80000f00ul, "segment outside user memory");
    REFUSED(p.phdr[0].p_vaddr = 0, "segment in the first page");
    REFUSED(p.phdr[0].p_vaddr = 0xfff, "segment in the first page");
    REFUSED(p.phdr[1].p_vaddr = 0xff00, "segments overlap or are not ascending");
    REFUSED(p.phdr[1].p_vaddr = 0x10eff, "segments overlap or are not ascending");
    REFUSED(p.phdr[1].p_vaddr = 0x10f00, "two segments share a page");
    REFUSED(p.phdr[1].p_align = 0x1800, "segment alignment is not a power of two");
    REFUSED(p.phdr[1].p_vaddr = 0x11f08,
            "segment's address and file offset differ within the page");
    REFUSED(p.phdr[1].p_align = 0x10000,
            "segment's address and file offset differ within its alignment");
    REFUSED(p.ehdr.e_entry = 0x10201, "entry point outside the program's code");
    REFUSED(p.ehdr.e_entry = 0x11f00, "entry point outside the program's code");
    REFUSED(p.ehdr.e_entry = 0x10f00, "entry point outside the program's code");
    REFUSED(p.ehdr.e_entry = 0, "entry point outside the program's code");
    REFUSED(p.phdr[0].p_flags = PF_R, "entry point outside the program's code");
    REFUSED((p.phdr[0].p_type = p.phdr[1].p_type = PT_NULL), "nothing to load");
    REFUSED((p.phdr[0].p_filesz = p.phdr[0].p_memsz = p.phdr[1].p_filesz = p.phdr[1].p_memsz = 0),
            "nothing to load");
}

static void what_is_unusual_but_fine(void **state)
{
    struct program p = good();
    struct elf_image image;

    (void)state;
    p.phdr[0].p_align = 0;      /* 0 and 1 mean none */
    p.phdr[2].p_type = PT_LOAD; /* an empty segment says nothing */
    p.phdr[2].p_filesz = p.phdr[2].p_memsz = 0;
    assert_int_equal(parse(&p, &image), 0);
    assert_int_equal(image.segment_count, 2);
    p.phdr[1].p_filesz = 0; /* only bss: its file offset does not matter */
    p.phdr[1].p_offset = 3;
    assert_int_equal(parse(&p, &image), 0);
    p = good();
    p.phdr[1].p_memsz = MAX_VADDR - p.phdr[1].p_vaddr;
    assert_int_equal(parse(&p, &image), 0);
    assert_true(image.high == MAX_VADDR);
    p = good();
    p.phdr[0].p_offset = 0x1000; /* the headers are not loaded */
    p.phdr[1].p_offset = sizeof(p) + 1;
    p.phdr[1].p_filesz = 0;
    p.phdr[0].p_filesz = 0x800;
    assert_int_equal(parse(&p, &image), 0);
    assert_int_equal(image.phdr_vaddr, 0);
}

struct file {
    const u8 *bytes;
    size_t size;
    int reads;
    int error;
};

static int read_file(void *context, u64 offset, void *buf, size_t n)
{
    struct file *file = context;

    file->reads++;
    assert_true(offset <= file->size && n <= file->size - offset);
    if (file->error)
        return file->error;
    memcpy(buf, file->bytes + offset, n);
    return 0;
}

static void program_headers_anywhere_in_the_file(void **state)
{
    struct program p = good();
    struct file file = {(const u8 *)&p, sizeof(p), 0, 0};
    struct elf_source source = {&p, PAGE, sizeof(p), read_file, &file};
    struct elf_image image;

    (void)state;
    memcpy((u8 *)&p + PAGE - 100, p.phdr, sizeof(p.phdr)); /* the first lies in the head, just */
    p.ehdr.e_phoff = PAGE - 100;
    assert_int_equal(elf_parse(&source, MAX_VADDR, &image), 0);
    assert_int_equal(file.reads, 4);
    assert_int_equal(image.segment_count, 2);
    file.error = -EIO;
    assert_int_equal(elf_parse(&source, MAX_VADDR, &image), -EIO);
}

static void damaged_programs(void **state)
{
    static const u64 values[] = {0,         1,         0xfff, 0x1000,  0x10000,
                                 MAX_VADDR, 1ul << 63, ~0ul,  ~0xffful};
    int accepted = 0;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        struct program p = good();
        struct elf_image image;
        u8 *bytes = (u8 *)&p;

        for (u64 n = 1 + random_below(4); n; n--) {
            size_t at = 8 * random_below((sizeof(p.ehdr) + sizeof(p.phdr)) / 8);

            if (random_below(2))
                bytes[at + random_below(8)] ^= (u8)(1 << random_below(8));
            else
                memcpy(bytes + at, &values[random_below(ARRAY_SIZE(values))], 8);
        }
        if (parse(&p, &image)) {
            assert_non_null(image.reason);
            continue;
        }
        assert_true(elf_keeps_promises(&image, MAX_VADDR, sizeof(p)));
        accepted++;
    }
    assert_in_range(accepted, 2000, 198000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fixed_program),
        cmocka_unit_test(a_position_independent_program),
        cmocka_unit_test(headers_that_are_refused),
        cmocka_unit_test(segments_that_are_refused),
        cmocka_unit_test(what_is_unusual_but_fine),
        cmocka_unit_test(program_headers_anywhere_in_the_file),
        cmocka_unit_test(damaged_programs),
    };

    random_start("test_lib_elf");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
