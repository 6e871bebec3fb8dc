"""The gate on papers of every kind: what can be read passes, what cannot be read is refused and called by its name."""

from __future__ import annotations

import pytest

from edge.capture import VerdictCode
from tests.support.gate_papers import KINDS
from tests.support.gate_score import errors, gated


@pytest.mark.parametrize("kind", KINDS)
def test_a_readable_paper_of_every_kind_passes(kind: str) -> None:
    assert gated(kind, "blur", 0.05, 7).code == VerdictCode.GOOD


@pytest.mark.parametrize(
    ("kind", "fault", "severity", "code"),
    [
        ("sparse", "blur", 0.18, VerdictCode.BLURRED),
        ("receipt", "blur", 0.18, VerdictCode.BLURRED),
        ("photo", "blur", 0.18, VerdictCode.BLURRED),
        ("dense", "motion", 0.7, VerdictCode.BLURRED),
        ("dense", "glare", 1.0, VerdictCode.GLARE),
        ("form", "back", 0.0, VerdictCode.BLANK),
        ("form", "cut", 0.06, VerdictCode.EDGE_CUT),
        ("dense", "small", 5.0, VerdictCode.TOO_FAR),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_name(kind: str, fault: str, severity: float, code: VerdictCode) -> None:
    judged = gated(kind, fault, severity, 5)

    assert judged.readable is False
    assert judged.code == code


@pytest.mark.parametrize(
    ("kind", "fault", "severity", "seed", "code"),
    [
        ("photo", "glare", 2.5, 110, VerdictCode.GLARE),  # all that is left of the print was taken for light print
        ("handwritten", "glare", 1.0, 111, VerdictCode.GLARE),  # where it fades no line was found
        ("form", "lamp", 1.0, 200, VerdictCode.GLARE),  # its veil passed for the sheet's own light
        ("receipt", "lamp", 1.0, 200, VerdictCode.GLARE),
        ("card", "lamp", 2.5, 203, VerdictCode.GLARE),
        ("cover", "blur", 0.25, 102, VerdictCode.BLURRED),  # nothing on it has an edge, and nothing was measured
        ("card", "cut", 0.15, 104, VerdictCode.EDGE_HIDDEN),  # the portrait's edge passed for the card's
        ("receipt", "cut", 0.02, 105, VerdictCode.EDGE_CUT),  # it leaves the picture at a slant
        ("card", "cut", 0.02, 133, VerdictCode.EDGE_CUT),  # noise on the picture's rim was unbent
        ("dense", "blur", 0.18, 132, VerdictCode.BLURRED),  # the title is read, the print is not
    ],
)
def test_what_once_passed_unread_is_refused(
    kind: str, fault: str, severity: float, seed: int, code: VerdictCode
) -> None:
    judged = gated(kind, fault, severity, seed)

    assert judged.readable is False
    assert judged.code == code


@pytest.mark.parametrize(
    ("kind", "fault", "severity", "seed"),
    [
        ("handwritten", "glare", 0.15, 110),  # its rules seemed to be faded print
        ("form", "glare", 0.4, 201),  # a table's rules seemed to be
        ("form", "bright", 1.5, 201),
        ("dense", "motion", 0.25, 107),  # level strokes seemed to be the same ones moved
        ("form", "motion", 0.25, 102),
        ("sealed", "motion", 0.25, 115),  # flecks of the paper seemed to be its finest print
    ],
)
def test_what_was_once_refused_and_is_read_passes(kind: str, fault: str, severity: float, seed: int) -> None:
    judged = gated(kind, fault, severity, seed)

    assert judged.readable is True
    assert judged.code == VerdictCode.GOOD


def test_both_errors_are_bounded_over_a_mixed_handful() -> None:
    cases = [("form", "blur", 0.075), ("photo", "none", 0.0), ("card", "blur", 0.18), ("sealed", "glare", 0.4)]

    both = errors(gated(kind, fault, severity, 5) for kind, fault, severity in cases)

    assert (both.passed, both.refused) == (0, 0)
    assert (both.unreadable, both.readable) == (1, 3)
