# shellcheck shell=bash
# Sourced by the other scripts of this folder. An apt with its own state: it resolves packages with all dependencies (libc included) of any suite of
# the machine's mirror and checks signatures. It needs no root, and does not use the machine's packages or locks.

lab_cache() {
    echo "${QBACKUP_LAB:-${XDG_CACHE_HOME:-$HOME/.cache}/qbackup-lab}"
}

# private_apt DIR SUITE: prepares DIR and sets APT_OPTIONS and APT_TARGET. The output of apt goes to DIR/log, because it names the mirror.
private_apt() {
    local dir=$1 suite=$2 codename uri suites
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    uri=$(apt-get indextargets --format '$(REPO_URI)|$(RELEASE)|$(COMPONENT)' 2>/dev/null |
        awk -F'|' -v release="$codename" '$2 == release && $3 == "main" { print $1; exit }')
    if [ -z "$uri" ]; then
        echo "apt of this machine names no mirror for $codename (is this Debian, and was apt-get update run?)" >&2
        return 1
    fi

    rm -rf "$dir"
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    : > "$dir/status"
    suites=$suite
    case $suite in *-backports) suites="${suite%-backports} $suite" ;; esac
    for one in $suites; do
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $one main"
    done > "$dir/sources.list"
    APT_OPTIONS=(-o "Dir::State=$dir" -o "Dir::State::Lists=$dir/lists" -o "Dir::State::status=$dir/status" -o "Dir::Cache=$dir/cache"
        -o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
        -o APT::Install-Recommends=false -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3
        -o Acquire::http::Timeout=30 -o Debug::NoLocking=true)
    APT_TARGET=(-t "$suite")
    apt-get "${APT_OPTIONS[@]}" -qq update > "$dir/log" 2>&1
}

# private_apt_unpack DIR DEST PACKAGE...: downloads the packages with all dependencies and unpacks them into DEST.
private_apt_unpack() {
    local dir=$1 dest=$2
    shift 2
    apt-get "${APT_OPTIONS[@]}" "${APT_TARGET[@]}" -qq -y --download-only install "$@" >> "$dir/log" 2>&1 || return 1
    for deb in "$dir"/cache/archives/*.deb; do
        dpkg-deb -x "$deb" "$dest" || return 1
    done
}

# loader DEST: prints the path of the dynamic linker among the unpacked packages. The path depends on the suite.
loader() {
    local dest=$1 path
    for path in lib64 usr/lib64 lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu; do
        if [ -e "$dest/$path/ld-linux-x86-64.so.2" ] || [ -L "$dest/$path/ld-linux-x86-64.so.2" ]; then
            # An absolute link leads out of DEST.
            if [ -e "$dest/$path/ld-linux-x86-64.so.2" ] && [ "$(readlink "$dest/$path/ld-linux-x86-64.so.2" | cut -c1)" != / ]; then
                echo "$path/ld-linux-x86-64.so.2"
                return
            fi
        fi
    done
    return 1
}
