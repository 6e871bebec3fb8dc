"""What central's second look points out, as the clerk is told: per page, what to look at. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from broker.messages import PageDoubt

_DISAGREES: Final = "与号票不一致"
_SENTENCES: Final = {
    "other-number": f"证件号码{_DISAGREES}",
    "other-name": f"姓名{_DISAGREES}",
    "other-material": "看起来不是所选材料",
    "no-print": "没有读出文字，可能拍了反面",
    "unread": "图像没有读出来",
}
_OTHERWISE: Final = "需要核对"  # a newer central may point out what this unit has no words for


def doubts_told(doubts: Sequence[PageDoubt]) -> str:
    """Return one sentence: 第1页证件号码、姓名与号票不一致；第3页看起来不是所选材料。请当面核对。"""
    said: dict[int, list[str]] = {}
    for doubt in doubts:
        said.setdefault(doubt.page, []).append(_SENTENCES.get(doubt.code, _OTHERWISE))
    parts = [f"第{page + 1}页{_joined(sentences)}" for page, sentences in sorted(said.items())]
    return f"{'；'.join(parts)}。请当面核对。"


def _joined(sentences: Sequence[str]) -> str:
    """Join what is alike at its end: 证件号码、姓名与号票不一致."""
    *others, last = sentences
    shared = [each.removesuffix(_DISAGREES) for each in others if each.endswith(_DISAGREES)]
    if others and last.endswith(_DISAGREES) and len(shared) == len(others):
        return "、".join([*shared, last])
    return "，".join(sentences)
