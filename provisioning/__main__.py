"""The technician's commands: `onewindow-provision …` or `python -m provisioning …`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from broker.errors import OneWindowError
from provisioning.catalogue import group_of, read_items
from provisioning.demo_hall import CATALOGUE, make_demo_hall
from provisioning.demonstration import day, hall, visit
from provisioning.hall_plan import demonstration_plan

STATE_VARIABLE = "ONEWINDOW_STATE"
ITEM = "RS001"  # 社会保障卡申领: two papers, same day


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; return the process's exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.carry_out(options)
    except OneWindowError as error:
        print(f"onewindow-provision: {error.code}: {error}\n{error.notice}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
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
    hall.run(options.state, sheets=options.sheets, second_look=options.second_look, say=_say)
    return 0


def _forget(options: argparse.Namespace) -> int:
    hall.forget(options.state, say=_say)
    return 0


def _visit(options: argparse.Namespace) -> int:
    running = hall.running_hall(options.state)
    items = {item.code: item for item in read_items(options.catalogue)}
    if options.item not in items:
        print(f"onewindow-provision: no item {options.item} in {options.catalogue}", file=sys.stderr)
        return 2
    item = items[options.item]
    visit.visit(running, item, group_of(item, demonstration_plan()), say=_say, seed=options.seed)
    return 0


def _day(options: argparse.Namespace) -> int:
    running = hall.running_hall(options.state)
    plan = demonstration_plan()
    items = [(item, group_of(item, plan)) for item in read_items(options.catalogue)]
    failed = day.day(running, items, options.residents, say=_say, seed=options.seed or 1)
    hall.say_figures(options.state)
    return 1 if failed else 0


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
    run.add_argument("--second-look", action="store_true", help="let central read the pages by machine as well")
    run.set_defaults(carry_out=_run)
    one = commands.add_parser(
        "visit",
        help="send one resident through the running hall, told line by line",
        description="Send one resident through the running hall: card, ticket, call, papers, packet, receipt, "
        "approval, pickup; each step told with its time.",
    )
    _add_running(one)
    one.add_argument("--item", default=ITEM, help="the service item that they come for (default: %(default)s)")
    one.set_defaults(carry_out=_visit)
    many = commands.add_parser(
        "day",
        help="send a mixed day through the running hall, and print its figures",
        description="Send a mixed day of residents through the running hall, as fast as it goes; print its figures.",
    )
    _add_running(many)
    many.add_argument("--residents", type=int, default=60, help="how many come (default: %(default)s)")
    many.set_defaults(carry_out=_day)
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


def _add_running(parser: argparse.ArgumentParser) -> None:
    _add_state(parser)
    parser.add_argument("--catalogue", type=Path, default=CATALOGUE, help="the table of service items")
    parser.add_argument("--seed", type=int, help="who comes and how their papers lie; the same seed is the same")


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return path.resolve()


if __name__ == "__main__":
    sys.exit(main())
