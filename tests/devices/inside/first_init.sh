#!/bin/busybox sh
# The guest's first process: finds the root over 9p, lays memory over it, so that nothing in it is ever changed.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module" || echo "cannot load $module"; done </modules/order

shared="trans=virtio,version=9p2000.L,msize=524288"
mount -t 9p -o "ro,$shared,cache=loose" root /lower
mount -t tmpfs -o size=60% tmpfs /upper
mkdir /upper/changed /upper/work
mount -t overlay -o "lowerdir=/lower,upperdir=/upper/changed,workdir=/upper/work" root /new
mount -t 9p -o "ro,$shared,cache=loose" source /new/srv/onewindow
mount -t 9p -o "$shared" results /new/srv/results
for folder in proc sys dev; do mount -o move "/$folder" "/new/$folder"; done
exec switch_root /new /bin/bash /srv/onewindow/tests/devices/inside/guest.sh
echo "the root could not be entered"
poweroff -f
