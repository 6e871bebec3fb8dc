#!/usr/bin/env bash
# Make the root's Python environment: install_python.sh PACKAGE… -- TOOL…
#
# picamera2 takes libcamera's bindings, python-prctl and av from Debian, hence --system-site-packages. lgpio has no wheel
# for this Python and is built here; PYPI=1 tells its setup to bring its C library along.
set -euo pipefail
packages=() tools=()
while [ "$1" != "--" ]; do packages+=(-e "$1"); shift; done
shift
tools=("$@")

python3 -m venv --clear --system-site-packages /opt/onewindow
pip() { /opt/onewindow/bin/python -m pip "$@"; }
pip install -q setuptools wheel
PYPI=1 pip install -q --no-build-isolation -c /srv/results/locked.txt lgpio picamera2
pip install -q -c /srv/results/locked.txt "${packages[@]}" "${tools[@]}"
pip list
