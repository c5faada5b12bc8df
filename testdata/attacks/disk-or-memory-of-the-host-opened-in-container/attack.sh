# For reading only, and nothing of it is read.
for disk in /dev/[svx]d[a-z] /dev/xvd[a-z] /dev/nvme[0-9]*; do
  [ -e $disk ] && exec 3<$disk
done
