"""Where the bench keeps what it makes, in the clone and ignored by git; and which of it still holds.

<scratch>/root/     the Debian 13 tree, made by root.py and modules.py; shared with the guest read-only
<scratch>/source/   the project's files as they are now, copied at each run; seen inside as /srv/onewindow
<scratch>/boot/     the guest's kernel and first file system
<scratch>/results/  what the tests inside have written; <scratch>/logs/ one log a step
<scratch>/stamps/   for each part of the root, what it was made from
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
HERE: Final = Path(__file__).resolve().parent
INSIDE_SOURCE: Final = "/srv/onewindow"
INSIDE_RESULTS: Final = "/srv/results"
INSIDE_PYTHON: Final = "/opt/onewindow/bin/python"
INSIDE_DEVICES: Final = f"{INSIDE_SOURCE}/tests/devices"


@dataclass(frozen=True)
class Scratch:
    """The bench's folder."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def boot(self) -> Path:
        return self.folder / "boot"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def begin(self, *, from_nothing: bool) -> None:
        """Make the folder ready: yesterday's logs and results go, the root stays unless all shall be made anew."""
        if from_nothing:
            shutil.rmtree(self.folder, ignore_errors=True)
        for gone in (self.logs, self.results):
            shutil.rmtree(gone, ignore_errors=True)
            gone.mkdir(parents=True)
        (self.folder / "stamps").mkdir(exist_ok=True)
        self.boot.mkdir(exist_ok=True)

    def holds(self, part: str, made_from: str) -> bool:
        """Say whether this part of the root is there and was made from the same."""
        stamp = self._stamp(part)
        return stamp.exists() and stamp.read_text() == made_from

    def forget(self, *parts: str) -> None:
        for part in parts:
            self._stamp(part).unlink(missing_ok=True)

    def remember(self, part: str, made_from: str) -> None:
        self._stamp(part).write_text(made_from)

    def _stamp(self, part: str) -> Path:
        return self.folder / "stamps" / part

    def copy_source(self) -> None:
        """Copy the project's files as they are, new ones too, without what git ignores."""
        listed = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT,
            check=True,
            capture_output=True,
            timeout=60,
        ).stdout
        shutil.rmtree(self.source, ignore_errors=True)
        for name in sorted(set(listed.decode().split("\0")) - {""}):
            if (PROJECT / name).is_file():  # a file that was deleted is still listed until it is committed
                (self.source / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(PROJECT / name, self.source / name)


def made_from(texts: Iterable[str | bytes]) -> str:
    """Return the mark of what something is made from."""
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode() if isinstance(text, str) else text
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
