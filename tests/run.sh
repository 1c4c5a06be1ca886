#!/usr/bin/env bash
# Builds everything and runs every test, on a Debian machine with the .NET 10 SDK. It installs what else is needed.
#
#   tests/run.sh [--fast] [--project NAME]... [--filter PATTERN]... [--list]
#
#   --fast             no format check and no native publish
#   --project NAME     only this test project (a folder of tests/), and no checks
#   --filter PATTERN   only tests with PATTERN in the full name, NAMESPACE.CLASS.METHOD, in any case; no checks
#   --list             print the names of the test projects
#
# With CI=true a skipped test counts as failed, unless it needs a QEMU version that could not be downloaded, or a device that
# this machine does not have.
# The last line is always: N passed, N failed, N skipped
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en LC_ALL=C.UTF-8
export PATH=$PATH:/usr/sbin:/sbin

passed=0 failed=0 skipped=0
summary() {
    local code=$?
    [ $code -ne 0 ] && [ $failed -eq 0 ] && failed=1
    echo "$passed passed, $failed failed, $skipped skipped"
    # A bare exit would return the exit code from before the trap.
    [ $failed -eq 0 ] || exit $((code ? code : 1))
    exit $code
}

fast=0
projects=()
filters=()
while [ $# -gt 0 ]; do
    case $1 in
        --fast) fast=1 ;;
        --project) projects+=("${2:?--project needs a name}"); shift ;;
        --filter)
            pattern=${2:?--filter needs a pattern}
            # The test programs take a * at the beginning and at the end, and nowhere else.
            pattern=${pattern#\*} pattern=${pattern%\*}
            case $pattern in *\**) echo "--filter: * can be the first and the last character of a pattern, not one in between" >&2; exit 2 ;; esac
            filters+=(-method "*$pattern*")
            shift
            ;;
        --list) ls -d tests/*.Tests | xargs -n 1 basename; exit 0 ;;
        *) sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift
done
trap summary EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

logs=artifacts/test-logs
rm -rf "$logs"
mkdir -p "$logs"

step() { printf '\n== %s\n' "$*"; }

# check NAME COMMAND...: a step that passes or fails like a test.
check() {
    local name=$1 log
    shift
    log=$logs/$(echo "$name" | tr ' ' '-').log
    step "$name"
    if "$@" > "$log" 2>&1; then
        passed=$((passed + 1))
        echo "PASS $name"
    else
        failed=$((failed + 1))
        tail -n 60 "$log"
        echo "FAIL $name"
        return 1
    fi
}

install_missing() {
    local missing=() pair as_root=()
    for pair in qemu-system-x86_64:qemu-system-x86 qemu-img:qemu-utils nbdcopy:libnbd-bin nbdkit:nbdkit cpio:cpio mke2fs:e2fsprogs \
        gcc:gcc openssl:openssl flock:util-linux fish:fish strace:strace losetup:mount mkfs.btrfs:btrfs-progs; do
        command -v "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
    done
    # The native publish links against these.
    [ -e /usr/include/stdio.h ] || missing+=(libc6-dev)
    if [ ${#missing[@]} -eq 0 ]; then
        echo "nothing is missing"
        return 0
    fi
    echo "installing ${missing[*]}"
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 -qq update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends "${missing[@]}" > "$logs/apt.log" 2>&1 ||
        { tail -n 20 "$logs/apt.log"; echo "could not install ${missing[*]}" >&2; return 1; }
}

# count PROJECT LOG CODE: adds the results of a test program to the sums.
count() {
    local project=$1 log=$2 code=$3 line total errors bad skips unexcused
    line=$(grep -E '^ +[^ ]+ +Total: [0-9]+' "$log" | tail -n 1)
    number() { echo "$line" | sed -n "s/.*$1: \([0-9]*\).*/\1/p"; }
    total=$(number Total)
    errors=$(number Errors)
    errors=${errors:-0}
    bad=$(number Failed)
    bad=$((${bad:-0} + errors))
    skips=$(number Skipped)
    skips=${skips:-0}
    if [ -z "$total" ]; then
        failed=$((failed + 1))
        echo "FAIL $project ended with exit code $code and without a result"
        return
    fi
    # An error outside a test is not in the total.
    passed=$((passed + total - (bad - errors) - skips))
    if [ "$bad" -eq 0 ] && [ "$code" -ne 0 ]; then
        echo "FAIL $project ended with exit code $code although no test failed"
        bad=1
    elif [ "$total" -eq 0 ] && [ ${#filters[@]} -gt 0 ]; then
        echo "$project has no test that matches"
    elif [ "$total" -eq 0 ]; then
        echo "${CI:+FAIL }$project has no tests"
        [ "${CI:-}" != true ] || bad=1
    fi
    if [ "$skips" -gt 0 ]; then
        # The reason is on the line after the name.
        awk -v project="$project" '/ \[SKIP\]$/ { name = $1; getline; sub(/^ +/, ""); print "SKIP " name ": " $0 }' "$log"
        unexcused=$(awk '/ \[SKIP\]$/ { getline; if ($0 !~ /^ *(version-suite|machine):/) n++ } END { print n + 0 }' "$log")
        if [ "${CI:-}" = true ] && [ "$unexcused" -gt 0 ]; then
            echo "FAIL $project: $unexcused skipped, which CI does not allow"
            bad=$((bad + unexcused))
            skips=$((skips - unexcused))
        fi
    fi
    failed=$((failed + bad))
    skipped=$((skipped + skips))
}

native() {
    local out=$PWD/artifacts/native rid
    case $(uname -m) in x86_64) rid=linux-x64 ;; aarch64) rid=linux-arm64 ;; *) echo "no native build for $(uname -m)"; return 1 ;; esac
    rm -rf "$out"
    dotnet publish src/QmpBackup.Cli -c Release -r "$rid" -p:PublishAot=true -o "$out" 2>&1 | tee "$logs/native-publish.log"
    [ "${PIPESTATUS[0]}" -eq 0 ] || return 1
    if grep -E 'warning (IL|CS|NU|CA|MSB|NETSDK)[0-9]*|: warning ' "$logs/native-publish.log"; then
        echo "the native publish has warnings"
        return 1
    fi
    [ -x "$out/qbackup" ] || { echo "no $out/qbackup"; return 1; }
}

