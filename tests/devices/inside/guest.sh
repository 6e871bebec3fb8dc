#!/usr/bin/env bash
# The guest's second process: makes a running Debian of the root, runs the tests, writes their verdict, switches off.
export PATH=/opt/onewindow/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb
export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONFAULTHANDLER=1
up() { echo "--- $1, $(cut -d' ' -f1 /proc/uptime) s after the start"; }

mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs tmpfs /run
mkdir -p /dev/pts /dev/shm /run/lock
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
ip link set lo up
hostname window-bench
up "$(uname -r)"
cd /srv/onewindow || exit

if grep -qw onewindow.shell /proc/cmdline; then
    echo "The devices: bash tests/devices/inside/guest_devices.sh; their tests: bash tests/devices/inside/guest_tests.sh"
    setsid bash -c 'exec bash -i </dev/ttyS0 >/dev/ttyS0 2>&1'
else
    bash tests/devices/inside/guest_devices.sh && bash /srv/results/guest-command
    echo $? >/srv/results/guest-verdict
fi
dmesg --level=emerg,alert,crit,err,warn,notice,info | grep -E 'segfault|trap|Oops|BUG|Out of memory|WARNING' | tail -20
up "done"
sync
echo o >/proc/sysrq-trigger
sleep 60
