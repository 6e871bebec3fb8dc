"""The card: the port `Storage` on real files.

All is on the card when a call returns: files by fsync, appended bytes by fdatasync, names by fsync of their folder.
Files are made 0600 and folders 0700: what is on the card is the unit's own.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path


class Disk:
    """Keep files below one folder. Called from one thread."""

    def __init__(self, root: Path) -> None:
        self._appending: dict[str, int] = {}  # open files: opening one for every append would double its cost
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def close(self) -> None:
        while self._appending:
            os.close(self._appending.popitem()[1])

    def __del__(self) -> None:
        self.close()  # for one that nobody closed: its files are plain numbers, which no collector would give back

    def read(self, path: str) -> bytes:
        return self._at(path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        self._forget(path)
        file = os.open(self._at(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write_all(file, data)
            os.fsync(file)
        finally:
            os.close(file)

    def append(self, path: str, data: bytes) -> None:
        file = self._appending.get(path)
        if file is None:
            file = os.open(self._at(path), os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            self._appending[path] = file
        try:
            _write_all(file, data)
            os.fdatasync(file)
        except OSError:
            self._forget(path)
            raise

    def cut(self, path: str, length_bytes: int) -> None:
        self._forget(path)
        file = os.open(self._at(path), os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(file, length_bytes)
            os.fsync(file)
        finally:
            os.close(file)

    def rename(self, old: str, new: str) -> None:
        self._forget(old)
        self._forget(new)
        os.replace(self._at(old), self._at(new))

    def sync_folder(self, folder: str) -> None:
        file = os.open(self._at(folder), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def make_folder(self, folder: str) -> None:
        self._at(folder).mkdir(parents=True, exist_ok=True, mode=0o700)

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(self._at(folder)))
        except FileNotFoundError:
            return []

    def exists(self, path: str) -> bool:
        return self._at(path).exists()

    def size(self, path: str) -> int:
        return self._at(path).stat().st_size

    def remove(self, path: str) -> None:
        self._forget(path)
        at = self._at(path)
        try:
            if at.is_dir():
                shutil.rmtree(at)
            else:
                at.unlink()
        except FileNotFoundError:
            pass  # it is gone, and that is what was asked

    def allocate(self, path: str, length_bytes: int) -> None:
        file = os.open(self._at(path), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if length_bytes > 0:
                os.posix_fallocate(file, 0, length_bytes)
            os.fsync(file)
        finally:
            os.close(file)

    def free_bytes(self) -> int:
        figures = os.statvfs(self._root)
        return figures.f_bavail * figures.f_frsize

    def _at(self, path: str) -> Path:
        # Paths are made of ids and digests; this stops a mistake of ours from leaving the folder.
        assert ".." not in path.split("/"), "a path stays below its folder"
        assert not path.startswith("/"), "a path is relative"
        return self._root / path

    def _forget(self, path: str) -> None:
        file = self._appending.pop(path, None)
        if file is not None:
            os.close(file)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
