"""The promise: what a clerk was told is accepted is in the ledger once and unaltered, whatever is killed.

Real edges (outbox, link), a real Mosquitto with our access list and TLS, central's real ledger process. SIGKILL falls
on edges, broker (which comes back empty) and central at random moments; then all must drain within 60 s of healing.
The same for as long as one likes: `make soak MINUTES=n`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.soak import soak

PACKETS_MIN = 300
SECONDS = 30.0


@pytest.mark.timeout(300)
def test_nothing_that_was_accepted_is_lost_doubled_or_altered(tmp_path: Path) -> None:
    outcome = soak(tmp_path, seconds=SECONDS, packets_min=PACKETS_MIN, edges=3, every_seconds=0.12, seed=20261123)

    assert outcome.died == []
    assert set(outcome.faults) == {"edge", "broker", "central"}
    assert sum(outcome.faults.values()) >= 12
    account = outcome.account
    assert account.packets >= PACKETS_MIN
    assert (account.lost, account.doubled, account.altered, account.gaps) == (0, 0, 0, 0), account
    assert outcome.stuck == 0, (
        f"{outcome.stuck} without a receipt after {outcome.drain_seconds:.0f} s\n{outcome.log_ends}"
    )
    assert outcome.verified == "", "the chain is not whole"
