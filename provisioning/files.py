"""Write a file whole or not at all, secrets for their owner's eyes only."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

SECRET: Final = 0o600
OPEN: Final = 0o644
FOLDER: Final = 0o700


def write_secret(path: Path, data: bytes | str) -> None:
    """Write a file of mode 0600: it has that mode from its first byte on."""
    _write(path, data, SECRET)


def write_open(path: Path, data: bytes | str) -> None:
    """Write a file that others may read (0644)."""
    _write(path, data, OPEN)


def make_folder(path: Path) -> Path:
    """Make a folder of mode 0700, with its parents, and return it. It may be there already."""
    for folder in reversed([path, *path.parents]):  # mkdir(parents=True) would leave the parents open to all
        folder.mkdir(mode=FOLDER, exist_ok=True)
    return path


def _write(path: Path, data: bytes | str, mode: int) -> None:
    content = data.encode() if isinstance(data, str) else data
    if _holds(path, content, mode):
        return
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)  # whatever the umask says
        file.write(content)
        file.flush()
        os.fsync(handle)
    beside.replace(path)


def _holds(path: Path, content: bytes, mode: int) -> bool:
    """Say whether the file is already so: then a start costs no wait for the disk."""
    try:
        return stat.S_IMODE(path.stat().st_mode) == mode and path.read_bytes() == content
    except FileNotFoundError:
        return False
