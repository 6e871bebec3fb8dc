"""Pages on the disk: one file a page, named by the SHA-256 of what is in it, in 256 folders.

Comes from intake, sealed with the resident's key; goes to the desk through the vault. A page is safe before the entry
that names it is committed: the pages of one group are appended to a journal and synced once (a sync for each file and
its folder was most of the price of a packet, ADR 0032), then written to their places, which the system may write
back when it likes. A journal is let go only after all its pages were synced in their places; a start after a crash
lays down again what the crash took. A file that no entry names is harmless.
"""

from __future__ import annotations

import hashlib
import logging
import os
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from broker.errors import OneWindowError

JOURNAL_BYTES_MAX: Final = 128 * 1024**2
JOURNAL_SECONDS_MAX: Final = 60.0
_RECORD: Final = struct.Struct(">4s32sQ")
_MAGIC: Final = b"OWPJ"
_PARTS_MAX: Final = 512  # below the system's limit of parts in one write
_PAGE_BYTES_MAX: Final = 64 * 1024**2  # a longer record is damage

_DONE: Final[Future[None]] = Future()
_DONE.set_result(None)

log = logging.getLogger(__name__)


class PageDamaged(OneWindowError, RuntimeError):
    """A page's file is missing or is not what the book says. Restore it from the backup."""

    code = "page-damaged"
    notice = "这一页的图像文件损坏或缺失，请联系管理员从备份恢复。"


