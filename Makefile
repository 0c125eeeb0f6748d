# SPDX-License-Identifier: BSD-2-Clause
#
# The front door. Each target first asks scripts/setup.sh whether this machine has what the target needs (well under a
# second when it has), and then hands over: to mk/build.mk for what is compiled for the boards, to mk/host.mk for what
# is compiled for this machine. Everything that is made lies under $(BUILD). `make help` says what there is.

DEBUG ?= 0
ifeq ($(DEBUG),1)
BUILD ?= build/debug
else
BUILD ?= build
endif
# Fetched packages (busybox, musl, a second firmware) are kept here; all build directories share them.
CACHE ?= build/cache
JOBS  ?= $(shell nproc 2>/dev/null || echo 2)
# Debian's own interpreter: the pexpect and pytest that set-up installs belong to it.
PYTHON ?= /usr/bin/python3
ifeq ($(strip $(BUILD)),)
$(error BUILD= is the folder that make fills and clean empties; it cannot be nothing)
endif
ifeq ($(CI),true)
WERROR ?= 1
endif
export DEBUG BUILD CACHE PYTHON WERROR

MAKEFLAGS += --no-print-directory
parallel   = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS))
compile    = +@$(MAKE) $(parallel) -f mk/build.mk
host       = +@$(MAKE) $(parallel) -f mk/host.mk
boards     = +@$(MAKE) $(parallel) -f mk/boards.mk
need       = @scripts/setup.sh

.DEFAULT_GOAL := all
.PHONY: all run smoke test test-all bench fuzz mutants debug format check clean distclean help \
        user-libc host-tests fuzzers dtcheck sdcard flash boardtest setup cached-packages firmware picture book programs FORCE

all:
	$(need) build
	$(compile) all

# Any single file: make build/mm/buddy.o, make build/host/test_buddy
$(BUILD)/host/%: FORCE
	$(host) $@
$(CACHE)/%.stamp: FORCE
	$(compile) $@
$(BUILD)/%: FORCE
	$(compile) $@

# With BOARD=: the board's card image, through its firmware, in its emulator.
run: $(if $(BOARD),sdcard)
	$(need) run
	$(compile) all
	@$(if $(BOARD),$(PYTHON) scripts/runboard.py '$(BOARD)',scripts/run.sh)

sdcard:
	$(need) boards
	$(compile) all
	@$(PYTHON) scripts/sdcard.py '$(BOARD)' $(if $(DTB),--dtb '$(DTB)') $(if $(INITRD),--initrd '$(INITRD)')

debug:
	$(need) debug
	$(compile) all
	@scripts/debug.sh

# A page table as an SVG: PID= a process of a machine that is booted for it, self (a busybox) or kernel; RUN='command'
# is started and drawn instead; FROM= a saved session instead of a machine.
picture: PID ?= kernel
picture: OUT ?= $(BUILD)/picture.svg
picture:
	$(need) run
	$(if $(FROM),,$(compile) all)
	@scripts/ptpicture $(if $(FROM),'$(FROM)',--pid '$(PID)' $(if $(RUN),--run '$(RUN)')) -o '$(OUT)'
	@echo $(OUT)

# What of the book comes out of a machine: its pictures and the sessions of docs/page-tables.md.
book:
	$(need) test
	$(compile) all
	@scripts/ptpicture --pid kernel -o docs/pictures/kernel.svg
	@APPEND=norandmaps scripts/ptpicture --pid self -o docs/pictures/busybox.svg
	@$(PYTHON) scripts/sessions.py docs/page-tables.md

smoke test test-all:
	$(need) test
	@$(PYTHON) scripts/test.py $@

bench:
	$(need) bench
	$(compile) all $(BUILD)/user/musl/callbench $(BUILD)/user/musl/hello
	@$(PYTHON) tests/bench/run.py $(if $(filter 1,$(ACCEPT)),--accept)

mutants:
	$(need) test
	@$(PYTHON) tests/mutants/run.py

# Standard output is the report's alone.
dtcheck:
	$(if $(DTB),,$(error which device tree? DTB=some-board.dtb, and JSON=1 for a report that programs read))
	$(need) dtcheck >&2
	$(boards) dtcheck >&2
	@$(BUILD)/dtcheck/dtcheck $(if $(filter 1,$(JSON)),--json) $(addprefix --image ,$(wildcard $(BUILD)/Image)) \
	$(if $(DTB),'$(DTB)')

