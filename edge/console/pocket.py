"""The residents' pocket of the demonstration hall: slips of simulated printers, carried as pictures to other units.

A folder that the simulated units of one machine share. Holds only PNG pictures of what a printer gave out (a ticket's
identity is sealed in its code); kept small; absent with real printers.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge.console.errors import SlipUnknown

SLIPS_MAX: Final = 40  # in the folder; the oldest go first
_NAME: Final = re.compile(r"[0-9]{13}-[a-z0-9-]{1,40}\.png")


class Pocket:
    def __init__(self, folder: Path | None, unit: str) -> None:
        self._folder = folder
        self._unit = unit
        self._carried: bytes | None = None

    def carry(self, slips: Sequence[bytes]) -> None:
        """Put the newest slip into the pocket, unless it is there already. A full disk leaves the pocket as it is."""
        if self._folder is None or not slips or slips[-1] is self._carried:
            return
        self._carried = slips[-1]
        name = f"{int(time.time() * 1000):013d}-{self._unit}.png"
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            half = self._folder / f".{secrets.token_hex(6)}"
            half.write_bytes(slips[-1])
            half.rename(self._folder / name)  # another unit never sees half a picture
            for old in self.names()[SLIPS_MAX:]:
                (self._folder / old).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Return the pictures' names, newest first."""
        if self._folder is None or not self._folder.is_dir():
            return []
        return sorted((file.name for file in self._folder.iterdir() if _NAME.fullmatch(file.name)), reverse=True)

    def picture(self, name: str) -> bytes:
        """Return one slip as PNG.

        Raises:
            SlipUnknown: no slip of that name; a name never leaves the folder.
        """
        if self._folder is None or not _NAME.fullmatch(name):
            raise SlipUnknown("no slip of that name in the pocket")
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            raise SlipUnknown("no slip of that name in the pocket") from None
