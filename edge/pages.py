"""A page as it lies in memory between the camera and the packet. Never written anywhere before it is sealed."""

from __future__ import annotations

from dataclasses import dataclass

from edge.capture import CardSide


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenPage:
    """What the capture made of one photograph."""

    jpeg: bytes
    width: int  # pixels
    height: int
    accepted: bool  # by the gate
    sentence: str  # the verdict, for the clerk, in Chinese
    simulated: bool = False
    card_sides: tuple[CardSide | None, ...] = ()  # of each card on it; None: no identity card's, or not surely

    def __repr__(self) -> str:
        return f"TakenPage({self.width}×{self.height}, accepted={self.accepted})"
