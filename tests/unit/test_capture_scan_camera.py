"""A unit without a gun: the camera itself looks for tickets, asked or not."""

from __future__ import annotations

import numpy as np
import qrcode

from edge.events import Event, Scanned
from edge.workers import CameraThread
from firmware.ports import Frame


class TicketUnderIt:
    simulated = True

    def __init__(self) -> None:
        code = qrcode.QRCode(box_size=6, border=4)
        code.add_data("OW1ABC/")
        picture = np.asarray(code.make_image().get_image().convert("RGB"), np.uint8)
        self._pixels = np.full((480, 640, 3), 150, np.uint8)
        self._pixels[60 : 60 + picture.shape[0], 80 : 80 + picture.shape[1]] = picture

    def check(self) -> None: ...

    def close(self) -> None: ...

    def photograph(self, timeout_seconds: float = 3.0) -> Frame:
        return self.preview()

    def preview(self, timeout_seconds: float = 1.0) -> Frame:
        return Frame(self._pixels, monotonic_ms=1, simulated=True)


def test_a_camera_that_is_the_scanner_reads_a_ticket_once_without_being_asked() -> None:
    events: list[Event] = []
    camera = CameraThread(TicketUnderIt(), events.append, is_scanner=True)

    camera.idle()
    camera.idle()

    assert [each.scan.text for each in events if isinstance(each, Scanned)] == ["OW1ABC/"]
    assert camera.wait_seconds() < 1


def test_a_camera_beside_a_gun_reads_only_when_asked() -> None:
    events: list[Event] = []
    camera = CameraThread(TicketUnderIt(), events.append)

    camera.idle()

    assert events == []
