"""The catalogue: the hall's 153 items as they stand in the file, and what a wrong file is told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from central.catalogue.items import Basis, Catalogue, CatalogueRefused, ItemUnknown, Kind
from central.catalogue.tsv import COLUMNS, SAMPLE, parse_catalogue, read_basis, read_catalogue, spell_basis

HEADING = "\t".join(COLUMNS)
BASIS = "name=composed | kind=composed | days=n/a | materials=composed"


def a_row(
    code: str = "RS001",
    name: str = "社会保障卡申领",
    department: str = "社会保障科",
    kind: str = "same_day",
    days: str = "",
    materials: str = "居民身份证",
    basis: str = BASIS,
) -> str:
    return "\t".join((code, name, department, kind, days, materials, basis))


def a_catalogue(*rows: str) -> Catalogue:
    return parse_catalogue("\n".join((HEADING, *rows)) + "\n")


@pytest.fixture(scope="module")
def sample() -> Catalogue:
    return read_catalogue(SAMPLE)


def test_the_hall_has_153_items_95_same_day_and_58_promised(sample: Catalogue) -> None:
    kinds = Counter(item.kind for item in sample)

    assert len(sample) == 153
    assert kinds == {Kind.SAME_DAY: 95, Kind.PROMISED: 58}


def test_every_promised_item_has_its_days_and_no_other_has(sample: Catalogue) -> None:
    for item in sample:
        assert (item.kind is Kind.PROMISED) == (item.promise_working_days is not None)


def test_each_department_is_the_desk_of_its_items(sample: Catalogue) -> None:
    assert len(sample.desks) == 12
    assert sample.desks[0] == "社会保障科"
    assert sample.item("JY018").desk == "就业服务科"


def test_what_is_verified_is_told_apart_from_sample_data(sample: Catalogue) -> None:
    card = sample.item("RS002")

    assert card.basis["materials"] == (Basis.VERIFIED, "金寨燕子河镇2025-03")
    assert card.sample_columns == ("kind",)
    assert sum(item.basis["name"][0] is Basis.VERIFIED for item in sample) == 135


def test_a_paper_marked_as_not_needed_is_optional(sample: Catalogue) -> None:
    papers = {material.name: material.compulsory for material in sample.item("RS004").materials}

    assert papers == {"居民身份证": True, "社会保障卡（非必要）": False}


def test_an_unknown_code_is_refused_with_what_to_do_next(sample: Catalogue) -> None:
    with pytest.raises(ItemUnknown) as refusal:
        sample.item("XX999")

    assert "请" in refusal.value.notice
    assert "XX999" not in sample


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ((a_row(), a_row(name="另一项")), "stands twice"),
        ((a_row(), a_row(code="RS002")), "stands twice"),
        ((a_row(code="rs001"),), "line 2: a code"),
        ((a_row(name=""),), "line 2: a name"),
        ((a_row(name="名" * 201),), "line 2: a name"),
        ((a_row(kind="someday"),), "line 2: a kind"),
        ((a_row(days="3"),), "promises no days"),
        ((a_row(kind="promised"),), "1 to 366 working days"),
        ((a_row(kind="promised", days="0"),), "1 to 366 working days"),
        ((a_row(kind="promised", days="367"),), "1 to 366 working days"),
        ((a_row(kind="promised", days="-3"),), "days are digits"),
        ((a_row(kind="promised", days="٣"),), "days are digits"),
        ((a_row(materials=""),), "a material is"),
        ((a_row(materials="居民身份证;居民身份证"),), "no material stands twice"),
        ((a_row(materials="纸" * 121),), "a material is"),
        ((a_row(basis="name=guessed | kind=composed | days=n/a | materials=composed"),), "a basis is"),
        ((a_row(basis="name=composed"),), "four columns"),
        (("RS001\t社会保障卡申领",), "7 columns"),
        ((a_row(), "", a_row(code="RS002", name="另一项")), "line 3"),
        ((), "1 to 10000 items"),
    ],
)
def test_a_wrong_list_is_refused_whole_and_the_rule_is_named(rows: tuple[str, ...], rule: str) -> None:
    with pytest.raises(CatalogueRefused, match=rule):
        a_catalogue(*rows)


def test_the_bounds_themselves_are_taken() -> None:
    catalogue = a_catalogue(
        a_row(name="名" * 200),
        a_row(code="RS002", name="乙", kind="promised", days="366"),
        a_row(code="RS003", name="丙", kind="promised", days="1", materials="纸" * 120),
    )

    assert catalogue.item("RS002").promise_working_days == 366


def test_a_list_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    file = tmp_path / "items.tsv"
    file.write_bytes(b"\xef\xbb\xbf" + f"{HEADING}\r\n{a_row()}\r\n".encode())

    assert len(read_catalogue(file)) == 1


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "items.tsv"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(CatalogueRefused, match="UTF-8"):
        read_catalogue(file)


def test_the_basis_is_spelt_as_it_was_read(sample: Catalogue) -> None:
    for item in sample:
        assert read_basis(spell_basis(item.basis)) == item.basis


def test_a_heading_of_another_file_is_refused() -> None:
    with pytest.raises(CatalogueRefused, match="heading"):
        parse_catalogue("a\tb\n")
