"""Who may speak: the hall's units and their keys, as the book has them.

Comes from the `units` table, read again whenever the book tells of a unit; goes to receiving: nobody else gets in.
A message counts as a unit's when the topic's unit (proven by the broker), the header's sender and the key that signed
agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from broker import envelope
from broker.errors import Refused, SignatureRefused, require
from central.ledger.work import UnitRecord


class UnitUnknown(Refused):
    """No unit of this hall has that name."""

    code = "unit-unknown"
    notice = "本大厅没有登记这台装置，已拒绝。请联系管理员。"


class UnitIsRevoked(Refused):
    """The unit was revoked: nothing is taken from it any more."""

    code = "unit-revoked"
    notice = "这台装置已被停用，中心不再接收它的报文。请联系管理员。"


@dataclass(frozen=True, slots=True)
class RosterUnit:
    record: UnitRecord
    signing: Ed25519PublicKey
    sealing: X25519PublicKey | None


class Roster:
    """The units of one hall, in memory."""

    def __init__(self, records: Iterable[UnitRecord] = ()) -> None:
        self._units: dict[str, RosterUnit] = {}
        self.refresh(records)

    def refresh(self, records: Iterable[UnitRecord]) -> None:
        self._units = {record.unit: _with_keys(record) for record in records}

    def units(self) -> list[RosterUnit]:
        """Return the units that are not revoked, by id."""
        return [unit for _, unit in sorted(self._units.items()) if not unit.record.revoked]

    def find(self, unit: str) -> RosterUnit:
        """Return a unit that may speak.

        Raises:
            UnitUnknown, UnitIsRevoked: it may not.
        """
        found = self._units.get(unit)
        if found is None:
            raise UnitUnknown("no unit of this hall has that name")
        if found.record.revoked:
            raise UnitIsRevoked("the unit is revoked")
        return found

    def admit(self, unit: str, payload: bytes) -> envelope.Envelope:
        """Return an envelope that really is this unit's. Nothing of its body has been looked at.

        Raises:
            UnitUnknown, UnitIsRevoked: the unit may not speak.
            EnvelopeRefused: the bytes are no envelope.
            SignatureRefused: another sender in the header, or not signed with this unit's key.
        """
        known = self.find(unit)
        read = envelope.read(payload)
        require(read.header.sender == unit, "the sender is the unit whose topic it is", SignatureRefused)
        read.verify(known.signing)
        return read


def _with_keys(record: UnitRecord) -> RosterUnit:
    sealing = X25519PublicKey.from_public_bytes(bytes.fromhex(record.sealing_key)) if record.sealing_key else None
    return RosterUnit(record, Ed25519PublicKey.from_public_bytes(bytes.fromhex(record.signing_key)), sealing)
