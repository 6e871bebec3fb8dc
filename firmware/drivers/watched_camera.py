"""A document camera whose library may block for ever: every call has its time, and a stuck one is left behind.

The library's object (a `CameraStream`) lives in a thread of its own, which opens it, serves one frame at a time and
closes it. A call that gets no answer in time abandons that thread and raises; the next call opens the camera anew. A
thread cannot be killed, so at most `LOST_MAX` may be stuck at a time: then the camera is not opened again until one
has come back. Used by both drivers of document cameras; what they differ in is the stream.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Literal, Protocol

from firmware.ports import CameraMissing, CameraNotReady, DeviceError, Frame, Pixels

log = logging.getLogger(__name__)

LOST_MAX: Final = 3  # threads left behind in a library that does not return
OPEN_SECONDS_MAX: Final = 15.0  # an opening that takes longer is stuck; a Pi camera needs 0.5 to 2 s
_CHECK_SECONDS: Final = 0.9
_OF_THE_TIMEOUT: Final = 0.9  # a stream gives up by itself a little before its caller would leave it behind
_CLOSE_SECONDS: Final = 2.0

Size = Literal["photograph", "preview"]


class CameraStream(Protocol):
    """An open camera that delivers frames. Lives in one thread."""

    def frame(self, size: Size, until: float) -> Pixels:
        """Return a frame exposed after this call, upright, BGR. `until` is on the monotonic clock, in seconds.

        Raises:
            DeviceError: no frame by then, or the camera is gone. The stream is closed and another one opened.
        """
        ...

    def close(self) -> None: ...


class WatchedCamera:
    """The port `DocumentCamera` on a stream that may hang. `open_stream` raises CameraMissing when nothing is there."""

    simulated = False

    def __init__(
        self,
        open_stream: Callable[[], CameraStream],
        *,
        open_seconds_max: float = OPEN_SECONDS_MAX,
    ) -> None:
        self._open_stream = open_stream
        self._open_seconds_max = open_seconds_max
        self._closed = False
        self._lost: list[_Server] = []
        self._server: _Server | None = _Server(open_stream)

    def check(self) -> None:
        """As the port says; a camera that is still being opened, within its time, passes."""
        self._frame("preview", _CHECK_SECONDS, opening_will_do=True)

    def photograph(self, timeout_seconds: float = 3.0) -> Frame:
        return self._taken("photograph", timeout_seconds)

    def preview(self, timeout_seconds: float = 1.0) -> Frame:
        return self._taken("preview", timeout_seconds)

    @property
    def lost_count(self) -> int:
        """How many threads are stuck in the camera's library at this moment."""
        self._lost = [server for server in self._lost if server.is_alive()]
        return len(self._lost)

    def close(self) -> None:
        self._closed = True
        server, self._server = self._server, None
        if server is not None:
            server.leave()
            server.join(_CLOSE_SECONDS)

    def __enter__(self) -> WatchedCamera:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _taken(self, size: Size, timeout_seconds: float) -> Frame:
        pixels = self._frame(size, timeout_seconds)
        if pixels is None:
            raise CameraNotReady("the camera is still being opened")
        return Frame(pixels, time.monotonic_ns() // 1_000_000)

    def _frame(self, size: Size, seconds: float, *, opening_will_do: bool = False) -> Pixels | None:
        server = self._serving()
        order = _Order(size, time.monotonic() + seconds * _OF_THE_TIMEOUT)
        server.put(order)
        try:
            return order.answer.result(seconds)
        except TimeoutError as error:
            if isinstance(error, DeviceError):  # the stream's own word: CameraNotReady is a TimeoutError too
                raise
        order.answer.cancel()
        opening = server.opening_seconds()
        if opening is not None and opening < self._open_seconds_max:
            if opening_will_do:
                return None
            raise CameraNotReady(f"the camera is still being opened, since {opening:.1f} s")
        server.leave()
        self._lost.append(server)
        self._server = None
        log.warning("the document camera hangs and is opened anew; %d of its threads are stuck", self.lost_count)
        raise CameraNotReady(f"no frame within {seconds:g} s; the camera hangs")

    def _serving(self) -> _Server:
        if self._closed:
            raise CameraMissing("the camera has been closed")
        if self._server is None or self._server.is_over():
            if self.lost_count >= LOST_MAX:
                raise CameraNotReady(f"{LOST_MAX} calls to the camera hang; unplug it, or start the unit anew")
            self._server = _Server(self._open_stream)
        return self._server


@dataclass(slots=True)
class _Order:
    size: Size
    until: float
    answer: Future[Pixels] = field(default_factory=Future)


class _Server:
    """One stream and the thread that it lives in."""

    def __init__(self, open_stream: Callable[[], CameraStream]) -> None:
        self._open_stream = open_stream
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._over: DeviceError | None = None
        self._opened_at: float | None = None
        self._begun_at = time.monotonic()
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._run, name="document_camera stream", daemon=True)
        self._thread.start()

    def put(self, order: _Order) -> None:
        with self._lock:
            if self._over is None:
                self._orders.put(order)
            else:
                order.answer.set_exception(self._over)

    def leave(self) -> None:
        """Let the thread close its stream and end as soon as it comes back from the library."""
        self._left.set()
        self._orders.put(None)

    def is_over(self) -> bool:
        with self._lock:
            return self._over is not None

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def opening_seconds(self) -> float | None:
        """Return for how long it has been opening; None when it is open."""
        return time.monotonic() - self._begun_at if self._opened_at is None else None

    def _run(self) -> None:
        try:
            stream = self._open_stream()
        except Exception as error:  # noqa: BLE001
            # The outermost loop of this thread: whatever the library raises, the callers get a DeviceError.
            self._end(_plain(error, "cannot be opened"))
            return
        self._opened_at = time.monotonic()
        try:
            self._serve(stream)
        except Exception as error:  # noqa: BLE001  # likewise
            self._end(_plain(error, "gave no frame"))
        else:
            self._end(CameraMissing("the camera has been closed"))
        finally:
            try:
                stream.close()
            except Exception:
                # Likewise: a camera that was pulled out cannot always be closed in order.
                log.warning("the document camera could not be closed in order", exc_info=True)

    def _serve(self, stream: CameraStream) -> None:
        while not self._left.is_set():
            order = self._orders.get()
            if order is None or self._left.is_set():
                return
            if not order.answer.set_running_or_notify_cancel():
                continue  # its caller has gone
            try:
                order.answer.set_result(stream.frame(order.size, order.until))
            except Exception as error:
                order.answer.set_exception(_plain(error, "gave no frame"))
                raise

    def _end(self, error: DeviceError) -> None:
        with self._lock:
            self._over = error
        while not self._orders.empty():
            order = self._orders.get()
            if order is not None and order.answer.set_running_or_notify_cancel():
                order.answer.set_exception(error)


def _plain(error: Exception, what: str) -> DeviceError:
    if isinstance(error, DeviceError):
        return error
    return CameraNotReady(f"the camera {what}: {type(error).__name__}")
