/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does one forbidden thing, chosen by its name, so that a test can see the kernel end this program and
 * no other, and say rightly why. `faults list` prints the names. A thing that went unpunished
 * prints `faults NAME: survived` and ends with status 0.
 */
#include <abi/linux/mman.h>

#include "lib/sys.h"
#include "lib/text.h"

#define PAGE 4096ul

/* Addresses of the kernel's half under Sv39: its direct map, its image, the trampoline. */
#define KERNEL_DIRECT     0xffffffc080000000ul
#define KERNEL_IMAGE      0xffffffff80000000ul
#define KERNEL_TRAMPOLINE 0xfffffffffffff000ul
#define WILD              0x3300000000ul
#define NON_CANONICAL     0x0123456789abcdeful

int main(int argc, char **argv);

static u32 code_in_data[] = {0x00008067}; /* ret */
static const u32 constant = 1;

/* In assembly, so that no compiler can know that these are mistakes. */
static void read_at(u64 addr)
{
    u64 byte;

    __asm__ volatile("lbu %0, (%1)" : "=r"(byte) : "r"(addr) : "memory");
}

static void write_at(u64 addr)
{
    __asm__ volatile("sb %0, (%1)" : : "r"(1), "r"(addr) : "memory");
}

static void jump_to(u64 addr)
{
    __asm__ volatile("jalr ra, 0(%0)" : : "r"(addr) : "ra", "memory");
}

static void null_read(void)
{
    read_at(0);
}

static void null_write(void)
{
    write_at(8);
}

static void null_exec(void)
{
    jump_to(0);
}

static void wild_read(void)
{
    read_at(WILD);
}

static void wild_write(void)
{
    write_at(WILD);
}

static void wild_jump(void)
{
    jump_to(WILD);
}

static void non_canonical(void)
{
    read_at(NON_CANONICAL);
}

static void kernel_read(void)
{
    read_at(KERNEL_IMAGE);
}

static void kernel_write(void)
{
    write_at(KERNEL_IMAGE);
}

static void kernel_jump(void)
{
    jump_to(KERNEL_IMAGE);
}

static void direct_map_read(void)
{
    read_at(KERNEL_DIRECT);
}

static void direct_map_write(void)
{
    write_at(KERNEL_DIRECT);
}

static void trampoline_read(void)
{
    read_at(KERNEL_TRAMPOLINE);
}

static void trampoline_write(void)
{
    write_at(KERNEL_TRAMPOLINE);
}

static void trampoline_jump(void)
{
    jump_to(KERNEL_TRAMPOLINE);
}

static void text_write(void)
{
    write_at((u64)text_write);
}

static void rodata_write(void)
{
    write_at((u64)&constant);
}

static void exec_data(void)
{
    jump_to((u64)code_in_data);
}

static void exec_stack(void)
{
    volatile u32 code[1] = {code_in_data[0]};

    __asm__ volatile("fence.i" ::: "memory");
    jump_to((u64)code);
}

static void exec_heap(void)
{
    u64 end = (u64)SYS(brk, 0);

    SYS(brk, end + PAGE);
    *(volatile u32 *)end = code_in_data[0];
    __asm__ volatile("fence.i" ::: "memory");
    jump_to(end);
}

/* An atomic operation must be aligned on every RISC-V; plain accesses need not be. */
static void misaligned(void)
{
    static u32 words[2];
    u32 old;

    __asm__ volatile("amoadd.w %0, %1, (%2)" : "=r"(old) : "r"(1), "r"((u64)words + 1) : "memory");
}

static void illegal(void)
{
    __asm__ volatile(".word 0"); /* defined to be illegal */
}

static void privileged(void)
{
    __asm__ volatile("csrr zero, 0x100"); /* a supervisor's register */
}

static void breakpoint(void)
{
    __asm__ volatile("ebreak");
}

/* Behind the end of a mapped area, one byte. */
static void past_mapping(void)
{
    long addr = SYS(mmap, 0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    SYS(munmap, addr + (long)PAGE, PAGE);
    write_at((u64)addr);
    write_at((u64)addr + PAGE);
}

static void no_rights(void)
{
    long addr = SYS(mmap, 0, PAGE, 0, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    read_at((u64)addr);
}

static void read_only(void)
{
    long addr = SYS(mmap, 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    read_at((u64)addr);
    write_at((u64)addr);
}

/* Deeper than any stack, touching every page on the way. */
static u64 recurse(u64 depth)
{
    volatile char frame[1024];

    frame[0] = (char)depth;
    return depth ? recurse(depth - 1) + (u64)frame[0] : 0;
}

static void stack_overflow(void)
{
    recurse(1ul << 40);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"null-read", null_read},
    {"null-write", null_write},
    {"null-exec", null_exec},
    {"wild", wild_read},
    {"wild-write", wild_write},
    {"wild-jump", wild_jump},
    {"non-canonical", non_canonical},
    {"kernel-read", kernel_read},
    {"kernel-write", kernel_write},
    {"kernel-jump", kernel_jump},
    {"direct-map-read", direct_map_read},
    {"direct-map-write", direct_map_write},
    {"trampoline-read", trampoline_read},
    {"trampoline-write", trampoline_write},
    {"trampoline-jump", trampoline_jump},
    {"text-write", text_write},
    {"rodata-write", rodata_write},
    {"exec-data", exec_data},
    {"exec-stack", exec_stack},
    {"exec-heap", exec_heap},
    {"misaligned", misaligned},
    {"illegal", illegal},
    {"privileged", privileged},
    {"ebreak", breakpoint},
    {"past-mapping", past_mapping},
    {"no-rights", no_rights},
    {"read-only", read_only},
    {"stack-overflow", stack_overflow},
};

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "list";

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (!strcmp(name, "list"))
            print("%s\n", cases[i].name);
        if (strcmp(name, cases[i].name))
            continue;
        cases[i].run();
        print("faults %s: survived\n", name);
        return 0;
    }
    if (strcmp(name, "list"))
        warn("faults: no case %s\n", name);
    return strcmp(name, "list") ? 2 : 0;
}
