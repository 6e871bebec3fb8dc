"""What the core asks of its devices: each starts something and returns at once; what came of it is an event later.

The real ones are the threads of `workers.py`; tests hand in their own.
"""

from __future__ import annotations

from typing import Final, Protocol

from broker.messages import Call
from edge.led import Led
from firmware.ports import Lamp, LampState, Slip

LABELS: Final = {
    "scanner": "扫描枪",
    "document_camera": "高拍仪",
    "call_display": "叫号屏",
    "panel": "按钮盒",
    "speaker": "音箱",
    "id_card_reader": "身份证阅读器",
    "ticket_printer": "号票打印机",
    "board": "装置本身",
    "board.temperature": "装置温度",
    "board.power": "装置供电",
    "board.card": "存储卡状况",
    "board.space": "存储空间",
    "board.memory": "内存",
    "board.clock": "装置时钟",
    "board.load": "装置负荷",
}
BOARD: Final = "board"


# What a technician should now see or hear.
TRIALS: Final = {
    "scanner": "正在检查扫描枪。",
    "document_camera": "正在拍一张全幅照片，拍不成会在这里说明。",
    "call_display": "叫号屏正在显示 8888，约3秒。",
    "panel": "按钮盒的四只灯依次各亮1秒：就绪、待传、故障、吹哨应答。",
    "speaker": "音箱正在播报测试号 A8888，只播一遍。",
    "id_card_reader": "正在检查身份证阅读器。",
    "ticket_printer": "正在打印一张测试条。",
    "board": "正在检查装置的温度、供电、存储卡和时钟。",
}


class Devices(Protocol):
    def present(self) -> dict[str, bool]:
        """Return the devices that this unit has, by name, and whether each is simulated."""
        ...

    def photograph(self, job: int) -> None:
        """Photograph the desk and make a page of it. `PagePhotographed` follows."""
        ...

    def print_slip(self, job: int, slip: Slip) -> None:
        """`SlipPrinted` follows."""
        ...

    def announce(self, call: Call, *, aloud: bool = True) -> None:
        """Show a call, and if `aloud` speak it where there is a speaker; after those asked for before. `CallAnnounced`
        follows."""
        ...

    def show(self, led: Led) -> None:
        """Let this stand on the display whenever no call is being announced."""
        ...

    def watch_for_ticket(self, wanted: bool) -> None:
        """Look for a ticket's code under the document camera, or stop. `Scanned` follows when one lies there."""
        ...

    def watch_desk(self, wanted: bool) -> None:
        """Watch the desk hands free, or stop. `DeskWatched` follows whenever it has changed."""
        ...

    def sheet_kept(self) -> None:
        """The page that the gate refused last was kept after all: do not take its sheet once more."""
        ...

    def sheets_given_up(self) -> None:
        """Pages were removed or handed in: hands free, a sheet that was one of them may be taken again."""
        ...

    def set_lamp(self, lamp: Lamp, state: LampState) -> None: ...

    def try_device(self, name: str) -> None:
        """Have a device that is present do what a technician can see or hear. `DeviceChecked` follows."""
        ...

    def check(self) -> None:
        """Check every device. `DeviceChecked` follows for each."""
        ...
