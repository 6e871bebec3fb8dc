"""Hands free: pages per minute on the simulated desk, sheets taken twice, sheets missed.

Three parts: papers of all kinds one after another, which gives the pace; sheets that are pages already, with a finger
resting on them, pushed and turned, none of which may make a page; piles of one form by several people, laid one on the
other, of which none may be missed. `tests/support/hands_free_score.py` tells the kinds of paper apart.
"""

from __future__ import annotations

import numpy as np

from firmware.simulators.desk import Desk
from firmware.simulators.papers import PAPER_KINDS, draw_paper
from firmware.simulators.persons import sample_person
from tests.bench.figures import Figure
from tests.support.hands_free_stream import LAYING_MS, LIFTING_MS, Stream, turned_sheet

SHEETS = 12
PILED = ("application_form", "proof_letter", "medical_receipt", "household_register", "id_card")
PILE = 6
DISTURBED = ("application_form", "proof_letter", "household_register", "id_card", "id_card_emblem", "photo")
PAGES_A_MINUTE_MIN = 15.0


def figures() -> list[Figure]:
    pace, twice, missed = _pace()
    for number, kind in enumerate(DISTURBED):
        twice += _disturbed(kind, number)
    for number, kind in enumerate(PILED):
        lacking, more = _piled(kind, number)
        missed, twice = missed + lacking, twice + more
    pages = len(pace.pages_ms)
    note = (
        f"{SHEETS} sheets, of them {SHEETS // 3} changed as a pile without a bare desk between; "
        f"hands {LAYING_MS + LIFTING_MS} ms a sheet, simulated; a look {np.median(pace.looks_ms):.0f} ms, "
        f"one that compares {np.median(pace.judged_ms):.0f} ms, a page {np.median(pace.pages_ms):.0f} ms, real"
    )
    done = f"{len(DISTURBED)} kinds, each under two resting fingers, pushed three times and turned twice"
    piles = f"{len(PILED)} piles of {PILE} people's same form, {SHEETS} papers of all kinds"
    return [
        _figure(
            "hands free: pages a minute", pages / pace.now_ms * 60_000, "pages", PAGES_A_MINUTE_MIN, "higher", note
        ),
        _figure("hands free: sheets taken twice", float(twice), "sheets", 0.0, "lower", done),
        _figure("hands free: sheets missed", float(missed), "sheets", 0.0, "lower", piles),
    ]


def _pace() -> tuple[Stream, int, int]:
    """Lay sheet after sheet, lift each but every third, which the next is laid upon."""
    stream, twice, missed = Stream(Desk(seed=5)), 0, 0
    for number in range(SHEETS):
        kind = PAPER_KINDS[number % len(PAPER_KINDS)].key
        pages = stream.lay(draw_paper(kind, seed=number, person=sample_person(number)))
        missed += not pages
        pages += stream.rest(420)
        pages += stream.hand_moves(LIFTING_MS) if number % 3 == 2 else stream.lift()
        twice += max(0, pages - 1)
    return stream, twice, missed


def _disturbed(kind: str, number: int) -> int:
    """Return how many pages more than one a sheet made that is touched, pushed and turned."""
    stream, rng = Stream(Desk(seed=20 + number)), np.random.default_rng(number)
    sheet = draw_paper(kind, seed=number, person=sample_person(number))
    pages = stream.lay(sheet)
    for depth in (0.5, 0.08):
        pages += stream.rest(1_000, stream.finger(rng, depth)) + stream.rest(1_000)
    for quarters in (0, 0, 0, 2, 1):
        pages += stream.push(turned_sheet(sheet, quarters))
    return max(0, pages - 1)


def _piled(kind: str, number: int) -> tuple[int, int]:
    """Return how many sheets of a pile were missed, and how many made a second page."""
    stream, missed, twice = Stream(Desk(seed=40 + number)), 0, 0
    for person in range(PILE):
        pages = stream.lay(draw_paper(kind, seed=number, person=sample_person(50 * number + person)))
        missed += not pages
        twice += max(0, pages + stream.rest(420) - 1)
    return missed, twice


def _figure(name: str, value: float, unit: str, goal: float, better: str, note: str) -> Figure:
    return Figure(
        name=name,
        value=value,
        unit=unit,
        floor=None,
        floor_name="",
        goal=goal,
        better="higher" if better == "higher" else "lower",
        note=note,
    )
