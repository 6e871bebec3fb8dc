#!/usr/bin/env bash
# Installs the Debian packages that are missing, and only those: system-packages.sh run | test | devices
#
# A package is asked for only when what we use of it is not there, so that nothing is asked of apt, and no password of
# anybody, on a machine that has it all. Debian may start services of its own for mosquitto and postgresql; ours run
# beside them, on other ports and folders.
set -euo pipefail

missing=()
has_program() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || [ -x "/usr/local/sbin/$1" ]; }
has_library() { [ -n "$(find /lib /usr/lib /usr/local/lib -name "$1*" -print -quit 2>/dev/null)" ]; }
needs() { "$1" "$2" || missing+=("${@:3}"); }
has_cjk_font() { [ -n "$(find /usr/share/fonts /usr/local/share/fonts -iname 'NotoSansCJK*' -print -quit 2>/dev/null)" ]; }
has_time_zones() { [ -e /usr/share/zoneinfo/Asia/Shanghai ]; }
has_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }
# Some of our packages come as source and are built here: a compiler, and the headers of this Python and of the kernel.
has_compiler() { has_program cc && [ -e /usr/include/linux/input.h ] && python3 - <<'EOF'
import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_paths()["include"], "Python.h").exists())
EOF
}
has_browser() { { has_program chromium || has_program chromium-browser; } && has_program chromedriver; }
has_debian_keys() { [ -e /usr/share/keyrings/debian-archive-trixie-stable.gpg ]; }
has_postgresql() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

for_running() {
    needs has_program mosquitto mosquitto
    needs has_library libzbar.so.0 libzbar0
    needs has_program espeak-ng espeak-ng
    needs has_cjk_font - fonts-noto-cjk
    needs has_program fc-match fontconfig
    needs has_time_zones - tzdata
    needs has_venv - python3-venv
    needs has_compiler - gcc libc6-dev linux-libc-dev python3-dev
}

for_testing() {
    needs has_browser - chromium chromium-driver
    needs has_postgresql - postgresql
    needs has_program aplay alsa-utils
}

# The device bench makes a Debian root of its own and has all else in it.
for_devices() {
    needs has_program mmdebstrap mmdebstrap
    needs has_program qemu-system-x86_64 qemu-system-x86
    needs has_program git git
    needs has_debian_keys - debian-archive-keyring
}

case "${1:-}" in
    run) for_running ;;
    test) for_running; for_testing ;;
    devices) for_running; for_devices ;;
    *) echo "usage: $0 run|test|devices" >&2; exit 2 ;;
esac
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Not a Debian system. Please install what these Debian packages hold: ${missing[*]}" >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Please run as root: apt-get install ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
echo "Installing system packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" </dev/null
