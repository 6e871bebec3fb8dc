"""Papers as people bring them, drawn: an ID card, a page of the household register, forms, proofs, a photograph.

Every one is marked 样本 and bears an invented person. Drawn with Pillow at 200 dpi, kept in a small cache, laid on the
desk by `simulated_bench.py`. What a paper is called in the catalogue leads to what is drawn (`kind_for_material`).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

import numpy as np

from broker.errors import Refused
from firmware.ports import Pixels
from firmware.simulators import paper_drawing as drawing
from firmware.simulators.persons import SamplePerson, sample_person

__all__ = ["PAPER_KINDS", "PaperKind", "PaperUnknown", "Sheet", "draw_paper", "kind_for_material", "slip_sheet"]

MM_PER_INCH: Final = 25.4
SLIP_DOTS_PER_INCH: Final = 203


class PaperUnknown(Refused, LookupError):
    """No paper of that kind or name. Nothing was laid."""

    code = "paper-unknown"
    notice = "没有这种样本纸张。"


@dataclass(frozen=True, slots=True)
class PaperKind:
    """A paper that can be drawn."""

    key: str
    title: str  # Chinese, for the console
    words: tuple[str, ...]  # in a material's name that mean this paper


@dataclass(frozen=True, slots=True)
class Sheet:
    """A flat picture of a paper and how large the paper is."""

    kind: str
    pixels: Pixels
    width_mm: float
    height_mm: float
    corner_mm: float = 0.0  # radius of its corners: cards are round there


# Asked in this order: 身份证复印件 is an ID card before it is a copy, 户口簿首页 a register before it is a page.
PAPER_KINDS: Final = (
    PaperKind("id_card", "居民身份证（人像面）", ("身份证", "居住证", "证件")),
    PaperKind("id_card_emblem", "居民身份证（国徽面）", ()),
    PaperKind("household_register", "居民户口簿（本人页）", ("户口", "户籍")),
    PaperKind("social_security_card", "社会保障卡", ("社会保障卡", "社保卡", "医保卡")),
    PaperKind("bank_card", "银行卡", ("银行卡", "金融账户", "存折", "账户信息")),
    PaperKind("photo", "一寸照片", ("照片",)),
    PaperKind("medical_receipt", "医疗收费票据", ("票据", "收据", "发票", "费用", "清单", "凭证", "明细", "处方")),
    PaperKind(
        "certificate", "证书（本）", ("证书", "残疾", "毕业", "光荣", "低保证", "创业证", "失业证", "供养证", "执照")
    ),
    PaperKind("application_form", "业务申请表", ("申请", "登记表", "审批表", "报名", "承诺", "授权", "委托", "表")),
    PaperKind("proof_letter", "证明材料", ("证明",)),
)
_OTHERWISE: Final = "proof_letter"


def draw_paper(kind: str, *, seed: int = 1, person: SamplePerson | None = None) -> Sheet:
    """Return the paper of this kind; the same kind, seed and person give the same pixels.

    Raises:
        PaperUnknown: no such kind.
        FontMissing: there is no Chinese font on this machine.
    """
    if kind not in {paper.key for paper in PAPER_KINDS}:
        raise PaperUnknown(f"a paper is one of {', '.join(paper.key for paper in PAPER_KINDS)}")
    return _drawn(kind, seed, person or sample_person(seed))


def kind_for_material(material: str) -> str:
    """Return the kind that comes closest to a material's Chinese name; a letter of proof when none does."""
    for paper in PAPER_KINDS:
        if any(word in material for word in paper.words):
            return paper.key
    return _OTHERWISE


def slip_sheet(pixels: Pixels) -> Sheet:
    """Return a printed slip (a simulated printer's picture) as a paper that can be laid on the desk."""
    height, width = pixels.shape[:2]
    mm = MM_PER_INCH / SLIP_DOTS_PER_INCH
    return Sheet("slip", pixels, width * mm, height * mm)


@functools.lru_cache(maxsize=2)  # an A4 page is 12 MB
def _drawn(kind: str, seed: int, person: SamplePerson) -> Sheet:
    picture, width_mm, height_mm, corner_mm = drawing.DRAWINGS[kind](seed, person)
    # Pillow speaks RGB, the house BGR.
    return Sheet(kind, np.ascontiguousarray(np.asarray(picture)[:, :, ::-1]), width_mm, height_mm, corner_mm)
