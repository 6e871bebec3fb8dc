"""`make bench`: every figure, in one run, as a table for people and as bench.json for programs.

Exits with 1 when a goal is not held. `python -m tests.bench outbox queue` measures only these.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.capture.threads import one_thread_a_picture
from tests.bench import calling, capture, gate, growth, handsfree, intake, outbox, pages, queue, scanning
from tests.bench.figures import Figure, table, write

RESULT = Path("bench.json")


def main() -> int:
    day = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    parts: dict[str, Callable[[Path], list[Figure]]] = {
        "outbox": outbox.figures,
        "capture": lambda _folder: capture.figures(),
        "gate": lambda _folder: gate.figures(),
        "handsfree": lambda _folder: handsfree.figures(),
        "scanning": scanning.figures,
        "intake": lambda folder: intake.figures(folder, capture.a_page(), day),
        "queue": lambda folder: queue.figures(folder, day),
        "calling": calling.figures,
        "pages": lambda folder: pages.figures(folder, day),
        "growth": lambda folder: growth.figures(folder, day),
    }
    one_thread_a_picture()  # as a unit does
    wanted = sys.argv[1:] or list(parts)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="onewindow-bench-") as folder:
        for name in wanted:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            place = Path(folder) / name
            place.mkdir()
            figures += parts[name](place)
    print(table(figures))
    write(figures, RESULT)
    missed = [figure.name for figure in figures if figure.held is False]
    print(f"\n{len(figures)} figures, {len(missed)} goals not held{': ' + '; '.join(missed) if missed else ''}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
