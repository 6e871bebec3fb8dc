"""`make test-devices`: the project's own drivers on kernel devices, without a Pi. Says what it does as it does it.

Level 1 runs in a Debian 13 root: the real picamera2, and the packages on that Debian's Python. Level 2 boots that root
in a machine emulated by QEMU, where the kernel has GPIO lines, USB devices, a video device and a sound card to drive.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.devices import boot, level_1, modules, root
from tests.devices.scratch import PROJECT, Scratch
from tests.devices.steps import Steps, end_on_terminate, require_root


def main(arguments: list[str]) -> int:
    asked = _parse(arguments)
    require_root()
    end_on_terminate()
    scratch = Scratch(asked.folder.resolve())
    scratch.begin(from_nothing=asked.from_nothing)
    steps = Steps(scratch.logs)
    print(f"Device bench in {scratch.folder}", flush=True)
    try:
        _all(steps, scratch, asked)
    except KeyboardInterrupt:
        print("Stopped; nothing is left running.")
        return 130
    return steps.summary()


def _all(steps: Steps, scratch: Scratch, asked: argparse.Namespace) -> None:
    """Run the steps; what rests on a step that failed is not tried."""
    made = (
        steps.do("Debian root", 420, lambda step: root.make_root(scratch, step))
        and steps.do("project files", 60, lambda step: scratch.copy_source())
        and steps.do("Python packages", 420, lambda step: root.install_python(scratch, step))
    )
    if not made:
        return
    if 1 in asked.levels:
        steps.do(
            "picamera2 on a virtual camera", 180, lambda step: level_1.picamera2_on_a_virtual_camera(scratch, step)
        )
    # The emulated machine keeps one core busy, and the tests keep another.
    with ExitStack() as stack:
        if 1 in asked.levels and not asked.shell:
            stack.enter_context(
                steps.beside(
                    "tests on Debian 13's Python", 600, lambda step: level_1.tests_on_this_python(scratch, step)
                )
            )
        if 2 in asked.levels:
            _emulated(steps, scratch, asked)


def _emulated(steps: Steps, scratch: Scratch, asked: argparse.Namespace) -> None:
    bootable = steps.do("kernel modules", 240, lambda step: modules.make_modules(scratch, step)) and steps.do(
        "first file system", 60, lambda step: boot.make_first_file_system(scratch, step)
    )
    if bootable and asked.shell:
        boot.shell(scratch)
    elif bootable:
        steps.do("emulated machine", 720, lambda step: boot.run_guest(scratch, step, asked.run))


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make test-devices", description=__doc__)
    parser.add_argument("--folder", type=Path, default=PROJECT / ".run" / "devices", help="where it keeps its things")
    parser.add_argument("--from-nothing", action="store_true", help="make everything anew")
    parser.add_argument("--levels", type=int, nargs="+", choices=(1, 2), default=[1, 2])
    parser.add_argument("--shell", action="store_true", help="boot the machine with a shell on this terminal instead")
    parser.add_argument(
        "--run", metavar="COMMAND", default=boot.TESTS, help="run this in the machine instead of its tests"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
