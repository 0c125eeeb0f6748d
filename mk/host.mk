# SPDX-License-Identifier: BSD-2-Clause
#
# What is compiled for this machine: unit tests and fuzzers of the portable parts, with sanitizers. A test says itself
# what it is made of, in lines near its top:
#
#   // sources: lib/cpio.c tests/host/softmmu.c        compiled once for all tests that share them
#   // libs: -lfdt                                     if it needs any beside cmocka
#   // includes: arch/riscv/include                    folders that go before those of all tests
#
# tests/host/test_NAME.c becomes $(BUILD)/host/test_NAME, tests/fuzz/fuzz_NAME.c becomes $(BUILD)/host/fuzz_NAME.

BUILD    ?= build
V        ?= 0
WERROR   ?= 0
HOST_CC  ?= gcc
FUZZ_CC  ?= clang

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: host-tests fuzzers FORCE
MAKEFLAGS += --no-builtin-rules
host-tests:

ifeq ($(V),1)
Q    =
say  = @:
else
Q    = @
say  = @printf '  %-7s %s\n'
endif

out := $(BUILD)/host
inc := -Itests/host/include -Itests/host -Iinclude
common := -std=gnu17 -g -fno-omit-frame-pointer -fno-strict-aliasing -fwrapv -fno-sanitize-recover=all -DHOST_TEST=1 \
          -DDEBUG=1 $(inc) -Wall -Wextra -Wshadow -Wstrict-prototypes -Wundef -Wwrite-strings -Wpointer-arith \
          -Wold-style-definition $(if $(filter 1,$(WERROR)),-Werror)
# -fwrapv defines what -fsanitize=signed-integer-overflow would report: the kernel is compiled with it, so is this.
test_flags := $(common) -O1 -fsanitize=address,undefined
fuzz_flags := $(common) -O1 -fsanitize=fuzzer-no-link,address,undefined

$(out)/.flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(HOST_CC) $(test_flags) $(FUZZ_CC) $(fuzz_flags)' | cmp -s - $@ || \
	printf '%s\n' '$(HOST_CC) $(test_flags) $(FUZZ_CC) $(fuzz_flags)' > $@

$(out)/test-obj/%.o: %.c $(out)/.flags
	$(say) HOSTCC $<
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(addprefix -I,$(call said,$<,includes)) $(test_flags) -MMD -MP -c $< -o $@

$(out)/fuzz-obj/%.o: %.c $(out)/.flags
	$(say) FUZZCC $<
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(fuzz_flags) -MMD -MP -c $< -o $@

said     = $(shell sed -n 's~^\(//\| \*\) *$(2): *~~p' $(1))
made_of  = $(patsubst %.c,$(out)/$(2)/%.o,$(1) $(call said,$(1),sources))

define test_program
$(out)/$(notdir $(basename $(1))): $(call made_of,$(1),test-obj)
	$$(say) HOSTLD $$@
	$$(Q)$(HOST_CC) $(test_flags) -o $$@ $$^ -lcmocka $(call said,$(1),libs)
host-tests: $(out)/$(notdir $(basename $(1)))
endef

define fuzz_program
$(out)/$(notdir $(basename $(1))): $(call made_of,$(1),fuzz-obj)
	$$(say) FUZZLD $$@
	$$(Q)$(FUZZ_CC) $(common) -O1 -fsanitize=fuzzer,address,undefined -o $$@ $$^ $(call said,$(1),libs)
fuzzers: $(out)/$(notdir $(basename $(1)))
endef

$(foreach t,$(sort $(wildcard tests/host/test_*.c)),$(eval $(call test_program,$(t))))
$(foreach t,$(sort $(wildcard tests/fuzz/fuzz_*.c)),$(eval $(call fuzz_program,$(t))))

-include $(shell find $(out)/test-obj $(out)/fuzz-obj -name '*.d' 2>/dev/null)
