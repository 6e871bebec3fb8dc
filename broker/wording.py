"""How a call reads and how it sounds: one wording for the LED, the board, the console and the voice.

The Chinese words are the hall's own (DOMAIN.md 6); figures are spoken digit by digit, each with its tone, in the
numbered pinyin that espeak-ng's voice `cmn-latn-pinyin` takes (the plain Mandarin voice reads characters as English
on version 1.51, device-bench/README.md). 1 is spoken yao1, as numbers are called in a hall.
"""

from __future__ import annotations

from typing import Final

from broker.messages import CallPurpose

_DIGITS: Final = {
    "0": "ling2",
    "1": "yao1",
    "2": "er4",
    "3": "san1",
    "4": "si4",
    "5": "wu3",
    "6": "liu4",
    "7": "qi1",
    "8": "ba1",
    "9": "jiu3",
}
# How the letter before a number is said; Mandarin syllables that come closest to the letter's name.
_LETTERS: Final = {
    "A": "ei1",
    "B": "bi4",
    "C": "sei1",
    "D": "di4",
    "E": "yi4",
    "F": "ai2 fu5",
    "G": "ji4",
    "H": "ai1 qi5",
    "I": "ai4",
    "J": "zhei4",
    "K": "kei4",
    "L": "ai2 lou5",
    "M": "ai2 mu5",
    "N": "en1",
    "O": "ou1",
    "P": "pi4",
    "Q": "kiu1",
    "R": "a4 er5",
    "S": "ai2 si5",
    "T": "ti4",
    "U": "you1",
    "V": "wei1",
    "W": "da2 bu5 liu5",
    "X": "ai2 ke5 si5",
    "Y": "wai1",
    "Z": "zei4",
}


def call_text(ticket: str, window: int, purpose: CallPurpose, *, pickup_place: str = "出件窗口") -> str:
    """Return the call as it is shown: 请A6027号到3号窗口办理业务.

    A result handed out where the papers were taken in names that window; one at the pickup window names that place.
    """
    if purpose is CallPurpose.INTAKE:
        return f"请{ticket}号到{window}号窗口办理业务"
    place = pickup_place if pickup_place else f"{window}号窗口"
    return f"请{ticket}号到{place}领取办理结果"


def call_text_english(ticket: str, window: int, purpose: CallPurpose) -> str:
    """Return the second language's line: Ticket A6027 to window 3."""
    return f"Ticket {ticket}, window {window}" + ("" if purpose is CallPurpose.INTAKE else " · collect your result")


def call_speech(ticket: str, window: int, purpose: CallPurpose, *, at_pickup_place: bool = False) -> str:
    """Return the call as it is spoken, in numbered pinyin, words apart by spaces, pauses as commas."""
    number = " ".join([_LETTERS[ticket[0]], *(_DIGITS[digit] for digit in ticket[1:])])
    if purpose is CallPurpose.PICKUP and at_pickup_place:
        place = "chu1 jian4 chuang1 kou3"
    else:
        place = " ".join([*(_DIGITS[digit] for digit in str(window)), "hao4 chuang1 kou3"])
    business = "ban4 li3 ye4 wu4" if purpose is CallPurpose.INTAKE else "ling3 qu3 ban4 li3 jie2 guo3"
    return f"qing3, {number} hao4, dao4 {place}, {business}"
