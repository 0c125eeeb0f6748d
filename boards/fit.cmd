# Quire, as one FIT image whose hashes U-Boot checks. @BOARD@
# By hand:  load @DEVICE@ @NUMBER@:@PARTITION@ ${scriptaddr} fit.scr; source ${scriptaddr}
# The image is loaded where the initramfs would be: the kernel's own place must stay free.
test -n "${devtype}" || setenv devtype @DEVICE@
test -n "${devnum}" || setenv devnum @NUMBER@
test -n "${distro_bootpart}" || setenv distro_bootpart @PARTITION@
echo "Quire: quire.itb on ${devtype} ${devnum}:${distro_bootpart}"
setenv bootargs "@BOOTARGS@"
load ${devtype} ${devnum}:${distro_bootpart} ${ramdisk_addr_r} /quire.itb
iminfo ${ramdisk_addr_r}
@BOOTM@
