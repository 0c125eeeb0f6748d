# SPDX-License-Identifier: BSD-2-Clause
#
# What is compiled for the boards: the kernel, its symbol table, the programs of ours, the initramfs, the image.
# Sources are found by wildcard, objects mirror their paths under $(BUILD). The result depends on the sources and the
# tools alone, not on the folder or the day.

BUILD  ?= build
CACHE  ?= build/cache
PYTHON ?= /usr/bin/python3
DEBUG  ?= 0
V      ?= 0
WERROR ?= 0
LLVM   ?= 0

CROSS_COMPILE ?= riscv64-unknown-elf-
ifeq ($(LLVM),1)
CC = clang
else ifeq ($(origin CC),default)
CC = $(CROSS_COMPILE)gcc
endif
ifeq ($(origin LD),default)
LD = $(CROSS_COMPILE)ld
endif
NM      ?= $(CROSS_COMPILE)nm
OBJCOPY ?= $(CROSS_COMPILE)objcopy

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all user user-libc FORCE
MAKEFLAGS += --no-builtin-rules
all: $(BUILD)/Image $(BUILD)/quire.elf $(BUILD)/initramfs.cpio

ifeq ($(V),1)
Q    =
say  = @:
else
Q    = @
say  = @printf '  %-7s %s\n'
endif

# --- the compiler -----------------------------------------------------------------------------------------------

compiler := $(shell $(CC) --version 2>/dev/null | head -n 1)
ifeq ($(compiler),)
$(error no compiler "$(CC)": `make setup` installs the default one, CROSS_COMPILE= and LLVM=1 choose another)
endif
is_clang := $(findstring clang,$(compiler))
cc       := $(CC) $(if $(is_clang),--target=riscv64-unknown-elf)

# Binutils 2.38 took the CSR and fence.i instructions out of "i"; older compilers do not know the new names.
accepts  = $(shell $(cc) -march=$(1) -mabi=$(2) -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))
first_of = $(firstword $(foreach m,$(1),$(call accepts,$(m),$(2))))
march     := $(call first_of,rv64imac_zicsr_zifencei rv64imac,lp64)
march_fpu := $(call first_of,rv64imafdc_zicsr_zifencei rv64imafdc,lp64)
ifeq ($(march),)
$(error "$(CC)" ($(compiler)) compiles no RISC-V code)
endif

# clang keeps to alignment anyway, and before version 17 does not know the word.
strict   := $(shell $(cc) -Werror -mstrict-align -march=$(march) -mabi=lp64 -x c -c /dev/null -o /dev/null \
            2>/dev/null && echo -mstrict-align)

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla \
            -Wframe-larger-than=2048 -Wwrite-strings -Wpointer-arith -Wcast-align -Wold-style-definition \
            -Wimplicit-fallthrough $(if $(filter 1,$(WERROR)),-Werror)
# Paths as seen from the top of the tree: equal sources give equal images wherever they lie.
here     := -ffile-prefix-map=$(abspath $(BUILD))=build -ffile-prefix-map=$(CURDIR)=. \
            $(if $(filter-out build,$(BUILD)),-ffile-prefix-map=$(BUILD)=build) \
            $(if $(is_clang),-fdebug-compilation-dir=.)
# gcc does not tell its assembler.
here_asm := $(if $(is_clang),,-Wa,--debug-prefix-map=$(CURDIR)=.)
# lld before version 15 does not relax, and refuses objects that expect it.
relax    := $(if $(findstring lld,$(LD)),-mno-relax)

KINC    := -I$(BUILD)/include -Iinclude -Iarch/riscv/include
KFLAGS  := -mabi=lp64 -mcmodel=medany $(relax) -g -fno-pie $(here) $(KINC) -DDEBUG=$(DEBUG)
KCFLAGS := -march=$(march) $(KFLAGS) -std=gnu17 -O2 -ffreestanding $(strict) -fno-common \
           -fno-strict-aliasing -fwrapv -fno-omit-frame-pointer -fno-stack-protector \
           -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections $(warnings)
KAFLAGS := $(KFLAGS) $(here_asm) -D__ASSEMBLY__
KLDFLAGS := -nostdlib -static --build-id=sha1 --gc-sections --fatal-warnings -z max-page-size=4096 \
            -z noexecstack
