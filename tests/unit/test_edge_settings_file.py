"""unit.toml: what is missing or wrong is named, with file and key; and the command's own ways."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.catalogue import read_catalogue
from edge.commands import AcceptVisit, ChooseItem, TakePage
from edge.errors import SettingsRefused
from edge.settings import read_settings
from edge.view import Role
from tests.support.edge_fixture import CATALOGUE, UnitRig

GOOD = """
[unit]
id = "shuangjing-w3"
hall = "shuangjing"
hall_name = "双井"
role = "intake"
window = 3

[broker]
addresses = ["localhost:8883", "hall.example:8884"]
ca = "keys/ca.pem"
certificate = "keys/tls.pem"
key = "keys/tls.key"

[keys]
signing = "keys/signing.pem"
sealing = "keys/sealing.pem"
central_sealing = "keys/central-sealing.pub"
central_receipt = "keys/central-receipt.pub"
tickets = "keys/ticket"

[devices]
scanner = "simulated"

[console]
port = 8103

[catalogue]
items = "service_items.tsv"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "unit.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_good_settings_are_read_with_paths_from_their_folder(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, GOOD))

    assert (settings.unit, settings.role, settings.window) == ("shuangjing-w3", Role.INTAKE, 3)
    assert settings.signing_key == tmp_path / "keys" / "signing.pem"
    assert [str(address) for address in settings.addresses] == ["localhost:8883", "hall.example:8884"]
    assert settings.outbox == tmp_path / "outbox"
    assert (settings.reserve_bytes, settings.keep_receipted_days) == (33_554_432, 14)
    assert settings.devices.scanner == "simulated"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('id = "shuangjing-w3"\n', "", "id"),
        ('id = "shuangjing-w3"', 'id = "central"', "unit.id"),
        ('id = "shuangjing-w3"', 'id = "W3"', "unit.id"),
        ('role = "intake"', 'role = "window"', "role"),
        ("window = 3\n", "", "unit.window"),
        ("window = 3", "window = 0", "unit.window"),
        ("window = 3", 'window = "3"', "window"),
        ('addresses = ["localhost:8883", "hall.example:8884"]', "addresses = []", "broker.addresses"),
        ('"hall.example:8884"', '"hall.example"', "broker.addresses"),
        ('signing = "keys/signing.pem"\n', "", "signing"),
        ("port = 8103", "port = 99999", "console.port"),
        ("port = 8103", 'port = 8103\ntoken = "short"', "console.token"),
        ('scanner = "simulated"', "scanner = 1", "scanner"),
        ('scanner = "simulated"', 'scaner = "simulated"', "devices"),
        ('role = "intake"\nwindow = 3', 'role = "kiosk"', "kiosk"),
        ("[unit]", "[unit", "TOML"),
        ("[catalogue]", "[outbox]\nreserve_bytes = -1\n[catalogue]", "outbox.reserve_bytes"),
        ("[catalogue]", "[outbox]\nkeep_receipted_days = 0\n[catalogue]", "outbox.keep_receipted_days"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))

    with pytest.raises(SettingsRefused) as refused:
        read_settings(path)

    assert str(path) in str(refused.value)
    assert named in str(refused.value)


def test_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match=r"unit\.toml"):
        read_settings(tmp_path / "unit.toml")


def test_the_demonstration_halls_settings_are_all_readable(tmp_path: Path) -> None:
    from provisioning.demo_hall import make_demo_hall
    from provisioning.hall_plan import demonstration_plan

    made = make_demo_hall(tmp_path, demonstration_plan(), now=datetime.now(UTC))

    roles = {read_settings(path).role for path in tmp_path.glob("units/*/unit.toml")}
    assert roles == set(Role)
    assert made.state == tmp_path


def test_the_whole_catalogue_is_read() -> None:
    path = Path(__file__).parents[2] / "central" / "catalogue" / "service_items.tsv"
    catalogue = read_catalogue(path)

    assert len(catalogue) == 153
    assert sum(item.kind == "same_day" for item in catalogue.values()) == 95
    assert not [item.code for item in catalogue.values() if not item.materials]
    assert not any("非必要" in material.name for item in catalogue.values() for material in item.materials)


@pytest.mark.parametrize(
    ("old", "new"), [("RS001", "R1"), ("same_day", "soon"), ("promised\t5", "promised\t"), ("name", "title")]
)
def test_a_catalogue_that_cannot_be_used_is_named(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "items.tsv"
    path.write_text(CATALOGUE.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(SettingsRefused, match=r"items\.tsv"):
        read_catalogue(path)


def test_the_outbox_command_lists_and_rescues_what_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rig = UnitRig(tmp_path / "unit")
    rig.open_visit()
    rig.do(ChooseItem(code="RS001"))
    rig.do(TakePage())
    packet = rig.do(AcceptVisit()).packet
    folder = str(rig.settings.outbox)

    assert main(["outbox", "list", "--folder", folder]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["place"], line.get("packet")) for line in lines] == [("waiting", packet), ("events", None)]
    assert main(["outbox", "rescue", "--folder", folder, "--to", str(tmp_path / "out")]) == 0
    assert json.loads(capsys.readouterr().out) == {"copied": 2}
    assert main(["outbox", "rescue", "--folder", folder, "--to", str(tmp_path / "out")]) == 0

    assert json.loads(capsys.readouterr().out) == {"copied": 0}
    manifest = tmp_path / "out" / "waiting" / packet / "manifest"
    assert manifest.read_bytes() == (rig.settings.outbox / "waiting" / packet / "manifest").read_bytes()


def test_a_missing_outbox_is_said_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outbox", "list", "--folder", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()
