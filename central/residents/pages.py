"""Pages on the disk: one file a page, named by the SHA-256 of what is in it, in 256 folders.

Comes from intake, sealed with the resident's key; goes to the officer's desk through the vault. A page is on the disk,
name and all, before the entry that names it is committed; a file that no entry names is harmless.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from broker.errors import OneWindowError


class PageDamaged(OneWindowError, RuntimeError):
    """A page's file is missing or is not what the book says. Restore it from the backup."""

    code = "page-damaged"
    notice = "这一页的图像文件损坏或缺失，请联系管理员从备份恢复。"


class PageFiles:
    """A folder of pages. Pages written are durable after `settle`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: list[tuple[Path, Path]] = []

    def write(self, sealed: bytes) -> str:
        """Write a page beside its place and return its digest, which is its name. Call `settle` before committing.

        Raises:
            OSError: the disk is full or read-only. Nothing is in its place.
        """
        digest = hashlib.sha256(sealed).hexdigest()
        path = self.path(digest)
        if path.exists():
            return digest
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{digest}.{os.getpid()}.new")
        beside.write_bytes(sealed)
        self._written.append((beside, path))
        return digest

    def settle(self) -> None:
        """See that all pages written since the last time are on the disk under their names.

        Raises:
            OSError: the disk failed. Do not commit what names them.
        """
        written, self._written = self._written, []
        for beside, _ in written:
            _sync(beside)
        for beside, path in written:
            beside.rename(path)
        for parent in {path.parent for _, path in written}:
            _sync(parent)

    def forget(self) -> None:
        """Take away what was written and not settled."""
        written, self._written = self._written, []
        for beside, _ in written:
            beside.unlink(missing_ok=True)

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


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
