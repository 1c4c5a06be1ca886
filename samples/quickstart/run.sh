#!/usr/bin/env bash
# Pull-mode backups from start to finish, on a real VM, in about a minute.
#
#   samples/quickstart/run.sh [--keep]
#
# On a Debian machine with the .NET 10 SDK. It installs QEMU and libnbd's tools if they are missing, builds qbackup, starts a VM
# with two disks, and takes a full backup, one that is aborted, and an increment. nbdcopy and qemu-img read everything while
# the guest goes on writing. The result is compared byte for byte with a record of what the guest has written. Then qbackup
# alone does the same, with a repository.
#
#   --keep    keep the working directory: disks, backups, logs
#
# Only the build remains, in artifacts/quickstart.
set -euo pipefail
repository=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
export LC_ALL=C.UTF-8 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

keep=0
case ${1:-} in
    --keep) keep=1 ;;
    '') ;;
    *) sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$'\e[1m' faint=$'\e[2m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' faint='' green='' plain=''
fi
title() { step=$((step + 1)); printf '\n%s%d. %s%s\n' "$bold" "$step" "$*" "$plain"; }
say() { printf '   %s\n' "$*"; }
good() { printf '   %sok%s %s\n' "$green" "$plain" "$*"; }
fail() { printf 'quickstart: FAILED: %s\n' "$*" >&2; exit 1; }
indent() { sed "s|$work|\$W|g; s/^/   /; s/ *$//"; }
# Shows a command, runs it, and shows its output, with $W for the long name of the working directory.
show() { show_until '^$impossible^' "$@"; }
# The same, up to a line that matches.
show_until() {
    local last=$1
    shift
    printf '%s$ %s%s\n' "$faint" "$*" "$plain" | indent
    "$@" > "$work/shown" 2>&1 || { indent < "$work/shown" >&2; fail "'$*' failed"; }
    sed "/$last/,\$d" "$work/shown" | indent
}
step=0 began=$SECONDS

