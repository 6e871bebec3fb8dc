"""A hall is made once and made ready as often as one likes: what must last is kept, what runs out is renewed."""

from __future__ import annotations

import stat
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from broker.ticket_keys import days_ahead, ticket_key
from broker.topics import unit_id
from provisioning.__main__ import main
from provisioning.demo_hall import DemoHall, make_demo_hall
from provisioning.hall_file import HallFileRefused, read_hall_file
from provisioning.hall_plan import Role, demonstration_plan
from provisioning.keys import KeyFileRefused
from provisioning.ports import choose_ports

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PRIVATE = ("*.key", "*.pem")
PUBLIC_PEM = {"ca.pem", "server.pem", "tls.pem", "crl.pem"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "items.tsv"
    path.write_text("code\tname\n", encoding="utf-8")
    return path


def make(state: Path, table: Path, *, now: datetime = NOW, taken: frozenset[int] = frozenset()) -> DemoHall:
    return make_demo_hall(state, demonstration_plan(), now=now, catalogue=table, is_free=lambda port: port not in taken)


def contents(state: Path) -> dict[str, bytes]:
    return {str(path.relative_to(state)): path.read_bytes() for path in state.rglob("*") if path.is_file()}


def test_made_twice_on_a_day_nothing_changes(tmp_path: Path, table: Path) -> None:
    make(tmp_path / "state", table)
    first = contents(tmp_path / "state")

    make(tmp_path / "state", table, now=NOW + timedelta(hours=3))

    assert contents(tmp_path / "state") == first


def test_papers_and_the_ledger_are_never_touched(tmp_path: Path, table: Path) -> None:
    state = tmp_path / "state"
    make(state, table)
    kept = [state / "central" / "ledger.db", state / "units" / "shuangjing-w1" / "outbox" / "packet"]
    for path in kept:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"papers")

    make(state, table, now=NOW + timedelta(days=400))

    assert [path.read_bytes() for path in kept] == [b"papers", b"papers"]


def test_every_secret_is_for_its_owner_only(tmp_path: Path, table: Path) -> None:
    state = tmp_path / "state"
    make(state, table)

    secrets = [path for kind in PRIVATE for path in state.rglob(kind) if path.name not in PUBLIC_PEM]
    secrets += [state / "hall.json", *state.rglob("unit.toml")]
    assert len(secrets) > 9 * 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in [state, *state.rglob("*")] if path.is_dir()} == {0o700}


def test_no_private_key_leaves_its_folder(tmp_path: Path, table: Path) -> None:
    """The master of the tickets, the authority's key and central's keys are on no unit."""
    state = tmp_path / "state"
    make(state, table)

    everything = contents(state)
    secrets = {
        path: data for path, data in everything.items() if path.endswith((".key", ".pem")) and b"CERT" not in data
    }
    names_of: dict[bytes, list[str]] = {}
    for path, data in secrets.items():
        if "ticket/" not in path:
            names_of.setdefault(data, []).append(path)
    assert [names for names in names_of.values() if len(names) > 1] == []
    assert not [path for path in everything if path.startswith("units/") and "master" in path]


def test_a_certificate_near_its_end_is_renewed_with_the_same_key(tmp_path: Path, table: Path) -> None:
    state = tmp_path / "state"
    make(state, table)
    keys = state / "units" / "shuangjing-w1" / "keys"
    first, key = _certificate(keys / "tls.pem"), (keys / "tls.key").read_bytes()

    make(state, table, now=NOW + timedelta(days=19))
    assert _certificate(keys / "tls.pem") == first
    make(state, table, now=NOW + timedelta(days=21))

    assert _certificate(keys / "tls.pem").not_valid_after_utc == NOW + timedelta(days=51)
    assert (keys / "tls.key").read_bytes() == key


def test_the_brokers_certificate_is_renewed_too(tmp_path: Path, table: Path) -> None:
    state = tmp_path / "state"
    make(state, table)

    make(state, table, now=NOW + timedelta(days=365))

    assert _certificate(state / "broker" / "server.pem").not_valid_after_utc == NOW + timedelta(days=395)


