"""Seal and sign what travels, open and verify what arrives.

    b"OW" | version 1 | suite | header length (2 bytes) | header (JSON) | body | signature (64 bytes)

The signature is Ed25519 by the sender over SHA-256 of everything before it. With suite 0 the body is plain; with
suite 1 it is HPKE (RFC 9180) base mode, X25519-HKDF-SHA256-ChaCha20Poly1305, to the receiver's key, with the clear
header bound in as `info`: a header cannot be moved to another body. Figures and the reasons for the suite:
RELIABILITY.md C, ADR 0003.

Pure: keys come in, bytes go out. Order of reading is measure, parse, verify, open; no step trusts what a later one
proves.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from broker.errors import EnvelopeRefused, SealRefused, SignatureRefused, require
from broker.ids import is_id

PAYLOAD_BYTES_MAX: Final = 256 * 1024  # of one MQTT message (DESIGN.md 6)
HEADER_BYTES_MAX: Final = 1024
SIGNATURE_BYTES: Final = 64
COUNTER_MAX: Final = 2**53 - 1  # what JSON readers agree on

PLAIN: Final = 0
HPKE_X25519_CHACHA20: Final = 1
_SUITES: Final = {HPKE_X25519_CHACHA20: Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)}
_SEAL_BYTES: Final = 32 + 16  # encapsulated key + tag

_PREFIX: Final = struct.Struct(">2sBBH")
_MAGIC: Final = b"OW"
_VERSION: Final = 1
_SIGNATURE_CONTEXT: Final = b"onewindow/1/envelope\0"
_PAGE_PREFIX: Final = struct.Struct(">3sBB8s")
_PAGE_MAGIC: Final = b"OWP"
_PAGE_CONTEXT: Final = b"onewindow/1/page\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What everybody on the way may see of a message: nothing of a resident."""

    kind: str  # of the message in the body, for example "intake-packet/1"
    sender: str  # unit id, or "central"
    subject: str  # UUIDv7 of what the message is about; central's key for "seen before"
    signing_key: str  # id of the key that signed
    sealing_key: str = ""  # id of the key that it is sealed to; empty when plain
    boot: int = 0  # the sender's boot counter, and its sequence within that boot: the order at the edge
    seq: int = 0
    sent_at_ms: int = 0  # by the sender's clock; for people, never for order

    def __post_init__(self) -> None:
        require(0 < len(self.kind) <= 40 and self.kind.isascii(), "a kind is 1 to 40 ASCII characters", EnvelopeRefused)
        require(0 < len(self.sender) <= 32 and self.sender.isascii(), "a sender is 1 to 32 characters", EnvelopeRefused)
        require(is_id(self.subject), "a subject is a UUIDv7", EnvelopeRefused)
        require(_is_key_id(self.signing_key), "a key id is 16 hexadecimal digits", EnvelopeRefused)
        require(
            self.sealing_key == "" or _is_key_id(self.sealing_key), "a key id is 16 hexadecimal digits", EnvelopeRefused
        )
        for counter in (self.boot, self.seq, self.sent_at_ms):
            require(0 <= counter <= COUNTER_MAX, "a counter is 0 to 2**53 - 1", EnvelopeRefused)


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope as it was read: measured and parsed, not yet verified or opened."""

    header: Header
    suite: int
    body: bytes
    signature: bytes
    signed: bytes  # everything before the signature

    @property
    def content_hash(self) -> str:
        """SHA-256 over all but the signature, lower-case hex: what a receipt confirms."""
        return hashlib.sha256(self.signed).hexdigest()

    def verify(self, key: Ed25519PublicKey) -> None:
        """Check that the holder of `key` signed just these bytes.

        Raises:
            SignatureRefused: it did not. Nothing of the body has been looked at.
        """
        require(self.header.signing_key == key_id(key), "signed with another key than the sender's", SignatureRefused)
        try:
            key.verify(self.signature, _to_sign(self.signed))
        except InvalidSignature:
            raise SignatureRefused("the signature does not fit the bytes") from None

    def open(self, key: X25519PrivateKey) -> bytes:
        """Return the body in clear. Call `verify` first.

        Raises:
            SealRefused: plain, sealed to another key, or altered.
        """
        require(self.suite in _SUITES, "a plain message where a sealed one is due", SealRefused)
        require(self.header.sealing_key == key_id(key.public_key()), "sealed to another key than ours", SealRefused)
        try:
            return _SUITES[self.suite].decrypt(self.body, key, info=self.signed[: len(self.signed) - len(self.body)])
        except (InvalidTag, ValueError):
            raise SealRefused("the sealed body does not open") from None


def sign(header: Header, body: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return a plain, signed envelope.

    Raises:
        EnvelopeRefused: larger than PAYLOAD_BYTES_MAX. Nothing may be sent.
    """
    require(header.sealing_key == "", "a plain envelope names no sealing key", EnvelopeRefused)
    return _signed(_head(header, PLAIN) + body, key)


