"""Invented persons for the demonstration: nobody has these names and numbers together, and nobody can.

Every number begins with 1199, a region code that was never given out, and passes the check digit of GB 11643.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final, Literal

from firmware.ports import IdCard

REGION: Final = "119900"
_SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
_GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞平刚桂英华建国志强文慧晓东雪梅海燕思远若溪子轩雨桐"
_STREETS: Final = ("样本路", "示范街", "演示里", "模拟巷", "测试胡同")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """Somebody who does not exist."""

    name: str
    sex: Literal["male", "female"]
    birth: str  # YYYYMMDD
    id_number: str  # 18 characters with the check character
    address: str
    phone: str

    def __repr__(self) -> str:
        return "SamplePerson(…)"  # as with a real one: a log is no place for it

    def id_card(self) -> IdCard:
        """Return this person's card, as the reader gives it."""
        return IdCard(
            name=self.name,
            id_number=self.id_number,
            kind="citizen",
            sex=self.sex,
            ethnic="01",
            birth=self.birth,
            address=self.address,
            issuer="演示市公安局样本分局",
            valid_from="20200101",
            valid_to="20400101",
        )


def sample_person(seed: int) -> SamplePerson:
    """Return the invented person of this seed; the same seed gives the same one."""
    chance = random.Random(seed * 7919 + 17)  # noqa: S311
    sex: Literal["male", "female"] = chance.choice(("male", "female"))
    birth = f"{chance.randint(1945, 2004)}{chance.randint(1, 12):02d}{chance.randint(1, 28):02d}"
    order = chance.randrange(0, 1000, 2) + (1 if sex == "male" else 0)
    name = chance.choice(_SURNAMES) + "".join(chance.sample(_GIVEN, chance.choice((1, 2, 2))))
    return SamplePerson(
        name=name,
        sex=sex,
        birth=birth,
        id_number=with_check_character(f"{REGION}{birth}{order:03d}"),
        address=f"演示市样本区双井街道{chance.choice(_STREETS)}{chance.randint(1, 99)}号院"
        f"{chance.randint(1, 9)}号楼{chance.randint(1, 6)}单元{chance.randint(101, 1806)}室",
        phone=f"100{chance.randint(0, 99_999_999):08d}",  # 100: no mobile number begins so
    )


def with_check_character(digits: str) -> str:
    """Return 17 digits with the check character of GB 11643 (MOD 11-2)."""
    remainder = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 11
    return digits + "10X98765432"[remainder]
