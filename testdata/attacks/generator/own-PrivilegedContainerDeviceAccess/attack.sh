# A file of that name: what counts is the path, and a test machine may not open its disk.
: > /dev/vdz
exec 3</dev/vdz
