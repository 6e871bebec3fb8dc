"""How a resident is masked: the examples of the hall, and that what is hidden stays hidden."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.cases.masking import mask_name, mask_number


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张", "*"),
        ("张三", "张*"),
        ("张小三", "张*三"),
        ("欧阳小华", "欧**华"),
        ("古丽娜尔·买买提", "古******提"),
        ("𠮷田一", "𠮷*一"),  # a character outside the common plane
        ("JOHN SMITH", "J***"),
        ("José García", "J***"),
        ("Li", "L***"),
        ("A", "*"),
        ("", "*"),
    ],
)
def test_names(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("11010519491231002X", "110105********002X"),
        ("810000199408230021", "810000********0021"),
        ("110105491231002", "110105*****1002"),
        ("H12345678", "H1*****78"),
        ("E1234567", "E1****67"),
        ("1234", "1**4"),
        ("123", "***"),
        ("1", "*"),
        ("", ""),
    ],
)
def test_numbers(number: str, shown: str) -> None:
    assert mask_number(number) == shown


@given(st.text(alphabet="0123456789X", max_size=20))
def test_a_masked_number_keeps_its_length_and_hides_its_middle(number: str) -> None:
    shown = mask_number(number)

    assert len(shown) == len(number)
    assert shown.count("*") >= -(-len(number) // 4)
    assert all(seen in (real, "*") for seen, real in zip(shown, number, strict=True))


@given(st.text(alphabet="张王李赵欧阳小华·", min_size=1, max_size=12))
def test_at_most_the_first_and_last_character_of_a_name_are_shown(name: str) -> None:
    shown = mask_name(name)

    assert len(shown) - shown.count("*") <= 2
    assert "*" in shown
