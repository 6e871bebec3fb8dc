"""Photographs and pages as files: what `commands.py` reads and writes, and what it says when that fails.

A file is measured before it is read, and a page is there whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from broker.errors import OneWindowError, PhotographRefused, require


class FileUnreadable(OneWindowError, OSError):
    """A file does not open. Nothing was read."""

    code = "file-unreadable"
    notice = "文件打不开，请检查路径和权限。"


class NotAFile(OneWindowError, OSError):
    """A folder, a pipe or a device was named. Nothing was read: what a pipe gives may never come."""

    code = "not-a-file"
    notice = "这不是文件（是目录、管道或设备），请给出照片文件。"


class PageUnwritten(OneWindowError, OSError):
    """The page does not go into its folder. Nothing of it is left there; the photograph is well."""

    code = "page-unwritten"
    notice = "页面写不进输出目录：请检查目录的权限、剩余空间和文件名长度，再处理这张照片。"


class LookFailed(OneWindowError, RuntimeError):
    """Something that nobody expected happened over one photograph. The others are not touched by it."""

    code = "look-failed"
    notice = "这张照片没有处理完：程序出了意外，其余照片不受影响。请把屏幕上的错误信息交给技术员。"


def read_photograph(path: Path, *, bytes_max: int) -> bytes:
    """Return what is in a file of at most so many bytes.

    Raises:
        FileUnreadable, NotAFile: nothing was read.
        PhotographRefused: it is larger. At most one byte more than the bound was read.
    """
    try:
        # Without O_NONBLOCK a pipe that nobody writes to would hold up the run for ever.
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            status = os.fstat(opened)
            is_file = stat.S_ISREG(status.st_mode)
            data = _read(opened, bytes_max + 1) if is_file and status.st_size <= bytes_max else b""
        finally:
            os.close(opened)
    except OSError as error:
        raise FileUnreadable(f"a photograph is a file that opens; this one: {error.strerror}") from None
    if not is_file:
        raise NotAFile("a photograph is a file, no folder, pipe or device")
    require(
        max(status.st_size, len(data)) <= bytes_max,
        f"a picture has at most {bytes_max // 2**20} MB",
        PhotographRefused,
    )
    return data


def _read(opened: int, bytes_max: int) -> bytes:
    with os.fdopen(opened, "rb", closefd=False) as file:
        return file.read(bytes_max)


def write_page(jpeg: bytes, target: Path) -> None:
    """Write a page; make its folder where there is none.

    Raises:
        PageUnwritten: as said there.
    """
    unfinished = target.with_name(f".{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(jpeg)
            unfinished.replace(target)
        except OSError:
            with contextlib.suppress(OSError):  # the first error is the one to tell
                unfinished.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PageUnwritten(f"a page goes into its folder; this one: {error.strerror}") from None
