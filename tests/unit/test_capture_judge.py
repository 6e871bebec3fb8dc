"""The gate: refuses what an officer could not read, in one sentence, and lets pass what can be read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.capture import Measures, VerdictCode, capture
from edge.capture.judge import BLUR_MAX, BURNT_MAX, COVERED_MAX, DOTS_MIN, GLARE_MAX, PRINT_PX_MIN, judge
from edge.capture.verdict import edge_cut
from firmware.simulators.desk import Desk
from firmware.simulators.papers import PAPER_KINDS, draw_paper
from tests.support import gate_score
from tests.support.capture_score import gated

READABLE = Measures(
    found=0.9, long_side_px=2000, dots_per_inch=200, brightness=200, ink_share=0.2, contrast=0.7, noise=2
)


@pytest.mark.parametrize(
    ("fault", "severity", "code"),
    [
        ("none", 0.0, VerdictCode.GOOD),
        ("blur", 1.5, VerdictCode.GOOD),
        ("blur", 3.6, VerdictCode.BLURRED),
        ("motion", 16.0, VerdictCode.BLURRED),
        ("dark", 0.012, VerdictCode.TOO_DARK),
        ("glare", 1.4, VerdictCode.GLARE),
        ("finger", 0.22, VerdictCode.COVERED),
        ("cut", 0.05, VerdictCode.EDGE_CUT),
    ],
)
def test_a_fault_is_named_when_it_costs_the_reader_and_not_before(
    fault: str, severity: float, code: VerdictCode
) -> None:
    assert gated(fault, severity, 1).code == code


@pytest.mark.parametrize("kind", [paper.key for paper in PAPER_KINDS])
def test_every_paper_of_the_simulated_desk_is_good(kind: str) -> None:
    desk = Desk(seed=4)
    desk.lay(draw_paper(kind, seed=1))

    assert capture(desk.frame("photograph")).verdict.code is VerdictCode.GOOD


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("blur", VerdictCode.BLURRED),
        ("dark", VerdictCode.TOO_DARK),
        ("glare", VerdictCode.GLARE),
        ("cut_edge", VerdictCode.EDGE_CUT),
        ("hand", VerdictCode.COVERED),
    ],
)
def test_the_simulated_desks_faults_are_called_by_their_names(fault: str, code: VerdictCode) -> None:
    desk = Desk(seed=6)
    desk.lay(draw_paper("application_form", seed=2))

    assert capture(desk.frame("photograph", {fault})).verdict.code is code


@pytest.mark.parametrize("seed", [7, 9])  # the lamp's veil passed for the sheet's own light
def test_a_lamp_that_burns_out_a_name_in_the_household_register_is_called_by_its_name(seed: int) -> None:
    desk = Desk(seed=seed)
    desk.lay(draw_paper("household_register", seed=1))

    assert capture(desk.frame("photograph", {"glare"})).verdict.code is VerdictCode.GLARE


def test_a_lamp_on_a_dark_cover_that_is_found_in_the_covers_place_is_called_a_reflection() -> None:
    judged = gate_score.gated("cover", "lamp", 1.0, 502)

    assert judged.code == VerdictCode.GLARE  # the cover lies near enough


@pytest.mark.parametrize(
    ("measures", "code"),
    [
        (READABLE, VerdictCode.GOOD),
        ({"blur_px": BLUR_MAX}, VerdictCode.GOOD),
        ({"blur_px": BLUR_MAX + 0.01}, VerdictCode.BLURRED),
        ({"glare_px": GLARE_MAX}, VerdictCode.GOOD),
        ({"glare_px": GLARE_MAX + 1}, VerdictCode.GLARE),
        ({"is_hidden": True}, VerdictCode.GLARE),
        ({"runs_on": True}, VerdictCode.EDGE_HIDDEN),
        ({"contrast": 0.0}, VerdictCode.BLURRED),
        ({"covered_share": COVERED_MAX + 0.001}, VerdictCode.COVERED),
        ({"dots_per_inch": DOTS_MIN - 1}, VerdictCode.TOO_FAR),
        ({"dots_per_inch": 0.0}, VerdictCode.GOOD),
        ({"long_side_px": 300}, VerdictCode.TOO_FAR),
        ({"long_side_px": 300, "burnt_share": BURNT_MAX}, VerdictCode.TOO_FAR),
        ({"long_side_px": 300, "burnt_share": BURNT_MAX + 0.01}, VerdictCode.GLARE),
        ({"print_px": PRINT_PX_MIN - 1, "burnt_share": 1.0}, VerdictCode.TOO_FAR),  # a slip in too much light
        ({"burnt_share": 1.0}, VerdictCode.GOOD),
        ({"ink_share": 0.0}, VerdictCode.BLANK),
        ({"brightness": 20.0, "noise": 6.0}, VerdictCode.TOO_DARK),
        ({"brightness": 20.0, "noise": 1.0}, VerdictCode.GOOD),
    ],
)
def test_each_bound_and_the_step_past_it(measures: Measures | dict[str, Any], code: VerdictCode) -> None:
    if isinstance(measures, dict):
        measures = replace(READABLE, **measures)
    assert judge(measures, ()).code is code


def test_a_cut_edge_comes_before_every_other_fault() -> None:
    assert judge(Measures(), ("right",)).code is VerdictCode.EDGE_CUT


@pytest.mark.parametrize(
    ("sides", "sentence"),
    [
        (("right",), "纸张右边超出画面，请往左移一点。"),
        (("left",), "纸张左边超出画面，请往右移一点。"),
        (("left", "top"), "纸张左边、上边超出画面，请往右、往下移一点。"),
        (("left", "right"), "纸张比画面大，请把高拍仪调高一点，让四边都进入画面。"),
        (("left", "top", "bottom"), "纸张比画面大，请把高拍仪调高一点，让四边都进入画面。"),
    ],
)
def test_a_cut_edge_says_where_to_move(sides: tuple[str, ...], sentence: str) -> None:
    assert edge_cut(sides).notice == sentence
