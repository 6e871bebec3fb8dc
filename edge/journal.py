"""A file to which records are only added: one line each, with its check, on the card before `append` returns.

    crc32 of the record (8 hex digits) | space | the record (JSON on one line) | newline

A power cut can leave only the last line torn; it is cut off when the journal is opened, and it was never reported as
kept. A line that does not check with whole ones after it is damage (a worn card): it is passed over, and said.
"""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

from edge.ports import Storage

Record = dict[str, Any]


class Journal:
    """The records of one file, in the order in which they were kept."""

    def __init__(self, storage: Storage, path: str) -> None:
        """Open the journal, and make it if there is none. `records` are those that it held; take them and let go.

        Raises:
            OSError: the card does not give it, or does not take its first byte.
        """
        self._storage = storage
        self._path = path
        self.damaged_lines = 0  # passed over: whole ones stand after them
        self.records: list[Record] = []
        if not storage.exists(path):
            storage.write(path, b"")
            storage.sync_folder(_folder(path))
        data = storage.read(path)
        self._good_bytes = self._read(data)
        self._torn = self._good_bytes < len(data)

    def append(self, record: Record) -> None:
        """Keep one more record. It is on the card when this returns.

        Raises:
            OSError: it is not kept; those before it are. Call again when there is room.
        """
        line = encode_line(record)
        if self._torn:
            # What a failed append left must go first, or this line would hide behind it.
            self._storage.cut(self._path, self._good_bytes)
            self._torn = False
        try:
            self._storage.append(self._path, line)
        except OSError:
            self._torn = True
            raise
        self._good_bytes += len(line)

    def rewrite(self, records: list[Record]) -> None:
        """Replace all records by these, at once: whoever opens it finds the old ones or the new ones.

        Raises:
            OSError: the old ones stand.
        """
        data = b"".join(map(encode_line, records))
        fresh = self._path + ".new"
        self._storage.write(fresh, data)
        self._storage.rename(fresh, self._path)
        self._good_bytes, self._torn = len(data), False
        self._storage.sync_folder(_folder(self._path))

    def _read(self, data: bytes) -> int:
        """Fill `records`; return where the last whole line ends."""
        good_bytes, start, bad = 0, 0, 0
        while (end := data.find(b"\n", start)) >= 0:
            record = decode_line(data[start:end])
            if record is None:
                bad += 1
            else:
                self.records.append(record)
                self.damaged_lines += bad
                good_bytes, bad = end + 1, 0
            start = end + 1
        return good_bytes


def encode_line(record: Record) -> bytes:
    body = msgspec.json.encode(record)
    return b"%08x %b\n" % (zlib.crc32(body), body)


def decode_line(line: bytes) -> Record | None:
    """Return the record of a line without its newline, or None when the line does not check."""
    if len(line) < 10 or line[8:9] != b" ":
        return None
    body = line[9:]
    if line[:8] != b"%08x" % zlib.crc32(body):
        return None
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
