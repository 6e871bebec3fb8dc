"""The written steps lead to just the tables that the program works with."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from central.storage.database import Database, DatabaseUnfit
from central.storage.migrate import check_version, migrate
from central.storage.tables import METADATA
from tests.support.central_postgresql import postgresql_server


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_the_steps_lead_to_the_tables_of_the_program(tmp_path: Path, kind: str) -> None:
    """Changed `tables.py`? Add a step in storage/migrations/versions (alembic revision), never edit an old one."""
    url = "sqlite:///ledger.db" if kind == "sqlite" else postgresql_server().new_database()
    database = Database(url, folder=tmp_path)
    migrate(database)

    with database.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
        indexes = {index["name"] for table in METADATA.tables for index in inspect(connection).get_indexes(table)}
    assert differences == []
    assert indexes == {str(index.name) for table in METADATA.tables.values() for index in table.indexes}
    database.close()


def test_tables_of_a_newer_program_are_left_alone(tmp_path: Path) -> None:
    database = Database("sqlite:///ledger.db", folder=tmp_path)
    migrate(database)
    with database.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DatabaseUnfit, match="does not know"):
        migrate(database)
    with pytest.raises(DatabaseUnfit, match="9999"):
        check_version(database)
    database.close()


def test_no_tables_are_no_version(tmp_path: Path) -> None:
    database = Database("sqlite:///ledger.db", folder=tmp_path)

    with pytest.raises(DatabaseUnfit, match="none"):
        check_version(database)
    database.close()
