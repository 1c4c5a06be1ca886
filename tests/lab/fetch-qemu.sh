#!/usr/bin/env bash
# Unpacks the QEMU of other Debian suites next to that of the machine, without installing anything.
#
#   fetch-qemu.sh                  bullseye (5.2), trixie (10.0) and trixie-backports (11.1) into the cache
#   fetch-qemu.sh SUITE [DEST]     one suite; the default is the cache
#
# Prints one line for each suite. Exits with 1 if one is not available; tests of that version are then skipped, with a message.
set -uo pipefail
# shellcheck source=private-apt.sh
. "$(dirname "$(readlink -f "$0")")/private-apt.sh"

fetch() {
    local suite=$1 dest=$2 work=$2.new version ld
    if [ -s "$dest/version" ]; then
        echo "$suite: QEMU $(cat "$dest/version") (cached)"
        return 0
    fi
    mkdir -p "$(dirname "$dest")"
    exec 9> "$dest.lock"
    flock 9
    if [ -s "$dest/version" ]; then
        echo "$suite: QEMU $(cat "$dest/version") (cached)"
        return 0
    fi

    rm -rf "$work" "$dest"
    mkdir -p "$work/bin"
    if ! private_apt "$work/.apt" "$suite" || ! private_apt_unpack "$work/.apt" "$work" qemu-system-x86 qemu-utils; then
        echo "$suite: NOT AVAILABLE: its packages could not be downloaded (log: $work/.apt/log)" >&2
        return 1
    fi
    if ! ld=$(loader "$work"); then
        echo "$suite: NOT AVAILABLE: no dynamic linker among its packages" >&2
        return 1
    fi

    for program in qemu-system-x86_64 qemu-storage-daemon qemu-img qemu-nbd qemu-io; do
        local extra=""
        # QEMU looks for its data next to /proc/self/exe, which here is the dynamic linker.
        [ "$program" = qemu-system-x86_64 ] && extra='-L "$root/usr/share/qemu" -L "$root/usr/share/seabios"'
        cat > "$work/bin/$program" <<WRAPPER
#!/bin/sh
root=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
export QEMU_MODULE_DIR="\$root/usr/lib/x86_64-linux-gnu/qemu"
exec "\$root/$ld" --library-path "\$root/lib/x86_64-linux-gnu:\$root/usr/lib/x86_64-linux-gnu" "\$root/usr/bin/$program" $extra "\$@"
WRAPPER
        chmod +x "$work/bin/$program"
    done

    for program in qemu-system-x86_64 qemu-img; do
        version=$("$work/bin/$program" --version 2>&1 | sed -n 's/.*version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
        if [ -z "$version" ]; then
            echo "$suite: NOT AVAILABLE: its $program does not start here" >&2
            return 1
        fi
    done

    # Remove the packages, and everything that names the mirror.
    rm -rf "$work/.apt"
    mv "$work" "$dest"
    echo "$version" > "$dest/version"
    echo "$suite: QEMU $version"
}

if [ $# -gt 2 ] || [ "${1:-}" = --help ]; then
    sed -n '2,7s/^# \{0,1\}//p' "$0"
    exit 2
fi
if [ $# -eq 2 ]; then
    (fetch "$1" "$2")
    exit
fi

failed=0
suites=(trixie trixie-backports bullseye)
[ $# -eq 1 ] && suites=("$1")
for suite in "${suites[@]}"; do
    (fetch "$suite" "$(lab_cache)/qemu/$suite") || failed=1
done
exit $failed
