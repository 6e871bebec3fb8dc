"""What `onewindow-central` can be told, one function a command; each returns its exit code and prints for people.

0  done, whole      1  refused or found at fault, the text says what      2  wrong command line
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Final

from sqlalchemy import bindparam, select

from central.bootstrap import Store, ledger_service, looker, open_store, web_house
from central.metrics.commands import print_figures
from central.metrics.reading import hall_figures
from central.opening_day import enter_hall, password_hashes, read_roster
from central.promises.due import OfficeHours
from central.residents.pages import PageDamaged
from central.settings import CentralSettings
from central.storage import tables
from central.storage.backup import back_up, restore
from central.storage.book import read_head
from central.storage.migrate import check_version, migrate
from central.storage.replay import Verdict, replay_in_place, verify_chain, verify_tables
from central.storage.statements import Runner, Statement

_PAGES: Final = Statement(
    select(tables.pages.c.case_id, tables.pages.c.page_index, tables.pages.c.stored_digest)
    .where(tables.pages.c.hall == bindparam("hall"))
    .order_by(tables.pages.c.case_id, tables.pages.c.page_index)
)

LOOK_SECONDS: Final = 0.5  # between two looks for a new case

log = logging.getLogger(__name__)


def init(settings: CentralSettings, roster_path: Path) -> int:
    """Make the tables and enter the hall; again, enter what has changed. May run beside a running service."""
    roster = read_roster(roster_path, settings)
    store = open_store(settings)
    for folder in (settings.storage.pages, settings.storage.refused):
        folder.mkdir(parents=True, exist_ok=True)
    migrate(store.database)
    with store.look() as book:
        known = {line.staff_id: book.staff.password_hash(line.staff_id) for line in roster.staff}
    hashes = password_hashes(roster, known)
    with store.book() as book:
        entered = enter_hall(roster, settings, hashes, work=book)
        book.commit()
    _say(f"{settings.hall.name}: {entered} entries" if entered else f"{settings.hall.name}: nothing to change")
    return 0


def ledger(settings: CentralSettings) -> int:
    """Run the ledger service until SIGTERM or SIGINT."""
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # Worker and link hand the interpreter to each other many times a packet; each wait may take this long.
    sys.setswitchinterval(0.0005)
    with ledger_service(settings) as service:
        log.info("ledger service of hall %s runs", settings.hall.id)
        while not stopping:
            service.step()
    log.info("ledger service of hall %s has stopped", settings.hall.id)
    return 0


def web(settings: CentralSettings) -> int:
    """Serve the pages until SIGTERM or SIGINT."""
    from central.web.serve import run  # gunicorn reads the command line when it is imported

    run(web_house(settings), settings.web.host, settings.web.port)
    return 0


def second_look(settings: CentralSettings, *, once: bool) -> int:
    """Read new cases' pages until SIGTERM or SIGINT, or until none waits; at the lowest priority."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    os.nice(19)
    with looker(settings) as second:
        log.info("second look of hall %s runs", settings.hall.id)
        while not stopping.is_set():
            if not second.look_at_next():
                if once:
                    break
                stopping.wait(LOOK_SECONDS)
    log.info("second look of hall %s has stopped", settings.hall.id)
    return 0


def verify(settings: CentralSettings) -> int:
    """Prove the chain, the tables against a replay, and the page files. Names the first that is not right."""
    store = open_store(settings)
    check_version(store.database)
    began = time.monotonic()
    with store.database.reading() as connection:
        verdict = verify_chain(Runner(connection), store.hall)
        if verdict.fault:
            return _at_fault(f"ledger of {store.hall}: {verdict.fault}", verdict)
        fault = verify_tables(connection, store.hall)
        if fault:
            return _at_fault(fault, verdict)
        pages, fault = _verify_pages(store, Runner(connection))
        if fault:
            return _at_fault(fault, verdict)
    _say(
        f"whole: {verdict.entries} entries, {pages} pages, head {verdict.head}, {time.monotonic() - began:.1f} s",
    )
    return 0


def replay(settings: CentralSettings) -> int:
    """Build every table anew from the entries. The ledger service must not run."""
    store = open_store(settings)
    migrate(store.database)
    with store.database.lead(store.hall) as connection:
        verdict = verify_chain(Runner(connection), store.hall)
        if verdict.fault:
            return _at_fault(f"ledger of {store.hall}: {verdict.fault}; nothing was replayed", verdict)
        count = replay_in_place(connection, store.hall)
    _say(f"replayed {count} entries")
    return 0


def figures(settings: CentralSettings, day: str | None, *, as_json: bool) -> int:
    """Print the hall's figures of a day, today's if none is named; for people, or as one line of JSON."""
    store = open_store(settings)
    check_version(store.database)
    hours = OfficeHours(timezone=settings.hall.timezone)
    with store.database.reading() as connection:
        day = day or hours.day(store.clock.now_ms()).isoformat()
        print_figures(hall_figures(connection, store.hall, day, hours=hours), as_json=as_json, say=_say)
    return 0


def backup(settings: CentralSettings, target: Path, *, with_keys: bool) -> int:
    """Copy database and pages while everything runs."""
    store = open_store(settings)
    check_version(store.database)
    keys = settings.keys
    paths = {path.name: path for path in (keys.sealing, keys.receipt, keys.ticket_master, keys.vault, keys.lookup)}
    manifest = back_up(
        store.database,
        settings.storage.pages,
        target,
        now_ms=store.clock.now_ms(),
        keys=paths if with_keys else None,
    )
    for hall, (seq, digest) in sorted(manifest.heads.items()):
        _say(f"{hall}: entry {seq}, {digest}")
    _say(f"{manifest.pages} pages in {target}" + ("; KEYS INCLUDED: lock it away" if with_keys else ""))
    return 0


def bring_back(settings: CentralSettings, source: Path) -> int:
    """Lay a backup into an empty place and prove it."""
    store = open_store(settings)
    manifest = restore(source, store.database, settings.storage.pages)
    for hall, (seq, _) in sorted(manifest.heads.items()):
        _say(f"{hall}: {seq} entries restored")
    return verify(settings)


def head(settings: CentralSettings) -> int:
    """Print the newest entry's number and hash: what is written down outside the machine once a day."""
    store = open_store(settings)
    check_version(store.database)
    with store.database.reading() as connection:
        seq, digest = read_head(Runner(connection), store.hall)
    _say(f"{store.hall} {seq} {digest}")
    return 0


def _say(line: str) -> None:
    """Print a line for the person at the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _verify_pages(store: Store, run: Runner) -> tuple[int, str]:
    count = 0
    for case_id, index, digest in run.all(_PAGES, hall=store.hall):
        try:
            store.files.read(digest)
        except PageDamaged as damaged:
            return count, f"case {case_id}, page {index}: {damaged}"
        count += 1
    return count, ""


def _at_fault(fault: str, verdict: Verdict) -> int:
    _say(f"AT FAULT: {fault}")
    _say(f"{verdict.entries} entries before it are whole")
    return 1