class PageFiles:
    """A folder of pages, as anybody may read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, digest: str) -> bytes:
        """Return a page as it is kept.

        Raises:
            PageDamaged: missing, or not what its name says.
        """
        try:
            sealed = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise PageDamaged(f"page file {digest} is missing") from None
        if hashlib.sha256(sealed).hexdigest() != digest:
            raise PageDamaged(f"page file {digest} is not what its name says")
        return sealed

    def path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest


class PageWriter:
    """The one who lays pages down: the ledger service. `close` may be called twice."""

    def __init__(self, files: PageFiles) -> None:
        """Open the folder; lay down again what a crash may have taken."""
        self._files = files
        self._folder = files.folder / "journal"
        self._folder.mkdir(parents=True, exist_ok=True)
        for number in range(256):
            (files.folder / f"{number:02x}").mkdir(exist_ok=True)
        self._written: dict[str, bytes] = {}
        self._journalled: list[str] = []
        self._journal = -1
        self._journal_path = self._folder
        self._bytes = 0
        self._begun = time.monotonic()
        self._retiring: threading.Thread | None = None
        self._hand = ThreadPoolExecutor(1, "pages")
        self._to_lay: dict[str, bytes] = {}
        self._safe = self._laid = _DONE
        self._recover()

    def write(self, sealed: bytes) -> str:
        """Take a page and return its digest, which is its name. Call `settle` before committing."""
        digest = hashlib.sha256(sealed).hexdigest()
        if digest not in self._written and not self._files.path(digest).exists():
            self._written[digest] = sealed
        return digest

    def settle(self) -> None:
        """See that all pages taken since the last time survive a power cut, and can be read.

        Raises:
            OSError: the disk failed. Do not commit what names them.
        """
        self.begin_settling()
        self.wait_until_safe()
        self.begin_laying()
        self.wait_until_laid()

    def begin_settling(self) -> None:
        """Begin to journal the pages taken, beside the work; `wait_until_safe` before committing what names them."""
        written, self._written = self._written, {}
        self._safe = self._hand.submit(self._append, written) if written else _DONE
        self._to_lay.update(written)

    def wait_until_safe(self) -> None:
        """Return when the pages survive a power cut.

        Raises:
            OSError: the disk failed. Do not commit what names them.
        """
        self._safe.result()

    def begin_laying(self) -> None:
        """Begin to write the pages to their places, beside the work: after the commit, which should not wait for it."""
        to_lay, self._to_lay = self._to_lay, {}
        if to_lay:
            self._laid = self._hand.submit(self._lay_all, to_lay)

    def wait_until_laid(self) -> None:
        """Return when the pages can be read. If the disk fails here, the next start does it."""
        self._laid.result()

    def _lay_all(self, to_lay: dict[str, bytes]) -> None:
        try:
            for digest, sealed in to_lay.items():
                self._lay(digest, sealed)
        except OSError as error:
            log.error("pages could not be laid down (%s): their journal stays; look at the disk", error.strerror)
            self._leave_journal()
            return
        full = self._bytes > JOURNAL_BYTES_MAX or time.monotonic() - self._begun > JOURNAL_SECONDS_MAX
        if full and self._journal >= 0:
            self._retire()

    def _lay(self, digest: str, sealed: bytes) -> None:
        path = self._files.path(digest)
        beside = path.with_name(f"{digest}.new")
        beside.write_bytes(sealed)
        beside.rename(path)
        self._journalled.append(digest)

    def forget(self) -> None:
        """Let go of what was taken and is not being laid: nothing names it. What stands in a journal is harmless."""
        self._written, self._to_lay = {}, {}

    def close(self) -> None:
        """Sync every page in its place and let the journals go."""
        self._hand.shutdown()
        self._wait_for_retiring()
        if self._journal >= 0:
            self._retire()
            self._wait_for_retiring()

    def _append(self, written: dict[str, bytes]) -> None:
        if self._journal < 0:
            self._begin_journal()
        records = [
            part
            for digest, sealed in written.items()
            for part in (_RECORD.pack(_MAGIC, bytes.fromhex(digest), len(sealed)), sealed)
        ]
        try:
            for first in range(0, len(records), _PARTS_MAX):
                _write_all(self._journal, records[first : first + _PARTS_MAX])
            os.fdatasync(self._journal)
        except OSError:
            # What stands half in the journal would hide what is appended after it.
            self._leave_journal()
            raise
        self._bytes += sum(map(len, records))

    def _begin_journal(self) -> None:
        self._journal_path = self._folder / f"{time.time_ns()}.pages"
        self._journal = os.open(self._journal_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        _sync(self._folder)
        self._bytes, self._journalled, self._begun = 0, [], time.monotonic()

    def _leave_journal(self) -> None:
        """Go on in a new journal; the old one stays until a start has looked at it."""
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1

    def _retire(self) -> None:
        """Begin a new journal and sync the old one's pages beside the work; then it goes."""
        if self._retiring is not None and self._retiring.is_alive() and self._bytes <= 4 * JOURNAL_BYTES_MAX:
            return  # one at a time; the disk is slow, this journal may grow meanwhile
        self._wait_for_retiring()
        os.close(self._journal)
        self._journal = -1
        self._retiring = threading.Thread(
            target=self._sync_pages, args=(self._journal_path, self._journalled), name="pages"
        )
        self._retiring.start()

    def _wait_for_retiring(self) -> None:
        if self._retiring is not None:
            self._retiring.join()
            self._retiring = None

    def _sync_pages(self, journal: Path, digests: list[str]) -> None:
        try:
            paths = [self._files.path(digest) for digest in digests]
            for path in paths:
                _sync(path)
            for folder in {path.parent for path in paths}:
                _sync(folder)
            journal.unlink()
        except OSError as error:
            log.error("pages could not be synced (%s): their journal stays; look at the disk", error.strerror)

    def _recover(self) -> None:
        for journal in sorted(self._folder.glob("*.pages")):
            laid = 0
            digests = []
            for digest, sealed in _records(journal):
                digests.append(digest)
                try:
                    self._files.read(digest)
                except PageDamaged:
                    self._lay(digest, sealed)
                    laid += 1
            self._sync_pages(journal, digests)
            log.info("page journal looked at: %d pages, %d laid down again", len(digests), laid)


def _write_all(handle: int, parts: list[bytes]) -> None:
    left = sum(map(len, parts))
    done = os.writev(handle, parts)
    if done < left:
        # A disk that is nearly full takes a part: write on, so that it says that it is full.
        rest = memoryview(b"".join(parts))[done:]
        while rest:
            rest = rest[os.write(handle, rest) :]


def _records(journal: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the whole pages of a journal; a torn end belongs to a group that was never committed."""
    with journal.open("rb") as file:
        while len(head := file.read(_RECORD.size)) == _RECORD.size:
            magic, digest, length = _RECORD.unpack(head)
            if magic != _MAGIC or length > _PAGE_BYTES_MAX:
                return
            sealed = file.read(length)
            if hashlib.sha256(sealed).digest() != digest:
                return
            yield digest.hex(), sealed


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
