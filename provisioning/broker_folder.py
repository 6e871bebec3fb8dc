"""The broker's folder: its configuration, access list, certificate and revocation list, written anew at each start."""

from __future__ import annotations

import os
import pwd
from datetime import datetime
from pathlib import Path
from typing import Final

from broker.access import render_acl
from broker.errors import OneWindowError
from broker.mosquitto.configuration import CONFIGURATION_FILE, BrokerSettings, render_configuration
from provisioning.authority import HallAuthority
from provisioning.files import make_folder, write_open

# Debian puts Mosquitto where only root's PATH looks.
MOSQUITTO_PLACES: Final = ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto")


class MosquittoMissing(OneWindowError, FileNotFoundError):
    """Mosquitto is not installed. Nothing was started."""

    code = "mosquitto-missing"
    notice = "没有安装 Mosquitto，请执行 apt-get install mosquitto 后重试。"


def write_broker_folder(
    folder: Path, authority: HallAuthority, *, port: int, now: datetime, bind: str = "127.0.0.1"
) -> BrokerSettings:
    """Write all that Mosquitto needs to be started in this folder with `-c mosquitto.conf`; return its settings."""
    settings = BrokerSettings(port=port, bind=bind, user=_owner())
    make_folder(folder)
    write_open(folder / settings.ca, authority.certificate_pem)
    authority.server(folder / settings.certificate, folder / settings.key, now=now)
    authority.revocations(folder / settings.crl, now=now)
    write_open(folder / settings.acl, render_acl())
    write_open(folder / CONFIGURATION_FILE, render_configuration(settings))
    return settings


def mosquitto_program() -> str:
    """Return where Mosquitto's program is.

    Raises:
        MosquittoMissing: at none of its places.
    """
    for place in MOSQUITTO_PLACES:
        if Path(place).exists():
            return place
    raise MosquittoMissing("no mosquitto in " + ", ".join(MOSQUITTO_PLACES))


def _owner() -> str:
    # Mosquitto started by root becomes the user `mosquitto`, who could not read the key: it stays who we are.
    return pwd.getpwuid(os.getuid()).pw_name if os.getuid() == 0 else ""
