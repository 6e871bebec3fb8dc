"""Frame -> judged page: find the sheet, flatten it, even its light, judge it, encode it. One file a step.

Frames come from the document camera (`firmware.ports.Frame`), pages go to `edge/packet.py`. Pure: no file, no clock, no
thread; the same pixels always give the same page.

    pixels ─► shrink ─► find ─► flatten ─► card side, turn ─► judge ─► even ─► encode ─► CapturedPage
    pixels ─► scan ─► codes
    previews ─► preview ─► outline;  watch ─► when to photograph, hands free
"""

from edge.capture.card_side import CardSide
from edge.capture.page import CapturedPage, Found, capture
from edge.capture.preview import preview_outline
from edge.capture.quad import Corners
from edge.capture.scan import Code, read_codes
from edge.capture.verdict import Measures, Verdict, VerdictCode
from edge.capture.watch import Step, Watched, Watcher

__all__ = [
    "CardSide",
    "CapturedPage",
    "Code",
    "Corners",
    "Found",
    "Measures",
    "Step",
    "Verdict",
    "VerdictCode",
    "Watched",
    "Watcher",
    "capture",
    "preview_outline",
    "read_codes",
]
