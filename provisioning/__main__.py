"""The technician's commands: `onewindow-provision …` or `python -m provisioning …`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from broker.errors import OneWindowError
from provisioning.demo_hall import CATALOGUE, make_demo_hall
from provisioning.demonstration import hall
from provisioning.hall_plan import demonstration_plan

STATE_VARIABLE = "ONEWINDOW_STATE"


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; return the process's exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.carry_out(options)
    except OneWindowError as error:
        print(f"onewindow-provision: {error.code}: {error}\n{error.notice}", file=sys.stderr)
        return 1
    return code


def _demo_hall(options: argparse.Namespace) -> int:
    made = make_demo_hall(
        options.state,
        demonstration_plan(),
        now=datetime.now(UTC),
        sheets=options.sheets,
        catalogue=options.catalogue,
    )
    for name, wished, given in made.ports.avoided:
        print(f"port {wished} is taken by another program; {name} uses {given}")
    print(f"{options.state}: {len(made.file.data['units'])} units, {len(made.file.data['staff'])} members of staff")
    return 0


def _run(options: argparse.Namespace) -> int:
    hall.run(options.state, sheets=options.sheets, say=_say)
    return 0


def _forget(options: argparse.Namespace) -> int:
    hall.forget(options.state, say=_say)
    return 0


def _say(text: str) -> None:
    print(text, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="onewindow-provision",
        description="Makes what a hall's broker, central and units start from: keys, certificates, settings.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo-hall",
        help="make the demonstration hall, or make it ready again",
        description="Make the demonstration hall in one folder, or make it ready again: keys, passwords, papers and "
        "the ledger are kept; certificates, revocation list and ticket keys are renewed; settings are written anew.",
    )
    _add_state(demo)
    demo.add_argument("--sheets", type=_folder, help="a folder of photographs to lie under the simulated cameras")
    demo.add_argument("--catalogue", type=Path, default=CATALOGUE, help="the table of service items")
    demo.set_defaults(carry_out=_demo_hall)
    run = commands.add_parser(
        "run",
        help="make the demonstration hall ready, start it, and stop it at Ctrl-C",
        description="Make the demonstration hall ready and start all of it, each part its own process: broker, ledger, "
        "web pages, kiosk, windows, station, board. Prints where everything is. Ctrl-C or SIGTERM stops it in order.",
    )
    _add_state(run)
    run.add_argument("--sheets", type=_folder, help="a folder of photographs to lie under the simulated cameras")
    run.set_defaults(carry_out=_run)
    forget = commands.add_parser("forget", help="throw the demonstration hall away: papers, ledger, keys")
    _add_state(forget)
    forget.set_defaults(carry_out=_forget)
    return parser


def _add_state(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--state",
        type=lambda text: Path(text).resolve(),
        default=Path(os.environ.get(STATE_VARIABLE) or "state").resolve(),
        help=f"the folder that holds it all (default: ${STATE_VARIABLE}, or ./state)",
    )


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return path.resolve()


if __name__ == "__main__":
    sys.exit(main())
