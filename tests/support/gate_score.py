"""Score the gate: `python -m tests.support.gate_score --seeds 2`. Both kinds of error, by fault and severity.

The truth is the generator's, physical (`gate_generator.py`); the word is the judge's, through the whole of `capture`.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from edge.capture import Measures, capture
from tests.support.gate_generator import SEVERITIES, gate_capture
from tests.support.gate_papers import KINDS

FRAMES = ((1944, 2592), (2448, 3264))  # 5 and 8 megapixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """One capture as the judge saw it, beside what is true of it."""

    kind: str
    fault: str
    severity: float
    seed: int
    readable: bool | None
    taken: bool
    code: str
    measures: Measures

    @property
    def wrong(self) -> bool:
        return self.readable is not None and self.taken is not self.readable


@dataclass(frozen=True, slots=True)
class Errors:
    """Both kinds of error."""

    passed: int  # unreadable, and taken
    unreadable: int
    refused: int  # readable, and not taken
    readable: int

    @property
    def passed_share(self) -> float:
        return self.passed / max(1, self.unreadable)

    @property
    def refused_share(self) -> float:
        return self.refused / max(1, self.readable)


def gated(kind: str, fault: str, severity: float, seed: int, *, frame: tuple[int, int] = FRAMES[0]) -> Gated:
    """Return the judge's word on one capture."""
    picture = gate_capture(kind, fault, severity, seed, width=frame[0], height=frame[1])
    page = capture(picture.pixels)
    return Gated(
        kind=picture.kind,
        fault=fault,
        severity=severity,
        seed=seed,
        readable=picture.readable,
        taken=page.usable,
        code=page.verdict.code,
        measures=page.measures,
    )


def gate_set(
    seeds: Iterable[int], kinds: Iterable[str] = KINDS, faults: Iterable[str] = tuple(SEVERITIES)
) -> list[Gated]:
    """Return every fault at every severity on every kind of paper; the frames' sizes take turns."""
    results = []
    for seed in seeds:
        for fault in faults:
            for severity in SEVERITIES[fault]:
                for place, kind in enumerate(kinds):
                    results.append(gated(kind, fault, severity, seed, frame=FRAMES[(seed + place) % 5 == 0]))
    return results


def errors(results: Iterable[Gated]) -> Errors:
    results = list(results)
    lost = [each for each in results if each.readable is False]
    read = [each for each in results if each.readable is True]
    return Errors(sum(each.taken for each in lost), len(lost), sum(not each.taken for each in read), len(read))


def gate_table(results: list[Gated]) -> str:
    """Return both kinds of error as a table for people, and each case that is wrong."""
    lines = [f"{'fault':<8}{'severity':>9}{'readable refused':>18}{'unreadable passed':>19}{'between':>9}  verdicts"]
    for fault, severity in dict.fromkeys((each.fault, each.severity) for each in results):
        some = [each for each in results if (each.fault, each.severity) == (fault, severity)]
        lines.append(f"{fault:<8}{severity:>9g}{_row(some)}")
    for kind in dict.fromkeys(each.kind for each in results):
        some = [each for each in results if each.kind == kind]
        lines.append(f"{kind:<17}{_row(some)}")
    lines.append(f"{'all':<17}{_row(results)}")
    return "\n".join(lines)


def _row(some: list[Gated]) -> str:
    both = errors(some)
    codes = ", ".join(f"{code} {count}" for code, count in Counter(each.code for each in some).most_common())
    between = (
        f"{sum(each.taken for each in some if each.readable is None)}/{sum(each.readable is None for each in some)}"
    )
    read = f"{both.refused}/{both.readable}" if both.readable else "-"
    lost = f"{both.passed}/{both.unreadable}" if both.unreadable else "-"
    return f"{read:>18}{lost:>19}{between:>9}  {codes}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--faults", nargs="*", default=list(SEVERITIES))
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--wrong", action="store_true", help="also each case that is wrong")
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    results = gate_set(seeds, arguments.kinds, arguments.faults)
    print(gate_table(results))
    for each in results if arguments.wrong else []:
        if each.wrong:
            print(each.kind, each.fault, each.severity, each.seed, "readable" if each.readable else "lost", each.code)
            print("   ", each.measures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
