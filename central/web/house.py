"""What the pages are handed: settings, the time, a way to do things and a way to look.

Made in `central.bootstrap`, given to `central.web.create_app`. The pages open nothing themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from central.ledger.work import Clock, Rng, UnitOfWork
from central.storage.reading import Reading
from central.storage.sessions import Sessions


class Work(UnitOfWork, Protocol):
    """A unit of work together with its end: leaving the block without `commit` changes nothing."""

    def commit(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The `[hall]` and `[web]` parts of central.toml, as far as pages show or need them."""

    hall: str
    hall_name: str
    timezone: str = "Asia/Shanghai"
    pickup_window: int = 6
    session_hours: int = 8  # a session ends then, whatever is done in it
    idle_minutes: int = 30  # … or when nothing was done for so long
    https: bool = False  # behind TLS: cookies get Secure and the __Host- prefix, answers get HSTS
    names: tuple[str, ...] = ()  # host names under which the pages may be asked for, besides localhost and addresses
    promise_soon_days: int = 2  # a promise due within so many calendar days is shown as near


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """All that the pages may touch.

    `work` opens one writing transaction, in which nobody else writes; `look` shows one moment of the book and the
    vault, holds nobody up and can change nothing. `reading` and `sessions` manage their own connections.
    """

    settings: WebSettings
    clock: Clock
    rng: Rng
    work: Callable[[], AbstractContextManager[Work]]
    look: Callable[[], AbstractContextManager[UnitOfWork]]
    reading: Reading
    sessions: Sessions
