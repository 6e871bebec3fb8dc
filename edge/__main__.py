"""The command `onewindow-edge`: run a unit, and look into its outbox.

onewindow-edge run --settings unit.toml
onewindow-edge outbox list --settings unit.toml
onewindow-edge outbox rescue --settings unit.toml --to FOLDER
onewindow-edge devices --settings unit.toml [--watch scanner|id_card_reader|panel]
onewindow-edge wiring [--settings unit.toml] [--svg FILE]
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import signal
import sys
from pathlib import Path
from types import FrameType

from broker.errors import OneWindowError

log = logging.getLogger("edge")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the process's exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except OneWindowError as error:
        print(f"{error}\n{error.notice}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.strerror or error}: {error.filename or ''}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="onewindow-edge", description="One unit of a service hall.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    run = subparsers.add_parser("run", help="run this unit until it is told to stop")
    run.add_argument("--settings", type=Path, required=True, help="the unit's unit.toml")
    run.add_argument("--verbose", action="store_true", help="log what goes over the wire: kinds and sizes")
    run.set_defaults(run=_run)
    from edge.devices_command import add_devices_command
    from edge.outbox_command import add_outbox_command
    from edge.wiring_command import add_wiring_command

    add_outbox_command(subparsers)
    add_devices_command(subparsers)
    add_wiring_command(subparsers)
    if importlib.util.find_spec("edge.capture.commands") is not None:
        from edge.capture.commands import add_commands

        add_commands(subparsers)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from edge.bootstrap import RunningUnit
    from edge.capture.threads import one_thread_a_picture
    from edge.settings import read_settings

    logging.basicConfig(
        level=logging.DEBUG if arguments.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    for talkative in ("waitress", "PIL", "urllib3"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    settings = read_settings(arguments.settings)
    one_thread_a_picture()
    with RunningUnit(settings) as running:

        def stop(number: int, frame: FrameType | None) -> None:
            del frame
            log.info("told to stop by signal %d", number)
            running.ended.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        print(f"ready {settings.unit} http://{settings.console.host}:{settings.console.port}/", flush=True)
        running.ended.wait()
        return 1 if running.failed is not None else 0


if __name__ == "__main__":
    sys.exit(main())
