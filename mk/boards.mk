# SPDX-License-Identifier: BSD-2-Clause
#
# What concerns single boards: the tool that judges their device trees, their cards, their emulators. The image for
# all of them is mk/build.mk's; here it is only put onto cards.

BUILD   ?= build
CACHE   ?= build/cache
PYTHON  ?= /usr/bin/python3
V       ?= 0
WERROR  ?= 0
HOST_CC ?= gcc

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: dtcheck FORCE
MAKEFLAGS += --no-builtin-rules

ifeq ($(V),1)
Q    =
say  = @:
else
Q    = @
say  = @printf '  %-7s %s\n'
endif

# --- dtcheck ----------------------------------------------------------------------------------------------------

# The kernel's own readers of device trees, compiled for this machine.
dtcheck_src := $(wildcard scripts/dtcheck/*.c) mm/region_scan.c arch/riscv/harts_tree.c drivers/match.c \
               drivers/irqchip/plic_tree.c drivers/serial/ns16550_tree.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c \
               lib/fdt_irq.c lib/interval.c lib/isa.c lib/num.c lib/string_extra.c
dtcheck_obj := $(patsubst %.c,$(BUILD)/dtcheck/%.o,$(dtcheck_src)) $(BUILD)/dtcheck/drivers.o
dtcheck_flags := -std=gnu17 -O2 -g -fno-strict-aliasing -fwrapv -DDEBUG=0 -Iscripts/dtcheck -Itests/host/include -Iinclude \
                 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wwrite-strings \
                 $(if $(filter 1,$(WERROR)),-Werror)
driver_src  := $(sort $(wildcard drivers/*/*.c))

dtcheck: $(BUILD)/dtcheck/dtcheck
	@:

$(BUILD)/dtcheck/dtcheck: $(dtcheck_obj)
	$(say) HOSTLD $@
	$(Q)$(HOST_CC) -o $@ $^

$(BUILD)/dtcheck/%.o: %.c mk/boards.mk
	$(say) HOSTCC $<
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(dtcheck_flags) -MMD -MP -c $< -o $@

$(BUILD)/dtcheck/drivers.o: $(BUILD)/dtcheck/drivers.c mk/boards.mk
	$(Q)$(HOST_CC) $(dtcheck_flags) -MMD -MP -c $< -o $@

$(BUILD)/dtcheck/drivers.c: $(driver_src) scripts/dtcheck/drivers.py
	@mkdir -p $(@D)
	$(Q)$(PYTHON) scripts/dtcheck/drivers.py $(driver_src) > $@

-include $(dtcheck_obj:.o=.d)
