mkfs.ext4 /dev/nothing