# Everything that this script makes is in its own directory, so it can run many times, also at the same time.
work=$(mktemp -d "${TMPDIR:-/tmp}/qbackup-quickstart.XXXXXX")
vm='' writer=''
clean_up() {
    local code=$?
    trap '' INT TERM
    for one in $writer $vm; do
        kill "$one" 2> /dev/null || true
        wait "$one" 2> /dev/null || true
    done
    if [ $keep -eq 1 ]; then echo "Kept: $work"; else rm -rf "$work"; fi
    exit $code
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ------------------------------------------------------------------------------------------------------------------------
title "What this script needs"
(cd "$repository" && dotnet --version) > "$work/dotnet.log" 2>&1 || { cat "$work/dotnet.log" >&2; fail "the .NET 10 SDK is needed: https://dot.net/download"; }
missing=()
for pair in qemu-system-x86_64:qemu-system-x86 qemu-img:qemu-utils nbdcopy:libnbd-bin; do
    command -v "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]} ..."
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    { "${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}"
    } > "$work/apt.log" 2>&1 || { tail -n 20 "$work/apt.log" >&2; fail "could not install ${missing[*]}"; }
fi
say "$(qemu-system-x86_64 --version | head -n 1), nbdcopy $(nbdcopy --version | awk 'NR == 1 { print $2 }'), .NET $(cat "$work/dotnet.log")"

say "building qbackup ..."
# Only one script at a time builds, and each runs its own copy. No analyzers: they are for the tests.
mkdir -p "$repository/artifacts"
(
    flock 9
    dotnet publish "$repository/src/QmpBackup.Cli" -c Release --artifacts-path "$repository/artifacts/quickstart" -v quiet --tl:off \
        --disable-build-servers -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false &&
        cp -r "$repository/artifacts/quickstart/publish/QmpBackup.Cli/release" "$work/bin"
) 9> "$repository/artifacts/quickstart.lock" > "$work/build.log" 2>&1 || { tail -n 20 "$work/build.log" >&2; fail "could not build qbackup"; }
PATH=$work/bin:$PATH
say "$(qbackup --version)"

# ------------------------------------------------------------------------------------------------------------------------
title "A VM with two disks"
# Firmware that halts the CPU at once: the VM runs, has nothing to boot, and uses no processor time.
truncate -s 64K "$work/halt.bin"
printf '\xfa\xf4\xeb\xfd' | dd of="$work/halt.bin" bs=1 seek=65520 conv=notrunc status=none
qemu-img create -q -f qcow2 "$work/system.qcow2" 256M
truncate -s 96M "$work/data.img"
qemu-system-x86_64 -name quickstart -machine q35,accel=tcg -m 32 -nodefaults -no-user-config -display none -bios "$work/halt.bin" \
    -blockdev "driver=file,node-name=system-file,filename=$work/system.qcow2" \
    -blockdev driver=qcow2,node-name=system,file=system-file \
    -device virtio-blk-pci,drive=system,id=vda \
    -drive "if=none,id=drive1,format=raw,file=$work/data.img" \
    -device virtio-blk-pci,drive=drive1,id=data \
    -qmp "unix:$work/vm.qmp,server=on,wait=off" \
    -qmp "unix:$work/guest.qmp,server=on,wait=off" > "$work/vm.log" 2>&1 &
vm=$!
for _ in $(seq 200); do
    [ -S "$work/guest.qmp" ] && break
    kill -0 $vm 2> /dev/null || { cat "$work/vm.log" >&2; fail "QEMU did not start"; }
    sleep 0.05
done
export QBACKUP_QMP=unix:$work/vm.qmp QBACKUP_SCRATCH_DIR=$work

# The record: plain bytes that dd writes next to the VM, at the same offsets. It holds what the guest has written.
truncate -s 256M "$work/system.record"
truncate -s 96M "$work/data.record"

# guest_write DISK BYTE OFFSET-IN-KIB LENGTH-IN-KIB: writes through the guest's own device.
guest_write() {
    local disk=$1 byte=$2 offset=$3 length=$4 device=vda answer
    [ "$disk" = system ] || device=$disk
    answer=$(qbackup qmp human-monitor-command --qmp "unix:$work/guest.qmp" \
        "{\"command-line\": \"qemu-io -d /machine/peripheral/$device/virtio-backend \\\"write -P $byte ${offset}k ${length}k\\\"\"}")
    [ "$answer" = '""' ] || fail "the guest could not write: $answer"
    grep -q "^wrote $((length * 1024))/$((length * 1024)) bytes at offset $((offset * 1024))\$" <(tail -n 4 "$work/vm.log") ||
        fail "the guest could not write: $(tail -n 4 "$work/vm.log")"
    head -c "${length}K" /dev/zero | tr '\000' "\\$(printf %03o "$byte")" |
        dd of="$work/$disk.record" bs=64K seek=$((offset * 1024)) oflag=seek_bytes conv=notrunc status=none
}

# The guest goes on writing, over old and new data, until guest_stops.
guest_keeps_writing() {
    rm -f "$work/stop"
    : > "$work/written"
    (
        trap - EXIT
        # It begins at the same place each time, so that it also overwrites what the increment reads.
        for round in $(seq 0 60); do
            [ ! -e "$work/stop" ] || exit 0
            guest_write system $(($1 + round)) $((round * 4096)) 256
            guest_write data $(($1 + round)) $((round * 1024 + 32)) 96
            echo "$round" >> "$work/written"
        done
    ) &
    writer=$!
    # From here on, parts of the data that is still to be read are already overwritten.
    while [ ! -s "$work/written" ]; do
        kill -0 $writer 2> /dev/null || fail "the guest stopped writing"
        sleep 0.05
    done
}
guest_stops() {
    touch "$work/stop"
    wait $writer || fail "the guest stopped writing"
    writer=''
    say "In the meantime the guest has written $((2 * $(wc -l < "$work/written"))) times, also over the data that was being read."
}

for i in 0 1 2 3; do guest_write system $((16 + i)) $((i * 10240)) 4096; done
for i in 0 1 2; do guest_write data $((32 + i)) $((i * 8192)) 2048; done
say "system: qcow2, 256 MiB.  data: raw, 96 MiB.  The guest has written 22 MiB.  \$W is $work."
show qbackup inspect

# ------------------------------------------------------------------------------------------------------------------------
# open_backup NAME: opens a backup, and keeps a copy of the record of this moment.
open_backup() {
    if [ "$1" = one ]; then show qbackup start; else show_until '^Which parts' qbackup start; fi
    for disk in system data; do cp --sparse=always "$work/$disk.record" "$work/$disk.$1.record"; done
    # One line for each member of each disk. A script with jq would use .session.disks[].uri
    qbackup status -o json | sed '/"chains":/,$d' > "$work/session.json"
    mapfile -t disks < <(member name)
    mapfile -t uris < <(member uri)
    mapfile -t contexts < <(member metaContext)
}
member() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\"]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$work/session.json"; }
same() {
    cmp "$1" "$2" > "$work/cmp.log" 2>&1 || fail "$3 is not what the guest had written: $(cat "$work/cmp.log")"
    good "$3: $(($(stat -c %s "$1") / 1048576)) MiB, every byte as it was when the backup was opened"
}

