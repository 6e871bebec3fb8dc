"""What the console needs to be told: where it listens, who may program it, where simulated slips are carried.

Comes from the `[console]` table of unit.toml through `bootstrap.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

BODY_BYTES_MAX: Final = 192 * 1024  # of a form: 30 fields of 500 characters, at nine bytes each
PICTURE_BYTES_MAX: Final = 12 * 1024 * 1024  # of a picture laid under the simulated camera
STREAMS_MAX: Final = 8  # pages that listen at one time; the others ask every few seconds
THREADS: Final = 16  # of waitress: the listening pages hold one each, the rest answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """`token` empty: no program may use the console, people only."""

    host: str = "127.0.0.1"
    port: int = 8100
    token: str = ""  # bearer token for programs: at least 20 characters
    hosts: tuple[
        str, ...
    ] = ()  # further names by which the console may be asked, for example "shuangjing-w3.local:8100"
    pocket: Path | None = None  # folder in which the slips of simulated printers are carried from unit to unit

    def __post_init__(self) -> None:
        assert self.token == "" or len(self.token) >= 20, "a token of under 20 characters is guessed"

    def __repr__(self) -> str:
        return f"ConsoleSettings(host={self.host!r}, port={self.port})"  # never the token

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The Host headers that are answered; another is a page that turned its own name to us (DNS rebinding)."""
        own = (self.host, "127.0.0.1", "localhost", "[::1]")
        return frozenset(f"{name}:{self.port}" for name in own) | frozenset(self.hosts)
