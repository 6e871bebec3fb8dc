"""What was once said on the wire is understood for ever.

A golden file is made once, when its kind is born, and never changed. A kind without one fails here: run
`python -m tests.contract.make_golden` to write only what is missing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.codec import KINDS, Message, decode_chunk, decode_kind, encode, encode_chunk
from broker.messages import CHUNK_BYTES_MAX, Chunk
from tests.support.messages_of_every_kind import PACKET_ID, one_of_each

WIRE = Path(__file__).parent / "wire"


def golden(kind: str) -> Path:
    return WIRE / f"{kind.replace('/', '-')}.json"


def test_there_is_a_sample_of_every_kind() -> None:
    assert {message.KIND for message in one_of_each()} == set(KINDS)


@pytest.mark.parametrize("message", one_of_each(), ids=lambda message: message.KIND)
def test_golden_bytes_are_still_understood(message: Message) -> None:
    assert decode_kind(golden(message.KIND).read_bytes(), message.KIND) == message


@pytest.mark.parametrize("message", one_of_each(), ids=lambda message: message.KIND)
def test_what_is_said_today_is_understood_today(message: Message) -> None:
    assert decode_kind(encode(message), message.KIND) == message


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_newer_senders_extra_field_is_passed_over(kind: str) -> None:
    newer = golden(kind).read_bytes()[:-1] + b',"field_of_tomorrow":{"a":[1]}}'

    assert decode_kind(newer, kind) == next(m for m in one_of_each() if kind == m.KIND)


def test_the_golden_chunk_is_still_understood() -> None:
    data = bytes(range(256)) * 4
    chunk = Chunk(packet_id=PACKET_ID, page=1, digest="ab" * 32, total_bytes=CHUNK_BYTES_MAX + 1024, index=1, data=data)

    assert decode_chunk((WIRE / "chunk-1.bin").read_bytes()) == chunk
    assert decode_chunk(encode_chunk(chunk)) == chunk
