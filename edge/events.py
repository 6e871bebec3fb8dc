"""What reaches a unit's core: a person's command, a device's news, a message from central, time passing.

Put on the one queue (`unit.Inbox`) by the console, the devices' threads and the MQTT client's thread; handled by
`core.py`, one after another.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from broker.errors import OneWindowError
from broker.messages import Call
from edge.commands import Command, Result
from firmware.ports import Button, IdCard, Scan

if TYPE_CHECKING:
    from edge.capture import Step
    from edge.pages import TakenPage


@dataclass(frozen=True, slots=True)
class Asked:
    """A person's command. The answer is set once: the result, or the error that says why not."""

    command: Command
    answer: Future[Result]


@dataclass(frozen=True, slots=True)
class Looked:
    """The console wants a page's picture."""

    page: str
    answer: Future[bytes]


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed, and nothing else happened."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button of the panel."""

    button: Button


@dataclass(frozen=True, slots=True)
class Scanned:
    """The scanner gun, or the camera used as one, read a code.

    `still_lies`: from the camera, which has told this code before and has not seen the desk bare since. Perhaps it
    was only hidden for a while.
    """

    scan: Scan
    still_lies: bool = False


@dataclass(frozen=True, slots=True)
class CardLaid:
    card: IdCard


@dataclass(frozen=True, slots=True)
class PagePhotographed:
    """The camera's thread is done with a job: a page, or why there is none."""

    job: int
    page: TakenPage | None
    error: OneWindowError | None = None


@dataclass(frozen=True, slots=True)
class DeskWatched:
    """Hands free: what the desk looks like has changed. `take`: a new sheet lies still."""

    step: Step
    take: bool = False


@dataclass(frozen=True, slots=True)
class SlipPrinted:
    """The printer's thread is done with a job. `error`: it was not, or not wholly, printed."""

    job: int
    error: OneWindowError | None = None


@dataclass(frozen=True, slots=True)
class CallAnnounced:
    """The announcer has shown a call; a second time, where there is a speaker, when it has been spoken."""

    call: Call
    shown: bool
    spoken: bool


@dataclass(frozen=True, slots=True)
class DeviceChecked:
    """How a device is. `error` None: it is well."""

    device: str
    error: OneWindowError | None = None


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The broker has taken us in, and the subscription stands."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    reason: str


@dataclass(frozen=True, slots=True)
class Published:
    """The broker has acknowledged what was published under this handle: flow control, never proof."""

    handle: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message from central."""

    topic: str
    payload: bytes


Event = (
    Asked
    | Looked
    | Ticked
    | Pressed
    | Scanned
    | CardLaid
    | PagePhotographed
    | DeskWatched
    | SlipPrinted
    | CallAnnounced
    | DeviceChecked
    | LinkUp
    | LinkDown
    | Published
    | Arrived
)
