"""The hall's certificate authority on disk: makes, keeps and renews what the broker and its clients need for TLS.

    <folder>/ca.key ca.pem     the authority; the key never leaves this folder
    <folder>/revoked.json      serial numbers that may no longer connect, and the revocation list's own number

Everything here may be done again at any time: what is whole and has time left is kept, what is missing or near its end
is made anew. Nobody else writes these files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from provisioning.certificates import REVOCATIONS_RENEW, Authority, due, new_authority, pem
from provisioning.files import make_folder, write_open, write_secret
from provisioning.keys import tls_key

SERVER_NAMES: Final = ("localhost", "127.0.0.1", "::1")


class HallAuthority:
    """The authority of one hall, opened in its folder; made there if there is none."""

    def __init__(self, folder: Path, hall: str, *, now: datetime) -> None:
        self._folder = make_folder(folder)
        key = tls_key(folder / "ca.key")
        certificate_file = folder / "ca.pem"
        if not certificate_file.exists():
            write_open(certificate_file, pem(new_authority(hall, key, now=now).certificate))
        self._authority = Authority(key, x509.load_pem_x509_certificate(certificate_file.read_bytes()))
        self._revoked_file = folder / "revoked.json"

    @property
    def certificate_pem(self) -> bytes:
        return pem(self._authority.certificate)

    def client(self, certificate: Path, key: Path, common_name: str, *, now: datetime) -> bool:
        """See that these two files let a client connect as `common_name`. Return whether the certificate is new.

        Raises:
            TopicRefused: neither central's name nor a unit's.
        """
        if self._holds(certificate, common_name, now=now):
            return False
        issued = self._authority.issue_client(common_name, tls_key(key).public_key(), now=now)
        write_open(certificate, pem(issued))
        return True

    def server(self, certificate: Path, key: Path, *, now: datetime, names: Iterable[str] = SERVER_NAMES) -> bool:
        """See that these two files let the broker be `names`. Return whether the certificate is new."""
        names = tuple(names)
        if self._holds(certificate, names[0], now=now):
            return False
        write_open(certificate, pem(self._authority.issue_server(names, tls_key(key).public_key(), now=now)))
        return True

    def revocations(self, path: Path, *, now: datetime) -> bool:
        """See that the revocation list in this file is of today and whole. Return whether it is new.

        An out-of-date list shuts out every client (RELIABILITY.md B.1), a missing one keeps the broker from starting.
        """
        serials, number = self._revoked()
        if path.exists():
            current = x509.load_pem_x509_crl(path.read_bytes())
            next_update = current.next_update_utc
            whole = {entry.serial_number for entry in current} == set(serials)
            ours = current.is_signature_valid(self._authority.key.public_key())
            if whole and ours and next_update is not None and now < next_update - REVOCATIONS_RENEW:
                return False
        self._write_revoked(serials, number + 1)
        write_open(path, pem(self._authority.revocations(serials, number=number + 1, now=now)))
        return True

    def revoke(self, certificate: Path) -> None:
        """Never again let in the holder of this certificate. Holds at the broker once `revocations` has been written
        and the broker restarted: a reload keeps the sessions that are open."""
        serial = x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number
        serials, number = self._revoked()
        self._write_revoked((*serials, serial), number)

    def _holds(self, certificate: Path, common_name: str, *, now: datetime) -> bool:
        if not certificate.exists():
            return False
        held = x509.load_pem_x509_certificate(certificate.read_bytes())
        named = held.subject.rfc4514_string() == f"CN={common_name}"
        ours = held.issuer == self._authority.certificate.subject
        return named and ours and held.serial_number not in self._revoked()[0] and not due(held, now=now)

    def _revoked(self) -> tuple[tuple[int, ...], int]:
        if not self._revoked_file.exists():
            return (), 0
        kept = json.loads(self._revoked_file.read_text(encoding="utf-8"))
        return tuple(int(serial, 16) for serial in kept["serials"]), int(kept["number"])

    def _write_revoked(self, serials: Iterable[int], number: int) -> None:
        kept = {"number": number, "serials": sorted({f"{serial:x}" for serial in serials})}
        write_secret(self._revoked_file, json.dumps(kept, indent=1) + "\n")