flash: sdcard
	@$(PYTHON) scripts/flash.py '$(BUILD)/boards/$(BOARD)/card.img' '$(DEV)'

# The owner of a board, its serial line, and a report. The card in the board was made by `make flash` from this tree.
boardtest:
	$(need) boards
	$(compile) all
	@$(PYTHON) scripts/boardtest.py '$(BOARD)' '$(TTY)'

include mk/emulator.mk

# An archive of programs that nobody here wrote, or of what lies in TREE, beside all that the image's own one has.
programs:
	$(need) build
	$(if $(TREE),,$(need) programs)
	$(if $(TREE),,@scripts/programs.sh > /dev/null)
	$(compile) $(BUILD)/programs.cpio
	@echo $(BUILD)/programs.cpio

# FUZZ_SECONDS for each target.
fuzz: FUZZ_SECONDS ?= 600
fuzz:
	$(need) test
	$(host) fuzzers
	@$(PYTHON) scripts/fuzz.py --seconds $(FUZZ_SECONDS)

# Pieces that the tests' driver asks for.
user-libc:
	$(compile) user-libc
host-tests fuzzers:
	$(host) $@

check:
	@scripts/check-format.sh || test $$? = 77; format=$$?; \
	$(PYTHON) scripts/syscalls.py --check; calls=$$?; \
	$(PYTHON) scripts/conformance.py --check; results=$$?; \
	$(PYTHON) scripts/layers.py $(if $(wildcard $(BUILD)/kernel),--objects $(BUILD)) && \
	test $$format$$calls$$results = 000

format:
	@scripts/check-format.sh --write

setup:
	$(need) test

clean:
	@rm -rf -- $(filter-out $(CACHE),$(wildcard $(BUILD)/* $(BUILD)/.flags*))

distclean:
	@rm -rf -- $(BUILD) $(CACHE)

help:
	@sed -n '/^#:/s/^#: \{0,1\}//p' Makefile

#: make            build/Image (boots on every supported board), build/quire.elf (symbols), build/initramfs.cpio
#: make run        boot to a shell in QEMU; MEM=256M SMP=4 APPEND="..." INITRD=file QEMU=qemu-system-riscv64
#: make sdcard     a card image for BOARD=virt, hifive-unleashed, hifive-unmatched or visionfive2; INITRD=file,
#:                 DTB=file, or DTB=linux for the device tree that Linux uses for the board
#: make flash      writes that image to the card DEV=/dev/sdX, reads it back and compares
#: make boardtest  runs a session on a real BOARD over its serial line TTY=/dev/ttyUSB0 and writes a report
#: make emulator   builds the emulator of the VisionFive 2, once; QEMU_VISIONFIVE2 names a prebuilt one
#: make programs   build/programs.cpio, for make run INITRD=: sqlite3, lua, dash, micropython, stress-ng; or TREE=folder
#: make run BOARD= boots that card in the board's emulator, through the board's own firmware
#: make debug      the same, stopped at the first instruction, under gdb
#: make picture    draws a page table, of PID=kernel, self or a number, of RUN="command", or FROM=session.log, as OUT=file
#: make book       makes the pictures and the sessions of docs/page-tables.md anew
#: make smoke      a first opinion in less than a minute
#: make test       format, layers, host tests, fuzzers for some seconds, boots in QEMU
#: make test-all   the same with full products and long stress
#: make bench      guest instructions per operation, beside the last accepted figures; ACCEPT=1 accepts, docs/performance.md
#: make fuzz       each fuzzer for FUZZ_SECONDS=600
#: make mutants    shows that the tests can fail
#: make dtcheck    whether the image would boot with DTB=some-board.dtb, and what it would see; JSON=1 for programs
#: make check      format and layering alone; make format writes the format
#: make clean      removes what was built; distclean the fetched packages too
#:
#: DEBUG=1 poisons and checks more (in build/debug); V=1 shows commands; WERROR=1 stops on warnings;
#: CROSS_COMPILE=riscv64-unknown-elf- chooses the tools, LLVM=1 or CC=clang the compiler; BUILD=dir, JOBS=n.
