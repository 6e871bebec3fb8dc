#!/usr/bin/env bash
# Load what makes devices of the kernel's, and start udev, so that links by serial number are there as on a unit.
#
# The single devices are plugged by the tests (kernel.py), as a person would. /proc/cpuinfo gets a Raspberry Pi's revision,
# by which gpiozero knows which pin is which line.
set -euo pipefail

/usr/lib/systemd/systemd-udevd --daemon
for module in configfs gpio-sim uinput evdev usbhid cdc-acm usblp dummy_hcd libcomposite usb_f_hid usb_f_acm usb_f_printer; do
    case $module in
        dummy_hcd) modprobe "$module" num=6 ;;
        *) modprobe "$module" ;;
    esac
done
modprobe v4l2loopback devices=0
modprobe snd-aloop
modprobe spi-gpio
modprobe spidev
modprobe led_matrix_model
mount -t configfs configfs /sys/kernel/config 2>/dev/null || mountpoint -q /sys/kernel/config
udevadm trigger
udevadm settle -t 60

echo spidev >/sys/bus/spi/devices/spi0.0/driver_override
echo spi0.0 >/sys/bus/spi/drivers/spidev/bind
{
    cat /proc/cpuinfo
    printf 'Hardware\t: BCM2711\nRevision\t: c03115\nSerial\t\t: 10000000abcdef01\nModel\t\t: Raspberry Pi 4 Model B Rev 1.5\n'
} >/run/cpuinfo
mount --bind /run/cpuinfo /proc/cpuinfo
udevadm settle -t 60
ls /dev/spidev0.0 /dev/gpiochip* /dev/snd /sys/class/udc
