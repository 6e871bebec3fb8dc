"""TinyDB on the journal: a database of small documents whose every change is one line appended to one file.

TinyDB's own storage writes the whole file for each change, in place: 59 ms a packet at 10,000 packets, and unreadable
after a third of the simulated power cuts (PERFORMANCE.md 5). Here a changed document costs one append and one
fdatasync, however many there are, and a torn last line is cut. The documents themselves stay in memory.

Whatever TinyDB can ask works; a change by `doc_ids` is done at once, one by a condition looks at every document. This
is an index: what it holds can be made anew from the outbox's folders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

from tinydb import TinyDB
from tinydb.queries import QueryLike
from tinydb.storages import Storage as TinyStorage
from tinydb.table import Document, Table

from edge.journal import Journal, Record
from edge.ports import Storage

_DEAD_MIN: Final = 256  # records that no longer count, before the file is written anew

Documents = dict[str, dict[str, Any]]
"""Documents by their id, written as TinyDB writes it: a whole number as text."""


class JournalStorage(TinyStorage):
    """The documents of all tables, in memory and in the journal."""

    def __init__(self, storage: Storage, path: str) -> None:
        self._journal = Journal(storage, path)
        self.damaged_lines = self._journal.damaged_lines
        self._tables: dict[str, Documents] = {}
        self._records = len(self._journal.records)
        for record in self._journal.records:
            self._apply(record)
        self._journal.records.clear()

    def documents(self, table: str) -> Documents:
        """Return a table's documents themselves. Whoever wants to change them says so with `put` or `drop`."""
        return self._tables.setdefault(table, {})

    def put(self, table: str, doc_id: int, document: Mapping[str, Any]) -> None:
        """Keep a document, new or changed. On the card when this returns.

        Raises:
            OSError: nothing has changed.
        """
        self._keep({"t": table, "i": doc_id, "d": dict(document)})

    def drop(self, table: str, doc_id: int) -> None:
        self._keep({"t": table, "i": doc_id})

    def compact(self) -> None:
        """Write the file anew when most of it no longer counts. Never fails: a longer file is no harm."""
        live = sum(map(len, self._tables.values()))
        if self._records - live < max(_DEAD_MIN, live):
            return
        try:
            self.rewrite()
        except OSError:
            return  # no room for a second copy: go on with the long one, and try at the next change

    def rewrite(self) -> None:
        """Write the file anew.

        Raises:
            OSError: the old file stands.
        """
        records: list[Record] = [
            {"t": name, "i": int(doc_id), "d": document}
            for name, documents in self._tables.items()
            for doc_id, document in documents.items()
        ]
        self._journal.rewrite(records)
        self._records = len(records)

    # What TinyDB itself calls. Copies go out: TinyDB changes what it was given before it calls `write`, and a storage
    # that had handed out its own documents would then see no difference and keep nothing (PERFORMANCE.md 5).

    def read(self) -> dict[str, dict[str, Any]] | None:
        return {
            name: {doc_id: dict(document) for doc_id, document in documents.items()}
            for name, documents in self._tables.items()
        } or None

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        for name in set(self._tables) | set(data):
            self.replace(name, data.get(name, {}))

    def replace(self, table: str, documents: Mapping[str, Mapping[str, Any]]) -> None:
        """Make a table hold just these documents, by keeping the differences."""
        now = self.documents(table)
        for doc_id in [doc_id for doc_id in now if doc_id not in documents]:
            self.drop(table, int(doc_id))
        for doc_id, document in documents.items():
            if now.get(doc_id) != document:
                self.put(table, int(doc_id), document)

    def _keep(self, record: Record) -> None:
        self._journal.append(record)
        self._records += 1
        self._apply(record)
        self.compact()

    def _apply(self, record: Record) -> None:
        documents = self.documents(record["t"])
        if "d" in record:
            documents[str(record["i"])] = record["d"]
        else:
            documents.pop(str(record["i"]), None)


class JournalTable(Table):
    """A table whose changes by id cost the same with ten documents and with ten thousand."""

    _newest_id: int | None = None  # None: not looked up yet

    def insert(self, document: Mapping[str, Any]) -> int:
        doc_id = int(document.doc_id if isinstance(document, Document) else self._new_id())
        assert str(doc_id) not in self._read_table(), "a document's id is new"
        self._file.put(self._name, doc_id, document)
        self._newest_id = max(self._newest_id or 0, doc_id)
        self.clear_cache()
        return doc_id

    def update(
        self,
        fields: Mapping[str, Any] | Callable[[Any], None],
        cond: QueryLike | None = None,
        doc_ids: Iterable[int] | None = None,
    ) -> list[int]:
        if doc_ids is None or callable(fields):
            return super().update(fields, cond, doc_ids)
        done = list(doc_ids)
        for doc_id in done:
            self._file.put(self._name, doc_id, {**self._read_table()[str(doc_id)], **fields})
        self.clear_cache()
        return done

    def remove(self, cond: QueryLike | None = None, doc_ids: Iterable[int] | None = None) -> list[int]:
        if doc_ids is None:
            return super().remove(cond, doc_ids)
        done = [doc_id for doc_id in doc_ids if str(doc_id) in self._read_table()]
        for doc_id in done:
            self._file.drop(self._name, doc_id)
        self.clear_cache()
        return done

    @property
    def _file(self) -> JournalStorage:
        return cast(JournalStorage, self._storage)

    def _new_id(self) -> int:
        if self._newest_id is None:
            self._newest_id = max(map(int, self._read_table()), default=0)
        return self._newest_id + 1

    def _read_table(self) -> dict[str, Mapping[str, Any]]:
        # The documents themselves, not copies: TinyDB only looks at these, and copies each that it gives out.
        return cast(dict[str, Mapping[str, Any]], self._file.documents(self._name))

    def _update_table(self, updater: Callable[[dict[int, Mapping[str, Any]]], None]) -> None:
        changed: dict[int, Mapping[str, Any]] = {int(doc_id): dict(each) for doc_id, each in self._read_table().items()}
        updater(changed)
        self._file.replace(self._name, {str(doc_id): dict(each) for doc_id, each in changed.items()})
        self.clear_cache()


class JournalDatabase(TinyDB):
    """TinyDB with the two above."""

    table_class = JournalTable

    def rows(self, name: str) -> JournalTable:
        return cast(JournalTable, self.table(name))

    @property
    def file(self) -> JournalStorage:
        return cast(JournalStorage, self.storage)


def open_index(storage: Storage, path: str) -> JournalDatabase:
    """Open the database in this file, and make it when there is none.

    Raises:
        OSError: the card does not give it.
    """
    return JournalDatabase(storage, path, storage=JournalStorage)