# The compiler must not turn the loop inside memset into a call of memset.
$(BUILD)/lib/string%.o: KCFLAGS += $(if $(is_clang),,-fno-tree-loop-distribute-patterns)

# What no benchmark of tests/bench runs through is compiled for size: the image stays small. Not with DEBUG=1, which tells who
# takes a lock by inlining as it is.
hot := $(addprefix arch/riscv/,causes context cpu_init enter fence icache ipi mmu signal spaces timer trap) \
       $(addprefix fs/,dentry dev eventfd eventpoll exe fdtable file fscontext inode iobuf ldisc memdev names path pipe poll \
         ramfs select tty vfs) \
       $(addprefix kernel/,exec exit fork pid posix_timer process run_queue sched% selftest_bench sig% thread tick time timer \
         trap wait) \
       $(addprefix kernel/abi/,args exec% futex layout robust syscall vdso) \
       $(addprefix kernel/abi/sys_,dir fd file io mem poll proc signal stat time) \
       $(addprefix kernel/base/,mutex percpu spinlock wait) \
       $(addprefix lib/,bitmap chacha20 elf fdt% interval radix rbtree string%) \
       $(addprefix mm/,buddy drain failalloc fault kmalloc kvm% large page% pcache pt% region% slab table usercopy uvm uvm_brk \
         uvm_large uvm_map uvm_region)

# A change of tools or flags rebuilds: each object depends on this stamp.
flags  = $(compiler) | $(cc) $(KCFLAGS) $(KAFLAGS) | $(hot) | $(LD) $(KLDFLAGS) | $(march_fpu) | $(UCFLAGS) | $(LIBC_CFLAGS)
$(BUILD)/.flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(flags)' | cmp -s - $@ || printf '%s\n' '$(flags)' > $@

# --- the kernel -------------------------------------------------------------------------------------------------

ksrc := $(filter-out arch/riscv/asm-offsets.c arch/riscv/kernel.lds.S,$(sort $(wildcard \
        arch/riscv/*.c arch/riscv/*.S lib/*.c mm/*.c kernel/*.c kernel/*/*.c fs/*.c fs/*/*.c \
        drivers/*.c drivers/*/*.c net/*.c net/*/*.c)))
kobj := $(patsubst %,$(BUILD)/%.o,$(basename $(ksrc)))
$(patsubst %.c,$(BUILD)/%.o,$(filter-out $(addsuffix .c,$(hot)),$(filter %.c,$(ksrc)))): KCFLAGS += $(if $(filter 0,$(DEBUG)),-Os)
offsets := $(if $(wildcard arch/riscv/asm-offsets.c),$(BUILD)/include/asm/offsets.h)

# mm/buddy.c and mm/buddy.S would fight for one object.
ifneq ($(words $(kobj)),$(words $(sort $(kobj))))
$(error two sources for one object: $(foreach o,$(sort $(kobj)),$(if $(filter-out 1,$(words $(filter $(o),$(kobj)))),$(o))))
endif

