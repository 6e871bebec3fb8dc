"""`onewindow-central` from outside: the demonstration hall's central as real processes, with a real broker."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from broker import codec, events
from broker.ids import new_id
from broker.messages import Call, Outcome, QueueStatus, Receipt, ResendAsked, UnitState
from broker.topics import Up
from tests.support.running_central import RunningCentral
from tests.support.wire_unit import WireUnit


@pytest.fixture
def central(tmp_path: Path) -> Iterator[RunningCentral]:
    made = RunningCentral(tmp_path)
    yield made
    made.close()


def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "what was waited for did not come true"
        time.sleep(0.02)


def start(central: RunningCentral) -> None:
    """Start broker and ledger; return when central listens."""
    central.start_broker()
    start_ledger(central)


def start_ledger(central: RunningCentral) -> None:
    before = log_of(central).count("connected to the broker")
    central.start_ledger()
    until(lambda: log_of(central).count("connected to the broker") > before)


def log_of(central: RunningCentral) -> str:
    path = central.state / "logs" / "ledger.log"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def run(central: RunningCentral, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "central", *arguments, "--settings", str(central.settings)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def event_id() -> str:
    return new_id(int(time.time() * 1000), os.urandom(10))


def today() -> str:
    """Return the hall's day: Beijing has no summer time."""
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600))


def issue(unit: WireUnit, ticket: str) -> Receipt:
    event = events.TicketIssued(event_id=event_id(), ticket=ticket, day=today(), at_ms=int(time.time() * 1000))
    return unit.receipt_for(unit.event(event))


def press_next(unit: WireUnit, window: int) -> str:
    return unit.event(events.NextRequested(event_id=event_id(), window=window, at_ms=int(time.time() * 1000)))


def tell_state(unit: WireUnit, boot: int = 1) -> None:
    unit.publish(Up.STATE, codec.encode(UnitState(alive=True, role="intake", boot=boot)), qos=0)


def tell_and_hear(unit: WireUnit, kind: type[ResendAsked]) -> bool:
    tell_state(unit)
    try:
        unit.wait_for(kind, 0.5)
    except TimeoutError:
        return False
    return True


def test_a_number_is_issued_called_shown_and_then_left_in_peace(central: RunningCentral) -> None:
    start(central)
    with central.unit("shuangjing-kiosk") as kiosk, central.unit("shuangjing-w1") as window:
        assert issue(kiosk, "A6001").outcome is Outcome.ENTERED
        pressed = press_next(window, 1)
        call = window.wait_for(Call).message
        assert isinstance(call, Call)
        assert (call.ticket, call.window) == ("A6001", 1)
        again = window.wait_for(Call).message
        assert again == call  # nobody has shown it yet
        shown = window.event(events.CallShown(event_id=event_id(), call_id=call.call_id, at_ms=1))
        assert window.receipt_for(shown).outcome is Outcome.ENTERED
        with pytest.raises(TimeoutError):
            window.wait_for(Call, 5)
        assert pressed


def test_a_call_made_before_a_kill_is_sent_after_the_start(central: RunningCentral) -> None:
    start(central)
    with central.unit("shuangjing-kiosk") as kiosk, central.unit("shuangjing-w1") as window:
        issue(kiosk, "A6001")
        receipt = window.receipt_for(press_next(window, 1))
        assert receipt.outcome is Outcome.ENTERED
        central.kill("ledger")
        while not window.heard.empty():
            window.heard.get()
        start_ledger(central)

        call = window.wait_for(Call).message
        assert isinstance(call, Call)
        assert call.counter == receipt.entry


def test_a_unit_that_comes_is_told_what_it_needs(central: RunningCentral) -> None:
    start(central)
    with central.unit("shuangjing-w1") as window:
        tell_state(window)

        status, asked = window.wait_for(QueueStatus).message, window.wait_for(ResendAsked).message

    assert isinstance(status, QueueStatus)
    assert status.waiting == {}
    assert isinstance(asked, ResendAsked)
    assert asked.head > 0