title "A full backup, while the guest goes on writing"
open_backup one
guest_keeps_writing 100
mkdir "$work/backup"
for i in "${!disks[@]}"; do
    show nbdcopy "${uris[i]}" "$work/backup/${disks[i]}.full.img"
done
guest_stops
show qbackup finish
for disk in "${disks[@]}"; do same "$work/backup/$disk.full.img" "$work/$disk.one.record" "$disk, full"; done

title "What the next backup would do: the most important step of the plan"
say "'qbackup plan start' shows every step with its undo, and runs none. This step takes the point in time:"
qbackup plan start > "$work/plan"
sed -n '/THE COMMIT POINT/,/undo:/{/undo:/d;p}' "$work/plan" | indent

title "A backup fails and is aborted: nothing is lost"
guest_write system 200 51200 1024
open_backup two
guest_write system 201 61440 1024
say "Assume that the target is full, and what was read is thrown away. The guest has written another MiB in the meantime."
show qbackup abort
show qbackup bitmap list

title "An increment: what has changed since the full, before and after the abort"
open_backup three
guest_keeps_writing 130
for i in "${!disks[@]}"; do
    disk=${disks[i]} uri=${uris[i]} increment=$work/backup/${disks[i]}.incremental.qcow2
    # An overlay over the export. Reading the dirty areas through it copies them into the overlay, and nothing else.
    say "${faint}\$ qemu-img create, nbdinfo --map=${contexts[i]}, qemu-io -C, qemu-img rebase${plain}"
    qemu-img create -q -f qcow2 -b "$uri" -F raw "$increment"
    nbdinfo --map="${contexts[i]}" "$uri" > "$work/map"
    mapfile -t reads < <(awk '$3 == 1 { print "-c"; print "read " $1 " " $2 }' "$work/map")
    qemu-io -C -f qcow2 "${reads[@]}" "$increment" > "$work/read.log" 2>&1 || { cat "$work/read.log" >&2; fail "could not read the increment of $disk"; }
    qemu-img rebase -u -f qcow2 -b "$disk.full.img" -F raw "$increment"
    say "$disk: $(awk '$3 == 1 { n++; sum += $2 } END { printf "%d dirty extents, %.1f MiB", n, sum / 1048576 }' "$work/map"), image of $(du -k "$increment" | awk '{ printf "%.1f MiB", $1 / 1024 }')"
done
guest_stops
show qbackup finish

title "Restore, with qemu-img alone"
for disk in "${disks[@]}"; do
    show qemu-img convert -O raw "$work/backup/$disk.incremental.qcow2" "$work/$disk.restored.img"
    same "$work/$disk.restored.img" "$work/$disk.three.record" "$disk, full + increment"
done

title "All of it in one command, with a repository"
export QBACKUP_REPO=$work/repository
show qbackup run --chain nightly --progress none
guest_write system 240 71680 2048
guest_write data 241 20480 512
for disk in "${disks[@]}"; do cp --sparse=always "$work/$disk.record" "$work/$disk.four.record"; done
show qbackup run --chain nightly --progress none
show qbackup list
show qbackup verify --progress none
show qbackup restore --point latest --to "$work/restored" --format raw --progress none
for disk in "${disks[@]}"; do same "$work/restored/$disk.raw" "$work/$disk.four.record" "$disk, from the repository"; done

title "What is left in the VM: one recording bitmap and its twin for each disk and chain, and nothing else"
show qbackup status
[ "$(qbackup qmp query-jobs)$(qbackup qmp query-block-exports)" = '[][]' ] || fail "jobs or exports are left in QEMU"
[ -z "$(ls -d "$work"/qbackup-* 2> /dev/null)" ] || fail "scratch files are left"

printf '\n%sDone in %d seconds.%s Four points of two disks, two of them read while the guest was writing, and all are exact.\n' "$bold" $((SECONDS - began)) "$plain"
