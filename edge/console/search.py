"""Find a service item by what a clerk types: Chinese, pinyin, initials, code, several words. Pure, built once.

The names come from the catalogue; the answer goes to the console's search box. A word is laid along the name from
left to right: every character may be met by itself, by its pinyin, by the first letter of it, or be passed over at a
cost. So 社保卡, shebaoka, sbk and 社bk all find 社会保障卡, and the one with the least passed over comes first.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

QUERY_MAX: Final = 40  # characters; more is cut off
WORDS_MAX: Final = 5
RESULTS_MAX: Final = 12

_COST_OF_GAP: Final = 2.0  # a break between two met characters …
_COST_OF_PASSED: Final = 0.35  # … and every character passed over in it
_COST_OF_START: Final = 0.12  # every character before the first met one
_COST_OF_REST: Final = 0.02  # every character after the last one: of two alike the shorter name comes first
_COST_OF_LETTER: Final = 0.05  # a letter says less than a syllable
_COST_OF_OTHER_READING: Final = 0.6  # 重 read zhong where the name says chong
_COST_OF_DEPARTMENT: Final = 12.0  # the word needs the department's name too: 医保报销 of 医疗保障科's 住院费用报销
_COST_OF_CODE_BEGUN: Final = 0.05  # rs finds RS001, RS002 … in the catalogue's order
_COST_PER_CHARACTER_MAX: Final = 2.6  # a word that fits more loosely than this is not what was meant
_COST_BEHIND_THE_BEST: Final = 8.0  # what fits much worse than the best is only noise below it
_CODE: Final = re.compile(r"([a-z]{1,2})([0-9]{0,3})")
_BREAK: Final = re.compile(r"[\s,，、。;；/]+")
_UNREAD: Final = re.compile(r"['’`\"“”《》（）()\-·]")


class Item(Protocol):
    """What the search needs of a service item."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def department(self) -> str: ...


# What may be typed for one character: first letter -> (all of it, its cost).
_Readings = dict[str, tuple[tuple[str, float], ...]]


@dataclass(frozen=True, slots=True)
class _Line:
    """A name, ready to be searched."""

    characters: tuple[_Readings, ...]
    letters: frozenset[str]  # all that a query for it can be made of


@dataclass(frozen=True, slots=True)
class _Entry:
    code: str  # in lower case: rs001
    name: _Line
    whole: _Line  # the department's name, then the item's


