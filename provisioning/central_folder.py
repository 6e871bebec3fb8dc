"""Central's folder: its keys, its certificate, its settings. The ledger and the pages beside them are never touched."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from provisioning.authority import HallAuthority
from provisioning.files import make_folder, write_open
from provisioning.hall_plan import HallPlan
from provisioning.keys import sealing_key, secret_key, signing_key
from provisioning.toml import render_toml
from provisioning.unit_folder import CATALOGUE_FILE, CentralKeys

SETTINGS_FILE = "central.toml"


def make_central_folder(
    folder: Path,
    *,
    plan: HallPlan,
    authority: HallAuthority,
    broker_address: str,
    web_port: int,
    catalogue: bytes,
    now: datetime,
) -> CentralKeys:
    """See that this folder is all that central needs to start; return what units are given of it.

    Raises:
        KeyFileRefused: a key in it is damaged: restore it from the backup, never make a new one over it.
    """
    keys = make_folder(folder / "keys")
    sealing, receipt = sealing_key(keys / "sealing.pem"), signing_key(keys / "receipt.pem")
    ticket_master = secret_key(keys / "ticket-master.key")
    secret_key(keys / "vault.key")
    secret_key(keys / "lookup.key")
    authority.client(keys / "tls.pem", keys / "tls.key", "central", now=now)
    write_open(keys / "ca.pem", authority.certificate_pem)
    for name in ("pages", "staged", "refused"):
        make_folder(folder / name)
    write_open(folder / CATALOGUE_FILE, catalogue)
    write_open(folder / SETTINGS_FILE, _settings(plan, broker_address, web_port))
    return CentralKeys(sealing.public_key(), receipt.public_key(), ticket_master)


def _settings(plan: HallPlan, broker_address: str, web_port: int) -> str:
    return render_toml(
        {
            "hall": {
                "id": plan.hall,
                "name": plan.name,
                "pickup_window": plan.pickup_window,
                "timezone": "Asia/Shanghai",
            },
            "database": {"url": "sqlite:///ledger.db"},
            "broker": {
                "addresses": (broker_address,),
                "ca": "keys/ca.pem",
                "certificate": "keys/tls.pem",
                "key": "keys/tls.key",
            },
            "keys": {
                "sealing": "keys/sealing.pem",
                "receipt": "keys/receipt.pem",
                "ticket_master": "keys/ticket-master.key",
                "vault": "keys/vault.key",
                "lookup": "keys/lookup.key",
            },
            "storage": {"pages": "pages", "staged": "staged", "refused": "refused"},
            "web": {"host": "127.0.0.1", "port": web_port, "session_hours": 8, "idle_minutes": 30},
            "queue": {"priority_ratio": 2, "recalls_max": 2, "reentry_places": 3},
            "catalogue": {"items": CATALOGUE_FILE},
        },
        head=f"{plan.name} · central\nWritten anew at each start of the demonstration hall.",
    )
