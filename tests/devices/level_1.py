"""Level 1: the real picamera2, and the packages on Debian 13's Python, in the root and on the host's kernel."""

from __future__ import annotations

from typing import Final

from tests.devices.root import enter, python
from tests.devices.scratch import INSIDE_DEVICES, INSIDE_RESULTS, Scratch
from tests.devices.steps import Step

STAND_IN: Final = f"{INSIDE_RESULTS}/dma_buf_stand_in.so"


def picamera2_on_a_virtual_camera(scratch: Scratch, step: Step) -> None:
    enter(
        scratch,
        step,
        ["gcc", "-O1", "-shared", "-fPIC", "-o", STAND_IN, f"{INSIDE_DEVICES}/inside/dma_buf_stand_in.c", "-ldl"],
    )
    tests = f"{INSIDE_DEVICES}/inside/picamera2_camera.py"
    python(
        scratch,
        step,
        # The libraries' own warnings are no errors here: picamera2 leaves files to the collector.
        ["-m", "pytest", "-p", "no:cacheprovider", "-o", "filterwarnings=default", "--durations=5", tests],
        environment={"LD_PRELOAD": STAND_IN, "LIBCAMERA_LOG_LEVELS": "*:ERROR"},
    )


def tests_on_this_python(scratch: Scratch, step: Step) -> None:
    """Run what has to hold on a unit's Python: firmware, edge and broker, and the devices' contract at level 0."""
    python(
        scratch,
        step,
        [
            # In one process: the emulated machine has the other core.
            *("-m", "pytest", "-p", "no:cacheprovider", "-p", "tests.devices.inside.ends_at_once"),
            *("tests/contract", "tests/unit", "-k", "firmware or broker or contract or edge or capture"),
        ],
    )
