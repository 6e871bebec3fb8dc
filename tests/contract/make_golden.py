"""Write the golden bytes of kinds that have none yet. Never overwrites: golden bytes are for ever."""

from __future__ import annotations

from pathlib import Path

from broker.codec import encode, encode_chunk
from broker.messages import CHUNK_BYTES_MAX, Chunk
from tests.support.messages_of_every_kind import PACKET_ID, one_of_each

WIRE = Path(__file__).parent / "wire"


def main() -> None:
    WIRE.mkdir(exist_ok=True)
    for message in one_of_each():
        path = WIRE / f"{message.KIND.replace('/', '-')}.json"
        if not path.exists():
            path.write_bytes(encode(message))
    chunk = WIRE / "chunk-1.bin"
    if not chunk.exists():
        data = bytes(range(256)) * 4
        chunk.write_bytes(
            encode_chunk(
                Chunk(
                    packet_id=PACKET_ID,
                    page=1,
                    digest="ab" * 32,
                    total_bytes=CHUNK_BYTES_MAX + 1024,
                    index=1,
                    data=data,
                )
            )
        )


if __name__ == "__main__":
    main()
