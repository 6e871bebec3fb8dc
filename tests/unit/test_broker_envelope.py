"""An envelope opens for the one it is sealed to, verifies for the one who signed it, and for nobody else."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from broker.envelope import PAYLOAD_BYTES_MAX, Header, key_id, open_page, read, seal, seal_page, sign
from broker.errors import EnvelopeRefused, Refused, SealRefused, SignatureRefused

SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SEALING = X25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PACKET_ID = "019a0000-0000-7000-8000-000000000001"


def a_header(*, sealed: bool, **changes: object) -> Header:
    fields: dict[str, object] = {
        "kind": "intake-packet/1",
        "sender": "hall-w1",
        "subject": PACKET_ID,
        "signing_key": key_id(SIGNING.public_key()),
        "sealing_key": key_id(SEALING.public_key()) if sealed else "",
        "boot": 3,
        "seq": 9,
    }
    return Header(**(fields | changes))  # type: ignore[arg-type]


def test_a_sealed_envelope_gives_its_body_to_the_receiver() -> None:
    payload = seal(a_header(sealed=True), b"papers", SEALING.public_key(), SIGNING)

    envelope = read(payload)
    envelope.verify(SIGNING.public_key())

    assert envelope.open(SEALING) == b"papers"
    assert b"papers" not in payload


def test_no_flipped_bit_is_accepted() -> None:
    payload = seal(a_header(sealed=True), b"papers", SEALING.public_key(), SIGNING)

    for bit in range(len(payload) * 8):
        altered = bytearray(payload)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Refused):
            read(bytes(altered)).verify(SIGNING.public_key())


def test_every_cut_is_refused() -> None:
    payload = sign(a_header(sealed=False), b"button", SIGNING)

    for length in range(len(payload)):
        with pytest.raises(Refused):
            read(payload[:length]).verify(SIGNING.public_key())


def test_another_units_signature_is_refused() -> None:
    payload = sign(a_header(sealed=False), b"button", SIGNING)

    with pytest.raises(SignatureRefused, match="another key"):
        read(payload).verify(Ed25519PrivateKey.generate().public_key())


def test_a_header_moved_to_another_body_does_not_open() -> None:
    """The header is bound in as `info`: a thief of the signing key cannot re-label a sealed body."""
    envelope = read(seal(a_header(sealed=True), b"papers", SEALING.public_key(), SIGNING))
    other = read(seal(a_header(sealed=True, seq=10), b"papers", SEALING.public_key(), SIGNING))
    head = other.signed[: len(other.signed) - len(other.body)]
    moved = head + envelope.body

    from dataclasses import replace

    with pytest.raises(SealRefused, match="does not open"):
        replace(other, body=envelope.body, signed=moved).open(SEALING)


def test_a_plain_envelope_is_not_taken_for_a_sealed_one() -> None:
    envelope = read(sign(a_header(sealed=False), b"{}", SIGNING))

    with pytest.raises(SealRefused, match="plain"):
        envelope.open(SEALING)


def test_an_envelope_sealed_to_somebody_else_is_refused() -> None:
    envelope = read(seal(a_header(sealed=True), b"papers", SEALING.public_key(), SIGNING))

    with pytest.raises(SealRefused, match="another key"):
        envelope.open(X25519PrivateKey.generate())


def test_a_body_of_just_the_size_passes_and_one_byte_more_does_not() -> None:
    header = a_header(sealed=False)
    room = PAYLOAD_BYTES_MAX - len(sign(header, b"", SIGNING))

    assert len(sign(header, bytes(room), SIGNING)) == PAYLOAD_BYTES_MAX
    with pytest.raises(EnvelopeRefused, match="at most"):
        sign(header, bytes(room + 1), SIGNING)


@given(st.binary(max_size=400))
def test_hostile_bytes_are_refused_by_name(payload: bytes) -> None:
    with pytest.raises(EnvelopeRefused):
        read(payload)


@given(st.binary(max_size=300), st.integers(min_value=0, max_value=300))
def test_a_hostile_header_is_refused_by_name(header: bytes, claimed: int) -> None:
    payload = b"OW\x01\x00" + claimed.to_bytes(2, "big") + header + bytes(64)

    with pytest.raises(EnvelopeRefused):
        read(payload)


def test_a_header_of_opening_brackets_is_refused() -> None:
    with pytest.raises(EnvelopeRefused):
        read(b"OW\x01\x00" + (1024).to_bytes(2, "big") + b"[" * 1024 + bytes(64))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": ""},
        {"kind": "k" * 41},
        {"sender": "s" * 33},
        {"subject": "1"},
        {"boot": -1},
        {"seq": 2**53},
        {"signing_key": "XY"},
    ],
)
def test_a_header_out_of_bounds_cannot_be_built(change: dict[str, object]) -> None:
    with pytest.raises(EnvelopeRefused):
        a_header(sealed=False, **change)


def test_a_page_opens_only_at_its_own_place() -> None:
    sealed = seal_page(b"jpeg", SEALING.public_key(), packet_id=PACKET_ID, index=0)

    assert open_page(sealed, SEALING, packet_id=PACKET_ID, index=0) == b"jpeg"
    with pytest.raises(SealRefused):
        open_page(sealed, SEALING, packet_id=PACKET_ID, index=1)
    with pytest.raises(SealRefused):
        open_page(sealed, SEALING, packet_id=PACKET_ID.replace("1", "2"), index=0)


def test_no_altered_or_cut_page_opens() -> None:
    sealed = seal_page(b"jpeg", SEALING.public_key(), packet_id=PACKET_ID, index=0)

    for place in range(len(sealed)):
        altered = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(SealRefused):
            open_page(altered, SEALING, packet_id=PACKET_ID, index=0)
        with pytest.raises(SealRefused):
            open_page(sealed[:place], SEALING, packet_id=PACKET_ID, index=0)


@given(st.binary(max_size=200))
def test_hostile_bytes_are_no_page(data: bytes) -> None:
    with pytest.raises(SealRefused):
        open_page(data, SEALING, packet_id=PACKET_ID, index=0)
