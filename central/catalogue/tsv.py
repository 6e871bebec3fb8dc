"""Read the catalogue's file: seven columns parted by tabs, one item a row. The only place that knows its form.

`service_items.tsv` beside this module is the demonstration hall's list. Its last column says for each row what was
verified in a printed source; the rest is sample data, and whoever shows it says so (`ServiceItem.is_sample`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from broker.errors import Refused, require
from central.catalogue.items import Basis, Catalogue, CatalogueRefused, Kind, ServiceItem, material_named

COLUMNS: Final = ("code", "name", "department", "kind", "promise_working_days", "materials", "basis")
FILE_BYTES_MAX: Final = 4 * 1024 * 1024
SAMPLE: Final = Path(__file__).with_name("service_items.tsv")


def read_catalogue(path: Path) -> Catalogue:
    """Return the catalogue of a file in UTF-8.

    Raises:
        CatalogueRefused: the file is over FILE_BYTES_MAX, not UTF-8, or a row breaks a rule; the text names the line.
        OSError: the file cannot be read.
    """
    require(path.stat().st_size <= FILE_BYTES_MAX, f"a catalogue has at most {FILE_BYTES_MAX} bytes", CatalogueRefused)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CatalogueRefused("a catalogue is written in UTF-8") from None
    return parse_catalogue(text)


def spell_basis(basis: Mapping[str, tuple[Basis, str]]) -> str:
    """Return the last column's cell again."""
    parts = (f"{column}={word}:{source}" if source else f"{column}={word}" for column, (word, source) in basis.items())
    return " | ".join(parts)


def parse_catalogue(text: str) -> Catalogue:
    """Return the catalogue that the text spells. A row that breaks a rule refuses the whole: half a list misleads.

    Raises:
        CatalogueRefused: the text names the line (the heading is line 1) and the rule.
    """
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    require(tuple(lines[0].split("\t")) == COLUMNS, f"line 1 is the heading {' '.join(COLUMNS)}", CatalogueRefused)
    items = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            items.append(_item(line.split("\t")))
        except Refused as refusal:
            raise CatalogueRefused(f"line {number}: {refusal}") from None
    return Catalogue(items)


def _item(cells: list[str]) -> ServiceItem:
    require(len(cells) == len(COLUMNS), f"a row has {len(COLUMNS)} columns", CatalogueRefused)
    code, name, department, kind, days, materials, basis = cells
    require(kind in set(Kind), "a kind is same_day or promised", CatalogueRefused)
    require(days == "" or (days.isascii() and days.isdigit() and len(days) <= 3), "days are digits", CatalogueRefused)
    return ServiceItem(
        code=code,
        name=name,
        department=department,
        kind=Kind(kind),
        promise_working_days=int(days) if days else None,
        materials=tuple(material_named(each.strip()) for each in materials.split(";")),
        basis=read_basis(basis),
    )


def read_basis(cell: str) -> Mapping[str, tuple[Basis, str]]:
    """Return column -> (how sure, the source's name) of `name=verified:source | kind=composed | …`."""
    parts: dict[str, tuple[Basis, str]] = {}
    for part in cell.split(" | "):
        column, _, rest = part.partition("=")
        word, _, source = rest.partition(":")
        require(word in set(Basis), "a basis is verified, adapted, composed or n/a", CatalogueRefused)
        parts[column] = (Basis(word), source)
    require(set(parts) == {"name", "kind", "days", "materials"}, "a basis names four columns", CatalogueRefused)
    return MappingProxyType(parts)
