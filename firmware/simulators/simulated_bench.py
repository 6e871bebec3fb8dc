"""The controls of a unit's simulated devices: what a person at the counter would do, as methods.

Opened by bench.py, turned by the console's 演示 page, by `make visit` and by tests; thread-safe. Pictures come in as
JPEG or PNG (measured and decoded in a bounded child), pictures and sounds go out as PNG and WAV.

    bench.simulators.lay_paper("application_form", seed=3)      a paper under the document camera
    bench.simulators.show_code(png)                             a ticket held before the scanner gun
    bench.simulators.lay_card(bench.simulators.person(7))                 an ID card on the reader
    bench.simulators.press(Button.NEXT)                         a button of the panel
    bench.simulators.set_fault("document_camera", "hung", True)
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path
from typing import Final, TypeVar

from firmware.decoding import PictureDecoder
from firmware.ports import Button, Device, IdCard, Lamp, LampState, Pixels
from firmware.simulators import papers
from firmware.simulators.board import SimulatedBoard
from firmware.simulators.call_display import SimulatedCallDisplay
from firmware.simulators.desk import Desk
from firmware.simulators.document_camera import SimulatedDocumentCamera
from firmware.simulators.faults import FaultState, FaultSwitches, FaultUnknown
from firmware.simulators.id_card_reader import SimulatedIdCardReader
from firmware.simulators.panel import SimulatedPanel
from firmware.simulators.papers import PaperKind
from firmware.simulators.persons import SamplePerson, sample_person
from firmware.simulators.scanner import SimulatedScanner
from firmware.simulators.speaker import SimulatedSpeaker, Spoken
from firmware.simulators.ticket_printer import SimulatedTicketPrinter

Simulated = TypeVar("Simulated")

PICTURE_NAMES: Final = (".jpg", ".jpeg", ".png")


class SimulatedBench:
    """All simulated devices of one unit and the desk under its camera. What is not simulated is None."""

    def __init__(self, devices: Collection[str], *, sheets: Path | None = None, seed: int = 1) -> None:
        """Open the devices named, for example ["scanner", "document_camera"]. `sheets` is a folder of photographs."""
        self.desk = Desk(seed=seed)
        self.scanner = SimulatedScanner() if "scanner" in devices else None
        self.document_camera = SimulatedDocumentCamera(self.desk) if "document_camera" in devices else None
        self.call_display = SimulatedCallDisplay() if "call_display" in devices else None
        self.panel = SimulatedPanel() if "panel" in devices else None
        self.speaker = SimulatedSpeaker() if "speaker" in devices else None
        self.id_card_reader = SimulatedIdCardReader() if "id_card_reader" in devices else None
        self.ticket_printer = SimulatedTicketPrinter() if "ticket_printer" in devices else None
        self.board = SimulatedBoard() if "board" in devices else None
        self._sheets = sheets
        self._next_sheet = 0
        self._decoder = PictureDecoder()

    def person(self, number: int) -> SamplePerson:
        """Return an invented resident, the same for the same number at every unit."""
        return sample_person(number)

    # What lies under the document camera.

    def paper_kinds(self) -> tuple[PaperKind, ...]:
        """Return the papers that can be drawn: `key` for `lay_paper`, `title` (Chinese) for the console."""
        return papers.PAPER_KINDS

    def lay_paper(self, kind: str, *, seed: int = 1, person: SamplePerson | None = None, add: bool = False) -> None:
        """Draw a paper of this kind and lay it under the camera, in place of what lies there or beside it (`add`).

        The same kind, seed and person give the same paper; no person: the invented one of the seed.

        Raises:
            PaperUnknown: no such kind; nothing was moved.
        """
        self.desk.lay(papers.draw_paper(kind, seed=seed, person=person), add=add)

    def lay_paper_for(self, material: str, *, seed: int = 1, person: SamplePerson | None = None) -> str:
        """Lay the paper that comes closest to a catalogue material's Chinese name; return its kind."""
        kind = papers.kind_for_material(material)
        self.lay_paper(kind, seed=seed, person=person)
        return kind

    def lay_picture(self, data: bytes) -> None:
        """Let the camera see this photograph (JPEG or PNG) as its whole frame, scaled to fit.

        Raises:
            PictureRefused: not a whole picture of at most 40 megapixels and 12 MB; nothing was moved.
        """
        self.desk.show_photograph(self._decoder.decode(data))

    def lay_slip(self, data: bytes) -> None:
        """Lay a printed slip (the PNG of a simulated printer, 203 dpi) under the camera.

        Raises:
            PictureRefused: likewise.
        """
        self.desk.lay(papers.slip_sheet(self._decoder.decode(data)))

    def sheets(self) -> tuple[str, ...]:
        """Return the file names of the photographs in the SHEETS folder, sorted; empty without a folder."""
        if self._sheets is None or not self._sheets.is_dir():
            return ()
        return tuple(sorted(file.name for file in self._sheets.iterdir() if file.suffix.lower() in PICTURE_NAMES))

    def lay_sheet(self, name: str) -> None:
        """Let the camera see one photograph of the SHEETS folder.

        Raises:
            PaperUnknown: no such file in the folder.
            PictureRefused: as for `lay_picture`.
        """
        if self._sheets is None or name not in self.sheets():  # a name from a form never leaves the folder
            raise papers.PaperUnknown("no photograph of that name in the folder of sheets")
        self.lay_picture((self._sheets / name).read_bytes())

    def lay_next_sheet(self) -> str | None:
        """Let the camera see the folder's next photograph, from the first again after the last; None without any."""
        names = self.sheets()
        if not names:
            return None
        name = names[self._next_sheet % len(names)]
        self._next_sheet += 1
        self.lay_sheet(name)
        return name

    def clear_desk(self) -> None:
        self.desk.clear()

    # Who comes, what is held before the gun, laid on the reader, pressed.

    def show_code(self, data: bytes) -> bool:
        """Hold a picture (JPEG or PNG, for example of a ticket) before the scanner gun; return whether it beeped.

        Raises:
            PictureRefused: as for `lay_picture`.
        """
        return _the(self.scanner, "scanner").present(self._decoder.decode(data))

    def show_code_pixels(self, picture: Pixels) -> bool:
        """As `show_code`, for pixels that are there already."""
        return _the(self.scanner, "scanner").present(picture)

    def lay_card(self, card: IdCard | SamplePerson) -> None:
        """Lay a card on the ID card reader; it stays until `lift_card`."""
        _the(self.id_card_reader, "id_card_reader").lay(card.id_card() if isinstance(card, SamplePerson) else card)

    def lift_card(self) -> None:
        _the(self.id_card_reader, "id_card_reader").lift()

    def press(self, button: Button) -> None:
        _the(self.panel, "panel").press(button)

    # What can be seen and heard.

    def lamps(self) -> dict[Lamp, LampState]:
        return _the(self.panel, "panel").lamps()

    def led_picture(self) -> bytes:
        """Return what the LED display shows at this moment, as PNG."""
        return _the(self.call_display, "call_display").picture()

    def led_text(self) -> str:
        """Return the text last shown, for stories and tests; what counts is the picture."""
        return _the(self.call_display, "call_display").text()

    def spoken(self) -> tuple[Spoken, ...]:
        """Return the last few announcements, oldest first, each with its running number, pinyin and WAV."""
        return _the(self.speaker, "speaker").spoken()

    def slips(self) -> tuple[bytes, ...]:
        """Return the last few printed slips as PNG, oldest first."""
        return _the(self.ticket_printer, "ticket_printer").slips()

    # What goes wrong.

    def faults(self) -> tuple[FaultState, ...]:
        """Return every switch of every simulated device."""
        return tuple(state for switches in self._switches() for state in switches.states())

    def set_fault(self, device: str, fault: str, on: bool) -> None:
        """Switch one fault of one device.

        Raises:
            FaultUnknown: the device is not simulated here, or has no such fault. Nothing was switched.
        """
        for switches in self._switches():
            if switches.device == device:
                switches.set(fault, on)
                return
        raise FaultUnknown("that device is not simulated here")

    def clear_faults(self) -> None:
        for switches in self._switches():
            switches.clear()

    def close(self) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(self._decoder.close)
            for device in self._devices():
                stack.callback(device.close)

    def _devices(self) -> list[Device]:
        every: tuple[Device | None, ...] = (
            self.scanner,
            self.document_camera,
            self.call_display,
            self.panel,
            self.speaker,
            self.id_card_reader,
            self.ticket_printer,
            self.board,
        )
        return [device for device in every if device is not None]

    def _switches(self) -> list[FaultSwitches]:
        return [device.faults for device in self._devices() if hasattr(device, "faults")]


def _the(device: Simulated | None, name: str) -> Simulated:
    if device is None:
        raise FaultUnknown(f"the {name} is not simulated here")
    return device
