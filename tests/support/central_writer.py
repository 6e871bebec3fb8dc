"""A process that enters packets as fast as it can and prints each one's id after its commit; to be killed.

python -m tests.support.central_writer FOLDER [COUNT]
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.central_hall import WireHall, arrivals, jpeg, receipts


def main(folder: Path, count: int) -> None:
    hall = WireHall(folder)
    with hall.receiving() as receiving:
        for number in range(count):
            sent = [hall.packet(pictures=(jpeg(10 * number + each, body_bytes=20_000),)) for each in range(5)]
            try:
                answers = receiving.take([arrived for each in sent for arrived in arrivals(each)])
            except Exception as error:  # noqa: BLE001  # the test asks what is true after any fault
                print(f"fault {type(error).__name__}", flush=True)
                continue
            for receipt in receipts(answers.outgoing):
                print(f"{receipt.outcome.value} {receipt.subject} {receipt.entry} {receipt.entry_hash}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
