#!/usr/bin/env bash
# Build the bench's kernel modules inside the root: build.sh KERNEL-RELEASE
#
# Debian's kernel is built without gpio-sim, irq_sim and spi-gpio; their source is in its linux-source package.
set -euo pipefail
release=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
archive=$(echo /usr/src/linux-source-*.tar.xz)
top=$(basename "$archive" .tar.xz)

cd "$work"
tar -xJf "$archive" --occurrence=1 --strip-components=3 "$top"/drivers/gpio/gpio-sim.c \
    "$top"/drivers/spi/spi-gpio.c "$top"/drivers/spi/spi-bitbang-txrx.h "$top"/kernel/irq/irq_sim.c
# irq_sim is written to be built in: the one call it makes of what is not exported has an exported equal.
sed -i 's/handle_simple_irq(irq_to_desc(irqnum))/generic_handle_irq(irqnum)/' irq_sim.c
grep -q 'generic_handle_irq(irqnum)' irq_sim.c
printf '#include <linux/module.h>\nMODULE_LICENSE("GPL");\n' >>irq_sim.c
cp "$here"/Kbuild "$here"/led_matrix_model.c .
make -C "/lib/modules/$release/build" M="$work" modules

mkdir v4l2loopback
dpkg -x /usr/src/v4l2loopback-dkms_*.deb v4l2loopback
source=$(echo v4l2loopback/usr/src/v4l2loopback-*)
make -C "/lib/modules/$release/build" M="$work/$source" modules

mkdir -p "/lib/modules/$release/updates"
find . -name '*.ko' -exec cp {} "/lib/modules/$release/updates/" \;
depmod "$release"
ls -l "/lib/modules/$release/updates"
