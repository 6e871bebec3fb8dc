"""libcamera's virtual camera, and picamera2 as it can be used on it. For level 1 only.

The pictures go in as JPEG files that a YAML file names; frames come out as NV12 of the full range. picamera2 is written
for a Pi's cameras: three of its assumptions are met here (`on_a_virtual_camera`), all else of it is the real one.
"""

from __future__ import annotations

import mmap
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

CONFIGURATION: Final = Path("/usr/share/libcamera/pipeline/virtual/virtual.yaml")
WIDTH, HEIGHT = 1944, 2592


def install(pictures: Mapping[str, bytes], folder: Path) -> None:
    """Make a virtual camera of each picture (JPEG); its id is the name. Must be done before libcamera is asked."""
    lines = ["%YAML 1.1", "---"]
    for name, jpeg in pictures.items():
        frames = folder / f"{name}.jpg"
        frames.write_bytes(jpeg)
        lines += [
            f'"{name}":',
            "  supported_formats:",
            f"  - width: {WIDTH}",
            f"    height: {HEIGHT}",
            "    frame_rates:",
            "    - 15",
            "  frames:",
            f'    path: "{frames}"',
            f'  model: "One Window {name}"',
        ]
    CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    CONFIGURATION.write_text("\n".join([*lines, "...", ""]))


def on_a_virtual_camera() -> Any:
    """Return the library's class with what it assumes of a Pi's camera put right."""
    _without_a_screen()
    import libcamera  # type: ignore[import-not-found,unused-ignore]  # in the root only, as picamera2
    from picamera2 import Picamera2
    from picamera2.allocators import LibcameraAllocator

    class Mapped:
        """A frame's memory by the lengths of its planes: the virtual camera does not say how many bytes it used."""

        def __init__(self, allocator: Any, buffer: Any, write: bool) -> None:
            self._buffer = buffer

        def __enter__(self) -> mmap.mmap:
            length = max(plane.offset + plane.length for plane in self._buffer.planes)
            self._memory = mmap.mmap(self._buffer.planes[0].fd, length)
            return self._memory

        def __exit__(self, *_: object) -> None:
            self._memory.close()

    class Allocator(LibcameraAllocator):  # type: ignore[misc,unused-ignore]
        def __init__(self) -> None:
            super().__init__(None)  # the camera is known only when picamera2 has opened it
            self.sync = Mapped

    class VirtualPicamera2(Picamera2):  # type: ignore[misc,unused-ignore]
        def __init__(self, number: int) -> None:
            super().__init__(number, allocator=Allocator())
            self.allocator.camera = self.camera

        def _get_raw_modes(self) -> list[dict[str, Any]]:
            """The sensor's raw modes: it has no sensor, so its plain formats are named."""
            wanted = [libcamera.StreamRole.Viewfinder]
            formats = self.camera.generate_configuration(wanted).at(0).formats
            return [
                {"format": str(each), "size": (size.width, size.height)}
                for each in formats.pixel_formats
                for size in formats.sizes(each)
            ]

    return VirtualPicamera2


def _without_a_screen() -> None:
    """Let picamera2 be imported where kms++ is not: it wants it for its preview on a screen, which we never open."""

    class Anything:
        def __getattr__(self, name: str) -> Anything:
            return Anything()

    module = types.ModuleType("pykms")
    module.PixelFormat = Anything()  # type: ignore[attr-defined]
    sys.modules.setdefault("pykms", module)
    sys.modules.setdefault("kms", module)
