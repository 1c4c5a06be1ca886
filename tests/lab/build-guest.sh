#!/usr/bin/env bash
# Builds a guest that boots in seconds without hardware virtualisation: a Debian cloud kernel, an initrd with busybox, the QEMU guest
# agent, a writer and a command channel, and ext4 images for its disks.
#
#   build-guest.sh [DEST]     the default is the cache
#
# Kernel options: lab.hook=SECONDS (duration of the freeze hook), lab.writer=0 (no writer), lab.agent=0 (no agent).
# Virtio ports: org.qemu.guest_agent.0; lab.progress ("READY", then "W n" a round); lab.command (a shell command a line; its output,
# then "== exit code").
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=private-apt.sh
. "$here/private-apt.sh"

suite=bookworm
dest=${1:-$(lab_cache)/guest}
stamp=$(cat "$here/build-guest.sh" "$here/guest-init.sh" | sha256sum | cut -d' ' -f1)
up_to_date() { [ "$(cat "$dest/stamp" 2>/dev/null)" = "$stamp" ]; }
if up_to_date; then
    echo "guest: $dest (cached)"
    exit 0
fi
mkdir -p "$(dirname "$dest")"
exec 9> "$dest.lock"
flock 9
if up_to_date; then
    echo "guest: $dest (cached)"
    exit 0
fi

for program in cpio mke2fs qemu-img; do
    PATH=$PATH:/usr/sbin:/sbin command -v $program > /dev/null || { echo "guest: $program is missing" >&2; exit 1; }
done
export PATH=$PATH:/usr/sbin:/sbin

work=$dest.new
rm -rf "$work"
mkdir -p "$work/unpacked" "$work/kernel" "$work/initrd"
fail() {
    echo "guest: NOT AVAILABLE: $1 (log: $work/.apt/log)" >&2
    exit 1
}
private_apt "$work/.apt" $suite || fail "no package lists"
private_apt_unpack "$work/.apt" "$work/unpacked" qemu-guest-agent busybox-static || fail "no agent packages"
kernel=$(apt-cache "${APT_OPTIONS[@]}" depends linux-image-cloud-amd64 2>> "$work/.apt/log" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
[ -n "$kernel" ] || fail "no kernel"
# Only the kernel itself: its dependencies are for an installation.
(cd "$work/kernel" && apt-get "${APT_OPTIONS[@]}" -qq download "$kernel" >> "$work/.apt/log" 2>&1) || fail "no kernel package"
dpkg-deb -x "$work"/kernel/*.deb "$work/kernel"
cp "$work"/kernel/boot/vmlinuz-* "$work/vmlinuz"

root=$work/initrd
mkdir -p "$root"/{bin,sbin,etc,dev,proc,sys,run,tmp,mnt,lib,lib64,modules,var/run,usr/sbin}
cp "$work/unpacked/bin/busybox" "$root/bin/busybox"
for applet in sh; do ln -s busybox "$root/bin/$applet"; done
cp "$here/guest-init.sh" "$root/init"
chmod +x "$root/init"

# Some of these are built into other kernels. A module that is not there is not needed.
order="virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk virtio_console crc16 crc32c_generic libcrc32c mbcache jbd2 ext4"
for module in $order; do
    file=$(find "$work/kernel/lib/modules" -name "$module.ko" | head -n 1)
    if [ -n "$file" ]; then
        cp "$file" "$root/modules/"
        echo "$module" >> "$root/modules/order"
    fi
done

ld=$(loader "$work/unpacked") || fail "no dynamic linker"
libraries=$work/unpacked/lib/x86_64-linux-gnu:$work/unpacked/usr/lib/x86_64-linux-gnu
cp "$work/unpacked/usr/sbin/qemu-ga" "$root/sbin/"
"$work/unpacked/$ld" --library-path "$libraries" --list "$root/sbin/qemu-ga" | awk '$2 == "=>" && $3 ~ "^/" { print $3 }' | while read -r library; do
    cp -L "$library" "$root/lib/"
done
cp -L "$work/unpacked/$ld" "$root/lib64/ld-linux-x86-64.so.2"

(cd "$root" && find . | cpio --quiet -o -H newc) > "$work/initrd.cpio"

# One image for each disk, so that no two file systems have the same UUID.
for disk in a b c d; do
    truncate -s 256M "$work/$disk.raw"
    mke2fs -q -F -t ext4 -L "lab-$disk" -J size=8 -E lazy_itable_init=0,lazy_journal_init=0 "$work/$disk.raw"
    qemu-img convert -f raw -O qcow2 "$work/$disk.raw" "$work/ext4-$disk.qcow2"
    rm "$work/$disk.raw"
done

rm -rf "$work/.apt" "$work/unpacked" "$work/kernel" "$work/initrd"
rm -rf "$dest"
mv "$work" "$dest"
echo "$stamp" > "$dest/stamp"
echo "guest: $dest"
