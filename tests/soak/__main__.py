"""`make soak MINUTES=10`: the promise under faults, for as long as one likes. Prints the account; exits 1 if broken."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.soak.soak import soak

_SAY_EVERY_SECONDS = 10.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--edges", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--keep", type=Path, help="a folder that is kept, with all logs and books")
    options = parser.parse_args()
    print(f"{options.minutes} minutes, {options.edges} edges, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="onewindow-soak-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        outcome = soak(folder, seconds=options.minutes * 60, edges=options.edges, seed=options.seed, say=_Slowly().say)
    kept = outcome.account
    faults = sum(outcome.faults.values())
    print()
    print(f"faults    {faults:8}   SIGKILL: " + ", ".join(f"{name} {n}" for name, n in sorted(outcome.faults.items())))
    print(f"packets   {kept.packets:8}   accepted at a window; {kept.untold} more that a kill kept from being told")
    print(f"events    {kept.events:8}")
    print(f"lost      {kept.lost:8}")
    print(f"doubled   {kept.doubled:8}")
    print(f"altered   {kept.altered:8}")
    print(f"gaps      {kept.gaps:8}   in the ledger's numbers")
    print(f"stuck     {outcome.stuck:8}   drained {outcome.drain_seconds:.1f} s after healing")
    print(f"chain     {'whole' if not outcome.verified else outcome.verified}")
    for story in outcome.died:
        print(f"ended by itself: {story}")
    print(outcome.log_ends, end="")
    print("KEPT" if outcome.is_kept else "BROKEN")
    return 0 if outcome.is_kept else 1


class _Slowly:
    """Says one line in ten seconds of those that it is told."""

    def __init__(self) -> None:
        self._said = 0.0

    def say(self, line: str) -> None:
        if time.monotonic() - self._said >= _SAY_EVERY_SECONDS:
            self._said = time.monotonic()
            print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
