"""Each message knows its bounds, holds at them, and refuses the step past them by the rule's name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.codec import KINDS, decode, decode_chunk, decode_kind, encode, encode_chunk
from broker.envelope import PAYLOAD_BYTES_MAX
from broker.errors import MessageRefused
from broker.ids import is_id, new_id
from broker.messages import CHUNK_BYTES_MAX, PAGES_MAX, Chunk, IntakePacket, Resident
from tests.support.messages_of_every_kind import PACKET_ID, a_packet, a_page, one_of_each


@pytest.mark.parametrize("pages", [0, PAGES_MAX + 1])
def test_a_packet_with_no_page_or_too_many_is_refused(pages: int) -> None:
    with pytest.raises(MessageRefused, match="1 to 40 pages"):
        a_packet(pages=tuple(a_page(number) for number in range(pages)))


def test_a_packet_of_the_most_pages_fits_one_manifest() -> None:
    full = a_packet(
        pages=tuple(replace(a_page(number), material="材" * 120) for number in range(PAGES_MAX)),
        form={f"{number:02}" + "字" * 38: "值" * 333 for number in range(30)},
        resident=Resident(name="名" * 60, id_number="9" * 20),
    )

    assert decode(encode(full), IntakePacket) == full


def test_the_same_page_twice_is_refused() -> None:
    with pytest.raises(MessageRefused, match="twice"):
        a_packet(pages=(a_page(0), a_page(0)))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"packet_id": "1"}, "UUIDv7"),
        ({"ticket": "a6027"}, "capital letter"),
        ({"ticket": "A602"}, "capital letter"),
        ({"ticket": "A6027\n"}, "capital letter"),
        ({"ticket_day": "2026-13-01"}, "YYYY-MM-DD"),
        ({"service_item": "RS1"}, "two letters"),
        ({"window": 0}, "window is 1 to"),
        ({"window": 1000}, "window is 1 to"),
        ({"form": {"": "x"}}, "field's name"),
        ({"form": {"a": "x" * 501}}, "at most 500"),
        ({"form": {"a": "\x00"}}, "at most 500"),
        ({"form": {str(n): "" for n in range(31)}}, "at most 30"),
        ({"form": {str(n): "x" * 500 for n in range(21)}}, "characters in all"),
        ({"accepted_at_ms": -1}, "1970 to 2100"),
        ({"accepted_by": "x" * 41}, "clerk"),
    ],
)
def test_the_step_past_each_bound_is_refused(change: dict[str, object], rule: str) -> None:
    with pytest.raises(MessageRefused, match=rule):
        a_packet(**change)


@pytest.mark.parametrize("number", ["", "1" * 21, "11010519491231002x", "1101 0519", "１２３"])
def test_an_id_number_of_another_alphabet_is_refused(number: str) -> None:
    with pytest.raises(MessageRefused, match="id number"):
        Resident(name="样本", id_number=number)


def test_a_resident_is_not_readable_in_any_repr() -> None:
    packet = a_packet()

    assert "样本" not in repr(packet)
    assert "11010519" not in repr(packet)
    assert "13800000000" not in repr(packet)


def test_a_refusal_never_quotes_what_it_refuses() -> None:
    """msgspec's own messages can carry the value; ours name the rule and the place only."""
    body = json.loads(encode(a_packet()))
    secret = "11010519491231002X"
    for field, value in [
        ("window", secret),
        ("resident", secret),
        ("form", {secret: 1}),
        ("ticket", secret),
        (secret, 1),
    ]:
        with_secret = dict(body)
        if field == "form":
            with_secret["form"] = value
        elif field == secret:
            with_secret["resident"] = {"name": "x", "id_number": secret, "id_kind": secret}
        else:
            with_secret[field] = value
        with pytest.raises(MessageRefused) as refused:
            decode(json.dumps(with_secret).encode(), IntakePacket)
        assert secret not in str(refused.value)
        assert refused.value.__cause__ is None or secret not in str(refused.value.__cause__)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}{}",
        b"\xff\xfe",
        b'{"x":NaN}',
        b"[" * 60_000,
        b'{"at_ms":' + b"9" * 60_000 + b"}",
        bytes(65_537),
    ],
    ids=["empty", "null", "list", "two", "not-utf8", "nan", "deep", "huge-integer", "too-long"],
)
def test_hostile_bodies_are_refused_whatever_the_kind(kind: str, data: bytes) -> None:
    with pytest.raises(MessageRefused):
        decode_kind(data, kind)


@given(st.sampled_from(one_of_each()), st.data())
def test_any_flipped_byte_is_refused_or_within_bounds(message: object, data: st.DataObject) -> None:
    """Without a signature a flipped byte can make another valid message, never one out of bounds or another failure."""
    body = bytearray(encode(message))  # type: ignore[arg-type]
    place = data.draw(st.integers(min_value=0, max_value=len(body) - 1))
    body[place] = data.draw(st.integers(min_value=0, max_value=255))

    try:
        read = decode_kind(bytes(body), message.KIND)  # type: ignore[attr-defined]
    except MessageRefused:
        return
    assert decode_kind(encode(read), message.KIND) == read  # type: ignore[attr-defined]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(MessageRefused, match="kind"):
        decode_kind(b"{}", "intake-packet/2")


def a_chunk(index: int = 0, total: int = CHUNK_BYTES_MAX + 1) -> Chunk:
    size = min(CHUNK_BYTES_MAX, total - index * CHUNK_BYTES_MAX)
    return Chunk(packet_id=PACKET_ID, page=0, digest="ab" * 32, total_bytes=total, index=index, data=bytes(size))


def test_the_largest_chunk_fits_one_payload() -> None:
    encoded = encode_chunk(a_chunk())

    assert len(encoded) <= PAYLOAD_BYTES_MAX
    assert decode_chunk(encoded) == a_chunk()


def test_a_chunk_past_the_end_or_not_full_is_refused() -> None:
    with pytest.raises(MessageRefused, match="below their count"):
        Chunk(packet_id=PACKET_ID, page=0, digest="ab" * 32, total_bytes=10, index=1, data=b"")
    with pytest.raises(MessageRefused, match="full"):
        Chunk(packet_id=PACKET_ID, page=0, digest="ab" * 32, total_bytes=10, index=0, data=b"123")


@given(st.binary(max_size=600))
def test_hostile_bytes_are_no_chunk(payload: bytes) -> None:
    with pytest.raises(MessageRefused):
        decode_chunk(payload)


def test_every_cut_of_a_chunk_is_refused() -> None:
    encoded = encode_chunk(a_chunk(total=100))

    for length in range(len(encoded)):
        with pytest.raises(MessageRefused):
            decode_chunk(encoded[:length])


def test_ids_sort_by_time_and_are_of_version_7() -> None:
    first, second = new_id(1_000, bytes(10)), new_id(1_001, b"\xff" * 10)

    assert first < second
    assert is_id(first)
    assert is_id(second)
    assert not is_id(first.upper() + "0")


@given(st.integers(min_value=0, max_value=(1 << 48) - 1), st.binary(min_size=10, max_size=10))
def test_every_id_is_one(now_ms: int, random: bytes) -> None:
    assert is_id(new_id(now_ms, random))
