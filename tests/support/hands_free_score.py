"""Score hands free by paper: `python -m tests.support.hands_free_score --seeds 2 --pile 8`.

What is done to a sheet that is a page already, and how often a second page came of it; and of a pile of one form, laid
one on the other by several people with no bare desk between, how many were missed. `asked`: not taken, and the clerk
was told to press the key if it is another sheet.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from edge.capture import Step
from firmware.simulators.desk import Desk
from firmware.simulators.papers import PAPER_KINDS, draw_paper
from firmware.simulators.persons import sample_person
from tests.support.hands_free_stream import Stream, turned_sheet

ACTS = ("finger on print", "finger at the rim", "nudged", "turned", "flicker", "held and let go", "lifted, laid again")
FLICKER = (1.0, 1.06, 0.94, 1.03)

Counts = dict[str, list[int]]  # by act: pages too many or missed, asked, of


def score(kind: str, seed: int, pile: int) -> Counts:
    """Return what became of one kind of paper on one desk."""
    counts: Counts = defaultdict(lambda: [0, 0, 0])
    _twice(kind, seed, counts)
    _pile(kind, seed, pile, counts)
    return counts


def _twice(kind: str, seed: int, counts: Counts) -> None:
    stream, rng = Stream(Desk(seed=seed)), np.random.default_rng([seed, len(kind)])
    sheet = draw_paper(kind, seed=seed, person=sample_person(seed))

    def count(act: str, pages: int) -> None:
        for index, value in enumerate((pages, int(stream.step is Step.ALIKE), 1)):
            counts[act][index] += value

    stream.lay(sheet)
    for depth, act in ((0.35, ACTS[0]), (0.6, ACTS[0]), (0.06, ACTS[1]), (0.1, ACTS[1])):
        finger = stream.finger(rng, depth)
        count(act, stream.rest(1_200, finger) + stream.rest(1_200))
    for _ in range(4):
        count("nudged", stream.push(sheet))
    for quarters in (2, 1, 3):
        count("turned", stream.push(turned_sheet(sheet, quarters)))
    stream.push(sheet)
    count("flicker", stream.rest(3_000, light=FLICKER))
    pages = stream.lift() + stream.lay(sheet)
    count("lifted, laid again", pages)
    held = Stream(Desk(seed=seed + 50))
    held.desk.lay(sheet)
    held.rest(280)
    finger = held.finger(rng, 0.08)
    pages = held.rest(1_800, finger) + held.rest(1_800)
    counts["held and let go"] = [abs(pages - 1), 0, 1]


def _pile(kind: str, seed: int, pile: int, counts: Counts) -> None:
    stream = Stream(Desk(seed=seed + 100))
    for number in range(pile):
        pages = stream.lay(draw_paper(kind, seed=seed + number, person=sample_person(100 * seed + number)))
        asked = not pages and stream.step is Step.ALIKE
        for index, value in enumerate((int(not pages and not asked), int(asked), 1)):
            counts["pile: missed"][index] += value
        counts["pile: twice"][0] += max(0, pages + stream.rest(700) - 1)
        counts["pile: twice"][2] += 1


def table(scores: dict[str, Counts]) -> str:
    """Return one line a kind of paper: bad/of, and +asked where the clerk was asked."""
    acts = [*ACTS, "pile: missed", "pile: twice"]
    lines = [f"{'paper':<22}" + "".join(f"{act:>20}" for act in acts)]
    for kind, counts in scores.items():
        cells = [counts.get(act, [0, 0, 0]) for act in acts]
        texts = [f"{bad}/{of}" + (f" +{asked} asked" if asked else "") for bad, asked, of in cells]
        lines.append(f"{kind:<22}" + "".join(f"{text:>20}" for text in texts))
    return "\n".join(lines)


def scored(kinds: Iterable[str], seeds: Iterable[int], pile: int) -> dict[str, Counts]:
    scores: dict[str, Counts] = {}
    seeds = list(seeds)
    for kind in kinds:
        whole: Counts = {}
        for seed in seeds:
            for act, cells in score(kind, seed, pile).items():
                whole[act] = [one + two for one, two in zip(whole.get(act, [0, 0, 0]), cells, strict=True)]
        scores[kind] = whole
    return scores


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--pile", type=int, default=8)
    parser.add_argument("--kinds", nargs="*", default=[paper.key for paper in PAPER_KINDS])
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    print(table(scored(arguments.kinds, seeds, arguments.pile)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
