"""Codes read under the camera -> those to be told: each once while it lies there, however often a frame misses it.

Fed by `workers.CameraThread` with every look at the desk; what it returns becomes `Scanned` for the core. Pure: the
time comes with each look. A frame without the code says little, since a hand, a shadow or a paper may hide it; a desk
that is bare for two looks says that everything was lifted. Kept are digests only, no resident's code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

ABSENT_SECONDS: Final = 2.0  # unseen for so long, a code is told again
BARE_SECONDS: Final = 0.25  # between the first look at a bare desk and the one that is believed
_KEPT_MAX: Final = 16


class LyingCodes:
    """The codes that lie under one camera. Not thread-safe."""

    def __init__(self) -> None:
        self._seen_at: dict[bytes, float] = {}  # digest -> when it was last seen; oldest first
        self._bare_since: float | None = None

    def look(self, texts: Sequence[str], now: float, *, is_bare: Callable[[], bool]) -> list[tuple[str, bool]]:
        """Return what is to be told now: each code, and whether it may still lie there since it was last told.

        Args:
            texts: the codes in this frame, in the order in which they are to be told.
            now: seconds by any one clock.
            is_bare: looks whether nothing lies on the desk; asked only when that matters.
        """
        if texts:
            self._bare_since = None
        elif self._seen_at:
            self._look_for_bare(now, is_bare)
        told: list[tuple[str, bool]] = []
        for text in texts:
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
            seen_at = self._seen_at.pop(digest, None)
            if seen_at is None or now - seen_at >= ABSENT_SECONDS:
                told.append((text, seen_at is not None))
            self._seen_at[digest] = now
        while len(self._seen_at) > _KEPT_MAX:
            del self._seen_at[next(iter(self._seen_at))]
        return told

    def tell_again(self) -> None:
        """Tell what lies there once more: it was laid down before anybody waited for it."""
        self._seen_at = dict.fromkeys(self._seen_at, float("-inf"))

    def _look_for_bare(self, now: float, is_bare: Callable[[], bool]) -> None:
        if not is_bare():
            self._bare_since = None
        elif self._bare_since is None:
            self._bare_since = now
        elif now - self._bare_since >= BARE_SECONDS:
            self._seen_at.clear()
            self._bare_since = None
