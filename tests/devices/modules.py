"""Build the kernel modules that Debian does not ship, for the kernel in the root; they stay in its module folder.

gpio-sim (with irq_sim) and spi-gpio come from Debian's own kernel source, v4l2loopback from its package; the LED matrix
on the SPI lines is ours (modules/led_matrix_model.c).
"""

from __future__ import annotations

from typing import Final

from tests.devices.root import enter
from tests.devices.scratch import HERE, INSIDE_DEVICES, Scratch, made_from
from tests.devices.steps import Step, StepFailed

SOURCES: Final = ("build.sh", "Kbuild", "led_matrix_model.c")


def kernel_release(scratch: Scratch) -> str:
    """Return the release of the one kernel in the root.

    Raises:
        StepFailed: there is none, or more than one.
    """
    found = [folder.name for folder in (scratch.root / "lib" / "modules").iterdir()]
    if len(found) != 1:
        raise StepFailed(f"the root has {len(found)} kernels, not one")
    return found[0]


def make_modules(scratch: Scratch, step: Step) -> None:
    """See that the modules are built and known to modprobe."""
    release = kernel_release(scratch)
    mark = made_from([release, *((HERE / "modules" / name).read_bytes() for name in SOURCES)])
    if scratch.holds("modules", mark):
        step.note = "kept"
        return
    scratch.forget("modules")
    enter(scratch, step, ["bash", f"{INSIDE_DEVICES}/modules/build.sh", release])
    scratch.remember("modules", mark)
