#!/usr/bin/env bash
# Pack the guest's first file system and hand out its kernel: pack_first_file_system.sh KERNEL-RELEASE FOLDER
#
# The kernel is Debian's and has 9p and overlay as modules; modprobe says which others they rest on, in order.
set -euo pipefail
release=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)

mkdir -p "$work"/{bin,modules,proc,sys,dev,lower,upper,new}
cp /bin/busybox "$work/bin/"
cp "$here/first_init.sh" "$work/init"
chmod 755 "$work/init"
for module in 9p 9pnet_virtio virtio_pci overlay; do
    modprobe --set-version "$release" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
    name=$(basename "$path" .xz)
    xz -dc "$path" >"$work/modules/$name"
    echo "$name" >>"$work/modules/order"
done
cat "$work/modules/order"
(cd "$work" && find . | cpio --quiet -o -H newc | gzip -1) >"$folder/initrd"
cp "/boot/vmlinuz-$release" "$folder/vmlinuz"