def test_the_revocation_list_is_of_today_and_its_number_rises(tmp_path: Path, table: Path) -> None:
    path = tmp_path / "state" / "broker" / "crl.pem"
    make(tmp_path / "state", table)
    first = x509.load_pem_x509_crl(path.read_bytes())

    make(tmp_path / "state", table, now=NOW + timedelta(days=2))
    second = x509.load_pem_x509_crl(path.read_bytes())

    assert first.next_update_utc == NOW + timedelta(days=7)
    assert second.next_update_utc == NOW + timedelta(days=9)
    assert _number(second) > _number(first)


def test_a_unit_holds_the_ticket_keys_of_a_week_and_none_of_days_past(tmp_path: Path, table: Path) -> None:
    state = tmp_path / "state"
    make(state, table)
    folder = state / "units" / "shuangjing-kiosk" / "keys" / "ticket"
    yesterday = {path.name for path in folder.iterdir()}

    make(state, table, now=NOW + timedelta(days=1))

    assert yesterday == {f"{day}.key" for day in days_ahead(NOW.date())}
    assert {path.stem for path in folder.iterdir()} == set(days_ahead(NOW.date() + timedelta(days=1)))
    master = bytes.fromhex((state / "central" / "keys" / "ticket-master.key").read_text())
    assert (folder / "2026-11-25.key").read_text().strip() == ticket_key(
        master, hall="shuangjing", day="2026-11-25"
    ).hex()


def test_the_halls_day_begins_at_midnight_in_beijing(tmp_path: Path, table: Path) -> None:
    make(tmp_path / "state", table, now=datetime(2026, 11, 23, 16, 0, tzinfo=UTC))

    folder = tmp_path / "state" / "units" / "shuangjing-w3" / "keys" / "ticket"
    assert min(path.stem for path in folder.iterdir()) == "2026-11-24"


def test_log_ins_are_random_by_hall_and_stay_with_it(tmp_path: Path, table: Path) -> None:
    one = make(tmp_path / "one", table).file.passwords
    other = make(tmp_path / "other", table).file.passwords

    assert make(tmp_path / "one", table).file.passwords == one
    assert one.keys() == other.keys()
    assert not set(one.values()) & set(other.values())
    assert len(set(one.values())) == len(one)
    assert min(map(len, one.values())) >= 10


def test_every_desk_of_the_catalogue_has_an_officer() -> None:
    rows = (line.split("\t") for line in _catalogue().splitlines()[1:])
    departments = {row[2] for row in rows}

    desks = {member.desk for member in demonstration_plan().staff if member.desk}

    assert desks == departments
    assert {role for group in demonstration_plan().groups for role in group.departments} < departments


def test_each_units_settings_name_files_that_are_there(tmp_path: Path, table: Path) -> None:
    state = tmp_path / "state"
    make(state, table)

    for path in state.glob("units/*/unit.toml"):
        settings = _toml(path)
        named = [settings["broker"][key] for key in ("ca", "certificate", "key")]
        named += list(settings["keys"].values())
        named += [settings["catalogue"]["items"], settings["console"]["pocket"]]
        assert [name for name in named if not (path.parent / name).exists()] == [], path
        assert settings["unit"]["id"] == path.parent.name
        certificate = _certificate(path.parent / "keys" / "tls.pem")
        assert certificate.subject.rfc4514_string() == f"CN={path.parent.name}"


def test_centrals_settings_name_files_that_are_there(tmp_path: Path, table: Path) -> None:
    folder = tmp_path / "state" / "central"
    make(tmp_path / "state", table)

    settings = _toml(folder / "central.toml")

    named = [settings["broker"][key] for key in ("ca", "certificate", "key")]
    named += [*settings["keys"].values(), *settings["storage"].values(), settings["catalogue"]["items"]]
    assert [name for name in named if not (folder / name).exists()] == []
    assert _certificate(folder / "keys" / "tls.pem").subject.rfc4514_string() == "CN=central"


def test_the_roster_holds_each_units_public_keys(tmp_path: Path, table: Path) -> None:
    hall = make(tmp_path / "state", table)

    for row in hall.file.data["units"]:
        keys = tmp_path / "state" / "units" / row["id"] / "keys"
        for name in ("signing", "sealing"):
            private: Any = load_pem_private_key((keys / f"{name}.pem").read_bytes(), password=None)
            listed: Any = load_pem_public_key(row[f"{name}_key"].encode())
            assert listed.public_bytes_raw() == private.public_key().public_bytes_raw()


