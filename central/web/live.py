"""Tell every open page that the book has moved: one reader of the tail, any number of listeners.

A listener is not given a queue of messages but the newest *state* of its channel: who was away or slow gets the newest
and has missed nothing, since a board's state carries its recent calls with their rising counters. So nothing piles up
for a slow client. Each listener holds a thread of the server, hence LISTENERS_MAX (ADR 0070).

Comes from `Reading.watch` (another connection's commit), goes to board.py and the staff pages as server-sent events.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, Protocol

from broker.errors import OneWindowError

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.04  # from a commit to the pages, at most; one PRAGMA (some 10 µs) each time
REFRESH_SECONDS: Final = 5.0  # so often channels are looked at anew although nothing was committed: calls expire
BEAT_SECONDS: Final = 5.0  # a page that hears nothing for three beats says 连接中断
LISTENERS_MAX: Final = 64  # of all channels; the server has more threads than this, so that pages are still answered
LISTENERS_OF_ONE_MAX: Final = 8  # of one session: browsers open no more to a host anyway
LISTENERS_OF_ADDRESS_MAX: Final = 24  # public screens: a whole hall may stand behind one address
LOOK_SECONDS: Final = 1.0  # so often a stream looks whether its page is still there


class TooManyListeners(OneWindowError, RuntimeError):
    """Every place for a live page is taken. The page asks again by itself and is read every few seconds until then."""

    code = "too-many-listeners"
    notice = "实时连接数已满，页面改为定时刷新。"


class TailWatch(Protocol):
    def version(self) -> int: ...

    def close(self) -> None: ...


class Channel:
    """One state that pages follow. `version` rises when the state's bytes change."""

    def __init__(self, compose: Callable[[], bytes]) -> None:
        self._compose = compose
        self._changed = threading.Condition()
        self._version = 0
        self._state = b""

    def refresh(self) -> None:
        """Compose the state again and wake the listeners if it differs."""
        state = self._compose()
        with self._changed:
            if state != self._state or self._version == 0:
                self._state, self._version = state, self._version + 1
                self._changed.notify_all()

    def wait(self, seen: int, timeout_seconds: float) -> tuple[int, bytes]:
        """Return the newest version and state, as soon as it is newer than `seen` or the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != seen, timeout_seconds)
            return self._version, self._state

    def wake(self) -> None:
        with self._changed:
            self._version += 1
            self._changed.notify_all()


class Live:
    """The tail's reader and the channels. Its thread starts with the first listener, in the process that serves it."""

    def __init__(self, open_watch: Callable[[], TailWatch], channels: dict[str, Callable[[], bytes]]) -> None:
        self._open_watch = open_watch
        self.channels = {name: Channel(compose) for name, compose in channels.items()}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._listeners: dict[str, int] = {}

    @property
    def listeners(self) -> int:
        with self._lock:
            return sum(self._listeners.values())

    def events(
        self, channel: str, who: str, *, most: int = LISTENERS_OF_ONE_MAX, is_gone: Callable[[], bool] = lambda: False
    ) -> Iterator[bytes]:
        """Take a place and return the stream of a channel as server-sent events; the place is free when it is closed.

        Args:
            who: an address or a session, which may hold `most` places.
            is_gone: says that the client has hung up; asked every LOOK_SECONDS.

        Raises:
            TooManyListeners: at once, before anything is sent.
        """
        place = ExitStack()
        place.enter_context(self._place(who, most))
        return _Stream(self._told(channel, is_gone), place.close)

    def stop_soon(self) -> None:
        """Ask the thread and every stream to end, at their next breath. Waits for no lock that a listener holds."""
        self._stopping.set()

    def stop(self) -> None:
        """End the thread and every stream, and wait for the thread; may be called twice."""
        self.stop_soon()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(5)

    def _told(self, name: str, is_gone: Callable[[], bool]) -> Iterator[bytes]:
        channel = self.channels[name]
        seen, said_at = 0, time.monotonic()
        yield b"retry: 1000\n\n"
        while True:
            version, state = channel.wait(seen, LOOK_SECONDS)
            if self._stopping.is_set() or is_gone():
                return
            if version != seen:
                seen, said_at = version, time.monotonic()
                yield b"data: " + state + b"\n\n"
            elif time.monotonic() - said_at >= BEAT_SECONDS:
                said_at = time.monotonic()
                yield b"event: beat\ndata: 1\n\n"

    @contextmanager
    def _place(self, who: str, most: int) -> Iterator[None]:
        with self._lock:
            if sum(self._listeners.values()) >= LISTENERS_MAX or self._listeners.get(who, 0) >= most:
                raise TooManyListeners(f"{LISTENERS_MAX} pages listen, or {most} of one")
            self._listeners[who] = self._listeners.get(who, 0) + 1
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._follow, name="tail", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._listeners[who] -= 1
                if self._listeners[who] == 0:
                    del self._listeners[who]

    def _follow(self) -> None:
        """Follow the tail until stopped. A database that cannot be read now is asked again; the pages show the cut."""
        watch = self._open_watch()
        known: int | None = None
        idle = 0.0
        while not self._stopping.is_set():
            time.sleep(POLL_SECONDS)
            idle += POLL_SECONDS
            try:
                version = watch.version()
                if version == known and idle < REFRESH_SECONDS:
                    continue
                for channel in self.channels.values():
                    channel.refresh()
                known, idle = version, 0.0
            except Exception:  # the outermost loop of this thread: it must outlive a locked or restored database
                log.exception("the book's tail cannot be read; trying again in a second")
                watch.close()
                watch, known = self._open_watch(), None
                time.sleep(1.0)
        watch.close()
        for channel in self.channels.values():
            channel.wake()


class _Stream:
    """An iterator that gives its place back when the server closes it, also when it was never started."""

    def __init__(self, told: Iterator[bytes], leave: Callable[[], None]) -> None:
        self._told = told
        self._leave = leave

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._told)

    def close(self) -> None:
        self._leave()  # a second time it does nothing
