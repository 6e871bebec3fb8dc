"""A page and how it was found -> whether an officer could read it, and if not, what to do."""

from __future__ import annotations

from edge.capture import verdict
from edge.capture.verdict import Measures, Verdict


def judge(measures: Measures, cut: tuple[str, ...]) -> Verdict:
    """Return the one verdict that helps most: first what makes all other measures meaningless."""
    if cut:
        return verdict.edge_cut(cut)
    if measures.brightness < 40:
        return verdict.TOO_DARK
    return verdict.GOOD
