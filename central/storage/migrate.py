"""Brings a database's tables to this version: at the ledger service's start and at `init`, never by the pages."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from central.storage.database import Database, DatabaseUnfit
from central.storage.planner import tell_planner

_FOLDER: Final = Path(__file__).parent / "migrations"

log = logging.getLogger(__name__)


def migrate(database: Database) -> None:
    """Make or bring up the tables. Run it by whoever leads the hall, or before anybody does.

    Raises:
        DatabaseUnfit: the tables are of a newer version than this program.
    """
    config = _config()
    with database.engine.connect() as shared:
        connection = shared.execution_options(isolation_level="SERIALIZABLE")
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in known:
            raise DatabaseUnfit(f"the tables are of version {current}, which this program does not know")
        connection.rollback()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        tell_planner(connection)
        connection.commit()
        if current is None:
            log.info("tables made")


def check_version(database: Database) -> None:
    """See that the tables are those of this program.

    Raises:
        DatabaseUnfit: they are not, or there are none.
    """
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    with database.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current != newest:
        raise DatabaseUnfit(f"the tables are of version {current or 'none'}, this program needs {newest}")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
