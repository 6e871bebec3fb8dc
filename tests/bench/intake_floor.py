"""The floor of central's intake: open, verify and group-commit the same bytes, without a broker in between.

What any correct central must do with a packet, as tersely as it can be said: verify the signature, open the manifest,
open the page, check its digest, and insert the bytes into SQLite (WAL, synchronous FULL), `group` packets a commit.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from broker import codec, envelope
from broker.messages import IntakePacket
from tests.bench.packets import ReadyPacket


def packets_per_second(
    packets: Sequence[ReadyPacket], folder: Path, unit: Ed25519PublicKey, central: X25519PrivateKey, group: int = 20
) -> float:
    """Return how many packets a second are opened, verified and durably inserted."""
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE packets (packet_id TEXT PRIMARY KEY, manifest BLOB, page BLOB)")
    start = time.perf_counter()
    for first in range(0, len(packets), group):
        rows = []
        for packet in packets[first : first + group]:
            sealed = b"".join(codec.decode_chunk(chunk).data for chunk in packet.chunks)
            read = envelope.read(packet.manifest)
            read.verify(unit)
            manifest = codec.decode(read.open(central), IntakePacket)
            page = envelope.open_page(sealed, central, packet_id=manifest.packet_id, index=0)
            assert hashlib.sha256(page).hexdigest() == manifest.pages[0].plain_digest
            rows.append((manifest.packet_id, packet.manifest, sealed))
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO packets VALUES (?, ?, ?)", rows)
        database.execute("COMMIT")
    seconds = time.perf_counter() - start
    database.close()
    return len(packets) / seconds
