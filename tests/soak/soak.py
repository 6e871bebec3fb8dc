"""Kill edges, broker and central at random moments while packets pass, heal, wait, and settle the account.

The victims and moments follow from the seed; what they interrupt does not, since the processes are real.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.soak.book import Account, account, read_promises
from tests.soak.hall_under_fire import BROKER, CENTRAL, HallUnderFire

HEAL_SECONDS_MAX = 60.0
STUCK_LOOK_SECONDS = 0.25

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run."""

    account: Account
    faults: dict[str, int]  # SIGKILLs by victim
    stuck: int  # without a receipt 60 s after healing
    drain_seconds: float
    verified: str  # what `onewindow-central verify` said; "" when the chain is whole
    died: list[str] = field(default_factory=list)  # processes that ended by themselves
    log_ends: str = ""  # of all processes, when something was stuck

    @property
    def is_kept(self) -> bool:
        return self.account.is_kept and self.stuck == 0 and not self.verified and not self.died


def soak(
    folder: Path,
    *,
    seconds: float,
    packets_min: int = 0,
    edges: int = 3,
    every_seconds: float = 0.15,
    pause_seconds: tuple[float, float] = (0.3, 2.0),
    seed: int = 1,
    say: Say = lambda _: None,
) -> Outcome:
    """Run for so many seconds, and on until at least `packets_min` packets were accepted; then heal and settle.

    Args:
        pause_seconds: from one kill to the next, at least and at most.
    """
    chance = random.Random(seed)
    hall = HallUnderFire(folder, edges=edges, every_seconds=every_seconds, waiting_max=80, seed=seed)
    faults: Counter[str] = Counter()
    died: list[str] = []
    try:
        hall.open()
        _wait_for_first_receipts(hall)
        began = time.monotonic()
        while time.monotonic() - began < seconds or _told(hall) < packets_min:
            time.sleep(chance.uniform(*pause_seconds))
            died += _restart_died(hall)
            victim = _victim(hall, chance)
            if hall.kill(victim):
                faults["edge" if victim in hall.edges else victim] += 1
            time.sleep(chance.uniform(0.0, 1.0) ** 2)
            hall.start(victim)
            say(f"{time.monotonic() - began:7.0f} s  {sum(faults.values())} kills  {_told(hall)} promised")
        drain_seconds, stuck = _heal(hall, say)
        died += [f"{name} ended by itself:\n{hall.log_end(name)}" for name in hall.died()]
        ends = "" if not stuck else "\n".join(f"--- {name}\n{hall.log_end(name)}" for name in hall.names)
    finally:
        hall.close()
    verified = hall.central_command("verify")
    return Outcome(
        account=account(hall.told, hall.state / "central" / "ledger.db"),
        faults=dict(faults),
        stuck=stuck,
        drain_seconds=drain_seconds,
        verified="" if verified.returncode == 0 else (verified.stdout + verified.stderr)[-1500:],
        died=died,
        log_ends=ends,
    )


def _victim(hall: HallUnderFire, chance: random.Random) -> str:
    edge: str = chance.choice(hall.edges)
    return chance.choice((BROKER, CENTRAL, edge))


def _told(hall: HallUnderFire) -> int:
    return sum("packet" in promise for promise in read_promises(hall.told))


def _wait_for_first_receipts(hall: HallUnderFire) -> None:
    """Do not begin to kill before everything has once worked: else a hall that never starts would pass."""
    deadline = time.monotonic() + HEAL_SECONDS_MAX
    entered = [hall.state / "units" / edge / "outbox" / "entered" for edge in hall.edges]
    while not all(folder.is_dir() and any(folder.iterdir()) for folder in entered):
        broken = hall.died()
        if broken or time.monotonic() > deadline:
            names = broken or [CENTRAL, hall.edges[0]]
            raise AssertionError("\n".join(f"{name} has not worked:\n{hall.log_end(name)}" for name in names))
        time.sleep(0.1)


def _restart_died(hall: HallUnderFire) -> list[str]:
    """Start again what ended by itself, and remember that it did: nothing of ours may fall over by another's death."""
    died = hall.died()
    for name in died:
        hall.start(name)
    return [f"{name} ended by itself:\n{hall.log_end(name)}" for name in died]


def _heal(hall: HallUnderFire, say: Say) -> tuple[float, int]:
    """Let everything run, accept no more, and wait until all outboxes are empty. Return seconds, and what is stuck."""
    for name in hall.names:
        hall.start(name)
    began = time.monotonic()
    time.sleep(1.0)  # a process that has just been started does not listen to signals yet
    hall.stop_making()
    while (waiting := hall.waiting()) and time.monotonic() - began < HEAL_SECONDS_MAX:
        say(f"healed {time.monotonic() - began:4.0f} s ago, {waiting} wait")
        time.sleep(STUCK_LOOK_SECONDS)
    return time.monotonic() - began, waiting
