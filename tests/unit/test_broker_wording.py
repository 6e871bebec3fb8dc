"""A call reads as the hall says it and sounds as a person would say it."""

from __future__ import annotations

import string

import pytest

from broker.messages import CallPurpose
from broker.wording import call_speech, call_text, call_text_english


def test_a_call_reads_as_the_hall_says_it() -> None:
    assert call_text("A6027", 3, CallPurpose.INTAKE) == "请A6027号到3号窗口办理业务"
    assert call_text("A6027", 6, CallPurpose.PICKUP) == "请A6027号到出件窗口领取办理结果"
    assert call_text("A6027", 3, CallPurpose.PICKUP, pickup_place="") == "请A6027号到3号窗口领取办理结果"


def test_figures_are_spoken_one_by_one() -> None:
    speech = call_speech("A6017", 12, CallPurpose.INTAKE)

    assert "liu4 ling2 yao1 qi1 hao4" in speech
    assert "dao4 yao1 er4 hao4 chuang1 kou3" in speech
    assert speech.endswith("ban4 li3 ye4 wu4")


def test_a_result_is_called_to_the_place_that_the_text_names() -> None:
    assert "chu1 jian4 chuang1 kou3" in call_speech("B0001", 6, CallPurpose.PICKUP, at_pickup_place=True)
    assert "san1 hao4 chuang1 kou3" in call_speech("B0001", 3, CallPurpose.PICKUP)


@pytest.mark.parametrize("letter", string.ascii_uppercase)
def test_every_letter_can_be_said(letter: str) -> None:
    assert call_speech(f"{letter}0001", 1, CallPurpose.INTAKE).isascii()


def test_the_second_language_names_number_and_window() -> None:
    assert call_text_english("A6027", 3, CallPurpose.PICKUP) == "Ticket A6027, window 3 · collect your result"
