"""Sealed pages on their way in: chunks gather by unit and digest until a manifest asks for them, in memory or in files.

Comes from link (chunks), goes to intake (whole sealed pages). Nothing is durable here, on purpose: what a crash loses
is asked for again by `Receipt(MISSING)`. Bounded for each unit and in all; a unit that sends too much pushes out its
own oldest pages first.
"""

from __future__ import annotations

import shutil
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from broker.errors import MessageRefused, require
from broker.messages import CHUNK_BYTES_MAX, PAGES_MAX, SEALED_PAGE_BYTES_MAX, Chunk

UNIT_BYTES_MAX: Final = PAGES_MAX * SEALED_PAGE_BYTES_MAX  # the largest packet fits
ALL_BYTES_MAX: Final = 2 * 1024**3
MEMORY_BYTES_MAX: Final = 48 * 1024**2  # most pages are asked for within milliseconds and never see the disk


@dataclass(slots=True)
class _Page:
    total_bytes: int
    missing: set[int]
    path: Path | None  # None: in memory
    pieces: dict[int, bytes] = field(default_factory=dict)

    def put(self, index: int, data: bytes) -> None:
        if self.path is None:
            self.pieces[index] = data
            return
        # Chunks may come in any order and again after a cut: each has its own place in the file.
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            file.seek(index * CHUNK_BYTES_MAX)
            file.write(data)

    def whole(self) -> bytes:
        if self.path is None:
            return b"".join(self.pieces[index] for index in sorted(self.pieces))
        try:
            return self.path.read_bytes()
        except OSError:
            return b""


class ChunkStage:
    """The folder of half and whole sealed pages. Emptied when opened."""

    def __init__(
        self,
        folder: Path,
        *,
        unit_bytes_max: int = UNIT_BYTES_MAX,
        all_bytes_max: int = ALL_BYTES_MAX,
        memory_bytes_max: int = MEMORY_BYTES_MAX,
    ) -> None:
        self._folder = folder
        self._unit_bytes_max, self._all_bytes_max = unit_bytes_max, all_bytes_max
        self._memory_bytes_max, self._memory_bytes = memory_bytes_max, 0
        self._pages: OrderedDict[tuple[str, str], _Page] = OrderedDict()  # the longest untouched first
        self._unit_bytes: dict[str, int] = {}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def bytes_staged(self) -> int:
        return sum(self._unit_bytes.values())

    def put(self, unit: str, chunk: Chunk) -> None:
        """Take a chunk; a second delivery changes nothing.

        Raises:
            MessageRefused: it contradicts an earlier chunk of the same page. The earlier ones stay.
            OSError: the disk is full. The page will be found missing and asked for again.
        """
        key = (unit, chunk.digest)
        page = self._pages.get(key)
        if page is None:
            page = self._begin(unit, chunk)
        require(page.total_bytes == chunk.total_bytes, "the chunks of a page agree on its size", MessageRefused)
        self._pages.move_to_end(key)
        if chunk.index in page.missing:
            page.put(chunk.index, chunk.data)
            page.missing.discard(chunk.index)

    def take(self, unit: str, digest: str, total_bytes: int) -> bytes | None:
        """Return a sealed page all of whose chunks are here, or None. Whether it is undamaged shows when it is opened.

        The page stays until `drop`: its packet may come again before the receipt is out.
        """
        page = self._pages.get((unit, digest))
        if page is None or page.missing or page.total_bytes != total_bytes:
            return None
        sealed = page.whole()
        if len(sealed) != total_bytes:
            self.drop(unit, digest)
            return None
        return sealed

    def drop(self, unit: str, digest: str) -> None:
        page = self._pages.pop((unit, digest), None)
        if page is not None:
            self._unit_bytes[unit] -= page.total_bytes
            if page.path is None:
                self._memory_bytes -= page.total_bytes
            else:
                page.path.unlink(missing_ok=True)

    def _begin(self, unit: str, chunk: Chunk) -> _Page:
        while self._unit_bytes.get(unit, 0) + chunk.total_bytes > self._unit_bytes_max:
            self._push_out(unit)
        while self._pages and self.bytes_staged + chunk.total_bytes > self._all_bytes_max:
            self._push_out(None)
        page = _Page(chunk.total_bytes, set(range(chunk.count)), self._place(unit, chunk))
        self._pages[unit, chunk.digest] = page
        self._unit_bytes[unit] = self._unit_bytes.get(unit, 0) + chunk.total_bytes
        return page

    def _place(self, unit: str, chunk: Chunk) -> Path | None:
        if self._memory_bytes + chunk.total_bytes <= self._memory_bytes_max:
            self._memory_bytes += chunk.total_bytes
            return None
        folder = self._folder / unit
        folder.mkdir(exist_ok=True)
        return folder / chunk.digest

    def _push_out(self, unit: str | None) -> None:
        oldest = next(key for key in self._pages if unit is None or key[0] == unit)
        self.drop(*oldest)