def seal(header: Header, body: bytes, to: X25519PublicKey, key: Ed25519PrivateKey) -> bytes:
    """Return an envelope that only the holder of `to` can open, signed with `key`.

    Raises:
        EnvelopeRefused: larger than PAYLOAD_BYTES_MAX. Nothing may be sent.
    """
    require(header.sealing_key == key_id(to), "the header names another sealing key", EnvelopeRefused)
    head = _head(header, HPKE_X25519_CHACHA20)
    return _signed(head + _SUITES[HPKE_X25519_CHACHA20].encrypt(body, to, info=head), key)


def read(payload: bytes) -> Envelope:
    """Measure and parse an envelope.

    Raises:
        EnvelopeRefused: no envelope of a version and suite that we know. The text names the rule.
    """
    require(len(payload) <= PAYLOAD_BYTES_MAX, f"an envelope has at most {PAYLOAD_BYTES_MAX} bytes", EnvelopeRefused)
    require(len(payload) >= _PREFIX.size + SIGNATURE_BYTES, "an envelope is cut short", EnvelopeRefused)
    magic, version, suite, header_bytes = _PREFIX.unpack_from(payload)
    require(magic == _MAGIC and version == _VERSION, "not an envelope of version 1", EnvelopeRefused)
    require(suite == PLAIN or suite in _SUITES, "a suite that we do not know", EnvelopeRefused)
    require(header_bytes <= HEADER_BYTES_MAX, f"a header has at most {HEADER_BYTES_MAX} bytes", EnvelopeRefused)
    start, end = _PREFIX.size + header_bytes, len(payload) - SIGNATURE_BYTES
    require(start <= end, "an envelope is cut short", EnvelopeRefused)
    try:
        header = msgspec.json.decode(payload[_PREFIX.size : start], type=Header)
    except EnvelopeRefused:
        raise
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise EnvelopeRefused("the header is not the JSON that it should be") from None
    require((suite == PLAIN) == (header.sealing_key == ""), "suite and sealing key disagree", EnvelopeRefused)
    return Envelope(header, suite, payload[start:end], payload[end:], payload[:end])


def seal_page(page: bytes, to: X25519PublicKey, *, packet_id: str, index: int) -> bytes:
    """Return a page's bytes sealed to `to`, bound to its place in its packet.

    The packet's signed manifest carries the SHA-256 of the result, so a page needs no signature of its own.
    """
    prefix = _PAGE_PREFIX.pack(_PAGE_MAGIC, _VERSION, HPKE_X25519_CHACHA20, bytes.fromhex(key_id(to)))
    info = _PAGE_CONTEXT + prefix + f"{packet_id}/{index}".encode()
    return prefix + _SUITES[HPKE_X25519_CHACHA20].encrypt(page, to, info=info)


def open_page(sealed: bytes, key: X25519PrivateKey, *, packet_id: str, index: int) -> bytes:
    """Return a sealed page's bytes in clear.

    Raises:
        SealRefused: cut, altered, sealed to another key, or taken from another place.
    """
    require(len(sealed) >= _PAGE_PREFIX.size + _SEAL_BYTES, "a sealed page is cut short", SealRefused)
    magic, version, suite, to = _PAGE_PREFIX.unpack_from(sealed)
    require(
        magic == _PAGE_MAGIC and version == _VERSION and suite in _SUITES, "not a sealed page that we know", SealRefused
    )
    require(to.hex() == key_id(key.public_key()), "sealed to another key than ours", SealRefused)
    info = _PAGE_CONTEXT + sealed[: _PAGE_PREFIX.size] + f"{packet_id}/{index}".encode()
    try:
        return _SUITES[suite].decrypt(sealed[_PAGE_PREFIX.size :], key, info=info)
    except (InvalidTag, ValueError):
        raise SealRefused("the sealed page does not open") from None


def key_id(key: Ed25519PublicKey | X25519PublicKey) -> str:
    """Return the first 8 bytes of the SHA-256 of a public key, in hex: a name, not a proof."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def _head(header: Header, suite: int) -> bytes:
    encoded = msgspec.json.encode(header)
    require(len(encoded) <= HEADER_BYTES_MAX, f"a header has at most {HEADER_BYTES_MAX} bytes", EnvelopeRefused)
    return _PREFIX.pack(_MAGIC, _VERSION, suite, len(encoded)) + encoded


def _signed(signed: bytes, key: Ed25519PrivateKey) -> bytes:
    payload = signed + key.sign(_to_sign(signed))
    require(len(payload) <= PAYLOAD_BYTES_MAX, f"an envelope has at most {PAYLOAD_BYTES_MAX} bytes", EnvelopeRefused)
    return payload


def _to_sign(signed: bytes) -> bytes:
    # The context keeps a signature from being used as one over something else than an envelope.
    return _SIGNATURE_CONTEXT + hashlib.sha256(signed).digest()


def _is_key_id(text: str) -> bool:
    return len(text) == 16 and all(digit in "0123456789abcdef" for digit in text)