class ItemSearch:
    """The index over one catalogue. Thread-safe: built once, by the first search or before it by `prepare`.

    Building takes some 0.6 s, pypinyin's dictionaries included: too much for the start of a unit that may never search.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = tuple(items)
        self._building = threading.Lock()
        self._entries: list[tuple[str, _Entry]] | None = None
        self._find = lru_cache(maxsize=512)(self._search)

    def prepare(self) -> None:
        """Begin to build, in the background: somebody is about to search."""
        if self._entries is None and not self._building.locked():
            threading.Thread(target=self._index, name="search", daemon=True).start()

    def find(self, query: str, limit: int = RESULTS_MAX) -> list[str]:
        """Return the codes of the items meant, the likeliest first; none for an empty query. Under 5 ms."""
        return list(self._find(tuple(_words(query))))[:limit]

    def _search(self, words: tuple[str, ...]) -> tuple[str, ...]:
        if not words:
            return ()
        found: list[tuple[float, int, str]] = []
        for place, (code, entry) in enumerate(self._index()):
            cost = _cost(words, entry)
            if cost is not None:
                found.append((cost, place, code))
        loosest = min(found)[0] + _COST_BEHIND_THE_BEST if found else 0.0
        return tuple(code for cost, _, code in sorted(found) if cost <= loosest)

    def _index(self) -> list[tuple[str, _Entry]]:
        with self._building:
            if self._entries is None:
                self._entries = [(item.code, _entry(item)) for item in self._items]
            return self._entries


def _entry(item: Item) -> _Entry:
    name = _line(item.name)
    return _Entry(item.code.lower(), name, _joined(_line(item.department), name))


def _words(query: str) -> list[str]:
    """Return the words as they are compared: narrow, lower case, without what an input method leaves behind."""
    text = unicodedata.normalize("NFKC", query[:QUERY_MAX]).casefold()
    words = (_UNREAD.sub("", word) for word in _BREAK.split(text))
    return [word for word in words if word][:WORDS_MAX]


def _line(text: str) -> _Line:
    from pypinyin import Style, pinyin  # its dictionaries take 0.4 s to load: not before they are needed

    shown = _UNREAD.sub("", unicodedata.normalize("NFKC", text).casefold())
    spoken = pinyin(shown, style=Style.NORMAL, errors=list)  # type: ignore[arg-type]  # its stub knows no lists
    characters = tuple(_readings(character, said[0]) for character, said in zip(shown, spoken, strict=True))
    letters = {letter for readings in characters for typed in readings.values() for text, _ in typed for letter in text}
    return _Line(characters, frozenset(letters))


def _joined(first: _Line, second: _Line) -> _Line:
    return _Line(first.characters + second.characters, first.letters | second.letters)


def _readings(character: str, said: str) -> _Readings:
    """Return what may be typed for a character that this name says as `said`."""
    costs: dict[str, float] = {character: 0.0}
    if character != said:
        from pypinyin import Style, pinyin

        others = pinyin(character, style=Style.NORMAL, heteronym=True)[0]
        for reading in (said, *others):
            cost = 0.0 if reading == said else _COST_OF_OTHER_READING
            for typed in (reading, reading.replace("v", "u"), reading.replace("ü", "u")):
                costs.setdefault(typed, cost)
                costs.setdefault(typed[0], cost + _COST_OF_LETTER)
                if typed[:2] in ("zh", "ch", "sh"):
                    costs.setdefault(typed[:2], cost + _COST_OF_LETTER)
    readings: _Readings = {}
    for typed, cost in costs.items():
        readings[typed[0]] = (*readings.get(typed[0], ()), (typed, cost))
    return readings


def _cost(words: tuple[str, ...], entry: _Entry) -> float | None:
    """Return how far the entry is from what was typed, or None if one of the words is not in it at all."""
    total = 0.0
    for word in words:
        costs = [cost for cost in (_cost_as_code(word, entry.code), _cost_in(word, entry.name)) if cost is not None]
        if not costs:
            elsewhere = _cost_in(word, entry.whole)
            if elsewhere is None:
                return None
            costs = [elsewhere + _COST_OF_DEPARTMENT]
        total += min(costs)
    return total


def _cost_as_code(word: str, code: str) -> float | None:
    """Say how far a word is as a code: rs1, rs01 and rs001 all mean RS001; rs and rs0 are how it begins."""
    match = _CODE.fullmatch(word)
    if match is None:
        return None
    letters, number = match.groups()
    if number and code.startswith(letters) and int(code[2:]) == int(number):
        return 0.0
    return _COST_OF_CODE_BEGUN if len(word) > 1 and code.startswith(word) else None


def _cost_in(word: str, line: _Line) -> float | None:
    """Return the least cost of laying the word along the line, or None if it cannot be or fits too loosely."""
    if not line.letters.issuperset(word):
        return None
    size = len(word)
    limit = 2 + size * _COST_PER_CHARACTER_MAX
    count = len(line.characters)
    best = limit
    # How much of the word is met so far -> (cost, whether the last character was met).
    reached: dict[int, tuple[float, bool]] = {}
    for place, readings in enumerate(line.characters):
        ahead: dict[int, tuple[float, bool]] = {}
        starts = [(0, place * _COST_OF_START)] if place * _COST_OF_START < best else []
        for met, (cost, adjacent) in reached.items():
            passed = cost + _COST_OF_PASSED + (_COST_OF_GAP if adjacent else 0.0)
            if passed < best:
                _keep(ahead, met, passed, adjacent=False)
            starts.append((met, cost))
        for met, cost in starts:
            for typed, more in readings.get(word[met], ()):
                if word.startswith(typed, met):
                    _keep(ahead, met + len(typed), cost + more, adjacent=True)
                elif typed.startswith(word[met:]):  # the last syllable is still being typed: shehuibaozh
                    _keep(ahead, size, cost + more + _COST_OF_LETTER, adjacent=True)
        if size in ahead:
            cost = ahead.pop(size)[0] + (count - place - 1) * _COST_OF_REST
            best = min(best, cost)
        reached = ahead
    return best if best < limit else None


def _keep(states: dict[int, tuple[float, bool]], met: int, cost: float, *, adjacent: bool) -> None:
    known = states.get(met)
    if known is None or cost < known[0]:
        states[met] = (cost, adjacent)
