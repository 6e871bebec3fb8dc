"""Boot the root in a machine that QEMU emulates, and run the tests of level 2 in it.

The root and the project are shared with the guest over 9p, read-only; what the guest writes stays in its memory, but
for its results. Only software emulation is used: it works on every host. The guest's clock counts instructions, one a
nanosecond: to the tests inside it is an even machine, however slow or busy the host is (ADR 0091).
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.devices.modules import kernel_release
from tests.devices.root import enter
from tests.devices.scratch import INSIDE_DEVICES, INSIDE_RESULTS, Scratch
from tests.devices.steps import ALONE, Step, StepFailed

# With AVX the unit died in OpenCV (SIGSEGV, three runs of three), without it never; on real processors with AVX never
# either, so QEMU 7.2's AVX is suspected. Inferred, not proved.
PROCESSOR: Final = "max,-avx,-avx2,-fma,-f16c"
MEMORY_MIB: Final = 3072
TESTS: Final = f"bash {INSIDE_DEVICES}/inside/guest_tests.sh"
COMMAND: Final = "guest-command"  # a file in the results: what the guest shall run
VERDICT: Final = "guest-verdict"  # a file in the results: the code with which the tests in the guest ended


def make_first_file_system(scratch: Scratch, step: Step) -> None:
    """Pack what the kernel needs until it has the root: busybox, the modules of 9p and overlay, one script."""
    release = kernel_release(scratch)
    enter(scratch, step, ["bash", f"{INSIDE_DEVICES}/inside/pack_first_file_system.sh", release, INSIDE_RESULTS])
    for name in ("vmlinuz", "initrd"):
        shutil.move(scratch.results / name, scratch.boot / name)


def run_guest(scratch: Scratch, step: Step, command: str = TESTS) -> None:
    """Boot, let the tests run, and see that they said that they went well.

    Raises:
        StepFailed: they did not, or the machine ended before they were done.
    """
    verdict = scratch.results / VERDICT
    verdict.unlink(missing_ok=True)
    (scratch.results / COMMAND).write_text(command + "\n")
    step.run(["nice", "-n", "10", *_machine(scratch, interactive=False)])
    said = verdict.read_text().strip() if verdict.exists() else "nothing"
    if said != "0":
        raise StepFailed(f"the tests in the guest ended with {said}")


def shell(scratch: Scratch) -> None:
    """Boot with a shell on this terminal; `poweroff -f` or Ctrl-A X ends it."""
    subprocess.run([*ALONE, *_machine(scratch, interactive=True)], check=False)


def _machine(scratch: Scratch, *, interactive: bool) -> list[str]:
    words = [
        "console=ttyS0",
        "quiet",
        "panic=-1",
        "oops=panic",
        "loglevel=3",
        *(["onewindow.shell"] if interactive else []),
    ]
    command = [
        "qemu-system-x86_64",
        "-accel",
        "tcg,thread=single",
        "-icount",
        "shift=0",
        "-cpu",
        PROCESSOR,
        "-smp",
        "1",
        "-m",
        str(MEMORY_MIB),
    ]
    command += ["-nodefaults", "-display", "none", "-no-reboot"]
    command += ["-serial", "mon:stdio" if interactive else "stdio"]
    command += ["-kernel", str(scratch.boot / "vmlinuz"), "-initrd", str(scratch.boot / "initrd")]
    command += ["-append", " ".join(words)]
    command += _shared("root", scratch.root, "readonly=on,")
    command += _shared("source", scratch.source, "readonly=on,")
    command += _shared("results", scratch.results, "")
    return command


def _shared(tag: str, folder: Path, options: str) -> list[str]:
    return [
        "-virtfs",
        f"local,path={folder},mount_tag={tag},security_model=none,multidevs=remap,{options}id={tag}",
    ]
