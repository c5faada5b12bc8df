exec 8</
cd -P /proc/self/fd/8
