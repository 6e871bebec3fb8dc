#!/usr/bin/env bash
# Makes a virtual environment with a Python that we run on: python-environment.sh FOLDER
set -euo pipefail

folder=$1
suits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }

if [ -x "$folder/bin/python" ] && "$folder/bin/python" -c '' 2>/dev/null; then exit 0; fi
for python in python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
    if suits "$python"; then
        echo "Making the virtual environment with $("$python" --version)"
        exec "$python" -m venv --clear "$folder"
    fi
done
echo "One Window needs Python 3.11, 3.12 or 3.13 with its venv module: apt-get install python3 python3-venv" >&2
exit 1
