"""Nothing of a resident in any log, on the broker's disk, or in plain on a unit's or central's disk.

A resident whose name, number and papers the test knows goes through the whole hall; then every byte of the state folder
is searched for them: as text in every encoding that our code uses, and as the very bytes of the pages.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.simulators.persons import sample_person
from tests.support.whole_hall import WholeHall, wait_until, whole_hall

PERSON = 4711
ITEM = "RS001"


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WholeHall, dict[str, str], list[bytes]]]:
    """A hall in which one resident has been served to the end; what the resident is called; the pages."""
    with whole_hall(tmp_path_factory.mktemp("leak")) as hall:
        walk = hall.walk
        person = sample_person(PERSON)
        ticket = walk.take_ticket(PERSON, "A")
        window = walk.windows[1]
        assert walk.call_next(window) == ticket.number
        visit = walk.scan(window, ticket)
        checklist = walk.choose(window, visit, ITEM)
        walk.photograph_all(window, visit, checklist, person=PERSON, seed=1)
        pages = [window.picture(f"/pages/{page['page']}.jpg") for page in window.view()["front"]["pages"]]
        window.do("fill_form", visit=visit, fields={"联系电话": "13955501234"})
        case = walk.receipt(window, walk.accept(window, visit))["case_number"]
        walk.end(window, visit)
        officers = hall.officers(ITEM)
        officer = officers.of(case, hall.item(ITEM).department)
        officer.look_at_papers(case)
        officer.approve(case)
        walk.pickup_call(window, ticket.number)
        walk.hand_over(window, ticket, case)
        wait_until("an empty outbox", lambda: window.view()["link"]["waiting_packets"] == 0, 20)
        yield hall, {"name": person.name, "number": person.id_number, "phone": "13955501234"}, pages


def files_of(state: Path) -> list[Path]:
    return [path for path in sorted(state.rglob("*")) if path.is_file() and path.name != "hall.json"]


def written_forms(secret: str) -> list[bytes]:
    """Every way in which our code could write this text."""
    utf8 = secret.encode()
    return [
        utf8,
        secret.encode("utf-16-le"),
        secret.encode("gb18030"),
        base64.b64encode(utf8).rstrip(b"="),
        utf8.hex().encode(),
        secret.encode("unicode_escape"),
    ]


def holds(path: Path, pieces: list[bytes]) -> bool:
    data = path.read_bytes()
    return any(piece in data for piece in pieces)


def test_no_name_number_or_phone_is_readable_anywhere(visited: tuple[WholeHall, dict[str, str], list[bytes]]) -> None:
    hall, secrets, _ = visited
    files = files_of(hall.state)
    assert len(files) > 50

    found = [
        f"{kind} in {path.relative_to(hall.state)}"
        for path in files
        for kind, secret in secrets.items()
        if holds(path, written_forms(secret))
    ]

    assert found == []


def test_no_page_lies_anywhere_in_plain(visited: tuple[WholeHall, dict[str, str], list[bytes]]) -> None:
    hall, _, pages = visited
    assert pages
    pieces = [page[place : place + 64] for page in pages for place in (200, len(page) // 2, len(page) - 80)]

    found = [str(path.relative_to(hall.state)) for path in files_of(hall.state) if holds(path, pieces)]

    assert found == []


def test_the_units_and_centrals_folders_hold_no_jpeg(visited: tuple[WholeHall, dict[str, str], list[bytes]]) -> None:
    """Sealed bytes look like noise: a JPEG's beginning would be a page in plain, whoever's it is."""
    hall, _, _ = visited

    found = [
        str(path.relative_to(hall.state))
        for folder in (hall.state / "units", hall.state / "central", hall.state / "broker")
        for path in files_of(folder)
        if b"\xff\xd8\xff\xe0\x00\x10JFIF" in path.read_bytes()
    ]

    assert found == []


def test_the_broker_keeps_no_message_on_disk(visited: tuple[WholeHall, dict[str, str], list[bytes]]) -> None:
    hall, _, _ = visited

    assert list((hall.state / "broker").glob("*.db")) == []


def test_the_search_would_find_what_is_planted(
    visited: tuple[WholeHall, dict[str, str], list[bytes]], tmp_path: Path
) -> None:
    """The search itself is tested: a planted value is found in each of the ways in which it could be written."""
    _, secrets, _ = visited
    for number, form in enumerate(written_forms(secrets["name"])):
        (tmp_path / f"planted-{number}").write_bytes(b"x" * 100 + form + b"y")

    hits = [
        path for path in files_of(tmp_path) if any(form in path.read_bytes() for form in written_forms(secrets["name"]))
    ]

    assert len(hits) == len(written_forms(secrets["name"]))
