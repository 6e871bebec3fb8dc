#!/usr/bin/env bash
# The tests of level 2, in the guest, after guest_devices.sh; ends with the number of parts that failed.
up() { echo "--- $1, $(cut -d' ' -f1 /proc/uptime) s after the start"; }
failed=0

tests() { python -m pytest -p no:cacheprovider -p tests.devices.inside.ends_at_once --durations=5 -o timeout=240 "$@" || failed=$((failed + 1)); }
up "one visit"
tests tests/devices/inside/one_visit.py
up "what devices do"
tests tests/devices/inside/kernel_devices.py
up "the contract"
tests -p tests.devices.inside.guest_plugin tests/contract/test_firmware_contract_devices.py
exit "$failed"
