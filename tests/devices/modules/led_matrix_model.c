// SPDX-License-Identifier: GPL-2.0
/*
 * Four cascaded MAX7219 on three GPIO lines, as a model: what a window's LED matrix would have in its registers.
 *
 * The lines belong to a GPIO chip of this module. Debian's spi-gpio drives them and makes an SPI bus of them, on which
 * spidev sits, so that the whole way from /dev/spidev0.0 to the chips' pins is the kernel's own. The registers are read
 * at /sys/devices/platform/led-matrix-model/registers: a line for each chip, the one next to the data pin first, with its
 * sixteen registers in hex. Behaviour from the MAX7219 data sheet (Analog Devices, rev. 6): data shift in on the clock's
 * rising edge, most significant bit first, and are latched on the rising edge of LOAD; bits 8 to 11 choose the register.
 */
#include <linux/gpio/driver.h>
#include <linux/gpio/machine.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/spi/spi.h>
#include <linux/spi/spi_gpio.h>

#define MODEL "led-matrix-model"
#define CHIPS 4
#define REGISTERS 16

enum line { CLOCK, DATA, LOAD, LINES };

static struct gpio_chip lines;
static DEFINE_SPINLOCK(pins);
static bool level[LINES];
static u64 shifted;
static u8 registers[CHIPS][REGISTERS];

static void latch(void)
{
	int chip;

	for (chip = 0; chip < CHIPS; chip++) {
		u16 word = shifted >> (16 * chip);

		registers[chip][(word >> 8) & 0xf] = word & 0xff;
	}
}

static void line_set(struct gpio_chip *chip, unsigned int line, int value)
{
	unsigned long flags;
	bool rises;

	spin_lock_irqsave(&pins, flags);
	rises = value && !level[line];
	level[line] = value;
	if (rises && line == CLOCK)
		shifted = shifted << 1 | level[DATA];
	else if (rises && line == LOAD)
		latch();
	spin_unlock_irqrestore(&pins, flags);
}

static int line_get(struct gpio_chip *chip, unsigned int line)
{
	return level[line];
}

static int line_output(struct gpio_chip *chip, unsigned int line, int value)
{
	line_set(chip, line, value);
	return 0;
}

static int line_direction(struct gpio_chip *chip, unsigned int line)
{
	return GPIO_LINE_DIRECTION_OUT;
}

static ssize_t registers_show(struct device *device, struct device_attribute *attribute, char *page)
{
	unsigned long flags;
	ssize_t length = 0;
	int chip;

	spin_lock_irqsave(&pins, flags);
	for (chip = 0; chip < CHIPS; chip++)
		length += sysfs_emit_at(page, length, "%*phN\n", REGISTERS, registers[chip]);
	spin_unlock_irqrestore(&pins, flags);
	return length;
}
static DEVICE_ATTR_RO(registers);

static struct gpiod_lookup_table wires = {
	.dev_id = "spi_gpio.0",
	.table = {
		GPIO_LOOKUP(MODEL, CLOCK, "sck", GPIO_ACTIVE_HIGH),
		GPIO_LOOKUP(MODEL, DATA, "mosi", GPIO_ACTIVE_HIGH),
		GPIO_LOOKUP_IDX(MODEL, LOAD, "cs", 0, GPIO_ACTIVE_HIGH),
		{ },
	},
};

static struct platform_device *model, *bus;

static int add_spi_device(void)
{
	struct spi_board_info matrix = {
		.modalias = MODEL, /* no driver of that name: spidev is bound to it by driver_override */
		.max_speed_hz = 10000000,
	};
	struct device *host = device_find_child_by_name(&bus->dev, "spi0");
	struct spi_device *device;

	if (!host)
		return -ENODEV;
	device = spi_new_device(container_of(host, struct spi_controller, dev), &matrix);
	put_device(host);
	return device ? 0 : -EBUSY;
}

static int __init model_begin(void)
{
	struct spi_gpio_platform_data one = { .num_chipselect = 1 };
	int failed;

	model = platform_device_register_simple(MODEL, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(model))
		return PTR_ERR(model);
	lines = (struct gpio_chip) {
		.label = MODEL, .parent = &model->dev, .owner = THIS_MODULE, .base = -1, .ngpio = LINES,
		.set = line_set, .get = line_get, .direction_output = line_output, .get_direction = line_direction,
	};
	failed = device_create_file(&model->dev, &dev_attr_registers);
	if (failed)
		goto no_file;
	failed = gpiochip_add_data(&lines, NULL);
	if (failed)
		goto no_lines;
	gpiod_add_lookup_table(&wires);
	bus = platform_device_register_data(NULL, "spi_gpio", 0, &one, sizeof(one));
	failed = PTR_ERR_OR_ZERO(bus);
	if (failed)
		goto no_bus;
	failed = add_spi_device();
	if (!failed)
		return 0;
	platform_device_unregister(bus);
no_bus:
	gpiod_remove_lookup_table(&wires);
	gpiochip_remove(&lines);
no_lines:
	device_remove_file(&model->dev, &dev_attr_registers);
no_file:
	platform_device_unregister(model);
	return failed;
}

static void __exit model_end(void)
{
	platform_device_unregister(bus);
	gpiod_remove_lookup_table(&wires);
	gpiochip_remove(&lines);
	device_remove_file(&model->dev, &dev_attr_registers);
	platform_device_unregister(model);
}

module_init(model_begin);
module_exit(model_end);
MODULE_SOFTDEP("pre: spi-gpio");
MODULE_DESCRIPTION("Four cascaded MAX7219 as a model, on an SPI bus of GPIO lines");
MODULE_LICENSE("GPL");
