"""One resident's papers, planted with values that must never be found in plain. Light: a process starts with it."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from broker.ids import new_id
from broker.messages import Resident
from edge.packet import Papers
from edge.pages import TakenPage

START_MS = 1_795_395_600_000  # 2026-11-23 09:00 in the hall
TODAY = "2026-11-23"
NAME = "赵云霞"
NUMBER = "11010519491231002X"
RESIDENT = Resident(name=NAME, id_number=NUMBER)


def a_page(size: int = 1000, *, accepted: bool = True, seed: int = 0) -> TakenPage:
    """A page whose bytes are no picture: nothing that handles it here looks inside."""
    data = b"\xff\xd8PLANTED-PAGE-" + random.Random(seed).randbytes(size)
    sentence = "清晰。" if accepted else "画面模糊，请压平后重拍。"
    return TakenPage(jpeg=data, width=1654, height=2339, accepted=accepted, sentence=sentence)


def some_papers(packet_id: str, *, pages: int = 1, page_bytes: int = 1000, **changes: Any) -> Papers:
    papers = Papers(
        packet_id=packet_id,
        ticket="A6001",
        ticket_day=TODAY,
        service_item="RS001",
        resident=RESIDENT,
        pages=tuple(("居民身份证", a_page(page_bytes, seed=index)) for index in range(pages)),
        form={"联系电话": "13800001234"},
        window=3,
        accepted_at_ms=START_MS,
        called_at_ms=None,
        opened_at_ms=START_MS,
    )
    return replace(papers, **changes)


def packet_id(number: int) -> str:
    return new_id(START_MS + number, number.to_bytes(10, "big"))
