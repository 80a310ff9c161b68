# SPDX-License-Identifier: GPL-2.0-or-later
# packages.sh - what Debian 12 must have installed, and how it gets there. Sourced by
# frontend/start, tests/run and bench/run. Quick when nothing is missing.
# shellcheck shell=bash disable=SC2034

# To build and run the program.
packages_build="gcc libc6-dev cmake ninja-build pkg-config gcc-riscv64-unknown-elf
  picolibc-riscv64-unknown-elf libunicorn-dev libsdl2-dev libsdl2-ttf-dev liblz4-dev libxxhash-dev
  libpng-dev libcjson-dev libelf-dev libfdt-dev fonts-dejavu-core"
# To test and measure it: the test framework, QEMU for a second opinion, and the debugger.
packages_test="libcriterion-dev qemu-system-misc gdb-multiarch"
# To read what latchkey profile writes: callgrind_annotate, vcd2fst; and, for the long tests, a
# browser that shows a flame graph.
packages_view="valgrind gtkwave"
packages_view_long="chromium"
# To test what spreads a campaign over hosts (bench/campaign_parallel, bench/campaign_slurm).
packages_scale="parallel munge slurmctld slurmd slurm-client"

# help_asked SCRIPT WORD... - when a word asks for help, print what SCRIPT begins with, and end.
help_asked() {
    local script=$1 word
    shift
    for word in "$@"; do
        case $word in
            --help | -h)
                sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$script"
                exit 0
                ;;
        esac
    done
}

# fail WHAT: WHY - one line on stderr, exit status 3: the environment is at fault.
fail() {
    printf 'latchkey: %s\n' "$1" >&2
    exit 3
}

# quietly LOG COMMAND... - run it with its output in LOG; show the end of LOG when it fails.
quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        printf 'latchkey: %s failed; the end of %s:\n' "$1" "$log" >&2
        tail -n 30 "$log" >&2
        return 1
    fi
}

packages_missing() {
    local package
    for package in "$@"; do
        case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) in
            *'ok installed') ;;
            *) printf '%s ' "$package" ;;
        esac
    done
}

# packages_ensure WHY LOG NAME... - install those of the packages that are not there.
packages_ensure() {
    local why=$1 log=$2 missing as_root=()
    shift 2
    command -v dpkg-query >/dev/null || fail "packages: this is not Debian; needed are: $*"
    missing=$(packages_missing "$@")
    [ -z "$missing" ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            fail "packages: not installed and neither root nor sudo: ${missing% }"
        as_root=(sudo)
    fi
    printf 'latchkey: installing with apt-get, %s: %s\n' "$why" "${missing% }" >&2
    as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120)
    quietly "$log" "${as_root[@]}" update || fail "packages: apt-get update failed"
    # Names without spaces, one word each.
    # shellcheck disable=SC2086
    quietly "$log" "${as_root[@]}" install -y --no-install-recommends $missing ||
        fail "packages: apt-get install failed"
}

# build_configure FOLDER OPTION... - run CMake once; ninja runs it again when its files change.
build_configure() {
    local folder=$1
    shift
    [ -f "$folder/build.ninja" ] ||
        quietly "$folder/log/configure.log" cmake -G Ninja -B "$folder" "$@" ||
        fail "$folder: cannot be configured"
}

# build_watch LOG - after two seconds say that a build goes on; on a terminal with ninja's last line
# until this script ends. Nothing is said of a build that has nothing to do.
build_watch() {
    sleep 2 </dev/null >/dev/null 2>&1
    printf 'latchkey: building; what is said meanwhile is in %s\n' "$1" >&2
    [ -t 2 ] || return 0
    while kill -0 $$ 2>/dev/null; do
        printf '\r\033[K%s' "$(tail -n 1 "$1" 2>/dev/null | cut -c 1-78)" >&2
        sleep 1 </dev/null >/dev/null 2>&1
    done
}

# build_make FOLDER TARGET... - build. The first time takes minutes; a later one may be silent.
build_make() {
    local folder=$1 log=$1/log/build.log watcher status=0
    shift
    build_watch "$log" &
    watcher=$!
    quietly "$log" ninja -C "$folder" "$@" || status=$?
    kill "$watcher" 2>/dev/null
    wait "$watcher" 2>/dev/null || true
    if [ -t 2 ]; then printf '\r\033[K' >&2; fi
    return "$status"
}