$(BUILD)/%.o: %.c $(BUILD)/.flags
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(cc) $(KCFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/%.o: %.S $(BUILD)/.flags $(offsets)
	$(say) AS $<
	@mkdir -p $(@D)
	$(Q)$(cc) -march=$(march) $(KAFLAGS) -MMD -MP -c $< -o $@

# Only these know the floating point registers, so that nothing else can touch them by accident.
$(BUILD)/%_fpu.o: %_fpu.S $(BUILD)/.flags $(offsets)
	$(say) AS $<
	@mkdir -p $(@D)
	$(Q)$(cc) -march=$(march_fpu) $(KAFLAGS) -MMD -MP -c $< -o $@

# Structure offsets for assembly: compiled, never run; DEFINE(SYM, value) leaves .ascii "->SYM value" behind (a
# directive, because clang parses even what it only prints).
$(BUILD)/include/asm/offsets.h: arch/riscv/asm-offsets.c $(BUILD)/.flags
	$(say) OFFSETS $<
	@mkdir -p $(@D)
	$(Q)$(cc) $(KCFLAGS) -MMD -MP -MF $(BUILD)/asm-offsets.d -MT $@ -S $< -o $(BUILD)/asm-offsets.s
	$(Q){ echo '/* Generated from $<. */'; \
	sed -n 's/^[[:space:]]*\.ascii[[:space:]]*"->\([A-Za-z0-9_]*\)[[:space:]]*[$$#]*\(-*[0-9a-fx]*\).*/#define \1 \2/p' \
	$(BUILD)/asm-offsets.s; } > $@

# The vDSO is code of the programs': linked by itself, so that it can refer to nothing of the kernel's.
vdso_obj := $(addprefix $(BUILD)/arch/riscv/vdso/,tables.o calls.o clock.o)
$(vdso_obj): KCFLAGS := $(filter-out -fno-pie -fno-omit-frame-pointer,$(KCFLAGS)) -fPIC -fno-jump-tables

$(BUILD)/vdso.elf: arch/riscv/vdso/vdso.lds $(vdso_obj)
	$(say) LD $@
	$(Q)$(LD) -nostdlib -static --no-relax --build-id=none --fatal-warnings -z max-page-size=4096 -z noexecstack \
	-T $< -o $@ $(vdso_obj)

$(BUILD)/vdso.so: $(BUILD)/vdso.elf
	$(Q)$(OBJCOPY) -O binary $< $@

$(BUILD)/arch/riscv/vdso_image.o: KAFLAGS += -DVDSO_PATH='"$(BUILD)/vdso.so"'
$(BUILD)/arch/riscv/vdso_image.o: $(BUILD)/vdso.so

# The day from which the calendar starts where there is no clock: of the last commit, whatever day the build is of.
SOURCE_DATE_EPOCH := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),1767225600)
$(BUILD)/.date: FORCE
	@mkdir -p $(@D)
	@echo '$(SOURCE_DATE_EPOCH)' | cmp -s - $@ || echo '$(SOURCE_DATE_EPOCH)' > $@
$(BUILD)/kernel/base/build.o: $(BUILD)/.date
$(BUILD)/kernel/base/build.o: KCFLAGS += -DBUILD_DATE=$(SOURCE_DATE_EPOCH)ul

$(BUILD)/arch/riscv/initramfs.o: KAFLAGS += -DINITRAMFS_PATH='"$(BUILD)/initramfs.cpio"'
$(BUILD)/arch/riscv/initramfs.o: $(BUILD)/initramfs.cpio

$(BUILD)/kernel.lds: arch/riscv/kernel.lds.S $(BUILD)/.flags $(offsets)
	$(say) LDS $<
	@mkdir -p $(@D)
	$(Q)$(cc) $(KAFLAGS) -DLINKER_SCRIPT -E -P -x assembler-with-cpp -MMD -MP -MF $@.d -MT $@ $< -o $@

# The symbol table must know the addresses of the image that holds it: link until they agree.
$(BUILD)/quire.elf: $(BUILD)/kernel.lds $(kobj) scripts/link.sh scripts/symtab.py
	$(say) LD $@
	$(Q)CC='$(cc) -march=$(march) $(KAFLAGS)' LD='$(LD) $(KLDFLAGS)' NM='$(NM)' PYTHON='$(PYTHON)' \
	scripts/link.sh $@ $(BUILD)/kernel.lds $(BUILD)/symtab $(kobj)

$(BUILD)/Image: $(BUILD)/quire.elf
	$(say) IMAGE $@
	$(Q)$(OBJCOPY) -O binary $< $@

# --- programs of ours -------------------------------------------------------------------------------------------

uarch    := $(call first_of,rv64gc rv64imafdc_zicsr_zifencei,lp64d)
UFLAGS   := -march=$(uarch) -mabi=lp64d -mcmodel=medany $(relax) -fno-pie $(here) $(here_asm) -Iuser/lib -Iinclude
UCFLAGS  := $(UFLAGS) -std=gnu17 -O2 -ffreestanding -fno-common -fno-stack-protector -fno-strict-aliasing \
            -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections $(filter-out -Wframe-larger% -Wwrite-strings,$(warnings))
ULDFLAGS := -nostdlib -static --gc-sections -z max-page-size=4096 -z noexecstack --build-id=none -s \
            -T user/lib/user.lds --fatal-warnings

