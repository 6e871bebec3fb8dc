"""`onewindow-central`: reads the command line, runs one command, says what is wrong in a sentence."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from broker.errors import OneWindowError
from central import commands
from central.metrics.commands import add_arguments
from central.settings import read_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    told = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        settings = read_settings(told.settings)
        match told.command:
            case "init":
                return commands.init(settings, told.hall)
            case "ledger":
                return commands.ledger(settings)
            case "web":
                return commands.web(settings)
            case "second-look":
                return commands.second_look(settings, once=told.once)
            case "verify":
                return commands.verify(settings)
            case "replay":
                return commands.replay(settings)
            case "backup":
                return commands.backup(settings, told.folder, with_keys=told.with_keys)
            case "restore":
                return commands.bring_back(settings, told.folder)
            case "figures":
                return commands.figures(settings, told.day, as_json=told.json)
            case _:
                return commands.head(settings)
    except OneWindowError as error:
        print(f"{error.notice}\n{error.code}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="onewindow-central", description="The ledger and the pages of a hall.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("init", "make the tables and enter the hall's roster"),
        ("ledger", "run the ledger service"),
        ("web", "serve the pages"),
        ("second-look", "read new cases' pages by machine and point out what does not agree (extra second-look)"),
        ("verify", "prove the chain, the tables and the pages"),
        ("replay", "build every table anew from the ledger"),
        ("backup", "copy everything into a folder, while it runs"),
        ("restore", "lay a backup into an empty place"),
        ("figures", "print the hall's figures of one day"),
        ("head", "print the newest entry's number and hash"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--settings", type=Path, default=Path("state/central/central.toml"))
        if name == "init":
            command.add_argument("--hall", type=Path, required=True, help="hall.json")
        if name == "second-look":
            command.add_argument("--once", action="store_true", help="end when no case waits")
        if name == "figures":
            add_arguments(command)
        if name in ("backup", "restore"):
            command.add_argument("folder", type=Path)
        if name == "backup":
            command.add_argument("--with-keys", action="store_true", help="copy central's private keys as well")
    return parser


if __name__ == "__main__":
    sys.exit(main())
