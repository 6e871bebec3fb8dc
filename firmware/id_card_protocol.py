"""Ask a reader for a card, over any stream of bytes: find, select, read, and once for each laying.

The serial driver gives the stream of a real reader, the simulator that of a simulated one; the conversation is the same
(DOMAIN.md 1). Goes to `IdCardReader.read`. The time and the waiting are the stream's and the given clock's.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, Protocol

from firmware.id_card_frames import (
    FIND,
    FOUND,
    NOT_FOUND,
    OK,
    READ,
    SELECT,
    STATUS,
    TEXT_BYTES,
    Command,
    FrameRefused,
    FrameStream,
    Reply,
    build_command,
    parse_reply,
    text_of_card_data,
)
from firmware.id_card_text import parse_card_text
from firmware.ports import CardReaderFailed, CardUnreadable, IdCard

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.3  # 300–500 ms is what readers in practice are asked at
REPLY_SECONDS_MAX: Final = 1.0  # find and select answer in some 100 ms
READ_SECONDS_MAX: Final = 2.0  # 1295 bytes at 115200 take 0.11 s; the reader itself up to a second
CALL_SECONDS_MAX: Final = 3.0  # that reading a found card may take beyond the caller's own timeout
TRIES_MAX: Final = 2  # of a question whose answer came garbled, and of a card that did not read
_STALE_READS_MAX: Final = 8  # of 4096 bytes each: a line that never falls silent is not emptied, but answered "garbled"


class CardReaderFaulty(CardReaderFailed):
    """The reader answers, and what it answers is that it is not well. It stays open; call again."""

    code = "card-reader-faulty"
    notice = "身份证阅读器报告自身故障，请拔下重插；仍不行请联系技术员。可以先手工录入。"


class ByteStream(Protocol):
    """Two ways of bytes to a reader."""

    def write(self, data: bytes) -> None:
        """Send it all.

        Raises:
            OSError: the line is gone.
        """
        ...

    def read(self, bytes_max: int, timeout_seconds: float) -> bytes:
        """Return what is there, at least one byte, or nothing when none came in time.

        Raises:
            OSError: the line is gone.
        """
        ...


class IdCardConversation:
    """One reader's line. Remembers whether the card that lies there was given already."""

    def __init__(self, line: ByteStream, clock: Callable[[], float] = time.monotonic) -> None:
        self._line = line
        self._clock = clock
        self._frames = FrameStream()
        self._give_up_at = 0.0  # set by each call
        self._given = False  # the card that lies there was read, or was found unreadable: it must leave first

    def check(self) -> None:
        """Ask for the reader's state.

        Raises:
            CardReaderFailed: it does not answer.
            CardReaderFaulty: it says that it is not well.
        """
        self._give_up_at = self._clock() + REPLY_SECONDS_MAX
        reply = self._ask(STATUS, REPLY_SECONDS_MAX)
        if reply.status != OK:
            raise CardReaderFaulty(f"the reader says {reply.status_words}")

    def read(self, timeout_seconds: float) -> IdCard | None:
        """Return a card newly laid, or None when none was within the time; a card that stays is given once.

        Raises:
            CardUnreadable: a card lies there and cannot be read; said once, then it must be lifted.
            CardReaderFailed: the reader does not answer, or only nonsense.
            CardReaderFaulty: it answers that it cannot look for a card. After either the line stays open, and a card
                that was given and still lies there is not given again.
        """
        deadline = self._clock() + timeout_seconds
        self._give_up_at = deadline + CALL_SECONDS_MAX
        while True:
            found = self._ask(FIND, REPLY_SECONDS_MAX)
            if found.status not in (FOUND, NOT_FOUND):
                state = self._ask(STATUS, REPLY_SECONDS_MAX)
                raise CardReaderFaulty(f"find: {found.status_words}; asked for its state: {state.status_words}")
            if found.status == NOT_FOUND:
                # Gone; or still there and hidden by a reader that wants it lifted. The next find is a new laying.
                self._given = False
            elif not self._given:
                return self._give_found()
            left = deadline - self._clock()
            if left <= 0:
                return None
            # Nothing is expected now: waiting for a byte is waiting, and takes noise off the line.
            self._line_read(min(POLL_SECONDS, left))

    def _give_found(self) -> IdCard:
        try:
            card = self._read_found()
        except CardUnreadable:
            self._given = True  # said once; a reader that failed instead leaves the card to be read again
            raise
        self._given = True
        return card

    def _read_found(self) -> IdCard:
        refusal = "the card was not read"
        for _ in range(TRIES_MAX):
            selected = self._ask(SELECT, REPLY_SECONDS_MAX)
            if selected.status != OK:
                refusal = f"select: {selected.status_words}"
                continue
            reply = self._ask(READ, READ_SECONDS_MAX)
            if reply.status != OK:
                refusal = f"read: {reply.status_words}"
                continue
            try:
                return parse_card_text(text_of_card_data(reply.data))
            except FrameRefused as error:
                refusal = str(error)
        raise CardUnreadable(refusal)

    def _ask(self, command: Command, seconds_max: float) -> Reply:
        deadline = min(self._clock() + seconds_max, self._give_up_at)
        for attempt in range(TRIES_MAX):
            self._forget_older_answers()
            self._line_write(build_command(command))
            try:
                return self._answer(command, deadline)
            except FrameRefused as error:
                log.warning("the ID card reader sent no frame (%s), try %d of %d", error, attempt + 1, TRIES_MAX)
        raise CardReaderFailed("the reader's answers are garbled; look at the cable")

    def _forget_older_answers(self) -> None:
        # An answer that came late, or twice, would be taken for this question's: a card's for a find's.
        for _ in range(_STALE_READS_MAX):
            if not self._line_read(0.0):
                break
        self._frames.reset()

    def _answer(self, command: Command, deadline: float) -> Reply:
        while True:
            body = self._frames.next_body()
            if body is not None:
                reply = parse_reply(body)
                if _answers(command, reply):
                    return reply
                log.warning("the ID card reader answered out of order (%d bytes); skipped", len(reply.data))
                continue
            left = deadline - self._clock()
            if left <= 0:
                raise CardReaderFailed("the reader gave no answer in time")
            self._frames.feed(self._line_read(left))

    def _line_read(self, timeout_seconds: float) -> bytes:
        try:
            return self._line.read(4096, timeout_seconds)
        except OSError as error:
            raise CardReaderFailed("the reader's line is gone") from error

    def _line_write(self, data: bytes) -> None:
        try:
            self._line.write(data)
        except OSError as error:
            raise CardReaderFailed("the reader's line is gone") from error


def _answers(command: Command, reply: Reply) -> bool:
    """Tell whether the reply can be this command's; failures carry no data and fit all."""
    if command == FIND:
        return reply.status != OK
    if command == READ:
        return reply.status != FOUND and (reply.status != OK or len(reply.data) > TEXT_BYTES)
    return reply.status != FOUND and len(reply.data) < TEXT_BYTES