ulib  := $(patsubst %,$(BUILD)/%.o,$(basename $(sort $(wildcard user/lib/*.c user/lib/*.S))))
uprog := $(patsubst %,$(BUILD)/%,$(basename $(sort $(wildcard user/*.c user/*.S))))
user: $(uprog)

$(BUILD)/user/%.o: user/%.c $(BUILD)/.flags
	$(say) UCC $<
	@mkdir -p $(@D)
	$(Q)$(cc) $(UCFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/user/%.o: user/%.S $(BUILD)/.flags
	$(say) UAS $<
	@mkdir -p $(@D)
	$(Q)$(cc) $(UFLAGS) -MMD -MP -c $< -o $@

$(uprog): $(BUILD)/user/%: $(BUILD)/user/%.o $(ulib) user/lib/user.lds
	$(say) ULD $@
	$(Q)$(LD) $(ULDFLAGS) -o $@ $(filter %.o,$^)

# The same source against two C libraries that nobody here wrote, and against one of them once more as a
# static program that is position independent (static-pie).
libc_src  := $(sort $(wildcard user/libc/*.c))
glibc     := $(libc_src:user/libc/%.c=$(BUILD)/user/glibc/%)
musl      := $(libc_src:user/libc/%.c=$(BUILD)/user/musl/%)
# ld 2.40 cannot link thread-local variables into a static-pie (it fails, or crashes).
threadlocal := user/libc/threads.c user/libc/threadwork.c
musl_pie  := $(patsubst user/libc/%.c,$(BUILD)/user/musl-pie/%,$(filter-out $(threadlocal),$(libc_src)))
have_musl  = $(wildcard $(CACHE)/musl/usr/lib/riscv64-linux-musl/libc.a)
user-libc: $(glibc) $(musl) $(musl_pie)
LIBC_CC     ?= riscv64-linux-gnu-gcc
LIBC_CFLAGS := -std=gnu17 -O2 -s -Wall -Wextra -pthread $(here) -Iuser/lib

$(glibc): $(BUILD)/user/glibc/%: user/libc/%.c $(BUILD)/.flags
	$(say) GLIBC $@
	@mkdir -p $(@D)
	$(Q)$(LIBC_CC) $(LIBC_CFLAGS) -static -MMD -MP -o $@ $< -lm

# Without the package (scripts/fetch.sh has said so) these are not made, and their tests report themselves as skipped.
musl_link = $(if $(have_musl),MUSL=$(CACHE)/musl LIBC_CC=$(LIBC_CC) scripts/musl-gcc $(1) $(LIBC_CFLAGS) -o $@ $< -lm,:)

$(musl): $(BUILD)/user/musl/%: user/libc/%.c $(CACHE)/musl.stamp scripts/musl-gcc $(BUILD)/.flags
	$(say) MUSL $@
	@mkdir -p $(@D)
	$(Q)$(call musl_link,-static)

$(musl_pie): $(BUILD)/user/musl-pie/%: user/libc/%.c $(CACHE)/musl.stamp scripts/musl-gcc $(BUILD)/.flags
	$(say) MUSL $@
	@mkdir -p $(@D)
	$(Q)$(call musl_link,-static-pie)

# --- the initramfs ----------------------------------------------------------------------------------------------

# A stamp is there even where a package could not be had: the recipe has said so, and the image goes without.
$(CACHE)/%.stamp: scripts/fetch.sh
	@scripts/fetch.sh $* $(CACHE)

etc := $(sort $(wildcard user/etc/*))
$(BUILD)/initramfs.cpio: $(uprog) $(CACHE)/busybox.stamp scripts/initramfs.py scripts/mkinitramfs.py $(etc)
	$(say) CPIO $@
	$(Q)$(PYTHON) scripts/initramfs.py --busybox $(CACHE)/busybox/usr/bin/busybox --out $@ $(uprog)

# The same, and what lies in the folder TREE, or the programs that scripts/programs.sh has built outside of this one.
$(BUILD)/programs.cpio: $(BUILD)/initramfs.cpio FORCE
	$(say) CPIO $@
	$(Q)$(PYTHON) scripts/initramfs.py --busybox $(CACHE)/busybox/usr/bin/busybox \
	--tree "$(or $(TREE),$$(scripts/programs.sh --path))" --out $@ $(uprog)

-include $(kobj:.o=.d) $(vdso_obj:.o=.d) $(ulib:.o=.d) $(uprog:=.d) $(glibc:=.d) \
         $(BUILD)/asm-offsets.d $(BUILD)/kernel.lds.d
