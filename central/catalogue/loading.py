"""Put a catalogue into the book, and take an item out of it again.

Comes from tsv.py at `init` or from the administrator's page; goes to intake and the pages, which read the book.
"""

from __future__ import annotations

import hashlib
import logging

import msgspec

from central.catalogue.items import Catalogue, ItemUnknown, Kind, ServiceItem, material_named
from central.catalogue.tsv import read_basis, spell_basis
from central.ledger.facts import CatalogueItem, CatalogueLoaded
from central.ledger.work import UnitOfWork

log = logging.getLogger(__name__)


def load_catalogue(catalogue: Catalogue, *, actor: str, work: UnitOfWork) -> bool:
    """Enter the catalogue unless just this one is in force; return whether it was entered."""
    items = tuple(_as_entered(item) for item in catalogue)
    digest = hashlib.sha256(msgspec.json.encode(items)).hexdigest()
    if work.catalogue.digest() == digest:
        return False
    work.append(CatalogueLoaded(digest=digest, items=items), subject="catalogue", actor=actor)
    log.info("catalogue loaded: %d items", len(items))
    return True


def item_in_force(code: str, work: UnitOfWork) -> ServiceItem:
    """Return the item as the book has it now.

    Raises:
        ItemUnknown: the catalogue in force has no such code. Nothing is changed.
    """
    found = work.catalogue.find(code)
    if found is None:
        raise ItemUnknown("the catalogue has no item of that code")
    return as_item(found)


def as_item(entered: CatalogueItem) -> ServiceItem:
    """Return an entered row as an item again, with its basis."""
    return ServiceItem(
        code=entered.code,
        name=entered.name,
        department=entered.department,
        kind=Kind(entered.kind),
        promise_working_days=entered.promise_working_days,
        materials=tuple(material_named(name) for name in entered.materials),
        basis=read_basis(entered.basis),
    )


def _as_entered(item: ServiceItem) -> CatalogueItem:
    return CatalogueItem(
        code=item.code,
        name=item.name,
        department=item.department,
        kind=item.kind,
        promise_working_days=item.promise_working_days,
        materials=tuple(material.name for material in item.materials),
        basis=spell_basis(item.basis),
    )
