"""What central's second look points out, as the clerk is told: per page, what to look at. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from broker.messages import PageDoubt

_SENTENCES: Final = {
    "other-number": "证件号码与号票不一致",
    "other-name": "姓名与号票不一致",
    "other-material": "看起来不是所选材料",
    "no-print": "没有读出文字，可能拍了反面",
    "unread": "图像没有读出来",
}
_OTHERWISE: Final = "需要核对"  # a newer central may point out what this unit has no words for


def doubts_told(doubts: Sequence[PageDoubt]) -> str:
    """Return one sentence: 第1页姓名与号票不一致，第3页看起来不是所选材料，请当面核对。"""
    parts = [f"第{doubt.page + 1}页{_SENTENCES.get(doubt.code, _OTHERWISE)}" for doubt in doubts]
    return f"{'，'.join(parts)}，请当面核对。"
