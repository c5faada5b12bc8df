# Opened for appending and closed again: nothing is written, the host stays as it is.
exec 3>>/host/sys/kernel/core_pattern
