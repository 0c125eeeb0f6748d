# SPDX-License-Identifier: BSD-2-Clause
#
# The emulator of a board that QEMU does not have. It is built once, from Debian's QEMU, and kept outside of the build
# folder; QEMU_VISIONFIVE2 names a prebuilt one.

.PHONY: emulator
emulator:
	$(need) emulator
	@echo "emulator: $$(boards/visionfive2/emulator/build.sh)"