def test_central_asks_everybody_when_the_broker_was_away(central: RunningCentral) -> None:
    start(central)
    with central.unit("shuangjing-w1") as window:
        tell_state(window)
        window.wait_for(ResendAsked)
        before = log_of(central).count("connected to the broker")
        window._subscribed.clear()
        central.kill("broker")
        central.start_broker()
        until(lambda: log_of(central).count("connected to the broker") > before)
        assert window._subscribed.wait(20)
        # A unit says how it is every ten seconds; here as often as it takes.
        until(lambda: tell_and_hear(window, ResendAsked))


def test_a_second_ledger_service_says_why_it_does_not_start(central: RunningCentral) -> None:
    start(central)

    second = run(central, "ledger")

    assert second.returncode == 1
    assert "already-led" in second.stderr
    assert "已在另一个进程中运行" in second.stderr
    assert run(central, "replay").returncode == 1


def test_the_service_stops_when_it_is_told_to_and_the_book_is_whole(central: RunningCentral) -> None:
    start(central)
    process = central._running["ledger"]
    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=10) == 0
    assert run(central, "verify").returncode == 0


def test_init_again_enters_nothing(central: RunningCentral) -> None:
    before = run(central, "head").stdout
    again = run(central, "init", "--hall", str(central.state / "hall.json"))

    assert again.returncode == 0
    assert run(central, "head").stdout == before


def test_verify_names_the_first_bad_entry_and_replay_refuses_to_build_on_it(central: RunningCentral) -> None:
    with closing(sqlite3.connect(central.state / "central" / "ledger.db")) as book:
        book.execute("UPDATE entries SET body = replace(body, '3', '4') WHERE seq = 4")
        book.commit()

    verdict = run(central, "verify")

    assert verdict.returncode == 1
    assert "entry 4 was altered" in verdict.stdout
    assert run(central, "replay").returncode == 1


def test_a_table_changed_by_hand_is_named_and_replayed(central: RunningCentral) -> None:
    with closing(sqlite3.connect(central.state / "central" / "ledger.db")) as book:
        book.execute("UPDATE units SET role = 'board' WHERE unit = 'shuangjing-w1'")
        book.commit()

    assert "table units, row shuangjing-w1: differs" in run(central, "verify").stdout
    assert run(central, "replay").returncode == 0
    assert run(central, "verify").returncode == 0


def test_a_backup_comes_back_into_an_empty_place(central: RunningCentral, tmp_path: Path) -> None:
    folder = central.state / "central"
    head = run(central, "head").stdout
    assert run(central, "backup", str(tmp_path / "backup")).returncode == 0
    assert not (tmp_path / "backup" / "keys").exists()
    assert run(central, "restore", str(tmp_path / "backup")).returncode == 1
    for path in folder.glob("ledger.db*"):
        path.unlink()

    restored = run(central, "restore", str(tmp_path / "backup"))

    assert restored.returncode == 0, restored.stderr
    assert run(central, "head").stdout == head
    assert run(central, "backup", str(tmp_path / "backup"), "--with-keys").returncode == 0
    assert (tmp_path / "backup" / "keys" / "vault.key").exists()


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        ("[hall]", "Object missing required field"),
        ("nonsense = [", "central.toml"),
        (None, "is missing"),
    ],
)
def test_settings_that_cannot_be_used_are_named(tmp_path: Path, harm: str | None, named: str) -> None:
    path = tmp_path / "central.toml"
    if harm is not None:
        path.write_text(harm, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "central", "verify", "--settings", str(path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_hostile_bytes_on_every_family_leave_the_service_alive(central: RunningCentral) -> None:
    start(central)
    with central.unit("shuangjing-w1") as window, central.unit("shuangjing-kiosk") as kiosk:
        for payload in (
            b"",
            b"\xff" * 10,
            b"[" * 60_000,
            b"OW\x01\x01\xff\xff{}",
            b"OWC\x01\x00\x00",
            os.urandom(200_000),
        ):
            for family in Up:
                window.publish(family, payload)
        window.client.publish(f"ow/1/{window.unit}/up/none", b"x", 1)

        assert issue(kiosk, "A6001").outcome is Outcome.ENTERED
    assert "Traceback" not in log_of(central)
