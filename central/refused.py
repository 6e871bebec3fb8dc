"""What was refused for good: the bytes as they came, beside a note with the unit, the time and the rule.

Comes from receiving, read by a person. Bounded: the oldest go first. What is sealed stays sealed here.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Final

import msgspec

FILES_MAX: Final = 2000
BYTES_MAX: Final = 256 * 1024**2

log = logging.getLogger(__name__)


class RefusedShelf:
    """The folder of refused messages: `<time>-<unit>-<digest>.message` and `.json`."""

    def __init__(self, folder: Path, *, files_max: int = FILES_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._folder = folder
        self._files_max, self._bytes_max = files_max, bytes_max
        folder.mkdir(parents=True, exist_ok=True)
        self._kept = sorted((path.name, path.stat().st_size) for path in folder.glob("*.message"))

    def keep(self, payload: bytes, *, unit: str, family: str, code: str, rule: str, now_ms: int) -> None:
        """Lay a refused message aside. A full disk costs the copy, never the service."""
        digest = hashlib.sha256(payload).hexdigest()
        if any(digest[:16] in name for name, _ in self._kept[-50:]):
            return  # the same bytes again
        name = f"{now_ms:013d}-{unit}-{digest[:16]}.message"
        note = {"unit": unit, "family": family, "code": code, "rule": rule, "at_ms": now_ms, "sha256": digest}
        try:
            (self._folder / name).write_bytes(payload)
            (self._folder / name).with_suffix(".json").write_bytes(msgspec.json.encode(note))
        except OSError as error:
            log.warning("a refused message of %s could not be kept: %s", unit, error.strerror)
            return
        self._kept.append((name, len(payload)))
        while len(self._kept) > self._files_max or sum(size for _, size in self._kept) > self._bytes_max:
            oldest, _ = self._kept.pop(0)
            (self._folder / oldest).unlink(missing_ok=True)
            (self._folder / oldest).with_suffix(".json").unlink(missing_ok=True)
