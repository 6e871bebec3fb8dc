"""The hall's own certificate authority: who may connect to its broker, and who may no longer.

Pure: keys, names and the time come in, certificates come out. P-256 throughout. A certificate's common name is the
unit's id, its user name and its client id at the broker. Dates (RELIABILITY.md C): the authority ten years, a unit's
certificate 30 days and renewed with 10 left, the revocation list 7 days and renewed daily.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from broker.topics import CENTRAL, unit_id

AUTHORITY_LIFE: Final = timedelta(days=3650)
CERTIFICATE_LIFE: Final = timedelta(days=30)
CERTIFICATE_RENEW: Final = timedelta(days=10)  # with this much left it is made anew
REVOCATIONS_LIFE: Final = timedelta(days=7)
REVOCATIONS_RENEW: Final = timedelta(days=6)  # a list older than a day is made anew

# A unit's clock may be a little behind central's; its floor is never behind the day of its own certificate.
_BACKDATED: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """A hall's certificate authority. Its key signs and is never sent anywhere."""

    key: EllipticCurvePrivateKey
    certificate: x509.Certificate

    def issue_client(self, common_name: str, key: EllipticCurvePublicKey, *, now: datetime) -> x509.Certificate:
        """Return a certificate that lets its holder connect to the broker as `common_name`.

        Raises:
            TopicRefused: neither central's name nor a unit's.
        """
        name = common_name if common_name == CENTRAL else unit_id(common_name)
        builder = self._leaf(name, key, ExtendedKeyUsageOID.CLIENT_AUTH, now=now)
        return builder.sign(self.key, SHA256())

    def issue_server(self, names: Iterable[str], key: EllipticCurvePublicKey, *, now: datetime) -> x509.Certificate:
        """Return a certificate for the broker under these names: host names or numeric addresses, the first its own."""
        names = tuple(names)
        builder = self._leaf(names[0], key, ExtendedKeyUsageOID.SERVER_AUTH, now=now)
        builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), False)
        return builder.sign(self.key, SHA256())

    def revocations(self, serials: Iterable[int], *, number: int, now: datetime) -> x509.CertificateRevocationList:
        """Return the list of what is revoked, which may be empty and must never be missing or out of date."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - _BACKDATED)
            .next_update(now + REVOCATIONS_LIFE)
            .add_extension(x509.CRLNumber(number), False)
            .add_extension(_issuer(self.certificate), False)
        )
        for serial in sorted(set(serials)):
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - _BACKDATED).build()
            builder = builder.add_revoked_certificate(revoked)
        return builder.sign(self.key, SHA256())

    def _leaf(
        self, name: str, key: EllipticCurvePublicKey, purpose: x509.ObjectIdentifier, *, now: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + CERTIFICATE_LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
            .add_extension(_usage(signs_others=False), True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
            .add_extension(_issuer(self.certificate), False)
        )


def new_authority(hall: str, key: EllipticCurvePrivateKey, *, now: datetime) -> Authority:
    """Return the authority of a hall, its certificate signed by itself."""
    public = key.public_key()
    name = _name(f"One Window {hall}")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .add_extension(_usage(signs_others=True), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        .sign(key, SHA256())
    )
    return Authority(key, certificate)


def due(certificate: x509.Certificate, *, now: datetime) -> bool:
    """Say whether this certificate is to be made anew: not yet valid by this clock, or within 10 days of its end."""
    return not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - CERTIFICATE_RENEW


def pem(document: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return document.public_bytes(Encoding.PEM)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _issuer(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _usage(*, signs_others: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_others,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_others,
        crl_sign=signs_others,
        encipher_only=False,
        decipher_only=False,
    )
