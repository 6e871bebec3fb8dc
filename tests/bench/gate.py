"""The gate's two errors: unreadable pages passed, readable ones refused, on papers of every kind."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

import cv2

from tests.bench.figures import Figure
from tests.support.gate_generator import SEVERITIES
from tests.support.gate_papers import KINDS
from tests.support.gate_score import Gated, errors, gated

PASSED_MAX = 0.01
REFUSED_MAX = 0.02
_SEED = 40
_ROUNDS = 2  # each of them every fault, at every severity, on every kind of paper: 648 pages, drawing which is most
_WORKERS = 2
_SURE = 1.96  # standard errors: 95 %
# A lamp's core burns out print without a trace of it where nothing stands around it. No judge can tell such a page from
# a readable one with a blank part, so a lamp's figures have no goal; they are shown beside the others (ADR 0028).
_NO_GOAL = "lamp"


def figures() -> list[Figure]:
    """Return both shares, without and with a goal. Each severity of each fault meets every kind of paper in turn."""
    results = _results()
    held_to = [each for each in results if each.fault != _NO_GOAL]
    lamp = [each for each in results if each.fault == _NO_GOAL]
    return [*_both(held_to, "", PASSED_MAX, REFUSED_MAX), *_both(lamp, " under a lamp with a veil", None, None)]


def _both(results: list[Gated], where: str, passed_max: float | None, refused_max: float | None) -> list[Figure]:
    both = errors(results)
    by_fault = {fault: errors(each for each in results if each.fault == fault) for fault in SEVERITIES}
    passed = ", ".join(f"{fault} {e.passed}/{e.unreadable}" for fault, e in by_fault.items() if e.unreadable)
    refused = ", ".join(f"{fault} {e.refused}/{e.readable}" for fault, e in by_fault.items() if e.readable)
    between = sum(each.readable is None for each in results)
    return [
        _figure(
            f"gate: unreadable pages passed{where}",
            both.passed_share,
            passed_max,
            f"of {both.unreadable} ({_bounds(both.passed, both.unreadable)}): {passed}",
        ),
        _figure(
            f"gate: readable pages refused{where}",
            both.refused_share,
            refused_max,
            f"of {both.readable} ({_bounds(both.refused, both.readable)}): {refused};"
            f" {between} more lie between and count for neither",
        ),
    ]


def _results() -> list[Gated]:
    cases = [(fault, severity) for fault, severities in SEVERITIES.items() for severity in severities]
    asked = [
        (KINDS[(place + turn) % len(KINDS)], fault, severity, _SEED + turn)
        for turn in range(_ROUNDS * len(KINDS))
        for place, (fault, severity) in enumerate(cases)
    ]
    with ProcessPoolExecutor(_WORKERS, initializer=cv2.setNumThreads, initargs=(1,)) as workers:
        return list(workers.map(gated, *zip(*asked, strict=True), chunksize=3))


def _bounds(wrong: int, of: int) -> str:
    """Return between what the true share lies, in 95 of 100 runs (Wilson 1927)."""
    share, weight = wrong / max(1, of), _SURE**2 / max(1, of)
    middle, reach = share + weight / 2, _SURE * (share * (1 - share) / max(1, of) + weight / max(1, of) / 4) ** 0.5
    return f"{max(0.0, (middle - reach) / (1 + weight)):.1%} to {(middle + reach) / (1 + weight):.1%}"


def _figure(name: str, share: float, goal: float | None, note: str) -> Figure:
    return Figure(name=name, value=share, unit="", floor=None, floor_name="", goal=goal, better="lower", note=note)
