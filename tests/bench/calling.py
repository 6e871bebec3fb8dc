"""From the pressed button to the number on the window's LED and on the hall board: real units, real processes.

The clerk's panel is simulated, its press is not: it goes through the unit, the broker, central, its ledger, and back.
Shown means that the LED's text, and the board unit's list of calls, hold the number.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from edge.announcer import SHOWN_SECONDS_MIN
from provisioning.demonstration.doors import Console
from tests.bench.figures import Figure, percentile
from tests.bench.floors import fsyncs
from tests.support.whole_hall import BOARD, KIOSK, W1, whole_hall

PRESSES = 30
SECONDS_MAX = 10.0
GOAL_MS = 1000.0
PAUSE_SECONDS = 0.002


def figures(folder: Path) -> list[Figure]:
    led, board = [], []
    with whole_hall(folder, (KIOSK, W1, BOARD)) as hall:
        walk, window = hall.walk, hall.walk.windows[1]
        for person in range(1, PRESSES + 1):
            ticket = walk.take_ticket(person, "A")
            window.wait_for("the queue", lambda view: view["queue"] and view["queue"]["waiting"].get("A"))
            time.sleep(SHOWN_SECONDS_MIN)  # each call stays for a while, and the one before is not to be measured
            start = time.perf_counter()
            window.simulate("button", button="next")
            led.append(_seen(start, partial(_on_led, window, ticket.number)))
            board.append(_seen(start, partial(_on_board, walk.board, ticket.number)))
            window.wait_for("the call", lambda view: view["call"])
            window.do("pass_ticket")
            window.wait_for("the end of the call", lambda view: not view["call"])
    sync = statistics.median(fsyncs(folder)) * 1000
    return [_figure("the window's LED", led, sync), _figure("the hall board", board, sync)]


def _figure(where: str, seconds: list[float], sync_ms: float) -> Figure:
    return Figure(
        name=f"button pressed to call on {where}, p50",
        value=statistics.median(seconds) * 1000,
        unit="ms",
        floor=None,
        floor_name="",
        goal=GOAL_MS,
        better="lower",
        note=f"p99 {percentile(seconds, 0.99) * 1000:.0f} ms of {len(seconds)}; an fsync in this run {sync_ms:.2f} ms; "
        "looked at over HTTP, which adds some milliseconds",
    )


def _seen(start: float, holds: Callable[[], object]) -> float:
    while not holds():
        if time.perf_counter() - start > SECONDS_MAX:
            raise TimeoutError(f"no call within {SECONDS_MAX} s")
        time.sleep(PAUSE_SECONDS)
    return time.perf_counter() - start


def _on_led(window: Console, number: str) -> bool:
    return number in json.loads(window.picture("/simulated/api/state"))["led"]


def _on_board(board: Console, number: str) -> bool:
    return any(call["ticket"] == number for call in board.view()["calls"])