def test_a_simulator_is_there_only_where_the_settings_name_it(tmp_path: Path, table: Path) -> None:
    make(tmp_path / "state", table)

    kiosk = _toml(tmp_path / "state" / "units" / "shuangjing-kiosk" / "unit.toml")["devices"]
    assert (kiosk["id_card_reader"], kiosk["ticket_printer"]) == ("simulated", "simulated")
    assert (kiosk["document_camera"], kiosk["panel"]) == ("none", "none")


def test_a_taken_port_is_avoided_kept_and_said(tmp_path: Path, table: Path) -> None:
    first = make(tmp_path / "state", table, taken=frozenset({8080, 8101}))
    second = make(tmp_path / "state", table)

    assert [name for name, _, _ in first.ports.avoided] == ["web", "shuangjing-w1"]
    assert len(set(first.file.ports.values())) == len(first.file.ports)
    assert second.file.ports == first.file.ports
    assert second.ports.avoided == ()


def test_ports_that_neighbours_wish_for_are_not_given_away() -> None:
    ports = choose_ports({"a": 100, "b": 101}, is_free=lambda port: port != 100)

    assert ports.given == {"a": 102, "b": 101}
    assert ports.avoided == (("a", 100, 102),)


def test_a_damaged_roster_is_refused_and_nothing_is_made_over_it(tmp_path: Path, table: Path) -> None:
    state = tmp_path / "state"
    make(state, table)
    (state / "hall.json").write_text('{"hall": 1', encoding="utf-8")
    before = contents(state)

    with pytest.raises(HallFileRefused):
        make(state, table)

    assert contents(state) == before


def test_a_damaged_key_is_refused_and_not_made_anew(tmp_path: Path, table: Path) -> None:
    """A new sealing key over a damaged one would make every waiting packet unreadable."""
    state = tmp_path / "state"
    make(state, table)
    key = state / "central" / "keys" / "sealing.pem"
    key.write_bytes(b"damaged")

    with pytest.raises(KeyFileRefused, match=r"sealing\.pem"):
        make(state, table)

    assert key.read_bytes() == b"damaged"


def test_settings_with_quotes_in_a_name_stay_one_value(tmp_path: Path, table: Path) -> None:
    plan = replace(demonstration_plan(), name='the "hall"\n[web]\nport = 1')

    make_demo_hall(tmp_path / "state", plan, now=NOW, catalogue=table, is_free=lambda _: True)

    assert _toml(tmp_path / "state" / "central" / "central.toml")["hall"]["name"] == plan.name


def test_window_numbers_and_roles_are_the_halls() -> None:
    by_window = {unit.window: unit for unit in demonstration_plan().units if unit.window is not None}

    assert sorted(by_window) == [1, 2, 3, 4, 5, 6]
    assert by_window[6].role is Role.PICKUP
    assert {by_window[window].role for window in range(1, 6)} == {Role.INTAKE}
    assert [unit_id(unit.unit) for unit in demonstration_plan().units]


def test_the_command_makes_the_hall(tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["demo-hall", "--state", str(tmp_path / "state"), "--catalogue", str(table)])

    assert code == 0
    assert "9 units" in capsys.readouterr().out
    assert read_hall_file(tmp_path / "state") is not None


def test_the_command_says_what_is_damaged_and_what_to_do(
    tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["demo-hall", "--state", str(tmp_path / "state"), "--catalogue", str(table)]
    main(arguments)
    (tmp_path / "state" / "hall.json").write_text("[]", encoding="utf-8")

    assert main(arguments) == 1

    said = capsys.readouterr().err
    assert "hall-file-refused" in said
    assert "make forget" in said


def test_no_state_folder_no_roster(tmp_path: Path) -> None:
    assert read_hall_file(tmp_path) is None


def _catalogue() -> str:
    from provisioning.demo_hall import CATALOGUE

    return CATALOGUE.read_text(encoding="utf-8")


def _certificate(path: Path) -> x509.Certificate:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    assert isinstance(certificate.public_key(), EllipticCurvePublicKey)
    return certificate


def _number(revocations: x509.CertificateRevocationList) -> int:
    return revocations.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