step "Packages that the tests need"
command -v dotnet > /dev/null || { echo "The .NET 10 SDK is needed, and there is no dotnet on PATH." >&2; exit 1; }
install_missing || exit 1

step "Other versions of QEMU, and the guest"
tests/lab/fetch-qemu.sh || echo "SKIP *** tests of the QEMU versions above are skipped ***"
tests/lab/build-guest.sh || echo "SKIP *** tests with a real guest are skipped ***"

check "build" dotnet build QmpBackup.sln -c Release -warnaserror --tl:off || exit 1

[ ${#projects[@]} -eq 0 ] && [ ${#filters[@]} -eq 0 ] || fast=1
if [ $fast -eq 0 ]; then
    # The tests use the program that users get. It also starts ten times as fast.
    check "native publish" native && export QBACKUP_BIN=$PWD/artifacts/native/qbackup
fi
[ ${#projects[@]} -gt 0 ] || mapfile -t projects < <(for one in tests/*.Tests/*.csproj; do basename "$one" .csproj; done)
ran_before=$((passed + failed))
for project in "${projects[@]}"; do
    step "$project"
    program=tests/$project/bin/Release/net10.0/$project
    log=$logs/$project.log
    if [ ! -x "$program" ]; then
        failed=$((failed + 1))
        echo "FAIL $project: $program was not built"
        continue
    fi
    timeout --foreground --kill-after=30 "${TEST_TIMEOUT:-45m}" "$program" -noColor -longRunning 60 "${filters[@]}" 2>&1 | tee "$log" | grep -vE '^  (Discover|Starting|Finished)'
    count "$project" "$log" "${PIPESTATUS[0]}"
done
if [ $((passed + failed)) -eq "$ran_before" ]; then
    failed=$((failed + 1))
    echo "FAIL no test ran"
fi

if [ $fast -eq 0 ]; then
    check "format" dotnet format QmpBackup.sln --verify-no-changes --no-restore
fi

step "Result"
exit 0
