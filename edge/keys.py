"""The keys of a unit: its own two, central's two, and the ticket keys of the days ahead.

Comes from the key files that the technician's kit laid down, and, for the days, from central's `TicketKeys`. The day
keys lie in a folder of their own, one file a day; days gone by are deleted, which makes yesterday's slips unreadable.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from broker.ids import is_day, is_digest
from edge.errors import SettingsRefused
from edge.ports import Storage

log = logging.getLogger(__name__)

_SUFFIX: Final = ".key"

K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitKeys:
    signing: Ed25519PrivateKey  # signs all that this unit sends
    sealing: X25519PrivateKey  # opens what central seals to this unit
    central_sealing: X25519PublicKey  # what papers are sealed to
    central_receipt: Ed25519PublicKey  # signs all that central sends

    def __repr__(self) -> str:
        return "UnitKeys(…)"


def read_private(path: Path, kind: type[K]) -> K:
    """Return a private key from its PEM file.

    Raises:
        SettingsRefused: no such file, or no key of this kind. Names the file.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise SettingsRefused(f"{path}: no private key can be read there") from None
    if not isinstance(key, kind):
        raise SettingsRefused(f"{path}: the key is of another kind than {kind.__name__}")
    return key


def read_public(path: Path, kind: type[K]) -> K:
    """Return a public key from its PEM file; errors as `read_private`."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        raise SettingsRefused(f"{path}: no public key can be read there") from None
    if not isinstance(key, kind):
        raise SettingsRefused(f"{path}: the key is of another kind than {kind.__name__}")
    return key


class DayKeys:
    """The ticket keys by day, in memory and in their folder."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._keys: dict[str, bytes] = {}
        for name in storage.names(""):
            day = name.removesuffix(_SUFFIX)
            if name.endswith(_SUFFIX) and is_day(day):
                self._load(day, name)

    @property
    def by_day(self) -> dict[str, bytes]:
        return self._keys

    def take(self, keys: dict[str, str]) -> None:
        """Keep the keys that central gave, as hex by day. What the card does not take is known until a restart."""
        for day, key in keys.items():
            if self._keys.get(day) != bytes.fromhex(key):
                self._keys[day] = bytes.fromhex(key)
                self._save(day, key)

    def forget_before(self, day: str) -> None:
        """Delete the keys of days gone by."""
        for old in [each for each in self._keys if each < day]:
            del self._keys[old]
            try:
                self._storage.remove(old + _SUFFIX)
            except OSError as error:
                log.error("ticket key of %s could not be deleted (%s): check the card", old, error.strerror)

    def _load(self, day: str, name: str) -> None:
        try:
            text = self._storage.read(name).decode("ascii", "replace").strip()
        except OSError as error:
            log.warning("ticket key of %s cannot be read (%s)", day, error.strerror)
            return
        if is_digest(text):
            self._keys[day] = bytes.fromhex(text)
        else:
            log.warning("ticket key of %s is damaged; central will send it again", day)

    def _save(self, day: str, key: str) -> None:
        name = day + _SUFFIX
        try:
            self._storage.write(name + ".new", key.encode())
            self._storage.rename(name + ".new", name)
            self._storage.sync_folder("")
        except OSError as error:
            log.warning("ticket key of %s is kept in memory only (%s)", day, error.strerror)
