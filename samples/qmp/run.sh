#!/usr/bin/env bash
# Starts a VM with a small Linux guest, and runs every sample of this folder with it, in a few seconds.
#
#   samples/qmp/run.sh
#
# It needs the .NET 10 SDK and qemu-system-x86_64. QMP_SAMPLE names the built program; without it the script builds it.
# QEMU names another qemu-system-x86_64. tests/lab/build-guest.sh builds the guest.
set -euo pipefail
repository=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
qemu=${QEMU:-qemu-system-x86_64}
guest=${QBACKUP_LAB:-${XDG_CACHE_HOME:-$HOME/.cache}/qbackup-lab}/guest
[ -e "$guest/stamp" ] || "$repository/tests/lab/build-guest.sh"

sample=${QMP_SAMPLE:-}
if [ -z "$sample" ]; then
    dotnet build "$repository/samples/qmp" -c Release -v quiet --nologo --tl:off
    sample=$repository/samples/qmp/bin/Release/net10.0/qmp-sample
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/qmp-sample.XXXXXX")
vms=()
clean_up() {
    for one in "${vms[@]}"; do
        kill "$one" 2> /dev/null || true
        wait "$one" 2> /dev/null || true
    done
    rm -rf "$work"
}
trap clean_up EXIT
fail() { echo "run.sh: FAILED: $*" >&2; cat "$work"/*.log >&2; exit 1; }
run() { printf '$ qmp-sample %s\n' "${*//$work/\$W}"; "$sample" "$@" || fail "qmp-sample $1"; }

# start NAME DISK [ARG]...: a VM with one disk, a screen, a free PCI slot, and the port of the guest agent.
start() {
    local name=$1 disk=$2 port
    shift 2
    local arguments=(-nodefaults -no-user-config -display none -machine q35,accel=tcg -cpu max -m 128
        -kernel "$guest/vmlinuz" -initrd "$guest/initrd.cpio" -append "console=ttyS0 quiet lab.writer=0"
        -serial "file:$work/$name.serial" -device VGA -device "pcie-root-port,id=port1,chassis=1"
        -blockdev "driver=raw,node-name=disk,file.driver=file,file.filename=$disk" -device virtio-blk-pci,drive=disk,id=vda
        -device virtio-serial-pci -qmp "unix:$work/$name.qmp,server=on,wait=off")
    for port in org.qemu.guest_agent.0 lab.progress lab.command; do
        arguments+=(-chardev "socket,id=$port,path=$work/$name.$port,server=on,wait=off"
            -device "virtserialport,chardev=$port,name=$port")
    done
    "$qemu" "${arguments[@]}" "$@" 2> "$work/$name.log" &
    vms+=($!)
    for _ in $(seq 400); do
        # The kernel's list of sockets says whether QEMU listens: a connection to try would be taken for the client.
        if grep -q " 00010000 .* $work/$name.qmp\$" /proc/net/unix; then return; fi
        kill -0 $! 2> /dev/null || fail "QEMU did not start"
        sleep 0.05
    done
    fail "QEMU does not listen"
}

head -c 16M /dev/urandom > "$work/old.img"
truncate -s 64M "$work/old.img"
truncate -s 32M "$work/extra.img"
start source "$work/old.img"
source=unix:$work/source.qmp

run guest-exec "unix:$work/source.org.qemu.guest_agent.0" /bin/uname -sr
run hotplug "$source" "$work/extra.img" port1
run mirror "$source" disk "$work/new.img"
cmp "$work/old.img" "$work/new.img" || fail "the copy differs"
run screendump "$source" "$work/screen.png"
[ "$(head -c 4 "$work/screen.png" | tail -c 3)" = PNG ] || fail "this is no PNG"

start target "$work/new.img" -incoming defer
run migrate "$source" "unix:$work/target.qmp" "$work/migration"
run guest-exec "unix:$work/target.org.qemu.guest_agent.0" /bin/echo "The guest runs on in the second QEMU."
echo "All samples passed."
