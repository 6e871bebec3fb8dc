"""A process that accepts packets and takes ticket numbers as fast as it can, and says so; its test kills it.

    python -m tests.support.edge_outbox_writer FOLDER FIRST

Prints "accepted <packet id>" and "taken <ticket>" after each, unbuffered: what was printed was promised.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from broker.messages import Outcome, Receipt
from edge.card import Card
from edge.disk import Disk
from edge.keys import UnitKeys
from edge.numbers import Numbers
from edge.outbox import Outbox
from edge.packet import seal_packet
from tests.support.edge_papers import START_MS, TODAY, packet_id, some_papers

SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def keys() -> UnitKeys:
    return UnitKeys(
        signing=SIGNING,
        sealing=X25519PrivateKey.generate(),
        central_sealing=X25519PrivateKey.generate().public_key(),
        central_receipt=Ed25519PrivateKey.generate().public_key(),
    )


def main(folder: Path, first: int) -> None:
    card = Card(Disk(folder / "outbox"), 0)
    outbox = Outbox(card, own_key=SIGNING.public_key())
    numbers = Numbers(Disk(folder / "seen"), base=6000)
    unit_keys = keys()
    say("ready")
    for number in range(first, first + 100_000):
        papers = some_papers(packet_id(number), pages=2, page_bytes=3000)
        kept = outbox.accept(seal_packet(papers, keys=unit_keys, unit="shuangjing-w3", boot=1, seq=number))
        say(f"accepted {kept.packet_id}")
        if number % 3 == 0:
            receipt = Receipt(
                subject=kept.packet_id,
                content_hash=kept.content_hash,
                outcome=Outcome.ENTERED,
                at_ms=START_MS,
                entry=number,
            )
            outbox.receipted(receipt)
            say(f"entered {kept.packet_id}")
        ticket = numbers.next_ticket(TODAY, "A")
        numbers.take(ticket, TODAY, packet_id(number), b"event")
        say(f"taken {ticket}")


def say(line: str) -> None:
    os.write(1, line.encode() + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
