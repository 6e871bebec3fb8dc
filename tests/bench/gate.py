"""The gate's two errors: unreadable pages passed, readable ones refused, on papers of every kind."""

from __future__ import annotations

import time

from tests.bench.figures import Figure
from tests.support.gate_generator import SEVERITIES
from tests.support.gate_papers import KINDS
from tests.support.gate_score import Gated, errors, gated

PASSED_MAX = 0.01
REFUSED_MAX = 0.02
_SEED = 40
_SECONDS_MAX = 75.0  # then it stops, with what it has; on a quiet machine it has all in less


def figures() -> list[Figure]:
    """Return both shares. Each severity of each fault meets every kind of paper in turn, as far as the time goes."""
    results = _results()
    both = errors(results)
    by_fault = {fault: errors(each for each in results if each.fault == fault) for fault in SEVERITIES}
    passed = ", ".join(f"{fault} {e.passed}/{e.unreadable}" for fault, e in by_fault.items() if e.unreadable)
    refused = ", ".join(f"{fault} {e.refused}/{e.readable}" for fault, e in by_fault.items() if e.readable)
    between = sum(each.readable is None for each in results)
    return [
        _figure("gate: unreadable pages passed", both.passed_share, PASSED_MAX, f"of {both.unreadable}: {passed}"),
        _figure(
            "gate: readable pages refused",
            both.refused_share,
            REFUSED_MAX,
            f"of {both.readable}: {refused}; {between} more lie between and count for neither",
        ),
    ]


def _results() -> list[Gated]:
    results: list[Gated] = []
    began = time.monotonic()
    cases = [(fault, severity) for fault, severities in SEVERITIES.items() for severity in severities]
    for round_ in range(len(KINDS)):
        for place, (fault, severity) in enumerate(cases):
            if time.monotonic() - began > _SECONDS_MAX:
                return results
            # Another kind of paper each time, so that a run that is cut short has still met them all.
            results.append(gated(KINDS[(place + round_) % len(KINDS)], fault, severity, _SEED + round_))
    return results


def _figure(name: str, share: float, goal: float, note: str) -> Figure:
    return Figure(name=name, value=share, unit="", floor=None, floor_name="", goal=goal, better="lower", note=note)
