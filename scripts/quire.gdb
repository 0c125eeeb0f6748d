# SPDX-License-Identifier: BSD-2-Clause
#
# For gdb under `make debug`.

set confirm off
set pagination off
set history save on
set history filename build/.gdb_history
set disassemble-next-line auto

define quire-connect
    target remote 127.0.0.1:$arg0
    # Until the kernel has turned paging on it runs where it was loaded. Hardware breakpoints need no memory there.
    hbreak kernel_main
    echo \nStopped at reset. `continue` runs to kernel_main; scripts/console.py in another terminal types to the machine.\n
end

document quire-connect
Connects to the machine's stub on the given port and breaks at the first portable function.
end
