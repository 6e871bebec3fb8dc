"""One unit as its console sees it: ask for something, look at what it shows.

Every command, device and network event goes on one queue and is handled by one thread, in the core (`core.py`); this
module is the door to that thread. Its methods may be called from any thread, at the same time.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Protocol, TypeVar

from edge.catalogue import Catalogue
from edge.commands import Command, Result
from edge.errors import Busy, UnitStopped
from edge.events import Asked, Event, Looked, Ticked
from edge.view import UnitView

log = logging.getLogger(__name__)

T = TypeVar("T")


class Handles(Protocol):
    """The core: handles one event after another, on one thread."""

    def handle(self, event: Event) -> None: ...

    def wait_seconds(self) -> float:
        """Return how long the core can wait for an event before it wants a `Ticked`."""
        ...

    def view(self) -> UnitView: ...


class Inbox:
    """The one queue. Whoever has something for the core puts it here, from any thread."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()

    def put(self, event: Event) -> None:
        self._queue.put(event)

    def stop(self) -> None:
        self._queue.put(None)

    def get(self, timeout_seconds: float) -> Event | None:
        """Return the next event, `Ticked` when none came in time, None when all is over."""
        try:
            return self._queue.get(timeout=max(0.001, timeout_seconds))
        except queue.Empty:
            return Ticked()


class Unit:
    """A running unit."""

    def __init__(
        self,
        core: Handles,
        inbox: Inbox,
        catalogue: Catalogue,
        live_frame: Callable[[], bytes],
        slip_picture: Callable[[], bytes | None] = lambda: None,
        on_failure: Callable[[BaseException], None] = lambda _: None,
    ) -> None:
        self.catalogue = catalogue
        self._core = core
        self._inbox = inbox
        self._live_frame = live_frame
        self._slip_picture = slip_picture
        self._on_failure = on_failure
        self._changed = threading.Condition()
        self._view = core.view()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="core", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Let the core finish what is on the queue, then stop it. May be called twice."""
        self._inbox.stop()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout=10)

    def do(self, command: Command, timeout_seconds: float = 20.0) -> Result:
        """Have a command carried out, and return when it was.

        Raises:
            OneWindowError: refused or failed; `notice` is for the person who asked. Nothing changed, unless the error
                says so.
            Busy: the core did not answer in time.
            UnitStopped: the unit is stopping.
        """
        answer: Future[Result] = Future()
        return self._wait(Asked(command, answer), answer, timeout_seconds)

    def view(self) -> UnitView:
        """Return what the unit shows now."""
        with self._changed:
            return self._view

    def wait_for_change(self, version: int, timeout_seconds: float = 15.0) -> UnitView:
        """Return as soon as the view is newer than `version`, or after the timeout with the view as it is."""
        with self._changed:
            self._changed.wait_for(lambda: self._view.version > version or self._stopped, timeout_seconds)
            return self._view

    def page_jpeg(self, page: str) -> bytes:
        """Return a page's picture as JPEG, as it would be sent.

        Raises:
            PageUnknown: there is no such page at this window now.
        """
        answer: Future[bytes] = Future()
        return self._wait(Looked(page, answer), answer, 5.0)

    def live_frame(self) -> bytes:
        """Return what the document camera sees, small, as JPEG, with the outline of the sheet it has found.

        Raises:
            DeviceError: no camera, or no frame in time.
        """
        return self._live_frame()

    def slip_picture(self) -> bytes | None:
        """Return the last slip as PNG, as a simulated printer has drawn it; None with a real printer."""
        return self._slip_picture()

    def _wait(self, event: Event, answer: Future[T], timeout_seconds: float) -> T:
        if self._stopped:
            raise UnitStopped("the core has stopped")
        self._inbox.put(event)
        try:
            return answer.result(timeout_seconds)
        except FutureTimeout:
            if answer.done():
                raise
            raise Busy(f"no answer from the core within {timeout_seconds} s") from None

    def _run(self) -> None:
        try:
            while (event := self._inbox.get(self._core.wait_seconds())) is not None:
                self._core.handle(event)
                self._show()
        except Exception as error:
            # A broken promise of our own code: stop loudly; systemd starts us clean and the outbox has the papers.
            log.exception("the core has failed and stops")
            self._on_failure(error)
        finally:
            self._end()

    def _show(self) -> None:
        view = self._core.view()
        if view is not self._view:
            with self._changed:
                self._view = view
                self._changed.notify_all()

    def _end(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        while (event := self._inbox.get(0.001)) is not None and not isinstance(event, Ticked):
            if isinstance(event, Asked | Looked) and not event.answer.done():
                event.answer.set_exception(UnitStopped("the core has stopped"))
