# Quire, for U-Boot's boot scripts. @BOARD@
# U-Boot says where the script came from; by hand:  load @DEVICE@ @NUMBER@:@PARTITION@ ${scriptaddr} boot.scr; source ${scriptaddr}
test -n "${devtype}" || setenv devtype @DEVICE@
test -n "${devnum}" || setenv devnum @NUMBER@
test -n "${distro_bootpart}" || setenv distro_bootpart @PARTITION@
echo "Quire: boot.scr on ${devtype} ${devnum}:${distro_bootpart}"
setenv bootargs "@BOOTARGS@"
setenv quire_tree ${fdtcontroladdr}
if load ${devtype} ${devnum}:${distro_bootpart} ${fdt_addr_r} /board.dtb; then
    setenv quire_tree ${fdt_addr_r}
fi
load ${devtype} ${devnum}:${distro_bootpart} ${kernel_addr_r} /Image
load ${devtype} ${devnum}:${distro_bootpart} ${ramdisk_addr_r} /initramfs.cpio
booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${quire_tree}
