# Read only, and nothing of it is shown.
for disk in /dev/vda /dev/sda /dev/nvme0n1 /dev/xvda /dev/mem; do
  [ -e $disk ] && exec 3<$disk && break
done
