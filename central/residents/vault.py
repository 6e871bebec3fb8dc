"""Who the residents are: rows beside the book that can vanish, read and written on a transaction's own cursor.

Comes from intake; goes to the desks, to pickup and to erasure. Destroying a resident's row destroys the only copy of
the key: the sealed forms and page files that remain are noise. The book keeps its entries and its chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, select

from broker.messages import IdKind, Resident
from central.ledger.work import Rng
from central.residents.keys import KEY_BYTES, NONCE_BYTES, VaultKeys, seal, unseal, unseal_page
from central.residents.pages import PageFiles
from central.storage import tables
from central.storage.statements import Runner, Statement, insert_into

_r, _f, _p = tables.residents, tables.forms, tables.pages
_of_resident = (_r.c.hall == bindparam("hall")) & (_r.c.resident_id == bindparam("resident_id"))
_KEY: Final = Statement(select(_r.c.wrapped_key).where(_of_resident))
_IDENTITY: Final = Statement(select(_r.c.wrapped_key, _r.c.identity).where(_of_resident))
_ADD: Final = insert_into(_r, or_skip=True)
_DESTROY: Final = Statement(delete(_r).where(_of_resident))
_ADD_FORM: Final = insert_into(_f, or_skip=True)
_FORM: Final = Statement(
    select(_f.c.resident_id, _f.c.sealed).where(_f.c.hall == bindparam("hall"), _f.c.case_id == bindparam("case_id"))
)
_DESTROY_FORMS: Final = Statement(
    delete(_f).where(_f.c.hall == bindparam("hall"), _f.c.resident_id == bindparam("resident_id"))
)
_c = tables.cases
_PAGE: Final = Statement(
    select(_c.c.resident_id, _p.c.plain_digest, _p.c.stored_digest)
    .join(_c, (_c.c.hall == _p.c.hall) & (_c.c.case_id == _p.c.case_id))
    .where(
        _p.c.hall == bindparam("hall"), _p.c.case_id == bindparam("case_id"), _p.c.page_index == bindparam("page_index")
    )
)


@dataclass(frozen=True, slots=True)
class ResidentKey:
    """A resident's key in the open, while one packet of theirs is prepared."""

    resident_id: str
    key: bytes
    wrapped: bytes
    is_new: bool  # its row is not there yet

    def __repr__(self) -> str:
        return f"ResidentKey(resident_id={self.resident_id!r})"


class StoredVault:
    """The vault of one hall, on one cursor. See `central.ledger.work.Vault` for what use cases see of it."""

    def __init__(self, run: Runner, hall: str, now_ms: int, *, keys: VaultKeys, files: PageFiles, rng: Rng) -> None:
        self._run, self._hall, self._now_ms = run, hall, now_ms
        self._keys, self._files, self._rng = keys, files, rng

    def ids_of(self, id_number: str) -> tuple[str, ...]:
        return tuple(self._keys.resident_id(kind, id_number) for kind in IdKind)

    def key_for(self, resident: Resident) -> ResidentKey:
        """Return the resident's key, or a fresh one for somebody who was never here (or was erased)."""
        resident_id = self._keys.resident_id(resident.id_kind, resident.id_number)
        row = self._run.one(_KEY, hall=self._hall, resident_id=resident_id)
        if row is not None:
            return ResidentKey(resident_id, self._keys.unwrap(row[0], resident_id), row[0], is_new=False)
        key = self._rng.token_bytes(KEY_BYTES)
        wrapped = self._keys.wrap(key, resident_id, self._rng.token_bytes(NONCE_BYTES))
        return ResidentKey(resident_id, key, wrapped, is_new=True)

    def admit(self, resident: Resident, key: ResidentKey) -> bool:
        """See that the resident is in the vault under just this key; False when another was laid or destroyed since."""
        if key.is_new:
            identity = seal(
                key.key,
                msgspec.json.encode(resident),
                f"identity/{key.resident_id}",
                self._rng.token_bytes(NONCE_BYTES),
            )
            added = self._run.run(
                _ADD,
                hall=self._hall,
                resident_id=key.resident_id,
                wrapped_key=key.wrapped,
                identity=identity,
                known_since_ms=self._now_ms,
            )
            if added == 1:
                return True
        row = self._run.one(_KEY, hall=self._hall, resident_id=key.resident_id)
        return row is not None and bytes(row[0]) == key.wrapped

    def keep_form(self, case_id: str, form: Mapping[str, str], key: ResidentKey) -> str:
        """Keep what the clerk filled in, sealed; return the SHA-256 of it as kept, for the book."""
        sealed = seal(key.key, msgspec.json.encode(form), f"form/{case_id}", self._rng.token_bytes(NONCE_BYTES))
        self._run.run(_ADD_FORM, hall=self._hall, case_id=case_id, resident_id=key.resident_id, sealed=sealed)
        return hashlib.sha256(sealed).hexdigest()

    def identity(self, resident_id: str) -> Resident | None:
        row = self._run.one(_IDENTITY, hall=self._hall, resident_id=resident_id)
        if row is None:
            return None
        key = self._keys.unwrap(row[0], resident_id)
        return msgspec.json.decode(unseal(key, row[1], f"identity/{resident_id}"), type=Resident)

    def form(self, case_id: str) -> Mapping[str, str] | None:
        row = self._run.one(_FORM, hall=self._hall, case_id=case_id)
        key = None if row is None else self._key(row[0])
        if row is None or key is None:
            return None
        return msgspec.json.decode(unseal(key, row[1], f"form/{case_id}"), type=dict[str, str])

    def page(self, case_id: str, index: int) -> bytes | None:
        row = self._run.one(_PAGE, hall=self._hall, case_id=case_id, page_index=index)
        key = None if row is None else self._key(row[0])
        if row is None or key is None:
            return None
        return unseal_page(key, self._files.read(row[2]), row[1])

    def destroy(self, resident_id: str) -> bool:
        self._run.run(_DESTROY_FORMS, hall=self._hall, resident_id=resident_id)
        return self._run.run(_DESTROY, hall=self._hall, resident_id=resident_id) > 0

    def _key(self, resident_id: str) -> bytes | None:
        row = self._run.one(_KEY, hall=self._hall, resident_id=resident_id)
        return None if row is None else self._keys.unwrap(row[0], resident_id)
