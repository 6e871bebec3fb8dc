"""Open pages hear that the book has moved: the newest state, never a queue; bounded; and again after a cut."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from central.web.live import LISTENERS_MAX, LISTENERS_OF_ONE_MAX, Channel, Live, TooManyListeners

DEADLINE_SECONDS = 5.0


class ABook:
    """A tail that a test moves by hand, and that can fail."""

    def __init__(self) -> None:
        self.moved = 0
        self.broken = False
        self.opened = 0

    def open(self) -> ABook:
        self.opened += 1
        return self

    def version(self) -> int:
        if self.broken:
            raise OSError("the database is locked")
        return self.moved

    def close(self) -> None:
        pass


@pytest.fixture
def book() -> ABook:
    return ABook()


@pytest.fixture
def live(book: ABook) -> Iterator[Live]:
    made = Live(book.open, {"board": lambda: f'{{"moved":{book.moved}}}'.encode()})
    yield made
    made.stop()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


def next_state(stream: Iterator[bytes]) -> bytes:
    """Return the next state of a stream; beats are skipped."""
    for told in stream:
        if told.startswith(b"data:"):
            return told
    raise AssertionError("the stream has ended")


def test_a_page_hears_at_once_how_it_stands_and_then_each_move(live: Live, book: ABook) -> None:
    stream = live.events("board", "one")

    first = next_state(stream)
    book.moved = 1
    second = next_state(stream)

    assert first == b'data: {"moved":0}\n\n'
    assert second == b'data: {"moved":1}\n\n'


def test_a_move_is_told_within_a_tenth_of_a_second(live: Live, book: ABook) -> None:
    stream = live.events("board", "one")
    next_state(stream)

    began = time.monotonic()
    book.moved = 1
    next_state(stream)

    assert time.monotonic() - began < 0.5  # 0.04 s of polling; the rest is a busy machine


def test_who_comes_back_after_many_moves_gets_the_newest_only() -> None:
    states = iter(range(1, 100))
    channel = Channel(lambda: str(next(states)).encode())
    seen, _ = channel.wait(0, 0)
    for _ in range(5):
        channel.refresh()

    version, state = channel.wait(seen, 1.0)

    assert (version, state) == (5, b"5")


def test_the_same_state_wakes_nobody() -> None:
    channel = Channel(lambda: b"as before")
    channel.refresh()
    seen, _ = channel.wait(0, 0)

    channel.refresh()

    assert channel.wait(seen, 0.01) == (seen, b"as before")


def test_one_listener_cannot_take_every_place(live: Live) -> None:
    held = [live.events("board", "greedy") for _ in range(LISTENERS_OF_ONE_MAX)]

    with pytest.raises(TooManyListeners):
        live.events("board", "greedy")
    assert live.events("board", "somebody else") is not None
    assert len(held) == LISTENERS_OF_ONE_MAX


def test_there_are_so_many_places_and_no_more(live: Live) -> None:
    held = [live.events("board", f"page {number}") for number in range(LISTENERS_MAX)]

    with pytest.raises(TooManyListeners):
        live.events("board", "one too many")
    assert live.listeners == len(held)


def test_a_closed_page_gives_its_place_back_once(live: Live) -> None:
    stream = live.events("board", "one")

    stream.close()  # type: ignore[attr-defined]  # the server closes what it was given, also when nobody read it
    stream.close()  # type: ignore[attr-defined]

    assert live.listeners == 0


def test_the_tail_is_read_by_one_thread_however_many_listen(live: Live, book: ABook) -> None:
    held = [live.events("board", f"page {number}") for number in range(10)]

    until(lambda: book.opened > 0)
    assert live.listeners == len(held)
    assert book.opened == 1
    assert sum(thread.name == "tail" for thread in threading.enumerate()) == 1


def test_a_database_that_fails_for_a_while_is_asked_again(
    live: Live, book: ABook, caplog: pytest.LogCaptureFixture
) -> None:
    stream = live.events("board", "one")
    next_state(stream)

    book.broken = True
    until(lambda: book.opened == 2)
    book.broken = False
    book.moved = 7

    assert next_state(stream) == b'data: {"moved":7}\n\n'
    assert "trying again" in caplog.text


def test_stopping_ends_every_stream(live: Live) -> None:
    stream = live.events("board", "one")
    next_state(stream)

    live.stop()

    assert [told for told in stream if told.startswith(b"data:")] == []
