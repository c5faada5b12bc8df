#!/bin/sh
# Unpacks Debian's kernel for virtual machines below the folder that is given, once, and prints where: `vmlinuz` and the
# modules that tests load. Nothing is installed. 77: it cannot be had here.
set -eu
folder=$1
# Tests that run at the same time ask at the same time.
mkdir -p "$folder" && exec 9> "$folder/lock" && flock 9
command -v apt-get >/dev/null || { echo "Debian's packages cannot be fetched here: apt-get is missing" >&2; exit 77; }
package() { apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1; }
name=$(package)
if [ -z "$name" ] && [ "$(id -u)" = 0 ]; then
    apt-get update -qq >&2
    name=$(package)
fi
if [ -z "$name" ]; then
    # Without lists of packages what was fetched before still serves.
    for made in "$folder"/linux-image-*; do [ -e "$made/complete" ] && echo "$made" && exit 0; done
    echo "no linux-image-cloud-amd64 among the packages of this machine" >&2
    exit 77
fi
to=$folder/$name
if [ ! -e "$to/complete" ]; then
    rm -rf "$to" && mkdir -p "$to/deb"
    # Lists may be older than the archive.
    (cd "$to/deb" && { apt-get download -qq "$name" || { apt-get update -qq && apt-get download -qq "$name"; }; }) >&2 || exit 77
    dpkg-deb --fsys-tarfile "$to"/deb/*.deb |
        tar -x -C "$to" --wildcards './boot/vmlinuz-*' '*/fs/overlayfs/overlay.ko*' '*/drivers/net/dummy.ko*'
    mv "$to"/boot/vmlinuz-* "$to/vmlinuz"
    find "$to" -name '*.ko*' -exec mv {} "$to/" \;
    find "$to" -name '*.ko.xz' -exec xz -d {} \;
    rm -rf "$to/deb" "$to/boot" "$to/lib" "$to/usr"
    touch "$to/complete"
fi
echo "$to"
